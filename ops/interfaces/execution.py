"""The execution interfaces under the specification's names."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NoReturn, Self

from config.problems import shown
from ops.interfaces.answers import CancelAnswer, PositionAnswer, TradeAnswer, TransferAnswer
from ops.interfaces.chosen import chosen_from, without_secrets
from ops.interfaces.facades import Component, DataProvider, EventLogger, PositionMonitor
from ops.interfaces.session import Handler, Session
from ops.interfaces.sessions import session_of

_LATER = {
    "onchain": "on-chain execution (Aave, Lido, ether.fi, Uniswap) is not in this version and comes in a later step",
    "transfer": "transfers between venues are not in this version and come in a later step",
}


class BaseExecutionInterface(ABC):
    """What every execution interface offers.

    Args:
        execution_mode: "backtest", "paper" or "live".
        config: A plain dict, see ops/interfaces/chosen.py. Secrets in it are moved into a type that shows nothing.

    Attributes:
        execution_mode, config: As given, the config without secrets.
        position_monitor, event_logger, data_provider: An engine's, or None.
        position_update_handler: Called after each position change with one `PositionChange`; a function or a coroutine
            function, or None. What it raises is logged and loses nothing.
    """

    def __init__(self, execution_mode: str, config: Mapping[str, Any]) -> None:
        clean, self._secrets = without_secrets(config)
        del config  # so that no traceback that shows variables shows a secret
        self.execution_mode = execution_mode
        self.config: dict[str, Any] = clean
        self.position_monitor: PositionMonitor | None = None
        self.event_logger: EventLogger | None = None
        self.data_provider: DataProvider | None = None
        self.position_update_handler: Handler | None = None

    def set_dependencies(
        self,
        position_monitor: PositionMonitor | None,
        event_logger: EventLogger | None,
        data_provider: DataProvider | None,
    ) -> None:
        """Share an engine's run, or with None for all three have one of its own.

        Raises:
            ValueError: They are something else, or of different engines, or this interface has traded already.
        """
        self.position_monitor = position_monitor
        self.event_logger = event_logger
        self.data_provider = data_provider

    def check(self, instruction: Mapping[str, Any]) -> None:  # noqa: B027 - optional
        """Look at an instruction without executing it.

        Raises:
            ValueError: It makes no sense.
        """

    @abstractmethod
    async def execute_trade(self, instruction: Mapping[str, Any], market_data: Mapping[str, Any]) -> TradeAnswer:
        """Execute a trade instruction."""

    @abstractmethod
    async def get_balance(self, asset: str, venue: str | None = None) -> float:
        """Return the balance of an asset."""

    @abstractmethod
    async def get_position(self, symbol: str, venue: str | None = None) -> PositionAnswer:
        """Return the position of a trading pair."""

    @abstractmethod
    async def cancel_all_orders(self, venue: str | None = None) -> CancelAnswer:
        """Cancel all open orders."""

    @abstractmethod
    async def execute_transfer(self, instruction: Mapping[str, Any], market_data: Mapping[str, Any]) -> TransferAnswer:
        """Execute a transfer between venues."""


class CEXExecutionInterface(BaseExecutionInterface):
    """Trading on Binance, Bybit and OKX: simulated from recorded data and given prices, on paper, or with real orders.

    Without an engine's dependencies it has a run of its own, begun by its first trade; live and on paper by its first
    call of any kind, which looks at the venues and so takes a while. Close it then: see `close`.

    Attributes:
        exchange_clients: Empty in every mode: the clients of the venues are those of the actors that speak with them.
    """

    def __init__(self, execution_mode: str, config: Mapping[str, Any]) -> None:
        """Type the config at once.

        Raises:
            ValueError: Everything that is wrong with it.
        """
        super().__init__(execution_mode, config)
        del config
        self.exchange_clients: dict[str, object] = {}
        self._chosen = chosen_from(execution_mode, self.config, self._secrets)
        self._shared: Session | None = None
        self._own: Session | None = None

    def set_dependencies(
        self,
        position_monitor: PositionMonitor | None,
        event_logger: EventLogger | None,
        data_provider: DataProvider | None,
    ) -> None:
        """Share an engine's run, or with None for all three have one of its own.

        Raises:
            ValueError: They are something else, or of different engines, or this interface has traded already.
        """
        session = _session_of(position_monitor, event_logger, data_provider)
        present = self._shared or self._own
        if present is not None and present is not session and present.began:
            raise ValueError("dependencies: this interface has traded already, expected them before its first trade")
        super().set_dependencies(position_monitor, event_logger, data_provider)
        self._shared, self._own = session, None
        if session is not None:
            session.attach(self)

    def check(self, instruction: Mapping[str, Any]) -> None:
        """Look at an instruction without executing it.

        Raises:
            ValueError: Everything that is wrong with it.
        """
        self._session.typed(instruction)

    async def execute_trade(
        self, instruction: Mapping[str, Any], market_data: Mapping[str, Any] | None = None
    ) -> TradeAnswer:
        """Trade.

        It returns when the order is filled, refused, cancelled or rests, or when nobody knows what became of it. An
        order that is on its way is OPEN; it is waited for up to the config's `timeout_s`, in a backtest (`latency_ms`)
        as other tasks move the clock. Cancelling the await cancels no order. The same `id` again with equal content
        places nothing, and is answered with what the first one came to by then, also after a restart.

        Live and on paper the venue's own prices of now decide, and its own clock: of `market_data` nothing is used.
        An instruction that comes before its venue is ready or has a price waits for that as long as for an answer.

        Args:
            instruction: `venue_type` cex, `venue`, `trade_type`, `pair`, `side`, `amount` (base), and if wanted `id`,
                `reduce_only`, `order_type` and what belongs to it, as in instruction files.
            market_data: `{venue}_{spot|perp}_price` or `{base}_usd_price`, in quote, and `timestamp`: text, datetime or
                nanoseconds, UTC, not before that of an earlier call. Without a price the recorded data's holds.

        Raises:
            ValueError: What is wrong with either, or with what a start needs; nothing was traded.
            ExecdError: Live or on paper, it can't start; nothing was traded.
            RuntimeError: It was closed, or has ended by itself.
        """
        return await self._session.trade(instruction, market_data)

    async def get_balance(self, asset: str, venue: str | None = None) -> float:
        """Return what lies in an account (binance, binance.perp, bybit, okx, wallet), or the sum over all."""
        async with self._session.reading():
            return PositionMonitor(self._session).get_balance(asset, venue)

    async def get_position(self, symbol: str, venue: str | None = None) -> PositionAnswer:
        """Return the position of a pair at a venue, or the sum over all; flat is zeros."""
        async with self._session.reading():
            return PositionMonitor(self._session).get_position(symbol, venue)

    async def cancel_all_orders(self, venue: str | None = None) -> CancelAnswer:
        """Cancel all open orders at a venue, or everywhere; live those of earlier runs of the journal, too.

        Live the venues' answers are waited for up to `timeout_s`.

        Raises:
            ValueError: No such venue.
        """
        PositionMonitor(self._session).check_venue(venue)
        return await self._session.cancel_all(venue)

    async def execute_transfer(
        self,
        instruction: Mapping[str, Any],  # noqa: ARG002 - the surface's signature
        market_data: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> TransferAnswer:
        """Refuse: there are no transfers in this version."""
        return {
            "status": "REJECTED",
            "by": "execd",
            "reason": "NOT_SUPPORTED",
            "detail": _LATER["transfer"],
            "execution_mode": self.execution_mode,
        }

    async def close(self) -> None:
        """End the run that this interface has of its own, as the engine's `close`; an engine's is its own to close."""
        if self._shared is None and self._own is not None:
            await self._own.close()

    @property
    def _session(self) -> Session:
        if self._shared is not None:
            return self._shared
        if self._own is None:
            self._own = session_of(self._chosen)
            self._own.attach(self)
        return self._own


class OnChainExecutionInterface(BaseExecutionInterface):
    """Operations on Ethereum. Not in this version: making one raises ValueError."""

    def __new__(cls, execution_mode: str, config: Mapping[str, Any]) -> Self:  # noqa: ARG004 - the surface's signature
        """Say what is missing.

        Raises:
            ValueError: Always.
        """
        not_yet("onchain")


class TransferExecutionInterface(BaseExecutionInterface):
    """Transfers between venues. Not in this version: making one raises ValueError."""

    def __new__(cls, execution_mode: str, config: Mapping[str, Any]) -> Self:  # noqa: ARG004 - the surface's signature
        """Say what is missing.

        Raises:
            ValueError: Always.
        """
        not_yet("transfer")


def not_yet(interface_type: str) -> NoReturn:
    """Say that an interface is not in this version.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"interface {interface_type!r}: {_LATER[interface_type]}; this version has 'cex'")


def _session_of(*parts: object) -> Session | None:
    """Return the session that an engine's components share; None if all are None."""
    if all(part is None for part in parts):
        return None
    names = ("position_monitor", "event_logger", "data_provider")
    kinds: tuple[type[Component], ...] = (PositionMonitor, EventLogger, DataProvider)
    sessions: list[Session] = []
    for name, kind, part in zip(names, kinds, parts, strict=True):
        if not isinstance(part, kind):
            raise ValueError(f"{name}: {shown(part)}, expected an engine's, or None for all three")  # noqa: TRY004
        sessions.append(part.session)
    if any(session is not sessions[0] for session in sessions):
        raise ValueError("dependencies: of different engines, expected one engine's")
    return sessions[0]
