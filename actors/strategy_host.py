"""The host of the user's strategy: the one actor that runs code we did not write.

What a strategy returns becomes instructions, each worked in a turn of its own. What it raises is either the end of the
run, or (``on_error = "skip"``) an `InputSkipped`: then what it returned for that input is nothing, and it goes on with
the state it had: rebuilt from its last snapshot, built anew if stateless, and as it is if its state changes in `apply`
alone. An exception in `apply` or `restore` always ends the run, since folding would meet it again.
"""

import inspect
import traceback
from collections.abc import Callable, Iterable
from contextvars import copy_context
from decimal import setcontext
from pathlib import PurePath
from typing import TypeVar, get_args

import msgspec

from actors.contract import Actor, Address, Turn
from actors.errors import InputChangedError, StrategyError
from actors.ledger import Ledger
from actors.strategies.contract import OwnEvent, Strategy, StrategyContext, memory_of
from messages.book import Opening, PnlUpdated
from messages.instructions import (
    AmendRefused,
    CancelRefused,
    Instruction,
    InstructionReceived,
    InstructionRefused,
    InstructionRepeated,
)
from messages.journal import Record
from messages.lifecycle import InputSkipped, StrategySaved
from messages.live import BalanceAdjusted, ForeignTrade, OpeningPosition, VenueSettled, VenueStarted
from messages.market import MarketSlice
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
from messages.units import CONTEXT

HostMessage = (
    MarketSlice
    | PnlUpdated
    | OrderAccepted
    | OrderRejected
    | OrderTriggered
    | OrderAmended
    | AmendRejected
    | AmendRefused
    | CancelRejected
    | CancelRefused
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
    | InstructionRefused
    | InstructionRepeated
    | VenueStarted
    | VenueSettled
)

_SEEN_TO = {MarketSlice, PnlUpdated, VenueStarted, VenueSettled}
_HEARD = tuple(kind for kind in get_args(HostMessage) if kind not in _SEEN_TO)
_NOT_HEARD = (Opening, OpeningPosition, ForeignTrade, BalanceAdjusted)  # facts that no instruction of ours brought
_JOURNALED = tuple(kind for kind in get_args(OwnEvent) if kind is not InstructionRepeated)

M = TypeVar("M", bound=MarketSlice | OwnEvent)


_RAISED = (Exception, SystemExit)  # a strategy that leaves the process has raised, too


