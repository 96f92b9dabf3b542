"""The real ccxt and ccxt.pro, unpatched and with OKX's real URLs, trade at the local exchange and hear of it."""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from messages.units import PERP, SPOT
from tests.ops.testbed.exchange.okx_desk import options
from tests.ops.testbed.exchange.started import Running, exchange

ccxt: Any = importlib.import_module("ccxt")  # it ships no types
ccxt_async: Any = importlib.import_module("ccxt.async_support")
ccxt_pro: Any = importlib.import_module("ccxt.pro")
WAIT_S = 20


@contextlib.asynccontextmanager
async def connected(tmp_path: Path, kind: Any) -> AsyncIterator[tuple[Any, Running]]:  # noqa: ANN401 - a class of ccxt
    async with exchange(tmp_path, venues=("okx",)) as running, running.session() as session:
        venue = kind(options(running.key("okx"), session))
        venue.has["fetchCurrencies"] = False
        venue.timeout_on_exit = 0
        try:
            yield venue, running
        finally:
            await venue.close()


def run(tmp_path: Path, play: Callable[[Any, Running], Awaitable[None]], *, pro: bool = False) -> None:
    async def main() -> None:
        async with connected(tmp_path, ccxt_pro.okx if pro else ccxt_async.okx) as (venue, running):
            await asyncio.wait_for(play(venue, running), WAIT_S)

    asyncio.run(main())


