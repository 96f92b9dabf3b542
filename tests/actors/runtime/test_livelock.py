"""What never comes to rest is a crash, after 10,000 messages in a turn or as many reactions. Much work is not."""

import pytest

from actors.contract import Actor
from actors.errors import LivelockError
from actors.runtime.core import Core
from messages.base import Message
from messages.units import Nanoseconds
from tests.actors.runtime.doubles import Handler, Order, Say, told


@pytest.fixture
def core() -> Core:
    return Core()


def at(ns: int) -> Nanoseconds:
    return Nanoseconds(ns)


def test_a_turn_that_never_comes_to_rest_is_a_livelock(core: Core) -> None:
    count = [0]

    def work(message: Say) -> None:
        count[0] += 1
        core.address("a").tell(message)

    core.spawn("a", lambda: Handler(work))

    with pytest.raises(LivelockError, match="within 10000 messages"):
        core.take("a", Say(), at(0))
    assert count == [10_000]


def test_ten_thousand_messages_in_a_turn_are_no_livelock(core: Core) -> None:
    count = [0]
    again = core.address("a")

    def work(message: Say) -> None:
        count[0] += 1
        if count[0] < 10_000:
            again.tell(message)

    core.spawn("a", lambda: Handler(work))

    core.take("a", Say(), at(0))

    assert count == [10_000]


def test_a_closer_that_always_says_something_is_a_livelock(core: Core) -> None:
    class Chatty(Actor[Say]):
        def receive(self, message: Say) -> None:
            pass

        def turn_ended(self) -> None:
            core.address("chatty").tell(Say())

    core.spawn("chatty", Chatty, closer=True)

    with pytest.raises(LivelockError):
        core.take("chatty", Say(), at(0))


@pytest.mark.parametrize("first", [True, False])
def test_follow_ups_that_cause_each_other_without_end_are_a_livelock(core: Core, first: bool) -> None:  # noqa: FBT001
    count = [0]
    again = core.follow("a", first=first)

    def work(message: Say) -> None:
        count[0] += 1
        again.tell(message)

    core.spawn("a", lambda: Handler(work))

    with pytest.raises(LivelockError, match="reactions at one instant"):
        core.take("a", Say(), at(0))
    assert count == [10_001]


def test_a_timer_that_sets_itself_for_now_without_end_is_a_livelock(core: Core) -> None:
    timers = core.timers("a")
    core.spawn("a", lambda: Handler(lambda _: timers.set("again", core.turn.at)))
    core.take("a", Say(), at(0))

    with pytest.raises(LivelockError, match="reactions at one instant"):
        core.take("a", Say(), at(1))


def test_100_000_instructions_at_one_instant_are_worked_one_at_a_time(core: Core) -> None:
    count = [0]
    engine, back = core.follow("engine"), core.follow("strategy", first=True)

    def count_it(_: Message) -> None:
        count[0] += 1

    def work(message: Order) -> None:
        back.tell(message)

    core.spawn("script", lambda: Handler(lambda _: told(engine, (Order() for _ in range(100_000)))))
    core.spawn("engine", lambda: Handler(work))
    core.spawn("strategy", lambda: Handler(count_it))

    core.take("script", Say(), at(0))

    assert count == [100_000]
