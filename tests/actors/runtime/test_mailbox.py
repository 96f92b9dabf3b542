"""A full mailbox treats each class of message as it promises, and a closed one leaves nobody without an answer."""

import pykka
import pytest
from pykka import ThreadingFuture

from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Inbox, Letter, Limits, MailboxOverflowError, Offer, Stop
from actors.runtime.supervisor import Root
from messages.base import Message
from messages.instructions import Code, InstructionRefused
from messages.lifecycle import Congested
from tests.actors.runtime.doubles import (
    PATIENCE_S,
    Block,
    Chatter,
    Control,
    CoreInThread,
    Ear,
    Listener,
    Logger,
    Order,
    OwnThread,
    Price,
    Probe,
    Say,
)


def inbox(dead_letters: DeadLetters, limits: Limits | None = None) -> Inbox:
    return Inbox("cell", dead_letters=dead_letters, limits=limits)


def offer(box: Inbox, *messages: Message) -> list[Offer]:
    return [box.offer(Letter("cell", message)) for message in messages]


def drain(box: Inbox) -> list[Message]:
    found = []
    while not box.empty():
        found.append(box.get().message)
    return found


def test_control_is_read_before_everything_else(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters)

    offer(box, Say(n=1), Control(n=1), Say(n=2), Control(n=2))

    assert drain(box) == [Control(n=1), Control(n=2), Say(n=1), Say(n=2)]


def test_taking_never_waits_and_can_leave_all_but_control(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters)
    offer(box, Say(n=1), Control(n=1))

    taken = [box.take(control_only=True), box.take(control_only=True), box.take(), box.take()]

    assert [None if each is None else each.message for each in taken] == [Control(n=1), None, Say(n=1), None]


def test_a_reader_that_takes_is_woken_after_each_letter_and_when_the_box_is_closed(dead_letters: DeadLetters) -> None:
    seen: list[tuple[int, bool, bool]] = []
    box = Inbox(
        "cell", dead_letters=dead_letters, woken=lambda: seen.append((len(box), box.hurry.is_set(), box.closed))
    )

    box.put(Letter("cell", Say()))
    box.put(Letter("cell", Stop()))
    box.close()
    box.put(Letter("cell", Say()))

    assert seen == [(1, False, False), (2, True, False), (0, True, True), (0, True, True)]


def test_instructions_above_their_bound_are_refused_busy_at_the_door(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters, Limits(instructions=2))

    outcomes = offer(box, Order(), Order(), Order(), Say())

    assert outcomes == [Offer.TAKEN, Offer.TAKEN, Offer.BUSY, Offer.TAKEN]
    box.get()
    assert offer(box, Order()) == [Offer.TAKEN]
    assert box.refused == 1


def test_an_asked_instruction_is_answered_busy_and_a_told_one_becomes_a_dead_letter(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters, Limits(instructions=0))
    reply: ThreadingFuture[object] = ThreadingFuture()

    box.put(Letter("cell", Order(instruction_id="a7"), reply))
    box.put(Letter("cell", Order(instruction_id="a8")))

    refusal = reply.get(timeout=0)
    assert isinstance(refusal, InstructionRefused)
    assert (refusal.instruction_id, refusal.code) == ("a7", Code.BUSY)
    assert [(each.message, each.reason) for each in dead_letters.recent] == [(Order(instruction_id="a8"), "busy")]


def test_market_data_is_conflated_by_key_and_keeps_its_place(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters)

    outcomes = offer(box, Price(of="ETH", n=1), Say(), Price(of="BTC", n=1), Price(of="ETH", n=2))

    assert outcomes[-1] is Offer.CONFLATED
    assert drain(box) == [Price(of="ETH", n=2), Say(), Price(of="BTC", n=1)]
    assert box.conflated == 1
    assert offer(box, Price(of="ETH", n=3)) == [Offer.TAKEN]


def test_market_data_below_its_bound_waits_one_by_one(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters, Limits(market=2))

    offer(box, *(Price(of="ETH", n=n) for n in range(4)))

    assert drain(box) == [Price(of="ETH", n=0), Price(of="ETH", n=3)]


def test_telemetry_above_its_bound_is_dropped_and_counted(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters, Limits(telemetry=1))

    assert offer(box, Chatter(n=1), Chatter(n=2), Chatter(n=3)) == [Offer.TAKEN, Offer.DROPPED, Offer.DROPPED]

    assert drain(box) == [Chatter(n=1)]
    assert box.dropped == 2
    assert dead_letters.by_type == {"Chatter": 2}
    assert dead_letters.recent == ()


def test_congestion_is_told_above_high_water_and_taken_back_at_half(dead_letters: DeadLetters) -> None:
    ear = Ear()
    box = Inbox("cell", dead_letters=dead_letters, limits=Limits(high_water=4), congested=ear.tell)

    offer(box, *(Say(n=n) for n in range(4)))
    assert ear.heard == []
    offer(box, Say(n=4), Say(n=5))
    assert ear.heard == [Congested(on=True, waiting=5)]
    for _ in range(3):
        box.get()
    assert len(ear.heard) == 1
    box.get()

    assert ear.heard[1:] == [Congested(on=False, waiting=2)]


