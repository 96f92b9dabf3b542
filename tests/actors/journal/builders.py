"""Journals to test with: entries, rows that chain, files, and addresses that remember."""

import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from actors.journal.encoding import encode, next_hash
from actors.journal.manifest import Manifest, manifest
from actors.journal.store import JournalStore, Row
from messages.base import Message
from messages.journal import Append, Entry
from messages.lifecycle import Halted, RunEnded, RunStarted
from messages.orders import OrderFilled
from messages.units import (
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Liquidity,
    Nanoseconds,
    OrderId,
    Price,
    Side,
    TradeId,
    VenueName,
)

MANIFEST: Manifest = manifest({"mode": "backtest", "seed": 7}, {"host": "here", "pid": 1})


def fill(**changes: Any) -> OrderFilled:  # noqa: ANN401 (any field)
    """Return a fill."""
    fields: dict[str, Any] = {
        "venue": VenueName("bybit"),
        "instrument": InstrumentId("bybit:ETHUSDT-PERP"),
        "side": Side.SELL,
        "amount": BaseAmount(Decimal("1.50")),
        "price": Price(Decimal("2345.67")),
        "fee": Amount(Decimal("1.9351787")),
        "fee_asset": Asset("USDT"),
        "liquidity": Liquidity.TAKER,
        "order_id": OrderId("o1"),
        "client_order_id": ClientOrderId("x1"),
        "trade_id": TradeId("t1"),
        "instruction_id": InstructionId("a1"),
    }
    return OrderFilled(**(fields | changes))


def ended(reason: str = "") -> RunEnded:
    """Return the end of a run."""
    return RunEnded(
        outcome="done", reason=reason, market_events=3, currency=Asset("USDT"), equity_start=None, equity_end=None
    )


def a_run(length: int) -> list[Entry]:
    """Return the entries of a whole run: so many, at least two."""
    started = RunStarted(mode="backtest", start=Nanoseconds(0), end=None)
    middle = [fill(trade_id=TradeId(f"t{n}")) if n % 3 else Halted(reason=f"number {n}") for n in range(2, length)]
    return [started, *middle, ended()]


def rows_of(entries: Iterable[Entry], *, after: int = 0, previous: bytes = MANIFEST.hash_0) -> list[Row]:
    """Return entries as rows that chain on to `previous`."""
    rows = []
    for seq, entry in enumerate(entries, start=after + 1):
        body = encode(seq, seq * 1_000, seq - 1 or None, entry)
        previous = next_hash(previous, body)
        rows.append((seq, body, previous))
    return rows


def append(rows: Sequence[Row]) -> Append:
    """Return the message that brings rows."""
    return Append(rows=tuple(rows))


def write_journal(path: Path, entries: Iterable[Entry]) -> list[Row]:
    """Write a journal, close it in order, and return its rows."""
    rows = rows_of(entries)
    with JournalStore.create(path, MANIFEST, durability="off") as store:
        store.append(rows)
        store.commit()
    return rows


def tampered(path: Path, statement: str, *values: object) -> None:
    """Change a closed journal behind its back."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


def files(folder: Path) -> set[str]:
    """Return the names in a folder."""
    return {found.name for found in folder.iterdir()}


class Told:
    """An address that remembers what it was told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def tell(self, message: Message) -> None:
        """Remember."""
        self.messages.append(message)
