"""The specification's surface: execution interfaces and an engine for asyncio programs, a thin layer over the actors.

    async with EventDrivenStrategyEngine({"execution_mode": "backtest", "initial_capital": 100000}) as engine:
        result = await engine.execute_trade_with_interface(instruction, market_data)

engine.py      EventDrivenStrategyEngine, and what hands it decisions
factory.py     makes interfaces
execution.py   the interfaces
facades.py     position_monitor, event_logger and data_provider, as a program may look at them
answers.py     what calls return; events.py: what is logged
chosen.py      the config, typed (chosen_recorded.py, chosen_ongoing.py); outside.py: market data, times and numbers
session.py     what all of them share: turns of callers, handlers (turnstile.py: one at a time); sessions.py: which one

Backtest:

called_session.py    its clock comes by calls
run.py         the core behind it; slices.py, recorded.py, wallet.py: what it is fed; listening.py: what it tells

Live and paper:

ongoing_session.py   it goes on by itself
machine.py     the thread that starts, watches and stops the daemon's cells
mirror.py      what the core has told so far (attentive.py: by whom), for callers to look at and wait for (watches.py)
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
