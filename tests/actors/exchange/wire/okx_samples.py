"""Markets, orders and messages of OKX for the tests of its dialect: small, of the true shape, with defaults."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from actors.exchange.wire.contract import Known, Market, Page, Query
from messages.orders import OrderSubmitted
from messages.units import (
    LIMIT,
    PERP,
    SPOT,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    OrderId,
    Price,
    Side,
    TradeType,
    VenueName,
)
from tests.actors.exchange.wire.markets import sample

D = Decimal
NOW_MS = 1_760_000_000_000
OURS = "x1bUuRtQ7yyA0zF4pJk2cD9eS6hG3nL8"


def market(symbol: str, product: TradeType, contract_size: str = "1") -> Market:
    """Return one market."""
    base = symbol.partition("-")[0]
    return sample("okx", product, base, symbol=symbol, lot="0.001", contract_size=contract_size)


ETH = market("ETH-USDT", SPOT)
SWAP = market("ETH-USDT-SWAP", PERP, "0.1")
BTC_SWAP = market("BTC-USDT-SWAP", PERP, "0.01")
MARKETS: Mapping[tuple[TradeType, str], Market] = {
    (each.trade_type, each.symbol): each for each in (ETH, SWAP, BTC_SWAP)
}


def intent(its: Market = ETH, **changes: Any) -> OrderSubmitted:  # noqa: ANN401 - any field
    """Return an intent: a limit order to buy 0.5 at 2500, unless it says otherwise."""
    fields: dict[str, Any] = {
        "instruction_id": InstructionId("i1"),
        "client_order_id": ClientOrderId(OURS),
        "venue": VenueName("okx"),
        "instrument": its.instrument,
        "side": Side.BUY,
        "amount": BaseAmount(D("0.5")),
        "order_type": LIMIT,
        "price": Price(D("2500")),
        "reduce_only": False,
        "reference_price": Price(D("2501")),
        "held_asset": Asset("USDT"),
        "held_amount": Amount(D("1250")),
    }
    return OrderSubmitted(**fields | changes)


def known(its: Market = ETH, *, order_id: str | None = None, child: str | None = None, **changes: Any) -> Known:  # noqa: ANN401 - any field
    """Return an order as far as we know it."""
    order = intent(its, **changes)
    return Known(
        intent=order,
        amount=order.amount,
        price=order.price,
        order_id=None if order_id is None else OrderId(order_id),
        child=None if child is None else OrderId(child),
    )


def said(*data: Mapping[str, Any], code: str = "0", msg: str = "") -> dict[str, Any]:
    """Return an answer."""
    return {"code": code, "msg": msg, "data": list(data)}


def ack(**changes: str) -> dict[str, str]:
    """Return the row that answers a request about a plain order."""
    row = {"ordId": "2510789768709120000", "clOrdId": OURS, "tag": "", "ts": "1760000000123", "sCode": "0", "sMsg": ""}
    return row | changes


def algo_ack(**changes: str) -> dict[str, str]:
    """Return the row that answers a request about an algo order."""
    row = {"algoId": "2510790000000000001", "algoClOrdId": OURS, "clOrdId": "", "sCode": "0", "sMsg": "", "tag": ""}
    return row | changes


def order_row(its: Market = ETH, /, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Return a plain order as look-ups, lists and the orders channel show it, in part."""
    row = {
        "instType": "SPOT" if its.trade_type is SPOT else "SWAP",
        "instId": its.symbol,
        "ordId": "2510789768709120000",
        "clOrdId": OURS,
        "algoId": "",
        "algoClOrdId": "",
        "tag": "",
        "ordType": "limit",
        "side": "buy",
        "posSide": "net",
        "tdMode": "cash",
        "tgtCcy": "",
        "px": "2500",
        "sz": "0.5",
        "accFillSz": "0",
        "avgPx": "",
        "fillPx": "",
        "fillSz": "0",
        "tradeId": "",
        "state": "live",
        "cancelSource": "",
        "cancelSourceReason": "",
        "category": "normal",
        "fee": "0",
        "feeCcy": "ETH",
        "reduceOnly": "false",
        "cTime": "1760000000100",
        "uTime": "1760000000100",
    }
    return row | changes


def algo_row(its: Market = SWAP, /, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Return a waiting stop to sell 5 contracts at market."""
    row: dict[str, Any] = {
        "instType": "SPOT" if its.trade_type is SPOT else "SWAP",
        "instId": its.symbol,
        "algoId": "2510790000000000001",
        "algoClOrdId": OURS,
        "clOrdId": "",
        "ordId": "",
        "ordIdList": [],
        "ordType": "conditional",
        "side": "sell",
        "posSide": "net",
        "tdMode": "cross",
        "tgtCcy": "",
        "sz": "5",
        "state": "live",
        "slTriggerPx": "2400",
        "slTriggerPxType": "last",
        "slOrdPx": "-1",
        "tpTriggerPx": "",
        "tpOrdPx": "",
        "triggerPx": "",
        "ordPx": "",
        "callbackRatio": "",
        "moveTriggerPx": "",
        "actualSz": "0",
        "actualPx": "",
        "failCode": "",
        "triggerTime": "",
        "reduceOnly": "true",
        "cTime": "1760000000100",
        "uTime": "1760000000100",
    }
    return row | changes


def fill_row(its: Market = ETH, /, **changes: str) -> dict[str, str]:
    """Return a fill: bought 0.2 at 2500, as taker, for a fee of 0.0002 of the base."""
    row = {
        "instType": "SPOT" if its.trade_type is SPOT else "SWAP",
        "instId": its.symbol,
        "tradeId": "744876980",
        "ordId": "2510789768709120000",
        "clOrdId": OURS,
        "billId": "2510789768709130001",
        "subType": "1",
        "tag": "",
        "fillPx": "2500",
        "fillSz": "0.2",
        "side": "buy",
        "posSide": "net",
        "execType": "T",
        "feeCcy": "ETH",
        "fee": "-0.0002",
        "ts": "1760000000205",
        "fillTime": "1760000000200",
    }
    return row | changes


def bill_row(**changes: str) -> dict[str, str]:
    """Return a bill: funding that was paid for the ETH perp."""
    row = {
        "billId": "2510790000000009001",
        "type": "8",
        "subType": "173",
        "instType": "SWAP",
        "instId": "ETH-USDT-SWAP",
        "ccy": "USDT",
        "balChg": "-0.1234",
        "bal": "1000",
        "pnl": "-0.1234",
        "fee": "0",
        "sz": "5",
        "px": "2500",
        "ordId": "",
        "from": "",
        "to": "",
        "ts": "1760000000005",
    }
    return row | changes


def read(queries: Sequence[Query[Any]], *answers: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """Answer queries in turn, following their pages; return all items."""
    items: list[Any] = []
    waiting = list(answers)
    for query in queries:
        following: Query[Any] | None = query
        while following is not None:
            page: Page[Any] = following.read(waiting.pop(0))
            items.extend(page.items)
            following = page.next
    assert not waiting
    return items
