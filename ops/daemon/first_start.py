"""The first start at an account, and that every later one is at the same.

What lies in an account before the first order is recorded as `Opening` only if somebody said so (``--adopt``, or
``[mode] adopt = true``): else a person must look, as it may be the wrong account.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from actors.errors import BadInputError, ExecdError
from actors.exchange.wire.contract import SeenBalance
from actors.intents import content_of, received
from config.instructions import ScriptFile
from messages.book import Liquidated, Opening
from messages.instructions import InstructionReceived
from messages.journal import Entry, Record
from messages.live import AccountOpened, ForeignTrade, OpeningPosition
from messages.market import FundingPaid
from messages.orders import OrderFilled, OrderSubmitted
from messages.units import Amount, InstructionId, InstrumentId, Nanoseconds, VenueName, plain
from ops.daemon.venues import Seen

_BY_LINE = "L"
OF_INSTRUMENTS = (OrderSubmitted, OrderFilled, ForeignTrade, FundingPaid, OpeningPosition, Liquidated)
"""Entries that can't be folded without their instrument."""


class FundedAccountError(ExecdError):
    """There is something in an account that the journal does not know, and nobody said that it is to be adopted."""

    exit_code = 78


def openings(seen: Iterable[Seen], known: Mapping[VenueName, str], *, adopt: bool) -> list[Entry]:
    """Return what a start puts on record of accounts that the journal does not know yet.

    Args:
        seen: What the venues said.
        known: The uid of each venue's account, as the journal has it.
        adopt: Take what lies there as it is.

    Raises:
        BadInputError: A key opens another account than the journal's.
        FundedAccountError: Something lies there, and `adopt` is off.
    """
    entries: list[Entry] = []
    funded: list[str] = []
    for venue in seen:
        uid = "" if venue.account is None else venue.account.uid
        if venue.venue in known:
            if known[venue.venue] != uid:
                raise BadInputError(
                    f"venues.{venue.venue}: the key opens account {uid}, and the journal is about account "
                    f"{known[venue.venue]}: expected its key, or another journal"
                )
            continue
        if venue.is_funded and not adopt:
            funded.append(f"venues.{venue.venue}: account {uid} holds {_holdings(venue)}")
        entries += _opened(venue)
        entries.append(AccountOpened(venue=venue.venue, uid=uid, seen_at=Nanoseconds(venue.held_at)))
    if funded:
        hint = "with --adopt a start records it as the opening balance"
        raise FundedAccountError("; ".join([*funded, hint]))
    return entries


def _opened(venue: Seen) -> Iterator[Entry]:
    for balance in _traded(venue):
        yield Opening(account=balance.account, asset=balance.asset, amount=Amount(balance.total))
    for position in venue.positions:
        if position.quantity and position.entry_price is not None:
            yield OpeningPosition(
                venue=venue.venue,
                instrument=position.instrument,
                quantity=position.quantity,
                entry_price=position.entry_price,
            )


def _traded(venue: Seen) -> Iterator[SeenBalance]:
    """Yield what lies there of the coins of the configured markets; others are not execd's business."""
    coins = {(each.account, asset) for each in venue.wire.values() for asset in (each.base, each.quote)}
    for balance in sorted(venue.balances, key=lambda each: (each.account, each.asset)):
        if balance.total and (balance.account, balance.asset) in coins:
            yield balance


def _holdings(venue: Seen) -> str:
    held = [
        f"{plain(each.total)} {each.asset}" + ("" if str(each.account) == venue.venue else f" in {each.account}")
        for each in _traded(venue)
    ]
    held += [f"{plain(each.quantity)} {each.instrument}" for each in venue.positions if each.quantity]
    return ", ".join(held) or "coins of no configured market"


def refuse_dropped_instruments(instruments: Collection[InstrumentId], records: Iterable[Record]) -> None:
    """Refuse a config without an instrument of the journal: its orders could not be followed, nor its trades booked.

    Raises:
        BadInputError: Which ones they are.
    """
    missing = {
        record.entry.instrument
        for record in records
        if isinstance(record.entry, OF_INSTRUMENTS) and record.entry.instrument not in instruments
    }
    if missing:
        problems = (
            f"venues.{venue}.instruments: {symbol} stands in the journal, expected it here, too, or another journal"
            for venue, _, symbol in (each.partition(":") for each in sorted(missing))
        )
        raise BadInputError(*problems)


def refuse_renamed_lines(script: ScriptFile, records: Iterable[Record]) -> None:
    """Refuse a script whose lines without an id are not what was placed under their numbers.

    Such a line is called by its number: one that is put before it renames it, and it would be placed again.

    Raises:
        BadInputError: Which line it is.
    """
    placed: dict[InstructionId, InstructionReceived] = {}
    for record in records:
        entry = record.entry
        if isinstance(entry, InstructionReceived) and entry.instruction_id.startswith(_BY_LINE):
            placed.setdefault(entry.instruction_id, entry)
    if not placed:
        return
    for instruction in script.named_by_line():
        before = placed.get(instruction.instruction_id)
        if before is not None and content_of(before) != content_of(received(instruction)):
            number = instruction.instruction_id.removeprefix(_BY_LINE)
            raise BadInputError(
                f"{script.name}:{number}: another instruction was placed as line {number} before, expected the file "
                'as it was, or an "id" in every line'
            )
