# ruff: noqa: RUF001 - formulas are written with the signs that people know
"""The table of statistics: each figure with the formula that it comes from, so that nobody has to guess."""

from bisect import bisect_right
from decimal import Decimal
from typing import NamedTuple

from messages.book import InsurancePaid
from messages.units import BPS
from ops.report import statistics
from ops.report.formats import NONE, count, money, number, percent
from ops.report.gathered import Gathered, position_paid_on

LEAST_RETURNS = 30
"""Daily returns below which nothing is told that is scaled to a year: it would say more of chance than of the run."""

_ZERO = Decimal(0)


class Figure(NamedTuple):
    """One line of the table. `formula` is read by people."""

    name: str
    value: str
    formula: str


class Performance(NamedTuple):
    """What equity did. None where there is no such figure (ops/report/statistics.py says when).

    Attributes:
        days: From the first mark with a price to the last one with a new price, in days.
        daily: Returns of these days.
        annual: None where they are too few, too.
    """

    first: Decimal
    last: Decimal
    average: Decimal
    days: float
    total: float | None
    daily: list[float]
    annual: float | None
    drawdown: statistics.Drawdown | None


class Trading(NamedTuple):
    """What was traded and what it cost, in quote. Costs are positive when paid.

    Attributes:
        uncounted: Trades whose fee was paid in an asset that no price here is of.
    """

    turnover: Decimal
    fees: Decimal
    slippage: Decimal
    liquidation: Decimal
    funding: Decimal
    funded: Decimal
    uncounted: int


def priced_span(found: Gathered) -> range:
    """Return the places of the marks from the first with a price to the last with a new one.

    After that only the clock went on: such days are no days of trading. New is also a candle at the old price, as far
    as the manifest says until when there are candles. Where no mark names a price, all count.
    """
    marks = found.marks
    first = next((place for place, mark in enumerate(marks) if mark.marks), None)
    if first is None:
        return range(len(marks))
    last = first
    for place in range(first + 1, len(marks)):
        if marks[place].marks != marks[place - 1].marks:
            last = place
    known = _candles_end(found)
    if known is not None:
        last = max(last, bisect_right(found.mark_times, known) - 1)
    return range(first, last + 1)


def _candles_end(found: Gathered) -> int | None:
    """Return when the last candle of all files opened, as far as the manifest says so."""
    files, resolution = found.hashed.get("data"), found.setting("data", "resolution")
    ends = [
        file["last"]
        for file in (files if isinstance(files, list) else ())
        if isinstance(file, dict) and isinstance(file.get("last"), int) and f"-{resolution}." in str(file.get("name"))
    ]
    return max(ends, default=None)


def performance(found: Gathered) -> Performance | None:
    """Return what equity did; None if it was never marked."""
    if not found.marks:
        return None
    values: list[Decimal] = [mark.equity - (mark.put_in or _ZERO) for mark in found.marks]
    priced = priced_span(found)
    within = slice(priced.start, priced.stop)
    times = found.mark_times[within]
    daily = statistics.returns(statistics.daily_values(times, values[within]))
    return Performance(
        first=values[0],
        last=values[-1],
        average=sum(values[within], _ZERO) / len(times),
        days=(times[-1] - times[0]) / statistics.DAY_NS,
        total=statistics.total_return(values[0], values[-1]),
        daily=daily,
        annual=statistics.annual_return(daily) if len(daily) >= LEAST_RETURNS else None,
        drawdown=statistics.drawdown(found.mark_times, values),
    )


def trading(found: Gathered) -> Trading:
    """Return what was traded."""
    turnover = fees = slippage = liquidation = _ZERO
    uncounted = 0
    for trade in found.trades:
        turnover += trade.notional
        slippage += trade.slippage or _ZERO
        liquidation += getattr(trade.entry, "liquidation_fee", _ZERO)
        if trade.fee is None:
            uncounted += 1
        else:
            fees += trade.fee
    funding = sum((paid.amount for _, paid in found.funding), _ZERO)
    funded = sum((abs(position_paid_on(paid)) for _, paid in found.funding), _ZERO)
    return Trading(turnover, fees, slippage, liquidation, funding, funded, uncounted)


def groups(found: Gathered, done: Performance | None, trades: Trading) -> list[tuple[str, list[Figure]]]:
    """Return all figures, by heading."""
    returns = [] if done is None else [("Return", _returns(done, found.currency)), ("Risk", _risks(done))]
    return [*returns, ("Trading and costs", _costs(found, trades, done))]


def headline(found: Gathered, done: Performance | None, trades: Trading) -> list[tuple[str, str]]:
    """Return the figures that one looks at first."""
    told = []
    if done is not None:
        few = _few(done)
        told = [
            ("Return", percent(done.total, signed=True)),
            (f"Annualised{few}", percent(done.annual, signed=True)),
            (f"Sharpe ratio{few}", NONE if few else number(statistics.sharpe(done.daily))),
            ("Max. drawdown", percent(0.0 if done.drawdown is None else done.drawdown.depth)),
        ]
    return [
        *told,
        (f"Funding, {found.currency}", money(trades.funding, signed=True)),
        (f"Fees, {found.currency}", money(-trades.fees, signed=True)),
        ("Fills", count(found.counts["OrderFilled"])),
        ("Liquidations", count(found.counts["Liquidated"])),
    ]


