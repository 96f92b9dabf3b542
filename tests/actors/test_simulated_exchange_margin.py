"""Liquidation: below its maintenance margin an account loses its orders, then positions; insurance pays the rest."""

from decimal import Decimal
from typing import Any

import pytest

from messages.book import InsurancePaid, Liquidated
from messages.instruments import VenueModel
from messages.market import StaleMark
from messages.units import Nanoseconds, Price, VenueName
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, instrument
from tests.actors.exchange.desk import Desk, bar, ends, fills, model, names, tiers

D = Decimal
ONE_TIER = tiers((None, "0.01", "0"))


def perp_model(*, fee: str = "0.0125", name: str = "bybit", **more: Any) -> VenueModel:  # noqa: ANN401
    """Return a venue with a spot market and a perp whose maintenance is 1 % and liquidation fee 1.25 %."""
    perp = instrument(venue=name, tiers=more.pop("tiers", ONE_TIER), liquidation_fee=D(fee))
    other = more.pop("also", ())
    return model(instrument("ETH/USDT", venue=name), perp, *other, name=name, **more)


def test_at_the_maintenance_margin_nothing_happens_and_below_it_the_position_is_closed() -> None:
    # Long 10 at 2000 with 2000 USDT less 20 of fees: at m the equity is 1980 + 10 (m - 2000), the maintenance 0.1 m,
    # so they are equal at m = 18020 / 9.9 = 1820.20202...
    desk = Desk(perp_model(fee="0.005"), cash="2000")
    desk.hold("BUY", "10")

    assert desk.hour(2, "1820.21") == []
    (closed,) = desk.hour(3, "1820.20")

    assert isinstance(closed, Liquidated)
    assert (closed.side, closed.amount, closed.price, closed.mark) == ("SELL", D(10), D("1820.20"), D("1820.20"))
    assert (closed.fee, closed.liquidation_fee) == (D("18.202"), D("91.01"))
    assert desk.position() == 0
    assert desk.hour(4, "1000") == []


def test_equality_is_not_below() -> None:
    desk = Desk(perp_model(fee="0.005"), cash="1210")
    desk.hold("BUY", "10")  # 1190 after the fee

    assert desk.hour(2, "1900") == []  # 190 against 190
    assert names(desk.hour(3, "1899.99")) == ["Liquidated"]


def test_a_short_is_bought_back_at_the_mark_moved_up() -> None:
    desk = Desk(perp_model(base_bps="1"), cash="2000")
    desk.hold("SELL", "10")

    closed, *_ = desk.hour(2, "2400")

    assert (closed.side, closed.mark, closed.price) == ("BUY", D(2400), D(2400) * D("1.0001"))


def test_insurance_brings_a_balance_below_zero_back_to_it() -> None:
    desk = Desk(perp_model(), cash="2000")
    desk.hold("BUY", "10")

    closed, paid = desk.hour(2, "1700")

    assert isinstance(closed, Liquidated)
    assert isinstance(paid, InsurancePaid)
    # 1980 - 3000 lost - 17 of taker fee - 212.5 of liquidation fee
    assert (paid.amount, paid.asset, paid.account, paid.instrument) == (
        D("1249.5"), "USDT", "bybit", closed.instrument,
    )  # fmt: skip
    desk.hour(2, "2000", of=SPOT_ID)
    assert desk.send("BUY", "0.001", of=SPOT_ID, client="c9")[0].reason == "INSUFFICIENT_BALANCE"


def test_the_tier_of_the_notional_counts() -> None:
    steps = tiers(("10000", "0.01", "0"), ("30000", "0.05", "400"), (None, "0.1", "1900"))
    desk = Desk(perp_model(tiers=steps), cash="2600")
    desk.hold("BUY", "10")  # 2580 after the fee; at 1800: 580 of equity, 18000 * 0.05 - 400 = 500 of maintenance

    assert desk.hour(2, "1800") == []
    assert desk.hour(3, "1791.58") == []  # 495.8 against 495.79
    assert names(desk.hour(4, "1791.57")) == ["Liquidated"]  # 495.7 against 495.785


def test_all_orders_of_a_unified_account_go_first_spot_too() -> None:
    desk = Desk(perp_model(), cash="2000")
    desk.rest("BUY", "0.1", of=SPOT_ID, price="1000", client="c1")
    desk.rest("SELL", price="9000", client="c2")
    desk.rest("SELL", kind="STOP_MARKET", trigger="500", client="c3")
    desk.hold("BUY", "10")

    told = desk.hour(2, "1700")

    assert names(told) == ["OrderCancelled"] * 3 + ["Liquidated", "InsurancePaid"]
    assert ends(told) == [(f"c{n}", "LIQUIDATION") for n in (1, 2, 3)]


def test_binance_spot_is_another_account() -> None:
    desk = Desk(perp_model(name="binance"), cash="2000")
    spot, perp = (each.instrument_id for each in desk.model.instruments)
    desk.rest("BUY", "0.1", of=spot, price="1000")
    desk.hold("BUY", "10", of=perp)

    told = desk.slice(bar("1700", at=2, of=perp))

    assert names(told) == ["Liquidated", "InsurancePaid"]
    assert told[1].account == "binance.perp"
    assert fills(desk.slice(bar("900", at=3, of=spot))) == [("c1", "0.1", "1000")]


