"""Balances, positions, funding, transfers, the key and the settings of a unified account."""

from typing import Any

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.bybit.answers import WEEK_MS
from actors.exchange.wire.contract import (
    NotSupportedError,
    SeenAccount,
    SeenBalance,
    SeenFunding,
    SeenPosition,
    SeenTransfer,
    UnreadableAnswerError,
)
from messages.units import AccountName, Asset, BaseAmount, Price
from tests.actors.exchange.wire.bybit_samples import (
    MARKETS,
    NOW_MS,
    PERP_BTC,
    PERP_ETH,
    SPOT_ETH,
    D,
    answer,
    page,
    read_all,
)

BYBIT_ACCOUNT = AccountName("bybit")


def coin(name: str, **changed: object) -> dict[str, Any]:
    return {
        "coin": name,
        "walletBalance": "0",
        "equity": "0",
        "locked": "0",
        "totalOrderIM": "0",
        "totalPositionIM": "0",
        "unrealisedPnl": "0",
        "spotBorrow": "0",
        "availableToWithdraw": "",
        **changed,
    }


def wallet(*coins: dict[str, Any]) -> dict[str, Any]:
    return answer({"list": [{"accountType": "UNIFIED", "totalEquity": "1", "coin": list(coins)}]})


def test_the_unified_wallet_is_asked_for_once_for_spot_and_perps() -> None:
    (query,) = BYBIT.balances(MARKETS)

    assert (query.call.api, query.call.params) == ("privateGetV5AccountWalletBalance", {"accountType": "UNIFIED"})
    assert BYBIT.balances([]) == []


def test_balances_are_without_unrealised_profit_and_what_is_set_aside_is_not_free() -> None:
    (query,) = BYBIT.balances(MARKETS)

    seen = query.read(
        wallet(
            coin(
                "USDT",
                walletBalance="1000.5",
                unrealisedPnl="20",
                locked="100",
                totalOrderIM="",
                totalPositionIM="50.5",
            ),
            coin("ETH", walletBalance="2", spotBorrow="0.5"),
            coin("BTC"),
            coin("MNT", walletBalance="-3"),
        )
    ).items

    assert seen == (
        SeenBalance(account=BYBIT_ACCOUNT, asset=Asset("USDT"), total=D("1000.5"), free=D(850)),
        SeenBalance(account=BYBIT_ACCOUNT, asset=Asset("ETH"), total=D("1.5"), free=D("1.5")),
        SeenBalance(account=BYBIT_ACCOUNT, asset=Asset("MNT"), total=D(-3), free=D(0)),
    )


def test_a_wallet_without_coins_is_unreadable() -> None:
    (query,) = BYBIT.balances(MARKETS)

    with pytest.raises(UnreadableAnswerError):
        query.read(answer({"list": [{"accountType": "UNIFIED"}]}))


def position(symbol: str, side: str, size: str, **changed: object) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "side": side,
        "size": size,
        "avgPrice": "3000.5" if side else "0",
        "leverage": "10",
        "positionIdx": 0,
        **changed,
    }


def test_positions_are_signed_and_those_of_other_markets_passed_over() -> None:
    answers = {
        "": page([position("ETHUSDT", "Sell", "0.50"), position("SOLUSDT", "Buy", "1")], cursor="more"),
        "more": page([position("BTCUSDT", "Buy", "0.001"), position("ETHUSDT", "", "0")]),
    }

    seen, asked = read_all(BYBIT.positions(MARKETS), answers)

    assert seen == [
        SeenPosition(instrument=PERP_ETH.instrument, quantity=BaseAmount(D("-0.50")), entry_price=Price(D("3000.5"))),
        SeenPosition(instrument=PERP_BTC.instrument, quantity=BaseAmount(D("0.001")), entry_price=Price(D("3000.5"))),
        SeenPosition(instrument=PERP_ETH.instrument, quantity=BaseAmount(D(0)), entry_price=None),
    ]
    assert asked == [
        {"category": "linear", "settleCoin": "USDT", "limit": 200},
        {"category": "linear", "settleCoin": "USDT", "limit": 200, "cursor": "more"},
    ]


def test_a_position_with_a_size_needs_a_side() -> None:
    (query,) = BYBIT.positions(MARKETS)

    with pytest.raises(UnreadableAnswerError):
        query.read(page([position("ETHUSDT", "", "0.5")]))


def test_spot_alone_has_no_positions_leverage_or_funding() -> None:
    assert BYBIT.positions([SPOT_ETH]) == []
    assert BYBIT.leverage([SPOT_ETH]) == []
    assert BYBIT.funding_since([SPOT_ETH], since_ms=0, now_ms=NOW_MS) == []


