"""What a venue refuses at the door: sizes, steps, bands, ids, counts. Pure but for what the floor shows."""

from decimal import Decimal

import msgspec

from messages.units import OrderType, Side, TradeType
from ops.testbed.exchange.depth import to_tick
from ops.testbed.exchange.floor import Floor
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import ZERO, Market, Order, Placement, Status, Trigger, Uid


def check_placement(floor: Floor, uid: Uid, placement: Placement) -> Placement:
    """Return the placement, its price moved into the band where the venue does that. Raises `RejectError`."""
    market = placement.market
    _check_shape(placement)
    reference = floor.pit(market).depth.reference
    if placement.trigger is not None:
        check_trigger(floor, market, placement.trigger)
        reference = placement.trigger.price or reference
    price = placement.price
    if price is not None:
        price = check_price(floor, market, placement.side, price, reference)
    if placement.amount is not None and not placement.reduce_only:
        check_notional(market, placement.amount * (price or reference))
    check_client_id(floor, uid, market, placement.client_order_id)
    check_count(floor, uid, market, waits=placement.trigger is not None)
    return msgspec.structs.replace(placement, price=price)


def _check_shape(placement: Placement) -> None:
    """Raise where the parts of a placement don't go together, or its amount is none of the market's."""
    market = placement.market
    if placement.quote_amount is not None:
        if market.product is not TradeType.SPOT or placement.type is not OrderType.MARKET:
            raise RejectError(Reject.UNSUPPORTED, "an amount in quote")
        if placement.quote_amount <= 0:
            raise RejectError(Reject.AMOUNT_TOO_SMALL)
        check_notional(market, placement.quote_amount)
    elif placement.amount is not None:
        check_amount(market, placement.amount, placement.type)
    elif not placement.close_position:
        raise RejectError(Reject.MISSING_PARAMETER, "amount")
    if (placement.price is None) != (placement.type is OrderType.MARKET):
        raise RejectError(Reject.MISSING_PARAMETER if placement.price is None else Reject.BAD_PARAMETER, "price")
    if placement.reduce_only and market.product is TradeType.SPOT:
        raise RejectError(Reject.UNSUPPORTED, "reduce-only")


def check_amount(market: Market, amount: Decimal, kind: OrderType) -> None:
    """Raise where an amount is none of this market's."""
    if amount <= 0 or amount < market.min_amount:
        raise RejectError(Reject.AMOUNT_TOO_SMALL, market.symbol)
    if amount > (market.max_market_amount if kind is OrderType.MARKET else market.max_amount):
        raise RejectError(Reject.AMOUNT_TOO_LARGE, market.symbol)
    if amount % market.lot:
        raise RejectError(Reject.LOT, market.symbol)


def check_price(floor: Floor, market: Market, side: Side, price: Decimal, reference: Decimal) -> Decimal:
    """Return the price, moved into the band where the venue does that."""
    if price <= 0:
        raise RejectError(Reject.PRICE_OUT_OF_BOUNDS, market.symbol)
    if price % market.tick:
        raise RejectError(Reject.TICK, market.symbol)
    edge = reference * (market.band_up if side is Side.BUY else market.band_down)
    outside = price > edge if side is Side.BUY else price < edge
    if not outside:
        return price
    if not floor.rules.band_moves[market.product]:
        raise RejectError(Reject.PRICE_BAND, market.symbol)
    return to_tick(edge, market, "ROUND_FLOOR" if side is Side.BUY else "ROUND_CEILING")


def check_notional(market: Market, notional: Decimal) -> None:
    """Raise where an order is worth too little."""
    if notional < market.min_notional:
        raise RejectError(Reject.NOTIONAL_TOO_SMALL, market.symbol)


def check_trigger(floor: Floor, market: Market, trigger: Trigger) -> None:
    """Raise where a trigger has no sense, or would be reached at once."""
    if trigger.trail_rate is not None or trigger.trail_distance is not None:
        if (trigger.trail_rate or trigger.trail_distance or ZERO) <= 0:
            raise RejectError(Reject.BAD_PARAMETER, "trail")
        return
    if trigger.price is None or trigger.price <= 0:
        raise RejectError(Reject.PRICE_OUT_OF_BOUNDS, market.symbol)
    if trigger.price % market.tick:
        raise RejectError(Reject.TICK, market.symbol)
    now = floor.pit(market).price(trigger.by)
    if (now >= trigger.price) if trigger.rising else (now <= trigger.price):
        raise RejectError(Reject.WOULD_TRIGGER, market.symbol)


def check_client_id(floor: Floor, uid: Uid, market: Market, client_order_id: str) -> None:
    """Raise where a client id is taken."""
    if not client_order_id:
        return
    for order in floor.store.same_client_id(uid, client_order_id):
        if order.market.product is not market.product:
            continue
        if floor.rules.client_ids_by_symbol and order.market.symbol != market.symbol:
            continue
        if floor.rules.client_ids_forever[market.product] or not order.ended:
            raise RejectError(Reject.DUPLICATE_CLIENT_ID, client_order_id)


def check_count(floor: Floor, uid: Uid, market: Market, *, waits: bool) -> None:
    """Raise where an account has as many orders as it may have."""
    if not waits and len(floor.store.unfinished(uid, market.product)) < floor.rules.max_open:
        return  # of all symbols together: the usual case, cheaply
    live = floor.store.unfinished(uid, market.product, market)
    same = sum((order.status is Status.WAITING) == waits for order in live)
    if same >= (floor.rules.max_waiting if waits else floor.rules.max_open):
        raise RejectError(Reject.TOO_MANY_ORDERS, market.symbol)


def check_reducing(floor: Floor, order: Order) -> Order:
    """Return a reduce-only order, cut to the position where the venue does that. Raises NOT_REDUCING and the like."""
    if not (order.reduce_only or order.close_position):
        return order
    quantity = floor.positions.of(order.uid, order.market).quantity
    there = -quantity if order.side is Side.BUY else quantity
    if there <= 0:
        raise RejectError(Reject.NOT_REDUCING, order.market.symbol)
    if order.close_position:
        return msgspec.structs.replace(order, amount=there, reduce_only=True)
    if order.amount <= there or floor.rules.reduce_only_cut:
        return order
    raise RejectError(Reject.MORE_THAN_POSITION, order.market.symbol)
