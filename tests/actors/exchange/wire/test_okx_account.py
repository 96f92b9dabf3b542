"""What OKX shows of trades, balances, positions, bills and the account is read as it means it, in base, page by page.

What has not the form that OKX promises is unreadable, and never taken for nothing.
"""

from decimal import Decimal
from typing import Any

import pytest

from actors.exchange.wire.contract import (
    SeenBalance,
    SeenFunding,
    SeenPosition,
    SeenTrade,
    SeenTransfer,
    UnreadableAnswerError,
)
from actors.exchange.wire.okx import OKX
from messages.units import (
    MAKER,
    STOP_MARKET,
    TAKER,
    AccountName,
    Asset,
    BaseAmount,
    ClientOrderId,
    OrderId,
    Price,
    Side,
    TradeId,
)
from tests.actors.exchange.wire.okx_samples import (
    BTC_SWAP,
    ETH,
    NOW_MS,
    OURS,
    SWAP,
    D,
    bill_row,
    fill_row,
    known,
    read,
    said,
)

STOP: dict[str, Any] = {"order_type": STOP_MARKET, "price": None, "trigger_price": Price(D("2400")), "side": Side.SELL}
ALL = (ETH, SWAP)
HOUR_MS = 3_600_000


def test_a_spot_fill() -> None:
    (seen,) = read(OKX.trades_of(known(ETH, order_id="2510789768709120000"), ETH), said(fill_row()))

    assert seen == SeenTrade(
        instrument=ETH.instrument,
        trade_id=TradeId("744876980"),
        order_id=OrderId("2510789768709120000"),
        client_order_id=ClientOrderId(OURS),
        side=Side.BUY,
        amount=BaseAmount(D("0.2")),
        price=Price(D("2500")),
        fee=D("0.0002"),
        fee_asset=Asset("ETH"),
        liquidity=TAKER,
        at_ms=NOW_MS + 200,
    )


def test_a_perps_fill_with_a_rebate() -> None:
    row = fill_row(SWAP, fillSz="3", execType="M", fee="0.015", feeCcy="USDT", side="sell")

    (seen,) = read(OKX.trades_of(known(SWAP, order_id="1"), SWAP), said(row))

    assert (seen.amount, seen.fee, seen.fee_asset, seen.liquidity) == (D("0.3"), D("-0.015"), "USDT", MAKER)
    assert seen.side is Side.SELL


def test_fills_of_an_order_are_asked_for_by_its_id_and_in_the_history_if_there_are_none() -> None:
    (query,) = OKX.trades_of(known(ETH, order_id="42"), ETH)

    history = query.read(said()).next

    params = {"instType": "SPOT", "instId": "ETH-USDT", "ordId": "42", "limit": "100"}
    assert (query.call.api, query.call.params) == ("privateGetTradeFills", params)
    assert history is not None
    assert (history.call.api, history.call.params) == ("privateGetTradeFillsHistory", params)
    assert history.read(said()).next is None


def test_fills_of_a_triggered_order_are_its_childs() -> None:
    (query,) = OKX.trades_of(known(SWAP, order_id="42", child="43", **STOP), SWAP)

    assert query.call.params["ordId"] == "43"
    assert OKX.trades_of(known(SWAP, order_id="42", **STOP), SWAP) == ()


def test_fills_go_on_after_the_last_bill() -> None:
    rows = [fill_row(billId=str(900 - number), tradeId=str(number)) for number in range(100)]
    (query,) = OKX.trades_since(ETH, since_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS)

    following = query.read(said(*rows)).next

    begin = {"instType": "SPOT", "instId": "ETH-USDT", "begin": str(NOW_MS - HOUR_MS), "limit": "100"}
    assert (query.call.api, query.call.params) == ("privateGetTradeFills", begin)
    assert following is not None
    assert following.call.params == begin | {"after": "801"}


def test_trades_of_long_ago_are_in_the_history() -> None:
    (query,) = OKX.trades_since(ETH, since_ms=NOW_MS - 4 * 24 * HOUR_MS, now_ms=NOW_MS)

    assert (query.call.api, query.call.group) == ("privateGetTradeFillsHistory", "fills-history")


