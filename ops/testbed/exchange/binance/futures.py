"""USD-M futures: orders of the matching engine and of the algo service, and their trades."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from messages.units import LAST, MARK, PERP, OrderType, Side, TimeInForce
from ops.testbed.exchange.binance.calls import (
    Call,
    Named,
    Route,
    Routes,
    always,
    named,
    page_of_trades,
    span_of,
    unless_symbol,
)
from ops.testbed.exchange.binance.params import Params
from ops.testbed.exchange.binance.shown import algo_order, became, perp_order, perp_trade
from ops.testbed.exchange.binance.spot import DAY_MS, page_of_orders
from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market, Order, Permission, Placement, SelfTrade, Trigger

DUAL = "dual"
"""Name of the setting that holds the position mode: "true" for hedge mode."""
WEEK_MS = 7 * DAY_MS
_CONDITIONAL = MappingProxyType(
    {
        "STOP": (True, OrderType.LIMIT),
        "STOP_MARKET": (True, OrderType.MARKET),
        "TAKE_PROFIT": (False, OrderType.LIMIT),
        "TAKE_PROFIT_MARKET": (False, OrderType.MARKET),
        "TRAILING_STOP_MARKET": (True, OrderType.MARKET),
    }
)
"""Types of the algo service: whether one is a stop, and what it becomes."""
_TIMES: Mapping[str, tuple[TimeInForce, bool]] = MappingProxyType(
    {
        "GTC": (TimeInForce.GTC, False),
        "IOC": (TimeInForce.IOC, False),
        "FOK": (TimeInForce.FOK, False),
        "GTX": (TimeInForce.GTC, True),
    }
)
_RATES = (Decimal("0.1"), Decimal(10))
"""Least and most `callbackRate`, in percent; unverified."""


def check_position_side(call: Call) -> None:
    """Hold `positionSide` against the account's mode; the local exchange keeps net positions only."""
    is_dual = call.engine.setting(call.uid, DUAL) == "true"
    side = call.params.text("positionSide") or "BOTH"
    if is_dual != (side != "BOTH"):
        raise RejectError(Reject.POSITION_SIDE)
    if is_dual:
        raise RejectError(Reject.UNSUPPORTED, "hedge mode")


def _time_in_force(params: Params, *, needed: bool) -> tuple[TimeInForce, bool]:
    found = params.text("timeInForce").upper()
    if not found:
        if needed:
            raise RejectError(Reject.MISSING_PARAMETER, "timeInForce")
        return _TIMES["GTC"]
    if found not in _TIMES:
        raise RejectError(Reject.BAD_PARAMETER, "timeInForce")
    return _TIMES[found]


