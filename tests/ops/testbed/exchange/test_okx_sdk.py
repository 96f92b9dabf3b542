"""OKX's own SDK, python-okx, trades at the local exchange: a client that neither ccxt nor execd had a hand in.

It knows no resolver and no CA of its own: in its thread OKX's names lead to the exchange, and the environment names the
CA as for any program.
"""

import asyncio
import importlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from messages.units import PERP
from tests.ops.testbed.exchange.started import Running, exchange

# The SDK hands its bodies to httpx by a name that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
WAIT_S = 30


def led_here(monkeypatch: pytest.MonkeyPatch, running: Running) -> None:
    """Lead OKX's host names to this machine, and trust the exchange's CA."""
    real = socket.getaddrinfo

    def find(host: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as the real one
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if str(name).endswith(".okx.com") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, play: Callable[[Running], Any]) -> None:
    async def main() -> None:
        async with exchange(tmp_path, venues=("okx",)) as running:
            led_here(monkeypatch, running)
            await asyncio.wait_for(play(running), WAIT_S)

    asyncio.run(main())


def made(running: Running, module: str, name: str) -> Any:  # noqa: ANN401 - the SDK ships no types
    """Return one of the SDK's clients."""
    key = running.key("okx")
    make = getattr(importlib.import_module(f"okx.{module}"), name)
    domain = f"https://www.okx.com:{running.port}"
    return make(key.api_key, key.secret, key.passphrase, flag="0", domain=domain, debug=False)


def test_it_trades_spot_and_perps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(running: Running) -> dict[str, Any]:
        trade, account = made(running, "Trade", "TradeAPI"), made(running, "Account", "AccountAPI")
        spot, perp = {"instId": "ETH-USDT"}, {"instId": "ETH-USDT-SWAP"}
        told = {
            "mode": account.set_position_mode("net_mode"),
            "leverage": account.set_leverage(lever="4", mgnMode="cross", **perp),
            "placed": trade.place_order(
                tdMode="cash", side="buy", ordType="limit", px="2450", sz="0.1", clOrdId="mine1", **spot
            ),
            "found": trade.get_order(clOrdId="mine1", **spot),
            "amended": trade.amend_order(clOrdId="mine1", newSz="0.2", **spot),
            "open": trade.get_order_list(instType="SPOT"),
            "cancelled": trade.cancel_order(clOrdId="mine1", **spot),
            "again": trade.cancel_order(clOrdId="mine1", **spot),
            "sold": trade.place_order(tdMode="cross", side="sell", ordType="market", sz="3", **perp),
            "positions": account.get_positions(instType="SWAP"),
            "fills": trade.get_fills(instType="SWAP"),
            "balance": account.get_account_balance(ccy="USDT"),
            "config": account.get_account_config(),
            "bills": account.get_account_bills(instType="SWAP"),
            "leverages": account.get_leverage(mgnMode="cross", **perp),
        }
        trade.close()
        account.close()
        return told

    async def play(running: Running) -> None:
        told = await asyncio.to_thread(work, running)

        assert {name for name, answer in told.items() if answer["code"] != "0"} == {"again"}
        assert told["again"]["data"][0]["sCode"] == "51400"
        assert told["found"]["data"][0]["ordId"] == told["placed"]["data"][0]["ordId"]
        assert [row["sz"] for row in told["open"]["data"]] == ["0.2"]
        assert [row["pos"] for row in told["positions"]["data"]] == ["-3"]
        assert [row["fillSz"] for row in told["fills"]["data"]] == ["3"]
        assert [row["lever"] for row in told["leverages"]["data"]] == ["4"]
        assert told["config"]["data"][0]["uid"] == running.key("okx").uid
        assert [row["ccy"] for row in told["balance"]["data"][0]["details"]] == ["USDT"]

    run(tmp_path, monkeypatch, play)


