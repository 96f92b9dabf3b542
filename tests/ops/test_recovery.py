"""Whichever actor of the wired core crashes at whichever message, its input is as if it had never come.

The turn says nothing but `InputSkipped`, the core folds its journal to the state it had, and goes on. A fact is never
skipped.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.errors import InvariantError
from actors.runtime.crashes import BrokenCoreError, FactCrashedError
from actors.strategies.contract import StrategyContext
from messages.base import Message
from messages.instructions import AskRefusals, TradeInstruction
from messages.lifecycle import Halted, InputSkipped
from messages.market import MarketSlice
from messages.orders import OrderFilled, OrderSubmitted
from messages.units import ClientOrderId, Nanoseconds
from tests.actors.builders import HOUR, candle, filled, instruction
from tests.ops.house import CLASSES, House, Trap, trapped, without_skipped


class Steady:
    """Sells a little after each fill of an instruction of the test's, and buys a little at each funding."""

    stateless = True
    quiet_at = 0
    """An hour at which it wants nothing."""

    def __init__(self, context: StrategyContext) -> None:
        self.context = context
        self.fills = 1

    def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:
        if market.funding and market.at != self.quiet_at * HOUR:
            yield self.context.trade("bybit", "ETHUSDT-PERP", "BUY", f"0.0{self.fills}")

    def on_event(self, event: Message) -> Iterator[TradeInstruction]:
        if isinstance(event, OrderFilled) and event.instruction_id.startswith("a"):
            yield self.context.trade("bybit", "ETHUSDT-PERP", "SELL", f"0.{self.fills}")


class QuietAtThree(Steady):
    quiet_at = 3


class Applying(Steady):
    """As it, and what it trades depends on how many fills there were."""

    stateless = False

    def apply(self, event: Message) -> None:
        if isinstance(event, OrderFilled):
            self.fills = self.fills % 9 + 1


