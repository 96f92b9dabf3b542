"""A looped cell stops in order and in time, and leaves nobody without an answer."""

import asyncio

import pykka
import pytest

from messages.units import SECOND_NS
from tests.actors.runtime.stage import Beside, Judge, Stage, Work, play


def test_a_stop_comes_after_what_was_told_before_and_what_is_told_after_is_a_dead_letter() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=2), Work(n=2, s=2))
        stopped = stage.ref.stop(block=False)
        stage.tell(Work(n=3))
        await asyncio.sleep(60)
        assert stopped.get(timeout=0) is True

    stage = play(script, in_flight=1)

    assert stage.said == [
        "0 started 1",
        "0 begin 1",
        "2 end 1",
        "2 begin 2",
        "4 end 2",
        "4 closing 1",
        "4 closed 1",
    ]
    assert stage.dead == [(Work(n=3), "closed")]
    assert stage.judge.escalated == []
    assert stage.judge.ends == [None]


def test_a_stop_takes_no_longer_than_it_may() -> None:
    async def script(stage: Stage) -> None:
        stage.close_s = 3_600
        stage.tell(Work(n=1, s=3_600), Work(n=2, s=3_600, stubborn=True), Work(n=3))
        asked = stage.ref.ask(Work(n=4), block=False)
        await asyncio.sleep(1)
        await stage.cell.stop(timeout_s=8)
        ended.append(stage.clock.passed_ns / SECOND_NS)
        with pytest.raises(pykka.ActorDeadError):
            asked.get(timeout=0)

    ended: list[float] = []
    stage = play(script, in_flight=2)

    assert 1 < ended[0] <= 1 + 8
    assert sorted(line.partition(" ")[2] for line in stage.said if "failed" in line) == [
        "failed 1 CancelledError",
        "failed 2 CancelledError",
    ]
    assert stage.dead == [(Work(n=3), "closed")]


def test_a_stop_shortens_the_grace_of_an_epoch_that_is_ending_already() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=3_600), Beside(s=1, kind="error"))
        await asyncio.sleep(2)
        await stage.cell.stop(timeout_s=1)
        ended.append(stage.clock.passed_ns / SECOND_NS)

    ended: list[float] = []
    play(script, judge=Judge(restarts=0))

    assert 2 < ended[0] <= 3


@pytest.mark.parametrize("after_s", [0, 1])
@pytest.mark.parametrize("obstacle", ["start", "delay"])
def test_a_stop_does_not_wait_for_a_start_or_a_delay(obstacle: str, after_s: int) -> None:
    async def script(stage: Stage) -> None:
        if obstacle == "start":
            stage.start_s = 3_600
        else:
            stage.start_fails = 1
        stage.tell(Work(n=1))
        if after_s:  # else it comes before the cell has begun to live
            await asyncio.sleep(after_s)
        await stage.cell.stop(timeout_s=4)
        ended.append(stage.clock.passed_ns / SECOND_NS)

    ended: list[float] = []
    stage = play(script)

    assert after_s <= ended[0] <= after_s + 4
    if obstacle == "start":
        assert stage.dead == [(Work(n=1), "closed")]
    else:  # the next epoch came at once, and worked it
        assert stage.said[2:5] == [f"{after_s} started 2", f"{after_s} begin 1", f"{after_s} end 1"]
    assert stage.judge.ends == [None]


def test_tasks_that_crash_in_an_orderly_stop_are_no_news() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=3), Beside(s=2, kind="error"))
        await asyncio.sleep(1)

    stage = play(script)

    assert stage.said[-3:] == ["3 end 1", "3 closing 1", "3 closed 1"]
    assert stage.judge.crashes == []
    assert stage.judge.ends == [None]


@pytest.mark.parametrize("kind", ["error", "exit"])
def test_a_closing_that_fails_is_why_a_stopped_cell_ended(kind: str) -> None:
    async def script(stage: Stage) -> None:
        stage.close_kind = kind
        await asyncio.sleep(1)

    stage = play(script)

    assert stage.judge.escalated == [type(error).__name__ for error in stage.judge.ends]
    assert stage.judge.escalated != []


def test_a_closing_that_hangs_is_cancelled_and_does_not_keep_the_next_epoch() -> None:
    async def script(stage: Stage) -> None:
        stage.close_s = 3_600
        stage.tell(Beside(kind="error"))
        await asyncio.sleep(6)
        stage.close_s = 0
        await asyncio.sleep(60)

    stage = play(script)

    assert stage.said[:3] == ["0 started 1", "0 closing 1", "15 started 2"]
    assert stage.judge.crashes == ["ValueError"]


def test_a_hosted_cell_whose_task_is_cancelled_closes_all_the_same() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=60))
        await asyncio.sleep(1)
        stage.cell.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stage.cell.task
        stage.tell(Work(n=2))
        done.append(stage)
        raise LookupError

    done: list[Stage] = []
    with pytest.raises(LookupError):
        play(script)

    assert done[0].said[2:] == ["6 failed 1 CancelledError", "6 closing 1", "6 closed 1"]
    assert done[0].dead == [(Work(n=2), "closed")]
