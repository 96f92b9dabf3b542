"""What hurt others with live orders does not happen here: the actor of a live venue, on virtual time.

Each test carries the public thread that it is about. Where all of them are: `tests/ops/daemon/test_pains.py`.
"""

from decimal import Decimal
from functools import partial

import pytest

from actors.exchange.wire.contract import SeenTransfer, Update
from messages.live import (
    BalanceAdjusted,
    FollowOrders,
    ForeignTrade,
    OperatorNeeded,
    VenueHalted,
    VenueResumed,
    VenueSettled,
    VenueTrouble,
)
from messages.orders import CancelRejected, OrderAccepted, OrderCancelled, OrderFilled, OrderRejected, OrderUnknown
from messages.snapshots import LookedInto, LookInto, VenueSnapshot
from messages.units import MARKET, AccountName, Asset, ClientOrderId, Nanoseconds
from tests.actors.exchange.live.stage import Stage, intent, play
from tests.actors.exchange.live.venue import VENUE, Resting

ALWAYS = 10_000
"""So often in a list of faults that nothing else is drawn."""
MINUTE_NS = 60_000_000_000


async def pause(stage: Stage, minutes: float) -> None:
    """Let so much time pass."""
    until = stage.clock.wall_ns() + int(minutes * MINUTE_NS)
    await stage.until(lambda: stage.clock.wall_ns() >= until, within_s=minutes * 60 + 60)


def resting(stage: Stage, name: str = "a") -> Resting:
    order = stage.venue.find(intent(name).client_order_id)
    assert order is not None
    return order


def _has_more(stage: Stage, settled: int) -> bool:
    return len(stage.of(VenueSettled)) > settled


def test_hummingbot_8457_six_accepted_orders_outlive_an_outage_of_the_network() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["time_out"] * ALWAYS, "read": ["fails"] * ALWAYS}
        names = [f"n{number}" for number in range(6)]
        for name in names:
            stage.submit(intent(name, order_type=MARKET))
        await stage.until(lambda: len(stage.of(OrderUnknown)) == len(names))
        await pause(stage, 8)
        in_the_outage = stage.names()
        stage.line.faults = {}
        await stage.until(lambda: len(stage.of(OrderFilled)) == len(names))

        assert in_the_outage == ["OrderUnknown"] * len(names)
        assert not stage.of(OrderRejected)
        assert sum(each.amount for each in stage.of(OrderFilled)) == stage.venue.position
        assert sorted(stage.venue.places) == sorted(intent(name).client_order_id for name in names)

    play(scene)


def test_hummingbot_8457_a_name_that_is_not_found_is_no_order_that_is_not_found() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["time_out"] * ALWAYS, "read": ["fails"] * ALWAYS}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderUnknown))
        stage.line.faults = {"place": ["not_sent"] * ALWAYS, "read": ["fails"] * ALWAYS}
        stage.submit(intent("b"))
        await stage.until(lambda: stage.of(OrderRejected))
        await pause(stage, 30)

        (rejected,) = stage.of(OrderRejected)
        assert (rejected.instruction_id, rejected.reason) == ("b", "NOT_SENT")
        assert stage.venue.places == [intent().client_order_id]

    play(scene)


@pytest.mark.parametrize("streaming", [False, True])
def test_hummingbot_493_2342_6901_an_order_whose_creation_timed_out_is_asked_for_and_not_made_again(
    *, streaming: bool
) -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["time_out"] * ALWAYS}
        stage.submit(intent())
        await pause(stage, 10)
        stage.submit(intent())
        await pause(stage, 10)

        assert stage.line.sent.count("place") == 1
        assert stage.venue.places == [intent().client_order_id]
        assert stage.names()[-1] == "OrderAccepted"
        assert not stage.of(OrderRejected)

    play(scene, streaming=streaming)


def test_nautilus_4152_a_doubtful_submission_is_never_rejected_without_the_venues_word() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["html"] * ALWAYS, "read": ["fails"] * ALWAYS}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OperatorNeeded))
        await pause(stage, 60)
        while_nobody_answers = stage.names()
        stage.line.faults = {}
        await stage.until(lambda: stage.of(OrderAccepted))

        assert while_nobody_answers == ["OrderUnknown", "OperatorNeeded"]
        assert stage.names() == ["OrderUnknown", "OperatorNeeded", "OrderAccepted"]
        assert stage.venue.places == [intent().client_order_id]

    play(scene)


def test_nautilus_4215_an_acceptance_that_comes_by_the_stream_ends_all_sending() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["time_out"] * ALWAYS}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        await pause(stage, 5)

        assert stage.line.sent.count("place") == 1
        assert stage.names() == ["OrderAccepted"]

    play(scene, streaming=True)


def test_nautilus_4215_an_id_that_is_taken_is_looked_up_and_no_rejection() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["duplicate"] * ALWAYS}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        await pause(stage, 5)

        assert not stage.of(OrderRejected)
        assert stage.names()[-1] == "OrderAccepted"
        assert stage.venue.places == [intent().client_order_id]

    play(scene)


@pytest.mark.parametrize("fault", ["", "time_out", "dropped", "html", "crash", "late"])
@pytest.mark.parametrize("streaming", [False, True])
def test_hummingbot_8094_and_freqtrade_3647_whatever_the_cancel_said_the_whole_fill_is_told(
    fault: str, *, streaming: bool
) -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        stage.line.faults = {"cancel": [fault] * ALWAYS} if fault else {}
        stage.venue.trade_delay_ms = 2_000
        stage.venue.fill(resting(stage), Decimal("0.25"))
        stage.cancel(intent())
        stage.venue.fill(resting(stage), Decimal("0.75"))
        await stage.until(lambda: stage.of(CancelRejected))
        await pause(stage, 5)

        assert [each.amount for each in stage.of(OrderFilled)] == [Decimal("0.25"), Decimal("0.75")]
        assert stage.names()[-1] == "CancelRejected"
        assert not stage.of(OrderCancelled)

    play(scene, streaming=streaming)


