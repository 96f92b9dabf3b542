"""What the frames of Bybit's private stream say: topics order, execution, wallet and position.

Each row of an order or execution says all of it. execution.fast leaves the fee out, so it only points at an order.
"""

from collections.abc import Iterator, Mapping

from actors.exchange.wire.bybit.answers import order_of, trades_of_row
from actors.exchange.wire.bybit.reading import Row, row_of, rows_of, text, word
from actors.exchange.wire.contract import Market, UnreadableAnswerError, Update
from messages.units import PERP, SPOT, TradeType

Markets = Mapping[tuple[TradeType, str], Market]
_PRODUCTS = {"spot": SPOT, "linear": PERP}


def frame(message: object, markets: Markets) -> Update:
    """Read one frame. Raises `UnreadableAnswerError`."""
    body = row_of(message)
    topic = word(body, "topic")
    if not topic:
        if not word(body, "op"):
            raise UnreadableAnswerError("a frame without topic and op")
        return Update()  # a pong, or the answer to a login or subscription
    kind, _, part = topic.partition(".")
    match kind:
        case "order":
            return Update(orders=tuple(order_of(row, market) for row, market in _rows(body, markets)))
        case "execution" if part.startswith("fast"):
            return Update(touched=tuple(text(row, "orderId") for row, _ in _rows(body, markets)))
        case "execution":
            return _executions(body, markets)
        case "wallet" | "position":
            return Update(balances=True)
        case _:
            return Update()


def _rows(body: Row, markets: Markets) -> Iterator[tuple[Row, Market]]:
    """Yield the rows that are about markets of ours."""
    for row in rows_of(body, "data"):
        product = _PRODUCTS.get(text(row, "category"))
        market = None if product is None else markets.get((product, text(row, "symbol")))
        if market is not None:
            yield row, market


def _executions(body: Row, markets: Markets) -> Update:
    rows = list(_rows(body, markets))
    return Update(
        trades=tuple(trade for row, market in rows for trade in trades_of_row(row, market)),
        funding=any(text(row, "execType") == "Funding" for row, _ in rows),
    )
