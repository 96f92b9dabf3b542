"""How Bybit is asked to place, cancel and amend, and what its acknowledgements must hold.

It answers with ids alone: that the request was taken, not what became of it. A post-only order that would take, a
reduce-only one without a position, or an immediate one without a counterparty is acknowledged first and cancelled then.
"""

from collections.abc import Mapping

from actors.exchange.wire.bybit.reading import result_of, text, word
from actors.exchange.wire.contract import Call, Known, Market, NotSupportedError, Placed, UnreadableAnswerError
from messages.orders import OrderSubmitted
from messages.units import (
    BUY,
    GTC,
    LAST,
    LIMIT,
    LIMITED,
    MARK,
    MARKET,
    SPOT,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
    BaseAmount,
    ClientOrderId,
    OrderId,
    OrderType,
    Price,
    Side,
    plain,
)

_KINDS: Mapping[OrderType, str] = {
    MARKET: "Market",
    LIMIT: "Limit",
    STOP_MARKET: "Market",
    STOP_LIMIT: "Limit",
    TAKE_PROFIT_MARKET: "Market",
    TAKE_PROFIT_LIMIT: "Limit",
}
_STOPS = frozenset({STOP_MARKET, STOP_LIMIT})
_PRICES = {LAST: "LastPrice", MARK: "MarkPrice"}
RISE, FALL = 1, 2
"""Which way the market must go to trigger (perps)."""


def category_of(market: Market) -> str:
    """Return Bybit's word for the product."""
    return "spot" if market.trade_type is SPOT else "linear"


def place(intent: OrderSubmitted, market: Market) -> Call:
    """Return the request that places an order. Raises `NotSupportedError`."""
    category = category_of(market)
    kind = _kind_of(intent, market)
    params: dict[str, object] = {
        "category": category,
        "symbol": market.symbol,
        "side": "Buy" if intent.side is BUY else "Sell",
        "orderType": kind,
        "qty": plain(intent.amount),
        "orderLinkId": intent.client_order_id,
    }
    if kind == "Limit":
        params |= _limit(intent)
    elif market.trade_type is SPOT:
        params["marketUnit"] = "baseCoin"  # else the amount of a market buy is read as quote
    if market.trade_type is SPOT:
        params["isLeverage"] = 0  # never borrow
    else:
        params["positionIdx"] = 0  # one-way mode
    if intent.reduce_only:
        params["reduceOnly"] = True
    if intent.order_type not in {MARKET, LIMIT}:
        params |= _trigger(intent, market)
    return Call(api="privatePostV5OrderCreate", params=params, group=f"create.{category}")


def _kind_of(intent: OrderSubmitted, market: Market) -> str:
    """Return Market or Limit. Raises `NotSupportedError` for what Bybit lacks."""
    if intent.order_type is TRAILING_STOP:
        # trading-stop sets one distance in price for the whole position: no client id, no amount of its own, changed
        # and dropped with the position. It can't be followed, cancelled or looked up as the order that was asked for.
        raise NotSupportedError(f"bybit has no trailing stop as an order: {market.symbol} has one for its position")
    if intent.reduce_only and market.trade_type is SPOT:
        raise NotSupportedError("bybit has no reduce-only orders on spot")
    if intent.order_type not in LIMITED and (intent.post_only or intent.time_in_force is not GTC):
        raise NotSupportedError("bybit's market orders have no time in force")
    return _KINDS[intent.order_type]


def _limit(intent: OrderSubmitted) -> dict[str, object]:
    if intent.price is None:
        raise NotSupportedError(f"a {intent.order_type} order needs a price")
    if intent.post_only and intent.time_in_force is not GTC:
        raise NotSupportedError(f"an order is post-only or {intent.time_in_force}, not both")
    return {
        "price": plain(intent.price),
        "timeInForce": "PostOnly" if intent.post_only else intent.time_in_force.value,
    }


def _trigger(intent: OrderSubmitted, market: Market) -> dict[str, object]:
    """Return what makes it a conditional order.

    Spot has no direction: it waits for the market to reach the trigger from whichever side it stands on at arrival.
    """
    if intent.trigger_price is None:
        raise NotSupportedError(f"a {intent.order_type} order needs a trigger price")
    if market.trade_type is SPOT:
        if intent.trigger_by is not LAST:
            raise NotSupportedError("bybit's spot orders trigger by the last price only")
        return {"orderFilter": "StopOrder", "triggerPrice": plain(intent.trigger_price)}
    return {
        "triggerPrice": plain(intent.trigger_price),
        "triggerDirection": direction(intent.order_type, intent.side),
        "triggerBy": _PRICES[intent.trigger_by],
    }


def direction(order_type: OrderType, side: Side) -> int:
    """Return which way the market goes to trigger: against the order for a stop, for it with a take-profit."""
    return RISE if (order_type in _STOPS) is (side is BUY) else FALL


def cancel(order: Known, market: Market) -> Call:
    """Return the request that cancels an order, by client id where it has one.

    A conditional order of spot is cancelled among its like; once triggered (it then has itself as `child`) among active
    orders.
    """
    category = category_of(market)
    params = {"category": category, "symbol": market.symbol, **_named(order)}
    if market.trade_type is SPOT:
        waiting = order.intent.order_type not in {MARKET, LIMIT} and order.child is None
        params["orderFilter"] = "StopOrder" if waiting else "Order"
    return Call(api="privatePostV5OrderCancel", params=params, group=f"cancel.{category}")


def amend(order: Known, market: Market, *, price: Price, amount: BaseAmount) -> Call:
    """Return the request that changes price and total amount. Raises `NotSupportedError`.

    Both are always sent: what we take for the present values may be out of date.
    """
    if order.intent.order_type not in LIMITED:
        raise NotSupportedError(f"bybit: a {order.intent.order_type} order has no price to amend")
    category = category_of(market)
    params = {"category": category, "symbol": market.symbol, **_named(order)}
    params |= {"qty": plain(amount), "price": plain(price)}
    return Call(api="privatePostV5OrderAmend", params=params, group=f"amend.{category}")


def _named(order: Known) -> dict[str, object]:
    if order.intent.client_order_id or order.order_id is None:
        return {"orderLinkId": order.intent.client_order_id}
    return {"orderId": order.order_id}


def placed(answer: object, intent: OrderSubmitted) -> Placed:
    """Read the acknowledgement of an order. Raises `UnreadableAnswerError`, `VenueRefusalError`."""
    return Placed(order_id=acknowledged(answer, intent.client_order_id, None))


def acknowledged(answer: object, client_order_id: ClientOrderId, order_id: OrderId | None) -> OrderId:
    """Return the order id of an acknowledgement that is about the order we meant.

    Raises:
        UnreadableAnswerError: It has no id, or is about another order.
        VenueRefusalError: The venue said no.
    """
    result = result_of(answer)
    found = OrderId(text(result, "orderId"))
    if word(result, "orderLinkId") not in {"", client_order_id} or order_id not in {None, found}:
        raise UnreadableAnswerError("the acknowledgement is about another order")
    return found
