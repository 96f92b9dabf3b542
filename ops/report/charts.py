"""What the charts draw, as plain numbers: the page's script chooses how. Times are milliseconds UTC.

Floats, rounded and thinned out: the tables have the exact values.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from messages.book import Attribution, EquityMarked, Liquidated
from messages.market import FundingPaid
from messages.units import Amount
from ops.report.gathered import Gathered, Trade, position_paid_on, symbol
from ops.report.series import Column, kept
from ops.report.statistics import drawdowns

KINDS: tuple[str, ...] = Attribution.__struct_fields__
"""What a change of equity comes from, in the order in which it is told."""

_MS = 1_000_000
_DIGITS = 8
_NOTHING = Attribution(**dict.fromkeys(KINDS, Amount(Decimal(0))))

Chart = dict[str, Any]


def charts(found: Gathered) -> dict[str, Chart]:
    """Return the data of every chart that has any."""
    drawn = {
        "equity": _equity(found),
        "attribution": _attribution(found),
        "positions": _positions(found),
        "funding": _funding(found),
        "margin": _margin(found),
    }
    return {name: chart for name, chart in drawn.items() if chart}


def _equity(found: Gathered) -> Chart:
    if not found.marks:
        return {}
    equity = [float(mark.equity) for mark in found.marks]
    falls = drawdowns(equity)
    places = kept([equity, falls])
    return {
        "x": _times(found.mark_times, places),
        "equity": _chosen(equity, places),
        "drawdown": _chosen(falls, places),
        "liquidations": _liquidations(found),
        "currency": found.currency,
    }


def _liquidations(found: Gathered) -> list[int]:
    return sorted({at // _MS for at, entry in found.forced if isinstance(entry, Liquidated)})


def _attribution(found: Gathered) -> Chart:
    if found.attribution is None:
        return {}
    told = [mark.attribution or _NOTHING for mark in found.marks]
    columns = {kind: [float(getattr(each, kind)) for each in told] for kind in KINDS}
    total = [sum(values) for values in zip(*columns.values(), strict=True)]
    places = kept([*columns.values(), total])
    return {
        "x": _times(found.mark_times, places),
        "kinds": {kind: _chosen(column, places) for kind, column in columns.items()},
        "total": _chosen(total, places),
        "currency": found.currency,
    }


def _margin(found: Gathered) -> Chart:
    """Return maintenance / (balance + unrealised P&L) of each account, with gaps where it has no positions.

    An account without equity has no ratio either.
    """
    accounts = sorted({each.account for mark in found.marks for each in mark.margins})
    if not accounts:
        return {}
    columns: dict[str, list[float | None]] = {account: [None] * len(found.marks) for account in accounts}
    for place, mark in enumerate(found.marks):
        for each in mark.margins:
            if each.equity > 0:
                columns[each.account][place] = float(each.maintenance / each.equity)
    places = kept([*columns.values()])
    return {
        "x": _times(found.mark_times, places),
        "accounts": {account: _chosen(column, places) for account, column in columns.items()},
        "liquidations": _liquidations(found),
    }


def _positions(found: Gathered) -> Chart:
    """Return, for each base asset, the position of every instrument after each trade, and the net delta."""
    lines: dict[str, dict[str, tuple[list[int], list[float]]]] = {}
    held: dict[str, Decimal] = {}
    for trade in found.trades:
        instrument = trade.entry.instrument
        held[instrument] = held.get(instrument, Decimal(0)) + trade.change
        times, amounts = lines.setdefault(_base(trade), {}).setdefault(instrument, ([], []))
        times.append(trade.at)
        amounts.append(float(held[instrument]))
    bases = sorted({*lines, *(each.base for mark in found.marks for each in mark.deltas)})
    return (
        {
            "bases": [
                {
                    "base": base,
                    "lines": [
                        {"name": name, **_line(times, amounts)}
                        for name, (times, amounts) in sorted(lines.get(base, {}).items())
                    ],
                    "delta": _delta(found.mark_times, found.marks, base),
                }
                for base in bases
            ],
            "span": _times(found.mark_times, (0, -1)) if found.marks else [],
            "currency": found.currency,
        }
        if bases
        else {}
    )


def _base(trade: Trade) -> str:
    known = symbol(trade.entry.instrument)
    return trade.entry.instrument if known is None else known.base


def _delta(times: Sequence[int], marks: Sequence[EquityMarked], base: str) -> Chart:
    nets: list[float] = []
    notionals: list[float] = []
    for mark in marks:
        each = next((each for each in mark.deltas if each.base == base), None)
        nets.append(0.0 if each is None else float(each.net))
        notionals.append(0.0 if each is None else float(each.notional))
    if not nets:
        return {"x": [], "net": [], "notional": []}
    places = kept([nets, notionals])
    return {"x": _times(times, places), "net": _chosen(nets, places), "notional": _chosen(notionals, places)}


def _funding(found: Gathered) -> Chart:
    """Return, for each instrument, every payment, their sum so far, and the position that they were paid on."""
    if not found.funding:
        return {}
    by_instrument: dict[str, list[tuple[int, FundingPaid]]] = {}
    for at, paid in found.funding:
        by_instrument.setdefault(paid.instrument, []).append((at, paid))
    return {
        "lines": [_funding_line(name, paid) for name, paid in sorted(by_instrument.items())],
        "total": _funding_total(found),
        "span": _times(found.mark_times, (0, -1)) if found.marks else [],
        "currency": found.currency,
    }


def _funding_line(name: str, payments: Iterable[tuple[int, FundingPaid]]) -> Chart:
    times, amounts, positions = [], [], []
    for at, paid in payments:
        times.append(at)
        amounts.append(float(paid.amount))
        positions.append(float(position_paid_on(paid)))
    places = kept([amounts, positions])
    return {
        "name": name,
        "x": _times(times, places),
        "paid": _chosen(amounts, places),
        "position": _chosen(positions, places),
    }


def _funding_total(found: Gathered) -> Chart:
    times: list[int] = []
    sums: list[float] = []
    total = 0.0
    for at, paid in found.funding:
        total += float(paid.amount)
        if times and times[-1] == at:
            sums[-1] = total
        else:
            times.append(at)
            sums.append(total)
    return _line(times, sums)


def _line(times: Sequence[int], values: Sequence[float]) -> Chart:
    places = kept([values])
    return {"x": _times(times, places), "y": _chosen(values, places)}


def _times(times: Sequence[int], places: Iterable[int]) -> list[int]:
    return [times[place] // _MS for place in places]


def _chosen(column: Column, places: Iterable[int]) -> list[float | None]:
    return [None if (value := column[place]) is None else round(value, _DIGITS) for place in places]
