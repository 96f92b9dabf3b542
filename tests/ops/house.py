"""A wired core with a journal, driven input by input, in which any actor can be made to crash or to miss a message."""

import tomllib
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.journal.manifest import manifest
from actors.journal.store import JournalStore
from actors.runtime.crashes import Verdict
from actors.strategies.contract import Strategy, StrategyContext
from config.load import settings_from
from messages.base import Message
from messages.book import AskBook, AskPnl, MarkBook
from messages.instructions import AskRefusals, TradeInstruction
from messages.instruments import VenueModel
from messages.journal import AskJournal, JournalTold, Record
from messages.lifecycle import EndRun, InputSkipped, RunStarted
from messages.market import Candle, FundingRate, MarketSlice
from messages.units import Asset, InstrumentId, Nanoseconds, Rate
from ops import core_cells
from ops.wiring import Wired, wire
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, opening, venue

CONFIG = """
[mode]
type = "backtest"
start = 1970-01-01T01:00:00Z
end = 1970-01-03T00:00:00Z
seed = 7
[data]
dir = "data"
resolution = "1h"
[accounts.bybit]
USDT = "100000"
[venues.bybit]
kind = "cex"
[strategy]
use = "tests.ops.house:Silent"
"""
CLASSES = {
    "journal_writer": "SteppedWriter",
    "event_logger": "EventLogger",
    "outbox": "Outbox",
    "venue:bybit": "SimulatedExchange",
    "gate": "Gate",
    "engine": "Engine",
    "position_monitor": "PositionMonitor",
    "exposure": "Exposure",
    "risk": "Risk",
    "pnl": "Pnl",
    "strategy": "StrategyHost",
    "data_provider": "DataProvider",
}
"""The cells of a backtest at bybit, and what the wiring builds them of."""


class Silent:
    """Sees everything and wants nothing."""

    stateless = True

    def __init__(self, context: StrategyContext) -> None:
        """Take nothing from the context."""

    def on_slice(self, market: MarketSlice) -> Iterable[TradeInstruction]:  # noqa: ARG002 - it does not look
        return ()

    def on_event(self, event: Message) -> Iterable[TradeInstruction]:  # noqa: ARG002 - it does not listen
        return ()


class Trap:
    """Counts the messages that one actor works, and raises after it worked one of them.

    Attributes:
        count: Since it was last set or sprang.
        at: Which message, from 1; 0 for none.
        times: How often it springs, each time when the count comes to `at` again from nought.
    """

    def __init__(self) -> None:
        self.count = 0
        self.at = 0
        self.times = 1

    def set(self, at: int, *, times: int = 1) -> None:
        """Spring at the message number `at` from now on."""
        self.count, self.at, self.times = 0, at, times

    def around(self, work: Callable[[Any], object], message: Message) -> None:
        """Let a message be worked, and raise if it is the one."""
        self.count += 1
        springs = self.times > 0 and self.count == self.at
        if springs:
            self.times -= 1
            self.count = 0
        work(message)
        if springs:
            raise ValueError("planted")


def trapped(monkeypatch: pytest.MonkeyPatch, cell: str) -> Trap:
    """Have the wiring build an actor with a trap in it, now and at every rebuild."""
    trap = Trap()
    kind: Any = getattr(core_cells, CLASSES[cell])

    class Trapped(kind):  # type: ignore[misc]  # chosen at run time
        def __init__(self, **words: Any) -> None:  # noqa: ANN401 - as it is built
            super().__init__(**words)
            _guard(self, trap)

    monkeypatch.setattr(core_cells, CLASSES[cell], Trapped)
    return trap


def _guard(actor: Any, trap: Trap) -> None:  # noqa: ANN401 - its methods are put in its own way
    """Put a trap around every handler of an actor, or around `receive` where it has no table of them."""
    if actor.handlers:
        actor.handlers = {kind: partial(trap.around, work) for kind, work in actor.handlers.items()}
    else:
        actor.receive = partial(trap.around, actor.receive)


