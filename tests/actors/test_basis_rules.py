"""The params of ``basis`` are refused all at once, and its funding window and margin are what a hand calculates."""

import re
from decimal import Decimal

import pytest

from actors.margin import Held
from actors.strategies.basis import Basis
from actors.strategies.basis_rules import (
    DEFAULTS,
    HOUR_NS,
    BasisParams,
    FundingWindow,
    read_params,
    share_to_give_up,
    spare_margin,
)
from config.strategy_params import PARAMS, effective_params
from messages.units import Nanoseconds, VenueName
from tests.actors.builders import instrument, venue

D = Decimal
VENUES = {VenueName("bybit"): venue(), VenueName("okx"): venue(instrument("ETH/USDT", venue="okx"), name="okx")}
GIVEN: dict[str, object] = {"venue": "bybit", "notional": "1000"}


def test_what_is_not_given_is_what_the_configs_reference_says() -> None:
    table = PARAMS["basis"]

    assert tuple(table) == BasisParams._fields
    assert {key: param.default for key, param in table.items() if param.default is not None} == DEFAULTS
    assert read_params(GIVEN, VENUES) == read_params(effective_params("basis", GIVEN), VENUES)


def test_the_doc_names_every_param() -> None:
    assert re.findall(r"^ {8}(\w+): ", Basis.__doc__ or "", re.MULTILINE) == list(PARAMS["basis"])


def test_numbers_come_as_text_decimals_or_integers() -> None:
    read = read_params({**GIVEN, "notional": 1000, "drift_bps": D("1.5"), "leave_bps_per_year": "-20"}, VENUES)

    assert (read.notional, read.drift_bps, read.leave_bps_per_year) == (D(1000), D("1.5"), D(-20))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"notional": "0"}, "notional is '0', expected a decimal above 0"),
        ({"notional": "NaN"}, "notional is 'NaN'"),
        ({"notional": "much"}, "notional is 'much'"),
        ({"notional": True}, "notional is True"),
        ({"notional": 0.1}, "notional is 0.1"),
        ({"notional": "1e30"}, "notional is '1e30'"),
        ({"window_h": 0}, "window_h is 0, expected an integer from 1 to 8784"),
        ({"window_h": "72"}, "window_h is '72'"),
        ({"window_h": True}, "window_h is True"),
        ({"limit_wait_h": 9000}, "limit_wait_h is 9000, expected an integer from 1 to 8784"),
        ({"enter_bps_per_year": "1000001"}, "enter_bps_per_year is '1000001', expected a decimal from -1000000"),
        ({"enter_bps_per_year": "100"}, "leave_bps_per_year is 200, expected at most enter_bps_per_year"),
        ({"drift_bps": "0"}, "drift_bps is '0', expected a decimal above 0 and at most 10000"),
        ({"margin_buffer_bps": "-1"}, "margin_buffer_bps is '-1', expected a decimal from 0"),
        (
            {"limit_offset_bps": "10000"},
            "limit_offset_bps is '10000', expected a decimal of at least 0 and below 10000",
        ),
        ({"execution": "soon"}, 'execution is \'soon\', expected "market" or "limit"'),
        ({"base": ""}, "base is '', expected a name"),
        ({"base": "BTC"}, "spot_venue: bybit:BTC/USDT is needed, which has no prices or rules here"),
        ({"venue": "okx"}, "venue: okx:ETHUSDT-PERP is needed, which has no prices or rules here"),
        ({"spot_venue": "kraken"}, "spot_venue: kraken:ETH/USDT is needed"),
        ({"size": "1"}, "no param 'size', expected venue, spot_venue"),
    ],
)
def test_a_wrong_param_is_named_with_what_was_expected(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^basis: .*{re.escape(message)}"):
        read_params({**GIVEN, **changes}, VENUES)


def test_all_that_is_wrong_is_said_in_one_error() -> None:
    with pytest.raises(ValueError, match=r"^basis: venue is missing; notional is missing; .*drift_bps is '0'.*'size'"):
        read_params({"drift_bps": "0", "size": "1"}, VENUES)


def hours(number: int) -> Nanoseconds:
    return Nanoseconds(number * HOUR_NS)


def test_a_payment_is_in_the_window_while_it_is_younger_than_the_window_is_long() -> None:
    window = FundingWindow(24)
    window.pay(hours(0), D("0.001"))

    window.move_to(Nanoseconds(hours(24) - 1))
    assert window.is_above(D("3649.99"))  # 0.001 a day
    assert not window.is_above(D(3650))
    assert not window.is_below(D(3650))
    window.move_to(hours(24))
    assert window.is_below(D("0.01"))


def test_a_window_is_the_same_after_it_was_written_down() -> None:
    window, other = FundingWindow(16), FundingWindow(16)
    window.pay(hours(0), D("0.00012345"))
    window.pay(hours(8), D("-0.0000001"))
    window.move_to(hours(8))

    other.read(window.text())

    assert other.text() == window.text() == "0:0.00012345 28800000000000:-1E-7"
    for moved in (window, other):
        moved.move_to(hours(16))
        assert moved.is_below(D(0))
        assert not moved.is_below(D("-0.55"))  # -1e-7 in 16 hours: -0.5475 bps a year


def test_the_spare_margin_is_what_is_free_beyond_the_buffer() -> None:
    held = Held(instrument(), D(-10), D(-20_000), D(2100))

    # equity 30,000 - 1,000; margin 21,000 / 2; buffer 20 % of 21,000
    assert spare_margin(D(30_000), held, D(2), D("0.2")) == D(29_000 - 10_500 - 4_200)


@pytest.mark.parametrize("spot", ["0", "2100"])
def test_after_giving_up_that_share_nothing_is_missing_and_nothing_to_spare(spot: str) -> None:
    balance, mark, leverage, buffer, cost = D(14_000), D(2100), D(2), D("0.2"), D("0.002")
    held = Held(instrument(), D(-10), D(-20_000), mark)
    missing = -spare_margin(balance, held, leverage, buffer)

    less = share_to_give_up(missing, mark=mark, spot=D(spot), leverage=leverage, buffer=buffer, cost=cost)

    assert missing > 0
    assert less is not None
    left = D(10) - less
    realised = less * (D(2000) - mark)  # at the entry's 2000
    after = Held(instrument(), -left, -left * 2000, mark)
    spare = spare_margin(balance + realised + less * (D(spot) - cost * mark), after, leverage, buffer)
    assert abs(spare) < D("1e-20")


def test_where_closing_costs_more_than_it_frees_no_share_helps() -> None:
    assert share_to_give_up(D(1), mark=D(1), spot=D(0), leverage=D(10), buffer=D(0), cost=D("0.1")) is None
