"""A live exchange tells the truth about every order: each once, none twice, none lost, whatever requests come to."""

import pytest

from actors.exchange.live.ports import Options
from messages.live import OperatorNeeded, VenueHalted, VenueSettled
from messages.orders import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from messages.units import IOC, MARKET
from tests.actors.exchange.live.stage import Stage, intent, play
from tests.actors.exchange.live.venue import VENUE

SELDOM = Options(venue=VENUE, poll_ms=60_000, reconcile_ms=60_000)
"""Records are read so seldom that only looks at single orders find anything."""


@pytest.mark.parametrize("streaming", [False, True])
def test_a_market_order_is_accepted_then_filled_once_with_the_cause_of_its_intent(*, streaming: bool) -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent(order_type=MARKET), cause=42)
        await stage.until(lambda: stage.of(OrderFilled))

        assert stage.names() == ["OrderAccepted", "OrderFilled"]
        assert stage.venue.places == [intent().client_order_id]
        assert {
            cause for told, cause in zip(stage.told, stage.causes, strict=True) if isinstance(told, OrderFilled)
        } == {42}

    play(scene, streaming=streaming)


def test_an_immediate_order_that_fills_in_part_ends_cancelled_after_its_fills() -> None:
    async def scene(stage: Stage) -> None:
        stage.venue.share = stage.venue.share / 2
        await stage.settled()
        stage.submit(intent(price="2010", time_in_force=IOC))
        await stage.until(lambda: stage.of(OrderCancelled))

        assert stage.names() == ["OrderAccepted", "OrderFilled", "OrderCancelled"]

    play(scene)


def test_an_order_whose_request_timed_out_is_unknown_then_found_and_never_sent_again() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["time_out"] * 1000}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))

        assert stage.names() == ["OrderUnknown", "OrderAccepted"]
        assert stage.venue.places == [intent().client_order_id]

    play(scene, options=SELDOM)


def test_an_order_that_a_poll_finds_while_its_request_hangs_is_accepted_and_never_unknown() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["time_out"] * 1000}
        stage.submit(intent())
        await stage.until(lambda: stage.clock.wall_ns() > stage.since + 60_000_000_000)

        assert stage.names() == ["OrderAccepted"]

    play(scene)


def test_an_order_that_never_arrived_is_proven_absent_only_after_validity_and_margin() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["dropped"] * 1000}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderUnknown))
        lost = stage.clock.wall_ns()
        await stage.until(lambda: stage.of(OrderRejected))

        rejected = stage.of(OrderRejected)[0]
        assert (rejected.by, rejected.reason) == ("execd", "NEVER_ARRIVED")
        assert 10e9 <= stage.clock.wall_ns() - lost < 20e9
        assert stage.venue.places == []

    play(scene)


def test_an_order_that_look_ups_see_only_later_is_not_taken_for_absent() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.venue.order_delay_ms = 9_000
        stage.line.faults = {"place": ["html"] * 1000}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))

        assert stage.names() == ["OrderUnknown", "OrderAccepted"]

    play(scene)


def test_looks_that_fail_prove_nothing_and_after_the_horizon_a_person_is_asked_once() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["dropped"] * 1000, "read": ["fails"] * 1000}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OperatorNeeded))
        await stage.until(lambda: stage.clock.wall_ns() > stage.since + 2_000_000_000_000)

        assert stage.names() == ["OrderUnknown", "OperatorNeeded"]

    play(scene)


def test_a_request_that_was_certainly_not_sent_is_sent_again_and_after_its_deadline_given_up() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["not_sent"] * 1000}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderRejected))

        rejected = stage.of(OrderRejected)[0]
        assert (rejected.by, rejected.reason) == ("execd", "NOT_SENT")
        assert stage.line.sent.count("place") > 5

    play(scene)


def test_a_mistake_of_ours_while_sending_leaves_the_order_unknown_and_is_no_restart() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["crash"] * 1000}
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderRejected))

        assert stage.names() == ["OrderUnknown", "OrderRejected"]
        assert len(stage.of(VenueSettled)) == 1

    play(scene)


def test_the_same_command_twice_places_one_order() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        stage.submit(intent())
        await stage.until(lambda: stage.clock.wall_ns() > stage.since + 60_000_000_000)

        assert stage.venue.places == [intent().client_order_id]
        assert stage.names() == ["OrderAccepted"]

    play(scene)


@pytest.mark.parametrize("fault", ["", "time_out", "dropped", "html", "crash", "late"])
def test_a_cancel_ends_the_order_whatever_its_request_comes_to(fault: str) -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        stage.line.faults = {"cancel": [fault] if fault else []}
        stage.cancel(intent())
        await stage.until(lambda: stage.of(OrderCancelled))

        assert stage.of(OrderCancelled)[0].reason == "REQUESTED"
        assert stage.names() == ["OrderAccepted", "OrderCancelled"]

    play(scene, seed=3)


def test_hummingbot_8094_and_freqtrade_3647_a_fill_that_beats_the_cancel_is_told_before_anything_else() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        order = stage.venue.find(intent().client_order_id)
        assert order is not None
        stage.venue.trade_delay_ms = 4_000
        stage.venue.fill(order, order.amount / 2)
        stage.cancel(intent())
        await stage.until(lambda: stage.of(OrderCancelled))

        assert stage.names() == ["OrderAccepted", "OrderFilled", "OrderCancelled"]

    play(scene)


def test_qubx_434_a_cancel_of_a_filled_order_is_answered_once_and_not_repeated() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.submit(intent())
        await stage.until(lambda: stage.of(OrderAccepted))
        order = stage.venue.find(intent().client_order_id)
        assert order is not None
        stage.venue.fill(order, order.amount)
        stage.cancel(intent())
        await stage.until(lambda: stage.of(CancelRejected))
        await stage.until(lambda: stage.clock.wall_ns() > stage.since + 600_000_000_000)

        assert stage.names() == ["OrderAccepted", "OrderFilled", "CancelRejected"]
        assert len(stage.venue.cancels) <= 1

    play(scene)


def test_lean_tradestation_101_identical_rejections_in_a_row_halt_the_venue() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = {"place": ["rejected"] * 10_000}
        for number in range(5):
            stage.submit(intent(f"n{number}"))
        await stage.until(lambda: stage.of(VenueHalted))

        assert len(stage.of(OrderRejected)) == 5
        assert "REJECTED" in stage.of(VenueHalted)[0].reason

    play(scene, options=Options(venue=VENUE, most_rejects=5))
