"""What accounts own adds up: fees, holds, positions, margin, funding, and money that moves."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.units import BUY, PERP, SELL, SPOT, Side
from ops.testbed.exchange.events import BalanceChanged, FundingPaid, Moved, PositionChanged
from ops.testbed.exchange.money import Kind, MoveState, Withdrawal
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import FUNDING, PERP_WALLET, SPOT_WALLET, UNIFIED
from tests.ops.testbed.exchange.engines import ANN, BEN, MONEY, Bench, bench


def fill(venue: Bench, side: Side, amount: str, price: str) -> None:
    """Let an order of Ann's fill as a maker at a price."""
    order = venue.place(side, amount, price)
    venue.move(str(Decimal(price) * (Decimal("0.99") if side is BUY else Decimal("1.01"))))
    assert venue.now(order).ended


def test_spot_fees_are_taken_from_what_is_received() -> None:
    venue = bench("okx")
    market = venue.market(SPOT)
    bought = venue.place(BUY, "2", market=market)
    sold = venue.place(SELL, "1", market=market)

    assert bought.fees == {"ETH": Decimal(2) * market.taker}
    assert sold.fees == {"USDT": sold.filled_quote * market.taker}
    assert venue.balance("ETH") == 100 + 2 - 2 * market.taker - 1
    assert venue.balance("USDT") == MONEY - bought.filled_quote + sold.filled_quote * (1 - market.taker)


def test_perp_fees_are_in_usdt_by_liquidity() -> None:
    venue = bench()
    venue.place(BUY, "1", "2490")
    venue.move("2480")
    sold = venue.place(SELL, "1")

    maker, taker = venue.engine.trades(ANN, PERP)
    assert (maker.fee, maker.fee_asset) == (Decimal(2490) * Decimal("0.0002"), "USDT")
    assert (taker.fee, taker.fee_asset) == (sold.filled_quote * Decimal("0.0005"), "USDT")


def test_open_spot_orders_hold_what_they_may_spend_and_give_it_back() -> None:
    venue = bench()
    market = venue.market(SPOT)
    buy = venue.place(BUY, "2", "2490", market=market)
    sell = venue.place(SELL, "3", "2510", market=market)
    held = venue.held("USDT"), venue.held("ETH")
    venue.move("2520", SPOT)
    after_sale = venue.held("ETH")
    venue.engine.amend(ANN, market, order_id=buy.order_id, amount=Decimal(1))
    amended = venue.held("USDT")
    venue.engine.cancel(ANN, market, order_id=buy.order_id)

    assert held == (Decimal(4980), Decimal(3))
    assert venue.now(sell).ended
    assert (after_sale, amended) == (Decimal(0), Decimal(2490))
    assert (venue.held("USDT"), venue.held("ETH")) == (Decimal(0), Decimal(0))


def test_a_position_is_kept_at_average_cost_through_growth_reduction_and_reversal() -> None:
    venue = bench()
    fill(venue, BUY, "1", "2500")
    fill(venue, BUY, "3", "2400")
    grown = venue.engine.position(ANN, venue.market())
    fill(venue, SELL, "2", "2500")
    reduced = venue.engine.position(ANN, venue.market())
    fill(venue, SELL, "5", "2600")
    reversed_ = venue.engine.position(ANN, venue.market())

    assert (grown.quantity, grown.entry_price) == (Decimal(4), Decimal(2425))
    assert (reduced.quantity, reduced.entry_price) == (Decimal(2), Decimal(2425))
    assert (reversed_.quantity, reversed_.entry_price) == (Decimal(-3), Decimal(2600))
    realised = sum(trade.realised for trade in venue.engine.trades(ANN, PERP))
    fees = sum(trade.fee for trade in venue.engine.trades(ANN, PERP))
    assert realised == 2 * (2500 - 2425) + 2 * (2600 - 2425)
    assert venue.balance("USDT", PERP_WALLET) == MONEY + realised - fees


def test_what_an_average_price_comes_to_can_be_written() -> None:
    venue = bench()
    fill(venue, BUY, "1", "2490")
    fill(venue, BUY, "2", "2470.01")
    venue.place(SELL, "1")

    exponent = venue.balance("USDT", PERP_WALLET).normalize().as_tuple().exponent

    assert isinstance(exponent, int)
    assert exponent >= -20


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([BUY, SELL]),
            st.integers(1, 3000),
            st.integers(-40, 40),
            st.sampled_from([SPOT, PERP]),
            st.booleans(),
        ),
        max_size=25,
    )
)
def test_the_ledger_adds_up_to_the_balances_and_nothing_is_held_without_an_order(
    steps: list[tuple[Side, int, int, str, bool]],
) -> None:
    venue = bench("bybit")
    for side, lots, ticks, product, is_resting in steps:
        market = venue.market(SPOT if product == SPOT else PERP)
        price = str(Decimal(2500) + Decimal(ticks) / 10)
        try:
            venue.place(side, str(Decimal(lots) / 100), price if is_resting else None, market=market)
        except RejectError:
            continue
        venue.move(price, SPOT if ticks % 2 else PERP)
        position, mark = venue.engine.position(ANN, venue.market()), venue.engine.ticker(venue.market()).mark
        waiting = venue.engine.open_orders(ANN, PERP)
        buys = sum((order.left for order in waiting if order.side is BUY), Decimal(0))
        sells = sum((order.left for order in waiting if order.side is SELL), Decimal(0))
        size = max(abs(position.quantity + buys), abs(position.quantity - sells)) - abs(position.quantity)
        needed = max(size, Decimal(0)) * mark / position.leverage
        assert venue.engine.margin(ANN, UNIFIED).held == needed + venue.held("USDT")
    for product in (SPOT, PERP):
        venue.engine.cancel_all(ANN, product)

    for asset in ("USDT", "ETH"):
        bills = [bill for bill in venue.engine.bills(ANN, wallet=UNIFIED) if bill.asset == asset]
        assert sum(bill.amount for bill in bills) == venue.balance(asset) == bills[-1].balance
        assert venue.held(asset) == 0
        assert all(later.bill_id > earlier.bill_id for earlier, later in pairwise(bills))
    signed = sum(t.amount if t.side is BUY else -t.amount for t in venue.engine.trades(ANN, PERP))
    assert venue.engine.position(ANN, venue.market()).quantity == signed


