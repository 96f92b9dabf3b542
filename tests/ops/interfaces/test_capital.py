"""Without accounts a quarter of the capital each lies at binance, bybit, okx and in the wallet, as ETH."""

from pathlib import Path

import pytest

from actors.data.feed import Feed
from ops.interfaces.answers import LoggedEvent
from tests.ops.interfaces.calls import START, engine, perp, prices, run, sample, spot, trade

BTC = {**spot(0.01), "pair": "BTC/USDT"}


def test_a_quarter_lies_in_each_place_and_half_of_binances_in_its_perp_account() -> None:
    async def work() -> list[float]:
        async with engine(initial_capital=100000) as ours:
            cex = ours.execution_interfaces["cex"]
            accounts = (None, "binance", "binance.perp", "bybit", "okx", "wallet")
            return [await cex.get_balance("USDT", account) for account in accounts]

    assert run(work()) == [100000.0, 12500.0, 12500.0, 25000.0, 25000.0, 25000.0]


def test_the_wallets_quarter_becomes_eth_at_the_first_price_as_an_opening_and_free() -> None:
    async def work() -> tuple[dict[str, dict[str, str]], list[LoggedEvent]]:
        async with engine() as ours:
            await ours.execute_trade_with_interface(perp(), {"eth_usd_price": 3000.0, "bybit_perp_price": 3005.0})
            await ours.execute_trade_with_interface(perp(), prices(4000))
            return ours.position_monitor.snapshot()["balances"], ours.event_logger.get_events("OPENING")

    balances, openings = run(work())
    assert balances["wallet"] == {"ETH": "8.333333333333333333"}
    assert [event["data"] for event in openings if event["data"]["account"] == "wallet"] == [
        {"account": "wallet", "asset": "ETH", "amount": "8.333333333333333333"}
    ]


def test_any_price_of_eth_will_do() -> None:
    async def work() -> float:
        async with engine() as ours:
            await ours.execute_trade_with_interface(perp(), {"bybit_perp_price": 2500.0})
            return await ours.execution_interfaces["cex"].get_balance("ETH", "wallet")

    assert run(work()) == 10.0


def test_until_there_is_one_it_stays_usdt() -> None:
    async def work() -> None:
        async with engine() as ours:
            cex = ours.execution_interfaces["cex"]
            await cex.execute_trade(BTC, {"btc_usd_price": 60000.0})
            assert await cex.get_balance("USDT", "wallet") == 25000.0

            await cex.execute_trade(BTC, {"btc_usd_price": 60000.0, "eth_usd_price": 2500.0})

            assert await cex.get_balance("USDT", "wallet") == 0.0
            assert await cex.get_balance("ETH", "wallet") == 10.0

    run(work())


@pytest.mark.parametrize("first", [BTC, spot()])
def test_equity_starts_at_the_capital_and_changes_by_profit_alone(first: dict[str, object]) -> None:
    async def work() -> dict[str, object]:
        async with engine(venues={"binance": {"taker_fee_bps": 0}}) as ours:
            await ours.execute_trade_with_interface(first, {"btc_usd_price": 60000.0})
            await ours.execute_trade_with_interface(spot(), prices(2500))
            await ours.close()
            return ours.event_logger.events[-1]["data"]

    ended = run(work())
    assert (ended["equity_start"], ended["equity_end"]) == ("100000", "100000")


def test_the_wallet_follows_the_price_of_eth() -> None:
    async def work() -> dict[str, object]:
        async with engine() as ours:
            await ours.execute_trade_with_interface(spot(), {})
            await ours.execute_trade_with_interface(BTC, {"eth_usd_price": 2500.0})
            await ours.execute_trade_with_interface(BTC, {"eth_usd_price": 2600.0})
            await ours.close()
            return ours.event_logger.events[-1]["data"]

    assert run(work())["equity_end"] == "101000"


def test_with_data_it_becomes_eth_at_the_price_at_the_start(tmp_path: Path) -> None:
    data = sample(tmp_path)
    names = ["bybit:ETH/USDT"]
    start = 1_704_070_800_000_000_000
    feed = Feed(Path(data["data_dir"]), resolution="1h", instruments=names, start=start, end=start + 1)  # type: ignore[arg-type]
    close = next(iter(feed)).candles[0].close

    async def work() -> tuple[float, str | None]:
        async with engine(data=data) as ours:
            await ours.execute_trade_with_interface(spot(0.1, venue="bybit"), {})
            return await ours.execution_interfaces["cex"].get_balance("ETH", "wallet"), ours.data_provider.timestamp

    wallet, at = run(work())
    assert wallet == pytest.approx(25000 / float(close), rel=1e-15)
    assert at == START


def test_with_data_the_price_before_a_start_between_two_candles_will_do(tmp_path: Path) -> None:
    async def work() -> list[object]:
        async with engine(data=sample(tmp_path)) as ours:
            await ours.execute_trade_with_interface(spot(0.1, venue="bybit"), {"timestamp": "2024-01-01T05:30:00Z"})
            openings = [event["data"] for event in ours.event_logger.get_events("OPENING")]
            return [data["asset"] for data in openings if data["account"] == "wallet"]

    assert run(work()) == ["ETH"]


def test_accounts_may_be_given_instead() -> None:
    async def work() -> list[float]:
        async with engine(accounts={"binance": {"USDT": "500", "ETH": 2.5}}) as ours:
            cex = ours.execution_interfaces["cex"]
            before = await cex.get_balance("ETH")
            await cex.execute_trade(spot(1, "SELL"), prices(3000))
            return [before, await cex.get_balance("ETH"), await cex.get_balance("USDT"), await cex.get_balance("BTC")]

    assert run(work()) == [2.5, 1.5, 3497.0, 0.0]


def test_an_opening_balance_without_a_price_is_refused_and_the_next_call_may_bring_it() -> None:
    async def work() -> None:
        async with engine(accounts={"binance": {"USDT": 5000, "ETH": 1}}) as ours:
            with pytest.raises(ValueError, match=r"^config: accounts\.binance\.ETH: no price at the start"):
                await ours.execute_trade_with_interface(BTC, {"btc_usd_price": 60000.0})
            answer = await ours.execute_trade_with_interface(spot(), prices(3000))
            assert answer["status"] == "FILLED"

    run(work())


def test_an_asset_that_has_no_market_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^config: accounts\.binance\.DOGE: no price: there are no rules"):
        trade(spot(), prices(3000), accounts={"binance": {"DOGE": 1}})


@pytest.mark.parametrize("venue", ["kraken", "binance.spot", 5])
def test_a_balance_of_an_unknown_account_is_refused(venue: str) -> None:
    async def work() -> None:
        async with engine() as ours:
            await ours.execution_interfaces["cex"].get_balance("USDT", venue)

    with pytest.raises(ValueError, match=r"^venue: no such account: "):
        run(work())
