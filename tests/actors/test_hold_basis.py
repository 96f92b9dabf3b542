"""``hold_basis`` buys spot and shorts as much of the perp, leaves no naked leg, and closes what it holds at the end."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from actors.strategies.contract import StrategyContext, memory_of
from actors.strategies.hold_basis import HoldBasis
from messages.instructions import TradeInstruction
from messages.instruments import Instrument
from messages.units import BaseAmount, Nanoseconds, plain
from tests.actors.builders import (
    HOUR,
    PERP_ID,
    SPOT_ID,
    accepted,
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


def holding(markets: Iterable[Instrument] = (instrument("ETH/USDT"), instrument()), **params: object) -> HoldBasis:
    return HoldBasis(
        StrategyContext(
            start=Nanoseconds(START),
            end=Nanoseconds(END),
            params={key: value for key, value in {**PARAMS, **params}.items() if value is not None},
            venues=(venue(*markets),),
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

    assert said(strategy.on_event(refused(name="open-spot"))) == []
    assert said(strategy.on_slice(market(at=END))) == []


def test_a_refused_short_sells_what_was_bought_less_its_fee() -> None:
    strategy = holding()
    bought(strategy, "10", fee="0.01")

    assert said(strategy.on_event(refused(name="open-perp"))) == [("close-spot", SPOT_ID, "SELL", "9.99", False)]


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
