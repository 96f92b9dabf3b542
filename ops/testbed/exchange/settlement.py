"""What a fill does: trade, fee, balances, position, the order itself. And how an order ends without one."""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from messages.units import Liquidity, Side, TradeType
from ops.testbed.exchange.events import Cause
from ops.testbed.exchange.floor import Floor
from ops.testbed.exchange.funds import wanted_hold
from ops.testbed.exchange.money import Kind
from ops.testbed.exchange.store import key_of
from ops.testbed.exchange.values import ZERO, Order, Status, Trade, Why

_FEE_STEP = Decimal("0.00000001")


class Settlement:
    """Changes orders and what their accounts own. Takes orders out of the book, but never puts any in."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def put(self, order: Order, cause: Cause, trade: Trade | None = None) -> Order:
        """Take a new state of an order: hold what it needs, drop it from book and triggers where it is done, tell."""
        floor, key = self._floor, key_of(order)
        floor.store.put(order)
        floor.hold(key, wanted_hold(floor, order))
        floor.tell_order(order, cause, trade)
        pit = floor.pit(order.market)
        if order.status is Status.WAITING:
            pit.waiting[key] = None
        else:
            pit.waiting.pop(key, None)
        if order.ended and order.price is not None:
            pit.resting.remove(order)
        floor.touch(order.market)
        return order

    def change(self, order: Order, cause: Cause, **changes: object) -> Order:
        """Return the order with changes, taken."""
        return self.put(self.changed(order, **changes), cause)

    def changed(self, order: Order, **changes: object) -> Order:
        """Return the order with changes, not taken yet."""
        return msgspec.structs.replace(order, updated_ms=self._floor.now_ms(), version=order.version + 1, **changes)

    def end(self, order: Order, status: Status, why: Why) -> Order:
        """End an order."""
        return self.change(order, Cause.ENDED, status=status, why=why)

    def fill(self, order: Order, price: Decimal, amount: Decimal, liquidity: Liquidity, trade_id: str) -> Order:
        """Fill a part of an order or all of it. The book's other side and the public trade are the caller's."""
        trade = self._trade(order, price, amount, liquidity, trade_id)
        self._book(order, trade)
        filled = order.filled + amount
        fees = dict(order.fees)
        fees[trade.fee_asset] = fees.get(trade.fee_asset, ZERO) + trade.fee
        is_done = order.quote_amount is None and filled == order.amount
        after = self.changed(
            order,
            filled=filled,
            filled_quote=order.filled_quote + amount * price,
            fees=fees,
            status=Status.FILLED if is_done else Status.OPEN,
        )
        self._floor.store.put_trade(trade, late_ms=self._floor.store.late_ms(order))
        return self.put(after, Cause.TRADED, trade)

    def _trade(self, order: Order, price: Decimal, amount: Decimal, liquidity: Liquidity, trade_id: str) -> Trade:
        floor, market = self._floor, order.market
        rate = market.maker if liquidity is Liquidity.MAKER else market.taker
        in_base = market.product is TradeType.SPOT and order.side is Side.BUY
        fee = (amount if in_base else amount * price) * rate
        realised = ZERO
        if market.product is TradeType.PERP:
            realised = floor.positions.fill(order.uid, market, order.side, price, amount)
        return Trade(
            uid=order.uid,
            market=market,
            trade_id=trade_id,
            serial=floor.ids.next("trade serial"),
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            side=order.side,
            price=price,
            amount=amount,
            fee=fee.quantize(_FEE_STEP, ROUND_HALF_EVEN),
            fee_asset=market.base if in_base else market.quote,
            liquidity=liquidity,
            realised=realised,
            at_ms=floor.now_ms(),
        )

    def _book(self, order: Order, trade: Trade) -> None:
        """Move the money of a trade."""
        market, purses = trade.market, self._floor.purses

        def add(asset: str, amount: Decimal, kind: Kind) -> None:
            if amount:
                purses.add(
                    order.uid,
                    market.wallet,
                    asset,
                    amount,
                    kind,
                    market=market,
                    ref=trade.trade_id,
                    order_id=order.order_id,
                )

        if market.product is TradeType.PERP:
            add(market.quote, trade.realised, Kind.REALISED)
            add(market.quote, -trade.fee, Kind.FEE)
            self._floor.positions.realise(order.uid, market, trade.realised - trade.fee, Kind.TRADE)
            return
        sign = 1 if order.side is Side.BUY else -1
        add(market.base, sign * trade.amount, Kind.TRADE)
        add(market.quote, -sign * trade.amount * trade.price, Kind.TRADE)
        add(trade.fee_asset, -trade.fee, Kind.FEE)
