"""What an actor is, to itself and to the runtime.

An actor's behaviour is a plain object: messages in by `receive`, messages out by the addresses it was built with. It
has no thread, no clock, no ids and no randomness of its own; the runtime hands them in. A cell (actors/runtime/) hosts
it.

The journal is how an actor gets its state back: after a crash the runtime builds a new behaviour and gives every
journaled entry to `apply`, which changes state as the first time and says nothing. So whatever an actor must not forget
changes only in ways that `apply` can repeat.
"""

from collections.abc import Callable, Mapping
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
