"""What the figures of performance are, as pure functions. Each says its formula, and when there is no such figure.

Money comes in as `Decimal`; what comes out is float, for people to look at: no figure here decides anything. Returns
are simple returns of equity (marked to market, unrealised P&L included) from the end of one UTC day to the end of the
next. A year has 365 days, the risk-free rate is nought. There is no figure (None, never an infinity) where fewer than
two returns are known, or where a deviation to divide by is zero.

Source: quantstats 0.0.86 with ``periods=365``: sharpe, sortino, cagr, calmar, max_drawdown, volatility, and the days of
drawdown_details.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from messages.units import SECOND_NS

DAYS_A_YEAR = 365
DAY_NS = 86_400 * SECOND_NS

_LEAST_RETURNS = 2
_NO_DEVIATION = 1e-15
"""A standard deviation below this is what rounding made of nought."""


class Drawdown(NamedTuple):
    """The deepest fall of equity from its highest mark before.

    Attributes:
        depth: As a positive fraction of that mark.
        days: UTC days from the first mark below it to the last one before equity is back, both counted; if it never
            came back, to the last mark.
        recovered: It came back.
    """

    depth: float
    days: int
    recovered: bool


def daily_values(times: Sequence[int], values: Sequence[Decimal]) -> list[Decimal]:
    """Return the first value, then the last one of each UTC day until the last mark.

    A mark at 00:00 ends the day before it. A day without marks keeps the value of the day before; the first and the
    last day may be parts of days.

    Args:
        times: Nanoseconds UTC, rising; as many as `values`.
        values: Equity.
    """
    if not times:
        return []
    day = times[0] // DAY_NS  # days that have ended
    daily = [values[0]]
    held = values[0]
    for at, value in zip(times[1:], values[1:], strict=True):
        ends = -(-at // DAY_NS)  # the mark belongs to the day that ends here, as the so manyth
        while day < ends - 1:
            day += 1
            daily.append(held)
        held = value
        if ends > day:
            day = ends
            daily.append(value)
        elif len(daily) > 1:
            daily[-1] = value
    return daily


def returns(values: Sequence[Decimal]) -> list[float]:
    """Return each value divided by the one before, less one. None of them follows a value that is not positive."""
    return [float(later / earlier - 1) for earlier, later in pairwise(values) if earlier > 0]


def total_return(first: Decimal, last: Decimal) -> float | None:
    """Return last / first - 1; None without a positive first."""
    return float(last / first - 1) if first > 0 else None


def annual_return(daily: Sequence[float]) -> float | None:
    """Return (product of 1 + r) ^ (365 / count) - 1: by the count of returns, not by the calendar.

    None where nothing is left (a loss of everything or more), and where the figure is beyond floats.
    """
    if len(daily) < _LEAST_RETURNS:
        return None
    grown = math.prod(1 + each for each in daily)
    if grown <= 0:
        return None
    try:
        return float(grown ** (DAYS_A_YEAR / len(daily)) - 1)
    except OverflowError:
        return None


def volatility(daily: Sequence[float]) -> float | None:
    """Return the standard deviation of the returns (divided by count - 1), times the root of 365."""
    deviation = _deviation(daily)
    return None if deviation is None else deviation * math.sqrt(DAYS_A_YEAR)


def sharpe(daily: Sequence[float]) -> float | None:
    """Return mean / standard deviation (divided by count - 1), times the root of 365."""
    return _ratio(daily, _deviation(daily))


def sortino(daily: Sequence[float]) -> float | None:
    """Return mean / root(sum of min(r, 0)^2 / count of all), times the root of 365."""
    if len(daily) < _LEAST_RETURNS:
        return None
    return _ratio(daily, math.sqrt(math.fsum(min(each, 0.0) ** 2 for each in daily) / len(daily)))


def calmar(annual: float | None, depth: float | None) -> float | None:
    """Return annualised return / maximum drawdown."""
    return None if annual is None or not depth else annual / depth


def drawdown(times: Sequence[int], values: Sequence[Decimal]) -> Drawdown | None:
    """Return the deepest drawdown over all marks, the earliest of equals; None where equity never fell.

    A fall that starts from a mark that is not positive is none: there is nothing to take a fraction of.
    """
    deepest: Drawdown | None = None
    peak, below, depth = Decimal(0), None, Decimal(0)
    for place, value in enumerate(values):
        if value >= peak:
            if below is not None:
                deepest = _deeper(deepest, depth, times[below], times[place - 1], recovered=True)
            peak, below, depth = value, None, Decimal(0)
        elif peak > 0:
            below = place if below is None else below
            depth = max(depth, 1 - value / peak)
    if below is not None:
        deepest = _deeper(deepest, depth, times[below], times[-1], recovered=False)
    return deepest


def drawdowns(values: Sequence[float]) -> list[float]:
    """Return, for each value, how far it is from the highest one so far: 0, or a negative fraction of that."""
    found = []
    peak = 0.0
    for value in values:
        peak = max(peak, value)
        found.append(value / peak - 1 if peak > 0 else 0.0)
    return found


def _deeper(known: Drawdown | None, depth: Decimal, first: int, last: int, *, recovered: bool) -> Drawdown:
    if known is not None and known.depth >= float(depth):
        return known
    return Drawdown(float(depth), -(-last // DAY_NS) - -(-first // DAY_NS) + 1, recovered)


def _deviation(daily: Sequence[float]) -> float | None:
    if len(daily) < _LEAST_RETURNS:
        return None
    mean = math.fsum(daily) / len(daily)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in daily) / (len(daily) - 1))


def _ratio(daily: Sequence[float], deviation: float | None) -> float | None:
    if deviation is None or deviation < _NO_DEVIATION:
        return None
    return math.fsum(daily) / len(daily) / deviation * math.sqrt(DAYS_A_YEAR)
