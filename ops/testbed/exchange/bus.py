"""Tells events to who wants them, after the change as a whole is done; late ones when their time has come."""

import heapq
from collections.abc import Callable

from ops.testbed.exchange.events import Event


class Bus:
    """One venue's events."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._serial = 0
        self._waiting: list[Event] = []
        self._late: list[tuple[int, int, Event]] = []
        self._listeners: list[Callable[[Event], None]] = []
        self._telling = False

    def serial(self) -> int:
        """Return the next number of an event."""
        self._serial += 1
        return self._serial

    def add(self, event: Event, *, late_ms: int = 0) -> None:
        """Tell an event at the next `flush`, or the first one after so long."""
        if late_ms:
            heapq.heappush(self._late, (self._now_ms() + late_ms, event.serial, event))
        else:
            self._waiting.append(event)

    def flush(self) -> None:
        """Tell what waits and what is due. What listeners cause is told after it."""
        now = self._now_ms()
        while self._late and self._late[0][0] <= now:
            self._waiting.append(heapq.heappop(self._late)[2])
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                event = self._waiting.pop(0)
                for listener in tuple(self._listeners):
                    listener(event)
        finally:
            self._telling = False

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Tell a listener everything from now on. Returns what ends it."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end
