"""Many callers at once each get their own answer; a call that is given up cancels no order; engines share nothing."""

import asyncio
import decimal
import threading
from collections.abc import Awaitable, Callable

import pytest

from ops.interfaces import EventDrivenStrategyEngine
from ops.interfaces.answers import PositionChange, TradeAnswer
from tests.ops.interfaces.calls import PRICES, engine, perp, prices, run, spot


def test_fifty_trades_at_once_each_get_their_own_answer() -> None:
    async def slow(_change: PositionChange) -> None:
        await asyncio.sleep(0)

    async def work() -> list[TradeAnswer]:
        async with engine() as ours:
            ours.position_update_handler = slow
            calls = [
                ours.execute_trade_with_interface(spot(f"0.0{n}", id=f"n{n}"), {"binance_spot_price": 1000 + n})
                for n in range(10, 60)
            ]
            answers = await asyncio.gather(*calls)
            assert ours.position_monitor.get_position("ETH/USDT")["amount"] > 0
            return list(answers)

    answers = run(work())
    assert [answer["instruction_id"] for answer in answers] == [f"n{n}" for n in range(10, 60)]
    assert [answer["price"] for answer in answers] == [1000.0 + n for n in range(10, 60)]
    assert [answer["amount_exact"] for answer in answers] == [f"0.0{n}".rstrip("0") for n in range(10, 60)]
    assert len({answer["order_id"] for answer in answers}) == 50


def test_a_caller_waits_until_the_one_before_and_its_handler_are_done() -> None:
    order: list[str] = []

    async def work() -> None:
        async with engine() as ours:

            async def slow(change: PositionChange) -> None:
                for _ in range(20 if change["data"]["instruction_id"] == "a" else 0):
                    await asyncio.sleep(0)
                order.append(f"heard {change['data']['instruction_id']}")

            async def trade(name: str) -> None:
                await ours.execute_trade_with_interface(spot(0.1, id=name), PRICES)
                order.append(f"answered {name}")

            ours.position_update_handler = slow
            await asyncio.gather(trade("a"), trade("b"))

    run(work())
    assert order == ["heard a", "answered a", "heard b", "answered b"]


def test_cancelling_the_await_cancels_no_order() -> None:
    async def work() -> None:
        async with engine() as ours:
            reached = asyncio.Event()

            async def stuck(_change: PositionChange) -> None:
                reached.set()
                await asyncio.Event().wait()

            ours.position_update_handler = stuck
            task = asyncio.create_task(ours.execute_trade_with_interface(spot(id="mine"), PRICES))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

            ours.position_update_handler = None
            again = await ours.execute_trade_with_interface(spot(id="mine"), PRICES)
            assert again["status"] == "FILLED"
            assert ours.position_monitor.get_balance("ETH", "binance") == 0.999

    run(work())


def test_an_order_on_its_way_is_waited_for_while_another_task_moves_the_clock() -> None:
    async def work() -> list[str]:
        async with engine(venues={"binance": {"latency_ms": 100}}, timeout_s=60) as ours:
            first, _ = await asyncio.gather(
                ours.execute_trade_with_interface(spot(id="a"), prices(3000, 0)),
                ours.execute_trade_with_interface(perp(), prices(3100, "1970-01-01T00:00:01Z")),
            )
            return [first["status"], first["price_exact"]]

    assert run(work()) == ["FILLED", "3100"]


def test_it_is_waited_for_no_longer_than_the_timeout() -> None:
    async def work() -> TradeAnswer:
        async with engine(venues={"binance": {"latency_ms": 100}}, timeout_s="0.001") as ours:
            return await ours.execute_trade_with_interface(spot(id="a"), prices(3000, 0))

    answer = run(work())
    assert (answer["status"], answer["is_open"]) == ("OPEN", True)


def test_two_engines_in_one_program_share_nothing() -> None:
    async def work() -> list[float]:
        async with engine() as one, engine(initial_capital=4000) as other:

            async def across(_change: PositionChange) -> None:
                await other.execute_trade_with_interface(spot("0.1"), prices(2000))

            async def back(_change: PositionChange) -> None:
                assert await one.execution_interfaces["cex"].get_balance("ETH", "binance") == 0.999

            one.position_update_handler, other.position_update_handler = across, back
            await one.execute_trade_with_interface(spot(), prices(3000, "1970-01-01T00:00:01Z"))
            engines = (one, other)
            return [each.position_monitor.get_balance("ETH", "binance") for each in engines]

    assert run(work()) == [0.999, 0.0999]


def test_one_loop_after_the_other_may_use_an_engine() -> None:
    ours = engine()

    answers = [run(ours.execute_trade_with_interface(spot(0.1), PRICES)) for _ in range(2)]
    threaded = in_thread(lambda: ours.execute_trade_with_interface(spot(0.1), PRICES))

    assert [answer["status"] for answer in answers] == ["FILLED", "FILLED"]
    assert threaded["status"] == "FILLED"  # type: ignore[index]  # it is an answer


def test_a_loop_of_another_thread_is_refused_while_the_first_one_runs() -> None:
    async def work(ours: EventDrivenStrategyEngine) -> object:
        await ours.execute_trade_with_interface(spot(0.1), PRICES)
        return await asyncio.to_thread(in_thread, lambda: ours.execute_trade_with_interface(spot(0.1), PRICES))

    raised = run(work(engine()))

    assert isinstance(raised, RuntimeError)
    assert "another event loop" in str(raised)


def in_thread(work: Callable[[], Awaitable[object]]) -> object:
    """Run a coroutine on a loop in a thread of its own; return its result, or what it raised."""
    found: list[object] = []

    async def kept() -> None:
        try:
            found.append(await work())
        except RuntimeError as error:
            found.append(error)

    thread = threading.Thread(target=lambda: asyncio.run(kept()))
    thread.start()
    thread.join()
    return found[0]


def test_no_thread_is_left() -> None:
    threads = threading.active_count()

    async def work() -> int:
        await engine().execute_trade_with_interface(spot(), PRICES)
        return threading.active_count()

    assert run(work()) == threads


def test_the_callers_decimal_context_counts_for_nothing_and_stays_as_it_was() -> None:
    async def work(digits: int) -> list[object]:
        decimal.getcontext().prec = digits
        async with engine() as ours:
            told: list[object] = []
            ours.position_update_handler = told.append
            cex = ours.execution_interfaces["cex"]
            price = {"bybit_perp_price": "3000.12345678901234567890123", "bybit_spot_price": 3001.25}
            told += [
                await cex.execute_trade(each, price) for each in (perp("1.23"), perp("1.11"), spot(1, "BUY", "bybit"))
            ]
            told += [await cex.get_position("ETHUSDT-PERP"), await cex.get_balance("USDT")]
            told += [ours.position_monitor.exact_balance("USDT"), ours.event_logger.events]
            assert decimal.getcontext().prec == digits
            return told

    with decimal.localcontext():  # so that it stays here
        assert run(work(5)) == run(work(50))


def test_a_closed_engine_takes_no_trade_and_can_still_be_looked_at() -> None:
    async def work() -> None:
        ours = engine()
        await ours.execute_trade_with_interface(spot(order_type="LIMIT", price=2900, id="a"), PRICES)
        await ours.close()
        await ours.close()

        with pytest.raises(RuntimeError, match="the engine is closed"):
            await ours.execute_trade_with_interface(spot(), PRICES)
        assert [event["data"]["reason"] for event in ours.event_logger.get_events("ORDER_EXPIRED")] == ["END_OF_RUN"]
        assert ours.position_monitor.get_balance("USDT", "binance") == 12500.0

    run(work())
