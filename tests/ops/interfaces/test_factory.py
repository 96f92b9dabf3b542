"""The factory makes what this version has, and says what it lacks. Interfaces share a run or have their own."""

import asyncio
from typing import Any

import pytest

from ops.interfaces import (
    BaseExecutionInterface,
    CEXExecutionInterface,
    ExecutionInterfaceFactory,
    OnChainExecutionInterface,
    TransferExecutionInterface,
)
from ops.interfaces.answers import TradeAnswer
from tests.ops.interfaces.calls import PRICES, engine, prices, run, spot

CONFIG = {"execution_mode": "backtest", "data": {"data_dir": "data/"}, "initial_capital": 100000}


def test_all_interfaces_of_this_version_are_cex_alone() -> None:
    interfaces = ExecutionInterfaceFactory.create_all_interfaces("backtest", CONFIG)

    assert list(interfaces) == ["cex"]
    assert isinstance(interfaces["cex"], CEXExecutionInterface)
    assert isinstance(interfaces["cex"], BaseExecutionInterface)
    assert interfaces["cex"].execution_mode == "backtest"


@pytest.mark.parametrize("kind", ["onchain", "transfer"])
def test_a_later_interface_is_refused_and_says_what_is_missing(kind: str) -> None:
    with pytest.raises(ValueError, match=rf"^interface '{kind}': .* not in this version and comes? in a later step"):
        ExecutionInterfaceFactory.create_interface(kind, "backtest", CONFIG)


@pytest.mark.parametrize("kind", [OnChainExecutionInterface, TransferExecutionInterface])
def test_making_a_later_interface_directly_is_refused_too(kind: type[Any]) -> None:
    with pytest.raises(ValueError, match="in a later step"):
        kind("backtest", CONFIG)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Unsupported interface type: dex$"):
        ExecutionInterfaceFactory.create_interface("dex", "backtest", CONFIG)


def test_two_modes_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match=r'execution_mode: "live", and "backtest" was asked for'):
        ExecutionInterfaceFactory.create_interface("cex", "backtest", {"execution_mode": "live"})


def test_an_on_chain_instruction_is_refused_by_the_engine() -> None:
    aave = {"venue_type": "onchain", "operation": "AAVE_SUPPLY", "token": "ETH", "amount": 1.0}

    with pytest.raises(ValueError, match=r"^interface 'onchain': .* in a later step"):
        run(engine().execute_trade_with_interface(aave, PRICES))
    with pytest.raises(ValueError, match=r"^instruction: venue_type: missing, expected cex"):
        run(engine().execute_trade_with_interface({}, PRICES))


def test_the_bases_methods_are_those_of_the_specification() -> None:
    wanted = {"execute_trade", "get_balance", "get_position", "cancel_all_orders", "execute_transfer"}

    assert BaseExecutionInterface.__abstractmethods__ == wanted
    assert all(asyncio.iscoroutinefunction(getattr(CEXExecutionInterface, name)) for name in wanted)


def test_without_dependencies_each_interface_has_a_run_of_its_own() -> None:
    one, other = (ExecutionInterfaceFactory.create_interface("cex", "backtest", CONFIG) for _ in range(2))
    ExecutionInterfaceFactory.set_interface_dependencies({"cex": one, "other": other, "none": None}, None, None, None)

    async def work() -> list[float]:
        await one.execute_trade(spot(), PRICES)
        return [await each.get_balance("ETH", "binance") for each in (one, other)]

    assert run(work()) == [0.999, 0.0]
    assert (one.position_monitor, one.event_logger, one.data_provider) == (None, None, None)


def test_with_an_engines_dependencies_an_interface_shares_its_run() -> None:
    async def work() -> None:
        async with engine() as ours:
            cex = ExecutionInterfaceFactory.create_interface("cex", "backtest", CONFIG)
            parts = (ours.position_monitor, ours.event_logger, ours.data_provider)
            ExecutionInterfaceFactory.set_interface_dependencies({"cex": cex}, *parts)
            heard: list[str] = []
            cex.position_update_handler = lambda change: heard.append(change["pair"])

            await cex.execute_trade(spot(), PRICES)
            await ours.execute_trade_with_interface(spot(), PRICES)

            assert ours.position_monitor.get_balance("ETH", "binance") == 1.998
            assert await cex.get_balance("ETH", "binance") == 1.998
            assert heard == ["ETH/USDT", "ETH/USDT"]
            assert cex.position_monitor is ours.position_monitor

    run(work())


def test_dependencies_that_are_not_an_engines_are_refused() -> None:
    cex = CEXExecutionInterface("backtest", CONFIG)
    one, other = engine(), engine()

    with pytest.raises(ValueError, match=r"^position_monitor: a object, expected an engine's, or None for all three"):
        cex.set_dependencies(object(), None, None)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match=r"^event_logger: null, expected"):
        cex.set_dependencies(one.position_monitor, None, one.data_provider)
    with pytest.raises(ValueError, match=r"^dependencies: of different engines"):
        cex.set_dependencies(one.position_monitor, other.event_logger, one.data_provider)


def test_dependencies_come_before_the_first_trade() -> None:
    cex, ours = CEXExecutionInterface("backtest", CONFIG), engine()
    run(cex.execute_trade(spot(), PRICES))

    with pytest.raises(ValueError, match="has traded already"):
        cex.set_dependencies(ours.position_monitor, ours.event_logger, ours.data_provider)
    run(cex.close())


def test_a_decision_is_executed_in_order_and_looked_at_as_a_whole_before() -> None:
    async def work() -> None:
        async with engine() as ours:
            interfaces = ours.execution_interfaces
            decision = {"action": "enter", "instructions": [spot(1, id="a"), spot(1, "SELL", id="b")]}
            answers = await ours.execute_decision(decision, "2024-01-02T00:00:00Z", interfaces, prices(3000))
            assert [answer["status"] for answer in answers] == ["FILLED", "REJECTED"]
            assert {answer["timestamp"] for answer in answers} == {"2024-01-02T00:00:00Z"}

            wrong = {"instructions": [spot(1, id="c"), spot("much", id="d")]}
            with pytest.raises(ValueError, match=r"^decision: instructions\[1\]: instruction: amount: not a number"):
                await ours.execute_decision(wrong, None, interfaces, prices(3000))
            assert ours.position_monitor.get_balance("ETH", "binance") == 0.999

            direct: list[TradeAnswer] = await ours.strategy_manager.execute_decision(
                decision={"instructions": [spot(id="e")]},
                timestamp=None,
                execution_interfaces=interfaces,
                market_data=prices(3000),
            )
            assert direct[0]["status"] == "FILLED"

    run(work())


@pytest.mark.parametrize(
    ("decision", "timestamp", "line"),
    [
        ({}, None, "decision: instructions: not a list: null"),
        ([], None, "decision: not a dict: an array"),
        (
            {"instructions": [{"venue_type": "dex"}]},
            None,
            r"decision: instructions\[0\]: instruction: venue_type: unknown",
        ),
        ({"instructions": []}, "soon", 'timestamp: not an instant: "soon"'),
        ({"instructions": []}, 0, "timestamp: 0 is not that of market_data"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(decision: Any, timestamp: object, line: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=f"^{line}"):
        run(engine().execute_decision(decision, timestamp, None, prices(3000, "1970-01-01T00:00:06Z")))
