"""A core rebuilt from the journal at any point goes on as if nothing had happened, whatever orders are open.

Every input of a story with every type of order is followed once by a rebuild; what is journaled after it must be what a
core that was never rebuilt journals, to the byte.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from messages.instructions import AmendInstruction, CancelAllInstruction, CancelInstruction
from messages.instruments import FillModel, MarginTier
from messages.market import FundingRate, MarketSlice
from messages.orders import ExpireOrders, OrderCancelled, OrderTriggered
from messages.units import (
    FOK,
    IOC,
    LIMIT,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
    Amount,
    BaseAmount,
    InstructionId,
    Nanoseconds,
    Price,
    Rate,
    VenueName,
)
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, instruction, instrument, venue
from tests.ops.house import House, Silent

D = Decimal
TIERS = (MarginTier(up_to=None, maintenance=D("0.05"), deduction=Amount(D(0)), max_leverage=D(20)),)
MODEL = msgspec.structs.replace(
    venue(
        instrument("ETH/USDT"),
        instrument(tiers=TIERS, liquidation_fee=D("0.01")),
        base_bps="1",
    ),
    leverage=D(10),
    fill=FillModel(max_share=D("0.01")),  # ten of the thousand that every candle trades
)
LATE = msgspec.structs.replace(MODEL, latency_ns=Nanoseconds(1), fill=FillModel())

Input = Callable[[House], None]


def price(hour: int, low: str, high: str, close: str, rate: str | None = None) -> Input:
    """Return a slice in which both markets open and close at a price and move between two others."""

    def tell(house: House) -> None:
        at = house.at = Nanoseconds(hour * HOUR)
        candles = tuple(
            msgspec.structs.replace(candle(close, at=at, of=of), low=Price(D(low)), high=Price(D(high)))
            for of in (SPOT_ID, PERP_ID)
        )
        house.prices |= {each.instrument: each for each in candles}
        funding = () if rate is None else (FundingRate(instrument=PERP_ID, rate=Rate(D(rate))),)
        house.core.take("data_provider", MarketSlice(at=at, candles=candles, funding=funding), at)

    return tell


def trade(amount: str, **terms: Any) -> Input:  # noqa: ANN401 - of any order type
    prices: dict[str, Any] = {key: Price(D(terms.pop(key))) for key in ("price", "trigger_price") if key in terms}
    return lambda house: house.give(instruction(amount, **terms, **prices))


def cancel(name: str) -> Input:
    return lambda house: house.core.take("engine", CancelInstruction(instruction_id=InstructionId(name)), house.at)


def cancel_all(house: House) -> None:
    house.core.take("engine", CancelAllInstruction(venue=VenueName("bybit")), house.at)


def amend(name: str, new: str, amount: str | None = None) -> Input:
    wanted = AmendInstruction(
        instruction_id=InstructionId(name),
        price=Price(D(new)),
        amount=None if amount is None else BaseAmount(D(amount)),
    )
    return lambda house: house.core.take("engine", wanted, house.at)


def end(house: House) -> None:
    house.core.take("venue:bybit", ExpireOrders(reason="END_OF_RUN"), house.at)
    house.end()


STORY: list[Input] = [
    lambda house: house.begin("20000", "5"),
    price(1, "1990", "2010", "2000"),
    trade("1", name="l1", order_type=LIMIT, price="1950"),
    trade("25", name="l2", order_type=LIMIT, price="1960"),  # more than a candle gives
    trade("1", name="l3", pair="ETH/USDT", side="SELL", order_type=LIMIT, price="2100", post_only=True),
    trade("2", name="i1", order_type=LIMIT, price="1990", time_in_force=IOC),
    trade("20", name="f1", order_type=LIMIT, price="2100", time_in_force=FOK),
    trade("3", name="m1"),
    trade("2", name="t1", side="SELL", order_type=TRAILING_STOP, trail_bps=Rate(D(150)), reduce_only=True),
    amend("l1", "1955", "2"),
    price(2, "1950", "2030", "2025", "0.0001"),
    trade("1", name="s1", side="SELL", order_type=STOP_MARKET, trigger_price="1980", reduce_only=True),
    trade("1", name="s2", side="SELL", order_type=STOP_LIMIT, trigger_price="1990", price="2000"),
    trade("2", name="p1", side="SELL", order_type=TAKE_PROFIT_MARKET, trigger_price="2060", reduce_only=True),
    price(3, "2000", "2050", "2040"),
    cancel("l1"),
    cancel("nobody"),
    amend("l2", "1985", "24"),
    price(4, "1975", "2045", "1990"),
    trade("1", name="l4", order_type=LIMIT, price="1900"),
    price(5, "1980", "2070", "2065", "-0.0002"),
    cancel_all,
    trade("40", name="m2"),
    trade("40", name="l5", order_type=LIMIT, price="1700"),
    price(6, "1800", "2070", "1900", "0.0003"),
    price(7, "1200", "1900", "1250"),  # the end of a long
    trade("1", name="l6", pair="ETH/USDT", side="SELL", order_type=LIMIT, price="1300"),
    price(8, "1200", "1290", "1280"),
    end,
]


EXTREMES: list[Input] = [
    lambda house: house.begin("100000", "5"),
    price(1, "1990", "2010", "2000"),
    trade("2", name="m1"),
    trade("1", name="t1", side="SELL", order_type=TRAILING_STOP, trail_bps=Rate(D(500))),
    trade("1", name="t2", order_type=TRAILING_STOP, trail_bps=Rate(D(600))),
    price(2, "2000", "2100", "2100"),  # where they start if they are late
    price(3, "2080", "2110", "2100"),
    price(4, "2100", "2400", "2390"),
    price(5, "2300", "2395", "2350"),
    price(6, "2200", "2350", "2250"),  # from 2000 a stop to sell would be at 1900
    price(7, "2200", "2260", "2250"),
    end,
]
"""Trailing stops whose triggers are reached only from where they had followed the price."""
STARTS: list[Input] = [
    *EXTREMES[:5],
    price(2, "2100", "2100", "2100"),
    price(3, "1990", "2100", "2000"),  # 5 % under 2100 and not under 2000
    end,
]
"""Trailing stops whose triggers are reached only from the price at which they were accepted, if they are late."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., House]]:
    built: list[House] = []

    def build(model: Any) -> House:  # noqa: ANN401 - a model
        built.append(House(tmp_path / str(len(built)), build=Silent, models=(model,)))
        return built[-1]

    yield build
    for house in built:
        house.stop()


