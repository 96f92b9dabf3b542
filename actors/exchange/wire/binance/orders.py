"""Requests that place, cancel and amend orders.

A trigger order of a perp belongs to the algo service (``/fapi/v1/algoOrder``): it has an algo id, and becomes another
order with an id of its own when it triggers. Spot keeps both in one order. A market order with a price is sent as a
limit order that takes what it gets up to that price (IOC): nothing is then traded at a worse one.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from actors.exchange.wire.binance.limits import PERP_ORDERS, PERP_WEIGHT, SPOT_ORDERS, SPOT_WEIGHT
from actors.exchange.wire.contract import Call, Known, Market, NotSupportedError
from messages.orders import OrderSubmitted
from messages.units import (
    GTC,
    IOC,
    LAST,
    LIMITED,
    MARK,
    MARKET,
    PERP,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
    TRIGGERED,
    BaseAmount,
    OrderType,
    Price,
    plain,
)

MAX_VALIDITY_MS = 60_000
"""recvWindow "cannot be greater than 60000" (rest-api.md)."""

_SPOT_TYPES: Mapping[OrderType, str] = MappingProxyType(
    {
        STOP_MARKET: "STOP_LOSS",
        STOP_LIMIT: "STOP_LOSS_LIMIT",
        TAKE_PROFIT_MARKET: "TAKE_PROFIT",
        TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
        TRAILING_STOP: "STOP_LOSS",
    }
)
_PERP_TYPES: Mapping[OrderType, str] = MappingProxyType(
    {
        STOP_MARKET: "STOP_MARKET",
        STOP_LIMIT: "STOP",
        TAKE_PROFIT_MARKET: "TAKE_PROFIT_MARKET",
        TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
        TRAILING_STOP: "TRAILING_STOP_MARKET",
    }
)
_PERCENT = Decimal(100)
"""Basis points in one percent."""


def is_algo(intent: OrderSubmitted, market: Market) -> bool:
    """Say whether an order is one of the algo service; of a foreign one its trigger tells."""
    return market.trade_type is PERP and (intent.order_type in TRIGGERED or intent.trigger_price is not None)


def place(intent: OrderSubmitted, market: Market, *, validity_ms: int) -> Call:
    """Return the request that places an order. Raises `NotSupportedError`."""
    _check_terms(intent)
    window = min(validity_ms, MAX_VALIDITY_MS)
    common = {"symbol": market.symbol, "side": intent.side.value, "quantity": plain(intent.amount)}
    if market.trade_type is not PERP:
        params = common | _spot_terms(intent)
        return _call("privatePostOrder", params | {"newOrderRespType": "FULL", "recvWindow": window}, SPOT_ORDERS)
    if intent.reduce_only:
        common["reduceOnly"] = "true"
    tail = {"newOrderRespType": "RESULT", "recvWindow": window}
    if intent.order_type in TRIGGERED:
        return _call("fapiPrivatePostAlgoOrder", common | _algo_terms(intent) | tail, PERP_ORDERS)
    return _call("fapiPrivatePostOrder", common | _perp_terms(intent) | tail, PERP_ORDERS)


def _check_terms(intent: OrderSubmitted) -> None:
    """Refuse what no rule of ours lets through, rather than to send something else."""
    if intent.post_only and intent.time_in_force is not GTC:
        raise NotSupportedError(f"a post-only order can't be {intent.time_in_force} too")
    if intent.order_type in LIMITED and intent.price is None:
        raise NotSupportedError(f"{intent.order_type} without a price")


def _limit(intent: OrderSubmitted) -> tuple[str, str]:
    """Return price and time in force of an order that is sent as a limit order."""
    if intent.price is None:  # held by _check_terms
        raise NotSupportedError(f"{intent.order_type} without a price")
    return plain(intent.price), (IOC if intent.order_type is MARKET else intent.time_in_force).value


def _trigger(intent: OrderSubmitted) -> str:
    if intent.trigger_price is None:
        raise NotSupportedError(f"{intent.order_type} without a trigger price")
    return plain(intent.trigger_price)


def _spot_terms(intent: OrderSubmitted) -> dict[str, Any]:
    """Return what depends on the type of a spot order."""
    if intent.reduce_only:
        raise NotSupportedError("Binance spot has no reduce-only orders")
    named = {"newClientOrderId": str(intent.client_order_id)}
    kind = intent.order_type
    if kind not in TRIGGERED:
        if intent.price is None:
            return {"type": "MARKET"} | named
        price, time_in_force = _limit(intent)
        if intent.post_only:
            return {"type": "LIMIT_MAKER", "price": price} | named
        return {"type": "LIMIT", "price": price, "timeInForce": time_in_force} | named
    if intent.trigger_by is not LAST:
        raise NotSupportedError("Binance spot triggers by the last price only: it has no mark price")
    terms: dict[str, Any] = {"type": _SPOT_TYPES[kind]}
    if kind is TRAILING_STOP:
        terms["trailingDelta"] = _trailing_delta(intent)
    else:
        terms["stopPrice"] = _trigger(intent)
    if kind in LIMITED:
        terms["price"], terms["timeInForce"] = _limit(intent)
    return terms | named


def _trailing_delta(intent: OrderSubmitted) -> int:
    """Return the distance of a spot trailing stop: whole basis points (faqs/trailing-stop-faq.md)."""
    trail = intent.trail_bps
    if trail is None or trail != trail.to_integral_value():
        raise NotSupportedError(f"Binance spot trails by whole basis points, not by {trail}")
    return int(trail)


def _perp_terms(intent: OrderSubmitted) -> dict[str, Any]:
    """Return what depends on the type of a perp order that does not wait for a trigger."""
    named = {"newClientOrderId": str(intent.client_order_id)}
    if intent.price is None:
        return {"type": "MARKET"} | named
    price, time_in_force = _limit(intent)
    return {"type": "LIMIT", "price": price, "timeInForce": "GTX" if intent.post_only else time_in_force} | named


def _algo_terms(intent: OrderSubmitted) -> dict[str, Any]:
    """Return what depends on the type of a perp order that waits for a trigger."""
    kind = intent.order_type
    terms: dict[str, Any] = {
        "algoType": "CONDITIONAL",
        "type": _PERP_TYPES[kind],
        "workingType": "MARK_PRICE" if intent.trigger_by is MARK else "CONTRACT_PRICE",
        "clientAlgoId": str(intent.client_order_id),
    }
    if kind is TRAILING_STOP:
        if intent.trail_bps is None:
            raise NotSupportedError("a trailing stop without a distance")
        terms["callbackRate"] = plain(intent.trail_bps / _PERCENT)
    else:
        terms["triggerPrice"] = _trigger(intent)
    if kind in LIMITED:
        terms["price"], terms["timeInForce"] = _limit(intent)
    return terms


def cancel(order: Known, market: Market) -> Call:
    """Return the request that cancels an order: by the venue's id where it is known, as client ids come again."""
    if market.trade_type is not PERP:
        return _call("privateDeleteOrder", named(order, market), SPOT_WEIGHT)
    if is_algo(order.intent, market) and order.child is None:
        return _call("fapiPrivateDeleteAlgoOrder", algo_named(order, market), PERP_WEIGHT)
    return _call("fapiPrivateDeleteOrder", named(order, market), PERP_WEIGHT)


