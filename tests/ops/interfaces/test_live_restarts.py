"""A live engine that ends leaves nothing behind but its journal, and the next one goes on from there."""

import asyncio
import gc
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from actors.errors import ExecdError, InvariantError
from actors.journal.reader import JournalReader
from messages.lifecycle import RunEnded
from messages.orders import OrderSubmitted
from ops.interfaces import EventDrivenStrategyEngine
from ops.interfaces import mirror as kept
from ops.testbed.exchange.faults import Fault
from tests.ops.interfaces.calls import perp, run, spot
from tests.ops.interfaces.venues import live, local, until

LOW = {"order_type": "LIMIT", "price": 2000}


def entries(folder: Path) -> list[Any]:
    with JournalReader(folder / "live.sqlite") as reader:
        return [record.entry for record in reader.records()]


def test_an_order_that_is_open_at_the_end_stays_and_the_next_engine_knows_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path, "bybit") as exchange:
            config = live(exchange, tmp_path, ["bybit"])
            async with EventDrivenStrategyEngine(config) as first:
                waits = await first.execute_trade_with_interface(spot(0.1, venue="bybit", id="waits", **LOW), {})
                await first.execute_trade_with_interface(perp(0.1, venue="bybit", id="done"), {})
            async with EventDrivenStrategyEngine(config) as second:
                trade = second.execute_trade_with_interface
                known = await trade(spot(0.1, venue="bybit", id="waits", **LOW), {})
                done = await trade(perp(0.1, venue="bybit", id="done"), {})
                fresh = await trade(perp(0.1, venue="bybit"), {})
                position = second.position_monitor.get_position("ETHUSDT-PERP", "bybit")
                cancelled = await second.execution_interfaces["cex"].cancel_all_orders()
            placed = exchange.rows("SELECT * FROM orders")

        assert (known["status"], known["order_id"]) == ("OPEN", waits["order_id"])
        assert (done["status"], fresh["status"]) == ("FILLED", "FILLED")
        assert position["amount_exact"] == "0.2"
        assert cancelled["cancelled"] == [waits["order_id"]]
        assert len(placed) == 3

    run(work())
    assert [entry.outcome for entry in entries(tmp_path) if isinstance(entry, RunEnded)] == ["done", "done"]


def test_an_instruction_that_only_the_journal_remembers_is_answered_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "CLOSED", 1)

    async def work() -> None:
        async with (
            local(tmp_path, "bybit") as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"])) as ours,
        ):
            trade = ours.execute_trade_with_interface
            first = await trade(perp(0.1, venue="bybit", id="old"), {})
            for number in range(3):
                await trade(perp(0.1, venue="bybit", id=f"newer {number}"), {})
            again = await trade(perp(0.1, venue="bybit", id="old"), {})
            other = await trade(perp(0.3, venue="bybit", id="old"), {})
            placed = exchange.rows("SELECT * FROM orders")

        assert {**again, "timestamp": ""} == {**first, "timestamp": ""}
        assert (other["status"], other["reason"]) == ("REJECTED", "DUPLICATE_ID")
        assert len(placed) == 4

    run(work())


def test_orders_are_cancelled_at_the_end_where_the_config_says_so(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path, "okx") as exchange:
            config = live(exchange, tmp_path, ["okx"], execution={"on_stop": "cancel"})
            async with EventDrivenStrategyEngine(config) as ours:
                await ours.execute_trade_with_interface(spot(0.1, venue="okx", **LOW), {})
            placed = exchange.rows("SELECT status FROM orders")

        assert [row["status"].upper() for row in placed] == ["CANCELLED"]

    run(work())


def test_whoever_waits_when_the_engine_is_closed_is_answered_and_later_calls_are_refused(tmp_path: Path) -> None:
    slow = Fault(kind="delay", endpoint="place", number=20_000)

    async def work() -> None:
        async with local(tmp_path, "bybit", faults=(slow,)) as exchange:
            ours = EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"]))
            cex = ours.execution_interfaces["cex"]
            await cex.get_balance("USDT", "bybit")
            late = asyncio.create_task(cex.execute_trade(spot(0.1, venue="bybit", id="late"), {}))
            await until(ours, "ORDER_SUBMITTED")
            await ours.close()
            await ours.close()
            answer = await late
            with pytest.raises(RuntimeError, match=r"^the engine is closed$"):
                await cex.execute_trade(spot(0.1, venue="bybit"), {})
            with pytest.raises(RuntimeError, match=r"^the engine is closed$"):
                await cex.cancel_all_orders()
            after = await cex.get_balance("USDT", "bybit")

        assert answer["status"] in {"OPEN", "UNKNOWN"}
        assert answer["is_open"]
        assert after > 0, "what is known can still be read"

    run(work())
    assert len([entry for entry in entries(tmp_path) if isinstance(entry, OrderSubmitted)]) == 1


