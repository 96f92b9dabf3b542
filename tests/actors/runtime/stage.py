"""A looped cell in virtual time, with a behaviour that does what its messages say and notes it with the second."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from actors.contract import LoopedActor, Tasks
from actors.errors import InvariantError
from actors.runtime.crashes import Verdict
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.hosted import host_looped
from actors.runtime.stepped import Door
from actors.runtime.task_context import TaskTurn
from actors.runtime.virtual_time import VirtualClock, run_virtually
from messages.base import Command, Event, MailClass, Message, Question
from messages.units import SECOND_NS
from tests.actors.runtime.doubles import HowMany, Told

DELAY_S = 10
"""The judge's wait before a restart."""


class Work(Event, frozen=True, kw_only=True):
    """Take `s` seconds, then end, or crash as `kind` says. A `stubborn` one is not to be cancelled."""

    n: int
    s: int = 0
    kind: str = ""
    stubborn: bool = False


class Urgent(Command, frozen=True, kw_only=True):
    """As `Work`, on the control lane."""

    mail: ClassVar[MailClass] = MailClass.CONTROL

    n: int
    s: int = 0
    kind: str = ""
    stubborn: bool = False


class Beside(Event, frozen=True, kw_only=True):
    """Start a task beside the messages that takes `s` seconds, then ends, or crashes as `kind` says."""

    s: int = 0
    kind: str = ""


class Judge:
    """A supervisor that allows so many restarts."""

    def __init__(self, restarts: int = 9) -> None:
        self.restarts = restarts
        self.crashes: list[str] = []
        self.escalated: list[str] = []
        self.ends: list[BaseException | None] = []

    def add(self, name: str, stop: Callable[[float], bool]) -> None:
        raise AssertionError(f"a hosted cell is not the root's: {name} {stop}")

    def failed(self, name: str, error: BaseException) -> Verdict:
        assert name == "venue"
        self.crashes.append(type(error).__name__)
        return Verdict(restart=len(self.crashes) <= self.restarts, delay_s=DELAY_S)

    def escalate(self, name: str, error: BaseException) -> None:
        assert name == "venue"
        self.escalated.append(type(error).__name__)

    def gone(self, name: str, error: BaseException | None) -> None:
        assert name == "venue"
        self.ends.append(error)


class Stage:
    """The cell with all around it.

    Attributes:
        said: What the behaviours noted, each with the virtual second.
        start_s: How long `started` takes; `start_fails` so many times it raises then, `build_fails` the factory.
        close_s: How long `closing` takes; it raises then if `close_kind` says how.
        accounts: Whether `failed` says the outcome, rather than raise.
    """

    def __init__(self, clock: VirtualClock, *, in_flight: int = 256, judge: Judge | None = None) -> None:
        self.clock = clock
        self.judge = judge or Judge()
        self.dead_letters = DeadLetters()
        self.said: list[str] = []
        self.start_s = self.start_fails = self.build_fails = self.close_s = 0
        self.close_kind = ""
        self.accounts = True
        self.ear: list[tuple[object, object]] = []
        self.cell = host_looped(
            "venue",
            self._build,
            supervisor=self.judge,
            dead_letters=self.dead_letters,
            clock=clock,
            in_flight=in_flight,
            grace_s=5.0,
        )
        self.ref = self.cell.ref
        self.door = Door(self.ref, TaskTurn())

    def note(self, what: str) -> None:
        self.said.append(f"{self.clock.passed_ns / SECOND_NS:g} {what}")

    def tell(self, *messages: Message) -> None:
        for message in messages:
            self.ref.tell(message)

    @property
    def dead(self) -> list[tuple[object, str]]:
        return [(each.message, each.reason) for each in self.dead_letters.recent]

    def _build(self, tasks: Tasks) -> "Venue":
        if self.build_fails > 0:
            self.build_fails -= 1
            raise OSError("can't be built")
        return Venue(self, tasks)


class Venue(LoopedActor[Any]):
    """The behaviour."""

    def __init__(self, stage: Stage, tasks: Tasks) -> None:
        self.stage = stage
        self.tasks = tasks
        self.count = 0

    async def started(self) -> None:
        stage = self.stage
        await asyncio.sleep(stage.start_s)
        if stage.start_fails > 0:
            stage.start_fails -= 1
            raise OSError("can't start")
        stage.note(f"started {self.tasks.number}")

    async def receive(self, message: Any) -> None:  # noqa: ANN401 - hears everything
        match message:
            case Work() | Urgent():
                await self._work(message)
            case Beside():
                self.tasks.start(self._beside(message), name="beside")
            case _:
                await super().receive(message)

    def failed(self, message: Any, error: BaseException) -> None:  # noqa: ANN401 - as above
        if not self.stage.accounts:
            super().failed(message, error)
        self.stage.note(f"failed {message.n} {type(error).__name__}")

    def answer(self, question: Question) -> Message:
        if isinstance(question, HowMany):
            return Told(count=self.count, built=self.tasks.number)
        return super().answer(question)

    async def closing(self) -> None:
        self.stage.note(f"closing {self.tasks.number}")
        await asyncio.sleep(self.stage.close_s)
        crash(self.stage.close_kind)
        self.stage.note(f"closed {self.tasks.number}")

    async def _work(self, message: Work | Urgent) -> None:
        self.count += 1
        self.stage.note(f"begin {message.n}")
        until = self.stage.clock.passed_ns + message.s * SECOND_NS
        while (left := until - self.stage.clock.passed_ns) > 0:
            try:
                await asyncio.sleep(left / SECOND_NS)
            except asyncio.CancelledError:
                if not message.stubborn:
                    raise
        crash(message.kind)
        self.stage.note(f"end {message.n}")

    async def _beside(self, message: Beside) -> None:
        await asyncio.sleep(message.s)
        crash(message.kind)
        self.stage.note("beside ended")


def crash(kind: str) -> None:
    """Raise what `kind` says; nothing if it is empty."""
    errors = {
        "error": ValueError("boom"),
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "cancelled": asyncio.CancelledError(),
        "fatal": InvariantError("the book and the journal disagree"),
    }
    if kind:
        raise errors[kind]


def play(script: Callable[[Stage], Coroutine[Any, Any, None]], **stage: Any) -> Stage:  # noqa: ANN401 - of Stage
    """Run a script beside the cell, then stop the cell; return the stage as it is left."""

    async def on(clock: VirtualClock) -> Stage:
        made = Stage(clock, **stage)
        await script(made)
        await made.cell.stop()
        return made

    return run_virtually(on)
