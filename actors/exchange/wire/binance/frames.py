"""Frames of the private streams.

Spot's come through the WebSocket API, wrapped: ``{"subscriptionId": 0, "event": {...}}``; those of futures come plain.
The names of the events tell the two apart.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from actors.exchange.wire.binance.answers import (
    SPOT_CONDITIONAL,
    actual_id,
    algo_status_of,
    positive,
    price_of,
    side_of,
    status_of,
)
from actors.exchange.wire.binance.fields import Fields
from actors.exchange.wire.contract import (
    ENDED,
    Market,
    OrderStatus,
    SeenOrder,
    SeenTrade,
    UnreadableAnswerError,
    Update,
)
from messages.units import (
    MAKER,
    PERP,
    SPOT,
    TAKER,
    Asset,
    BaseAmount,
    ClientOrderId,
    OrderId,
    Price,
    TradeId,
    TradeType,
)

Markets = Mapping[tuple[TradeType, str], Market]

_NOTHING = Update()
_TRADED = frozenset({"TRADE", "CALCULATED"})
"""Execution types of futures that are fills; `CALCULATED` is a liquidation."""
_ABOUT_BALANCES = frozenset({"outboundAccountPosition", "balanceUpdate", "externalLockUpdate"})


def frame(message: Any, markets: Markets) -> Update:  # noqa: ANN401 - decoded JSON
    """Read one frame. Raises `UnreadableAnswerError`."""
    if not isinstance(message, Mapping):
        raise UnreadableAnswerError(f"frame: a {type(message).__name__}, expected an object")
    for wrapping in ("event", "data"):
        inner = message.get(wrapping)
        if isinstance(inner, Mapping):
            message = inner
    name = str(message.get("e"))
    if name in _ABOUT_BALANCES:
        return Update(balances=True)
    reader = _READERS.get(name)
    return _NOTHING if reader is None else reader(Fields(message, name), markets)


def _execution_report(fields: Fields, markets: Markets) -> Update:
    """Read news of a spot order."""
    market = markets.get((SPOT, fields.text("s")))
    if market is None:
        return _NOTHING
    order = _spot_order(fields, market)
    if fields.text("x") != "TRADE":
        return Update(orders=(order,))
    return Update(orders=(order,), trades=(_trade(fields, market, order),), balances=True)


def _spot_order(fields: Fields, market: Market) -> SeenOrder:
    kind, status, filled = fields.text("o"), status_of(fields, "X"), fields.number("z")
    conditional, working = fields.text("o") in SPOT_CONDITIONAL, fields.flag("w")
    if conditional and status is OrderStatus.OPEN and not working and not filled:
        status = OrderStatus.WAITING
    # A cancel has a client id of its own in c; C then holds the order's.
    original = fields.text("C") if fields.has("C") else ""
    return SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(str(fields.whole("i"))),
        client_order_id=ClientOrderId(original or fields.text("c")),
        side=side_of(fields, "S"),
        status=status,
        amount=BaseAmount(fields.number("q")),
        filled=BaseAmount(filled),
        price=price_of(fields, "p", kind, market),
        reason=_spot_reason(fields, status),
        triggered=conditional and (working or filled > 0),
        trigger_price=positive(fields, "P") if conditional else None,
        updated_ms=fields.whole("T"),
    )


def _spot_reason(fields: Fields, status: OrderStatus) -> str:
    if status not in ENDED or status is OrderStatus.FILLED:
        return ""
    if fields.has("eR"):
        return fields.text("eR")
    rejected = fields.text("r") if fields.has("r") else "NONE"
    return fields.text("X") if rejected == "NONE" else rejected


def _order_trade_update(fields: Fields, markets: Markets) -> Update:
    """Read news of a futures order."""
    order_fields = fields.inner("o")
    market = markets.get((PERP, order_fields.text("s")))
    if market is None:
        return _NOTHING
    order = _perp_order(order_fields, market)
    if order_fields.text("x") not in _TRADED or not order_fields.number("l"):
        return Update(orders=(order,))
    if not (order_fields.has("n") and order_fields.has("N")):
        # A fill whose fee is not said: the ledger has it.
        return Update(orders=(order,), touched=(order.client_order_id,), balances=True)
    return Update(orders=(order,), trades=(_trade(order_fields, market, order),), balances=True)


def _perp_order(fields: Fields, market: Market) -> SeenOrder:
    status = status_of(fields, "X")
    return SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(str(fields.whole("i"))),
        client_order_id=ClientOrderId(fields.text("c")),
        side=side_of(fields, "S"),
        status=status,
        amount=BaseAmount(fields.number("q")),
        filled=BaseAmount(fields.number("z")),
        price=price_of(fields, "p", fields.text("o"), market),
        reason=fields.text("X") if status in ENDED and status is not OrderStatus.FILLED else "",
        trigger_price=positive(fields, "sp"),
        updated_ms=fields.whole("T"),
    )


def _trade(fields: Fields, market: Market, order: SeenOrder) -> SeenTrade:
    """Read the fill of a frame; the letters are the same for spot and futures. Spot's `N` is null where `n` is 0."""
    fee = fields.number("n")
    if fee and not fields.has("N"):
        raise UnreadableAnswerError(f"{fields.what}: a fee without its asset")
    return SeenTrade(
        instrument=market.instrument,
        trade_id=TradeId(str(fields.whole("t"))),
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        side=order.side,
        amount=BaseAmount(fields.number("l")),
        price=Price(fields.number("L")),
        fee=fee,
        fee_asset=Asset(fields.text("N")) if fields.has("N") else market.quote,
        liquidity=MAKER if fields.flag("m") else TAKER,
        at_ms=fields.whole("T"),
    )


