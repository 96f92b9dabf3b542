"""A backtest from its config file to its result.

`prepare` reads everything and refuses what can't be used, all problems at once; `run` drives the core slice by slice.
Nothing is written before everything was read.
"""

import datetime as dt
import gc
import os
import platform
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from actors.data.feed import Feed
from actors.data.files import instruments_in
from actors.errors import BadInputError, ExecdError, FatalError, InputChangedError, StrategyError
from actors.journal.manifest import Manifest, manifest
from actors.journal.store import JournalStore, set_aside
from actors.runtime.crashes import described, where
from actors.strategies.contract import Strategy, StrategyContext
from actors.strategies.script import Script
from actors.valuation import CURRENCY, mark_source
from config.instructions import ScriptFile, read_script
from config.load import Loaded, load, trading_settings
from config.modes import RECORDED
from config.problems import ConfigError, ScriptChangedError, escaped
from config.venue_rules import rule_gaps, venue_models
from messages.book import AskPnl, MarkBook, Opening, PnlTold
from messages.instructions import Instruction
from messages.instruments import VenueModel, instruments_of
from messages.lifecycle import EndRun, RunStarted
from messages.orders import ExpireOrders
from messages.units import AccountName, Amount, Asset, Nanoseconds
from ops.data_notes import notes, sample_hint
from ops.out_folder import JOURNAL, refuse_taken
from ops.report import NAME as REPORT
from ops.report import write_report
from ops.result import Result, gather
from ops.strategy_loading import load_strategy
from ops.wiring import Wired, context, recorded, wire

T = TypeVar("T")

_PROGRESS_EVERY = 256
"""Slices between two words on progress."""


class Prepared(NamedTuple):
    """Everything that a run needs, read and found good.

    Attributes:
        hashed: What decides the outcome, for the journal's manifest.
        warnings: One line each.
    """

    loaded: Loaded
    models: tuple[VenueModel, ...]
    feed: Feed
    build: Callable[[StrategyContext], Strategy]
    hashed: dict[str, object]
    warnings: tuple[str, ...]


class Stopped(NamedTuple):
    """How a run came to its end.

    Attributes:
        exit_code: Of the process.
        outcome: ``done``, ``interrupted`` or ``failed``.
        reason: Why it was not done, on one line.
    """

    exit_code: int
    outcome: str
    reason: str


class Progress(NamedTuple):
    """Where a run stands, told now and then."""

    at: Nanoseconds
    share: float


Tell = Callable[[Progress], None]
Stop = Callable[[], Stopped | None]


def prepare(config: Path) -> Prepared:
    """Read config, data, script and strategy.

    Raises:
        BadInputError: Everything that is wrong with them.
    """
    try:
        loaded = load(config, modes=RECORDED)
    except ConfigError as error:
        raise BadInputError(*error.lines) from None
    settings, label = loaded.settings, config.name
    if not loaded.data_dir.is_dir():
        hint = "" if os.path.lexists(loaded.data_dir) else f" ({sample_hint(loaded.data_dir)})"
        raise BadInputError(f"{label}: data.dir: no such folder: {settings.data.dir}{hint}")
    try:
        available = instruments_in(loaded.data_dir, {*settings.venues}, settings.data.resolution)
    except OSError as error:
        raise BadInputError(f"{label}: data.dir: {error}") from None
    models = venue_models(settings, available)
    problems = [
        f"{label}: venues.{model.venue}: no {settings.data.resolution} candles of it in {settings.data.dir}"
        for model in models
        if not model.instruments
    ]
    trader = _tried(lambda: _trader(loaded, models), problems)
    feed = _tried(lambda: _feed(loaded, models, () if trader is None else trader.instants), problems)
    if feed is not None:
        problems += _unpriced(loaded, models, feed)
    if problems or feed is None or trader is None:
        raise BadInputError(*problems)
    hashed: dict[str, object] = {
        "settings": trading_settings(settings, models),
        "data": [
            {"name": file.name, "rows": file.rows, "first": file.first, "last": file.last, "sha256": file.sha256}
            for file in feed.files
        ],
        "strategy_file": None if trader.file is None else {"name": trader.file[0], "sha256": trader.file[1]},
    }
    warnings = (*rule_gaps(settings, available), *feed.warnings, *notes(feed, recorded(settings)))
    return Prepared(loaded, models, feed, trader.build, hashed, warnings)


