"""What ccxt would add to a request is not on the wire, what is ours is: no broker's name, our times, our windows."""

import json

import pytest

from actors.exchange.live.ports import Urgency
from actors.exchange.wire.contract import Call
from actors.runtime.virtual_time import START_NS, VirtualClock, run_virtually
from messages.units import SPOT
from tests.actors.exchange.live.doubles import (
    PASSPHRASE,
    Keys,
    MemorySession,
    MemoryTransport,
    Reply,
    Sent,
    SmallDialect,
    client_of,
)

START_MS = START_NS // 1_000_000
GOOD = '{"code":"0","retCode":0,"data":[]}'


def sent_for(venue: str, call: Call, *, sandbox: bool = False) -> Sent:
    async def program(clock: VirtualClock) -> Sent:
        session = MemorySession(lambda _: Reply(text_of=GOOD))
        client = client_of(
            MemoryTransport(session),
            SmallDialect(venue),
            clock=clock,
            keys=Keys(passphrase=PASSPHRASE),
            products=frozenset({SPOT}),
            sandbox=sandbox,
        )
        await client.open()
        await client.send(call, urgency=Urgency.ORDER)
        await client.close()
        return session.sent[0]

    return run_virtually(program)


def call_of(api: str, **params: object) -> Call:
    return Call(api=api, params=params, group="orders")


def test_bybit_hears_of_no_broker_and_of_our_window() -> None:
    sent = sent_for("bybit", call_of("privatePostV5OrderCreate", category="spot", orderLinkId="x1"))

    assert json.loads(sent.body) == {"category": "spot", "orderLinkId": "x1"}
    assert "Referer" not in sent.headers
    assert sent.headers["X-BAPI-RECV-WINDOW"] == "5000"
    assert sent.headers["X-BAPI-TIMESTAMP"] == str(START_MS)


def test_binance_hears_of_our_window_unless_the_request_has_its_own() -> None:
    usual = sent_for("binance", call_of("privateDeleteOrder", symbol="ETHUSDT", origClientOrderId="x1"))
    own = sent_for("binance", call_of("fapiPrivatePostOrder", newClientOrderId="x1", recvWindow=700))

    assert "symbol=ETHUSDT&origClientOrderId=x1&recvWindow=5000&" in usual.url
    assert own.body.startswith(f"timestamp={START_MS}&newClientOrderId=x1&recvWindow=700&signature=")


def test_okx_gets_its_deadline_as_a_header_that_is_not_signed() -> None:
    plain = sent_for("okx", call_of("privatePostTradeOrder", instId="ETH-USDT", clOrdId="x1"))
    dated = sent_for("okx", call_of("privatePostTradeOrder", instId="ETH-USDT", clOrdId="x1", expTime="1767225605000"))

    assert dated.headers["expTime"] == "1767225605000"
    assert dated.body == plain.body == '{"instId":"ETH-USDT","clOrdId":"x1"}'
    assert dated.headers["OK-ACCESS-SIGN"] == plain.headers["OK-ACCESS-SIGN"]
    assert "expTime" not in plain.headers


def test_okx_gets_no_tag_on_a_trigger_order_that_has_an_id_of_its_own_kind() -> None:
    sent = sent_for("okx", call_of("privatePostTradeOrderAlgo", instId="ETH-USDT", algoClOrdId="x1"))

    assert sent.url == "https://www.okx.com/api/v5/trade/order-algo"
    assert json.loads(sent.body) == {"instId": "ETH-USDT", "algoClOrdId": "x1"}


def test_okx_gets_a_list_where_it_wants_one() -> None:
    sent = sent_for("okx", call_of("privatePostTradeCancelAlgos", **{"[]": ({"instId": "ETH-USDT", "algoId": "1"},)}))

    assert json.loads(sent.body) == [{"instId": "ETH-USDT", "algoId": "1"}]


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_a_request_changes_nothing_in_the_call_it_was_made_from(venue: str) -> None:
    api = {"binance": "privatePostOrder", "bybit": "privatePostV5OrderCreate", "okx": "privatePostTradeOrder"}[venue]
    params = {"symbol": "ETHUSDT"}

    sent_for(venue, Call(api=api, params=params, group="orders"))

    assert params == {"symbol": "ETHUSDT"}


@pytest.mark.parametrize(
    ("venue", "api", "address"),
    [
        ("binance", "privatePostOrder", "https://testnet.binance.vision/api/v3/order"),
        ("bybit", "privatePostV5OrderCreate", "https://api-testnet.bybit.com/v5/order/create"),
        ("okx", "privatePostTradeOrder", "https://www.okx.com/api/v5/trade/order"),
    ],
)
def test_a_sandbox_is_never_production(venue: str, api: str, address: str) -> None:
    real = sent_for(venue, call_of(api, clOrdId="x1"))
    sandbox = sent_for(venue, call_of(api, clOrdId="x1"), sandbox=True)

    assert sandbox.url == address
    assert (real.url != address) or "x-simulated-trading" not in real.headers
    assert sandbox.headers.get("x-simulated-trading") == ("1" if venue == "okx" else None)
