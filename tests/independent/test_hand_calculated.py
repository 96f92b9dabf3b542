"""Fees, funding and contract sizes are each exchange's own: cases worked out by hand from the exchanges' documents.

Beside each case stands where its rule comes from. Prices are round, without slippage, so that the arithmetic can be
done in the head.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.independent.made_up import Candles, balance, buy, come, only_fee, sell

BTC, BTC_PERP, ETH_PERP = "BTC/USDT", "BTCUSDT-PERP", "ETHUSDT-PERP"
D = Decimal


# Fees.
# Binance 0.10/0.10 % spot, 0.02/0.05 % USD-M: ccxt 4.5.90 describe(), VIP 0; charged in what is received: binance
#   spot-api-docs faqs/commission_faq.md; USD-M in the margin asset, notional x rate: binance.com faq 360033544231.
# Bybit 0.10/0.10 % spot, of "the purchased cryptocurrency": help center id=000001175; 0.02/0.055 % linear, settle coin.
# OKX 0.08/0.10 % spot (Lv1), currency received by default (feeType 0): docs-v5 get-fee-rates, set-fee-type; 0.02/0.05 %
#   swaps, in the settle currency.
@pytest.mark.parametrize(
    ("venue", "maker", "taker"),
    [
        # 1 BTC x 0.001 = 0.001 BTC whoever gives the liquidity.
        ("binance", "0.001", "0.001"),
        ("bybit", "0.001", "0.001"),
        # 1 BTC x 0.0008 as maker.
        ("okx", "0.0008", "0.001"),
    ],
)
def test_a_spot_purchase_pays_its_fee_in_the_coin_that_is_bought(
    venue: str, maker: str, taker: str, tmp_path: Path
) -> None:
    candles: Candles = {"BTCUSDT-spot": [20_000, (20_000, 20_000, 19_800, 19_900)]}
    accounts = {venue: {"USDT": "50000"}}

    at_once = come(tmp_path / "taker", venue, candles, [buy(venue, BTC, "1")], accounts=accounts)
    resting = buy(venue, BTC, "1", order_type="LIMIT", price="19900")
    waited = come(tmp_path / "maker", venue, candles, [resting], accounts=accounts)

    assert only_fee(at_once) == (D(taker), "BTC")
    assert balance(at_once, venue, "BTC") == 1 - D(taker)
    assert balance(at_once, venue) == 30_000
    assert D(at_once.result["fees"]) == D(taker) * 20_000
    assert only_fee(waited) == (D(maker), "BTC")
    assert balance(waited, venue) == 50_000 - 19_900
    assert D(waited.result["fees"]) == D(maker) * 19_900


@pytest.mark.parametrize(
    ("venue", "maker", "taker"),
    # 0.5 x 20,000 = 10,000 x 0.001 = 10; as maker 0.5 x 20,100 = 10,050 x 0.001 = 10.05, at OKX x 0.0008 = 8.04.
    [("binance", "10.05", "10"), ("bybit", "10.05", "10"), ("okx", "8.04", "10")],
)
def test_a_spot_sale_pays_its_fee_in_what_it_brings(venue: str, maker: str, taker: str, tmp_path: Path) -> None:
    candles: Candles = {"BTCUSDT-spot": [20_000, (20_000, 20_200, 20_000, 20_000)]}
    accounts = {venue: {"BTC": "0.5"}}

    at_once = come(tmp_path / "taker", venue, candles, [sell(venue, BTC, "0.5")], accounts=accounts)
    resting = sell(venue, BTC, "0.5", order_type="LIMIT", price="20100")
    waited = come(tmp_path / "maker", venue, candles, [resting], accounts=accounts)

    assert only_fee(at_once) == (D(taker), "USDT")
    assert balance(at_once, venue) == 10_000 - D(taker)
    assert only_fee(waited) == (D(maker), "USDT")
    assert balance(waited, venue) == 10_050 - D(maker)


@pytest.mark.parametrize(
    ("venue", "account", "maker", "taker"),
    # 2 BTC at 20,000 = 40,000: x 0.0005 = 20, x 0.00055 = 22; as maker at 19,900 = 39,800 x 0.0002 = 7.96.
    [("binance", "binance.perp", "7.96", "20"), ("bybit", "bybit", "7.96", "22"), ("okx", "okx", "7.96", "20")],
)
def test_a_perp_pays_its_fee_in_usdt(venue: str, account: str, maker: str, taker: str, tmp_path: Path) -> None:
    candles: Candles = {"BTCUSDT-perp": [20_000, (20_000, 20_000, 19_800, 19_900)]}
    accounts = {account: {"USDT": "50000"}}

    at_once = come(tmp_path / "taker", venue, candles, [buy(venue, BTC_PERP, "2")], accounts=accounts)
    resting = buy(venue, BTC_PERP, "2", order_type="LIMIT", price="19900")
    waited = come(tmp_path / "maker", venue, candles, [resting], accounts=accounts)

    assert only_fee(at_once) == (D(taker), "USDT")
    assert balance(at_once, account) == 50_000 - D(taker)
    assert only_fee(waited) == (D(maker), "USDT")
    assert balance(waited, account) == 50_000 - D(maker)


def test_a_bybit_maker_with_a_rebate_gets_it_in_what_he_gave(tmp_path: Path) -> None:
    """Bybit docs/v5/enum, Spot Fee Currency Instruction: makerFeeRate < 0: a buy is paid in quote, a sale in base."""
    candles: Candles = {"BTCUSDT-spot": [20_000, (20_000, 20_000, 19_800, 19_900), (20_000, 20_200, 20_000, 20_000)]}
    script = [
        buy("bybit", BTC, "1", order_type="LIMIT", price="19900"),
        sell("bybit", BTC, "1", hour=2, order_type="LIMIT", price="20100"),
    ]

    came = come(
        tmp_path, "bybit", candles, script, accounts={"bybit": {"USDT": "20000"}}, terms='spot.maker_fee_bps = "-1"'
    )

    # Buys: 1 x 19,900 x 0.0001 = 1.99 USDT. Sells: 1 BTC x 0.0001 = 0.0001 BTC.
    assert [(D(fill["fee"]), fill["fee_asset"]) for fill in came.entries("OrderFilled")] == [
        (D("-1.99"), "USDT"),
        (D("-0.0001"), "BTC"),
    ]
    assert balance(came, "bybit") == 20_000 - 19_900 + D("1.99") + 20_100
    assert balance(came, "bybit", "BTC") == D("0.0001")
    assert D(came.result["fees"]) == -(D("1.99") + D("0.0001") * 20_100)


def test_a_maker_with_a_rebate_elsewhere_gets_it_in_what_he_receives(tmp_path: Path) -> None:
    """DESIGN section 7: spot fees in the received asset on all three; the exception is Bybit's."""
    candles: Candles = {"BTCUSDT-spot": [20_000, (20_000, 20_000, 19_800, 19_900)]}
    script = [buy("binance", BTC, "1", order_type="LIMIT", price="19900")]

    came = come(
        tmp_path, "binance", candles, script, accounts={"binance": {"USDT": "20000"}}, terms='spot.maker_fee_bps = "-1"'
    )

    assert only_fee(came) == (D("-0.0001"), "BTC")
    assert balance(came, "binance", "BTC") == D("1.0001")


