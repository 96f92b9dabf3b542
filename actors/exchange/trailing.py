"""Trailing stops of one side of one instrument. Pure.

Each follows the best price since it was accepted, its extreme, at a distance in basis points. Whatever extremes they
started with, all that a new high (low, for buys) passes have the same one from then on: they become one group, which
moves as a whole. So a candle costs as many steps as groups meet, and not as there are orders.

A candle is held against the extremes of the candles before it; only then it moves them.
"""

from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from actors.exchange.open_order import Entry, OpenOrder
from messages.units import BPS, BUY, Side

_ONE = Decimal(1)
_ZERO = Decimal(0)
_FEW = 16
NOWHERE = Decimal("-Infinity"), Decimal("Infinity")
"""Between these prices there is nothing: no candle gets out of them."""


class Fired(NamedTuple):
    """An order whose trigger was reached, and where that stood."""

    order: OpenOrder
    trigger: Decimal


class _Group:
    """Orders with one extreme; the one that follows most closely is the first to fire.

    Attributes:
        members: A heap by basis points.
        trigger: Of the first, as the key of `_by_trigger`; None: the group is no more.
    """

    __slots__ = ("extreme", "members", "trigger")

    def __init__(self, extreme: Decimal, members: list[Entry]) -> None:
        self.extreme = extreme
        self.members = members
        self.trigger: Decimal | None = None


class TrailingStops:
    """The trailing stops to buy, or those to sell.

    Attributes:
        moved: Whether the last candle moved the extreme of any.
    """

    def __init__(self, side: Side) -> None:
        self.moved = False
        self._buys = side is BUY
        self._fresh: list[tuple[OpenOrder, Decimal]] = []
        self._by_extreme: list[tuple[Decimal, int, _Group]] = []
        self._by_trigger: list[tuple[Decimal, int, _Group]] = []
        self._live = 0
        self._dead = 0
        self._ticket = 0

    def __len__(self) -> int:
        return self._live

    @property
    def entries(self) -> int:
        """How many entries are kept, dead ones with them."""
        members = sum(len(group.members) for _, _, group in self._by_extreme)
        return len(self._fresh) + members + len(self._by_extreme) + len(self._by_trigger)

    @property
    def groups(self) -> int:
        """How many groups there are, those that are gone and not yet dropped with them."""
        return len(self._by_extreme)

    def add(self, order: OpenOrder, extreme: Decimal) -> None:
        """Put an order in, with the price at its acceptance; the first candle that opens later is its first."""
        order.entry = (order.intent.trail_bps or _ZERO, order.rank, order)
        self._fresh.append((order, extreme))
        self._live += 1

    def discard(self, order: OpenOrder) -> None:
        """Take an order out that was added."""
        order.entry = None
        self._live -= 1
        self._dead += 1
        if self._dead > _FEW and self._dead > self._live:
            self._clean()

    def reaches(self) -> tuple[Decimal, Decimal] | None:
        """Return between which prices (both excluded) a candle changes nothing here; None: each does, or may."""
        if self._fresh:
            return None
        trigger = self._first_trigger()
        if trigger is None:
            return NOWHERE
        extreme = self._by_extreme[0][0]
        return (extreme.copy_negate(), trigger) if self._buys else (trigger.copy_negate(), extreme)

    def candle(self, low: Decimal, high: Decimal, opened: int) -> list[Fired]:
        """Take out, and return, what a candle fires; then let it move the extremes of the others.

        Orders accepted later than it `opened` (ns) are left alone.
        """
        self._admit(opened)
        fired = self._fire(high if self._buys else low.copy_negate())
        self._move(low if self._buys else high)
        if len(self._by_trigger) + len(self._by_extreme) > 4 * (_FEW + self._live):
            self._clean()
        return fired

    def follow(self, low: Decimal, high: Decimal, opened: int) -> None:
        """Let a candle move the extremes as `candle` does, and fire nothing: what it fired is known."""
        self._admit(opened)
        self._move(low if self._buys else high)

    def start(self, extreme: Decimal, at: int) -> None:
        """Let those that were accepted at an instant (ns), and no later candle has met, start from another price."""
        self._fresh = [(order, extreme if order.since == at else own) for order, own in self._fresh]

    def _admit(self, opened: int) -> None:
        if not self._fresh:
            return
        later: list[tuple[OpenOrder, Decimal]] = []
        for order, extreme in self._fresh:
            if order.entry is None:
                self._dead -= 1
            elif order.since > opened:
                later.append((order, extreme))
            else:
                self._enter(_Group(extreme, [order.entry]))
        self._fresh = later

    def _enter(self, group: _Group) -> None:
        """Put a group where it belongs by its extreme; it has members, of which the first is alive."""
        extreme = group.extreme.copy_negate() if self._buys else group.extreme
        self._ticket += 1
        heappush(self._by_extreme, (extreme, self._ticket, group))
        self._set_trigger(group)

    def _set_trigger(self, group: _Group) -> None:
        trigger = self._trigger(group)
        group.trigger = trigger if self._buys else trigger.copy_negate()
        self._ticket += 1
        heappush(self._by_trigger, (group.trigger, self._ticket, group))

    def _trigger(self, group: _Group) -> Decimal:
        part = group.members[0][0] / BPS
        return group.extreme * (_ONE + part if self._buys else _ONE - part)

    def _first_trigger(self) -> Decimal | None:
        """Return the key of the trigger that is reached first, after dropping what is dead on top of both heaps."""
        heap = self._by_trigger
        while heap and heap[0][2].trigger is not heap[0][0]:
            heappop(heap)
        while self._by_extreme and self._by_extreme[0][2].trigger is None:
            heappop(self._by_extreme)
        return heap[0][0] if heap else None

    def _fire(self, bound: Decimal) -> list[Fired]:
        fired: list[Fired] = []
        while (key := self._first_trigger()) is not None and key <= bound:
            group = heappop(self._by_trigger)[2]
            entry = heappop(group.members)
            if entry[2].entry is entry:
                entry[2].entry = None
                self._live -= 1
                fired.append(Fired(entry[2], key if self._buys else key.copy_negate()))
            else:
                self._dead -= 1
            if self._has_members(group):
                self._set_trigger(group)
        return fired

    def _has_members(self, group: _Group) -> bool:
        """Drop dead ones from a group's top; without any other it is gone."""
        members = group.members
        while members and members[0][2].entry is not members[0]:
            heappop(members)
            self._dead -= 1
        if not members:
            group.trigger = None
        return bool(members)

    def _move(self, price: Decimal) -> None:
        """Make one group of all whose extreme the price passed."""
        bound = price.copy_negate() if self._buys else price
        heap, members = self._by_extreme, list[Entry]()
        while heap and (heap[0][2].trigger is None or heap[0][0] < bound):
            group = heappop(heap)[2]
            if group.trigger is None:
                continue
            group.trigger = None
            fewer, members = sorted((group.members, members), key=len)
            for entry in fewer:
                heappush(members, entry)
        moved = _Group(price, members)
        self.moved = self._has_members(moved)
        if self.moved:
            self._enter(moved)

    def _clean(self) -> None:
        groups = [group for _, _, group in self._by_extreme if group.trigger is not None]
        self._fresh = [each for each in self._fresh if each[0].entry is not None]
        self._by_extreme, self._by_trigger, self._dead = [], [], 0
        for group in groups:
            group.trigger = None
            group.members = [entry for entry in group.members if entry[2].entry is entry]
            heapify(group.members)
            if group.members:
                self._enter(group)
