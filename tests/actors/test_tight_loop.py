"""The tight loop: one fact goes through position monitor, exposure, risk and P&L, and every one of them folds it again.

The four are built as they are wired, with mailboxes around them, and told by hand until nothing is left.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from messages.book import (
    BasisMarked,
    BookChanged,
    BookTold,
    EquityMarked,
    ExposureChanged,
    RiskMeasured,
)
from messages.market import StaleMark
from messages.units import Nanoseconds
from tests.actors.builders import HOUR, candle, market, opening, paid
from tests.actors.loop import BYBIT_PERP, BYBIT_SPOT, MARKETS, OKX_PERP, OKX_SPOT, Loop, fill, two_closes

D = Decimal

# --- the way of a fact ------------------------------------------------------------------------------------------------


def test_one_fact_goes_round_once_in_the_order_of_the_loop() -> None:
    loop = Loop()

    update = loop.tell(fill())

    assert [type(each) for each in loop.seen] == [BookChanged, ExposureChanged, RiskMeasured]
    assert [type(each) for each in loop.gate.take()] == [BookChanged]
    assert update.fact == fill()


@pytest.mark.parametrize("fact", [opening(), fill(), paid(of=BYBIT_PERP)], ids=["opening", "fill", "funding"])
def test_every_fact_of_the_book_reaches_gate_and_strategy(fact: Any) -> None:  # noqa: ANN401 - three types
    loop = Loop()

    assert loop.tell(fact).fact == fact
    (booked,) = loop.gate.take()
    assert booked.fact == fact


def test_the_strategy_hears_balances_and_position_as_they_are_now() -> None:
    loop = Loop()
    loop.tell(opening("100"))

    update = loop.tell(fill("2", fee="3", side="SELL"))

    assert [(each.account, each.asset, each.amount) for each in update.balances] == [("bybit", "USDT", D(97))]
    assert update.position is not None
    assert (update.position.quantity, update.position.cost, update.net) == (D(-2), D(-4000), D(-2))


# --- exposure ---------------------------------------------------------------------------------------------------------


def test_exposure_is_net_and_gross_over_spot_and_perps_of_all_venues() -> None:
    loop = Loop()

    steps = [
        loop.exposed(opening("3", "ETH")),
        loop.exposed(fill("2", side="SELL")),
        loop.exposed(fill("1.5", of=OKX_PERP, side="SELL", trade="t2")),
        loop.exposed(fill("1", of=OKX_SPOT, trade="t3", fee="0.1", fee_asset="ETH")),
        loop.exposed(fill("5", of=BYBIT_PERP, trade="t4")),
        loop.exposed(fill("3", of=BYBIT_PERP, side="SELL", trade="t5")),
    ]

    assert steps == [
        (D(3), D(3)),
        (D(1), D(5)),
        (D("-0.5"), D("6.5")),
        (D("0.4"), D("7.4")),
        (D("5.4"), D("8.4")),
        (D("2.4"), D("5.4")),
    ]


def test_balances_of_one_asset_in_two_accounts_both_count() -> None:
    loop = Loop()
    loop.tell(opening("3", "ETH"))

    assert loop.exposed(opening("2", "ETH", account="okx")) == (D(5), D(5))


def test_funding_leaves_the_exposure_as_it_is() -> None:
    loop = Loop()
    loop.tell(fill("2", side="SELL"))

    assert loop.exposed(paid("4", quantity="-2", of=BYBIT_PERP)) == (D(-2), D(2))


# --- risk -------------------------------------------------------------------------------------------------------------


def test_risk_is_measured_at_the_facts_own_price() -> None:
    loop = Loop()
    loop.tell(opening("3", "ETH"))
    short = loop.measured(fill("2", "2100", side="SELL"))
    funding = loop.measured(paid(mark="2200", quantity="-2", of=BYBIT_PERP))
    opened = loop.measured(opening("1", "ETH"))

    assert (short.net_notional, short.gross_notional) == (D(2100), D(10500))
    assert (funding.net_notional, funding.gross_notional) == (D(2200), D(11000))
    assert (opened.net_notional, opened.gross_notional) == (D(0), D(0))


@pytest.mark.parametrize(("fee", "overdrawn"), [("99", False), ("100", False), ("100.01", True)])
def test_an_account_below_nought_is_overdrawn_and_nought_is_not(fee: str, *, overdrawn: bool) -> None:
    loop = Loop()
    loop.tell(opening("100"))

    assert loop.measured(fill(fee=fee)).overdrawn is overdrawn


# --- P&L --------------------------------------------------------------------------------------------------------------


def test_totals_add_up_over_venues_and_count_base_fees_at_the_fills_price() -> None:
    loop = Loop()
    loop.tell(fill("2", "2000", fee="4"))
    loop.tell(fill("1", "2100", side="SELL", fee="2.1", trade="t2"))
    loop.tell(fill("1", "1000", of=OKX_SPOT, fee="0.001", fee_asset="ETH", trade="t3"))
    loop.tell(paid("-3", of=BYBIT_PERP))
    update = loop.tell(paid("5", of=OKX_PERP))

    assert (update.realised, update.fees, update.funding) == (D(100), D("7.1"), D(2))
    assert (loop.totals.realised, loop.totals.fees, loop.totals.funding) == (D(100), D("7.1"), D(2))


def test_the_book_is_worth_its_balances_at_mark_and_what_is_not_realised() -> None:
    loop = Loop()
    for fact in (opening("1000"), opening("3", "ETH"), fill("2", "1900", side="SELL")):
        loop.tell(fact)
    loop.price(market(candle("2000", of=BYBIT_SPOT), candle("2010", of=BYBIT_PERP)))

    (marked,) = loop.mark()

    assert marked.currency == "USDT"
    assert marked.unrealised == D(-220)
    assert marked.equity == D(1000 + 6000 - 220)


def test_the_first_value_is_the_start_and_the_last_one_the_end() -> None:
    loop = Loop()
    found = []
    for amount in ("100", "20", "3"):
        found.append((loop.totals.equity_start, loop.totals.equity_end))
        loop.tell(opening(amount))
        loop.mark()

    assert found == [(None, None), (D(100), D(100)), (D(100), D(120))]
    assert (loop.totals.equity_start, loop.totals.equity_end) == (D(100), D(123))


def test_marking_leaves_totals_and_book_as_they_are() -> None:
    loop = Loop()
    loop.tell(opening("100"))
    book, totals = loop.book, loop.totals

    loop.mark()

    assert loop.book == book
    assert (loop.totals.realised, loop.totals.fees, loop.totals.funding) == (
        totals.realised,
        totals.fees,
        totals.funding,
    )


def test_zero_balances_and_flat_positions_are_left_out_of_the_book() -> None:
    loop = Loop()
    loop.tell(opening("4"))
    loop.tell(fill("2", fee="2"))
    loop.tell(fill("2", fee="2", side="SELL", trade="t2"))

    assert loop.book == BookTold(balances=(), positions=())


def test_an_old_close_is_used_and_said_once_for_each_market() -> None:
    loop = Loop(tuple(each for each in MARKETS if each.instrument_id != "binance:ETH/USDT"))
    for fact in (opening("3", "ETH"), opening("1", "ETH", account="binance"), fill("1", "2000")):
        loop.tell(fact)
    loop.price(market(candle("2000", of=BYBIT_SPOT), candle("2000", of=OKX_SPOT), candle("2000", of=BYBIT_PERP)))
    loop.price(market(candle("2100", of=BYBIT_PERP, at=2 * HOUR), at=2 * HOUR))

    *stale, marked = loop.mark()

    assert all(isinstance(each, StaleMark) for each in stale)
    assert [(each.venue, each.instrument, each.mark, each.closed_at, each.used_for) for each in stale] == [
        ("okx", OKX_SPOT, D(2000), HOUR, "valuation"),  # binance has no spot price: the first configured venue's
        ("bybit", BYBIT_SPOT, D(2000), HOUR, "valuation"),
    ]
    assert marked.equity == D(4 * 2000 + 100)


def test_a_close_that_is_young_enough_is_not_stale() -> None:
    loop = Loop()
    loop.tell(opening("3", "ETH"))
    loop.price(market(candle("2000", of=BYBIT_SPOT)))
    loop.turn.at = Nanoseconds(2 * HOUR - 1)

    assert [type(each) for each in loop.mark()] == [EquityMarked]


# --- folding ----------------------------------------------------------------------------------------------------------


STORY: list[Callable[[Loop], object]] = [
    lambda loop: loop.tell(opening("5000")),
    lambda loop: loop.tell(opening("3", "ETH")),
    lambda loop: loop.price(market(candle("2000", of=BYBIT_SPOT), candle("2000", of=BYBIT_PERP))),
    lambda loop: loop.mark(),
    lambda loop: loop.tell(fill("2", "1900", side="SELL", fee="2")),
    lambda loop: loop.tell(fill("1", "2000", of=BYBIT_SPOT, trade="t2", fee="0.001", fee_asset="ETH")),
    lambda loop: loop.tell(paid("7", quantity="-2", of=BYBIT_PERP)),
    lambda loop: loop.tell(fill("0.7", "1800", trade="t3", fee="1")),
    lambda loop: loop.mark(),
    lambda loop: loop.tell(fill("4", "1750", trade="t4", fee="1")),
    lambda loop: loop.price(two_closes("1800", "1790", hour=2)),
    lambda loop: loop.tell_at_once(
        fill("4", "1800", of=BYBIT_SPOT, trade="t5"),
        fill("3", "1791", trade="t6"),
        fill("2", "1792", trade="t7"),
    ),
    lambda loop: loop.tell(fill("1", "1793", trade="t8")),
    lambda loop: loop.price(two_closes("1800", "1805", hour=3)),
    lambda loop: loop.tell(fill("9", "1806", side="SELL", trade="t10")),
    lambda loop: loop.price(two_closes("1800", "1800", hour=4)),
]


@pytest.mark.parametrize("length", range(1, len(STORY) + 1))
def test_folded_actors_answer_and_go_on_as_those_that_ran(length: int) -> None:
    ran, folded = Loop(), Loop()
    for loop in (ran, folded):
        for step in STORY[:length]:
            step(loop)
        loop.gate.take()

    folded.fold()
    for loop in (ran, folded):
        loop.price(two_closes("2100", "2110", hour=9))

    assert folded.book == ran.book
    assert folded.totals == ran.totals
    assert folded.tell(fill("0.3", trade="t9")) == ran.tell(fill("0.3", trade="t9"))
    assert folded.seen == ran.seen
    assert folded.mark() == ran.mark()
    assert folded.totals == ran.totals
    ran.mark()
    folded.mark()
    assert folded.journal == ran.journal


def test_what_a_fold_has_to_tell_apart_is_in_the_story() -> None:
    """A basis that is on record behind two trades of which only the second counts at it, and two of which both do."""
    loop = Loop()
    for step in STORY:
        step(loop)

    assert [
        (seq, loop.causes[seq - 1]) for seq, each in enumerate(loop.journal, start=1) if isinstance(each, BasisMarked)
    ] == [(13, 11), (16, 15)]
