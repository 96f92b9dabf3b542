"""Reads of OKX, page by page. Pure.

A list holds at most 100 rows, latest first; what is older is asked for with ``after``, the id of the last row.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from actors.exchange.wire.contract import (
    Call,
    Known,
    Market,
    Page,
    Query,
    SeenAccount,
    SeenBalance,
    SeenFunding,
    SeenOrder,
    SeenPosition,
    SeenTrade,
    SeenTransfer,
    UnreadableAnswerError,
)
from actors.exchange.wire.okx import answers
from actors.exchange.wire.okx.orders import is_algo
from actors.exchange.wire.okx.values import INST_TYPES, Row, millis, only, rows, text
from messages.units import PERP, InstrumentId, OrderId, TradeType

T = TypeVar("T")

_MOST = 100
_DAY_MS = 86_400_000
_FILLS_MS = 3 * _DAY_MS
_BILLS_MS = 7 * _DAY_MS
_EARLIER_MS = _DAY_MS // 2
"""So much before the end of what a quick endpoint keeps, the slow one with the whole history is asked."""
_ABSENT = frozenset({"51603"})
_INSTRUMENTS_A_CALL = 20
_ALGO_KINDS = ("conditional,oco", "trigger", "move_order_stop")


def paged(
    api: str,
    params: dict[str, Any],
    *,
    group: str,
    cursor: str,
    read: Callable[[list[Row]], tuple[T, ...]],
    if_none: Query[T] | None = None,
) -> Query[T]:
    """Return a read of all pages of a list.

    Args:
        api: Of each request.
        params: Of each request.
        group: Of each request.
        cursor: Field of a row that ``after`` takes.
        read: Takes the rows of a page.
        if_none: What to ask where the list is empty.
    """

    def page(after: str | None) -> Query[T]:
        asked = {**params, "limit": str(_MOST), **({} if after is None else {"after": after})}

        def took(answer: Any) -> Page[T]:  # noqa: ANN401 - decoded JSON
            data = rows(answer)
            if not data:
                return Page(items=(), next=if_none if after is None else None)
            last = text(data[-1], cursor)
            if last == after:
                raise UnreadableAnswerError("okx: the next page is the same one")
            return Page(items=read(data), next=page(last) if len(data) >= _MOST else None)

        return Query(call=Call(api=api, params=asked, group=group), read=took)

    return page(None)


def look_up(order: Known, market: Market) -> tuple[Query[SeenOrder], ...]:
    """Return how an order is found; of one that triggered the child first."""
    found: list[Query[SeenOrder]] = []
    if order.child is not None:
        found.append(_order(market, {"ordId": order.child}, of=order))
    if is_algo(order) or order.child is not None:
        found.append(_algo(market, _named("algoId", "algoClOrdId", order)))
    else:
        found.append(_order(market, _named("ordId", "clOrdId", order)))
    return tuple(found)


def _named(by_id: str, by_client_id: str, order: Known) -> dict[str, str]:
    if order.order_id is None:
        return {by_client_id: order.intent.client_order_id}
    return {by_id: order.order_id}


def look_up_by_id(order_id: OrderId, market: Market) -> tuple[Query[SeenOrder], ...]:
    """Return how any order is found by the venue's id: plain orders and trigger orders are asked for apart."""
    return (_order(market, {"ordId": order_id}), _algo(market, {"algoId": order_id}))


def _algo(market: Market, by: Mapping[str, str]) -> Query[SeenOrder]:
    call = Call(api="privateGetTradeOrderAlgo", params=by, group="algo")
    return Query(call=call, read=_reader(market, answers.algo), absent=_ABSENT)


def _order(market: Market, by: Mapping[str, str], *, of: Known | None = None) -> Query[SeenOrder]:
    call = Call(api="privateGetTradeOrder", params={"instId": market.symbol, **by}, group="order")
    return Query(call=call, read=_reader(market, lambda row, its: answers.order(row, its, of=of)), absent=_ABSENT)


def _reader(market: Market, read: Callable[[Row, Market], SeenOrder]) -> Callable[[Any], Page[SeenOrder]]:
    def took(answer: Any) -> Page[SeenOrder]:  # noqa: ANN401 - decoded JSON
        data = rows(answer)
        for row in data:
            if text(row, "instId") != market.symbol:
                raise UnreadableAnswerError("okx: the order that was asked for is of another instrument")
        return Page(items=tuple(read(row, market) for row in data))

    return took


def open_orders(markets: Sequence[Market]) -> tuple[Query[SeenOrder], ...]:
    """Return how the open and waiting orders of these markets are found."""
    found: list[Query[SeenOrder]] = []
    for product in sorted({market.trade_type for market in markets}, reverse=True):
        of = {"instType": INST_TYPES[product]}
        found.append(
            paged(
                "privateGetTradeOrdersPending",
                of,
                group="orders-pending",
                cursor="ordId",
                read=_among(markets, product, answers.order),
            )
        )
        found.extend(
            paged(
                "privateGetTradeOrdersAlgoPending",
                {"ordType": kind, **of},
                group="algos-pending",
                cursor="algoId",
                read=_among(markets, product, answers.algo),
            )
            for kind in _ALGO_KINDS
        )
    return tuple(found)


