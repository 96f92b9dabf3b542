"""Each fault does to a request, or to a frame, what its meaning says: also to what is true behind it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from messages.units import PERP
from ops.testbed.exchange.faults import Fault
from tests.ops.testbed.exchange.plain_dialect import HOST, PlainDialect
from tests.ops.testbed.exchange.started import Running, exchange

PLACE = {"side": "BUY", "amount": "1", "price": "2490", "id": "a"}


class Client:
    """Asks the plain venue."""

    def __init__(self, running: Running, session: aiohttp.ClientSession) -> None:
        self.running = running
        self.session = session
        self.headers = {"key": running.key("binance").api_key}

    async def ask(self, path: str, fields: Mapping[str, str] | None = None, *, timeout_s: float = 5) -> tuple[int, str]:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        url, body = f"https://{HOST}/{path}", json.dumps(fields or {})
        async with self.session.post(url, data=body, headers=self.headers, timeout=timeout) as answer:
            return answer.status, await answer.text()

    def orders(self) -> list[str]:
        return [row["client_order_id"] for row in self.running.rows("SELECT client_order_id FROM orders")]

    def request(self) -> dict[str, Any]:
        return self.running.rows("SELECT * FROM requests ORDER BY seq")[0]


def play(tmp_path: Path, faults: list[Fault], test: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        async with (
            exchange(
                tmp_path, venues=("binance",), dialects={"binance": PlainDialect}, faults=tuple(faults)
            ) as running,
            running.session() as session,
        ):
            await test(Client(running, session))

    asyncio.run(run())


@pytest.mark.parametrize(("kind", "is_done"), [("accept_then_drop", True), ("drop_before_accept", False)])
def test_a_broken_connection(tmp_path: Path, kind: str, *, is_done: bool) -> None:
    async def test(client: Client) -> None:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.ask("place", PLACE)

        assert client.orders() == (["a"] if is_done else [])
        assert (client.request()["status"], client.request()["faults"]) == (None, kind)

    play(tmp_path, [Fault(kind=kind, endpoint="place")], test)


def test_an_answer_that_never_comes(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        with pytest.raises(TimeoutError):
            await client.ask("place", PLACE, timeout_s=0.3)

        assert client.orders() == ["a"]
        assert (await client.ask("lookup", {"id": "a"}))[0] == 200
        assert client.request()["status"] is None

    play(tmp_path, [Fault(kind="accept_then_timeout", endpoint="place")], test)


@pytest.mark.parametrize(
    ("kind", "status", "body", "is_done"),
    [
        ("html_body", 200, "<html>", True),
        ("empty_body", 200, "", True),
        ("error_after", 502, '{"no":"SERVER_ERROR"', True),
        ("error_before", 502, '{"no":"SERVER_ERROR"', False),
        ("http_429", 429, '{"no":"RATE_LIMITED"', False),
        ("http_418", 418, '{"no":"BANNED"', False),
    ],
)
def test_an_answer_that_is_none(tmp_path: Path, kind: str, status: int, body: str, *, is_done: bool) -> None:
    async def test(client: Client) -> None:
        answered = await client.ask("place", PLACE)

        assert answered[0] == status
        assert answered[1].startswith(body)
        assert (body != "") or answered[1] == ""
        assert client.orders() == (["a"] if is_done else [])
        assert (client.request()["status"], client.request()["faults"]) == (status, kind)

    play(tmp_path, [Fault(kind=kind, endpoint="place", number=502)], test)


def test_who_is_turned_away_is_told_for_how_long(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        async with client.session.get(f"https://{HOST}/time", headers=client.headers) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "7")

    play(tmp_path, [Fault(kind="http_429", number=7)], test)


def test_a_delay_is_before_the_request_is_done_or_after_it(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        tasks = [asyncio.create_task(client.ask("place", PLACE | {"id": each}, timeout_s=60)) for each in ("a", "b")]
        placed = asyncio.Event()
        client.running.engines["binance"].subscribe(lambda _: placed.set())
        await placed.wait()

        assert len(client.orders()) == 1  # which of the two came first is the network's choice
        assert [task.done() for task in tasks] == [False, False]
        for task in tasks:
            task.cancel()

    faults = [
        Fault(kind="delay", endpoint="place", number=60_000, count=1),
        Fault(kind="delay_answer", endpoint="place", number=60_000, after=1),
    ]
    play(tmp_path, faults, test)


def test_the_clock_of_the_venue_goes_wrong(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        await client.ask("place", PLACE)
        before = int((await client.ask("time"))[1])
        await client.ask("place", PLACE | {"id": "b"})
        after = int((await client.ask("time"))[1])

        assert 3_600_000 <= after - before < 3_660_000

    play(tmp_path, [Fault(kind="clock_skew", endpoint="place", after=1, number=3_600_000)], test)


def test_a_look_up_sees_an_order_later(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        placed = await client.ask("place", PLACE)
        looked_up = await client.ask("lookup", {"id": "a"})

        assert placed[0] == 200
        assert looked_up == (400, '{"no":"ORDER_UNKNOWN","detail":"a"}')
        assert client.orders() == ["a"]

    play(tmp_path, [Fault(kind="late_order", number=60_000)], test)


def test_a_read_is_stale(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        await client.ask("place", PLACE)

        assert (await client.ask("lookup", {"id": "a"}))[0] == 400
        assert (await client.ask("lookup", {"id": "a"}))[0] == 200

    play(tmp_path, [Fault(kind="stale_reads", endpoint="lookup", number=60_000, count=1)], test)


def test_fills_are_late_and_partial(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        placed = await client.ask("place", PLACE | {"price": "2510"})

        assert json.loads(placed[1]) == {"id": "a", "status": "OPEN", "filled": "0.25"}
        assert await client.ask("trades") == (200, "[]")
        assert len(client.running.engines["binance"].trades(client.running.key("binance").uid, PERP)) == 0
        assert client.running.rows("SELECT amount FROM trades") == [{"amount": "0.25"}]

    play(tmp_path, [Fault(kind="late_fills", number=60_000), Fault(kind="partial_fill", number=0.25)], test)


@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        ("duplicate_frame", ["PLACED a 0", "PLACED a 0", "TRADED a 1"]),
        ("missing_frame", ["TRADED a 1"]),
        ("swapped_frames", ["TRADED a 1", "PLACED a 0"]),
        ("late_frame", ["TRADED a 1", "PLACED a 0"]),
    ],
)
def test_frames_come_as_they_should_not(tmp_path: Path, kind: str, heard: list[str]) -> None:
    async def test(client: Client) -> None:
        async with client.session.ws_connect(f"wss://{HOST}/", headers=client.headers) as socket:
            await client.ask("place", PLACE | {"price": "2510"})

            assert [(await socket.receive_str(timeout=5)) for _ in heard] == heard
            await socket.send_str("x")
            assert await socket.receive_str(timeout=5) == "heard x"

    play(tmp_path, [Fault(kind=kind, endpoint="stream.order", number=200)], test)


def test_a_stream_is_cut_in_the_place_of_a_frame(tmp_path: Path) -> None:
    async def test(client: Client) -> None:
        async with client.session.ws_connect(f"wss://{HOST}/", headers=client.headers) as socket:
            await client.ask("place", PLACE | {"price": "2510"})

            assert await socket.receive_str(timeout=5) == "PLACED a 0"
            message = await socket.receive(timeout=5)
            assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR}

    play(tmp_path, [Fault(kind="stream_cut", endpoint="stream.fill")], test)
