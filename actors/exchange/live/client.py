"""The way to one venue: signs by ccxt, waits for the venue's limits, and says exactly what went wrong.

A request is attempted once. What may be repeated is: reads until their deadline, and what changes something only while
the venue certainly did not take it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from msgspec import structs

from actors.exchange.live.attempts import TIMEOUT_MS, Attempts, Credentials, Markets
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.exchanges import Attempt, Obedient
from actors.exchange.live.limits import Bans
from actors.exchange.live.ports import Urgency
from actors.exchange.live.retries import Jitter, retrying
from actors.exchange.live.streams import Streams
from actors.exchange.live.transport import Transport
from actors.exchange.wire.contract import (
    Call,
    Dialect,
    Failure,
    Page,
    Query,
    UnreadableAnswerError,
    VenueRefusalError,
    Verdict,
)
from actors.runtime.clock import Clock
from messages.units import TradeType, VenueName

T = TypeVar("T")

MOST_PAGES = 1_000
READS_AT_ONCE = 8
"""More reads wait for each other: a venue that answers slowly, or a crowd of answers, holds up nothing but reads."""
MARKETS_S = 60.0
SAMPLES = 3
"""Questions for the venue's time, of which the quickest counts."""
_NS_PER_MS = 1_000_000
_NOT_TAKEN = frozenset({Verdict.NOT_SENT, Verdict.THROTTLED, Verdict.CLOCK})
_READ_AGAIN = _NOT_TAKEN | {Verdict.UNKNOWN}


