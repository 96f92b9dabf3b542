"""A looped cell's own thread and loop outlive whatever its tasks do, can be measured and stopped, and leave nothing."""

import asyncio
import gc
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.contract import LoopedActor, Tasks
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.looped import LoopedRef, spawn_looped
from actors.runtime.mailbox import Limits
from actors.runtime.supervisor import Intensity, Root
from actors.runtime.virtual_time import VirtualLoop, VirtualTimeError
from messages.base import Message, Question
from messages.instructions import Code
from messages.lifecycle import Congested
from tests.actors.runtime.doubles import (
    PATIENCE_S,
    SOON,
    Block,
    Control,
    Ear,
    HowMany,
    Order,
    Price,
    Say,
    Sync,
    Told,
    seeded,
)


class Doing(LoopedActor[Any]):
    """Does with each message what a function says, on the loop; accounts for crashes."""

    def __init__(self, work: Callable[[Any], Coroutine[Any, Any, None]], tasks: Tasks) -> None:
        self.work = work
        self.tasks = tasks
        self.lost: list[Message] = []

    async def receive(self, message: Any) -> None:  # noqa: ANN401 - as in the contract
        if not isinstance(message, Sync):
            await self.work(message)

    def failed(self, message: Any, error: BaseException) -> None:  # noqa: ANN401, ARG002 - as in the contract
        self.lost.append(message)

    def answer(self, question: Question) -> Message:
        del question
        return Told(count=len(self.lost), built=self.tasks.number)


class Cells:
    """Spawns cells with the root's group."""

    def __init__(self, root: Root, dead_letters: DeadLetters) -> None:
        self.group = root.group("venues", intensity=Intensity(restarts=5, within_s=60), backoff=SOON)
        self.dead_letters = dead_letters

    def spawn(self, work: Callable[[Any], Coroutine[Any, Any, None]], **more: Any) -> LoopedRef:  # noqa: ANN401 - of spawn
        return spawn_looped(
            "venue",
            lambda tasks: Doing(work, tasks),
            supervisor=self.group,
            dead_letters=self.dead_letters,
            **more,
        )


@pytest.fixture
def cells(root: Root, dead_letters: DeadLetters) -> Cells:
    return Cells(root, dead_letters)


def told(ref: LoopedRef) -> Told:
    ref.ask(Sync(), timeout=PATIENCE_S)
    answer = ref.ask(HowMany(), timeout=PATIENCE_S)
    assert isinstance(answer, Told)
    return answer


def leave() -> None:
    raise SystemExit(3)


async def leave_soon() -> None:
    leave()


async def in_a_callback(_: Message) -> None:
    asyncio.get_running_loop().call_soon(leave)


async def in_a_task_of_its_own(_: Message) -> None:
    task = asyncio.create_task(leave_soon())
    await asyncio.wait([task])
    task.exception()  # else it would be told of once more when it is forgotten


@pytest.mark.parametrize("exit_somewhere", [in_a_callback, in_a_task_of_its_own])
def test_an_exit_anywhere_on_the_loop_does_not_end_the_thread(
    cells: Cells, exit_somewhere: Callable[[Message], Coroutine[Any, Any, None]]
) -> None:
    ref = cells.spawn(exit_somewhere)

    for _ in range(3):
        ref.ask(Say(), timeout=PATIENCE_S)

    assert told(ref) == Told(count=0, built=1)
    assert ref.measured().strays == 3
    assert ref.is_alive()


def test_an_exit_that_a_message_awaits_is_its_outcome(cells: Cells) -> None:
    async def work(_: Message) -> None:
        await asyncio.gather(leave_soon(), asyncio.sleep(0))

    ref = cells.spawn(work)

    ref.tell(Say())
    ref.ask(Sync(), timeout=PATIENCE_S)

    assert told(ref) == Told(count=1, built=1)


def test_an_error_that_nobody_hears_of_is_counted_and_not_logged(
    cells: Cells, caplog: pytest.LogCaptureFixture
) -> None:
    def crash() -> None:
        raise ValueError("signature=secret")

    async def work(_: Message) -> None:
        asyncio.get_running_loop().call_soon(crash)

    ref = cells.spawn(work)

    ref.ask(Say(), timeout=PATIENCE_S)
    told(ref)

    assert ref.measured().strays == 1
    assert caplog.records == []


