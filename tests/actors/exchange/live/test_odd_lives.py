"""Whatever odd turn an order's life takes at the venue, it is followed to its end, and to no end that is none."""

import asyncio
from decimal import Decimal

from msgspec.structs import replace

from actors.exchange.live.ports import Options
from actors.exchange.wire.contract import OrderStatus, SeenOrder, Update
from messages.lifecycle import Halt
from messages.live import CancelAll, ForeignTrade, VenueTrouble
from messages.orders import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from messages.units import FOK, IOC, MARKET, SELL, BaseAmount, ClientOrderId, Nanoseconds, OrderId, Price
from tests.actors.exchange.live.stage import Stage, followed, intent, play, unfinished
from tests.actors.exchange.live.venue import PERP_ID, VENUE, Resting, seen

DAY_NS = 86_400_000_000_000
ALWAYS = 10_000
"""So often in a list of faults that nothing else is drawn."""


async def placed(stage: Stage, name: str = "a") -> Resting:
    """Have a limit order rest at the venue."""
    stage.submit(intent(name))
    await stage.until(lambda: stage.of(OrderAccepted))
    order = stage.venue.find(intent(name).client_order_id)
    assert order is not None
    return order


def show(stage: Stage, shown: SeenOrder) -> None:
    """Have the stream show an order."""
    assert stage.venue.frames is not None
    stage.venue.frames(Update(orders=(shown,)))


def test_an_order_that_is_cut_to_what_there_is_to_reduce_comes_to_its_end() -> None:
    async def scene(stage: Stage) -> None:
        stage.venue.reducible = Decimal("0.4")
        await stage.settled()
        stage.submit(intent(side=SELL, time_in_force=IOC, reduce_only=True))
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert [each.amount for each in stage.of(OrderFilled)] == [Decimal("0.4")]
        assert stage.names()[-1] == "OrderCancelled"

    play(scene)


def test_an_order_that_was_changed_by_hand_and_ended_before_anybody_looked_is_not_followed_for_ever() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        stage.venue.amend(order, Price(Decimal(1980)), BaseAmount(Decimal(2)))
        stage.venue.fill(order, Decimal(2))
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert sum(each.amount for each in stage.of(OrderFilled)) == 2

    play(scene)


def test_what_was_shown_before_a_change_does_not_take_the_change_back() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        before = seen(await placed(stage))
        await asyncio.sleep(1)
        stage.amend(intent(), amount="2")
        await stage.until(lambda: stage.of(OrderAmended))
        order = stage.venue.find(intent().client_order_id)
        assert order is not None
        stage.venue.fill(order, Decimal(1))
        show(stage, before)
        await asyncio.sleep(1)

        assert len(stage.of(OrderAmended)) == 1
        assert len(unfinished(stage.journal)) == 1
        stage.venue.fill(order, Decimal(1))
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

    play(scene, streaming=True)


def test_a_fill_that_would_complete_an_order_waits_while_the_venue_may_have_made_it_larger() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        frames, stage.venue.frames = stage.venue.frames, None  # the stream lags behind
        stage.line.faults = {"amend": ["late"] * ALWAYS}
        stage.amend(intent(), amount="2")
        await asyncio.sleep(0.1)
        trade = stage.venue.fill(order, Decimal(1))
        assert frames is not None
        frames(Update(trades=(trade,)))
        stage.venue.frames = frames
        await stage.until(lambda: stage.of(OrderFilled), within_s=60)

        assert stage.names() == ["OrderAccepted", "OrderAmended", "OrderFilled"]
        assert len(unfinished(stage.journal)) == 1
        stage.venue.fill(order, Decimal(1))
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)
        assert sum(each.amount for each in stage.of(OrderFilled)) == 2

    play(scene, streaming=True)


