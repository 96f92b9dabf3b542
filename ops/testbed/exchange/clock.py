"""A venue's clock: the machine's, with a skew."""

import time


class VenueClock:
    """Milliseconds since 1970, as the venue has them.

    Attributes:
        skew_ms: How far it goes ahead of the machine's clock.
    """

    def __init__(self) -> None:
        self.skew_ms = 0

    def now_ms(self) -> int:
        """Return the time by this clock."""
        return time.time_ns() // 1_000_000 + self.skew_ms


class SetClock(VenueClock):
    """A clock that stands until it is set."""

    def __init__(self, at_ms: int) -> None:
        super().__init__()
        self.at_ms = at_ms

    def now_ms(self) -> int:
        """Return what it was set to."""
        return self.at_ms + self.skew_ms
