"""The core's own thread: takes inputs from one queue, reads the wall clock, wakes when a timer is due."""

import threading
from typing import TYPE_CHECKING

from actors.runtime.clock import SystemClock
from actors.runtime.mailbox import Inbox, Letter, MailboxOverflowError, Stop
from messages.base import Message
from messages.lifecycle import ClockJumped, ClockReached, Congested
from messages.units import SECOND_NS, Nanoseconds

if TYPE_CHECKING:
    from actors.runtime.core import Core

JUMP_NS = 5 * SECOND_NS
"""A wall clock that moves further than this against the monotonic clock, between two looks, has jumped."""
LOOK_S = 1.0
"""The clock is looked at so often, in seconds, also when nothing comes."""


class CoreThread:
    """Feeds a core. There are no timer threads: the wait for the next input ends when the first timer is due.

    Attributes:
        inbox: What comes from other threads to any cell of the core.
    """

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._clock = core.clock if core.clock is not None else SystemClock()
        self._offset_ns = self._clock.wall_ns() - self._clock.monotonic_ns()
        self._thread = threading.Thread(target=self._run, name=core.name, daemon=True)
        self.inbox = Inbox(
            core.name,
            dead_letters=core.dead_letters,
            limits=core.limits,
            congested=self._congested,
            overflowed=self._overflowed,
        )

    def start(self) -> None:
        """Start the thread; it owns the core from here on."""
        if self._core.supervisor is not None:
            self._core.supervisor.add(self._core.name, self._core.stop)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Let the core work what was put before, then end it. Return whether that took less than `timeout_s` seconds.

        A core that is still busy then takes nothing more, and ends after its present turn.
        """
        self.inbox.put(Letter(self._core.name, Stop()))
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.inbox.close()
        return not self._thread.is_alive()

    def pause(self, delay_s: float) -> None:
        """Wait out a back-off; a stop ends it."""
        self.inbox.hurry.wait(delay_s)

    def _run(self) -> None:
        core = self._core
        error: BaseException | None = None
        core.own()
        try:
            while self._step():
                pass
        except BaseException as up:  # noqa: BLE001 - whatever ends the core must be said
            error = up
        # The box is closed before anybody hears of the end, so that whoever heard can't be left without an answer.
        self.inbox.close()
        try:
            core.finish(error)
        except Exception as worse:  # noqa: BLE001 - as above
            error = error or worse
        if error is not None and core.supervisor is not None:
            core.supervisor.escalate(core.name, error)

    def _step(self) -> bool:
        """Take one input, or the time. Return False at the end."""
        core = self._core
        letter = self.inbox.get_within(self._wait_s())
        now = self._look()
        if letter is None:
            if core.next_due <= now:
                self._clock_reached(now)
            return not self.inbox.closed
        if isinstance(letter.message, Stop) and letter.target == core.name:
            letter.answer(None)
            return False
        core.handle(letter, Nanoseconds(now))
        return True

    def _wait_s(self) -> float:
        due = self._core.next_due
        return min(LOOK_S, max(0.0, (due - self._clock.wall_ns()) / SECOND_NS))

    def _look(self) -> int:
        """Read the wall clock; tell of a jump, in a turn of its own, before the input that it was noticed with."""
        wall = self._clock.wall_ns()
        offset = wall - self._clock.monotonic_ns()
        by_ns, self._offset_ns = offset - self._offset_ns, offset
        if abs(by_ns) > JUMP_NS and self._core.jumps_to is not None:
            self._core.work(self._core.place(self._core.jumps_to), ClockJumped(by_ns=by_ns), None, Nanoseconds(wall))
        return wall

    def _clock_reached(self, now: int) -> None:
        """Timers are due and nothing else came."""
        core = self._core
        core.fire(now)
        if core.clock_to is not None:
            at = Nanoseconds(max(now, core.turn.at))
            core.work(core.place(core.clock_to), ClockReached(at=at), None, at)

    def _congested(self, congested: Congested) -> None:
        if self._core.congestion_to is not None:
            self._tell(self._core.congestion_to, congested)

    def _tell(self, name: str, message: Message) -> None:
        self.inbox.put(Letter(name, message))

    def _overflowed(self, error: MailboxOverflowError) -> None:
        if self._core.supervisor is not None:
            self._core.supervisor.escalate(self._core.name, error)
        self.inbox.close()
