"""A looped cell works many messages at once, control first, and a crash of one is that message's outcome."""

import asyncio
import decimal
import threading
from decimal import Decimal
from typing import Any

import pykka
import pytest

from actors.contract import LoopedActor, Tasks
from actors.runtime.crashes import described
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.epoch import RequestCrashedError
from actors.runtime.hosted import host_looped
from actors.runtime.looped import Measured
from actors.runtime.stepped import Door
from actors.runtime.task_context import TaskTurn
from actors.runtime.virtual_time import START_NS, VirtualClock, VirtualTimeError, run_virtually
from messages.units import CONTEXT, SECOND_NS, Seq
from tests.actors.runtime.doubles import BadQuestion, Ear, HowMany, Say, Told
from tests.actors.runtime.stage import Beside, Judge, Stage, Urgent, Work, play

CRASHES = {
    "error": "ValueError",
    "exit": "SystemExit",
    "interrupt": "KeyboardInterrupt",
    "cancelled": "CancelledError",
}


async def reply_of(future: pykka.Future[Any]) -> Any:  # noqa: ANN401 - whatever was answered
    """Let the cell work for a virtual hour, then look at the reply."""
    await asyncio.sleep(3_600)
    return future.get(timeout=0)


def test_messages_begin_in_the_order_of_the_mailbox_and_run_beside_each_other() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=3), Work(n=2, s=1), Work(n=3, s=2))

    stage = play(script)

    assert stage.said[:7] == ["0 started 1", "0 begin 1", "0 begin 2", "0 begin 3", "1 end 2", "2 end 3", "3 end 1"]


def test_no_more_than_the_bound_are_in_flight_and_the_rest_wait_in_order() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(*(Work(n=n, s=2) for n in range(1, 6)))
        await asyncio.sleep(1)
        assert stage.ref.measured().in_flight == 2
        assert stage.ref.measured().waiting == 3
        await asyncio.sleep(10)

    stage = play(script, in_flight=2)

    begins = [line for line in stage.said if "begin" in line]
    assert begins == ["0 begin 1", "0 begin 2", "2 begin 3", "2 begin 4", "4 begin 5"]


def test_control_is_begun_before_everything_that_waits() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1), Work(n=2), Urgent(n=3))

    stage = play(script)

    assert [line for line in stage.said if "begin" in line] == ["0 begin 3", "0 begin 1", "0 begin 2"]


def test_control_is_begun_at_once_when_the_bound_is_reached_and_does_not_count() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=10), Work(n=2, s=1))
        await asyncio.sleep(2)
        stage.tell(Urgent(n=3, s=20), Urgent(n=4))
        await asyncio.sleep(10)

    stage = play(script, in_flight=1)

    begins = [line for line in stage.said if "begin" in line]
    assert begins == ["0 begin 1", "2 begin 3", "2 begin 4", "10 begin 2"]  # while 3 was still in flight


def test_a_question_is_answered_while_the_bound_is_reached() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=10_000))
        await asyncio.sleep(1)
        answers.append(await reply_of(stage.ref.ask(HowMany(), block=False)))
        with pytest.raises(TypeError, match="no answer to BadQuestion"):
            await reply_of(stage.ref.ask(BadQuestion(), block=False))

    answers: list[Told] = []
    stage = play(script, in_flight=1)

    assert answers == [Told(count=1, built=1)]
    assert stage.judge.crashes == []


def test_thousands_of_letters_that_come_at_once_are_all_worked() -> None:
    async def script(stage: Stage) -> None:
        asked = [stage.ref.ask(HowMany(), block=False) for _ in range(2_500)]
        await asyncio.sleep(1)
        answers.extend(future.get(timeout=0) for future in asked)

    answers: list[Told] = []
    play(script)

    assert answers == [Told(count=0, built=1)] * 2_500


def test_a_hosted_cell_in_virtual_time_refuses_other_threads_and_goes_on() -> None:
    async def script(stage: Stage) -> None:
        def tell() -> None:
            try:
                stage.tell(Work(n=1))
            except VirtualTimeError as error:
                refused.append(error)

        await asyncio.sleep(1)
        thread = threading.Thread(target=tell)
        thread.start()
        thread.join()
        await asyncio.sleep(1)
        stage.tell(Work(n=2))

    refused: list[BaseException] = []
    stage = play(script)

    assert len(refused) == 1
    assert [line for line in stage.said if "begin" in line] == ["2 begin 1", "2 begin 2"]


