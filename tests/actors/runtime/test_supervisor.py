"""The tree restarts with growing waits, gives up in time, and stops everything in the reverse order of its start."""

import threading

import pytest

from actors.errors import InvariantError
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.supervisor import Backoff, Group, Intensity, Root
from actors.runtime.threaded import spawn_threaded
from messages.base import Message
from messages.units import SECOND_NS
from tests.actors.runtime.doubles import (
    PATIENCE_S,
    SOON,
    Block,
    Boom,
    BoomOrder,
    Ear,
    FakeClock,
    Listener,
    OwnThread,
    Probe,
    Say,
    seeded,
)

ERROR = ValueError("boom")


def test_waits_double_up_to_the_longest_with_jitter_of_a_half_to_whole() -> None:
    root = Root(jitter=seeded(1), clock=FakeClock())
    group = root.group("g", intensity=Intensity(restarts=9, within_s=60), backoff=Backoff(first_s=1, longest_s=10))

    waits = [group.failed("a", ERROR).delay_s for _ in range(6)]

    for wait, longest in zip(waits, [1, 2, 4, 8, 10, 10], strict=True):
        assert longest / 2 <= wait <= longest
    assert len({wait / longest for wait, longest in zip(waits, [1, 2, 4, 8, 10, 10], strict=True)}) == 6


def test_the_same_seed_gives_the_same_waits() -> None:
    def waits() -> list[float]:
        group = Root(jitter=seeded(1), clock=FakeClock()).group("g")
        return [group.failed("a", ERROR).delay_s for _ in range(5)]

    assert waits() == waits()


def test_after_a_quiet_spell_waits_begin_anew_and_old_restarts_do_not_count() -> None:
    clock = FakeClock()
    root = Root(jitter=seeded(1), clock=clock)
    group = root.group("g", intensity=Intensity(restarts=2, within_s=10), backoff=Backoff(first_s=1))

    verdicts = []
    for _ in range(20):
        verdicts.append(group.failed("a", ERROR))
        clock.pass_ns(11 * SECOND_NS)

    assert all(verdict.restart and verdict.delay_s <= 1 for verdict in verdicts)
    assert root.exit_code is None


def test_one_for_one_each_waits_by_itself_and_as_one_they_wait_together() -> None:
    def second_wait(*, as_one: bool) -> float:
        root = Root(jitter=seeded(1), clock=FakeClock())
        group = root.group("g", as_one=as_one, backoff=Backoff(first_s=1, longest_s=100))
        group.failed("a", ERROR)
        group.failed("a", ERROR)
        return group.failed("b", ERROR).delay_s

    assert second_wait(as_one=False) <= 1
    assert second_wait(as_one=True) >= 2


def test_restarts_of_all_members_count_against_the_groups_intensity() -> None:
    root = Root(jitter=seeded(1), clock=FakeClock())
    group = root.group("venues", intensity=Intensity(restarts=2, within_s=60))

    verdicts = [group.failed(name, ERROR).restart for name in ("a", "b", "c")]

    assert verdicts == [True, True, False]
    assert root.ended.wait(PATIENCE_S)
    assert root.exit_code == 1
    assert root.reason == "venues: c: ValueError: boom"


def test_the_first_escalation_gives_reason_and_exit_code() -> None:
    root = Root(jitter=seeded(1))
    group = root.group("g")

    group.escalate("a", InvariantError("books disagree"))
    group.escalate("b", ERROR)

    assert root.ended.wait(PATIENCE_S)
    assert (root.exit_code, root.reason) == (78, "g: a: InvariantError: books disagree")


def test_nothing_is_restarted_while_everything_stops() -> None:
    root = Root(jitter=seeded(1))
    group = root.group("g")
    root.stop()

    assert not group.failed("a", ERROR).restart


def spawn(group: Group, dead_letters: DeadLetters, name: str, probe: Probe) -> OwnThread:
    spawn_threaded(name, lambda: Listener(probe, name), supervisor=group, dead_letters=dead_letters)
    return OwnThread(group.root, dead_letters)


def test_everything_stops_in_the_reverse_order_of_its_start(root: Root, dead_letters: DeadLetters) -> None:
    probe, group, other = Probe(), root.group("g"), root.group("h")
    for name, of in (("a", group), ("b", other), ("c", group)):
        spawn(of, dead_letters, name, probe)
    assert list(root.started) == ["a", "b", "c"]

    assert root.stop() == 0

    assert probe.stopped == ["c", "b", "a"]
    assert root.exit_code == 0
    assert root.ended.is_set()


def test_an_escalation_stops_the_others_in_reverse_order(root: Root, dead_letters: DeadLetters) -> None:
    probe, bad, group = Probe(), Probe(), root.group("g")
    spawn(group, dead_letters, "a", probe)
    spawn(group, dead_letters, "b", probe)
    ref = spawn_threaded("bad", lambda: Listener(bad, "bad"), supervisor=group, dead_letters=dead_letters)

    ref.tell(Boom(kind="invariant"))

    assert root.ended.wait(PATIENCE_S)
    assert probe.stopped == ["b", "a"]
    assert root.exit_code == 78


