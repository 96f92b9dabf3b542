"""Everything that runs, started in its order: writer, core, venues, prices, control; stopped in the reverse one.

The core folds the journal before anything else runs. Between the core and the venues stands what closes the book: when
the venues have ended, and everything they said is worked, the last entry is written, and then the core ends.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from actors.contract import Actor, LoopedActor, Tasks
from actors.errors import ExecdError
from actors.journal.reader import JournalReader
from actors.journal.store import JournalStore
from actors.journal.writer import ThreadedWriter
from actors.runtime.asking import asked
from actors.runtime.core import Core
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.looped import LoopedRef, spawn_looped
from actors.runtime.mailbox import Limits
from actors.runtime.stepped import CellRef, Door
from actors.runtime.supervisor import Root
from actors.runtime.threaded import spawn_threaded
from messages.base import Message, Question
from messages.journal import Append, AskJournal, Durable, Entry, JournalTold, Record, RecordTogether
from messages.lifecycle import EndRun
from messages.live import CancelAll, FollowAgain
from messages.market import MarketSlice
from messages.units import Nanoseconds, Seq, VenueName
from ops.core_cells import CLOSERS, Factory
from ops.daemon.cells import WRITER, Outward

VENUE = "venue:"
"""What the names of venues' cells begin with."""
_ASK_S = 30.0
"""An answer of a cell is waited for so long, in seconds."""


class Beside(NamedTuple):
    """A looped cell beside the core: its name, and what builds its behaviour from an epoch's tasks."""

    name: str
    factory: Callable[[Tasks], LoopedActor[Any]]