@pytest.mark.parametrize("kind", CRASHES)
@pytest.mark.parametrize("lane", [Work, Urgent])
def test_a_crash_of_a_message_is_its_outcome_and_nothing_else_notices(
    kind: str, lane: type[Work] | type[Urgent]
) -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=2), lane(n=2, s=1, kind=kind))
        await asyncio.sleep(3)
        stage.tell(Work(n=3))

    stage = play(script)

    begun = sorted(line for line in stage.said if line.startswith("0 begin"))
    assert begun == ["0 begin 1", "0 begin 2"]
    assert [line for line in stage.said if "begin" not in line or "3" in line] == [
        "0 started 1",
        f"1 failed 2 {CRASHES[kind]}",
        "2 end 1",
        "3 begin 3",
        "3 end 3",
        "3 closing 1",
        "3 closed 1",
    ]
    assert stage.judge.crashes == []
    assert stage.dead == []


@pytest.mark.parametrize("kind", CRASHES)
def test_whoever_asked_hears_of_the_crash_as_an_ordinary_exception(kind: str) -> None:
    async def script(stage: Stage) -> None:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - looked at below
            await reply_of(stage.ref.ask(Work(n=1, kind=kind), block=False))
        heard.append(caught.value)

    heard: list[BaseException] = []
    play(script)

    if kind == "error":
        assert isinstance(heard[0], ValueError)
    else:
        assert isinstance(heard[0], RequestCrashedError)
        assert heard[0].__cause__ is not None
        assert str(heard[0]) == described(heard[0].__cause__)


def test_whoever_asked_is_answered_none_when_the_message_was_worked() -> None:
    async def script(stage: Stage) -> None:
        future = stage.ref.ask(Work(n=1, s=5), block=False)
        await asyncio.sleep(4)
        with pytest.raises(pykka.Timeout):
            future.get(timeout=0)
        assert await reply_of(future) is None

    play(script)


def test_a_behaviour_without_an_outcome_for_a_crash_has_crashed_itself() -> None:
    async def script(stage: Stage) -> None:
        stage.accounts = False
        stage.tell(Work(n=1, kind="error"))
        with pytest.raises(ValueError, match="boom"):
            await reply_of(stage.ref.ask(Work(n=2, kind="error"), block=False))

    stage = play(script)

    assert stage.dead == [(Work(n=1, kind="error"), "crashed")]
    assert stage.judge.crashes == ["ValueError"]
    assert "10 started 2" in stage.said


def test_what_the_behaviour_does_not_know_is_a_crash_of_that_message() -> None:
    class Deaf(LoopedActor[Any]):
        def __init__(self, tasks: Tasks) -> None:
            del tasks

        def failed(self, message: Any, error: BaseException) -> None:  # noqa: ANN401 - as in the contract
            heard.append((message, str(error)))

    async def on(clock: VirtualClock) -> None:
        cell = host_looped("venue", Deaf, supervisor=Judge(), dead_letters=DeadLetters(), clock=clock)
        cell.ref.tell(Say(n=1))
        await cell.stop()

    heard: list[tuple[object, str]] = []
    run_virtually(on)

    assert heard == [(Say(n=1), "Deaf has no way to work Say")]


def test_a_fatal_error_in_a_message_is_its_outcome_and_the_end_of_the_epoch() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, kind="fatal"))
        await asyncio.sleep(1)

    stage = play(script, judge=Judge(restarts=0))

    assert stage.said == ["0 started 1", "0 begin 1", "0 failed 1 InvariantError", "0 closing 1", "0 closed 1"]
    assert stage.judge.crashes == ["InvariantError"]
    assert stage.judge.escalated == ["InvariantError"]


def test_something_that_is_no_message_is_refused_and_a_told_question_is_a_dead_letter() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(HowMany())
        with pytest.raises(TypeError, match="venue takes messages, not str"):
            await reply_of(stage.ref.ask("hello", block=False))

    stage = play(script)

    assert stage.dead == [(HowMany(), "not a message, or a question that nobody asked")]
    assert stage.judge.crashes == []


