"""Statistics are what their formulas say: by hand and by quantstats' own; where there is no figure, none is made up."""

import math
import random
from collections.abc import Sequence
from decimal import Decimal

import pytest

from ops.report import statistics as stats

DAY = stats.DAY_NS
HOUR = DAY // 24


def decimals(*values: float | str) -> list[Decimal]:
    return [Decimal(str(value)) for value in values]


def days(count: int) -> list[int]:
    """Return the ends of so many UTC days, the one before the first day first."""
    return [number * DAY for number in range(100, 101 + count)]


class Quantstats:
    """The formulas of quantstats 0.0.86 in plain Python, written down a second time and in another way."""

    def __init__(self, returns: Sequence[float]) -> None:
        self.returns = returns
        self.count = len(returns)
        self.mean = sum(returns) / self.count

    def std(self) -> float:
        return math.sqrt((sum(r * r for r in self.returns) - self.count * self.mean**2) / (self.count - 1))

    def sharpe(self) -> float:
        return self.mean / self.std() * math.sqrt(365)

    def sortino(self) -> float:
        downside = sum(r * r for r in self.returns if r < 0) / self.count
        return self.mean / math.sqrt(downside) * math.sqrt(365)

    def cagr(self) -> float:
        grown = 1.0
        for each in self.returns:
            grown *= 1 + each
        return float(grown ** (365 / self.count) - 1)

    def max_drawdown(self) -> float:
        worth = [1.0]  # a start-equity point stands before the first return
        for each in self.returns:
            worth.append(worth[-1] * (1 + each))
        return min(worth[place] / max(worth[: place + 1]) - 1 for place in range(len(worth)))

    def calmar(self) -> float:
        return self.cagr() / abs(self.max_drawdown())