def ledger(kind: str, **changed: object) -> dict[str, Any]:
    return {
        "id": f"17_ETHUSDT_{kind}",
        "symbol": "ETHUSDT",
        "category": "linear",
        "type": kind,
        "currency": "USDT",
        "funding": "",
        "cashFlow": "0",
        "fee": "0",
        "change": "-0.0015",
        "transactionTime": str(NOW_MS - 1000),
        "tradeId": "t-1",
        **changed,
    }


def test_funding_is_read_from_the_ledger_with_its_sign() -> None:
    (query,) = BYBIT.funding_since(MARKETS, since_ms=NOW_MS - 60_000, now_ms=NOW_MS)
    paid = ledger("SETTLEMENT", funding="-0.0015")
    received = ledger("SETTLEMENT", id="", tradeId="t-2", symbol="BTCUSDT", funding="0.25", change="0.25")
    other = ledger("SETTLEMENT", symbol="SOLUSDT", funding="9")

    seen = query.read(page([paid, received, other])).items

    assert (query.call.api, query.call.group) == ("privateGetV5AccountTransactionLog", "ledger")
    assert query.call.params == {
        "accountType": "UNIFIED",
        "category": "linear",
        "currency": "USDT",
        "type": "SETTLEMENT",
        "startTime": NOW_MS - 60_000,
        "limit": 50,
    }
    assert seen == (
        SeenFunding(
            instrument=PERP_ETH.instrument,
            payment_id="17_ETHUSDT_SETTLEMENT",
            asset=Asset("USDT"),
            amount=D("-0.0015"),
            at_ms=NOW_MS - 1000,
        ),
        SeenFunding(
            instrument=PERP_BTC.instrument,
            payment_id="t-2",
            asset=Asset("USDT"),
            amount=D("0.25"),
            at_ms=NOW_MS - 1000,
        ),
    )


def test_funding_without_an_amount_or_an_id_is_unreadable() -> None:
    (query,) = BYBIT.funding_since(MARKETS, since_ms=NOW_MS, now_ms=NOW_MS)

    with pytest.raises(UnreadableAnswerError):
        query.read(page([ledger("SETTLEMENT", funding="")]))
    with pytest.raises(UnreadableAnswerError):
        query.read(page([ledger("SETTLEMENT", funding="1", id="", tradeId="")]))


def test_the_ledger_is_asked_for_a_week_at_once() -> None:
    since = NOW_MS - WEEK_MS

    funding = BYBIT.funding_since(MARKETS, since_ms=since, now_ms=NOW_MS)
    transfers = BYBIT.transfers_since(MARKETS, since_ms=since, now_ms=NOW_MS)

    spans = [(since, since + WEEK_MS - 1), (NOW_MS, None)]
    for queries in (funding, transfers):
        assert [(each.call.params["startTime"], each.call.params.get("endTime")) for each in queries] == spans


def test_transfers_are_what_the_ledger_has_beside_trades_and_funding() -> None:
    (query,) = BYBIT.transfers_since(MARKETS, since_ms=NOW_MS, now_ms=NOW_MS)
    rows = [
        ledger("TRADE"),
        ledger("SETTLEMENT", funding="1"),
        ledger("LIQUIDATION"),
        ledger("TRANSFER_IN", symbol="", category="", currency="ETH", change="1.5"),
        ledger("TRANSFER_OUT", symbol="", category="", change="-20"),
        ledger("SOMETHING_NEW", change="0.1"),
    ]

    seen = query.read(page(rows)).items

    assert "type" not in query.call.params
    assert seen == tuple(
        SeenTransfer(
            account=BYBIT_ACCOUNT,
            transfer_id=f"17_ETHUSDT_{kind.upper()}",
            kind=kind,
            asset=Asset(asset),
            amount=D(amount),
            at_ms=NOW_MS - 1000,
        )
        for kind, asset, amount in (
            ("transfer_in", "ETH", "1.5"),
            ("transfer_out", "USDT", "-20"),
            ("something_new", "USDT", "0.1"),
        )
    )


def key(*, read_only: int = 0, uta: int = 1, **rights: list[str]) -> dict[str, Any]:
    permissions = {"Spot": ["SpotTrade"], "ContractTrade": ["Order", "Position"], "Wallet": [], "Derivatives": []}
    return answer({"userID": 24601, "readOnly": read_only, "uta": uta, "permissions": {**permissions, **rights}})


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (key(), SeenAccount(uid="24601", may_trade=True, may_withdraw=False)),
        (
            key(ContractTrade=[], Derivatives=["DerivativesTrade"], Wallet=["AccountTransfer", "Withdraw"]),
            SeenAccount(uid="24601", may_trade=True, may_withdraw=True),
        ),
        (key(Spot=[]), SeenAccount(uid="24601", may_trade=False, may_withdraw=False)),
        (key(ContractTrade=["Position"]), SeenAccount(uid="24601", may_trade=False, may_withdraw=False)),
        (key(read_only=1, Wallet=["Withdraw"]), SeenAccount(uid="24601", may_trade=False, may_withdraw=False)),
        (
            key(uta=0),
            SeenAccount(uid="24601", may_trade=True, may_withdraw=False, problem="not a unified trading account"),
        ),
    ],
)
def test_a_key_says_whose_it_is_and_what_it_may(said: dict[str, Any], seen: SeenAccount) -> None:
    query = BYBIT.account(MARKETS)[0]

    assert (query.call.api, query.call.params) == ("privateGetV5UserQueryApi", {})
    assert query.read(said).items == (seen,)


