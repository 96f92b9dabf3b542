"""Whatever the network does to a request, the failure says whether it may have reached the venue, and it goes out once.

The real ccxt and the real aiohttp, over TLS, under the venue's own host names, against servers that misbehave.
"""
# ruff: noqa: ANN401 - answers are decoded JSON

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from actors.exchange.live.client import READS_AT_ONCE, VenueClient
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.ports import Urgency
from actors.exchange.live.transport import AiohttpTransport, Endpoint
from actors.exchange.wire.contract import Call, Failure, Page, Query, UnreadableAnswerError
from tests.actors.exchange.live.doubles import API_KEY, SECRET, client_of
from tests.actors.exchange.live.servers import (
    Answer,
    Authority,
    RawVenue,
    answering,
    cut_off,
    dropping,
    garbage,
    resetting,
    silent,
)

T = TypeVar("T")
PLACE = Call(api="privatePostOrder", params={"symbol": "ETHUSDT", "newClientOrderId": "x1"}, group="orders")
CANCEL = Call(api="privateDeleteOrder", params={"symbol": "ETHUSDT", "origClientOrderId": "x1"}, group="orders")
LOOK = Call(api="privateGetOrder", params={"symbol": "ETHUSDT", "origClientOrderId": "x1"}, group="reads")
CHANGE = Call(api="fapiPrivatePutOrder", params={"symbol": "ETHUSDT", "origClientOrderId": "x1"}, group="orders")


async def with_client(endpoint: Endpoint, work: Callable[[VenueClient], Awaitable[T]], timeout_ms: int = 5_000) -> T:
    client = client_of(AiohttpTransport(endpoint))
    await client.open(timeout_ms=timeout_ms)
    try:
        return await work(client)
    finally:
        await client.close()


async def send(client: VenueClient, call: Call) -> Any:
    return await client.send(call, urgency=Urgency.ORDER)


async def failing(client: VenueClient, call: Call) -> Failure:
    with pytest.raises(RequestFailedError) as caught:
        await send(client, call)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value.failure


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_answer_comes_through_the_real_ccxt_under_the_real_name(
    authority: Authority, server_tls: ssl.SSLContext, host: str
) -> None:
    async def program() -> None:
        async with RawVenue(server_tls, answering('{"orderId":7}')) as venue:
            endpoint = Endpoint(host=host, port=venue.port, ca_file=authority.ca_file)

            answer = await with_client(endpoint, lambda client: send(client, PLACE))

            assert answer == {"orderId": 7}
            assert venue.seen == ["POST /api/v3/order HTTP/1.1"]
            assert "Host: api.binance.com\r\n" in venue.heads[0]

    asyncio.run(program())


@pytest.mark.parametrize("call", [PLACE, CANCEL, LOOK, CHANGE], ids=lambda call: call.api)
@pytest.mark.parametrize("answer", [dropping, resetting, cut_off, garbage, silent])
def test_a_lost_answer_may_have_been_sent_and_was_sent_once(
    authority: Authority, server_tls: ssl.SSLContext, call: Call, answer: Answer
) -> None:
    async def program() -> None:
        # The first answer keeps the connection: aiohttp sends again what was sent on a kept one.
        async with RawVenue(server_tls, answering("{}"), answer, answering("{}")) as venue:

            async def work(client: VenueClient) -> Failure:
                await send(client, call)
                return await failing(client, call)

            patience_ms = 300 if answer is silent else 5_000
            failure = await with_client(venue.endpoint(authority.ca_file), work, patience_ms)

            assert failure.sent
            assert failure.status is None
            assert len(venue.seen) == 2

    asyncio.run(program())


@pytest.mark.parametrize("call", [PLACE, CANCEL], ids=lambda call: call.api)
def test_what_could_not_connect_was_not_sent(authority: Authority, server_tls: ssl.SSLContext, call: Call) -> None:
    async def program() -> None:
        async with RawVenue(server_tls) as venue:
            endpoint = venue.endpoint(authority.ca_file)

        failure = await with_client(endpoint, lambda client: failing(client, call))

        assert not failure.sent
        assert "ClientConnectorError" in failure.text

    asyncio.run(program())


def test_a_certificate_of_a_stranger_is_refused_before_anything_is_sent(
    stranger: Path, server_tls: ssl.SSLContext
) -> None:
    async def program() -> None:
        async with RawVenue(server_tls, answering("{}")) as venue:
            failure = await with_client(venue.endpoint(stranger), lambda client: failing(client, PLACE))

            assert not failure.sent
            assert "Certificate" in failure.text
            assert venue.seen == []

    asyncio.run(program())


