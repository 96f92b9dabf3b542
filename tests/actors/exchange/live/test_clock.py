"""A venue whose clock is too far from ours takes no orders until it is near again, also after our clock jumped."""

from messages.lifecycle import CLOCK_JUMPED, MeasureClock
from messages.live import VenueHalted, VenueResumed
from tests.actors.exchange.live.stage import Stage, play


def resumed(stage: Stage) -> list[str]:
    return [each.reason for each in stage.of(VenueResumed)]


def test_after_a_jump_the_clock_is_measured_at_once_and_a_good_one_ends_the_halt() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        before = resumed(stage).count(CLOCK_JUMPED)
        stage.cell.ref.tell(MeasureClock())
        await stage.until(lambda: resumed(stage).count(CLOCK_JUMPED) > before, within_s=30)

        assert stage.of(VenueHalted) == []

    play(scene)


def test_a_clock_that_is_too_far_off_after_a_jump_keeps_the_venue_halted_until_it_is_near() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        before = len(resumed(stage))
        stage.line.skew_ms = 4_000
        stage.cell.ref.tell(MeasureClock())
        await stage.until(lambda: stage.of(VenueHalted), within_s=30)

        assert len(resumed(stage)) == before
        stage.line.skew_ms = 0
        await stage.until(lambda: CLOCK_JUMPED in resumed(stage)[before:], within_s=120)

    play(scene)
