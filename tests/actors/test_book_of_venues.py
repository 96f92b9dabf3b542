"""What a live venue reports beside our orders is in the book like anything else, and is no profit of ours.

Foreign trades are booked as fills; positions that were there, deposits and withdrawals come in at their mark; an asset
that is traded nowhere counts nothing and stops nothing.
"""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.attribution import exact_difference
from actors.ledger import Ledger
from actors.valuation import value
from messages.book import Attribution, Balance, BookTold, EquityMarked, Fact, PnlAttributed, PnlUpdated, RiskMeasured
from messages.live import Adjustment
from messages.market import MarketSlice
from messages.units import AccountName, Amount, Asset
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, filled, instrument, market, opening, paid
from tests.actors.loop import BYBIT_PERP, BYBIT_SPOT, Loop, fill, two_closes
from tests.actors.venue_facts import adjusted, foreign_trade, opening_position

D = Decimal
INSTRUMENTS = {each.instrument_id: each for each in (instrument("ETH/USDT"), instrument())}
ZERO = D(0)


def booked(*facts: Fact) -> tuple[dict[tuple[str, str], Decimal], dict[str, tuple[Decimal, Decimal]]]:
    """Return balances of ours, and positions as quantity and cost."""
    ledger = Ledger(INSTRUMENTS)
    for fact in facts:
        ledger.book(fact)
    return (
        {(each.account, each.asset): each.amount for each in ledger.balances()},
        {each.instrument: (each.quantity, each.cost) for each in ledger.positions()},
    )


@pytest.mark.parametrize("of", [SPOT_ID, PERP_ID])
@pytest.mark.parametrize("fee_asset", ["USDT", "BNB"])
def test_a_foreign_trade_is_booked_as_a_fill_of_ours(of: Any, fee_asset: str) -> None:  # noqa: ANN401 - an id
    ours = booked(opening(), filled("2", "2010", side="SELL", fee="3", fee_asset=fee_asset, of=of))

    assert booked(opening(), foreign_trade("2", "2010", side="SELL", fee="3", fee_asset=fee_asset, of=of)) == ours


def test_an_opening_position_is_there_at_its_entry_price() -> None:
    balances, positions = booked(opening_position("-2", "1900"))

    assert balances == {}
    assert positions == {PERP_ID: (D(-2), D(-3800))}


def test_an_adjustment_moves_between_the_account_and_the_outside() -> None:
    ledger = Ledger(INSTRUMENTS)

    change = ledger.book(adjusted("-300", reason=Adjustment.WITHDRAWAL))

    assert [(each.account, each.amount) for each in change.balances] == [("bybit", D(-300))]
    assert [(each.account, each.amount) for each in ledger.balances(ours=False)] == [("outside:bybit", D(300))]


@pytest.mark.parametrize("asset", ["USDT", "ETH", "BNB"])
def test_an_adjustment_of_any_asset_goes_round_the_tight_loop(asset: str) -> None:
    loop = Loop()

    update = loop.tell(adjusted("5", asset))

    assert isinstance(update, PnlUpdated)
    assert (update.realised, update.fees, update.funding) == (ZERO, ZERO, ZERO)
    assert [(each.asset, each.amount) for each in update.balances] == [(asset, D(5))]


def test_risk_measures_what_has_a_price_of_its_own() -> None:
    loop = Loop()

    assert loop.measured(opening_position("2", "1900", of=BYBIT_PERP)).net_notional == D(3800)
    assert loop.measured(foreign_trade("1", "2000", of=BYBIT_PERP)).net_notional == D(6000)
    bare = msgspec.structs.replace(paid(of=BYBIT_PERP), quantity=None, mark=None, rate=None)
    funded: RiskMeasured = loop.measured(bare)
    assert funded.net_notional == ZERO
    assert loop.totals.funding == D(-2)


def test_an_asset_without_any_market_counts_nothing() -> None:
    coins = tuple(
        Balance(account=AccountName("bybit"), asset=Asset(asset), amount=Amount(D(amount)))
        for asset, amount in (("BNB", "3"), ("USDT", "7"))
    )

    equity, _, used = value(BookTold(balances=coins, positions=()), {}, tuple(INSTRUMENTS.values()))

    assert (equity, used) == (D(7), ())


def marked(loop: Loop) -> EquityMarked:
    entry = loop.mark()[-1]
    assert isinstance(entry, EquityMarked)
    return entry


def kinds(attribution: Attribution | None) -> dict[str, Decimal]:
    assert attribution is not None
    return {kind: amount for kind, amount in msgspec.structs.asdict(attribution).items() if amount}


def begun(*facts: Any) -> Loop:  # noqa: ANN401 - any facts
    loop = Loop()
    for fact in (opening("10000"), *facts):
        loop.tell(fact)
    loop.price(two_closes("2000", "2010", hour=1))
    marked(loop)
    return loop


def test_a_deposit_raises_equity_and_is_no_profit() -> None:
    loop = begun()

    loop.tell(adjusted("500"))
    loop.tell(adjusted("2", "ETH", reference="r2"))
    entry = marked(loop)

    assert entry.equity == D(14500)
    assert entry.put_in == D(4500)
    assert kinds(entry.attribution) == {}
    assert loop.totals.put_in == D(4500)
    assert loop.totals.max_drawdown == 0


