"""Binance's streams on the local exchange: the real ccxt.pro at its real URLs, and our dialect on the raw frames."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.contract import OrderStatus, Update
from messages.units import BUY, MARKET, PERP, SELL, SPOT, STOP_MARKET
from ops.testbed.exchange.listen_keys import VALID_MS
from ops.testbed.exchange.values import PERP_WALLET, SPOT_WALLET
from tests.actors.exchange.wire.binance_samples import BOTH, PERP_ETH, SPOT_ETH
from tests.ops.testbed.exchange.binance.desk import D, Desk, desk, frames_by_name

SPOT_SYMBOL, PERP_SYMBOL = "ETH/USDT", "ETH/USDT:USDT"
WAIT_S = 10


def played(state: Path, play: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        async with desk(state) as made:
            await play(made)

    asyncio.run(run())


async def repeated(at: Desk, watched: Awaitable[Any], what: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Do something again and again until what is watched has come: subscriptions take a moment."""
    task = asyncio.ensure_future(watched)
    for _ in range(WAIT_S * 10):
        await asyncio.wait([task], timeout=0.1)
        if task.done():
            return task.result()
        await what()
    raise AssertionError(f"nothing came over {len(at.ccxt.clients)} connections")


@pytest.mark.parametrize(("symbol", "market"), [(SPOT_SYMBOL, SPOT_ETH), (PERP_SYMBOL, PERP_ETH)])
def test_ccxt_watches_orders_and_trades(tmp_path: Path, symbol: str, market: Any) -> None:  # noqa: ANN401
    async def play(at: Desk) -> None:
        async def trade() -> None:
            await at.place(market, side=BUY, kind=MARKET)

        [*orders] = await repeated(at, at.ccxt.watch_orders(symbol), trade)
        [*trades] = await repeated(at, at.ccxt.watch_my_trades(symbol), trade)

        assert {order["symbol"] for order in orders} == {symbol}
        assert trades[-1]["amount"] > 0
        assert trades[-1]["takerOrMaker"] == "taker"

    played(tmp_path, play)


@pytest.mark.parametrize(("kind", "market"), [("spot", SPOT_ETH), ("swap", PERP_ETH)])
def test_ccxt_watches_balances(tmp_path: Path, kind: str, market: Any) -> None:  # noqa: ANN401
    async def play(at: Desk) -> None:
        async def trade() -> None:
            await at.place(market, side=BUY, kind=MARKET)

        balance = await repeated(at, at.ccxt.watch_balance({"type": kind}), trade)

        engine, uid = at.running.engines["binance"], at.running.key("binance").uid
        held = engine.balances(uid, SPOT_WALLET if kind == "spot" else PERP_WALLET)
        assert balance["USDT"]["total"] == pytest.approx(float(held["USDT"].total), rel=1e-3)

    played(tmp_path, play)


@pytest.mark.parametrize(("symbol", "product"), [(SPOT_SYMBOL, SPOT), (PERP_SYMBOL, PERP)])
def test_ccxt_watches_markets(tmp_path: Path, symbol: str, product: Any) -> None:  # noqa: ANN401
    async def play(at: Desk) -> None:
        prices = iter(["2510", "2490"] * 100)

        async def move() -> None:
            at.running.move("binance", product, next(prices))

        ticker = await repeated(at, at.ccxt.watch_ticker(symbol), move)
        best = await repeated(at, at.ccxt.watch_bids_asks([symbol]), move)
        book = await repeated(at, at.ccxt.watch_order_book(symbol), move)
        candles = await repeated(at, at.ccxt.watch_ohlcv(symbol, "1m"), move)

        assert 2400 < ticker["last"] < 2600
        assert best[symbol]["bid"] < best[symbol]["ask"]
        assert book["bids"][0][0] < book["asks"][0][0]
        assert candles[-1][2] >= candles[-1][3]

    played(tmp_path, play)


