"""Every cell of every runtime keeps these promises: stepped inline, core's thread, threaded, looped."""

import sys
import threading

import pykka
import pytest

from actors.runtime.dead_letters import DeadLetters
from actors.runtime.stepped import CellRef
from actors.runtime.supervisor import Root
from tests.actors.runtime.doubles import (
    PATIENCE_S,
    BadQuestion,
    Block,
    Boom,
    BoomOrder,
    CoreInline,
    CoreInThread,
    Ear,
    HowMany,
    OwnLoop,
    OwnThread,
    Runtime,
    Say,
    Told,
)


def tell_quietly(runtime: Runtime, ref: CellRef, message: object) -> None:
    """Tell; the inline driver is the caller, so what goes up comes up here."""
    if type(runtime) is CoreInline:
        with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever went up
            ref.tell(message)
    else:
        ref.tell(message)


def test_every_cell_is_a_registered_actor_of_pykka_with_its_own_ref(runtime: Runtime) -> None:
    ref = runtime.listen()

    assert isinstance(ref, pykka.ActorRef)
    assert pykka.ActorRegistry.get_by_urn(ref.actor_urn) is ref
    assert ref.is_alive()


def test_messages_of_one_sender_arrive_in_order(runtime: Runtime) -> None:
    ref = runtime.listen()

    for n in range(1_000):
        ref.tell(Say(n=n))
    runtime.probe.expect(1_000)
    runtime.probe.wait()

    assert runtime.probe.heard == [Say(n=n) for n in range(1_000)]


def test_a_question_is_answered_from_the_present_state(runtime: Runtime) -> None:
    ref = runtime.listen()

    ref.ask(Say(), timeout=PATIENCE_S)

    assert ref.ask(HowMany(), timeout=PATIENCE_S) == Told(count=1, built=1)


def test_asking_with_a_message_works_it_and_answers_none(runtime: Runtime) -> None:
    ref = runtime.listen()

    answer = ref.ask(Say(n=5), timeout=PATIENCE_S)

    assert answer is None
    assert runtime.probe.heard == [Say(n=5)]


@pytest.mark.parametrize("kind", ["error", "exit"])
def test_a_crash_in_a_handler_rebuilds_the_behaviour_behind_the_same_ref(runtime: Runtime, kind: str) -> None:
    ref = runtime.listen()
    urn = ref.actor_urn
    ref.ask(Say(), timeout=PATIENCE_S)

    ref.tell(Boom(kind=kind, times=1))
    runtime.settle(ref)
    ref.ask(Say(), timeout=PATIENCE_S)

    # The fact was worked again, where a crash is not the outcome of the message itself, then the other.
    assert runtime.settle(ref) == Told(count=1 + runtime.repeats_facts, built=2)
    assert ref.is_alive()
    assert ref.actor_urn == urn
    assert pykka.ActorRegistry.get_by_urn(urn) is ref


def test_what_waits_in_the_mailbox_survives_a_restart(root: Root, dead_letters: DeadLetters) -> None:
    for kind in (CoreInThread, OwnThread, OwnLoop):
        runtime = kind(root if kind is OwnLoop else Root(jitter=root._jitter), dead_letters)  # noqa: SLF001
        ref = runtime.listen(f"listener of {kind.__name__}")
        ref.tell(Block())
        ref.tell(Say(n=1))
        ref.tell(BoomOrder())
        ref.tell(Say(n=2))

        runtime.probe.expect(3)
        runtime.probe.go.set()
        runtime.probe.wait()

        assert runtime.probe.heard == [Block(), Say(n=1), Say(n=2)]
        assert runtime.settle(ref).built == 2
        runtime.end()


def test_a_crash_under_ask_reaches_the_caller_and_restarts(runtime: Runtime) -> None:
    ref = runtime.listen()

    with pytest.raises(ValueError, match="boom"):
        ref.ask(BoomOrder(), timeout=PATIENCE_S)

    assert runtime.settle(ref) == Told(count=0, built=2)


def test_a_question_that_fails_reaches_only_the_caller(runtime: Runtime) -> None:
    ref = runtime.listen()

    with pytest.raises(TypeError, match="no answer to BadQuestion"):
        ref.ask(BadQuestion(), timeout=PATIENCE_S)

    assert runtime.settle(ref) == Told(count=0, built=1)


def test_a_failing_start_is_tried_again(runtime: Runtime) -> None:
    runtime.probe.start_failures = 2

    ref = runtime.listen()

    assert runtime.settle(ref) == Told(count=0, built=1)
    assert runtime.probe.start_failures == 0


def test_a_start_that_never_succeeds_escalates(runtime: Runtime) -> None:
    runtime.probe.start_failures = 1_000

    if isinstance(runtime, OwnThread | OwnLoop):
        runtime.listen()
    else:
        with pytest.raises(OSError, match="can't start"):
            runtime.listen()

    assert runtime.root.ended.wait(PATIENCE_S)
    assert runtime.root.exit_code == 1
    assert runtime.root.reason is not None
    assert "can't start" in runtime.root.reason


