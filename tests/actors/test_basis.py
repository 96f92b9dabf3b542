"""``basis`` enters while funding pays for it and leaves when it doesn't; its legs are equal to the lot all the while.

Every promise holds as well for a strategy that is built anew from its snapshot before each word that it hears.
"""

from typing import Any

import msgspec
import pytest

from actors.strategies.contract import memory_of
from messages.instruments import FeeRates, VenueModel, instrument_id
from messages.units import BaseAmount
from tests.actors.basis_desk import HIGH, LOW, RESTARTING, D, Desk
from tests.actors.builders import PERP_ID, SPOT_ID, instrument, opening, paid, venue

BINANCE_PERP = instrument_id("binance", "ETHUSDT-PERP")


@pytest.fixture(params=["straight", RESTARTING])
def life(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def changed(model: VenueModel, **changes: Any) -> VenueModel:  # noqa: ANN401 - a venue's own
    return msgspec.structs.replace(model, **changes)


def two_venues(**words: Any) -> Desk:  # noqa: ANN401 - a desk's own
    """Return a desk with the spot leg at Bybit and the perp leg at Binance."""
    return Desk(
        venue(), venue(name="binance"), perp_id=BINANCE_PERP, **{"venue": "binance", "spot_venue": "bybit", **words}
    )


def test_it_waits_until_it_has_seen_a_whole_window(life: str) -> None:
    desk = Desk(life=life)

    assert desk.slice(1, rate=HIGH) == []
    assert [desk.slice(hour) for hour in range(2, 9)] == [[]] * 7
    assert desk.slice(9, rate=HIGH) == [("b1-spot-enter", SPOT_ID, "BUY", "10.01002")]


@pytest.mark.parametrize(("enter", "enters"), [("1095", []), ("1094.99", ["b1-spot-enter"])])
def test_the_window_holds_the_payments_of_its_hours_and_no_older_one(enter: str, enters: list[str], life: str) -> None:
    desk = Desk(life=life, window_h=24, enter_bps_per_year=enter)
    for hour, rate in ((1, "0.001"), (9, "0.0001"), (17, "0.0001")):
        assert desk.slice(hour, rate=rate) == []

    wanted = desk.slice(25, rate="0.0001")  # the first is 24 hours old: 3 x 0.0001 a day are 1095 bps a year

    assert [each[0] for each in wanted] == enters


def test_the_perp_leg_follows_what_the_spot_venue_really_gave(life: str) -> None:
    desk = Desk(life=life)
    desk.slice(1, rate=HIGH)
    desk.slice(9, rate=HIGH)

    assert desk.fill("b1-spot-enter", fee="0.0301") == [("b1-perp-enter", PERP_ID, "SELL", "9.97")]
    assert desk.held == D("9.97992")


def test_a_fee_in_quote_is_not_bought_on_top() -> None:
    fees = FeeRates(maker=D("0.001"), taker=D("0.001"), in_quote=True)
    desk = Desk(changed(venue(), spot_fees=fees))
    desk.slice(1, rate=HIGH)

    assert desk.slice(9, rate=HIGH) == [("b1-spot-enter", SPOT_ID, "BUY", "10")]


def test_the_legs_are_a_whole_number_of_both_markets_lots() -> None:
    lots = (instrument("ETH/USDT", lot=BaseAmount(D("0.04"))), instrument(lot=BaseAmount(D("0.06"))))
    fees = FeeRates(maker=D(0), taker=D(0))
    desk = Desk(changed(venue(*lots), spot_fees=fees))
    desk.slice(1, rate=HIGH)

    assert desk.slice(9, rate=HIGH) == [("b1-spot-enter", SPOT_ID, "BUY", "9.96")]


def test_each_part_of_a_purchase_is_hedged_as_it_comes(life: str) -> None:
    desk = Desk(life=life)
    desk.slice(1, rate=HIGH)
    desk.slice(9, rate=HIGH)

    assert desk.fill("b1-spot-enter", "4") == [("b1-perp-enter", PERP_ID, "SELL", "3.99")]
    assert desk.fill("b1-spot-enter", "6.01002") == []  # the first hedge is under way
    assert desk.fill("b1-perp-enter") == [("b1-perp-enter-2", PERP_ID, "SELL", "6.01")]
    assert desk.fill("b1-perp-enter-2") == []


def test_a_part_that_is_too_small_to_hedge_waits_for_the_next(life: str) -> None:
    desk = Desk(life=life)
    desk.slice(1, rate=HIGH)
    desk.slice(9, "100", "100", rate=HIGH)

    assert desk.fill("b1-spot-enter", "0.04", "100") == []  # 3.9 USDT, and the venue takes none below 5
    assert desk.fill("b1-spot-enter", "0.04", "100") == [("b1-perp-enter", PERP_ID, "SELL", "0.07")]


def test_it_stays_between_the_two_thresholds_and_leaves_below(life: str) -> None:
    desk = Desk(life=life, leave_bps_per_year="200")
    desk.enter()

    assert desk.slice(17, rate="0.00002") == []  # 219 bps a year
    assert desk.slice(25, rate="0.00001") == [("b1-spot-leave", SPOT_ID, "SELL", "10")]
    assert desk.fill("b1-spot-leave") == [("b1-perp-leave", PERP_ID, "BUY", "10")]
    assert desk.fill("b1-perp-leave") == []
    assert (desk.short, desk.held) == (D(0), D("0.00000998"))


def test_it_enters_again_under_the_next_number(life: str) -> None:
    desk = Desk(life=life)
    desk.enter()
    desk.slice(17, rate=LOW)
    desk.fill("b1-spot-leave")

    assert desk.slice(18, rate=HIGH) == [("b1-perp-leave", PERP_ID, "BUY", "10")]  # which is not through yet
    desk.fill("b1-perp-leave")

    assert desk.slice(25, rate=HIGH) == [("b2-spot-enter", SPOT_ID, "BUY", "10.01001")]  # less the dust


def test_what_lay_in_the_account_before_is_left_alone(life: str) -> None:
    desk = Desk(eth="5", life=life)
    desk.enter()

    assert desk.slice(17, rate=LOW) == [("b1-spot-leave", SPOT_ID, "SELL", "10")]
    assert desk.held == D("15.00000998")


@pytest.mark.parametrize(
    ("moved", "wanted"),
    [
        ("-0.5", [("b1-perp-rebalance", PERP_ID, "BUY", "0.5")]),
        ("0.5", [("b1-perp-rebalance", PERP_ID, "SELL", "0.5")]),
        ("-0.1", []),
        ("0.1", []),
    ],
)
def test_legs_that_drift_apart_are_made_equal_again(moved: str, wanted: list[object], life: str) -> None:
    desk = Desk(life=life, drift_bps="200")
    desk.enter()
    assert desk.slice(10) == []
    desk.book(opening(moved, "ETH"))

    assert desk.slice(11) == wanted
    if wanted:
        desk.fill("b1-perp-rebalance")
    assert desk.slice(12) == []


@pytest.mark.parametrize(("usdt", "enters"), [("44039", []), ("44040", ["b1-spot-enter"])])
def test_it_does_not_enter_what_would_break_the_buffer(usdt: str, enters: list[str]) -> None:
    desk = Desk(usdt=usdt, margin_buffer_bps="2000")  # spot 20,020, fee 20, margin 20,000, buffer 4,000
    desk.slice(1, rate=HIGH)

    assert [each[0] for each in desk.slice(9, rate=HIGH)] == enters


@pytest.mark.parametrize(("usdt", "enters"), [("14019", []), ("14020", ["b1-spot-enter"])])
def test_leverage_needs_less_margin_and_another_account_pays_no_spot(usdt: str, enters: list[str]) -> None:
    desk = Desk(
        venue(),
        changed(venue(name="binance"), leverage=D(2)),
        perp_id=BINANCE_PERP,
        usdt="21000",
        venue="binance",
        spot_venue="bybit",
    )
    desk.book(opening(usdt, account="binance.perp"))  # fee 20, margin 10,000, buffer 4,000
    desk.slice(1, rate=HIGH)

    assert [each[0] for each in desk.slice(9, rate=HIGH)] == enters


def test_what_the_spot_account_can_not_pay_is_the_gates_to_refuse(life: str) -> None:
    desk = Desk(usdt="10000", life=life)
    desk.slice(1, rate=HIGH)

    assert desk.slice(9, rate=HIGH) == [("b1-spot-enter", SPOT_ID, "BUY", "10.01002")]


def test_less_than_a_lot_is_the_gates_to_refuse(life: str) -> None:
    desk = Desk(notional="15", life=life)
    desk.slice(1, rate=HIGH)

    assert desk.slice(9, rate=HIGH) == [("b1-spot-enter", SPOT_ID, "BUY", "0.0075")]
    assert desk.refuse("b1-spot-enter") == []
    assert desk.slice(10) == []
    assert desk.slice(17, rate=HIGH) == [("b2-spot-enter", SPOT_ID, "BUY", "0.0075")]


def test_both_legs_are_reduced_when_the_price_eats_the_buffer(life: str) -> None:
    desk = Desk(usdt="44100", life=life)
    desk.enter()  # 24,079.96 USDT are left

    # At 2100: equity 23,079.96, margin 21,000, buffer 4,200. A unit frees 2100 x (2 + 0.2 - 0.002).
    assert desk.slice(10, "2100", "2100") == [("b1-spot-reduce", SPOT_ID, "SELL", "0.46")]
    assert desk.fill("b1-spot-reduce", price="2100") == [("b1-perp-reduce", PERP_ID, "BUY", "0.46")]
    desk.fill("b1-perp-reduce", price="2100")
    assert desk.slice(11, "2100", "2100") == []
    assert desk.slice(12, "2000", "2000") == []  # and not enlarged again


def test_what_is_given_up_is_no_less_than_the_drift(life: str) -> None:
    desk = Desk(usdt="44100", life=life, drift_bps="500")
    desk.enter()

    assert desk.slice(10, "2005", "2005") == [("b1-spot-reduce", SPOT_ID, "SELL", "0.5")]  # 5 %


def test_where_no_smaller_position_helps_it_leaves_and_waits_for_the_next_payment(life: str) -> None:
    desk = two_venues(life=life)
    desk.book(opening("24100", account="binance.perp"))
    desk.enter()

    assert desk.slice(10, "6000", "6000") == [("b1-spot-reduce", SPOT_ID, "SELL", "10")]
    assert desk.fill("b1-spot-reduce", price="6000") == [("b1-perp-reduce", BINANCE_PERP, "BUY", "10")]
    desk.fill("b1-perp-reduce", price="2000")
    assert desk.slice(11) == []
    assert desk.slice(17, rate=HIGH) == [("b2-spot-enter", SPOT_ID, "BUY", "10.01001")]


def test_it_decides_only_where_both_legs_have_a_price(life: str) -> None:
    desk = Desk(life=life)
    desk.slice(1, rate=HIGH)

    assert desk.slice(9, perp=None, rate=HIGH) == []
    assert desk.slice(10, spot=None) == []
    assert desk.slice(11, spot=None, perp=None) == []
    assert desk.slice(12) == [("b1-spot-enter", SPOT_ID, "BUY", "10.01002")]


def test_funding_that_was_paid_changes_nothing_but_the_book(life: str) -> None:
    desk = Desk(life=life)
    desk.enter()

    assert desk.hear(paid("10")) == []


def test_it_gets_its_state_back_by_snapshots() -> None:
    assert memory_of(Desk().strategy) == "snapshot"