def test_a_book_that_is_followed_is_the_book(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        engine = at.running.engines["binance"]
        prices = iter(["2510", "2490"] * 100)

        async def move() -> None:
            at.running.move("binance", PERP, next(prices))

        for _ in range(4):
            book = await repeated(at, at.ccxt.watch_order_book(PERP_SYMBOL), move)
        await asyncio.sleep(0.2)

        now = engine.book(at.running.market("binance", PERP))
        assert [tuple(level) for level in book["bids"]] == [(float(e.price), float(e.amount)) for e in now.bids]
        assert [tuple(level) for level in book["asks"]] == [(float(e.price), float(e.amount)) for e in now.asks]

    played(tmp_path, play)


class Heard:
    """The private frames of one connection, and what our dialect makes of them."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def until(self, name: str, count: int = 1) -> list[Update]:
        """Hear on until so many events of a name have come; what our dialect reads in all frames so far."""
        while frames_by_name(self.frames).count(name) < count:
            self.frames.append(json.loads((await self.socket.receive(timeout=WAIT_S)).data))
        return [BINANCE.frame(frame, BOTH) for frame in self.frames]

    def orders(self) -> Iterator[dict[str, Any]]:
        for frame in self.frames:
            event = frame.get("event", frame)
            if event.get("e") in {"executionReport", "ORDER_TRADE_UPDATE", "ALGO_UPDATE"}:
                yield event if event["e"] == "executionReport" else event["o"]


@asynccontextmanager
async def spot_stream(at: Desk, *, signed_with: str = "") -> AsyncIterator[tuple[Heard, dict[str, Any]]]:
    """Subscribe to spot's user data through the WebSocket API; what it answered comes along."""
    key = at.running.key("binance")
    params = {"apiKey": key.api_key, "recvWindow": 5000, "timestamp": at.running.engines["binance"].now_ms()}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    params["signature"] = hmac.new((signed_with or key.secret).encode(), payload.encode(), hashlib.sha256).hexdigest()
    async with (
        at.running.session() as session,
        session.ws_connect("wss://ws-api.binance.com:443/ws-api/v3") as socket,
    ):
        await socket.send_json({"id": "1", "method": "userDataStream.subscribe.signature", "params": params})
        answer = await socket.receive_json(timeout=WAIT_S)
        yield Heard(socket), answer


@asynccontextmanager
async def perp_stream(at: Desk) -> AsyncIterator[Heard]:
    """Open the futures user stream by listen key."""
    answer = await at.ccxt.fapiPrivatePostListenKey({})
    async with (
        at.running.session() as session,
        session.ws_connect(f"wss://fstream.binance.com/private/ws?listenKey={answer['listenKey']}") as socket,
    ):
        yield Heard(socket)


def test_spot_frames_are_read_by_our_dialect(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async with spot_stream(at) as (heard, answer):
            resting, _ = await at.place(SPOT_ETH, side=BUY, price="2400")
            await at.cancel(resting, SPOT_ETH)
            taken, placed = await at.place(SPOT_ETH, side=SELL, kind=MARKET)
            updates = await heard.until("executionReport", 4)

        assert answer["result"] == {"subscriptionId": 0}
        orders = [order for update in updates for order in update.orders]
        ours = [(order.client_order_id, order.status) for order in orders]
        assert ours[:2] == [
            (resting.intent.client_order_id, OrderStatus.OPEN),
            (resting.intent.client_order_id, OrderStatus.CANCELLED),
        ]
        assert ours[-1] == (taken.intent.client_order_id, OrderStatus.FILLED)
        assert [trade for update in updates for trade in update.trades] == list(placed.trades)
        assert any(update.balances for update in updates)

    played(tmp_path, play)


def test_a_subscription_with_a_wrong_signature_is_refused(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async with spot_stream(at, signed_with="wrong") as (_, answer):
            assert (answer["status"], answer["error"]["code"]) == (400, -1022)

    played(tmp_path, play)


def test_futures_frames_are_read_by_our_dialect(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async with perp_stream(at) as heard:
            taken, _ = await at.place(PERP_ETH, side=BUY, kind=MARKET)
            updates = await heard.until("ORDER_TRADE_UPDATE", 2)
            trades = await at.trades(taken, PERP_ETH)

        seen = [trade for update in updates for trade in update.trades]
        assert [(t.trade_id, t.fee, t.price, t.amount, t.liquidity) for t in seen] == [
            (t.trade_id, t.fee, t.price, t.amount, t.liquidity) for t in trades
        ]
        assert updates[-1].orders[0].status is OrderStatus.FILLED

    played(tmp_path, play)


def test_an_algo_order_tells_its_whole_life(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.place(PERP_ETH, side=BUY, kind=MARKET)
        async with perp_stream(at) as heard:
            stop, _ = await at.place(PERP_ETH, side=SELL, kind=STOP_MARKET)
            at.running.move("binance", PERP, "2390")
            updates = await heard.until("ALGO_UPDATE", 4)

        words = [order["X"] for order in heard.orders() if "caid" in order]
        assert words == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
        algo = [order for update in updates for order in update.orders if order.order_id == stop.order_id]
        assert [order.status for order in algo] == [
            OrderStatus.WAITING,
            OrderStatus.OPEN,
            OrderStatus.OPEN,
            OrderStatus.FILLED,
        ]
        assert updates[-1].touched == (stop.intent.client_order_id,)
        assert {trade.order_id for update in updates for trade in update.trades} == {algo[-1].child}

    played(tmp_path, play)


def test_funding_is_told(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.place(PERP_ETH, side=BUY, kind=MARKET)
        async with perp_stream(at) as heard:
            at.running.engines["binance"].pay_funding(at.running.market("binance", PERP), D("0.0001"))
            updates = await heard.until("ACCOUNT_UPDATE")

        assert updates[0].funding

    played(tmp_path, play)


def test_what_comes_from_outside_is_a_balance_update(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async with spot_stream(at) as (heard, _):
            at.running.engines["binance"].deposit(at.running.key("binance").uid, "ETH", D("0.5"))
            await heard.until("balanceUpdate")

        assert heard.frames[-1]["event"]["d"] == "0.50000000"

    played(tmp_path, play)


def test_a_listen_key_expires_unless_it_is_kept(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        clock = at.running.exchange.venue("binance").clock
        async with perp_stream(at) as heard:
            clock.skew_ms += VALID_MS - 60_000
            await at.ccxt.fapiPrivatePutListenKey({})
            clock.skew_ms += VALID_MS - 60_000
            await at.ccxt.fapiPrivatePutListenKey({})
            clock.skew_ms += VALID_MS + 1
            await heard.until("listenKeyExpired")
            at.running.engines["binance"].deposit(at.running.key("binance").uid, "USDT", D(1), wallet=PERP_WALLET)

        assert frames_by_name(heard.frames) == ["listenKeyExpired"]

    played(tmp_path, play)


def test_a_stream_of_one_account_says_nothing_of_another_products(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async with perp_stream(at) as perp, spot_stream(at) as (spot, _):
            await at.place(SPOT_ETH, side=BUY, kind=MARKET)
            await spot.until("executionReport", 2)
            await at.place(PERP_ETH, side=BUY, kind=MARKET)
            await perp.until("ORDER_TRADE_UPDATE", 2)

        assert "executionReport" not in frames_by_name(perp.frames)
        assert "ORDER_TRADE_UPDATE" not in frames_by_name(spot.frames)

    played(tmp_path, play)
