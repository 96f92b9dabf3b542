"""Whatever is refused, cut, cancelled or lost, ``basis`` leaves no leg naked for longer than a slice.

Every promise holds as well for a strategy that is built anew from its snapshot before each word that it hears.
"""

from collections.abc import Callable

import pytest

from messages.book import InsurancePaid
from messages.instruments import instrument_id
from messages.units import AccountName, Amount, Asset, BaseAmount, VenueName
from tests.actors.basis_desk import HIGH, LOW, RESTARTING, D, Desk, Said
from tests.actors.builders import PERP_ID, SPOT_ID, expired, instrument, opening, unknown, venue

Ending = Callable[[Desk, str], Said]
BINANCE_PERP = instrument_id("binance", "ETHUSDT-PERP")
HEDGE = ("b1-perp-enter", PERP_ID, "SELL", "10")


@pytest.fixture(params=["straight", RESTARTING])
def life(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(life: str) -> Desk:
    """Return a desk that wants its purchase."""
    desk = Desk(life=life)
    desk.slice(1, rate=HIGH)
    desk.slice(9, rate=HIGH)
    return desk


@pytest.mark.parametrize("how", [Desk.refuse, Desk.reject])
def test_a_purchase_that_was_refused_leaves_no_short_and_is_tried_after_the_next_payment(
    how: Ending, desk: Desk
) -> None:
    assert how(desk, "b1-spot-enter") == []
    assert desk.slice(10) == []
    assert desk.slice(17, rate=HIGH) == [("b2-spot-enter", SPOT_ID, "BUY", "10.01002")]


def test_a_rest_that_was_refused_leaves_what_was_bought(desk: Desk) -> None:
    desk.fill("b1-spot-enter", "4")
    desk.fill("b1-perp-enter")
    assert desk.cancelled("b1-spot-enter", "VOLUME_LIMIT") == []

    assert desk.slice(10) == [("b1-spot-enter-2", SPOT_ID, "BUY", "6.01002")]
    assert desk.refuse("b1-spot-enter-2") == []
    assert desk.slice(11) == []
    assert (desk.held, desk.short) == (D("3.996"), D("3.99"))


@pytest.mark.parametrize("how", [Desk.refuse, Desk.reject])
def test_a_purchase_that_can_not_be_hedged_is_sold_at_once(how: Ending, desk: Desk) -> None:
    assert desk.fill("b1-spot-enter") == [HEDGE]

    assert how(desk, "b1-perp-enter") == [("b1-spot-unwind", SPOT_ID, "SELL", "10")]
    assert desk.fill("b1-spot-unwind") == []
    assert desk.slice(10) == []
    assert desk.slice(17, rate=HIGH) == [("b2-spot-enter", SPOT_ID, "BUY", "10.01001")]


def test_a_sale_that_was_refused_is_tried_at_every_slice(desk: Desk) -> None:
    desk.fill("b1-spot-enter")
    desk.refuse("b1-perp-enter")

    assert desk.refuse("b1-spot-unwind") == []
    assert desk.slice(10) == [("b1-spot-unwind-2", SPOT_ID, "SELL", "10")]
    assert desk.refuse("b1-spot-unwind-2") == []
    assert desk.slice(11) == [("b1-spot-unwind-3", SPOT_ID, "SELL", "10")]
    assert desk.fill("b1-spot-unwind-3") == []


def test_a_hedge_that_filled_in_part_is_tried_once_more_then_the_rest_is_sold(desk: Desk) -> None:
    desk.fill("b1-spot-enter")
    assert desk.fill("b1-perp-enter", "6") == []
    assert desk.cancelled("b1-perp-enter", "VOLUME_LIMIT") == []

    assert desk.slice(10) == [("b1-perp-enter-2", PERP_ID, "SELL", "4")]
    assert desk.fill("b1-perp-enter-2", "3") == []
    assert desk.cancelled("b1-perp-enter-2", "VOLUME_LIMIT") == [("b1-spot-unwind", SPOT_ID, "SELL", "1")]
    assert desk.fill("b1-spot-unwind") == []
    assert desk.slice(11) == []
    assert (desk.short, desk.held) == (D(9), D("9.00000998"))


def test_a_hedge_that_came_at_the_second_try_is_as_good_as_at_the_first(desk: Desk) -> None:
    desk.fill("b1-spot-enter")
    desk.fill("b1-perp-enter", "6")
    desk.cancelled("b1-perp-enter", "VOLUME_LIMIT")
    desk.slice(10)

    assert desk.fill("b1-perp-enter-2") == []
    assert desk.slice(11) == []
    assert desk.short == 10


def test_no_more_is_bought_before_what_was_bought_is_hedged(desk: Desk) -> None:
    desk.fill("b1-spot-enter", "5")
    desk.cancelled("b1-spot-enter", "VOLUME_LIMIT")
    desk.fill("b1-perp-enter", "3")
    desk.cancelled("b1-perp-enter", "VOLUME_LIMIT")

    assert desk.slice(10) == [("b1-perp-enter-2", PERP_ID, "SELL", "1.99")]
    desk.fill("b1-perp-enter-2")
    assert desk.slice(11) == [("b1-spot-enter-2", SPOT_ID, "BUY", "5.01002")]


def test_a_short_that_can_not_be_closed_gets_its_spot_back(life: str) -> None:
    desk = Desk(life=life)
    desk.enter()
    desk.slice(17, rate=LOW)
    desk.fill("b1-spot-leave")

    assert desk.refuse("b1-perp-leave") == [("b1-spot-unwind", SPOT_ID, "BUY", "10.01001")]
    assert desk.fill("b1-spot-unwind") == []
    assert desk.slice(18) == []
    assert desk.slice(25, rate=LOW) == [("b1-spot-leave-2", SPOT_ID, "SELL", "10")]


def test_a_short_that_gets_no_spot_back_is_closed_at_the_next_slice(life: str) -> None:
    desk = Desk(life=life)
    desk.enter()
    desk.slice(17, rate=LOW)
    desk.fill("b1-spot-leave")
    desk.refuse("b1-perp-leave")

    assert desk.refuse("b1-spot-unwind") == []
    ((_, of, side, amount),) = desk.slice(18)
    assert (of, side, amount) == (PERP_ID, "BUY", "10")


def test_spot_that_nobody_buys_keeps_no_short_open(life: str) -> None:
    fine = instrument(lot=BaseAmount(D("0.001")), min_quantity=BaseAmount(D("0.001")))
    desk = Desk(venue(instrument("ETH/USDT"), fine), life=life)
    desk.enter()
    desk.slice(17, rate=LOW)

    wanted = desk.fill("b1-spot-leave", "9.999")  # what is left is worth 2 USDT

    assert wanted == [("b1-perp-leave", PERP_ID, "BUY", "10")]


def test_after_a_liquidation_the_spot_leg_is_sold(life: str) -> None:
    desk = Desk(life=life)
    desk.enter()

    assert desk.liquidate() == [("b1-spot-liquidated", SPOT_ID, "SELL", "10")]
    assert desk.fill("b1-spot-liquidated", "4") == []  # and what is left is not hedged again
    assert desk.cancelled("b1-spot-liquidated", "VOLUME_LIMIT") == []
    assert desk.slice(10) == [("b1-spot-liquidated-2", SPOT_ID, "SELL", "6")]
    desk.fill("b1-spot-liquidated-2")
    assert desk.slice(11) == []
    assert desk.slice(17, rate=HIGH) != []


def test_a_liquidation_takes_back_what_rests_at_another_venue(life: str) -> None:
    desk = Desk(
        venue(),
        venue(name="binance"),
        perp_id=BINANCE_PERP,
        venue="binance",
        spot_venue="bybit",
        execution="limit",
        life=life,
    )
    desk.book(opening("100000", account="binance.perp"))
    desk.slice(1, rate=HIGH)
    desk.slice(9, rate=HIGH)
    desk.accept("b1-spot-enter")
    desk.fill("b1-spot-enter", "4", "1999.6", fee="0")
    desk.fill("b1-perp-enter")

    assert desk.liquidate() == [("cancel", "b1-spot-enter")]
    assert desk.cancelled("b1-spot-enter") == [("b1-spot-liquidated", SPOT_ID, "SELL", "4")]


def test_what_a_liquidation_cancels_is_not_given_again(life: str) -> None:
    desk = Desk(life=life)
    desk.enter()
    desk.slice(17, rate=LOW)

    assert desk.cancelled("b1-spot-leave", "LIQUIDATION") == []
    assert desk.liquidate() == [("b1-spot-liquidated", SPOT_ID, "SELL", "10")]


def test_what_insurance_paid_and_another_positions_liquidation_change_nothing(life: str) -> None:
    desk = Desk(life=life)
    desk.enter()
    event = InsurancePaid(
        venue=VenueName("bybit"),
        account=AccountName("bybit"),
        asset=Asset("USDT"),
        instrument=PERP_ID,
        amount=Amount(D(1)),
    )

    assert desk.hear(event) == []


@pytest.mark.parametrize(
    ("outcome", "next_slice"),
    [
        ("FILLED", [("b1-spot-enter-2", SPOT_ID, "BUY", "10.01002")]),  # the book says that it is not there
        ("CANCELLED", [("b1-spot-enter-2", SPOT_ID, "BUY", "10.01002")]),
        ("REFUSED", []),
        ("OPEN", [("b1-spot-enter", SPOT_ID, "BUY", "10.01002")]),
    ],
)
def test_an_instruction_without_an_answer_is_given_again_as_it_was(
    outcome: str, next_slice: list[object], desk: Desk
) -> None:
    assert desk.slice(10, "1900", "1900") == [("b1-spot-enter", SPOT_ID, "BUY", "10.01002")]

    assert desk.repeated("b1-spot-enter", outcome) == []
    assert desk.slice(11) == next_slice


def test_a_hedge_without_an_answer_is_given_again_as_it_was(desk: Desk) -> None:
    desk.fill("b1-spot-enter")

    assert desk.slice(10, "1900", "1900") == [HEDGE]


def test_an_order_whose_outcome_is_unknown_is_waited_for(desk: Desk) -> None:
    assert desk.hear(unknown(name="b1-spot-enter")) == []
    assert desk.fill("b1-spot-enter") == [HEDGE]


def test_a_fill_after_the_end_of_its_order_is_hedged_too(desk: Desk) -> None:
    desk.fill("b1-spot-enter", "4")
    desk.fill("b1-perp-enter")
    desk.cancelled("b1-spot-enter", "VOLUME_LIMIT")

    assert desk.fill("b1-spot-enter", "1") == [("b1-perp-enter-2", PERP_ID, "SELL", "1")]


def test_at_the_end_of_the_run_nothing_more_is_wanted(desk: Desk) -> None:
    assert desk.hear(expired(name="b1-spot-enter")) == []
