"""The local OKX looks at who asks and until when, and says no in OKX's own codes and places."""

from pathlib import Path
from typing import Any

import pytest

from messages.units import PERP
from ops.testbed.exchange.contract import Op, Request
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.okx.dialect import OkxDialect
from tests.ops.testbed.exchange.okx_desk import ORDER, STOP, SWAP, Desk, run

DOOR: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"headers": {"OK-ACCESS-KEY": ""}}, (401, "50103")),
    ({"headers": {"OK-ACCESS-PASSPHRASE": ""}}, (401, "50104")),
    ({"headers": {"OK-ACCESS-SIGN": ""}}, (401, "50106")),
    ({"headers": {"OK-ACCESS-TIMESTAMP": ""}}, (401, "50107")),
    ({"headers": {"OK-ACCESS-KEY": "nobody"}}, (401, "50111")),
    ({"headers": {"OK-ACCESS-PASSPHRASE": "wrong"}}, (401, "50105")),
    ({"headers": {"OK-ACCESS-TIMESTAMP": "yesterday"}}, (401, "50112")),
    ({"headers": {"OK-ACCESS-SIGN": "bm90IGl0"}}, (401, "50113")),
    ({"headers": {"OK-ACCESS-SIGN": "not base64 !"}}, (401, "50113")),
    ({"secret": "another"}, (401, "50113")),
    ({"at_ms": 1_700_000_000_000}, (401, "50102")),
]


@pytest.mark.parametrize(("how", "no"), DOOR)
def test_who_is_not_let_in(tmp_path: Path, how: dict[str, Any], no: tuple[int, str]) -> None:
    async def play(at: Desk) -> None:
        assert await at.code("GET", "account/balance", **how) == no
        assert await at.code("POST", "trade/order", ORDER, **how) == no

        assert (await at.ask("GET", "trade/orders-pending"))[1]["data"] == []

    run(tmp_path, play)


