"""Venue by operation by product: every cell is one request of ours, or a refusal with a sentence (`NOT_SUPPORTED`).

A cell names the implicit methods of ccxt that are called, in their order. What the requests hold is told field by field
in the venues' own tests.
"""

import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from actors.exchange.live.exchanges import CLASSES
from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import Call, Dialect, Known, Market, NotSupportedError, Query
from actors.exchange.wire.okx import OKX
from messages.orders import OrderSubmitted
from messages.units import (
    FOK,
    IOC,
    LIMIT,
    LIMITED,
    MARK,
    MARKET,
    PERP,
    SPOT,
    STOP_MARKET,
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
    Side,
    TradeType,
)
from tests.actors.exchange.wire import binance_samples, bybit_samples, okx_samples

Column = tuple[Dialect, Market]
Cells = Mapping[str, tuple[str, str]]
"""Of one venue: by operation the cell of spot and that of perps."""

NOW_MS = 1_790_000_000_000
VALIDITY_MS = 5_000
NO = "NOT_SUPPORTED"
_A_SENTENCE = 2
"""Words that it has more of."""
NONE = ""
"""Nothing to ask for: it is so without a request."""
COLUMNS: Mapping[tuple[str, TradeType], Column] = {
    ("binance", SPOT): (BINANCE, binance_samples.SPOT_ETH),
    ("binance", PERP): (BINANCE, binance_samples.PERP_ETH),
    ("bybit", SPOT): (BYBIT, bybit_samples.SPOT_ETH),
    ("bybit", PERP): (BYBIT, bybit_samples.PERP_ETH),
    ("okx", SPOT): (OKX, okx_samples.ETH),
    ("okx", PERP): (OKX, okx_samples.SWAP),
}


def order(market: Market, kind: OrderType, **terms: Any) -> OrderSubmitted:  # noqa: ANN401 - fields of an intent
    """Return an intent to sell with what its type needs."""
    fields: dict[str, Any] = {
        "instruction_id": InstructionId("i-1"),
        "client_order_id": ClientOrderId("x" + "7" * 31),
        "venue": market.venue,
        "instrument": market.instrument,
        "side": Side.SELL,
        "amount": BaseAmount(Decimal("0.5")),
        "order_type": kind,
        "price": Price(Decimal(2500)) if kind in LIMITED else None,
        "reduce_only": False,
        "reference_price": Price(Decimal(2500)),
        "held_asset": market.base,
        "held_amount": Amount(Decimal("0.5")),
        "trigger_price": Price(Decimal(2400)) if kind in TRIGGERED - {TRAILING_STOP} else None,
        "trail_bps": Rate(Decimal(50)) if kind is TRAILING_STOP else None,
    }
    return OrderSubmitted(**fields | terms)


def known(intent: OrderSubmitted) -> Known:
    """Return the order as it is known once the venue has taken it."""
    return Known(intent=intent, amount=intent.amount, price=intent.price, order_id=OrderId("1001"))


def placing(kind: OrderType, **terms: Any) -> Callable[[Dialect, Market], list[Call]]:  # noqa: ANN401 - as `order`
    """Return what places such an order."""

    def calls(dialect: Dialect, market: Market) -> list[Call]:
        return [dialect.place(order(market, kind, **terms), market, now_ms=NOW_MS, validity_ms=VALIDITY_MS)]

    return calls


def cancelling(kind: OrderType) -> Callable[[Dialect, Market], list[Call]]:
    """Return what cancels such an order; a venue that can't have placed it has nothing to cancel."""

    def calls(dialect: Dialect, market: Market) -> list[Call]:
        placing(kind)(dialect, market)
        return [dialect.cancel(known(order(market, kind)), market)]

    return calls


def amending(kind: OrderType) -> Callable[[Dialect, Market], list[Call]]:
    """Return what changes such an order."""

    def calls(dialect: Dialect, market: Market) -> list[Call]:
        changed = dialect.amend(
            known(order(market, kind)),
            market,
            price=Price(Decimal(2600)),
            amount=BaseAmount(Decimal("0.4")),
            now_ms=NOW_MS,
            validity_ms=VALIDITY_MS,
        )
        return [changed]

    return calls


