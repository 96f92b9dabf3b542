"""Limits are kept before they are met, and a venue that says to stay away is left alone, by all that asks it here."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from messages.orders import OrderFilled
from tests.ops.daemon.rehearsal import Desk, exchange
from tests.ops.daemon.watched import Daemon, Levers, order, told

BAN_S = 12
GRACE_MS = 4_000
"""What was on its way, and an answer that nobody has read yet, may take so long."""
QUIET_STREAMS = ({"kind": "missing_frame", "endpoint": "stream.market"}, {"kind": "missing_frame"})
"""Everything is polled for: prices, too."""


@pytest.mark.parametrize(("venue", "kind"), [("binance", "http_418"), ("binance", "http_429"), ("bybit", "http_418")])
def test_freqtrade_12441_a_ban_is_sat_out_by_everything_that_asks_this_venue(
    venue: str, kind: str, tmp_path: Path
) -> None:
    with exchange(tmp_path, seed=1, faults=QUIET_STREAMS) as running:
        levers = Levers(running)
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[], exit_when_done=False)
        with Daemon(desk) as daemon:
            daemon.until_settled()
            levers.play({"kind": kind, "endpoint": venue, "seconds": BAN_S})
            daemon.until(lambda: first_bans(levers, venue))
            levers.pull("cut", venue=venue)
            daemon.until(lambda: all(_asked_after(levers, each) for each in first_bans(levers, venue).items()))
            bans = first_bans(levers, venue)

            for host, began in bans.items():
                assert asked(levers, host, began + GRACE_MS, began + BAN_S * 1_000) == []


def first_bans(levers: Levers, venue: str) -> dict[str, int]:
    """Return when each host of a venue turned a request away for the first time."""
    refused = "SELECT host, min(at_ms) FROM requests WHERE venue = ? AND status IN (418, 429) GROUP BY host"
    return dict(levers.rows(refused, venue))


def asked(levers: Levers, host: str, since_ms: int, until_ms: int) -> list[tuple[int, str]]:
    """Return what a host was asked over HTTP in a span of time: milliseconds from its beginning, and the path."""
    wanted = "SELECT at_ms - ?, method, path FROM requests WHERE host = ? AND method != 'WS' AND at_ms BETWEEN ? AND ?"
    return [(at, path) for at, _, path in levers.rows(wanted, since_ms, host, since_ms, until_ms)]


def _asked_after(levers: Levers, ban: tuple[str, int]) -> bool:
    host, began = ban
    return bool(asked(levers, host, began + BAN_S * 1_000, 2**53))


def test_freqtrade_12441_7187_and_nautilus_780_daemons_that_start_together_share_one_limit(tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1, limits=1) as running, ExitStack() as block:
        desks = [
            Desk(tmp_path / f"desk{number}", running, venues=["binance"], lines=[order(f"n{number}", "binance")])
            for number in range(3)
        ]
        daemons = [block.enter_context(Daemon(desk)) for desk in desks]
        codes = [daemon.ended() for daemon in daemons]

        assert codes == [0, 0, 0], [daemon.err for daemon in daemons]
        assert [len(told(desk, OrderFilled)) for desk in desks] == [1, 1, 1]
        assert Levers(running).rows("SELECT path, status FROM requests WHERE status IN (418, 429, 403)") == []
