"""On paper an engine trades at the prices of now with simulated exchanges, has no keys and sends no order."""

from pathlib import Path

from ops.interfaces import EventDrivenStrategyEngine
from tests.ops.interfaces.calls import PRICES, perp, run, spot
from tests.ops.interfaces.venues import VENUES, local, paper, until


def test_trades_fill_at_the_venues_prices_and_no_order_is_sent(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path) as exchange:
            async with EventDrivenStrategyEngine(paper(exchange, tmp_path, VENUES)) as ours:
                trade = ours.execute_trade_with_interface
                bought = [await trade(spot(0.5, venue=venue), PRICES) for venue in VENUES]
                sold = [await trade(perp(0.5, "SHORT", venue=venue), PRICES) for venue in VENUES]
                rests = await trade(spot(0.1, order_type="LIMIT", price=2000), {})
                cancelled = await ours.execution_interfaces["cex"].cancel_all_orders()
                events = ours.event_logger.get_events("CEX_TRADE_EXECUTED")
                position = ours.position_monitor.get_position("ETHUSDT-PERP")
            assert exchange.rows("SELECT * FROM orders") == []

        answers = [*bought, *sold]
        assert [answer["status"] for answer in answers] == ["FILLED"] * 6
        assert {answer["execution_mode"] for answer in answers} == {"paper"}
        assert all(2490 < answer["price"] < 2510 for answer in answers)
        assert rests["status"] == "OPEN"
        assert cancelled["instruction_ids"] == [rests["instruction_id"]]
        assert len(events) == 6
        assert position["amount_exact"] == "-1.5"

    run(work())


def test_the_capital_is_divided_and_the_wallets_part_becomes_eth_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path) as exchange:
            config = paper(exchange, tmp_path, VENUES, initial_capital=100000)
            async with EventDrivenStrategyEngine(config) as ours:
                await until(ours, "OPENING", 7)
                first = ours.position_monitor.snapshot()["balances"]
                openings = [each["data"] for each in ours.event_logger.get_events("OPENING")]
            async with EventDrivenStrategyEngine(config) as again:
                await again.execute_trade_with_interface(spot(0.1), {})
                second = again.position_monitor.snapshot()["balances"]

        wallet = first.pop("wallet")
        assert first == {
            "binance": {"USDT": "12500"},
            "binance.perp": {"USDT": "12500"},
            "bybit": {"USDT": "25000"},
            "okx": {"USDT": "25000"},
        }
        assert wallet.keys() == {"ETH"}
        assert 9.9 < float(wallet["ETH"]) < 10.1
        assert [each["asset"] for each in openings if each["account"] == "wallet"] == ["USDT", "ETH", "USDT"]
        assert second["wallet"] == wallet

    run(work())