def test_nautilus_3878_3176_a_restart_reads_the_same_fill_again_and_tells_it_once() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        stage.venue.fill(resting(stage), Decimal("0.25"))
        await stage.until(lambda: stage.of(OrderFilled))
        for _ in range(3):
            before = len(stage.of(VenueSettled))
            stage.crash()
            await stage.until(partial(_has_more, stage, before))
        await pause(stage, 2)

        assert stage.names() == ["OrderAccepted", "OrderFilled"]
        assert stage.venue.places == [intent().client_order_id]

    play(scene, crashes=True)


@pytest.mark.parametrize("streaming", [False, True])
def test_nautilus_3869_a_fill_that_no_stream_tells_is_found_by_a_poll(*, streaming: bool) -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        stage.venue.frames = None
        stage.venue.fill(resting(stage), Decimal(1))
        await stage.until(lambda: stage.of(OrderFilled), within_s=60)
        await pause(stage, 5)

        assert stage.names() == ["OrderAccepted", "OrderFilled"]

    play(scene, streaming=streaming)


def test_lean_tradestation_101_ib_249_one_missing_fill_frame_of_a_healthy_stream_is_made_up_for() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        heard = stage.venue.frames
        assert heard is not None
        stage.venue.frames = lambda update: None if isinstance(update, Update) and update.trades else heard(update)
        stage.venue.fill(resting(stage), Decimal("0.25"))
        stage.venue.frames = heard
        stage.venue.fill(resting(stage), Decimal("0.25"))
        await stage.until(lambda: len(stage.of(OrderFilled)) == 2)
        await stage.until(
            lambda: any(each.quiet and each.positions[0].quantity for each in stage.of(VenueSnapshot)), within_s=120
        )

        assert sum(each.amount for each in stage.of(OrderFilled)) == stage.venue.position == Decimal("0.5")

    play(scene, streaming=True)


def test_qubx_434_cancels_of_an_order_that_was_filled_unseen_stop_with_the_first_look() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        stage.venue.fill(resting(stage), Decimal(1))
        stage.line.faults = {"read": ["fails"] * ALWAYS}
        stage.cancel(intent())
        await pause(stage, 60)
        sent = stage.line.sent.count("cancel")
        stage.line.faults = {}
        await stage.until(lambda: stage.of(CancelRejected))
        afterwards = stage.line.sent.count("cancel")
        await pause(stage, 60)

        assert stage.line.sent.count("cancel") == afterwards
        assert sent == 1
        assert stage.names() == ["OrderAccepted", "OrderFilled", "CancelRejected"]

    play(scene)


def test_hummingbot_1388_1262_7801_a_clock_that_drifts_off_halts_the_venue_and_one_that_is_back_lets_it_go_on() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.skew_ms = -1_500
        await stage.until(lambda: stage.of(VenueHalted), within_s=600)
        await pause(stage, 10)
        count = len(stage.of(VenueResumed))
        stage.line.skew_ms = 300
        await stage.until(lambda: len(stage.of(VenueResumed)) > count, within_s=600)

        (halted,) = stage.of(VenueHalted)
        assert stage.of(VenueResumed)[-1].reason == halted.reason
        (trouble,) = stage.of(VenueTrouble)
        assert (trouble.kind, "-1500 ms" in trouble.detail) == ("CLOCK", True)

    play(scene)


def test_hummingbot_1388_a_halt_for_the_clock_ends_also_in_another_epoch_than_it_began_in() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.skew_ms = 1_500
        await stage.until(lambda: stage.of(VenueHalted), within_s=600)
        count = len(stage.of(VenueResumed))
        stage.line.skew_ms = 0
        stage.crash()
        await stage.until(lambda: len(stage.of(VenueResumed)) > count, within_s=30)

        assert stage.of(VenueResumed)[-1].reason == stage.of(VenueHalted)[0].reason

    play(scene, crashes=True)


def test_nautilus_3104_what_was_before_the_account_was_taken_over_is_not_booked_on_top_of_what_lay_there() -> None:
    async def scene(stage: Stage) -> None:
        for name in ("before", "after"):
            stranger = stage.venue.place(intent(name))
            stranger.client_order_id = ClientOrderId(name)
            if name == "before":
                stage.venue.fill(stranger, stranger.amount)
                stage.venue.transfers.append(_deposit(stage))
        opened = Nanoseconds(stage.clock.wall_ns() + 1_000_000_000)
        stage.followed = lambda told: FollowOrders(
            venue=VENUE, epoch=told.epoch, orders=(), since=opened, opened_at=opened
        )
        stage.cell.ref.tell(LookInto(venue=VENUE, since=opened))
        await stage.settled()
        await pause(stage, 0.1)
        stage.venue.fill(stranger, stranger.amount)
        await stage.until(lambda: stage.of(ForeignTrade) and stage.of(LookedInto))

        assert [each.order_id for each in stage.of(ForeignTrade)] == [stranger.order_id]
        assert not stage.of(BalanceAdjusted)

    play(scene)


def _deposit(stage: Stage) -> SeenTransfer:
    return SeenTransfer(
        account=AccountName("bybit"),
        transfer_id="1",
        kind="deposit",
        asset=Asset("USDT"),
        amount=Decimal(100_000),
        at_ms=stage.venue.now_ms(),
    )
