"""Costs, turnover, positions, funding and margin are what one gets by hand from the entries of a journal."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.journal.manifest import manifest
from messages.book import EquityMarked, Liquidated, MarginMarked, Mark, NetDelta
from messages.instructions import CancelAllReceived
from messages.market import FundingPaid
from messages.units import (
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    InstrumentId,
    Price,
    Rate,
    Side,
    VenueName,
)
from ops.report import formats
from ops.report.charts import charts
from ops.report.figures import groups, headline, performance, trading
from ops.report.gathered import Gathered, gather
from ops.report.statistics import sharpe
from tests.ops.report.made import BESIDE, HASHED, HOUR, LEGS, START, Stamped, Year, fill, write

SPOT, PERP = LEGS[0], LEGS[1]
D = Decimal
MS = 1_000_000


def gathered(folder: Path, *entries: Stamped) -> Gathered:
    return gather(write(folder / "journal.sqlite", entries))


def bought(**changes: Any) -> Stamped:  # noqa: ANN401 - any field
    """Return a spot buy of 2 at 1010, 10 above its reference, for a fee of 3 USDT."""
    fields = {"price": Price(D(1010)), "reference_price": Price(D(1000)), "fee": Amount(D(3))}
    return START, fill(SPOT, 1, Side.BUY, D(2), D(1000), **(fields | changes))


def closed() -> Stamped:
    """Return a liquidation of a short of 4: bought at 505, mark 500, for 2 and 10."""
    entry = Liquidated(
        venue=VenueName(PERP.venue),
        instrument=PERP.instrument,
        side=Side.BUY,
        amount=BaseAmount(D(4)),
        price=Price(D(505)),
        mark=Price(D(500)),
        fee=Amount(D(2)),
        liquidation_fee=Amount(D(10)),
    )
    return START + HOUR, entry


def paid(quantity: int, amount: int, hour: int = 0) -> Stamped:
    """Return a funding payment at a mark of 500."""
    entry = FundingPaid(
        venue=VenueName(PERP.venue),
        instrument=PERP.instrument,
        quantity=BaseAmount(D(quantity)),
        mark=Price(D(500)),
        rate=Rate(D(0)),
        amount=Amount(D(amount)),
    )
    return START + hour * HOUR, entry


def marked(hour: int, equity: int, **more: Any) -> Stamped:  # noqa: ANN401 - any field
    """Return a mark."""
    return START + hour * HOUR, EquityMarked(
        currency=Asset("USDT"), equity=Amount(D(equity)), unrealised=Amount(D(0)), **more
    )


def figure(found: Gathered, name: str) -> str:
    """Return a value of the table."""
    listed = groups(found, performance(found), trading(found))
    return next(each.value for _, figures in listed for each in figures if each.name == name)


def test_turnover_and_costs_are_those_of_fills_and_liquidations(tmp_path: Path) -> None:
    found = gathered(tmp_path, bought(), closed())

    trades = trading(found)

    assert trades.turnover == 2 * 1010 + 4 * 505
    assert trades.fees == 3 + 2
    assert trades.slippage == 2 * 10 + 4 * 5
    assert trades.liquidation == 10
    assert figure(found, "Costs") == formats.number(55 / 4040 * 10_000) + " bps"


def test_a_fee_in_the_coin_counts_at_the_fills_price_and_is_taken_off_the_position(tmp_path: Path) -> None:
    found = gathered(tmp_path, bought(fee=Amount(D("0.002")), fee_asset=Asset("ETH")))

    assert trading(found).fees == D("0.002") * 1010
    assert found.trades[0].change == D("1.998")


def test_a_fee_in_any_other_asset_is_left_out_and_said(tmp_path: Path) -> None:
    found = gathered(tmp_path, bought(fee_asset=Asset("BNB")))

    listed = groups(found, performance(found), trading(found))
    formula = next(each.formula for _, figures in listed for each in figures if each.name == "of it fees")
    assert trading(found).fees == 0
    assert "1 fees in other assets are not in it" in formula


def test_a_better_price_than_the_reference_is_negative_slippage(tmp_path: Path) -> None:
    sold = START, fill(SPOT, 2, Side.SELL, D(2), D(1000), price=Price(D(1001)), reference_price=Price(D(1000)))

    assert trading(gathered(tmp_path, sold)).slippage == -2


def test_funding_is_measured_against_equity_and_against_the_position(tmp_path: Path) -> None:
    found = gathered(tmp_path, marked(0, 1000), paid(-4, 2), paid(-2, 1, hour=8), marked(365 * 24, 1000))

    assert figure(found, "Funding") == "+3.00 USDT"
    assert figure(found, "Funding yield") == "+0.30 %"
    assert figure(found, "Funding per payment") == "+10.00 bps"


def test_without_trades_and_marks_there_are_dashes(tmp_path: Path) -> None:
    found = gathered(tmp_path)

    assert figure(found, "Costs") == formats.NONE
    assert figure(found, "Funding yield") == formats.NONE
    assert performance(found) is None


def test_days_after_the_last_new_price_do_not_count(tmp_path: Path) -> None:
    days = [
        marked(
            24 * day, 1000 + min(day, 40) + day % 2, marks=(Mark(instrument=PERP.instrument, price=Price(D(price))),)
        )
        for day, price in enumerate([*range(100, 141), *[140] * 200])
    ]
    found = gathered(tmp_path, *days)

    done = performance(found)

    assert done is not None
    assert (done.days, len(done.daily)) == (40, 40)
    assert done.last == 1040
    assert figure(found, "Sharpe ratio") == formats.number(sharpe(done.daily))


def test_days_before_the_first_price_do_not_count(tmp_path: Path) -> None:
    price = (Mark(instrument=PERP.instrument, price=Price(D(100))),)

    done = performance(gathered(tmp_path, marked(0, 1000), marked(240, 1000, marks=price), marked(264, 1001)))

    assert done is not None
    assert done.days == 1


def test_a_candle_at_the_old_price_is_a_new_price(tmp_path: Path) -> None:
    price = (Mark(instrument=PERP.instrument, price=Price(D(100))),)
    days = [marked(24 * day, 1000, marks=price) for day in range(10)]
    candles = {"name": "binance-ETHUSDT-perp-1h.parquet", "last": START + 4 * 24 * HOUR}
    payments = {"name": "binance-ETHUSDT-perp.parquet", "last": START + 8 * 24 * HOUR}
    about = manifest({**HASHED, "data": [candles, payments]}, BESIDE)

    done = performance(gather(write(tmp_path / "journal.sqlite", days, about=about)))

    assert done is not None
    assert done.days == 4


@pytest.mark.parametrize(("days", "few"), [(29, True), (30, False)])
def test_fewer_than_thirty_days_have_no_figure_of_a_year(tmp_path: Path, days: int, few: bool) -> None:  # noqa: FBT001
    found = gathered(tmp_path, *(marked(24 * day, 1000 + (day * 7) % 5) for day in range(days + 1)))

    told = [
        figure(found, name)
        for name in (
            "Annualised return",
            "Volatility",
            "Sharpe ratio",
            "Sortino ratio",
            "Calmar ratio",
            "Funding yield",
        )
    ]

    assert [text == f"{formats.NONE} (29 days: too few)" for text in told] == [few] * 6
    labels = [label for label, _ in headline(found, performance(found), trading(found))]
    assert ("Sharpe ratio (29 days: too few)" in labels) is few


def test_positions_are_folded_from_fills_and_liquidations(tmp_path: Path) -> None:
    sold = START, fill(PERP, 2, Side.SELL, D(4), D(500))

    drawn = charts(gathered(tmp_path, bought(), sold, closed()))["positions"]

    lines = {line["name"]: line for line in drawn["bases"][0]["lines"]}
    assert [base["base"] for base in drawn["bases"]] == ["ETH"]
    assert lines[SPOT.instrument]["y"] == [2]
    assert lines[PERP.instrument]["y"] == [-4, 0]
    assert lines[PERP.instrument]["x"] == [START // MS, (START + HOUR) // MS]


def test_an_instrument_of_a_form_nobody_knows_is_drawn_by_its_name(tmp_path: Path) -> None:
    odd = bought(instrument=InstrumentId("mars:DUST"), fee_asset=Asset("DUST"))

    drawn = charts(gathered(tmp_path, odd))["positions"]

    assert drawn["bases"][0]["base"] == "mars:DUST"


def test_net_delta_is_nought_where_the_journal_names_none(tmp_path: Path) -> None:
    delta = NetDelta(base=Asset("ETH"), net=BaseAmount(D("0.5")), notional=Amount(D(250)))

    drawn = charts(gathered(tmp_path, marked(0, 1000), marked(1, 1000, deltas=(delta,))))["positions"]

    assert drawn["bases"][0]["delta"]["net"] == [0, 0.5]
    assert drawn["bases"][0]["delta"]["notional"] == [0, 250]


def test_funding_is_summed_over_instruments_at_each_instant(tmp_path: Path) -> None:
    drawn = charts(gathered(tmp_path, paid(-4, 2), paid(-4, 3), paid(-4, -1, hour=8)))["funding"]

    assert drawn["total"]["y"] == [5, 4]
    assert drawn["span"] == []
    assert drawn["lines"][0]["paid"] == [2, 3, -1]
    assert drawn["lines"][0]["position"] == [-2000, -2000, -2000]


def test_entries_that_the_page_does_not_show_are_counted(tmp_path: Path) -> None:
    found = gathered(tmp_path, bought(), (START, CancelAllReceived(venue=VenueName(SPOT.venue))), marked(1, 1000))

    assert found.counts["CancelAllReceived"] == 1
    assert (len(found.marks), found.doubts) == (1, [])


def test_funding_is_drawn_over_the_whole_run(tmp_path: Path) -> None:
    drawn = charts(gathered(tmp_path, marked(0, 1000), paid(-4, 2, hour=8), marked(100, 1000)))["funding"]

    assert drawn["span"] == [START // MS, (START + 100 * HOUR) // MS]


def test_liquidations_are_marked_in_the_charts_of_equity_and_margin(tmp_path: Path) -> None:
    margin = MarginMarked(
        account=AccountName("bybit"), equity=Amount(D(400)), initial=Amount(D(100)), maintenance=Amount(D(100))
    )

    drawn = charts(gathered(tmp_path, marked(0, 1000, margins=(margin,)), closed(), marked(2, 1000)))

    at = [(START + HOUR) // MS]
    assert drawn["equity"]["liquidations"] == drawn["margin"]["liquidations"] == at


def test_the_margin_ratio_has_a_gap_where_an_account_has_no_positions(tmp_path: Path) -> None:
    margin = MarginMarked(
        account=AccountName("bybit"), equity=Amount(D(400)), initial=Amount(D(100)), maintenance=Amount(D(100))
    )

    drawn = charts(gathered(tmp_path, marked(0, 1000, margins=(margin,)), marked(1, 1000)))["margin"]

    assert drawn["accounts"] == {"bybit": [0.25, None]}


def test_charts_of_a_long_run_have_a_bounded_number_of_points(tmp_path: Path) -> None:
    drawn = charts(gathered(tmp_path, *Year().entries()))

    lengths = [len(drawn[name]["x"]) for name in ("equity", "attribution", "margin")]
    assert max(lengths) <= 5000
    assert min(lengths) > 1000
    assert all(len(column) == lengths[1] for column in drawn["attribution"]["kinds"].values())


@pytest.mark.parametrize(
    ("value", "text"),
    [("1234.565", "1,234.56"), ("-0.001", "0.00"), ("-1234.5", "\N{MINUS SIGN}1,234.50")],
)
def test_money_is_written_with_two_decimals(value: str, text: str) -> None:
    assert formats.money(D(value)) == text


@pytest.mark.parametrize(
    ("value", "text"), [("1234567.80", "1,234,567.8"), ("-0", "0"), ("-1000", "\N{MINUS SIGN}1,000"), ("1E+3", "1,000")]
)
def test_an_exact_amount_keeps_its_digits(value: str, text: str) -> None:
    assert formats.exact(D(value)) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (START, "2024-01-01 00:00"),
        (START + 5 * 10**9, "2024-01-01 00:00:05"),
        (START + 5, "2024-01-01 00:00:00.000000005"),
        (10**30, str(10**30)),
    ],
)
def test_an_instant_is_written_as_long_as_need_be(at: int, text: str) -> None:
    assert formats.instant(at) == text