def test_it_places_and_cancels_a_stop_and_orders_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(running: Running) -> dict[str, Any]:
        trade = made(running, "Trade", "TradeAPI")
        perp = {"instId": "ETH-USDT-SWAP"}
        stop = trade.place_algo_order(
            tdMode="cross",
            side="sell",
            ordType="conditional",
            sz="1",
            slTriggerPx="2400",
            slOrdPx="-1",
            algoClOrdId="s1",
            **perp,
        )
        algo = {"algoId": stop["data"][0]["algoId"], **perp}
        order = {**perp, "tdMode": "cross", "side": "buy", "ordType": "limit", "px": "2450", "sz": "1"}
        told = {
            "stop": stop,
            "listed": trade.order_algos_list(ordType="conditional"),
            "found": trade.get_algo_order_details(algoClOrdId="s1"),
            "cancelled": trade.cancel_algo_order([algo]),
            "history": trade.order_algos_history(ordType="conditional", state="canceled"),
            "batch": trade.place_multiple_orders([order | {"clOrdId": "b1"}, order | {"clOrdId": "b2"}]),
            "unbatch": trade.cancel_multiple_orders([{**perp, "clOrdId": "b1"}, {**perp, "clOrdId": "b2"}]),
            "orders": trade.get_orders_history(instType="SWAP"),
        }
        trade.close()
        return told

    async def play(running: Running) -> None:
        told = await asyncio.to_thread(work, running)

        assert {answer["code"] for answer in told.values()} == {"0"}
        ids = [told[name]["data"][0]["algoId"] for name in ("stop", "listed", "found", "cancelled", "history")]
        assert len(set(ids)) == 1
        assert [row["clOrdId"] for row in told["orders"]["data"]] == ["b2", "b1"]

    run(tmp_path, monkeypatch, play)


def test_it_reads_prices_and_moves_money(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(running: Running) -> dict[str, Any]:
        market, public = made(running, "MarketData", "MarketAPI"), made(running, "PublicData", "PublicAPI")
        funding = made(running, "Funding", "FundingAPI")
        told = {
            "ticker": market.get_ticker("ETH-USDT"),
            "tickers": market.get_tickers("SWAP"),
            "book": market.get_orderbook("ETH-USDT", sz="5"),
            "candles": market.get_candlesticks("ETH-USDT", bar="1m", limit="5"),
            "trades": market.get_trades("ETH-USDT"),
            "instruments": public.get_instruments("SPOT"),
            "time": public.get_system_time(),
            "mark": public.get_mark_price("SWAP"),
            "rate": public.get_funding_rate("ETH-USDT-SWAP"),
            "moved": funding.funds_transfer("USDT", "10", "6", "18"),
            "funds": funding.get_balances("USDT"),
            "deposits": funding.get_deposit_history(),
            "withdrawals": funding.get_withdrawal_history(),
        }
        for client in (market, public, funding):
            client.close()
        return told

    async def play(running: Running) -> None:
        told = await asyncio.to_thread(work, running)

        assert {answer["code"] for answer in told.values()} == {"0"}
        assert told["ticker"]["data"][0]["last"] == "2500"
        assert len(told["candles"]["data"]) == 5
        assert [row["bal"] for row in told["funds"]["data"]] == ["9990"]

    run(tmp_path, monkeypatch, play)


def test_its_streams_hear_of_an_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(running: Running) -> None:
        key = running.key("okx")
        make = importlib.import_module("okx.websocket.WsPrivateAsync").WsPrivateAsync
        stream = make(key.api_key, key.passphrase, key.secret, f"wss://ws.okx.com:{running.port}/ws/v5/private")
        heard: asyncio.Queue[Any] = asyncio.Queue()

        def hear(message: str) -> None:
            heard.put_nowait(json.loads(message))

        stream.callback = hear
        consuming = await stream.start()
        await stream.login()
        login = await heard.get()
        await stream.send("subscribe", [{"channel": "orders", "instType": "ANY"}], hear)
        subscribed = await heard.get()
        trade = made(running, "Trade", "TradeAPI")
        await asyncio.to_thread(
            trade.place_order,
            instId="ETH-USDT-SWAP",
            tdMode="cross",
            side="buy",
            ordType="market",
            sz="2",
            clOrdId="mine1",
        )
        trade.close()
        frames = [await heard.get(), await heard.get()]
        await stream.stop()
        await consuming

        assert (login["event"], login["code"]) == ("login", "0")
        assert subscribed["event"] == "subscribe"
        rows = [frame["data"][0] for frame in frames]
        assert [(row["clOrdId"], row["state"]) for row in rows] == [("mine1", "live"), ("mine1", "filled")]
        assert (rows[1]["fillSz"], rows[1]["fillFeeCcy"], bool(rows[1]["tradeId"])) == ("2", "USDT", True)
        assert len(running.engines["okx"].positions(key.uid)) == 1
        assert running.engines["okx"].positions(key.uid)[0].market.product is PERP

    run(tmp_path, monkeypatch, play)
