"""Orders and fills as Binance's REST answers show them."""

from collections.abc import Sequence
from typing import Any

from messages.units import MAKER, PERP, Side
from ops.testbed.exchange.binance.text import ZERO, eight, stepped
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.values import Order, Status, Trade, Why

SELF_TRADE = "selfTradePreventionMode"
NOT_YET = -1
_WORDS = {
    Status.WAITING: "NEW",
    Status.TRIGGERED: "NEW",
    Status.OPEN: "NEW",
    Status.FILLED: "FILLED",
    Status.CANCELLED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
}


def status(order: Order) -> str:
    """Return the word for how an order of the matching engine stands."""
    if order.status is Status.OPEN and order.filled:
        return "PARTIALLY_FILLED"
    if order.status is Status.EXPIRED and order.why is Why.SELF_TRADE:
        return "EXPIRED_IN_MATCH"
    return _WORDS[order.status]


def kind(order: Order) -> str:
    """Return the type under which an order was sent."""
    return order.words.get("type", order.type.value)


def tif(order: Order) -> str:
    """Return the time in force; a post-only order of futures has its own."""
    return "GTX" if order.post_only and order.market.product is PERP else order.tif.value


def is_working(order: Order) -> bool:
    """Say whether a spot order is, or was, on the book: one with a trigger only from that on."""
    return order.trigger is None or order.triggered


def spot_order(order: Order) -> dict[str, Any]:
    """Return an order of spot as look-ups show it."""
    price = order.trigger.price if order.trigger is not None else None
    return {
        "symbol": order.market.symbol,
        "orderId": int(order.order_id),
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        "price": eight(order.price),
        "origQty": eight(order.amount),
        "executedQty": eight(order.filled),
        "origQuoteOrderQty": eight(order.quote_amount),
        "cummulativeQuoteQty": eight(order.filled_quote),
        "status": status(order),
        "timeInForce": tif(order),
        "type": kind(order),
        "side": order.side.value,
        "stopPrice": eight(price),
        "icebergQty": eight(ZERO),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": is_working(order),
        "workingTime": order.created_ms if is_working(order) else NOT_YET,
        SELF_TRADE: order.self_trade.value,
    }


def spot_trade(trade: Trade) -> dict[str, Any]:
    """Return an own trade of spot."""
    return {
        "symbol": trade.market.symbol,
        "id": int(trade.trade_id),
        "orderId": int(trade.order_id),
        "orderListId": -1,
        "price": eight(trade.price),
        "qty": eight(trade.amount),
        "quoteQty": eight(trade.price * trade.amount),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at_ms,
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.liquidity is MAKER,
        "isBestMatch": True,
    }


def new_spot_order(order: Order, trades: Sequence[Trade], form: str) -> dict[str, Any]:
    """Return the answer to a new spot order. `form`: ACK, RESULT or FULL."""
    shown = spot_order(order)
    ack = {key: shown[key] for key in ("symbol", "orderId", "orderListId", "clientOrderId")}
    ack["transactTime"] = order.updated_ms
    if form == "ACK":
        return ack
    result = ack | {
        key: shown[key]
        for key in (
            "price",
            "origQty",
            "executedQty",
            "origQuoteOrderQty",
            "cummulativeQuoteQty",
            "status",
            "timeInForce",
            "type",
            "side",
            "workingTime",
            SELF_TRADE,
        )
    }
    if order.trigger is not None:
        result["stopPrice"] = shown["stopPrice"]
    if form == "RESULT":
        return result
    return result | {"fills": [_fill(trade) for trade in trades]}


def _fill(trade: Trade) -> dict[str, Any]:
    return {
        "price": eight(trade.price),
        "qty": eight(trade.amount),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "tradeId": int(trade.trade_id),
    }


def cancelled_spot_order(order: Order, cancel_id: str) -> dict[str, Any]:
    """Return the answer to a cancel of a spot order: the cancel has a client id of its own."""
    shown = spot_order(order)
    left_out = ("time", "updateTime", "isWorking", "workingTime", "icebergQty")
    kept = {key: value for key, value in shown.items() if key not in left_out}
    return kept | {
        "origClientOrderId": order.client_order_id,
        "clientOrderId": cancel_id,
        "transactTime": order.updated_ms,
    }


def perp_order(order: Order) -> dict[str, Any]:
    """Return an order of the matching engine of futures."""
    market = order.market
    return {
        "orderId": int(order.order_id),
        "symbol": market.symbol,
        "status": status(order),
        "clientOrderId": order.client_order_id,
        "price": stepped(order.price, market.tick),
        "avgPrice": stepped(order.average, market.tick / 1000),
        "origQty": stepped(order.amount, market.lot),
        "executedQty": stepped(order.filled, market.lot),
        "cumQty": stepped(order.filled, market.lot),
        "cumQuote": format(order.filled_quote, ".5f"),
        "timeInForce": tif(order),
        "type": order.type.value,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side.value,
        "positionSide": "BOTH",
        "stopPrice": stepped(None, market.tick),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.type.value,
        "priceMatch": "NONE",
        SELF_TRADE: order.self_trade.value,
        "goodTillDate": 0,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def perp_trade(trade: Trade) -> dict[str, Any]:
    """Return an own trade of futures."""
    market = trade.market
    return {
        "symbol": market.symbol,
        "id": int(trade.trade_id),
        "orderId": int(trade.order_id),
        "side": trade.side.value,
        "price": stepped(trade.price, market.tick),
        "qty": stepped(trade.amount, market.lot),
        "realizedPnl": eight(trade.realised),
        "marginAsset": market.quote,
        "quoteQty": eight(trade.price * trade.amount),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.at_ms,
        "positionSide": "BOTH",
        "buyer": trade.side is Side.BUY,
        "maker": trade.liquidity is MAKER,
    }


def became(engine: Engine, order: Order) -> Order | None:
    """Return the order that an algo order became."""
    return engine.find(order.uid, order.market, order_id=order.child_id) if order.child_id else None


def algo_status(order: Order, child: Order | None) -> str:
    """Return the word for how an algo order stands: finished once the order that it became has ended."""
    if order.status is Status.TRIGGERED:
        return "FINISHED" if child is not None and child.ended else "TRIGGERED"
    return _WORDS[order.status]


def algo_order(order: Order, child: Order | None) -> dict[str, Any]:
    """Return an order of the algo service."""
    market, trigger = order.market, order.trigger
    by = trigger.by.value if trigger is not None else "LAST"
    return {
        "algoId": int(order.order_id),
        "clientAlgoId": order.client_order_id,
        "algoType": "CONDITIONAL",
        "orderType": kind(order),
        "symbol": market.symbol,
        "side": order.side.value,
        "positionSide": "BOTH",
        "timeInForce": tif(order),
        "quantity": stepped(order.amount, market.lot),
        "algoStatus": algo_status(order, child),
        "actualOrderId": order.child_id,
        "actualPrice": stepped(child.average if child else None, market.tick / 1000),
        "actualType": child.type.value if child else "",
        "actualQty": stepped(child.filled if child else None, market.lot),
        "triggerPrice": stepped(trigger.price if trigger else None, market.tick),
        "price": stepped(order.price, market.tick),
        "icebergQuantity": None,
        SELF_TRADE: order.self_trade.value,
        "workingType": "MARK_PRICE" if by == "MARK" else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": order.close_position,
        "priceProtect": False,
        "reduceOnly": order.reduce_only,
        "createTime": order.created_ms,
        "updateTime": order.updated_ms,
        "triggerTime": order.updated_ms if order.triggered else 0,
        "goodTillDate": 0,
    }
