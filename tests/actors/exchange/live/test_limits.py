"""No more than a venue allows goes out in any window, a cancel waits behind no read, and a closed limit stays closed.

On virtual time: what would take minutes takes none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from actors.exchange.live.limits import Bans, Limits, TooLateError
from actors.exchange.live.ports import Urgency
from actors.exchange.wire.buckets import Bucket
from actors.runtime.virtual_time import START_NS, VirtualClock, run_virtually
from tests.actors.exchange.live.doubles import bucket

START_MS = START_NS // 1_000_000
CONTROL, ORDER, READ = Urgency


def now() -> float:
    return asyncio.get_running_loop().time()


def running(work: Callable[[Limits], Awaitable[None]], *buckets: Bucket, shared: bool = False) -> None:
    """Run with limits of a group `g`, whose first limit is shared with a group `other` if so wanted."""

    async def program(clock: VirtualClock) -> None:
        groups = {"g": buckets, "other": buckets[:1]} if shared else {"g": buckets}
        await work(Limits(groups, now_ms=lambda: clock.wall_ns() // 1_000_000))

    run_virtually(program)


async def times_of(limits: Limits, count: int, urgency: Urgency, weight: int = 1) -> list[float]:
    """Send so many at once, and return when each went out."""
    times: list[float] = []

    async def one() -> None:
        await limits.take("g", weight, urgency)
        times.append(now())

    await asyncio.gather(*(one() for _ in range(count)))
    return times


@pytest.mark.parametrize("urgency", Urgency)
@pytest.mark.parametrize(("amount", "weight"), [(10, 1), (50, 1), (300, 1), (400, 40), (6_000, 80)])
def test_no_window_holds_more_than_the_venue_allows(amount: int, weight: int, urgency: Urgency) -> None:
    async def work(limits: Limits) -> None:
        times = await times_of(limits, 4 * amount // weight, urgency, weight)

        fits = amount // weight
        for first, last in zip(times, times[fits:], strict=False):
            assert last - first >= 0.999
        assert times[-1] < 8.0

    running(work, bucket(amount, 1_000))


def test_a_burst_goes_at_once_and_the_rest_steadily() -> None:
    async def work(limits: Limits) -> None:
        times = await times_of(limits, 200, ORDER)

        assert times[:45] == [0.0] * 45
        gaps = [later - earlier for earlier, later in pairwise(times[50:])]
        assert max(gaps) < 0.01

    running(work, bucket(200, 1_000))


def test_a_cancel_goes_at_once_while_two_hundred_reads_wait() -> None:
    async def work(limits: Limits) -> None:
        reads = asyncio.ensure_future(times_of(limits, 200, READ))
        await asyncio.sleep(0.1)

        await limits.take("g", 1, CONTROL)

        assert now() == pytest.approx(0.1)
        assert (await reads)[-1] > 10

    running(work, bucket(20, 1_000))


def test_an_order_waits_behind_one_read_at_most() -> None:
    async def work(limits: Limits) -> None:
        reads = asyncio.ensure_future(times_of(limits, 200, READ))
        await asyncio.sleep(0.1)

        await limits.take("g", 1, ORDER, until=now() + 1)

        assert now() < 0.1 + 2 / (18 * 3 / 4) + 0.01
        await reads

    running(work, bucket(20, 1_000))


def test_many_cancels_use_the_whole_limit_and_not_what_is_kept_alone() -> None:
    async def work(limits: Limits) -> None:
        times = await times_of(limits, 100, CONTROL)

        assert times[-1] < 100 / 20 * 2

    running(work, bucket(20, 1_000))


def test_what_cannot_go_out_in_time_is_refused_without_waiting_where_that_can_be_told() -> None:
    async def work(limits: Limits) -> None:
        reads = asyncio.ensure_future(times_of(limits, 100, READ))
        orders = asyncio.ensure_future(times_of(limits, 100, ORDER))
        await asyncio.sleep(0.01)
        before = now()

        with pytest.raises(TooLateError):
            await limits.take("g", 1, ORDER, until=before + 0.5)

        assert now() == before
        await asyncio.gather(reads, orders)

    running(work, bucket(20, 1_000))


def test_a_deadline_that_comes_while_waiting_ends_the_wait_and_takes_no_room() -> None:
    async def work(limits: Limits) -> None:
        await times_of(limits, 1, ORDER)

        with pytest.raises(TooLateError):
            await limits.take("g", 1, ORDER, until=now() + 0.1)

        assert now() == pytest.approx(0.1)
        await limits.take("g", 1, ORDER)
        assert now() <= 1.2

    running(work, bucket(2, 1_000, reserved="0"))


def test_a_deadline_in_the_past_is_refused() -> None:
    async def work(limits: Limits) -> None:
        with pytest.raises(TooLateError):
            await limits.take("g", 1, CONTROL, until=now())

    running(work, bucket())


def test_a_waiter_that_is_cancelled_leaves_the_others_in_their_order() -> None:
    async def work(limits: Limits) -> None:
        waiting = [asyncio.ensure_future(times_of(limits, 1, READ)) for _ in range(6)]
        await asyncio.sleep(0.1)

        waiting[2].cancel()
        times = await asyncio.gather(*waiting, return_exceptions=True)

        assert isinstance(times[2], asyncio.CancelledError)
        went = [each[0] for each in times if isinstance(each, list)]
        assert went == sorted(went)
        assert len(went) == 5

    running(work, bucket(4, 1_000, reserved="0"))


@pytest.mark.parametrize("urgency", Urgency)
def test_a_closed_limit_lets_nothing_out_until_the_venue_said(urgency: Urgency) -> None:
    async def work(limits: Limits) -> None:
        limits.close("g", for_ms=7_000, banned=True)

        with pytest.raises(TooLateError):
            await limits.take("g", 1, urgency, until=now() + 6.9)
        assert now() == 0.0

        await limits.take("g", 1, urgency)
        assert now() == pytest.approx(7.0)

    running(work, bucket())


def test_what_waited_when_the_limit_closed_waits_on() -> None:
    async def work(limits: Limits) -> None:
        waiting = asyncio.ensure_future(times_of(limits, 20, READ))
        await asyncio.sleep(0.5)

        limits.close("g", for_ms=10_000, banned=True)

        times = await waiting
        assert not [at for at in times if 0.5 < at < 10.5]

    running(work, bucket(10, 1_000))


def test_a_venue_that_does_not_say_how_long_is_left_alone_longer_each_time() -> None:
    async def work(limits: Limits) -> None:
        waits = []
        for _ in range(3):
            before = now()
            limits.close("g", for_ms=None, banned=True)
            await limits.take("g", 1, ORDER)
            waits.append(now() - before)
        limits.passed("g")
        before = now()
        limits.close("g", for_ms=None, banned=True)
        await limits.take("g", 1, ORDER)

        assert waits == pytest.approx([2.0, 4.0, 8.0])
        assert now() - before == pytest.approx(2.0)

    running(work, bucket(1_000, 2_000))


def test_a_limit_of_a_group_closes_its_own_and_a_ban_what_is_shared() -> None:
    async def work(limits: Limits) -> None:
        limits.close("g", for_ms=5_000, banned=False)
        await limits.take("other", 1, READ)
        assert now() == 0.0

        limits.close("g", for_ms=5_000, banned=True)
        await limits.take("other", 1, READ)
        assert now() == pytest.approx(5.0)

    running(work, bucket(), bucket(), shared=True)


def test_what_the_venue_counts_as_used_is_believed_until_its_window_ends() -> None:
    async def work(limits: Limits) -> None:
        await asyncio.sleep(10)
        limits.heard("g", {"x-mbx-used-weight-1m": "890"})

        await limits.take("g", 10, READ)
        assert now() == pytest.approx(10.0)
        await limits.take("g", 50, CONTROL)
        assert now() == pytest.approx(10.0)
        await limits.take("g", 10, READ)
        assert now() == pytest.approx(60.05)

    assert START_MS % 60_000 == 0
    running(work, bucket(1_000, 60_000, header="X-MBX-USED-WEIGHT-1M"))


def test_a_count_that_is_less_than_an_earlier_one_is_old_news() -> None:
    async def work(limits: Limits) -> None:
        limits.heard("g", {"X-MBX-USED-WEIGHT-1M": "895"})
        limits.heard("g", {"X-MBX-USED-WEIGHT-1M": "5", "Date": "x"})

        await limits.take("g", 10, READ)

        assert now() == pytest.approx(60.05)

    running(work, bucket(1_000, 60_000, header="X-MBX-USED-WEIGHT-1M"))


def test_what_is_heavier_than_the_whole_limit_still_goes_out() -> None:
    async def work(limits: Limits) -> None:
        await limits.take("g", 50, READ)

        assert now() < 20

    running(work, bucket(10, 1_000, header="Used"))


def test_a_ban_that_one_client_was_told_is_sat_out_by_all_that_share_it_and_by_what_no_limit_counts() -> None:
    async def program(clock: VirtualClock) -> None:
        shared, bans = bucket(100, 1_000), Bans()
        told, other, stranger = (
            Limits({"g": (shared,)}, now_ms=lambda: clock.wall_ns() // 1_000_000, bans=each)
            for each in (bans, bans, None)
        )
        began = now()

        told.close("g", for_ms=30_000, banned=True)

        await stranger.take("g", 1, READ)
        await stranger.peace()
        assert now() == began
        await asyncio.gather(other.peace(), other.take("g", 1, CONTROL))
        assert 30 <= now() - began < 30.5

    run_virtually(program)


def test_a_ban_at_a_request_that_no_limit_counts_closes_every_limit() -> None:
    async def work(limits: Limits) -> None:
        began = now()

        limits.ban(12_000)

        await limits.take("g", 1, ORDER)
        assert 12 <= now() - began < 12.5

    running(work, bucket(100, 1_000))
