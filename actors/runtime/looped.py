"""A cell with one asyncio loop and a mailbox of its own, for what waits for others: many messages in flight at once.

It restarts inside, an epoch at a time: same ref, same mailbox, same loop.
"""

import asyncio
import contextlib
import decimal
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pykka
from pykka import ThreadingFuture

from actors.contract import LoopedActor, Tasks
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.crashes import Supervision
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.epoch import Counts, Epoch, Patience, Step, Terms
from actors.runtime.mailbox import Inbox, Letter, Limits, Stop
from actors.runtime.stepped import CellRef
from actors.runtime.task_context import fresh_context
from messages.lifecycle import Congested
from messages.units import CONTEXT

CANCEL_S = 1.0
"""What was cancelled may take so long to clean up, in seconds."""
CLOSE_S = 5.0
"""Closing may take so long, in seconds."""
_SHARES = {Step.GRACE: 0.4, Step.CANCEL: 0.1, Step.CLOSE: 0.25}
"""Of the time that a stop may take. A closing that hangs is cancelled, and so is what is left on the loop."""
_AT_ONCE = 1_000
"""Letters that are taken before the loop may do something else."""
_LAST_TURNS = 5
"""Of a loop, before it is closed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A looped cell as it stands.

    Attributes:
        epoch: Number of the present epoch, or of the last if there is none now.
        in_flight: Messages being worked, control not counted.
        waiting: Messages in the mailbox.
        worked: Messages whose handler came to its end, through all epochs.
        failed: Messages that crashed or were cancelled, through all epochs.
        restarts: Epochs that followed on a crash.
        oldest_ns: For how long the oldest message in flight has been worked, in nanoseconds; 0 if there is none.
        strays: Errors on the loop that belong to no message and no task of an epoch (a callback, a task that nobody
            waited for).
        left: Tasks of ended epochs that would not be cancelled and still run.
    """

    epoch: int
    in_flight: int
    waiting: int
    worked: int
    failed: int
    restarts: int
    oldest_ns: int
    strays: int
    left: int


class LoopedRef(CellRef):
    """The ref of a looped cell."""

    def __init__(self, cell: "LoopedCell") -> None:
        super().__init__(cell, cell.name)
        self.measured = cell.measured
        """Returns how the cell stands, from any thread, also when the loop is stuck or gone."""


def spawn_looped(  # noqa: PLR0913 - the wiring names each of them
    name: str,
    factory: Callable[[Tasks], LoopedActor[Any]],
    *,
    supervisor: Supervision,
    dead_letters: DeadLetters,
    clock: Clock | None = None,
    limits: Limits | None = None,
    congested: Callable[[Congested], None] | None = None,
    in_flight: int = 256,
    grace_s: float = 5.0,
    loop_factory: Callable[[], AbstractEventLoop] = asyncio.SelectorEventLoop,
) -> LoopedRef:
    """Start a looped cell with a thread of its own.

    `Door`s of its behaviour are built with a `TaskTurn`.

    Args:
        name: Unique under its root.
        factory: Builds the behaviour on the loop, at the start of each epoch.
        supervisor: The group that it belongs to.
        dead_letters: Where goes what it can't work.
        clock: The wall clock for its behaviour, and the monotonic one that ages are measured by. Waits are the loop's.
        limits: Of its mailbox.
        congested: Told when too many facts wait, and when they no longer do.
        in_flight: Messages that are worked at once; more wait in the mailbox. Control is begun at once and not counted.
        grace_s: How long messages in flight may still take when an epoch ends.
        loop_factory: Makes the loop, on the cell's thread.
    """
    terms = Wanted(name, factory, supervisor, dead_letters, clock or SystemClock(), in_flight, grace_s)
    return ThreadedLoop.start(terms, limits, congested, loop_factory)  # type: ignore[return-value]  # its ref's class


@dataclass(frozen=True, slots=True)
class Wanted:
    """The arguments that a looped cell takes with a thread as on a loop of others (hosted.py)."""

    name: str
    factory: Callable[[Tasks], LoopedActor[Any]]
    supervisor: Supervision
    dead_letters: DeadLetters
    clock: Clock
    in_flight: int
    grace_s: float