def test_a_key_needs_the_right_only_for_products_that_are_configured() -> None:
    assert BYBIT.account([PERP_ETH])[0].read(key(Spot=[])).items[0].may_trade
    assert BYBIT.account([SPOT_ETH])[0].read(key(ContractTrade=[])).items[0].may_trade


@pytest.mark.parametrize("broken", [answer({"userID": 1, "readOnly": 0, "uta": 1}), key(Spot="SpotTrade")])  # type: ignore[arg-type]  # what a venue may say
def test_a_key_without_readable_rights_is_unreadable(broken: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        BYBIT.account(MARKETS)[0].read(broken)


@pytest.mark.parametrize(("status", "fits"), [(1, False), (3, True), (4, True), (5, True), (6, True)])
def test_an_account_must_be_a_unified_one(status: int, fits: bool) -> None:  # noqa: FBT001 - a table
    query = BYBIT.account(MARKETS)[1]

    (seen,) = query.read(answer({"unifiedMarginStatus": status, "marginMode": "REGULAR_MARGIN"})).items

    assert query.call.api == "privateGetV5AccountInfo"
    assert (seen.problem == "") is fits
    assert (seen.uid, seen.may_trade, seen.may_withdraw, seen.one_way) == ("", None, None, None)


@pytest.mark.parametrize(
    ("eth", "btc", "one_way"), [([0], [0], True), ([0], [1, 2], False), ([1, 2], [0], False), ([1, 2], [1, 2], False)]
)
def test_one_way_mode_is_said_for_all_perps_together(eth: list[int], btc: list[int], one_way: bool) -> None:  # noqa: FBT001 - a table
    answers = {
        "ETHUSDT": page([position("ETHUSDT", "", "0", positionIdx=at) for at in eth]),
        "BTCUSDT": page([position("BTCUSDT", "", "0", positionIdx=at) for at in btc]),
    }

    seen, asked = read_all(BYBIT.account(MARKETS)[2:], answers)

    assert seen == [SeenAccount(uid="", may_trade=None, may_withdraw=None, one_way=one_way)]
    assert asked == [{"category": "linear", "symbol": "ETHUSDT"}, {"category": "linear", "symbol": "BTCUSDT"}]


def test_position_mode_is_not_asked_for_without_perps_and_not_guessed_from_nothing() -> None:
    assert len(BYBIT.account([SPOT_ETH])) == 2
    with pytest.raises(UnreadableAnswerError):
        BYBIT.account(MARKETS)[2].read(page([]))


def test_leverage_is_asked_for_perp_by_perp_and_portfolio_margin_has_none() -> None:
    answers = {
        "ETHUSDT": page([position("ETHUSDT", "", "0", leverage="2.5")]),
        "BTCUSDT": page([position("BTCUSDT", "", "0", leverage="")]),
    }

    seen, _ = read_all(BYBIT.leverage(MARKETS), answers)

    assert seen == [(PERP_ETH.instrument, D("2.5"))]


def test_settings_of_a_perp_are_asked_for_field_by_field() -> None:
    calls = [*BYBIT.set_one_way(PERP_ETH), *BYBIT.set_cross(PERP_ETH), *BYBIT.set_leverage(PERP_ETH, D("3.0"))]

    assert [(call.api, call.params) for call in calls] == [
        ("privatePostV5PositionSwitchMode", {"category": "linear", "symbol": "ETHUSDT", "mode": 0}),
        ("privatePostV5AccountSetMarginMode", {"setMarginMode": "REGULAR_MARGIN"}),
        (
            "privatePostV5PositionSetLeverage",
            {"category": "linear", "symbol": "ETHUSDT", "buyLeverage": "3", "sellLeverage": "3"},
        ),
    ]


def test_spot_has_no_such_settings() -> None:
    for ask in (BYBIT.set_one_way, BYBIT.set_cross, lambda market: BYBIT.set_leverage(market, D(2))):
        with pytest.raises(NotSupportedError, match="on spot"):
            ask(SPOT_ETH)


def test_the_venues_clock_is_read_to_the_millisecond() -> None:
    query = BYBIT.server_time()

    assert query.call.api == "publicGetV5MarketTime"
    assert query.read(answer({"timeSecond": "1760000000", "timeNano": "1760000000123456789"})).items == (
        1_760_000_000_123,
    )
