"""Looking at orders and fills."""

from collections.abc import Sequence

from messages.units import TradeType
from ops.testbed.exchange.bybit.asked import Asked, Result
from ops.testbed.exchange.bybit.forms import CATEGORIES, Row, funding_id, funding_row, order_row, trade_row
from ops.testbed.exchange.bybit.paging import Place, page
from ops.testbed.exchange.money import Kind
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market, Order, Status

_REMEMBERED_MS = 600_000
"""How long realtime still shows an order that ended: the venue keeps the last 500, until it restarts."""
_CLOSED = 500
_ORDERS, _TRADES = (20, 50), (50, 100)
"""Rows of a page: by default, at most. Source: docs/v5/order/{open-order,order-list,execution}.mdx."""


def realtime(asked: Asked) -> Result:
    """GET /v5/order/realtime."""
    product = asked.product
    if product is None:
        return _empty(asked)
    named = _named(asked, product, recent_ms=_REMEMBERED_MS)
    if named is not None:
        return _orders(asked, product, named)
    market = asked.market_or_none(product)
    if product is TradeType.PERP and not (market or asked.text("baseCoin") or asked.text("settleCoin")):
        raise RejectError(Reject.MISSING_PARAMETER, "symbol, baseCoin or settleCoin")
    if asked.integer("openOnly"):
        found = [order for order in asked.engine.orders(asked.uid, product, market) if order.ended][-_CLOSED:]
    else:
        found = list(asked.engine.open_orders(asked.uid, product, market))
    return _orders(asked, product, [order for order in found if _fits(asked, order)])


def history(asked: Asked) -> Result:
    """GET /v5/order/history: orders that ended, a week at once."""
    product = asked.product
    if product is None:
        return _empty(asked)
    named = _named(asked, product)
    if named is None:
        since, until = asked.span(both=True)
        market = asked.market_or_none(product)
        named = [*asked.engine.orders(asked.uid, product, market, since_ms=since, until_ms=until)]
    return _orders(asked, product, [order for order in named if order.ended and _fits(asked, order)])


def _empty(asked: Asked) -> Result:
    return {"category": asked.text("category"), "list": [], "nextPageCursor": ""}


def _named(asked: Asked, product: TradeType, *, recent_ms: int = 0) -> list[Order] | None:
    """Return the order that is asked for by an id, if there is one; None where none is asked for."""
    order_id, client_order_id = asked.text("orderId"), asked.text("orderLinkId")
    if not order_id and not client_order_id:
        return None
    found = asked.engine.find(
        asked.uid, None, order_id=order_id, client_order_id="" if order_id else client_order_id, recent_ms=recent_ms
    )
    return [found] if found is not None and found.market.product is product else []


def _fits(asked: Asked, order: Order) -> bool:
    kind = asked.text("orderFilter")
    waits = order.status is Status.WAITING
    return (
        asked.text("baseCoin", order.market.base) == order.market.base
        and asked.text("settleCoin", order.market.quote) == order.market.quote
        and (not kind or waits == (kind != "Order"))
    )


def _orders(asked: Asked, product: TradeType, orders: Sequence[Order]) -> Result:
    rows, cursor = page(asked, orders, _place_of, default=_ORDERS[0], most=_ORDERS[1])
    return {"category": CATEGORIES[product], "list": [order_row(order) for order in rows], "nextPageCursor": cursor}


def _place_of(order: Order) -> Place:
    return order.created_ms, order.order_id


def executions(asked: Asked) -> Result:
    """GET /v5/execution/list: fills, and funding payments as executions."""
    product = asked.product
    if product is None:
        return _empty(asked)
    found = _of_order(asked, product)
    if found is None:
        since, until = asked.span()
        market = asked.market_or_none(product)
        found = _fills(asked, product, market, since=since, until=until)
        found += _funding(asked, product, market, since=since, until=until)
        base, kind = asked.text("baseCoin"), asked.text("execType")
        found = [
            (place, row)
            for place, row in found
            if kind in {"", row["execType"]} and (not base or str(row["symbol"]).startswith(base))
        ]
    rows, cursor = page(asked, found, lambda each: each[0], default=_TRADES[0], most=_TRADES[1])
    return {"category": CATEGORIES[product], "list": [row for _, row in rows], "nextPageCursor": cursor}


Placed = list[tuple[Place, Row]]


def _of_order(asked: Asked, product: TradeType) -> Placed | None:
    """Return the fills of the order that is asked for; ids go before everything else. None where none is asked for."""
    if not asked.text("orderId") and not asked.text("orderLinkId"):
        return None
    named = _named(asked, product)
    return _fills(asked, product, named[0].market, order_id=named[0].order_id) if named else []


def _fills(
    asked: Asked,
    product: TradeType,
    market: Market | None,
    *,
    order_id: str = "",
    since: int = 0,
    until: int | None = None,
) -> Placed:
    engine, uid = asked.engine, asked.uid
    return [
        (
            (trade.at_ms, f"{trade.serial:020}"),
            trade_row(trade, engine.find(uid, trade.market, order_id=trade.order_id)),
        )
        for trade in engine.trades(uid, product, market, order_id=order_id, since_ms=since, until_ms=until)
    ]


def _funding(asked: Asked, product: TradeType, market: Market | None, *, since: int, until: int | None) -> Placed:
    if product is not TradeType.PERP:
        return []
    bills = asked.engine.bills(asked.uid, kinds=(Kind.FUNDING,), since_ms=since, until_ms=until)
    return [
        ((bill.at_ms, funding_id(bill)), funding_row(bill))
        for bill in bills
        if market is None or bill.market is None or bill.market.key == market.key
    ]
