"""The ledger: what leaves one account is in another, positions keep quantity and cost, and rounding loses nothing."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.ledger import Ledger, traded
from messages.book import Fact, Opening
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import AccountName, Amount, Asset, BaseAmount, Price, Rate, VenueName
from tests.actors.builders import PERP_ID, SPOT_ID, filled, instrument, record

BINANCE_PERP = instrument(venue="binance")
INSTRUMENTS = {each.instrument_id: each for each in (instrument("ETH/USDT"), instrument(), BINANCE_PERP)}
D = Decimal


def opening(amount: str = "10000", asset: str = "USDT", account: str = "bybit") -> Opening:
    return Opening(account=AccountName(account), asset=Asset(asset), amount=Amount(D(amount)))


def funding(rate: str = "0.0001", quantity: str = "2", mark: str = "2000") -> FundingPaid:
    return FundingPaid(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        quantity=BaseAmount(D(quantity)),
        mark=Price(D(mark)),
        rate=Rate(D(rate)),
        amount=Amount(-D(quantity) * D(mark) * D(rate)),
    )


def held(ledger: Ledger) -> dict[tuple[str, str], Decimal]:
    return {(each.account, each.asset): each.amount for each in ledger.balances()}


def test_a_spot_purchase_takes_quote_and_gives_base_less_its_fee() -> None:
    ledger = Ledger(INSTRUMENTS)
    ledger.book(opening())

    change = ledger.book(filled("2", "2000", of=SPOT_ID, fee="0.002", fee_asset="ETH"))

    assert held(ledger) == {("bybit", "ETH"): D("1.998"), ("bybit", "USDT"): D(6000)}
    assert {each.asset: each.amount for each in change.balances} == {"ETH": D("1.998"), "USDT": D(6000)}
    assert change.fee_in_quote == D(4)
    assert change.position is None


def test_a_spot_sale_gives_quote_less_its_fee() -> None:
    ledger = Ledger(INSTRUMENTS)
    ledger.book(opening("3", "ETH"))

    ledger.book(filled("2", "2000", of=SPOT_ID, side="SELL", fee="4"))

    assert held(ledger) == {("bybit", "ETH"): D(1), ("bybit", "USDT"): D(3996)}


def test_a_perp_trade_moves_no_notional_only_its_fee() -> None:
    ledger = Ledger(INSTRUMENTS)
    ledger.book(opening())

    change = ledger.book(filled("2", "2000", fee="2.2"))

    assert held(ledger) == {("bybit", "USDT"): D("9997.8")}
    assert change.position is not None
    assert (change.position.quantity, change.position.cost) == (D(2), D(4000))


def test_perps_of_binance_are_settled_in_their_own_account() -> None:
    ledger = Ledger(INSTRUMENTS)

    ledger.book(filled("2", "2000", of=BINANCE_PERP.instrument_id, fee="2"))

    assert held(ledger) == {("binance.perp", "USDT"): D(-2)}


def test_closing_realises_and_moves_the_balance_at_once() -> None:
    ledger = Ledger(INSTRUMENTS)
    ledger.book(opening())
    ledger.book(filled("2", "2000", side="SELL"))

    change = ledger.book(filled("2", "1900", side="BUY", trade="t2"))

    assert change.realised == D(200)
    assert held(ledger) == {("bybit", "USDT"): D(10200)}
    assert list(ledger.positions()) == []


def test_funding_moves_the_balance_and_leaves_the_position() -> None:
    ledger = Ledger(INSTRUMENTS)
    ledger.book(opening())
    ledger.book(filled("2", "2000"))

    change = ledger.book(funding())

    assert held(ledger) == {("bybit", "USDT"): D("9999.6")}
    assert change.position is not None
    assert change.position.quantity == D(2)


@pytest.mark.parametrize(
    ("quantity", "cost", "change", "price", "expected"),
    [
        ("0", "0", "2", "10", ("2", "20", "0")),
        ("2", "20", "1", "16", ("3", "36", "0")),
        ("3", "36", "-1", "15", ("2", "24", "3")),
        ("2", "24", "-2", "10", ("0", "0", "-4")),
        ("2", "24", "-5", "10", ("-3", "-30", "-4")),
        ("-3", "-30", "1", "8", ("-2", "-20", "2")),
        ("-2", "-20", "6", "8", ("4", "32", "4")),
        ("3", "10", "-1", "5", ("2", "6.666666666666666667", "1.666666666666666667")),
    ],
    ids=["open", "add", "partial", "close at a loss", "flip", "partial of a short", "flip of a short", "rounded"],
)
def test_quantity_cost_and_realised_after_a_fill(
    quantity: str, cost: str, change: str, price: str, expected: tuple[str, str, str]
) -> None:
    assert traded(D(quantity), D(cost), D(change), D(price)) == tuple(map(D, expected))


def test_a_cost_larger_than_the_context_is_still_rounded_to_its_last_place() -> None:
    _, cost, _ = traded(D(3), D("1e30"), D(-1), D(5))

    assert cost == D("1e30") - D("333333333333333333333333333333.333333333333333333")


def test_a_fact_folds_to_the_same_change_as_it_booked() -> None:
    one, other = Ledger(INSTRUMENTS), Ledger(INSTRUMENTS)

    booked: list[Fact] = [opening(), filled("2", "2000", fee="2"), funding()]

    assert [one.book(fact) for fact in booked] == [other.fold(record(fact)) for fact in booked]
    assert list(one.balances()) == list(other.balances())


amounts = st.decimals("0.00001", "1000", places=5)
prices = st.decimals("0.01", "100000", places=2)
fees = st.decimals("-1", "10", places=8)
sides = st.sampled_from(["BUY", "SELL"])
fills = st.builds(
    lambda of, side, amount, price, fee: filled(
        str(amount),
        str(price),
        side=side,
        fee=str(fee),
        fee_asset="ETH" if of == SPOT_ID and side == "BUY" else "USDT",
        of=of,
    ),
    st.sampled_from([SPOT_ID, PERP_ID, BINANCE_PERP.instrument_id]),
    sides,
    amounts,
    prices,
    fees,
)
facts = st.one_of(
    fills,
    st.builds(lambda amount: opening(str(amount)), amounts),
    st.builds(
        lambda rate, quantity: funding(str(rate), str(quantity)),
        st.decimals("-0.01", "0.01", places=8),
        st.decimals("-100", "100", places=3),
    ),
)


@given(st.lists(facts, max_size=30))
def test_at_every_event_what_leaves_one_account_is_in_another(events: list[Fact]) -> None:
    ledger = Ledger(INSTRUMENTS)

    for event in events:
        ledger.book(event)

        sums: dict[str, Decimal] = defaultdict(Decimal)
        for ours in (True, False):
            for balance in ledger.balances(ours=ours):
                sums[balance.asset] += balance.amount
        assert all(abs(total) < D("1e-20") for total in sums.values()), (event, dict(sums))


@given(st.lists(fills.filter(lambda fill: fill.instrument == PERP_ID), min_size=1, max_size=30))
def test_realised_and_unrealised_together_are_what_the_trades_brought(events: list[OrderFilled]) -> None:
    ledger = Ledger(INSTRUMENTS)
    realised = cash = Decimal(0)
    mark = D(1234)

    for fill in events:
        change = ledger.book(fill)
        realised += change.realised
        cash += (fill.amount if fill.side == "SELL" else -fill.amount) * fill.price

    quantity = sum((each.quantity for each in ledger.positions()), D(0))
    cost = sum((each.cost for each in ledger.positions()), D(0))
    assert abs(realised + quantity * mark - cost - (cash + quantity * mark)) < D("1e-15")
