"""A timetable gives each line once, when it is due, never loses one to a restart, and knows when all of it is done."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from actors.strategies.contract import StrategyContext, memory_of
from actors.strategies.timetable import Line, Timetable
from messages.instructions import (
    AmendInstruction,
    AmendRefused,
    CancelAllInstruction,
    CancelInstruction,
    CancelRefused,
    Code,
    Instruction,
    InstructionRepeated,
)
from messages.lifecycle import StrategySaved
from messages.live import VenueSettled, VenueStarted
from messages.market import MarketSlice
from messages.orders import AmendRejected
from messages.units import ClientOrderId, InstructionId, Nanoseconds, Price, VenueName
from tests.actors.builders import (
    PERP_ID,
    accepted,
    cancelled,
    expired,
    filled,
    instruction,
    refused,
    rejected,
    unknown,
    venue,
)
from tests.actors.host_desk import Desk, updated

BYBIT = VenueName("bybit")


def trade(name: str, at: int | None = None) -> Line:
    return line(instruction(name=name), at)


def line(wanted: Instruction, at: int | None = None) -> Line:
    return Line(at=None if at is None else Nanoseconds(at), instruction=wanted)


CANCEL = CancelInstruction(instruction_id=InstructionId("a"))
CANCEL_ALL = CancelAllInstruction(venue=BYBIT)
AMEND = AmendInstruction(instruction_id=InstructionId("a"), price=Price(filled().price))


def given(timetable: Timetable, at: int) -> list[str]:
    """Return the ids of trades, and the types of everything else, that are given at an instant."""
    return [
        getattr(each, "instruction_id", "") if type(each) is type(instruction()) else type(each).__name__
        for each in timetable.on_slice(MarketSlice(at=Nanoseconds(at)))
    ]


def answer(name: str, outcome: str) -> InstructionRepeated:
    return InstructionRepeated(instruction_id=InstructionId(name), outcome=outcome, client_order_id=ClientOrderId("c"))


def test_lines_are_given_when_they_are_due_in_the_order_of_times_then_of_the_file_each_once() -> None:
    timetable = Timetable([trade("late", 30), trade("b", 10), trade("now"), trade("c", 10), trade("past", 2)])

    assert given(timetable, 5) == ["now", "past"]
    assert given(timetable, 9) == []
    assert given(timetable, 10) == ["b", "c"]
    assert given(timetable, 50) == ["late"]
    assert given(timetable, 60) == []


@pytest.mark.parametrize(
    "end",
    [
        refused,
        rejected,
        cancelled,
        expired,
        *[
            lambda name, word=word: answer(name, word)
            for word in ("REFUSED", "REJECTED", "FILLED", "CANCELLED", "EXPIRED")
        ],
    ],
)
def test_it_is_done_when_every_line_was_given_and_came_to_its_end(end: Callable[..., Any]) -> None:
    timetable = Timetable([trade("a"), trade("b", 10)])
    given(timetable, 5)
    timetable.on_event(end(name="a"))
    assert not timetable.done  # there is a line to come
    given(timetable, 10)
    assert not timetable.done
    assert timetable.waiting == ("b",)

    timetable.on_event(end(name="b"))

    assert timetable.done


@pytest.mark.parametrize(
    "event", [accepted, unknown, lambda name: answer(name, "OPEN"), lambda name: answer(name, "UNKNOWN")]
)
def test_what_is_open_or_unknown_is_waited_for(event: Callable[..., Any]) -> None:
    timetable = Timetable([trade("a")])
    given(timetable, 5)

    timetable.on_event(event(name="a"))

    assert not timetable.done


def test_without_lines_it_is_done_and_before_the_first_slice_it_is_not() -> None:
    assert Timetable([]).done
    assert not Timetable([trade("a")]).done


def test_after_a_fill_it_asks_whether_that_was_the_last_one() -> None:
    timetable = Timetable([trade("a")])
    given(timetable, 5)

    assert timetable.on_event(filled("0.4", name="a")) == (instruction(name="a"),)
    timetable.on_event(answer("a", "OPEN"))
    assert timetable.waiting == ("a",)
    assert timetable.on_event(filled("0.6", name="a")) == (instruction(name="a"),)
    timetable.on_event(answer("a", "FILLED"))

    assert timetable.done
    assert timetable.on_event(filled("0.1", name="a", trade="late")) == ()
    assert timetable.on_event(filled("1", name="another")) == ()


def test_what_was_refused_and_rejected_is_counted() -> None:
    timetable = Timetable([trade(name) for name in "abcdef"])
    given(timetable, 5)
    refusals: dict[str, Any] = {"instruction_id": InstructionId("a"), "code": Code.NOT_OPEN, "detail": ""}
    about: dict[str, Any] = {"venue": BYBIT, "instrument": PERP_ID, "client_order_id": ClientOrderId("c")}

    for event in (
        refused(name="a"),
        answer("b", "REFUSED"),
        answer("b", "REFUSED"),  # the same again is the same
        CancelRefused(**refusals),
        AmendRefused(**refusals),
        rejected(name="c"),
        answer("d", "REJECTED"),
        AmendRejected(**about, instruction_id=InstructionId("e"), reason="no"),
    ):
        timetable.on_event(event)

    assert (timetable.refused, timetable.rejected) == (4, 3)
    assert timetable.waiting == ("e", "f")


# --- restarts


def restarted(timetable: Timetable, lines: list[Line]) -> Timetable:
    again = Timetable(lines)
    again.restore(timetable.snapshot())
    return again


LINES = [trade("a"), line(CANCEL), line(AMEND), line(CANCEL_ALL), trade("b"), trade("c", 20), line(CANCEL, 20)]


def test_after_a_restart_trades_are_given_again_and_cancels_and_changes_are_not() -> None:
    timetable = Timetable(LINES)
    assert given(timetable, 5) == ["a", "CancelInstruction", "AmendInstruction", "CancelAllInstruction", "b"]
    given(timetable, 6)

    again = restarted(timetable, LINES)

    assert given(again, 7) == ["a", "b"]
    assert not again.done
    assert given(again, 20) == ["c", "CancelInstruction"]


def test_what_was_given_in_the_last_slice_before_it_died_is_given_again() -> None:
    timetable = Timetable(LINES)
    given(timetable, 5)

    assert given(restarted(timetable, LINES), 6) == [
        "a", "CancelInstruction", "AmendInstruction", "CancelAllInstruction", "b",
    ]  # fmt: skip


def test_restarting_twice_forgets_nothing_that_was_kept() -> None:
    timetable = Timetable(LINES)
    given(timetable, 5)
    given(timetable, 6)

    twice = restarted(restarted(timetable, LINES), LINES)

    assert given(twice, 7) == ["a", "b"]


# --- in its host


class Hosted(Desk):
    """A host with a timetable."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.tables: list[Timetable] = []
        super().__init__()

    def build(self, context: StrategyContext) -> Any:  # noqa: ANN401 - a strategy
        self.tables.append(Timetable(self.lines, context))
        return self.tables[-1]

    def slice(self, at: int) -> list[str]:
        return self.tell(MarketSlice(at=Nanoseconds(at)))