def test_one_actor_that_exits_does_not_stop_the_others(runtime: Runtime) -> None:
    other = OwnThread(runtime.root, runtime.dead_letters)
    bystander = other.listen("bystander")
    ref = runtime.listen()

    ref.tell(BoomOrder(kind="exit"))

    assert runtime.settle(ref).built == 2
    assert other.settle(bystander) == Told(count=0, built=1)


def test_too_many_restarts_escalate_to_an_orderly_stop_with_an_exit_code(runtime: Runtime) -> None:
    ref = runtime.listen()

    for n in range(runtime.restarts):
        ref.tell(BoomOrder())
        assert runtime.settle(ref).built == 2 + n
    tell_quietly(runtime, ref, BoomOrder())

    assert runtime.root.ended.wait(PATIENCE_S)
    assert runtime.root.exit_code == 1
    assert runtime.root.reason is not None
    assert "boom" in runtime.root.reason
    assert runtime.probe.built == 1 + runtime.restarts


def test_a_fatal_error_never_restarts_and_sets_the_exit_code_of_its_class(runtime: Runtime) -> None:
    ref = runtime.listen()

    tell_quietly(runtime, ref, Boom(kind="invariant"))

    assert runtime.root.ended.wait(PATIENCE_S)
    assert runtime.root.exit_code == 78
    assert runtime.probe.built == 1


def test_a_watcher_hears_of_an_end(runtime: Runtime) -> None:
    runtime.listen()
    ear = Ear()
    runtime.root.watch("listener", ear)
    assert not ear.heard

    runtime.end()

    assert ear.wait().name == "listener"
    assert ear.heard[0].reason is None


def test_a_watcher_of_the_dead_hears_at_once(runtime: Runtime) -> None:
    ref = runtime.listen()
    tell_quietly(runtime, ref, Boom(kind="invariant"))
    assert runtime.root.ended.wait(PATIENCE_S)
    ear = Ear()

    runtime.root.watch("listener", ear)

    assert len(ear.heard) == 1
    assert "disagree" in ear.heard[0].reason


def test_a_closed_mailbox_answers_asks_and_keeps_tells_as_dead_letters(runtime: Runtime) -> None:
    ref = runtime.listen()
    runtime.end()

    ref.tell(Say(n=9))
    with pytest.raises(pykka.ActorDeadError):
        ref.ask(HowMany(), timeout=PATIENCE_S)

    assert not ref.is_alive()
    assert [(each.target, each.message, each.reason) for each in runtime.dead_letters.recent] == [
        ("listener", Say(n=9), "closed")
    ]


def test_stopping_by_ref_ends_one_cell_after_what_was_told_before(runtime: Runtime) -> None:
    ref = runtime.listen()

    ref.tell(Say())
    assert ref.stop(block=True, timeout=PATIENCE_S)

    assert runtime.probe.heard == [Say()]
    assert runtime.probe.stopped == ["listener"]
    assert not ref.is_alive()


def test_something_that_is_no_message_is_refused_without_a_crash(runtime: Runtime) -> None:
    ref = runtime.listen()

    with pytest.raises(TypeError, match="not str"):
        ref.ask("hello", timeout=PATIENCE_S)

    assert runtime.settle(ref).built == 1


@pytest.mark.parametrize("runtime", [CoreInThread, OwnThread, OwnLoop], indirect=True)
def test_no_message_of_100_000_is_lost_with_several_senders(runtime: Runtime) -> None:
    senders, each = 5, 20_000
    ref = runtime.listen()
    sys.setswitchinterval(1e-6)

    def send(who: str) -> None:
        for n in range(each):
            ref.tell(Say(n=n, who=who))

    threads = [threading.Thread(target=send, args=(str(i),)) for i in range(senders)]
    runtime.probe.expect(senders * each)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runtime.probe.heard_enough.wait(3 * PATIENCE_S)

    heard: dict[str, list[int]] = {}
    for message in runtime.probe.heard:
        assert isinstance(message, Say)
        heard.setdefault(message.who, []).append(message.n)
    assert heard == {str(i): list(range(each)) for i in range(senders)}


@pytest.mark.parametrize("runtime", [CoreInThread, OwnThread, OwnLoop], indirect=True)
def test_a_message_put_while_the_cell_dies_is_answered_or_counted(runtime: Runtime) -> None:
    ref = runtime.listen()
    sys.setswitchinterval(1e-6)
    futures: list[pykka.Future[object]] = []
    told, halfway = 20_000, threading.Event()

    def ask() -> None:
        for n in range(3_000):
            futures.append(ref.ask(HowMany(), block=False))
            if n == 100:
                halfway.set()

    def tell() -> None:
        for n in range(told):
            ref.tell(Say(n=n))

    threads = [threading.Thread(target=ask), threading.Thread(target=tell)]
    for thread in threads:
        thread.start()
    halfway.wait(PATIENCE_S)
    runtime.end()
    for thread in threads:
        thread.join()

    for future in futures:
        try:
            future.get(timeout=PATIENCE_S)
        except pykka.ActorDeadError:
            continue
    assert len(runtime.probe.heard) + runtime.dead_letters.by_type.get("Say", 0) == told
