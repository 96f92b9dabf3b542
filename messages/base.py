"""The kinds of message, and how a full mailbox treats each.

A command is imperative and asks for something; an event is past tense and says what happened. Events that matter are
journal entries: the event logger stamps them, and folding them again gives every actor its state back.

A message is frozen all the way down, so it may be handed to any thread. ``gc=False`` is safe because a frozen value
made of frozen values cannot close a cycle. The id of a message's cause travels beside it, in the queue
(actors/contract.py).
"""

import enum
from typing import ClassVar

import msgspec


class MailClass(enum.Enum):
    """What happens to a message of this class when the mailbox it is for is full."""

    INSTRUCTION = "instruction"
    """Refused BUSY at the door."""
    MARKET = "market"
    """Conflated: the latest for each `conflation_key` stays."""
    FACT = "fact"
    """Never refused: new risk stops above a high-water mark, the process above a hard limit."""
    CONTROL = "control"
    """Never refused, and read before everything else."""
    TELEMETRY = "telemetry"
    """Dropped and counted."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True, tag_field="type"):
    """Anything that one actor says to another."""

    mail: ClassVar[MailClass] = MailClass.FACT

    @property
    def conflation_key(self) -> str:
        """The key under which a newer message of class MARKET replaces an older one."""
        return type(self).__name__


class Command(Message, frozen=True, kw_only=True):
    """Asks its receiver to do something."""


class Event(Message, frozen=True, kw_only=True):
    """Says that something happened. Journaled events are the `Entry` types of messages/journal.py."""


class Question(Message, frozen=True, kw_only=True):
    """Asked by the outside world (`ActorRef.ask`), never by an actor; answered at once and changes nothing."""

    mail: ClassVar[MailClass] = MailClass.CONTROL


class Telemetry(Message, frozen=True, kw_only=True):
    """Worth counting, not worth waiting for."""

    mail: ClassVar[MailClass] = MailClass.TELEMETRY
