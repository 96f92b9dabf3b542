"""What waits for a cell, and what happens, by class of message, when too much does.

Two lanes: control first, everything else in the order it came. Closing and putting share a lock, so a message is either
worked, or answered and counted as a dead letter; none is lost between.
"""

import enum
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pykka import ActorDeadError
from pykka.messages import _ActorStop as Stop

from actors.errors import FatalError
from actors.runtime.dead_letters import DeadLetters
from messages.base import MailClass, Message
from messages.instructions import Code, InstructionRefused
from messages.lifecycle import Congested
from messages.units import InstructionId, Seq

__all__ = ["Inbox", "Letter", "Limits", "MailboxOverflowError", "Offer", "Stop"]


class MailboxOverflowError(FatalError):
    """More facts wait than a mailbox may hold. None was refused; the process ends and recovers from the journal."""

    exit_code = 1


class Offer(enum.Enum):
    """What became of a letter at the door."""

    TAKEN = "taken"
    CONFLATED = "conflated"
    """It took the place of an older one."""
    BUSY = "busy"
    """An instruction, and too many wait already. It was not taken."""
    DROPPED = "dropped"
    """Telemetry, counted."""
    CLOSED = "closed"
    """Nobody is there any more; the letter was answered, or became a dead letter."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages of a class may wait.

    Attributes:
        instructions: More are refused BUSY.
        market: So many wait one by one; from then on a newer one takes the place of an older of the same key.
        high_water: Facts above which `Congested` is told; it is taken back when they have come down to half.
        hard: Facts above which the process ends with exit code 1.
        telemetry: More are dropped and counted.
    """

    instructions: int = 1_000
    market: int = 0
    high_water: int = 10_000
    hard: int = 100_000
    telemetry: int = 1_000


class Letter:
    """A message on its way to a cell; looks like an envelope of Pykka's.

    Attributes:
        target: Name of the cell.
        message: A `Message`, or one of Pykka's own.
        reply_to: Pykka's future of somebody who asked.
        cause: Journal entry that it comes from.
        attempts: How often it crashed its handler.
    """

    __slots__ = ("attempts", "cause", "message", "reply_to", "target")

    def __init__(self, target: str, message: Any, reply_to: Any = None, cause: Seq | None = None) -> None:  # noqa: ANN401
        self.target = target
        self.message = message
        self.reply_to = reply_to
        self.cause = cause
        self.attempts = 0

    @classmethod
    def of(cls, envelope: Any, target: str) -> "Letter":  # noqa: ANN401 - Pykka's envelopes are untyped
        """Return a letter for what Pykka, or one of our refs, put."""
        return envelope if isinstance(envelope, Letter) else cls(target, envelope.message, envelope.reply_to)

    def answer(self, value: object) -> None:
        """Answer whoever asked."""
        if self.reply_to is not None:
            self.reply_to.set(value)

    def fail(self, error: BaseException) -> None:
        """Raise an error at whoever asked."""
        if self.reply_to is not None:
            self.reply_to.set_exception((type(error), error, error.__traceback__))

    def reject(self, dead_letters: DeadLetters) -> None:
        """Say that nobody is there: asks raise ActorDeadError, a stop has been obeyed, the rest are dead letters."""
        if isinstance(self.message, Stop):
            self.answer(None)
        elif self.reply_to is not None:
            self.fail(ActorDeadError(f"{self.target} stopped before it handled {type(self.message).__name__}"))
        else:
            dead_letters.add(self.target, self.message, "closed")

    def refuse(self, dead_letters: DeadLetters) -> None:
        """Say that the mailbox is full, to whoever asked; what was only told becomes a dead letter."""
        if self.reply_to is not None:
            self.answer(self.refusal())
        else:
            dead_letters.add(self.target, self.message, "busy")

    def refusal(self) -> InstructionRefused:
        """Return the coded refusal of an instruction that was not taken."""
        return InstructionRefused(
            instruction_id=getattr(self.message, "instruction_id", InstructionId("")),
            code=Code.BUSY,
            detail=f"too many instructions wait for {self.target}",
        )


