"""Thousands of orders may fill, expire or be cancelled at one instant: that is no livelock, and the order is kept."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from messages.instructions import CancelAllInstruction
from messages.instruments import VenueModel
from messages.lifecycle import Halted, InputSkipped
from messages.market import FundingPaid, MarketSlice
from messages.orders import ExpireOrders, OrderCancelled, OrderExpired, OrderFilled
from messages.units import LIMIT, Nanoseconds, Price, VenueName
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, instruction, venue
from tests.ops.house import House, Silent

CROWD = 3_000
"""Each report is some seven messages, and a turn may have ten thousand."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    model: VenueModel = msgspec.structs.replace(venue(), leverage=Decimal(100))
    house = House(tmp_path, build=Silent, models=(model,))
    house.begin("1000000")
    house.slice(1, "2000")
    for number in range(CROWD):
        house.give(instruction("0.1", name=f"a{number}", order_type=LIMIT, price=Price(Decimal(1900))))
    yield house
    house.stop()


def names(house: House, kind: type[OrderFilled | OrderExpired | OrderCancelled]) -> list[str]:
    return [each.entry.instruction_id for each in house.records() if isinstance(each.entry, kind)]


ALL = [f"a{number}" for number in range(CROWD)]


def test_all_fill_in_one_candle_before_its_funding_is_paid(house: House) -> None:
    house.at = Nanoseconds(2 * HOUR)
    candles = tuple(
        msgspec.structs.replace(candle("1900", at=house.at, of=of), low=Price(Decimal(1800)))
        for of in (SPOT_ID, PERP_ID)
    )
    house.prices |= {each.instrument: each for each in candles}
    house.slice_of(MarketSlice(at=house.at, candles=candles), rate="0.001")

    kinds = house.kinds()
    assert names(house, OrderFilled) == ALL
    assert kinds.count("FundingPaid") == 1
    assert kinds.index("FundingPaid") > len(kinds) - 1 - kinds[::-1].index("OrderFilled")
    (funding,) = [each.entry for each in house.records() if isinstance(each.entry, FundingPaid)]
    assert funding.quantity == CROWD * Decimal("0.1")


def test_all_expire_at_the_end(house: House) -> None:
    house.core.take("venue:bybit", ExpireOrders(reason="END_OF_RUN"), house.at)

    assert names(house, OrderExpired) == ALL


def test_all_are_cancelled_before_the_next_instruction_of_that_instant(house: House) -> None:
    house.core.take("engine", CancelAllInstruction(venue=VenueName("bybit")), house.at)

    assert names(house, OrderCancelled) == ALL
    assert not {type(each.entry) for each in house.records()} & {InputSkipped, Halted}