class LoopedCell(pykka.Actor):
    """Hosts one behaviour after the other on a loop. Only `ask_to_stop`, `measured` and `_wake` run elsewhere too."""

    def __init__(self, wanted: Wanted, limits: Limits | None, congested: Callable[[Congested], None] | None) -> None:
        name, supervisor, dead_letters = wanted.name, wanted.supervisor, wanted.dead_letters
        self.name = name
        self._supervisor = supervisor
        self._clock = wanted.clock
        self._counts = Counts()
        self._terms = Terms(
            name, wanted.factory, wanted.clock, dead_letters, wanted.in_flight, self._drain, self._counts
        )
        self._mailbox = Inbox(
            name,
            dead_letters=dead_letters,
            limits=limits,
            congested=congested,
            overflowed=lambda error: supervisor.escalate(name, error),
            woken=self._wake,
        )
        self._patience: Patience = {Step.GRACE: wanted.grace_s, Step.CANCEL: CANCEL_S, Step.CLOSE: CLOSE_S}
        self._loop: AbstractEventLoop | None = None
        self._woken = False
        self._epoch: Epoch | None = None
        self._number = 0
        self._restarts = 0
        self._stop_letter: Letter | None = None
        self._stopping = False
        self._hastened: Patience | None = None
        self._hurry = asyncio.Event()
        super().__init__()
        self.ref = LoopedRef(self)
        self._actor_ref: pykka.ActorRef[Any] = self.ref

    def __str__(self) -> str:
        return f"{self.name} ({self.actor_urn})"

    def _create_actor_inbox(self) -> Inbox:  # type: ignore[override]  # Pykka calls it on the instance
        return self._mailbox

    @staticmethod
    def _create_future() -> ThreadingFuture[Any]:
        return ThreadingFuture()

    def measured(self) -> Measured:
        """Return how the cell stands. Any thread may ask."""
        epoch, counts = self._epoch, self._counts
        oldest_ns = None if epoch is None else epoch.oldest_ns
        return Measured(
            epoch=self._number,
            in_flight=0 if epoch is None else epoch.in_flight,
            waiting=len(self._mailbox),
            worked=counts.worked,
            failed=counts.failed,
            restarts=self._restarts,
            oldest_ns=0 if oldest_ns is None else self._clock.monotonic_ns() - oldest_ns,
            strays=counts.strays,
            left=len(counts.left),
        )

    def ask_to_stop(self, within_s: float) -> None:
        """Put a stop behind everything that waits, to be obeyed in so many seconds."""
        self._patience = {step: min(old, _SHARES[step] * within_s) for step, old in self._patience.items()}
        self._mailbox.put(Letter(self.name, Stop()))

    # --- the mailbox -------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Let the loop look into the mailbox. Called by every sender, and by whoever closes the box."""
        loop = self._loop
        if loop is None or self._woken:
            return
        self._woken = True  # until the loop looks, which is after this letter was put
        try:
            loop.call_soon_threadsafe(self._drain, context=fresh_context(None, 0))
        except BaseException as error:
            self._woken = False
            # A loop that is gone has closed the box, or does so now, and that deals with the letter.
            if not (isinstance(error, RuntimeError) and loop.is_closed()):
                raise

    def _drain(self) -> None:
        """Begin what may begin."""
        self._woken = False
        mailbox = self._mailbox
        if mailbox.hurry.is_set():
            self._hasten()
        for _ in range(_AT_ONCE):
            epoch = self._epoch
            if epoch is None or not epoch.taking:
                return
            letter = mailbox.take(control_only=epoch.full)
            if letter is None:
                return
            if isinstance(letter.message, Stop):
                self._stop_letter = letter
                self._stop()
            else:
                epoch.begin(letter)
        self._wake()

    def _hasten(self) -> None:
        """A stop waits in the mailbox: whatever stands before it, it is obeyed when the time of grace is over."""
        if self._loop is None or self._hastened is self._patience:
            return
        self._hastened = self._patience
        self._loop.call_later(self._patience[Step.GRACE], self._stop, context=fresh_context(None, 0))
        self._hurry.set()
        if self._epoch is not None:
            self._epoch.hasten(self._patience)

    def _stop(self) -> None:
        """Take nothing more."""
        self._stopping = True
        self._hurry.set()
        if self._epoch is not None:
            self._epoch.stop()

    # --- epochs ------------------------------------------------------------------------------------------------------

    async def _live(self) -> BaseException | None:
        """Live epoch after epoch; return why the cell ends, None after an orderly stop."""
        self._loop = asyncio.get_running_loop()
        while not self._stopping:
            self._number += 1
            self._epoch = Epoch(self._number, self._terms, self._patience)
            self._wake()  # a stop may have come before there was somebody to hear of it
            try:
                error = await self._epoch.run()
            finally:
                self._epoch = None
            if error is None or self._stopping:
                return error
            verdict = self._supervisor.failed(self.name, error)
            if not verdict.restart:
                return error
            self._restarts += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(verdict.delay_s):
                    await self._hurry.wait()
        return None

    def _finish(self, error: BaseException | None) -> None:
        # Closed before anybody hears of it, so that whoever heard can't be left without an answer.
        pykka.ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()
        self._mailbox.close()
        if error is not None:
            self._supervisor.escalate(self.name, error)
        self._supervisor.gone(self.name, error)
        if self._stop_letter is not None:
            self._stop_letter.answer(None)


