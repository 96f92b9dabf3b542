"""``hold_basis`` buys spot and shorts as much of the perp, leaves no naked leg, and closes what it holds at the end.

Where orders take time to arrive, it closes so early that they act by the end.
"""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from msgspec import structs

from actors.strategies.contract import OwnEvent, StrategyContext, memory_of
from actors.strategies.hold_basis import HoldBasis
from messages.instructions import TradeInstruction
from messages.instruments import Instrument
from messages.units import BaseAmount, Nanoseconds, plain
from tests.actors.builders import (
    HOUR,
    PERP_ID,
    SPOT_ID,
    accepted,
    cancelled,
    filled,
    instrument,
    market,
    paid,
    refused,
    rejected,
    venue,
)

D = Decimal
START, END = HOUR, 9 * HOUR
PARAMS = {"venue": "bybit", "base": "ETH", "amount": "10"}


def lots(spot: str, perp: str) -> tuple[Instrument, Instrument]:
    return instrument("ETH/USDT", lot=BaseAmount(D(spot))), instrument(lot=BaseAmount(D(perp)))


def holding(
    markets: Iterable[Instrument] = (instrument("ETH/USDT"), instrument()), *, latency: int = 0, **params: object
) -> HoldBasis:
    return HoldBasis(
        StrategyContext(
            start=Nanoseconds(START),
            end=Nanoseconds(END),
            params={key: value for key, value in {**PARAMS, **params}.items() if value is not None},
            venues=(structs.replace(venue(*markets), latency_ns=Nanoseconds(latency)),),
        )
    )


def said(wanted: Iterable[TradeInstruction]) -> list[tuple[str, str, str, str, bool]]:
    """Return the whole of what is wanted, in short."""
    return [(each.instruction_id, each.instrument, each.side, plain(each.amount), each.reduce_only) for each in wanted]


def bought(
    strategy: HoldBasis, amount: str = "10", *, fee: str = "0", fee_asset: str = "ETH"
) -> list[tuple[str, str, str, str, bool]]:
    fill = filled(amount, name="open-spot", of=SPOT_ID, fee=fee, fee_asset=fee_asset)
    strategy.apply(fill)
    return said(strategy.on_event(fill))


def ended(strategy: HoldBasis, event: OwnEvent) -> list[tuple[str, str, str, str, bool]]:
    """Tell it what became of an order; return what it wants then."""
    strategy.apply(event)
    return said(strategy.on_event(event))


def shorted(strategy: HoldBasis, amount: str = "10") -> None:
    fill = filled(amount, name="open-perp", side="SELL", fee="1")
    strategy.apply(fill)
    assert said(strategy.on_event(fill)) == []


def test_it_opens_with_the_purchase_at_the_first_instant_alone() -> None:
    strategy = holding()

    assert said(strategy.on_slice(market(at=START))) == [("open-spot", SPOT_ID, "BUY", "10", False)]
    assert said(strategy.on_slice(market(at=START + HOUR))) == []


def test_the_short_follows_the_purchase_and_is_as_large() -> None:
    assert bought(holding(), "9.5", fee="0.1") == [("open-perp", PERP_ID, "SELL", "9.5", False)]


def test_a_refused_purchase_leaves_nothing_to_do() -> None:
    strategy = holding()

    assert ended(strategy, refused(name="open-spot")) == []
    assert said(strategy.on_slice(market(at=END))) == []


def test_a_refused_short_sells_what_was_bought_less_its_fee() -> None:
    strategy = holding()
    bought(strategy, "10", fee="0.01")

    assert ended(strategy, refused(name="open-perp")) == [("unwind-spot", SPOT_ID, "SELL", "9.99", False)]


@pytest.mark.parametrize("end", [cancelled(name="open-perp"), rejected(name="open-perp")])
def test_what_of_a_short_comes_to_nothing_is_sold_as_spot(end: OwnEvent) -> None:
    strategy = holding()
    bought(strategy, "10", fee="0.01")
    shorted(strategy, "4")

    assert ended(strategy, end) == [("unwind-spot", SPOT_ID, "SELL", "5.99", False)]

    assert ended(strategy, filled("5.99", name="unwind-spot", of=SPOT_ID, side="SELL", fee="12")) == []
    assert said(strategy.on_slice(market(at=END))) == [
        ("close-spot", SPOT_ID, "SELL", "4", False),
        ("close-perp", PERP_ID, "BUY", "4", True),
    ]


def test_of_two_shorts_each_is_unwound_by_what_it_lacks_and_what_is_under_way_is_left_alone() -> None:
    strategy = holding()
    assert bought(strategy, "3") == [("open-perp", PERP_ID, "SELL", "3", False)]
    assert bought(strategy, "7") == [("open-perp-2", PERP_ID, "SELL", "7", False)]
    shorted(strategy, "1")

    assert ended(strategy, cancelled(name="open-perp")) == [("unwind-spot", SPOT_ID, "SELL", "2", False)]
    assert ended(strategy, cancelled(name="open-perp-2")) == [("unwind-spot-2", SPOT_ID, "SELL", "7", False)]
    assert said(strategy.on_slice(market(at=END)))[0] == ("close-spot", SPOT_ID, "SELL", "1", False)