def test_what_was_deposited_earns_from_then_on() -> None:
    loop = begun()
    loop.tell(adjusted("2", "ETH"))

    loop.price(two_closes("2100", "2110", hour=2))

    entry = marked(loop)
    assert (entry.put_in, kinds(entry.attribution)) == (D(4000), {"price": D(200)})


def test_a_withdrawal_is_no_drawdown() -> None:
    loop = begun()

    loop.tell(adjusted("-9000", reason=Adjustment.WITHDRAWAL))
    marked(loop)

    assert loop.totals.max_drawdown == 0


def test_a_position_that_was_there_brings_what_its_mark_brings_from_then_on() -> None:
    loop = begun()

    loop.tell(opening_position("2", "1900", of=BYBIT_PERP))
    first = marked(loop)
    loop.price(two_closes("2000", "2020", hour=2))
    second = marked(loop)

    assert (first.put_in, kinds(first.attribution)) == (D(220), {})
    assert (second.put_in, kinds(second.attribution)) == (D(220), {"basis": D(20)})


def test_what_was_booked_before_the_first_mark_counts_as_having_lain_there() -> None:
    loop = begun(
        opening_position("2", "1900", of=BYBIT_PERP),
        fill("1", "1950", fee="1"),
        foreign_trade("1", "1990", of=BYBIT_SPOT, fee="0.001", fee_asset="ETH"),
        adjusted("100"),
    )

    entry = marked(loop)

    assert (entry.put_in, kinds(entry.attribution)) == (None, {})


def test_a_foreign_trade_has_no_slippage_and_its_fee_counts() -> None:
    loop = begun()

    loop.tell(foreign_trade("1", "2010", fee="2", of=BYBIT_PERP))
    loop.tell(foreign_trade("1", "2000", fee="1", fee_asset="BNB", of=BYBIT_PERP, trade="f2"))  # worth nothing known

    entry = marked(loop)
    assert kinds(entry.attribution) == {"price": D(10), "fees": D(-2)}


def test_a_rebuilt_loop_says_the_same_of_what_was_put_in() -> None:
    loop = begun(adjusted("1", "ETH", reference="r0"))
    loop.tell(opening_position("2", "1900", of=BYBIT_PERP))
    loop.tell(adjusted("-70"))
    before = marked(loop)
    loop.gate.take()

    loop.fold()

    loop.price(two_closes("2000", "2010", hour=1))
    after = marked(loop)
    assert (after.put_in, after.attribution) == (before.put_in, before.attribution)
    assert after.put_in == D(150)


amounts = st.decimals("-5", "5", places=2).filter(bool)
prices = st.decimals("1500", "2500", places=2)
events = st.one_of(
    st.builds(lambda amount: adjusted(str(amount)), amounts),
    st.builds(lambda amount: adjusted(str(amount), "ETH"), amounts),
    st.builds(lambda amount: adjusted(str(amount), "BNB"), amounts),
    st.builds(
        lambda amount, price, of, fee: foreign_trade(
            str(abs(amount)), str(price), side="BUY" if amount > 0 else "SELL", of=of, fee="0.01", fee_asset=fee
        ),
        amounts,
        prices,
        st.sampled_from([BYBIT_SPOT, BYBIT_PERP]),
        st.sampled_from(["USDT", "ETH", "BNB"]),
    ),
    st.builds(lambda spot, perp: two_closes(str(spot), str(perp), hour=2), prices, prices),
)


@given(st.lists(events, max_size=15))
def test_start_put_in_and_the_six_kinds_add_up_to_the_end_exactly(told: list[Any]) -> None:
    loop = begun()
    start = loop.totals.equity_start
    assert start is not None

    for event in told:
        if isinstance(event, MarketSlice):
            loop.price(event)
        else:
            loop.tell(event)
    entry = marked(loop)
    parts = sum_of_parts(loop, entry)

    whole = exact_difference(exact_difference(entry.equity, start), entry.put_in or ZERO)
    assert entry.attribution is not None
    for each in msgspec.structs.astuple(entry.attribution):
        whole = exact_difference(whole, each)
    assert whole == 0
    assert parts == entry.attribution


def sum_of_parts(loop: Loop, entry: EquityMarked) -> Attribution:
    """Return what `PnlAttributed` adds up to."""
    assert entry.attribution is not None
    said = PnlAttributed(parts=loop.pnl._attributor.parts(entry.attribution))  # noqa: SLF001 - what a run's end says
    return Attribution(
        **{
            kind: sum((getattr(part.attribution, kind) for part in said.parts), Amount(ZERO))
            for kind in Attribution.__struct_fields__
        }
    )


def test_while_a_price_is_not_known_yet_the_book_is_not_marked_if_it_wait_for_prices() -> None:
    loop = Loop(wait_for_prices=True)
    loop.tell(opening("3", "ETH"))
    loop.tell(opening_position("1", "1900", of=BYBIT_PERP))

    assert loop.mark() == []
    loop.price(market(candle("2000", of=BYBIT_SPOT), at=HOUR))
    assert loop.mark() == []
    loop.price(market(candle("2010", of=BYBIT_PERP), at=HOUR))

    assert marked(loop).equity == D(6110)


def test_else_a_price_that_is_not_known_is_an_error() -> None:
    loop = Loop()
    loop.tell(opening("3", "ETH"))

    with pytest.raises(LookupError, match="ETH in bybit has no price"):
        loop.mark()
