"""Runs live or on paper: starts everything, waits for its end, and stops it in the reverse order.

It ends when it is told to (SIGTERM, Ctrl-C: exit 0), when a script is done and ``exit_when_done`` is set, or when
something ended that no restart can help: then with that exit code, for the service manager to start it anew.
"""

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from actors.data.market_record import MarketRecorder, RecordDoor
from actors.errors import ExecdError
from actors.protection import Protection
from actors.runtime.clock import SystemClock
from actors.runtime.core import Core
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Limits
from actors.runtime.supervisor import Root
from actors.valuation import CURRENCY
from config.paper import unfunded
from config.settings import Settings
from messages.book import AskPnl, MarkBook, Opening, PnlTold
from messages.instructions import CancelAllInstruction, InstructionReceived
from messages.instruments import instruments_of
from messages.journal import AskJournal, JournalTold
from messages.lifecycle import EndRun, RunStarted
from messages.live import AccountOpened, AskOpenQuestions, OpenQuestionsTold
from messages.units import Amount, Nanoseconds, VenueName
from ops.daemon.cells import LOG, MARKET_RECORD, Outward, Terms
from ops.daemon.commands import Commands
from ops.daemon.control import Control
from ops.daemon.endpoints import sent_away
from ops.daemon.exchanges import live_exchange
from ops.daemon.first_start import OF_INSTRUMENTS, openings, refuse_dropped_instruments, refuse_renamed_lines
from ops.daemon.herald import ON_STDERR, Hearing
from ops.daemon.preparation import Ready
from ops.daemon.prices import live_market
from ops.daemon.record import Opened, accounts_of, begun
from ops.daemon.running import Running
from ops.daemon.setting_up import set_up
from ops.daemon.support import supports
from ops.daemon.venues import DIALECTS
from ops.wiring import core_cells

SLICES = 10_000
"""Slices of prices that may wait to be written."""
TICK_S = 0.2
"""How often the strategy sees the time, also when there is no news of prices."""
CANCEL_S = 15.0
"""How long a stop waits for cancels, in seconds."""
NEEDS_PERSON = 78


class Ended(NamedTuple):
    """How a daemon came to its end.

    Attributes:
        exit_code: Of the process.
        reason: Why, on one line.
        questions: What was not settled then; None where nobody could say.
        entries: How many entries of each type the journal has.
    """

    exit_code: int
    reason: str
    questions: OpenQuestionsTold | None
    entries: dict[str, int]


def start(ready: Ready, opened: Opened, *, adopt: bool, hearing: Hearing = ON_STDERR) -> Running:
    """Start everything.

    Raises:
        ExecdError: The journal is about another account, or a person must look first.
    """

    def set_all_up() -> None:
        poor = () if opened.store.last_seq else unfunded(ready.loaded.settings)
        for note in (*set_up(ready), *poor):
            hearing.say(f"note: {note}")

    running = start_core(ready, opened, adopt=adopt, hearing=hearing, before=set_all_up)
    try:
        _start_beside(running, ready, hearing)
        control = Control(opened.store.path, Commands(running, sent_away=sent_away(ready.loaded.settings)).by_name())
        running.root.add("control", control.stop)
    except BaseException as error:
        running.root.fail("start", error)
        running.root.stop()
        raise
    return running


def _start_beside(running: Running, ready: Ready, hearing: Hearing) -> None:
    """Start the venues, then their prices."""
    running.spawn_beside(
        "venues",
        [
            live_exchange(seen, ready.loaded, ready.credentials[seen.venue], running.refs)
            for seen in ready.seen
            if seen.venue in ready.credentials
        ],
    )
    running.withdraw_at_failure()
    running.spawn_beside(
        "prices", [live_market(seen, ready.loaded, running.refs, say=hearing.say) for seen in ready.seen]
    )


