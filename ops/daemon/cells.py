"""The core's actors as a daemon has them: the journal writer on a thread of its own, and live the venues, too.

What is outside the core is started after it and reached by its ref, so an address of it finds the ref only when it is
told something for the first time.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from actors.contract import Actor, Address, Turn
from actors.data.provider import DataProvider
from actors.engine import Engine
from actors.gate import Gate
from actors.journal.store import JournalStore
from actors.pnl import Pnl
from actors.position_monitor import PositionMonitor
from actors.protection import Protection
from actors.runtime.core import Core
from actors.runtime.stepped import CellRef
from actors.strategies.contract import Strategy, StrategyContext
from config.settings import Settings
from messages.instructions import InstructionReceived
from messages.instruments import VenueModel
from messages.units import VenueName
from ops.core_cells import CoreCells, Factory
from ops.daemon.herald import ON_STDERR, Hearing

WRITER = "journal_writer"
LOG = "log"
MARKET_RECORD = "market_record"
REMEMBERED = 4_096
"""Closed orders that are kept, to know a late fill from a repeated one."""


class Outward:
    """Addresses of cells that run beside the core. What a turn tells them leaves when it ends.

    Attributes:
        refs: By name; a cell must be there when it is told something.
        doors: What stands before a cell, where something does, and is told instead, when the turn has ended.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.refs: dict[str, CellRef] = {}
        self.doors: dict[str, Any] = {}

    def to(self, name: str) -> Address[Any]:
        """Return the address of a cell that may be started later."""
        return _Late(self, name)

    def staged(self, name: str) -> Callable[[Any], None]:
        """Return what lets a message out to a cell that is there."""
        return self._core.outside(self.doors.get(name, self.refs[name])).tell


class _Late:
    __slots__ = ("_name", "_outward", "tell")

    def __init__(self, outward: Outward, name: str) -> None:
        self._outward = outward
        self._name = name
        self.tell: Callable[[Any], None] = self._first

    def _first(self, message: Any) -> None:  # noqa: ANN401 - the typed address is the wiring's promise
        self.tell = self._outward.staged(self._name)
        self.tell(message)


class Terms(NamedTuple):
    """What a daemon's actors are told beside what those of a backtest are.

    Attributes:
        price_ages: How old a price may be on which an order is decided, by venue (ns).
        protection: Slippage protection by venue.
        supports: Says why a venue does not take an order.
        hearing: Who hears what there is to say.
    """

    price_ages: Mapping[VenueName, int]
    protection: Mapping[VenueName, Protection]
    supports: Callable[[InstructionReceived], str | None] | None
    hearing: Hearing = ON_STDERR


class PaperCells(CoreCells):
    """Simulated exchanges at the prices of now.

    Args:
        outward: To what runs beside the core.
        terms: See there.
        core, settings, models, build, store, namespace, context: As `CoreCells`.
    """

    outside: frozenset[str] = frozenset({WRITER, LOG, MARKET_RECORD})

    def __init__(  # noqa: PLR0913 - as `CoreCells`
        self,
        core: Core,
        settings: Settings,
        models: tuple[VenueModel, ...],
        build: Callable[[StrategyContext], Strategy],
        store: JournalStore,
        *,
        namespace: bytes,
        context: StrategyContext,
        outward: Outward,
        terms: Terms,
    ) -> None:
        super().__init__(
            core, settings, models, build, store, namespace=namespace, context=context, witness=self._herald
        )
        self._outward = outward
        self._terms = terms

    def cells(self) -> Iterable[tuple[str, Factory]]:
        """Yield name and factory of every cell of the core, in the order in which they start."""
        return ((name, factory) for name, factory in super().cells() if name not in self.outside)

    def _herald(self, turn: Turn) -> Actor[Any]:
        return self._terms.hearing.herald(turn, self._to(LOG))

    def _to(self, name: str) -> Address[Any]:
        return self._outward.to(name) if name in self.outside else super()._to(name)

    def _gate(self) -> Gate:
        return Gate(
            turn=self._core.turn,
            venues=self._models,
            candle_ns=self._candle_ns,
            max_order_notional=self._settings.risk.max_order_notional,
            engine=self._to("engine"),
            price_ages_ns=self._terms.price_ages,
            supports=self._terms.supports,
            protection=self._terms.protection,
        )

    def _pnl(self) -> Pnl:
        return Pnl(
            turn=self._core.turn,
            venues=self._models,
            candle_ns=self._candle_ns,
            strategy=self._own_events,
            log=self._to("event_logger"),
            wait_for_prices=True,
        )

    def _data_provider(self) -> DataProvider:
        return DataProvider(
            prices=self._priced(),
            venues=self._simulated(),
            marks=self._core.follow("position_monitor"),
            strategy=self._core.follow("strategy"),
            sample_ns=self._settings.report.sample_ns,
            must_settle=self._must_settle(),
            must_have=self._instruments,
        )

    def _priced(self) -> tuple[Address[Any], ...]:
        """Return who hears of prices."""
        more = (self._to("witness"),) if self._terms.hearing.prices else ()
        record = self._to(MARKET_RECORD)
        return (*self._simulated().values(), self._to("gate"), self._to("pnl"), *more, record)

    def _must_settle(self) -> tuple[VenueName, ...]:
        """Return the venues that have something to settle before the strategy begins."""
        return ()


class LiveCells(PaperCells):
    """Real venues: they run beside the core."""

    @property
    def outside(self) -> frozenset[str]:  # type: ignore[override]  # the same, and the venues of this run
        """Names of the cells that are not the core's."""
        return frozenset({WRITER, LOG, MARKET_RECORD, *self._exchanges.values()})

    def _simulated(self) -> Mapping[VenueName, Address[Any]]:
        return {}

    def _priced(self) -> tuple[Address[Any], ...]:
        return (*super()._priced(), self._to("position_monitor"))

    def _must_settle(self) -> tuple[VenueName, ...]:
        return tuple(self._exchanges)

    def _engine(self) -> Engine:
        return Engine(
            turn=self._core.turn,
            namespace=self._namespace,
            halted="[risk] halted is set" if self._settings.risk.halted else None,
            gate=self._to("gate"),
            log=self._to("event_logger"),
            strategy=self._own_events,
            itself=self._core.follow("engine", first=True),
            venues=self._to_exchanges(),
            must_settle=self._must_settle(),
            remembered=REMEMBERED,
        )

    def _position_monitor(self) -> PositionMonitor:
        return PositionMonitor(
            instruments=self._instruments,
            exposure=self._to("exposure"),
            gate=self._to("gate"),
            pnl=self._to("pnl"),
            venues=self._to_exchanges(),
            engine=self._to("engine"),
            turn=self._core.turn,
        )
