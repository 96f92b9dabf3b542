"""Whoever points a ccxt of their own at the local exchange, as it comes, with all its defaults, can trade there."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import pytest

from tests.ops.testbed.exchange.started import Running, exchange

ccxt: Any = importlib.import_module("ccxt.async_support")
VENUES = ("binance", "bybit", "okx")
SPOT, PERP = "ETH/USDT", "ETH/USDT:USDT"


def keys(running: Running, venue: str) -> dict[str, str]:
    key = running.key(venue)
    found = {"apiKey": key.api_key, "secret": key.secret}
    return found | {"password": key.passphrase} if key.passphrase else found


@pytest.mark.parametrize("venue", VENUES)
def test_without_keys_its_markets_and_prices_are_there(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with exchange(tmp_path, venues=(venue,), factor=100) as running, running.session() as session:
            client = getattr(ccxt, venue)({"session": session})
            try:
                markets = await client.load_markets()
                assert {SPOT, PERP} <= set(markets)
                for symbol in (SPOT, PERP):
                    book = await client.fetch_order_book(symbol)
                    ticker = await client.fetch_ticker(symbol)
                    assert book["bids"][0][0] < ticker["last"] < book["asks"][0][0]
                    assert len(await client.fetch_ohlcv(symbol, "1h", limit=3)) == 3
                assert (await client.fetch_funding_rate(PERP))["fundingRate"] is not None
            finally:
                await client.close()

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_with_keys_it_trades(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with exchange(tmp_path, venues=(venue,), factor=100) as running, running.session() as session:
            client = getattr(ccxt, venue)({"session": session, **keys(running, venue)})
            try:
                await client.load_markets()
                assert set(await client.fetch_currencies()) >= {"ETH", "USDT"}
                assert (await client.fetch_balance())["USDT"]["free"] > 0
                for symbol in (SPOT, PERP):
                    far = await client.create_order(symbol, "limit", "buy", 0.5, 2000)
                    assert [each["id"] for each in await client.fetch_open_orders(symbol)] == [far["id"]]
                    await client.cancel_order(far["id"], symbol)
                    assert await client.fetch_open_orders(symbol) == []
                    taken = await client.create_order(symbol, "market", "buy", 0.5)
                    assert {each["order"] for each in await client.fetch_my_trades(symbol)} == {taken["id"]}
                (position,) = [each for each in await client.fetch_positions([PERP]) if each["contracts"]]
                assert position["contracts"] * position["contractSize"] == pytest.approx(
                    0.5 if venue != "okx" else 0.05
                )
            finally:
                await client.close()

    asyncio.run(play())
