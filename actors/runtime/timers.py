"""Wake me later. What a turn sets, moves or cancels is undone if the turn crashes."""

import heapq
import sys
from collections.abc import Callable

from messages.units import Nanoseconds

NEVER = sys.maxsize
"""Later than every timer."""
_SLACK = 64
"""Outdated heap items that are tolerated before the heap is cleaned."""

Key = tuple[str, str]
"""Timer id and cell: in this order, so that equal times fire by id."""


class TimerHeap:
    """All timers of a core.

    Args:
        touched: Called at the first change within a turn, so that the core commits at the turn's end.

    Attributes:
        next_due: Not later than the first timer; `NEVER` when there is none. (It may be that of a cancelled one.)
    """

    def __init__(self, touched: Callable[[], None]) -> None:
        self.next_due: int = NEVER
        self._touched = touched
        self._heap: list[tuple[int, Key]] = []
        self._pending: dict[Key, tuple[int, int]] = {}
        self._undo: list[tuple[Key, tuple[int, int] | None]] = []

    def set(self, key: Key, due: int, generation: int) -> None:
        """Set or move a timer.

        Args:
            key: Whose it is.
            due: In nanoseconds.
            generation: Depth of the chain of reactions at one instant that it belongs to; 0 when it lies in the future.
        """
        self._remember(key)
        self._put(key, (due, generation))

    def cancel(self, key: Key) -> None:
        """Forget a timer; unknown ones are no error."""
        if key in self._pending:
            self._remember(key)
            del self._pending[key]

    def pop(self, at: int) -> tuple[Key, int, int] | None:
        """Take the first timer due at or before `at`: its key, when it was due, its generation."""
        heap, pending = self._heap, self._pending
        while heap and heap[0][0] <= at:
            due, key = heapq.heappop(heap)
            found = pending.get(key)
            if found is not None and found[0] == due:
                del pending[key]
                self._look()
                return key, due, found[1]
        self._look()
        return None

    def commit(self) -> None:
        """Keep what this turn changed."""
        self._undo.clear()

    def rollback(self) -> None:
        """Take back what this turn changed."""
        for key, before in reversed(self._undo):
            if before is None:
                self._pending.pop(key, None)
            else:
                self._put(key, before)
        self._undo.clear()

    def first(self) -> int:
        """Return when the first timer is due, or `NEVER`."""
        heap, pending = self._heap, self._pending
        while heap and pending.get(heap[0][1], (NEVER, 0))[0] != heap[0][0]:
            heapq.heappop(heap)
        self._look()
        return self.next_due

    def _remember(self, key: Key) -> None:
        if not self._undo:
            self._touched()
        self._undo.append((key, self._pending.get(key)))

    def _put(self, key: Key, value: tuple[int, int]) -> None:
        self._pending[key] = value
        heapq.heappush(self._heap, (value[0], key))
        if len(self._heap) > 2 * len(self._pending) + _SLACK:
            self._heap = [(due, which) for which, (due, _) in self._pending.items()]
            heapq.heapify(self._heap)
        self._look()

    def _look(self) -> None:
        self.next_due = self._heap[0][0] if self._heap else NEVER


class CellTimers:
    """The timers of one cell, as its actor sees them (`actors.contract.Timers`)."""

    def __init__(self, set_timer: Callable[[str, int], None], cancel_timer: Callable[[str], None]) -> None:
        self._set = set_timer
        self._cancel = cancel_timer

    def set(self, timer_id: str, due: Nanoseconds) -> None:
        """Set or move the timer with this id, due at a time in nanoseconds."""
        self._set(timer_id, due)

    def cancel(self, timer_id: str) -> None:
        """Forget it; unknown ids are no error."""
        self._cancel(timer_id)