def _tried(read: Callable[[], T], problems: list[str]) -> T | None:
    """Return what was read, or None with its problems added to the others."""
    try:
        return read()
    except ConfigError as error:
        problems += error.lines
    except BadInputError as error:
        problems += error.problems
    return None


class _Trader(NamedTuple):
    """The strategy, the instants at which it wants to be asked, and name and sha256 of the file it comes from."""

    build: Callable[[StrategyContext], Strategy]
    instants: Iterable[int]
    file: tuple[str, str] | None


def _trader(loaded: Loaded, models: tuple[VenueModel, ...]) -> _Trader:
    settings, mode = loaded.settings, recorded(loaded.settings)
    if loaded.script is None:
        found = load_strategy(
            settings.strategy.use, folder=loaded.base, label=loaded.path.name, context=context(settings, models)
        )
        return _Trader(found.build, (), found.file)
    script = read_script(
        loaded.script, start=mode.start, end=mode.end, venues=tuple(settings.venues), known=set(instruments_of(models))
    )
    return _Trader(lambda _context: Script(_Watched(script)), script.instants(), (script.name, script.sha256))


class _Watched:
    """A script file whose change under way ends the run."""

    def __init__(self, script: ScriptFile) -> None:
        self._script = script

    def due(self, at: Nanoseconds) -> Iterator[Instruction]:
        """Yield what is due.

        Raises:
            InputChangedError: The file is not the one that was validated.
        """
        try:
            yield from self._script.due(at)
        except ScriptChangedError as error:
            raise InputChangedError(str(error)) from None


def _feed(loaded: Loaded, models: tuple[VenueModel, ...], instants: Iterable[int]) -> Feed:
    settings, mode = loaded.settings, recorded(loaded.settings)
    return Feed(
        loaded.data_dir,
        resolution=settings.data.resolution,
        instruments=list(instruments_of(models)),
        start=mode.start,
        end=mode.end,
        extra=instants,
    )


def _unpriced(loaded: Loaded, models: tuple[VenueModel, ...], feed: Feed) -> Iterator[str]:
    """Yield a line for each opening balance whose asset has no price at the start."""
    instruments = tuple(instruments_of(models).values())
    start = recorded(loaded.settings).start
    for account, asset, amount in _openings(loaded):
        if asset == CURRENCY or not amount:
            continue
        source = mark_source(account, asset, instruments)
        first = None if source is None else feed.first_close(source)
        if source is None:
            yield f"{loaded.path.name}: accounts.{account}.{asset}: no price: no series of {asset}/{CURRENCY} is loaded"
        elif first is None or first > start:
            yield f"{loaded.path.name}: accounts.{account}.{asset}: no price at the start: {source} begins later"


def _openings(loaded: Loaded) -> Iterator[tuple[AccountName, Asset, Amount]]:
    for account, balances in sorted(loaded.settings.accounts.items()):
        for asset, amount in sorted(balances.items()):
            yield account, asset, Amount(amount)


def open_journal(out: Path, prepared: Prepared, *, force: bool) -> JournalStore:
    """Make the journal of a run.

    Raises:
        BadInputError: The folder holds one, and `force` is off.
        JournalLockedError: Another process writes there.
    """
    refuse_taken(out, force=force)
    path = out / JOURNAL
    if path.exists():
        set_aside(path)
    return JournalStore.create(path, _manifest(prepared, out), durability="off")


