"""Waits before a venue's limits are met, and stays away while the venue says so. All waiting is on the loop's clock.

Of every limit (`wire.contract.Bucket`) a share is kept for what must not wait. A leaky bucket lets a burst through and
then a steady stream; both together never exceed the venue's amount in any window, wherever the venue lets it begin.
Groups whose tuples hold the same `Bucket` object share it.
"""

import asyncio
from collections.abc import Callable, Mapping

from aiolimiter import AsyncLimiter

from actors.exchange.live.ports import Urgency
from actors.exchange.wire.buckets import Bucket

BURST = 4
"""A burst takes one part in so many of a limit."""
LONGEST_SILENCE_MS = 60_000
"""How long a bucket stays closed at most where the venue does not say how long."""
LOOK_S = 0.02
"""How long something that waits for room waits at most before it looks again."""
ROUNDING = 1e-6
MARGIN_S = 0.05
"""Waited past the end of a window, as the venue's clock is only measured."""


CONTROL = Urgency.CONTROL


class TooLateError(Exception):
    """The limit does not let a request out before its deadline. Nothing was sent."""


class Bans:
    """Until when limits are closed because a venue turned this machine's address away.

    It is about everybody who asks the venue from here, so all clients of a process may share one, whatever their
    threads: their loops have one clock.
    """

    def __init__(self) -> None:
        self._until: dict[int, tuple[Bucket, float]] = {}  # with the bucket, so that its id stays its own

    def until(self, bucket: Bucket) -> float:
        """Return until when a limit is closed, in seconds of the loop's clock; 0 where it is not."""
        found = self._until.get(id(bucket))
        return 0.0 if found is None else found[1]

    def close(self, bucket: Bucket, until: float) -> None:
        """Close a limit."""
        self._until[id(bucket)] = bucket, max(until, self.until(bucket))


class Limits:
    """All limits of one venue. Its methods are called on one loop.

    Args:
        buckets: By endpoint group, as `Dialect.buckets`.
        now_ms: The venue's clock, for windows that begin at round times.
        bans: Shared with other clients; None: its own.
    """

    def __init__(
        self, buckets: Mapping[str, tuple[Bucket, ...]], *, now_ms: Callable[[], int], bans: Bans | None = None
    ) -> None:
        self._bans = bans = bans or Bans()
        gates: dict[int, _Gate] = {}
        for each in buckets.values():
            for bucket in each:
                gates.setdefault(id(bucket), _Gate(bucket, now_ms, bans)).groups += 1
        self._all = tuple(gates.values())
        self._gates = {group: tuple(gates[id(bucket)] for bucket in each) for group, each in buckets.items()}

    async def take(self, group: str, weight: int, urgency: Urgency, *, until: float | None = None) -> None:
        """Wait for room; return when the request may be sent.

        Args:
            group: Of endpoints; a key of the buckets.
            weight: What the request costs of each limit of the group.
            urgency: Before what it may go.
            until: Deadline in seconds of the loop's clock; None: wait as long as it takes.

        Raises:
            TooLateError: It can't be sent before the deadline: said at once where that can be told at once.
        """
        gates = self._gates[group]
        now = asyncio.get_running_loop().time()
        if until is not None and now >= until:
            raise TooLateError("the deadline has passed")
        if all(gate.is_free(weight, urgency, now) for gate in gates):
            for gate in gates:
                await gate.enter(weight, urgency)  # does not wait
            return
        for gate in gates:
            gate.refuse_if_late(weight, urgency, now, until)
        try:
            async with asyncio.timeout_at(until):
                for gate in gates:
                    await gate.enter_in_turn(weight, urgency, until)
        except TimeoutError:
            raise TooLateError(f"no room in the limit of {group} before the deadline") from None

    def heard(self, group: str, headers: Mapping[str, str]) -> None:
        """Read from an answer's headers how much the venue counts as used."""
        for gate in self._gates[group]:
            if gate.header:
                gate.heard(headers)

    def close(self, group: str, *, for_ms: int | None, banned: bool) -> None:
        """Send nothing more of a group for a while: the venue turned a request away.

        Args:
            group: Of the request.
            for_ms: As the venue said; None: a window, doubled each time until something passes.
            banned: The address is turned away: everything that shares a limit with the group is closed too.
        """
        now = asyncio.get_running_loop().time()
        gates = self._gates[group]
        own = tuple(gate for gate in gates if gate.groups == 1)
        for gate in gates if banned or not own else own:
            gate.close(now, for_ms, banned=banned)

    async def peace(self) -> None:
        """Wait until nothing is closed for a ban: before requests that no limit counts."""
        loop = asyncio.get_running_loop()
        while (until := self._banned_until()) > loop.time():  # noqa: ASYNC110 - a ban ends by time alone
            await asyncio.sleep(max(until - loop.time(), LOOK_S))

    def _banned_until(self) -> float:
        return max((self._bans.until(gate.bucket) for gate in self._all), default=0.0)

    def ban(self, for_ms: int | None) -> None:
        """Close everything: the address was turned away, at a request that no limit counts."""
        now = asyncio.get_running_loop().time()
        for gate in self._all:
            gate.close(now, for_ms, banned=True)

    def passed(self, group: str) -> None:
        """Note that the venue took a request."""
        for gate in self._gates[group]:
            gate.refusals = 0