def _algo_update(fields: Fields, markets: Markets) -> Update:
    """Read news of an order of the algo service. How the order that it became ended, a look-up says."""
    algo = fields.inner("o")
    market = markets.get((PERP, algo.text("s")))
    if market is None:
        return _NOTHING
    client_order_id, status = ClientOrderId(algo.text("caid")), algo_status_of(algo, "X")
    amount, child = algo.number("q"), actual_id(algo, "ai")
    filled = algo.number("aq") if child and algo.has("aq") else Decimal(0)
    finished = algo.text("X") == "FINISHED"
    if finished and amount and filled >= amount:
        status = OrderStatus.FILLED
    order = SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(str(algo.whole("aid"))),
        client_order_id=client_order_id,
        side=side_of(algo, "S"),
        status=status,
        amount=BaseAmount(amount),
        filled=BaseAmount(filled),
        price=price_of(algo, "p", algo.text("o"), market),
        reason=_algo_reason(algo, status),
        triggered=child is not None or algo.text("X") in {"TRIGGERING", "TRIGGERED", "FINISHED"},
        trigger_price=None if algo.text("o") == "TRAILING_STOP_MARKET" else positive(algo, "tp"),
        child=child,
        updated_ms=fields.whole("T"),
    )
    return Update(orders=(order,), touched=(client_order_id,) if finished else ())


def _algo_reason(algo: Fields, status: OrderStatus) -> str:
    if status not in ENDED or status is OrderStatus.FILLED:
        return ""
    return (algo.text("rm") if algo.has("rm") else "") or algo.text("X")


def _account_update(fields: Fields, _markets: Markets) -> Update:
    """Read news of futures balances and positions: only that there is some, and whether funding was paid."""
    return Update(funding=fields.inner("a").text("m") == "FUNDING_FEE", balances=True)


_READERS: Mapping[str, Callable[[Fields, Markets], Update]] = MappingProxyType(
    {
        "executionReport": _execution_report,
        "ORDER_TRADE_UPDATE": _order_trade_update,
        "ALGO_UPDATE": _algo_update,
        "ACCOUNT_UPDATE": _account_update,
    }
)
"""Readers by event. Others (TRADE_LITE, listStatus, MARGIN_CALL, ...) say nothing that these do not."""
