"""Small samples of what Bybit says, and builders of what we ask."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from actors.exchange.wire.contract import Known, Market, Query
from messages.orders import OrderSubmitted
from messages.units import (
    BUY,
    LIMIT,
    LIMITED,
    PERP,
    SPOT,
    TRAILING_STOP,
    TRIGGERED,
    Amount,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    OrderId,
    OrderType,
    Price,
    Rate,
)
from tests.actors.exchange.wire.markets import sample

T = TypeVar("T")
D = Decimal
SPOT_ETH = sample("bybit", SPOT, lot="0.00001")
PERP_ETH = sample("bybit", PERP)
PERP_BTC = sample("bybit", PERP, "BTC", tick="0.1", lot="0.001")
MARKETS = (SPOT_ETH, PERP_ETH, PERP_BTC)
BY_SYMBOL = {(market.trade_type, market.symbol): market for market in MARKETS}
OURS = ClientOrderId("xOurOrder1")
NOW_MS = 1_760_000_000_000


def intent(market: Market = PERP_ETH, order_type: OrderType = LIMIT, /, **changed: object) -> OrderSubmitted:
    """Return an intent to buy with the terms that its type needs, and others as wanted."""
    whole = OrderSubmitted(
        instruction_id=InstructionId("i1"),
        client_order_id=OURS,
        venue=market.venue,
        instrument=market.instrument,
        side=BUY,
        amount=BaseAmount(D("0.50")),
        order_type=order_type,
        price=Price(D("3000.10")) if order_type in LIMITED else None,
        reduce_only=False,
        reference_price=Price(D(3000)),
        held_asset=market.quote,
        held_amount=Amount(D(0)),
        trigger_price=Price(D("2900.00")) if order_type in TRIGGERED - {TRAILING_STOP} else None,
        trail_bps=Rate(D(50)) if order_type is TRAILING_STOP else None,
    )
    return msgspec.structs.replace(whole, **changed)


def known(submitted: OrderSubmitted | None = None, *, order_id: str | None = "o-1", child: str | None = None) -> Known:
    """Return an order of ours as far as we know it."""
    submitted = submitted or intent()
    return Known(
        intent=submitted,
        amount=submitted.amount,
        price=submitted.price,
        order_id=None if order_id is None else OrderId(order_id),
        child=None if child is None else OrderId(child),
    )


def answer(result: Mapping[str, Any], **changed: object) -> dict[str, Any]:
    """Return the envelope with a result in it."""
    return {"retCode": 0, "retMsg": "OK", "result": dict(result), "retExtInfo": {}, "time": NOW_MS, **changed}


def page(rows: Sequence[Mapping[str, Any]], cursor: str = "", key: str = "list") -> dict[str, Any]:
    """Return an answer with a list."""
    return answer({key: list(rows), "nextPageCursor": cursor, "category": "linear"})


def order_row(**changed: object) -> dict[str, Any]:
    """Return an order as REST shows it: ours, open, nothing filled."""
    return {
        "orderId": "o-1",
        "orderLinkId": OURS,
        "symbol": "ETHUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "price": "3000.10",
        "qty": "0.50",
        "orderStatus": "New",
        "cancelType": "UNKNOWN",
        "rejectReason": "EC_NoError",
        "cumExecQty": "0.00",
        "leavesQty": "0.50",
        "avgPrice": "",
        "timeInForce": "GTC",
        "stopOrderType": "",
        "triggerPrice": "0.00",
        "triggerDirection": 0,
        "triggerBy": "",
        "marketUnit": "",
        "reduceOnly": False,
        "positionIdx": 0,
        "createdTime": "1759999999000",
        "updatedTime": "1759999999500",
        **changed,
    }


def trade_row(**changed: object) -> dict[str, Any]:
    """Return an execution as REST shows it."""
    return {
        "execId": "e-1",
        "orderId": "o-1",
        "orderLinkId": OURS,
        "symbol": "ETHUSDT",
        "side": "Buy",
        "execQty": "0.20",
        "execPrice": "3000.05",
        "execFee": "0.330005",
        "feeCurrency": "",
        "feeRate": "0.00055",
        "execType": "Trade",
        "isMaker": False,
        "execTime": "1759999999400",
        "leavesQty": "0.30",
        "seq": 77,
        **changed,
    }


def read_all(queries: Sequence[Query[T]], answers: Mapping[str, Any]) -> tuple[list[T], list[Mapping[str, Any]]]:
    """Ask queries, and their following pages, of a table from cursor (or symbol, or nothing) to answer.

    Returns what was read, and the parameters of every request.
    """
    items: list[T] = []
    asked: list[Mapping[str, Any]] = []
    for first in queries:
        query: Query[T] | None = first
        while query is not None:
            params = query.call.params
            asked.append(params)
            found = query.read(answers[params.get("cursor") or params.get("symbol") or ""])
            items += found.items
            query = found.next
    return items, asked