def test_positions_are_closed_in_the_order_of_their_symbols_and_count_together() -> None:
    btc = instrument("BTCUSDT-PERP", base="BTC", tiers=ONE_TIER, liquidation_fee=D("0.01"))
    desk = Desk(perp_model(also=(btc,)), cash="2000")
    desk.hold("BUY", "10")
    desk.hold("SELL", "10", of=btc.instrument_id, client="p2")

    assert desk.slice(bar("1700", at=2), bar("1700", at=2, of=btc.instrument_id)) == []  # one pays for the other
    told = desk.slice(bar("1700", at=3), bar("2000", at=3, of=btc.instrument_id))

    assert names(told) == ["Liquidated", "Liquidated", "InsurancePaid"]
    assert [each.instrument for each in told[:2]] == [btc.instrument_id, told[2].instrument]
    assert told[2].instrument == "bybit:ETHUSDT-PERP"


def test_margin_is_looked_at_after_funding_and_what_arrives() -> None:
    desk = Desk(perp_model(), cash="1250")
    desk.hold("BUY", "10")

    told = desk.slice(bar("1900", at=2), funding="0.01")  # 1230 - 1000 - 190 of funding against 190

    assert names(told) == ["FundingPaid", "Liquidated", "InsurancePaid"]


def test_margin_is_looked_at_in_slices_without_data_too() -> None:
    desk = Desk(perp_model(), cash="1250")
    desk.hold("BUY", "10")
    desk.slice(bar("1900", at=2), bar("2000", at=2, of=SPOT_ID))  # 230 against 190

    desk.send("BUY", "0.02", of=SPOT_ID, client="c1")
    assert desk.slice(ns=2 * HOUR + 1) == []  # 190 against 190
    desk.send("BUY", "0.0001", of=SPOT_ID, client="c2")
    assert names(desk.slice(ns=2 * HOUR + 2)) == ["Liquidated", "InsurancePaid"]


def test_an_old_mark_is_named_before_it_closes_a_position() -> None:
    desk = Desk(perp_model(), cash="1250")
    desk.hold("BUY", "10")
    desk.slice(bar("1900", at=2), bar("2000", at=2, of=SPOT_ID))  # 230 against 190
    desk.send("BUY", "0.0201", of=SPOT_ID, client="c1")

    stale, *closed = desk.slice(bar("2000", at=3, of=SPOT_ID))

    assert names(closed) == ["Liquidated", "InsurancePaid"]
    assert stale == StaleMark(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        mark=Price(D(1900)),
        closed_at=Nanoseconds(2 * HOUR),
        used_for="liquidation",
    )


def test_without_tiers_an_account_is_closed_when_nothing_is_left_of_it() -> None:
    desk = Desk(perp_model(tiers=()), cash="1020")
    desk.hold("BUY", "10")

    assert desk.hour(2, "1900") == []
    assert names(desk.hour(3, "1899.99")) == ["Liquidated", "InsurancePaid"]


@pytest.mark.parametrize("volume", ["0", "1000"])
def test_a_forced_close_happens_whatever_the_volume(volume: str) -> None:
    desk = Desk(perp_model(impact_bps="1000", base_bps="1"), cash="2000")
    desk.hold("BUY", "10")

    closed, *_ = desk.hour(2, "1700", volume=volume)

    assert closed.price == D(1700) * (D("0.9999") if volume == "0" else D("0.9989"))


def test_a_rebuilt_exchange_judges_the_account_as_the_old_one() -> None:
    ran, folded = Desk(perp_model(), cash="5000"), Desk(perp_model(), cash="5000")
    told = []
    for desk in (ran, folded):
        desk.hold("BUY", "15")
        desk.rest("SELL", "5", price="2100")
        desk.slice(bar("2000 2200 2000 2100", at=2), bar("2000", at=2, of=SPOT_ID), funding="0.001")
        desk.hold("SELL", "2", client="p2")
        desk.rest("BUY", "0.1", of=SPOT_ID, price="1000", client="c2")
        if desk is folded:
            desk.fold()
        told.append([desk.hour(hour, price) for hour, price in enumerate(("1700", "1600", "1400", "1300"), start=3)])

    assert told[0] == told[1]
    assert [names(each) for each in told[0]] == [[], [], [], ["OrderCancelled", "Liquidated", "InsurancePaid"]]


def test_a_liquidation_is_folded_with_its_insurance() -> None:
    desk = Desk(perp_model(), cash="2000")
    desk.hold("BUY", "10")
    desk.hour(2, "1700")
    desk.open("USDT", "100")

    desk.fold()

    assert desk.position() == 0
    desk.slice(bar("1000", at=3, of=SPOT_ID))
    assert desk.send("BUY", "0.10001", of=SPOT_ID, client="c1")[0].reason == "INSUFFICIENT_BALANCE"
    assert names(desk.send("BUY", "0.1", of=SPOT_ID, client="c2")) == ["OrderAccepted", "OrderFilled"]


def test_equality_is_not_below_where_a_deduction_counts_either() -> None:
    steps = tiers(("10000", "0.01", "0"), ("30000", "0.05", "400"), (None, "0.1", "1900"))
    desk = Desk(perp_model(tiers=steps), cash="2520")
    desk.hold("BUY", "10")

    assert desk.hour(2, "1800") == []  # 500 against 18000 * 0.05 - 400