class Saving(Steady):
    """As the other one, by snapshots."""

    stateless = False

    def on_event(self, event: Message) -> Iterator[TradeInstruction]:
        if isinstance(event, OrderFilled):
            self.fills = self.fills % 9 + 1
        yield from super().on_event(event)

    def snapshot(self) -> int:
        return self.fills

    def restore(self, state: int) -> None:
        self.fills = state


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Return what builds houses, each with a journal of its own; they are stopped at the end."""
    built: list[House] = []

    def build(**words: Any) -> House:  # noqa: ANN401 - a house's own
        built.append(House(tmp_path / str(len(built)), **{"build": Steady, **words}))
        return built[-1]

    yield build
    for house in built:
        house.stop()


Input = Callable[[House], None]


def give(amount: str, **words: Any) -> Input:  # noqa: ANN401 - an instruction's own
    return lambda house: house.give(instruction(amount, **words))


def slice_at(hour: int, price: str, rate: str | None = None) -> Input:
    return lambda house: house.slice(hour, price, rate=rate)


SCRIPT: list[Input] = [
    House.begin,
    slice_at(1, "2000"),
    give("2", name="a1"),
    give("1.5", name="b1", pair="ETH/USDT"),
    give("1000", name="b2", pair="ETH/USDT"),
    slice_at(2, "2100", "0.0003"),
    give("5", name="a2", side="SELL"),
    give("3", name="b3"),
    give("0.5", name="a3", pair="ETH/USDT", side="SELL"),
    give("9", name="a1"),
    slice_at(3, "1900", "-0.0004"),
    give("100", name="a4", side="BUY", reduce_only=True),
    give("2", name="a1"),
    slice_at(4, "2050", "0.0001"),
    give("0.001", name="b4"),
    give("1", name="a5"),
    House.end,
]
INSTRUCTION, SLICE = 7, 10
"""Inputs of the script that are made to crash. The strategy hears of the first, and trades at the second."""


def play(house: House, *steps: Input) -> House:
    for step in steps:
        step(house)
    return house


def prices_alone(house: House) -> None:
    """Let the prices of the slice at three be known, as they are after a rebuild, and nothing else of it."""
    house.at = Nanoseconds(3 * HOUR)
    house.prices = {of: candle("1900", at=house.at, of=of) for of in house.prices}
    house.core.rebuild()


def compare(house: House, reference: House, crashed: int) -> None:
    """Let both go on after an input, and compare all that they answer and write."""
    assert house.answers() == reference.answers()
    for one in (house, reference):
        play(one, *SCRIPT[crashed + 1 :])
    assert without_skipped(house.records()) == without_skipped(reference.records())
    assert house.answers() == reference.answers()


def crashes_of(crashing: int, trap: Trap, make: Callable[..., House], **words: Any) -> Iterator[tuple[House, str]]:  # noqa: ANN401
    """Play up to an input as often as the trapped actor works messages for it, with a crash at each of them in turn.

    Yields the house right after the crash, and what was skipped.
    """
    for number in range(1, 40):
        trap.set(0)
        house = play(make(**words), *SCRIPT[:crashing])
        known = len(house.records())
        trap.set(number)
        SCRIPT[crashing](house)
        trap.set(0)
        if not house.supervisor.errors:
            return
        assert [str(error) for error in house.supervisor.errors] == ["planted"]
        entries = [each.entry for each in house.records()[known:] if isinstance(each.entry, InputSkipped)]
        assert all(entry.error == "ValueError: planted" for entry in entries)
        yield house, ",".join(entry.input for entry in entries)
    pytest.fail("it never comes to rest")


@pytest.mark.parametrize("build", [Steady, Applying, Saving])
@pytest.mark.parametrize(
    "cell", [cell for cell in CLASSES if cell not in {"strategy", "data_provider", "journal_writer"}]
)
def test_a_crash_anywhere_on_the_way_of_an_instruction_is_as_if_it_had_never_come(
    cell: str, build: type[Steady], make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes = 0

    for house, skipped in crashes_of(INSTRUCTION, trapped(monkeypatch, cell), make, build=build):
        crashes += 1
        if crashes == 1 or skipped:
            assert skipped == "TradeInstruction"
            assert house.kinds()[-1] == "InputSkipped"
            compare(house, play(make(build=build), *SCRIPT[:INSTRUCTION]), INSTRUCTION)
        else:  # a snapshot that the strategy gives for what it heard: a fact, worked again
            compare(house, play(make(build=build), *SCRIPT[: INSTRUCTION + 1]), INSTRUCTION)

    assert crashes


@pytest.mark.parametrize("cell", [cell for cell in CLASSES if cell != "journal_writer"])
def test_a_crash_anywhere_on_the_way_of_a_slice_is_as_if_all_but_its_prices_had_never_come(
    cell: str, make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    for house, skipped in crashes_of(SLICE, trapped(monkeypatch, cell), make):
        seen.append(skipped)
        if not skipped:  # what the strategy is told of is a fact, worked again
            compare(house, play(make(), *SCRIPT[: SLICE + 1]), SLICE)
        elif skipped == "TradeInstruction" or cell == "strategy":
            compare(house, play(make(build=QuietAtThree), *SCRIPT[: SLICE + 1]), SLICE)
        else:
            compare(house, play(make(), *SCRIPT[:SLICE], prices_alone), SLICE)

    assert set(seen) <= {"", "MarketSlice", "TradeInstruction"}
    assert ("MarketSlice" in seen) is (cell != "outbox")
    assert ("TradeInstruction" in seen) is (cell not in {"strategy", "data_provider"})
    assert ("" in seen) is (cell in {"strategy", "event_logger", "position_monitor", "pnl"})  # marking is worked again


@pytest.mark.parametrize("build", [Steady, Saving])
def test_a_strategy_that_crashes_while_it_hears_is_told_again(
    build: type[Steady], make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes = 0

    for house, skipped in crashes_of(INSTRUCTION, trapped(monkeypatch, "strategy"), make, build=build):
        crashes += 1
        assert skipped == ""
        compare(house, play(make(build=build), *SCRIPT[: INSTRUCTION + 1]), INSTRUCTION)

    assert crashes == 2  # that its order was accepted, and filled


def test_a_writer_that_crashes_at_an_intent_leaves_nothing_of_it(
    make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, skipped = next(crashes_of(INSTRUCTION, trapped(monkeypatch, "journal_writer"), make))

    assert skipped == "TradeInstruction"
    compare(house, play(make(), *SCRIPT[:INSTRUCTION]), INSTRUCTION)


# --- folding at any time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [Steady, Applying, Saving])
def test_a_core_that_is_rebuilt_between_all_its_inputs_writes_the_same_journal(
    build: type[Steady], make: Callable[..., House]
) -> None:
    plain, rebuilt = make(build=build), make(build=build)

    for step in SCRIPT:
        step(plain)
        step(rebuilt)
        before = rebuilt.answers()
        rebuilt.core.rebuild()
        assert before == rebuilt.answers() == plain.answers()

    assert rebuilt.records() == plain.records()  # to the hash


@pytest.mark.parametrize("build", [Steady, Applying, Saving])
@pytest.mark.parametrize("stopped_at", [3, 8, 12, len(SCRIPT) - 1])
def test_a_journal_that_is_opened_again_goes_on_to_the_same_last_hash(
    stopped_at: int, build: type[Steady], make: Callable[..., House], tmp_path: Path
) -> None:
    whole = play(make(build=build), *SCRIPT)
    first = play(House(tmp_path / "again", build=build), *SCRIPT[:stopped_at])
    answers = first.answers()
    first.stop()

    again = House(tmp_path / "again", build=build, after=first)
    try:
        assert again.answers() == answers
        play(again, *SCRIPT[stopped_at:])
        assert again.records() == whole.records()
    finally:
        again.stop()


def test_the_script_meets_everything_that_recovery_must_bring_back(make: Callable[..., House]) -> None:
    kinds = set(play(make(build=Saving), *SCRIPT).kinds())

    assert kinds == {
        "RunStarted", "Opening", "EquityMarked", "InstructionReceived", "InstructionRefused", "OrderSubmitted",
        "OrderAccepted", "OrderFilled", "FundingPaid", "StrategySaved", "PnlAttributed", "RunEnded",
    }  # fmt: skip


# --- facts ------------------------------------------------------------------------------------------------------------


def a_late_fill(house: House) -> OrderFilled:
    """Return another fill of the first order, as a venue might report it."""
    (client, *_) = [each.entry.client_order_id for each in house.records() if isinstance(each.entry, OrderSubmitted)]
    return filled("0.1", client=ClientOrderId(client), trade="late")


ON_THE_WAY_OF_A_FILL = (
    "engine",
    "event_logger",
    "journal_writer",
    "gate",
    "position_monitor",
    "exposure",
    "risk",
    "pnl",
)


@pytest.mark.parametrize("cell", ON_THE_WAY_OF_A_FILL)
def test_a_fact_that_crashes_once_is_worked_again_and_stands_there_once(
    cell: str, make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = trapped(monkeypatch, cell)
    reference, house = (play(make(), *SCRIPT[:INSTRUCTION]) for _ in "ab")
    fill = a_late_fill(house)
    reference.tell("engine", fill)

    trap.set(1)
    house.tell("engine", fill)
    trap.set(0)

    assert [str(error) for error in house.supervisor.errors] == ["planted"]
    assert house.records() == reference.records()
    compare(house, reference, INSTRUCTION - 1)


@pytest.mark.parametrize("cell", ON_THE_WAY_OF_A_FILL)
def test_a_fact_that_crashes_twice_halts_and_needs_a_person(
    cell: str, make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = trapped(monkeypatch, cell)
    house = play(make(), *SCRIPT[:INSTRUCTION])
    fill = a_late_fill(house)
    known = len(house.records())

    trap.set(1, times=2)
    with pytest.raises(FactCrashedError) as caught:
        house.tell("engine", fill)

    assert caught.value.exit_code == 78
    (entry,) = [each.entry for each in house.records()[known:]]
    assert entry == Halted(reason="OrderFilled crashed engine twice: ValueError: planted")
    with pytest.raises(BrokenCoreError):
        house.give(instruction(name="more"))


def test_after_such_a_halt_a_start_refuses_new_instructions(
    make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        trap = trapped(patch, "pnl")
        house = play(make(), *SCRIPT[:INSTRUCTION])
        trap.set(1, times=2)
        with pytest.raises(FactCrashedError):
            house.tell("engine", a_late_fill(house))
        trap.set(0)

    house.core.rebuild()
    house.give(instruction(name="more"))

    assert house.wired.ask("engine", AskRefusals()).counts[0] == ("HALTED", 1)


def test_a_report_on_an_order_that_was_never_sent_says_nothing_but_a_halt(make: Callable[..., House]) -> None:
    house = play(make(), *SCRIPT[:INSTRUCTION])
    known = len(house.records())

    with pytest.raises(FactCrashedError) as caught:
        house.tell("engine", filled(client="x999"))

    assert isinstance(caught.value.__cause__, InvariantError)
    assert house.kinds(after=known) == ["Halted"]


# --- without a supervisor ---------------------------------------------------------------------------------------------


def test_without_a_supervisor_a_crash_goes_up_and_a_rebuilt_core_has_the_state_before_it(
    make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = trapped(monkeypatch, "pnl")
    house = play(make(supervised=False), *SCRIPT[:INSTRUCTION])
    records, answers = house.records(), house.answers()

    trap.set(1)
    with pytest.raises(ValueError, match="planted"):
        SCRIPT[INSTRUCTION](house)
    trap.set(0)
    house.core.rebuild()

    assert house.records() == records
    assert house.answers() == answers
