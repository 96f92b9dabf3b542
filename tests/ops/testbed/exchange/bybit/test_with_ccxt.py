"""The real ccxt and ccxt.pro, unpatched and with the real URLs, trade on the local Bybit."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from messages.units import PERP
from tests.ops.testbed.exchange.bybit.desk import D
from tests.ops.testbed.exchange.bybit.over_ccxt import ccxt, played, pro, subscribed, until
from tests.ops.testbed.exchange.started import Running


def test_markets_are_loaded_with_three_requests(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()

        spot, perp = venue.market("ETH/USDT"), venue.market("ETH/USDT:USDT")
        assert (spot["precision"]["amount"], spot["precision"]["price"]) == (0.00001, 0.01)
        assert spot["limits"]["cost"]["min"] == 5
        assert (perp["precision"]["amount"], perp["linear"], perp["contractSize"]) == (0.01, True, 1)
        assert [row["path"] for row in running.rows("SELECT path FROM requests")] == ["/v5/market/instruments-info"] * 3

    played(tmp_path, story)


def test_ccxts_own_calls_trade_and_see_what_became_of_it(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        limit = await venue.create_order("ETH/USDT", "limit", "buy", 0.5, 2475, {"clientOrderId": "c1"})
        market = await venue.create_order("ETH/USDT:USDT", "market", "sell", 0.5, None, {"clientOrderId": "c2"})
        stop = await venue.create_order(
            "ETH/USDT:USDT", "market", "buy", 0.5, None, {"triggerPrice": 2600, "triggerDirection": "ascending"}
        )
        open_spot = await venue.fetch_open_orders("ETH/USDT")
        open_perp = await venue.fetch_open_orders("ETH/USDT:USDT")
        await venue.edit_order(limit["id"], "ETH/USDT", "limit", "buy", 0.6, 2480)
        (edited,) = await venue.fetch_open_orders("ETH/USDT")
        await venue.cancel_order(limit["id"], "ETH/USDT")
        await venue.cancel_all_orders("ETH/USDT:USDT")
        (trade,) = await venue.fetch_my_trades("ETH/USDT:USDT")
        (position,) = await venue.fetch_positions(["ETH/USDT:USDT"])
        balance = await venue.fetch_balance()
        (cancelled,) = await venue.fetch_canceled_orders("ETH/USDT")

        assert [order["clientOrderId"] for order in open_spot] == ["c1"]
        assert [(order["id"], order["triggerPrice"]) for order in open_perp] == [(stop["id"], 2600)]
        assert (edited["price"], edited["amount"]) == (2480, 0.6)
        assert (trade["order"], trade["amount"], trade["fee"]["currency"]) == (market["id"], 0.5, "USDT")
        assert (position["side"], position["contracts"]) == ("short", 0.5)
        assert balance["ETH"]["total"] == 10
        assert cancelled["status"] == "canceled"
        assert len(running.rows("SELECT * FROM orders")) == 3

    played(tmp_path, story)


def test_ccxt_reads_markets_money_and_settings(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        assert (await venue.fetch_ticker("ETH/USDT:USDT"))["last"] == 2500
        assert (await venue.fetch_ticker("ETH/USDT"))["last"] == 2500
        assert len((await venue.fetch_order_book("ETH/USDT", 5))["bids"]) == 5
        assert (await venue.fetch_funding_rate("ETH/USDT:USDT"))["fundingRate"] == 0.0001
        assert (await venue.fetch_ohlcv("ETH/USDT", "1m", limit=2))[-1][4] == 2500
        assert abs(await venue.fetch_time() - running.engines["bybit"].now_ms()) < 5_000
        await venue.set_leverage(5, "ETH/USDT:USDT")
        with pytest.raises(ccxt.BadRequest, match="110043"):
            await venue.set_leverage(5, "ETH/USDT:USDT")
        with pytest.raises(ccxt.NoChange):
            await venue.set_position_mode(False, "ETH/USDT:USDT")  # noqa: FBT003 - ccxt's own
        moved = await venue.transfer("USDT", 10, "funding", "unified")
        assert moved["status"] == "ok"
        running.engines["bybit"].deposit(running.key("bybit").uid, "USDT", D(7))
        assert [each["amount"] for each in await venue.fetch_deposits("USDT")] == [7]
        assert await venue.fetch_withdrawals("USDT") == []
        await venue.create_order("ETH/USDT:USDT", "market", "buy", 1)
        running.engines["bybit"].pay_funding(running.market("bybit", PERP))
        assert [each["amount"] for each in await venue.fetch_funding_history("ETH/USDT:USDT")] == [0.25]
        ledger = await venue.fetch_ledger("USDT")
        assert {each["info"]["type"] for each in ledger} == {"TRADE", "SETTLEMENT", "TRANSFER_IN"}

    played(tmp_path, story)


def test_ccxt_raises_what_it_raises_at_the_venue(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        with pytest.raises(ccxt.InsufficientFunds):
            await venue.create_order("ETH/USDT", "limit", "buy", 1000, 2475)
        with pytest.raises(ccxt.InvalidOrder, match="170140"):
            await venue.create_order("ETH/USDT", "limit", "buy", 0.001, 2475)
        with pytest.raises(ccxt.OrderNotFound):
            await venue.cancel_order("00000000-0000-4000-8000-000000000000", "ETH/USDT:USDT")
        venue.secret = "wrong"  # noqa: S105 - it is
        with pytest.raises(ccxt.AuthenticationError, match="10004"):
            await venue.fetch_balance()
        venue.secret = running.key("bybit").secret
        venue.milliseconds = lambda: 1
        with pytest.raises(ccxt.InvalidNonce):
            await venue.fetch_balance()

    played(tmp_path, story)


def test_ccxt_pro_watches_orders_fills_balances_and_positions(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        orders, trades = asyncio.create_task(venue.watch_orders()), asyncio.create_task(venue.watch_my_trades())
        balances = asyncio.create_task(venue.watch_balance())
        await until(lambda: subscribed(running, "wallet", "order", "execution"))

        made = await venue.create_order("ETH/USDT:USDT", "market", "buy", 0.5, None, {"clientOrderId": "c1"})

        seen, fills, balance = await asyncio.wait_for(asyncio.gather(orders, trades, balances), 10)
        while seen[-1]["status"] != "closed":
            seen = await asyncio.wait_for(venue.watch_orders(), 10)
        assert (seen[-1]["id"], seen[-1]["clientOrderId"], seen[-1]["filled"]) == (made["id"], "c1", 0.5)
        assert (fills[-1]["order"], fills[-1]["amount"]) == (made["id"], 0.5)
        assert balance["USDT"]["total"] < 200_000

    played(tmp_path, story, pro.bybit)


def test_ccxt_pro_watches_tickers_books_and_candles(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        for name, last in (("ETH/USDT", 2500), ("ETH/USDT:USDT", 2500)):
            ticker = await asyncio.wait_for(venue.watch_ticker(name), 10)
            book = await asyncio.wait_for(venue.watch_order_book(name), 10)
            assert (ticker["symbol"], ticker["last"]) == (name, last)
            assert book["bids"][0][0] < last < book["asks"][0][0]
        watching = [
            asyncio.create_task(watch)
            for watch in (
                venue.watch_ticker("ETH/USDT:USDT"),
                venue.watch_order_book("ETH/USDT:USDT"),
                venue.watch_ohlcv("ETH/USDT:USDT", "1m"),
            )
        ]
        await until(lambda: subscribed(running, "kline.1.ETHUSDT"))
        running.move("bybit", PERP, "2550")
        ticker, book, candles = await asyncio.wait_for(asyncio.gather(*watching), 10)
        assert ticker["last"] == 2550
        assert book["bids"][0][0] > 2540
        while candles[-1][4] != 2550:
            candles = await asyncio.wait_for(venue.watch_ohlcv("ETH/USDT:USDT", "1m"), 10)

    played(tmp_path, story, pro.bybit)