def test_what_a_sale_of_spot_did_not_sell_is_sold_at_the_end() -> None:
    strategy = holding()
    bought(strategy)
    assert ended(strategy, cancelled(name="open-perp")) == [("unwind-spot", SPOT_ID, "SELL", "10", False)]

    assert ended(strategy, filled("6", name="unwind-spot", of=SPOT_ID, side="SELL", fee="12")) == []
    assert ended(strategy, cancelled(name="unwind-spot")) == []

    assert said(strategy.on_slice(market(at=END))) == [("close-spot", SPOT_ID, "SELL", "4", False)]


def test_the_end_of_a_short_that_is_whole_changes_nothing() -> None:
    strategy = holding()
    bought(strategy)
    shorted(strategy)

    assert ended(strategy, cancelled(name="open-perp")) == []


@pytest.mark.parametrize(("latency", "hour"), [(1, 8), (HOUR, 8), (HOUR + 1, 7), (2 * HOUR, 7), (0, 9)])
def test_both_legs_are_closed_so_early_that_the_orders_act_by_the_end(latency: int, hour: int) -> None:
    strategy = holding(latency=latency)
    strategy.on_slice(market(at=START))
    bought(strategy)
    shorted(strategy)

    closed = [at for at in range(2, 10) if said(strategy.on_slice(market(at=at * HOUR)))]

    assert closed == [hour]


def test_a_gap_before_the_last_slices_does_not_close_early() -> None:
    strategy = holding(latency=1)
    bought(strategy)

    assert [at for at in (1, 2, 6, 8, 9) if "close" in str(said(strategy.on_slice(market(at=at * HOUR))))] == [8]


def test_both_legs_are_closed_at_the_end_each_by_what_it_holds() -> None:
    strategy = holding()
    bought(strategy, "10", fee="0.01")
    shorted(strategy)

    assert said(strategy.on_slice(market(at=END))) == [
        ("close-spot", SPOT_ID, "SELL", "9.99", False),
        ("close-perp", PERP_ID, "BUY", "10", True),
    ]


def test_a_fee_taken_in_quote_leaves_the_base_whole() -> None:
    strategy = holding()
    bought(strategy, "10", fee="20", fee_asset="USDT")

    assert said(strategy.on_slice(market(at=END))) == [("close-spot", SPOT_ID, "SELL", "10", False)]


def test_dust_below_a_lot_is_asked_for_and_is_the_gates_to_refuse() -> None:
    strategy = holding()
    bought(strategy, "10", fee="0.0000001")

    ((_, _, _, amount, _),) = said(strategy.on_slice(market(at=END)))

    assert amount == "9.9999999"  # the gate rounds it down to 9.99999


def test_what_is_closed_already_is_not_closed_again() -> None:
    strategy = holding()
    bought(strategy)
    shorted(strategy)
    strategy.apply(filled("10", name="close-spot", of=SPOT_ID, side="SELL", fee="20"))
    strategy.apply(filled("10", name="close-perp", side="BUY"))

    assert said(strategy.on_slice(market(at=END))) == []


@pytest.mark.parametrize("event", [accepted(name="open-spot"), paid(), rejected(name="open-spot"), refused(name="x")])
def test_other_events_change_nothing(event: object) -> None:
    strategy = holding()
    strategy.apply(event)  # type: ignore[arg-type]  # each is one of them

    assert said(strategy.on_event(event)) == []  # type: ignore[arg-type]  # as above
    assert said(strategy.on_slice(market(at=END))) == []


def test_its_state_is_what_its_events_say_and_nothing_else() -> None:
    strategy = holding()

    assert memory_of(strategy) == "apply"
    strategy.on_slice(market(at=START))
    strategy.on_event(filled("10", name="open-spot", of=SPOT_ID))
    assert said(strategy.on_slice(market(at=END))) == []


@pytest.mark.parametrize(
    ("spot", "perp", "amount", "rounded"),
    [("0.00001", "0.01", "10.019", "10.01"), ("0.01", "0.001", "10.019", "10.01"), ("0.04", "0.06", "0.35", "0.24")],
)
def test_both_legs_are_a_whole_number_of_both_markets_lots(spot: str, perp: str, amount: str, rounded: str) -> None:
    strategy = holding(lots(spot, perp), amount=amount)

    ((_, _, _, found, _),) = said(strategy.on_slice(market(at=START)))

    assert D(found) == D(rounded)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": None}, "takes amount, base, venue, got base, venue"),
        ({"venue": None, "base": None, "amount": None}, "got nothing"),
        ({"size": "1"}, "takes amount, base, venue, got amount, base, size, venue"),
        ({"venue": "okx"}, "needs okx:ETH/USDT"),
        ({"base": "BTC"}, "needs bybit:BTC/USDT"),
        ({"amount": "much"}, "amount is much, expected a positive decimal"),
        ({"amount": "0"}, "amount is 0, expected a positive decimal"),
        ({"amount": "-1"}, "amount is -1"),
        ({"amount": "NaN"}, "amount is NaN"),
        ({"amount": "1e31"}, "amount is 1e31"),
        ({"amount": "0.009"}, r"amount 0\.009 is less than one lot of both markets \(0\.00001 and 0\.01\)"),
    ],
)
def test_wrong_params_are_named_with_what_was_expected(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        holding(**changes)  # type: ignore[arg-type]  # none of them is `markets`


def test_a_venue_without_the_perp_is_named() -> None:
    with pytest.raises(ValueError, match="needs bybit:ETHUSDT-PERP, which has no prices or rules here"):
        holding((instrument("ETH/USDT"),))
