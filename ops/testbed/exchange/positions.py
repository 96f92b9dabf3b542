"""Perp positions of a venue's accounts: one-way, at average cost, with cross margin over each wallet."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal

import msgspec

from messages.units import Side
from ops.testbed.exchange.bus import Bus
from ops.testbed.exchange.circumstances import CIRCUMSTANCES
from ops.testbed.exchange.events import PositionChanged
from ops.testbed.exchange.money import Kind
from ops.testbed.exchange.sink import Kept, Sink
from ops.testbed.exchange.values import ZERO, Market, Position, Uid

DEFAULT_LEVERAGE = Decimal(20)
"""Of an account that never set one. Binance's own; the others' are of that order."""
_REMEMBERED_MS = 120_000
_FINEST = Decimal("1e-16")
"""An average price is rounded to this: balances that it moves keep a length that can be written."""


class Positions:
    """All positions of a venue."""

    def __init__(self, now_ms: Callable[[], int], bus: Bus, sink: Sink, kept: Kept) -> None:
        self._now_ms = now_ms
        self._bus = bus
        self._sink = sink
        self._all: dict[Uid, dict[str, Position]] = {}
        self._dirty: dict[tuple[Uid, str], Kind] = {}
        self._past: deque[tuple[int, Position]] = deque()
        for position in kept.positions:
            self._all.setdefault(position.uid, {})[position.market.symbol] = position

    def of(self, uid: Uid, market: Market) -> Position:
        """Return a position as it is, flat where there was never one."""
        found = self._all.get(uid, {}).get(market.symbol)
        return found or Position(uid=uid, market=market, leverage=min(DEFAULT_LEVERAGE, market.max_leverage))

    def all(self, uid: Uid) -> list[Position]:
        """Return what is not flat, as it is."""
        return [position for position in self._all.get(uid, {}).values() if position.quantity]

    def holders(self, market: Market) -> list[Position]:
        """Return the positions of all accounts in a market."""
        found = (positions.get(market.symbol) for positions in self._all.values())
        return [position for position in found if position is not None and position.quantity]

    def seen(self, uid: Uid, market: Market | None = None) -> list[Position]:
        """Return an account's positions as reads see them, flat ones too."""
        found = dict(self._all.get(uid, {}))
        stale = CIRCUMSTANCES.get().stale_ms
        if stale:
            since = self._now_ms() - stale
            for at_ms, before in reversed(self._past):
                if at_ms <= since:
                    break
                if before.uid == uid:
                    found[before.market.symbol] = before
        return [position for position in found.values() if market is None or position.market.key == market.key]

    def fill(self, uid: Uid, market: Market, side: Side, price: Decimal, amount: Decimal) -> Decimal:
        """Book a fill. Returns the P&L that it realised, in quote."""
        before = self.of(uid, market)
        signed = amount if side is Side.BUY else -amount
        quantity = before.quantity + signed
        realised = ZERO
        entry = before.entry_price
        if before.quantity * signed >= 0:
            entry = ((abs(before.quantity) * entry + amount * price) / abs(quantity)).quantize(_FINEST)
        else:
            closed = min(amount, abs(before.quantity))
            realised = closed * (price - entry) * (1 if before.quantity > 0 else -1)
            if amount > abs(before.quantity):
                entry = price
            elif not quantity:
                entry = ZERO
        opened = before.opened_ms if before.quantity else self._now_ms()
        self._set(before, Kind.TRADE, quantity=quantity, entry_price=entry, opened_ms=opened, updated_ms=self._now_ms())
        return realised

    def realise(self, uid: Uid, market: Market, amount: Decimal, kind: Kind) -> Position:
        """Note P&L, a fee, or funding with the position."""
        before = self.of(uid, market)
        return self._set(before, kind, realised=before.realised + amount)

    def set_leverage(self, uid: Uid, market: Market, leverage: Decimal) -> Position:
        """Set it."""
        return self._set(self.of(uid, market), Kind.TRANSFER, leverage=leverage)

    def _set(self, before: Position, kind: Kind, **changes: Decimal | int) -> Position:
        now = self._now_ms()
        self._past.append((now, before))
        while self._past[0][0] < now - _REMEMBERED_MS:
            self._past.popleft()
        after = msgspec.structs.replace(before, **changes)
        self._all.setdefault(before.uid, {})[before.market.symbol] = after
        self._dirty.setdefault((before.uid, before.market.symbol), kind)
        return after

    def tell(self) -> None:
        """Say which positions changed since the last time."""
        for (uid, symbol), kind in self._dirty.items():
            position = self._all[uid][symbol]
            self._sink.position(position)
            self._bus.add(
                PositionChanged(serial=self._bus.serial(), at_ms=self._now_ms(), uid=uid, position=position, kind=kind)
            )
        self._dirty.clear()


def worst(position: Position, buys: Decimal, sells: Decimal) -> Decimal:
    """Return the largest size that a position can have when open orders fill, all of one side."""
    return max(abs(position.quantity + buys), abs(position.quantity - sells))


def maintenance(market: Market, notional: Decimal) -> Decimal:
    """Return the maintenance margin of a notional: of the tier that it falls in."""
    if not market.tiers or not notional:
        return ZERO
    tier = next((tier for tier in market.tiers if notional <= tier.up_to), market.tiers[-1])
    return notional * tier.rate - tier.deduction