class Running:
    """A daemon's cells.

    Attributes:
        refs: Of every cell, by name.
        root: The top of the tree: its `failed` is set when something ended that no restart can help.
        dead_letters: What nobody worked.
    """

    def __init__(self, *, core: Core, root: Root, store: JournalStore, outward: Outward, dead: DeadLetters) -> None:
        self.core = core
        self.root = root
        self.store = store
        self.dead_letters = dead
        self.refs: dict[str, CellRef] = outward.refs
        self._outward = outward
        self._end: EndRun | None = None
        self._ended = threading.Event()
        core.recovery = self._records
        self._writing = False

    # --- start -------------------------------------------------------------------------------------------------------

    def spawn_core(self, cells: Iterable[tuple[str, Factory]]) -> None:
        """Build the core's actors and fold the journal into them."""
        for name, factory in cells:
            self.refs[name] = self.core.spawn(name, factory, closer=name in CLOSERS)
        self.core.recover()

    def start_core(self) -> None:
        """Start the journal writer, then the core's own thread."""
        group = self.root.group("journal")
        outbox = Door(self.refs["outbox"])
        self.refs[WRITER] = spawn_threaded(
            WRITER,
            lambda: ThreadedWriter(store=self.store, outbox=outbox),
            supervisor=group,
            dead_letters=self.dead_letters,
        )
        self._writing = True
        self.core.start()
        self.root.add("the last entry", self._close)

    def spawn_beside(self, group: str, cells: Iterable[Beside], *, in_flight: int = 256) -> None:
        """Start looped cells, supervised one for one. None begins before all of them can be reached by their refs."""
        supervisor, reachable = self.root.group(group), threading.Event()
        try:
            for cell in cells:
                ref: LoopedRef = spawn_looped(
                    cell.name,
                    functools.partial(_built, cell.factory, reachable),
                    supervisor=supervisor,
                    dead_letters=self.dead_letters,
                    in_flight=in_flight,
                )
                self.refs[cell.name] = ref
        finally:
            reachable.set()

    def spawn_writer(
        self,
        name: str,
        factory: Callable[[], Actor[Any]],
        *,
        door: Callable[[CellRef], object] | None = None,
        waiting: int = 1_000,
    ) -> None:
        """Start a threaded cell that writes something which may be lost. Those that the core tells come before it.

        Args:
            name: Under which the core tells it.
            factory: Builds its behaviour.
            door: Makes what stands before it, where something does.
            waiting: Messages that may wait for it; more are dropped and counted.
        """
        ref = spawn_threaded(
            name,
            factory,
            supervisor=self.root.group(name),
            dead_letters=self.dead_letters,
            limits=Limits(telemetry=waiting),
        )
        self.refs[name] = ref
        if door is not None:
            self._outward.doors[name] = door(ref)

    # --- in between --------------------------------------------------------------------------------------------------

    def tell(self, name: str, message: Message) -> None:
        """Tell a cell."""
        self.refs[name].tell(message)

    def ask(self, name: str, question: Question | Message) -> Any:  # noqa: ANN401 - the answer's type goes with the question's
        """Ask a cell, and wait for the answer.

        Raises:
            NoAnswerError: It did not: the daemon is on its way down.
        """
        return asked(self.refs[name], question, timeout_s=_ASK_S)

    def tell_and_read(self, name: str, message: Message) -> list[Entry]:
        """Tell a cell of the core, and return what was journaled from then on until it had worked that.

        Raises:
            ExecdError: The daemon is on its way down.
        """
        before: JournalTold = self.ask("event_logger", AskJournal())
        self.ask(name, message)
        self.ask(WRITER, Append(rows=()))
        with JournalReader(self.store.path) as reader:
            return [record.entry for record in reader.records(after=before.seq)]

    def begin(self, *entries: Entry) -> None:
        """Put the start on record, and what lies in accounts that are new to the journal: all of it or nothing."""
        self.tell("event_logger", RecordTogether(entries=entries))

    def tick(self, at: int) -> None:
        """Let the strategy see the time, also when there is no news of prices."""
        self.tell("data_provider", MarketSlice(at=Nanoseconds(at)))

    def venues(self) -> Iterator[tuple[VenueName, CellRef, bool]]:
        """Yield each venue with its ref, and whether it runs beside the core and so has a control lane of its own."""
        for name, ref in self.refs.items():
            if name.startswith(VENUE):
                yield VenueName(name.removeprefix(VENUE)), ref, isinstance(ref, LoopedRef)

    def withdraw_at_failure(self) -> None:
        """See to it that what rests at the venues is cancelled should the journal fail: nobody records its fills then.

        To be called when the venues have been started, as they end after it.
        """
        self.root.add("what rests", self._withdraw)

    # --- end ---------------------------------------------------------------------------------------------------------

    def stop(self, end: EndRun) -> int:
        """Stop everything in the reverse order, write the last entry, and return the exit code."""
        self._end = end
        code = self.root.stop()
        self.store.close()
        return code

    def _withdraw(self, timeout_s: float) -> bool:
        """Cancel all by the control lane, past the core, if the journal has failed."""
        if not self.store.failed:
            return True
        started, done = time.monotonic(), True
        for venue, ref, is_beside in self.venues():
            if is_beside:
                left_s = max(0.0, timeout_s - (time.monotonic() - started))
                try:
                    asked(ref, CancelAll(venue=venue), timeout_s=left_s)
                except ExecdError:
                    done = False
        return done

    def _close(self, timeout_s: float) -> bool:
        """Write the last entry, when the venues have ended and before the core does."""
        if self._end is None or self.root.failed.is_set():
            return True
        try:
            # The end is read before all others that wait; what the venues said last is worked first.
            asked(self.refs["outbox"], Durable(seq=Seq(0)), timeout_s=timeout_s)
            asked(self.refs["engine"], self._end, timeout_s=timeout_s)
        except ExecdError:
            return False
        return True

    # --- recovery ----------------------------------------------------------------------------------------------------

    def _records(self) -> Iterable[Record]:
        """Return all that is journaled: at the start from the store, and after a crash when the writer is through."""
        if not self._writing:
            return self.store.records()
        asked(self.refs[WRITER], Append(rows=()), timeout_s=_ASK_S)  # behind everything that was handed to it
        self._follow_again()
        return _read(self.store.path)

    def _follow_again(self) -> None:
        """Have the core tell the venues again what to follow, when it is whole: the outbox has forgotten what waited.

        By another thread: what the core's own says while it is rebuilt is forgotten.
        """
        tell = self.refs["engine"].tell
        threading.Thread(target=tell, args=(FollowAgain(),), name="follow again", daemon=True).start()


def _built(factory: Callable[[Tasks], LoopedActor[Any]], reachable: threading.Event, tasks: Tasks) -> LoopedActor[Any]:
    reachable.wait()
    return factory(tasks)


def _read(path: Path) -> Iterable[Record]:
    with JournalReader(path) as reader:
        yield from reader.records()
