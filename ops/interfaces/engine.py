"""The engine under the specification's name: a run, its components and its execution interfaces."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from config.problems import shown
from ops.interfaces.answers import TradeAnswer
from ops.interfaces.chosen import chosen_from, without_secrets
from ops.interfaces.execution import BaseExecutionInterface, not_yet
from ops.interfaces.facades import DataProvider, EventLogger, PositionMonitor
from ops.interfaces.factory import ExecutionInterfaceFactory
from ops.interfaces.outside import instant_from, mapping
from ops.interfaces.session import Handler
from ops.interfaces.sessions import session_of

_NOT_YET = ("onchain", "transfer")


class StrategyManager:
    """Hands a strategy's decisions to the execution interfaces. The name is the specification's."""

    async def execute_decision(
        self,
        decision: Mapping[str, Any],
        timestamp: object,
        execution_interfaces: Mapping[str, BaseExecutionInterface],
        market_data: Mapping[str, Any] | None,
    ) -> list[TradeAnswer]:
        """Execute a decision's instructions in their order; each has its end, or rests, before the next begins.

        All are looked at before the first is executed.

        Args:
            decision: ``{'instructions': [...]}``; other keys are passed over.
            timestamp: The clock, as ``market_data['timestamp']``, which it stands in for; None for the last one.
            execution_interfaces: By `venue_type`.
            market_data: As `execute_trade` takes it.

        Raises:
            ValueError: What is wrong with the decision.
        """
        prices = _timed(market_data, timestamp)
        instructions = mapping(decision, "decision").get("instructions")
        if not isinstance(instructions, list | tuple):
            raise ValueError(  # noqa: TRY004 - bad input, as all of it
                f"decision: instructions: not a list: {shown(instructions)}, expected one of instructions"
            )
        chosen = []
        for number, instruction in enumerate(instructions):
            try:
                interface = interface_for(instruction, execution_interfaces)
                interface.check(instruction)
            except ValueError as error:
                raise ValueError(f"decision: instructions[{number}]: {error}") from None
            chosen.append((interface, instruction))
        return [await interface.execute_trade(instruction, prices) for interface, instruction in chosen]


class EventDrivenStrategyEngine:
    """Executes instructions in the mode that the config names.

    Use it as ``async with EventDrivenStrategyEngine(config) as engine``, or `close` it; a program that does neither
    still exits, and its journal can be read. One engine is for one event loop at a time; two engines share nothing.

    Live and on paper it runs on threads of its own from the beginning of ``async with``, or else from the first call,
    to the end: it looks at the venues, goes on with the journal, and settles what earlier runs left unfinished. What an
    operator wants to know is logged (logger ``execd.engine``), and ``execd status`` and ``execd resolve`` with a config
    that names the same journal speak with it.

    Attributes:
        execution_mode: Of the config; "backtest" where it names none.
        config: Without secrets.
        position_monitor, event_logger, data_provider: What there is to see of the run.
        strategy_manager: Executes decisions.
        execution_interfaces: By type; in this version ``cex``.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Type the config at once; data is read, and venues are looked at, by the first call.

        Raises:
            ValueError: Everything that is wrong with it.
        """
        self.config, secrets = without_secrets(config)
        del config  # so that no traceback that shows variables shows a secret
        self.execution_mode: str = self.config.get("execution_mode", "backtest")  # type: ignore[assignment]
        self._session = session_of(chosen_from(self.execution_mode, self.config, secrets))
        self.position_monitor = PositionMonitor(self._session)
        self.event_logger = EventLogger(self._session)
        self.data_provider = DataProvider(self._session)
        self.strategy_manager = StrategyManager()
        self.execution_interfaces = ExecutionInterfaceFactory.create_all_interfaces(
            self.execution_mode, {**self.config, **secrets}
        )
        ExecutionInterfaceFactory.set_interface_dependencies(
            self.execution_interfaces, self.position_monitor, self.event_logger, self.data_provider
        )
        self._handler: Handler | None = None

    @property
    def position_update_handler(self) -> Handler | None:
        """Called after each position change; setting it sets it on all interfaces."""
        return self._handler

    @position_update_handler.setter
    def position_update_handler(self, handler: Handler | None) -> None:
        self._handler = handler
        for interface in self.execution_interfaces.values():
            interface.position_update_handler = handler

    async def execute_trade_with_interface(
        self, instruction: Mapping[str, Any], market_data: Mapping[str, Any] | None = None
    ) -> TradeAnswer:
        """Execute an instruction with the interface of its `venue_type`; see `CEXExecutionInterface.execute_trade`.

        Raises:
            ValueError: What is wrong with it, or a venue type that this version lacks.
        """
        interface = interface_for(instruction, self.execution_interfaces)
        return await interface.execute_trade(instruction, {} if market_data is None else market_data)

    async def execute_decision(
        self,
        decision: Mapping[str, Any],
        timestamp: object = None,
        execution_interfaces: Mapping[str, BaseExecutionInterface] | None = None,
        market_data: Mapping[str, Any] | None = None,
    ) -> list[TradeAnswer]:
        """Execute a strategy's decision; see `StrategyManager.execute_decision`.

        Args:
            decision: ``{'instructions': [...]}``.
            timestamp: The clock; None for that of `market_data`, else the last one.
            execution_interfaces: By `venue_type`; None for the engine's own.
            market_data: As `execute_trade` takes it.
        """
        return await self.strategy_manager.execute_decision(
            decision=decision,
            timestamp=timestamp,
            execution_interfaces=self.execution_interfaces if execution_interfaces is None else execution_interfaces,
            market_data=market_data,
        )

    async def close(self) -> None:
        """End the run: the book is marked, the journal is closed. Again does nothing.

        Simulated orders that are open expire. Real ones stay, unless ``execution.on_stop`` is "cancel", and the next
        engine with this journal goes on with them.
        """
        await self._session.close()

    async def __aenter__(self) -> Self:
        await self._session.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._session.close()
        else:
            await self._session.close("interrupted", kind.__name__)


def interface_for(instruction: object, interfaces: Mapping[str, BaseExecutionInterface]) -> BaseExecutionInterface:
    """Return the interface of an instruction's venue type.

    Raises:
        ValueError: There is none.
    """
    kind = mapping(instruction, "instruction").get("venue_type")
    interface = interfaces.get(kind) if isinstance(kind, str) else None
    if interface is not None:
        return interface
    if isinstance(kind, str) and kind in _NOT_YET:
        not_yet(kind)
    wrong = "missing" if kind is None else f"unknown: {shown(kind)}"
    raise ValueError(f"instruction: venue_type: {wrong}, expected {' or '.join(interfaces)}")


def _timed(market_data: object, timestamp: object) -> Mapping[str, Any]:
    """Return market data with a timestamp."""
    prices = mapping({} if market_data is None else market_data, "market_data")
    if timestamp is None:
        return prices
    at, own = instant_from(timestamp, "timestamp"), prices.get("timestamp")
    if own is not None and instant_from(own, "market_data: timestamp") != at:
        raise ValueError(
            f"timestamp: {shown(timestamp)} is not that of market_data, expected one of the two, or equals"
        )
    return {**prices, "timestamp": at}
