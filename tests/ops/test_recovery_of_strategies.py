"""A strategy loses nothing and hears nothing twice when the core around it is rebuilt, wherever the crash was."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from messages.book import PnlUpdated
from messages.instructions import InstructionReceived, TradeInstruction
from messages.market import MarketSlice
from tests.ops.house import House, trapped
from tests.ops.test_recovery import INSTRUCTION, SCRIPT, Applying, Steady, compare, crashes_of, make, play

__all__ = ["make"]  # the fixture


class Thrice(Steady):
    """Wants three trades at every slice."""

    def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:  # noqa: ARG002 - whatever it is
        for _ in range(3):
            yield self.context.trade("bybit", "ETHUSDT-PERP", "BUY", "0.1")

    def on_event(self, event: object) -> Iterator[TradeInstruction]:  # noqa: ARG002 - it does not listen
        yield from ()


class Totals(Steady):
    """Looks at its totals."""

    seen: ClassVar[list[PnlUpdated | None]] = []

    def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:  # noqa: ARG002 - whatever it is
        Totals.seen.append(self.context.pnl)
        yield from ()


def test_a_writer_that_crashes_anywhere_leaves_nothing_of_the_turn(
    make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    for house, skipped in crashes_of(INSTRUCTION, trapped(monkeypatch, "journal_writer"), make):
        assert skipped == "TradeInstruction"
        compare(house, play(make(), *SCRIPT[:INSTRUCTION]), INSTRUCTION)


def test_an_applying_strategy_that_crashes_while_it_hears_applies_each_event_once(
    make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    for house, _ in crashes_of(INSTRUCTION, trapped(monkeypatch, "strategy"), make, build=Applying):
        compare(house, play(make(build=Applying), *SCRIPT[: INSTRUCTION + 1]), INSTRUCTION)


def test_no_number_is_given_twice_when_a_follow_up_crashes(
    make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = trapped(monkeypatch, "engine")
    house = play(make(build=Thrice), House.begin)
    trap.set(1)

    house.slice(1, "2000")
    trap.set(0)
    house.slice(2, "2000")

    received = [record.entry for record in house.records() if isinstance(record.entry, InstructionReceived)]
    ids = [entry.instruction_id for entry in received]
    assert len(ids) == len(set(ids)) == 5


def test_a_strategy_knows_its_totals_after_a_rebuild(make: Callable[..., House]) -> None:
    house = play(make(build=Totals), *SCRIPT[:INSTRUCTION])
    house.slice(3, "2000")

    house.core.rebuild()

    house.slice(4, "2000")
    before, after = Totals.seen[-2:]
    assert before is not None
    assert after == before