class Lenient:
    """A supervisor that allows every restart, and remembers what for."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def add(self, name: str, stop: Callable[[float], bool]) -> None:
        """Nothing of it is stopped by this one."""

    def failed(self, name: str, error: BaseException) -> Verdict:  # noqa: ARG002 - as any supervisor
        self.errors.append(error)
        return Verdict(restart=True, delay_s=0.0)

    def escalate(self, name: str, error: BaseException) -> None:
        """Nothing stops."""

    def gone(self, name: str, error: BaseException | None) -> None:
        """Nobody watches."""


class House:
    """A wired backtest at bybit that the test drives."""

    def __init__(
        self,
        folder: Path,
        *,
        build: Callable[[StrategyContext], Strategy] = Silent,
        models: tuple[VenueModel, ...] | None = None,
        supervised: bool = True,
        config: str = CONFIG,
        after: "House | None" = None,
    ) -> None:
        """Wire it on a new journal, or on the one that is in the folder; `after` is whose prices are known."""
        self.supervisor = Lenient()
        path = folder / "journal.sqlite"
        if path.exists():
            self.store = JournalStore.open_existing(path, durability="off")
        else:
            self.store = JournalStore.create(path, manifest({"seed": 7}, {}), durability="off")
        self.prices: dict[InstrumentId, Candle] = dict(after.prices) if after is not None else {}
        self.wired: Wired = wire(
            settings_from(tomllib.loads(config), "c.toml"),
            models=models or (venue(base_bps="1"),),
            build=build,
            store=self.store,
            market=self.latest,
            supervisor=self.supervisor if supervised else None,
        )
        self.core = self.wired.core
        self.at: Nanoseconds = after.at if after is not None else Nanoseconds(HOUR)

    def latest(self) -> MarketSlice | None:
        at = max((each.closed_at for each in self.prices.values()), default=Nanoseconds(0))
        return MarketSlice(at=at, candles=tuple(self.prices.values())) if self.prices else None

    def begin(self, usdt: str = "100000", eth: str = "5") -> None:
        """Open the books."""
        start = self.at
        self.core.take("event_logger", RunStarted(mode="backtest", start=start, end=None), start)
        self.core.take("event_logger", opening(eth, "ETH"), start)
        self.core.take("event_logger", opening(usdt), start)

    def slice(self, hour: int, price: str, *, rate: str | None = None) -> None:
        """Let candles of both markets close at an hour, and pay funding if there is a rate."""
        at = self.at = Nanoseconds(hour * HOUR)
        candles = candle(price, at=at, of=SPOT_ID), candle(price, at=at, of=PERP_ID)
        self.prices |= {each.instrument: each for each in candles}
        paid = () if rate is None else (FundingRate(instrument=PERP_ID, rate=Rate(Decimal(rate))),)
        self.core.take("data_provider", MarketSlice(at=at, candles=candles, funding=paid), at)

    def slice_of(self, market: MarketSlice, *, rate: str) -> None:
        """Let a slice come with funding at a rate."""
        paid = (FundingRate(instrument=PERP_ID, rate=Rate(Decimal(rate))),)
        self.core.take("data_provider", msgspec.structs.replace(market, funding=paid), market.at)

    def give(self, wanted: TradeInstruction) -> None:
        """Give the engine an instruction, at the time of the last slice."""
        self.core.take("engine", wanted, self.at)

    def tell(self, cell: str, message: Message) -> None:
        """Tell a cell something by its ref, as the outside does."""
        found = self.core.place(cell).cell
        assert found is not None
        found.actor_ref.tell(message)

    def end(self) -> None:
        """Mark the book and close the journal with `RunEnded`."""
        self.core.take("position_monitor", MarkBook(final=True), self.at)
        end = EndRun(
            outcome="done", reason="", market_events=0, currency=Asset("USDT"), equity_start=None, equity_end=None
        )
        self.core.take("engine", end, self.at)

    def records(self) -> list[Record]:
        """Return the whole journal."""
        return list(self.core.recovery())

    def kinds(self, *, after: int = 0) -> list[str]:
        """Return the types of the entries behind a number."""
        return [type(record.entry).__name__ for record in self.records()[after:]]

    def answers(self) -> dict[str, Any]:
        """Return what the actors say of themselves; the journal's hash and the skipped inputs are left out."""
        told: JournalTold = self.wired.ask("event_logger", AskJournal())
        counts = dict(told.counts)
        skipped = counts.pop("InputSkipped", 0)
        return {
            "book": self.wired.ask("position_monitor", AskBook()),
            "pnl": self.wired.ask("pnl", AskPnl()),
            "refusals": self.wired.ask("engine", AskRefusals()),
            "journal": (told.seq - skipped, counts),
        }

    def stop(self) -> None:
        self.wired.stop()


def without_skipped(records: list[Record]) -> list[tuple[object, int, object]]:
    """Return entry, time and cause of all records but `InputSkipped`, numbered as if those had never been.

    So are the ids that the strategy gave out, and those of their orders: a crash may leave a gap in them.
    """
    seqs: dict[int | None, int | None] = {None: None}
    own: dict[str, str] = {}
    kept: list[Record] = []
    entries: list[object] = []
    for record in records:
        if isinstance(record.entry, InputSkipped):
            continue
        kept.append(record)
        seqs[record.seq] = len(kept)
        entry: Any = record.entry
        name = getattr(entry, "instruction_id", "")
        if name.startswith("S"):
            new = {"instruction_id": own.setdefault(name, f"S{len(own) + 1}")}
            new |= {"client_order_id": f"of {own[name]}"} if hasattr(entry, "client_order_id") else {}
            entry = msgspec.structs.replace(entry, **new)
        entries.append(entry)
    return [(entry, record.at, seqs[record.cause]) for entry, record in zip(entries, kept, strict=True)]
