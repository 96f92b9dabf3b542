"""Whatever requests and reads come to, in any order: no order is placed twice, no trade is lost or told twice.

Every seed is a run of its own: orders of all kinds go out while requests are dropped, answered too late or with
nonsense, reads fail, fills and orders are shown late, frames are lost, and whole epochs crash. At the end the venue's
own record and what was told must be the same. The long form takes thousands of seeds.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pytest

from actors.exchange.live.ports import Options
from messages.orders import OrderFilled, OrderRejected
from messages.units import BUY, FOK, GTC, IOC, LIMIT, MARKET, SELL
from tests.actors.exchange.live.stage import Stage, intent, play, unfinished
from tests.actors.exchange.live.venue import VENUE

FAULTS: dict[str, Sequence[str]] = {
    "place": ["time_out", "dropped", "late", "html", "not_sent", "crash", "rejected", "", "", ""],
    "cancel": ["time_out", "dropped", "late", "html", "crash", ""],
    "read": ["fails", "html", "", "", ""],
}
SHORT, LONG = 30, 2_000


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(LONG if metafunc.config.getoption("--long") else SHORT))


def test_the_venues_record_and_what_was_told_agree_after_any_faults(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - seeded on purpose

    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.venue.order_delay_ms = draw.choice([0, 0, 3_000])
        stage.venue.trade_delay_ms = draw.choice([0, 0, 4_000])
        stage.venue.share = Decimal(draw.choice(["1", "0.5", "0"]))
        stage.line.faults = FAULTS
        for number in range(draw.randint(3, 10)):
            await one_order(stage, f"n{number}")
        await asyncio.sleep(30)
        stage.line.faults = {}
        for order in [each for each in stage.venue.orders.values() if each.status == "OPEN"]:
            stage.venue.fill(order, order.amount - order.filled)
        await stage.until(lambda: not unfinished(stage.journal), within_s=1_200)

        placed = Counter(stage.venue.places)
        assert placed.total() == len(placed)
        told = Counter(each.trade_id for each in stage.of(OrderFilled))
        assert told == Counter(trade.trade_id for trade, _ in stage.venue.trades)
        never = {each.client_order_id for each in stage.of(OrderRejected)}
        assert not never & set(placed)

    async def one_order(stage: Stage, name: str) -> None:
        kind = draw.choice([(MARKET, GTC), (LIMIT, IOC), (LIMIT, FOK), (LIMIT, GTC), (LIMIT, GTC)])
        order = intent(name, side=draw.choice([BUY, SELL]), order_type=kind[0], time_in_force=kind[1])
        stage.submit(order)
        await asyncio.sleep(draw.uniform(0, 3))
        resting = stage.venue.find(order.client_order_id)
        if resting is not None and resting.status == "OPEN" and draw.random() < 0.5:
            stage.venue.fill(resting, resting.amount / 4)
        if draw.random() < 0.4:
            stage.cancel(order)
        if draw.random() < 0.15:
            stage.crash()
        await asyncio.sleep(draw.uniform(0, 3))

    play(
        scene,
        seed=seed,
        streaming=draw.random() < 0.5,
        crashes=True,
        options=Options(venue=VENUE, most_rejects=1_000),
    )
