"""Binance's own SDK is an independent client: what it asks and reads is the venue's protocol, not ours."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from binance.error import ClientError  # type: ignore[import-untyped]  # the SDK ships without types
from binance.spot import Spot  # type: ignore[import-untyped]  # as above

from messages.units import SPOT
from tests.ops.testbed.exchange.started import Running, exchange


def asked(state: Path, ask: Callable[[Spot, Running], None]) -> None:
    """Run the SDK, which blocks, beside the exchange."""

    async def run() -> None:
        async with exchange(state, venues=("binance",)) as running:
            running.move("binance", SPOT, "2500")
            key = running.key("binance")
            client = Spot(api_key=key.api_key, api_secret=key.secret, base_url=f"https://127.0.0.1:{running.port}")
            client.session.headers["Host"] = "api.binance.com"
            client.session.verify = str(running.ca_file)
            client.session.trust_env = False  # or the environment's authorities stand before ours
            try:
                await asyncio.to_thread(ask, client, running)
            finally:
                client.session.close()
                await asyncio.sleep(0.05)  # the exchange hears of it, and lets go of its side

    asyncio.run(run())


def refused(ask: Callable[[], Any]) -> tuple[int, int, str]:
    """Return status, code and text of a refusal; the error itself would keep the connection."""
    try:
        ask()
    except ClientError as error:
        return error.status_code, error.error_code, error.error_message
    raise AssertionError("it was not refused")


def test_markets_are_shown(tmp_path: Path) -> None:
    def ask(client: Spot, running: Running) -> None:
        info = client.exchange_info(symbol="ETHUSDT")
        filters = {each["filterType"]: each for each in info["symbols"][0]["filters"]}

        assert client.ping() == {}
        assert abs(client.time()["serverTime"] - running.engines["binance"].now_ms()) < 5_000
        assert filters["LOT_SIZE"]["stepSize"] == "0.00010000"
        assert (
            float(client.book_ticker("ETHUSDT")["bidPrice"]) < 2500 < float(client.book_ticker("ETHUSDT")["askPrice"])
        )
        assert client.ticker_price("ETHUSDT") == {"symbol": "ETHUSDT", "price": "2500.00000000"}
        assert len(client.depth("ETHUSDT", limit=5)["bids"]) == 5
        assert len(client.klines("ETHUSDT", "1h", limit=3)) == 3
        assert client.ticker_24hr("ETHUSDT")["lastPrice"] == "2500.00000000"
        assert client.avg_price("ETHUSDT")["mins"] == 5

    asked(tmp_path, ask)


def test_orders_live_their_lives(tmp_path: Path) -> None:
    def ask(client: Spot, _running: Running) -> None:
        common: dict[str, Any] = {"symbol": "ETHUSDT", "side": "BUY", "quantity": "0.01"}
        market = client.new_order(**common, type="MARKET", newClientOrderId="m1")
        limit = client.new_order(**common, type="LIMIT", timeInForce="GTC", price="2400", newClientOrderId="l1")
        open_ones = client.get_open_orders("ETHUSDT")
        client.cancel_order("ETHUSDT", origClientOrderId="l1")

        assert (market["status"], market["executedQty"], len(market["fills"])) == ("FILLED", "0.01000000", 1)
        assert (limit["status"], limit["fills"]) == ("NEW", [])
        assert [order["clientOrderId"] for order in open_ones] == ["l1"]
        assert client.get_order("ETHUSDT", orderId=limit["orderId"])["status"] == "CANCELED"
        assert [trade["orderId"] for trade in client.my_trades("ETHUSDT")] == [market["orderId"]]
        assert [order["clientOrderId"] for order in client.get_orders("ETHUSDT")] == ["m1", "l1"]

    asked(tmp_path, ask)


def test_an_amount_in_quote_is_spent(tmp_path: Path) -> None:
    def ask(client: Spot, _running: Running) -> None:
        order = client.new_order(symbol="ETHUSDT", side="BUY", type="MARKET", quoteOrderQty="100")

        assert order["status"] == "FILLED"
        assert 99 < float(order["cummulativeQuoteQty"]) <= 100

    asked(tmp_path, ask)


def test_the_account_and_the_wallet_are_shown(tmp_path: Path) -> None:
    def ask(client: Spot, running: Running) -> None:
        moved = client.user_universal_transfer(type="MAIN_UMFUTURE", asset="USDT", amount="12.5")
        history = client.user_universal_transfer_history(type="MAIN_UMFUTURE")

        assert client.account()["uid"] == int(running.key("binance").uid)
        assert client.api_key_permissions()["enableWithdrawals"] is False
        assert [row["tranId"] for row in history["rows"]] == [moved["tranId"]]
        assert client.deposit_history() == client.withdraw_history() == []
        assert {coin["coin"] for coin in client.coin_info()} >= {"USDT", "BTC", "ETH"}
        assert [row["asset"] for row in client.funding_wallet()] == ["USDT"]

    asked(tmp_path, ask)


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"price": "2400.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.001"}, -1013, "Filter failure: NOTIONAL"),
        ({"price": "20000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "1000"}, -2010, "Account has insufficient balance for requested action."),
        ({"symbol": "NOPEUSDT"}, -1121, "Invalid symbol."),
        ({"newClientOrderId": "no spaces"}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
        ({"type": "FANCY"}, -1116, "Invalid orderType."),
        ({"timeInForce": None}, -1102, "Mandatory parameter 'timeInForce' was not sent"),
        ({"recvWindow": 70_000}, -1130, "Data sent for parameter 'recvWindow' is not valid."),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "2400"}, -2010, "Stop price would trigger immediately."),
    ],
)
def test_refusals_are_the_venues(tmp_path: Path, changed: dict[str, Any], code: int, message: str) -> None:
    def ask(client: Spot, _running: Running) -> None:
        order = {"symbol": "ETHUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "2400"}
        said = refused(lambda: client.new_order(**{**order, "quantity": "0.01", **changed}))

        assert said[:2] == (400, code)
        assert said[2].startswith(message)

    asked(tmp_path, ask)


def test_who_is_not_known_is_turned_away(tmp_path: Path) -> None:
    def ask(client: Spot, running: Running) -> None:
        for key, secret, status, code in (
            ("unknown", "x", 401, -2015),
            (running.key("binance").api_key, "wrong", 400, -1022),
            ("", "x", 401, -2014),
        ):
            client.session.headers["X-MBX-APIKEY"], client.api_secret = key, secret

            assert refused(client.account)[:2] == (status, code)

    asked(tmp_path, ask)
