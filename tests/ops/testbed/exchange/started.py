"""The local exchange started in-process, for tests: on a free port, with prices that stand still unless told otherwise.

    async with exchange(tmp_path, venues=("binance",)) as running:
        async with running.session() as session:            # aiohttp; every host name leads to the exchange
            venue = ccxt.binance({"apiKey": ..., "session": session})
            ...
            running.engines["binance"].move(market, Decimal(2500))   # prices are the test's to move

`running.key("binance")` is the sample account's key; `running.flush()` commits the record, which then can be read with
`running.rows("SELECT ...")`.
"""

import contextlib
import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from messages.units import TradeType
from ops.testbed.exchange.engine import VenueEngine
from ops.testbed.exchange.faults import Fault
from ops.testbed.exchange.prices import PriceSource, StillPrices
from ops.testbed.exchange.record import FILE
from ops.testbed.exchange.running import LocalExchange, Settings
from ops.testbed.exchange.values import Key, Market
from ops.testbed.exchange.venue import DialectMaker


class LocalResolver(AbstractResolver):
    """Leads every host name to one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port, family
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


def session(port: int, ca_file: Path) -> aiohttp.ClientSession:
    """Return a session that trusts the exchange's authority and finds it under every name."""
    context = ssl.create_default_context(cafile=str(ca_file))
    connector = aiohttp.TCPConnector(ssl=context, resolver=LocalResolver(port), use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector)


@dataclass(frozen=True, kw_only=True)
class Running:
    """An exchange that answers."""

    exchange: LocalExchange
    port: int
    state: Path

    @property
    def ca_file(self) -> Path:
        return self.exchange.ca_file

    @property
    def engines(self) -> Mapping[str, VenueEngine]:
        return self.exchange.engines

    def session(self) -> aiohttp.ClientSession:
        return session(self.port, self.ca_file)

    def key(self, venue: str) -> Key:
        return self.engines[venue].keys()[0]

    def market(self, venue: str, product: TradeType, base: str = "ETH") -> Market:
        markets = self.engines[venue].markets.values()
        return next(each for each in markets if each.product is product and each.base == base)

    def move(self, venue: str, product: TradeType, price: str, base: str = "ETH") -> None:
        self.engines[venue].move(self.market(venue, product, base), Decimal(price))

    def flush(self) -> None:
        self.exchange.flush()

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return rows of the record as it is now."""
        self.flush()
        connection = sqlite3.connect(self.state / FILE)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            return [dict(row) for row in connection.execute(query)]


@contextlib.asynccontextmanager
async def exchange(
    state: Path,
    *,
    venues: tuple[str, ...] = ("binance", "bybit", "okx"),
    faults: tuple[Fault, ...] = (),
    prices: PriceSource | None = None,
    dialects: Mapping[str, DialectMaker] | None = None,
    factor: int | None = None,
    seed: int = 0,
) -> AsyncIterator[Running]:
    """Run an exchange in this loop."""
    settings = Settings(state=state, venues=venues, faults=faults, factor=factor, seed=seed)
    local = LocalExchange(settings, prices=prices or StillPrices(), dialects=dialects)
    port = await local.start()
    try:
        yield Running(exchange=local, port=port, state=state)
    finally:
        await local.stop()