def _few(done: Performance) -> str:
    """Return that there are too few days for a figure of a year; empty if there are enough."""
    days = len(done.daily)
    return f" ({count(days)} day{'' if days == 1 else 's'}: too few)" if days < LEAST_RETURNS else ""


def _yearly(told: str, done: Performance) -> str:
    """Return a figure of a year, or a dash with the reason why there is none."""
    few = _few(done)
    return f"{NONE}{few}" if few else told


def _returns(done: Performance, currency: str) -> list[Figure]:
    daily = done.daily
    rose = sum(each > 0 for each in daily)
    return [
        Figure("Profit and loss", f"{money(done.last - done.first, signed=True)} {currency}", "last − first equity"),
        Figure("Return", percent(done.total, signed=True), "last equity ÷ first equity − 1"),
        Figure(
            "Annualised return",
            _yearly(percent(done.annual, signed=True), done),
            f"product of (1 + r) ^ (365 ÷ n) − 1, with n = {count(len(daily))} daily returns",
        ),
        Figure("Best day", percent(max(daily, default=None), signed=True), "largest r"),
        Figure("Worst day", percent(min(daily, default=None), signed=True), "smallest r"),
        Figure("Days with a gain", percent(rose / len(daily)) if daily else NONE, "days with r > 0 ÷ n"),
    ]


def _risks(done: Performance) -> list[Figure]:
    fall = done.drawdown
    depth = None if fall is None else fall.depth
    length = "0 days" if fall is None else _days(fall)
    return [
        Figure(
            "Volatility",
            _yearly(percent(statistics.volatility(done.daily)), done),
            "standard deviation of r (divided by n-1) × √365",
        ),
        Figure(
            "Sharpe ratio",
            _yearly(number(statistics.sharpe(done.daily)), done),
            "mean of r ÷ standard deviation of r (divided by n-1) × √365",
        ),
        Figure(
            "Sortino ratio",
            _yearly(number(statistics.sortino(done.daily)), done),
            "mean of r ÷ √(sum of min(r, 0)² ÷ n) × √365",
        ),
        Figure(
            "Calmar ratio",
            _yearly(number(statistics.calmar(done.annual, depth)), done),
            "annualised return ÷ maximum drawdown",
        ),
        Figure(
            "Maximum drawdown", percent(depth or 0.0), "largest of 1 − equity ÷ highest equity before, over all marks"
        ),
        Figure(
            "Length of that drawdown",
            length,
            "UTC days from the first mark below the high to the last one before it is reached again, both counted",
        ),
    ]


def _days(fall: statistics.Drawdown) -> str:
    days = f"{count(fall.days)} day{'' if fall.days == 1 else 's'}"
    return days if fall.recovered else f"{days}, not recovered"


def _costs(found: Gathered, trades: Trading, done: Performance | None) -> list[Figure]:
    currency = found.currency
    average = done.average if done is not None else _ZERO
    years = done.days / statistics.DAYS_A_YEAR if done is not None else 0.0
    yearly = float(trades.funding / average) / years if average > 0 and years > 0 else None
    share = NONE if done is None else _yearly(percent(yearly, signed=True), done)
    times = float(trades.turnover / average) if average > 0 else None
    left_out = f"; {count(trades.uncounted)} fees in other assets are not in it" if trades.uncounted else ""
    return [
        Figure("Turnover", f"{money(trades.turnover)} {currency}", "sum of amount × price over fills and liquidations"),
        Figure("Turnover of equity", f"{number(times, digits=1)} ×" if times else NONE, "turnover ÷ average equity"),
        Figure(
            "Costs",
            _bps(trades.fees + trades.slippage + trades.liquidation, trades.turnover),
            "(fees + slippage + liquidation fees) ÷ turnover",
        ),
        Figure(
            "of it fees",
            _bps(trades.fees, trades.turnover),
            f"fees ÷ turnover; fees in the coin itself count at the fill's price{left_out}",
        ),
        Figure(
            "of it slippage",
            _bps(trades.slippage, trades.turnover),
            "sum of amount × distance to the reference price ÷ turnover",
        ),
        *_forced(found, trades),
        Figure(
            "Funding", f"{money(trades.funding, signed=True)} {currency}", "sum of payments, positive when received"
        ),
        Figure("Funding yield", share, "funding ÷ average equity × 365 ÷ days, a year"),
        Figure(
            "Funding per payment",
            _bps(trades.funding, trades.funded, signed=True),
            "funding ÷ sum of |position| × mark at each payment",
        ),
    ]


def _forced(found: Gathered, trades: Trading) -> list[Figure]:
    """Return what liquidations cost on top, and what insurance paid of that; nothing where there were none."""
    if not found.forced:
        return []
    paid: dict[str, Decimal] = {}
    for _, entry in found.forced:
        if isinstance(entry, InsurancePaid):
            paid[entry.asset] = paid.get(entry.asset, _ZERO) + entry.amount
    insured = [f"{money(amount, signed=True)} {asset}" for asset, amount in sorted(paid.items())]
    fees = f"{money(-trades.liquidation, signed=True)} {found.currency}"
    return [
        Figure("Liquidation fees", fees, "sum over liquidations, beside the taker fee"),
        Figure("Paid by insurance", ", ".join(insured) or NONE, "what accounts were short of after liquidations"),
    ]


def _bps(part: Decimal, whole: Decimal, *, signed: bool = False) -> str:
    """Return a share in basis points."""
    return f"{number(float(part / whole * BPS), signed=signed)} bps" if whole else NONE
