"""What Bybit's orders and fills mean, in answers and in frames alike, and how they are asked for.

An order keeps its id when it triggers. `Cancelled` holds all ends but fill and rejection: cancelType and rejectReason
say whose doing it was. Fees of fills are positive when charged.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from actors.exchange.wire.bybit.orders import category_of
from actors.exchange.wire.bybit.reading import (
    Row,
    flag,
    listing,
    millis,
    number,
    one,
    rows_of,
    said,
    side_of,
    text,
    word,
)
from actors.exchange.wire.contract import (
    Call,
    Known,
    Market,
    OrderStatus,
    Query,
    SeenOrder,
    SeenTrade,
    UnreadableAnswerError,
)
from messages.units import (
    BUY,
    MAKER,
    PERP,
    SPOT,
    TAKER,
    Asset,
    BaseAmount,
    ClientOrderId,
    OrderId,
    Price,
    Side,
    TradeId,
)

ORDERS_A_PAGE, TRADES_A_PAGE = 50, 100
"""The most that a page may hold (by default 20 and 50)."""
WEEK_MS = 7 * 24 * 60 * 60 * 1000
"""Longest span that one query may ask for."""
ZERO = Decimal(0)

_STATUSES: Mapping[str, OrderStatus] = {
    "Created": OrderStatus.OPEN,
    "New": OrderStatus.OPEN,
    "PartiallyFilled": OrderStatus.OPEN,
    "PendingCancel": OrderStatus.OPEN,
    "Untriggered": OrderStatus.WAITING,
    "Triggered": OrderStatus.OPEN,
    "Active": OrderStatus.OPEN,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "PartiallyFilledCanceled": OrderStatus.CANCELLED,
    "Deactivated": OrderStatus.CANCELLED,
    "Rejected": OrderStatus.REJECTED,
}
_TRIGGERED = frozenset({"Triggered", "Active", "New", "PartiallyFilled", "PartiallyFilledCanceled", "Filled"})
"""A conditional order in one of these was triggered. Cancelled may be either."""
_NO_TRADES = frozenset({"Funding"})
"""Executions that trade nothing. Liquidations and the like do."""


def order_of(row: Row, market: Market) -> SeenOrder:
    """Read an order. Raises `UnreadableAnswerError`."""
    venue_status = text(row, "orderStatus")
    status = _STATUSES.get(venue_status)
    if status is None:
        raise UnreadableAnswerError(f"unknown orderStatus {venue_status[:40]}")
    filled = number(row, "cumExecQty", ZERO)
    if status is OrderStatus.REJECTED and filled:
        status = OrderStatus.CANCELLED  # it traded, so it was an order once
    order_id = OrderId(text(row, "orderId"))
    trigger = None if word(row, "stopOrderType") == "TrailingStop" else number(row, "triggerPrice", ZERO) or None
    triggered = _is_conditional(row) and (venue_status in _TRIGGERED or filled > 0)
    return SeenOrder(
        instrument=market.instrument,
        order_id=order_id,
        client_order_id=ClientOrderId(word(row, "orderLinkId")),
        side=side_of(row),
        status=status,
        amount=BaseAmount(_amount(row, filled)),
        filled=BaseAmount(filled),
        price=_limit(row),
        reason=_reason(row, status),
        triggered=triggered,
        trigger_price=None if trigger is None else Price(trigger),
        child=order_id if triggered and market.trade_type is SPOT else None,
        updated_ms=millis(row, "updatedTime", 0) or millis(row, "createdTime", 0),
    )


def _is_conditional(row: Row) -> bool:
    return bool(said(row, "stopOrderType")) or number(row, "triggerPrice", ZERO) > 0


def _amount(row: Row, filled: Decimal) -> Decimal:
    """Return the total in base. A stranger's market order by value has none: what it got so far stands for it."""
    return filled if word(row, "marketUnit") == "quoteCoin" else number(row, "qty")


def _limit(row: Row) -> Price | None:
    """Return the limit; a market order of perps shows the bound that the venue gave it, which is none of ours."""
    found = number(row, "price", ZERO)
    return Price(found) if found and word(row, "orderType") == "Limit" else None


def _reason(row: Row, status: OrderStatus) -> str:
    if status not in {OrderStatus.CANCELLED, OrderStatus.REJECTED}:
        return ""
    return (said(row, "cancelType") or said(row, "rejectReason"))[:100]


