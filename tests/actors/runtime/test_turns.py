"""One order of events: a turn is worked until quiet, then its follow-ups, and time only moves forward between inputs.

The driver is the test's own thread (`Core.take`); the core with a thread runs the same code.
"""

from typing import Any

import pytest

from actors.contract import Actor, Address
from actors.runtime.core import Core
from actors.runtime.crashes import BrokenCoreError, CoreReentryError
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.stepped import CellRef
from actors.runtime.supervisor import Root
from actors.runtime.threaded import spawn_threaded
from messages.base import Message
from messages.lifecycle import TimerFired
from messages.units import Nanoseconds, Seq
from tests.actors.runtime.doubles import PATIENCE_S, Boom, Handler, HowMany, Listener, Probe, Say, Sync, told


def at(ns: int) -> Nanoseconds:
    return Nanoseconds(ns)


class Asker:
    """An address that asks, as nobody in a turn may."""

    def __init__(self, ref: CellRef) -> None:
        self.ref = ref

    def tell(self, message: Message) -> None:
        self.ref.ask(message)


class Heard(list[tuple[str, Any, int, int | None]]):
    """What cells heard: name, n or timer id, at, cause."""

    def by(self, core: Core, name: str, message: Any) -> None:  # noqa: ANN401 - hears everything
        what = message.timer_id if isinstance(message, TimerFired) else message.n
        self.append((name, what, core.turn.at, core.turn.cause))

    @property
    def brief(self) -> list[tuple[str, Any]]:
        return [(name, what) for name, what, _, _ in self]


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def heard() -> Heard:
    return Heard()


def listen(core: Core, heard: Heard, name: str) -> None:
    core.spawn(name, lambda: Handler(lambda message: heard.by(core, name, message)))


def test_an_address_may_be_asked_for_before_its_cell_is_spawned(core: Core, heard: Heard) -> None:
    early = core.address("b")
    core.spawn("a", lambda: Handler(early.tell))
    listen(core, heard, "b")

    core.take("a", Say(n=1), at(5))

    assert heard == [("b", 1, 5, None)]


def test_telling_a_cell_that_was_never_spawned_says_which(core: Core) -> None:
    core.spawn("a", lambda: Handler(core.address("b").tell))

    with pytest.raises(LookupError, match="Say was told to b, which was never spawned"):
        core.take("a", Say(), at(0))


def test_messages_of_a_turn_are_worked_in_the_order_of_telling(core: Core, heard: Heard) -> None:
    b, c = core.address("b"), core.address("c")

    def work(message: Say) -> None:
        told(b, [Say(n=message.n), Say(n=message.n + 1)])
        c.tell(Say(n=message.n))

    core.spawn("a", lambda: Handler(work))
    listen(core, heard, "b")
    listen(core, heard, "c")

    core.take("a", Say(n=1), at(0))

    assert heard.brief == [("b", 1), ("b", 2), ("c", 1)]


def test_a_message_carries_the_cause_of_the_moment_it_was_told(core: Core, heard: Heard) -> None:
    b, later = core.address("b"), core.follow("b")

    def work(message: Say) -> None:
        b.tell(message)
        core.turn.cause = Seq(41)
        b.tell(message)
        later.tell(Say(n=2))

    core.spawn("a", lambda: Handler(work))
    listen(core, heard, "b")

    core.take("a", Say(n=1), at(3))

    assert heard == [("b", 1, 3, None), ("b", 1, 3, 41), ("b", 2, 3, 41)]


def test_time_never_goes_back(core: Core, heard: Heard) -> None:
    listen(core, heard, "a")

    core.take("a", Say(n=1), at(9))
    core.take("a", Say(n=2), at(4))

    assert [(n, when) for _, n, when, _ in heard] == [(1, 9), (2, 9)]


