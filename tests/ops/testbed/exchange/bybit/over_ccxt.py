"""The real ccxt at the local exchange: its own session is led there, everything else is as it comes."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ops.testbed.exchange.faults import Fault
from tests.ops.testbed.exchange.started import Running, exchange

ccxt: Any = importlib.import_module("ccxt.async_support")
pro: Any = importlib.import_module("ccxt.pro")


@asynccontextmanager
async def client(running: Running, kind: Any = None, **more: object) -> AsyncIterator[Any]:  # noqa: ANN401 - no types
    """Yield a Bybit of ccxt that finds the local exchange, with as few requests of its own as it can make."""
    key = running.key("bybit")
    async with running.session() as session:
        venue = (kind or ccxt.bybit)(
            {
                "apiKey": key.api_key,
                "secret": key.secret,
                "session": session,
                "enableRateLimit": False,
                "options": {
                    "fetchMarkets": {"types": ["spot", "linear"]},
                    "enableUnifiedMargin": False,
                    "enableUnifiedAccount": True,
                },
                **more,
            }
        )
        venue.has["fetchCurrencies"] = False
        try:
            yield venue
        finally:
            await venue.close()


def played(
    tmp_path: Path,
    story: Callable[[Running, Any], Awaitable[None]],
    kind: Any = None,  # noqa: ANN401 - no types
    *,
    faults: tuple[Fault, ...] = (),
) -> None:
    """Run a story of a client at an exchange whose prices stand still."""

    async def play() -> None:
        async with (
            exchange(tmp_path, venues=("bybit",), factor=100, faults=faults) as running,
            client(running, kind) as venue,
        ):
            await story(running, venue)

    asyncio.run(play())


def subscribed(running: Running, *topics: str) -> bool:
    """Return whether connections have these topics."""
    wanted = set(topics)
    for connection in running.exchange.venue("bybit").connections:
        wanted -= set(getattr(connection._session, "_topics", ()))  # noqa: SLF001 - there is no event for it
    return not wanted


async def until(there: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not there():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
