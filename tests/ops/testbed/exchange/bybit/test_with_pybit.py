"""Bybit's own SDK, which knows nothing of execd or ccxt, trades on the local Bybit under the real host names."""

import asyncio
import importlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.ops.testbed.exchange.started import Running, exchange

pybit: Any = importlib.import_module("pybit.unified_trading")  # it ships no types
InvalidRequestError: Any = importlib.import_module("pybit.exceptions").InvalidRequestError


@contextmanager
def leading_here(running: Running) -> Iterator[None]:
    """Let every name of Bybit lead to the local exchange, and its authority be trusted."""
    ask = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the standard library's own
        if str(host).endswith(".bybit.com"):
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", running.port))]
        return ask(host, port, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", answer)
        patch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(running.ca_file))
        yield


def sdk(running: Running, secret: str) -> Any:  # noqa: ANN401 - it has no types
    """Return the SDK's client with the account's key and some secret."""
    http = pybit.HTTP(api_key=running.key("bybit").api_key, api_secret=secret)
    http.client.verify = str(running.ca_file)
    return http


def played(tmp_path: Path, story: Callable[[Running, Any], None]) -> None:
    """Run a story of the SDK, which blocks, on a thread beside the exchange."""

    async def play() -> None:
        async with exchange(tmp_path, venues=("bybit",), factor=100) as running:
            with leading_here(running):
                http = sdk(running, running.key("bybit").secret)
                try:
                    await asyncio.to_thread(story, running, http)
                finally:
                    hang_up(http)
                    await _hung_up(running)

    asyncio.run(play())


def hang_up(http: Any) -> None:  # noqa: ANN401 - as above
    """Close a client's connections now: by itself it does when nobody remembers its errors any more."""
    for adapter in http.client.adapters.values():
        pools = adapter.poolmanager.pools
        for name in list(pools.keys()):
            pools[name].close()
    http.client.close()