def trades_of_row(row: Row, market: Market) -> Iterator[SeenTrade]:
    """Read an execution; those that trade nothing are none. Raises `UnreadableAnswerError`."""
    if text(row, "execType") in _NO_TRADES:
        return
    side, maker, fee = side_of(row), flag(row, "isMaker"), number(row, "execFee")
    yield SeenTrade(
        instrument=market.instrument,
        trade_id=TradeId(text(row, "execId")),
        order_id=OrderId(text(row, "orderId")),
        client_order_id=ClientOrderId(word(row, "orderLinkId")),
        side=side,
        amount=BaseAmount(number(row, "execQty")),
        price=Price(number(row, "execPrice")),
        fee=fee,
        fee_asset=Asset(word(row, "feeCurrency")) or fee_asset(market, side, rebate=maker and fee < 0),
        liquidity=MAKER if maker else TAKER,
        at_ms=millis(row, "execTime"),
    )


def fee_asset(market: Market, side: Side, *, rebate: bool) -> Asset:
    """Return what a fee is charged in where the venue leaves it out.

    On spot in the asset received; a maker's rebate is paid in the one given. Source: docs/v5/enum.mdx, "Spot Fee
    Currency Instruction". Perps settle in quote.
    """
    if market.trade_type is PERP:
        return market.quote
    return market.base if (side is BUY) is not rebate else market.quote


def look_up(order: Known, market: Market) -> Sequence[Query[SeenOrder]]:
    """Ask for an order by client id: open and lately closed ones, then history.

    The first forgets closed orders when the venue restarts, the second lags behind.
    """
    return _look_up({"orderLinkId": order.intent.client_order_id}, market)


def look_up_by_id(order_id: OrderId, market: Market) -> Sequence[Query[SeenOrder]]:
    """Ask for an order by the venue's id, as `look_up`."""
    return _look_up({"orderId": order_id}, market)


def _look_up(name: Mapping[str, str], market: Market) -> Sequence[Query[SeenOrder]]:
    params = {"category": category_of(market), "symbol": market.symbol, **name, "limit": ORDERS_A_PAGE}
    of_these = _orders_of({market.symbol: market})

    def read(result: Row) -> Iterator[SeenOrder]:
        return (seen for row in rows_of(result, "list") for seen in of_these(row))

    return [
        one(Call(api=api, params=params, group=group), read)
        for api, group in (("privateGetV5OrderRealtime", "realtime"), ("privateGetV5OrderHistory", "history"))
    ]


def _orders_of(markets: Mapping[str, Market]) -> Callable[[Row], Iterator[SeenOrder]]:
    """Return what reads the orders of these markets, by symbol, and passes over the rest."""

    def read(row: Row) -> Iterator[SeenOrder]:
        if (market := markets.get(text(row, "symbol"))) is not None:
            yield order_of(row, market)

    return read


def open_orders(markets: Sequence[Market]) -> Sequence[Query[SeenOrder]]:
    """Ask for all open and waiting orders: once for spot, once for each asset that perps settle in."""
    found = []
    for scope, chosen in by_scope(markets):
        params = {**scope, "openOnly": 0, "limit": ORDERS_A_PAGE}
        call = Call(api="privateGetV5OrderRealtime", params=params, group="realtime")
        found.append(listing(call, _orders_of({market.symbol: market for market in chosen})))
    return found


def by_scope(markets: Sequence[Market]) -> Iterator[tuple[dict[str, str], list[Market]]]:
    """Yield the parameters that name a group of markets, with these."""
    spot = [market for market in markets if market.trade_type is SPOT]
    if spot:
        yield {"category": "spot"}, spot
    for asset in sorted({market.quote for market in markets if market.trade_type is PERP}):
        yield (
            {"category": "linear", "settleCoin": asset},
            [market for market in markets if market.trade_type is PERP and market.quote == asset],
        )


def trades_of(order: Known, market: Market) -> Sequence[Query[SeenTrade]]:
    """Ask for all fills of one order."""
    name, value = (
        ("orderLinkId", order.intent.client_order_id) if order.order_id is None else ("orderId", order.order_id)
    )
    return [_executions(market, {name: value})]


def trades_since(market: Market, *, since_ms: int, now_ms: int) -> Sequence[Query[SeenTrade]]:
    """Ask for all own trades of a market, a week a query."""
    return [_executions(market, {"symbol": market.symbol, **span}) for span in weeks(since_ms, now_ms)]


def weeks(since_ms: int, now_ms: int) -> Iterator[dict[str, int]]:
    """Yield spans that cover the time from `since_ms` on. The last has no end, so that a fast clock loses nothing."""
    start = max(since_ms, 0)
    while start + WEEK_MS <= now_ms:
        yield {"startTime": start, "endTime": start + WEEK_MS - 1}
        start += WEEK_MS
    yield {"startTime": start}


def _executions(market: Market, params: Mapping[str, object]) -> Query[SeenTrade]:
    call = Call(
        api="privateGetV5ExecutionList",
        params={"category": category_of(market), **params, "limit": TRADES_A_PAGE},
        group="executions",
    )
    return listing(call, lambda row: trades_of_row(row, market) if text(row, "symbol") == market.symbol else ())
