"""Margin, tiers and liquidation as the exchanges document them: cases worked out by hand.

Beside each case stands where its rule comes from. Prices are round, without slippage.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.independent.made_up import Candles, balance, buy, come, last_margin, sell

BTC_PERP, ETH_PERP, ETH = "BTCUSDT-PERP", "ETHUSDT-PERP", "ETH/USDT"
NO_FEES = 'maker_fee_bps = "0"\ntaker_fee_bps = "0"\n'
D = Decimal


# Tiers: notional x MMR - cum.
# Binance: leverage brackets as freqtrade 2026.9 has recorded them (binance_leverage_tiers.json, 2026-09-29). At a bound
# both neighbouring tiers come to the same: 300,000 x 0.4 % = 1,200 = 300,000 x 0.5 % - 300.
@pytest.mark.parametrize(
    ("pair", "notional", "maintenance"),
    [
        (ETH_PERP, "299999", "1199.996"),  # x 0.4 %
        (ETH_PERP, "300000", "1200"),
        (ETH_PERP, "300001", "1200.005"),  # x 0.5 % - 300
        (ETH_PERP, "800000", "3700"),
        (ETH_PERP, "800001", "3700.0065"),  # x 0.65 % - 1,500
        (ETH_PERP, "3000000", "18000"),
        (ETH_PERP, "3000001", "18000.01"),  # x 1 % - 12,000
        (ETH_PERP, "12000000", "108000"),
        (ETH_PERP, "12000001", "108000.02"),  # x 2 % - 132,000
        (ETH_PERP, "50000000", "868000"),
        (ETH_PERP, "50000001", "868000.025"),  # x 2.5 % - 382,000
        (ETH_PERP, "65000000", "1243000"),
        (ETH_PERP, "65000001", "1243000.05"),  # x 5 % - 2,007,000
        (BTC_PERP, "300000", "1200"),
        (BTC_PERP, "12000001", "108000.02"),
        (BTC_PERP, "70000000", "1268000"),  # x 2 % - 132,000: BTC's tier goes further
        (BTC_PERP, "70000001", "1268000.025"),  # x 2.5 % - 482,000
        (BTC_PERP, "100000000", "2018000"),
        (BTC_PERP, "100000001", "2018000.05"),  # x 5 % - 2,982,000
    ],
)
def test_binance_maintenance_at_both_sides_of_each_bound(
    pair: str, notional: str, maintenance: str, tmp_path: Path
) -> None:
    name = pair.replace("-PERP", "-perp")
    amount = str(D(notional) / 1_000)  # at a price of 1,000

    came = come(
        tmp_path,
        "binance",
        {name: [1_000, 1_000]},
        [buy("binance", pair, amount)],
        accounts={"binance.perp": {"USDT": "200000000"}},
        terms=NO_FEES + 'perp.leverage = "10"',
    )

    assert last_margin(came) == {"equity": D(200_000_000), "initial": D(notional) / 10, "maintenance": D(maintenance)}


# Bybit: MM = position value x MMR - deduction (help center, "Maintenance Margin"); BTCUSDT tier 1 0.33 % to 300,000,
# tier 2 0.5 % to 2,000,000 (/v5/market/risk-limit, testnet answer of 2026-09-17), so that the deduction of tier 2 is
# 300,000 x (0.5 % - 0.33 %) = 510.
@pytest.mark.parametrize(
    ("notional", "maintenance"),
    [("300000", "990"), ("301000", "995"), ("2000000", "9490")],  # 1,505 - 510; 10,000 - 510
)
def test_bybit_maintenance_in_its_first_two_tiers(notional: str, maintenance: str, tmp_path: Path) -> None:
    came = come(
        tmp_path,
        "bybit",
        {"BTCUSDT-perp": [1_000, 1_000]},
        [sell("bybit", BTC_PERP, str(D(notional) / 1_000))],
        accounts={"bybit": {"USDT": "5000000"}},
        terms=NO_FEES,
    )

    assert last_margin(came)["maintenance"] == D(maintenance)


# Initial margin = notional / leverage, and the taker's fee on top (Binance faq 360033162192; Bybit help "Order Cost").
@pytest.mark.parametrize(
    ("venue", "account", "enough"),
    [
        ("binance", "binance.perp", "1005"),  # 10 ETH x 1,000 = 10,000: / 10 = 1,000, and x 0.05 % = 5
        ("bybit", "bybit", "1005.5"),  # x 0.055 % = 5.5
        ("okx", "okx", "1005"),
    ],
)
def test_a_position_needs_its_initial_margin_and_the_fee(venue: str, account: str, enough: str, tmp_path: Path) -> None:
    def opened_with(usdt: Decimal, name: str) -> dict[str, int]:
        came = come(
            tmp_path / name,
            venue,
            {"ETHUSDT-perp": [1_000, 1_000]},
            [buy(venue, ETH_PERP, "10")],
            accounts={account: {"USDT": f"{usdt}"}},
            terms='perp.leverage = "10"',
        )
        codes: dict[str, int] = came.result["refusals_by_code"]
        return codes

    assert opened_with(D(enough), "enough") == {}
    assert opened_with(D(enough) - D("0.01"), "short") == {"INSUFFICIENT_MARGIN": 1}


def test_what_reduces_needs_no_margin(tmp_path: Path) -> None:
    """Margin 1,000 of 1,005 is bound and the price has fallen: a reduce-only sale passes where another is refused."""
    script = [
        buy("binance", ETH_PERP, "10"),
        sell("binance", ETH_PERP, "5", hour=2),
        sell("binance", ETH_PERP, "5", hour=2, reduce_only=True),
    ]

    came = come(
        tmp_path,
        "binance",
        {"ETHUSDT-perp": [1_000, 950, 950]},
        script,
        accounts={"binance.perp": {"USDT": "1005"}},
        terms='perp.leverage = "10"',
    )

    # Free after the fall: 1,000 - 500 - 9,500 / 10 = -450.
    assert came.result["refusals_by_code"] == {"INSUFFICIENT_MARGIN": 1}
    assert came.result["positions"]["binance"][ETH_PERP]["amount"] == "5"


# Liquidation price of Binance USD-M, one-way, cross, one position: LP = (WB + cum - side q EP) / (q MMR - side q)
# (binance.com support faq b3c689c1f50a44cabb3a84e663b81d93; margin balance = maintenance margin).
@pytest.mark.parametrize(
    ("side", "amount", "wallet", "safe", "below"),
    [
        # (1,500 - 10,000) / (10 x 0.004 - 10) = -8,500 / -9.96 = 853.4136...
        ("BUY", "10", "1500", 853.42, 853.41),
        # (1,500 + 10,000) / (10 x 0.004 + 10) = 11,500 / 10.04 = 1,145.4183...
        ("SELL", "10", "1500", 1145.41, 1145.42),
        # Second tier, cum 300: (30,000 + 300 - 500,000) / (500 x 0.005 - 500) = -469,700 / -497.5 = 944.1206...
        ("BUY", "500", "30000", 944.13, 944.12),
        # (30,000 + 300 + 500,000) / (500 x 0.005 + 500) = 530,300 / 502.5 = 1,055.3233...
        ("SELL", "500", "30000", 1055.32, 1055.33),
    ],
)
def test_binance_liquidates_at_its_documented_price(
    side: str, amount: str, wallet: str, safe: float, below: float, tmp_path: Path
) -> None:
    def liquidations(price: float) -> int:
        came = come(
            tmp_path / f"{price}",
            "binance",
            {"ETHUSDT-perp": [1_000, price]},
            [(buy if side == "BUY" else sell)("binance", ETH_PERP, amount)],
            accounts={"binance.perp": {"USDT": wallet}},
            terms=NO_FEES + 'perp.leverage = "20"',
        )
        count: int = came.result["liquidations"]
        return count

    assert (liquidations(safe), liquidations(below)) == (0, 1)


def test_a_binance_liquidation_costs_its_fees_and_insurance_pays_the_rest(tmp_path: Path) -> None:
    """Taker 0.05 % and exchangeInfo's liquidationFee 1.25 % (BTCUSDT; taken for ETHUSDT), of the closing notional."""
    came = come(
        tmp_path,
        "binance",
        {"ETHUSDT-perp": [1_000, 850, 900]},
        [buy("binance", ETH_PERP, "10")],
        accounts={"binance.perp": {"USDT": "1505"}, "binance": {"USDT": "70"}},
        terms='perp.leverage = "10"',
    )

    # 1,505 - 5 (fee) - 1,500 (loss at 850) = 0; less 8,500 x 0.0005 = 4.25 and 8,500 x 0.0125 = 106.25.
    (closed,) = came.entries("Liquidated")
    assert {key: D(closed[key]) for key in ("amount", "price", "mark", "fee", "liquidation_fee")} == {
        "amount": D(10),
        "price": D(850),
        "mark": D(850),
        "fee": D("4.25"),
        "liquidation_fee": D("106.25"),
    }
    (paid,) = came.entries("InsurancePaid")
    assert D(paid["amount"]) == D("110.5")
    assert came.result["balances"] == {"binance": {"USDT": "70"}}, "the spot account has no part in it"
    kinds = {key: D(amount) for key, amount in came.result["attribution"].items()}
    assert (kinds["fees"], kinds["liquidation"]) == (D("-9.25"), D("4.25"))  # -106.25 + 110.5
    assert sum(kinds.values()) == D(came.result["pnl"]) == -1_505


