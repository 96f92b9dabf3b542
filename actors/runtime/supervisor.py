"""Who is restarted, how often and how fast, when everything stops, and the exit code.

These objects are passive: they run on the thread of whoever reports a crash, and wait for nobody. Only an escalation
starts a thread, which stops everything in the reverse order of its start.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actors.contract import Address
from actors.errors import ExecdError, FatalError, StrategyError
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.crashes import Verdict, described
from messages.lifecycle import Terminated
from messages.units import SECOND_NS

Stopper = Callable[[float], bool]
"""Stops something within so many seconds; returns whether it did."""
_GO_UP = Verdict(restart=False, delay_s=0.0)
_DOUBLINGS = 30
"""More would only overflow a float on the way to the longest wait."""


@dataclass(frozen=True, slots=True)
class Intensity:
    """More than `restarts` restarts within `within_s` seconds are not bad luck any more."""

    restarts: int = 5
    within_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The wait before a restart in seconds: doubled each time, times a random half to whole; anew after a rest."""

    first_s: float = 0.1
    longest_s: float = 30.0


class Root:
    """The top of the tree: everything that was started, in order.

    Args:
        jitter: Seeded randomness for the waits.
        clock: Whose monotonic time intensity is measured in.
        stop_timeout_s: How long each may take to stop.

    Attributes:
        failed: Set at an escalation.
        ended: Set when everything has stopped.
        exit_code: None while all is well; 0 after an orderly stop; else the first escalation's.
        reason: Why it is not 0.
        unstopped: Names of those that did not stop in time.
    """

    def __init__(self, *, jitter: random.Random, clock: Clock | None = None, stop_timeout_s: float = 10.0) -> None:
        self.failed = threading.Event()
        self.ended = threading.Event()
        self.exit_code: int | None = None
        self.reason: str | None = None
        self.unstopped: tuple[str, ...] = ()
        self._clock = clock if clock is not None else SystemClock()
        self._jitter = jitter
        self._stop_timeout_s = stop_timeout_s
        self._lock = threading.Lock()
        self._started: list[tuple[str, Stopper]] = []
        self._gone: dict[str, str | None] = {}
        self._watchers: dict[str, list[Address[Terminated]]] = {}
        self._stopping = False

    def group(
        self, name: str, *, as_one: bool = False, intensity: Intensity | None = None, backoff: Backoff | None = None
    ) -> "Group":
        """Return a new group: `as_one` restarts as one (the core), otherwise one for one."""
        return Group(self, name, as_one=as_one, intensity=intensity or Intensity(), backoff=backoff or Backoff())

    def add(self, name: str, stop: Stopper) -> None:
        """Note that something was started; it is stopped before everything started earlier.

        Raises:
            ValueError: Something of that name was started already.
        """
        with self._lock:
            if any(name == known for known, _ in self._started) or name in self._gone:
                raise ValueError(f"{name} was started already")
            self._started.append((name, stop))

    def watch(self, name: str, address: Address[Terminated]) -> None:
        """Tell `address` when a cell is gone for good, at once if it is already.

        The telling is done on another thread than the watcher's, so the address must be a `Door`.
        """
        with self._lock:
            if name not in self._gone:
                self._watchers.setdefault(name, []).append(address)
                return
            reason = self._gone[name]
        address.tell(Terminated(name=name, reason=reason))

    def gone(self, name: str, error: BaseException | None) -> None:
        """Hear that somebody is gone for good, and tell the watchers."""
        reason = None if error is None else described(error)
        with self._lock:
            self._gone.setdefault(name, reason)
            self._started = [(known, stop) for known, stop in self._started if known != name]
            watchers = self._watchers.pop(name, ())
        for address in watchers:
            address.tell(Terminated(name=name, reason=reason))

    def fail(self, where: str, error: BaseException) -> None:
        """Escalate: remember the first reason, and stop everything. Returns at once."""
        with self._lock:
            if not self.exit_code:
                self.exit_code = (error.exit_code if isinstance(error, ExecdError) else 1) or 1
                place = f" ({error.where})" if isinstance(error, StrategyError) else ""
                self.reason = f"{where}: {described(error)}{place}"
            first = not self.failed.is_set()
            self.failed.set()
        if first:
            threading.Thread(target=self.stop, name="stop everything", daemon=True).start()

    def stop(self) -> int:
        """Stop everything, the last started first, and return the exit code. Not to be called by what it stops."""
        with self._lock:
            mine, self._stopping = not self._stopping, True
        if not mine:
            self.ended.wait()
            return self.exit_code or 0
        late: list[str] = []
        while True:
            with self._lock:
                if not self._started:
                    break
                name, stop = self._started.pop()
            if not _stopped(stop, self._stop_timeout_s):
                late.append(name)
        with self._lock:
            self.unstopped = tuple(late)
            if late and not self.exit_code:
                self.exit_code, self.reason = 1, f"did not stop in time: {', '.join(late)}"
            self.exit_code = self.exit_code or 0
            self.ended.set()
        return self.exit_code

    @property
    def stopping(self) -> bool:
        """Whether the end has begun; nothing is restarted then."""
        return self._stopping or self.failed.is_set()

    @property
    def started(self) -> Sequence[str]:
        """Names of what runs, in the order of its start."""
        with self._lock:
            return [name for name, _ in self._started]

    def now_ns(self) -> int:
        """Return monotonic nanoseconds."""
        return self._clock.monotonic_ns()

    def draw(self) -> float:
        """Return a random factor from a half to one."""
        with self._lock:
            return self._jitter.uniform(0.5, 1.0)


class Group:
    """A level of the tree (`crashes.Supervision`): counts the restarts of its members together.

    Args:
        root: The tree's.
        name: For the reason of an escalation.
        as_one: Members restart together, so waits grow for all of them; one for one, for each by itself.
    """

    def __init__(self, root: Root, name: str, *, as_one: bool, intensity: Intensity, backoff: Backoff) -> None:
        self.root = root
        self.name = name
        self.as_one = as_one
        self._intensity = intensity
        self._backoff = backoff
        self._lock = threading.Lock()
        self._restarts: deque[tuple[int, str]] = deque()

    def add(self, name: str, stop: Stopper) -> None:
        """Note that a member was started."""
        self.root.add(name, stop)

    def failed(self, name: str, error: BaseException) -> Verdict:
        """Hear of a crash: restart after a wait, or give up and stop everything."""
        if self.root.stopping:
            return _GO_UP
        if isinstance(error, FatalError):
            self.escalate(name, error)
            return _GO_UP
        now = self.root.now_ns()
        with self._lock:
            while self._restarts and now - self._restarts[0][0] > self._intensity.within_s * SECOND_NS:
                self._restarts.popleft()
            before = sum(self.as_one or who == name for _, who in self._restarts)
            too_many = len(self._restarts) >= self._intensity.restarts
            if not too_many:
                self._restarts.append((now, name))
        if too_many:
            self.escalate(name, error)
            return _GO_UP
        longest = min(self._backoff.longest_s, self._backoff.first_s * 2 ** min(before, _DOUBLINGS))
        return Verdict(restart=True, delay_s=longest * self.root.draw())

    def escalate(self, name: str, error: BaseException) -> None:
        """Hear of an end that no restart can help: everything stops."""
        self.root.fail(f"{self.name}: {name}", error)

    def gone(self, name: str, error: BaseException | None) -> None:
        """Hear that a member is gone for good."""
        self.root.gone(name, error)


def _stopped(stop: Stopper, timeout_s: float) -> bool:
    try:
        return stop(timeout_s)
    except Exception:  # noqa: BLE001 - the others must be stopped all the same
        return False