def test_its_markets_are_loaded_by_two_requests(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        markets = await venue.load_markets()

        assert sorted(markets) == ["BTC/USDT", "BTC/USDT:USDT", "ETH/USDT", "ETH/USDT:USDT"]
        perp = markets["ETH/USDT:USDT"]
        assert (perp["contractSize"], perp["precision"]["amount"], perp["linear"]) == (0.1, 0.01, True)
        assert markets["ETH/USDT"]["precision"] == {"amount": 1e-6, "price": 0.01}
        assert len(running.rows("SELECT * FROM requests")) == 2

    run(tmp_path, play)


def test_it_places_finds_changes_and_cancels(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        del running
        mine = {"clientOrderId": "mine1"}
        placed = await venue.create_order("ETH/USDT", "limit", "buy", 0.1, 2450, mine)
        found = await venue.fetch_order(None, "ETH/USDT", mine)
        (listed,) = await venue.fetch_open_orders("ETH/USDT")
        await venue.edit_order(placed["id"], "ETH/USDT", "limit", "buy", 0.2, 2440)
        changed = await venue.fetch_order(placed["id"], "ETH/USDT")
        await venue.cancel_order(placed["id"], "ETH/USDT")
        gone = await venue.fetch_order(placed["id"], "ETH/USDT")

        assert placed["id"] == found["id"] == listed["id"]
        assert (found["status"], found["price"], found["amount"]) == ("open", 2450, 0.1)
        assert (changed["price"], changed["amount"]) == (2440, 0.2)
        assert gone["status"] == "canceled"

    run(tmp_path, play)


def test_it_trades_a_perp_and_sees_what_came_of_it(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        await venue.set_leverage(5, "ETH/USDT:USDT", {"mgnMode": "cross"})
        await venue.create_order("ETH/USDT:USDT", "market", "sell", 5, None, {"clientOrderId": "mine1"})
        (position,) = await venue.fetch_positions()
        (trade,) = await venue.fetch_my_trades("ETH/USDT:USDT")
        closed = await venue.fetch_closed_orders("ETH/USDT:USDT")
        balance = await venue.fetch_balance()
        running.engines["okx"].pay_funding(running.market("okx", PERP))
        funding = await venue.fetch_funding_history("ETH/USDT:USDT")

        assert (position["side"], position["contracts"], position["leverage"]) == ("short", 5, 5)
        assert (trade["amount"], trade["side"], trade["takerOrMaker"]) == (5, "sell", "taker")
        assert trade["fee"]["currency"] == "USDT"
        assert [order["clientOrderId"] for order in closed] == ["mine1"]
        assert 199_000 < balance["USDT"]["total"] < 200_000
        assert len(funding) == 1
        assert funding[0]["amount"] > 0

    run(tmp_path, play)


def test_it_has_its_stops_found_and_cancelled(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        del running
        stop = await venue.create_order("ETH/USDT:USDT", "market", "sell", 1, None, {"stopLossPrice": 2400})
        (listed,) = await venue.fetch_open_orders("ETH/USDT:USDT", None, None, {"ordType": "conditional"})
        await venue.cancel_order(stop["id"], "ETH/USDT:USDT", {"trigger": True})

        assert listed["id"] == stop["id"]
        assert await venue.fetch_open_orders("ETH/USDT:USDT", None, None, {"ordType": "conditional"}) == []

    run(tmp_path, play)


def test_its_exceptions_are_those_of_the_real_venue(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        del running
        with pytest.raises(ccxt.InsufficientFunds):
            await venue.create_order("ETH/USDT", "limit", "buy", 1000, 2450)
        with pytest.raises(ccxt.InvalidOrder):
            await venue.create_order("ETH/USDT", "limit", "buy", 0.1, 9000)
        with pytest.raises(ccxt.OrderNotFound):
            await venue.fetch_order("1", "ETH/USDT")
        with pytest.raises(ccxt.OrderNotFound):
            await venue.cancel_order("1", "ETH/USDT")
        venue.password = "another"  # noqa: S105 - the point
        with pytest.raises(ccxt.AuthenticationError):
            await venue.fetch_balance()

    run(tmp_path, play)


def test_prices_and_the_funding_account(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        running.move("okx", SPOT, "2600")
        ticker = await venue.fetch_ticker("ETH/USDT")
        book = await venue.fetch_order_book("ETH/USDT", 5)
        candles = await venue.fetch_ohlcv("ETH/USDT", "1m", limit=5)
        rate = await venue.fetch_funding_rate("ETH/USDT:USDT")
        time = await venue.fetch_time()
        await venue.transfer("USDT", 10, "funding", "trading")
        funds = await venue.fetch_balance({"type": "funding"})

        assert ticker["last"] == 2600
        assert book["bids"][0][0] < 2600 < book["asks"][0][0]
        assert len(candles) == 5
        assert rate["fundingRate"] is not None
        assert abs(time - running.engines["okx"].now_ms()) < 5000
        assert funds["USDT"]["total"] == 9990

    run(tmp_path, play)


def test_its_streams_tell_of_an_order_its_fill_the_balance_and_the_position(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        del running
        await venue.load_markets()
        watched = [
            asyncio.ensure_future(each)
            for each in (
                venue.watch_orders("ETH/USDT:USDT"),
                venue.watch_my_trades("ETH/USDT:USDT"),
            )
        ]
        balance = await venue.watch_balance()
        nothing = await venue.watch_positions(["ETH/USDT:USDT"])
        watched.append(asyncio.ensure_future(venue.watch_positions(["ETH/USDT:USDT"])))
        await _until(lambda: len(_subscriptions(venue)) >= 4)
        await venue.create_order("ETH/USDT:USDT", "market", "buy", 3, None, {"clientOrderId": "mine1"})
        orders, trades, positions = await asyncio.gather(*watched)

        assert balance["USDT"]["total"] == 200_000
        assert nothing == []
        assert orders[0]["clientOrderId"] == "mine1"
        assert (trades[0]["amount"], trades[0]["side"]) == (3, "buy")
        assert positions[0]["contracts"] == 3

    run(tmp_path, play, pro=True)


def test_its_streams_tell_of_stops(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        await venue.load_markets()
        watched = asyncio.ensure_future(venue.watch_orders("ETH/USDT:USDT", None, None, {"trigger": True}))
        await _until(lambda: any("orders-algo" in name for name in _subscriptions(venue)))
        await asyncio.sleep(0)
        stop = await venue.create_order("ETH/USDT:USDT", "market", "sell", 1, None, {"stopLossPrice": 2400})
        orders = await watched

        assert [order["id"] for order in orders] == [stop["id"]]
        assert len(running.engines["okx"].open_orders(running.key("okx").uid, PERP, waiting=True)) == 1

    run(tmp_path, play, pro=True)


def test_public_streams(tmp_path: Path) -> None:
    async def play(venue: Any, running: Running) -> None:  # noqa: ANN401 - ccxt's
        await venue.load_markets()
        ticker = await venue.watch_ticker("ETH/USDT")
        book = await venue.watch_order_book("ETH/USDT:USDT")
        tops = await venue.watch_bids_asks(["ETH/USDT"])
        candles = await venue.watch_ohlcv("ETH/USDT", "1m")
        waiting = asyncio.ensure_future(venue.watch_order_book("ETH/USDT:USDT"))
        await asyncio.sleep(0)
        running.move("okx", PERP, "2600")
        moved = await waiting

        assert ticker["last"] == 2500
        assert tops["ETH/USDT"]["bid"] < 2500 < tops["ETH/USDT"]["ask"]
        assert len(candles) == 1
        assert book["symbol"] == "ETH/USDT:USDT"
        assert moved["bids"][0][0] < 2600 < moved["asks"][0][0]

    run(tmp_path, play, pro=True)


def _subscriptions(venue: Any) -> list[str]:  # noqa: ANN401 - ccxt's
    return [name for client in venue.clients.values() for name in client.subscriptions]


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - ccxt tells nobody when it has subscribed
        await asyncio.sleep(0.01)
