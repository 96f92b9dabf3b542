"""State that one thread changes and event loops wait for: no loop is ever blocked for longer than a look at it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple


class _Watch(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]
    reached: Callable[[], bool]

    def wake(self) -> None:
        with suppress(RuntimeError):  # its loop has come to its end
            self.loop.call_soon_threadsafe(_done, self.future)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Watches:
    """The lock of some state, and who waits for what.

    Attributes:
        lock: Held for moments only.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._watches: list[_Watch] = []

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change the state; then whoever waited for what it is now is woken."""
        with self.lock:
            try:
                yield
            finally:
                for watch in self._watches:
                    if watch.reached():
                        watch.wake()

    async def until(self, reached: Callable[[], bool], *, timeout_s: float | None) -> bool:
        """Wait until the state is such, and return whether it is; False when the time is over.

        Args:
            reached: Looks at the state; called by any thread, the lock being held.
            timeout_s: None for ever.
        """
        loop = asyncio.get_running_loop()
        watch = _Watch(loop, loop.create_future(), reached)
        with self.lock:
            if reached():
                return True
            self._watches.append(watch)
        try:
            async with asyncio.timeout(timeout_s):
                await watch.future
        except TimeoutError:
            with self.lock:
                return reached()
        finally:
            with self.lock:
                self._watches = [each for each in self._watches if each is not watch]
        return True
