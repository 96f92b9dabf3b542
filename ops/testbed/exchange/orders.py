"""What users do with orders: place, amend, cancel. Raises `RejectError` where the venue says no."""

from decimal import Decimal

import msgspec

from messages.units import OrderType, TradeType
from ops.testbed.exchange.checks import (
    check_amount,
    check_notional,
    check_placement,
    check_price,
    check_reducing,
    check_trigger,
)
from ops.testbed.exchange.events import Cause
from ops.testbed.exchange.floor import Floor
from ops.testbed.exchange.funds import check_funds
from ops.testbed.exchange.matching import Matching
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.settlement import Settlement
from ops.testbed.exchange.store import key_of
from ops.testbed.exchange.triggers import Triggers, starts_active
from ops.testbed.exchange.values import ZERO, Market, Order, Placement, Status, Uid, Why


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An amendment: what is to be other than it is. `amount` is the new total."""

    price: Decimal | None = None
    amount: Decimal | None = None
    trigger_price: Decimal | None = None


class Desk:
    """Takes the wishes of a venue's users."""

    def __init__(self, floor: Floor, settlement: Settlement, matching: Matching, triggers: Triggers) -> None:
        self._floor = floor
        self._settlement = settlement
        self._matching = matching
        self._triggers = triggers

    def place(self, uid: Uid, placement: Placement) -> Order:
        """Place an order and match it; the order as it is after that."""
        floor, market = self._floor, placement.market
        order = self._made(uid, check_placement(floor, uid, placement))
        if order.status is Status.WAITING:
            if floor.rules.waiting_holds[market.product]:
                check_funds(floor, order)
            return self._settlement.put(order, Cause.PLACED)
        order = check_reducing(floor, order)
        if order.post_only and floor.rules.post_only_refused[market.product] and self._matching.would_take(order):
            raise RejectError(Reject.WOULD_TAKE, market.symbol)
        check_funds(floor, order)
        self._settlement.put(order, Cause.PLACED)
        self._enter(order)
        return floor.store.actual(key_of(order))

    def _enter(self, order: Order) -> None:
        """Match an open order, or end it where it is post-only and would take."""
        if order.post_only and self._matching.would_take(order):
            self._settlement.end(order, Status.CANCELLED, Why.POST_ONLY)
        else:
            self._matching.take(order)
        self._triggers.watch(self._floor.pit(order.market))

    def amend(self, order: Order, change: Change) -> Order:
        """Change an open or waiting order."""
        after = self._amended(order, change)
        floor, market = self._floor, order.market
        if order.status is Status.WAITING:
            if floor.rules.waiting_holds[market.product]:
                check_funds(floor, after)
            return self._settlement.put(after, Cause.AMENDED)
        if after.amount <= order.filled:
            status = Status.FILLED if floor.rules.amend_down_fills else Status.CANCELLED
            why = Why.NONE if floor.rules.amend_down_fills else Why.AMENDED
            floor.pit(market).resting.remove(order)
            ended = self._settlement.changed(order, amount=max(after.amount, order.filled), status=status, why=why)
            return self._settlement.put(ended, Cause.ENDED)
        check_funds(floor, after)
        only_down = after.price == order.price and after.amount < order.amount
        if only_down and floor.rules.amount_down_keeps_priority[market.product]:
            return self._settlement.put(after, Cause.AMENDED)
        floor.pit(market).resting.remove(order)
        after = msgspec.structs.replace(after, priority=floor.ids.next("priority"))
        self._settlement.put(after, Cause.AMENDED)
        self._enter(after)
        return floor.store.actual(key_of(order))

    def _amended(self, order: Order, change: Change) -> Order:
        """Return the order with its changes, held against the market's rules."""
        floor, market = self._floor, order.market
        price = order.price if change.price is None else change.price
        amount = order.amount if change.amount is None else change.amount
        trigger = order.trigger
        if change.trigger_price is not None:
            if trigger is None or order.status is not Status.WAITING:
                raise RejectError(Reject.NOT_AMENDABLE, "trigger price")
            trigger = msgspec.structs.replace(trigger, price=change.trigger_price)
            check_trigger(floor, market, trigger)
        if price == order.price and amount == order.amount and trigger == order.trigger:
            raise RejectError(Reject.UNCHANGED, order.order_id)
        if price != order.price:
            if order.price is None or price is None or not floor.rules.amend_price[market.product]:
                raise RejectError(Reject.NOT_AMENDABLE, "price")
            reference = (trigger.price if trigger is not None else None) or floor.pit(market).depth.reference
            price = check_price(floor, market, order.side, price, reference)
        if amount != order.amount and amount > order.filled:
            check_amount(market, amount, order.type)
        if not order.reduce_only and amount > order.filled:
            check_notional(market, amount * (price or floor.pit(market).depth.reference))
        return self._settlement.changed(order, price=price, amount=amount, trigger=trigger)

    def cancel(self, order: Order, why: Why = Why.USER) -> Order:
        """End an open or waiting order."""
        return self._settlement.end(order, Status.CANCELLED, why)

    def meant(self, uid: Uid, market: Market, *, order_id: str, client_order_id: str) -> Order:
        """Return the open order that somebody means, or raise why there is none."""
        order = self._floor.store.one(uid, market, order_id=order_id, client_order_id=client_order_id)
        name = order_id or client_order_id
        if order is None:
            raise RejectError(Reject.ORDER_UNKNOWN, name)
        if order.status is Status.FILLED:
            raise RejectError(Reject.ORDER_FILLED, name)
        if order.ended:
            raise RejectError(Reject.ORDER_ENDED, name)
        return order

    def _made(self, uid: Uid, placement: Placement) -> Order:
        floor, market, now = self._floor, placement.market, self._floor.now_ms()
        trigger = placement.trigger
        if trigger is not None:
            trigger = starts_active(trigger, floor.pit(market).price(trigger.by), market)
        return Order(
            uid=uid,
            market=market,
            order_id=floor.ids.order(market),
            client_order_id=placement.client_order_id,
            side=placement.side,
            type=placement.type,
            amount=placement.amount or ZERO,
            quote_amount=placement.quote_amount,
            price=placement.price if placement.type is OrderType.LIMIT else None,
            tif=placement.tif,
            post_only=placement.post_only,
            reduce_only=placement.reduce_only and market.product is TradeType.PERP,
            close_position=placement.close_position,
            trigger=trigger,
            self_trade=placement.self_trade,
            max_slippage=placement.max_slippage,
            words=placement.words,
            status=Status.WAITING if trigger is not None else Status.OPEN,
            created_ms=now,
            updated_ms=now,
            priority=floor.ids.next("priority"),
        )
