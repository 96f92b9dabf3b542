"""A venue's clock is measured and our times are set by it; one that is too far off refuses a start, in one line."""

from pathlib import Path

import pytest

from messages.live import VenueSettled
from messages.orders import OrderAccepted, OrderCancelled, OrderFilled, OrderRejected, OrderSubmitted, OrderUnknown
from tests.ops.daemon.rehearsal import Desk, exchange
from tests.ops.daemon.watched import Daemon, Levers, limit, order, told

VENUES = ("binance", "bybit", "okx")
PATIENT = "validity_ms = 1000\npoll_s = 0.3\nreconcile_s = 1\n"
LENIENT = PATIENT + "max_clock_skew_ms = 60000\n"


@pytest.mark.parametrize("ms", [-20_000, 20_000])
def test_hummingbot_1388_1262_7801_times_are_set_by_the_venues_clock(ms: int, tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1) as running:
        levers = Levers(running)
        for venue in VENUES:
            levers.pull("skew", venue=venue, ms=ms)
        lines = [order(venue, venue) for venue in VENUES]
        desk = Desk(tmp_path / "desk", running, venues=VENUES, lines=lines, per_venue=LENIENT)
        code = desk.run_to_the_end(240)

        measured = [each.skew_ms for each in told(desk, VenueSettled)]
        assert code == 0, desk.log.read_text()
        assert [round(each, -4) for each in measured] == [ms] * len(VENUES)
        assert len(told(desk, OrderFilled)) == len(VENUES)
        assert not told(desk, OrderRejected)


@pytest.mark.parametrize("venue", VENUES)
def test_hummingbot_1388_1262_7801_a_clock_that_is_off_refuses_the_start_in_one_line(
    venue: str, tmp_path: Path
) -> None:
    with exchange(tmp_path, seed=1) as running:
        Levers(running).pull("skew", venue=venue, ms=20_000)
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[order("a", venue)])
        with Daemon(desk) as daemon:
            code = daemon.ended()
            (line,) = daemon.err.splitlines()

        assert code == 1
        assert f"venues.{venue}" in line
        assert "max_clock_skew_ms" in line
        assert not desk.journal.exists()


@pytest.mark.parametrize("venue", VENUES)
def test_hummingbot_7801_orders_are_cancelled_also_after_the_clock_has_jumped(venue: str, tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1) as running:
        levers = Levers(running)
        cancels = '[execution]\non_stop = "cancel"\n'
        lines = [limit("far", venue, "2300")]
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=lines, per_venue=LENIENT, more=cancels)
        with Daemon(desk) as daemon:
            daemon.until_told(OrderAccepted)
            levers.pull("skew", venue=venue, ms=20_000)
            code = daemon.stop()
        desk.give([*lines, order("later", venue)])
        with Daemon(desk) as daemon:
            daemon.until_told(OrderFilled)

        assert code == 0
        assert [each.instruction_id for each in told(desk, OrderCancelled)] == ["far"]


@pytest.mark.parametrize("venue", VENUES)
def test_hummingbot_1262_an_order_that_the_venue_found_too_old_is_sent_by_the_right_time(
    venue: str, tmp_path: Path
) -> None:
    faults = [{"kind": "clock_skew", "endpoint": "place", "ms": -20_000, "count": 1}]
    with exchange(tmp_path, seed=1, faults=faults) as running:
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[order("a", venue)], per_venue=LENIENT)
        code = desk.run_to_the_end(240)

        assert code == 0, desk.log.read_text()
        assert not told(desk, OrderUnknown)
        assert (len(told(desk, OrderSubmitted)), len(told(desk, OrderFilled))) == (1, 1)
