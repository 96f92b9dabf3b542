"""Thousands of orders may arrive, fill, expire or be cancelled at one instant: no livelock, and the order is kept.

They are told in several turns. A crash between these can't be made good, so the run ends there.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.runtime.crashes import BrokenCoreError, FactCrashedError
from messages.instructions import CancelAllInstruction
from messages.instruments import VenueModel
from messages.lifecycle import Halted, InputSkipped
from messages.market import FundingPaid, MarketSlice
from messages.orders import ExpireOrders, OrderAccepted, OrderCancelled, OrderExpired, OrderFilled
from messages.units import LIMIT, Nanoseconds, Price, VenueName
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, instruction, venue
from tests.ops.house import House, Silent, trapped

CROWD = 3_000
"""Each report is some seven messages, and a turn may have ten thousand."""
FEW = 250
"""Told in three turns."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., House]]:
    built: list[House] = []

    def build(crowd: int, latency_ns: int) -> House:
        model: VenueModel = msgspec.structs.replace(venue(), leverage=Decimal(100), latency_ns=Nanoseconds(latency_ns))
        house = House(tmp_path, build=Silent, models=(model,))
        built.append(house)
        house.begin("1000000")
        house.slice(1, "2000")
        for number in range(crowd):
            house.give(instruction("0.1", name=f"a{number}", order_type=LIMIT, price=Price(Decimal(1900))))
        return house

    yield build
    for house in built:
        house.stop()


@pytest.fixture(params=[0, 1], ids=["at once", "late"])
def house(request: pytest.FixtureRequest, make: Callable[..., House]) -> House:
    """Return one in which a crowd of orders rests."""
    house = make(CROWD, request.param)
    house.slice(2, "2000")
    return house


def names(house: House, kind: type[Any]) -> list[str]:
    return [each.entry.instruction_id for each in house.records() if isinstance(each.entry, kind)]


def fall(house: House, hour: int) -> MarketSlice:
    """Return a slice that fills all, and let its prices be known."""
    house.at = Nanoseconds(hour * HOUR)
    candles = tuple(
        msgspec.structs.replace(candle("1900", at=house.at, of=of), low=Price(Decimal(1800)))
        for of in (SPOT_ID, PERP_ID)
    )
    house.prices |= {each.instrument: each for each in candles}
    return MarketSlice(at=house.at, candles=candles)


ALL = [f"a{number}" for number in range(CROWD)]


def test_all_arrive_in_the_order_sent(house: House) -> None:
    assert names(house, OrderAccepted) == ALL
    assert not {type(each.entry) for each in house.records()} & {InputSkipped, Halted}


@pytest.mark.parametrize("latency_ns", [0, 1])
def test_all_trade_as_they_arrive(latency_ns: int, make: Callable[..., House]) -> None:
    house = make(0, latency_ns)
    for name in ALL:
        house.give(instruction("0.1", name=name))
    house.slice(2, "2000", rate="0.001")

    assert names(house, OrderFilled) == ALL
    assert house.kinds().count("FundingPaid") == (0 if latency_ns else 1)  # late ones arrive after it


def test_all_fill_in_one_candle_before_its_funding_is_paid(house: House) -> None:
    house.slice_of(fall(house, 3), rate="0.001")

    kinds = house.kinds()
    assert names(house, OrderFilled) == ALL
    assert kinds.count("FundingPaid") == 1
    assert kinds.index("FundingPaid") > len(kinds) - 1 - kinds[::-1].index("OrderFilled")
    (funding,) = [each.entry for each in house.records() if isinstance(each.entry, FundingPaid)]
    assert funding.quantity == CROWD * Decimal("0.1")


def test_all_expire_at_the_end(house: House) -> None:
    house.core.take("venue:bybit", ExpireOrders(reason="END_OF_RUN"), house.at)

    assert names(house, OrderExpired) == ALL


def test_all_that_never_arrived_expire_too(make: Callable[..., House]) -> None:
    house = make(CROWD, 1)

    house.core.take("venue:bybit", ExpireOrders(reason="END_OF_RUN"), house.at)

    assert names(house, OrderExpired) == ALL


def test_all_are_cancelled_before_the_next_instruction_of_that_instant(house: House) -> None:
    house.core.take("engine", CancelAllInstruction(venue=VenueName("bybit")), house.at)
    house.slice(3, "2000")  # when late ones act

    assert names(house, OrderCancelled) == ALL
    assert not {type(each.entry) for each in house.records()} & {InputSkipped, Halted}


@pytest.mark.parametrize(
    ("cell", "message"),
    [("venue:bybit", "ReportMore"), ("strategy", "PnlUpdated")],
    ids=["while more is told", "between two turns that tell"],
)
def test_a_crash_that_loses_reports_halts_the_run(
    cell: str, message: str, make: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = trapped(monkeypatch, cell)
    house = make(FEW, 0)
    planted, work = [message], trap.around

    def spring(handler: Callable[[Any], object], told: Any) -> None:  # noqa: ANN401 - any message
        if planted == [type(told).__name__]:
            trap.set(1)
            planted.clear()
        work(handler, told)

    monkeypatch.setattr(trap, "around", spring)
    house.core.rebuild()  # with the other trap

    with pytest.raises(FactCrashedError, match="reports of this instant were lost"):
        house.slice_of(fall(house, 2), rate="0.001")

    *_, last = house.records()
    assert isinstance(last.entry, Halted)
    assert not planted
    assert len(names(house, OrderFilled)) < FEW
    with pytest.raises(BrokenCoreError):
        house.slice(3, "2000")
