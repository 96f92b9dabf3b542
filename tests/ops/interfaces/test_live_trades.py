"""A live engine trades at the real protocols of the three venues as a backtest does at simulated ones."""

import asyncio
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from messages.units import SPOT
from ops.interfaces import CEXExecutionInterface, EventDrivenStrategyEngine
from ops.interfaces.answers import PositionChange
from ops.testbed.exchange.faults import Fault
from tests.ops.interfaces.calls import PRICES, perp, run, spot
from tests.ops.interfaces.venues import VENUES, endpoint, live, local, priced, until


@pytest.mark.parametrize("venue", VENUES)
def test_spot_and_perp_fill_and_the_book_is_the_exchanges(tmp_path: Path, venue: str) -> None:
    async def work() -> None:
        async with local(tmp_path, venue) as exchange:
            async with EventDrivenStrategyEngine(live(exchange, tmp_path, [venue])) as ours:
                bought = await ours.execute_trade_with_interface(spot(0.5, venue=venue), PRICES)
                sold = await ours.execute_trade_with_interface(perp(0.5, "SHORT", venue=venue), PRICES)
                ether = ours.position_monitor.exact_balance("ETH", venue)
                position = await ours.execution_interfaces["cex"].get_position("ETHUSDT-PERP", venue)
                fills = ours.event_logger.get_events("CEX_TRADE_EXECUTED")
            rows = exchange.rows("SELECT total FROM balances WHERE asset = 'ETH'")

        assert (bought["status"], bought["amount_exact"], bought["execution_mode"]) == ("FILLED", "0.5", "live")
        assert (sold["status"], sold["side"], sold["is_open"]) == ("FILLED", "SELL", False)
        assert 2490 < bought["price"] < 2510, "the price is the venue's, not that of market_data"
        assert bought["fee"] > 0
        assert position["amount_exact"] == "-0.5"
        assert ether == max(Decimal(row["total"]) for row in rows)
        assert [event["data"]["instruction_id"] for event in fills] == [
            bought["instruction_id"],
            sold["instruction_id"],
        ]
        assert fills[0]["data"]["order_id"] == bought["order_id"] != ""

    run(work())


@pytest.mark.parametrize("venue", VENUES)
def test_a_limit_that_rests_is_open_and_is_cancelled_with_all_others(tmp_path: Path, venue: str) -> None:
    async def work() -> None:
        async with (
            local(tmp_path, venue) as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, [venue])) as ours,
        ):
            cex = ours.execution_interfaces["cex"]
            low = await cex.execute_trade(spot(0.1, venue=venue, order_type="LIMIT", price=2000), {})
            high = await cex.execute_trade(perp(0.1, "SHORT", venue=venue, order_type="LIMIT", price=3000), {})
            answer = await cex.cancel_all_orders(venue)
            again = await cex.cancel_all_orders()
            still = await cex.execute_trade(
                spot(0.1, venue=venue, order_type="LIMIT", price=2000, id=low["instruction_id"]), {}
            )

        assert [low["status"], high["status"]] == ["OPEN", "OPEN"]
        assert (low["is_open"], low["amount"]) == (True, 0.0)
        assert answer["cancelled"] == [low["order_id"], high["order_id"]]
        assert answer["pending"] == []
        assert again["cancelled"] == []
        assert still["status"] == "CANCELLED"

    run(work())


def test_a_refusal_says_whose_it_is(tmp_path: Path) -> None:
    async def work() -> None:
        async with (
            local(tmp_path, "bybit") as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"])) as ours,
        ):
            trade = ours.execute_trade_with_interface
            poor = await trade(spot(100_000, venue="bybit"), PRICES)
            exchange.move("bybit", SPOT, "2400")
            taker = await trade(spot(0.1, venue="bybit", order_type="LIMIT", price=2600, post_only=True), PRICES)

        assert (poor["status"], poor["by"], poor["amount"]) == ("REJECTED", "execd", 0.0)
        assert poor["reason"] == "INSUFFICIENT_BALANCE"
        assert poor["detail"]
        assert (taker["status"], taker["amount"]) in {("REJECTED", 0.0), ("CANCELLED", 0.0)}
        assert taker["reason"]

    run(work())


@pytest.mark.parametrize("venue", VENUES)
def test_an_outcome_that_nobody_knows_is_unknown_and_the_same_id_tells_later_what_came_of_it(
    tmp_path: Path, venue: str
) -> None:
    fault = Fault(kind="accept_then_drop", endpoint="place", count=1)

    async def work() -> None:
        async with (
            local(tmp_path, venue, faults=(fault,)) as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, [venue])) as ours,
        ):
            trade = ours.execute_trade_with_interface
            first = await trade(spot(0.1, venue=venue, id="n1"), {})
            await until(ours, "CEX_TRADE_EXECUTED")
            second = await trade(spot(0.1, venue=venue, id="n1"), {})
            placed = exchange.rows("SELECT * FROM orders")

        assert first["status"] in {"UNKNOWN", "FILLED"}, "a stream may be quicker than the broken connection"
        assert (second["status"], second["order_id"]) == ("FILLED", placed[0]["order_id"])
        assert len(placed) == 1

    run(work())


