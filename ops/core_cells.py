"""The actors of the core, each built by one method, at the start and at every rebuild: here as a backtest has them.

Who runs in another way (ops/daemon/cells.py) overrides single methods.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from actors.contract import Actor, Address, Turn
from actors.data.provider import DataProvider
from actors.engine import Engine
from actors.event_logger import Chain, EventLogger, HashChain, NoChain
from actors.exchange.simulated import SimulatedExchange
from actors.exposure import Exposure
from actors.gate import Gate
from actors.journal.store import JournalStore
from actors.journal.writer import NullWriter, SteppedWriter
from actors.outbox import Outbox
from actors.pnl import Pnl
from actors.position_monitor import PositionMonitor
from actors.risk import Risk
from actors.runtime.core import Core
from actors.strategies.contract import Strategy, StrategyContext
from actors.strategy_host import StrategyHost
from config.settings import Settings
from messages.book import Fact, Opening
from messages.instructions import AmendReceived, AmendRefused, CancelRefused, InstructionReceived, InstructionRefused
from messages.instruments import VenueModel, instruments_of
from messages.journal import ENTRY_TYPES, Entry
from messages.lifecycle import RunStarted
from messages.live import AccountOpened, OperatorResolved, VenueResumed, VenueSettled, VenueStarted
from messages.orders import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderTriggered,
    OrderUnknown,
)
from messages.units import VenueName

COMMIT_EVERY = 2_000
"""Journal rows that wait for a commit in a backtest; kill -9 loses at most these."""
CLOSERS = ("event_logger", "journal_writer", "witness")
"""Cells that have something to do when a turn ends: hand its entries on, commit them, tell of them."""

Factory = Callable[[], Actor[Any]]


class CoreCells:
    """All actors of a run, in one core.

    Args:
        core: Where they are spawned.
        settings: Of the run.
        models: The venues with their instruments.
        build: Makes the strategy.
        store: The journal; None for a run without one.
        namespace: That order ids derive from, 16 bytes.
        context: What the strategy may know.
        witness: Makes an actor that hears every entry.
    """

    def __init__(
        self,
        core: Core,
        settings: Settings,
        models: tuple[VenueModel, ...],
        build: Callable[[StrategyContext], Strategy],
        store: JournalStore | None,
        *,
        namespace: bytes,
        context: StrategyContext,
        witness: Callable[[Turn], Actor[Any]] | None = None,
    ) -> None:
        self._core = core
        self._settings = settings
        self._models = models
        self._build = build
        self._store = store
        self._witness = witness
        self._namespace = namespace
        self._context = context  # one for the run: its numbering survives rebuilds
        self._instruments = instruments_of(models)
        self._candle_ns = settings.data.resolution_ns
        self._own_events = core.follow("strategy", first=True)
        self._exchanges = {model.venue: f"venue:{model.venue}" for model in models}

    def cells(self) -> Iterable[tuple[str, Factory]]:
        """Yield name and factory of every cell, in the order in which they start."""
        yield "journal_writer", self._writer
        yield "event_logger", self._event_logger
        yield "outbox", self._outbox
        for model in self._models:
            yield self._exchanges[model.venue], functools.partial(self._exchange, model)
        yield "gate", self._gate
        yield "engine", self._engine
        yield "position_monitor", self._position_monitor
        yield "exposure", self._exposure
        yield "risk", self._risk
        yield "pnl", self._pnl
        yield "strategy", self._strategy
        yield "data_provider", self._data_provider
        if self._witness is not None:
            yield "witness", functools.partial(self._witness, self._core.turn)

    def _to(self, name: str) -> Address[Any]:
        return self._core.address(name)

    def _simulated(self) -> Mapping[VenueName, Address[Any]]:
        """Return the simulated exchanges: they hear prices, and what lies in the accounts at the start."""
        return self._to_exchanges()

    def _to_exchanges(self) -> dict[VenueName, Address[Any]]:
        return {venue: self._to(name) for venue, name in self._exchanges.items()}

    def _writer(self) -> Actor[Any]:
        if self._store is None:
            return NullWriter(outbox=self._to("outbox"))
        return SteppedWriter(store=self._store, outbox=self._to("outbox"), commit_every=COMMIT_EVERY)

    def _event_logger(self) -> EventLogger:
        chain: Chain = NoChain() if self._store is None else HashChain(self._store.manifest.hash_0)
        return EventLogger(
            turn=self._core.turn,
            chain=chain,
            followers=followers(
                self._to,
                self._own_events,
                tuple(self._simulated().values()),
                () if self._witness is None else (self._to("witness"),),
            ),
            outbox=self._to("outbox"),
            writer=self._to("journal_writer"),
        )

    def _outbox(self) -> Outbox:
        return Outbox(turn=self._core.turn, venues=self._to_exchanges())

    def _exchange(self, model: VenueModel) -> SimulatedExchange:
        return SimulatedExchange(
            turn=self._core.turn,
            model=model,
            candle_ns=self._candle_ns,
            engine=self._to("engine"),
            itself=self._to(self._exchanges[model.venue]),
            later=self._core.follow(self._exchanges[model.venue], first=True),
        )

    def _gate(self) -> Gate:
        return Gate(
            turn=self._core.turn,
            venues=self._models,
            candle_ns=self._candle_ns,
            max_order_notional=self._settings.risk.max_order_notional,
            engine=self._to("engine"),
        )

    def _engine(self) -> Engine:
        return Engine(
            turn=self._core.turn,
            namespace=self._namespace,
            halted="[risk] halted is set" if self._settings.risk.halted else None,
            gate=self._to("gate"),
            log=self._to("event_logger"),
            strategy=self._own_events,
            itself=self._core.follow("engine", first=True),
        )

    def _position_monitor(self) -> PositionMonitor:
        return PositionMonitor(
            instruments=self._instruments, exposure=self._to("exposure"), gate=self._to("gate"), pnl=self._to("pnl")
        )

    def _exposure(self) -> Exposure:
        return Exposure(instruments=self._instruments, risk=self._to("risk"))

    def _risk(self) -> Risk:
        return Risk(pnl=self._to("pnl"))

    def _pnl(self) -> Pnl:
        return Pnl(
            turn=self._core.turn,
            venues=self._models,
            candle_ns=self._candle_ns,
            strategy=self._own_events,
            log=self._to("event_logger"),
        )

    def _strategy(self) -> StrategyHost:
        return StrategyHost(
            turn=self._core.turn,
            build=self._build,
            context=self._context,
            skip_errors=self._settings.strategy.on_error == "skip",
            engine=self._core.follow("engine"),
            log=self._to("event_logger"),
        )

    def _data_provider(self) -> DataProvider:
        return DataProvider(
            prices=(*self._simulated().values(), self._to("gate"), self._to("pnl")),
            venues=self._simulated(),
            marks=self._core.follow("position_monitor"),
            strategy=self._core.follow("strategy"),
            sample_ns=self._settings.report.sample_ns,
        )


def followers(
    to: Callable[[str], Address[Any]],
    own_events: Address[Any],
    venues: tuple[Address[Any], ...],
    witnesses: tuple[Address[Any], ...] = (),
) -> Mapping[type[Entry], tuple[Address[Any], ...]]:
    """Return who is told of which entries, in order.

    Facts of the book go round the tight loop, and reach the strategy from its end. What ends or changes an order
    changes its hold. What a person decided is acted on when it is on record. When all venues have settled the strategy
    begins. Simulated venues keep balances of their own, so they hear what lies there at the start. Witnesses hear
    everything.
    """
    told: dict[type[Entry], tuple[Address[Any], ...]] = dict.fromkeys(ENTRY_TYPES, ())
    told[InstructionReceived] = told[AmendReceived] = (to("gate"),)
    for fact in get_args(Fact):
        told[fact] = (to("position_monitor"),)
    told[Opening] += venues
    told[OperatorResolved] = told[AccountOpened] = (to("engine"),)
    told[VenueResumed] = (to("position_monitor"),)
    told[RunStarted] = (to("data_provider"),)
    told[VenueStarted] = (to("strategy"),)
    told[VenueSettled] = (to("data_provider"), to("strategy"))
    for kind in (OrderRejected, OrderAmended, AmendRejected, OrderCancelled, OrderExpired, OrderUnknown):
        told[kind] = (to("gate"), own_events)
    for other in (OrderAccepted, OrderTriggered, CancelRejected, InstructionRefused, AmendRefused, CancelRefused):
        told[other] = (own_events,)
    return {kind: (*addresses, *witnesses) for kind, addresses in told.items()} if witnesses else told
