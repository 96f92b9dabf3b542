"""Reads are repeated until their deadline, and what changes something only while the venue certainly had it not.

The real ccxt on virtual time, with a session that never opens a socket.
"""
# ruff: noqa: ANN401 - answers are decoded JSON

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import pytest

from actors.exchange.live.client import SAMPLES, VenueClient
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.ports import Connection, Urgency
from actors.exchange.wire.contract import Call, NotSupportedError, Page, Query, UnreadableAnswerError
from actors.runtime.virtual_time import START_NS, VirtualClock, run_virtually
from messages.units import PERP, SPOT
from tests.actors.exchange.live.doubles import (
    MemorySession,
    MemoryTransport,
    Reply,
    Sent,
    SmallDialect,
    bucket,
    client_of,
    part_of,
)

START_MS = START_NS // 1_000_000
PLACE = Call(api="privatePostOrder", params={"symbol": "ETHUSDT", "newClientOrderId": "x1"}, group="orders")
OPEN = Call(api="privateGetOpenOrders", params={"symbol": "ETHUSDT"}, group="reads")
DONE = Reply(text_of='{"orderId":7}')
THROTTLED = Reply(status=429, text_of='{"code":-1003,"msg":"Too many."}', headers={"Retry-After": "1"})
OFF = Reply(status=400, text_of='{"code":-1021,"msg":"Timestamp."}')
REFUSED = Reply(status=400, text_of='{"code":-2010,"msg":"No."}')
LOST = Reply(status=504, text_of="<html>late</html>")
UNREADABLE = Reply(text_of="<html>busy</html>")
UNCONNECTED = aiohttp.ConnectionTimeoutError("no connection")

Script = Sequence[Reply | BaseException]


def playing(
    work: Callable[[VenueClient, MemorySession], Awaitable[None]],
    *replies: Reply | BaseException,
    dialect: SmallDialect | None = None,
    venue_ahead_ms: int = 0,
    trip_s: float = 0.0,
) -> None:
    """Run with a venue that gives these replies in turn, the last one for ever, and tells its time when asked."""
    left = list(replies)

    async def program(clock: VirtualClock) -> None:
        def answer(sent: Sent) -> Reply | BaseException:
            if sent.url.endswith("/time"):
                return Reply(text_of=f'{{"serverTime":{clock.wall_ns() // 1_000_000 + venue_ahead_ms}}}')
            return left.pop(0) if len(left) > 1 else left[0]

        async def travel() -> None:
            await asyncio.sleep(trip_s / 2)

        session = MemorySession(answer, before=travel)
        client = client_of(MemoryTransport(session), dialect, clock=clock)
        await client.open()
        try:
            await work(client, session)
        finally:
            await client.close()

    run_virtually(program)


def now() -> float:
    return asyncio.get_running_loop().time()


async def place(client: VenueClient, *, within_ms: int = 5_000) -> Any:
    return await client.send_surely_once(PLACE, urgency=Urgency.ORDER, deadline_ms=client.now_ms() + within_ms)


def orders(session: MemorySession) -> list[Sent]:
    return [sent for sent in session.sent if not sent.url.endswith("/time")]


def page(answer: Any) -> Page[int]:
    following = part_of(answer, "next")
    after = Query(call=OPEN, read=page) if following else None
    return Page(items=tuple(part_of(answer, "items")), next=after)


QUERY = Query(call=OPEN, read=page)
PAGE = Reply(text_of='{"items":[3],"next":false}')


def test_a_client_is_the_connection_that_the_actor_needs() -> None:
    client: Connection = client_of(MemoryTransport(MemorySession(lambda _: DONE)))

    assert client.skew_ms == 0
    assert not client.is_streaming


@pytest.mark.parametrize("refusal", [THROTTLED, UNCONNECTED, OFF], ids=["throttled", "not sent", "clock"])
def test_an_order_that_was_certainly_not_taken_is_sent_again(refusal: Reply | BaseException) -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        answer = await place(client)

        assert answer == {"orderId": 7}
        assert len(orders(session)) == 3
        assert 0 < now() < 5

    playing(work, refusal, refusal, DONE)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (REFUSED, RequestFailedError),
        (LOST, RequestFailedError),
        (UNREADABLE, UnreadableAnswerError),
        (aiohttp.ServerDisconnectedError(), RequestFailedError),
        (aiohttp.ServerTimeoutError(), RequestFailedError),
        (TimeoutError(), RequestFailedError),
        (KeyError("a bug in ccxt"), RequestFailedError),
    ],
    ids=["refused", "lost", "unreadable", "dropped", "silent", "late", "bug"],
)
def test_an_order_that_may_have_been_taken_or_was_refused_is_never_sent_again(
    reply: Reply | BaseException, error: type[Exception]
) -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        with pytest.raises(error):
            await place(client)

        assert len(orders(session)) == 1

    playing(work, reply, DONE)


def test_an_order_is_not_sent_again_after_an_attempt_whose_outcome_is_unknown() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        with pytest.raises(RequestFailedError) as caught:
            await place(client)

        assert caught.value.failure.status == 504
        assert len(orders(session)) == 2

    playing(work, THROTTLED, LOST, DONE)


def test_an_order_is_given_up_at_its_deadline_with_what_the_venue_said_last() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        with pytest.raises(RequestFailedError) as caught:
            await place(client, within_ms=3_500)

        assert caught.value.failure.code == "-1003"
        assert len(orders(session)) == 4
        assert now() <= 3.5

    playing(work, THROTTLED)


