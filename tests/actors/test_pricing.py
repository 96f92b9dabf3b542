"""Prices, fees and funding of a simulation, each checked by hand. All pure, none rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.exchange.pricing import Slippage, charge_for, funding_payment, is_fresh, opened_at
from messages.instruments import FeeRates, Instrument, SlippageModel
from messages.units import MAKER, TAKER, BaseAmount, Liquidity, Nanoseconds, Price, Side
from tests.actors.builders import HOUR, candle, instrument

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
SPOT, PERP = instrument("ETH/USDT"), instrument()
OKX = instrument(venue="okx", contract_size=BaseAmount(D("0.1")))


def model(base: str = "0", impact: str = "0") -> SlippageModel:
    return SlippageModel(base_bps=D(base), impact_bps=D(impact))


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (HOUR - 1, True), (HOUR, False), (9 * HOUR, False)])
def test_a_close_is_fresh_for_less_than_one_candle_length(age: int, *, fresh: bool) -> None:
    assert is_fresh(candle(at=HOUR), Nanoseconds(HOUR + age), HOUR) is fresh


@pytest.mark.parametrize(
    ("side", "bps", "price"),
    [(BUY, "0", "2000"), (SELL, "0", "2000"), (BUY, "1", "2000.2"), (SELL, "1", "1999.8"), (BUY, "0.5", "2000.1")],
)
def test_fixed_slippage_moves_the_close_against_the_taker(side: Side, bps: str, price: str) -> None:
    assert Slippage(model(bps)).price(candle("2000"), PERP, side, D(7)) == D(price)


@pytest.mark.parametrize(
    ("side", "amount", "volume", "price"),
    [
        (BUY, "10", "1000", "2002.2"),  # 1 bps + 1000 bps * 10 / 1000 = 11 bps of 2000
        (SELL, "10", "1000", "1997.8"),
        (BUY, "1", "1000", "2000.4"),
        (BUY, "1000", "1000", "2200.2"),
    ],
)
def test_volume_slippage_grows_with_the_share_of_the_volume(side: Side, amount: str, volume: str, price: str) -> None:
    assert Slippage(model("1", "1000")).price(candle("2000", volume=volume), PERP, side, D(amount)) == D(price)


def test_volume_of_a_venue_that_counts_contracts_is_turned_into_base() -> None:
    # 1000 contracts of 0.1 are a volume of 100: 1 of 100 moves ten times as much as 1 of 1000.
    assert Slippage(model("0", "1000")).price(candle("2000"), OKX, BUY, D(1)) == D(2002)
    assert Slippage(model("0", "1000")).price(candle("2000"), PERP, BUY, D(1)) == D("2000.2")


def test_an_impact_without_volume_gives_no_price_and_fixed_slippage_needs_none() -> None:
    assert Slippage(model("1", "1")).price(candle(volume="0"), PERP, BUY, D(1)) is None
    assert Slippage(model("1")).price(candle(volume="0"), PERP, BUY, D(1)) == D("2000.2")


@pytest.mark.parametrize(("impact", "price"), [("9999", "0.2"), ("10000", None), ("12000", None)])
def test_a_sale_that_would_move_the_price_to_zero_gives_none(impact: str, price: str | None) -> None:
    found = Slippage(model("0", impact)).price(candle("2000", volume="1"), PERP, SELL, D(1))

    assert found == (None if price is None else D(price))


def test_prices_are_not_rounded_to_the_tick() -> None:
    assert Slippage(model("0.1")).price(candle("2000.01"), PERP, BUY, D(1)) == D("2000.0300001")


def fees(maker: str = "0.0002", *, in_quote: bool = False, rebate_in_given: bool = False) -> FeeRates:
    return FeeRates(maker=D(maker), taker=D("0.001"), in_quote=in_quote, rebate_in_given=rebate_in_given)


def charged(of: Instrument, rates: FeeRates, side: Side, liquidity: Liquidity) -> tuple[Decimal, str]:
    """Return fee and asset of a fill of 2 at 2000."""
    charge = charge_for(of, rates, side, liquidity)
    return charge.of(D(2), D(4000)), charge.asset


@pytest.mark.parametrize(
    ("of", "side", "taker", "maker", "asset"),
    [
        (SPOT, BUY, "0.002", "0.0004", "ETH"),
        (SPOT, SELL, "4", "0.8", "USDT"),
        (PERP, BUY, "4", "0.8", "USDT"),
        (PERP, SELL, "4", "0.8", "USDT"),
    ],
    ids=["spot buy", "spot sale", "perp buy", "perp sale"],
)
def test_spot_is_charged_in_what_is_received_and_perps_in_quote(
    of: Instrument, side: Side, taker: str, maker: str, asset: str
) -> None:
    assert charged(of, fees(), side, TAKER) == (D(taker), asset)
    assert charged(of, fees(), side, MAKER) == (D(maker), asset)


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize(("liquidity", "fee"), [(TAKER, "4"), (MAKER, "0.8")])
def test_fees_in_quote_are_in_quote_on_both_sides(side: Side, liquidity: Liquidity, fee: str) -> None:
    assert charged(SPOT, fees(in_quote=True), side, liquidity) == (D(fee), "USDT")
    assert charged(SPOT, fees("-0.0001", in_quote=True), side, MAKER) == (D("-0.4"), "USDT")


@pytest.mark.parametrize(
    ("of", "side", "liquidity", "fee", "asset"),
    [
        (SPOT, BUY, MAKER, "-0.4", "USDT"),
        (SPOT, SELL, MAKER, "-0.0002", "ETH"),
        (SPOT, BUY, TAKER, "0.002", "ETH"),
        (SPOT, SELL, TAKER, "4", "USDT"),
        (PERP, BUY, MAKER, "-0.4", "USDT"),
    ],
)
def test_a_makers_rebate_is_paid_in_what_he_gave_where_the_venue_says_so(
    of: Instrument, side: Side, liquidity: Liquidity, fee: str, asset: str
) -> None:
    assert charged(of, fees("-0.0001", rebate_in_given=True), side, liquidity) == (D(fee), asset)


def test_a_rebate_is_paid_in_what_is_received_elsewhere_and_a_charge_always() -> None:
    assert charged(SPOT, fees("-0.0001"), BUY, MAKER) == (D("-0.0002"), "ETH")
    assert charged(SPOT, fees(rebate_in_given=True), BUY, MAKER) == (D("0.0004"), "ETH")


def test_a_candle_concerns_what_was_accepted_when_it_opened_and_a_quote_what_was_earlier() -> None:
    assert opened_at(candle(at=2 * HOUR), HOUR) == HOUR
    assert opened_at(replace(candle(at=2 * HOUR), is_quote=True), HOUR) == 2 * HOUR - 1


def test_a_forced_close_has_a_price_also_where_the_model_gives_none() -> None:
    assert Slippage(model("1", "1000")).forced(candle("2000"), PERP, SELL, D(10)) == D("1997.8")
    assert Slippage(model("1", "1000")).forced(candle("2000", volume="0"), PERP, SELL, D(10)) == D("1999.8")
    assert Slippage(model("1", "99999999")).forced(candle("2000"), PERP, SELL, D(10)) == D("1999.8")


def test_any_price_is_moved_in_the_volume_of_a_candle() -> None:
    assert Slippage(model("1", "1000")).moved(D(2100), candle("2000"), PERP, BUY, D(10)) == D("2102.31")


@pytest.mark.parametrize(
    ("quantity", "rate", "amount"),
    [("3", "0.0001", "-0.6"), ("-3", "0.0001", "0.6"), ("3", "-0.0001", "0.6"), ("-3", "-0.0001", "-0.6")],
)
def test_longs_pay_shorts_at_a_positive_rate(quantity: str, rate: str, amount: str) -> None:
    assert funding_payment(BaseAmount(D(quantity)), Price(D(2000)), D(rate)) == D(amount)


@given(
    st.decimals("0.01", 10**6, places=2),
    st.decimals("0.01", 10**6, places=2),
    st.decimals(0, 100, places=2),
    st.decimals(0, 100, places=2),
)
def test_slippage_never_helps_the_taker(close: Decimal, amount: Decimal, base: Decimal, impact: Decimal) -> None:
    shape = SlippageModel(base_bps=base, impact_bps=impact)
    bought = Slippage(shape).price(candle(str(close)), PERP, BUY, amount)
    sold = Slippage(shape).price(candle(str(close)), PERP, SELL, amount)

    assert bought is not None
    assert bought >= close
    assert sold is None or 0 < sold <= close
