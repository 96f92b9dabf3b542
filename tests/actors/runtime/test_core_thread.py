"""A core with its own thread takes time from the wall clock, fires timers while nothing comes, and notices jumps."""

import decimal
import threading
from typing import Any

import pytest

from actors.contract import Turn
from actors.runtime.core import Core
from actors.runtime.crashes import BrokenCoreError
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.stepped import Door
from actors.runtime.supervisor import Root
from actors.runtime.threaded import spawn_threaded
from messages.lifecycle import ClockJumped, ClockReached, TimerFired
from messages.units import SECOND_NS, Nanoseconds, Seq
from tests.actors.runtime.doubles import (
    PATIENCE_S,
    SOON,
    Boom,
    Ear,
    FakeClock,
    Handler,
    HowMany,
    Listener,
    Logger,
    Probe,
    Say,
    Sync,
)

NOW = 1_000 * SECOND_NS


class Timed:
    """A core on a fake clock, whose cells keep (name, message, at)."""

    def __init__(self, root: Root) -> None:
        self.clock = FakeClock(NOW)
        self.probe = Probe()
        self.core = Core(
            supervisor=root.group("core", as_one=True, backoff=SOON), clock=self.clock, clock_to="a", jumps_to="logger"
        )
        self.heard: list[tuple[Any, int]] = []
        self.fired = threading.Event()
        self.core.spawn("event_logger", lambda: Logger(self.probe))
        self.ref = self.core.spawn("a", lambda: Handler(self._hear))
        self.core.spawn("logger", lambda: Handler(self._hear))

    def _hear(self, message: Any) -> None:  # noqa: ANN401 - hears everything
        if not isinstance(message, Sync):
            self.heard.append((message, self.core.turn.at))
        if isinstance(message, ClockReached):
            self.fired.set()

    def sync(self) -> None:
        self.ref.ask(Sync(), timeout=PATIENCE_S)


@pytest.fixture
def timed(root: Root) -> Timed:
    return Timed(root)


def test_an_input_gets_the_wall_clock_and_never_less_than_the_one_before(timed: Timed) -> None:
    timed.core.start()

    timed.ref.ask(Say(n=1), timeout=PATIENCE_S)
    timed.clock.wall -= SECOND_NS
    timed.ref.ask(Say(n=2), timeout=PATIENCE_S)
    timed.clock.pass_ns(3 * SECOND_NS)
    timed.ref.ask(Say(n=3), timeout=PATIENCE_S)

    assert timed.heard == [(Say(n=1), NOW), (Say(n=2), NOW), (Say(n=3), NOW + 2 * SECOND_NS)]


def test_a_timer_that_is_due_while_nothing_comes_is_fired_by_clock_reached(timed: Timed) -> None:
    due = Nanoseconds(NOW + SECOND_NS)
    timed.core.timers("a").set("t", due)
    timed.core.start()

    timed.clock.pass_ns(2 * SECOND_NS)
    timed.core.wake()

    assert timed.fired.wait(PATIENCE_S)
    later = Nanoseconds(NOW + 2 * SECOND_NS)
    assert timed.heard == [(TimerFired(timer_id="t", due=due), due), (ClockReached(at=later), later)]