def test_one_that_does_not_stop_in_time_does_not_hold_up_the_others(dead_letters: DeadLetters) -> None:
    root = Root(jitter=seeded(1), stop_timeout_s=0.05)
    probe, group = Probe(), root.group("g")
    spawn(group, dead_letters, "a", probe)
    wedged = spawn_threaded("wedged", lambda: Listener(Probe(), "w"), supervisor=group, dead_letters=dead_letters)
    blocked = Probe()
    ref = spawn_threaded("blocked", lambda: Listener(blocked, "b"), supervisor=group, dead_letters=dead_letters)
    ref.tell(Block())
    assert blocked.entered.wait(PATIENCE_S)

    code = root.stop()
    blocked.go.set()

    assert code == 1
    assert root.unstopped == ("blocked",)
    assert probe.stopped == ["a"]
    assert not wedged.is_alive()


def test_stopping_works_what_was_told_before(root: Root, dead_letters: DeadLetters) -> None:
    runtime = OwnThread(root, dead_letters)
    ref = runtime.listen()
    ref.tell(Block())
    for n in range(100):
        ref.tell(Say(n=n))
    stopper = threading.Thread(target=root.stop)

    stopper.start()
    runtime.probe.go.set()
    stopper.join()

    assert len(runtime.probe.heard) == 101


def test_two_of_one_name_are_refused(root: Root) -> None:
    root.add("a", lambda _: True)

    with pytest.raises(ValueError, match="started already"):
        root.add("a", lambda _: True)


def test_a_watcher_may_come_before_the_start(root: Root, dead_letters: DeadLetters) -> None:
    ear = Ear()
    root.watch("listener", ear)
    OwnThread(root, dead_letters).listen()

    root.stop()

    assert ear.wait().name == "listener"


def test_a_poisonous_fact_is_tried_twice_and_an_instruction_once_before_they_are_dead_letters(
    root: Root, dead_letters: DeadLetters
) -> None:
    runtime = OwnThread(root, dead_letters)
    ref = runtime.listen()

    ref.tell(Boom())
    ref.tell(BoomOrder())
    ref.tell(Say())
    assert runtime.settle(ref).count == 1

    assert runtime.probe.booms == 3
    assert [(type(each.message).__name__, each.reason) for each in dead_letters.recent] == [
        ("Boom", "crashed"),
        ("BoomOrder", "crashed"),
    ]


@pytest.mark.parametrize("kind", ["exit", "interrupt"])
def test_a_base_exception_in_a_cells_thread_is_a_crash_of_that_cell_alone(
    root: Root, dead_letters: DeadLetters, kind: str
) -> None:
    runtime = OwnThread(root, dead_letters)
    ref, other = runtime.listen(), runtime.listen("other")

    ref.tell(BoomOrder(kind=kind))

    assert runtime.settle(ref).built >= 2
    assert other.is_alive()
    assert root.exit_code is None


class Batcher(Listener):
    """Takes all that waits at once."""

    def __init__(self, probe: Probe, batches: list[int]) -> None:
        super().__init__(probe)
        self.batches = batches

    def receive_many(self, messages: list[Message]) -> None:
        self.batches.append(len(messages))
        if any(isinstance(message, Boom) for message in messages):
            raise ValueError("boom")
        for message in messages:
            self.receive(message)


def test_a_batching_behaviour_gets_all_facts_that_wait_at_once(root: Root, dead_letters: DeadLetters) -> None:
    runtime, batches = OwnThread(root, dead_letters), list[int]()
    ref = runtime.spawn("batcher", lambda: Batcher(runtime.probe, batches))
    ref.tell(Block())
    assert runtime.probe.entered.wait(PATIENCE_S)

    for n in range(50):
        ref.tell(Say(n=n))
    runtime.probe.go.set()
    runtime.settle(ref)

    assert batches == [1, 50]
    assert runtime.probe.heard[1:] == [Say(n=n) for n in range(50)]


def test_of_a_crashed_batch_only_the_poison_is_given_up(root: Root, dead_letters: DeadLetters) -> None:
    runtime, batches = OwnThread(root, dead_letters), list[int]()
    ref = runtime.spawn("batcher", lambda: Batcher(runtime.probe, batches))
    ref.tell(Block())
    assert runtime.probe.entered.wait(PATIENCE_S)

    for message in (Say(n=1), Boom(), Say(n=2)):
        ref.tell(message)
    runtime.probe.go.set()
    runtime.settle(ref)

    assert runtime.probe.heard == [Block(), Say(n=1), Say(n=2)]
    assert [each.message for each in dead_letters.recent] == [Boom()]


def test_trouble_in_an_orderly_stop_is_an_exit_code(root: Root, dead_letters: DeadLetters) -> None:
    class Stuck(Listener):
        def stopping(self) -> None:
            raise OSError("disk full")

    spawn_threaded("a", lambda: Stuck(Probe()), supervisor=root.group("g", backoff=SOON), dead_letters=dead_letters)

    assert root.stop() == 1

    assert root.reason is not None
    assert "disk full" in root.reason