class Inbox:
    """A closable mailbox with one reader and any number of senders.

    Args:
        owner: Name of the cell whose it is.
        dead_letters: Where goes what can't be delivered.
        limits: By class of message.
        congested: Told on and off, in this order, never under the lock.
        overflowed: Called once, by the sender that crossed the hard limit.
        woken: For a reader that doesn't wait in `get` but calls `take`: called by every sender after its letter, and
            when the box is closed. Never under the lock.
    """

    def __init__(
        self,
        owner: str,
        *,
        dead_letters: DeadLetters,
        limits: Limits | None = None,
        congested: Callable[[Congested], None] | None = None,
        overflowed: Callable[[MailboxOverflowError], None] | None = None,
        woken: Callable[[], None] | None = None,
    ) -> None:
        self.owner = owner
        self.hurry = threading.Event()
        """Set when a stop was asked for: whoever waits out a back-off stops waiting."""
        self.conflated = 0
        self.dropped = 0
        self.refused = 0
        self._dead_letters = dead_letters
        self._limits = limits or Limits()
        self._congested = congested
        self._overflowed = overflowed
        self._rouse = woken
        self._ready = threading.Condition(threading.Lock())
        self._report_lock = threading.RLock()  # telling may put a letter here, and that may report again
        self._control: deque[Letter] = deque()
        self._main: deque[Letter] = deque()
        self._latest: dict[tuple[str, str], Letter] = {}
        self._counts: dict[MailClass | None, int] = dict.fromkeys([*MailClass, None], 0)
        self._asleep = False
        self._woken = False
        self._closed = False
        self._over = False
        self._above = False
        self._reported = False

    def put(self, envelope: Any, /) -> None:  # noqa: ANN401 - Pykka's envelopes are untyped
        """Take a letter. A refused instruction is answered, or becomes a dead letter."""
        letter = Letter.of(envelope, self.owner)
        if self.offer(letter) is Offer.BUSY:
            letter.refuse(self._dead_letters)

    def offer(self, letter: Letter) -> Offer:
        """Take a letter, or say why not. Never waits. Only BUSY leaves the letter to the caller."""
        message = letter.message
        mail = message.mail if isinstance(message, Message) else None
        with self._ready:
            outcome = Offer.CLOSED if self._closed else self._sort(letter, mail)
            if self._asleep:
                self._ready.notify()
            overflow = self._counts[MailClass.FACT] > self._limits.hard and not self._over
            self._over |= overflow
        if outcome is Offer.CLOSED:
            letter.reject(self._dead_letters)
        elif outcome is Offer.DROPPED:
            self._dead_letters.count(letter.target, message)
            letter.answer(None)
        if isinstance(message, Stop):
            self.hurry.set()
        if self._above != self._reported:
            self._report()
        if overflow and self._overflowed is not None:
            self._overflowed(MailboxOverflowError(f"more than {self._limits.hard} facts wait for {self.owner}"))
        if self._rouse is not None:
            self._rouse()
        return outcome

    def get(self) -> Letter:
        """Take the next letter, waiting for it. Only the cell itself does."""
        while True:
            letter = self.get_within(None)
            if letter is not None:
                return letter

    def get_within(self, timeout_s: float | None) -> Letter | None:
        """Take the next letter; None after `timeout_s` seconds without one, or when woken."""
        with self._ready:
            if not (self._control or self._main or self._woken):
                self._asleep = True
                self._ready.wait(timeout_s)
                self._asleep = False
            self._woken = False
            letter = self._next()
        if self._above != self._reported:
            self._report()
        return letter

    def get_batch(self) -> list[Letter]:
        """Take, waiting for it, the next letter and with it all facts told right behind it: they are worked as one."""
        batch = [self.get()]
        if not _plain_fact(batch[0]):
            return batch
        with self._ready:
            while not self._control and self._main and _plain_fact(self._main[0]):
                batch.append(self._forget(self._main.popleft()))
        if self._above != self._reported:
            self._report()
        return batch

    def take(self, *, control_only: bool = False) -> Letter | None:
        """Take the next letter, or the next of class CONTROL; None if there is none. Never waits."""
        with self._ready:
            letter = None if control_only and not self._control else self._next()
        if self._above != self._reported:
            self._report()
        return letter

    def wake(self) -> None:
        """Let the reader look up, without a letter."""
        with self._ready:
            self._woken = True
            self._ready.notify()

    def close(self) -> None:
        """Take nothing more; answer or count what still waits."""
        with self._ready:
            self._closed = True
            left = [*self._control, *self._main]
            self._control.clear()
            self._main.clear()
            self._latest.clear()
            self._ready.notify()
        self.hurry.set()
        for letter in left:
            letter.reject(self._dead_letters)
        if self._rouse is not None:
            self._rouse()

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more."""
        return self._closed

    def empty(self) -> bool:
        """Tell whether nothing waits."""
        return not (self._control or self._main)

    def __len__(self) -> int:
        return len(self._control) + len(self._main)

    def _sort(self, letter: Letter, mail: MailClass | None) -> Offer:
        """Under the lock: put a letter where its class belongs."""
        if mail is MailClass.CONTROL:
            self._control.append(letter)
            return Offer.TAKEN
        limits, waiting = self._limits, self._counts[mail]
        if mail is MailClass.INSTRUCTION and waiting >= limits.instructions:
            self.refused += 1
            return Offer.BUSY
        if mail is MailClass.TELEMETRY and waiting >= limits.telemetry:
            self.dropped += 1
            return Offer.DROPPED
        if mail is MailClass.MARKET and letter.reply_to is None:
            key = (letter.target, letter.message.conflation_key)
            older = self._latest.get(key)
            if older is not None and waiting >= limits.market:
                older.message, older.cause = letter.message, letter.cause
                self.conflated += 1
                return Offer.CONFLATED
            self._latest[key] = letter
        self._main.append(letter)
        self._counts[mail] = waiting + 1
        if mail is MailClass.FACT and waiting >= limits.high_water:
            self._above = True
        return Offer.TAKEN

    def _next(self) -> Letter | None:
        if self._control:
            return self._control.popleft()
        return self._forget(self._main.popleft()) if self._main else None

    def _forget(self, letter: Letter) -> Letter:
        """Under the lock: take a letter out of the books."""
        message = letter.message
        mail = message.mail if isinstance(message, Message) else None
        self._counts[mail] -= 1
        if mail is MailClass.MARKET:
            key = (letter.target, message.conflation_key)
            if self._latest.get(key) is letter:
                del self._latest[key]
        elif self._above and mail is MailClass.FACT and self._counts[mail] <= self._limits.high_water // 2:
            self._above = False
        return letter

    def _report(self) -> None:
        """Tell the latest truth about congestion; senders and reader may both come here, so one at a time."""
        with self._report_lock:
            on = self._above
            if on != self._reported:
                self._reported = on
                if self._congested is not None:
                    self._congested(Congested(on=on, waiting=self._counts[MailClass.FACT]))


def _plain_fact(letter: Letter) -> bool:
    message = letter.message
    return letter.reply_to is None and isinstance(message, Message) and message.mail is MailClass.FACT