# Bybit, isolated linear: LP = EP - (IM - MM) / q. Example: 1 BTC at 20,000, 50x, 0.5 %: 20,000 - (400 - 100) = 19,700
# (help "Liquidation-Price-USDT-Contract"). There MM is that of the entry, 100. In a cross account with exactly that
# margin MM goes with the mark: 400 + p - 20,000 = 0.005 p, p = 19,600 / 0.995 = 19,698.492..., 1.51 lower.
BYBIT_HALF_A_PERCENT = (
    'perp.leverage = "50"\ninstruments."BTCUSDT-PERP".tiers = [{ maintenance_bps = "50", max_leverage = "100" }]'
)


@pytest.mark.parametrize(("price", "liquidations"), [(19_700.0, 0), (19_698.5, 0), (19_698.49, 1)])
def test_bybit_liquidates_the_example_of_its_help_page(price: float, liquidations: int, tmp_path: Path) -> None:
    came = come(
        tmp_path,
        "bybit",
        {"BTCUSDT-perp": [20_000, price]},
        [buy("bybit", BTC_PERP, "1")],
        accounts={"bybit": {"USDT": "411"}},  # IM 400 and the taker's fee, 20,000 x 0.055 % = 11: just enough
        terms=BYBIT_HALF_A_PERCENT,
    )

    assert came.result["refusals"] == 0
    assert came.result["liquidations"] == liquidations