class VenueClient:
    """One venue's client, for one loop (`actors.exchange.live.ports.Connection`). Open it on that loop.

    Args:
        dialect: The venue's.
        products: What is traded; nothing else is loaded or subscribed.
        credentials: None for public data alone.
        transport: Where HTTP goes. Closed with the client.
        clock: The machine's, or a simulation's.
        jitter: Seeded randomness, from 0 to 1.
        sandbox: Speak to the venue's test system.
        validity_ms: How long a request is valid at the venue, where it has that.
        bans: Shared with the process's other clients of the venue; None: its own.

    Attributes:
        skew_ms: The venue's clock less ours, as last measured.
        skew_error_ms: By how much that may be wrong: half the round trip.

    Raises:
        NotSupportedError: The venue has no sandbox for a product.
    """

    def __init__(  # noqa: PLR0913 - the wiring names each of them
        self,
        dialect: Dialect,
        products: frozenset[TradeType],
        *,
        credentials: Credentials | None,
        transport: Transport,
        clock: Clock,
        jitter: Jitter,
        sandbox: bool = False,
        validity_ms: int = 5_000,
        bans: Bans | None = None,
    ) -> None:
        self.dialect = dialect
        self.venue: VenueName = dialect.venue
        self.skew_ms = 0
        self.skew_error_ms = 0
        self._clock = clock
        self._jitter = jitter
        self._products = products
        self._attempts = Attempts(
            dialect,
            products,
            credentials=credentials,
            transport=transport,
            now_ms=self.now_ms,
            sandbox=sandbox,
            validity_ms=validity_ms,
            bans=bans,
        )
        self._reading = asyncio.Semaphore(READS_AT_ONCE)
        self._streams: Streams | None = None
        self._measuring = asyncio.Lock()
        self._measured = 0

    def __repr__(self) -> str:
        return f"VenueClient({self.venue})"

    @property
    def is_streaming(self) -> bool:
        """Whether all private streams are up."""
        return self._streams is not None and self._streams.are_up

    def now_ms(self) -> int:
        """Return the time by the venue's clock."""
        return self._clock.wall_ns() // _NS_PER_MS + self.skew_ms

    # --- life --------------------------------------------------------------------------------------------------------

    async def open(self, markets: Markets | None = None, *, timeout_ms: int = TIMEOUT_MS) -> None:
        """Make the client. Sends nothing.

        Args:
            markets: Of an earlier client of the venue: they need not be loaded again.
            timeout_ms: How long an answer is waited for.
        """
        self._attempts.open(markets, timeout_ms=timeout_ms)

    async def load_markets(self, *, deadline_s: float = MARKETS_S) -> Markets:
        """Load what is traded, unless it is there. Stalls the loop for tenths of a second: not for the hot path.

        Raises:
            RequestFailedError: The last failure.
        """
        until = asyncio.get_running_loop().time() + deadline_s
        repeated = retrying(until=until, jitter=self._jitter, may_repeat=self._may_read_again)
        return await repeated(self._attempts.load_markets)

    async def close(self) -> None:
        """Close streams, session and connections. May be called twice, and before `open`."""
        await self._attempts.close()

    # --- requests ----------------------------------------------------------------------------------------------------

    async def send(self, call: Call, *, urgency: Urgency, deadline_ms: int | None = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Wait for the limit, make one attempt, and return the decoded answer.

        Args:
            call: What to send.
            urgency: Before what it may go.
            deadline_ms: By the venue's clock; what can't be sent before it is not sent.

        Raises:
            RequestFailedError: With the failure.
            UnreadableAnswerError: The answer is no JSON at all. What the request changes may have been done.
        """
        return await self._send(call, urgency, until=None if deadline_ms is None else self._loop_time(deadline_ms))

    async def send_surely_once(self, call: Call, *, urgency: Urgency, deadline_ms: int) -> Any:  # noqa: ANN401 - as above
        """As `send`, and again while the venue certainly did not take it, until the deadline.

        Where our time was off, it is measured first. Anything else is raised at once.
        """
        measured = self._measured
        until = self._loop_time(deadline_ms)  # once: that our clock is set right on the way does not move it
        try:
            return await self._send(call, urgency, until=until)
        except RequestFailedError as error:
            if not self._was_not_taken(error):
                raise
            failed, is_new = error, False

        async def again() -> Any:  # noqa: ANN401
            nonlocal failed, is_new, measured
            if not is_new:  # tenacity sees the first failure here, and waits after it
                is_new = True
                raise failed
            if self.dialect.judge(failed.failure) is Verdict.CLOCK:
                with contextlib.suppress(RequestFailedError, UnreadableAnswerError):
                    await self._measure_unless_done_since(measured)
            measured = self._measured
            try:
                return await self._send(call, urgency, until=until)
            except RequestFailedError as error:
                failed = error
                raise

        return await retrying(until=until, jitter=self._jitter, may_repeat=self._was_not_taken)(again)

    async def read(
        self, query: Query[T], *, urgency: Urgency = Urgency.READ, deadline_s: float = 10.0
    ) -> tuple[T, ...]:
        """Read all pages, each again where it fails, until so many seconds have passed.

        Raises:
            RequestFailedError: The last failure, or that there was no time for an answer.
            UnreadableAnswerError: The last answer.
        """
        until = asyncio.get_running_loop().time() + deadline_s
        repeated = retrying(until=until, jitter=self._jitter, may_repeat=self._may_read_again)
        items: list[T] = []
        following: Query[T] = query
        try:
            async with asyncio.timeout_at(until):
                for _ in range(MOST_PAGES):
                    page: Page[T] = await repeated(self._page_in_time, following, urgency)
                    items += page.items
                    if page.next is None:
                        return tuple(items)
                    following = page.next
        except TimeoutError:
            failure = Failure(status=None, code="", text=f"no complete answer in {deadline_s} s")
            raise RequestFailedError(failure) from None
        raise UnreadableAnswerError(f"the venue's pages don't end: {MOST_PAGES} were read")

    async def measure_skew(self) -> int:
        """Measure the venue's clock against ours, half the round trip taken off; keep the difference (ms).

        Raises:
            RequestFailedError: The venue does not say its time.
            UnreadableAnswerError: Nor in a form that can be read.
        """
        async with self._measuring:
            return await self._measure()

    async def _measure_unless_done_since(self, measured: int) -> None:
        async with self._measuring:
            if self._measured == measured:
                await self._measure()

    async def _measure(self) -> int:
        """Take the quickest of a few answers: its time was on the way for the least."""
        query = self.dialect.server_time()
        best: tuple[int, int] | None = None
        for _ in range(SAMPLES):
            await self._attempts.admit(query.call, Urgency.CONTROL, until=None)
            before = self._clock.wall_ns()
            (venue_ms,) = query.read(await self._attempts.make(query.call)).items
            after = self._clock.wall_ns()
            sample = after - before, venue_ms - (before + after) // (2 * _NS_PER_MS)
            best = sample if best is None else min(best, sample)
        if best is not None:
            self.skew_error_ms, self.skew_ms = best[0] // (2 * _NS_PER_MS) + 1, best[1]
        self._measured += 1
        return self.skew_ms

    # --- public data -------------------------------------------------------------------------------------------------

    @property
    def exchange(self) -> Obedient:
        """The client of ccxt, for public data. `RuntimeError` where it is not open."""
        return self._attempts.exchange

    async def ask(self, work: Callable[[Any], Awaitable[T]], *, group: str = "", weight: int = 1) -> T:
        """Have ccxt do something public of its own, once.

        Args:
            work: Given ccxt's client.
            group: Whose limit it waits for and counts against; empty: it sends no request.
            weight: What it costs of that limit.

        Raises:
            RequestFailedError: With the failure, whatever it was.
        """
        if group:
            call = Call(api="", params={}, group=group, weight=weight)
            await self._attempts.admit(call, Urgency.READ, until=None)
        return await self._attempts.judged(work(self._attempts.exchange), Attempt(group))

    # --- streams -----------------------------------------------------------------------------------------------------

    def watch(
        self,
        *,
        on_frame: Callable[[Any], None],
        on_gap: Callable[[str], None],
        start: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """Keep the private streams up, each in a task of its own. Needs markets.

        Args:
            on_frame: Takes every decoded private frame, as the dialect's `frame` reads it.
            on_gap: Is told at each loss and at each return of a stream: poll then.
            start: Starts a task of the epoch.
        """
        self._streams = Streams(
            self._attempts.exchange,
            self._products,
            on_frame=on_frame,
            on_gap=on_gap,
            jitter=self._jitter,
            clean=self._attempts.clean,
        )
        self._streams.start(start)

    # --- within ------------------------------------------------------------------------------------------------------

    async def _send(self, call: Call, urgency: Urgency, *, until: float | None) -> Any:  # noqa: ANN401 - decoded JSON
        if urgency is not Urgency.READ:
            return await self._attempt(call, urgency, until)
        async with self._reading:  # before the limit: what has found room in it must not go out later
            return await self._attempt(call, urgency, until)

    async def _attempt(self, call: Call, urgency: Urgency, until: float | None) -> Any:  # noqa: ANN401 - as above
        await self._attempts.admit(call, urgency, until=until)
        return await self._attempts.make(call)

    def _loop_time(self, venue_ms: int) -> float:
        return asyncio.get_running_loop().time() + (venue_ms - self.now_ms()) / 1000

    async def _page_in_time(self, query: Query[T], urgency: Urgency) -> Page[T]:
        """Read one page; where our time is off, measure it, so that the next attempt is right."""
        measured = self._measured
        try:
            return await self._page(query, urgency)
        except RequestFailedError as error:
            if self.dialect.judge(error.failure) is Verdict.CLOCK:
                with contextlib.suppress(RequestFailedError, UnreadableAnswerError):
                    await self._measure_unless_done_since(measured)
            raise

    async def _page(self, query: Query[T], urgency: Urgency) -> Page[T]:
        try:
            return query.read(await self._send(query.call, urgency, until=None))
        except (RequestFailedError, VenueRefusalError) as error:
            failure = error.failure
        if failure.code in query.absent:
            return Page(items=())
        raise RequestFailedError(structs.replace(failure, text=self._attempts.clean(failure.text)))

    def _was_not_taken(self, error: BaseException) -> bool:
        return isinstance(error, RequestFailedError) and self.dialect.judge(error.failure) in _NOT_TAKEN

    def _may_read_again(self, error: BaseException) -> bool:
        if isinstance(error, RequestFailedError):
            return self.dialect.judge(error.failure) in _READ_AGAIN
        return isinstance(error, UnreadableAnswerError)