def test_a_time_in_seconds_is_a_time_too(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        status, answer = await at.ask("GET", "public/time")

        assert (status, answer["code"]) == (200, "0")
        assert await at.code("GET", "account/balance", headers={"OK-ACCESS-TIMESTAMP": "1.5"}) == (401, "50102")

    run(tmp_path, play)


def test_a_key_without_the_right_is_refused(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        withdrawal = {"ccy": "USDT", "amt": "1", "dest": "4", "toAddr": "0x1", "chain": "USDT-ERC20"}

        assert await at.code("POST", "asset/withdrawal", withdrawal) == (200, "50120")

    run(tmp_path, play)


BAD: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
    ("trade/order", {key: value for key, value in ORDER.items() if key != "sz"}, (400, "50014")),
    ("trade/order", {key: value for key, value in ORDER.items() if key != "instId"}, (400, "50014")),
    ("trade/order", ORDER | {"side": "up"}, (200, "51000")),
    ("trade/order", ORDER | {"sz": "many"}, (200, "51000")),
    ("trade/order", ORDER | {"sz": "NaN"}, (200, "51000")),
    ("trade/order", ORDER | {"clOrdId": "a-b_c"}, (200, "51000")),
    ("trade/order", ORDER | {"clOrdId": "a" * 33}, (200, "51000")),
    ("trade/order", ORDER | {"tdMode": "cross"}, (200, "51000")),
    ("trade/order", ORDER | {"instId": "DOGE-USDT"}, (200, "51001")),
    ("trade/order", ORDER | {"reduceOnly": True}, (200, "51205")),
    ("trade/order", SWAP | {"tdMode": "isolated"}, (200, "51010")),
    ("trade/order", SWAP | {"posSide": "long"}, (200, "51000")),
    ("trade/order", SWAP | {"sz": "0.005"}, (200, "51020")),
    ("trade/order-algo", STOP | {"slTriggerPx": "2600"}, (200, "51280")),
    ("trade/order-algo", STOP | {"side": "buy"}, (200, "51278")),
    ("trade/order-algo", STOP | {"slTriggerPx": "", "tpTriggerPx": "2400", "tpOrdPx": "-1"}, (200, "51279")),
    ("trade/order-algo", STOP | {"ordType": "twap"}, (200, "51000")),
    ("trade/order-algo", STOP | {"instId": "ETH-USDT", "tdMode": "cash", "slTriggerPxType": "mark"}, (200, "51415")),
    ("trade/cancel-order", {"instId": "ETH-USDT"}, (400, "50014")),
    ("trade/cancel-order", {"instId": "ETH-USDT", "ordId": "1"}, (200, "51400")),
    ("trade/amend-order", {"instId": "ETH-USDT", "ordId": "1", "newPx": "1"}, (200, "51503")),
    ("account/set-leverage", {"instId": "ETH-USDT-SWAP", "mgnMode": "cross", "lever": "1000"}, (200, "59102")),
    ("asset/transfer", {"ccy": "USDT", "amt": "1000000", "from": "6", "to": "18"}, (200, "58350")),
    ("trade/nothing", {"x": "1"}, (404, "404")),
]


@pytest.mark.parametrize(("path", "said", "no"), BAD)
def test_what_makes_no_sense_is_refused(tmp_path: Path, path: str, said: dict[str, Any], no: tuple[int, str]) -> None:
    async def play(at: Desk) -> None:
        assert await at.code("POST", path, said) == no

        assert at.running.rows("SELECT * FROM orders") == []

    run(tmp_path, play)


def test_a_body_that_is_none_is_refused(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        assert await at.code("POST", "trade/order") == (400, "50000")
        assert await at.code("POST", "trade/order", [1]) == (200, "51000")

    run(tmp_path, play)


def test_a_refusal_about_an_order_stands_in_the_data_with_its_names(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        status, answer = await at.ask("POST", "trade/order", ORDER | {"px": "9000"})

        assert (status, answer["code"], answer["msg"]) == (200, "1", "All operations failed")
        (row,) = answer["data"]
        assert (row["ordId"], row["clOrdId"], row["sCode"]) == ("", "a1", "51006")

    run(tmp_path, play)


def test_a_client_id_is_taken_while_its_order_is_open(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        assert await at.code("POST", "trade/order", ORDER) == (200, "0")
        assert await at.code("POST", "trade/order", ORDER) == (200, "51016")
        await at.ask("POST", "trade/cancel-order", {"instId": "ETH-USDT", "clOrdId": "a1"})
        _, again = await at.ask("POST", "trade/order", ORDER)

        _, found = await at.ask("GET", "trade/order", {"instId": "ETH-USDT", "clOrdId": "a1"})
        assert found["data"][0]["ordId"] == again["data"][0]["ordId"]
        assert await at.code("POST", "trade/order-algo", STOP) == (200, "0")
        assert await at.code("POST", "trade/order-algo", STOP) == (200, "51065")

    run(tmp_path, play)


def test_a_request_after_its_deadline_is_not_done(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        late = {"expTime": str(at.now_ms - 1)}
        soon = {"expTime": str(at.now_ms + 60_000)}

        assert await at.code("POST", "trade/order", ORDER, headers=late) == (200, "50036")
        assert at.running.rows("SELECT * FROM orders") == []
        assert await at.code("POST", "trade/order", ORDER, headers=soon) == (200, "0")
        assert await at.code("POST", "trade/amend-order", ORDER | {"newPx": "2440"}, headers=late) == (200, "50036")
        cancel = {"instId": "ETH-USDT", "clOrdId": "a1"}
        assert await at.code("POST", "trade/cancel-order", cancel, headers=late) == (200, "0")

    run(tmp_path, play)


def test_a_batch_is_done_one_by_one(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        orders = [ORDER, ORDER | {"clOrdId": "a2", "px": "9000"}, SWAP | {"clOrdId": "a3"}]
        _, answer = await at.ask("POST", "trade/batch-orders", orders)
        cancels = [{"instId": "ETH-USDT", "clOrdId": "a1"}, {"instId": "ETH-USDT-SWAP", "clOrdId": "a3"}]
        _, cancelled = await at.ask("POST", "trade/cancel-batch-orders", cancels)
        _, refused = await at.ask("POST", "trade/cancel-batch-orders", cancels)

        assert (answer["code"], [row["sCode"] for row in answer["data"]]) == ("2", ["0", "51006", "0"])
        assert [row["clOrdId"] for row in answer["data"]] == ["a1", "a2", "a3"]
        assert (cancelled["code"], refused["code"]) == ("0", "1")

    run(tmp_path, play)


def test_batches_of_amendments_and_of_cancelled_stops(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.ask("POST", "trade/order", ORDER)
        await at.ask("POST", "trade/order-algo", STOP)
        change = {"instId": "ETH-USDT", "clOrdId": "a1", "newSz": "0.2", "reqId": "r1"}
        _, amended = await at.ask("POST", "trade/amend-batch-orders", [change])
        stop = {"instId": "ETH-USDT-SWAP", "algoClOrdId": "s1"}
        _, moved = await at.ask("POST", "trade/amend-algos", stop | {"newSlTriggerPx": "2410", "newSz": "2"})
        _, found = await at.ask("GET", "trade/order-algo", {"algoClOrdId": "s1"})
        codes = [(await at.code("POST", "trade/cancel-algos", [stop]))[1] for _ in range(2)]

        assert (amended["code"], amended["data"][0]["reqId"]) == ("0", "r1")
        assert (moved["code"], found["data"][0]["slTriggerPx"], found["data"][0]["sz"]) == ("0", "2410", "2")
        assert codes == ["0", "51400"]

    run(tmp_path, play)


def test_a_triggered_stop_can_not_be_cancelled_as_one(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.ask("POST", "trade/order-algo", STOP)
        at.running.move("okx", PERP, "2390")

        stop = {"instId": "ETH-USDT-SWAP", "algoClOrdId": "s1"}
        assert await at.code("POST", "trade/cancel-algos", [stop]) == (200, "51416")
        history = {"ordType": "conditional", "state": "effective"}
        _, found = await at.ask("GET", "trade/orders-algo-history", history)
        (row,) = found["data"]
        _, child = await at.ask("GET", "trade/order", {"instId": "ETH-USDT-SWAP", "ordId": row["ordIdList"][0]})
        assert (row["state"], child["data"][0]["algoId"]) == ("effective", row["algoId"])
        assert child["data"][0]["algoClOrdId"] == "s1"

    run(tmp_path, play)


def test_a_spot_market_buy_without_a_word_is_in_quote(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        buy = {key: value for key, value in ORDER.items() if key != "px"} | {"ordType": "market", "sz": "1000"}
        await at.ask("POST", "trade/order", buy)

        _, found = await at.ask("GET", "trade/order", {"instId": "ETH-USDT", "clOrdId": "a1"})

        (row,) = found["data"]
        assert (row["state"], row["sz"], row["tgtCcy"]) == ("filled", "1000", "quote_ccy")
        assert 0.39 < float(row["accFillSz"]) <= 0.4

    run(tmp_path, play)


def test_histories_and_pages(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        for number in range(5):
            await at.ask("POST", "trade/order", ORDER | {"clOrdId": f"a{number}", "px": "2510"})
        _, first = await at.ask("GET", "trade/fills", {"instType": "SPOT", "limit": "2"})
        bill = first["data"][-1]["billId"]
        _, second = await at.ask("GET", "trade/fills", {"instType": "SPOT", "limit": "2", "after": bill})
        _, newer = await at.ask("GET", "trade/fills", {"instType": "SPOT", "before": bill})
        _, orders = await at.ask("GET", "trade/orders-history", {"instType": "SPOT", "state": "filled"})

        assert [row["clOrdId"] for row in first["data"] + second["data"]] == ["a4", "a3", "a2", "a1"]
        assert [row["clOrdId"] for row in newer["data"]] == ["a4"]
        assert [row["clOrdId"] for row in orders["data"]] == ["a4", "a3", "a2", "a1", "a0"]
        assert await at.code("GET", "trade/orders-history") == (400, "50014")

    run(tmp_path, play)


def test_the_funding_account(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        engine = at.running.engines["okx"]
        engine.deposit(at.key.uid, "USDT", 50, network="USDT-ERC20")  # type: ignore[arg-type]  # a whole number will do
        _, moved = await at.ask(
            "POST", "asset/transfer", {"ccy": "USDT", "amt": "10", "from": "18", "to": "6", "clientId": "t1"}
        )
        _, state = await at.ask("GET", "asset/transfer-state", {"transId": moved["data"][0]["transId"]})
        _, balances = await at.ask("GET", "asset/balances", {"ccy": "USDT"})
        _, deposits = await at.ask("GET", "asset/deposit-history", {"ccy": "USDT"})
        _, withdrawals = await at.ask("GET", "asset/withdrawal-history")

        assert (state["data"][0]["state"], state["data"][0]["clientId"]) == ("success", "t1")
        assert balances["data"][0]["bal"] == "10060"
        assert [row["amt"] for row in deposits["data"]] == ["50"]
        assert withdrawals["data"] == []

    run(tmp_path, play)


def test_a_mode_is_not_changed_while_there_are_orders(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.ask("POST", "trade/order", SWAP)
        hedge = {"posMode": "long_short_mode"}

        assert await at.code("POST", "account/set-position-mode", hedge) == (200, "59000")
        assert await at.code("POST", "account/set-position-mode", {"posMode": "net_mode"}) == (200, "0")

    run(tmp_path, play)


def test_a_hedged_account_is_told_that_it_is_one(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.ask("POST", "account/set-position-mode", {"posMode": "long_short_mode"})
        _, config = await at.ask("GET", "account/config")

        assert config["data"][0]["posMode"] == "long_short_mode"
        assert await at.code("POST", "trade/order", SWAP) == (200, "51000")

    run(tmp_path, play)


def test_what_everybody_may_see(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        got = {}
        for path, said in (
            ("public/instruments", {"instType": "SWAP"}),
            ("public/mark-price", {"instType": "SWAP", "instId": "ETH-USDT-SWAP"}),
            ("public/price-limit", {"instId": "ETH-USDT-SWAP"}),
            ("public/funding-rate", {"instId": "ETH-USDT-SWAP"}),
            ("market/ticker", {"instId": "ETH-USDT"}),
            ("market/tickers", {"instType": "SPOT"}),
            ("market/books", {"instId": "ETH-USDT-SWAP", "sz": "5"}),
            ("market/candles", {"instId": "ETH-USDT", "bar": "1m", "limit": "3"}),
            ("market/trades", {"instId": "ETH-USDT"}),
        ):
            async with at.session.get(f"https://www.okx.com/api/v5/{path}", params=said) as answer:
                told = await answer.json()
            assert told["code"] == "0", path
            got[path] = told["data"]

        swap = next(row for row in got["public/instruments"] if row["instId"] == "ETH-USDT-SWAP")
        assert (swap["ctVal"], swap["lotSz"], swap["minSz"], swap["tickSz"]) == ("0.1", "0.01", "0.01", "0.01")
        assert len(got["market/books"][0]["asks"]) == 5
        times = [int(row[0]) for row in got["market/candles"]]
        assert times == sorted(times, reverse=True)
        assert len(times) == 3
        assert [row["instId"] for row in got["market/tickers"]] == ["BTC-USDT", "ETH-USDT"]

    run(tmp_path, play)


def test_a_request_is_known_by_what_it_does(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        engine = at.running.engines["okx"]
        dialect = OkxDialect(engine, RateLimits(engine.now_ms))

        def request(method: str, path: str, body: bytes = b"", **params: str) -> Request:
            return Request(
                method=method,
                host="www.okx.com",
                path=f"/api/v5/{path}",
                query="",
                params=params,
                headers={"ok-access-key": "k"},
                body=body,
                peer="127.0.0.1",
                at_ms=0,
            )

        placed = dialect.operation(request("POST", "trade/order", b'{"instId":"ETH-USDT","clOrdId":"a1"}'))
        algo = dialect.operation(request("POST", "trade/cancel-algos", b'[{"instId":"X","algoClOrdId":"s1"}]'))
        looked = dialect.operation(request("GET", "trade/order", instId="ETH-USDT", clOrdId="a1"))
        broken = dialect.operation(request("POST", "trade/order", b"{"))

        assert (placed.op, placed.api_key, placed.symbol, placed.client_order_id) == (Op.PLACE, "k", "ETH-USDT", "a1")
        assert (algo.op, algo.symbol, algo.client_order_id) == (Op.CANCEL, "X", "s1")
        assert (looked.op, looked.symbol, looked.client_order_id) == (Op.LOOK_UP, "ETH-USDT", "a1")
        assert (broken.op, broken.symbol) == (Op.PLACE, "")

    run(tmp_path, play)
