"""The exchange answers every host of its venues over TLS, writes all of it down, and goes on where it was stopped."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors.errors import BadInputError
from messages.units import BUY, LAST, LIMIT, MARKET, PERP, SELL, SPOT
from ops.testbed.exchange.control import HOSTS
from ops.testbed.exchange.money import Kind, Withdrawal
from ops.testbed.exchange.running import LocalExchange, Settings
from ops.testbed.exchange.values import FUNDING, SPOT_WALLET, Placement, Trigger
from ops.testbed.exchange.venue import DialectMaker
from tests.ops.testbed.exchange.plain_dialect import BUDGET, HOST, PlainDialect
from tests.ops.testbed.exchange.started import Running, exchange, session

DIALECTS: dict[str, DialectMaker] = {"binance": PlainDialect}
PLAIN: dict[str, Any] = {"venues": ("binance",), "dialects": DIALECTS}


def test_requests_are_written_down_without_signatures(tmp_path: Path) -> None:
    async def run() -> None:
        async with exchange(tmp_path, **PLAIN) as running, running.session() as client:
            key = running.key("binance")
            url = f"https://{HOST}/lookup?a=1&signature=abc123&b=2"
            body = json.dumps({"id": "x9", "symbol": "ETHUSDT"})
            async with client.post(url, data=body, headers={"key": key.api_key}) as answer:
                assert answer.status == 400

            (row,) = running.rows("SELECT * FROM requests")
            assert (row["query"], row["path"], row["method"]) == ("a=1&signature=&b=2", "/lookup", "POST")
            assert (row["operation"], row["uid"]) == ("lookup", key.uid)
            assert (row["symbol"], row["client_order_id"]) == ("ETHUSDT", "x9")
            assert (row["status"], row["code"], row["faults"]) == (400, "ORDER_UNKNOWN", "")
            assert key.secret not in str(row)

    asyncio.run(run())


def everything(running: Running) -> None:
    """Do something of every kind."""
    engine, uid = running.engines["binance"], running.key("binance").uid
    spot, perp = running.market("binance", SPOT), running.market("binance", PERP)
    one = Decimal(1)
    placements = [
        Placement(market=perp, side=BUY, type=MARKET, amount=one, client_order_id="m1"),
        Placement(market=perp, side=BUY, type=LIMIT, amount=one, price=Decimal(2400), words={"a": "b"}),
        Placement(market=spot, side=BUY, type=LIMIT, amount=one, price=Decimal(2400), client_order_id="r1"),
        Placement(market=spot, side=SELL, type=MARKET, amount=one),
        Placement(
            market=perp,
            side=SELL,
            type=MARKET,
            amount=one,
            trigger=Trigger(by=LAST, rising=False, price=Decimal(2300)),
            client_order_id="t1",
        ),
    ]
    for placement in placements:
        engine.place(uid, placement)
    engine.pay_funding(perp)
    engine.set_leverage(uid, perp, Decimal(7))
    engine.set_setting(uid, "mode", "one-way")
    engine.transfer(uid, "USDT", one, source=SPOT_WALLET, target=FUNDING)
    withdrawal = Withdrawal(asset="USDT", amount=one, wallet=FUNDING, network="ETH", address="0x1")
    engine.withdraw(uid, withdrawal)


def state(running: Running) -> dict[str, object]:
    engine, uid = running.engines["binance"], running.key("binance").uid
    perp = running.market("binance", PERP)
    return {
        "orders": [engine.orders(uid, product) for product in (SPOT, PERP)],
        "open": [engine.open_orders(uid, product) for product in (SPOT, PERP)],
        "trades": [engine.trades(uid, product) for product in (SPOT, PERP)],
        "balances": [engine.balances(uid, wallet) for wallet in engine.rules.wallets],
        "position": engine.position(uid, perp),
        "bills": engine.bills(uid),
        "moves": [engine.moves(uid, kind) for kind in (Kind.TRANSFER, Kind.WITHDRAWAL)],
        "funding": engine.funding_history(perp),
        "setting": engine.setting(uid, "mode"),
        "key": running.key("binance"),
        "ca": running.ca_file.read_bytes(),
    }


def test_a_restart_finds_everything_as_it_was_left_and_goes_on_from_there(tmp_path: Path) -> None:
    async def run() -> None:
        async with exchange(tmp_path, **PLAIN) as running:
            everything(running)
            before = state(running)
            ids = {row["order_id"] for row in running.rows("SELECT order_id FROM orders WHERE product = 'PERP'")}
        async with exchange(tmp_path, **PLAIN) as running:
            assert state(running) == before
            engine, uid = running.engines["binance"], running.key("binance").uid
            perp = running.market("binance", PERP)
            new = engine.place(uid, Placement(market=perp, side=BUY, type=MARKET, amount=Decimal(1)))
            assert new.order_id not in ids
            running.move("binance", PERP, "2299")
            running.move("binance", SPOT, "2390")
            filled = engine.find(uid, running.market("binance", SPOT), client_order_id="r1")
            assert filled is not None
            assert filled.filled == 1
            assert engine.open_orders(uid, PERP) == engine.open_orders(uid, SPOT) == []

    asyncio.run(run())


def test_the_record_agrees_with_the_engine(tmp_path: Path) -> None:
    async def run() -> None:
        async with exchange(tmp_path, **PLAIN) as running:
            everything(running)
            engine, uid = running.engines["binance"], running.key("binance").uid

            for row in running.rows("SELECT * FROM balances"):
                balance = engine.balances(uid, row["wallet"])[row["asset"]]
                assert (Decimal(row["total"]), Decimal(row["held"])) == (balance.total, balance.held)
            sums = running.rows("SELECT wallet, asset, amount FROM bills")
            for row in running.rows("SELECT * FROM balances"):
                parts = [
                    Decimal(s["amount"]) for s in sums if (s["wallet"], s["asset"]) == (row["wallet"], row["asset"])
                ]
                assert sum(parts) == Decimal(row["total"])
            trades = running.rows("SELECT order_id, product, amount FROM trades")
            for row in running.rows("SELECT * FROM orders"):
                own = [t for t in trades if (t["order_id"], t["product"]) == (row["order_id"], row["product"])]
                assert sum(Decimal(t["amount"]) for t in own) == Decimal(row["filled"])

    asyncio.run(run())


def test_the_certificate_is_for_the_hosts_of_the_venues_and_for_no_other(tmp_path: Path) -> None:
    async def run() -> None:
        async with exchange(tmp_path, **PLAIN) as running, running.session() as client:
            async with client.post(f"https://{HOSTS[0]}/no-faults") as answer:
                assert answer.status == 200
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await client.get("https://api.example.com/")

    asyncio.run(run())


def test_a_host_of_nobody_is_told_so(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            exchange(tmp_path, **PLAIN) as running,
            running.session() as client,
            client.get(f"https://{HOST}/time", headers={"Host": "api.example.com"}) as answer,
        ):
            assert (answer.status, (await answer.json())["error"]) == (
                421,
                "api.example.com is none of the venues' hosts",
            )

    asyncio.run(run())


def test_two_exchanges_do_not_share_a_folder(tmp_path: Path) -> None:
    async def run() -> None:
        async with exchange(tmp_path, **PLAIN):
            with pytest.raises(BadInputError, match="a local exchange runs there already"):
                LocalExchange(Settings(state=tmp_path))
        LocalExchange(Settings(state=tmp_path, venues=("binance",)), dialects=DIALECTS).close()

    asyncio.run(run())


def test_limits_turn_away_and_a_factor_widens_them(tmp_path: Path) -> None:
    async def refusals(running: Running) -> int:
        async with session(running.port, running.ca_file) as client:
            headers = {"key": running.key("binance").api_key}
            statuses = []
            for _ in range(BUDGET.amount + 5):
                async with client.get(f"https://{HOST}/time", headers=headers) as answer:
                    statuses.append(answer.status)
            return statuses.count(429)

    async def run() -> None:
        async with exchange(tmp_path, **PLAIN) as running:
            assert await refusals(running) > 0
        async with exchange(tmp_path, factor=10, **PLAIN) as running:
            assert await refusals(running) == 0

    asyncio.run(run())


def test_a_session_is_told_that_its_connection_is_gone(tmp_path: Path) -> None:
    async def run() -> None:
        async with exchange(tmp_path, **PLAIN) as running, running.session() as client:
            headers = {"key": running.key("binance").api_key}
            async with client.ws_connect(f"wss://{HOST}/", headers=headers) as socket:
                await socket.send_str("hi")
                assert await socket.receive_str(timeout=5) == "heard hi"
                assert len(running.exchange.venue("binance").connections) == 1
                async with client.post(f"https://{HOSTS[0]}/cut", json={"venue": "binance"}) as answer:
                    assert (await answer.json())["result"] == 1
                assert (await socket.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(f"wss://{HOST}/", headers={"key": "nobody"})

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "asked", "said"),
    [
        ("/price", {"venue": "binance", "product": "perp", "symbol": "ETHUSDT", "price": "2345.6"}, "2345.6"),
        ("/price", {"venue": "binance", "product": "PERP", "symbol": "ETHUSDT", "price": "-1"}, "price: expected"),
        ("/price", {"venue": "kraken", "product": "PERP"}, "kraken is missing or unknown"),
        ("/price", {"venue": "binance", "product": "PERP", "symbol": "X", "price": 1}, "UNKNOWN_SYMBOL: X"),
        ("/funding", {"venue": "binance", "symbol": "ETHUSDT", "rate": "0.001"}, {"rate": "0.001", "mark": "2500"}),
        ("/deposit", {"venue": "binance", "asset": "USDT", "amount": "5"}, "10000001"),
        ("/deposit", {"venue": "binance", "asset": "USDT", "amount": "5", "wallet": "x"}, "wallet: expected one of"),
        ("/skew", {"venue": "binance", "ms": 500}, None),
        ("/faults", {"lines": [{"kind": "delay"}]}, 1),
        ("/faults", {"lines": [{"kind": "x"}]}, "kind: 'x', expected one of"),
        ("/nowhere", {}, "POST one of /price"),
    ],
)
def test_the_exchange_itself_can_be_asked(tmp_path: Path, path: str, asked: dict[str, Any], said: object) -> None:
    async def run() -> dict[str, Any]:
        async with (
            exchange(tmp_path, **PLAIN) as running,
            running.session() as client,
            client.post(f"https://{HOSTS[0]}{path}", json=asked) as answer,
        ):
            found = await answer.json()
            assert found["ok"] is (answer.status == 200)
            assert isinstance(found, dict)
            return found

    found = asyncio.run(run())
    if found["ok"]:
        assert found["result"] == said
    else:
        assert found["error"].startswith(said)
