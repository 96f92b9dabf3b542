"""Orders, fills, balances, positions, the ledger and moving money, as the local Bybit shows them, page by page."""

import json
import re
from typing import Any

import pytest

from ops.testbed.exchange.values import FUNDING
from tests.ops.testbed.exchange.bybit.desk import NOW_MS, OTHER, PERP, READER, D, Desk

WEEK_MS = 7 * 24 * 60 * 60 * 1000


@pytest.fixture
def desk() -> Desk:
    return Desk()


def all_pages(desk: Desk, path: str, key: str = "list", **params: object) -> tuple[list[dict[str, Any]], int]:
    """Return all rows of a list, and in how many pages they came."""
    rows: list[dict[str, Any]] = []
    pages, cursor = 0, ""
    while True:
        result = desk.get(path, **params, **({"cursor": cursor} if cursor else {}))
        rows += result[key]
        pages += 1
        cursor = result["nextPageCursor"]
        if not cursor:
            return rows, pages


def test_open_orders_come_newest_first_in_pages_of_20_or_up_to_50(desk: Desk) -> None:
    ids = []
    for number in range(45):
        desk.clock.at_ms += 500
        ids.append(desk.place(qty="0.01", orderLinkId=f"x{number}")["orderId"])

    usual, pages = all_pages(desk, "/v5/order/realtime", category="linear", symbol="ETHUSDT")
    large, one = all_pages(desk, "/v5/order/realtime", category="linear", settleCoin="USDT", limit=50)

    assert [row["orderId"] for row in usual] == ids[::-1]
    assert (pages, one) == (3, 1)
    assert large == usual


def test_orders_of_one_millisecond_are_neither_lost_nor_doubled_between_pages(desk: Desk) -> None:
    for number in range(10):
        desk.place(qty="0.01", orderLinkId=f"x{number}")

    rows, pages = all_pages(desk, "/v5/order/realtime", category="linear", symbol="ETHUSDT", limit=3)

    assert sorted(row["orderLinkId"] for row in rows) == sorted(f"x{number}" for number in range(10))
    assert pages == 4


def test_a_cursor_that_makes_no_sense_is_refused(desk: Desk) -> None:
    params = {"category": "linear", "symbol": "ETHUSDT", "cursor": "nonsense"}

    assert desk.said("GET", "/v5/order/realtime", params)["retCode"] == 10001


def test_perps_are_not_listed_without_saying_which(desk: Desk) -> None:
    assert desk.said("GET", "/v5/order/realtime", {"category": "linear"})["retCode"] == 10001
    assert desk.get("/v5/order/realtime", category="spot")["list"] == []
    assert desk.get("/v5/order/realtime", category="inverse", symbol="ETHUSD")["list"] == []
    assert desk.get("/v5/order/history", category="option")["list"] == []
    assert desk.get("/v5/execution/list", category="option")["list"] == []


def test_realtime_shows_what_ended_by_id_for_a_while_and_history_for_good(desk: Desk) -> None:
    desk.place(orderLinkId="x1")
    desk.post("/v5/order/cancel", category="linear", symbol="ETHUSDT", orderLinkId="x1")

    def found(path: str, **named: object) -> int:
        return len(desk.get(path, category="linear", symbol="ETHUSDT", **named)["list"])

    assert found("/v5/order/realtime", orderLinkId="x1") == 1
    assert found("/v5/order/realtime") == 0
    assert found("/v5/order/realtime", openOnly=1) == 1
    desk.clock.at_ms += 600_001
    assert found("/v5/order/realtime", orderLinkId="x1") == 0
    assert found("/v5/order/history", orderLinkId="x1") == 1
    assert found("/v5/order/history") == 1
    assert found("/v5/order/history", orderLinkId="x2") == 0
    assert found("/v5/order/history", startTime=NOW_MS + 1, endTime=NOW_MS + 2) == 0


def test_history_shows_only_what_ended_and_a_week_at_once(desk: Desk) -> None:
    desk.place(orderLinkId="x1")

    assert desk.get("/v5/order/history", category="linear", orderLinkId="x1")["list"] == []
    spans = [{"startTime": 1}, {"startTime": 1, "endTime": 2 + WEEK_MS}, {"startTime": 9, "endTime": 1}]
    for span in spans:
        assert desk.said("GET", "/v5/order/history", {"category": "linear", **span})["retCode"] == 10001


def test_an_account_sees_nothing_of_another(desk: Desk) -> None:
    made = desk.place(orderLinkId="x1")

    for named in ({"orderId": made["orderId"]}, {"orderLinkId": "x1"}, {}):
        said = desk.said("GET", "/v5/order/realtime", {"category": "linear", "symbol": "ETHUSDT", **named}, OTHER)
        assert said["result"]["list"] == []


