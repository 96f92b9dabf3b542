"""On a virtual loop hours take no time, everything happens in the same order each time, and nothing waits for ever."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.runtime.virtual_time import START_NS, VirtualClock, VirtualLoop, VirtualTimeError, run_virtually
from messages.units import SECOND_NS


def test_a_month_of_timers_passes_and_each_is_on_time() -> None:
    async def work(clock: VirtualClock) -> list[int]:
        seen = []
        for _ in range(720):
            await asyncio.sleep(3_600)
            seen.append(clock.monotonic_ns())
        return seen

    seen = run_virtually(work, longest_s=31 * 86_400)

    assert seen == [3_600 * SECOND_NS * n for n in range(1, 721)]


def test_the_clock_and_the_loop_tell_the_same_time() -> None:
    async def work(clock: VirtualClock) -> tuple[float, int, int]:
        await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)
        return asyncio.get_running_loop().time(), clock.monotonic_ns(), clock.wall_ns()

    assert run_virtually(work) == (0.3, 300_000_000, START_NS + 300_000_000)
    assert run_virtually(work, wall_ns=7) == (0.3, 300_000_000, 300_000_007)


def test_work_that_waits_for_nothing_takes_no_time() -> None:
    async def work(clock: VirtualClock) -> int:
        for _ in range(1_000):
            await asyncio.sleep(0)
        return clock.monotonic_ns()

    assert run_virtually(work) == 0


def test_the_wall_clock_can_be_moved_and_the_monotonic_one_stays() -> None:
    clock = VirtualClock(1_000)

    clock.set_forward(-400)

    assert (clock.wall_ns(), clock.monotonic_ns()) == (600, 0)


def test_many_tasks_run_in_the_same_order_each_time() -> None:
    async def work(_: VirtualClock) -> list[tuple[float, int]]:
        seen: list[tuple[float, int]] = []

        async def one(n: int) -> None:
            for k in range(20):
                await asyncio.sleep((n * 7919 + k * 104_729) % 13 / 10)
                seen.append((asyncio.get_running_loop().time(), n))

        await asyncio.gather(*(one(n) for n in range(50)))
        return seen

    first = run_virtually(work)

    assert first == run_virtually(work)
    assert [time for time, _ in first] == sorted(time for time, _ in first)


def test_a_timeout_comes_before_what_takes_longer() -> None:
    async def work(clock: VirtualClock) -> int:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(7_200), 3_600)
        return clock.monotonic_ns()

    assert run_virtually(work) == 3_600 * SECOND_NS


def test_a_task_that_nothing_can_wake_is_an_error_that_names_it() -> None:
    async def forgotten() -> None:
        await asyncio.Event().wait()

    async def work(_: VirtualClock) -> None:
        await asyncio.create_task(forgotten(), name="forgotten")

    with pytest.raises(VirtualTimeError, match=r"nothing is ready.*forgotten at test_virtual_time\.py:\d+"):
        run_virtually(work)


def test_something_that_repeats_for_ever_is_an_error_after_the_longest_time() -> None:
    async def poll() -> None:
        while True:  # noqa: ASYNC110 - the point
            await asyncio.sleep(60)

    async def work(_: VirtualClock) -> None:
        await asyncio.create_task(poll(), name="poll")

    with pytest.raises(VirtualTimeError, match=r"still running after 36\d\d virtual seconds.*poll"):
        run_virtually(work, longest_s=3_600)


def test_a_call_from_another_thread_is_refused() -> None:
    refused: list[BaseException] = []

    def call(loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(refused.clear)
        except VirtualTimeError as error:
            refused.append(error)

    async def work(_: VirtualClock) -> None:
        thread = threading.Thread(target=call, args=(asyncio.get_running_loop(),))
        thread.start()
        thread.join()

    run_virtually(work)

    assert "takes nothing from another thread" in str(refused[0])


def test_a_call_from_its_own_thread_is_taken() -> None:
    async def work(_: VirtualClock) -> str:
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon_threadsafe(done.set_result, "taken")
        return await done

    assert run_virtually(work) == "taken"


async def to_a_thread() -> None:
    await asyncio.to_thread(print)


async def to_an_address() -> None:
    await asyncio.open_connection("127.0.0.1", 9)


@pytest.mark.parametrize("outside", [to_a_thread, to_an_address])
def test_threads_and_sockets_are_refused(outside: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def work(_: VirtualClock) -> None:
        await outside()

    with pytest.raises((VirtualTimeError, NotImplementedError)):
        run_virtually(work)


def test_an_error_comes_out_and_the_loop_is_closed() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def work(_: VirtualClock) -> None:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(1)
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        run_virtually(work)

    assert isinstance(loops[0], VirtualLoop)
    assert loops[0].is_closed()
