"""Look-ups of orders and fills."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actors.exchange.wire.binance.answers import (
    algo_order,
    perp_order,
    perp_trade,
    spot_order,
    spot_trade,
    with_child,
)
from actors.exchange.wire.binance.fields import Fields, rows
from actors.exchange.wire.binance.history import Ledger, Span, cut, spanned
from actors.exchange.wire.binance.limits import DAY_MS, PERP_WEIGHT, SPOT_WEIGHT
from actors.exchange.wire.binance.orders import algo_named, is_algo, named
from actors.exchange.wire.contract import Call, Known, Market, Page, Query, SeenOrder, SeenTrade
from messages.units import PERP, OrderId

ABSENT = frozenset({"-2013"})
PAGE = 1_000
"""Most rows of a page of trades."""
SPOT_SPAN_MS = DAY_MS
"""Longest time between start and end of myTrades: 24 hours (rest-api.md)."""
PERP_SPAN_MS = 7 * DAY_MS
"""Longest time between start and end of userTrades: 7 days (developers.binance.com, account trade list)."""


def look_up(order: Known, market: Market) -> Query[SeenOrder]:
    """Return the look-up of one order."""
    return (
        _algo(algo_named(order, market), market)
        if is_algo(order.intent, market)
        else _plain(named(order, market), market)
    )


def look_up_by_id(order_id: OrderId, market: Market) -> list[Query[SeenOrder]]:
    """Return the look-ups of any order by the venue's id. Of futures it may be one of the algo service."""
    plain = _plain({"symbol": market.symbol, "orderId": str(order_id)}, market)
    return (
        [plain, _algo({"symbol": market.symbol, "algoId": str(order_id)}, market)]
        if market.trade_type is PERP
        else [plain]
    )


def _algo(params: Mapping[str, Any], market: Market) -> Query[SeenOrder]:
    call = Call(api="fapiPrivateGetAlgoOrder", params=params, group=PERP_WEIGHT)
    return Query(call=call, read=lambda answer: _algo_page(answer, market), absent=ABSENT)


def _plain(params: Mapping[str, Any], market: Market) -> Query[SeenOrder]:
    if market.trade_type is PERP:
        call = Call(api="fapiPrivateGetOrder", params=params, group=PERP_WEIGHT)
        return Query(call=call, read=lambda answer: _one(perp_order(Fields(answer, "order"), market)), absent=ABSENT)
    call = Call(api="privateGetOrder", params=params, group=SPOT_WEIGHT, weight=4)
    return Query(call=call, read=lambda answer: _one(spot_order(Fields(answer, "order"), market)), absent=ABSENT)


def _one(seen: SeenOrder) -> Page[SeenOrder]:
    return Page(items=(seen,))


def _algo_page(answer: object, market: Market) -> Page[SeenOrder]:
    """Return an algo order, or go on to the order that it became.

    That one is asked for by a list, as a list without it is no error: an order that has triggered must never look as
    if it had not been found.
    """
    algo = algo_order(Fields(answer, "algo order"), market)
    if algo.child is None:
        return _one(algo)
    params = {"symbol": market.symbol, "orderId": str(algo.child), "limit": 1}

    def read(found: Any) -> Page[SeenOrder]:  # noqa: ANN401 - decoded JSON
        orders = [perp_order(row, market) for row in rows(found, "orders from an id on")]
        children = [order for order in orders if order.order_id == algo.child]
        return _one(with_child(algo, children[0]) if children else algo)

    return Page(
        items=(),
        next=Query(call=Call(api="fapiPrivateGetAllOrders", params=params, group=PERP_WEIGHT, weight=5), read=read),
    )


def open_orders(markets: Sequence[Market]) -> list[Query[SeenOrder]]:
    """Return the reads of what is open or waits, symbol by symbol: without one they weigh 13 and 40 times as much."""
    found: list[Query[SeenOrder]] = []
    for market in markets:
        if market.trade_type is PERP:
            found.append(_listed("fapiPrivateGetOpenOrders", market, perp_order, group=PERP_WEIGHT, weight=1))
            found.append(_listed("fapiPrivateGetOpenAlgoOrders", market, algo_order, group=PERP_WEIGHT, weight=1))
        else:
            found.append(_listed("privateGetOpenOrders", market, spot_order, group=SPOT_WEIGHT, weight=6))
    return found


def _listed(
    api: str, market: Market, reader: Callable[[Fields, Market], SeenOrder], *, group: str, weight: int
) -> Query[SeenOrder]:
    def read(answer: Any) -> Page[SeenOrder]:  # noqa: ANN401 - decoded JSON
        return Page(items=tuple(reader(row, market) for row in rows(answer, "open orders")))

    call = Call(api=api, params={"symbol": market.symbol}, group=group, weight=weight)
    return Query(call=call, read=read)


def trades_of(order: Known, market: Market) -> list[Query[SeenTrade]]:
    """Return the read of an order's fills; an algo order that has not triggered has none."""
    venue_id = order.child if is_algo(order.intent, market) else order.order_id
    if venue_id is None:
        return []
    return [_trades(market, {"orderId": str(venue_id)}, weight=5)]


def _trades(
    market: Market, params: Mapping[str, Any], *, weight: int, after: Query[SeenTrade] | None = None
) -> Query[SeenTrade]:
    """Return the read of trades by increasing id, to the last one; `after` follows it."""

    def read(answer: Any) -> Page[SeenTrade]:  # noqa: ANN401 - decoded JSON
        count, items = _read_trades(answer, market)
        if count < PAGE:
            return Page(items=items, next=after)
        start = max(int(trade.trade_id) for trade in items) + 1
        return Page(items=items, next=_trades(market, {**params, "fromId": start}, weight=weight, after=after))

    return Query(call=_trades_call(market, params, weight), read=read)


def _trades_call(market: Market, params: Mapping[str, Any], weight: int) -> Call:
    asked = {"symbol": market.symbol, **params, "limit": PAGE}
    if market.trade_type is PERP:
        return Call(api="fapiPrivateGetUserTrades", params=asked, group=PERP_WEIGHT, weight=5)
    return Call(api="privateGetMyTrades", params=asked, group=SPOT_WEIGHT, weight=weight)


def _read_trades(answer: object, market: Market) -> tuple[int, tuple[SeenTrade, ...]]:
    reader = perp_trade if market.trade_type is PERP else spot_trade
    items = tuple(reader(row, market) for row in rows(answer, "own trades"))
    return len(items), items


def trades_since(market: Market, *, since_ms: int, now_ms: int) -> Query[SeenTrade]:
    """Return the read of all own trades of a market from a time on."""

    def ask(span: Span) -> Call:
        return _trades_call(market, {"startTime": span[0], "endTime": span[1]}, weight=20)

    def beyond(items: tuple[SeenTrade, ...], after: Query[SeenTrade] | None) -> Query[SeenTrade]:
        """Go on by id, as one large order may have more than a page of fills at once."""
        first = min(int(trade.trade_id) for trade in items)
        return _trades(market, {"fromId": first}, weight=20, after=after)

    length = PERP_SPAN_MS if market.trade_type is PERP else SPOT_SPAN_MS
    ledger = Ledger[SeenTrade](
        what="own trades", ask=ask, read=lambda answer: _read_trades(answer, market), full=PAGE, beyond=beyond
    )
    return spanned(ledger, cut(since_ms, now_ms, length))
