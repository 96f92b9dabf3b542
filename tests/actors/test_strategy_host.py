"""The host passes on what a strategy wants, and says where its errors come from."""

import decimal
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from actors.errors import StrategyError
from actors.strategies.contract import StrategyContext
from messages.base import Message
from messages.instructions import InstructionRepeated, TradeInstruction
from messages.lifecycle import InputSkipped
from messages.units import CONTEXT, ClientOrderId, InstructionId
from tests.actors.builders import (
    accepted,
    cancelled,
    expired,
    filled,
    market,
    opening,
    paid,
    refused,
    rejected,
    unknown,
)
from tests.actors.host_desk import Applying, Desk, place, raising, updated

REPEATED = InstructionRepeated(
    instruction_id=InstructionId("a1"), outcome="FILLED", client_order_id=ClientOrderId("c1")
)
OWN = [accepted(), rejected(), cancelled(), expired(), unknown(), refused(), REPEATED]


def test_it_sees_every_slice_and_its_own_events_as_they_are() -> None:
    desk = Desk()

    for message in (market(), *OWN):
        desk.tell(message)

    assert desk.strategy.seen == [market(), *OWN]


@pytest.mark.parametrize("fact", [filled(), paid()], ids=["fill", "funding"])
def test_a_fact_is_seen_when_the_totals_are_right(fact: Any) -> None:  # noqa: ANN401 - two types
    desk = Desk()
    totals: list[object] = []

    def react(_event: object) -> None:
        totals.append(desk.strategy.context.pnl)

    desk.strategy.react = react

    desk.tell(updated(fact))

    assert desk.strategy.seen == [fact]
    assert totals == [updated(fact)]


def test_an_opening_changes_the_totals_and_is_no_event_of_its_own() -> None:
    desk = Desk()

    desk.tell(updated(opening()))

    assert desk.strategy.seen == []
    assert desk.strategy.context.pnl == updated(opening())


@pytest.mark.parametrize("message", [market(), accepted()], ids=["slice", "event"])
def test_what_it_sets_in_its_decimal_context_stays_and_is_its_own(message: Any) -> None:  # noqa: ANN401 - two types
    desk = Desk()
    seen: list[int] = []

    def react(_message: object) -> Iterator[TradeInstruction]:
        seen.append(decimal.getcontext().prec)
        decimal.getcontext().prec = 6
        yield desk.strategy.trade()
        seen.append(decimal.getcontext().prec)

    desk.strategy.react = react
    with decimal.localcontext(prec=33):
        desk.tell(message)
        desk.tell(message)
        ours = decimal.getcontext().prec

    assert (seen, ours) == ([CONTEXT.prec, 6, 6, 6], 33)


def test_building_applying_and_raising_leave_the_books_decimal_context_alone() -> None:
    seen: list[int] = []

    class Coarse(Applying):
        """Sets its precision wherever it is called."""

        def __init__(self, context: StrategyContext) -> None:
            super().__init__(context)
            decimal.getcontext().prec = 5

        def apply(self, event: Message) -> None:
            super().apply(event)
            seen.append(decimal.getcontext().prec)
            decimal.getcontext().prec = 6

    with decimal.localcontext(prec=33):
        desk = Desk(Coarse, skip=True)
        desk.tell(accepted())
        desk.strategy.react = raising(desk)
        desk.tell(accepted())
        ours = decimal.getcontext().prec

    assert (seen, ours) == ([5, 6], 33)


def test_instructions_go_to_the_engine_in_order_from_lists_tuples_and_generators() -> None:
    desk = Desk()

    def generator(_message: object) -> Iterator[TradeInstruction]:
        yield desk.strategy.trade()
        yield desk.strategy.trade("2")

    ways: list[Callable[[Any], Iterable[TradeInstruction]]] = [
        lambda _: [desk.strategy.trade(), desk.strategy.trade()],
        lambda _: (desk.strategy.trade(), desk.strategy.trade()),
        generator,
        lambda _: map(desk.strategy.trade, ("1", "2")),
    ]
    wanted = []
    for way in ways:
        desk.strategy.react = way
        wanted += [desk.tell(market()), desk.tell(accepted())]

    assert wanted == [[f"S{n}", f"S{n + 1}"] for n in range(1, 17, 2)]


@pytest.mark.parametrize("nothing", [None, (), []])
def test_returning_nothing_trades_nothing(nothing: object) -> None:
    desk = Desk()
    desk.strategy.react = lambda _: nothing

    assert desk.tell(market()) == []
    assert desk.log.told == []


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [market(), accepted(), updated(filled())], ids=["slice", "event", "fill"])
def test_an_error_ends_the_run_naming_file_and_line(message: Message) -> None:
    desk = Desk()
    desk.strategy.react = raising(desk)

    with pytest.raises(StrategyError, match="KeyError: 'no such thing'") as caught:
        desk.tell(message)

    assert caught.value.where == place("it raises here")
    assert caught.value.exit_code == 1
    assert isinstance(caught.value.__cause__, KeyError)
    assert desk.engine.told == desk.log.told == []


def test_the_line_named_is_the_strategys_own_also_when_a_library_raised() -> None:
    desk = Desk()
    desk.strategy.react = desk.strategy.strange

    with pytest.raises(StrategyError) as caught:
        desk.tell(market())

    assert caught.value.where == place("a strange idea")


def test_an_error_inside_the_contexts_own_code_names_the_strategys_line() -> None:
    desk = Desk()
    desk.strategy.react = lambda _: [desk.strategy.trade("-1")]

    with pytest.raises(StrategyError, match="ValueError: amount -1") as caught:
        desk.tell(market())

    assert caught.value.where == place("the trade itself")


def test_skipping_an_error_journals_it_and_trades_nothing_of_that_input() -> None:
    desk = Desk(skip=True)
    desk.strategy.react = raising(desk)

    assert desk.tell(market()) == []

    (entry,) = desk.saved()
    assert isinstance(entry, InputSkipped)
    assert entry.input == "MarketSlice"
    assert entry.error == "KeyError: 'no such thing'"
    assert entry.where == place("it raises here")


def test_after_a_skipped_error_it_goes_on_with_the_next_input() -> None:
    desk = Desk(skip=True)
    desk.strategy.react = raising(desk)
    desk.tell(market())
    desk.strategy.react = lambda _: [desk.strategy.trade()]

    assert len(desk.tell(accepted())) == 1


@pytest.mark.parametrize(
    "wrong", ["S1", 7, [1], ["S1"], [None], market(), [accepted()]], ids=lambda wrong: type(wrong).__name__
)
@pytest.mark.parametrize("skip", [False, True], ids=["stop", "skip"])
def test_what_is_no_instruction_is_an_error_of_the_strategy(wrong: object, *, skip: bool) -> None:
    desk = Desk(skip=skip)
    desk.strategy.react = lambda _: wrong

    if skip:
        assert desk.tell(market()) == []
        assert [type(entry) for entry in desk.saved()] == [InputSkipped]
    else:
        with pytest.raises(StrategyError, match="TypeError"):
            desk.tell(market())
    assert desk.engine.told == []
