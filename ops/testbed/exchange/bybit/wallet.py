"""The unified wallet: balances, positions, the ledger, the key and the account."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from messages.units import TradeType, plain
from ops.testbed.exchange.bybit.asked import Asked, Result
from ops.testbed.exchange.bybit.forms import CATEGORIES, Row, coin_row, funding_id, position_row, short
from ops.testbed.exchange.bybit.paging import page
from ops.testbed.exchange.bybit.settings import REGULAR, is_hedged
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.money import Bill, Kind
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import FUNDING, UNIFIED, ZERO, Market, Permission, Uid

QUOTE = "USDT"
_POSITIONS, _LEDGER = (20, 200), (20, 50)
_TRADED = frozenset({Kind.TRADE, Kind.FEE, Kind.REALISED})


def balances(asked: Asked) -> Result:
    """GET /v5/account/wallet-balance."""
    if asked.needed("accountType") != "UNIFIED":
        raise RejectError(Reject.BAD_PARAMETER, "accountType")
    wanted = {coin for coin in asked.text("coin").split(",") if coin}
    return {"list": [wallet_row(asked.engine, asked.uid, wanted)]}


def wallet_row(engine: Engine, uid: Uid, wanted: set[str]) -> Row:
    """Return the unified wallet; coins that are zero only where they are wanted."""
    margin = engine.margin(uid, UNIFIED)
    held = engine.balances(uid, UNIFIED)
    coins = [
        coin_row(asset, balance, _price(engine, asset), margin if asset == QUOTE else None)
        for asset, balance in sorted(held.items())
        if (asset in wanted if wanted else balance.total or balance.held)
    ]
    total = sum((balance.total * _price(engine, asset) for asset, balance in held.items()), ZERO)
    equity = total + margin.unrealised
    used = margin.initial + margin.held
    return {
        "accountType": "UNIFIED",
        "accountLTV": "0",
        "accountIMRate": short(used / equity) if equity > 0 else "0",
        "accountMMRate": short(margin.maintenance / equity) if equity > 0 else "0",
        "totalEquity": short(equity),
        "totalWalletBalance": short(total),
        "totalMarginBalance": short(equity),
        "totalAvailableBalance": short(max(equity - used, ZERO)),
        "totalPerpUPL": short(margin.unrealised),
        "totalInitialMargin": short(used),
        "totalMaintenanceMargin": short(margin.maintenance),
        "coin": coins,
    }


def _price(engine: Engine, asset: str) -> Decimal:
    """Return what a coin is worth in quote; nothing where it is not traded."""
    if asset == QUOTE:
        return Decimal(1)
    market = engine.markets.get((TradeType.SPOT, f"{asset}{QUOTE}"))
    return ZERO if market is None else engine.ticker(market).last


def funding_balances(asked: Asked) -> Result:
    """GET /v5/asset/transfer/query-account-coins-balance."""
    kind = asked.needed("accountType")
    wallet = {"FUND": FUNDING, "UNIFIED": UNIFIED}.get(kind)
    if wallet is None:
        raise RejectError(Reject.BAD_PARAMETER, "accountType")
    rows = [
        {
            "coin": asset,
            "walletBalance": plain(balance.total),
            "transferBalance": plain(max(asked.engine.spendable(asked.uid, wallet, asset), ZERO)),
            "bonus": "",
        }
        for asset, balance in sorted(asked.engine.balances(asked.uid, wallet).items())
        if asked.text("coin", asset) == asset
    ]
    return {"accountType": kind, "memberId": asked.uid, "balance": rows}


def positions(asked: Asked) -> Result:
    """GET /v5/position/list: one market's, flat or not, or all that are not flat."""
    product = asked.product
    if product is not TradeType.PERP:
        return {"category": asked.text("category"), "list": [], "nextPageCursor": ""}
    engine, uid = asked.engine, asked.uid
    market = asked.market_or_none(product)
    if market is not None:
        row = position_row(engine, engine.position(uid, market))
        rows = [{**row, "positionIdx": at} for at in (1, 2)] if is_hedged(asked, market) else [row]
        return {"category": "linear", "list": rows, "nextPageCursor": ""}
    if not asked.text("settleCoin"):
        raise RejectError(Reject.MISSING_PARAMETER, "symbol or settleCoin")
    held = [each for each in engine.positions(uid) if each.market.quote == asked.text("settleCoin")]
    found, cursor = page(
        asked, held, lambda each: (each.opened_ms, each.market.symbol), default=_POSITIONS[0], most=_POSITIONS[1]
    )
    return {"category": "linear", "list": [position_row(engine, each) for each in found], "nextPageCursor": cursor}


