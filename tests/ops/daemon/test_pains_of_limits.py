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


@pytest.mark.parametrize(
    ("venue", "kind", "endpoint"),
    [
        ("binance", "http_418", "/fapi/v1/openOrders"),
        ("binance", "http_418", "/api/v3/openOrders"),
        ("binance", "http_429", "/fapi/v1/openOrders"),
        ("bybit", "http_418", "open_orders"),
    ],
)
def test_freqtrade_12441_a_ban_is_sat_out_by_everything_that_asks_this_venue(
    venue: str, kind: str, endpoint: str, tmp_path: Path
) -> None:
    with exchange(tmp_path, seed=1, faults=QUIET_STREAMS) as running:
        levers = Levers(running)
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[], exit_when_done=False)
        asked = "SELECT at_ms, status, host FROM requests WHERE venue = ? AND method != 'WS' AND path NOT LIKE '/ws%'"
        with Daemon(desk) as daemon:
            daemon.until_settled()
            levers.play({"kind": kind, "endpoint": endpoint, "seconds": BAN_S, "count": 1})
            banned = daemon.until(lambda: [row for row in levers.rows(asked, venue) if row[1] in {418, 429}])
            ((began, _, host),) = banned
            until = began + BAN_S * 1_000
            daemon.until(lambda: [row for row in levers.rows(asked, venue) if row[0] > until and row[2] == host])
            rows = [at for at, _, asked_host in levers.rows(asked, venue) if asked_host == host]

            assert [at - began for at in rows if began + GRACE_MS < at < until] == []
            assert [at for at in rows if at < began]


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
