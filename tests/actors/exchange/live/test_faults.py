"""Whatever requests and reads come to, in any order: no order is placed twice, no trade is lost or told twice.

Every seed is a run of its own: orders of all kinds go out, are changed and cancelled, while requests are dropped,
answered too late or with nonsense, reads fail or show what was a while ago, fills and orders are shown late, frames are
lost, late and doubled, whole epochs crash, the core is rebuilt, and the process is killed with its last reports not
journaled. At the end the venue's own record and the journal must be the same. The long form takes thousands of seeds.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pytest

from actors.exchange.live.ports import Options
from messages.order_life import CLOSED
from messages.orders import OrderFilled, OrderRejected, OrderSubmitted
from messages.snapshots import VenueSnapshot
from messages.units import BUY, FOK, GTC, IOC, LIMIT, MARKET, SELL, STOP_MARKET
from tests.actors.exchange.live.stage import Stage, followed, intent, play, unfinished
from tests.actors.exchange.live.venue import VENUE

FAULTS: dict[str, Sequence[str]] = {
    "place": ["time_out", "dropped", "late", "html", "not_sent", "crash", "rejected", "", "", ""],
    "cancel": ["time_out", "dropped", "late", "html", "crash", ""],
    "amend": ["time_out", "dropped", "late", "html", "not_sent", "crash", "rejected", "", "", ""],
    "read": ["fails", "html", "stale", "", "", "", ""],
    "frame": ["lost", "late", "twice", "", ""],
}
SHORT, LONG = 40, 2_000
PLANTED = {"planted", "a mistake of ours"}
MOST_TASKS = 40


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(LONG if metafunc.config.getoption("--long") else SHORT))


async def one_order(stage: Stage, draw: random.Random, name: str) -> None:
    """Send an order, and do to it what may be done, and to everything else what may befall it."""
    kinds = [(MARKET, GTC), (LIMIT, IOC), (LIMIT, FOK), (STOP_MARKET, GTC), (LIMIT, GTC), (LIMIT, GTC), (LIMIT, GTC)]
    kind = draw.choice(kinds)
    order = intent(name, side=draw.choice([BUY, SELL]), order_type=kind[0], time_in_force=kind[1])
    stage.submit(order, lost=draw.random() < 0.03)
    await asyncio.sleep(draw.uniform(0, 3))
    touch(stage, draw, order)
    if kind == (LIMIT, GTC) and draw.random() < 0.5:
        stage.amend(order, amount=draw.choice(["0.5", "1", "2"]), price=draw.choice(["1980", "1990"]))
        await asyncio.sleep(draw.choice([0, 0.02, draw.uniform(0, 2)]))
        touch(stage, draw, order)
    if draw.random() < 0.4:
        stage.cancel(order, lost=draw.random() < 0.1)
        await asyncio.sleep(draw.choice([0, 0.02]))
        touch(stage, draw, order)
    await befall(stage, draw)
    await asyncio.sleep(draw.uniform(0, 3))


def touch(stage: Stage, draw: random.Random, order: OrderSubmitted) -> None:
    """Have the venue do something about an order."""
    found = stage.venue.find(order.client_order_id)
    if found is None or not found.is_open or draw.random() < 0.5:
        return
    if found.trigger is not None and found.child is None:
        stage.venue.trigger(found)
    left = found.amount - found.filled
    stage.venue.fill(found, draw.choice([left, left / 4]))


async def befall(stage: Stage, draw: random.Random) -> None:
    """Have something befall the house."""
    match draw.random():
        case chance if chance < 0.1:
            stage.crash()
        case chance if chance < 0.2:
            await stage.kill(lost=draw.randint(0, 3))
        case chance if chance < 0.3:
            stage.follow_again(unheard=draw.randint(0, 3))
            if draw.random() < 0.3:
                await asyncio.sleep(draw.uniform(0, 1))
                stage.crash()
        case _:
            pass


def test_the_venues_record_and_what_was_told_agree_after_any_faults(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - seeded on purpose

    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.venue.order_delay_ms = draw.choice([0, 0, 3_000])
        stage.venue.trade_delay_ms = draw.choice([0, 0, 4_000])
        stage.venue.share = Decimal(draw.choice(["1", "0.5", "0"]))
        stage.venue.names_trades = draw.random() < 0.6
        stage.line.faults = FAULTS
        for number in range(draw.randint(3, 10)):
            await one_order(stage, draw, f"n{number}")
        await asyncio.sleep(30)
        stage.line.faults = {}
        stage.follow_again()  # what never left the core is told again at last
        await asyncio.sleep(60)
        agree(stage)
        for order in [each for each in stage.venue.orders.values() if each.is_open]:
            stage.venue.fill(order, order.amount - order.filled)
        await stage.until(lambda: not unfinished(stage.journal), within_s=1_200)
        agree(stage)
        count = len(stage.of(VenueSnapshot))
        await stage.until(lambda: any(each.quiet for each in stage.of(VenueSnapshot)[count:]), within_s=120)

        assert {str(each) for each in stage.supervisor.failures} <= PLANTED
        assert len(asyncio.all_tasks()) < MOST_TASKS

    play(
        scene,
        seed=seed,
        streaming=draw.random() < 0.5,
        crashes=True,
        options=Options(venue=VENUE, most_rejects=1_000),
    )


def agree(stage: Stage) -> None:
    """Hold the journal against the venue's record."""
    placed = Counter(stage.venue.places)
    assert placed.total() == len(placed)
    never = {each.client_order_id for each in stage.journal if isinstance(each, OrderRejected)}
    assert not never & set(placed)
    told = Counter(each.trade_id for each in stage.journal if isinstance(each, OrderFilled))
    assert told == Counter(trade.trade_id for trade, _ in stage.venue.trades)
    ours = {each.intent.client_order_id: each for each in followed(stage.journal)}
    for order in stage.venue.orders.values():
        known = ours[order.client_order_id]
        assert known.filled == order.filled
        assert (known.state is CLOSED) is not order.is_open, known