def _among(
    markets: Sequence[Market], product: TradeType, read: Callable[[Row, Market], T]
) -> Callable[[list[Row]], tuple[T, ...]]:
    ours = {market.symbol: market for market in markets if market.trade_type is product}

    def took(data: list[Row]) -> tuple[T, ...]:
        return tuple(read(row, ours[symbol]) for row in data if (symbol := text(row, "instId")) in ours)

    return took


def _fills(
    market: Market, more: Mapping[str, str], *, history: bool, if_none: Query[SeenTrade] | None = None
) -> Query[SeenTrade]:
    return paged(
        "privateGetTradeFillsHistory" if history else "privateGetTradeFills",
        {"instType": INST_TYPES[market.trade_type], "instId": market.symbol, **more},
        group="fills-history" if history else "fills",
        cursor="billId",
        read=_among((market,), market.trade_type, answers.trade),
        if_none=if_none,
    )


def trades_of(order: Known, market: Market) -> tuple[Query[SeenTrade], ...]:
    """Return how the fills of an order are found: those of three days, and if there are none those of three months."""
    known = order.child if order.child is not None else order.order_id
    if known is None or is_algo(order):
        return ()
    of = {"ordId": known}
    return (_fills(market, of, history=False, if_none=_fills(market, of, history=True)),)


def trades_since(market: Market, *, since_ms: int, now_ms: int) -> tuple[Query[SeenTrade], ...]:
    """Return how the trades of a market since a time are found."""
    old = now_ms - since_ms > _FILLS_MS - _EARLIER_MS
    return (_fills(market, {"begin": str(since_ms)}, history=old),)


def balances() -> tuple[Query[SeenBalance], ...]:
    """Return how the balances of the trading account are read."""
    call = Call(api="privateGetAccountBalance", params={}, group="balance")
    return (Query(call=call, read=lambda answer: Page(items=answers.balances(rows(answer)))),)


def positions(markets: Sequence[Market]) -> tuple[Query[SeenPosition], ...]:
    """Return how the positions are read."""
    if all(market.trade_type is not PERP for market in markets):
        return ()
    call = Call(api="privateGetAccountPositions", params={"instType": "SWAP"}, group="positions")
    return (Query(call=call, read=lambda answer: Page(items=answers.positions(rows(answer), markets))),)


def _bills(
    more: dict[str, str], read: Callable[[list[Row]], tuple[T, ...]], *, since_ms: int, now_ms: int
) -> tuple[Query[T], ...]:
    old = now_ms - since_ms > _BILLS_MS - _EARLIER_MS
    return (
        paged(
            "privateGetAccountBillsArchive" if old else "privateGetAccountBills",
            {**more, "begin": str(since_ms)},
            group="bills-archive" if old else "bills",
            cursor="billId",
            read=read,
        ),
    )


def funding_since(markets: Sequence[Market], *, since_ms: int, now_ms: int) -> tuple[Query[SeenFunding], ...]:
    """Return how the funding payments since a time are found."""
    if all(market.trade_type is not PERP for market in markets):
        return ()
    of = {"instType": "SWAP", "type": "8"}
    return _bills(of, lambda data: answers.fundings(data, markets), since_ms=since_ms, now_ms=now_ms)


def transfers_since(*, since_ms: int, now_ms: int) -> tuple[Query[SeenTransfer], ...]:
    """Return how what else moved balances since a time is found: all bills but those of trades and funding."""
    return _bills({}, answers.transfers, since_ms=since_ms, now_ms=now_ms)


def account(markets: Sequence[Market]) -> tuple[Query[SeenAccount], ...]:
    """Return how the account's settings are read."""
    call = Call(api="privateGetAccountConfig", params={}, group="config")
    return (Query(call=call, read=lambda answer: Page(items=(answers.account(only(answer), markets),))),)


def leverage(markets: Sequence[Market]) -> tuple[Query[tuple[InstrumentId, Decimal]], ...]:
    """Return how the leverage of these perps is read."""
    symbols = [market.symbol for market in markets if market.trade_type is PERP]
    return tuple(
        Query(
            call=Call(
                api="privateGetAccountLeverageInfo",
                params={"instId": ",".join(symbols[first : first + _INSTRUMENTS_A_CALL]), "mgnMode": "cross"},
                group="leverage",
            ),
            read=lambda answer: Page(items=answers.leverages(rows(answer), markets)),
        )
        for first in range(0, len(symbols), _INSTRUMENTS_A_CALL)
    )


def server_time() -> Query[int]:
    """Return how the venue's clock is read."""

    def took(answer: Any) -> Page[int]:  # noqa: ANN401 - decoded JSON
        now = millis(only(answer), "ts")
        if not now:
            raise UnreadableAnswerError("okx: no time")
        return Page(items=(now,))

    return Query(call=Call(api="publicGetPublicTime", params={}, group="time"), read=took)
