"""Small samples of what Binance says, and builders of what we ask."""

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
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    OrderId,
    OrderType,
    Price,
    Rate,
    Side,
)
from tests.actors.exchange.wire.markets import sample

T = TypeVar("T")
D = Decimal
VALID_MS = 5_000
NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
OURS = "x7Kq0123456789ABCDEFabcdefghij"
SPOT_ETH = sample("binance", SPOT, lot="0.0001")
PERP_ETH = sample("binance", PERP, lot="0.001")
BOTH = {(SPOT, "ETHUSDT"): SPOT_ETH, (PERP, "ETHUSDT"): PERP_ETH}


def intent(
    market: Market,
    *,
    side: Side = BUY,
    kind: OrderType = LIMIT,
    price: str | None = "",
    **changed: Any,  # noqa: ANN401 - other fields of an intent
) -> OrderSubmitted:
    """Return an intent; `price` left empty is 2500.5 where the type has one."""
    written = ("2500.5" if kind in LIMITED else None) if price == "" else price
    made = OrderSubmitted(
        instruction_id=InstructionId("i-1"),
        client_order_id=ClientOrderId(OURS),
        venue=market.venue,
        instrument=market.instrument,
        side=side,
        amount=BaseAmount(D("0.25")),
        order_type=kind,
        price=None if written is None else Price(D(written)),
        reduce_only=False,
        reference_price=Price(D(2500)),
        held_asset=Asset("USDT"),
        held_amount=Amount(D(700)),
        trigger_price=Price(D("2400")) if kind in TRIGGERED and kind is not TRAILING_STOP else None,
        trail_bps=Rate(D(50)) if kind is TRAILING_STOP else None,
    )
    return msgspec.structs.replace(made, **changed)


def known(wanted: OrderSubmitted, *, order_id: str | None = None, child: str | None = None) -> Known:
    """Return an order as we know it."""
    return Known(
        intent=wanted,
        amount=wanted.amount,
        price=wanted.price,
        order_id=None if order_id is None else OrderId(order_id),
        child=None if child is None else OrderId(child),
    )


