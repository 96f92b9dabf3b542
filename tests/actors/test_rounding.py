"""Rounding is exact for every number that may come from outside: thirty digits on each side of the point."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rounding import common_step, floor_to, is_multiple, to_cost_step

D = Decimal


def decimals(largest: int) -> st.SearchStrategy[Decimal]:
    return st.builds(lambda digits, places: D(digits).scaleb(-places), st.integers(0, largest), st.integers(0, 30))


STEPS = st.builds(
    lambda digits, places: D(digits).scaleb(-places), st.sampled_from([1, 2, 5, 10, 25, 100]), st.integers(0, 30)
)


@given(decimals(10**30), STEPS)
def test_an_amount_is_rounded_down_to_the_largest_whole_number_of_steps(amount: Decimal, step: Decimal) -> None:
    found = Fraction(floor_to(amount, step))

    assert found == Fraction(amount) // Fraction(step) * Fraction(step)
    assert is_multiple(floor_to(amount, step), step)


@pytest.mark.parametrize(
    ("amount", "step", "rounded"),
    [("1.239", "0.01", "1.23"), ("1.23", "0.01", "1.23"), ("0.0099", "0.01", "0"), ("107", "25", "100")],
)
def test_amounts_that_can_be_checked_by_hand(amount: str, step: str, rounded: str) -> None:
    assert floor_to(D(amount), D(step)) == D(rounded)


def test_an_amount_of_sixty_digits_loses_none() -> None:
    amount = D("9" * 30 + "." + "9" * 30)

    assert floor_to(amount, D("1e-30")) == amount
    assert floor_to(amount, D("1e-29")) == D("9" * 30 + "." + "9" * 29)


@given(decimals(10**30), STEPS)
def test_a_multiple_is_one_in_fractions_too(amount: Decimal, step: Decimal) -> None:
    assert is_multiple(amount, step) is ((Fraction(amount) / Fraction(step)).denominator == 1)


@given(STEPS, STEPS)
def test_a_common_step_is_whole_in_both_and_the_smallest(first: Decimal, second: Decimal) -> None:
    step = common_step(first, second)

    ratios = Fraction(step) / Fraction(first), Fraction(step) / Fraction(second)
    assert all(ratio.denominator == 1 for ratio in ratios)
    assert Fraction(ratios[0].numerator, ratios[1].numerator).numerator == ratios[0].numerator  # nothing to shorten


@pytest.mark.parametrize(
    ("first", "second", "step"), [("0.00001", "0.01", "0.01"), ("0.04", "0.06", "0.12"), ("1", "1", "1")]
)
def test_common_steps_that_can_be_checked_by_hand(first: str, second: str, step: str) -> None:
    assert common_step(D(first), D(second)) == D(step)


@pytest.mark.parametrize(
    ("cost", "rounded"),
    [("0.0000000000000000005", "0"), ("0.0000000000000000015", "2e-18"), ("-0.00000000000000000051", "-1e-18")],
)
def test_costs_are_rounded_half_even_to_eighteen_places(cost: str, rounded: str) -> None:
    assert to_cost_step(D(cost)) == D(rounded)


@given(st.decimals(-(10**30), 10**30, places=30))
def test_a_cost_of_any_size_is_rounded(cost: Decimal) -> None:
    found = to_cost_step(cost)

    assert abs(Fraction(found) - Fraction(cost)) <= Fraction(1, 2 * 10**18)
    assert found.as_tuple().exponent == -18
