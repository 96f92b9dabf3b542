"""USD-M futures: balances, positions, leverage, modes, the ledger, listen keys."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from messages.units import PERP
from ops.testbed.exchange.binance.calls import Call, Route, Routes, always, span_of
from ops.testbed.exchange.binance.futures import DUAL, WEEK_MS
from ops.testbed.exchange.binance.text import ZERO, eight, plain_or_zero, stepped
from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.money import Bill, Kind
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import PERP_WALLET, Market, Permission, Position

ASSETS = ("USDT",)
"""What the futures wallet may hold."""
_INCOME: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.FUNDING: "FUNDING_FEE",
        Kind.REALISED: "REALIZED_PNL",
        Kind.FEE: "COMMISSION",
        Kind.TRANSFER: "TRANSFER",
        Kind.LIQUIDATION: "INSURANCE_CLEAR",
    }
)
_KINDS = {word: kind for kind, word in _INCOME.items()}
_KNOWN = frozenset({*_KINDS, "SPECIAL_FUNDING_FEE", "WELCOME_BONUS", "INTERNAL_TRANSFER", "REFERRAL_KICKBACK"})


def margin_setting(market: Market) -> str:
    """Return the name of the setting that holds a symbol's margin type."""
    return f"margin:{market.symbol}"


def balance(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v3/balance."""
    margin, held = call.engine.margin(call.uid, PERP_WALLET), call.engine.balances(call.uid, PERP_WALLET)
    found = []
    for asset in dict.fromkeys((*ASSETS, *held)):
        total = held[asset].total if asset in held else ZERO
        usdt = asset == ASSETS[0]
        found.append(
            {
                "accountAlias": "local",
                "asset": asset,
                "balance": eight(total),
                "crossWalletBalance": eight(total),
                "crossUnPnl": eight(margin.unrealised if usdt else ZERO),
                "availableBalance": eight(max(margin.free, ZERO) if usdt else total),
                "maxWithdrawAmount": eight(max(min(margin.free, total), ZERO) if usdt else total),
                "marginAvailable": True,
                "updateTime": call.engine.now_ms(),
            }
        )
    return found


def account(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v3/account."""
    margin = call.engine.margin(call.uid, PERP_WALLET)
    shown = {
        "totalInitialMargin": eight(margin.initial + margin.held),
        "totalMaintMargin": eight(margin.maintenance),
        "totalWalletBalance": eight(margin.balance),
        "totalUnrealizedProfit": eight(margin.unrealised),
        "totalMarginBalance": eight(margin.balance + margin.unrealised),
        "totalPositionInitialMargin": eight(margin.initial),
        "totalOpenOrderInitialMargin": eight(margin.held),
        "totalCrossWalletBalance": eight(margin.balance),
        "totalCrossUnPnl": eight(margin.unrealised),
        "availableBalance": eight(max(margin.free, ZERO)),
        "maxWithdrawAmount": eight(max(min(margin.free, margin.balance), ZERO)),
    }
    asset = {
        "asset": ASSETS[0],
        "walletBalance": eight(margin.balance),
        "unrealizedProfit": eight(margin.unrealised),
        "marginBalance": eight(margin.balance + margin.unrealised),
        "maintMargin": eight(margin.maintenance),
        "initialMargin": eight(margin.initial + margin.held),
        "positionInitialMargin": eight(margin.initial),
        "openOrderInitialMargin": eight(margin.held),
        "crossWalletBalance": eight(margin.balance),
        "crossUnPnl": eight(margin.unrealised),
        "availableBalance": shown["availableBalance"],
        "maxWithdrawAmount": shown["maxWithdrawAmount"],
        "updateTime": call.engine.now_ms(),
    }
    return shown | {"assets": [asset], "positions": [_risk(call, each) for each in call.engine.positions(call.uid)]}


def position_risk(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v3/positionRisk: symbols with a position alone."""
    wanted = call.market_or_all(PERP)
    found = call.engine.positions(call.uid)
    return [_risk(call, each) for each in found if wanted is None or each.market.key == wanted.key]


def _risk(call: Call, position: Position) -> dict[str, Any]:
    market, mark = position.market, call.engine.ticker(position.market).mark
    notional = position.quantity * mark
    initial = abs(notional) / position.leverage
    return {
        "symbol": market.symbol,
        "positionSide": "BOTH",
        "positionAmt": stepped(position.quantity, market.lot),
        "entryPrice": plain_or_zero(position.entry_price),
        "breakEvenPrice": plain_or_zero(position.entry_price),
        "markPrice": eight(mark),
        "unRealizedProfit": eight(position.quantity * (mark - position.entry_price)),
        "unrealizedProfit": eight(position.quantity * (mark - position.entry_price)),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": eight(notional),
        "marginAsset": market.quote,
        "isolatedWallet": "0",
        "initialMargin": eight(initial),
        "maintMargin": eight(abs(notional) * _tier_rate(market, abs(notional))),
        "positionInitialMargin": eight(initial),
        "openOrderInitialMargin": "0",
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": position.updated_ms,
    }


def _tier_rate(market: Market, notional: Decimal) -> Decimal:
    return next((tier.rate for tier in market.tiers if notional <= tier.up_to), ZERO)


def account_config(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/accountConfig."""
    return {
        "feeTier": 0,
        "canTrade": call.key is not None and Permission.TRADE in call.key.permissions,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": call.engine.setting(call.uid, DUAL) == "true",
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def symbol_config(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/symbolConfig."""
    wanted = call.market_or_all(PERP)
    perps = [each for each in call.engine.markets.values() if each.product is PERP]
    return [
        {
            "symbol": market.symbol,
            "marginType": call.engine.setting(call.uid, margin_setting(market)) or "CROSSED",
            "isAutoAddMargin": False,
            "leverage": int(call.engine.position(call.uid, market).leverage),
            "maxNotionalValue": plain_or_zero(market.tiers[-1].up_to if market.tiers else ZERO),
        }
        for market in ([wanted] if wanted is not None else perps)
    ]


def position_mode(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/positionSide/dual."""
    return {"dualSidePosition": call.engine.setting(call.uid, DUAL) == "true"}


def set_position_mode(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/positionSide/dual."""
    wanted = "true" if call.params.need("dualSidePosition").lower() == "true" else "false"
    if wanted == (call.engine.setting(call.uid, DUAL) or "false"):
        raise RejectError(Reject.UNCHANGED, "position side")
    if call.engine.positions(call.uid) or call.engine.open_orders(call.uid, PERP):
        raise RejectError(Reject.POSITION_OPEN, "position side")
    call.engine.set_setting(call.uid, DUAL, wanted)
    return {"code": 200, "msg": "success"}


def set_margin_type(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/marginType."""
    market, wanted = call.market(PERP), call.params.need("marginType").upper()
    if wanted not in {"CROSSED", "ISOLATED"}:
        raise RejectError(Reject.BAD_PARAMETER, "marginType")
    if wanted == (call.engine.setting(call.uid, margin_setting(market)) or "CROSSED"):
        raise RejectError(Reject.UNCHANGED, "margin type")
    if call.engine.position(call.uid, market).quantity or call.engine.open_orders(call.uid, PERP, market):
        raise RejectError(Reject.POSITION_OPEN, "margin type")
    call.engine.set_setting(call.uid, margin_setting(market), wanted)
    return {"code": 200, "msg": "success"}


def set_leverage(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/leverage. That it is so already is no refusal here."""
    market, wanted = call.market(PERP), call.params.whole("leverage")
    if wanted is None:
        raise RejectError(Reject.MISSING_PARAMETER, "leverage")
    try:
        call.engine.set_leverage(call.uid, market, Decimal(wanted))
    except RejectError as error:
        if error.reject is Reject.LEVERAGE_TOO_HIGH:
            raise RejectError(error.reject, str(wanted)) from error
        if error.reject is not Reject.UNCHANGED:
            raise
    most = next((tier.up_to for tier in reversed(market.tiers) if tier.max_leverage >= wanted), ZERO)
    return {"leverage": wanted, "maxNotionalValue": plain_or_zero(most), "symbol": market.symbol}


def leverage_brackets(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/leverageBracket."""
    wanted = call.market_or_all(PERP)
    perps = [each for each in call.engine.markets.values() if each.product is PERP]
    return [
        {"symbol": market.symbol, "notionalCoef": 1, "brackets": _brackets(market)}
        for market in ([wanted] if wanted is not None else perps)
    ]


def _brackets(market: Market) -> list[dict[str, Any]]:
    floors = (ZERO, *(tier.up_to for tier in market.tiers))
    return [
        {
            "bracket": number,
            "initialLeverage": int(tier.max_leverage),
            "notionalCap": int(tier.up_to),
            "notionalFloor": int(floors[number - 1]),
            "maintMarginRatio": float(tier.rate),  # a number on this wire
            "cum": float(tier.deduction),
        }
        for number, tier in enumerate(market.tiers, start=1)
    ]


def commission_rate(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/commissionRate."""
    market = call.market(PERP)
    maker, taker = call.engine.commission(call.uid, market)
    return {
        "symbol": market.symbol,
        "makerCommissionRate": plain_or_zero(maker),
        "takerCommissionRate": plain_or_zero(taker),
        "rpiCommissionRate": "0",
    }


def income(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/income: the last 7 days by default, oldest first, 100 rows by default."""
    word, wanted = call.params.text("incomeType"), call.market_or_all(PERP)
    if word and word not in _KNOWN:
        raise RejectError(Reject.BAD_PARAMETER, "incomeType")
    if word and word not in _KINDS:
        return []
    since, until = span_of(call, longest_ms=2**62)
    since = since or call.engine.now_ms() - WEEK_MS
    kinds = (_KINDS[word],) if word else tuple(_INCOME)
    found = call.engine.bills(call.uid, kinds=kinds, wallet=PERP_WALLET, since_ms=since, until_ms=until)
    kept = [each for each in found if wanted is None or (each.market is not None and each.market.key == wanted.key)]
    limit, page = call.params.limit(1_000, 100), max(1, call.params.whole("page") or 1)
    return [_income(each) for each in kept[(page - 1) * limit : page * limit]]


def _income(bill: Bill) -> dict[str, Any]:
    return {
        "symbol": bill.market.symbol if bill.market is not None else "",
        "incomeType": _INCOME[bill.kind],
        "income": eight(bill.amount),
        "asset": bill.asset,
        "time": bill.at_ms,
        "info": _INCOME[bill.kind] if bill.kind is Kind.FUNDING else bill.ref,
        "tranId": bill.bill_id,
        "tradeId": bill.ref if bill.kind in {Kind.REALISED, Kind.FEE} else "",
    }


def open_listen_key(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/listenKey: valid for an hour; the one that there is, longer."""
    return {"listenKey": call.venue.listen_keys.open(call.uid)}


def keep_listen_key(call: Call) -> Any:  # noqa: ANN401 - JSON
    """PUT /fapi/v1/listenKey."""
    if not call.venue.listen_keys.keep(call.uid):
        raise RejectError(Reject.MISSING_PARAMETER, "listenKey")
    return {"listenKey": call.venue.listen_keys.current(call.uid)}


def close_listen_key(call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/listenKey."""
    call.venue.listen_keys.close(call.uid)
    return {}


_TRADES = Permission.TRADE
ROUTES: Routes = {
    ("GET", "/fapi/v3/balance"): Route(Op.BALANCES, "perp", balance, always(5)),
    ("GET", "/fapi/v2/balance"): Route(Op.BALANCES, "perp", balance, always(5)),
    ("GET", "/fapi/v3/account"): Route(Op.BALANCES, "perp", account, always(5)),
    ("GET", "/fapi/v3/positionRisk"): Route(Op.POSITIONS, "perp", position_risk, always(5)),
    ("GET", "/fapi/v1/accountConfig"): Route(Op.ACCOUNT, "perp", account_config, always(5)),
    ("GET", "/fapi/v1/symbolConfig"): Route(Op.ACCOUNT, "perp", symbol_config, always(5)),
    ("GET", "/fapi/v1/positionSide/dual"): Route(Op.MODE, "perp", position_mode, always(30)),
    ("POST", "/fapi/v1/positionSide/dual"): Route(Op.MODE, "perp", set_position_mode, always(1), permission=_TRADES),
    ("POST", "/fapi/v1/marginType"): Route(Op.MODE, "perp", set_margin_type, always(1), permission=_TRADES),
    ("POST", "/fapi/v1/leverage"): Route(Op.LEVERAGE, "perp", set_leverage, always(1), permission=_TRADES),
    ("GET", "/fapi/v1/leverageBracket"): Route(Op.ACCOUNT, "perp", leverage_brackets, always(1)),
    ("GET", "/fapi/v1/commissionRate"): Route(Op.ACCOUNT, "perp", commission_rate, always(20)),
    ("GET", "/fapi/v1/income"): Route(Op.LEDGER, "perp", income, always(30)),
    ("POST", "/fapi/v1/listenKey"): Route(Op.LISTEN_KEY, "perp", open_listen_key, always(1), keyed=True),
    ("PUT", "/fapi/v1/listenKey"): Route(Op.LISTEN_KEY, "perp", keep_listen_key, always(1), keyed=True),
    ("DELETE", "/fapi/v1/listenKey"): Route(Op.LISTEN_KEY, "perp", close_listen_key, always(1), keyed=True),
}