@pytest.mark.parametrize("change", [{"fee": ""}, {"feeCcy": ""}, {"tradeId": ""}, {"execType": "X"}, {"fillSz": "-"}])
def test_a_fill_that_lacks_something_is_unreadable(change: dict[str, str]) -> None:
    with pytest.raises(UnreadableAnswerError):
        read(OKX.trades_of(known(ETH, order_id="1"), ETH), said(fill_row(**change)))


def test_balances_are_cash_without_unrealised_profit() -> None:
    details = [
        {"ccy": "USDT", "cashBal": "1000.5", "availBal": "900", "availEq": "905", "eq": "1010.5"},
        {"ccy": "ETH", "cashBal": "2", "availBal": "", "availEq": "1.5"},
        {"ccy": "DOGE", "cashBal": "0", "availBal": "0", "availEq": ""},
    ]
    (query,) = OKX.balances(ALL)

    assert query.call.api == "privateGetAccountBalance"
    assert query.read(said({"totalEq": "1", "details": details})).items == (
        SeenBalance(account=AccountName("okx"), asset=Asset("USDT"), total=D("1000.5"), free=D("900")),
        SeenBalance(account=AccountName("okx"), asset=Asset("ETH"), total=D("2"), free=D("1.5")),
    )


@pytest.mark.parametrize("answer", [said(), said({"totalEq": "1"}), said({"details": {}}), "", None])
def test_a_balance_without_details_is_unreadable(answer: Any) -> None:  # noqa: ANN401 - any JSON
    (query,) = OKX.balances(ALL)

    with pytest.raises(UnreadableAnswerError):
        query.read(answer)


def position(**changes: str) -> dict[str, str]:
    row = {"instType": "SWAP", "instId": "ETH-USDT-SWAP", "posSide": "net", "mgnMode": "cross"}
    return row | {"pos": "-5", "avgPx": "2500.5", "lever": "3"} | changes


def test_positions_are_in_base_and_signed() -> None:
    (query,) = OKX.positions(ALL)

    assert (query.call.api, query.call.params) == ("privateGetAccountPositions", {"instType": "SWAP"})
    assert query.read(said(position(), position(instId="DOGE-USDT-SWAP", posSide="long"))).items == (
        SeenPosition(instrument=SWAP.instrument, quantity=BaseAmount(D("-0.5")), entry_price=Price(D("2500.5"))),
    )
    assert OKX.positions((ETH,)) == ()


def test_cross_and_isolated_positions_of_a_perp_are_added_up() -> None:
    (query,) = OKX.positions(ALL)

    (held,) = query.read(
        said(position(pos="3", avgPx="2000"), position(pos="1", avgPx="2400", mgnMode="isolated"))
    ).items

    assert (held.quantity, held.entry_price) == (D("0.4"), D("2100"))


def test_a_closed_position_is_flat() -> None:
    (query,) = OKX.positions(ALL)

    (held,) = query.read(said(position(pos="0", avgPx=""))).items

    assert held.quantity == 0
    assert held.entry_price is None


def test_a_hedged_position_is_unreadable() -> None:
    (query,) = OKX.positions(ALL)

    with pytest.raises(UnreadableAnswerError, match="net_mode"):
        query.read(said(position(posSide="long")))


def test_funding_is_read_from_the_bills() -> None:
    (query,) = OKX.funding_since(ALL, since_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS)
    income = bill_row(billId="2", balChg="0.5", subType="174")

    seen = query.read(said(bill_row(), income, bill_row(instId="DOGE-USDT-SWAP"))).items

    assert (query.call.api, query.call.group) == ("privateGetAccountBills", "bills")
    assert query.call.params == {
        "instType": "SWAP",
        "type": "8",
        "begin": str(NOW_MS - HOUR_MS),
        "limit": "100",
    }
    assert seen[0] == SeenFunding(
        instrument=SWAP.instrument,
        payment_id="2510790000000009001",
        asset=Asset("USDT"),
        amount=D("-0.1234"),
        at_ms=NOW_MS + 5,
    )
    assert [each.amount for each in seen] == [D("-0.1234"), D("0.5")]
    assert OKX.funding_since((ETH,), since_ms=0, now_ms=0) == ()