def amend(order: Known, market: Market, *, price: Price, amount: BaseAmount, validity_ms: int) -> Call:
    """Return the request that changes a perp limit order; it loses its place in the queue. Raises `NotSupportedError`.

    Spot has no such request: order/amend/keepPriority only lowers the amount (and ccxt 4.5.90 does not have it), and
    order/cancelReplace is a cancel and another order, either of which may be done without the other.
    """
    if market.trade_type is not PERP:
        raise NotSupportedError("Binance spot can't change an order: cancel it and place another")
    if is_algo(order.intent, market):
        raise NotSupportedError("Binance can't change an order that has a trigger: cancel it and place another")
    changed = named(order, market) | {
        "side": order.intent.side.value,
        "quantity": plain(amount),
        "price": plain(price),
        "recvWindow": min(validity_ms, MAX_VALIDITY_MS),
    }
    return _call("fapiPrivatePutOrder", changed, PERP_ORDERS)


def named(order: Known, market: Market) -> dict[str, Any]:
    """Name an order, or the one that a trigger order became: by the venue's id where it is known."""
    venue_id = order.child if is_algo(order.intent, market) else order.order_id
    if venue_id is not None:
        return {"symbol": market.symbol, "orderId": str(venue_id)}
    return {"symbol": market.symbol, "origClientOrderId": str(order.intent.client_order_id)}


def algo_named(order: Known, market: Market) -> dict[str, Any]:
    """Name an order of the algo service, with its symbol: "algoId is self-increment for each specific symbol".

    By our id where it has one: of an order that nobody answered for, the first thing heard may be its successor's id.
    """
    if order.intent.client_order_id:
        return {"symbol": market.symbol, "clientAlgoId": str(order.intent.client_order_id)}
    return {"symbol": market.symbol, "algoId": str(order.order_id)}


def _call(api: str, params: Mapping[str, Any], group: str) -> Call:
    return Call(api=api, params=params, group=group)
