"""What interfaces and an engine share: one run, begun by the first call that needs it, and who hears of changes.

After each change of a position or balance the handlers are called, on the caller's loop, one change after the other:
what they call in turn is worked at once. An exception of a handler is logged (logger ``execd.interfaces``) and goes no
further: the trade was made, and its answer is not lost.
"""

import inspect
import logging
import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Protocol

import msgspec

from config.instruction_rules import Markets, instruction_of
from config.problems import ConfigError
from messages.book import BookTold
from messages.instructions import TradeInstruction
from messages.instruments import Instrument
from messages.units import InstrumentId, Nanoseconds
from ops.interfaces.answers import CancelAnswer, LoggedEvent, PositionChange, TradeAnswer
from ops.interfaces.choices import Chosen
from ops.interfaces.outside import mapping, usual
from ops.interfaces.turnstile import Turnstile

LOGGER = logging.getLogger("execd.interfaces")

Handler = Callable[[PositionChange], Awaitable[object] | object]
"""A `position_update_handler`: a function or a coroutine function of one `PositionChange`."""


class Listener(Protocol):
    """An interface, as far as changes concern it."""

    position_update_handler: Handler | None


class Session(ABC):
    """One run and its callers.

    Args:
        chosen: Its config.
        known: What may be traded.

    Attributes:
        mode: The execution mode's name.
        chosen: Its config.
        closed: Nothing more is taken.
    """

    def __init__(self, chosen: Chosen, known: Collection[InstrumentId], *, having: str) -> None:
        self.chosen = chosen
        self.mode: str = chosen.settings.mode.type
        self.closed = False
        self._turnstile = Turnstile()
        self._markets = Markets(venues=tuple(chosen.settings.venues), known=known, having=having)
        self._listeners: list[weakref.ref[Listener]] = []

    # --- calls -------------------------------------------------------------------------------------------------------

    @abstractmethod
    async def begin(self) -> None:
        """Start what can be started before the first call."""

    @abstractmethod
    async def trade(self, instruction: object, market_data: object) -> TradeAnswer:
        """Trade, and return the answer; see `CEXExecutionInterface.execute_trade`."""

    @abstractmethod
    async def cancel_all(self, venue: str | None) -> CancelAnswer:
        """Cancel all open orders, at one venue or everywhere."""

    @abstractmethod
    def reading(self) -> AbstractAsyncContextManager[None]:
        """Wait until the book can be looked at."""

    @abstractmethod
    async def close(self, outcome: str = "done", reason: str = "") -> None:
        """End the run. Again does nothing."""

    # --- what there is to see ----------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def began(self) -> bool:
        """Whether there is a run already."""

    @property
    @abstractmethod
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """What may be traded."""

    @property
    @abstractmethod
    def at(self) -> Nanoseconds | None:
        """The clock; None before there is a run."""

    @abstractmethod
    def book(self) -> BookTold:
        """Return all balances and positions."""

    @abstractmethod
    def price(self, instrument: InstrumentId) -> Decimal | None:
        """Return the last price of an instrument, however old; None where there was none."""

    @abstractmethod
    def events(self) -> list[LoggedEvent]:
        """Return what was journaled, in that order."""

    # --- the same for all --------------------------------------------------------------------------------------------

    def typed(self, instruction: object) -> TradeInstruction:
        """Return what an instruction means; one without an id gets one.

        Raises:
            ValueError: Everything that is wrong with it.
        """
        fields = mapping(usual(mapping(instruction, "instruction"), "instruction"), "instruction")
        try:
            found = instruction_of(fields, self._markets, default_id="A")
        except ConfigError as error:
            raise ValueError("; ".join(error.lines)) from None
        return found if "id" in fields else msgspec.structs.replace(found, instruction_id=self._next_id())

    def attach(self, listener: Listener) -> None:
        """Let an interface's handler, as it is then, hear of every change."""
        if all(known() is not listener for known in self._listeners):
            self._listeners.append(weakref.ref(listener))

    @abstractmethod
    def _next_id(self) -> str:
        """Return an id that no instruction had."""

    def _check_open(self) -> None:
        if self.closed:
            raise RuntimeError("the engine is closed")

    def _handlers(self) -> Iterator[Handler]:
        told: list[Handler] = []
        for listener in [each() for each in self._listeners]:
            handler = None if listener is None else listener.position_update_handler
            if handler is not None and handler not in told:
                told.append(handler)
                yield handler

    async def _hand_on(self, change: Callable[[], PositionChange]) -> None:
        """Call the handlers for a change, which is written out if there is one."""
        told: PositionChange | None = None
        for handler in self._handlers():
            told = change() if told is None else told
            try:
                answer = handler(told)
                if inspect.isawaitable(answer):
                    await answer
            except Exception:
                LOGGER.exception("position_update_handler raised after %s; the change is booked", told["event_type"])