def test_a_fill_of_a_perp_is_charged_in_what_it_settles_in(desk: Desk) -> None:
    made = desk.place(orderType="Market", price=None, qty="0.5", orderLinkId="x1")

    (row,) = desk.get("/v5/execution/list", category="linear", orderId=made["orderId"])["list"]

    assert (row["execType"], row["side"], row["execQty"], row["isMaker"], row["orderLinkId"]) == (
        "Trade",
        "Buy",
        "0.5",
        False,
        "x1",
    )
    assert D(row["execFee"]) == D(row["execPrice"]) * D("0.5") * D("0.00055")
    assert (row["feeCurrency"], row["feeRate"], row["execTime"]) == ("", "0.00055", str(NOW_MS))


@pytest.mark.parametrize(("side", "asset"), [("Buy", "ETH"), ("Sell", "USDT")])
def test_a_fill_on_spot_is_charged_in_what_is_received(desk: Desk, side: str, asset: str) -> None:
    desk.place("spot", side=side, orderType="Market", price=None, qty="0.5", marketUnit="baseCoin", orderLinkId="x1")

    (row,) = desk.get("/v5/execution/list", category="spot", orderLinkId="x1")["list"]

    received = D("0.5") if side == "Buy" else D(row["execPrice"]) * D("0.5")
    assert (row["feeCurrency"], D(row["execFee"])) == (asset, received * D("0.001"))


def test_fills_come_by_time_in_pages_and_an_id_goes_before_everything_else(desk: Desk) -> None:
    for _ in range(5):
        desk.clock.at_ms += 1000
        made = desk.place(orderType="Market", price=None, qty="0.01")

    rows, pages = all_pages(desk, "/v5/execution/list", category="linear", symbol="ETHUSDT", limit=2)
    late = desk.get("/v5/execution/list", category="linear", symbol="ETHUSDT", startTime=NOW_MS + 4000)["list"]
    one = desk.get("/v5/execution/list", category="linear", orderId=made["orderId"], startTime=NOW_MS + 9_000)["list"]

    assert [int(row["execTime"]) - NOW_MS for row in rows] == [5000, 4000, 3000, 2000, 1000]
    assert pages == 3
    assert [int(row["execTime"]) - NOW_MS for row in late] == [5000, 4000]
    assert [row["orderId"] for row in one] == [made["orderId"]]
    params = {"category": "linear", "startTime": 1, "endTime": WEEK_MS + 2}
    assert desk.said("GET", "/v5/execution/list", params)["retCode"] == 10001


def test_funding_is_in_the_ledger_with_its_sign_and_among_executions_as_a_fee(desk: Desk) -> None:
    desk.place(orderType="Market", price=None, qty="2")
    desk.clock.at_ms += 1000
    desk.engine.pay_funding(desk.engine.market(PERP, "ETHUSDT"))

    (paid,) = desk.get("/v5/account/transaction-log", accountType="UNIFIED", type="SETTLEMENT", currency="USDT")["list"]
    (execution,) = desk.get("/v5/execution/list", category="linear", symbol="ETHUSDT", execType="Funding")["list"]
    trades = desk.get("/v5/execution/list", category="linear", symbol="ETHUSDT", execType="Trade")["list"]

    assert (paid["funding"], paid["change"], paid["side"], paid["category"]) == ("-0.5", "-0.5", "Buy", "linear")
    assert (paid["symbol"], paid["currency"], paid["feeRate"]) == ("ETHUSDT", "USDT", "0.0001")
    assert (execution["execFee"], execution["execType"]) == ("0.5", "Funding")
    assert paid["tradeId"] == execution["execId"]
    assert [row["execType"] for row in trades] == ["Trade"]


def test_the_ledger_has_a_line_an_asset_for_a_fill_and_adds_up_to_the_balance(desk: Desk) -> None:
    desk.place("spot", orderType="Market", price=None, qty="0.5", marketUnit="baseCoin")
    desk.place(orderType="Market", price=None, qty="1")
    desk.move("2600")
    desk.place(side="Sell", orderType="Market", price=None, qty="1", reduceOnly=True)

    rows, _ = all_pages(desk, "/v5/account/transaction-log", accountType="UNIFIED", limit=2)
    coins = {
        row["coin"]: row for row in desk.get("/v5/account/wallet-balance", accountType="UNIFIED")["list"][0]["coin"]
    }

    assert [row["type"] for row in rows].count("TRADE") == 4  # two of spot, one each of the perp
    assert len({row["id"] for row in rows}) == len(rows)
    for asset in ("USDT", "ETH"):
        changes = [D(row["change"]) for row in rows if row["currency"] == asset]
        assert sum(changes) == D(coins[asset]["walletBalance"])
    for row in rows:
        assert D(row["change"]) == D(row["cashFlow"]) + D(row["funding"] or 0) - D(row["fee"])
    spot = desk.get("/v5/account/transaction-log", category="spot")["list"]
    assert {row["currency"] for row in spot} == {"USDT", "ETH"}