@pytest.mark.parametrize("seed", range(20))
def test_every_ratio_is_what_quantstats_says(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - prices, not secrets
    values = [Decimal(100_000)]
    for _ in range(chance.randint(3, 500)):
        values.append(values[-1] * Decimal(str(round(1 + chance.gauss(0.0005, 0.01), 6))))
    times = days(len(values) - 1)

    daily = stats.returns(stats.daily_values(times, values))

    theirs = Quantstats(daily)
    fall = stats.drawdown(times, values)
    assert len(daily) == len(values) - 1
    assert stats.volatility(daily) == pytest.approx(theirs.std() * 365**0.5, rel=1e-6)
    assert stats.sharpe(daily) == pytest.approx(theirs.sharpe(), rel=1e-6)
    assert stats.sortino(daily) == pytest.approx(theirs.sortino(), rel=1e-9)
    assert stats.annual_return(daily) == pytest.approx(theirs.cagr(), rel=1e-9)
    assert fall is not None
    assert fall.depth == pytest.approx(-theirs.max_drawdown(), rel=1e-9)
    assert stats.calmar(stats.annual_return(daily), fall.depth) == pytest.approx(theirs.calmar(), rel=1e-9)


def test_three_returns_by_hand() -> None:
    daily = stats.returns(decimals(100, 110, 99, 108.9))

    # 0.1, -0.1, 0.1: mean 1/30; squares around it 0.04/9, 0.16/9, 0.04/9, sum 0.24/9 = 0.08/3, over 2 = 0.04/3.
    deviation = math.sqrt(0.04 / 3)
    assert daily == pytest.approx([0.1, -0.1, 0.1])
    assert stats.volatility(daily) == pytest.approx(deviation * math.sqrt(365))
    assert stats.sharpe(daily) == pytest.approx(1 / 30 / deviation * math.sqrt(365))
    assert stats.sortino(daily) == pytest.approx(1 / 30 / math.sqrt(0.01 / 3) * math.sqrt(365))
    assert stats.annual_return(daily) == pytest.approx(1.089 ** (365 / 3) - 1)
    assert stats.total_return(Decimal(100), Decimal("108.9")) == pytest.approx(0.089)


def test_a_year_of_marks_at_midnight_has_as_many_returns_as_days() -> None:
    daily = stats.daily_values(days(365), [Decimal(number) for number in range(366)])

    assert daily == [Decimal(number) for number in range(366)]


def test_a_day_ends_with_its_last_mark_and_a_mark_at_midnight_belongs_to_the_day_before() -> None:
    start = 100 * DAY
    times = [start, start + HOUR, start + 23 * HOUR, start + DAY, start + DAY + HOUR]

    assert stats.daily_values(times, decimals(1, 2, 3, 4, 5)) == decimals(1, 4, 5)


def test_a_start_within_a_day_is_the_value_before_that_days_end() -> None:
    start = 100 * DAY + 12 * HOUR

    assert stats.daily_values([start, start + HOUR, start + DAY], decimals(1, 2, 3)) == decimals(1, 2, 3)


def test_a_day_without_marks_keeps_the_value_of_the_day_before() -> None:
    start = 100 * DAY

    assert stats.daily_values([start, start + HOUR, start + 4 * DAY], decimals(1, 2, 3)) == decimals(1, 2, 2, 2, 3)


def test_no_marks_have_no_values_and_one_mark_has_one() -> None:
    assert stats.daily_values([], []) == []
    assert stats.daily_values([100 * DAY + HOUR], decimals(5)) == decimals(5)


@pytest.mark.parametrize("daily", [[], [0.01]])
def test_fewer_than_two_returns_have_no_ratio(daily: list[float]) -> None:
    assert stats.volatility(daily) is None
    assert stats.sharpe(daily) is None
    assert stats.sortino(daily) is None
    assert stats.annual_return(daily) is None


def test_returns_that_never_differ_have_no_sharpe_ratio() -> None:
    daily = stats.returns(decimals(100, 101, "102.01", "103.0301"))

    assert stats.volatility(daily) == pytest.approx(0, abs=1e-12)
    assert stats.sharpe(daily) is None
    assert stats.sharpe([0.1] * 3) is None  # whose mean in floats is a little more than 0.1


def test_returns_that_never_fall_have_no_sortino_and_no_calmar_ratio() -> None:
    values = decimals(100, 101, 104)

    assert stats.sortino(stats.returns(values)) is None
    assert stats.drawdown(days(2), values) is None
    assert stats.calmar(0.5, None) is None
    assert stats.calmar(0.5, 0.0) is None
    assert stats.calmar(None, 0.5) is None


def test_a_loss_of_everything_has_no_annual_return_and_ends_the_returns() -> None:
    assert stats.returns(decimals(100, 0, 50)) == [-1.0]
    assert stats.annual_return([-1.0, 0.5]) is None
    assert stats.total_return(Decimal(0), Decimal(5)) is None


def test_growth_beyond_floats_has_no_annual_return() -> None:
    assert stats.annual_return([1e3, 1e3]) is None


def test_the_deepest_drawdown_is_told_with_its_days() -> None:
    values = decimals(100, 110, 99, 104.5, 110, 88, 99, 112)

    fall = stats.drawdown(days(7), values)

    assert fall == stats.Drawdown(depth=0.2, days=2, recovered=True)


def test_a_drawdown_that_is_still_open_lasts_to_the_last_mark() -> None:
    fall = stats.drawdown(days(4), decimals(100, 90, 80, 95, 99))

    assert fall == stats.Drawdown(depth=0.2, days=4, recovered=False)


def test_a_drawdown_of_hours_counts_the_days_it_touches() -> None:
    start = 100 * DAY
    times = [start, start + 22 * HOUR, start + 26 * HOUR, start + 27 * HOUR]

    fall = stats.drawdown(times, decimals(100, 90, 95, 100))

    assert fall == stats.Drawdown(depth=0.1, days=2, recovered=True)


def test_of_two_equal_drawdowns_the_first_is_told() -> None:
    fall = stats.drawdown(days(6), decimals(100, 90, 100, 90, 90, 90, 100))

    assert fall == stats.Drawdown(depth=0.1, days=1, recovered=True)


def test_a_series_of_drawdowns_is_nought_at_each_high() -> None:
    assert stats.drawdowns([100, 50, 200, 150]) == [0, -0.5, 0, -0.25]
    assert stats.drawdowns([-1, -2]) == [0, 0]
