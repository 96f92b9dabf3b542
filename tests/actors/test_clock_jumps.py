"""A clock that jumped halts every live venue until it has measured its own against it, and no longer."""

from messages.instructions import Code
from messages.lifecycle import CLOCK_JUMPED, ClockJumped, MeasureClock
from messages.live import VenueHalted, VenueResumed
from tests.actors.builders import instruction
from tests.actors.live_desk import AS_IT_RAN_OR_FOLDED, BYBIT, Live


@AS_IT_RAN_OR_FOLDED
def test_a_jump_halts_the_venue_and_has_it_measure_its_clock_and_its_word_ends_the_halt(*, folded: bool) -> None:
    desk = Live(must_settle=False)

    entries = desk.give(ClockJumped(by_ns=6_000_000_000))

    assert entries == [ClockJumped(by_ns=6_000_000_000), VenueHalted(venue=BYBIT, reason=CLOCK_JUMPED)]
    assert desk.venue.take() == [MeasureClock()]
    if folded:
        desk.fold()
    assert desk.code(instruction(name="b")) is Code.HALTED
    desk.give(VenueResumed(venue=BYBIT, reason=CLOCK_JUMPED))
    assert desk.code(instruction(name="c")) is None
