"""What nobody worked: kept to be looked at, and counted."""

import threading
from collections import Counter, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up.

    Attributes:
        target: Name of the cell that it was for.
        message: As it was told.
        reason: ``closed``, ``busy``, ``crashed``, ``telemetry dropped``, or what else stood in the way.
    """

    target: str
    message: object
    reason: str


class DeadLetters:
    """The latest dead letters and counts of all. Any thread may use it.

    Args:
        keep: How many of the latest stay readable; the counts go on for ever.
    """

    def __init__(self, keep: int = 1_000) -> None:
        self._lock = threading.Lock()
        self._recent: deque[DeadLetter] = deque(maxlen=keep)
        self._by_type: Counter[str] = Counter()
        self._by_target: Counter[str] = Counter()

    def add(self, target: str, message: object, reason: str) -> None:
        """Give up a message."""
        with self._lock:
            self._recent.append(DeadLetter(target, message, reason))
            self._by_type[type(message).__name__] += 1
            self._by_target[target] += 1

    def count(self, target: str, message: object) -> None:
        """Count a message without keeping it (telemetry: there may be very many)."""
        with self._lock:
            self._by_type[type(message).__name__] += 1
            self._by_target[target] += 1

    @property
    def recent(self) -> tuple[DeadLetter, ...]:
        """The latest ones, oldest first."""
        with self._lock:
            return tuple(self._recent)

    @property
    def by_type(self) -> dict[str, int]:
        """How many there were of each message type."""
        with self._lock:
            return dict(self._by_type)

    @property
    def by_target(self) -> dict[str, int]:
        """How many there were for each cell."""
        with self._lock:
            return dict(self._by_target)

    @property
    def total(self) -> int:
        """How many there were."""
        with self._lock:
            return self._by_target.total()
