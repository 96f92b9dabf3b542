"""A looped cell restarts inside, an epoch at a time, and no message is lost."""

import asyncio
import contextlib
from typing import Any

import pykka
import pytest

from actors.contract import LoopedActor, Tasks
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.hosted import host_looped
from actors.runtime.virtual_time import VirtualClock, run_virtually
from tests.actors.runtime.doubles import HowMany, Say, Told
from tests.actors.runtime.stage import Beside, Judge, Stage, Urgent, Work, play

# --- the end of an epoch ---------------------------------------------------------------------------------------------


def test_a_crashed_task_ends_the_epoch_and_the_next_goes_on_with_the_same_mailbox() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=4), Work(n=2, s=60), Beside(s=1, kind="error"))
        await asyncio.sleep(2)
        stage.tell(Work(n=3), Urgent(n=4))
        await asyncio.sleep(20)

    stage = play(script)

    assert stage.said == [
        "0 started 1",
        "0 begin 1",
        "0 begin 2",
        "4 end 1",  # the crash was at 1; 5 s of grace
        "6 failed 2 CancelledError",
        "6 closing 1",
        "6 closed 1",
        "16 started 2",  # after the judge's 10 s
        "16 begin 4",
        "16 end 4",
        "16 begin 3",
        "16 end 3",
        "22 closing 2",
        "22 closed 2",
    ]
    assert stage.judge.crashes == ["ValueError"]
    assert stage.judge.ends == [None]
    assert stage.dead == []
    assert stage.ref.measured().restarts == 1


@pytest.mark.parametrize(
    ("kind", "name"), [("exit", "SystemExit"), ("interrupt", "KeyboardInterrupt"), ("cancelled", "CancelledError")]
)
def test_whatever_a_task_raises_is_a_crash_of_the_epoch_and_of_nothing_more(kind: str, name: str) -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Beside(kind=kind))
        await asyncio.sleep(20)

    stage = play(script)

    assert stage.judge.crashes == [name]
    assert "10 started 2" in stage.said


def test_a_task_that_ends_is_no_crash() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Beside(s=1))
        await asyncio.sleep(20)

    stage = play(script)

    assert stage.said[:2] == ["0 started 1", "1 beside ended"]
    assert stage.judge.crashes == []


def test_tasks_run_on_through_the_grace_and_are_cancelled_after_it() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Beside(s=3), Beside(s=6), Work(n=1, s=4), Beside(s=1, kind="error"))
        await asyncio.sleep(30)

    stage = play(script)

    assert stage.said[1:5] == ["0 begin 1", "3 beside ended", "4 end 1", "4 closing 1"]
    assert not any("6 beside" in line for line in stage.said)


def test_without_messages_in_flight_there_is_no_grace_to_wait_for() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Beside(s=1, kind="error"))
        await asyncio.sleep(30)

    stage = play(script)

    assert stage.said[:4] == ["0 started 1", "1 closing 1", "1 closed 1", "11 started 2"]


def test_what_a_message_of_an_old_epoch_says_still_goes_out() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=60, stubborn=True), Beside(s=1, kind="error"))
        await asyncio.sleep(50)
        assert stage.ref.measured().left == 1
        await asyncio.sleep(50)
        assert stage.ref.measured().left == 0

    stage = play(script)

    # Grace from 1 to 6, a second for the cancelled one; its outcome was said, then it went on all the same.
    assert stage.said[2:6] == ["7 failed 1 CancelledError", "7 closing 1", "7 closed 1", "17 started 2"]
    assert stage.said[6] == "60 end 1"
    assert stage.ref.measured().worked == 1  # of the message that started the task
    assert stage.ref.measured().failed == 1


def test_whoever_asked_is_answered_once_though_the_message_would_not_be_cancelled() -> None:
    async def script(stage: Stage) -> None:
        future = stage.ref.ask(Work(n=1, s=60, stubborn=True), block=False)
        stage.tell(Beside(kind="error"))
        await asyncio.sleep(100)
        with pytest.raises(RuntimeError, match="CancelledError"):
            future.get(timeout=0)

    play(script)


def test_a_task_can_not_be_started_when_its_epoch_is_over() -> None:
    class Tenacious(LoopedActor[Any]):
        def __init__(self, tasks: Tasks) -> None:
            self.tasks = tasks

        async def closing(self) -> None:
            with pytest.raises(RuntimeError, match="epoch 1 of venue is over: late can't be started"):
                self.tasks.start(asyncio.sleep(1), name="late")
            refused.append(True)

    async def on(clock: VirtualClock) -> None:
        cell = host_looped("venue", Tenacious, supervisor=Judge(), dead_letters=DeadLetters(), clock=clock)
        await cell.stop()

    refused: list[bool] = []
    run_virtually(on)

    assert refused == [True]


# --- the start of an epoch -------------------------------------------------------------------------------------------


