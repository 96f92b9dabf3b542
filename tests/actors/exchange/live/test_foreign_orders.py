"""Orders that are not ours are told once, left alone unless the config says otherwise, and their end is told, too."""

import asyncio

import pytest

from actors.exchange.live.ports import Options
from messages.live import FollowOrders, ForeignOrderGone, ForeignOrderSeen, ForeignTrade, foreign_key
from messages.units import ClientOrderId, OrderId
from tests.actors.exchange.live.stage import Stage, intent, play
from tests.actors.exchange.live.venue import PERP_ID, VENUE, Resting


def a_stranger(stage: Stage) -> Resting:
    """Have somebody place an order by hand."""
    order = stage.venue.place(intent("by hand"))
    order.client_order_id = ClientOrderId("web_1")
    return order


def test_a_foreign_order_is_told_once_and_left_alone_and_its_end_is_told() -> None:
    async def scene(stage: Stage) -> None:
        order = a_stranger(stage)
        await stage.settled()
        await asyncio.sleep(60)

        (seen,) = stage.of(ForeignOrderSeen)
        assert (seen.order_id, seen.client_order_id, seen.cancelled) == (order.order_id, "web_1", False)
        assert stage.venue.cancels == []
        stage.venue.cancel(order)
        await stage.until(lambda: stage.of(ForeignOrderGone))
        assert [each.order_id for each in stage.of(ForeignOrderGone)] == [order.order_id]

    play(scene)


def test_with_the_option_a_foreign_order_is_cancelled() -> None:
    async def scene(stage: Stage) -> None:
        order = a_stranger(stage)
        await stage.settled()
        await stage.until(lambda: stage.of(ForeignOrderGone))

        assert stage.of(ForeignOrderSeen)[0].cancelled
        assert order.status == "CANCELLED"

    play(scene, options=Options(venue=VENUE, cancel_foreign=True))


def test_a_foreign_order_that_is_journaled_is_no_news_and_one_that_went_while_nobody_looked_is() -> None:
    async def scene(stage: Stage) -> None:
        there = a_stranger(stage)
        keys = tuple(foreign_key(PERP_ID, each) for each in (there.order_id, OrderId("gone")))
        stage.followed = lambda told: FollowOrders(
            venue=VENUE, epoch=told.epoch, orders=(), since=stage.since, foreign_keys=keys
        )
        await stage.settled()
        await asyncio.sleep(30)

        assert stage.of(ForeignOrderSeen) == []
        assert [each.order_id for each in stage.of(ForeignOrderGone)] == ["gone"]

    play(scene)


def test_a_trade_of_a_foreign_order_is_told_as_one_and_ours_never_is() -> None:
    async def scene(stage: Stage) -> None:
        order = a_stranger(stage)
        await stage.settled()
        stage.submit(intent("ours"))
        stage.venue.fill(order, order.amount)
        await stage.until(lambda: stage.of(ForeignTrade))
        ours = stage.venue.find(intent("ours").client_order_id)
        assert ours is not None
        stage.venue.fill(ours, ours.amount)
        await asyncio.sleep(60)

        assert {each.order_id for each in stage.of(ForeignTrade)} == {order.order_id}

    play(scene)


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("is_journaled", [True, False])
def test_a_trade_of_another_journals_order_is_told_though_it_looks_like_ours(
    names: bool,  # noqa: FBT001 - of a table
    is_journaled: bool,  # noqa: FBT001 - of a table
) -> None:
    async def scene(stage: Stage) -> None:
        order = stage.venue.place(intent("of another journal"))
        order.client_order_id = ClientOrderId("x" + "7" * 31)
        stage.venue.names_trades = names
        keys = (foreign_key(PERP_ID, order.order_id),) if is_journaled else ()
        stage.followed = lambda told: FollowOrders(
            venue=VENUE, epoch=told.epoch, orders=(), since=stage.since, foreign_keys=keys
        )
        await stage.settled()
        stage.venue.fill(order, order.amount)
        await stage.until(lambda: stage.of(ForeignTrade), within_s=120)

        assert [each.order_id for each in stage.of(ForeignTrade)] == [order.order_id]

    play(scene)