def test_a_trade_without_an_answer_in_time_is_open_and_comes_to_its_end_all_the_same(tmp_path: Path) -> None:
    slow = Fault(kind="delay", endpoint="place", count=1, number=1500)

    async def work() -> None:
        async with (
            local(tmp_path, "okx", faults=(slow,)) as exchange,
            EventDrivenStrategyEngine(
                live(exchange, tmp_path, ["okx"], timeout_s=0.5, venues={"okx": endpoint(exchange, validity_ms=5000)})
            ) as ours,
        ):
            await until(ours, "VENUE_SETTLED")
            await priced(ours, "okx", "ETH/USDT")
            cex = ours.execution_interfaces["cex"]
            first = await cex.execute_trade(spot(0.1, venue="okx", id="slow"), {})
            await until(ours, "CEX_TRADE_EXECUTED")
            second = await cex.execute_trade(spot(0.1, venue="okx", id="slow"), {})

        assert (first["status"], first["is_open"]) == ("OPEN", True)
        assert second["status"] == "FILLED"

    run(work())


def test_cancelling_the_await_cancels_no_order(tmp_path: Path) -> None:
    slow = Fault(kind="delay", endpoint="place", count=1, number=1500)

    async def work() -> None:
        async with (
            local(tmp_path, "binance", faults=(slow,)) as exchange,
            EventDrivenStrategyEngine(
                live(exchange, tmp_path, ["binance"], venues={"binance": endpoint(exchange, validity_ms=5000)})
            ) as ours,
        ):
            call = asyncio.create_task(ours.execute_trade_with_interface(spot(0.1, id="given up"), {}))
            await until(ours, "ORDER_SUBMITTED")
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await until(ours, "CEX_TRADE_EXECUTED")

    run(work())


def test_the_same_id_at_once_places_one_order_and_other_content_under_it_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with (
            local(tmp_path, "bybit") as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"])) as ours,
        ):
            trade = ours.execute_trade_with_interface
            wanted = [spot(0.1, venue="bybit", id="one"), spot(0.1, venue="bybit", id="one")]
            wanted.append(spot(0.2, venue="bybit", id="one"))
            one, same, other = await asyncio.gather(*(trade(each, {}) for each in wanted))
            placed = exchange.rows("SELECT * FROM orders")

        assert [one["status"], same["status"]] == ["FILLED", "FILLED"]
        assert one["order_id"] == same["order_id"]
        assert (other["status"], other["reason"], other["by"]) == ("REJECTED", "DUPLICATE_ID", "execd")
        assert len(placed) == 1

    run(work())


def test_a_handler_hears_of_each_change_on_the_callers_loop_before_the_answer_and_may_trade(tmp_path: Path) -> None:
    heard: list[PositionChange] = []
    threads: list[threading.Thread] = []
    order: list[str] = []

    async def work() -> None:
        async with (
            local(tmp_path, "bybit") as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"])) as ours,
        ):

            async def handler(change: PositionChange) -> None:
                heard.append(change)
                threads.append(threading.current_thread())
                order.append(f"heard {change['data']['instruction_id']}")
                if len(heard) == 1:
                    await ours.execute_trade_with_interface(perp(0.1, "SHORT", venue="bybit", id="hedge"), {})
                    order.append("hedged")

            ours.position_update_handler = handler
            await ours.execute_trade_with_interface(spot(0.1, venue="bybit", id="first"), {})
            order.append("answered")

    run(work())
    assert order == ["heard first", "heard hedge", "hedged", "answered"]
    assert set(threads) == {threading.main_thread()}
    assert heard[0]["position"] is None
    assert heard[0]["balances"]["ETH"] > 0
    hedged = heard[1]["position"]
    assert hedged is not None
    assert (hedged["amount_exact"], heard[1]["pair"]) == ("-0.1", "ETHUSDT-PERP")


def test_fifteen_trades_at_once_do_not_wait_for_each_other_and_each_has_its_own_answer(tmp_path: Path) -> None:
    async def work() -> list[Any]:
        async with (
            local(tmp_path, "bybit") as exchange,
            EventDrivenStrategyEngine(live(exchange, tmp_path, ["bybit"])) as ours,
        ):
            calls = [
                ours.execute_trade_with_interface(spot(f"0.0{n}", venue="bybit", id=f"n{n}"), {}) for n in range(10, 25)
            ]
            return await asyncio.gather(*calls)

    answers = run(work())

    assert [answer["status"] for answer in answers] == ["FILLED"] * 15
    assert [Decimal(answer["amount_exact"]) for answer in answers] == [Decimal(n) / 1000 for n in range(10, 25)]
    assert len({answer["order_id"] for answer in answers}) == 15


def test_an_interface_alone_has_a_run_of_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        async with local(tmp_path, "okx") as exchange:
            cex = CEXExecutionInterface("live", live(exchange, tmp_path, ["okx"]))
            before = await cex.get_balance("USDT", "okx")
            answer = await cex.execute_trade(spot(0.1, venue="okx"), {})
            after = await cex.get_balance("USDT", "okx")
            await cex.close()
            await cex.close()

        assert answer["status"] == "FILLED"
        assert before - after == pytest.approx(answer["price"] * 0.1)

    run(work())