def test_bybit_takes_all_orders_of_a_unified_account_with_it(tmp_path: Path) -> None:
    """UTA: one margin for spot and derivatives; on liquidation open orders go first. No fee but the taker's."""
    candles: Candles = {"ETHUSDT-perp": [1_000, 880, 880], "ETHUSDT-spot": [1_000, 880, 880]}
    script = [
        buy("bybit", ETH, "0.1", order_type="LIMIT", price="500"),
        sell("bybit", ETH, "1", order_type="LIMIT", price="2000"),
        buy("bybit", ETH_PERP, "10"),
        sell("bybit", ETH_PERP, "10", order_type="STOP_MARKET", trigger_price="800", reduce_only=True),
    ]

    came = come(
        tmp_path,
        "bybit",
        candles,
        script,
        accounts={"bybit": {"USDT": "1205.5", "ETH": "1"}},
        terms='perp.leverage = "10"',
    )

    # 1,205.5 - 5.5 = 1,200; at 880 it is 0, less than 8,800 x 0.5 % = 44. Closing costs 8,800 x 0.00055 = 4.84.
    assert [cancelled["reason"] for cancelled in came.entries("OrderCancelled")] == ["LIQUIDATION"] * 3
    assert [D(paid["amount"]) for paid in came.entries("InsurancePaid")] == [D("4.84")]
    assert came.result["balances"] == {"bybit": {"ETH": "1"}}, "what is no USDT is no collateral, and stays"


# OKX: tier 1 0.4 %, 100x (unverified, as the data file says); closing costs the taker's fee.
def test_okx_liquidates_a_short_where_equity_falls_below_maintenance(tmp_path: Path) -> None:
    def balance_at(price: float) -> Decimal:
        came = come(
            tmp_path / f"{price}",
            "okx",
            {"ETHUSDT-perp": [3_000, price]},
            [sell("okx", ETH_PERP, "1")],
            accounts={"okx": {"USDT": "301.5"}},  # 3,000 x 0.0005 = 1.5 fee
            terms='perp.leverage = "10"',
        )
        assert came.result["liquidations"] == (1 if came.result["positions"] == {} else 0)
        return balance(came, "okx")

    # 300 + 3,000 - p = 0.004 p: p = 3,300 / 1.004 = 3,286.852...
    assert balance_at(3_286.85) == 300
    # Above it: 300 - 287 = 13, less 3,287 x 0.0005 = 1.6435.
    assert balance_at(3_287.0) == D("11.3565")
