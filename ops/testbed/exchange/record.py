"""The record of a local exchange: ``DIR/record.sqlite``, to be read afterwards, and to go on from.

Its tables are described in ``record_tables.sql`` (and by ``.schema`` of the file itself). Rows are committed in batches
a few hundredths of a second after what they are about; a stop in order leaves nothing out. Who kills the exchange
itself loses what was not committed yet. Readers don't disturb it (WAL).
"""

import re
import sqlite3
from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from ops.testbed.exchange.money import Bill, Move
from ops.testbed.exchange.quotes import PaidFunding
from ops.testbed.exchange.record_rows import (
    BILL_COLUMNS,
    FUNDING_COLUMNS,
    MOVE_COLUMNS,
    ORDER_COLUMNS,
    POSITION_COLUMNS,
    TRADE_COLUMNS,
    Markets,
    Row,
    balance_row,
    row_of,
    value_of,
)
from ops.testbed.exchange.sink import Kept
from ops.testbed.exchange.values import Balance, Order, Position, Trade, Uid, Wallet

FILE = "record.sqlite"
REQUEST_COLUMNS = (
    *("at_ms", "venue", "host", "method", "path", "query", "body", "operation", "uid", "symbol"),
    *("client_order_id", "status", "code", "faults", "took_us"),
)
_COLUMNS = {
    "orders": ORDER_COLUMNS,
    "trades": TRADE_COLUMNS,
    "balances": ("venue", "uid", "wallet", "asset", "total", "held"),
    "positions": POSITION_COLUMNS,
    "bills": BILL_COLUMNS,
    "moves": MOVE_COLUMNS,
    "funding": FUNDING_COLUMNS,
    "settings": ("venue", "uid", "name", "value"),
    "counters": ("venue", "name", "value"),
    "requests": REQUEST_COLUMNS,
}
_SECRET = re.compile(r"(?<![A-Za-z])(signature|sign|sig)=[^&\s]*", re.IGNORECASE)
_LONGEST = 2000


class Record:
    """The file of all venues. `on_dirty` is called when something waits for the next `flush`."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(files(__package__).joinpath("record_tables.sql").read_text(encoding="utf-8"))
        self._latest: dict[str, dict[Row, Row]] = {}
        self._added: dict[str, list[Row]] = {}
        self._is_dirty = False
        self.on_dirty: Callable[[], None] = _nothing

    def replace(self, table: str, key: Row, row: Row) -> None:
        """Write a row at the next flush, in the place of one with the same key."""
        self._latest.setdefault(table, {})[key] = row
        self._dirty()

    def add(self, table: str, row: Row) -> None:
        """Write one more row at the next flush."""
        self._added.setdefault(table, []).append(row)
        self._dirty()

    def _dirty(self) -> None:
        if not self._is_dirty:
            self._is_dirty = True
            self.on_dirty()

    def flush(self) -> None:
        """Commit what waits."""
        if not self._is_dirty:
            return
        self._is_dirty = False
        latest, self._latest = self._latest, {}
        added, self._added = self._added, {}
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for table, rows in latest.items():
                self._connection.executemany(_insert(table, "REPLACE"), rows.values())
            for table, many in added.items():
                self._connection.executemany(_insert(table, "INSERT"), many)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Commit what waits, and close the file."""
        self.flush()
        self._connection.close()

    def kept(self, venue: str, markets: Markets) -> Kept:
        """Return what the file holds of a venue."""
        orders = self._rows("orders", venue, "created_ms, priority")
        known = {market.symbol for market in markets.values()}
        return Kept(
            orders=[value_of(Order, ORDER_COLUMNS, row, markets) for row in orders if row[3] in known],
            trades=[
                value_of(Trade, TRADE_COLUMNS, row, markets)
                for row in self._rows("trades", venue, "serial")
                if row[3] in known
            ],
            balances={
                (Uid(str(uid)), Wallet(str(wallet)), str(asset)): Balance(total=_decimal(total), held=_decimal(held))
                for _, uid, wallet, asset, total, held in self._rows("balances", venue)
            },
            positions=[value_of(Position, POSITION_COLUMNS, row, markets) for row in self._rows("positions", venue)],
            bills=[value_of(Bill, BILL_COLUMNS, row, markets) for row in self._rows("bills", venue, "bill_id")],
            moves=[value_of(Move, MOVE_COLUMNS, row, markets) for row in self._rows("moves", venue, "created_ms")],
            funding=[
                value_of(PaidFunding, FUNDING_COLUMNS, row, markets) for row in self._rows("funding", venue, "at_ms")
            ],
            settings={(Uid(str(uid)), str(name)): str(value) for _, uid, name, value in self._rows("settings", venue)},
            counters={str(name): int(value or 0) for _, name, value in self._rows("counters", venue)},
        )

    def far(self, name: str) -> int:
        """Return how far something of no venue went."""
        return next((int(value or 0) for _, each, value in self._rows("counters", "") if each == name), 0)

    def went(self, name: str, value: int) -> None:
        """Write down how far it went."""
        self.replace("counters", ("", name), ("", name, value))

    def _rows(self, table: str, venue: str, order: str = "1") -> Sequence[Row]:
        columns = ", ".join(_COLUMNS[table])
        query = f"SELECT {columns} FROM {table} WHERE venue = ? ORDER BY {order}"  # noqa: S608 - our own names
        return self._connection.execute(query, (venue,)).fetchall()


