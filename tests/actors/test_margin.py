"""Margin is counted by the tier of each position, and free is what the worst case of all open orders leaves."""

from decimal import Decimal

import pytest

from actors.margin import Held, account_margin, maintenance, tier_of, unrealised, worst_case
from messages.instruments import MarginTier
from messages.units import Amount
from tests.actors.builders import instrument

D = Decimal
TIERS = (
    MarginTier(up_to=Amount(D(300_000)), maintenance=D("0.004"), deduction=Amount(D(0)), max_leverage=D(150)),
    MarginTier(up_to=Amount(D(800_000)), maintenance=D("0.005"), deduction=Amount(D(300)), max_leverage=D(100)),
    MarginTier(up_to=None, maintenance=D("0.01"), deduction=Amount(D(4300)), max_leverage=D(50)),
)
PERP = instrument(tiers=TIERS)


def held(quantity: str, cost: str, mark: str) -> Held:
    return Held(PERP, D(quantity), D(cost), D(mark))


@pytest.mark.parametrize(
    ("notional", "tier"), [("0", 0), ("300000", 0), ("300000.01", 1), ("800000", 1), ("800001", 2), ("9e12", 2)]
)
def test_a_bound_belongs_to_the_tier_below_it_and_the_last_has_none(notional: str, tier: int) -> None:
    assert tier_of(TIERS, D(notional)) is TIERS[tier]


@pytest.mark.parametrize(
    ("quantity", "margin"),
    [
        ("150", "1200"),  # 300,000 * 0.4 %
        ("-150", "1200"),
        ("200", "1700"),  # 400,000 * 0.5 % - 300
        ("-500", "5700"),  # 1,000,000 * 1 % - 4,300
        ("0", "0"),
    ],
)
def test_maintenance_is_the_notional_times_the_rate_of_its_tier_less_the_deduction(quantity: str, margin: str) -> None:
    assert maintenance(held(quantity, "0", "2000")) == D(margin)


def test_a_deduction_larger_than_the_margin_leaves_none() -> None:
    tier = MarginTier(up_to=None, maintenance=D("0.01"), deduction=Amount(D(50)), max_leverage=D(10))

    assert maintenance(Held(instrument(tiers=(tier,)), D(1), D(0), D(2000))) == 0


def test_a_market_without_tiers_has_no_maintenance_margin() -> None:
    assert maintenance(Held(instrument(), D(1), D(0), D(2000))) == 0


@pytest.mark.parametrize(("quantity", "cost", "gain"), [("2", "3900", "100"), ("-2", "-3900", "-100")])
def test_unrealised_is_what_closing_at_the_mark_would_bring(quantity: str, cost: str, gain: str) -> None:
    assert unrealised(held(quantity, cost, "2000")) == D(gain)


@pytest.mark.parametrize(
    ("quantity", "buys", "sells", "worst"),
    [
        ("0", "2", "3", "3"),
        ("5", "0", "3", "5"),  # a sale that reduces needs nothing
        ("5", "0", "12", "7"),
        ("5", "1", "12", "7"),
        ("-5", "1", "0", "5"),
        ("-5", "11", "4", "9"),
    ],
)
def test_the_worst_case_is_the_larger_of_all_buys_and_all_sales_filled(
    quantity: str, buys: str, sells: str, worst: str
) -> None:
    assert worst_case(D(quantity), D(buys), D(sells)) == D(worst)


def test_an_account_is_measured_over_all_its_positions() -> None:
    positions = (held("150", "301000", "2000"), held("-200", "-399000", "2000"))

    assert account_margin(D(50_000), positions, D(5)) == (
        D(50_000) - 1000 - 1000,
        D(300_000 + 400_000) / 5,
        D(1200 + 1700),
    )