@pytest.mark.parametrize("venue", ["bybit", "okx"])
def test_a_perp_maker_with_a_rebate_is_paid_usdt(venue: str, tmp_path: Path) -> None:
    candles: Candles = {"BTCUSDT-perp": [20_000, (20_000, 20_000, 19_800, 19_900)]}
    script = [buy(venue, BTC_PERP, "2", order_type="LIMIT", price="19900")]

    came = come(
        tmp_path, venue, candles, script, accounts={venue: {"USDT": "50000"}}, terms='perp.maker_fee_bps = "-0.5"'
    )

    assert balance(came, venue) == 50_000 + D("1.99")  # 39,800 x 0.00005
    assert D(came.result["fees"]) == D("-1.99")
    assert D(came.result["attribution"]["fees"]) == D("1.99")


def test_okx_charges_spot_fees_in_quote_where_that_was_chosen(tmp_path: Path) -> None:
    """OKX docs-v5 set-fee-type: feeType 1, always quote, spot only."""
    came = come(
        tmp_path,
        "okx",
        {"BTCUSDT-spot": [20_000, 20_000]},
        [buy("okx", BTC, "1")],
        accounts={"okx": {"USDT": "20020"}},  # 20,000 and 20,000 x 0.001
        terms='spot.fee_in = "quote"',
    )

    assert only_fee(came) == (D(20), "USDT")
    assert came.result["balances"] == {"okx": {"BTC": "1"}}


# Contracts.
def test_okx_counts_contracts_of_a_tenth_of_an_ether(tmp_path: Path) -> None:
    """OKX public/instruments ETH-USDT-SWAP: ctVal 0.1 ETH, lotSz 0.01 contracts, so that a lot is 0.001 ETH."""
    candles: Candles = {"ETHUSDT-perp": [(2_000, 2_000, 2_000, 2_000, 500)] * 2}
    script = [buy("okx", ETH_PERP, "1.2349"), buy("okx", ETH_PERP, "10"), buy("okx", ETH_PERP, "0.0009")]

    came = come(tmp_path, "okx", candles, script, accounts={"okx": {"USDT": "50000"}}, terms='fill.max_share = "0.1"')

    # 500 contracts are 50 ETH, a tenth of which is 5: 1.234 for the first, 3.766 for the second.
    assert [fill["amount"] for fill in came.entries("OrderFilled")] == ["1.234", "3.766"]
    assert [cancelled["reason"] for cancelled in came.entries("OrderCancelled")] == ["VOLUME_LIMIT"]
    assert came.result["refusals_by_code"] == {"BELOW_LOT": 1}
    assert balance(came, "okx") == 50_000 - 5 * 2_000 * D("0.0005")


