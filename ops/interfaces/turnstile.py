"""One caller at a time, on one event loop, in the order of coming; what a handler calls is part of its caller's turn.

An engine belongs to the loop that uses it. When that loop has stopped, another may, also of another thread; while it
runs, a second one is refused.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

_INSIDE: ContextVar[frozenset[object]] = ContextVar("_INSIDE", default=frozenset())
"""The turns that the present code runs in."""


class Turnstile:
    """Lets one turn through after another."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._turn: object | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that it belongs to."""
        return self._loop

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn; inside of it, do not wait.

        Raises:
            RuntimeError: Another loop that is running has used it.
        """
        self.adopt()
        if self._turn is not None and self._turn in _INSIDE.get():
            yield
            return
        async with self._lock:
            turn = self._turn = object()
            token = _INSIDE.set(_INSIDE.get() | {turn})
            try:
                yield
            finally:
                self._turn = None
                _INSIDE.reset(token)

    def adopt(self) -> None:
        """Belong to the running loop.

        Raises:
            RuntimeError: Another loop that is running has used it.
        """
        loop = asyncio.get_running_loop()
        with self._guard:
            if self._loop is loop:
                return
            if self._loop is not None and self._loop.is_running():
                raise RuntimeError("the engine is in use by another event loop, expected one engine for each loop")
            self._loop, self._lock, self._turn = loop, asyncio.Lock(), None