def test_follow_ups_are_turns_of_their_own_each_worked_to_its_end_before_the_next(core: Core, heard: Heard) -> None:
    engine, venue = core.follow("engine"), core.address("venue")
    core.spawn("strategy", lambda: Handler(lambda _: told(engine, [Say(n=1), Say(n=2)])))

    def work(message: Say) -> None:
        heard.by(core, "engine", message)
        venue.tell(message)

    core.spawn("engine", lambda: Handler(work))
    listen(core, heard, "venue")

    core.take("strategy", Say(), at(0))

    assert heard.brief == [("engine", 1), ("venue", 1), ("engine", 2), ("venue", 2)]


def test_own_events_go_ahead_of_instructions_and_each_class_keeps_its_order(core: Core, heard: Heard) -> None:
    events, engine = core.follow("strategy", first=True), core.follow("engine")

    def work(message: Say) -> None:
        heard.by(core, "engine", message)
        told(events, [Say(n=10 * message.n), Say(n=10 * message.n + 1)])

    core.spawn("script", lambda: Handler(lambda _: told(engine, [Say(n=1), Say(n=2)])))
    core.spawn("engine", lambda: Handler(work))
    listen(core, heard, "strategy")

    core.take("script", Say(), at(0))

    assert [n for _, n in heard.brief] == [1, 10, 11, 2, 20, 21]


def test_follow_ups_are_worked_before_any_timer_and_any_other_input(core: Core, heard: Heard) -> None:
    timers, later = core.timers("a"), core.follow("a")

    def work(message: Message) -> None:
        heard.by(core, "a", message)
        if message == Say(n=1):
            timers.set("now", core.turn.at)
            later.tell(Say(n=2))

    core.spawn("a", lambda: Handler(work))

    core.take("a", Say(n=1), at(5))
    core.take("a", Say(n=3), at(6))

    assert heard.brief == [("a", 1), ("a", 2), ("a", "now"), ("a", 3)]


def test_a_closer_is_called_when_the_fifo_is_quiet_and_what_it_says_belongs_to_the_turn(
    core: Core, heard: Heard
) -> None:
    writer = core.address("writer")

    class Gatherer(Actor[Say]):
        def __init__(self) -> None:
            self.rows: list[int] = []

        def receive(self, message: Say) -> None:
            self.rows.append(message.n)

        def turn_ended(self) -> None:
            for n in self.rows:
                writer.tell(Say(n=n))
            self.rows.clear()

    logger = core.address("logger")

    def write(message: Say) -> None:
        heard.by(core, "writer", message)
        if message.n == 1:
            logger.tell(Say(n=100))  # said after the closer was called: it is called again

    core.spawn("a", lambda: Handler(logger.tell))
    core.spawn("logger", Gatherer, closer=True)
    core.spawn("writer", lambda: Handler(write))

    core.take("a", Say(n=1), at(0))

    assert [n for _, n in heard.brief] == [1, 100]


def test_what_a_turn_says_outside_leaves_in_order_when_the_turn_ends(
    core: Core, root: Root, dead_letters: DeadLetters
) -> None:
    probe = Probe()
    ref = spawn_threaded("out", lambda: Listener(probe), supervisor=root.group("g"), dead_letters=dead_letters)
    outside, b = core.outside(ref), core.address("b")
    waiting: list[int] = []

    def work(message: Say) -> None:
        told(outside, [Say(n=1), Say(n=2)])
        b.tell(message)

    def look(_: Say) -> None:
        ref.ask(Sync(), timeout=PATIENCE_S)
        waiting.append(len(probe.heard))

    core.spawn("a", lambda: Handler(work))
    core.spawn("b", lambda: Handler(look))

    core.take("a", Say(), at(0))
    ref.ask(Sync(), timeout=PATIENCE_S)

    assert waiting == [0]
    assert probe.heard == [Say(n=1), Say(n=2)]