def asking(ask: Callable[[Dialect, Market], Iterable[Query[Any] | Call]]) -> Callable[[Dialect, Market], list[Call]]:
    """Return the requests of what gives several, or queries."""
    return lambda dialect, market: [each.call if isinstance(each, Query) else each for each in ask(dialect, market)]


OPERATIONS: Mapping[str, Callable[[Dialect, Market], list[Call]]] = {
    **{f"place {kind.value}": placing(kind) for kind in OrderType},
    "place LIMIT IOC": placing(LIMIT, time_in_force=IOC),
    "place LIMIT FOK": placing(LIMIT, time_in_force=FOK),
    "place LIMIT post-only": placing(LIMIT, post_only=True),
    "place LIMIT reduce-only": placing(LIMIT, reduce_only=True),
    "place STOP_MARKET by MARK": placing(STOP_MARKET, trigger_by=MARK),
    **{f"cancel {kind.value}": cancelling(kind) for kind in OrderType if kind is not MARKET},
    **{f"amend {kind.value}": amending(kind) for kind in (LIMIT, STOP_MARKET)},
    "look_up": asking(lambda dialect, market: dialect.look_up(known(order(market, LIMIT)), market)),
    "look_up_by_id": asking(lambda dialect, market: dialect.look_up_by_id(OrderId("1001"), market)),
    "open_orders": asking(lambda dialect, market: dialect.open_orders((market,))),
    "trades_of": asking(lambda dialect, market: dialect.trades_of(known(order(market, LIMIT)), market)),
    "trades_since": asking(lambda dialect, market: dialect.trades_since(market, since_ms=NOW_MS - 1, now_ms=NOW_MS)),
    "balances": asking(lambda dialect, market: dialect.balances((market,))),
    "positions": asking(lambda dialect, market: dialect.positions(_perps(market))),
    "funding_since": asking(
        lambda dialect, market: dialect.funding_since(_perps(market), since_ms=NOW_MS - 1, now_ms=NOW_MS)
    ),
    "transfers_since": asking(
        lambda dialect, market: dialect.transfers_since((market,), since_ms=NOW_MS - 1, now_ms=NOW_MS)
    ),
    "account": asking(lambda dialect, market: dialect.account((market,))),
    "set_one_way": asking(lambda dialect, market: dialect.set_one_way(market)),
    "set_cross": asking(lambda dialect, market: dialect.set_cross(market)),
    "set_leverage": asking(lambda dialect, market: dialect.set_leverage(market, Decimal(3))),
    "leverage": asking(lambda dialect, market: dialect.leverage(_perps(market))),
    "server_time": asking(lambda dialect, _market: [dialect.server_time()]),
}
READERS = {"place", "cancel", "amend", "placed", "cancelled", "amended", "judge", "frame", "lasts_ms"}
"""Methods of a dialect that stand in the table by type of order, or ask for nothing."""


def _perps(market: Market) -> tuple[Market, ...]:
    return (market,) if market.trade_type is PERP else ()


def cell(operation: str, column: tuple[str, TradeType]) -> str:
    """Return what a cell holds: its requests, or that it is refused with a sentence."""
    try:
        calls = OPERATIONS[operation](*COLUMNS[column])
    except NotSupportedError as error:
        return NO if len(str(error).split()) > _A_SENTENCE else "refused without a sentence"
    return " ".join(each.api for each in calls)