class StrategyHost(Actor[HostMessage]):
    """Shows the strategy what happens, and passes on what it wants.

    Args:
        build: Makes the strategy.
        context: The strategy's; the host keeps its totals and numbering right.
        skip_errors: Go on when the strategy raises.
        engine: Gets the instructions.
        log: Gets snapshots and skipped inputs.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        build: Callable[[StrategyContext], Strategy],
        context: StrategyContext,
        skip_errors: bool,
        engine: Address[Instruction],
        log: Address[StrategySaved | InputSkipped],
    ) -> None:
        self._turn = turn
        context.forget()
        self._folded = Ledger(context.instruments)  # only `apply` books here
        self._folded_to = 0  # what stands in the journal up to here was applied when the state was built
        self._build = build
        self._context = context
        self._skip_errors = skip_errors
        self._engine = engine
        self._log = log
        # The user's code computes in a context of its own: what it sets there must not change the book.
        self._theirs = copy_context()
        self._theirs.run(setcontext, CONTEXT.copy())
        self._strategy = self._built()
        memory = memory_of(self._strategy)
        self._applies = memory == "apply"
        self._snaps = memory == "snapshot"
        self._saved: str | None = None
        self.handlers = {
            MarketSlice: self._see,
            PnlUpdated: self._updated,
            VenueStarted: self._venue_started,
            VenueSettled: self._venue_settled,
            **dict.fromkeys(_HEARD, self._hear),
        }

    @property
    def strategy(self) -> Strategy:
        """The user's object as it is now, to be looked at only."""
        return self._strategy

    def _see(self, market: MarketSlice) -> None:
        self._run(market, self._strategy.on_slice)

    def _updated(self, update: PnlUpdated) -> None:
        context = self._context
        context.pnl = update
        context.booked(update.balances, update.position)
        fact = update.fact
        if not isinstance(fact, _NOT_HEARD):
            self._hear(fact)

    def _venue_started(self, started: VenueStarted) -> None:
        self._context.unsettled.add(started.venue)

    def _venue_settled(self, settled: VenueSettled) -> None:
        self._context.unsettled.discard(settled.venue)

    def _hear(self, event: OwnEvent) -> None:
        if self._applies and not self._was_folded(event):
            self._guarded(lambda: self._strategy.apply(event))  # type: ignore[attr-defined]  # memory_of looked
        self._run(event, self._strategy.on_event)

    def _was_folded(self, event: OwnEvent) -> bool:
        """Return whether `apply` must not see the event: it is not journaled, or was folded with the journal."""
        cause = self._turn.cause
        return isinstance(event, InstructionRepeated) or (cause is not None and cause <= self._folded_to)

    def apply(self, record: Record) -> None:
        self._folded_to = record.seq
        entry = record.entry
        if change := self._folded.fold(record):
            self._context.booked(change.balances, change.position)
        if isinstance(entry, VenueStarted):
            self._venue_started(entry)  # what was settled then is not settled for those who fold it
        elif isinstance(entry, InstructionReceived):
            self._context.saw(entry.instruction_id)
        elif isinstance(entry, StrategySaved):
            self._saved = entry.state
            self._restore()
        elif self._applies and isinstance(entry, _JOURNALED):
            self._guarded(lambda: self._strategy.apply(entry))  # type: ignore[attr-defined]

    def _run(self, message: M, react: Callable[[M], Iterable[Instruction]]) -> None:
        """Let the strategy react, and pass on what it wants."""
        try:
            instructions, state = self._theirs.run(self._reaction, message, react)
        except InputChangedError:
            raise  # not the strategy's fault, and nothing to skip
        except _RAISED as error:
            blame = _blame(error, self._strategy)
            if not self._skip_errors:
                raise blame from error
            self._log.tell(InputSkipped(input=type(message).__name__, error=str(blame), where=blame.where))
            if not self._applies:
                self._strategy = self._built()
                self._restore()
            return
        for instruction in instructions:
            self._engine.tell(instruction)
        if state is not None and state != self._saved:
            self._saved = state
            self._log.tell(StrategySaved(state=state))

    def _reaction(
        self, message: M, react: Callable[[M], Iterable[Instruction]]
    ) -> tuple[tuple[Instruction, ...], str | None]:
        """Return what the strategy wants, and its state where it has one to keep."""
        wanted = react(message)
        # One by one: the context knows the one that it has just made.
        instructions = tuple([self._context.check_any(each) for each in wanted]) if wanted else ()
        return instructions, self._snapshot() if self._snaps else None

    def _snapshot(self) -> str:
        state = self._strategy.snapshot()  # type: ignore[attr-defined]  # memory_of looked
        return msgspec.json.encode(state, order="sorted").decode()

    def _restore(self) -> None:
        if self._snaps and self._saved is not None:
            state = msgspec.json.decode(self._saved)
            self._guarded(lambda: self._strategy.restore(state))  # type: ignore[attr-defined]

    def _built(self) -> Strategy:
        try:
            return self._theirs.run(self._build, self._context)
        except _RAISED as error:
            raise _blame(error, None) from error

    def _guarded(self, change: Callable[[], None]) -> None:
        """Change the strategy's state; what it raises here can't be skipped."""
        try:
            self._theirs.run(change)
        except _RAISED as error:
            raise _blame(error, self._strategy) from error


def _blame(error: BaseException, strategy: Strategy | None) -> StrategyError:
    """Return the error with the file and line of the strategy's own code that it came through last."""
    frames = traceback.extract_tb(error.__traceback__)
    own = None if strategy is None else getattr(inspect.getmodule(type(strategy)), "__file__", None)
    frame = next((each for each in reversed(frames) if each.filename == own), frames[-1])
    where = f"{PurePath(frame.filename).name}:{frame.lineno}"  # by base name: it stands in the journal
    return StrategyError(f"{type(error).__name__}: {error}", where=where)