def test_bills_of_long_ago_are_in_the_archive() -> None:
    (query,) = OKX.funding_since(ALL, since_ms=NOW_MS - 8 * 24 * HOUR_MS, now_ms=NOW_MS)

    assert (query.call.api, query.call.group) == ("privateGetAccountBillsArchive", "bills-archive")


def test_transfers_are_the_bills_that_are_neither_trades_nor_funding() -> None:
    (query,) = OKX.transfers_since(ALL, since_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS)
    bills = [
        bill_row(billId="1", type="1", instId="", balChg="100", **{"from": "6", "to": "18"}),
        bill_row(billId="2", type="2"),
        bill_row(billId="3"),
        bill_row(billId="4", type="7", balChg="-0.01"),
        bill_row(billId="5", type="999", balChg="3"),
        bill_row(billId="6", type="6", balChg="0"),
    ]

    seen = query.read(said(*bills)).items

    assert query.call.params == {"begin": str(NOW_MS - HOUR_MS), "limit": "100"}
    assert seen[0] == SeenTransfer(
        account=AccountName("okx"),
        transfer_id="1",
        kind="transfer",
        asset=Asset("USDT"),
        amount=D("100"),
        at_ms=NOW_MS + 5,
    )
    assert [(each.transfer_id, each.kind) for each in seen] == [
        ("1", "transfer"),
        ("4", "interest"),
        ("5", "bill_type_999"),
    ]


CONFIG = {"uid": "44705892343619584", "acctLv": "2", "posMode": "net_mode", "perm": "read_only,trade"}


def test_whose_account_it_is() -> None:
    (query,) = OKX.account(ALL)

    (seen,) = query.read(said(CONFIG)).items

    assert query.call.api == "privateGetAccountConfig"
    assert (seen.uid, seen.may_trade, seen.may_withdraw, seen.one_way, seen.problem) == (
        "44705892343619584",
        True,
        False,
        True,
        "",
    )


def test_what_a_key_may_and_how_positions_are_kept() -> None:
    (query,) = OKX.account(ALL)

    (seen,) = query.read(said(CONFIG | {"perm": "read_only,withdraw", "posMode": "long_short_mode"})).items

    assert (seen.may_trade, seen.may_withdraw, seen.one_way) == (False, True, False)


def test_spot_mode_is_a_problem_for_perps_alone() -> None:
    answer = said(CONFIG | {"acctLv": "1"})

    (with_perps,) = read(OKX.account(ALL), answer)
    (spot_only,) = read(OKX.account((ETH,)), answer)

    assert "acctLv 1" in with_perps.problem
    assert spot_only.problem == ""


def test_leverage_is_that_of_cross_margin() -> None:
    (query,) = OKX.leverage((ETH, SWAP, BTC_SWAP))
    rows = [
        {"instId": "ETH-USDT-SWAP", "mgnMode": "cross", "posSide": "net", "lever": "3"},
        {"instId": "BTC-USDT-SWAP", "mgnMode": "isolated", "posSide": "net", "lever": "9"},
    ]

    assert query.call.params == {"instId": "ETH-USDT-SWAP,BTC-USDT-SWAP", "mgnMode": "cross"}
    assert query.read(said(*rows)).items == ((SWAP.instrument, Decimal(3)),)
    assert OKX.leverage((ETH,)) == ()


def test_the_venues_clock() -> None:
    query = OKX.server_time()

    assert (query.call.api, query.call.params) == ("publicGetPublicTime", {})
    assert query.read(said({"ts": "1760000000123"})).items == (1_760_000_000_123,)
    with pytest.raises(UnreadableAnswerError):
        query.read(said({"ts": ""}))