def start_core(
    ready: Ready,
    opened: Opened,
    *,
    adopt: bool,
    hearing: Hearing = ON_STDERR,
    before: Callable[[], None] = lambda: None,
) -> Running:
    """Start the core, with all of its journal folded, and the cells that write. Nothing is placed at a venue yet.

    Args:
        ready: What was prepared.
        opened: The journal.
        adopt: Take what lies in an account as it is.
        hearing: Who hears what the daemon has to say.
        before: Done when the accounts were found to be the journal's, and before anything is written.

    Raises:
        ExecdError: The journal is about another account, or a person must look first.
    """
    settings = ready.loaded.settings
    records = tuple(accounts_of(opened.store.records(kinds=(AccountOpened,))).items())
    refuse_dropped_instruments(instruments_of(ready.models), opened.store.records(kinds=OF_INSTRUMENTS))
    if ready.script is not None:
        refuse_renamed_lines(ready.script, opened.store.records(kinds=(InstructionReceived,)))
    first = openings(ready.seen, dict(records), adopt=adopt) if ready.credentials else _paper_openings(ready, opened)
    before()
    clock, dead = SystemClock(), DeadLetters()
    root = Root(jitter=random.Random(), clock=clock)  # noqa: S311 - spreads restarts
    core = Core(
        supervisor=root.group("core", as_one=True),
        dead_letters=dead,
        clock=clock,
        jumps_to="engine",
        congestion_to="engine",
        limits=Limits(),
    )
    outward = Outward(core)
    running = Running(core=core, root=root, store=opened.store, outward=outward, dead=dead)
    now = Nanoseconds(clock.wall_ns())
    terms = Terms(
        price_ages={venue: chosen.max_price_age_ns for venue, chosen in settings.venues.items()},
        protection=_protection(settings),
        supports=supports(DIALECTS, ready.markets),
        hearing=hearing,
    )
    running.spawn_core(
        core_cells(
            settings,
            core,
            ready.models,
            ready.build,
            opened.store,
            namespace=opened.namespace,
            start=begun(opened.store.records(kinds=(RunStarted,))) or now,
            outward=outward,
            terms=terms,
        ).cells()
    )
    running.spawn_writer(LOG, hearing.log)
    running.spawn_writer(
        MARKET_RECORD,
        lambda: MarketRecorder(opened.store.path.parent, said=hearing.say),
        door=RecordDoor,
        waiting=SLICES,
    )
    running.start_core()
    running.begin(RunStarted(mode=settings.mode.type, start=now, end=None), *first)
    return running


def _protection(settings: Settings) -> dict[VenueName, Protection]:
    return {
        venue: Protection(
            max_slippage_bps=chosen.max_slippage_bps,
            max_slippage_cap_bps=chosen.max_slippage_cap_bps,
            min_book_share=chosen.min_book_share,
        )
        for venue, chosen in settings.venues.items()
    }


def _paper_openings(ready: Ready, opened: Opened) -> list[Opening]:
    """Return the balances that a paper journal begins with; it has its first entry together with them."""
    if opened.store.last_seq:
        return []
    return [
        Opening(account=account, asset=asset, amount=Amount(amount))
        for account, balances in sorted(ready.loaded.settings.accounts.items())
        for asset, amount in sorted(balances.items())
    ]


def wait(running: Running, *, stopped: Callable[[], str | None], done: Callable[[], bool]) -> str:
    """Wait for the end, and return why it came; empty after a failure (`Root.reason` says it).

    Args:
        running: What runs.
        stopped: Why it shall stop, or None.
        done: Whether nothing is left to be done.
    """
    while not running.root.failed.wait(TICK_S):
        if (why := stopped()) is not None:
            return why
        running.tick(time.time_ns())
        if done():
            return "done"
    return ""


def stop(running: Running, reason: str, *, cancel: bool) -> Ended:
    """Stop everything in order, and say how it stands.

    Args:
        running: What runs.
        reason: As `wait` returned it.
        cancel: Cancel all open orders first.
    """
    questions, told, journal = None, None, None
    if reason:
        try:
            if cancel:
                _cancel_all(running)
            questions = running.ask("engine", AskOpenQuestions())
            running.tell("position_monitor", MarkBook(final=True))
            told = running.ask("pnl", AskPnl())
            journal = running.ask("event_logger", AskJournal())
        except ExecdError:
            questions = None  # it failed on its way down; the exit code says so
    code = running.stop(_end(reason, told))
    entries = dict(journal.counts) if isinstance(journal, JournalTold) else {}
    if not reason or code:
        return Ended(code or 1, running.root.reason or "failed", questions, entries)
    return Ended(_exit_code(reason, questions), reason, questions, entries)


def _exit_code(reason: str, questions: OpenQuestionsTold | None) -> int:
    return NEEDS_PERSON if reason == "done" and questions is not None and questions.operator_needed else 0


def _end(reason: str, told: PnlTold | None) -> EndRun:
    return EndRun(
        outcome="done" if reason == "done" else "interrupted" if reason else "failed",
        reason="" if reason == "done" else reason,
        market_events=0,
        currency=CURRENCY,
        equity_start=None if told is None else told.equity_start,
        equity_end=None if told is None else told.equity_end,
    )


def _cancel_all(running: Running) -> None:
    """Cancel every open order, and wait a while for the venues' answers."""
    for venue, _, _ in running.venues():
        running.tell("engine", CancelAllInstruction(venue=venue))
    until = time.monotonic() + CANCEL_S
    while time.monotonic() < until and running.ask("engine", AskOpenQuestions()).open:
        running.root.failed.wait(TICK_S)
