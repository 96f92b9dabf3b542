"""Values of the engine as rows of the record, and back. Columns are those of ``record_tables.sql``, in its order."""

import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar, get_type_hints

import msgspec

from messages.units import TradeType, plain
from ops.testbed.exchange.money import Bill, Move
from ops.testbed.exchange.quotes import PaidFunding
from ops.testbed.exchange.values import Balance, Market, Order, Position, Trade, Trigger, Uid, Wallet

Row = tuple[str | int | None, ...]
Markets = Mapping[tuple[TradeType, str], Market]
T = TypeVar("T", Order, Trade, Position, Bill, Move, PaidFunding)

ORDER_COLUMNS = (
    *("venue", "uid", "product", "symbol", "order_id", "client_order_id", "side", "type", "tif", "post_only"),
    *("reduce_only", "close_position", "amount", "quote_amount", "price", "trigger", "triggered", "status", "why"),
    *("filled", "filled_quote", "fees", "parent_id", "child_id", "self_trade", "max_slippage", "words"),
    *("created_ms", "updated_ms", "priority", "version"),
)
TRADE_COLUMNS = (
    *("venue", "uid", "product", "symbol", "trade_id", "serial", "order_id", "client_order_id", "side", "price"),
    *("amount", "fee", "fee_asset", "liquidity", "realised", "at_ms"),
)
POSITION_COLUMNS = (
    *("venue", "uid", "symbol", "quantity", "entry_price", "realised", "leverage", "opened_ms", "updated_ms"),
)
BILL_COLUMNS = (
    *("venue", "bill_id", "uid", "wallet", "asset", "kind", "amount", "balance", "product", "symbol", "ref"),
    *("order_id", "rate", "mark", "quantity", "at_ms"),
)
MOVE_COLUMNS = (
    *("venue", "kind", "move_id", "uid", "asset", "amount", "state", "fee", "client_id", "network", "address"),
    *("tag", "tx_id", "source", "target", "created_ms", "updated_ms"),
)
FUNDING_COLUMNS = ("venue", "symbol", "at_ms", "rate", "mark")
_JSON = {"trigger": Trigger | None, "fees": dict[str, Decimal], "words": dict[str, str]}


def row_of(value: Order | Trade | Position | Bill | Move | PaidFunding, venue: str, columns: tuple[str, ...]) -> Row:
    """Return a value as a row."""
    market: Market | None = getattr(value, "market", None)
    found = []
    for column in columns:
        if column == "venue":
            found.append(venue)
        elif column in {"product", "symbol"}:
            found.append("" if market is None else str(getattr(market, column)))
        else:
            found.append(_cell(column, getattr(value, column)))
    return tuple(found)


def _cell(column: str, value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, Decimal):
        return plain(value)
    if column in _JSON:
        return None if value is None else msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return int(value)
    return value if value is None or isinstance(value, int) else str(value)


def value_of(kind: type[T], columns: tuple[str, ...], row: Row, markets: Markets) -> T:
    """Return the value that a row is of."""
    cells: dict[str, Any] = dict(zip(columns, row, strict=True))
    product, symbol = cells.pop("product", TradeType.PERP), cells.pop("symbol", "")
    del cells["venue"]
    hints = _hints(kind)
    fields: dict[str, Any] = {
        name: msgspec.json.decode(cell, type=_JSON[name])
        if name in _JSON and cell is not None
        else msgspec.convert(cell, hints[name], strict=False)
        for name, cell in cells.items()
    }
    if "market" in hints:
        fields["market"] = markets[TradeType(product), symbol] if symbol else None
    return kind(**fields)


@functools.cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def balance_row(venue: str, uid: Uid, wallet: Wallet, asset: str, balance: Balance) -> Row:
    """Return a balance as a row."""
    return venue, uid, wallet, asset, plain(balance.total), plain(balance.held)
