"""The only clock. Actors never see it: they get the time of their turn."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the runtime reads the time."""

    def wall_ns(self) -> int:
        """Return nanoseconds since 1970-01-01T00:00:00Z. May be set forward and back by whoever runs the machine."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some fixed point. Never goes back."""


class SystemClock:
    """The machine's clocks."""

    def wall_ns(self) -> int:
        """Return nanoseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some fixed point."""
        return time.monotonic_ns()