class ThreadedLoop(LoopedCell):
    """A looped cell with a thread of its own. Made by `spawn_looped`."""

    def __init__(
        self,
        wanted: Wanted,
        limits: Limits | None,
        congested: Callable[[Congested], None] | None,
        loop_factory: Callable[[], AbstractEventLoop],
    ) -> None:
        self._loop_factory = loop_factory
        # A wedged thread must not keep the process alive; the orderly stop is the root's business.
        self._thread = threading.Thread(target=self._actor_loop, name=wanted.name, daemon=True)
        super().__init__(wanted, limits, congested)

    def _start_actor_loop(self) -> None:
        self._supervisor.add(self.name, self.shut)
        self._thread.start()

    def shut(self, timeout_s: float) -> bool:
        """Let the cell begin what was put before, then end it. Return whether that took less than `timeout_s` seconds.

        What would take longer is cancelled. A loop that is stuck then takes nothing more, and ends when it moves again.
        """
        self.ask_to_stop(timeout_s)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._mailbox.close()
        return not self._thread.is_alive()

    def _actor_loop(self) -> None:
        decimal.setcontext(CONTEXT.copy())
        error: BaseException | None = None
        try:
            loop = self._loop_factory()
            loop.set_debug(False)
            loop.set_exception_handler(self._stray)
            try:
                error = self._drive(loop)
            finally:
                self._leave(loop)
        except BaseException as up:  # noqa: BLE001 - whatever ends the cell must be said
            error = error or up
        self._finish(error)

    def _drive(self, loop: AbstractEventLoop) -> BaseException | None:
        main = loop.create_task(self._live(), name=self.name)
        while True:
            try:
                return loop.run_until_complete(main)
            except (SystemExit, KeyboardInterrupt) as error:
                # Asyncio lets these out of the loop, whichever task or callback raised them. The loop can go on.
                if main.done():
                    return main.result()
                self._stray(loop, {"exception": error})

    def _stray(self, loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count; asyncio would log the text of an error, and that of a library may hold a signed address."""
        del loop, context
        self._counts.strays += 1

    def _leave(self, loop: AbstractEventLoop) -> None:
        """Cancel what is left on the loop and close it."""
        with contextlib.suppress(BaseException):
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel("the cell ended")
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=self._patience[Step.CANCEL]))
            loop.run_until_complete(asyncio.wait_for(loop.shutdown_asyncgens(), self._patience[Step.CANCEL]))
            loop.run_until_complete(_let_go(loop))
        loop.close()


async def _let_go(loop: AbstractEventLoop) -> None:
    """Break off connections that were closed and still wait for the other side to say that it knows (TLS does)."""
    # There is no public way to them: a library that closed one has forgotten it.
    left: Mapping[int, asyncio.WriteTransport] = getattr(loop, "_transports", {})
    for transport in list(left.values()):
        transport.abort()
    for _ in range(_LAST_TURNS):
        await asyncio.sleep(0)
