"""Private frames of all three venues come in at one function; every loss and every return of a stream is told.

The real ccxt.pro and the real aiohttp, over TLS, under the venues' own host names.
"""
# ruff: noqa: ANN401 - frames are decoded JSON

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from actors.exchange.live import streams
from actors.exchange.live.client import VenueClient
from actors.exchange.live.transport import AiohttpTransport
from messages.units import PERP, SPOT, TradeType
from tests.actors.exchange.live.doubles import PASSPHRASE, Keys, SmallDialect, client_of
from tests.actors.exchange.live.servers import Authority
from tests.actors.exchange.live.stream_venue import StreamVenue, until

BOTH = frozenset({SPOT, PERP})
BINANCE_SPOT = {"subscriptionId": 0, "event": {"e": "executionReport", "i": 1}}
BINANCE_PERP = {"e": "ORDER_TRADE_UPDATE", "o": {"i": 1}}
BYBIT = {"topic": "order", "creationTime": 1, "data": [{"orderId": "1"}]}
OKX = {"arg": {"channel": "orders", "instType": "ANY", "uid": "1"}, "data": [{"ordId": "1"}]}

CASES = [
    pytest.param("binance", frozenset({SPOT}), BINANCE_SPOT, ["userDataStream.subscribe.signature"], id="binance spot"),
    pytest.param("binance", frozenset({PERP}), BINANCE_PERP, ["key1"], id="binance perp"),
    pytest.param("bybit", BOTH, BYBIT, ["execution", "order", "position", "wallet"], id="bybit"),
    pytest.param("okx", BOTH, OKX, ["account", "orders", "orders-algo", "positions"], id="okx"),
]


class Listening:
    """Keeps what a client says of its streams."""

    def __init__(self, client: VenueClient, *, raising: bool = False) -> None:
        self.client = client
        self.frames: list[Any] = []
        self.gaps: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._raising = raising
        client.watch(on_frame=self._frame, on_gap=self.gaps.append, start=self._start)

    def _frame(self, frame: Any) -> None:
        if self._raising:
            raise ValueError("a frame that nobody can read")
        self.frames.append(frame)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.create_task(work, name=name))

    @property
    def losses(self) -> list[str]:
        return [gap for gap in self.gaps if not gap.endswith(": up")]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def listening(
    authority: Authority,
    server_tls: ssl.SSLContext,
    work: Callable[[StreamVenue, Listening], Awaitable[None]],
    *,
    venue: str = "bybit",
    products: frozenset[TradeType] = BOTH,
    mute: bool = False,
    raising: bool = False,
) -> None:
    """Run with a client that watches a venue."""

    async def program() -> None:
        async with StreamVenue(server_tls) as server:
            server.mute = mute
            transport = AiohttpTransport(server.endpoint(authority.ca_file))
            client = client_of(transport, SmallDialect(venue), keys=Keys(passphrase=PASSPHRASE), products=products)
            await client.open(markets={})
            listener = Listening(client, raising=raising)
            try:
                await work(server, listener)
            finally:
                await listener.stop()
                await client.close()

    asyncio.run(program())


@pytest.mark.parametrize(("venue", "products", "frame", "subscribed"), CASES)
def test_frames_come_in_at_one_function_and_before_that_everything_is_subscribed(
    authority: Authority,
    server_tls: ssl.SSLContext,
    venue: str,
    products: frozenset[TradeType],
    frame: Any,
    subscribed: list[str],
) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: listener.client.is_streaming)
        assert sorted(server.subscribed) == subscribed

        await server.say(json.dumps(frame))
        await until(lambda: frame in listener.frames)

        assert all(each == frame for each in listener.frames)
        assert listener.losses == []

    listening(authority, server_tls, work, venue=venue, products=products)


@pytest.mark.parametrize(("venue", "products", "frame", "subscribed"), CASES)
def test_a_stream_that_was_cut_is_told_and_comes_back(
    authority: Authority,
    server_tls: ssl.SSLContext,
    venue: str,
    products: frozenset[TradeType],
    frame: Any,
    subscribed: list[str],
) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: listener.client.is_streaming)
        lines = len(listener.tasks)

        await server.hang_up()
        await until(lambda: len(listener.losses) == lines)
        await until(lambda: listener.client.is_streaming)
        await server.say(json.dumps(frame))
        await until(lambda: frame in listener.frames)

        assert len(server.subscribed) == 2 * len(subscribed)
        assert [gap.endswith(": up") for gap in listener.gaps].count(True) == 2 * lines

    listening(authority, server_tls, work, venue=venue, products=products)


@pytest.mark.parametrize("text", ['{"topic":', '{"topic":"orderbook.50.X","data":7}'])
def test_a_message_that_cannot_be_dealt_with_breaks_the_stream_instead_of_silencing_it(
    authority: Authority, server_tls: ssl.SSLContext, text: str
) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: listener.client.is_streaming)

        await server.say(text)
        await until(lambda: listener.losses)
        await until(lambda: listener.client.is_streaming)

        assert listener.frames == []

    listening(authority, server_tls, work)


@pytest.mark.parametrize("event", ["listenKeyExpired", "eventStreamTerminated"])
def test_a_stream_that_the_venue_ends_is_opened_again_with_a_new_key(
    authority: Authority, server_tls: ssl.SSLContext, event: str
) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: listener.client.is_streaming)

        await server.say(json.dumps({"e": event, "listenKey": "key1"}))
        await until(lambda: listener.losses)
        await until(lambda: listener.client.is_streaming)

        assert server.subscribed == ["key1", "key2"]
        assert listener.losses == [f"binance perp stream: the venue says {event}"]

    listening(authority, server_tls, work, venue="binance", products=frozenset({PERP}))


def test_a_listen_key_is_renewed(
    authority: Authority, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: server.renewed >= 2)

        assert listener.losses == []
        assert server.keys == 1

    monkeypatch.setattr(streams, "RENEW_KEY_S", 0.05)
    monkeypatch.setattr(streams, "PAUSE_S", 0.01)
    listening(authority, server_tls, work, venue="binance", products=frozenset({PERP}))


@pytest.mark.parametrize(("venue", "products"), [("binance", frozenset({SPOT})), ("bybit", BOTH), ("okx", BOTH)])
def test_a_venue_that_confirms_nothing_is_dialled_again(
    authority: Authority,
    server_tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    venue: str,
    products: frozenset[TradeType],
) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: listener.losses)
        assert not listener.client.is_streaming

        server.mute = False
        await until(lambda: listener.client.is_streaming)

    monkeypatch.setattr(streams, "CONFIRM_S", 0.3)
    listening(authority, server_tls, work, venue=venue, products=products, mute=True)


def test_what_the_listener_raises_ends_the_task_as_it_was_raised(
    authority: Authority, server_tls: ssl.SSLContext
) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: listener.client.is_streaming)

        await server.say(json.dumps(BYBIT))
        done, _ = await asyncio.wait(listener.tasks, timeout=20)

        assert [str(task.exception()) for task in done] == ["a frame that nobody can read"]

    listening(authority, server_tls, work, raising=True)


def test_no_loss_shows_a_listen_key_or_a_signature(authority: Authority, server_tls: ssl.SSLContext) -> None:
    async def work(server: StreamVenue, listener: Listening) -> None:
        await until(lambda: listener.client.is_streaming)

        await server.hang_up()
        await until(lambda: listener.losses)

        assert not [gap for gap in listener.gaps if "key1" in gap or "listenKey" in gap or "://" in gap]

    listening(authority, server_tls, work, venue="binance", products=frozenset({PERP}))
