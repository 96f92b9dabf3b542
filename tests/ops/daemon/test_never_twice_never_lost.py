"""Killed at any moment, with requests failing in every way: no order is placed twice, and no trade is lost.

The daemon is a process, killed with SIGKILL at seeded moments while the exchange plays its faults, and started again.
At the end the exchange's own record and the journal must say the same: each instruction has at most one order, each
trade is in the position once, and positions and balances agree. The short form kills 40 times, the long one 300 times.
"""

import random
from pathlib import Path

import pytest

from tests.ops.daemon.compared import Compared
from tests.ops.daemon.rehearsal import FAULTS, Desk, exchange, kill_again_and_again, script

VENUES = ("binance", "bybit", "okx")
KILLS = 10
SHORT, LONG = 4, 30
"""Seeds, each of so many kills."""
LIFE_S = 4.0
"""A daemon is killed so many seconds after it has begun at the latest; to start it needs about two, or more."""
END_S = 240.0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(LONG if metafunc.config.getoption("--long") else SHORT))


@pytest.mark.slow
def test_the_exchange_and_the_journal_agree_after_kills_and_faults(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)  # noqa: S311 - seeded on purpose
    with exchange(tmp_path, seed=seed, faults=FAULTS) as running:
        desk = Desk(tmp_path / "desk", running, venues=VENUES, lines=[])

        at_work = kill_again_and_again(
            desk,
            draw,
            kills=KILLS,
            longest_s=LIFE_S,
            more=lambda part: script(draw, VENUES, count=4, price=2500, spread_s=LIFE_S + 1, part=part),
        )
        code = desk.run_to_the_end(END_S)
        assert running.stop() == 0

    compared = Compared(running.record, desk.journal)
    assert compared.differences() == [], desk.log.read_text()[-20_000:]
    assert code == 0, desk.log.read_text()[-5_000:]
    assert at_work >= KILLS // 2
    assert compared.trades
    assert compared.placed


@pytest.mark.parametrize("venue", VENUES)
def test_with_the_default_windows_an_order_that_never_arrived_is_proven_absent(venue: str, tmp_path: Path) -> None:
    faults = [{"kind": "drop_before_accept", "endpoint": "place", "count": 1}]
    with exchange(tmp_path, seed=1, faults=faults) as running:
        line = {"id": "a", "venue_type": "cex", "venue": venue, "trade_type": "PERP", "pair": "ETHUSDT-PERP"}
        line |= {"side": "LONG", "amount": "0.1"}
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[line], unknown="", per_venue="")

        code = desk.run_to_the_end(90)
        assert running.stop() == 0

    compared = Compared(running.record, desk.journal)
    log = desk.log.read_text()
    assert code == 0, log
    assert "NEVER_ARRIVED" in log, log
    assert not compared.placed
    assert compared.differences() == []
