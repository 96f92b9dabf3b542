"""What a venue does not take is refused with its reason, and leaves nothing behind."""

from decimal import Decimal
from typing import Any

import pytest

from messages.units import BUY, LAST, MARKET, PERP, SELL, SPOT, Side
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Status, Trigger
from tests.ops.testbed.exchange.engines import ANN, BEN, Bench, bench


def refused(
    venue: Bench, side: Side = BUY, amount: str | None = "1", price: str | None = None, **more: object
) -> Reject:
    told = len(venue.told)
    before = len(venue.engine.orders(ANN, PERP)) + len(venue.engine.orders(ANN, SPOT))
    with pytest.raises(RejectError) as caught:
        venue.place(side, amount, price, **more)  # type: ignore[arg-type]  # the test says what
    assert len(venue.told) == told
    assert len(venue.engine.orders(ANN, PERP)) + len(venue.engine.orders(ANN, SPOT)) == before
    return caught.value.reject


@pytest.mark.parametrize(
    ("amount", "price", "reject"),
    [
        ("0", "2500", Reject.AMOUNT_TOO_SMALL),
        ("0.0005", "2500", Reject.AMOUNT_TOO_SMALL),
        ("1.0005", "2500", Reject.LOT),
        ("10001", "2500", Reject.AMOUNT_TOO_LARGE),
        ("2001", None, Reject.AMOUNT_TOO_LARGE),
        ("1", "2500.005", Reject.TICK),
        ("1", "0", Reject.PRICE_OUT_OF_BOUNDS),
        ("1", "-5", Reject.PRICE_OUT_OF_BOUNDS),
        ("1", "2700", Reject.PRICE_BAND),
        ("0.007", "2500", Reject.NOTIONAL_TOO_SMALL),
        ("9000", "2500", Reject.NO_MARGIN),
    ],
)
def test_an_order_that_breaks_a_filter(amount: str, price: str | None, reject: Reject) -> None:
    assert refused(bench(), BUY, amount, price) is reject


def test_bybit_moves_the_price_of_a_perp_into_its_band() -> None:
    assert bench("bybit").place(SELL, "1", "2000").status is Status.FILLED
    assert bench("bybit").place(BUY, "700", "2700").price == Decimal(2550)


def test_a_spot_order_needs_what_it_spends() -> None:
    venue = bench()
    market = venue.market(SPOT)

    assert refused(venue, SELL, "101", "2500", market=market) is Reject.NO_BALANCE
    assert refused(venue, BUY, "401", "2500", market=market) is Reject.NO_BALANCE
    venue.place(BUY, "300", "2490", market=market)
    assert refused(venue, BUY, "150", "2490", market=market) is Reject.NO_BALANCE
    assert refused(venue, BUY, None, quote_amount=Decimal(300_000), market=market) is Reject.NO_BALANCE


def test_a_client_id_is_free_again_when_its_order_has_ended_but_for_bybit() -> None:
    for name, is_free in (("binance", True), ("okx", True), ("bybit", False)):
        venue = bench(name)
        order = venue.place(BUY, "1", "2490", client_order_id="x1")
        assert refused(venue, BUY, "1", "2490", client_order_id="x1") is Reject.DUPLICATE_CLIENT_ID, name
        venue.engine.cancel(ANN, venue.market(), order_id=order.order_id)

        if is_free:
            again = venue.place(BUY, "1", "2480", client_order_id="x1")
            found = venue.engine.find(ANN, venue.market(), client_order_id="x1")
            assert found is not None
            assert found.order_id == again.order_id, name
        else:
            assert refused(venue, BUY, "1", "2480", client_order_id="x1") is Reject.DUPLICATE_CLIENT_ID, name
        assert venue.place(BUY, "1", "2480", client_order_id="x1", uid=BEN).status is Status.OPEN


def test_reduce_only_needs_a_position_to_reduce() -> None:
    venue = bench()

    assert refused(venue, SELL, "1", reduce_only=True) is Reject.NOT_REDUCING
    venue.place(BUY, "1")
    assert refused(venue, BUY, "1", reduce_only=True) is Reject.NOT_REDUCING


def test_reduce_only_for_more_than_the_position_is_refused_by_okx_and_cut_elsewhere() -> None:
    for name in ("binance", "bybit"):
        venue = bench(name)
        venue.place(BUY, "1")
        assert venue.place(SELL, "3", reduce_only=True).filled == 1
        assert venue.engine.positions(ANN) == []
    venue = bench("okx")
    venue.place(BUY, "1")
    assert refused(venue, SELL, "3", reduce_only=True) is Reject.MORE_THAN_POSITION


def test_a_trigger_that_is_reached_already_is_refused() -> None:
    venue = bench()

    up = Trigger(by=LAST, rising=True, price=Decimal(2400))

    assert refused(venue, BUY, "1", trigger=up) is Reject.WOULD_TRIGGER


def test_an_account_may_have_only_so_many_orders() -> None:
    venue = bench()
    for number in range(200):
        venue.place(BUY, "0.01", "2400", client_order_id=f"a{number}")

    assert refused(venue, BUY, "0.01", "2400") is Reject.TOO_MANY_ORDERS


def test_a_cancel_says_why_there_is_nothing_to_cancel() -> None:
    venue = bench()
    filled = venue.place(BUY, "1")
    gone = venue.place(BUY, "1", "2400")
    venue.engine.cancel(ANN, venue.market(), order_id=gone.order_id)

    for order_id, reject in (
        (filled.order_id, Reject.ORDER_FILLED),
        (gone.order_id, Reject.ORDER_ENDED),
        ("77", Reject.ORDER_UNKNOWN),
    ):
        with pytest.raises(RejectError) as caught:
            venue.engine.cancel(ANN, venue.market(), order_id=order_id)
        assert caught.value.reject is reject


def test_an_amendment_that_breaks_a_filter_leaves_the_order_as_it_was() -> None:
    venue = bench()
    order = venue.place(BUY, "1", "2490")

    changes: tuple[tuple[dict[str, Any], Reject], ...] = (
        ({"price": Decimal("2490.001")}, Reject.TICK),
        ({"amount": Decimal("0.0001")}, Reject.AMOUNT_TOO_SMALL),
        ({"price": Decimal(2490)}, Reject.UNCHANGED),
        ({"amount": Decimal(9000)}, Reject.NO_MARGIN),
        ({"trigger_price": Decimal(2400)}, Reject.NOT_AMENDABLE),
    )
    for change, reject in changes:
        with pytest.raises(RejectError) as caught:
            venue.engine.amend(ANN, venue.market(), order_id=order.order_id, **change)
        assert caught.value.reject is reject
    assert venue.now(order) == order


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(RejectError) as caught:
        bench().engine.market(PERP, "DOGEUSDT")
    assert caught.value.reject is Reject.UNKNOWN_SYMBOL


def test_a_market_order_has_no_price_and_a_limit_order_has_one() -> None:
    venue = bench()

    assert refused(venue, BUY, "1", "2500", type=MARKET) is Reject.BAD_PARAMETER
    assert refused(venue, BUY, "1", type="LIMIT") is Reject.MISSING_PARAMETER
