"""Who talks to whom. The one place where the mode is matched, and where actors are put together.

    data provider -> prices to venues (which match what rests), gate and P&L -> funding to venues
      -> venues to themselves: delayed orders, margin
      -> position monitor (its own turn, at each sample) -> P&L: the book is marked
      -> the slice to the strategy (its own turn)
    strategy -> engine (each instruction its own turn) -> event logger -> gate -> engine -> event logger
      -> writer (Durable) -> outbox -> venue
    venue -> engine -> event logger -> position monitor -> gate, and exposure -> risk -> P&L -> strategy
                    -> what ends or changes an order: gate and strategy

In a backtest every cell is stepped: one FIFO, one thread, the same order of events in every run.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never

from actors.contract import Actor, Turn
from actors.errors import BadInputError
from actors.journal.store import JournalStore
from actors.journal.writer import SteppedWriter
from actors.runtime.core import Core
from actors.runtime.crashes import Supervision
from actors.runtime.stepped import CellRef
from actors.strategies.contract import Strategy, StrategyContext
from config.settings import Backtest, Live, Paper, Settings
from messages.base import Question
from messages.instruments import VenueModel
from messages.journal import Record
from messages.market import MarketSlice
from messages.units import Nanoseconds
from ops.core_cells import CLOSERS, CoreCells
from ops.daemon.cells import LiveCells, Outward, PaperCells, Terms


class Wired:
    """A core with all its actors, ready to take inputs."""

    def __init__(self, core: Core, store: JournalStore | None, refs: Mapping[str, CellRef]) -> None:
        self.core = core
        self.store = store
        self._refs = refs

    def ask(self, name: str, question: Question) -> Any:  # noqa: ANN401 - the answer's type goes with the question's
        """Ask an actor, from outside the core."""
        return self._refs[name].ask(question)

    def stop(self) -> None:
        """Stop the cells in reverse order and close the journal."""
        try:
            self.core.stop()
        finally:
            if self.store is not None:
                self.store.close()


def recorded(settings: Settings) -> Backtest:
    """Return the mode of a run on recorded data.

    Raises:
        BadInputError: It is another mode.
    """
    match settings.mode:
        case Backtest() as mode:
            return mode
        case Paper() | Live() as mode:
            raise BadInputError(f"mode.type: {mode.type} doesn't run on recorded data, expected backtest")
        case _:
            assert_never(settings.mode)


def goes_on(settings: Settings) -> bool:
    """Return whether a run goes on until it is stopped."""
    match settings.mode:
        case Paper() | Live():
            return True
        case Backtest():
            return False
        case _:
            assert_never(settings.mode)


def places_orders(settings: Settings) -> bool:
    """Return whether a run places orders at real venues, and so needs the keys of accounts."""
    match settings.mode:
        case Live():
            return True
        case Backtest() | Paper():
            return False
        case _:
            assert_never(settings.mode)


def fixed_namespace(settings: Settings) -> bytes | None:
    """Return the 16 bytes that order ids derive from where the seed decides them; None where they are drawn."""
    match settings.mode:
        case Backtest() as mode:
            return namespace(mode.seed)
        case Paper() as mode:
            return hashlib.sha256(b"execd paper %d" % mode.seed).digest()[:16]
        case Live():
            return None
        case _:
            assert_never(settings.mode)


def adopts(settings: Settings) -> bool:
    """Return whether a first start takes what lies in the accounts as it is."""
    match settings.mode:
        case Live() as mode:
            return mode.adopt
        case Backtest() | Paper():
            return False
        case _:
            assert_never(settings.mode)


def core_cells(  # noqa: PLR0913 - as `CoreCells`
    settings: Settings,
    core: Core,
    models: tuple[VenueModel, ...],
    build: Callable[[StrategyContext], Strategy],
    store: JournalStore,
    *,
    namespace: bytes,
    start: Nanoseconds,
    outward: Outward,
    terms: Terms,
) -> CoreCells:
    """Return the core's actors of a run that goes on until it is stopped.

    Raises:
        BadInputError: It is a backtest.
    """
    match settings.mode:
        case Paper():
            kind = PaperCells
        case Live():
            kind = LiveCells
        case Backtest() as mode:
            raise BadInputError(f"mode.type: {mode.type} ends by itself, expected paper or live")
        case _:
            assert_never(settings.mode)
    return kind(
        core,
        settings,
        models,
        build,
        store,
        namespace=namespace,
        context=ongoing_context(settings, models, start=start),
        outward=outward,
        terms=terms,
    )


def namespace(seed: int) -> bytes:
    """Return the 16 bytes that a backtest's order ids derive from."""
    return hashlib.sha256(b"execd backtest %d" % seed).digest()[:16]


def wire(
    settings: Settings,
    *,
    models: tuple[VenueModel, ...],
    build: Callable[[StrategyContext], Strategy],
    store: JournalStore | None,
    market: Callable[[], MarketSlice | None],
    supervisor: Supervision | None = None,
    witness: Callable[[Turn], Actor[Any]] | None = None,
) -> Wired:
    """Put the actors of a backtest together.

    Args:
        settings: Of the run.
        models: The venues with their instruments.
        build: Makes the strategy.
        store: The journal; None for a run without one.
        market: Returns the last prices known so far, for a start inside a gap and for a rebuild.
        supervisor: What follows a crash in the core; None: it ends the run.
        witness: Makes an actor that hears every entry, the last of all who do; None: there is none.
    """
    match settings.mode:
        case Backtest():
            core = Core(supervisor=supervisor, market_recovery=market)
            if store is not None:
                core.recovery = _recovery(core, store)
            cells = CoreCells(
                core,
                settings,
                models,
                build,
                store,
                namespace=namespace(recorded(settings).seed),
                context=context(settings, models),
                witness=witness,
            )
            refs = {
                name: core.spawn(name, factory, closer=name in CLOSERS, durable=name == "journal_writer")
                for name, factory in cells.cells()
            }
            core.recover()
            return Wired(core, store, refs)
        case Paper() | Live() as mode:
            raise BadInputError(f"mode.type: {mode.type} is not wired here, expected backtest")
        case _:
            assert_never(settings.mode)


def _recovery(core: Core, store: JournalStore) -> Callable[[], Iterable[Record]]:
    def records() -> Iterable[Record]:
        writer = core.behaviour("journal_writer")
        if isinstance(writer, SteppedWriter):
            writer.flush()
        return store.records()

    return records


def context(settings: Settings, models: tuple[VenueModel, ...]) -> StrategyContext:
    """Return what a strategy may know of the run."""
    mode = recorded(settings)
    return StrategyContext(
        start=mode.start,
        end=Nanoseconds(mode.end),
        params=settings.strategy.params,
        venues=models,
    )


def ongoing_context(settings: Settings, models: tuple[VenueModel, ...], *, start: Nanoseconds) -> StrategyContext:
    """Return what a strategy may know of a run whose end nobody knows."""
    return StrategyContext(start=start, end=None, params=settings.strategy.params, venues=models)
