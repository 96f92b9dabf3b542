"""Whatever stands in an answer or a frame where something else was promised, it is unreadable, and no crash of ours.

Every value of every sample gives way, one at a time, to what JSON can hold: nothing, nonsense, numbers of any size.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import Page, Query, UnreadableAnswerError, VenueRefusalError
from actors.exchange.wire.okx import OKX
from tests.actors.exchange.wire import binance_samples as binance
from tests.actors.exchange.wire import bybit_samples as bybit
from tests.actors.exchange.wire import okx_samples as okx

ODD: tuple[Any, ...] = (
    None,
    "",
    "null",
    "NaN",
    "1e999999999",
    "-1",
    "0",
    "9" * 400,
    "0." + "1" * 400,
    "\x00\ud800",
    0,
    -1,
    10**400,
    1.5,
    1e308,
    float("inf"),
    float("nan"),
    True,
    [],
    [[]],
    [None],
    {},
    {"a": None},
)
READABLE = (UnreadableAnswerError, VenueRefusalError)


def variants(sample: Any) -> Iterator[Any]:  # noqa: ANN401 - decoded JSON; so below
    """Yield the sample with each odd value in the place of each of its own, and each field left out."""
    yield from ODD
    for path in paths(sample):
        for odd in ODD:
            changed = copy.deepcopy(sample)
            holder = at(changed, path[:-1])
            holder[path[-1]] = odd
            yield changed
        changed = copy.deepcopy(sample)
        del at(changed, path[:-1])[path[-1]]
        yield changed


def paths(sample: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    inside = sample.items() if isinstance(sample, dict) else enumerate(sample) if isinstance(sample, list) else ()
    for key, value in inside:
        yield (*so_far, key)
        yield from paths(value, (*so_far, key))


def at(sample: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401
    for key in path:
        sample = sample[key]
    return sample


def readers(queries: Any) -> list[Callable[[Any], Page[Any]]]:  # noqa: ANN401 - of any kind
    found = [queries] if isinstance(queries, Query) else list(queries)
    return [each.read for each in found]


def bybit_frame(topic: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"topic": topic, "id": "1", "creationTime": bybit.NOW_MS, "data": [row]}


def okx_frame(channel: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"arg": {"channel": channel, "instType": "ANY"}, "data": [row]}


FRAMES: list[tuple[Any, Any, Any]] = [
    (BINANCE, binance.BOTH, binance.execution_report()),
    (BINANCE, binance.BOTH, binance.order_trade_update()),
    (BINANCE, binance.BOTH, binance.algo_update()),
    (BINANCE, binance.BOTH, {"e": "ACCOUNT_UPDATE", "a": {"m": "FUNDING_FEE", "B": [], "P": []}}),
    (BYBIT, bybit.BY_SYMBOL, bybit_frame("order", bybit.order_row(category="linear"))),
    (BYBIT, bybit.BY_SYMBOL, bybit_frame("execution", bybit.trade_row(category="linear"))),
    (BYBIT, bybit.BY_SYMBOL, bybit_frame("execution.fast", bybit.trade_row(category="linear"))),
    (OKX, okx.MARKETS, okx_frame("orders", okx.order_row(okx.SWAP))),
    (OKX, okx.MARKETS, okx_frame("orders-algo", okx.algo_row())),
    (OKX, okx.MARKETS, okx_frame("balance_and_position", {"eventType": "funding_fee", "balData": []})),
]
_OKX_KNOWN = okx.known(okx.SWAP)
_BINANCE_KNOWN = binance.known(binance.intent(binance.PERP_ETH), order_id="1")
_NOW = bybit.NOW_MS
ANSWERS: list[tuple[Any, Any]] = [
    *((binance.perp_order(), each) for each in readers(BINANCE.look_up(_BINANCE_KNOWN, binance.PERP_ETH))),
    *((binance.algo_order(), each) for each in readers(BINANCE.look_up_by_id(binance.OURS, binance.PERP_ETH))),  # type: ignore[arg-type]
    *(([binance.perp_order()], each) for each in readers(BINANCE.open_orders([binance.PERP_ETH]))),
    *(([binance.spot_order()], each) for each in readers(BINANCE.open_orders([binance.SPOT_ETH]))),
    *(([binance.perp_trade(1)], each) for each in readers(BINANCE.trades_of(_BINANCE_KNOWN, binance.PERP_ETH))),
    *(
        ([binance.spot_trade(1)], each)
        for each in readers(BINANCE.trades_since(binance.SPOT_ETH, since_ms=_NOW - 1, now_ms=_NOW))
    ),
    *((bybit.page([bybit.order_row()]), each) for each in readers(BYBIT.look_up(bybit.known(), bybit.PERP_ETH))),
    *((bybit.page([bybit.order_row()]), each) for each in readers(BYBIT.open_orders(bybit.MARKETS))),
    *((bybit.page([bybit.trade_row()]), each) for each in readers(BYBIT.trades_of(bybit.known(), bybit.PERP_ETH))),
    *((okx.said(okx.order_row(okx.SWAP)), each) for each in readers(OKX.look_up(_OKX_KNOWN, okx.SWAP))),
    *((okx.said(okx.algo_row()), each) for each in readers(OKX.look_up_by_id(okx.OURS, okx.SWAP))),  # type: ignore[arg-type]
    *((okx.said(okx.order_row(okx.SWAP)), each) for each in readers(OKX.open_orders([okx.SWAP]))),
    *(
        (okx.said(okx.fill_row(okx.SWAP)), each)
        for each in readers(OKX.trades_since(okx.SWAP, since_ms=_NOW - 1, now_ms=_NOW))
    ),
    *(
        (okx.said(okx.bill_row()), each)
        for each in readers(OKX.transfers_since([okx.SWAP], since_ms=_NOW - 1, now_ms=_NOW))
    ),
    *((okx.said(okx.bill_row()), each) for each in readers(OKX.funding_since([okx.SWAP], since_ms=_NOW, now_ms=_NOW))),
]
PLAIN: list[tuple[Any, Any]] = [
    (dialect, market)
    for dialect, markets in (
        (BINANCE, (binance.SPOT_ETH, binance.PERP_ETH)),
        (BYBIT, (bybit.SPOT_ETH, bybit.PERP_ETH)),
        (OKX, (okx.ETH, okx.SWAP)),
    )
    for market in markets
]


@pytest.mark.parametrize(("dialect", "markets", "frame"), FRAMES)
def test_an_odd_frame_is_read_or_unreadable(dialect: Any, markets: Any, frame: Any) -> None:  # noqa: ANN401 - a table
    for odd in variants(frame):
        try:
            dialect.frame(odd, markets)
        except UnreadableAnswerError:
            continue


@pytest.mark.parametrize(("sample", "read"), ANSWERS)
def test_an_odd_answer_is_read_or_unreadable(sample: Any, read: Any) -> None:  # noqa: ANN401 - a table
    for odd in variants(sample):
        try:
            read(odd)
        except READABLE:
            continue


@pytest.mark.parametrize(("dialect", "market"), PLAIN)
def test_odd_values_are_no_balance_and_no_position(dialect: Any, market: Any) -> None:  # noqa: ANN401 - a table
    queries = [*dialect.balances([market]), *dialect.positions([market]), *dialect.account([market])]
    row = {"coin": [{"coin": "ETH", "walletBalance": "1"}], "details": [{"ccy": "ETH", "cashBal": "1"}], "symbol": "X"}
    samples = [{"retCode": 0, "result": {"list": [row]}}, {"code": "0", "data": [row], "msg": ""}, [row], row]
    for query in (*queries, dialect.server_time()):
        for odd in (variant for sample in samples for variant in variants(sample)):
            try:
                query.read(odd)
            except READABLE:
                continue