def test_it_says_how_it_gets_its_state_back() -> None:
    assert memory_of(Timetable([])) == "snapshot"


def test_its_count_is_in_the_journal_and_comes_back() -> None:
    desk = Hosted([trade("a"), line(CANCEL)])
    assert desk.slice(5) == ["a", "a"]
    desk.slice(6)
    assert desk.saved() == [StrategySaved(state='{"given":0}'), StrategySaved(state='{"given":2}')]

    desk.fold()

    assert desk.slice(7) == ["a"]


def test_the_answer_after_a_fill_comes_by_the_host() -> None:
    desk = Hosted([trade("a")])
    desk.slice(5)

    assert desk.tell(updated(filled("1", name="a"))) == ["a"]
    desk.tell(answer("a", "FILLED"))

    assert desk.tables[-1].done


def started(epoch: int = 1) -> VenueStarted:
    return VenueStarted(venue=BYBIT, epoch=epoch)


SETTLED = VenueSettled(venue=BYBIT, epoch=1, open=0, unknown=0, skew_ms=0)


@pytest.mark.parametrize("first", [trade("x"), line(AMEND), line(CANCEL_ALL)], ids=["trade", "amend", "cancel all"])
def test_lines_wait_with_all_behind_them_while_their_venue_has_not_settled(first: Line) -> None:
    desk = Hosted([trade("a"), replace(first, at=Nanoseconds(1)), trade("b", 2)])
    desk.slice(0)
    desk.tell(started())

    desk.slice(5)
    waited = desk.tables[-1].waiting
    desk.tell(SETTLED)
    desk.host.receive(MarketSlice(at=Nanoseconds(6)))

    assert waited == ("a",)
    assert desk.engine.take()[0] == first.instruction
    assert desk.tables[-1].waiting[-1] == "b"


def test_a_cancel_and_lines_of_other_venues_do_not_wait() -> None:
    other = replace(instruction(name="o"), venue=VenueName("okx"))
    timetable_context = StrategyContext(start=Nanoseconds(0), end=None, params={}, venues=(venue(),))
    timetable_context.unsettled.add(BYBIT)
    timetable = Timetable([line(CANCEL), line(other), trade("b"), line(CANCEL)], timetable_context)

    assert given(timetable, 5) == ["CancelInstruction", "o"]


def test_what_was_settled_for_an_earlier_process_is_not_settled_for_this_one() -> None:
    desk = Hosted([trade("a")])

    desk.fold(started(), SETTLED)

    assert desk.slice(5) == []
    desk.tell(SETTLED)
    assert desk.slice(6) == ["a"]
