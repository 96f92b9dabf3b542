"""``basis`` decides after a crash as it would have without: in the wired core, with the journal it comes back from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.strategies.basis import Basis
from messages.instructions import InstructionReceived
from messages.instruments import FillModel, VenueModel
from messages.orders import CancelSubmitted
from messages.units import plain
from tests.actors.basis_desk import D
from tests.actors.builders import venue
from tests.ops.house import CONFIG, House, trapped

CONFIG_OF_BASIS = (
    CONFIG
    + """
[strategy.params]
venue = "bybit"
notional = "20000"
window_h = 8
enter_bps_per_year = "1000"
leave_bps_per_year = "200"
execution = "EXECUTION"
limit_offset_bps = "50"
limit_wait_h = 2
"""
)
HOURS = 60
PRICES = ("2000", "2005", "1980", "1975", "2010", "2030", "2020")
"""Some go through a limit order of ours, some don't."""
RATES = {1: "0.0005", 3: "0.0000001", 4: "0.0006", 6: "0.00000002"}
"""By payment, eight hours apart: an entry, an exit, an entry, an exit."""


@pytest.fixture(params=["market", "limit"])
def config(request: pytest.FixtureRequest) -> str:
    return CONFIG_OF_BASIS.replace("EXECUTION", request.param)


@pytest.fixture
def make(tmp_path: Path, config: str) -> Iterator[Callable[[], House]]:
    """Return what builds houses, each with a journal of its own; they are stopped at the end."""
    built: list[House] = []

    def build() -> House:
        built.append(House(tmp_path / str(len(built)), build=Basis, models=(model(),), config=config))
        return built[-1]

    yield build
    for house in built:
        house.stop()


def model() -> VenueModel:
    """Return a venue that fills no more than 6 in an hour, so that both legs come in parts."""
    return msgspec.structs.replace(venue(base_bps="1"), fill=FillModel(max_share=D("0.006")))


def hour(house: House, number: int) -> None:
    payment, rest = divmod(number - 1, 8)
    rate = None if rest else RATES.get(payment, "0.00005")
    house.slice(number, PRICES[number % len(PRICES)], rate=rate)


def wanted(house: House) -> list[tuple[object, ...]]:
    """Return all that the strategy wanted, with its time."""
    found: list[tuple[object, ...]] = []
    for record in house.records():
        entry: Any = record.entry
        if isinstance(entry, InstructionReceived):
            found.append((record.at, entry.instruction_id, entry.side, plain(entry.amount), entry.price))
        elif isinstance(entry, CancelSubmitted):
            found.append((record.at, "cancel", entry.instruction_id))
    return found


def play(house: House, *, rebuilt: bool = False) -> House:
    house.begin(usdt="100000", eth="0")
    for number in range(1, HOURS):
        hour(house, number)
        if rebuilt:
            house.core.rebuild()
    return house


def is_flat(house: House) -> bool:
    """Whether the last exit is through: no short, and no more spot than dust."""
    book = house.answers()["book"]
    spot = [balance.amount for balance in book.balances if balance.asset == "ETH"]
    return not book.positions and all(amount < D("0.01") for amount in spot)


def test_a_core_that_is_rebuilt_after_every_slice_wants_the_same(make: Callable[[], House]) -> None:
    straight, rebuilt = play(make()), play(make(), rebuilt=True)

    assert wanted(rebuilt) == wanted(straight)
    assert {name.partition("-")[0] for _, name, *_ in wanted(straight)} >= {"b1", "b2"}  # type: ignore[attr-defined]
    assert is_flat(straight)


@pytest.mark.parametrize("cell", ["engine", "gate", "venue:bybit", "position_monitor", "strategy"])
def test_what_is_lost_in_a_crash_is_done_later_and_nothing_is_done_twice(
    cell: str, make: Callable[[], House], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = trapped(monkeypatch, cell)
    play(make())

    for at in range(5, trap.count, trap.count // 12):
        house = make()
        trap.set(at)
        play(house)
        ids = [each[1] for each in wanted(house) if each[1] != "cancel"]
        assert len(ids) == len(set(ids)), at
        assert house.supervisor.errors, at
        assert is_flat(house), at