BINANCE_CELLS: Cells = {
    "place MARKET": ("privatePostOrder", "fapiPrivatePostOrder"),
    "place LIMIT": ("privatePostOrder", "fapiPrivatePostOrder"),
    "place STOP_MARKET": ("privatePostOrder", "fapiPrivatePostAlgoOrder"),
    "place STOP_LIMIT": ("privatePostOrder", "fapiPrivatePostAlgoOrder"),
    "place TAKE_PROFIT_MARKET": ("privatePostOrder", "fapiPrivatePostAlgoOrder"),
    "place TAKE_PROFIT_LIMIT": ("privatePostOrder", "fapiPrivatePostAlgoOrder"),
    "place TRAILING_STOP": ("privatePostOrder", "fapiPrivatePostAlgoOrder"),
    "place LIMIT IOC": ("privatePostOrder", "fapiPrivatePostOrder"),
    "place LIMIT FOK": ("privatePostOrder", "fapiPrivatePostOrder"),
    "place LIMIT post-only": ("privatePostOrder", "fapiPrivatePostOrder"),
    "place LIMIT reduce-only": (NO, "fapiPrivatePostOrder"),
    "place STOP_MARKET by MARK": (NO, "fapiPrivatePostAlgoOrder"),
    "cancel LIMIT": ("privateDeleteOrder", "fapiPrivateDeleteOrder"),
    "cancel STOP_MARKET": ("privateDeleteOrder", "fapiPrivateDeleteAlgoOrder"),
    "cancel STOP_LIMIT": ("privateDeleteOrder", "fapiPrivateDeleteAlgoOrder"),
    "cancel TAKE_PROFIT_MARKET": ("privateDeleteOrder", "fapiPrivateDeleteAlgoOrder"),
    "cancel TAKE_PROFIT_LIMIT": ("privateDeleteOrder", "fapiPrivateDeleteAlgoOrder"),
    "cancel TRAILING_STOP": ("privateDeleteOrder", "fapiPrivateDeleteAlgoOrder"),
    "amend LIMIT": (NO, "fapiPrivatePutOrder"),
    "amend STOP_MARKET": (NO, NO),
    "look_up": ("privateGetOrder", "fapiPrivateGetOrder"),
    "look_up_by_id": ("privateGetOrder", "fapiPrivateGetOrder fapiPrivateGetAlgoOrder"),
    "open_orders": ("privateGetOpenOrders", "fapiPrivateGetOpenOrders fapiPrivateGetOpenAlgoOrders"),
    "trades_of": ("privateGetMyTrades", "fapiPrivateGetUserTrades"),
    "trades_since": ("privateGetMyTrades", "fapiPrivateGetUserTrades"),
    "balances": ("privateGetAccount", "fapiPrivateV3GetBalance"),
    "positions": (NONE, "fapiPrivateV3GetPositionRisk"),
    "funding_since": (NONE, "fapiPrivateGetIncome fapiPrivateGetIncome"),
    "transfers_since": (
        "sapiGetCapitalDepositHisrec sapiGetCapitalWithdrawHistory sapiGetAssetTransfer" + 3 * " sapiGetAssetTransfer",
        "fapiPrivateGetIncome fapiPrivateGetIncome",
    ),
    "account": (
        "privateGetAccount sapiGetAccountApiRestrictions",
        "privateGetAccount sapiGetAccountApiRestrictions fapiPrivateGetAccountConfig",
    ),
    "set_one_way": (NONE, "fapiPrivatePostPositionSideDual"),
    "set_cross": (NONE, "fapiPrivatePostMarginType"),
    "set_leverage": (NO, "fapiPrivatePostLeverage"),
    "leverage": (NONE, "fapiPrivateGetSymbolConfig"),
    "server_time": ("publicGetTime", "publicGetTime"),
}
BYBIT_CELLS: Cells = {
    "place MARKET": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place LIMIT": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place STOP_MARKET": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place STOP_LIMIT": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place TAKE_PROFIT_MARKET": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place TAKE_PROFIT_LIMIT": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place TRAILING_STOP": (NO, NO),
    "place LIMIT IOC": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place LIMIT FOK": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place LIMIT post-only": ("privatePostV5OrderCreate", "privatePostV5OrderCreate"),
    "place LIMIT reduce-only": (NO, "privatePostV5OrderCreate"),
    "place STOP_MARKET by MARK": (NO, "privatePostV5OrderCreate"),
    "cancel LIMIT": ("privatePostV5OrderCancel", "privatePostV5OrderCancel"),
    "cancel STOP_MARKET": ("privatePostV5OrderCancel", "privatePostV5OrderCancel"),
    "cancel STOP_LIMIT": ("privatePostV5OrderCancel", "privatePostV5OrderCancel"),
    "cancel TAKE_PROFIT_MARKET": ("privatePostV5OrderCancel", "privatePostV5OrderCancel"),
    "cancel TAKE_PROFIT_LIMIT": ("privatePostV5OrderCancel", "privatePostV5OrderCancel"),
    "cancel TRAILING_STOP": (NO, NO),
    "amend LIMIT": ("privatePostV5OrderAmend", "privatePostV5OrderAmend"),
    "amend STOP_MARKET": (NO, NO),
    "look_up": (
        "privateGetV5OrderRealtime privateGetV5OrderHistory",
        "privateGetV5OrderRealtime privateGetV5OrderHistory",
    ),
    "look_up_by_id": (
        "privateGetV5OrderRealtime privateGetV5OrderHistory",
        "privateGetV5OrderRealtime privateGetV5OrderHistory",
    ),
    "open_orders": ("privateGetV5OrderRealtime", "privateGetV5OrderRealtime"),
    "trades_of": ("privateGetV5ExecutionList", "privateGetV5ExecutionList"),
    "trades_since": ("privateGetV5ExecutionList", "privateGetV5ExecutionList"),
    "balances": ("privateGetV5AccountWalletBalance", "privateGetV5AccountWalletBalance"),
    "positions": (NONE, "privateGetV5PositionList"),
    "funding_since": (NONE, "privateGetV5AccountTransactionLog"),
    "transfers_since": ("privateGetV5AccountTransactionLog", "privateGetV5AccountTransactionLog"),
    "account": (
        "privateGetV5UserQueryApi privateGetV5AccountInfo",
        "privateGetV5UserQueryApi privateGetV5AccountInfo privateGetV5PositionList",
    ),
    "set_one_way": (NO, "privatePostV5PositionSwitchMode"),
    "set_cross": (NO, "privatePostV5AccountSetMarginMode"),
    "set_leverage": (NO, "privatePostV5PositionSetLeverage"),
    "leverage": (NONE, "privateGetV5PositionList"),
    "server_time": ("publicGetV5MarketTime", "publicGetV5MarketTime"),
}
OKX_CELLS: Cells = {
    "place MARKET": ("privatePostTradeOrder", "privatePostTradeOrder"),
    "place LIMIT": ("privatePostTradeOrder", "privatePostTradeOrder"),
    "place STOP_MARKET": ("privatePostTradeOrderAlgo", "privatePostTradeOrderAlgo"),
    "place STOP_LIMIT": ("privatePostTradeOrderAlgo", "privatePostTradeOrderAlgo"),
    "place TAKE_PROFIT_MARKET": ("privatePostTradeOrderAlgo", "privatePostTradeOrderAlgo"),
    "place TAKE_PROFIT_LIMIT": ("privatePostTradeOrderAlgo", "privatePostTradeOrderAlgo"),
    "place TRAILING_STOP": ("privatePostTradeOrderAlgo", "privatePostTradeOrderAlgo"),
    "place LIMIT IOC": ("privatePostTradeOrder", "privatePostTradeOrder"),
    "place LIMIT FOK": ("privatePostTradeOrder", "privatePostTradeOrder"),
    "place LIMIT post-only": ("privatePostTradeOrder", "privatePostTradeOrder"),
    "place LIMIT reduce-only": (NO, "privatePostTradeOrder"),
    "place STOP_MARKET by MARK": (NO, "privatePostTradeOrderAlgo"),
    "cancel LIMIT": ("privatePostTradeCancelOrder", "privatePostTradeCancelOrder"),
    "cancel STOP_MARKET": ("privatePostTradeCancelAlgos", "privatePostTradeCancelAlgos"),
    "cancel STOP_LIMIT": ("privatePostTradeCancelAlgos", "privatePostTradeCancelAlgos"),
    "cancel TAKE_PROFIT_MARKET": ("privatePostTradeCancelAlgos", "privatePostTradeCancelAlgos"),
    "cancel TAKE_PROFIT_LIMIT": ("privatePostTradeCancelAlgos", "privatePostTradeCancelAlgos"),
    "cancel TRAILING_STOP": ("privatePostTradeCancelAlgos", "privatePostTradeCancelAlgos"),
    "amend LIMIT": ("privatePostTradeAmendOrder", "privatePostTradeAmendOrder"),
    "amend STOP_MARKET": (NO, NO),
    "look_up": ("privateGetTradeOrder", "privateGetTradeOrder"),
    "look_up_by_id": (
        "privateGetTradeOrder privateGetTradeOrderAlgo",
        "privateGetTradeOrder privateGetTradeOrderAlgo",
    ),
    "open_orders": (
        "privateGetTradeOrdersPending" + 3 * " privateGetTradeOrdersAlgoPending",
        "privateGetTradeOrdersPending" + 3 * " privateGetTradeOrdersAlgoPending",
    ),
    "trades_of": ("privateGetTradeFills", "privateGetTradeFills"),
    "trades_since": ("privateGetTradeFills", "privateGetTradeFills"),
    "balances": ("privateGetAccountBalance", "privateGetAccountBalance"),
    "positions": (NONE, "privateGetAccountPositions"),
    "funding_since": (NONE, "privateGetAccountBills"),
    "transfers_since": ("privateGetAccountBills", "privateGetAccountBills"),
    "account": ("privateGetAccountConfig", "privateGetAccountConfig"),
    "set_one_way": ("privatePostAccountSetPositionMode", "privatePostAccountSetPositionMode"),
    "set_cross": (NONE, NONE),
    "set_leverage": (NO, "privatePostAccountSetLeverage"),
    "leverage": (NONE, "privateGetAccountLeverageInfo"),
    "server_time": ("publicGetPublicTime", "publicGetPublicTime"),
}
TABLE: Mapping[str, Cells] = {"binance": BINANCE_CELLS, "bybit": BYBIT_CELLS, "okx": OKX_CELLS}
WALK = [
    pytest.param(venue, product, operation, id=f"{venue} {product.value} {operation}")
    for (venue, product), operation in itertools.product(COLUMNS, OPERATIONS)
]