def test_margin_is_of_the_worse_side_of_position_and_orders() -> None:
    venue = bench()
    fill(venue, BUY, "2", "2500")
    venue.move("2500")
    venue.place(BUY, "1", "2400")
    venue.place(SELL, "4", "2600")

    margin = venue.engine.margin(ANN, PERP_WALLET)

    assert margin.initial == 2 * 2500 / Decimal(20)
    assert margin.held == 1 * 2500 / Decimal(20)
    assert margin.maintenance == 2 * 2500 * Decimal("0.004")
    assert margin.free == margin.balance - margin.initial - margin.held


def test_a_loss_that_is_not_realised_counts_against_what_is_free() -> None:
    venue = bench("okx")
    fill(venue, BUY, "100", "2500")
    venue.move("2000")

    margin = venue.engine.margin(ANN, UNIFIED)

    assert margin.unrealised == -50_000
    assert venue.engine.spendable(ANN, UNIFIED, "USDT") == margin.free < margin.balance - 50_000


def test_leverage_is_bounded_and_said_to_be_so_already() -> None:
    venue = bench()
    market = venue.market()
    venue.engine.set_leverage(ANN, market, Decimal(5))
    venue.place(BUY, "1000")

    for leverage, reject in ((151, Reject.LEVERAGE_TOO_HIGH), (5, Reject.UNCHANGED), (1, Reject.NO_MARGIN)):
        with pytest.raises(RejectError) as caught:
            venue.engine.set_leverage(ANN, market, Decimal(leverage))
        assert caught.value.reject is reject
    assert venue.engine.position(ANN, market).leverage == 5


def test_funding_is_paid_by_longs_at_the_mark_and_told() -> None:
    venue = bench()
    venue.place(BUY, "2")
    venue.place(SELL, "1", uid=BEN)
    venue.move("2600")
    before = venue.balance("USDT", PERP_WALLET), venue.balance("USDT", PERP_WALLET, BEN)

    venue.engine.pay_funding(venue.market(), Decimal("0.0001"))

    assert venue.balance("USDT", PERP_WALLET) - before[0] == Decimal("-0.52")
    assert venue.balance("USDT", PERP_WALLET, BEN) - before[1] == Decimal("0.26")
    (bill,) = venue.engine.bills(ANN, kinds=[Kind.FUNDING])
    assert (bill.rate, bill.mark, bill.quantity) == (Decimal("0.0001"), Decimal(2600), Decimal(2))
    assert [event.uid for event in venue.told if isinstance(event, FundingPaid)] == [ANN, BEN]
    assert venue.engine.funding_history(venue.market())[0].rate == Decimal("0.0001")


def test_balances_and_positions_are_told_once_for_each_change_as_a_whole() -> None:
    venue = bench()
    venue.told.clear()

    venue.place(BUY, "60")

    assert len(venue.engine.trades(ANN, PERP)) > 1
    assert [type(event) for event in venue.told if isinstance(event, BalanceChanged | PositionChanged)] == [
        BalanceChanged,
        PositionChanged,
    ]


def test_a_withdrawal_leaves_at_once_and_gets_there_later() -> None:
    venue = bench()
    asked = Withdrawal(
        asset="USDT",
        amount=Decimal(100),
        fee=Decimal(4),
        wallet=SPOT_WALLET,
        network="ETH",
        address="0xabc",
        client_id="w1",
    )

    pending = venue.engine.withdraw(ANN, asked)
    left = venue.balance("USDT", SPOT_WALLET)
    venue.later(3_000)
    sent = venue.engine.moves(ANN, Kind.WITHDRAWAL)[0]
    venue.later(10_000)
    done = venue.engine.moves(ANN, Kind.WITHDRAWAL)[0]

    assert left == MONEY - 104
    assert [pending.state, sent.state, done.state] == [MoveState.PENDING, MoveState.SENT, MoveState.DONE]
    assert (done.client_id, done.tx_id[:2]) == ("w1", "0x")
    assert len([event for event in venue.told if isinstance(event, Moved)]) == 3


def test_a_transfer_needs_what_is_free_and_two_wallets() -> None:
    venue = bench()
    venue.engine.transfer(ANN, "USDT", Decimal(10), source=SPOT_WALLET, target=PERP_WALLET, client_id="t1")

    assert venue.balance("USDT", PERP_WALLET) - venue.balance("USDT", SPOT_WALLET) == 20
    for amount, target, reject in (
        (MONEY, FUNDING, Reject.NO_BALANCE),
        (Decimal(1), SPOT_WALLET, Reject.BAD_PARAMETER),
    ):
        with pytest.raises(RejectError) as caught:
            venue.engine.transfer(ANN, "USDT", amount, source=SPOT_WALLET, target=target)
        assert caught.value.reject is reject


def test_a_deposit_lands_where_the_venue_puts_it() -> None:
    for name, wallet in (("binance", SPOT_WALLET), ("bybit", FUNDING), ("okx", FUNDING)):
        venue = bench(name)
        venue.engine.deposit(ANN, "USDT", Decimal(7))
        assert venue.balance("USDT", wallet) == MONEY + 7
