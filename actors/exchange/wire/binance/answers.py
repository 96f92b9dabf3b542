"""How orders and fills of Binance's REST answers are read."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from actors.exchange.wire.binance.fields import Fields
from actors.exchange.wire.contract import (
    ENDED,
    Known,
    Market,
    OrderStatus,
    Placed,
    SeenOrder,
    SeenTrade,
    UnreadableAnswerError,
)
from messages.orders import OrderSubmitted
from messages.units import (
    BUY,
    MAKER,
    PERP,
    SELL,
    TAKER,
    Asset,
    BaseAmount,
    ClientOrderId,
    OrderId,
    Price,
    Side,
    TradeId,
)

_STATUS: Mapping[str, OrderStatus] = MappingProxyType(
    {
        "NEW": OrderStatus.OPEN,
        "PENDING_NEW": OrderStatus.WAITING,  # part of an order list that waits for another part
        "PARTIALLY_FILLED": OrderStatus.OPEN,
        "PENDING_CANCEL": OrderStatus.OPEN,
        "NEW_INSURANCE": OrderStatus.OPEN,  # liquidation orders of the venue's own
        "NEW_ADL": OrderStatus.OPEN,
        "FILLED": OrderStatus.FILLED,
        "CANCELED": OrderStatus.CANCELLED,
        "REJECTED": OrderStatus.REJECTED,
        "EXPIRED": OrderStatus.EXPIRED,
        "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,  # self-trade prevention
    }
)
_ALGO_STATUS: Mapping[str, OrderStatus] = MappingProxyType(
    {
        "NEW": OrderStatus.WAITING,
        "TRIGGERING": OrderStatus.OPEN,  # reached, on its way to the matching engine
        "TRIGGERED": OrderStatus.OPEN,
        "FINISHED": OrderStatus.OPEN,  # of the order that it became nothing is known yet
        "CANCELED": OrderStatus.CANCELLED,
        "REJECTED": OrderStatus.REJECTED,  # by the matching engine, when it triggered
        "EXPIRED": OrderStatus.EXPIRED,
    }
)
SPOT_CONDITIONAL = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
_PRICELESS = frozenset({"MARKET", "STOP_LOSS", "TAKE_PROFIT", "STOP_MARKET", "TAKE_PROFIT_MARKET"})
"""Order types of spot and futures without a limit; `TAKE_PROFIT` is one of spot only: see `_price`."""
_NONE = Decimal(0)


def status_of(fields: Fields, key: str) -> OrderStatus:
    """Read the status of an order."""
    written = fields.text(key)
    if written not in _STATUS:
        raise UnreadableAnswerError(f"{fields.what}: status {written[:40]!r} is not known")
    return _STATUS[written]


def algo_status_of(fields: Fields, key: str) -> OrderStatus:
    """Read the status of an order of the algo service."""
    written = fields.text(key)
    if written not in _ALGO_STATUS:
        raise UnreadableAnswerError(f"{fields.what}: algo status {written[:40]!r} is not known")
    return _ALGO_STATUS[written]


def side_of(fields: Fields, key: str) -> Side:
    """Read a side."""
    written = fields.text(key)
    if written not in {"BUY", "SELL"}:
        raise UnreadableAnswerError(f"{fields.what}: {key} is {written[:40]!r}, expected BUY or SELL")
    return BUY if written == "BUY" else SELL


def price_of(fields: Fields, key: str, kind: str, market: Market) -> Price | None:
    """Read a limit price; None of a type that has none, or where it stands as zero."""
    if kind in _PRICELESS and not (kind == "TAKE_PROFIT" and market.trade_type is PERP):
        return None
    return positive(fields, key)


def positive(fields: Fields, key: str) -> Price | None:
    """Read a price that stands as zero, or not at all, where there is none."""
    if not fields.has(key):
        return None
    found = fields.number(key)
    return Price(found) if found > 0 else None


def held_to(fields: Fields, market: Market) -> None:
    """Refuse an answer about another symbol."""
    if fields.text("symbol") != market.symbol:
        raise UnreadableAnswerError(f"{fields.what}: about {fields.text('symbol')[:40]!r}, asked for {market.symbol}")


def spot_order(fields: Fields, market: Market) -> SeenOrder:
    """Read an order of spot: of a look-up, a list, or the answer to placing it."""
    held_to(fields, market)
    kind, filled, status = fields.text("type"), fields.number("executedQty"), status_of(fields, "status")
    conditional = kind in SPOT_CONDITIONAL
    working = _is_working(fields)
    if conditional and status is OrderStatus.OPEN and not working and not filled:
        status = OrderStatus.WAITING
    return SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(str(fields.whole("orderId"))),
        client_order_id=ClientOrderId(fields.text("clientOrderId")),
        side=side_of(fields, "side"),
        status=status,
        amount=BaseAmount(fields.number("origQty")),
        filled=BaseAmount(filled),
        price=price_of(fields, "price", kind, market),
        reason=_reason(fields, status),
        triggered=conditional and (working or filled > 0),
        trigger_price=positive(fields, "stopPrice") if conditional else None,
        updated_ms=_first_time(fields, "updateTime", "transactTime"),
    )


def _is_working(fields: Fields) -> bool:
    """Say whether a spot order is on the book: look-ups have `isWorking`, answers to placing have `workingTime`."""
    if fields.has("isWorking"):
        return fields.flag("isWorking")
    return fields.has("workingTime") and fields.whole("workingTime") > 0


def perp_order(fields: Fields, market: Market) -> SeenOrder:
    """Read an order of the matching engine of futures."""
    held_to(fields, market)
    status = status_of(fields, "status")
    return SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(str(fields.whole("orderId"))),
        client_order_id=ClientOrderId(fields.text("clientOrderId")),
        side=side_of(fields, "side"),
        status=status,
        amount=BaseAmount(fields.number("origQty")),
        filled=BaseAmount(fields.number("executedQty")),
        price=price_of(fields, "price", fields.text("type"), market),
        reason=_reason(fields, status),
        trigger_price=positive(fields, "stopPrice"),
        updated_ms=_first_time(fields, "updateTime"),
    )


def algo_order(fields: Fields, market: Market) -> SeenOrder:
    """Read an order of the algo service, as far as that knows it.

    When it has triggered, `child` names the order that it became. How that one ended is known here only if all of it
    was filled: it is shown as open else, and has to be looked up.
    """
    held_to(fields, market)
    kind = fields.text("orderType" if fields.has("orderType") else "type")
    amount, status = fields.number("quantity"), algo_status_of(fields, "algoStatus")
    child = actual_id(fields, "actualOrderId")
    filled = fields.number("actualQty") if child and fields.has("actualQty") else _NONE
    triggered = child is not None or fields.text("algoStatus") in {"TRIGGERING", "TRIGGERED", "FINISHED"}
    if status is OrderStatus.OPEN and amount and filled >= amount:
        status = OrderStatus.FILLED
    return SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(str(fields.whole("algoId"))),
        client_order_id=ClientOrderId(fields.text("clientAlgoId")),
        side=side_of(fields, "side"),
        status=status,
        amount=BaseAmount(amount),
        filled=BaseAmount(filled),
        price=price_of(fields, "price", kind, market),
        reason=_reason(fields, status, key="algoStatus"),
        triggered=triggered,
        trigger_price=None if kind == "TRAILING_STOP_MARKET" else positive(fields, "triggerPrice"),
        child=child,
        updated_ms=_first_time(fields, "updateTime", "createTime"),
    )


def actual_id(fields: Fields, key: str) -> OrderId | None:
    """Read the id of the order that an algo order became; it stands as an empty text or zero where there is none."""
    if not fields.has(key) or fields.text(key) in {"", "0"}:
        return None
    return OrderId(str(fields.whole(key)))


def with_child(algo: SeenOrder, child: SeenOrder) -> SeenOrder:
    """Return an algo order with how the order that it became stands."""
    return SeenOrder(
        instrument=algo.instrument,
        order_id=algo.order_id,
        client_order_id=algo.client_order_id,
        side=algo.side,
        status=child.status,
        amount=child.amount,
        filled=child.filled,
        price=algo.price,
        reason=child.reason,
        triggered=True,
        trigger_price=algo.trigger_price,
        child=child.order_id,
        updated_ms=max(algo.updated_ms, child.updated_ms),
    )


def _reason(fields: Fields, status: OrderStatus, *, key: str = "status") -> str:
    """Return the venue's word for why an order ended."""
    if status not in ENDED or status is OrderStatus.FILLED:
        return ""
    return fields.text("expiryReason") if fields.has("expiryReason") else fields.text(key)


