"""Live and paper engines at a local exchange that runs in the test's own loop: whoever blocks it stops everything."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from ops.interfaces import EventDrivenStrategyEngine
from ops.testbed.exchange.faults import Fault
from tests.ops.testbed.exchange.started import Running, exchange

VENUES = ("binance", "bybit", "okx")
QUICK = {"validity_ms": 1000, "poll_s": "0.2", "reconcile_s": "1", "max_price_age_ms": 20_000}
"""Patience of a venue's actor in tests."""


@contextlib.asynccontextmanager
async def local(
    folder: Path, *venues: str, faults: tuple[Fault, ...] = (), factor: int | None = 1_000
) -> AsyncIterator[Running]:
    """Run an exchange; one that ran in the folder before goes on with its state."""
    async with exchange(folder / "exchange", venues=venues or VENUES, faults=faults, factor=factor) as running:
        yield running


def endpoint(running: Running, **more: object) -> dict[str, object]:
    """Return the section of a venue that leads to the exchange."""
    return {"endpoint": {"connect_to": f"127.0.0.1:{running.port}", "ca_file": str(running.ca_file)}, **QUICK, **more}


def keys(running: Running, *venues: str) -> dict[str, str]:
    """Return the specification's keys."""
    found: dict[str, str] = {}
    for venue in venues:
        key = running.key(venue)
        found |= {f"{venue}_api_key": key.api_key, f"{venue}_secret": key.secret}
        if key.passphrase:
            found[f"{venue}_passphrase"] = key.passphrase
    return found


def live(running: Running, folder: Path, names: Sequence[str], **more: object) -> dict[str, Any]:
    """Return the config of a live engine."""
    return {
        "execution_mode": "live",
        "journal": folder / "live.sqlite",
        "unknown": {"margin_ms": 300, "horizon_s": 60},
        "venues": {venue: endpoint(running) for venue in names},
        **keys(running, *names),
    } | more


def paper(running: Running, folder: Path, names: Sequence[str], **more: object) -> dict[str, Any]:
    """Return the config of a paper engine."""
    return {
        "execution_mode": "paper",
        "journal": folder / "paper.sqlite",
        "venues": {venue: endpoint(running) for venue in names},
        **more,
    }


async def until(engine: EventDrivenStrategyEngine, event_type: str, count: int = 1) -> None:
    """Wait until so many events of a type are logged; the test's own time limit ends it otherwise."""
    async with asyncio.timeout(30):
        while len(engine.event_logger.get_events(event_type)) < count:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def priced(engine: EventDrivenStrategyEngine, venue: str, pair: str) -> None:
    """Wait until a pair has a price."""
    async with asyncio.timeout(30):
        while engine.data_provider.get_price(venue, pair) is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
