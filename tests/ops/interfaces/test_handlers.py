"""A position update handler hears of every change when the tight loop is through; what it raises loses no fill."""

import asyncio
import logging
from pathlib import Path

import pytest

from ops.interfaces.answers import PositionChange, TradeAnswer
from tests.ops.interfaces.calls import START, engine, perp, prices, run, sample, spot


def test_a_function_is_called_once_after_each_change_with_the_book_as_it_is_then() -> None:
    heard: list[PositionChange] = []

    async def work() -> list[float]:
        async with engine() as ours:
            seen: list[float] = []

            def handler(change: PositionChange) -> None:
                heard.append(change)
                seen.append(ours.position_monitor.get_position("ETHUSDT-PERP", "bybit")["amount"])

            ours.position_update_handler = handler
            await ours.execute_trade_with_interface(perp(2), prices(3000))
            await ours.execute_trade_with_interface(perp(100_000), prices(3000))
            await ours.execute_trade_with_interface(perp(0.5, "SHORT"), prices(3100))
            return seen

    assert run(work()) == [2.0, 1.5]
    first, second = heard
    assert (first["event_type"], first["venue"], first["pair"], first["account"]) == (
        "CEX_TRADE_EXECUTED",
        "bybit",
        "ETHUSDT-PERP",
        "bybit",
    )
    assert first["balances_exact"] == {"USDT": "24996.7"}
    assert second["position"] is not None
    assert (second["position"]["amount_exact"], second["position"]["unrealised_exact"]) == ("1.5", "150")
    assert second["data"]["price_exact"] == "3100"


def test_a_coroutine_is_awaited_on_the_loop_before_the_answer() -> None:
    heard: list[tuple[str, object]] = []

    async def handler(change: PositionChange) -> None:
        await asyncio.sleep(0)
        heard.append((change["event_type"], asyncio.get_running_loop()))

    async def work() -> object:
        async with engine() as ours:
            ours.position_update_handler = handler
            await ours.execute_trade_with_interface(spot(), prices(3000))
            return asyncio.get_running_loop()

    assert run(work()) is heard[0][1]
    assert len(heard) == 1


def test_what_a_handler_raises_is_logged_and_the_answer_and_later_changes_come_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[str] = []

    def handler(change: PositionChange) -> None:
        calls.append(change["event_type"])
        raise LookupError("no such desk")

    async def work() -> list[TradeAnswer]:
        async with engine() as ours:
            ours.position_update_handler = handler
            return [await ours.execute_trade_with_interface(spot(), prices(3000)) for _ in range(2)]

    with caplog.at_level(logging.ERROR, logger="execd.interfaces"):
        answers = run(work())

    assert [answer["status"] for answer in answers] == ["FILLED", "FILLED"]
    assert len(calls) == len(caplog.records) == 2
    assert "no such desk" in caplog.text


def test_a_handler_may_trade_and_its_trade_is_worked_at_once() -> None:
    async def work() -> list[str]:
        async with engine() as ours:
            order: list[str] = []

            async def hedge(change: PositionChange) -> None:
                order.append(str(change["pair"]))
                if change["pair"] == "ETH/USDT":
                    answer = await ours.execute_trade_with_interface(perp(1, "SHORT"), prices(3000))
                    order.append(answer["status"])

            ours.position_update_handler = hedge
            answer = await ours.execute_trade_with_interface(spot(), prices(3000))
            return [*order, answer["status"]]

    assert run(work()) == ["ETH/USDT", "ETHUSDT-PERP", "FILLED", "FILLED"]


def test_it_hears_of_fills_and_funding_between_two_clocks_in_their_order(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    data = sample(tmp_path)

    async def work() -> None:
        async with engine(data=data) as ours:
            ours.position_update_handler = lambda change: heard.append((change["event_type"], change["timestamp"]))
            await ours.execute_trade_with_interface(perp(), {"timestamp": START})
            await ours.execute_trade_with_interface(perp(), {"timestamp": "2024-01-01T17:00:00Z"})

    run(work())
    assert heard == [
        ("CEX_TRADE_EXECUTED", START),
        ("FUNDING_PAID", "2024-01-01T08:00:00Z"),
        ("FUNDING_PAID", "2024-01-01T16:00:00Z"),
        ("CEX_TRADE_EXECUTED", "2024-01-01T17:00:00Z"),
    ]


def test_it_is_an_attribute_of_each_interface_and_the_engines_goes_to_all() -> None:
    heard: list[str] = []
    ours = engine()
    cex = ours.execution_interfaces["cex"]

    ours.position_update_handler = lambda change: heard.append(change["venue"])
    assert cex.position_update_handler is ours.position_update_handler
    run(cex.execute_trade(spot(), prices(3000)))

    cex.position_update_handler = None
    run(cex.execute_trade(spot(), prices(3000)))
    assert heard == ["binance"]
