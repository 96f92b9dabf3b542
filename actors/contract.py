"""What an actor is, to itself and to the runtime.

An actor's behaviour is a plain object: messages in by `receive`, messages out by the addresses it was built with. It
has no thread, no clock, no ids and no randomness of its own; the runtime hands them in. A cell (actors/runtime/) hosts
it.

The journal is how an actor gets its state back: after a crash the runtime builds a new behaviour and gives every
journaled entry to `apply`, which changes state as the first time and says nothing. So whatever an actor must not forget
changes only in ways that `apply` can repeat.

A looped actor is a behaviour of coroutines, for what must wait for others over and over: many of its messages are
worked at once. It lives for one epoch and forgets everything at its end.
"""

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from messages.base import Message, Question
from messages.journal import Record
from messages.market import MarketSlice
from messages.units import Nanoseconds, Seq

M = TypeVar("M", bound=Message)
M_contra = TypeVar("M_contra", bound=Message, contravariant=True)


class Address(Protocol[M_contra]):
    """Where messages for one actor go. Outlives every crash of the actor behind it."""

    def tell(self, message: M_contra) -> None:
        """Send, and never wait. What is sent carries the id of the cause that the sender is working on."""


class Turn:
    """The input that is being worked, as its actors may see it. One for each cell thread.

    Attributes:
        at: The time of the whole turn, in nanoseconds.
        cause: Sequence number of the entry that what is said now comes from; None at the start of things. The event
            logger moves it on.
    """

    __slots__ = ("at", "cause")

    def __init__(self) -> None:
        self.at = Nanoseconds(0)
        self.cause: Seq | None = None


class Timers(Protocol):
    """Wake me later. A timer comes back as `TimerFired`, in a turn of its own."""

    def set(self, timer_id: str, due: Nanoseconds) -> None:
        """Set or move the timer with this id; at most one is pending under an id."""

    def cancel(self, timer_id: str) -> None:
        """Forget it; unknown ids are no error."""


class Actor(Generic[M]):
    """Behaviour of one actor.

    Attributes:
        handlers: For actors on the hot path: which method works which class of message, in place of `receive`. A cell
            may call the method itself.
    """

    handlers: Mapping[type[Message], Callable[[Any], object]] = MappingProxyType({})

    def receive(self, message: M) -> None:
        """Work one message. An exception is a crash of the turn, or of the cell."""
        self.handlers[type(message)](message)

    def answer(self, question: Question) -> Message:
        """Answer a question of the outside world from the present state, changing nothing."""
        raise TypeError(f"{type(self).__name__} has no answer to {type(question).__name__}")

    def apply(self, record: Record) -> None:
        """Fold one journaled entry into the state. Pure: says nothing, sets no timer. Stateless actors ignore it."""

    def apply_market(self, market: MarketSlice) -> None:
        """Take over the last known prices after a rebuild (they are not in the journal). Says nothing."""

    def turn_ended(self) -> None:
        """The turn is coming to its end: say what was gathered for it. Called only on actors spawned as closers."""

    def stopping(self) -> None:
        """The last call: close what was opened."""


class Tasks(Protocol):
    """What an epoch of a looped cell offers to its behaviour. Waiting is `asyncio.sleep` and the loop's own timers.

    Attributes:
        number: Of the epoch, from 1; one whose behaviour could not be built has counted too.
    """

    number: int

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Start a task that runs beside the messages. If it raises, the epoch has crashed; it may end, or run for ever.

        It is cancelled when the epoch ends, after the messages in flight were let to their end.

        Raises:
            RuntimeError: The epoch is over; `work` is closed and never begins.
        """

    def now_ns(self) -> int:
        """Return the wall clock in nanoseconds, as the runtime reads it."""


class LoopedActor(Generic[M]):
    """Behaviour of one actor on an asyncio loop. Its state is touched on the loop only, so between two awaits it holds.

    A crash of one message is that message's outcome. A crash of the epoch - of `started`, of a task, of `failed`, or a
    `FatalError` wherever it is raised - ends the epoch: no message is taken, those in flight get a time of grace and
    are then cancelled, `closing` is called, and after the supervisor's delay the cell builds the behaviour of the next
    epoch. What waits in the mailbox waits for it.
    """

    async def started(self) -> None:
        """Open what messages need. None is taken before it returns; what may take long belongs in a task."""

    async def receive(self, message: M) -> None:
        """Work one message, in a task of its own. Tasks begin in the order of the mailbox and run beside each other."""
        raise TypeError(f"{type(self).__name__} has no way to work {type(message).__name__}")

    async def control(self, message: M) -> None:
        """Work one message of class CONTROL: begun before all others that wait, however many are in flight."""
        await self.receive(message)

    def failed(self, message: M, error: BaseException) -> None:
        """Say the outcome of a message that crashed, or was cancelled (`CancelledError`) at the end of its epoch.

        Raising makes it a dead letter and the epoch a crashed one; so does a behaviour without this method.
        """
        del message
        raise error

    def answer(self, question: Question) -> Message:
        """Answer a question of the outside world from the present state, changing nothing."""
        raise TypeError(f"{type(self).__name__} has no answer to {type(question).__name__}")

    async def closing(self) -> None:
        """Close what was opened: the last call, once, at the end of every epoch, also of one whose start failed.

        Bounded in time: one that hangs is cancelled.
        """