async def _hung_up(running: Running) -> None:
    """Wait until the exchange has seen that its clients are gone: it must not end before its sockets."""
    runner = running.exchange._runner  # noqa: SLF001 - no other way to see
    assert runner is not None
    async with asyncio.timeout(10):
        while runner.server is not None and runner.server.connections:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def rows(answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the SDK has no types
    assert answer["retCode"] == 0
    found = answer["result"]["list"]
    assert isinstance(found, list)
    return found


def test_the_sdk_places_changes_sees_and_cancels_orders(tmp_path: Path) -> None:
    def story(running: Running, http: Any) -> None:  # noqa: ANN401
        del running
        named = {"category": "linear", "symbol": "ETHUSDT", "orderLinkId": "sdk-1"}
        limit = {"side": "Buy", "orderType": "Limit", "qty": "1", "price": "2475"}
        made = http.place_order(**named, **limit)["result"]
        http.amend_order(**named, qty="0.9", price="2480")
        (resting,) = rows(http.get_open_orders(category="linear", symbol="ETHUSDT"))
        http.cancel_order(**named)
        (ended,) = rows(http.get_order_history(category="linear", orderLinkId="sdk-1"))
        http.place_order(category="spot", symbol="ETHUSDT", side="Sell", orderType="Market", qty="0.5")
        (fill,) = rows(http.get_executions(category="spot", symbol="ETHUSDT"))

        assert (resting["orderId"], resting["qty"], resting["price"]) == (made["orderId"], "0.9", "2480")
        assert (ended["orderStatus"], ended["cancelType"]) == ("Cancelled", "CancelByUser")
        assert (fill["execQty"], fill["feeCurrency"]) == ("0.5", "USDT")

    played(tmp_path, story)


def test_the_sdk_is_told_what_is_wrong(tmp_path: Path) -> None:
    def story(running: Running, http: Any) -> None:  # noqa: ANN401
        order = {"category": "linear", "symbol": "ETHUSDT", "side": "Buy", "orderType": "Limit", "qty": "1"}
        http.place_order(**order, price="2475", orderLinkId="sdk-1")
        with pytest.raises(InvalidRequestError) as duplicate:
            http.place_order(**order, price="2475", orderLinkId="sdk-1")
        with pytest.raises(InvalidRequestError) as absent:
            http.cancel_order(category="linear", symbol="ETHUSDT", orderLinkId="never")
        stranger = sdk(running, "wrong")
        with pytest.raises(InvalidRequestError) as unsigned:
            stranger.get_wallet_balance(accountType="UNIFIED")
        hang_up(stranger)

        assert (duplicate.value.status_code, absent.value.status_code, unsigned.value.status_code) == (
            110072,
            110001,
            10004,
        )

    played(tmp_path, story)


def test_the_sdk_reads_the_account_and_moves_money(tmp_path: Path) -> None:
    def story(running: Running, http: Any) -> None:  # noqa: ANN401
        http.set_leverage(category="linear", symbol="ETHUSDT", buyLeverage="4", sellLeverage="4")
        http.place_order(category="linear", symbol="ETHUSDT", side="Buy", orderType="Market", qty="1")
        (held,) = rows(http.get_positions(category="linear", settleCoin="USDT"))
        (wallet,) = rows(http.get_wallet_balance(accountType="UNIFIED"))
        http.create_internal_transfer(
            transferId=str(uuid4()), coin="USDT", amount="5", fromAccountType="FUND", toAccountType="UNIFIED"
        )
        (moved,) = rows(http.get_internal_transfer_records(coin="USDT"))
        (latest, *_) = rows(http.get_transaction_log(accountType="UNIFIED", currency="USDT"))

        assert (held["side"], held["size"], held["leverage"]) == ("Buy", "1", "4")
        assert {coin["coin"] for coin in wallet["coin"]} == {"USDT", "BTC", "ETH"}
        assert (moved["amount"], moved["toAccountType"]) == ("5", "UNIFIED")
        assert (latest["type"], latest["change"]) == ("TRANSFER_IN", "5")
        assert http.get_api_key_information()["result"]["userID"] == int(running.key("bybit").uid)
        assert http.get_account_info()["result"]["marginMode"] == "REGULAR_MARGIN"
        assert http.get_deposit_records(coin="USDT")["result"]["rows"] == []

    played(tmp_path, story)


def test_the_sdk_reads_markets(tmp_path: Path) -> None:
    def story(running: Running, http: Any) -> None:  # noqa: ANN401
        del running
        (market,) = rows(http.get_instruments_info(category="spot", symbol="ETHUSDT"))
        (ticker,) = rows(http.get_tickers(category="linear", symbol="ETHUSDT"))
        book = http.get_orderbook(category="linear", symbol="ETHUSDT", limit=3)["result"]
        candles = http.get_kline(category="linear", symbol="ETHUSDT", interval=1)["result"]["list"]

        assert market["priceFilter"]["tickSize"] == "0.01"
        assert (ticker["lastPrice"], ticker["markPrice"]) == ("2500", "2500")
        assert len(book["b"]) == len(book["a"]) == 3
        assert candles[0][4] == "2500"
        assert int(http.get_server_time()["result"]["timeSecond"]) > 1_700_000_000

    played(tmp_path, story)


def test_the_sdk_hears_orders_fills_and_the_wallet(tmp_path: Path) -> None:
    def story(running: Running, http: Any) -> None:  # noqa: ANN401
        key = running.key("bybit")
        heard: queue.Queue[dict[str, Any]] = queue.Queue()
        stream = pybit.WebSocket(channel_type="private", testnet=False, api_key=key.api_key, api_secret=key.secret)
        try:
            stream.order_stream(callback=heard.put)
            stream.execution_stream(callback=heard.put)
            stream.wallet_stream(callback=heard.put)
            _wait_for_topics(running, "order", "execution", "wallet")
            http.place_order(category="linear", symbol="ETHUSDT", side="Buy", orderType="Market", qty="1")
            frames: dict[str, dict[str, Any]] = {}
            while set(frames) != {"order", "execution", "wallet"} or frames["order"]["orderStatus"] != "Filled":
                frame = heard.get(timeout=10)
                frames[frame["topic"]] = frame["data"][-1]
        finally:
            stream.exit()

        assert (frames["execution"]["execQty"], frames["order"]["cumExecQty"]) == ("1", "1")
        assert frames["wallet"]["coin"][0]["coin"] == "USDT"

    played(tmp_path, story)


def test_the_sdk_keeps_a_book_and_a_ticker(tmp_path: Path) -> None:
    def story(running: Running, http: Any) -> None:  # noqa: ANN401
        heard: queue.Queue[dict[str, Any]] = queue.Queue()
        stream = pybit.WebSocket(channel_type="linear", testnet=False)
        try:
            stream.orderbook_stream(50, "ETHUSDT", heard.put)
            stream.ticker_stream("ETHUSDT", heard.put)
            _wait_for_topics(running, "orderbook.50.ETHUSDT", "tickers.ETHUSDT")
            http.place_order(
                category="linear", symbol="ETHUSDT", side="Buy", orderType="Limit", qty="7", price="2499.5"
            )
            rest = http.get_orderbook(category="linear", symbol="ETHUSDT", limit=50)["result"]["b"]
            bids: dict[str, str] = {}
            while bids != dict(rest):
                frame = heard.get(timeout=10)
                bids = dict(frame["data"]["b"]) if frame["topic"].startswith("orderbook") else bids
        finally:
            stream.exit()

        assert "2499.5" in bids

    played(tmp_path, story)


def _wait_for_topics(running: Running, *topics: str) -> None:
    """Wait until connections have these topics; the SDK does not say when."""
    for _ in range(1000):
        there = [getattr(each._session, "_topics", ()) for each in running.exchange.venue("bybit").connections]  # noqa: SLF001 - as above
        if set(topics) <= {topic for each in there for topic in each}:
            return
        threading.Event().wait(0.01)
    raise AssertionError("nobody subscribed")