def test_timers_fire_in_order_of_due_and_id_each_at_its_own_time_before_the_input(core: Core, heard: Heard) -> None:
    a, b = core.timers("a"), core.timers("b")
    listen(core, heard, "a")
    listen(core, heard, "b")
    a.set("z", at(10))
    b.set("y", at(10))
    a.set("early", at(5))
    b.set("late", at(21))
    a.set("gone", at(7))
    a.cancel("gone")
    a.cancel("never set")
    b.set("moved", at(1))
    b.set("moved", at(15))

    core.take("a", Say(n=1), at(20))

    assert [(name, what, when) for name, what, when, _ in heard] == [
        ("a", "early", 5),
        ("b", "y", 10),
        ("a", "z", 10),
        ("b", "moved", 15),
        ("a", 1, 20),
    ]
    assert core.next_due == 21


def test_a_timer_due_at_the_very_time_of_an_input_fires_before_it_and_a_later_one_does_not(
    core: Core, heard: Heard
) -> None:
    listen(core, heard, "a")
    core.timers("a").set("same", at(20))
    core.timers("a").set("later", at(21))

    core.take("a", Say(n=1), at(20))

    assert heard.brief == [("a", "same"), ("a", 1)]


def test_a_timer_due_in_the_past_does_not_set_time_back(core: Core, heard: Heard) -> None:
    listen(core, heard, "a")
    core.take("a", Say(n=1), at(50))
    core.timers("a").set("old", at(10))

    core.take("a", Say(n=2), at(60))

    assert [(what, when) for _, what, when, _ in heard] == [(1, 50), ("old", 50), (2, 60)]


def test_asking_the_core_from_inside_a_turn_raises_instead_of_waiting_for_ever(core: Core) -> None:
    ref = core.spawn("a", lambda: Listener(Probe()))
    core.spawn("b", lambda: Handler(lambda _: told(Asker(ref), [HowMany()])))

    with pytest.raises(CoreReentryError, match="a was asked from inside a turn"):
        core.take("b", Say(), at(0))


def test_driving_the_core_from_inside_a_turn_raises(core: Core) -> None:
    core.spawn("a", lambda: Handler(lambda message: core.take("a", message, at(0))))

    with pytest.raises(CoreReentryError):
        core.take("a", Say(), at(0))


def test_telling_a_ref_from_inside_a_turn_makes_a_turn_of_its_own(core: Core, heard: Heard) -> None:
    def work(message: Say) -> None:
        ref.tell(Say(n=2))
        core.address("b").tell(message)

    core.spawn("a", lambda: Handler(work))
    ref = core.spawn("b", lambda: Handler(lambda message: heard.by(core, "b", message)))

    core.take("a", Say(n=1), at(0))

    assert heard.brief == [("b", 1), ("b", 2)]


def test_telling_by_ref_a_core_whose_crash_went_up_raises(core: Core) -> None:
    ref = core.spawn("a", lambda: Listener(Probe()))
    with pytest.raises(ValueError, match="boom"):
        ref.tell(Boom())

    with pytest.raises(BrokenCoreError, match="boom"):
        ref.tell(Say())


def test_two_cells_of_one_name_are_refused(core: Core) -> None:
    core.spawn("a", lambda: Listener(Probe()))

    with pytest.raises(ValueError, match="a already"):
        core.spawn("a", lambda: Listener(Probe()))


def test_a_stopped_core_takes_nothing(core: Core) -> None:
    probe = Probe()
    core.spawn("a", lambda: Listener(probe, "a"))
    core.spawn("b", lambda: Listener(probe, "b"))

    assert core.stop()

    assert probe.stopped == ["b", "a"]
    with pytest.raises(BrokenCoreError, match="stopped"):
        core.take("a", Say(), at(0))


def test_trouble_in_an_orderly_stop_is_raised_after_the_others_were_stopped(core: Core) -> None:
    probe = Probe()

    class Stuck(Actor[Say]):
        def stopping(self) -> None:
            raise OSError("disk full")

    core.spawn("a", lambda: Listener(probe, "a"))
    core.spawn("b", Stuck)

    with pytest.raises(OSError, match="disk full"):
        core.stop()
    assert probe.stopped == ["a"]


def test_an_address_satisfies_the_contract(core: Core) -> None:
    address: Address[Say] = core.address("a")

    assert callable(address.tell)