def test_a_timer_wakes_the_core_on_the_machines_clock() -> None:
    core, ear = Core(), Ear()
    clock_now = threading.Event()

    def work(message: Any) -> None:  # noqa: ANN401 - two kinds
        if isinstance(message, Say):
            core.timers("a").set("t", Nanoseconds(core.turn.at + SECOND_NS // 100))
            clock_now.set()
        else:
            ear.tell(message)

    ref = core.spawn("a", lambda: Handler(work))
    core.start()

    ref.tell(Say())

    assert ear.wait().timer_id == "t"
    assert core.stop()


def test_timers_due_by_an_input_fire_before_it(timed: Timed) -> None:
    timed.core.timers("a").set("t", Nanoseconds(NOW + 5))
    timed.core.start()
    timed.sync()

    timed.clock.pass_ns(10)
    timed.ref.ask(Say(n=1), timeout=PATIENCE_S)

    assert [when for message, when in timed.heard if not isinstance(message, ClockReached)] == [NOW + 5, NOW + 10]


@pytest.mark.parametrize("by_s", [6, -6])
def test_a_jump_of_the_wall_clock_is_told_before_the_input_it_was_noticed_with(timed: Timed, by_s: int) -> None:
    timed.core.start()
    timed.sync()

    timed.clock.wall += by_s * SECOND_NS
    timed.ref.ask(Say(n=1), timeout=PATIENCE_S)
    timed.ref.ask(Say(n=2), timeout=PATIENCE_S)

    assert [message for message, _ in timed.heard] == [ClockJumped(by_ns=by_s * SECOND_NS), Say(n=1), Say(n=2)]


def test_a_small_step_of_the_wall_clock_and_a_long_wait_are_no_jump(timed: Timed) -> None:
    timed.core.start()
    timed.sync()

    timed.clock.wall += 4 * SECOND_NS
    timed.ref.ask(Say(n=1), timeout=PATIENCE_S)
    timed.clock.pass_ns(3_600 * SECOND_NS)
    timed.ref.ask(Say(n=2), timeout=PATIENCE_S)

    assert [message for message, _ in timed.heard] == [Say(n=1), Say(n=2)]


def test_a_jump_is_noticed_while_nothing_comes(timed: Timed) -> None:
    timed.core.start()
    timed.sync()

    timed.clock.wall += 60 * SECOND_NS
    timed.core.wake()
    timed.sync()

    assert [message for message, _ in timed.heard] == [ClockJumped(by_ns=60 * SECOND_NS)]


def test_a_fact_that_crashes_the_core_twice_ends_everything_with_exit_code_78(root: Root) -> None:
    probe = Probe()
    core = Core(supervisor=root.group("core", as_one=True, backoff=SOON))
    core.spawn("event_logger", lambda: Logger(probe))
    ref = core.spawn("a", lambda: Listener(probe))
    core.start()

    ref.tell(Boom())

    assert root.ended.wait(PATIENCE_S)
    assert root.exit_code == 78
    assert [type(entry).__name__ for entry in probe.entries] == ["Halted"]
    assert not ref.is_alive()


def test_answers_of_a_threaded_cell_come_back_as_inputs_with_their_cause(root: Root, dead_letters: DeadLetters) -> None:
    core, causes = Core(supervisor=root.group("core", as_one=True)), Ear()

    def ask_out(_: Say) -> None:
        core.turn.cause = Seq(12)
        out.tell(Say(n=1))

    ref = core.spawn("engine", lambda: Handler(ask_out))
    back = core.spawn("monitor", lambda: Handler(lambda _: causes.tell(core.turn.cause)))
    turn = Turn()
    door = Door(back, turn)
    venue = spawn_threaded(
        "venue", lambda: Handler(door.tell), supervisor=root.group("venues"), dead_letters=dead_letters, turn=turn
    )
    out = core.outside(venue)
    core.start()

    ref.tell(Say())

    assert causes.wait() == 12


def test_the_cores_thread_reckons_in_the_context_of_the_house(root: Root) -> None:
    core, seen = Core(supervisor=root.group("core", as_one=True)), Ear()
    ref = core.spawn("a", lambda: Handler(lambda _: seen.tell(decimal.getcontext().prec)))
    core.start()

    ref.tell(Say())

    assert seen.wait() == 40


def test_asking_from_inside_a_turn_of_the_cores_own_thread_raises_at_the_caller(root: Root) -> None:
    core, probe = Core(supervisor=root.group("core", as_one=True, backoff=SOON)), Probe()
    core.spawn("event_logger", lambda: Logger(probe))
    listener = core.spawn("b", lambda: Listener(probe))
    errors = Ear()

    def work(_: Say) -> None:
        try:
            listener.ask(HowMany(), timeout=PATIENCE_S)
        except RuntimeError as error:
            errors.tell(error)

    ref = core.spawn("a", lambda: Handler(work))
    core.start()

    ref.tell(Say())

    assert "from inside a turn" in str(errors.wait())


def test_a_core_with_a_thread_is_not_driven_by_hand(root: Root) -> None:
    core = Core(supervisor=root.group("core", as_one=True))
    core.spawn("a", lambda: Listener(Probe()))
    core.start()

    with pytest.raises(BrokenCoreError, match="by the refs"):
        core.take("a", Say(), Nanoseconds(0))
    with pytest.raises(BrokenCoreError):
        core.start()
