"""The book against the venue: when a difference is one, and what follows from it. Pure; all rules are in this file.

Only quiet snapshots count: nothing was under way while they were taken. A difference beyond noise in two of them in a
row, with no fact of the venue booked in between, is found; where facts never cease, one that stays just as large in
STEADY of them. It is put on record, and the venue looks into its records since the two last agreed. What it finds there
it tells, and it is booked. What is found just like that after it has no explanation: a balance within dust is adjusted,
anything else halts the venue. A snapshot that agrees again ends the halt. If the venue does not come back from its look
(it was restarted, say), the difference is found anew after PATIENCE snapshots.

What was before the account was opened is not looked for: it lies in its `Opening`.

    noise   NOISE, or that part of what the venue has, where that is more: how venues round
    dust    worth less than `dust` in quote at the last price; of an asset without a price, and of positions, nothing is

While a venue is halted for that, it looks into its records again every PATIENCE snapshots: they may be late.

An operator who lets the venue go on (`VenueResumed`) accepts what was found: by so much the book and the venue may
differ from there on, also after a restart. What differs by more or less is found again, and what does not differ any
more is not accepted any more.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from messages.live import (
    BY_OPERATOR,
    Adjustment,
    BalanceAdjusted,
    DifferenceFound,
    VenueHalted,
    VenueResumed,
)
from messages.snapshots import LookInto, VenueSnapshot
from messages.units import (
    AccountName,
    Amount,
    Asset,
    InstrumentId,
    Nanoseconds,
    VenueName,
    plain,
)

NOISE = Decimal("1e-8")
PATIENCE = 20
STEADY = 4
OVERLAP_NS = 24 * 3600 * 1_000_000_000
"""How long before the last booked fact a look begins, where book and venue have not agreed yet in this process."""
HALT = "book and venue differ: "
"""How the reason of a halt begins that comes from here."""

_ZERO = Decimal(0)

Action = DifferenceFound | LookInto | BalanceAdjusted | VenueHalted | VenueResumed
Balances = Callable[[AccountName, Asset], Decimal]
Positions = Callable[[InstrumentId], Decimal]


class _Difference(NamedTuple):
    """What is booked and what the venue has: a balance of an account, or a position, which has no asset.

    Attributes:
        rest: What is not accepted of it: venue less book.
    """

    booked: Decimal
    at_venue: Decimal
    rest: Decimal
    account: AccountName | None = None
    asset: Asset | None = None


class Reconciliation:
    """Holds the snapshots of one venue against the book.

    Args:
        venue: Its name.
        dust: In quote.
    """

    def __init__(self, venue: VenueName, dust: Decimal) -> None:
        self._venue = venue
        self._dust = dust
        self._last: Mapping[str, _Difference] = {}  # of the latest quiet snapshot, if no fact came since
        self._steady: Mapping[str, tuple[Decimal, int]] = {}  # what was not accepted of each, and in how many in a row
        self._found: dict[str, Decimal] = {}  # what is on record as found: venue less book
        self._accepted: dict[str, Decimal] = {}
        self._looking = self._looked = False
        self._waited = 0
        self._halted: str | None = None
        self._agreed_at: int | None = None
        self._fact_at = self._opened_at = 0

    def opened(self, at: int) -> None:
        """What lay in the account is on record, as it was at this time (ns)."""
        self._opened_at = at

    def booked(self, at: int) -> None:
        """A fact of the venue was booked, journaled at this time (ns): what was seen before says nothing any more."""
        self._last = {}
        self._fact_at = at

    def looked(self) -> None:
        """The venue has told all that its records hold."""
        self._looking, self._looked, self._last, self._steady = False, True, {}, {}

    def fold(self, entry: DifferenceFound | VenueHalted) -> None:
        """Take in an entry of the journal."""
        if isinstance(entry, DifferenceFound):
            self._found[entry.where] = entry.at_venue - entry.booked
        elif entry.reason.startswith(HALT):
            self._halted = entry.reason

    def resumed(self, entry: VenueResumed) -> None:
        """The venue goes on."""
        if self._halted is not None and entry.reason == BY_OPERATOR:
            self._accepted |= self._found
        if entry.reason in {BY_OPERATOR, self._halted}:
            self._halted = None
            self._start_over()

    def look(
        self, snapshot: VenueSnapshot, balances: Balances, positions: Positions, prices: Mapping[Asset, Decimal]
    ) -> list[Action]:
        """Hold a snapshot against the book. Return what follows.

        Args:
            snapshot: Of this venue.
            balances: Returns what is booked of an asset in an account.
            positions: Returns the quantity that is booked of an instrument.
            prices: The last ones, in quote; the quote itself has one.
        """
        if not snapshot.quiet:
            return []
        differences = dict(self._differences(snapshot, balances, positions))
        before, self._last = self._last, differences
        self._steady = {where: self._in_a_row(where, each) for where, each in differences.items()}
        if not differences:
            return self._agreed(snapshot.at)
        if self._looking:
            self._waited += 1
            if self._waited < PATIENCE:
                return []
            self._looking = False
        lasting = {
            where: each for where, each in differences.items() if where in before or self._steady[where][1] >= STEADY
        }
        if not lasting:
            return []
        if self._looked:
            return self._unexplained(lasting, prices)
        if self._halted is not None:
            self._waited += 1
            if self._waited < PATIENCE:
                return []
        return self._look_into(lasting, snapshot.at)

    def _in_a_row(self, where: str, now: _Difference) -> tuple[Decimal, int]:
        """Return what is not accepted of a difference, and in how many snapshots in a row it was as large as that."""
        rest, count = self._steady.get(where, (now.rest, 0))
        return (now.rest, count + 1) if abs(now.rest - rest) <= _noise(now.at_venue) else (now.rest, 1)

    def _differences(
        self, snapshot: VenueSnapshot, balances: Balances, positions: Positions
    ) -> Iterator[tuple[str, _Difference]]:
        for held in snapshot.balances:
            where = f"{held.account} {held.asset}"
            booked = balances(held.account, held.asset)
            rest = self._rest(where, booked, held.amount)
            if rest:
                yield where, _Difference(booked, held.amount, rest, held.account, held.asset)
        for position in snapshot.positions:
            booked = positions(position.instrument)
            rest = self._rest(position.instrument, booked, position.quantity)
            if rest:
                yield position.instrument, _Difference(booked, position.quantity, rest)

    def _rest(self, where: str, booked: Decimal, at_venue: Decimal) -> Decimal:
        """Return what nobody accepted of a difference; 0 where it is noise."""
        noise = _noise(at_venue)
        missing = at_venue - booked
        if abs(missing) <= noise:
            self._accepted.pop(where, None)
            return _ZERO
        rest = missing - self._accepted.get(where, _ZERO)
        return _ZERO if abs(rest) <= noise else rest

    def _agreed(self, at: int) -> list[Action]:
        self._agreed_at = at
        self._found = {}
        self._start_over()
        if self._halted is None:
            return []
        reason, self._halted = self._halted, None
        return [VenueResumed(venue=self._venue, reason=reason)]

    def _look_into(self, lasting: Mapping[str, _Difference], now: int) -> list[Action]:
        self._start_over()
        self._looking = True
        actions: list[Action] = []
        for where, each in lasting.items():
            missing = each.at_venue - each.booked
            if self._found.get(where) != missing:
                self._found[where] = missing
                booked, at_venue = Amount(each.booked), Amount(each.at_venue)
                actions.append(DifferenceFound(venue=self._venue, where=where, booked=booked, at_venue=at_venue))
        since = self._agreed_at if self._agreed_at is not None else (self._fact_at or now) - OVERLAP_NS
        return [*actions, LookInto(venue=self._venue, since=Nanoseconds(max(since, self._opened_at)))]

    def _unexplained(self, lasting: Mapping[str, _Difference], prices: Mapping[Asset, Decimal]) -> list[Action]:
        self._start_over()
        actions: list[Action] = []
        large = []
        for where, each in lasting.items():
            if each.account is None or each.asset is None or not self._is_dust(each.rest, prices.get(each.asset)):
                large.append(f"{where} booked {plain(each.booked)}, venue {plain(each.at_venue)}")
                continue
            actions.append(
                BalanceAdjusted(
                    venue=self._venue,
                    account=each.account,
                    asset=each.asset,
                    amount=Amount(each.rest),
                    reason=Adjustment.DUST,
                    reference="",
                    detail="",
                )
            )
        if large and self._halted is None:
            self._halted = HALT + "; ".join(large)
            actions.append(VenueHalted(venue=self._venue, reason=self._halted))
        return actions

    def _is_dust(self, rest: Decimal, price: Decimal | None) -> bool:
        return price is not None and abs(rest) * price < self._dust

    def _start_over(self) -> None:
        self._looking = self._looked = False
        self._waited = 0


def _noise(at_venue: Decimal) -> Decimal:
    return max(NOISE, abs(at_venue) * NOISE)
