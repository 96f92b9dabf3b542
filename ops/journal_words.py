"""What an entry of a journal says, in words on one line: for people. Programs read the export, which has every digit.

Written for entries of any version: what another one wrote may have other fields, and is still shown.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException

from messages.book import Attribution
from messages.units import GTC, LAST, MARKET, SECOND_NS

Entry = Mapping[str, object]
"""As its JSON has it."""

_TIMES = frozenset({"start", "end", "closed_at"})
_STAMPS = frozenset({"seq", "at", "type", "cause"})
_LONGEST_STATE = 200
_MOST_DIGITS = 60
"""Before the point, of what is taken for an amount: a large exponent written out would fill the memory."""
_WORDS = {
    "RunStarted": "{mode} from {start} to {end}",
    "Opening": "{account} holds {amount} {asset}",
    "InstructionRefused": "{instruction_id} refused {code}: {detail}",
    "AmendRefused": "{instruction_id} stays as it is, {code}: {detail}",
    "CancelRefused": "{instruction_id} not cancelled, {code}: {detail}",
    "AmendSubmitted": "{instruction_id}: {instrument} to {amount} at {price}",
    "CancelSubmitted": "{instruction_id}: {instrument}",
    "OrderAccepted": "{instruction_id}: {instrument}, order {order_id}",
    "OrderRejected": "{instruction_id}: {instrument}, rejected by {by}: {reason} {detail}",
    "OrderTriggered": "{instruction_id}: {instrument}, order {order_id}, trigger {trigger_price}",
    "OrderFilled": "{instruction_id}: {side} {amount} {instrument} at {price}, fee {fee} {fee_asset} ({liquidity})",
    "OrderAmended": "{instruction_id}: {instrument}, order {order_id} is now {amount} at {price}",
    "AmendRejected": "{instruction_id}: {instrument} stays as it is: {reason}",
    "CancelRejected": "{instruction_id}: {instrument} not cancelled: {reason}",
    "OrderCancelled": "{instruction_id}: {instrument}, order {order_id}: {reason}",
    "OrderExpired": "{instruction_id}: {instrument}, order {order_id}: {reason}",
    "OrderUnknown": "{instruction_id}: {instrument}: {reason}",
    "Liquidated": "{side} {amount} {instrument} at {price}, mark {mark}, fee {fee}, liquidation fee {liquidation_fee}",
    "InsurancePaid": "{amount} {asset} to {account}, short of it after {instrument}",
    "BasisMarked": "{instrument}: {price}, its base at {base_price}",
    "ExtremesMoved": "{instrument}: trailing stops follow {low} to {high}",
    "StaleMark": "{instrument}: {mark} of {closed_at} used for {used_for}",
    "InputSkipped": "{input}: {error} ({where})",
    "Halted": "{reason}",
    "Resumed": "over by an operator: {reason}",
    "ClockJumped": "by {by_ns} ns",
    "AccountOpened": "{venue}: account {uid}",
    "OpeningPosition": "{instrument}: {quantity} at {entry_price}",
    "VenueStarted": "{venue}: epoch {epoch}",
    "VenueSettled": "{venue}: epoch {epoch}, {open} orders open, {unknown} unknown, its clock {skew_ms} ms off",
    "VenueHalted": "{venue}: {reason}",
    "VenueResumed": "{venue}: {reason}",
    "OperatorNeeded": "{instruction_id}: {instrument}, order {client_order_id}: {reason}",
    "OperatorResolved": "{instruction_id}: {instrument}, order {client_order_id} is {resolution}",
    "OperatorRefused": "{order} can't be {resolution}: {detail}",
    "ForeignOrderGone": "{instrument}: order {order_id}, not ours",
    "ForeignTrade": "{side} {amount} {instrument} at {price}, fee {fee} {fee_asset} ({liquidity}), not ours",
    "BalanceAdjusted": "{account}: {amount} {asset}, {reason} {reference} {detail}",
    "DifferenceFound": "{where}: booked {booked}, the venue has {at_venue}",
    "VenueTrouble": "{venue}: {kind} {detail}",
}
"""What a reader wants to know of each type. Types that are neither here nor in `_SPECIAL` show all their fields."""


class _Fields(dict[str, str]):
    """Fields as text; one that is missing, since another version wrote the entry, is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def words(kind: str, entry: Entry) -> str:
    """Return what an entry of a type says, stamps left out. Control characters are left as they are."""
    fields = _Fields((key, _text(key, value)) for key, value in entry.items() if key not in _STAMPS)
    said = _SPECIAL[kind](entry, fields) if kind in _SPECIAL else ""
    if said:
        return said
    if kind in _WORDS:
        return _WORDS[kind].format_map(fields)
    return ", ".join(f"{key}={value}" for key, value in fields.items())


