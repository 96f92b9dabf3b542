"""Balances, positions, funding, transfers and the key of a unified account: how they are asked for and read.

Funding and transfers come from the transaction log, the unified wallet's own ledger: each row says by how much the
balance changed and under which id, signed, for all markets at once. The list of executions has funding as well, but
symbol by symbol and with the sign of a fee.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from actors.exchange.wire.bybit.answers import ZERO, by_scope, weeks
from actors.exchange.wire.bybit.reading import (
    Row,
    listing,
    millis,
    number,
    one,
    result_of,
    row_of,
    rows_of,
    said,
    side_of,
    text,
    word,
)
from actors.exchange.wire.contract import (
    Call,
    Market,
    NotSupportedError,
    Page,
    Query,
    SeenAccount,
    SeenBalance,
    SeenFunding,
    SeenPosition,
    SeenTransfer,
    UnreadableAnswerError,
)
from messages.units import BUY, PERP, SPOT, AccountName, Asset, BaseAmount, InstrumentId, Price, plain

_POSITIONS_A_PAGE, _ROWS_A_PAGE = 200, 50
_UNIFIED = frozenset({3, 4, 5, 6})
"""unifiedMarginStatus of unified accounts, 1.0 and 2.0. 1 is a classic one."""
_EXECUTIONS = frozenset({"TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL"})
"""Rows of the ledger that fills and funding tell of."""


def balances(markets: Sequence[Market]) -> Sequence[Query[SeenBalance]]:
    """Ask for the unified wallet, which spot and perps share."""
    if not markets:
        return []
    account = markets[0].account
    call = Call(api="privateGetV5AccountWalletBalance", params={"accountType": "UNIFIED"}, group="wallet")
    return [one(call, lambda result: _balances_in(result, account))]


def _balances_in(result: Row, account: AccountName) -> Iterator[SeenBalance]:
    for wallet in rows_of(result, "list"):
        for coin in rows_of(wallet, "coin"):
            total = number(coin, "walletBalance") - number(coin, "spotBorrow", ZERO)
            aside = sum((number(coin, key, ZERO) for key in ("locked", "totalOrderIM", "totalPositionIM")), ZERO)
            if total:
                free = max(total - aside, ZERO)
                yield SeenBalance(account=account, asset=Asset(text(coin, "coin")), total=total, free=free)


def positions(markets: Sequence[Market]) -> Sequence[Query[SeenPosition]]:
    """Ask for the positions of perps, once for each asset that they settle in. Flat ones are not listed."""
    found = []
    for scope, chosen in by_scope([market for market in markets if market.trade_type is PERP]):
        params = {**scope, "limit": _POSITIONS_A_PAGE}
        call = Call(api="privateGetV5PositionList", params=params, group="positions")
        found.append(listing(call, _positions_of({market.symbol: market for market in chosen})))
    return found


def _positions_of(markets: Mapping[str, Market]) -> Callable[[Row], Iterator[SeenPosition]]:
    def read(row: Row) -> Iterator[SeenPosition]:
        if (market := markets.get(text(row, "symbol"))) is None:
            return
        size = number(row, "size")
        quantity = size if not size or side_of(row) is BUY else -size
        price = Price(number(row, "avgPrice")) if quantity else None
        yield SeenPosition(instrument=market.instrument, quantity=BaseAmount(quantity), entry_price=price)

    return read


def funding_since(markets: Sequence[Market], *, since_ms: int, now_ms: int) -> Sequence[Query[SeenFunding]]:
    """Ask the ledger for funding payments, a week a query."""
    perps = {market.symbol: market for market in markets if market.trade_type is PERP}

    def read(row: Row) -> Iterator[SeenFunding]:
        market = perps.get(word(row, "symbol"))
        if text(row, "type") == "SETTLEMENT" and market is not None:
            yield SeenFunding(
                instrument=market.instrument,
                payment_id=_entry_id(row),
                asset=Asset(text(row, "currency")),
                amount=number(row, "funding"),
                at_ms=millis(row, "transactionTime"),
            )

    scopes = [
        {"category": "linear", "currency": asset, "type": "SETTLEMENT"}
        for asset in sorted({market.quote for market in perps.values()})
    ]
    return [listing(_ledger({**scope, **span}), read) for scope in scopes for span in weeks(since_ms, now_ms)]


def transfers_since(markets: Sequence[Market], *, since_ms: int, now_ms: int) -> Sequence[Query[SeenTransfer]]:
    """Ask the ledger for everything that is neither a trade nor funding, a week a query.

    Deposits and withdrawals show when they touch this wallet. The types are many and new ones come, so none is named in
    the request.
    """
    if not markets:
        return []
    account = markets[0].account

    def read(row: Row) -> Iterator[SeenTransfer]:
        kind = text(row, "type")
        if kind not in _EXECUTIONS:
            yield SeenTransfer(
                account=account,
                transfer_id=_entry_id(row),
                kind=kind.lower()[:100],
                asset=Asset(text(row, "currency")),
                amount=number(row, "change"),
                at_ms=millis(row, "transactionTime"),
            )

    return [listing(_ledger(span), read) for span in weeks(since_ms, now_ms)]


def _ledger(params: Mapping[str, object]) -> Call:
    return Call(
        api="privateGetV5AccountTransactionLog",
        params={"accountType": "UNIFIED", **params, "limit": _ROWS_A_PAGE},
        group="ledger",
    )


def _entry_id(row: Row) -> str:
    return word(row, "id") or text(row, "tradeId")


def account(markets: Sequence[Market]) -> Sequence[Query[SeenAccount]]:
    """Ask whose the key is and what it may, whether the account is unified, and in which mode its perps are."""
    key = Call(api="privateGetV5UserQueryApi", params={}, group="key")
    info = Call(api="privateGetV5AccountInfo", params={}, group="account")
    perps = [market for market in markets if market.trade_type is PERP]
    return [
        one(key, lambda result: [_key_of(result, markets)]),
        one(info, lambda result: [_mode_of(result)]),
        *([_position_modes(perps, one_way=True)] if perps else []),
    ]


def _key_of(result: Row, markets: Sequence[Market]) -> SeenAccount:
    rights = row_of(result.get("permissions"))
    writes = number(result, "readOnly") == 0
    products = {market.trade_type for market in markets}
    spot = SPOT not in products or "SpotTrade" in _rights(rights, "Spot")
    perp = (
        PERP not in products
        or "Order" in _rights(rights, "ContractTrade")
        or "DerivativesTrade" in _rights(rights, "Derivatives")
    )
    return SeenAccount(
        uid=plain(number(result, "userID")),
        may_trade=writes and spot and perp,
        may_withdraw=writes and "Withdraw" in _rights(rights, "Wallet"),
        problem="" if number(result, "uta") == 1 else "not a unified trading account",
    )


def _rights(rights: Row, key: str) -> tuple[object, ...]:
    found = rights.get(key) or []
    if not isinstance(found, list):
        raise UnreadableAnswerError(f"permissions.{key} is no list")
    return tuple(found)


def _mode_of(result: Row) -> SeenAccount:
    unified = number(result, "unifiedMarginStatus") in _UNIFIED
    problem = "" if unified else "not a unified trading account"
    return SeenAccount(uid="", may_trade=None, may_withdraw=None, problem=problem)


def _position_modes(perps: Sequence[Market], *, one_way: bool) -> Query[SeenAccount]:
    """Ask perp after perp, as the list without a symbol leaves flat ones out; the last answer says it for all."""
    market, *others = perps

    def read(answer: object) -> Page[SeenAccount]:
        rows = rows_of(result_of(answer), "list")
        if not rows:
            raise UnreadableAnswerError(f"no position of {market.symbol}")
        so_far = one_way and all(number(row, "positionIdx") == 0 for row in rows)
        if others:
            return Page(items=(), next=_position_modes(others, one_way=so_far))
        return Page(items=(SeenAccount(uid="", may_trade=None, may_withdraw=None, one_way=so_far),))

    return Query(call=_position(market), read=read)


def _position(market: Market) -> Call:
    return Call(
        api="privateGetV5PositionList", params={"category": "linear", "symbol": market.symbol}, group="positions"
    )


def leverage(markets: Sequence[Market]) -> Sequence[Query[tuple[InstrumentId, Decimal]]]:
    """Ask for the leverage of each perp; portfolio margin has none."""
    return [_leverage_of(market) for market in markets if market.trade_type is PERP]


def _leverage_of(market: Market) -> Query[tuple[InstrumentId, Decimal]]:
    def read(result: Row) -> Iterator[tuple[InstrumentId, Decimal]]:
        for row in rows_of(result, "list"):
            if said(row, "leverage"):
                yield market.instrument, number(row, "leverage")

    return one(_position(market), read)


def set_one_way(market: Market) -> Sequence[Call]:
    """Return the request for one-way mode of a perp. Raises `NotSupportedError`."""
    params = {"category": "linear", "symbol": _perp(market, "position mode"), "mode": 0}
    return [Call(api="privatePostV5PositionSwitchMode", params=params, group="position_mode")]


def set_cross(market: Market) -> Sequence[Call]:
    """Return the request for cross margin, which is the account's. Raises `NotSupportedError`."""
    _perp(market, "margin mode")
    params = {"setMarginMode": "REGULAR_MARGIN"}
    return [Call(api="privatePostV5AccountSetMarginMode", params=params, group="margin_mode")]


def set_leverage(market: Market, value: Decimal) -> Sequence[Call]:
    """Return the request for the leverage of a perp. Raises `NotSupportedError`."""
    both = {"buyLeverage": plain(value), "sellLeverage": plain(value)}
    params = {"category": "linear", "symbol": _perp(market, "leverage"), **both}
    return [Call(api="privatePostV5PositionSetLeverage", params=params, group="leverage")]


def _perp(market: Market, what: str) -> str:
    if market.trade_type is not PERP:
        raise NotSupportedError(f"bybit has no {what} on spot: {market.symbol}")
    return market.symbol


def server_time() -> Query[int]:
    """Ask for the venue's clock."""
    call = Call(api="publicGetV5MarketTime", params={}, group="market")
    return one(call, lambda result: [millis(result, "timeNano") // 1_000_000])