def test_nothing_of_a_closed_engine_runs_on(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path, "binance") as exchange:
            before = set(threading.enumerate())
            async with EventDrivenStrategyEngine(live(exchange, tmp_path, ["binance"])) as ours:
                await ours.execute_trade_with_interface(spot(0.1), {})
                during = {thread.name for thread in set(threading.enumerate()) - before}
            left = {thread.name for thread in set(threading.enumerate()) - before}

        assert {"core", "venue:binance", "prices:binance", "execd engine"} <= during
        assert not {name for name in left if not name.startswith("asyncio_")}

    run(work())
    assert not list(tmp_path.glob("live.sqlite-*"))
    assert not list(tmp_path.glob("live.sqlite.*"))


def test_an_engine_that_nobody_holds_any_more_is_stopped_in_order(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path, "bybit") as exchange:
            ours: EventDrivenStrategyEngine | None = EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"]))
            assert ours is not None
            await ours.execute_trade_with_interface(spot(0.1, venue="bybit"), {})
            ours = None
            gc.collect()
            async with asyncio.timeout(20):
                while _engines():  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.05)

    run(work())
    assert isinstance(entries(tmp_path)[-1], RunEnded)


def _engines() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "execd engine"]


def test_two_engines_in_one_process_share_nothing_and_not_one_journal(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path, "bybit", "okx") as exchange:
            (tmp_path / "other").mkdir()
            one = EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"]))
            other = EventDrivenStrategyEngine(live(exchange, tmp_path / "other", ["okx"]))
            third = EventDrivenStrategyEngine(live(exchange, tmp_path, ["okx"]))
            async with one, other:
                first, second = await asyncio.gather(
                    one.execute_trade_with_interface(spot(0.1, venue="bybit", id="same"), {}),
                    other.execute_trade_with_interface(spot(0.2, venue="okx", id="same"), {}),
                )
                with pytest.raises(ExecdError, match="is writing this journal"):
                    await third.execute_trade_with_interface(spot(0.1, venue="okx"), {})
                bought = one.position_monitor.get_position("ETH/USDT")["amount"]
            await third.close()

        assert [first["amount_exact"], second["amount_exact"]] == ["0.1", "0.2"]
        assert bought > 0

    run(work())


def test_an_engine_that_failed_wakes_who_waits_and_says_so_to_who_calls(tmp_path: Path) -> None:
    slow = Fault(kind="delay", endpoint="place", number=20_000)

    async def work() -> None:
        async with local(tmp_path, "bybit", faults=(slow,)) as exchange:
            ours = EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"]))
            trade = ours.execute_trade_with_interface
            call = asyncio.create_task(trade(spot(0.1, venue="bybit"), {}))
            await until(ours, "ORDER_SUBMITTED")
            running = ours._session._machine._running  # type: ignore[attr-defined]  # noqa: SLF001 - of this kind
            running.root.fail("core", InvariantError("two records disagree"))
            answer = await call
            with pytest.raises(RuntimeError, match=r"^the engine has ended: core: .*two records disagree"):
                await trade(spot(0.1, venue="bybit"), {})
            await ours.close()

        assert answer["status"] in {"OPEN", "UNKNOWN"}

    run(work())


def test_a_start_that_failed_is_tried_again_by_the_next_call(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path, "bybit") as exchange:
            config = live(exchange, tmp_path, ["bybit"], adopt=False)
            ours = EventDrivenStrategyEngine(config)
            began = time.monotonic()
            for _ in range(2):
                with pytest.raises(ExecdError, match=r"^venues.bybit: account 24\d+ holds .*USDT"):
                    await ours.execute_trade_with_interface(spot(0.1, venue="bybit"), {})
            assert time.monotonic() - began < 60
            with pytest.raises(RuntimeError, match=r"^the engine has not started"):
                ours.position_monitor.get_balance("USDT")
            assert ours.event_logger.events == []
            assert ours.data_provider.timestamp is None
            await ours.close()
            assert exchange.rows("SELECT * FROM orders") == []

    run(work())


def test_a_call_from_another_loop_while_the_first_runs_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with (
            local(tmp_path, "bybit") as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"])) as ours,
        ):
            trade = ours.execute_trade_with_interface(spot(0.1, venue="bybit"), {})
            with pytest.raises(RuntimeError, match="in use by another event loop"):
                await asyncio.to_thread(asyncio.run, trade)

    run(work())