def _manifest(prepared: Prepared, out: Path) -> Manifest:
    beside = {
        "execd_version": version("execd"),
        "python": platform.python_version(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": dt.datetime.now(dt.UTC).isoformat(),
        "config": str(prepared.loaded.path.absolute()),
        "data_dir": str(prepared.loaded.data_dir),
        "out": str(out.absolute()),
        "argv": sys.argv[1:],
    }
    return manifest(prepared.hashed, beside)


def run(
    prepared: Prepared,
    store: JournalStore | None,
    *,
    tell: Tell = lambda _progress: None,
    stop: Stop = lambda: None,
) -> tuple[Result | None, Stopped]:
    """Run to the end, or until somebody wants it stopped, and return what came of it.

    A run that failed without a journal has no result.

    Args:
        prepared: What to run.
        store: The journal; closed when this returns. None: without one.
        tell: Hears how far it is, about a hundred times.
        stop: Asked before every slice whether, and why, to stop.

    Raises:
        FatalError: The journal can't be written, or contradicts the book. It has no `RunEnded`.
    """
    feed = prepared.feed
    started = time.perf_counter()
    wired = wire(
        prepared.loaded.settings, models=prepared.models, build=prepared.build, store=store, market=feed.latest
    )
    try:
        with _rare_collections():
            ended = _drive(prepared, wired, tell, stop)
        result = None
        if ended.outcome != "failed" or store is not None:  # else nothing is on record to come back to
            _close_book(prepared, wired, ended)
            result = gather(wired, prepared.models, feed.market_events, store)
    except BaseException:
        with suppress(ExecdError):  # a journal that failed can't be closed in order; what was wrong first is told
            wired.stop()
        raise
    wired.stop()
    report = None
    if store is not None and prepared.loaded.settings.report.enabled:
        with _rare_collections():
            report = _report(store)
    if result is None:
        return None, ended
    return msgspec.structs.replace(result, report=report, wall_seconds=time.perf_counter() - started), ended


def _report(store: JournalStore) -> str | None:
    """Write the page beside the journal. What goes wrong with it is said, and takes nothing from the run."""
    target = Path(store.path).with_name(REPORT)
    try:
        return str(write_report(Path(store.path), target, just_written=True))
    except (ExecdError, OSError) as error:
        print(_one_line(f"note: no report: {error}"), file=sys.stderr)  # noqa: T201 - as it is: no markup
        return None


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the garbage collector look seldom: messages are frozen values, and freed as soon as nobody holds them."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what the imports made stays, and need not be looked through
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _drive(prepared: Prepared, wired: Wired, tell: Tell, stop: Stop) -> Stopped:
    """Feed the core every slice. A crash that no supervisor handles ends the run; its turn has said nothing."""
    core, mode = wired.core, recorded(prepared.loaded.settings)
    span = mode.end - mode.start
    try:
        core.take("event_logger", RunStarted(mode="backtest", start=mode.start, end=mode.end), mode.start)
        for account, asset, amount in _openings(prepared.loaded):
            core.take("event_logger", Opening(account=account, asset=asset, amount=amount), mode.start)
        for number, market in enumerate(prepared.feed):
            if (wanted := stop()) is not None:
                return wanted
            core.take("data_provider", market, market.at)
            if not number % _PROGRESS_EVERY:
                tell(Progress(market.at, (market.at - mode.start) / span))
    except StrategyError as error:
        return Stopped(error.exit_code, "failed", _one_line(f"the strategy raised at {error.where}: {error}"))
    except FatalError:
        raise  # the journal or the book can't be trusted: nothing more is written, and nothing folded
    except ExecdError as error:
        return Stopped(error.exit_code, "failed", _one_line(f"{type(error).__name__}: {error}"))
    except Exception as error:  # noqa: BLE001 - a mistake of ours: the journal still gets its end
        traceback.print_exception(error)
        return Stopped(1, "failed", f"execd crashed at {where(error)}: {described(error)}")
    tell(Progress(mode.end, 1.0))
    return Stopped(0, "done", "")


def _one_line(text: str) -> str:
    """Return text that came from elsewhere as a terminal may show it: escaped, and cut to 500 characters."""
    return escaped(text, cut=500)


def _close_book(prepared: Prepared, wired: Wired, ended: Stopped) -> None:
    """Let open orders expire, value the book as it is now, and write the last entry."""
    core = wired.core
    if ended.outcome == "failed":
        core.rebuild()  # the core takes nothing after a crash; what was finished before it is in the journal
    for model in prepared.models:
        core.take(f"venue:{model.venue}", ExpireOrders(reason="END_OF_RUN"), core.turn.at)
    core.take("position_monitor", MarkBook(final=True), core.turn.at)
    told: PnlTold = wired.ask("pnl", AskPnl())
    core.take(
        "engine",
        EndRun(
            outcome=ended.outcome,
            reason=ended.reason,
            market_events=prepared.feed.market_events,
            currency=CURRENCY,
            equity_start=told.equity_start,
            equity_end=told.equity_end,
        ),
        core.turn.at,
    )