def _first_time(fields: Fields, *keys: str) -> int:
    return next((fields.whole(key) for key in keys if fields.has(key)), 0)


def spot_trade(fields: Fields, market: Market) -> SeenTrade:
    """Read a fill of spot."""
    held_to(fields, market)
    return SeenTrade(
        instrument=market.instrument,
        trade_id=TradeId(str(fields.whole("id"))),
        order_id=OrderId(str(fields.whole("orderId"))),
        client_order_id=ClientOrderId(""),
        side=BUY if fields.flag("isBuyer") else SELL,
        amount=BaseAmount(fields.number("qty")),
        price=Price(fields.number("price")),
        fee=fields.number("commission"),
        fee_asset=Asset(fields.text("commissionAsset")),
        liquidity=MAKER if fields.flag("isMaker") else TAKER,
        at_ms=fields.whole("time"),
    )


def perp_trade(fields: Fields, market: Market) -> SeenTrade:
    """Read a fill of futures."""
    held_to(fields, market)
    return SeenTrade(
        instrument=market.instrument,
        trade_id=TradeId(str(fields.whole("id"))),
        order_id=OrderId(str(fields.whole("orderId"))),
        client_order_id=ClientOrderId(""),
        side=side_of(fields, "side"),
        amount=BaseAmount(fields.number("qty")),
        price=Price(fields.number("price")),
        fee=fields.number("commission"),
        fee_asset=Asset(fields.text("commissionAsset")),
        liquidity=MAKER if fields.flag("maker") else TAKER,
        at_ms=fields.whole("time"),
    )


