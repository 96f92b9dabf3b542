"""The specification's surface: execution interfaces and an engine for asyncio programs, a thin layer over the actors.

    async with EventDrivenStrategyEngine({"execution_mode": "backtest", "initial_capital": 100000}) as engine:
        result = await engine.execute_trade_with_interface(instruction, market_data)

engine.py      EventDrivenStrategyEngine, and what hands it decisions
factory.py     makes interfaces
execution.py   the interfaces
facades.py     position_monitor, event_logger and data_provider, as a program may look at them
answers.py     what calls return; events.py: what is logged
chosen.py      the config, typed; outside.py: market data, times and numbers
session.py     what all of them share: the clock, turns of callers, handlers (turnstile.py: one at a time)
run.py         the core behind it; slices.py, recorded.py, wallet.py: what it is fed; listening.py: what it tells
"""

from ops.interfaces.engine import EventDrivenStrategyEngine
from ops.interfaces.execution import (
    BaseExecutionInterface,
    CEXExecutionInterface,
    OnChainExecutionInterface,
    TransferExecutionInterface,
)
from ops.interfaces.factory import ExecutionInterfaceFactory

__all__ = [
    "BaseExecutionInterface",
    "CEXExecutionInterface",
    "EventDrivenStrategyEngine",
    "ExecutionInterfaceFactory",
    "OnChainExecutionInterface",
    "TransferExecutionInterface",
]