@pytest.mark.parametrize(("venue", "product", "operation"), WALK)
def test_a_cell_is_its_requests_or_a_refusal(venue: str, product: TradeType, operation: str) -> None:
    spot, perp = TABLE[venue][operation]

    assert cell(operation, (venue, product)) == (spot if product is SPOT else perp)


@pytest.mark.parametrize(("venue", "product", "operation"), WALK)
def test_a_request_is_one_that_ccxt_has_and_that_is_counted(venue: str, product: TradeType, operation: str) -> None:
    dialect, market = COLUMNS[venue, product]
    try:
        calls = OPERATIONS[operation](dialect, market)
    except NotSupportedError:
        return

    assert all(hasattr(CLASSES[venue], each.api) for each in calls)
    assert all(each.group in dialect.buckets and each.weight > 0 for each in calls)


def test_every_operation_of_a_dialect_is_a_row() -> None:
    methods = {name for name, _ in inspect.getmembers(Dialect, inspect.isfunction) if not name.startswith("_")}

    assert methods - READERS == {row for row in OPERATIONS if " " not in row}
    assert {f"place {kind.value}" for kind in OrderType} <= set(OPERATIONS)


@pytest.mark.parametrize("venue", TABLE)
def test_how_long_a_placement_may_be_on_its_way(venue: str) -> None:
    dialect, market = COLUMNS[venue, PERP]

    lasts = {kind: dialect.lasts_ms(order(market, kind), VALIDITY_MS) for kind in OrderType}

    assert all(each >= VALIDITY_MS for each in lasts.values())
    assert {kind for kind, each in lasts.items() if each > VALIDITY_MS} == (TRIGGERED if venue == "okx" else set())
