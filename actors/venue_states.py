"""What the core knows of each live venue: whether it takes instructions, and what of its news is journaled. Pure.

A venue that must settle takes nothing new from the start of each epoch to its `VenueSettled`: what reduces waits too,
as nobody knows the position yet. A halted one takes what reduces; it may be halted for several reasons, and takes
everything again when the last is gone.

Whatever a venue tells twice is booked once: its latest payments, trades (foreign ones, and the fills of our orders, so
that none is ever booked as a stranger's) and open foreign orders are remembered by the keys of messages/live.py, so
many that what is read again after a restart is among them. Changes here come from entries alone, those just told and
those of the journal, by `take`.

`FollowOrders.since`: a fact is journaled when it comes, and what comes after it may have happened before. So facts move
`since` on only while the venue is settled, when nothing is older than a look at its records; during the start of an
epoch it stays, and at its end it moves to where the epoch began.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from actors.recent import Recent
from messages.instructions import Code
from messages.journal import Entry
from messages.live import (
    BY_OPERATOR,
    AccountOpened,
    BalanceAdjusted,
    DifferenceFound,
    FollowOrders,
    ForeignOrderGone,
    ForeignOrderSeen,
    ForeignTrade,
    Unfinished,
    VenueHalted,
    VenueResumed,
    VenueSettled,
    VenueStarted,
    VenueTrouble,
    foreign_key,
    payment_key,
)
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import Nanoseconds, VenueName

PAYMENTS = 4_096
"""Ids of funding payments and transfers that are remembered of each venue; a power of two."""
TRADES = 16_384
"""The same, of trades."""


class Barred(NamedTuple):
    """Why a venue takes no new instructions; `wholly`: not even those that reduce."""

    code: Code
    detail: str
    wholly: bool


class _Venue(msgspec.Struct):
    """See the head of this file. Times in nanoseconds by our clock.

    Attributes:
        is_settled: All that its records held when its epoch began is journaled.
        is_ready: It said so to this very core, not to one of which only the journal tells.
        foreign: Open orders that are not ours, by key.
    """

    payments: Recent[str, bool]
    trades: Recent[str, bool]
    foreign: dict[str, ForeignOrderSeen]
    epoch: int = 0
    opened_at: int = 0
    started_at: int = 0
    is_settled: bool = False
    is_ready: bool = False
    since: int = 0
    halts: tuple[str, ...] = ()


class VenueStates:
    """Keeps them.

    Args:
        must_settle: Venues that take no instructions until they have settled their orders.

    Attributes:
        barred: The venues that take no new instructions at present. Empty where there is no live venue.
    """

    def __init__(self, must_settle: Collection[VenueName]) -> None:
        self._must_settle = frozenset(must_settle)
        self._venues: dict[VenueName, _Venue] = {}
        self.barred: dict[VenueName, Barred] = {}
        self._take: Mapping[type[Entry], Callable[[Any, _Venue, int], bool]] = {
            AccountOpened: self._opened,
            VenueStarted: self._started,
            VenueSettled: self._settled,
            VenueHalted: self._halted,
            VenueResumed: self._resumed,
            ForeignOrderSeen: self._seen,
            ForeignOrderGone: self._gone,
            ForeignTrade: self._traded,
            BalanceAdjusted: self._adjusted,
            FundingPaid: self._funded,
            OrderFilled: self._filled,
            VenueTrouble: self._said,
            DifferenceFound: self._said,
        }
        for venue in sorted(self._must_settle):
            self._look(venue)

    def take(self, entry: Entry, at: int) -> bool:
        """Take in what a venue told at this time (ns), or an entry of the journal. Return whether it was news."""
        take = self._take.get(type(entry))
        return take is not None and take(entry, self._of(entry.venue), at)  # type: ignore[union-attr]

    def fold(self, entry: Entry, at: int) -> None:
        """Take in an entry of the journal. What was settled then is not settled for those who fold it."""
        self.take(entry, at)
        if type(entry) is VenueSettled:
            self._of(entry.venue).is_ready = False
            self._look(entry.venue)

    def refusal(self, venue: VenueName, *, reduce_only: bool) -> tuple[Code, str] | None:
        """Return why a venue does not take an instruction; None if it does."""
        barred = self.barred.get(venue)
        if barred is None or (reduce_only and not barred.wholly):
            return None
        return barred.code, barred.detail

    def halted(self) -> tuple[tuple[VenueName, str], ...]:
        """Return the halted venues by name, with all reasons."""
        return tuple((name, "; ".join(each.halts)) for name, each in sorted(self._venues.items()) if each.halts)

    def unsettled(self) -> tuple[VenueName, ...]:
        """Return the venues that must settle and have not, by name."""
        return tuple(sorted(name for name in self._must_settle if not self._of(name).is_ready))

    def started(self) -> tuple[VenueName, ...]:
        """Return the venues that ever began an epoch, by name."""
        return tuple(sorted(name for name, each in self._venues.items() if each.epoch))

    def begin_anew(self, venue: VenueName, orders: tuple[Unfinished, ...]) -> FollowOrders:
        """Return what a venue that remembers nothing is to settle; it takes no instructions until it has."""
        known = self._of(venue)
        known.is_settled = known.is_ready = False
        self._look(venue)
        return FollowOrders(
            venue=venue,
            epoch=known.epoch,
            orders=orders,
            since=Nanoseconds(known.since),
            payments=tuple(known.payments),
            foreign=tuple(each.order_id for each in known.foreign.values()),
            foreign_keys=tuple(known.foreign),
            foreign_trades=tuple(known.trades),
            opened_at=Nanoseconds(known.opened_at),
        )

    def _of(self, venue: VenueName) -> _Venue:
        known = self._venues.get(venue)
        if known is None:
            known = self._venues[venue] = _Venue(Recent(PAYMENTS), Recent(TRADES), {})
        return known

    def _look(self, venue: VenueName) -> None:
        """Say anew whether a venue is barred."""
        known = self._of(venue)
        if venue in self._must_settle and not known.is_ready:
            self.barred[venue] = Barred(Code.BUSY, f"orders of {venue} are not settled yet", wholly=True)
        elif known.halts:
            self.barred[venue] = Barred(Code.HALTED, f"{venue}: {known.halts[0]}", wholly=False)
        else:
            self.barred.pop(venue, None)

    # --- what each entry changes -------------------------------------------------------------------------------------

    @staticmethod
    def _opened(entry: AccountOpened, known: _Venue, at: int) -> bool:
        known.opened_at = known.since = entry.seen_at or at
        return True

    def _started(self, entry: VenueStarted, known: _Venue, at: int) -> bool:
        known.epoch, known.started_at = entry.epoch, at
        known.is_settled = known.is_ready = False
        known.opened_at = known.opened_at or at  # what was before the first start is no concern of this journal
        known.since = known.since or at
        self._look(entry.venue)
        return True

    def _settled(self, entry: VenueSettled, known: _Venue, _at: int) -> bool:
        if entry.epoch != known.epoch:
            return False
        known.is_settled = known.is_ready = True
        known.since = max(known.since, known.started_at)
        self._look(entry.venue)
        return True

    def _halted(self, entry: VenueHalted, known: _Venue, _at: int) -> bool:
        if entry.reason in known.halts:
            return False
        known.halts += (entry.reason,)
        self._look(entry.venue)
        return True

    def _resumed(self, entry: VenueResumed, known: _Venue, _at: int) -> bool:
        left = () if entry.reason == BY_OPERATOR else tuple(each for each in known.halts if each != entry.reason)
        news, known.halts = left != known.halts, left
        self._look(entry.venue)
        return news

    @staticmethod
    def _seen(entry: ForeignOrderSeen, known: _Venue, _at: int) -> bool:
        key = foreign_key(entry.instrument, entry.order_id)
        news = key not in known.foreign
        known.foreign[key] = entry
        return news

    @staticmethod
    def _gone(entry: ForeignOrderGone, known: _Venue, _at: int) -> bool:
        return known.foreign.pop(foreign_key(entry.instrument, entry.order_id), None) is not None

    def _traded(self, entry: ForeignTrade, known: _Venue, at: int) -> bool:
        return self._once(known.trades, foreign_key(entry.instrument, entry.trade_id)) and self._fact(known, at)

    def _adjusted(self, entry: BalanceAdjusted, known: _Venue, at: int) -> bool:
        if entry.reference:
            key = payment_key(entry.account, f"{entry.asset} {entry.reference}")
            return self._once(known.payments, key) and self._fact(known, at)
        return self._fact(known, at)

    def _funded(self, entry: FundingPaid, known: _Venue, at: int) -> bool:
        if entry.payment_id:
            return self._once(known.payments, payment_key(entry.instrument, entry.payment_id)) and self._fact(known, at)
        return self._fact(known, at)

    def _filled(self, entry: OrderFilled, known: _Venue, at: int) -> bool:
        return self._once(known.trades, foreign_key(entry.instrument, entry.trade_id)) and self._fact(known, at)

    @staticmethod
    def _said(_entry: Entry, _known: _Venue, _at: int) -> bool:
        return True

    @staticmethod
    def _fact(known: _Venue, at: int) -> bool:
        if known.is_settled:
            known.since = at
        return True

    @staticmethod
    def _once(recent: Recent[str, bool], key: str) -> bool:
        if key in recent:
            return False
        recent.add(key, True)  # noqa: FBT003 - a set of keys
        return True
