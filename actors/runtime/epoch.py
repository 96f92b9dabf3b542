"""One epoch of a looped cell: from the building of its behaviour to its closing, with all that runs meanwhile."""

import asyncio
import enum
from asyncio import CancelledError
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

from actors.contract import LoopedActor, Tasks
from actors.errors import FatalError
from actors.runtime.clock import Clock
from actors.runtime.crashes import described
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Letter
from actors.runtime.task_context import fresh_context
from messages.base import MailClass, Message, Question


class RequestCrashedError(RuntimeError):
    """A message that somebody asked with was cancelled, or its handler tried to end the process; only they hear of it.

    The asker gets ordinary exceptions as they were raised. These would end, or cancel, the asker too.
    """


class Step(enum.Enum):
    """What the end of an epoch waits for."""

    GRACE = "messages in flight"
    CANCEL = "what was cancelled"
    CLOSE = "closing"


Patience = Mapping[Step, float]
"""How long each step may take at most, in seconds."""


@dataclass(slots=True)
class Counts:
    """What a cell counts through all its epochs."""

    worked: int = 0
    failed: int = 0
    strays: int = 0
    left: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the epochs of one cell have in common.

    Attributes:
        name: The cell's.
        factory: Builds a behaviour.
        clock: The time.
        dead_letters: Where goes what it can't work.
        in_flight: Messages that may be worked at once, control not counted.
        ready: Called when the epoch could take another message.
        counts: The cell's.
    """

    name: str
    factory: Callable[[Tasks], LoopedActor[Any]]
    clock: Clock
    dead_letters: DeadLetters
    in_flight: int
    ready: Callable[[], None]
    counts: Counts


class Request:
    """A letter that is being worked.

    Attributes:
        said: Its outcome is known to whom it concerns; what its task does later changes nothing.
    """

    __slots__ = ("began_ns", "context", "control", "letter", "said")

    def __init__(self, letter: Letter, context: Context, began_ns: int) -> None:
        self.letter = letter
        self.context = context
        self.began_ns = began_ns
        self.control = letter.message.mail is MailClass.CONTROL
        self.said = False


class Epoch:
    """Runs one behaviour (it is its `Tasks`). Made and used on the loop.

    Attributes:
        number: From 1.
        taking: The behaviour has started and takes messages.
        in_flight: Messages being worked, control not counted.
        oldest_ns: Monotonic time since which the oldest of them all is worked; None if there is none.
    """

    def __init__(self, number: int, terms: Terms, patience: Patience) -> None:
        self.number = number
        self.taking = False
        self.in_flight = 0
        self.oldest_ns: int | None = None
        self._terms = terms
        self._patience = patience
        self._behaviour: LoopedActor[Any] | None = None
        self._requests: dict[asyncio.Task[None], Request] = {}
        self._beside: dict[asyncio.Task[None], None] = {}  # no set: a simulation's order must not depend on addresses
        self._error: BaseException | None = None
        self._over = asyncio.Event()
        self._stopped = False
        self._cancelling = False
        self._step = Step.GRACE
        self._limit: asyncio.Timeout | None = None
        self._grace_ends: float | None = None

    # --- what its behaviour sees -------------------------------------------------------------------------------------

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Start a task that runs beside the messages."""
        if self._cancelling:
            work.close()
            raise RuntimeError(f"epoch {self.number} of {self._terms.name} is over: {name} can't be started")
        self._spawn_beside(work, name)

    def now_ns(self) -> int:
        """Return the wall clock in nanoseconds."""
        return self._terms.clock.wall_ns()

    # --- what its cell does with it ----------------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether only control is begun now."""
        return self.in_flight >= self._terms.in_flight

    def begin(self, letter: Letter) -> None:
        """Take a letter out of the mailbox: answer it, refuse it, or work it in a task of its own."""
        message = letter.message
        if isinstance(message, Question) and letter.reply_to is not None:
            self._answer(letter)
        elif isinstance(message, Message) and not isinstance(message, Question):
            self._begin(letter)
        elif letter.reply_to is not None:
            letter.fail(TypeError(f"{self._terms.name} takes messages, not {type(message).__name__}"))
        else:
            self._terms.dead_letters.add(self._terms.name, message, "not a message, or a question that nobody asked")

    def stop(self) -> None:
        """Take nothing more, and come to an orderly end."""
        self._stopped = True
        self.taking = False
        self._over.set()

    def hasten(self, patience: Patience) -> None:
        """A stop was asked for: from now on this is the patience, and the messages in flight share their part of it."""
        now = asyncio.get_running_loop().time()
        self._patience = patience
        self._grace_ends = now + patience[Step.GRACE]
        limit = self._limit
        if limit is not None and not limit.expired():
            limit.reschedule(min(limit.when() or now, now + patience[self._step]))

    async def run(self) -> BaseException | None:
        """Live, and return why it ended: None after `stop`."""
        cancelled: CancelledError | None = None
        try:
            self._behaviour = self._terms.factory(self)
            self._spawn_beside(self._start(self._behaviour), "started")
        except BaseException as error:  # noqa: BLE001 - a factory that calls sys.exit has crashed, and only it
            self._crash(error)
        try:
            await self._over.wait()
        except CancelledError as error:  # the host of the loop ends it: close all the same
            cancelled = error
            self.stop()
        await self._end()
        if cancelled is not None:
            raise cancelled
        return self._error

    # --- its life ----------------------------------------------------------------------------------------------------

    async def _start(self, behaviour: LoopedActor[Any]) -> None:
        await behaviour.started()
        if not self._over.is_set():
            self.taking = True
            self._terms.ready()

    def _crash(self, error: BaseException) -> None:
        """End, and say why. In an orderly end only what is fatal is still worth saying."""
        fatal = isinstance(error, FatalError)
        if (self._error is None and not self._stopped) or (fatal and not isinstance(self._error, FatalError)):
            self._error = error
        self.taking = False
        self._over.set()

    async def _end(self) -> None:
        await self._wait(self._requests, Step.GRACE)
        self._cancelling = True
        tasks = [*self._requests, *self._beside]
        for task in tasks:
            task.cancel(f"epoch {self.number} of {self._terms.name} ended")
        await self._wait(tasks, Step.CANCEL)
        # Those that never began, or won't be cancelled.
        for request in list(self._requests.values()):
            request.context.run(self._lost, request, CancelledError(f"epoch {self.number} ended"))
        await self._close()
        self._abandon([*self._requests, *self._beside])

    async def _close(self) -> None:
        if self._behaviour is None:
            return
        name = self._terms.name
        task = self._spawn(self._closing(self._behaviour), "closing", fresh_context(None, self.now_ns()))
        await self._wait([task], Step.CLOSE)
        if not task.done():
            self._trouble(TimeoutError(f"closing {name} took more than {self._patience[Step.CLOSE]:g} s"))
            task.cancel(f"closing {name} took too long")
            await self._wait([task], Step.CANCEL)
            self._abandon([task])

    async def _closing(self, behaviour: LoopedActor[Any]) -> None:
        try:
            await behaviour.closing()
        except BaseException as error:  # noqa: BLE001 - as above
            self._trouble(error)

    def _trouble(self, error: BaseException) -> None:
        """Closing went wrong: the error of an orderly end, no news in any other."""
        if self._error is None:
            self._error = error

    def _abandon(self, tasks: Collection[asyncio.Task[None]]) -> None:
        """Keep what won't end: the loop holds its tasks weakly."""
        left = self._terms.counts.left
        for task in tasks:
            if not task.done():
                left.add(task)
                task.add_done_callback(left.discard)

    async def _wait(self, tasks: Collection[asyncio.Task[None]], step: Step) -> None:
        """Wait until all are done, for as long as patience lasts."""
        waiting = [task for task in tasks if not task.done()]
        if not waiting:
            return
        until = asyncio.get_running_loop().time() + self._patience[step]
        if step is Step.GRACE and self._grace_ends is not None:
            until = min(until, self._grace_ends)
        self._step = step
        try:
            async with asyncio.timeout_at(until) as self._limit:
                await asyncio.wait(waiting)
        except TimeoutError:
            pass
        finally:
            self._limit = None

    # --- messages ----------------------------------------------------------------------------------------------------

    def _begin(self, letter: Letter) -> None:
        clock = self._terms.clock
        request = Request(letter, fresh_context(letter.cause, clock.wall_ns()), clock.monotonic_ns())
        if not self._requests:
            self.oldest_ns = request.began_ns
        self.in_flight += not request.control
        task = self._spawn(self._work(request), type(letter.message).__name__, request.context)
        self._requests[task] = request
        task.add_done_callback(self._done)

    async def _work(self, request: Request) -> None:
        behaviour, message = self._behaviour, request.letter.message
        if behaviour is None:  # pragma: no cover - nothing is taken before there is one
            raise AssertionError(self._terms.name)
        try:
            await (behaviour.control(message) if request.control else behaviour.receive(message))
        except BaseException as error:  # noqa: BLE001 - as above
            self._lost(request, error)
        else:
            if not request.said:
                request.said = True
                self._terms.counts.worked += 1
                request.letter.answer(None)

    def _lost(self, request: Request, error: BaseException) -> None:
        """A message crashed or was cancelled: that is its outcome."""
        if request.said or self._behaviour is None:
            return
        request.said = True
        self._terms.counts.failed += 1
        letter = request.letter
        try:
            self._behaviour.failed(letter.message, error)
        except BaseException as worse:  # noqa: BLE001 - as above
            if letter.reply_to is None:
                self._terms.dead_letters.add(self._terms.name, letter.message, "crashed")
            self._crash(worse)
        if isinstance(error, FatalError):
            self._crash(error)
        letter.fail(error if isinstance(error, Exception) else _harmless(error))

    def _done(self, task: asyncio.Task[None]) -> None:
        request = self._requests.pop(task)
        self.in_flight -= not request.control
        first = next(iter(self._requests.values()), None)
        self.oldest_ns = None if first is None else first.began_ns
        if self.taking:
            self._terms.ready()

    def _answer(self, letter: Letter) -> None:
        behaviour = self._behaviour
        if behaviour is None:  # pragma: no cover - as above
            raise AssertionError(self._terms.name)
        try:
            value = behaviour.answer(letter.message)
        except Exception as error:  # noqa: BLE001 - a question changes nothing, so only the asker hears of it
            letter.fail(error)
        else:
            letter.answer(value)

    # --- tasks -------------------------------------------------------------------------------------------------------

    def _spawn_beside(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._spawn(self._watch(work), name, fresh_context(None, self.now_ns()))
        self._beside[task] = None
        task.add_done_callback(self._beside.pop)
        # One that was cancelled before it began would complain that nobody awaited it.
        task.add_done_callback(lambda _: work.close())

    async def _watch(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except BaseException as error:  # noqa: BLE001 - as above
            if not (self._cancelling and isinstance(error, CancelledError)):
                self._crash(error)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str, context: Context) -> asyncio.Task[None]:
        loop = asyncio.get_running_loop()
        return loop.create_task(work, name=f"{self._terms.name}: {name}", context=context)


def _harmless(error: BaseException) -> RequestCrashedError:
    crashed = RequestCrashedError(described(error))
    crashed.__cause__ = error
    return crashed
