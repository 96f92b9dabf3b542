"""Requests that change something at OKX. Pure.

Plain orders go to /trade/order. Stops, take-profits and trailing stops are another kind of thing there, "algo orders",
with ids of their own, until they trigger: then they become a plain order with an id of its own, the child.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from actors.exchange.wire.contract import Call, Known, Market, NotSupportedError
from messages.orders import OrderSubmitted
from messages.units import (
    BPS,
    BUY,
    FOK,
    GTC,
    IOC,
    LAST,
    LIMIT,
    MARKET,
    PERP,
    SPOT,
    STOP_LIMIT,
    STOP_MARKET,
    TRAILING_STOP,
    TRIGGERED,
    BaseAmount,
    Price,
    plain,
)

EXP_TIME = "expTime"
"""A param of this name goes as a header, and is no part of what is signed."""
BODY = "[]"
"""A param of this name is the whole body: a list, which OKX wants for some requests about one thing, too."""
SIGNED_FOR_MS = 30_000
"""How long a signed request is taken by its timestamp alone, where OKX does not obey expTime (docs-v5, signature)."""

_LIMIT_KINDS = {GTC: "limit", IOC: "ioc", FOK: "fok"}
_TRIGGER_BY = {"LAST": "last", "MARK": "mark"}
_AT_MARKET = "-1"


def wired(params: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Return what is signed (query or body), and the headers that go beside it.

    ccxt's ``sign`` has no way for a header of one request: whoever calls it overrides it, hands on the first and adds
    the second to the headers that it returns.
    """
    headers = {EXP_TIME: str(params[EXP_TIME])} if EXP_TIME in params else {}
    if BODY in params:
        return [dict(entry) for entry in params[BODY]], headers
    return {key: value for key, value in params.items() if key != EXP_TIME}, headers


def lasts_ms(intent: OrderSubmitted, validity_ms: int) -> int:
    """Return how long after its timestamp a placement may still be taken."""
    return SIGNED_FOR_MS if intent.order_type in TRIGGERED else validity_ms


def size(amount: BaseAmount, market: Market) -> str:
    """Return an amount of base as the wire has it: contracts of a perp, base of spot. Exact or not at all."""
    wire = amount / market.contract_size
    if wire * market.contract_size != amount:
        raise NotSupportedError(f"{plain(amount)} {market.base} is no exact number of contracts of {market.symbol}")
    return plain(wire)


def place(intent: OrderSubmitted, market: Market, *, now_ms: int, validity_ms: int) -> Call:
    """Return the request to place an order."""
    params: dict[str, Any] = {
        "instId": market.symbol,
        "tdMode": "cash" if market.trade_type is SPOT else "cross",
        "side": intent.side.value.lower(),
        "sz": size(intent.amount, market),
    }
    if intent.reduce_only:
        if market.trade_type is not PERP:
            raise NotSupportedError("okx: reduce-only is of perps only")
        params["reduceOnly"] = True
    if intent.order_type in TRIGGERED:
        return _place_algo(intent, market, params)
    params |= {"clOrdId": intent.client_order_id, EXP_TIME: str(now_ms + validity_ms)}
    if intent.order_type is MARKET:
        params["ordType"] = "market"
        if market.trade_type is SPOT:
            # Else a buy's size would be in quote, and the venue would cut it to the balance without a word.
            params |= {"tgtCcy": "base_ccy", "banAmend": True}
    else:
        params |= {"ordType": _limit_kind(intent), "px": plain(_price(intent))}
    return Call(api="privatePostTradeOrder", params=params, group="place")


def _limit_kind(intent: OrderSubmitted) -> str:
    if not intent.post_only:
        return _LIMIT_KINDS[intent.time_in_force]
    if intent.time_in_force is not GTC:
        raise NotSupportedError("okx: post-only is GTC")
    return "post_only"


def _price(intent: OrderSubmitted) -> Price:
    if intent.price is None:
        raise NotSupportedError(f"okx: a {intent.order_type} order has a price")
    return intent.price