def test_a_wallet_shows_what_is_locked_and_what_perps_need(desk: Desk) -> None:
    desk.place("spot", qty="2")
    desk.place(orderType="Market", price=None, qty="1")
    desk.move("2600")

    (wallet,) = desk.get("/v5/account/wallet-balance", accountType="UNIFIED")["list"]
    coins = {row["coin"]: row for row in wallet["coin"]}

    usdt = coins["USDT"]
    assert usdt["locked"] == "4950"
    assert D(usdt["totalPositionIM"]) == D(130)
    assert 99 < D(usdt["unrealisedPnl"]) < 100
    assert D(usdt["equity"]) == D(usdt["walletBalance"]) + D(usdt["unrealisedPnl"])
    assert coins["ETH"]["walletBalance"] == "10"
    assert D(wallet["totalEquity"]) > D(125_000)
    asked = desk.get("/v5/account/wallet-balance", accountType="UNIFIED", coin="BTC,ETH")["list"][0]["coin"]
    assert [row["coin"] for row in asked] == ["ETH"]
    assert desk.said("GET", "/v5/account/wallet-balance", {"accountType": "SPOT"})["retCode"] == 10001


def test_positions_are_listed_when_held_and_shown_flat_when_named(desk: Desk) -> None:
    desk.place(side="Sell", orderType="Market", price=None, qty="0.5")

    (held,) = desk.get("/v5/position/list", category="linear", settleCoin="USDT", limit=200)["list"]
    (flat,) = desk.get("/v5/position/list", category="linear", symbol="BTCUSDT")["list"]

    assert (held["symbol"], held["side"], held["size"], held["positionIdx"]) == ("ETHUSDT", "Sell", "0.5", 0)
    assert (flat["side"], flat["size"], flat["avgPrice"], flat["leverage"]) == ("", "0", "0", "20")
    assert desk.said("GET", "/v5/position/list", {"category": "linear"})["retCode"] == 10001


def test_money_moves_between_the_wallets_once_for_each_id(desk: Desk) -> None:
    asked = {
        "transferId": "8b6c2a9e-0000-4000-8000-000000000001",
        "coin": "USDT",
        "amount": "250.5",
        "fromAccountType": "FUND",
        "toAccountType": "UNIFIED",
    }

    made = desk.post("/v5/asset/transfer/inter-transfer", **asked)
    desk.clock.at_ms += 1000
    again = desk.code("/v5/asset/transfer/inter-transfer", **asked)
    desk.clock.at_ms += 1000
    much = desk.code("/v5/asset/transfer/inter-transfer", **{**asked, "transferId": "t2", "amount": "99999"})
    desk.clock.at_ms += 1000
    same = desk.code("/v5/asset/transfer/inter-transfer", **{**asked, "transferId": "t3", "toAccountType": "FUND"})

    assert (made, again, much, same) == (
        {"transferId": asked["transferId"], "status": "SUCCESS"},
        131214,
        131212,
        131002,
    )
    (record,) = desk.get("/v5/asset/transfer/query-inter-transfer-list", coin="USDT")["list"]
    assert (record["transferId"], record["amount"], record["fromAccountType"], record["toAccountType"]) == (
        asked["transferId"],
        "250.5",
        "FUND",
        "UNIFIED",
    )
    (funds,) = desk.get("/v5/asset/transfer/query-account-coins-balance", accountType="FUND", coin="USDT")["balance"]
    assert (funds["walletBalance"], funds["transferBalance"]) == ("749.5", "749.5")
    (line,) = desk.get("/v5/account/transaction-log", type="TRANSFER_IN", startTime=NOW_MS, currency="USDT")["list"][:1]
    assert (line["change"], line["cashBalance"], line["symbol"]) == ("250.5", "100250.5", "")


