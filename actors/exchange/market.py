"""One instrument at the simulated venue: its last candle, its orders, and what it does to the account. Pure."""

from collections import deque
from decimal import Decimal

from actors.exchange.account import Purse, Standing
from actors.exchange.open_order import OpenOrder
from actors.exchange.price_heap import PriceHeap
from actors.exchange.pricing import Slippage, charge_for, is_fresh, opened_at
from actors.exchange.trailing import NOWHERE, Fired, TrailingStops
from actors.rounding import floor_to
from messages.instruments import Instrument, VenueModel
from messages.market import Candle, ExtremesMoved
from messages.units import (
    BUY,
    GTC,
    LIMIT,
    MAKER,
    MARKET,
    PERP,
    SELL,
    STOP_LIMIT,
    STOP_MARKET,
    TAKER,
    TRAILING_STOP,
    Nanoseconds,
    Price,
    Side,
)

_ZERO = Decimal(0)
_ONE = Decimal(1)
_STOPS = frozenset({STOP_MARKET, STOP_LIMIT})
_UNDER, _OVER = NOWHERE


class Market:
    """An instrument with its rules, prices and orders.

    Attributes:
        takers, makers: What fills are charged, by side.
        base, quote: What the account holds of the two assets.
        position: Of a perp.
        candle: The last that completed.
        watched: How many orders wait or rest here.
        followed: Whether the last candle that was looked at moved a trailing stop's extreme.
        floor, ceiling: A candle that stays between them (both excluded) changes nothing. May lie too close together
            after an order went, until the next `watch`.
    """

    def __init__(
        self, instrument: Instrument, model: VenueModel, slippage: Slippage, candle_ns: int, base: Purse, quote: Purse
    ) -> None:
        fees = model.perp_fees if instrument.trade_type is PERP else model.spot_fees
        self.instrument = instrument
        self.is_perp = instrument.trade_type is PERP
        self.slippage = slippage
        self.in_quote = fees.in_quote and not self.is_perp
        self.takers = {side: charge_for(instrument, fees, side, TAKER) for side in (BUY, SELL)}
        self.makers = {side: charge_for(instrument, fees, side, MAKER) for side in (BUY, SELL)}
        self.base, self.quote = base, quote
        self.position = Standing()
        self.candle: Candle | None = None
        self.watched = 0
        self.followed = False
        self.floor, self.ceiling = NOWHERE
        self.buys, self.sells = PriceHeap(falling=True), PriceHeap(falling=False)
        self._falling, self._rising = PriceHeap(falling=True), PriceHeap(falling=False)
        self._trails = {side: TrailingStops(side) for side in (BUY, SELL)}
        self._candle_ns = candle_ns
        self._touch = model.fill.touch
        self._max_share = model.fill.max_share
        self._used = _ZERO
        self._share: Decimal | None = None
        self._share_of: Candle | None = None
        self._folded: deque[tuple[int, Decimal]] = deque()

    # --- prices and volume -------------------------------------------------------------------------------------------

    def fresh(self, now: Nanoseconds) -> Candle | None:
        """Return the candle at whose close orders may trade now; None: there is none."""
        candle = self.candle
        return candle if candle is not None and is_fresh(candle, now, self._candle_ns) else None

    def slipped(self, price: Decimal, candle: Candle, side: Side, amount: Decimal) -> Price | None:
        """Return a price moved against a taker of this amount (base); None where the model gives none."""
        return self.slippage.moved(price, candle, self.instrument, side, amount)

    def room(self) -> Decimal | None:
        """Return how much (base) may still trade in the last candle; None: any amount."""
        if self._max_share is None or self.candle is None:
            return None
        if self._share is None or self._share_of is not self.candle:
            volume = self._max_share * self.candle.volume * self.instrument.contract_size
            self._share, self._share_of = floor_to(volume, self.instrument.lot), self.candle
            self._used = _ZERO
        return self._share - self._used

    def use(self, amount: Decimal, at: int) -> None:
        """Count a fill against the last candle's share; while folding, when no candle is known yet, keep it for it."""
        if self._max_share is None:
            return
        if self.candle is not None:
            self.room()
            self._used += amount
            return
        self._folded.append((at, amount))
        while self._folded[0][0] <= at - self._candle_ns:
            self._folded.popleft()

    def take_over(self, candle: Candle) -> None:
        """Know the last candle after a rebuild; fills that were folded since its close count against its share."""
        self.candle = candle
        used = sum((amount for at, amount in self._folded if at >= candle.closed_at), _ZERO)
        self._folded.clear()
        if used:
            self.use(used, candle.closed_at)

    # --- orders ------------------------------------------------------------------------------------------------------

    def hold(self, order: OpenOrder) -> None:
        """Set aside what is left of a spot order: its quote at the limit (or as the gate reckoned), or its base."""
        if self.is_perp:
            return
        if order.intent.side is SELL:
            purse, held = self.base, order.left
        elif order.price is None:
            purse, held = self.quote, _ZERO if order.intent.order_type is MARKET else order.intent.held_amount
        else:
            purse, held = self.quote, order.left * order.price
            if self.in_quote:
                held *= _ONE + max(self.takers[BUY].rate, _ZERO)
        purse.held += held - order.held
        order.held = held

    def release(self, order: OpenOrder) -> None:
        """Free what an order set aside."""
        if order.held:
            purse = self.base if order.intent.side is SELL else self.quote
            purse.held -= order.held
            order.held = _ZERO

    def place(self, order: OpenOrder, extreme: Decimal) -> None:
        """Put an order where it rests or waits. What never rests goes nowhere.

        Args:
            order: Not in any place.
            extreme: Where a trailing stop starts: price(tau).
        """
        intent = order.intent
        if not order.waiting:
            if order.price is None or (intent.order_type is LIMIT and intent.time_in_force is not GTC):
                return
            (self.buys if intent.side is BUY else self.sells).add(order, order.price)
        elif intent.order_type is TRAILING_STOP:
            self._trails[intent.side].add(order, extreme)
        elif intent.trigger_price is not None:
            self._triggers(order).add(order, intent.trigger_price)
        self.watched += 1
        self.watch()

    def remove(self, order: OpenOrder) -> None:
        """Take an order out of its place, if it has one."""
        if order.entry is not None:
            if not order.waiting:
                (self.buys if order.intent.side is BUY else self.sells).discard(order)
            elif order.intent.order_type is TRAILING_STOP:
                self._trails[order.intent.side].discard(order)
            else:
                self._triggers(order).discard(order)
            self.watched -= 1

    def _triggers(self, order: OpenOrder) -> PriceHeap:
        """A stop to buy waits for a higher price, one to sell for a lower; take-profits the other way round."""
        up = (order.intent.side is BUY) is (order.intent.order_type in _STOPS)
        return self._rising if up else self._falling

    def watch(self) -> None:
        """Find out between which prices a candle changes nothing."""
        floor, ceiling = NOWHERE
        for heap in (self.buys, self._falling):
            if (edge := heap.edge()) is not None and edge > floor:
                floor = edge
        for heap in (self.sells, self._rising):
            if (edge := heap.edge()) is not None and edge < ceiling:
                ceiling = edge
        for trail in self._trails.values():
            if not len(trail):
                continue
            reaches = trail.reaches()
            if reaches is None:
                floor, ceiling = _OVER, _UNDER
                break
            floor, ceiling = max(floor, reaches[0]), min(ceiling, reaches[1])
        self.floor, self.ceiling = floor, ceiling

    def best(self, side: Side) -> OpenOrder | None:
        """Return the resting order of a side that the last candle fills next, by price, then time; None: none.

        The next one is found only after this was removed. `settle` ends the search.
        """
        candle = self.candle
        if candle is None:
            return None
        heap, price = (self.buys, candle.low) if side is BUY else (self.sells, candle.high)
        return heap.reached(price, opened_at(candle, self._candle_ns), touch=self._touch)

    def settle(self) -> None:
        """The last candle is done with resting orders and triggers."""
        self.buys.restore()
        self.sells.restore()
        self.watch()

    def fired(self) -> list[Fired]:
        """Take out the orders that the last candle triggers, in the order of their acceptance; move trailing stops.

        `followed` says then whether it moved any.
        """
        self.followed = False
        candle = self.candle
        if candle is None:
            return []
        opened = opened_at(candle, self._candle_ns)
        found = [
            Fired(order, order.intent.trigger_price or _ZERO)
            for heap, price in ((self._falling, candle.low), (self._rising, candle.high))
            if len(heap)
            for order in heap.taken(price, opened)
        ]
        for trail in self._trails.values():
            if len(trail):
                found += trail.candle(candle.low, candle.high, opened)
                self.followed |= trail.moved
        self.watched -= len(found)
        return sorted(found, key=lambda each: each.order.rank)

    def follow(self, moved: ExtremesMoved, at: int) -> None:
        """While folding: let trailing stops follow a candle, or start from a price, as they did then."""
        for trail in self._trails.values():
            if moved.opened_at == at:
                trail.start(moved.high, at)
            else:
                trail.follow(moved.low, moved.high, moved.opened_at)
        self.watch()