def test_a_fill_that_came_before_a_change_that_is_then_refused_is_told_with_the_refusal() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        stage.line.faults = {"amend": ["dropped"] * ALWAYS}
        stage.amend(intent(), amount="2")
        stage.venue.fill(order, Decimal(1))
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert len(stage.of(OrderFilled)) == len(stage.of(AmendRejected)) == 1

    play(scene, streaming=True)


def test_a_change_whose_request_crashed_is_answered_while_its_order_rests() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        await placed(stage)
        stage.line.faults = {"amend": ["crash"] * ALWAYS}
        stage.amend(intent(), price="1980")
        await stage.until(lambda: stage.of(AmendRejected), within_s=60)

        assert len(unfinished(stage.journal)) == 1

    play(scene)


def test_an_order_that_was_seen_to_be_there_is_not_rejected_by_the_answer_to_its_request() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["denied"] * ALWAYS}
        stage.submit(intent())
        await asyncio.sleep(30)

        assert stage.names() == ["OrderAccepted"]
        assert len(unfinished(stage.journal)) == 1

    play(scene, streaming=True)


def test_an_order_of_which_the_venue_forgot_everything_comes_to_an_end_after_a_minute_of_looking() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        del stage.venue.orders[order.order_id]
        await asyncio.sleep(60)
        early = stage.of(OrderCancelled)
        await stage.until(lambda: not unfinished(stage.journal), within_s=120)

        assert early == []
        assert [each.reason for each in stage.of(OrderCancelled)] == ["NOT_FOUND"]

    play(scene)


def test_an_order_that_is_not_shown_for_a_while_goes_on() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        order.visible_ms = stage.venue.now_ms() + 70_000
        await asyncio.sleep(300)

        assert stage.names() == ["OrderAccepted"]
        stage.venue.fill(order, Decimal(1))
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

    play(scene)


def test_an_order_that_is_open_long_after_its_end_was_told_is_cancelled_and_its_fills_are_told() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        order.visible_ms = stage.venue.now_ms() + 200_000
        await stage.until(lambda: not unfinished(stage.journal), within_s=120)
        await asyncio.sleep(120)
        stage.venue.fill(order, Decimal("0.5"))
        await stage.until(lambda: order.status is OrderStatus.CANCELLED, within_s=120)

        assert [each.amount for each in stage.of(OrderFilled)] == [Decimal("0.5")]
        assert [each.kind for each in stage.of(VenueTrouble)] == ["STILL_OPEN"]

    play(scene)


def test_a_trade_that_names_nobody_is_a_trace_of_an_order_that_looks_do_not_show() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.venue.names_trades = False
        stage.venue.order_delay_ms = 120_000
        stage.line.faults = {"place": ["time_out"] * ALWAYS}
        stage.submit(intent(order_type=MARKET))
        await stage.until(lambda: not unfinished(stage.journal), within_s=600)

        assert stage.of(OrderRejected) == []
        assert stage.of(ForeignTrade) == []
        assert [each.amount for each in stage.of(OrderFilled)] == [1]

    play(scene)


def test_fills_of_long_ago_that_are_not_told_of_their_order_any_more_are_found_by_their_time() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        stage.since = Nanoseconds(stage.since + 4 * DAY_NS)  # all that came meanwhile is journaled, it is said
        stage.venue.keeps_ms = 60_000
        stage.line.faults = {"read": ["fails"] * ALWAYS}
        stage.venue.fill(order, Decimal("0.5"))
        await asyncio.sleep(4 * DAY_NS / 1e9)
        stage.venue.fill(order, Decimal("0.5"))
        await stage.kill()
        stage.line.faults = {}
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert sum(each.amount for each in stage.of(OrderFilled)) == 1

    play(scene, options=Options(venue=VENUE, poll_ms=3_600_000, reconcile_ms=3_600_000))


def test_a_trade_of_an_order_that_nobody_can_name_yet_is_no_strangers() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.venue.names_trades = False
        ours = stage.venue.place(intent("before", time_in_force=FOK))
        ours.visible_ms = stage.venue.now_ms() + 20_000
        stranger = stage.venue.place(intent("b", time_in_force=FOK))
        stranger.client_order_id = ClientOrderId("by hand")
        await asyncio.sleep(120)

        assert {each.order_id for each in stage.of(ForeignTrade)} == {stranger.order_id}

    play(scene)


