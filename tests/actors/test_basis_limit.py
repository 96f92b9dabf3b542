"""With ``execution = "limit"`` the spot leg of ``basis`` rests for a while, then trades the rest at the market.

The perp leg follows each fill at once. Every promise holds as well for a strategy that is built anew from its snapshot
before each word that it hears.
"""

from typing import Any

import pytest

from tests.actors.basis_desk import HIGH, LOW, RESTARTING, Desk
from tests.actors.builders import PERP_ID, SPOT_ID

BUYS = ("b1-spot-enter", SPOT_ID, "BUY", "10.00201", "LIMIT 1999.6", "post only")


@pytest.fixture(params=["straight", RESTARTING])
def life(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def resting(life: str, **params: Any) -> Desk:  # noqa: ANN401 - the strategy's
    """Return a desk with a purchase that rests since hour 9, for two hours."""
    desk = Desk(life=life, **{"execution": "limit", "limit_wait_h": 2, "limit_offset_bps": "2", **params})
    desk.slice(1, rate=HIGH)
    assert desk.slice(9, rate=HIGH) == [BUYS]  # with a maker's fee of 2 bps on top
    assert desk.accept("b1-spot-enter") == []
    return desk


def held(life: str) -> Desk:
    """Return a desk with both legs on, since hour 10."""
    desk = resting(life)
    assert desk.fill("b1-spot-enter", price="1999.6", fee="0.00201") == [("b1-perp-enter", PERP_ID, "SELL", "10")]
    desk.fill("b1-perp-enter")
    assert desk.slice(10) == []
    return desk


def test_a_purchase_that_fills_in_time_is_hedged_at_the_market(life: str) -> None:
    desk = held(life)

    assert desk.slice(11) == desk.slice(12) == []


def test_what_is_left_after_the_wait_is_cancelled_and_goes_to_the_market(life: str) -> None:
    desk = resting(life)
    assert desk.slice(10) == []

    assert desk.slice(11) == [("cancel", "b1-spot-enter")]
    assert desk.cancelled("b1-spot-enter") == [("b1-spot-enter-2", SPOT_ID, "BUY", "10.01002")]
    assert desk.fill("b1-spot-enter-2") == [("b1-perp-enter", PERP_ID, "SELL", "10")]


def test_only_the_rest_of_a_partial_fill_goes_to_the_market(life: str) -> None:
    desk = resting(life)

    assert desk.fill("b1-spot-enter", "4", "1999.6", fee="0") == [("b1-perp-enter", PERP_ID, "SELL", "4")]
    desk.fill("b1-perp-enter")
    assert desk.slice(10) == []
    assert desk.slice(11) == [("cancel", "b1-spot-enter")]
    assert desk.cancelled("b1-spot-enter") == [("b1-spot-enter-2", SPOT_ID, "BUY", "6.00601")]


def test_a_fill_that_overtakes_the_cancel_leaves_nothing_to_do(life: str) -> None:
    desk = resting(life)
    desk.slice(11)

    assert desk.fill("b1-spot-enter", price="1999.6", fee="0.00201") == [("b1-perp-enter", PERP_ID, "SELL", "10")]
    assert desk.cancel_rejected("b1-spot-enter") == []
    desk.fill("b1-perp-enter")
    assert desk.slice(12) == []


def test_a_cancel_without_an_answer_is_asked_for_again(life: str) -> None:
    desk = resting(life)
    desk.slice(11)

    assert desk.slice(12) == [("cancel", "b1-spot-enter")]


def test_of_an_order_that_can_not_be_cancelled_it_asks_what_became(life: str) -> None:
    desk = resting(life)
    desk.slice(11)
    desk.cancel_rejected("b1-spot-enter")

    assert desk.slice(12) == [BUYS]
    assert desk.repeated("b1-spot-enter", "CANCELLED") == []
    assert desk.slice(13) == [("b1-spot-enter-2", SPOT_ID, "BUY", "10.01002")]


def test_a_sale_rests_above_the_price(life: str) -> None:
    desk = held(life)

    assert desk.slice(17, rate=LOW) == [("b1-spot-leave", SPOT_ID, "SELL", "10", "LIMIT 2000.4", "post only")]
    assert desk.fill("b1-spot-leave", "3", "2000.4") == [("b1-perp-leave", PERP_ID, "BUY", "3")]


def test_prices_are_on_the_tick_and_less_aggressive(life: str) -> None:
    desk = Desk(life=life, execution="limit", limit_offset_bps="2.5")
    desk.slice(1, rate=HIGH)

    ((*_, price, _),) = desk.slice(9, "2000.01", "2000.01", rate=HIGH)

    assert price == "LIMIT 1999.5"  # 1999.5099975


def test_what_the_venue_will_not_let_rest_goes_to_the_market(life: str) -> None:
    desk = Desk(life=life, execution="limit")
    desk.slice(1, rate=HIGH)
    desk.slice(9, rate=HIGH)

    assert desk.reject("b1-spot-enter", "POST_ONLY") == [("b1-spot-enter-2", SPOT_ID, "BUY", "10.01002")]


def test_a_purchase_that_is_not_wanted_any_more_is_taken_back_and_what_filled_rests_to_be_sold(life: str) -> None:
    desk = resting(life, limit_wait_h=24)
    desk.fill("b1-spot-enter", "4", "1999.6", fee="0")
    desk.fill("b1-perp-enter")

    assert desk.slice(17, rate=LOW) == [("cancel", "b1-spot-enter")]
    assert desk.cancelled("b1-spot-enter") == []
    assert desk.slice(18) == [("b1-spot-leave", SPOT_ID, "SELL", "4", "LIMIT 2000.4", "post only")]


def test_nothing_rests_while_one_leg_has_no_price(life: str) -> None:
    desk = resting(life)

    assert desk.slice(10, perp=None) == [("cancel", "b1-spot-enter")]
    assert desk.cancelled("b1-spot-enter") == []
    assert desk.slice(11, perp=None) == []
    assert desk.slice(12) == [("b1-spot-enter-2", *BUYS[1:])]


def test_a_cancel_that_a_gap_called_for_is_asked_for_again_behind_it(life: str) -> None:
    desk = resting(life)
    desk.slice(10, perp=None)

    assert desk.slice(10) == [("cancel", "b1-spot-enter")]


def test_what_a_liquidation_took_back_before_the_cancel_did_is_not_given_again(life: str) -> None:
    desk = resting(life)
    desk.slice(11)

    assert desk.cancelled("b1-spot-enter", "LIQUIDATION") == []


def test_the_buffer_is_kept_at_the_market(life: str) -> None:
    desk = Desk(usdt="44100", life=life, execution="limit", limit_offset_bps="2")
    desk.slice(1, rate=HIGH)
    desk.slice(9, rate=HIGH)
    desk.fill("b1-spot-enter", price="1999.6", fee="0.00201")
    desk.fill("b1-perp-enter")

    ((name, *_, amount),) = desk.slice(10, "2100", "2100")

    assert (name, amount) == ("b1-spot-reduce", "0.46")
