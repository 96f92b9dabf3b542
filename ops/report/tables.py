"""The long tables of the page, as rows of text that its script sorts, filters and pages. Amounts keep every digit."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from messages.book import Liquidated
from messages.lifecycle import ClockJumped, Halted, InputSkipped
from messages.orders import OrderFilled, OrderRejected
from messages.units import BPS, SECOND_NS, plain
from ops.report.formats import instant
from ops.report.gathered import Gathered, Trade, symbol

MAX_ROWS = 10_000
"""Rows of one table that the page carries; a journal may have millions."""


class Column(NamedTuple):
    """How a column is shown: `kind` is text, time, amount (a plain decimal) or id; `pick` offers a choice of values."""

    label: str
    kind: str = "text"
    pick: bool = False


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What the script gets. `total` counts the rows that the journal has; `rows` are the first of them."""

    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[str, ...]]
    total: int


def tables(found: Gathered) -> dict[str, Table]:
    """Return every table, by name; those without rows too."""
    fills = [trade for trade in found.trades if isinstance(trade.entry, OrderFilled)]
    return {
        "fills": _table("Fills in the order in which they happened", _FILLS, fills, _fill),
        "liquidations": _table("Positions closed by force, and what insurance paid", _FORCED, found.forced, _forced),
        "refusals": _table("What execd refused and did not send", _REFUSALS, found.refusals, _refusal),
        "rejections": _table("What a venue would not do", _REJECTIONS, found.rejections, _rejection),
        "trouble": _table("What went wrong on the way", _TROUBLE, found.trouble, _trouble),
    }


def _table(
    caption: str, columns: tuple[Column, ...], items: Sequence[Any], row: Callable[[Any], tuple[str, ...]]
) -> Table:
    return Table(caption=caption, columns=columns, rows=[row(item) for item in _first(items)], total=len(items))


def _first(items: Iterable[Any]) -> Iterable[Any]:
    return islice(items, MAX_ROWS)


_TIME = Column("Time (UTC)", "time")
_INSTRUMENT = Column("Instrument", pick=True)
_ID = Column("Instruction", "id")

_FILLS = (
    _TIME,
    _INSTRUMENT,
    Column("Side", pick=True),
    Column("Amount", "amount"),
    Column("Price", "amount"),
    Column("Notional", "amount"),
    Column("Fee", "amount"),
    Column("Fee in", pick=True),
    Column("Slip, bps", "amount"),
    Column("Liquidity", pick=True),
    _ID,
)


def _fill(trade: Trade) -> tuple[str, ...]:
    fill = trade.entry
    assert isinstance(fill, OrderFilled)  # noqa: S101 - the others were left out
    slipped = "" if trade.slippage is None or not trade.notional else _short(trade.slippage / trade.notional * BPS)
    return (
        instant(trade.at),
        fill.instrument,
        fill.side,
        plain(fill.amount),
        plain(fill.price),
        plain(trade.notional),
        plain(fill.fee),
        fill.fee_asset,
        slipped,
        fill.liquidity,
        fill.instruction_id,
    )


def _short(value: Decimal) -> str:
    return plain(round(value, 3))


_FORCED = (
    _TIME,
    Column("What", pick=True),
    _INSTRUMENT,
    Column("Side", pick=True),
    Column("Amount", "amount"),
    Column("Mark", "amount"),
    Column("Price", "amount"),
    Column("Taker fee", "amount"),
    Column("Liquidation fee", "amount"),
    Column("Insurance", "amount"),
    Column("Currency", pick=True),
)


def _forced(item: tuple[int, Any]) -> tuple[str, ...]:
    at, entry = item
    if isinstance(entry, Liquidated):
        amounts = (entry.amount, entry.mark, entry.price, entry.fee, entry.liquidation_fee)
        known = symbol(entry.instrument)
        currency = "" if known is None else known.quote
        return (instant(at), "Closed", entry.instrument, entry.side, *map(plain, amounts), "", currency)
    blank = ("",) * 6
    return (instant(at), f"Insurance paid {entry.account}", entry.instrument, *blank, plain(entry.amount), entry.asset)


_REFUSALS = (_TIME, Column("Code", pick=True), Column("Detail"), _ID)


def _refusal(item: tuple[int, Any]) -> tuple[str, ...]:
    at, entry = item
    return (instant(at), entry.code, entry.detail, entry.instruction_id)


_REJECTIONS = (_TIME, Column("What", pick=True), _INSTRUMENT, Column("Reason", pick=True), Column("Detail"), _ID)
_DENIED = {"OrderRejected": "Order", "CancelRejected": "Cancel", "AmendRejected": "Amend"}


def _rejection(item: tuple[int, Any]) -> tuple[str, ...]:
    at, entry = item
    detail = entry.detail if isinstance(entry, OrderRejected) else ""
    return (instant(at), _DENIED[type(entry).__name__], entry.instrument, entry.reason, detail, entry.instruction_id)


_TROUBLE = (_TIME, Column("What", pick=True), Column("Detail"))


def _trouble(item: tuple[int, Any]) -> tuple[str, ...]:
    at, entry = item
    match entry:
        case InputSkipped():
            return (instant(at), f"{entry.input} skipped", f"{entry.error} ({entry.where})")
        case Halted():
            return (instant(at), "Halted", entry.reason)
        case ClockJumped():
            return (instant(at), "Clock jumped", f"by {plain(Decimal(entry.by_ns) / SECOND_NS)} s")
        case _:
            return (instant(at), "Outcome unknown", f"{entry.instruction_id} at {entry.instrument}: {entry.reason}")