@pytest.mark.parametrize("body", ["", "<html>busy</html>", '{"orderId":', "OK"])
@pytest.mark.parametrize("kind", ["application/json", "text/html", "application/octet-stream"])
def test_an_answer_that_is_no_json_is_unreadable_and_never_a_success(
    authority: Authority, server_tls: ssl.SSLContext, body: str, kind: str
) -> None:
    async def program() -> None:
        answer = answering(body, headers=f"Content-Type: {kind}\r\n")
        async with RawVenue(server_tls, answer) as venue:

            async def work(client: VenueClient) -> None:
                with pytest.raises(UnreadableAnswerError):
                    await send(client, PLACE)

            await with_client(venue.endpoint(authority.ca_file), work)

    asyncio.run(program())


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (
            answering('{"code":-1003,"msg":"Too many requests."}', status="429 No", headers="Retry-After: 7\r\n"),
            Failure(status=429, code="-1003", text="Too many requests.", retry_after_ms=7_000),
        ),
        (
            answering('{"code":-2010,"msg":"Duplicate order sent."}', status="400 Bad Request"),
            Failure(status=400, code="-2010", text="Duplicate order sent."),
        ),
        (
            answering("<html>busy</html>", status="502 Bad Gateway", headers="Content-Type: text/html\r\n"),
            Failure(status=502, code="", text="HTTP 502 <html>busy</html>"),
        ),
        (
            answering("", status="307 Elsewhere", headers="Location: https://evil.example/\r\n"),
            Failure(status=307, code="", text="HTTP 307"),
        ),
    ],
    ids=["throttled", "refused", "html", "redirect"],
)
def test_a_refusal_is_read_exactly(
    authority: Authority, server_tls: ssl.SSLContext, answer: Answer, failure: Failure
) -> None:
    async def program() -> None:
        async with RawVenue(server_tls, answer) as venue:
            assert (
                await with_client(venue.endpoint(authority.ca_file), lambda client: failing(client, PLACE)) == failure
            )
            assert len(venue.seen) == 1

    asyncio.run(program())


def test_no_failure_shows_a_secret_or_a_signature(authority: Authority, server_tls: ssl.SSLContext) -> None:
    async def program() -> None:
        telling = answering(f"no {API_KEY} {SECRET} signature=abcd https://api.binance.com/?a=b", status="500 No")
        async with RawVenue(server_tls, telling, dropping) as venue:

            async def work(client: VenueClient) -> tuple[Failure, Failure]:
                return await failing(client, LOOK), await failing(client, LOOK)

            told, lost = await with_client(venue.endpoint(authority.ca_file), work)

            assert told.text == "HTTP 500 no *** *** signature=*** ***"
            assert lost.text == "ServerDisconnectedError: Server disconnected"

    asyncio.run(program())


def test_a_cancelled_request_is_cancelled_and_the_client_goes_on(
    authority: Authority, server_tls: ssl.SSLContext
) -> None:
    async def program() -> None:
        arrived = asyncio.Event()

        async def telling(_: asyncio.StreamWriter) -> None:
            arrived.set()

        async with RawVenue(server_tls, telling, answering('{"orderId":7}')) as venue:

            async def work(client: VenueClient) -> Any:
                task = asyncio.ensure_future(send(client, PLACE))
                await arrived.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                return await send(client, PLACE)

            assert await with_client(venue.endpoint(authority.ca_file), work) == {"orderId": 7}

    asyncio.run(program())


def test_a_cancel_needs_no_connection_of_what_a_venue_does_not_answer(
    authority: Authority, server_tls: ssl.SSLContext
) -> None:
    orders = 120  # more than aiohttp opens connections by itself
    arrived = asyncio.Queue[None]()

    async def keeping(_: asyncio.StreamWriter) -> None:
        arrived.put_nowait(None)

    async def program() -> None:
        answers = [keeping] * (orders + READS_AT_ONCE)
        async with RawVenue(server_tls, *answers, answering('{"orderId":7}')) as venue:

            async def work(client: VenueClient) -> Any:
                look = Query(call=LOOK, read=lambda _: Page[int](items=()))
                waiting = [asyncio.ensure_future(send(client, PLACE)) for _ in range(orders)]
                waiting += [asyncio.ensure_future(client.read(look, deadline_s=60.0)) for _ in range(200)]
                async with asyncio.timeout(20):
                    for _ in answers:
                        await arrived.get()
                answer = await client.send(CANCEL, urgency=Urgency.CONTROL)
                assert venue.seen.count("GET /api/v3/order") == READS_AT_ONCE
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
                return answer

            assert await with_client(venue.endpoint(authority.ca_file), work, 60_000) == {"orderId": 7}

    asyncio.run(program())


def test_a_client_closes_twice_and_before_it_was_opened(authority: Authority) -> None:
    async def program() -> None:
        client = client_of(AiohttpTransport(Endpoint(host="127.0.0.1", port=1, ca_file=authority.ca_file)))

        await client.close()
        await client.open()
        await client.close()
        await client.close()

        with pytest.raises(RuntimeError, match="not open"):
            await send(client, PLACE)

    asyncio.run(program())


def test_an_endpoint_without_certificates_of_its_own_must_have_one_of_the_usual_authorities(
    server_tls: ssl.SSLContext,
) -> None:
    async def program() -> None:
        async with RawVenue(server_tls, answering("{}")) as venue:
            endpoint = Endpoint(host="127.0.0.1", port=venue.port)

            failure = await with_client(endpoint, lambda client: failing(client, PLACE))

            assert not failure.sent
            assert venue.seen == []

    asyncio.run(program())
