"""A cell with a thread and a mailbox of its own, for what blocks. It restarts inside: same ref, same mailbox."""

import decimal
import threading
from collections.abc import Callable
from typing import Any

import pykka
from pykka import ThreadingFuture

from actors.contract import Actor, Turn
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.crashes import Supervision
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Inbox, Letter, Limits, MailboxOverflowError, Stop
from actors.runtime.stepped import CellRef, stopped_quietly
from messages.base import MailClass, Message, Question
from messages.lifecycle import Congested
from messages.units import CONTEXT, Nanoseconds


def spawn_threaded(
    name: str,
    factory: Callable[[], Actor[Any]],
    *,
    supervisor: Supervision,
    dead_letters: DeadLetters,
    clock: Clock | None = None,
    turn: Turn | None = None,
    limits: Limits | None = None,
    congested: Callable[[Congested], None] | None = None,
) -> CellRef:
    """Start a threaded cell.

    Args:
        name: Unique under its root.
        factory: Builds the behaviour inside the cell's thread, at the start and after each crash. If the behaviour has
            ``receive_many(list[Message])``, all told facts that wait are given to it at once.
        supervisor: The group that it belongs to.
        dead_letters: Where goes what it can't work.
        clock: The time of its turns.
        turn: The cell's turn, for the `Door`s that its behaviour is built with.
        limits: Of its mailbox.
        congested: Told when too many facts wait, and when they no longer do.
    """
    mailbox = Inbox(
        name,
        dead_letters=dead_letters,
        limits=limits,
        congested=congested,
        overflowed=lambda error: _overflowed(name, error, supervisor),
    )
    return ThreadedCell.start(  # type: ignore[return-value]  # ThreadedCell makes CellRefs
        name,
        factory,
        mailbox=mailbox,
        supervisor=supervisor,
        dead_letters=dead_letters,
        clock=clock or SystemClock(),
        turn=turn or Turn(),
    )


def _overflowed(name: str, error: MailboxOverflowError, supervisor: Supervision) -> None:
    supervisor.escalate(name, error)