def placed(answer: object, intent: OrderSubmitted, market: Market, *, algo: bool) -> Placed:
    """Read the answer to placing an order, held against what was asked for."""
    fields = Fields(answer, "answer to a new order")
    if algo:
        seen = algo_order(fields, market)
    elif market.trade_type is PERP:
        seen = perp_order(fields, market)
    else:
        seen = spot_order(fields, market)
    if (seen.client_order_id, seen.side, seen.amount) != (intent.client_order_id, intent.side, intent.amount):
        raise UnreadableAnswerError(
            f"{fields.what}: about {seen.side} {seen.amount} with client id {seen.client_order_id[:40]!r}, which is not"
            " the order that was sent"
        )
    trades = () if market.trade_type is PERP else _fills(fields, seen, market)
    return Placed(order_id=seen.order_id, seen=seen, trades=trades)


def _fills(fields: Fields, seen: SeenOrder, market: Market) -> tuple[SeenTrade, ...]:
    """Read the fills that the answer to a spot order brings along: an order that fills at once takes."""
    if not fields.has("fills"):
        return ()
    return tuple(
        SeenTrade(
            instrument=market.instrument,
            trade_id=TradeId(str(fill.whole("tradeId"))),
            order_id=seen.order_id,
            client_order_id=seen.client_order_id,
            side=seen.side,
            amount=BaseAmount(fill.number("qty")),
            price=Price(fill.number("price")),
            fee=fill.number("commission"),
            fee_asset=Asset(fill.text("commissionAsset")),
            liquidity=TAKER,
            at_ms=fields.whole("transactTime"),
        )
        for fill in fields.rows("fills")
    )


def cancelled(answer: object, order: Known, market: Market, *, algo: bool) -> None:
    """Hold the answer to a cancel against what is promised: the order asked for, and that it is cancelled."""
    fields = Fields(answer, "answer to a cancel")
    if algo:
        if fields.text("code") != "200":
            raise UnreadableAnswerError(f"{fields.what}: code {fields.text('code')[:40]!r}, expected 200")
        if order.intent.client_order_id:
            _same(fields, "clientAlgoId", order.intent.client_order_id)
        else:
            _same(fields, "algoId", order.order_id)
        return
    held_to(fields, market)
    if status_of(fields, "status") is not OrderStatus.CANCELLED:
        raise UnreadableAnswerError(f"{fields.what}: status {fields.text('status')[:40]!r}, expected CANCELED")
    if order.child is not None or order.order_id is not None:
        _same(fields, "orderId", order.child or order.order_id)
    else:
        _same(
            fields, "clientOrderId" if market.trade_type is PERP else "origClientOrderId", order.intent.client_order_id
        )


def amended(answer: object, order: Known, market: Market) -> SeenOrder:
    """Read the answer to an amendment."""
    fields = Fields(answer, "answer to an amendment")
    seen = perp_order(fields, market)
    if order.order_id is not None:
        _same(fields, "orderId", order.order_id)
    else:
        _same(fields, "clientOrderId", order.intent.client_order_id)
    return seen


def _same(fields: Fields, key: str, wanted: Any) -> None:  # noqa: ANN401 - an id of either kind
    if fields.text(key) != str(wanted):
        raise UnreadableAnswerError(f"{fields.what}: {key} is {fields.text(key)[:40]!r}, asked for {wanted}")
