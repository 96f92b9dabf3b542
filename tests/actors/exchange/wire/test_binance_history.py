"""Ledgers are read whole: piece by piece, page by page, and a full page is never taken for all."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.binance.history import Ledger, Span, cut, spanned
from actors.exchange.wire.contract import Call, Query, SeenBalance, SeenFunding, SeenTransfer, UnreadableAnswerError
from tests.actors.exchange.wire.binance_samples import (
    DAY_MS,
    NOW_MS,
    PERP_ETH,
    SPOT_ETH,
    D,
    perp_trade,
    read_all,
    spot_trade,
)


def test_trades_since_a_time_are_read_in_the_pieces_that_the_venue_allows() -> None:
    since = NOW_MS - 2 * DAY_MS
    [spot] = BINANCE.trades_since(SPOT_ETH, since_ms=since, now_ms=NOW_MS)
    [perp] = BINANCE.trades_since(PERP_ETH, since_ms=since, now_ms=NOW_MS)

    asked, found = read_all(spot, [[spot_trade(1)], [], [spot_trade(2)]])

    assert (spot.call.api, spot.call.weight) == ("privateGetMyTrades", 20)
    assert [(page["startTime"], page["endTime"]) for page in asked] == [
        (since, since + DAY_MS - 1),
        (since + DAY_MS, since + 2 * DAY_MS - 1),
        (NOW_MS, NOW_MS + 5000),
    ]
    assert [trade.trade_id for trade in found] == ["1", "2"]
    assert (perp.call.api, perp.call.weight) == ("fapiPrivateGetUserTrades", 5)
    assert read_all(perp, [[perp_trade(1)]])[0] == [
        {"symbol": "ETHUSDT", "startTime": since, "endTime": NOW_MS + 5000, "limit": 1000}
    ]


def test_a_full_page_is_asked_again_in_halves_whichever_end_it_showed() -> None:
    [query] = BINANCE.trades_since(SPOT_ETH, since_ms=NOW_MS - 995_001, now_ms=NOW_MS)
    full = [spot_trade(number) for number in range(1000)]

    asked, found = read_all(query, [full, full[:400], full[400:] + [spot_trade(1000)] * 2])

    start, end = NOW_MS - 995_001, NOW_MS + 5000
    middle = (start + end) // 2
    assert [(page["startTime"], page["endTime"]) for page in asked] == [
        (start, end),
        (start, middle),
        (middle + 1, end),
    ]
    assert len({trade.trade_id for trade in found}) == 1001


def test_more_fills_than_a_page_in_one_millisecond_are_read_on_by_id() -> None:
    [query] = BINANCE.trades_since(SPOT_ETH, since_ms=NOW_MS + 5000, now_ms=NOW_MS)
    full = [spot_trade(number) for number in range(50, 1050)]

    asked, found = read_all(query, [full, full, [spot_trade(1050)]])

    assert [page.get("fromId") for page in asked] == [None, 50, 1050]
    assert len({trade.trade_id for trade in found}) == 1001


def test_pieces_touch_and_do_not_overlap_and_there_is_always_one() -> None:
    spans = cut(100, 100_000, 30_000)

    assert spans[0][0] == 100
    assert spans[-1][1] == 105_000
    assert all(earlier[1] + 1 == later[0] for earlier, later in itertools.pairwise(spans))
    assert cut(500_000, 1_000, 30_000) == ((500_000, 500_000),)


def test_a_millisecond_with_more_than_a_page_is_an_error_where_nothing_leads_on() -> None:
    def ask(span: Span) -> Call:
        return Call(api="x", params={"span": span}, group="spot")

    ledger = Ledger[int](what="things", ask=ask, read=lambda answer: (len(answer), tuple(answer)), full=2)

    with pytest.raises(UnreadableAnswerError, match="things: more than 2"):
        spanned(ledger, ((5, 5),)).read([1, 2])


def test_funding_is_read_from_the_venues_ledger() -> None:
    [usual, special] = BINANCE.funding_since([SPOT_ETH, PERP_ETH], since_ms=NOW_MS - DAY_MS, now_ms=NOW_MS)
    row = {
        "symbol": "ETHUSDT",
        "incomeType": "FUNDING_FEE",
        "income": "-0.12345678",
        "asset": "USDT",
        "time": NOW_MS - 100,
        "info": "FUNDING_FEE",
        "tranId": 9_689_322_392,
        "tradeId": "",
    }

    asked, found = read_all(usual, [[row, row | {"symbol": "BTCUSDT", "tranId": 3}]])
    [extra] = read_all(special, [[row | {"incomeType": "SPECIAL_FUNDING_FEE"}]])[1]

    assert (usual.call.api, usual.call.weight, usual.call.group) == ("fapiPrivateGetIncome", 30, "perp")
    assert asked == [
        {"incomeType": "FUNDING_FEE", "startTime": NOW_MS - DAY_MS, "endTime": NOW_MS + 5000, "limit": 1000}
    ]
    assert found == [
        SeenFunding(
            instrument=PERP_ETH.instrument,
            payment_id="9689322392",
            asset=PERP_ETH.quote,
            amount=D("-0.12345678"),
            at_ms=NOW_MS - 100,
        )
    ]
    assert extra.payment_id == "SPECIAL_FUNDING_FEE:9689322392"
    assert BINANCE.funding_since([SPOT_ETH], since_ms=0, now_ms=NOW_MS) == []


def transfers(*answers: list[Any] | dict[str, Any]) -> tuple[list[Query[SeenTransfer]], list[SeenTransfer]]:
    queries = list(BINANCE.transfers_since([SPOT_ETH, PERP_ETH], since_ms=NOW_MS - DAY_MS, now_ms=NOW_MS))
    found = [item for query, answer in zip(queries, answers, strict=True) for item in read_all(query, [answer])[1]]
    return queries, found


NONE: dict[str, Any] = {"total": 0}


def test_transfers_are_read_from_every_ledger_that_has_some() -> None:
    queries, found = transfers([], [], NONE, NONE, NONE, NONE, [], [])

    assert [(query.call.api, query.call.group, query.call.weight) for query in queries] == [
        ("sapiGetCapitalDepositHisrec", "wallet", 1),
        ("sapiGetCapitalWithdrawHistory", "wallet.uid", 18_000),
        *[("sapiGetAssetTransfer", "wallet", 1)] * 4,
        *[("fapiPrivateGetIncome", "perp", 30)] * 2,
    ]
    kinds = [query.call.params.get("type", query.call.params.get("incomeType")) for query in queries]
    assert kinds[2:] == [
        "MAIN_UMFUTURE",
        "UMFUTURE_MAIN",
        "MAIN_FUNDING",
        "FUNDING_MAIN",
        "TRANSFER",
        "INSURANCE_CLEAR",
    ]
    assert found == []


def test_deposits_count_when_they_are_credited_and_withdrawals_from_the_start_with_their_fee() -> None:
    deposit = {"id": "d1", "amount": "0.5", "coin": "ETH", "status": 1, "insertTime": NOW_MS - 7, "walletType": 0}
    withdrawal = {
        "id": "w1",
        "amount": "8.91",
        "transactionFee": "0.004",
        "coin": "USDT",
        "status": 4,
        "applyTime": "2026-09-21 13:20:00",
        "walletType": 0,
    }
    deposits = [deposit, deposit | {"id": "d2", "status": 0}, deposit | {"id": "d3", "walletType": 1}]

    _, found = transfers(deposits, [withdrawal, withdrawal | {"status": 1}], NONE, NONE, NONE, NONE, [], [])

    assert [(move.kind, move.transfer_id, move.asset, move.amount, move.account) for move in found] == [
        ("deposit", "d1", "ETH", D("0.5"), "binance"),
        ("withdrawal", "w1", "USDT", D("-8.914"), "binance"),
    ]
    assert [move.at_ms for move in found] == [NOW_MS - 7, 1_789_996_800_000]


def test_a_transfer_between_the_wallets_is_seen_from_both_sides() -> None:
    moved = {"asset": "USDT", "amount": "100", "status": "CONFIRMED", "tranId": 11_366_865_406, "timestamp": NOW_MS - 5}
    spot_side = {"total": 2, "rows": [moved | {"type": "MAIN_UMFUTURE"}, moved | {"tranId": 12, "status": "PENDING"}]}
    perp_side = [
        {"symbol": "", "incomeType": "TRANSFER", "income": "100", "asset": "USDT", "time": NOW_MS, "tranId": 12}
    ]

    _, found = transfers([], [], spot_side, NONE, NONE, NONE, perp_side, [])

    assert [(move.account, move.kind, move.amount, move.transfer_id) for move in found] == [
        ("binance", "main_umfuture", D(-100), "11366865406"),
        ("binance.perp", "transfer", D(100), "TRANSFER:12"),
    ]


def test_transfers_without_rows_that_should_have_some_are_no_answer() -> None:
    with pytest.raises(UnreadableAnswerError, match="total of 3"):
        transfers([], [], {"total": 3}, NONE, NONE, NONE, [], [])


def test_balances_are_those_of_the_accounts_that_are_traded() -> None:
    spot, perp = BINANCE.balances([SPOT_ETH, PERP_ETH])
    account = {
        "uid": 35,
        "balances": [{"asset": "ETH", "free": "1.5", "locked": "0.25"}, {"asset": "BNB", "free": "0", "locked": "0"}],
    }
    wallet = {"accountAlias": "x", "balance": "122.5", "crossUnPnl": "7", "availableBalance": "100.25"}

    found = [*read_all(spot, [account])[1], *read_all(perp, [[wallet | {"asset": "USDT"}]])[1]]

    assert (spot.call.api, spot.call.weight, perp.call.api, perp.call.weight) == (
        "privateGetAccount",
        20,
        "fapiPrivateV3GetBalance",
        5,
    )
    assert found == [
        SeenBalance(account=SPOT_ETH.account, asset=SPOT_ETH.base, total=D("1.75"), free=D("1.5")),
        SeenBalance(account=PERP_ETH.account, asset=PERP_ETH.quote, total=D("122.5"), free=D("100.25")),
    ]
    assert len(BINANCE.balances([PERP_ETH])) == 1
    for query in (spot, perp):
        with pytest.raises(UnreadableAnswerError):
            query.read({})


def test_positions_that_are_not_shown_are_flat() -> None:
    [query] = BINANCE.positions([SPOT_ETH, PERP_ETH])
    row = {"symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": "-0.250", "entryPrice": "2500.1"}

    [short] = read_all(query, [[row, row | {"symbol": "BTCUSDT"}]])[1]
    [flat] = read_all(query, [[]])[1]

    assert (query.call.api, query.call.params, query.call.weight) == ("fapiPrivateV3GetPositionRisk", {}, 5)
    assert (short.quantity, short.entry_price) == (D("-0.25"), D("2500.1"))
    assert (flat.instrument, flat.quantity, flat.entry_price) == (PERP_ETH.instrument, D(0), None)
    with pytest.raises(UnreadableAnswerError, match="hedge mode"):
        query.read([row | {"positionSide": "SHORT"}])
    with pytest.raises(UnreadableAnswerError):
        query.read({"code": 0})


RIGHTS = {
    "ipRestrict": True,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableSpotAndMarginTrading": True,
    "enableFutures": True,
}
CONFIG = {"canTrade": True, "dualSidePosition": False, "multiAssetsMargin": False}


def test_an_account_is_known_by_its_number_and_a_key_by_its_rights() -> None:
    owner, rights, modes = BINANCE.account([SPOT_ETH, PERP_ETH])

    [who] = read_all(owner, [{"uid": 354_937_868, "canTrade": True, "balances": []}])[1]
    [may] = read_all(rights, [RIGHTS])[1]
    [how] = read_all(modes, [CONFIG])[1]

    assert [query.call.api for query in (owner, rights, modes)] == [
        "privateGetAccount",
        "sapiGetAccountApiRestrictions",
        "fapiPrivateGetAccountConfig",
    ]
    assert (who.uid, who.may_trade, may.may_trade, may.may_withdraw) == ("354937868", None, True, False)
    assert (how.one_way, how.problem) == (True, "")
    assert read_all(rights, [RIGHTS | {"enableFutures": False}])[1][0].may_trade is False
    assert read_all(owner, [{"uid": 1, "canTrade": False, "balances": []}])[1][0].may_trade is False
    assert len(BINANCE.account([SPOT_ETH])) == 2


@pytest.mark.parametrize(
    ("changed", "one_way", "problem"),
    [
        ({"dualSidePosition": True}, False, ""),
        ({"multiAssetsMargin": True}, True, "multi-assets mode"),
        ({"canTrade": False}, True, "may not trade"),
    ],
)
def test_an_account_that_can_not_be_used_says_why(changed: dict[str, Any], one_way: bool, problem: str) -> None:  # noqa: FBT001
    modes = BINANCE.account([PERP_ETH])[-1]

    [how] = read_all(modes, [CONFIG | changed])[1]

    assert how.one_way is one_way
    assert problem in how.problem
    assert bool(how.problem) is bool(problem)


def test_modes_and_leverage_of_a_perp_are_set_and_read() -> None:
    [one_way], [cross] = BINANCE.set_one_way(PERP_ETH), BINANCE.set_cross(PERP_ETH)
    [leverage] = BINANCE.set_leverage(PERP_ETH, Decimal(3))
    [now] = BINANCE.leverage([SPOT_ETH, PERP_ETH])

    assert (one_way.api, one_way.params) == ("fapiPrivatePostPositionSideDual", {"dualSidePosition": "false"})
    assert (cross.api, cross.params) == (
        "fapiPrivatePostMarginType",
        {"symbol": "ETHUSDT", "marginType": "CROSSED"},
    )
    assert (leverage.api, leverage.params) == ("fapiPrivatePostLeverage", {"symbol": "ETHUSDT", "leverage": 3})
    assert (now.call.api, now.call.params) == ("fapiPrivateGetSymbolConfig", {"symbol": "ETHUSDT"})
    config = {"symbol": "ETHUSDT", "marginType": "CROSSED", "leverage": 21, "maxNotionalValue": "1000000"}
    assert read_all(now, [[config]])[1] == [(PERP_ETH.instrument, D(21))]
    assert (BINANCE.set_one_way(SPOT_ETH), BINANCE.set_cross(SPOT_ETH)) == ([], [])


def test_the_venues_clock_is_read_in_milliseconds() -> None:
    query = BINANCE.server_time()

    assert query.call.api == "publicGetTime"
    assert read_all(query, [{"serverTime": NOW_MS}])[1] == [NOW_MS]