def test_what_the_limit_lets_out_only_after_the_deadline_is_not_sent() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        with pytest.raises(RequestFailedError):
            await place(client)
        with pytest.raises(RequestFailedError) as caught:
            await place(client, within_ms=500)

        assert not caught.value.failure.sent
        assert len(orders(session)) == 1

    playing(work, Reply(status=418, text_of="banned", headers={"Retry-After": "3600"}))


def test_the_clock_is_measured_before_an_order_is_sent_again_for_its_time() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        await place(client)

        first, second = orders(session)
        assert f"timestamp={START_MS}&" in first.body
        stamped = int(second.body.partition("timestamp=")[2].partition("&")[0])
        assert stamped - START_MS == pytest.approx(90_000 + now() * 1_000, abs=1)
        assert client.skew_ms == 90_000

    playing(work, OFF, DONE, venue_ahead_ms=90_000)


def test_many_orders_that_fail_for_their_time_measure_it_once() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        await asyncio.gather(*(place(client) for _ in range(5)))

        assert len(session.sent) - len(orders(session)) == SAMPLES

    playing(work, OFF, OFF, OFF, OFF, OFF, DONE, venue_ahead_ms=9_000)


def test_the_skew_is_measured_at_the_middle_of_the_way_there_and_back() -> None:
    async def work(client: VenueClient, _: MemorySession) -> None:
        assert await client.measure_skew() == -2_000 + 100
        assert client.skew_error_ms == 101
        assert client.now_ms() == START_MS + round(now() * 1_000) - 1_900

    # The venue is asked at the end of the way: its answer takes no time in this world.
    playing(work, DONE, venue_ahead_ms=-2_000, trip_s=0.4)


@pytest.mark.parametrize("failure", [LOST, UNREADABLE, THROTTLED, UNCONNECTED, OFF, TimeoutError()], ids=repr)
def test_a_read_is_repeated(failure: Reply | BaseException) -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        assert await client.read(QUERY) == (3,)
        assert len(orders(session)) == 3

    playing(work, failure, failure, PAGE)


def test_a_read_that_is_refused_is_not_repeated() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        with pytest.raises(RequestFailedError) as caught:
            await client.read(QUERY)

        assert caught.value.failure.code == "-2010"
        assert len(orders(session)) == 1

    playing(work, REFUSED, PAGE)


def test_a_read_ends_at_its_deadline_with_the_last_failure() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        with pytest.raises(RequestFailedError) as caught:
            await client.read(QUERY, deadline_s=4.0)

        assert caught.value.failure.status == 504
        assert now() <= 4.0
        assert 4 < len(orders(session)) < 12

    playing(work, LOST)


def test_a_read_that_nobody_answers_ends_at_its_deadline() -> None:
    async def work(client: VenueClient, _: MemorySession) -> None:
        with pytest.raises(RequestFailedError) as caught:
            await client.read(QUERY, deadline_s=4.0)

        assert caught.value.failure.sent
        assert now() == pytest.approx(4.0)

    playing(work, PAGE, trip_s=60.0)


def test_all_pages_are_read_and_a_failure_repeats_one_of_them() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        assert await client.read(QUERY) == (1, 2, 3)
        assert len(orders(session)) == 4

    first, second = Reply(text_of='{"items":[1],"next":true}'), Reply(text_of='{"items":[2],"next":true}')
    playing(work, first, LOST, second, PAGE)


def test_pages_without_an_end_are_unreadable() -> None:
    async def work(client: VenueClient, _: MemorySession) -> None:
        with pytest.raises(UnreadableAnswerError):
            await client.read(QUERY, deadline_s=10_000.0)

    playing(work, Reply(text_of='{"items":[1],"next":true}'))


def test_a_code_that_means_absent_is_an_empty_answer() -> None:
    async def work(client: VenueClient, _: MemorySession) -> None:
        query = Query(call=OPEN, read=page, absent=frozenset({"-2010"}))

        assert await client.read(query) == ()

    playing(work, REFUSED)


def test_a_cancel_leaves_at_once_while_two_hundred_reads_wait() -> None:
    async def work(client: VenueClient, session: MemorySession) -> None:
        reads = [asyncio.ensure_future(client.read(QUERY, deadline_s=600.0)) for _ in range(200)]
        await asyncio.sleep(1)
        before = now()

        await client.send(Call(api=OPEN.api, params={}, group="reads"), urgency=Urgency.CONTROL)

        assert now() == before
        assert len(session.sent) < 50
        await asyncio.gather(*reads)

    playing(work, PAGE, dialect=SmallDialect(buckets={"reads": (bucket(20),), "orders": (bucket(20),)}))


def test_used_weight_that_the_venue_tells_slows_the_reads_down() -> None:
    async def work(client: VenueClient, _: MemorySession) -> None:
        await client.read(QUERY)
        before = now()

        await client.read(QUERY, deadline_s=100.0)

        assert before < 1
        assert now() == pytest.approx(60.05)

    headers = {"Content-Type": "application/json", "x-mbx-used-weight-1m": "5999"}
    limit = bucket(6_000, 60_000, header="X-MBX-USED-WEIGHT-1M")
    used = Reply(text_of=PAGE.text_of, headers=headers)
    playing(work, used, dialect=SmallDialect(buckets={"reads": (limit,), "orders": (bucket(),)}))


def test_there_is_no_sandbox_for_perps_of_binance() -> None:
    transport = MemoryTransport(MemorySession(lambda _: DONE))

    with pytest.raises(NotSupportedError, match="no sandbox for perps"):
        client_of(transport, SmallDialect("binance"), products=frozenset({SPOT, PERP}), sandbox=True)


def test_a_client_shows_nothing_of_its_keys() -> None:
    assert repr(client_of(MemoryTransport(MemorySession(lambda _: DONE)))) == "VenueClient(binance)"