class ThreadedCell(pykka.Actor):
    """Hosts one behaviour on its own thread. Made by `spawn_threaded`."""

    def __init__(
        self,
        name: str,
        factory: Callable[[], Actor[Any]],
        *,
        mailbox: Inbox,
        supervisor: Supervision,
        dead_letters: DeadLetters,
        clock: Clock,
        turn: Turn,
    ) -> None:
        self.name = name
        self.turn = turn
        self._mailbox = mailbox
        self._factory = factory
        self._supervisor = supervisor
        self._dead_letters = dead_letters
        self._clock = clock
        self._behaviour: Actor[Any] | None = None
        self._many: Callable[[list[Message]], None] | None = None
        self._hand: list[Letter] = []
        self._stop_letter: Letter | None = None
        # A wedged thread must not keep the process alive; the orderly stop is the root's business.
        self._thread = threading.Thread(target=self._actor_loop, name=name, daemon=True)
        super().__init__()
        self._actor_ref: pykka.ActorRef[Any] = CellRef(self, name)

    def __str__(self) -> str:
        return f"{self.name} ({self.actor_urn})"

    def _create_actor_inbox(self) -> Inbox:  # type: ignore[override]  # Pykka calls it on the instance
        return self._mailbox

    @staticmethod
    def _create_future() -> ThreadingFuture[Any]:
        return ThreadingFuture()

    def _start_actor_loop(self) -> None:
        self._supervisor.add(self.name, self.shut)
        self._thread.start()

    def shut(self, timeout_s: float) -> bool:
        """Let the cell work what was put before, then end it. Return whether that took less than `timeout_s` seconds.

        A cell that is still busy then takes nothing more, and ends after its present message.
        """
        self._mailbox.put(Letter(self.name, Stop()))
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._mailbox.close()
        return not self._thread.is_alive()

    def _actor_loop(self) -> None:
        decimal.setcontext(CONTEXT.copy())
        error: BaseException | None = None
        try:
            self._build()
            while self._one():
                pass
        except BaseException as up:  # noqa: BLE001 - whatever ends the cell must be said
            error = up
        error = self._close(error)
        # Closed before anybody hears of it, so that whoever heard can't be left without an answer.
        pykka.ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()
        self._mailbox.close()
        for letter in self._hand:
            letter.reject(self._dead_letters)
        if error is not None:
            self._supervisor.escalate(self.name, error)
        self._supervisor.gone(self.name, error)
        if self._stop_letter is not None:
            self._stop_letter.answer(None)

    def _one(self) -> bool:
        """Work what comes next; False at the end."""
        if self._many is None:
            letter = self._mailbox.get_within(None)
            self._hand = [] if letter is None else [letter]
        else:
            self._hand = self._mailbox.get_batch()
        if not self._hand:
            return not self._mailbox.closed
        if isinstance(self._hand[0].message, Stop):
            self._stop_letter = self._hand.pop()
            return False
        try:
            self._work(self._hand)
        except BaseException as error:  # noqa: BLE001 - a behaviour that calls sys.exit has crashed, and only it
            self._crashed(error)
        self._hand = []
        return True

    def _work(self, letters: list[Letter]) -> None:
        behaviour = self._behaviour
        if behaviour is None:  # pragma: no cover - built before the first letter
            raise AssertionError(self.name)
        turn, letter = self.turn, letters[0]
        turn.at = Nanoseconds(max(turn.at, self._clock.wall_ns()))
        turn.cause = letters[-1].cause
        message = letter.message
        if self._many is not None and letter.reply_to is None and _is_fact(message):
            self._many([each.message for each in letters])
        elif isinstance(message, Question) and letter.reply_to is not None:
            self._answer(behaviour, letter)
        elif isinstance(message, Message) and not isinstance(message, Question):
            behaviour.receive(message)
            letter.answer(None)
        elif letter.reply_to is not None:
            letter.fail(TypeError(f"{self.name} takes messages, not {type(message).__name__}"))
        else:
            self._dead_letters.add(self.name, message, "not a message, or a question that nobody asked")

    @staticmethod
    def _answer(behaviour: Actor[Any], letter: Letter) -> None:
        try:
            value = behaviour.answer(letter.message)
        except Exception as error:  # noqa: BLE001 - a question changes nothing, so only the asker hears of it
            letter.fail(error)
        else:
            letter.answer(value)

    def _crashed(self, error: BaseException) -> None:
        """Give the letters in hand their due, and come back as the supervisor says."""
        again: list[Letter] = []
        for letter in self._hand:
            letter.attempts += 1
            if letter.reply_to is not None:
                letter.fail(error)
            elif letter.attempts == 1 and _is_fact(letter.message):
                again.append(letter)
            else:
                self._dead_letters.add(self.name, letter.message, "crashed")
        # Should the cell end now, these are still in its hand, and get their answer there.
        self._hand = again
        self._come_back(error)
        # One by one, so that only the letter that crashes again is given up.
        for letter in again:
            self._hand = self._hand[1:]
            self._again(letter)

    def _again(self, letter: Letter) -> None:
        try:
            self._work([letter])
        except BaseException as error:  # noqa: BLE001 - as above
            self._dead_letters.add(self.name, letter.message, "crashed")
            self._come_back(error)

    def _come_back(self, error: BaseException) -> None:
        if self._behaviour is not None:
            stopped_quietly(self._behaviour)
            self._behaviour = self._many = None
        self._allowed(error)
        self._build()

    def _build(self) -> None:
        """Build the behaviour, as often as it takes and the supervisor allows."""
        while self._behaviour is None:
            try:
                behaviour = self._factory()
            except BaseException as error:  # noqa: BLE001 - as above
                self._allowed(error)
            else:
                self._behaviour, self._many = behaviour, getattr(behaviour, "receive_many", None)

    def _allowed(self, error: BaseException) -> None:
        """Wait out the supervisor's delay, or let the error end the cell."""
        verdict = self._supervisor.failed(self.name, error)
        if not verdict.restart:
            raise error
        self._mailbox.hurry.wait(verdict.delay_s)

    def _close(self, error: BaseException | None) -> BaseException | None:
        """Call `stopping`; return why the cell ends."""
        if self._behaviour is None:
            return error
        try:
            self._behaviour.stopping()
        except BaseException as worse:  # noqa: BLE001 - as above
            return error or worse
        return error


def _is_fact(message: object) -> bool:
    return isinstance(message, Message) and message.mail is MailClass.FACT
