"""What is to be followed is told again when the core was rebuilt, and by the journal after a restart: nothing is lost.

The venue's actor has told things by then that the journal has not, and has tasks at work on the same orders.
"""

import asyncio

from actors.exchange.live.ports import Options
from messages.orders import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from messages.snapshots import VenueSnapshot
from messages.units import IOC, MARKET
from tests.actors.exchange.live.stage import Stage, intent, play, unfinished
from tests.actors.exchange.live.venue import VENUE

ALWAYS = 10_000
"""So often in a list of faults that nothing else is drawn."""


async def a_quiet_snapshot(stage: Stage) -> None:
    """Wait until the venue is looked at with nothing under way."""
    count = len(stage.of(VenueSnapshot))
    await stage.until(lambda: any(each.quiet for each in stage.of(VenueSnapshot)[count:]), within_s=120)


def test_what_was_asked_of_an_order_that_is_over_by_the_journal_is_answered_after_a_restart() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        order = stage.venue.find(intent().client_order_id)
        assert order is not None
        stage.cancel(intent(), lost=True)
        stage.amend(intent(), amount="0.5", lost=True)
        stage.venue.fill(order, order.amount)
        await stage.until(lambda: stage.of(OrderFilled))
        await stage.kill()
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert len(stage.of(CancelRejected)) == len(stage.of(AmendRejected)) == 1
        await a_quiet_snapshot(stage)

    play(scene, streaming=True)


def test_a_rejection_that_nobody_heard_yet_is_told_again_and_the_order_is_not_looked_for() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["rejected"] * ALWAYS}
        stage.submit(intent(order_type=MARKET))
        await stage.until(lambda: stage.of(OrderRejected))
        stage.follow_again(unheard=1)
        await a_quiet_snapshot(stage)
        looks = [api for api, _ in stage.line.urgencies].count("look_up")
        await asyncio.sleep(60)

        assert stage.names() == ["OrderRejected", "OrderRejected"]
        assert [api for api, _ in stage.line.urgencies].count("look_up") == looks

    play(scene)


def test_an_end_that_nobody_heard_yet_is_told_again_with_all_fills() -> None:
    async def scene(stage: Stage) -> None:
        stage.venue.share /= 2
        await stage.settled()
        stage.submit(intent(price="2010", time_in_force=IOC))
        await stage.until(lambda: stage.of(OrderCancelled))
        stage.follow_again(unheard=3)
        await stage.until(lambda: len(stage.of(OrderCancelled)) > 1, within_s=60)

        assert stage.names() == ["OrderAccepted", "OrderFilled", "OrderCancelled"] * 2
        assert not unfinished(stage.journal)

    play(scene)


def test_an_order_that_is_looked_for_is_known_when_it_is_found_whatever_was_followed_meanwhile() -> None:
    async def scene(stage: Stage) -> None:
        stage.venue.share *= 0  # no trade shows it
        stage.venue.order_delay_ms = 6_000
        await stage.settled()
        stage.line.faults = {"place": ["html"] * ALWAYS}
        stage.submit(intent(price="2010", time_in_force=IOC))
        await stage.until(lambda: stage.of(OrderUnknown))
        stage.follow_again()
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)
        await a_quiet_snapshot(stage)

        assert stage.names() == ["OrderUnknown", "OrderAccepted", "OrderCancelled"]

    play(scene)


def test_an_intent_and_a_cancel_that_never_left_the_core_are_settled() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        stage.submit(intent("b"), lost=True)
        stage.cancel(intent(), lost=True)
        stage.follow_again()
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert stage.venue.places == [intent().client_order_id]
        assert [each.reason for each in stage.of(OrderRejected)] == ["NEVER_ARRIVED"]
        assert [each.reason for each in stage.of(OrderCancelled)] == ["REQUESTED"]

    play(scene)


def test_a_command_that_is_on_its_way_when_the_core_is_rebuilt_is_done_once() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent(), lost=True)
        stage.follow_again()
        await asyncio.sleep(1)
        stage.journal.pop()
        stage.submit(intent())
        await asyncio.sleep(60)

        assert stage.venue.places == [intent().client_order_id]
        assert stage.names() == ["OrderAccepted"]

    play(scene, options=Options(venue=VENUE))