def test_a_clock_that_is_set_forward_proves_no_absence() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["dropped"] * ALWAYS}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderUnknown))
        lost = asyncio.get_running_loop().time()
        stage.clock.set_forward(3_600_000_000_000)
        await stage.until(lambda: stage.of(OrderRejected), within_s=60)

        assert asyncio.get_running_loop().time() - lost > 10

    play(scene)


def test_a_cancel_leaves_while_the_venue_can_not_be_read() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        stage.line.faults = {"read": ["fails"] * ALWAYS}
        stage.crash()
        await asyncio.sleep(20)
        stage.cancel(intent())
        await asyncio.sleep(5)

        assert order.status is OrderStatus.CANCELLED
        stage.line.faults = {}
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

    play(scene, crashes=True)


def test_a_cancel_that_comes_after_its_like_was_followed_is_not_refused() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        stage.cancel(intent(), lost=True)
        stage.follow_again()
        stage.journal.pop()
        stage.cancel(intent())
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert order.status is OrderStatus.CANCELLED
        assert stage.of(CancelRejected) == []

    play(scene)


def test_cancel_all_takes_what_is_being_sent_too() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["late"] * ALWAYS}
        stage.submit(intent())
        await asyncio.sleep(0.001)
        stage.cell.ref.tell(CancelAll(venue=VENUE))
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert [each.status for each in stage.venue.orders.values()] == [OrderStatus.CANCELLED]

    play(scene, options=Options(venue=VENUE, poll_ms=60_000))


def test_a_halt_holds_in_every_epoch_that_follows() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.cell.ref.tell(Halt(reason="enough"))
        await asyncio.sleep(1)
        stage.crash()
        await asyncio.sleep(20)
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderRejected), within_s=60)

        assert [(each.reason, each.detail) for each in stage.of(OrderRejected)] == [("HALTED", "enough")]
        assert stage.venue.places == []

    play(scene, crashes=True)


def test_somebody_else_who_trades_without_end_makes_no_reads_without_end() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stranger = seen(stage.venue.place(intent("b")))
        count = len(stage.line.urgencies)
        for _ in range(600):
            show(stage, replace(stranger, client_order_id=ClientOrderId("web"), order_id=OrderId("w")))
            await asyncio.sleep(0.1)

        assert len(stage.line.urgencies) - count < 200

    play(scene, streaming=True)


def test_an_order_that_was_acknowledged_and_then_rejected_ends_as_an_order_that_was_there() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        stage.follow_again(unheard=1)
        await asyncio.sleep(0)
        order.status = OrderStatus.REJECTED
        await stage.until(lambda: not unfinished(stage.journal), within_s=60)

        assert [type(each).__name__ for each in followed(stage.journal)] == ["FollowedOrder"]  # no illegal move
        assert stage.of(OrderRejected) == []

    play(scene)


def test_evidence_of_another_order_under_our_id_is_not_this_orders() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        order = await placed(stage)
        other = seen(order)
        wrong = SeenOrder(
            instrument=PERP_ID,
            order_id=OrderId("another"),
            client_order_id=other.client_order_id,
            side=SELL,
            status=OrderStatus.CANCELLED,
            amount=other.amount,
            filled=other.filled,
        )
        show(stage, wrong)
        await asyncio.sleep(5)

        assert stage.names() == ["OrderAccepted"]

    play(scene, streaming=True)


def test_a_change_that_comes_while_its_order_is_placed_is_made_when_the_venue_has_it() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        stage.amend(intent(), price="1980")
        await stage.until(lambda: stage.of(OrderAmended) or stage.of(AmendRejected), within_s=60)

        assert stage.names() == ["OrderAccepted", "OrderAmended"]

    play(scene)
