"""Small hand-written actors and messages, and one face for every runtime."""

import random
import threading
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from actors.contract import Actor, Address, LoopedActor, Tasks
from actors.errors import InvariantError
from actors.runtime.core import Core
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.looped import LoopedRef, spawn_looped
from actors.runtime.mailbox import Limits
from actors.runtime.stepped import CellRef
from actors.runtime.supervisor import Backoff, Group, Intensity, Root
from actors.runtime.threaded import spawn_threaded
from messages.base import Command, Event, MailClass, Message, Question, Telemetry
from messages.units import SECOND_NS

SOON = Backoff(first_s=0.001, longest_s=0.002)
PATIENCE_S = 20.0
"""No test waits so long unless it fails."""


class Say(Event, frozen=True, kw_only=True):
    n: int = 0
    who: str = ""


class Price(Event, frozen=True, kw_only=True):
    mail: ClassVar[MailClass] = MailClass.MARKET

    of: str
    n: int

    @property
    def conflation_key(self) -> str:
        return self.of


class Order(Command, frozen=True, kw_only=True):
    mail: ClassVar[MailClass] = MailClass.INSTRUCTION

    instruction_id: str = "a1"


class Control(Command, frozen=True, kw_only=True):
    mail: ClassVar[MailClass] = MailClass.CONTROL

    n: int = 0


class Chatter(Telemetry, frozen=True, kw_only=True):
    n: int = 0


class Boom(Event, frozen=True, kw_only=True):
    """Raise, as a fact: `times` times, then no more."""

    kind: str = "error"
    times: int = 1_000_000


class BoomOrder(Command, frozen=True, kw_only=True):
    """Raise, as an instruction."""

    mail: ClassVar[MailClass] = MailClass.INSTRUCTION

    kind: str = "error"


class Block(Event, frozen=True, kw_only=True):
    """Wait for `Probe.go`."""


class Sync(Event, frozen=True, kw_only=True):
    """Asked, it is answered when everything told before was worked. A question would overtake."""


class HowMany(Question, frozen=True, kw_only=True):
    pass


class BadQuestion(Question, frozen=True, kw_only=True):
    pass


class Told(Event, frozen=True, kw_only=True):
    count: int
    built: int


class Probe:
    """What tests see of actors, whichever thread those are on. Survives their rebuilds."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.built = 0
        self.booms = 0
        self.start_failures = 0
        self.stopped: list[str] = []
        self.go = threading.Event()
        self.entered = threading.Event()
        self.heard_enough = threading.Event()
        self.enough = 0
        self.entries: list[Message] = []

    def expect(self, count: int) -> None:
        """Let `wait` wait for so many messages."""
        self.enough = count
        if len(self.heard) >= count:
            self.heard_enough.set()

    def wait(self) -> None:
        assert self.heard_enough.wait(PATIENCE_S), f"heard only {len(self.heard)} of {self.enough}"


class Listener(Actor[Any]):
    """Hears, counts, and crashes when told to."""

    def __init__(self, probe: Probe, name: str = "listener") -> None:
        self.probe = probe
        self.name = name
        self.count = 0
        if probe.start_failures > 0:
            probe.start_failures -= 1
            raise OSError("can't start")
        probe.built += 1

    def receive(self, message: Any) -> None:  # noqa: ANN401 - hears everything
        probe = self.probe
        if isinstance(message, Sync):
            return
        if isinstance(message, Block):
            probe.entered.set()
            probe.go.wait(PATIENCE_S)
        if isinstance(message, BoomOrder) or (isinstance(message, Boom) and probe.booms < message.times):
            probe.booms += 1
            raise _error(message.kind)
        self.count += 1
        probe.heard.append(message)
        if probe.enough and len(probe.heard) >= probe.enough:
            probe.heard_enough.set()

    def answer(self, question: Question) -> Message:
        if isinstance(question, HowMany):
            return Told(count=self.count, built=self.probe.built)
        return super().answer(question)

    def stopping(self) -> None:
        self.probe.stopped.append(self.name)


class Logger(Actor[Any]):
    """Stands where the event logger stands."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def receive(self, message: Any) -> None:  # noqa: ANN401 - hears everything
        self.probe.entries.append(message)


