"""A stepped cell, and the ref by which the outside reaches any cell."""

import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import pykka
from pykka import ThreadingFuture

from actors.contract import Actor, Turn
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Letter, Offer
from messages.base import Message
from messages.instructions import InstructionRefused
from messages.units import Seq


class Mailbox(Protocol):
    """What a ref puts letters into."""

    def put(self, envelope: Any, /) -> None:  # noqa: ANN401 - Pykka's envelopes are untyped
        """Take a letter or an envelope of Pykka's; never refuse silently."""

    def get(self) -> Any:  # noqa: ANN401 - as above
        """Take the next one; only the cell itself does."""

    def empty(self) -> bool:
        """Tell whether nothing waits."""

    def offer(self, letter: Letter) -> Offer:
        """Take a letter, or say why not."""


class CellRef(pykka.ActorRef[Any]):
    """A Pykka ref that loses nothing: what is told to a dead cell becomes a dead letter instead of an exception."""

    def __init__(self, cell: Any, name: str) -> None:  # noqa: ANN401 - any kind of cell
        super().__init__(cell)
        self.name = name
        self._mailbox: Mailbox = cell.actor_inbox

    def tell(self, message: Any, cause: Seq | None = None) -> None:  # noqa: ANN401 - Pykka's signature
        """Send and never wait.

        Args:
            message: What to send. An instruction that finds the mailbox full becomes a dead letter: use `offer`.
            cause: Journal entry that it comes from.
        """
        self._mailbox.put(Letter(self.name, message, None, cause))

    def offer(self, message: Message, cause: Seq | None = None) -> InstructionRefused | None:
        """Send; return None if it was taken, or the refusal (code BUSY) for whoever gave the instruction.

        Nothing of a refused instruction is journaled: the core never saw it.
        """
        letter = Letter(self.name, message, None, cause)
        if self._mailbox.offer(letter) is Offer.BUSY:
            return letter.refusal()
        return None


class Door:
    """An address for senders outside the core (`actors.contract.Address`): what they say carries their own cause.

    Args:
        ref: Whom it leads to.
        turn: The sender's turn; None for a sender that works on no journal entry.
    """

    __slots__ = ("_ref", "_turn")

    def __init__(self, ref: pykka.ActorRef[Any], turn: Turn | None = None) -> None:
        self._ref = ref
        self._turn = turn

    def tell(self, message: Message) -> None:
        """Send and never wait."""
        ref = self._ref
        if isinstance(ref, CellRef):
            ref.tell(message, None if self._turn is None else self._turn.cause)
        else:
            ref.tell(message)


_NO_TABLE: Mapping[type[Any], Callable[[Any], object]] = MappingProxyType({})


class Handlers(dict[type, Callable[[Any], object]]):
    """Which method of a behaviour works which class of message: that of its own table, else its `receive`.

    Letters in the queue carry this object, so it outlives the behaviour.
    """

    __slots__ = ("_receive",)

    def __init__(self, receive: Callable[[Any], object]) -> None:
        super().__init__()
        self._receive = receive

    def take_over(
        self, receive: Callable[[Any], object], table: Mapping[type[Any], Callable[[Any], object]] = _NO_TABLE
    ) -> None:
        """Lead to another behaviour from now on."""
        self.clear()
        self._receive = receive
        self.update(table)

    def __missing__(self, kind: type[Any]) -> Callable[[Any], object]:
        self[kind] = self._receive
        return self._receive


class Place:
    """Where a stepped cell stands in the core. There before the cell is spawned, so that addresses may go in circles.

    Attributes:
        handlers: The present behaviour's own methods; the core calls nothing else for a message.
        closer: It gets `turn_ended`.
        durable: Its behaviour survives a rebuild of the core.
    """

    __slots__ = ("behaviour", "cell", "closer", "durable", "factory", "handlers", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.cell: SteppedCell | None = None
        self.factory: Callable[[], Actor[Any]] | None = None
        self.behaviour: Actor[Any] | None = None
        self.handlers = Handlers(self._nobody)
        self.closer = False
        self.durable = False

    def _nobody(self, message: Message) -> None:
        raise LookupError(f"{type(message).__name__} was told to {self.name}, which was never spawned")


class SteppedCell(pykka.Actor):
    """A registered Pykka actor without a thread: the core works its messages."""

    def __init__(self, place: Place, post: Callable[[Letter], Offer], dead_letters: DeadLetters) -> None:
        self.place = place
        self._post = post
        self._dead_letters = dead_letters
        super().__init__()
        self._actor_ref: pykka.ActorRef[Any] = CellRef(self, place.name)

    def __str__(self) -> str:
        return f"{self.place.name} ({self.actor_urn})"

    def _create_actor_inbox(self) -> "SteppedInbox":  # type: ignore[override]  # Pykka calls it on the instance
        return SteppedInbox(self.place.name, self._post, self._dead_letters)

    @staticmethod
    def _create_future() -> ThreadingFuture[Any]:
        return ThreadingFuture()

    def _start_actor_loop(self) -> None:
        # The core is the loop. A ref holds its actor weakly, so the place keeps it alive.
        self.place.cell = self


class SteppedInbox:
    """What comes from outside to a stepped cell goes to the core."""

    def __init__(self, name: str, post: Callable[[Letter], Offer], dead_letters: DeadLetters) -> None:
        self._name = name
        self._dead_letters = dead_letters
        self.offer = post

    def put(self, envelope: Any, /) -> None:  # noqa: ANN401 - Pykka's envelopes are untyped
        """Hand a letter to the core; a refused instruction is answered, or becomes a dead letter."""
        letter = Letter.of(envelope, self._name)
        if self.offer(letter) is Offer.BUSY:
            letter.refuse(self._dead_letters)

    def get(self) -> Any:  # noqa: ANN401 - Pykka's signature
        """Never called: the core has the letters."""
        raise NotImplementedError

    def empty(self) -> bool:
        """Nothing waits here."""
        return True


def stopped_quietly(behaviour: Actor[Any]) -> None:
    """Call `stopping` on a behaviour that has crashed: its trouble with that is no news."""
    with contextlib.suppress(Exception):
        behaviour.stopping()