class _Lane:
    """A share of a limit: a leaky bucket, and how much waits for it."""

    def __init__(self, share: float, window_s: float) -> None:
        burst = max(1.0, share / BURST)
        self._rate = max(share - burst, share / 2) / window_s
        self._bucket = AsyncLimiter(burst, burst / self._rate)
        self._turns = {urgency: asyncio.Lock() for urgency in Urgency}
        self._waiting = dict.fromkeys(Urgency, 0)
        self._waiters = 0

    def has(self, weight: int) -> bool:
        """Whether there is room, and nobody waits for it."""
        return not self._waiters and weight <= self._bucket.max_rate and self._bucket.has_capacity(weight)

    def backlog_s(self, urgency: Urgency) -> float:
        """Return how long it takes at least until all of an urgency that waits has gone out, in seconds."""
        return self._waiting[urgency] / self._rate

    async def take(self, weight: int, urgency: Urgency) -> None:
        """Take room, or wait for it: in turn within an urgency, and with the others whoever finds enough of it first.

        An order is lighter than most reads, and at most one read looks for room at a time: so it goes first.
        """
        if self.has(weight):
            await self._bucket.acquire(weight)  # does not wait
            return
        self._waiting[urgency] += weight
        self._waiters += 1
        try:
            async with self._turns[urgency]:
                await self._take_in_turn(float(weight))
        finally:
            self._waiters -= 1
            self._waiting[urgency] -= weight

    async def _take_in_turn(self, left: float) -> None:
        # The limiter's own timer would aim at the very moment at which there is room; on a clock that only timers move,
        # a rounding error kept it there for ever. What is heavier than a burst takes several.
        while left > 0:
            part = min(left, self._bucket.max_rate)
            while not self._bucket.has_capacity(part - ROUNDING):  # noqa: ASYNC110 - room comes by time alone
                await asyncio.sleep(min(part / self._rate, LOOK_S))
            await self._bucket.acquire(part - ROUNDING)
            left -= part


class _Gate:
    """One limit of the venue: what is kept for control, what the rest shares, and until when it is closed."""

    def __init__(self, bucket: Bucket, now_ms: Callable[[], int], bans: Bans) -> None:
        kept = bucket.reserved * bucket.amount
        window_s = bucket.window_ms / 1000
        self.header = (bucket.header or "").lower()
        self.groups = 0
        self.refusals = 0
        self.bucket = bucket
        self._now_ms = now_ms
        self._bans = bans
        self._closed_until = 0.0
        self._shared = _Lane(float(bucket.amount - kept), window_s)
        self._kept = _Lane(float(kept), window_s) if kept >= 1 else None
        self._open_to_all = float(bucket.amount - kept)
        self._window = -1
        self._spent = 0.0

    def is_free(self, weight: int, urgency: Urgency, now: float) -> bool:
        """Whether a request may go at once."""
        if self._delay_s(weight, urgency, now) > 0:
            return False
        return self._lane(weight, urgency).has(weight)

    def refuse_if_late(self, weight: int, urgency: Urgency, now: float, until: float | None) -> None:
        """Raise `TooLateError` where the room that is needed can't be there in time."""
        if until is not None and now + self._lane(weight, urgency).backlog_s(urgency) > until:
            raise TooLateError("too much waits before it")

    async def enter_in_turn(self, weight: int, urgency: Urgency, until: float | None) -> None:
        """Wait until the gate is open and has room."""
        await self._wait_until_open(weight, urgency, until)
        await self.enter(weight, urgency)
        await self._wait_until_open(0, urgency, until)

    async def enter(self, weight: int, urgency: Urgency) -> None:
        """Take room."""
        await self._lane(weight, urgency).take(weight, urgency)
        self._spent += weight

    def close(self, now: float, for_ms: int | None, *, banned: bool) -> None:
        """Let nothing in for a while."""
        if for_ms is None:
            for_ms = min(self.bucket.window_ms << min(self.refusals, 20), LONGEST_SILENCE_MS)
        self.refusals += 1
        self._closed_until = max(self._closed_until, now + for_ms / 1000)
        if banned:
            self._bans.close(self.bucket, self._closed_until)

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take over what the venue counts in this window, as far as it is more than was known."""
        for name, value in headers.items():
            if name.lower() == self.header and value.isdecimal():
                self._roll()
                self._spent = max(self._spent, float(value))

    def _lane(self, weight: int, urgency: Urgency) -> _Lane:
        """Return the lane in which a request waits least."""
        if urgency is not CONTROL or self._kept is None or self._shared.has(weight):
            return self._shared
        if self._kept.has(weight):
            return self._kept
        return min(self._kept, self._shared, key=lambda lane: lane.backlog_s(urgency))

    async def _wait_until_open(self, weight: int, urgency: Urgency, until: float | None) -> None:
        loop = asyncio.get_running_loop()
        while (delay := self._delay_s(weight, urgency, loop.time())) > 0:
            if until is not None and loop.time() + delay > until:
                raise TooLateError("the venue takes nothing before the deadline")
            await asyncio.sleep(delay)

    def _delay_s(self, weight: int, urgency: Urgency, now: float) -> float:
        """Return how long the gate stays closed, or until a window begins in which there is room again."""
        closed = max(self._closed_until, self._bans.until(self.bucket)) - now
        if not self.header:
            return closed
        self._roll()
        room = self.bucket.amount if urgency is CONTROL else self._open_to_all
        if self._spent + weight <= room or self._spent == 0:
            return closed
        window_ms = self.bucket.window_ms
        return max(closed, (window_ms - self._now_ms() % window_ms) / 1000 + MARGIN_S)

    def _roll(self) -> None:
        window = self._now_ms() // self.bucket.window_ms
        if window != self._window:
            self._window, self._spent = window, 0.0