def told(house: House) -> list[Any]:
    return [(record.at, record.cause, record.entry) for record in house.records()]


def test_the_story_meets_what_can_become_of_an_order(make: Callable[..., House]) -> None:
    house = make(MODEL)

    for step in STORY:
        step(house)

    kinds = set(house.kinds())
    assert kinds >= {
        "OrderAccepted", "OrderTriggered", "OrderFilled", "OrderAmended", "OrderCancelled", "OrderExpired",
        "CancelSubmitted", "CancelRefused", "AmendReceived", "AmendSubmitted", "FundingPaid", "Liquidated",
    }  # fmt: skip
    reasons = {record.entry.reason for record in house.records() if isinstance(record.entry, OrderCancelled)}
    assert {"VOLUME_LIMIT", "NOT_MARKETABLE", "LIQUIDATION"} <= reasons


def test_the_moved_extreme_decides_where_a_trailing_stop_fills(make: Callable[..., House]) -> None:
    house = make(MODEL)
    *before, fall, _, _ = EXTREMES
    for step in before:
        step(house)
    house.core.rebuild()
    known = len(house.records())

    fall(house)

    triggered, *others = [each.entry for each in house.records()[known:] if isinstance(each.entry, OrderTriggered)]
    assert (triggered.instruction_id, triggered.trigger_price, others) == ("t1", D(2280), [])


def test_a_late_trailing_stop_follows_from_the_price_at_its_acceptance(make: Callable[..., House]) -> None:
    house = make(LATE)
    for step in STARTS[:-1]:
        house.core.rebuild()
        step(house)

    assert ("t1", D(1995)) in [
        (each.entry.instruction_id, each.entry.trigger_price)
        for each in house.records()
        if isinstance(each.entry, OrderTriggered)
    ]


@pytest.mark.parametrize("story", [STORY, EXTREMES, STARTS], ids=["all", "extremes", "starts"])
@pytest.mark.parametrize("model", [MODEL, LATE], ids=["at once", "late"])
def test_a_core_that_is_rebuilt_at_any_point_goes_on_as_one_that_was_not(
    model: Any,  # noqa: ANN401 - a model
    story: list[Input],
    make: Callable[..., House],
) -> None:
    straight = make(model)
    for step in story:
        step(straight)
    wanted = told(straight)

    for broken in range(1, len(story)):
        house = make(model)
        for number, step in enumerate(story):
            if number == broken:
                house.core.rebuild()
            step(house)
        assert told(house) == wanted, f"rebuilt before input {broken}"
