"""The streams of the local OKX say what its orders, balances, positions and books do, as execd's dialect reads it."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors.exchange.wire.contract import OrderStatus, Update
from actors.exchange.wire.okx import OKX
from messages.units import MARKET, PERP, SPOT, STOP_MARKET, TRAILING_STOP, Price, Rate, Side
from tests.ops.testbed.exchange.okx_desk import WS, D, Desk, desk, intent, known

WAIT_S = 20


class Line:
    """One connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, at: Desk) -> None:
        self._socket = socket
        self._at = at

    async def say(self, op: str, *args: Any) -> Any:  # noqa: ANN401 - any JSON
        await self._socket.send_str(json.dumps({"id": "7", "op": op, "args": list(args)}))
        return await self.hear()

    async def raw(self, text: str) -> str:
        await self._socket.send_str(text)
        found: str = await self._socket.receive_str()
        return found

    async def hear(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(await self._socket.receive_str())

    async def update(self) -> Update:
        """Hear a frame as execd reads it."""
        its = (self._at.spot, self._at.perp)
        return OKX.frame(await self.hear(), {(each.trade_type, each.symbol): each for each in its})

    async def login(self, **changes: str) -> Any:  # noqa: ANN401 - any JSON
        key = self._at.key
        stamp = changes.get("timestamp", str(self._at.now_ms // 1000))
        signed = hmac.new(key.secret.encode(), f"{stamp}GET/users/self/verify".encode(), hashlib.sha256).digest()
        said = {
            "apiKey": key.api_key,
            "passphrase": key.passphrase,
            "timestamp": stamp,
            "sign": base64.b64encode(signed).decode(),
        }
        return await self.say("login", said | changes)


Play = Callable[[Desk, Line], Awaitable[None]]


def run(tmp_path: Path, play: Play, *, path: str = "private") -> None:
    async def main() -> None:
        async with desk(tmp_path) as at, at.session.ws_connect(f"{WS}/{path}") as socket:
            await asyncio.wait_for(play(at, Line(socket, at)), WAIT_S)

    asyncio.run(main())


LOGINS = [
    ({"apiKey": "nobody"}, "60005"),
    ({"passphrase": "wrong"}, "60024"),
    ({"sign": "bm90IGl0"}, "60007"),
    ({"timestamp": "1"}, "60006"),
    ({"timestamp": "x"}, "60004"),
]


@pytest.mark.parametrize(("changes", "code"), LOGINS)
def test_who_is_not_logged_in(tmp_path: Path, changes: dict[str, str], code: str) -> None:
    async def play(at: Desk, line: Line) -> None:
        del at
        answer = await line.login(**changes)

        refused = await line.say("subscribe", {"channel": "orders", "instType": "ANY"})
        assert (answer["event"], answer["code"]) == ("error", code)
        assert refused["code"] == "60011"

    run(tmp_path, play)


def test_words_that_make_no_sense(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        del at
        assert await line.raw("ping") == "pong"
        assert json.loads(await line.raw("{"))["code"] == "60012"
        assert (await line.say("dance"))["code"] == "60028"
        assert (await line.say("subscribe", "orders"))["code"] == "60013"
        assert (await line.say("subscribe", {"channel": "tickers", "instId": "ETH-USDT"}))["code"] == "60018"
        assert (await line.say("subscribe", {"channel": "orders-algo", "instType": "ANY"}))["code"] == "64001"

    run(tmp_path, play)


def test_an_order_lives_on_the_stream_as_in_the_look_ups(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        await line.login()
        subscribed = await line.say("subscribe", {"channel": "orders", "instType": "ANY"})
        order = intent(at.perp, "a1")
        order_id = await at.place(order, at.perp)
        placed = await line.update()
        at.running.move("okx", PERP, "2400")
        filled = await line.update()

        (seen,) = await at.read(OKX.look_up(known(order), at.perp))
        trades = await at.read(OKX.trades_of(known(order, order_id=order_id), at.perp))
        assert (subscribed["event"], subscribed["id"]) == ("subscribe", "7")
        assert (placed.orders[0].status, placed.trades) == (OrderStatus.OPEN, ())
        assert filled.orders == (seen,)
        assert list(filled.trades) == trades
        assert (placed.touched, filled.touched) == ((), ())

    run(tmp_path, play)


def test_an_order_of_another_product_is_not_heard(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        await line.login()
        await line.say("subscribe", {"channel": "orders", "instType": "SWAP"})
        await at.place(intent(at.spot, "a1"), at.spot)
        await at.place(intent(at.perp, "a2"), at.perp)

        (seen,) = (await line.update()).orders
        assert seen.client_order_id == "a2"

    run(tmp_path, play)


def test_a_stop_is_heard_on_the_business_line_and_its_child_on_the_private_one(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        await line.login()
        await line.say("subscribe", {"channel": "orders-algo", "instType": "ANY"})
        async with at.session.ws_connect(f"{WS}/private") as socket:
            private = Line(socket, at)
            await private.login()
            await private.say("subscribe", {"channel": "orders", "instType": "ANY"})
            order = intent(
                at.perp, "a1", order_type=STOP_MARKET, price=None, trigger_price=Price(D(2400)), side=Side.SELL
            )
            algo_id = await at.place(order, at.perp)
            waiting = await line.update()
            at.running.move("okx", PERP, "2399")
            triggered = await line.update()
            child = await private.update()
            filled = await private.update()

        assert waiting.orders[0].status is OrderStatus.WAITING
        assert (triggered.orders[0].triggered, triggered.touched) == (True, ("a1",))
        assert child.orders[0].child == triggered.orders[0].child
        assert (child.orders[0].order_id, child.orders[0].client_order_id) == (algo_id, "a1")
        assert (filled.orders[0].status, filled.trades[0].client_order_id) == (OrderStatus.FILLED, "a1")

    run(tmp_path, play, path="business")


def test_a_trailing_stop_is_heard_on_its_own_channel(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        await line.login()
        await line.say("subscribe", {"channel": "algo-advance", "instType": "ANY"})
        order = intent(at.spot, "a1", order_type=TRAILING_STOP, price=None, trail_bps=Rate(D(100)), side=Side.SELL)
        await at.place(order, at.spot)
        waiting = await line.update()
        at.running.move("okx", SPOT, "2400")
        triggered = await line.update()

        assert (waiting.orders[0].status, waiting.orders[0].client_order_id) == (OrderStatus.WAITING, "a1")
        assert triggered.orders[0].triggered

    run(tmp_path, play, path="business")


def test_balances_positions_and_funding(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        await line.login()
        firsts: list[Any] = []
        for arg in ({"channel": "account"}, {"channel": "positions", "instType": "ANY"}):
            await line.say("subscribe", arg)
            firsts.append(await line.hear())
        await at.place(intent(at.perp, "a1", order_type=MARKET, price=None), at.perp)
        heard = [await line.hear() for _ in range(2)]
        await line.say("unsubscribe", {"channel": "account"}, {"channel": "positions", "instType": "ANY"})

        details = {row["ccy"]: row for row in firsts[0]["data"][0]["details"]}
        assert details["USDT"]["cashBal"] == "200000"
        assert firsts[1]["data"] == []
        assert {frame["arg"]["channel"] for frame in heard} <= {"account", "positions"}

    run(tmp_path, play)


def test_a_funding_payment_is_told_as_one(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        await at.place(intent(at.perp, "a1", order_type=MARKET, price=None), at.perp)
        await line.login()
        await line.say("subscribe", {"channel": "balance_and_position"})
        snapshot = await line.hear()
        at.running.engines["okx"].pay_funding(at.running.market("okx", PERP), D("0.0001"))
        update = await line.update()

        assert snapshot["data"][0]["eventType"] == "snapshot"
        assert [row["pos"] for row in snapshot["data"][0]["posData"]] == ["5"]
        assert update.funding

    run(tmp_path, play)


def test_a_book_and_its_changes_add_up(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        answer = await line.say("subscribe", {"channel": "books", "instId": "ETH-USDT-SWAP"})
        first = await line.hear()
        await at.place(intent(at.perp, "a1", price=Price(D("2490.01"))), at.perp)
        second = await line.hear()

        assert (answer["event"], first["action"], second["action"]) == ("subscribe", "snapshot", "update")
        assert second["data"][0]["prevSeqId"] == first["data"][0]["seqId"]
        assert ["2490.01", "5", "0", "1"] in second["data"][0]["bids"]

    run(tmp_path, play, path="public")


def test_the_best_prices_are_told_when_they_change(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        await line.say("subscribe", {"channel": "bbo-tbt", "instId": "ETH-USDT"})
        first = await line.hear()
        at.running.move("okx", SPOT, "2600")
        second = await line.hear()

        assert float(first["data"][0]["bids"][0][0]) < 2500 < float(first["data"][0]["asks"][0][0])
        assert float(second["data"][0]["bids"][0][0]) < 2600 < float(second["data"][0]["asks"][0][0])

    run(tmp_path, play, path="public")


PUBLIC = [
    ("public", {"channel": "tickers", "instId": "ETH-USDT"}, "last"),
    ("public", {"channel": "books5", "instId": "ETH-USDT"}, "asks"),
    ("public", {"channel": "mark-price", "instId": "ETH-USDT-SWAP"}, "markPx"),
    ("public", {"channel": "funding-rate", "instId": "ETH-USDT-SWAP"}, "fundingRate"),
]


@pytest.mark.parametrize(("path", "arg", "key"), PUBLIC)
def test_what_everybody_hears_at_once(tmp_path: Path, path: str, arg: dict[str, str], key: str) -> None:
    async def play(at: Desk, line: Line) -> None:
        del at
        await line.say("subscribe", arg)

        frame = await line.hear()
        assert frame["arg"] == arg
        assert key in frame["data"][0]

    run(tmp_path, play, path=path)


def test_candles(tmp_path: Path) -> None:
    async def play(at: Desk, line: Line) -> None:
        del at
        await line.say("subscribe", {"channel": "candle1m", "instId": "ETH-USDT"})

        (row,) = (await line.hear())["data"]
        assert (len(row), row[8]) == (9, "0")

    run(tmp_path, play, path="business")


def test_nobody_opens_another_path(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as at:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await at.session.ws_connect(f"{WS}/nothing")

    asyncio.run(main())
