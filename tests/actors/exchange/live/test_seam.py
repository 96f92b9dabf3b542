"""One order goes through the real ccxt on a virtual-time loop without sockets: the seam that simulations stand on.

Everything is real but the session: dialect, limits, ccxt's signature, ccxt's reading of the answer. A simulation gives
the client a `Transport` whose session never opens a socket and a `Clock`, and the same program runs the same way every
time, as fast as it can be computed.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import pytest

from actors.exchange.live.ports import Urgency
from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import Dialect, Market
from actors.exchange.wire.okx import OKX
from actors.runtime.virtual_time import START_NS, VirtualClock, run_virtually
from messages.orders import OrderSubmitted
from messages.units import (
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    OrderId,
    OrderType,
    Price,
    Side,
    TradeType,
    VenueName,
)
from tests.actors.exchange.live.doubles import (
    API_KEY,
    PASSPHRASE,
    SECRET,
    Keys,
    MemorySession,
    MemoryTransport,
    Reply,
    Sent,
    client_of,
)
from tests.actors.exchange.live.memory_socket import Dialled, MemorySocket
from tests.actors.exchange.wire.markets import sample

START_MS = START_NS // 1_000_000
SHORTLY_S = 3_600 * 24
ISO = "2026-01-02T00:00:00.000Z"


def market(venue: str, symbol: str) -> Market:
    return sample(venue, TradeType.PERP, symbol=symbol, contract_size="0.1" if venue == "okx" else "1")


def limit_order(venue: str) -> OrderSubmitted:
    return OrderSubmitted(
        instruction_id=InstructionId("i1"),
        client_order_id=ClientOrderId("x7Fh2kQ9bLm4Np8Rs3Tv6Wy1Zc5Xd0G"),
        venue=VenueName(venue),
        instrument=InstrumentId(f"{venue}:ETHUSDT-PERP"),
        side=Side.BUY,
        amount=BaseAmount(Decimal("0.3")),
        order_type=OrderType.LIMIT,
        price=Price(Decimal("2999.5")),
        reduce_only=False,
        reference_price=Price(Decimal(3000)),
        held_asset=Asset("USDT"),
        held_amount=Amount(Decimal(900)),
    )


def hexed(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def binance_signed(sent: Sent) -> bool:
    query, _, signature = sent.body.partition("&signature=")
    return sent.headers["X-MBX-APIKEY"] == API_KEY and signature == hexed(query)


def bybit_signed(sent: Sent) -> bool:
    stamped = sent.headers["X-BAPI-TIMESTAMP"] + API_KEY + sent.headers["X-BAPI-RECV-WINDOW"] + sent.body
    return sent.headers["X-BAPI-SIGN"] == hexed(stamped)


def okx_signed(sent: Sent) -> bool:
    path = sent.url.removeprefix("https://www.okx.com")
    stamped = sent.headers["OK-ACCESS-TIMESTAMP"] + sent.method + path + sent.body
    digest = hmac.new(SECRET.encode(), stamped.encode(), hashlib.sha256).digest()
    return sent.headers["OK-ACCESS-SIGN"] == base64.b64encode(digest).decode()


class Case(NamedTuple):
    dialect: Dialect
    symbol: str
    url: str
    answer: dict[str, object]
    signed: Callable[[Sent], bool]
    stamp: str


CLIENT = limit_order("okx").client_order_id
CASES = {
    "binance": Case(
        BINANCE,
        "ETHUSDT",
        "https://fapi.binance.com/fapi/v1/order",
        {
            "orderId": 77,
            "symbol": "ETHUSDT",
            "status": "NEW",
            "clientOrderId": CLIENT,
            "price": "2999.50",
            "avgPrice": "0.00",
            "origQty": "0.300",
            "executedQty": "0.000",
            "cumQuote": "0",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "origType": "LIMIT",
            "reduceOnly": False,
            "side": "BUY",
            "positionSide": "BOTH",
            "stopPrice": "0",
            "updateTime": START_MS,
        },
        binance_signed,
        f"timestamp={START_MS + SHORTLY_S * 1000}&",
    ),
    "bybit": Case(
        BYBIT,
        "ETHUSDT",
        "https://api.bybit.com/v5/order/create",
        {
            "retCode": 0,
            "retMsg": "OK",
            "result": {"orderId": "77", "orderLinkId": CLIENT},
            "retExtInfo": {},
            "time": START_MS,
        },
        bybit_signed,
        str(START_MS + SHORTLY_S * 1000),
    ),
    "okx": Case(
        OKX,
        "ETH-USDT-SWAP",
        "https://www.okx.com/api/v5/trade/order",
        {"code": "0", "msg": "", "data": [{"ordId": "77", "clOrdId": CLIENT, "sCode": "0", "sMsg": "", "tag": ""}]},
        okx_signed,
        ISO,
    ),
}


@pytest.mark.parametrize("venue", CASES)
def test_one_order_through_the_real_ccxt_on_virtual_time_without_sockets(venue: str) -> None:
    case = CASES[venue]

    async def program(clock: VirtualClock) -> tuple[OrderId, Sent]:
        session = MemorySession(lambda _: Reply(text_of=json.dumps(case.answer)))
        client = client_of(MemoryTransport(session), case.dialect, clock=clock, keys=Keys(passphrase=PASSPHRASE))
        await client.open()
        clock.set_forward(SHORTLY_S * 1_000_000_000)
        now_ms, rules, intent = client.now_ms(), market(venue, case.symbol), limit_order(venue)

        call = case.dialect.place(intent, rules, now_ms=now_ms, validity_ms=5_000)
        answer = await client.send_surely_once(call, urgency=Urgency.ORDER, deadline_ms=now_ms + 5_000)
        placed = case.dialect.placed(answer, intent, rules)

        await client.close()
        return placed.order_id, session.sent[0]

    order_id, sent = run_virtually(program)

    assert order_id == "77"
    assert (sent.method, sent.url) == ("POST", case.url)
    assert case.signed(sent)
    assert case.stamp in sent.body or case.stamp in sent.headers.values()
    assert intent_id_in(sent)
    assert run_virtually(program) == (order_id, sent)


def subscribing(text: str) -> list[str]:
    said = json.loads(text)
    if said["op"] == "auth":
        return ['{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}']
    return [json.dumps({"success": True, "ret_msg": "", "conn_id": "c", "req_id": said["req_id"], "op": said["op"]})]


def test_private_frames_come_through_the_real_ccxt_on_virtual_time_without_sockets() -> None:
    frame = {"topic": "order", "creationTime": 1, "data": [{"orderId": "77"}]}

    async def program(clock: VirtualClock) -> list[tuple[float, object]]:
        loop = asyncio.get_running_loop()
        sockets: list[MemorySocket] = []
        heard: list[tuple[float, object]] = []
        tasks: list[asyncio.Task[None]] = []

        def dial(url: str, **_: object) -> Dialled:
            assert url == "wss://stream.bybit.com/v5/private"
            sockets.append(MemorySocket(subscribing))
            return Dialled(sockets[-1])

        session = MemorySession(lambda _: Reply(text_of=""))
        session.ws_connect = dial
        client = client_of(MemoryTransport(session), BYBIT, clock=clock)
        await client.open(markets={})
        client.watch(
            on_frame=lambda frame: heard.append((loop.time(), frame)),
            on_gap=lambda gap: heard.append((loop.time(), gap)),
            start=lambda work, name: tasks.append(loop.create_task(work, name=name)),
        )
        await asyncio.sleep(3_600)
        sockets[0].say(json.dumps(frame))
        await asyncio.sleep(3_600)
        sockets[0].hang_up()
        await asyncio.sleep(3_600)
        sockets[1].say(json.dumps(frame))
        await asyncio.sleep(1)

        assert client.is_streaming
        for task in tasks:
            task.cancel()
        await client.close()
        return heard

    heard = run_virtually(program)

    up = "bybit stream: up"
    lost = "bybit stream: Connection closed by remote server, closing code 1001"
    assert [what for _, what in heard] == [up, frame, lost, up, frame]
    assert [int(at) for at, _ in heard] == [0, 3_600, 7_200, 7_200, 10_800]
    assert run_virtually(program) == heard


def intent_id_in(sent: Sent) -> bool:
    return CLIENT in sent.body
