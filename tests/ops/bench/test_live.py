"""``execd bench live`` measures every case at a venue, and says of each target whether it was met."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp

from actors.exchange.live.transport import Endpoint
from ops.bench.live.judged import TARGETS, judged
from ops.bench.live.noting import Noted, NotingTransport
from ops.bench.live.rig import RAISED, Raised
from ops.daemon.venues import DIALECTS
from tests.actors.exchange.live.servers import Authority, RawVenue, answering
from tests.ops.started import execd

OURS = "xAbcdefghijklmnopqrstuvwxyz01234"


def figures(case: str, **change: float) -> dict[str, float]:
    """Return figures that meet everything just so, but for a change."""
    good = {
        "orders": {"ours_cpu_us": 300.0, "ccxt_cpu_us": 200.0, "ours_ms": 1.5, "ccxt_ms": 0.5},
        "rate": {"late": 0.0, "refused": 0.0, "unknown": 0.0, "per_second": 200.0},
        "cancels": {"max_ms": 50.0},
        "memory": {"mb": 125.0, "mb_at_a_tenth": 100.0},
        "fold": {"per_second": 10_000.0},
    }
    return good[case] | change


def targets(**runs: list[dict[str, float]]) -> dict[str, Any]:
    told: dict[str, Any] = judged(runs)["targets"]
    return told


def test_every_case_is_measured_and_every_target_judged(tmp_path: Path) -> None:
    words = ("--runs", "1", "--size", "20", "--orders", "20", "--entries", "1000", "--venue", "bybit", "--json")

    ended = execd("bench", "live", *words, cwd=tmp_path)

    assert ended.code == 0, ended.err
    told = ended.object()["venues"]["bybit"]
    assert set(told["targets"]) == set(TARGETS)
    assert {target["met"] for target in told["targets"].values()} <= {True, False}
    measured = told["figures"]
    assert set(measured) == {"orders", "rate", "cancels", "memory", "fold"}
    for name in ("ours_ms", "ccxt_ms", "bare_ms", "ours_cpu_us", "ccxt_cpu_us", "bare_cpu_us", "whole_cpu_us"):
        assert measured["orders"][name] > 0
    assert (measured["rate"]["refused"], measured["rate"]["unknown"]) == (0, 0)
    assert measured["cancels"]["reads_left"] > 0
    assert measured["fold"]["entries"] >= 1_000


def test_a_venue_that_is_not_known_is_refused(tmp_path: Path) -> None:
    ended = execd("bench", "live", "--venue", "kraken", cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert "expected one of binance, bybit, okx, not kraken" in ended.err


def test_what_is_just_good_enough_is_met() -> None:
    told = targets(**{case: [figures(case)] for case in ("orders", "rate", "cancels", "memory", "fold")})

    assert all(target["met"] for target in told.values())
    assert all(target.get("aim_met", True) for target in told.values())


def test_what_is_a_little_worse_is_missed() -> None:
    told = targets(
        orders=[figures("orders", ours_cpu_us=401.0, ours_ms=2.6)],
        rate=[figures("rate", unknown=1.0, per_second=194.0)],
        cancels=[figures("cancels", max_ms=50.1)],
        memory=[figures("memory", mb=126.0)],
        fold=[figures("fold", per_second=9_999.0)],
    )

    assert not any(target["met"] for target in told.values())


def test_the_median_of_the_runs_counts() -> None:
    told = targets(cancels=[figures("cancels", max_ms=each) for each in (900.0, 3.0, 4.0)])

    assert told["cancel_ms"]["value"] == 4.0
    assert told["cancel_ms"]["min_max"] == [3.0, 900.0]


def test_raised_limits_are_shared_as_the_real_ones_are() -> None:
    real = DIALECTS["okx"]  # type: ignore[index]  # a venue's name

    raised = Raised(real)

    assert raised.buckets["place"][-1] is raised.buckets["amend"][-1]
    assert raised.buckets["place"][0].amount == RAISED * real.buckets["place"][0].amount
    assert raised.venue == "okx"


def test_a_request_is_noted_once_when_it_is_written(tmp_path: Path) -> None:
    noted: list[Noted] = []

    async def program(tls: ssl.SSLContext, ca_file: Path) -> None:
        async with RawVenue(tls, answering("{}"), answering("{}")) as venue:
            transport = NotingTransport(Endpoint(host="127.0.0.1", port=venue.port, ca_file=ca_file), noted.append)
            session = transport.session()
            timeout = aiohttp.ClientTimeout(total=20)
            async with session.post("https://api.binance.com/a", data=f"id={OURS}".encode(), timeout=timeout):
                pass
            async with session.delete("https://api.binance.com/b", timeout=timeout):
                pass
            await transport.close()

    authority = Authority(tmp_path)
    asyncio.run(program(authority.server_context(), authority.ca_file))

    assert [(each.method, each.our_id) for each in noted] == [("POST", OURS), ("DELETE", "")]
    assert noted[0].at < noted[1].at