def test_deposits_and_withdrawals_have_records_and_a_request_id_pays_once(desk: Desk) -> None:
    desk.engine.deposit(OTHER.uid, "USDT", D(5))
    desk.engine.deposit(desk.engine.keys()[0].uid, "USDT", D(40), network="ETH")
    asked = {"coin": "USDT", "chain": "ETH", "address": "0x1", "amount": "10", "requestId": "r1", "accountType": "FUND"}

    first = desk.post("/v5/asset/withdraw/create", **asked)
    second = desk.post("/v5/asset/withdraw/create", **asked)
    wrong = desk.code("/v5/asset/withdraw/create", **{**asked, "requestId": "not an id"})

    (deposit,) = desk.get("/v5/asset/deposit/query-record")["rows"]
    (withdrawal,) = desk.get("/v5/asset/withdraw/query-record")["rows"]
    assert first == second
    assert wrong == 131002
    assert (deposit["coin"], deposit["amount"], deposit["status"], deposit["chain"]) == ("USDT", "40", 3, "ETH")
    assert (withdrawal["withdrawId"], withdrawal["amount"], withdrawal["toAddress"]) == (first["id"], "10", "0x1")
    assert withdrawal["status"] == "SecurityCheck"
    assert desk.engine.balances(desk.engine.keys()[0].uid, FUNDING)["USDT"].total <= D(1030)


def test_a_key_says_whose_it_is_and_what_it_may(desk: Desk) -> None:
    owner = desk.get("/v5/user/query-api")
    reader = desk.said("GET", "/v5/user/query-api", key=READER)["result"]

    assert (owner["userID"], owner["readOnly"], owner["uta"]) == (24012001, 0, 1)
    assert owner["permissions"]["Wallet"] == ["AccountTransfer", "Withdraw"]
    assert (reader["readOnly"], reader["permissions"]["Spot"], reader["permissions"]["ContractTrade"]) == (1, [], [])
    assert desk.get("/v5/account/info")["unifiedMarginStatus"] == 6
    (fees,) = desk.get("/v5/account/fee-rate", category="linear", symbol="ETHUSDT")["list"]
    assert (fees["takerFeeRate"], fees["makerFeeRate"]) == ("0.00055", "0.0002")


def test_what_everybody_may_ask_needs_no_key(desk: Desk) -> None:
    def open_to_all(path: str, **params: object) -> Any:  # noqa: ANN401 - decoded JSON
        said = json.loads(desk.answer(desk.request("GET", path, params)).body)
        assert said["retCode"] == 0, said
        return said["result"]

    desk.place("spot", price="2499.5")
    assert open_to_all("/v5/market/time")["timeNano"] == f"{NOW_MS}000000"
    spot = {row["symbol"]: row for row in open_to_all("/v5/market/instruments-info", category="spot")["list"]}
    perp = {row["symbol"]: row for row in open_to_all("/v5/market/instruments-info", category="linear")["list"]}
    assert spot["ETHUSDT"]["lotSizeFilter"]["basePrecision"] == "0.00001"
    assert (perp["BTCUSDT"]["priceFilter"]["tickSize"], perp["BTCUSDT"]["fundingInterval"]) == ("0.1", 480)
    assert open_to_all("/v5/market/instruments-info", category="linear", status="PreLaunch")["list"] == []
    assert open_to_all("/v5/market/instruments-info", category="option")["list"] == []
    book = open_to_all("/v5/market/orderbook", category="spot", symbol="ETHUSDT", limit=5)
    assert (len(book["b"]), len(book["a"])) == (5, 5)
    assert "2499.5" in [price for price, _ in book["b"]]
    (ticker,) = open_to_all("/v5/market/tickers", category="linear", symbol="ETHUSDT")["list"]
    assert (ticker["lastPrice"], ticker["fundingRate"]) == ("2500", "0.0001")
    assert len(open_to_all("/v5/market/kline", category="linear", symbol="ETHUSDT", interval="1", limit=3)["list"]) <= 3
    assert open_to_all("/v5/market/risk-limit", category="linear", symbol="ETHUSDT")["list"][0]["maxLeverage"] == "100"
    assert open_to_all("/v5/market/funding/history", category="linear", symbol="ETHUSDT")["list"] == []
    assert open_to_all("/v5/market/recent-trade", category="spot", symbol="ETHUSDT")["category"] == "spot"


def test_numbers_are_plain_and_never_in_exponents(desk: Desk) -> None:
    desk.place(orderType="Market", price=None, qty="0.01")
    desk.place("spot", orderType="Market", price=None, qty="0.003", marketUnit="baseCoin", side="Sell")

    said = [desk.get("/v5/execution/list", category=category)["list"] for category in ("linear", "spot")] + [
        desk.get("/v5/account/transaction-log")["list"],
        desk.get("/v5/account/wallet-balance", accountType="UNIFIED"),
    ]

    assert not re.search(r"[0-9]E[-+0-9]", str(said))
