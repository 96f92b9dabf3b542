"""Price, then time: orders against the orders of others, and against the made-up liquidity around the reference."""

from collections.abc import Iterator
from decimal import Decimal

from messages.units import Liquidity, OrderType, Side, TimeInForce
from ops.testbed.exchange.circumstances import CIRCUMSTANCES
from ops.testbed.exchange.depth import to_lot
from ops.testbed.exchange.floor import Floor, Pit
from ops.testbed.exchange.settlement import Settlement
from ops.testbed.exchange.store import key_of
from ops.testbed.exchange.values import Order, SelfTrade, Status, Why

_OTHER = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class Matching:
    """Matches on every market of a venue."""

    def __init__(self, floor: Floor, settlement: Settlement) -> None:
        self._floor = floor
        self._settlement = settlement

    def would_take(self, order: Order) -> bool:
        """Return whether an order with a price would trade at once."""
        return order.price is not None and self._reachable(order, order.price) > 0

    def take(self, order: Order) -> Order:
        """Match an open order that is not in the book yet; what is left of it rests or ends, as its terms say."""
        pit = self._floor.pit(order.market)
        limit = self._limit(order, pit)
        if order.tif is TimeInForce.FOK and self._reachable(order, limit, all_of=order.left) < order.left:
            return self._settlement.end(order, Status.EXPIRED, Why.WHOLE)
        target = self._target(order)
        while not order.ended and order.filled < target:
            want = self._wanted(order, target, limit)
            if not want:
                break
            order, goes_on = self._take_best(order, pit, limit, want)
            if not goes_on:
                break
        return order if order.ended else self._rest(order, pit)

    def sweep(self, pit: Pit) -> None:
        """Fill resting orders that the made-up liquidity has come to: at their price, as makers, as far as it goes."""
        for side in (Side.BUY, Side.SELL):
            for price, key in pit.resting.keys(side):
                best = pit.depth.best(_OTHER[side])
                if best is None or not _reaches(side, price, best.price):
                    break
                order = self._floor.store.actual(key)
                if not order.ended:
                    self._sweep_one(pit, order, price)

    def _sweep_one(self, pit: Pit, order: Order, price: Decimal) -> None:
        other = _OTHER[order.side]
        want = self._reducible(order, order.left)
        if not want:
            self._settlement.end(order, Status.EXPIRED, Why.REDUCE_ONLY)
            return
        there = 0 * want
        for level in list(pit.depth.levels(other)):
            part = min(want - there, level.amount)
            if not part or not _reaches(order.side, price, level.price):
                break
            pit.depth.take(other, level.price, part)
            there += part
        if there:
            trade_id = self._floor.ids.trade(order.market)
            self._floor.print_trade(order.market, trade_id, price, there, other)
            self.after_fill(self._settlement.fill(order, price, there, Liquidity.MAKER, trade_id))

    def _take_best(self, order: Order, pit: Pit, limit: Decimal, want: Decimal) -> tuple[Order, bool]:
        """Trade with the best of the other side once. Returns the order, and whether there may be more."""
        other = _OTHER[order.side]
        made_up, user = pit.depth.best(other), pit.resting.best(other)
        if user is not None and (made_up is None or _reaches(order.side, made_up.price, user[0])):
            if not _reaches(order.side, limit, user[0]):
                return order, False
            return self._take_user(order, self._floor.store.actual(user[1]), want)
        if made_up is None or not _reaches(order.side, limit, made_up.price):
            return order, False
        amount = min(want, made_up.amount)
        pit.depth.take(other, made_up.price, amount)
        trade_id = self._floor.ids.trade(order.market)
        self._floor.print_trade(order.market, trade_id, made_up.price, amount, order.side)
        after = self._settlement.fill(order, made_up.price, amount, Liquidity.TAKER, trade_id)
        self.after_fill(after)
        return after, True

    def _take_user(self, order: Order, maker: Order, want: Decimal) -> tuple[Order, bool]:
        if maker.uid == order.uid and order.self_trade is not SelfTrade.NONE:
            if order.self_trade is not SelfTrade.EXPIRE_TAKER:
                self._settlement.end(maker, Status.EXPIRED, Why.SELF_TRADE)
            if order.self_trade is not SelfTrade.EXPIRE_MAKER:
                return self._settlement.end(order, Status.EXPIRED, Why.SELF_TRADE), False
            return order, True
        there = self._reducible(maker, maker.left)
        if not there or maker.price is None:
            self._settlement.end(maker, Status.EXPIRED, Why.REDUCE_ONLY)
            return order, True
        amount = min(want, there)
        trade_id = self._floor.ids.trade(order.market)
        self._floor.print_trade(order.market, trade_id, maker.price, amount, order.side)
        after = self._settlement.fill(order, maker.price, amount, Liquidity.TAKER, trade_id)
        self.after_fill(self._settlement.fill(maker, maker.price, amount, Liquidity.MAKER, trade_id))
        self.after_fill(after)
        return after, True

    def after_fill(self, order: Order) -> None:
        """End reduce-only orders of the account that have nothing to reduce any more."""
        floor = self._floor
        for each in floor.store.unfinished(order.uid, order.market.product, order.market):
            is_other = each.order_id != order.order_id
            if is_other and each.reduce_only and each.status is Status.OPEN and not self._reducible(each, each.left):
                self._settlement.end(each, Status.EXPIRED, Why.REDUCE_ONLY)

    def _reducible(self, order: Order, amount: Decimal) -> Decimal:
        """Return how much of an amount may be filled: of a reduce-only order no more than there is to reduce."""
        if not order.reduce_only:
            return amount
        quantity = self._floor.positions.of(order.uid, order.market).quantity
        there = -quantity if order.side is Side.BUY else quantity
        return min(amount, max(there, 0 * there))

    def _target(self, order: Order) -> Decimal:
        """Return up to how much in all the order may be filled now; without a bound where quote is spent."""
        if order.quote_amount is not None:
            return Decimal("Infinity")
        share = CIRCUMSTANCES.get().share
        if share is None or order.tif is TimeInForce.FOK:
            return order.amount
        return order.filled + min(to_lot(order.left * share, order.market), order.left)

    def _wanted(self, order: Order, target: Decimal, limit: Decimal) -> Decimal:
        """Return how much more may be filled at the best price; 0 where nothing may."""
        if order.quote_amount is None:
            return self._reducible(order, target - order.filled)
        best = self._best_price(order)
        if best is None or not _reaches(order.side, limit, best):
            return 0 * limit
        return to_lot((order.quote_amount - order.filled_quote) / best, order.market)

    def _best_price(self, order: Order) -> Decimal | None:
        pit, other = self._floor.pit(order.market), _OTHER[order.side]
        made_up, user = pit.depth.best(other), pit.resting.best(other)
        prices = ([made_up.price] if made_up is not None else []) + ([user[0]] if user is not None else [])
        return (min(prices) if order.side is Side.BUY else max(prices)) if prices else None

    def _limit(self, order: Order, pit: Pit) -> Decimal:
        """Return the worst price that an order may trade at."""
        if order.price is not None:
            return order.price
        market = order.market
        if order.side is Side.BUY:
            factor = 1 + order.max_slippage if order.max_slippage is not None else market.band_up
        else:
            factor = 1 - order.max_slippage if order.max_slippage is not None else market.band_down
        return pit.depth.reference * factor

    def _reachable(self, order: Order, limit: Decimal, *, all_of: Decimal | None = None) -> Decimal:
        """Return how much the other side offers within a limit; at most as much as is asked for."""
        found = 0 * limit
        for price, amount in self._offers(order):
            if not _reaches(order.side, limit, price):
                continue
            found += amount
            if all_of is None or found >= all_of:
                break
        return found

    def _offers(self, order: Order) -> Iterator[tuple[Decimal, Decimal]]:
        pit, other = self._floor.pit(order.market), _OTHER[order.side]
        for level in pit.depth.levels(other):
            yield level.price, level.amount
        for price, key in pit.resting.keys(other):
            maker = self._floor.store.actual(key)
            if maker.uid != order.uid or order.self_trade is SelfTrade.NONE:
                yield price, maker.left

    def _rest(self, order: Order, pit: Pit) -> Order:
        """Do with what is left as the order's terms say."""
        if order.quote_amount is not None:
            status = Status.FILLED if order.filled else Status.EXPIRED
            why = Why.NONE if order.filled else Why.NO_LIQUIDITY
            return self._settlement.end(self._settlement.changed(order, amount=order.filled), status, why)
        if order.reduce_only and not self._reducible(order, order.left):
            return self._settlement.end(order, Status.EXPIRED, Why.REDUCE_ONLY)
        if order.type is OrderType.MARKET:
            return self._settlement.end(order, Status.EXPIRED, Why.NO_LIQUIDITY)
        if order.tif is not TimeInForce.GTC:
            return self._settlement.end(order, Status.EXPIRED, Why.IMMEDIATE)
        pit.resting.add(self._floor.store.actual(key_of(order)))
        self._floor.touch(order.market)
        return order


def _reaches(side: Side, limit: Decimal, price: Decimal) -> bool:
    """Return whether an order of a side with this limit may trade at a price."""
    return price <= limit if side is Side.BUY else price >= limit