def place(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/order: limit and market orders alone."""
    params, market = call.params, call.market(PERP)
    side, kind = params.side(), params.need("type").upper()
    if kind not in {"LIMIT", "MARKET"}:
        raise RejectError(Reject.UNSUPPORTED, "use the algo service")
    check_position_side(call)
    tif, post_only = _time_in_force(params, needed=kind == "LIMIT")
    order = call.engine.place(
        call.uid,
        Placement(
            market=market,
            side=side,
            type=OrderType(kind),
            amount=params.need_number("quantity"),
            price=params.need_number("price") if kind == "LIMIT" else None,
            tif=tif if kind == "LIMIT" else TimeInForce.GTC,
            post_only=post_only,
            reduce_only=params.flag("reduceOnly"),
            client_order_id=call.client_id("newClientOrderId", "perp"),
            self_trade=params.self_trade(SelfTrade.EXPIRE_MAKER),
            words={"type": kind},
        ),
    )
    return perp_order(order)


def place_algo(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/algoOrder: orders that wait for a trigger."""
    params, market = call.params, call.market(PERP)
    side, kind = params.side(), params.need("type").upper()
    if params.need("algoType") != "CONDITIONAL" or kind not in _CONDITIONAL:
        raise RejectError(Reject.BAD_PARAMETER, "type")
    check_position_side(call)
    is_stop, becomes = _CONDITIONAL[kind]
    tif, post_only = _time_in_force(params, needed=False)
    closes = params.flag("closePosition")
    order = call.engine.place(
        call.uid,
        Placement(
            market=market,
            side=side,
            type=becomes,
            amount=None if closes else params.need_number("quantity"),
            price=params.need_number("price") if becomes is OrderType.LIMIT else None,
            tif=tif,
            post_only=post_only,
            reduce_only=params.flag("reduceOnly"),
            close_position=closes,
            client_order_id=call.client_id("clientAlgoId", "perp"),
            trigger=_trigger(params, kind, side, is_stop=is_stop),
            self_trade=params.self_trade(SelfTrade.NONE),
            words={"type": kind},
        ),
    )
    return algo_order(order, None)


def _trigger(params: Params, kind: str, side: Side, *, is_stop: bool) -> Trigger:
    working = params.text("workingType") or "CONTRACT_PRICE"
    if working not in {"CONTRACT_PRICE", "MARK_PRICE"}:
        raise RejectError(Reject.BAD_PARAMETER, "workingType")
    by, rising = MARK if working == "MARK_PRICE" else LAST, (side is Side.BUY) == is_stop
    if kind != "TRAILING_STOP_MARKET":
        return Trigger(by=by, rising=rising, price=params.need_number("triggerPrice"))
    rate = params.need_number("callbackRate")
    if not _RATES[0] <= rate <= _RATES[1]:
        raise RejectError(Reject.BAD_PARAMETER, "callbackRate")
    return Trigger(by=by, rising=rising, price=None, trail_rate=rate / 100, activation=params.number("activatePrice"))


def _meant(call: Call, market: Market, name: Named, *, trigger: bool) -> Named:
    """Name an order of one of the two services: a trigger order and its successor share a client id.

    One that look-ups don't see yet is left to the engine, by the name that was given.
    """
    found = call.engine.find(call.uid, market, trigger=trigger, **name)
    if found is not None:
        return Named(order_id=found.order_id, client_order_id="")
    if call.engine.find(call.uid, market, trigger=not trigger, **name) is not None:
        raise RejectError(Reject.ORDER_UNKNOWN)
    return name


def cancel(call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/order."""
    market = call.market(PERP)
    meant = _meant(call, market, named(call), trigger=False)
    return perp_order(call.engine.cancel(call.uid, market, **meant))


def cancel_all(call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/allOpenOrders: of one symbol, algo orders not among them."""
    call.engine.cancel_all(call.uid, PERP, call.market(PERP), waiting=False)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def cancel_all_algo(call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/algoOpenOrders."""
    call.engine.cancel_all(call.uid, PERP, call.market(PERP), waiting=True)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def amend(call: Call) -> Any:  # noqa: ANN401 - JSON
    """PUT /fapi/v1/order: price and quantity of a limit order, both required."""
    params, market = call.params, call.market(PERP)
    side, meant = params.side(), _meant(call, market, named(call), trigger=False)
    seen = call.engine.find(call.uid, market, trigger=False, **meant)
    if seen is not None and (seen.side is not side or seen.type is not OrderType.LIMIT):
        raise RejectError(Reject.NOT_AMENDABLE if seen.side is side else Reject.BAD_PARAMETER, "side")
    price, amount = params.need_number("price"), params.need_number("quantity")
    return perp_order(call.engine.amend(call.uid, market, price=price, amount=amount, **meant))


def look_up(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/order."""
    found = call.engine.find(call.uid, call.market(PERP), trigger=False, **named(call))
    if found is None:
        raise RejectError(Reject.ORDER_UNKNOWN)
    return perp_order(found)


def open_order(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/openOrder: the order while it is open."""
    found = call.engine.find(call.uid, call.market(PERP), trigger=False, **named(call))
    if found is None or found.ended:
        raise RejectError(Reject.ORDER_UNKNOWN)
    return perp_order(found)


def open_orders(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/openOrders."""
    market = call.market_or_all(PERP)
    return [perp_order(order) for order in call.engine.open_orders(call.uid, PERP, market, waiting=False)]


def all_orders(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/allOrders: from an id on, from a time on, or the last ones."""
    since, until = span_of(call, longest_ms=WEEK_MS)
    orders = call.engine.orders(call.uid, PERP, call.market(PERP), since_ms=since, until_ms=until, trigger=False)
    return [perp_order(order) for order in page_of_orders(call, orders, most=1_000)]


def user_trades(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/userTrades: 7 days at most, the last 7 by default; `fromId` goes without times."""
    since, until = span_of(call, longest_ms=WEEK_MS)
    order_id, first = call.params.whole("orderId"), call.params.whole("fromId")
    if first is not None and (call.params.text("startTime") or call.params.text("endTime")):
        raise RejectError(Reject.BAD_PARAMETER, "fromId")
    if not since and first is None and order_id is None:
        since = (until or call.engine.now_ms()) - WEEK_MS
    trades = call.engine.trades(
        call.uid,
        PERP,
        call.market(PERP),
        order_id="" if order_id is None else str(order_id),
        since_ms=since,
        until_ms=until,
    )
    return [perp_trade(trade) for trade in page_of_trades(call, trades, most=1_000, usual=500)]


def _algo(call: Call) -> tuple[Market, Named]:
    """Return which algo order is meant: without a symbol the market is the one that has it."""
    name, market = named(call, "algoId", "clientAlgoId"), call.market_or_all(PERP)
    if market is not None:
        return market, name
    perps = [each for each in call.engine.markets.values() if each.product is PERP]
    for each in perps:
        if call.engine.find(call.uid, each, trigger=True, **name) is not None:
            return each, name
    return perps[0], name


def cancel_algo(call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/algoOrder: until it has triggered."""
    market, name = _algo(call)
    order = call.engine.cancel(call.uid, market, **_meant(call, market, name, trigger=True))
    return {"algoId": int(order.order_id), "clientAlgoId": order.client_order_id, "code": "200", "msg": "success"}


def look_up_algo(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/algoOrder."""
    market, name = _algo(call)
    found = call.engine.find(call.uid, market, trigger=True, **name)
    if found is None:
        raise RejectError(Reject.ORDER_UNKNOWN)
    return _shown(call, found)


def _shown(call: Call, order: Order) -> dict[str, Any]:
    return algo_order(order, became(call.engine, order))


def open_algo_orders(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/openAlgoOrders."""
    market = call.market_or_all(PERP)
    return [_shown(call, order) for order in call.engine.open_orders(call.uid, PERP, market, waiting=True)]


def all_algo_orders(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/allAlgoOrders."""
    since, until = span_of(call, longest_ms=WEEK_MS)
    orders = call.engine.orders(call.uid, PERP, call.market(PERP), since_ms=since, until_ms=until, trigger=True)
    first = call.params.whole("algoId")
    kept = [order for order in orders if first is None or int(order.order_id) >= first]
    return [_shown(call, order) for order in kept[: call.params.limit(1_000, 500)]]


_TRADES = Permission.TRADE
_OURS, _THEIRS, _ALGO = "newClientOrderId", "origClientOrderId", "clientAlgoId"
ROUTES: Routes = {
    ("POST", "/fapi/v1/order"): Route(
        Op.PLACE, "perp", place, always(0), orders=True, permission=_TRADES, client_id=_OURS
    ),
    ("PUT", "/fapi/v1/order"): Route(
        Op.AMEND, "perp", amend, always(0), orders=True, permission=_TRADES, client_id=_THEIRS
    ),
    ("DELETE", "/fapi/v1/order"): Route(Op.CANCEL, "perp", cancel, always(1), permission=_TRADES, client_id=_THEIRS),
    ("DELETE", "/fapi/v1/allOpenOrders"): Route(Op.CANCEL_ALL, "perp", cancel_all, always(1), permission=_TRADES),
    ("GET", "/fapi/v1/order"): Route(Op.LOOK_UP, "perp", look_up, always(1), client_id=_THEIRS),
    ("GET", "/fapi/v1/openOrder"): Route(Op.LOOK_UP, "perp", open_order, always(1), client_id=_THEIRS),
    ("GET", "/fapi/v1/openOrders"): Route(Op.OPEN_ORDERS, "perp", open_orders, unless_symbol(1, 40)),
    ("GET", "/fapi/v1/allOrders"): Route(Op.HISTORY, "perp", all_orders, always(5)),
    ("GET", "/fapi/v1/userTrades"): Route(Op.TRADES, "perp", user_trades, always(5)),
    ("POST", "/fapi/v1/algoOrder"): Route(
        Op.PLACE, "perp", place_algo, always(0), orders=True, permission=_TRADES, client_id=_ALGO
    ),
    ("DELETE", "/fapi/v1/algoOrder"): Route(
        Op.CANCEL, "perp", cancel_algo, always(1), permission=_TRADES, client_id=_ALGO
    ),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Route(Op.CANCEL_ALL, "perp", cancel_all_algo, always(1), permission=_TRADES),
    ("GET", "/fapi/v1/algoOrder"): Route(Op.LOOK_UP, "perp", look_up_algo, always(1), client_id=_ALGO),
    ("GET", "/fapi/v1/openAlgoOrders"): Route(Op.OPEN_ORDERS, "perp", open_algo_orders, unless_symbol(1, 40)),
    ("GET", "/fapi/v1/allAlgoOrders"): Route(Op.HISTORY, "perp", all_algo_orders, always(5)),
}