class VenueRecord:
    """One venue's part of the record: the sink of its engine."""

    def __init__(self, record: Record, venue: str) -> None:
        self._record = record
        self._venue = venue

    def order(self, order: Order) -> None:
        """Write down an order as it is now."""
        key = (self._venue, order.market.product, order.market.symbol, order.order_id)
        self._record.replace("orders", key, row_of(order, self._venue, ORDER_COLUMNS))

    def trade(self, trade: Trade) -> None:
        """Write down an account's side of a trade."""
        self._record.add("trades", row_of(trade, self._venue, TRADE_COLUMNS))

    def balance(self, uid: Uid, wallet: Wallet, asset: str, balance: Balance) -> None:
        """Write down a balance as it is now."""
        key = (self._venue, uid, wallet, asset)
        self._record.replace("balances", key, balance_row(self._venue, uid, wallet, asset, balance))

    def position(self, position: Position) -> None:
        """Write down a position as it is now."""
        key = (self._venue, position.uid, position.market.symbol)
        self._record.replace("positions", key, row_of(position, self._venue, POSITION_COLUMNS))

    def bill(self, bill: Bill) -> None:
        """Write down a line of the ledger."""
        self._record.add("bills", row_of(bill, self._venue, BILL_COLUMNS))

    def move(self, move: Move) -> None:
        """Write down a deposit, withdrawal or transfer as it is now."""
        key = (self._venue, move.kind, move.move_id)
        self._record.replace("moves", key, row_of(move, self._venue, MOVE_COLUMNS))

    def funding(self, paid: PaidFunding) -> None:
        """Write down a funding settlement."""
        self._record.add("funding", row_of(paid, self._venue, FUNDING_COLUMNS))

    def setting(self, uid: Uid, name: str, value: str) -> None:
        """Write down a setting of an account."""
        self._record.replace("settings", (self._venue, uid, name), (self._venue, uid, name, value))

    def counter(self, name: str, value: int) -> None:
        """Write down how far a counter is."""
        self._record.replace("counters", (self._venue, name), (self._venue, name, value))


def scrubbed(text: str) -> str:
    """Return a query or a body as the record may hold it: without signatures, not too long."""
    return _SECRET.sub(r"\1=", text)[:_LONGEST]


def _insert(table: str, verb: str) -> str:
    columns = _COLUMNS[table]
    start = "REPLACE INTO" if verb == "REPLACE" else "INSERT INTO"
    marks = ", ".join("?" * len(columns))
    return f"{start} {table} ({', '.join(columns)}) VALUES ({marks})"


def _decimal(text: str | int | None) -> Decimal:
    return Decimal(str(text))


def _nothing() -> None:
    """Tell nobody."""
