"""What the core says to cells beside it leaves when its turn ends, to whoever is there by then."""

import pytest

from actors.contract import Actor
from actors.runtime.core import Core
from messages.base import Message
from messages.lifecycle import Halt
from messages.units import Nanoseconds
from ops.daemon.cells import Outward
from tests.actors.builders import Mail

AT = Nanoseconds(1)


class Beside:
    """A ref of a cell beside the core."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def tell(self, message: object) -> None:
        self.told.append(message)


class Speaker(Actor[Halt]):
    """Tells on what it hears, and says at once what had arrived by then; crashes where it is told to."""

    def __init__(self, outward: Outward, seen: Mail, beside: Beside) -> None:
        self._to, self._seen, self._beside = outward.to("beside"), seen, beside

    def receive(self, message: Halt) -> None:
        self._to.tell(message)
        self._seen.tell(list(self._beside.told))
        if message.reason == "crash":
            raise ValueError("planted")


class House:
    def __init__(self) -> None:
        self.core = Core()
        self.outward, self.beside, self.seen = Outward(self.core), Beside(), Mail()
        self.core.spawn("speaker", lambda: Speaker(self.outward, self.seen, self.beside))

    def reachable(self) -> None:
        self.outward.refs["beside"] = self.beside  # type: ignore[assignment]  # it is told, and nothing else

    def hear(self, reason: str) -> Message:
        message = Halt(reason=reason)
        self.core.take("speaker", message, AT)
        return message


def test_it_leaves_when_the_turn_ends() -> None:
    house = House()
    house.reachable()

    first = house.hear("a")
    second = house.hear("b")

    assert house.seen.told == [[], [first]]
    assert house.beside.told == [first, second]


def test_a_turn_that_crashes_says_nothing() -> None:
    house = House()
    house.reachable()

    with pytest.raises(ValueError, match="planted"):
        house.hear("crash")

    assert house.beside.told == []


def test_who_is_told_may_have_been_started_after_the_one_who_tells() -> None:
    house = House()

    house.reachable()
    told = house.hear("a")

    assert house.beside.told == [told]


def test_who_is_not_there_when_he_is_told_is_a_mistake_that_is_not_hidden() -> None:
    house = House()

    with pytest.raises(KeyError, match="beside"):
        house.hear("a")
