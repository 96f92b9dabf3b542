"""An asyncio loop without sockets and threads whose time is a number: it jumps to the next timer when nothing is ready.

A day of waiting takes as long as the work in it, and the same program runs in the same order every time. Nothing can
come from outside, so a loop that has neither work nor timers would wait for ever: that is an error at once.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context
from pathlib import PurePath
from typing import Any, NoReturn, TypeVar, TypeVarTuple, Unpack

from actors.errors import ExecdError
from messages.units import SECOND_NS

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LONGEST_S = 7 * 86_400.0
"""A loop that lives longer, in virtual seconds, is taken for one that never ends."""
START_NS = 1_767_225_600 * SECOND_NS
"""Where the wall clock begins unless told otherwise: 2026-01-01T00:00:00Z."""
_NAMED = 10
"""So many waiting tasks are named in an error."""


class VirtualTimeError(ExecdError):
    """A virtual loop was asked for what it has not, or can't come to an end."""


class VirtualClock:
    """The clock of a virtual loop (`actors.runtime.clock.Clock`). Moves when the loop jumps, and by `set_forward`."""

    def __init__(self, wall_ns: int = START_NS) -> None:
        self.passed_ns = 0
        self._offset_ns = wall_ns

    def wall_ns(self) -> int:
        """Return nanoseconds since 1970-01-01T00:00:00Z."""
        return self._offset_ns + self.passed_ns

    def monotonic_ns(self) -> int:
        """Return nanoseconds since the loop was made."""
        return self.passed_ns

    def set_forward(self, by_ns: int) -> None:
        """Move the wall clock alone, as whoever runs the machine may; negative: back."""
        self._offset_ns += by_ns


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop. Only its own thread may call it; `call_soon_threadsafe` from another raises `VirtualTimeError`.

    Args:
        wall_ns: Where its wall clock begins.
        longest_s: Virtual seconds after which it gives up: something that repeats keeps it from ever being idle.

    Attributes:
        clock: Its time, for whatever reads a `Clock`.
    """

    def __init__(self, *, wall_ns: int = START_NS, longest_s: float = LONGEST_S) -> None:
        super().__init__()
        self.clock = VirtualClock(wall_ns)
        self._selector = _NoSelector(self._jump)
        self._longest_ns = round(longest_s * SECOND_NS)
        self._home = threading.get_ident()

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self.clock.passed_ns / SECOND_NS

    def run_forever(self) -> None:
        """Run until `stop`."""
        self._home = threading.get_ident()
        super().run_forever()

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call soon, if the caller is on the loop's own thread.

        Raises:
            VirtualTimeError: It is not. What came when would depend on the machine.
        """
        if threading.get_ident() != self._home:
            raise VirtualTimeError("a virtual loop takes nothing from another thread")
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> NoReturn:  # type: ignore[override]  # noqa: ANN401, ARG002 - it never returns
        """Refuse: there are no threads here."""
        raise VirtualTimeError("a virtual loop has no threads")

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""

    def _jump(self, timeout: float | None) -> None:
        """Let the time pass until the next timer is due."""
        if timeout is None:
            raise VirtualTimeError(f"nothing is ready and no timer is set; waiting: {_waiting(self)}")
        if timeout <= 0:
            return
        self.clock.passed_ns += round(timeout * SECOND_NS)
        if self.clock.passed_ns > self._longest_ns:
            raise VirtualTimeError(f"still running after {self.time():.0f} virtual seconds; waiting: {_waiting(self)}")


class _NoSelector:
    """Stands where a loop waits for sockets."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        self._jump = jump

    def select(self, timeout: float | None) -> list[Any]:
        self._jump(timeout)
        return []


def run_virtually(
    work: Callable[[VirtualClock], Coroutine[Any, Any, T]], *, wall_ns: int = START_NS, longest_s: float = LONGEST_S
) -> T:
    """Run a coroutine to its end on a virtual loop of its own, and return its result.

    Args:
        work: Makes the coroutine, given the loop's clock.
        wall_ns: Where the wall clock begins.
        longest_s: Virtual seconds after which it gives up.

    Raises:
        VirtualTimeError: Nothing is ready and no timer is set, or it never ends.
    """
    loop = VirtualLoop(wall_ns=wall_ns, longest_s=longest_s)
    with asyncio.Runner(debug=False, loop_factory=lambda: loop) as runner:
        return runner.run(work(loop.clock))


def _waiting(loop: asyncio.AbstractEventLoop) -> str:
    """Return names of tasks and where they wait, in the order of their names."""
    found = sorted(_place(task) for task in asyncio.all_tasks(loop))
    more = [f"{len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return ", ".join([*found[:_NAMED], *more]) or "nobody"


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    at = "".join(f" at {PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}" for frame in frames)
    return f"{task.get_name()}{at}"