def transaction_log(asked: Asked) -> Result:
    """GET /v5/account/transaction-log: the ledger of the unified wallet; a fill is one line an asset."""
    since, until = asked.span()
    bills = asked.engine.bills(asked.uid, wallet=UNIFIED, since_ms=since, until_ms=until)
    rows = [
        (group[-1], row)
        for group in _lines(bills)
        if (row := _log_row(asked.uid, group)) and all(asked.text(key, str(row[key])) == row[key] for key in _FILTERS)
    ]
    base = asked.text("baseCoin")
    rows = [(bill, row) for bill, row in rows if not base or (bill.market is not None and bill.market.base == base)]
    found, cursor = page(
        asked,
        rows,
        lambda each: (each[0].at_ms, f"{each[0].bill_id:020}"),
        default=_LEDGER[0],
        most=_LEDGER[1],
    )
    return {"list": [row for _, row in found], "nextPageCursor": cursor}


_FILTERS = ("category", "currency", "type")


def _lines(bills: Sequence[Bill]) -> Iterator[list[Bill]]:
    """Yield the bills that are one line together: price, fee and profit of a fill, in one asset."""
    groups: dict[tuple[str, str, str], list[Bill]] = {}
    for bill in bills:
        if bill.kind in _TRADED and bill.ref:
            groups.setdefault(("TRADE", f"{bill.ref}:{bill.order_id}", bill.asset), []).append(bill)
        else:
            groups[str(bill.kind), str(bill.bill_id), bill.asset] = [bill]
    yield from groups.values()


def _log_row(uid: Uid, bills: Sequence[Bill]) -> Row:
    last = bills[-1]
    market = last.market
    change = sum((bill.amount for bill in bills), ZERO)
    fee = -sum((bill.amount for bill in bills if bill.kind is Kind.FEE), ZERO)
    funding = last.amount if last.kind is Kind.FUNDING else None
    cash = change + fee - (funding or ZERO)
    return {
        "id": f"{uid}_{'' if market is None else market.symbol}_{last.bill_id}",
        "symbol": "" if market is None else market.symbol,
        "category": "" if market is None else CATEGORIES[market.product],
        "side": "None" if last.quantity is None else "Buy" if last.quantity > 0 else "Sell",
        "transactionTime": str(last.at_ms),
        "type": _type_of(last, change),
        "qty": plain(abs(last.quantity)) if last.quantity is not None else plain(abs(cash)),
        "size": "0" if last.quantity is None else plain(last.quantity),
        "currency": last.asset,
        "tradePrice": "" if last.mark is None else plain(last.mark),
        "funding": "" if funding is None else plain(funding),
        "fee": plain(fee),
        "cashFlow": plain(cash),
        "change": plain(change),
        "cashBalance": plain(last.balance),
        "feeRate": _rate_of(last),
        "bonusChange": "",
        "tradeId": funding_id(last) if last.kind is Kind.FUNDING else last.ref,
        "orderId": last.order_id,
        "orderLinkId": "",
    }


def _rate_of(bill: Bill) -> str:
    """Return the funding rate as the ledger has it: of a short with its sign turned."""
    if bill.rate is None or bill.quantity is None:
        return ""
    return plain(bill.rate if bill.quantity > 0 else -bill.rate)


def _type_of(bill: Bill, change: Decimal) -> str:
    if bill.kind in _TRADED:
        return "TRADE"
    if bill.kind is Kind.FUNDING:
        return "SETTLEMENT"
    if bill.kind is Kind.LIQUIDATION:
        return "LIQUIDATION"
    return "TRANSFER_IN" if change >= 0 else "TRANSFER_OUT"


def key_info(asked: Asked) -> Result:
    """GET /v5/user/query-api."""
    key = asked.key
    if key is None:
        raise RejectError(Reject.KEY_UNKNOWN)
    trades = Permission.TRADE in key.permissions
    wallet = [
        word
        for permission, word in ((Permission.TRANSFER, "AccountTransfer"), (Permission.WITHDRAW, "Withdraw"))
        if permission in key.permissions
    ]
    return {
        "id": "1",
        "note": "local",
        "apiKey": key.api_key,
        "readOnly": 0 if key.permissions - {Permission.READ} else 1,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"] if trades else [],
            "Spot": ["SpotTrade"] if trades else [],
            "Wallet": wallet,
            "Options": [],
            "Derivatives": ["DerivativesTrade"] if trades else [],
            "Exchange": [],
            "NFT": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 88,
        "expiredAt": "2099-01-01T00:00:00Z",
        "createdAt": "2025-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": int(key.uid),
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
    }


def account_info(asked: Asked) -> Result:
    """GET /v5/account/info."""
    return {
        "marginMode": REGULAR,
        "updatedTime": str(asked.now_ms),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def fee_rates(asked: Asked) -> Result:
    """GET /v5/account/fee-rate."""
    product = asked.product
    markets: list[Market] = [
        market
        for market in asked.engine.markets.values()
        if market.product is product and asked.text("symbol", market.symbol) == market.symbol
    ]
    rows = []
    for market in markets:
        maker, taker = asked.engine.commission(asked.uid, market)
        rows.append(
            {"symbol": market.symbol, "baseCoin": "", "takerFeeRate": plain(taker), "makerFeeRate": plain(maker)}
        )
    return {"category": asked.text("category"), "list": rows}