class Ear:
    """An address that keeps what it is told, and can be waited for."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.told = threading.Event()

    def tell(self, message: Any) -> None:  # noqa: ANN401 - hears everything
        self.heard.append(message)
        self.told.set()

    def wait(self) -> Any:  # noqa: ANN401 - hears everything
        assert self.told.wait(PATIENCE_S)
        return self.heard[0]


class Handler(Actor[Any]):
    """Does what a function says, with the addresses that the function closes over."""

    def __init__(self, work: Callable[[Any], None]) -> None:
        self.receive = work  # type: ignore[method-assign, assignment]  # a double


def seeded(seed: int = 7) -> random.Random:
    """Return jitter that is the same each time."""
    return random.Random(seed)  # noqa: S311 - for waits, not for secrets


class FakeClock:
    """Set by the test."""

    def __init__(self, wall_ns: int = 1_000 * SECOND_NS) -> None:
        self.wall = wall_ns
        self.monotonic = 0

    def wall_ns(self) -> int:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.monotonic

    def pass_ns(self, ns: int) -> None:
        self.wall += ns
        self.monotonic += ns


class Runtime:
    """One face for every runtime. Cells are started by `spawn`; `settle` waits until everything told was worked."""

    restarts = 5
    repeats_facts = True
    """Whether a fact that crashed is worked again after the restart."""

    def __init__(self, root: Root, dead_letters: DeadLetters) -> None:
        self.root = root
        self.dead_letters = dead_letters
        self.probe = Probe()
        self.group = self.make_group()

    def make_group(self) -> Group:
        return self.root.group("group", intensity=Intensity(restarts=self.restarts, within_s=60), backoff=SOON)

    def listen(self, name: str = "listener") -> CellRef:
        return self.spawn(name, lambda: Listener(self.probe, name))

    def spawn(self, name: str, factory: Callable[[], Actor[Any]]) -> CellRef:
        raise NotImplementedError

    def settle(self, ref: CellRef) -> Told:
        ref.ask(Sync(), block=True, timeout=PATIENCE_S)
        answer = ref.ask(HowMany(), block=True, timeout=PATIENCE_S)
        assert isinstance(answer, Told)
        return answer

    def end(self) -> None:
        """Stop everything in order."""
        self.root.stop()


class CoreInline(Runtime):
    """Stepped cells, driven by the test's own thread."""

    def __init__(self, root: Root, dead_letters: DeadLetters) -> None:
        super().__init__(root, dead_letters)
        self.core = Core(supervisor=self.group, dead_letters=dead_letters)
        self.core.spawn("event_logger", lambda: Logger(self.probe))
        self.begin()

    def begin(self) -> None:
        self.root.add("core", self.core.stop)

    def spawn(self, name: str, factory: Callable[[], Actor[Any]]) -> CellRef:
        return self.core.spawn(name, factory)


class CoreInThread(CoreInline):
    """Stepped cells in the core's own thread."""

    def begin(self) -> None:
        """Start with the first spawn, as cells are spawned before the core starts."""

    def spawn(self, name: str, factory: Callable[[], Actor[Any]]) -> CellRef:
        ref = super().spawn(name, factory)
        self.core.start()
        return ref


class OwnThread(Runtime):
    """A threaded cell."""

    def spawn(self, name: str, factory: Callable[[], Actor[Any]], limits: Limits | None = None) -> CellRef:
        return spawn_threaded(name, factory, supervisor=self.group, dead_letters=self.dead_letters, limits=limits)


class OnLoop(LoopedActor[Any]):
    """A listener whose handlers are coroutines. It accounts for no crash, so each one ends the epoch."""

    def __init__(self, actor: Actor[Any]) -> None:
        self.actor = actor

    async def receive(self, message: Any) -> None:  # noqa: ANN401 - hears everything
        self.actor.receive(message)

    def answer(self, question: Question) -> Message:
        return self.actor.answer(question)

    async def closing(self) -> None:
        self.actor.stopping()


class OwnLoop(Runtime):
    """A looped cell with its own thread."""

    repeats_facts = False

    def spawn(self, name: str, factory: Callable[[], Actor[Any]], limits: Limits | None = None) -> LoopedRef:
        def on_loop(_: Tasks) -> OnLoop:
            return OnLoop(factory())

        return spawn_looped(name, on_loop, supervisor=self.group, dead_letters=self.dead_letters, limits=limits)


def told(address: Address[Any], messages: Iterable[Message]) -> None:
    """Tell many."""
    for message in messages:
        address.tell(message)


def _error(kind: str) -> BaseException:
    match kind:
        case "exit":
            return SystemExit(3)
        case "interrupt":
            return KeyboardInterrupt()
        case "invariant":
            return InvariantError("the book and the journal disagree")
        case _:
            return ValueError("boom")