def spot_order(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an order as GET /api/v3/order shows it."""
    return {
        "symbol": "ETHUSDT",
        "orderId": 8801,
        "orderListId": -1,
        "clientOrderId": OURS,
        "price": "2500.50000000",
        "origQty": "0.25000000",
        "executedQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": NOW_MS - 40,
        "updateTime": NOW_MS - 30,
        "isWorking": True,
        "workingTime": NOW_MS - 40,
        "origQuoteOrderQty": "0.00000000",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        **changed,
    }


def new_spot_order(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the answer to POST /api/v3/order, newOrderRespType=FULL."""
    shown = spot_order(transactTime=NOW_MS - 30, fills=[], **changed)
    return {key: value for key, value in shown.items() if key not in {"time", "updateTime", "isWorking", "icebergQty"}}


def perp_order(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an order as /fapi/v1/order shows it."""
    return {
        "orderId": 990_001,
        "symbol": "ETHUSDT",
        "status": "NEW",
        "clientOrderId": OURS,
        "price": "2500.50",
        "avgPrice": "0.00",
        "origQty": "0.250",
        "executedQty": "0.000",
        "cumQuote": "0.00000",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "reduceOnly": False,
        "closePosition": False,
        "side": "BUY",
        "positionSide": "BOTH",
        "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": "LIMIT",
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": NOW_MS - 25,
        **changed,
    }


def algo_order(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an order as /fapi/v1/algoOrder shows it."""
    return {
        "algoId": 4_000_000_000_001,
        "clientAlgoId": OURS,
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET",
        "symbol": "ETHUSDT",
        "side": "BUY",
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": "0.250",
        "algoStatus": "NEW",
        "actualOrderId": "",
        "actualPrice": "0.00000",
        "triggerPrice": "2400.00",
        "price": "0.00",
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": False,
        "createTime": NOW_MS - 90,
        "updateTime": NOW_MS - 80,
        "triggerTime": 0,
        "goodTillDate": 0,
        **changed,
    }


def spot_trade(number: int, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a fill as GET /api/v3/myTrades shows it."""
    return {
        "symbol": "ETHUSDT",
        "id": number,
        "orderId": 8801,
        "orderListId": -1,
        "price": "2500.10000000",
        "qty": "0.10000000",
        "quoteQty": "250.01000000",
        "commission": "0.00010000",
        "commissionAsset": "ETH",
        "time": NOW_MS - 20,
        "isBuyer": True,
        "isMaker": False,
        "isBestMatch": True,
        **changed,
    }


def perp_trade(number: int, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a fill as GET /fapi/v1/userTrades shows it."""
    return {
        "symbol": "ETHUSDT",
        "id": number,
        "orderId": 990_001,
        "side": "SELL",
        "price": "2500.10",
        "qty": "0.100",
        "realizedPnl": "0",
        "marginAsset": "USDT",
        "quoteQty": "250.01",
        "commission": "0.05000200",
        "commissionAsset": "USDT",
        "time": NOW_MS - 20,
        "positionSide": "BOTH",
        "buyer": False,
        "maker": True,
        **changed,
    }


def execution_report(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a frame of the spot stream, as the WebSocket API wraps it."""
    event = {
        "e": "executionReport",
        "E": NOW_MS - 9,
        "s": "ETHUSDT",
        "c": OURS,
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.25000000",
        "p": "2500.50000000",
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": 8801,
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": NOW_MS - 10,
        "t": -1,
        "I": 11,
        "w": True,
        "m": False,
        "M": False,
        "O": NOW_MS - 40,
        "Z": "0.00000000",
        "Y": "0.00000000",
        "Q": "0.00000000",
        "W": NOW_MS - 40,
        "V": "EXPIRE_MAKER",
    }
    return {"subscriptionId": 0, "event": event | changed}


def order_trade_update(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a frame of the futures stream about an order."""
    order = {
        "s": "ETHUSDT",
        "c": OURS,
        "S": "SELL",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.250",
        "p": "2500.50",
        "ap": "0",
        "sp": "0",
        "x": "NEW",
        "X": "NEW",
        "i": 990_001,
        "l": "0",
        "z": "0",
        "L": "0",
        "N": "USDT",
        "n": "0",
        "T": NOW_MS - 10,
        "t": 0,
        "b": "0",
        "a": "0",
        "m": False,
        "R": False,
        "wt": "CONTRACT_PRICE",
        "ot": "LIMIT",
        "ps": "BOTH",
        "cp": False,
        "rp": "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": NOW_MS - 9, "T": NOW_MS - 10, "o": order | changed}


def algo_update(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a frame of the futures stream about an algo order."""
    order = {
        "caid": OURS,
        "aid": 4_000_000_000_001,
        "at": "CONDITIONAL",
        "o": "STOP_MARKET",
        "s": "ETHUSDT",
        "S": "BUY",
        "ps": "BOTH",
        "f": "GTC",
        "q": "0.250",
        "X": "NEW",
        "ai": "",
        "ap": "0.00000",
        "aq": "0.00000",
        "act": "0",
        "tp": "2400",
        "p": "0",
        "V": "EXPIRE_MAKER",
        "wt": "CONTRACT_PRICE",
        "pm": "NONE",
        "cp": False,
        "pP": False,
        "R": False,
        "tt": 0,
        "gtd": 0,
        "rm": "",
    }
    return {"e": "ALGO_UPDATE", "T": NOW_MS - 10, "E": NOW_MS - 9, "o": order | changed}


def read_all(query: Query[T], answers: Sequence[Any]) -> tuple[list[Mapping[str, Any]], list[T]]:
    """Read some answers in turn: the parameters that were asked with, and all items. There must be as many as pages."""
    asked, found = list[Mapping[str, Any]](), list[T]()
    following: Query[T] | None = query
    for answer in answers:
        assert following is not None, "nothing more is asked"
        asked.append(following.call.params)
        page = following.read(answer)
        found += page.items
        following = page.next
    assert following is None, "more is asked"
    return asked, found