def test_nothing_is_taken_before_the_behaviour_has_started() -> None:
    async def script(stage: Stage) -> None:
        stage.start_s = 3
        stage.tell(Work(n=1), Urgent(n=2))
        asked = stage.ref.ask(HowMany(), block=False)
        await asyncio.sleep(2)
        with pytest.raises(pykka.Timeout):
            asked.get(timeout=0)
        await asyncio.sleep(2)
        assert asked.get(timeout=0) == Told(count=0, built=1)

    stage = play(script)

    assert stage.said[:4] == ["3 started 1", "3 begin 2", "3 end 2", "3 begin 1"]


def test_a_start_that_comes_to_its_end_after_its_epoch_takes_nothing() -> None:
    class Slow(LoopedActor[Any]):
        def __init__(self, tasks: Tasks) -> None:
            self.tasks = tasks
            if tasks.number == 1:
                tasks.start(self.crash(), name="crash")

        async def crash(self) -> None:
            await asyncio.sleep(1)
            raise OSError("cut off")

        async def started(self) -> None:
            with contextlib.suppress(asyncio.CancelledError):  # it won't be cancelled
                await asyncio.sleep(3)

        async def receive(self, message: Say) -> None:
            heard.append((self.tasks.number, message.n))

    async def on(clock: VirtualClock) -> None:
        cell = host_looped("venue", Slow, supervisor=Judge(), dead_letters=DeadLetters(), clock=clock)
        cell.ref.tell(Say(n=1))
        await asyncio.sleep(60)
        await cell.stop()

    heard: list[tuple[int, int]] = []
    run_virtually(on)

    assert heard == [(2, 1)]


def test_a_start_that_fails_is_closed_and_tried_again_after_the_delay() -> None:
    async def script(stage: Stage) -> None:
        stage.start_fails, stage.start_s = 1, 2
        stage.tell(Work(n=1))
        await asyncio.sleep(60)

    stage = play(script)

    assert stage.said[:5] == ["2 closing 1", "2 closed 1", "14 started 2", "14 begin 1", "14 end 1"]
    assert stage.judge.crashes == ["OSError"]


def test_a_factory_that_fails_is_tried_again_after_the_delay_with_nothing_to_close() -> None:
    async def script(stage: Stage) -> None:
        stage.build_fails = 2
        stage.tell(Work(n=1))
        await asyncio.sleep(60)

    stage = play(script)

    assert stage.said[:3] == ["20 started 3", "20 begin 1", "20 end 1"]
    assert stage.judge.crashes == ["OSError", "OSError"]


def test_tasks_of_a_factory_that_fails_are_cancelled() -> None:
    class Broken(LoopedActor[Any]):
        def __init__(self, tasks: Tasks) -> None:
            tasks.start(self.beside(), name="beside")
            raise OSError("can't be built")

        async def beside(self) -> None:
            ran.append(True)

    async def on(clock: VirtualClock) -> None:
        cell = host_looped("venue", Broken, supervisor=Judge(0), dead_letters=DeadLetters(), clock=clock)
        await cell.task

    ran: list[bool] = []
    run_virtually(on)

    assert ran == []


def test_a_cell_that_may_not_restart_says_so_and_leaves_nobody_without_an_answer() -> None:
    async def script(stage: Stage) -> None:
        stage.build_fails = 9
        stage.tell(Work(n=1))
        asked = stage.ref.ask(Work(n=2), block=False)
        await asyncio.sleep(60)
        stage.tell(Work(n=3))
        with pytest.raises(pykka.ActorDeadError):
            asked.get(timeout=0)

    stage = play(script, judge=Judge(restarts=2))

    assert stage.judge.crashes == ["OSError"] * 3
    assert stage.judge.escalated == ["OSError"]
    assert [type(error) for error in stage.judge.ends] == [OSError]
    assert stage.dead == [(Work(n=1), "closed"), (Work(n=3), "closed")]
    assert not stage.ref.is_alive()


# --- nothing is lost -------------------------------------------------------------------------------------------------


def test_every_message_of_a_stormy_day_has_exactly_one_outcome() -> None:
    messages = 2_000

    async def script(stage: Stage) -> None:
        for n in range(messages):
            kind = ("error", "exit", "cancelled")[n % 3] if n % 7 == 0 else ""
            lane = Urgent if n % 11 == 0 else Work
            stage.ref.tell(lane(n=n, s=(n * 7919) % 13, kind=kind, stubborn=n % 17 == 0))
            if n % 97 == 0:
                stage.tell(Beside(s=n % 5, kind="error"))
            await asyncio.sleep((n * 104_729) % 5)
        await asyncio.sleep(300)

    stage = play(script, in_flight=8, judge=Judge(restarts=100))

    failed = [int(line.split()[2]) for line in stage.said if " failed " in line]
    ended = [int(line.split()[2]) for line in stage.said if " end " in line]
    late = set(failed) & set(ended)  # said to be cancelled, and then went on to their end
    assert sorted({*failed, *ended}) == list(range(messages))
    assert len(failed) == len(set(failed))
    assert all(n % 17 == 0 for n in late)
    assert len(stage.judge.crashes) > 10
    assert stage.dead == []
    assert stage.said == play(script, in_flight=8, judge=Judge(restarts=100)).said