def test_the_loop_is_asyncios_own_without_debug(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    loops: list[asyncio.AbstractEventLoop] = []

    async def work(_: Message) -> None:
        loops.append(asyncio.get_running_loop())

    cells.spawn(work).ask(Say(), timeout=PATIENCE_S)

    assert type(loops[0]) is asyncio.SelectorEventLoop
    assert not loops[0].get_debug()


def test_all_epochs_run_on_one_loop_and_thread(cells: Cells) -> None:
    seen: list[tuple[asyncio.AbstractEventLoop, threading.Thread]] = []

    class Frail(LoopedActor[Any]):
        def __init__(self, _: Tasks) -> None:
            seen.append((asyncio.get_running_loop(), threading.current_thread()))

        async def receive(self, message: Any) -> None:  # noqa: ANN401 - as in the contract
            raise ValueError(message)

        def answer(self, question: Question) -> Message:
            del question
            return Told(count=0, built=0)

    ref = spawn_looped("venue", Frail, supervisor=cells.group, dead_letters=cells.dead_letters)
    for _ in range(2):
        with pytest.raises(ValueError, match="Say"):
            ref.ask(Say(), timeout=PATIENCE_S)
        ref.ask(HowMany(), timeout=PATIENCE_S)

    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert seen[0][1].name == "venue"


def test_nothing_is_left_on_the_loop_and_it_is_closed(root: Root, cells: Cells) -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    ends: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")

    async def work(_: Message) -> None:
        loops.append(asyncio.get_running_loop())
        loops[0].lingering = loops[0].create_task(linger())  # type: ignore[attr-defined]  # whatever holds it
        await asyncio.sleep(0)

    cells.spawn(work).ask(Say(), timeout=PATIENCE_S)

    assert root.stop() == 0
    assert ends == ["cancelled"]
    assert loops[0].is_closed()
    assert [thread.name for thread in threading.enumerate() if thread.name == "venue"] == []


def test_a_stuck_loop_is_given_up_in_time_and_what_waits_is_a_dead_letter(dead_letters: DeadLetters) -> None:
    root = Root(jitter=seeded(), stop_timeout_s=0.05)
    go, entered = threading.Event(), threading.Event()

    async def work(_: Message) -> None:
        entered.set()
        go.wait(PATIENCE_S)

    ref = Cells(root, dead_letters).spawn(work)
    ref.tell(Block())
    assert entered.wait(PATIENCE_S)
    ref.tell(Say(n=1))
    measured = ref.measured()

    exit_code = root.stop()
    ref.tell(Say(n=2))
    ear = Ear()
    root.watch("venue", ear)
    go.set()

    assert (measured.in_flight, measured.waiting) == (1, 1)
    assert (exit_code, root.unstopped) == (1, ("venue",))
    assert [each.message for each in dead_letters.recent] == [Say(n=1), Say(n=2)]
    assert ear.wait().name == "venue"  # when it moves again, it ends


def test_the_classes_of_a_full_mailbox_are_treated_as_everywhere(cells: Cells) -> None:
    go, entered, ear = threading.Event(), threading.Event(), Ear()
    heard: list[Message] = []

    async def work(message: Message) -> None:
        heard.append(message)
        if isinstance(message, Block):
            entered.set()
            go.wait(PATIENCE_S)

    ref = cells.spawn(work, limits=Limits(instructions=1, high_water=1), congested=ear.tell, in_flight=1)
    ref.tell(Block())
    assert entered.wait(PATIENCE_S)
    refusals = [ref.offer(Order(instruction_id=each)) for each in ("a1", "a2")]
    for n in range(2):
        ref.tell(Price(of="ETH", n=n))
    ref.tell(Say(n=1))
    ref.tell(Say(n=2))
    ref.tell(Control())
    go.set()
    told(ref)

    assert [None if each is None else each.code for each in refusals] == [None, Code.BUSY]
    assert heard == [Block(), Control(), Order(instruction_id="a1"), Price(of="ETH", n=1), Say(n=1), Say(n=2)]
    assert ear.heard == [Congested(on=True, waiting=2), Congested(on=False, waiting=0)]


def test_too_many_facts_end_the_process(root: Root, cells: Cells) -> None:
    go, entered = threading.Event(), threading.Event()

    async def work(_: Message) -> None:
        entered.set()
        go.wait(PATIENCE_S)

    ref = cells.spawn(work, limits=Limits(hard=2))
    ref.tell(Block())
    assert entered.wait(PATIENCE_S)
    for n in range(4):
        ref.tell(Say(n=n))
    go.set()

    assert root.ended.wait(PATIENCE_S)
    assert root.exit_code == 1
    assert root.reason is not None
    assert "facts wait for venue" in root.reason


def test_a_loop_that_can_not_be_made_ends_the_cell(root: Root, cells: Cells) -> None:
    def no_loop() -> asyncio.AbstractEventLoop:
        raise OSError("too many open files")

    async def work(_: Message) -> None:
        """Never called."""

    cells.spawn(work, loop_factory=no_loop)

    assert root.ended.wait(PATIENCE_S)
    assert root.reason is not None
    assert "too many open files" in root.reason


def test_a_virtual_loop_in_a_thread_of_its_own_is_an_error_and_no_hang(root: Root, cells: Cells) -> None:
    async def work(_: Message) -> None:
        """Never called."""

    cells.spawn(work, loop_factory=VirtualLoop)

    assert root.ended.wait(PATIENCE_S)
    assert root.reason is not None
    assert VirtualTimeError.__name__ in root.reason


class Frail(LoopedActor[Any]):
    """Its epochs last five milliseconds until `calm` is set."""

    calm: threading.Event
    again: threading.Event
    worked: list[Say]
    lost: list[Say]

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        if tasks.number > 1:
            self.again.set()

    async def started(self) -> None:
        self.tasks.start(self.crash(), name="crash")

    async def crash(self) -> None:
        while not self.calm.is_set():
            await asyncio.sleep(0.005)
            raise OSError("cut off")

    async def receive(self, message: Say) -> None:
        await asyncio.sleep(0.001 * (message.n % 7))
        self.worked.append(message)

    def failed(self, message: Say, error: BaseException) -> None:
        del error
        self.lost.append(message)


def test_crashes_under_load_lose_no_message_of_several_senders(root: Root) -> None:
    senders, each = 4, 1_000
    Frail.calm, Frail.again, Frail.worked, Frail.lost = threading.Event(), threading.Event(), [], []
    dead_letters = DeadLetters(keep=senders * each)
    group = root.group("venues", intensity=Intensity(restarts=1_000, within_s=600), backoff=SOON)
    ref = spawn_looped("venue", Frail, supervisor=group, dead_letters=dead_letters, in_flight=16, grace_s=0.002)

    def send(who: str) -> None:
        for n in range(each):
            ref.tell(Say(n=n, who=who))
            if n == each // 2:
                Frail.again.wait(PATIENCE_S)

    threads = [threading.Thread(target=send, args=(str(i),)) for i in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Frail.calm.set()
    assert ref.stop(timeout=PATIENCE_S)

    dead = [letter.message for letter in dead_letters.recent]
    outcomes = [*Frail.worked, *Frail.lost, *dead]
    assert len(outcomes) == senders * each
    assert set(outcomes) == {Say(n=n, who=str(i)) for i in range(senders) for n in range(each)}
    assert ref.measured().restarts > 0


def test_a_connection_that_nobody_closed_ends_with_the_cell(cells: Cells, root: Root) -> None:
    async def work(_: Message) -> None:
        await asyncio.get_running_loop().create_connection(asyncio.Protocol, *listener.getsockname())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        ref = cells.spawn(work)
        ref.ask(Say(), timeout=PATIENCE_S)
        with listener.accept()[0] as other_side:
            other_side.settimeout(PATIENCE_S)

            root.stop()
            gc.collect()  # or else the warning that it was never closed would come some time later

            assert other_side.recv(1) == b""