def instant(at: object) -> str:
    """Return nanoseconds as ISO 8601, with as much of the fraction as there is."""
    if not isinstance(at, int):
        return str(at)
    seconds, fraction = divmod(at, SECOND_NS)
    try:
        whole = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return str(at)
    tail = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{whole:%Y-%m-%dT%H:%M:%S}{tail}Z"


def _text(key: str, value: object) -> str:
    if value is None:
        return "-"
    if key in _TIMES:
        return instant(value)
    return value if isinstance(value, str) else json.dumps(value)


def _order(entry: Entry, fields: _Fields) -> str:
    """An instruction, or the intent of its order: what is traded, and the terms that are not the usual ones."""
    kind = f"{fields['order_type']} " if entry.get("order_type", MARKET) != MARKET else ""
    said = f"{fields['instruction_id']}: {kind}{fields['side']} {fields['amount']} {fields['instrument']}"
    if entry.get("price") is not None:
        said += f" at {fields['price']}"
    if entry.get("trigger_price") is not None:
        said += f", trigger {fields['trigger_price']}"
    if entry.get("trail_bps") is not None:
        said += f", trails by {fields['trail_bps']} bps"
    if entry.get("trigger_by", LAST) != LAST:
        said += f" ({fields['trigger_by']})"
    if entry.get("time_in_force", GTC) != GTC:
        said += f", {fields['time_in_force']}"
    for key, word in (("post_only", "post-only"), ("reduce_only", "reduce-only")):
        if entry.get(key) is True:
            said += f", {word}"
    return said


def _amend(entry: Entry, fields: _Fields) -> str:
    wanted = [f"{key} {fields[key]}" for key in ("price", "amount") if entry.get(key) is not None]
    return f"{fields['instruction_id']}: to {', '.join(wanted) or '?'}"


def _funding(entry: Entry, fields: _Fields) -> str:
    said = f"{fields['instrument']}: {fields['amount']}"
    return (
        said
        if entry.get("quantity", "") is None
        else said + " for {quantity} at mark {mark}, rate {rate}".format_map(fields)
    )


def _foreign(entry: Entry, fields: _Fields) -> str:
    price = "" if entry.get("price") is None else f" at {fields['price']}"
    cancelled = ", will be cancelled" if entry.get("cancelled") is True else ""
    order = f"order {fields['order_id']}, not ours{cancelled}"
    return f"{fields['instrument']}: {fields['side']} {fields['amount']}{price}, {order}"


def _equity(entry: Entry, fields: _Fields) -> str:
    said = f"{_money(entry.get('equity'))} {fields['currency']}, unrealised {_money(entry.get('unrealised'))}"
    kinds = _kinds(entry.get("attribution"))
    brought = ", ".join(f"{kind} {_money(amount, signed=True)}" for kind, amount in kinds.items() if amount)
    return f"{said}: {brought}" if brought else said


def _attributed(entry: Entry, _fields: _Fields) -> str:
    """What each source brought, all kinds together; empty if the entry is of another shape."""
    parts = entry.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) and "source" in part for part in parts):
        return ""
    brought = ((part["source"], sum(_kinds(part.get("attribution")).values(), Decimal(0))) for part in parts)
    return ", ".join(f"{source} {_money(amount, signed=True)}" for source, amount in brought) or "nothing"


def _state(_entry: Entry, fields: _Fields) -> str:
    state = fields["state"]
    return state if len(state) <= _LONGEST_STATE else f"{state[:_LONGEST_STATE]}... ({len(state):,} characters)"


def _end(entry: Entry, fields: _Fields) -> str:
    reason = f": {fields['reason']}" if entry.get("reason") else ""
    equity = f"equity {fields['equity_start']} to {fields['equity_end']} {fields['currency']}"
    events = f"{fields['market_events']} market events, " if entry.get("market_events") else ""  # counted in backtests
    return f"{fields['outcome']}{reason}, {events}{equity}"


_SPECIAL: Mapping[str, Callable[[Entry, _Fields], str]] = {
    "InstructionReceived": _order,
    "OrderSubmitted": _order,
    "AmendReceived": _amend,
    "FundingPaid": _funding,
    "ForeignOrderSeen": _foreign,
    "EquityMarked": _equity,
    "PnlAttributed": _attributed,
    "StrategySaved": _state,
    "RunEnded": _end,
}


def _kinds(attribution: object) -> dict[str, Decimal]:
    """Return the amounts of an attribution by kind, as far as they are numbers."""
    if not isinstance(attribution, dict):
        return {}
    found = ((kind, _decimal(attribution.get(kind))) for kind in Attribution.__struct_fields__)
    return {kind: amount for kind, amount in found if amount is not None}


def _money(value: object, *, signed: bool = False) -> str:
    """Return an amount to the cent, with thousands apart; what is no amount as it is."""
    number = _decimal(value)
    if number is None:
        return "-" if value is None else str(value)
    return f"{number:{'+' if signed else ''},.2f}"


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except DecimalException:
        return None
    return number if number is not None and number.is_finite() and number.adjusted() < _MOST_DIGITS else None
