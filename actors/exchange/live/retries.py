"""When something that may be repeated is tried again: exponentially later, with jitter, until a deadline.

All times are the loop's. tenacity's own stop conditions read another clock, so the deadline is ours.
"""

import asyncio
from collections.abc import Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from actors.exchange.live.errors import RequestFailedError

FIRST_S = 0.1
LONGEST_S = 10.0

Jitter = Callable[[], float]
"""Returns a number from 0 to 1, from the runtime's seeded randomness."""


def pause_s(attempt: int, jitter: Jitter) -> float:
    """Return how long to wait after so many failed attempts, from 1: between a half and the whole of a doubled time."""
    longest = min(FIRST_S * 2.0 ** min(attempt - 1, 20), LONGEST_S)
    return longest * (0.5 + 0.5 * jitter())


def retrying(*, until: float, jitter: Jitter, may_repeat: Callable[[BaseException], bool]) -> AsyncRetrying:
    """Return what calls a coroutine function until it succeeds, fails for good, or the deadline comes.

    The last failure is raised as it is. What the venue wants to wait (`Failure.retry_after_ms`) is waited.

    Args:
        until: Deadline in seconds of the loop's clock; no attempt begins after it.
        jitter: Seeded randomness.
        may_repeat: Whether a failure may be repeated.
    """
    loop = asyncio.get_running_loop()

    def wait(state: RetryCallState) -> float:
        pause = pause_s(state.attempt_number, jitter)
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RequestFailedError) and error.failure.retry_after_ms is not None:
            return max(pause, error.failure.retry_after_ms / 1000)
        return pause

    def is_over(state: RetryCallState) -> bool:
        return loop.time() + state.upcoming_sleep >= until

    return AsyncRetrying(
        sleep=asyncio.sleep, wait=wait, stop=is_over, retry=retry_if_exception(may_repeat), reraise=True
    )
