"""Spot: orders, trades, the account."""

from decimal import Decimal
from typing import Any

from messages.units import LAST, SPOT, OrderType, Side, TimeInForce
from ops.testbed.exchange.binance.calls import (
    Call,
    Route,
    Routes,
    always,
    collected,
    named,
    page_of_trades,
    span_of,
    unless_symbol,
)
from ops.testbed.exchange.binance.params import Params
from ops.testbed.exchange.binance.shown import (
    cancelled_spot_order,
    new_spot_order,
    spot_order,
    spot_trade,
)
from ops.testbed.exchange.binance.text import eight
from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import SPOT_WALLET, Market, Order, Permission, Placement, SelfTrade, Trigger

DAY_MS = 24 * 60 * 60 * 1_000
_LIMITED = frozenset({"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
_TRIGGERED = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
_TYPES = _LIMITED | _TRIGGERED | {"MARKET"}
_TRAILS = (10, 2_000)
"""Least and most `trailingDelta`, as the filter TRAILING_DELTA of a sample exchangeInfo has it."""
_BPS = 10_000


def placement(call: Call) -> Placement:
    """Read a new order."""
    params, market = call.params, call.market(SPOT)
    side, kind = params.side(), params.need("type").upper()
    if kind not in _TYPES:
        raise RejectError(Reject.BAD_PARAMETER, "type")
    quote_amount = params.number("quoteOrderQty") if kind == "MARKET" else None
    return Placement(
        market=market,
        side=side,
        type=OrderType.LIMIT if kind in _LIMITED else OrderType.MARKET,
        amount=None if quote_amount is not None else params.need_number("quantity"),
        quote_amount=quote_amount,
        price=params.need_number("price") if kind in _LIMITED else None,
        tif=_time_in_force(params, kind),
        post_only=kind == "LIMIT_MAKER",
        client_order_id=call.client_id("newClientOrderId", "spot"),
        trigger=_trigger(params, kind, side) if kind in _TRIGGERED else None,
        self_trade=params.self_trade(SelfTrade.EXPIRE_MAKER),
        words={"type": kind},
    )


def _time_in_force(params: Params, kind: str) -> TimeInForce:
    found = params.text("timeInForce").upper()
    if kind not in _LIMITED or kind == "LIMIT_MAKER":
        return TimeInForce.GTC
    if not found:
        raise RejectError(Reject.MISSING_PARAMETER, "timeInForce")
    if found not in TimeInForce.__members__:
        raise RejectError(Reject.BAD_PARAMETER, "timeInForce")
    return TimeInForce(found)


def _trigger(params: Params, kind: str, side: Side) -> Trigger:
    """Read what an order waits for: a stop for a worse price, a take-profit for a better one."""
    is_stop = kind.startswith("STOP_LOSS")
    rising = (side is Side.BUY) == is_stop
    trail, stop = params.whole("trailingDelta"), params.number("stopPrice")
    if trail is None:
        if stop is None:
            raise RejectError(Reject.MISSING_PARAMETER, "stopPrice")
        return Trigger(by=LAST, rising=rising, price=stop)
    if not is_stop:
        raise RejectError(Reject.UNSUPPORTED, "trailingDelta")
    if not _TRAILS[0] <= trail <= _TRAILS[1]:
        raise RejectError(Reject.BAD_PARAMETER, "trailingDelta")
    return Trigger(by=LAST, rising=rising, price=None, trail_rate=Decimal(trail) / _BPS, activation=stop)


def place(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/order."""
    wanted = placement(call)
    form = call.params.text("newOrderRespType").upper() or (
        "FULL" if wanted.words["type"] in {"MARKET", "LIMIT"} else "ACK"
    )
    if form not in {"ACK", "RESULT", "FULL"}:
        raise RejectError(Reject.BAD_PARAMETER, "newOrderRespType")
    with collected(call.engine) as trades:
        order = call.engine.place(call.uid, wanted)
    own = [trade for trade in trades if trade.uid == order.uid and _is_of(trade.order_id, trade.market, order)]
    return new_spot_order(order, own, form)


def _is_of(order_id: str, market: Market, order: Order) -> bool:
    return order_id == order.order_id and market.key == order.market.key


def test_place(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v3/order/test: only looks at it."""
    placement(call)
    return {}


def cancel(call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /api/v3/order."""
    order = call.engine.cancel(call.uid, call.market(SPOT), **named(call))
    return cancelled_spot_order(order, call.client_id("newClientOrderId", "spot"))


def cancel_all(call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /api/v3/openOrders: of one symbol."""
    orders = call.engine.cancel_all(call.uid, SPOT, call.market(SPOT))
    if not orders:
        raise RejectError(Reject.ORDER_UNKNOWN)
    return [cancelled_spot_order(order, call.made_id()) for order in orders]


def look_up(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/order."""
    found = call.engine.find(call.uid, call.market(SPOT), **named(call))
    if found is None:
        raise RejectError(Reject.ORDER_UNKNOWN)
    return spot_order(found)


def open_orders(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/openOrders."""
    return [spot_order(order) for order in call.engine.open_orders(call.uid, SPOT, call.market_or_all(SPOT))]


def all_orders(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/allOrders: from an id on, from a time on, or the last ones."""
    since, until = span_of(call, longest_ms=DAY_MS)
    orders = call.engine.orders(call.uid, SPOT, call.market(SPOT), since_ms=since, until_ms=until)
    return [spot_order(order) for order in page_of_orders(call, orders, most=1_000)]


def page_of_orders(call: Call, orders: Any, *, most: int) -> list[Order]:  # noqa: ANN401 - a sequence of orders
    """Return the page of orders that is asked for."""
    limit, first = call.params.limit(most, 500), call.params.whole("orderId")
    if first is not None:
        return [order for order in orders if int(order.order_id) >= first][:limit]
    return list(orders[:limit] if call.params.text("startTime") else orders[-limit:])


def my_trades(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/myTrades: 24 hours at most between start and end."""
    since, until = span_of(call, longest_ms=DAY_MS)
    order_id = call.params.whole("orderId")
    trades = call.engine.trades(
        call.uid,
        SPOT,
        call.market(SPOT),
        order_id="" if order_id is None else str(order_id),
        since_ms=since,
        until_ms=until,
    )
    return [spot_trade(trade) for trade in page_of_trades(call, trades, most=1_000, usual=500)]


def account(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/account."""
    rates = {
        "maker": eight(Decimal("0.001")),
        "taker": eight(Decimal("0.001")),
        "buyer": eight(None),
        "seller": eight(None),
    }
    held = call.engine.balances(call.uid, SPOT_WALLET)
    hide = call.params.flag("omitZeroBalances")
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates,
        "canTrade": call.key is not None and Permission.TRADE in call.key.permissions,
        "canWithdraw": call.key is not None and Permission.WITHDRAW in call.key.permissions,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.engine.now_ms(),
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": eight(balance.free), "locked": eight(balance.held)}
            for asset, balance in sorted(held.items())
            if balance.total or not hide
        ],
        "permissions": ["SPOT"],
        "uid": int(call.uid),
    }


def commission(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/account/commission."""
    market = call.market(SPOT)
    maker, taker = call.engine.commission(call.uid, market)
    none = {"maker": eight(None), "taker": eight(None), "buyer": eight(None), "seller": eight(None)}
    return {
        "symbol": market.symbol,
        "standardCommission": none | {"maker": eight(maker), "taker": eight(taker)},
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": eight(None),
        },
    }


_TRADES = Permission.TRADE
_OURS, _THEIRS = "newClientOrderId", "origClientOrderId"
ROUTES: Routes = {
    ("POST", "/api/v3/order"): Route(
        Op.PLACE, "spot", place, always(1), orders=True, permission=_TRADES, client_id=_OURS
    ),
    ("POST", "/api/v3/order/test"): Route(Op.OTHER, "spot", test_place, always(1), permission=_TRADES),
    ("DELETE", "/api/v3/order"): Route(Op.CANCEL, "spot", cancel, always(1), permission=_TRADES, client_id=_THEIRS),
    ("DELETE", "/api/v3/openOrders"): Route(Op.CANCEL_ALL, "spot", cancel_all, always(1), permission=_TRADES),
    ("GET", "/api/v3/order"): Route(Op.LOOK_UP, "spot", look_up, always(4), client_id=_THEIRS),
    ("GET", "/api/v3/openOrders"): Route(Op.OPEN_ORDERS, "spot", open_orders, unless_symbol(6, 80)),
    ("GET", "/api/v3/allOrders"): Route(Op.HISTORY, "spot", all_orders, always(20)),
    ("GET", "/api/v3/myTrades"): Route(
        Op.TRADES, "spot", my_trades, lambda params: 5 if params.text("orderId") else 20
    ),
    ("GET", "/api/v3/account"): Route(Op.BALANCES, "spot", account, always(20)),
    ("GET", "/api/v3/account/commission"): Route(Op.ACCOUNT, "spot", commission, always(20)),
}