def test_okx_bitcoin_contracts_are_a_hundredth_and_lots_a_hundredth_of_that(tmp_path: Path) -> None:
    """OKX public/instruments BTC-USDT-SWAP: ctVal 0.01 BTC, lotSz 0.01: 0.0001 BTC."""
    came = come(
        tmp_path,
        "okx",
        {"BTCUSDT-perp": [20_000, 20_000]},
        [buy("okx", BTC_PERP, "0.12345")],
        accounts={"okx": {"USDT": "50000"}},
    )

    assert came.result["positions"]["okx"][BTC_PERP]["amount"] == "0.1234"


# Funding.
# Positions open at the instant, notional at mark x rate, rate > 0: the long pays the short. Binance: faq 360033525031;
# Bybit: "Introduction to Funding Rate"; OKX: help 360053909272 ("position value"). Every 8 hours at 00, 08, 16 UTC.
@pytest.mark.parametrize(("venue", "account"), [("binance", "binance.perp"), ("bybit", "bybit"), ("okx", "okx")])
@pytest.mark.parametrize(
    ("side", "rate", "received"),
    # 2 ETH, mark 3,100: 6,200 x 0.0001 = 0.62; x 0.00025 = 1.55.
    [("BUY", 0.0001, "-0.62"), ("SELL", 0.0001, "0.62"), ("BUY", -0.00025, "1.55"), ("SELL", -0.00025, "-1.55")],
)
def test_the_long_pays_the_short_at_a_positive_rate(
    venue: str, account: str, side: str, rate: float, received: str, tmp_path: Path
) -> None:
    candles: Candles = {"ETHUSDT-perp": [3_000] * 7 + [3_100] + [3_200]}
    script = [(buy if side == "BUY" else sell)(venue, ETH_PERP, "2")]

    came = come(
        tmp_path,
        venue,
        candles,
        script,
        accounts={account: {"USDT": "10000"}},
        funding={"ETHUSDT-perp": {0: 0.5, 8: rate}},
        terms='taker_fee_bps = "0"',
    )

    assert D(came.result["funding"]) == D(received)
    assert balance(came, account) == 10_000 + D(received)
    (paid,) = came.entries("FundingPaid")
    assert (D(paid["mark"]), D(paid["amount"])) == (D(3_100), D(received))
    assert D(came.result["attribution"]["funding"]) == D(received)


def test_funding_is_for_who_is_in_at_the_instant(tmp_path: Path) -> None:
    """Out at 07:00: nothing to pay at 08:00. Filled by the candle that closes at 16:00: pays then. In at 24:00: not."""
    candles: Candles = {"ETHUSDT-perp": [2_000] * 15 + [(2_000, 2_000, 1_900, 1_950)] + [1_950] * 8 + [1_950]}
    script = [
        buy("bybit", ETH_PERP, "1"),
        sell("bybit", ETH_PERP, "1", hour=7),
        buy("bybit", ETH_PERP, "1", hour=9, order_type="LIMIT", price="1940"),
        sell("bybit", ETH_PERP, "1", hour=17),
        buy("bybit", ETH_PERP, "1", hour=24),
    ]

    came = come(
        tmp_path,
        "bybit",
        candles,
        script,
        accounts={"bybit": {"USDT": "10000"}},
        funding={"ETHUSDT-perp": {8: 0.001, 16: 0.001, 24: 0.001}},
    )

    assert [D(paid["amount"]) for paid in came.entries("FundingPaid")] == [D("-1.95")]  # 1 x 1,950 x 0.001 at 16:00


def test_okx_funding_is_on_the_value_of_the_contracts(tmp_path: Path) -> None:
    """25 contracts of 0.1 ETH at a mark of 2,400: 6,000 x 0.0002 = 1.2 (OKX help 360053909272)."""
    came = come(
        tmp_path,
        "okx",
        {"ETHUSDT-perp": [2_400] * 9},
        [sell("okx", ETH_PERP, "2.5")],
        accounts={"okx": {"USDT": "10000"}},
        funding={"ETHUSDT-perp": {8: 0.0002}},
    )

    assert D(came.result["funding"]) == D("1.2")