def _place_algo(intent: OrderSubmitted, market: Market, params: dict[str, Any]) -> Call:
    if intent.post_only or intent.time_in_force is not GTC:
        raise NotSupportedError("okx: a trigger order is neither post-only nor IOC or FOK")
    if market.trade_type is SPOT and intent.trigger_by is not LAST:
        raise NotSupportedError("okx: spot trigger orders follow the last price only")
    # clOrdId does nothing here; ccxt would put one of its own there, with a tag, if it were missing.
    params |= {"algoClOrdId": intent.client_order_id, "clOrdId": intent.client_order_id}
    if intent.order_type is TRAILING_STOP:
        params |= _trailing(intent, market)
    else:
        params |= _conditional(intent, market)
    return Call(api="privatePostTradeOrderAlgo", params=params, group="place-algo")


def _conditional(intent: OrderSubmitted, market: Market) -> dict[str, Any]:
    if intent.trigger_price is None:
        raise NotSupportedError(f"okx: a {intent.order_type} order has a trigger price")
    to_limit = intent.price is not None
    # "sl" triggers when the price gets worse, "tp" when it gets better; both refuse a trigger that is passed already.
    kind = "sl" if intent.order_type in (STOP_MARKET, STOP_LIMIT) else "tp"
    fields: dict[str, Any] = {
        "ordType": "conditional",
        f"{kind}TriggerPx": plain(intent.trigger_price),
        f"{kind}TriggerPxType": _TRIGGER_BY[intent.trigger_by],
        f"{kind}OrdPx": plain(_price(intent)) if to_limit else _AT_MARKET,
    }
    if market.trade_type is SPOT and intent.side is BUY and not to_limit:
        fields["tgtCcy"] = "base_ccy"
    return fields


def _trailing(intent: OrderSubmitted, market: Market) -> dict[str, Any]:
    if intent.trail_bps is None:
        raise NotSupportedError("okx: a trailing stop has a distance")
    if intent.trigger_by is not LAST:
        raise NotSupportedError("okx: trailing stops follow the last price only")
    if market.trade_type is SPOT and intent.side is BUY:
        raise NotSupportedError("okx: in what the size of a spot trailing buy is counted is not documented")
    return {"ordType": "move_order_stop", "callbackRatio": plain(Decimal(intent.trail_bps) / BPS)}


def is_algo(order: Known) -> bool:
    """Whether the order is an algo order still, as far as we know."""
    return order.intent.order_type in TRIGGERED and order.child is None


def reference(order: Known) -> dict[str, str]:
    """Return how the order is named on the wire: by the venue's id where it is known, for client ids come again."""
    if is_algo(order):
        if order.order_id is not None:
            return {"algoId": order.order_id}
        return {"algoClOrdId": order.intent.client_order_id}
    known = order.child if order.child is not None else order.order_id
    return {"ordId": known} if known is not None else {"clOrdId": order.intent.client_order_id}


def cancel(order: Known, market: Market) -> Call:
    """Return the request to cancel an order. OKX has no deadline for it; it names one order and does no harm twice."""
    params: dict[str, Any] = {"instId": market.symbol, **reference(order)}
    if is_algo(order):
        return Call(api="privatePostTradeCancelAlgos", params={BODY: (params,)}, group="cancel-algo")
    return Call(api="privatePostTradeCancelOrder", params=params, group="cancel")


def amend(order: Known, market: Market, *, price: Price, amount: BaseAmount, now_ms: int, validity_ms: int) -> Call:
    """Return the request to change price and total amount of a limit order."""
    if order.intent.order_type is not LIMIT:
        raise NotSupportedError("okx: only limit orders are changed")
    params = {
        "instId": market.symbol,
        **reference(order),
        "newPx": plain(price),
        "newSz": size(amount, market),
        EXP_TIME: str(now_ms + validity_ms),
    }
    return Call(api="privatePostTradeAmendOrder", params=params, group="amend")


def set_one_way() -> tuple[Call, ...]:
    """Return the request for net positions: of the whole account; set again it answers as the first time."""
    return (Call(api="privatePostAccountSetPositionMode", params={"posMode": "net_mode"}, group="set-position-mode"),)


def set_leverage(market: Market, leverage: Decimal) -> tuple[Call, ...]:
    """Return the request for the leverage of a perp in cross margin."""
    if market.trade_type is not PERP:
        raise NotSupportedError("okx: leverage is of perps only")
    params = {"instId": market.symbol, "lever": plain(leverage), "mgnMode": "cross"}
    return (Call(api="privatePostAccountSetLeverage", params=params, group="set-leverage"),)