def test_facts_are_never_refused_and_above_the_hard_limit_the_process_ends(dead_letters: DeadLetters) -> None:
    ear = Ear()
    box = Inbox("cell", dead_letters=dead_letters, limits=Limits(hard=3), overflowed=ear.tell)

    outcomes = offer(box, *(Say(n=n) for n in range(6)))

    assert outcomes == [Offer.TAKEN] * 6
    assert len(ear.heard) == 1
    assert isinstance(ear.heard[0], MailboxOverflowError)
    assert ear.heard[0].exit_code == 1


def test_closing_answers_asks_obeys_stops_and_counts_tells(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters)
    asked: ThreadingFuture[object] = ThreadingFuture()
    stopped: ThreadingFuture[object] = ThreadingFuture()
    late: ThreadingFuture[object] = ThreadingFuture()
    box.put(Letter("cell", Say(n=1)))
    box.put(Letter("cell", Say(n=2), asked))
    box.put(Letter("cell", Stop(), stopped))

    box.close()
    box.put(Letter("cell", Say(n=3)))
    box.put(Letter("cell", Say(n=4), late))

    for future in (asked, late):
        with pytest.raises(pykka.ActorDeadError):
            future.get(timeout=0)
    assert stopped.get(timeout=0) is None
    assert [each.message for each in dead_letters.recent] == [Say(n=1), Say(n=3)]


def test_a_batch_is_the_facts_that_were_told_one_behind_the_other(dead_letters: DeadLetters) -> None:
    box = inbox(dead_letters)

    offer(box, Say(n=1), Say(n=2), Order(), Say(n=3))

    batches = [[letter.message for letter in box.get_batch()] for _ in range(3)]
    assert batches == [[Say(n=1), Say(n=2)], [Order()], [Say(n=3)]]


def test_dead_letters_keep_the_latest_and_count_all() -> None:
    dead_letters = DeadLetters(keep=2)

    for n in range(5):
        dead_letters.add("a" if n else "b", Say(n=n), "closed")

    assert [each.message for each in dead_letters.recent] == [Say(n=3), Say(n=4)]
    assert dead_letters.by_target == {"b": 1, "a": 4}
    assert dead_letters.by_type == {"Say": 5}
    assert dead_letters.total == 5


def test_a_busy_threaded_cell_refuses_instructions_to_the_callers_face(root: Root, dead_letters: DeadLetters) -> None:
    runtime = OwnThread(root, dead_letters)
    probe = runtime.probe
    ref = runtime.spawn("cell", lambda: Listener(probe), limits=Limits(instructions=1))
    ref.tell(Block())
    assert probe.entered.wait(PATIENCE_S)

    first, second = ref.offer(Order(instruction_id="a1")), ref.offer(Order(instruction_id="a2"))
    probe.go.set()

    assert first is None
    assert second is not None
    assert (second.instruction_id, second.code) == ("a2", Code.BUSY)
    runtime.settle(ref)
    assert probe.heard == [Block(), Order(instruction_id="a1")]


def test_a_busy_core_refuses_instructions_and_hears_of_its_own_congestion(
    root: Root, dead_letters: DeadLetters
) -> None:
    runtime = CoreInThread(root, dead_letters)
    core, probe, gate = runtime.core, runtime.probe, Probe()
    core.limits, core.congestion_to = Limits(instructions=1, high_water=1), "gate"
    core.spawn("gate", lambda: Logger(gate))
    ref = runtime.listen()
    ref.tell(Block())
    assert probe.entered.wait(PATIENCE_S)

    refusals = [ref.offer(Order(instruction_id=i)) for i in ("a1", "a2")]
    ref.tell(Say(n=1))
    ref.tell(Say(n=2))
    probe.go.set()
    runtime.settle(ref)

    assert [None if each is None else each.code for each in refusals] == [None, Code.BUSY]
    assert gate.entries == [Congested(on=True, waiting=2), Congested(on=False, waiting=0)]
    assert probe.heard == [Block(), Order(instruction_id="a1"), Say(n=1), Say(n=2)]


def test_a_core_with_too_many_facts_ends_with_exit_code_1(root: Root, dead_letters: DeadLetters) -> None:
    runtime = CoreInThread(root, dead_letters)
    runtime.core.limits = Limits(hard=2)
    ref = runtime.listen()
    ref.tell(Block())
    assert runtime.probe.entered.wait(PATIENCE_S)

    for n in range(4):
        ref.tell(Say(n=n))
    runtime.probe.go.set()

    assert root.ended.wait(PATIENCE_S)
    assert root.exit_code == 1
    assert root.reason is not None
    assert "facts wait for core" in root.reason