def test_every_task_has_the_decimal_context_of_the_house_and_none_leaks() -> None:
    class Sums(LoopedActor[Any]):
        def __init__(self, tasks: Tasks) -> None:
            self.tasks = tasks
            seen.append(decimal.getcontext().prec)

        async def started(self) -> None:
            seen.append(decimal.getcontext().prec)
            self.tasks.start(self.beside(), name="sums")

        async def beside(self) -> None:
            seen.append(decimal.getcontext().prec)

        async def receive(self, message: Any) -> None:  # noqa: ANN401 - as in the contract
            seen.append(decimal.getcontext().prec)
            decimal.getcontext().prec = 3
            await asyncio.sleep(1)
            with pytest.raises(decimal.FloatOperation):
                Decimal(0.5)  # noqa: RUF032 - the point
            raise ValueError(message)

        def failed(self, message: Any, error: BaseException) -> None:  # noqa: ANN401, ARG002 - as above
            decimal.getcontext().prec = 4

        async def closing(self) -> None:
            seen.append(decimal.getcontext().prec)

    async def on(clock: VirtualClock) -> None:
        with decimal.localcontext() as ours:
            ours.prec = 7
            cell = host_looped("venue", Sums, supervisor=Judge(), dead_letters=DeadLetters(), clock=clock)
            for n in range(3):
                cell.ref.tell(Say(n=n))
            await cell.stop()
            assert decimal.getcontext().prec == 7

    seen: list[int] = []
    run_virtually(on)

    assert seen == [CONTEXT.prec] * 7


def test_what_a_task_says_carries_the_cause_and_time_of_its_own_message() -> None:
    class Echo(LoopedActor[Any]):
        def __init__(self, tasks: Tasks) -> None:
            self.tasks = tasks

        async def started(self) -> None:
            self.tasks.start(self.say(Say(n=9, who="task")), name="say")

        async def receive(self, message: Any) -> None:  # noqa: ANN401 - as in the contract
            if message.n == 3:  # a task of the message's own making
                await asyncio.gather(self.say(message))
            else:
                await self.say(message)

        async def say(self, message: Say) -> None:
            await asyncio.sleep(10 - message.n)
            said.append((message.n, turn.cause, turn.at - START_NS))
            door.tell(message)

    async def on(clock: VirtualClock) -> None:
        cell = host_looped("venue", Echo, supervisor=Judge(), dead_letters=DeadLetters(), clock=clock)
        await asyncio.sleep(2)
        for n in (1, 2, 3):
            cell.ref.tell(Say(n=n), cause=Seq(100 + n))
        await asyncio.sleep(100)
        await cell.stop()

    said: list[tuple[int, int | None, int]] = []
    turn = TaskTurn()
    ear = Ear()
    door = Door(ear, turn)  # type: ignore[arg-type]  # only `tell` is needed of a ref
    run_virtually(on)

    at = 2 * SECOND_NS
    assert said == [(9, None, 0), (3, 103, at), (2, 102, at), (1, 101, at)]
    assert len(ear.heard) == 4


def test_the_cell_can_be_measured() -> None:
    async def script(stage: Stage) -> None:
        stage.tell(Work(n=1, s=4))
        await asyncio.sleep(1)
        stage.tell(Work(n=2, s=7), Work(n=3), Urgent(n=4, s=7), Urgent(n=5, kind="error"))
        await asyncio.sleep(2)
        measured.append(stage.ref.measured())
        await asyncio.sleep(3)
        measured.append(stage.ref.measured())
        stage.tell(Beside(kind="error"))
        await asyncio.sleep(60)
        measured.append(stage.ref.measured())

    measured: list[Measured] = []
    stage = play(script, in_flight=2)

    assert [(each.epoch, each.in_flight, each.waiting, each.worked, each.failed) for each in measured] == [
        (1, 2, 1, 0, 1),
        (1, 1, 0, 2, 1),
        (2, 0, 0, 5, 1),
    ]
    assert [each.oldest_ns for each in measured] == [3 * SECOND_NS, 5 * SECOND_NS, 0]
    assert [each.restarts for each in measured] == [0, 0, 1]
    assert stage.ref.measured() == measured[-1]


def test_the_behaviour_reads_the_wall_clock_of_the_runtime() -> None:
    class Late(LoopedActor[Any]):
        def __init__(self, tasks: Tasks) -> None:
            self.tasks = tasks

        async def started(self) -> None:
            await asyncio.sleep(5)
            seen.append(self.tasks.now_ns())

    async def on(clock: VirtualClock) -> None:
        cell = host_looped("venue", Late, supervisor=Judge(), dead_letters=DeadLetters(), clock=clock)
        clock.set_forward(SECOND_NS)
        await asyncio.sleep(6)
        await cell.stop()

    seen: list[int] = []
    run_virtually(on)

    assert seen == [START_NS + 6 * SECOND_NS]
