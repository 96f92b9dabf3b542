"""Reads of balances, positions, leverage, and whose account it is."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from actors.exchange.wire.binance.answers import positive
from actors.exchange.wire.binance.fields import Fields, rows
from actors.exchange.wire.binance.limits import PERP_WEIGHT, SPOT_WEIGHT, WALLET
from actors.exchange.wire.contract import (
    Call,
    Market,
    NotSupportedError,
    Page,
    Query,
    SeenAccount,
    SeenBalance,
    SeenPosition,
    UnreadableAnswerError,
)
from messages.units import PERP, SPOT, AccountName, Asset, BaseAmount, InstrumentId

T = TypeVar("T")

SPOT_ACCOUNT = AccountName("binance")
PERP_ACCOUNT = AccountName("binance.perp")


def perps(markets: Sequence[Market]) -> list[Market]:
    """Return the perps among some markets."""
    return [market for market in markets if market.trade_type is PERP]


def spots(markets: Sequence[Market]) -> list[Market]:
    """Return the spot markets among some."""
    return [market for market in markets if market.trade_type is SPOT]


def _query(call: Call, read: Callable[[Any], tuple[T, ...]]) -> Query[T]:
    return Query(call=call, read=lambda answer: Page(items=read(answer)))


def balances(markets: Sequence[Market]) -> list[Query[SeenBalance]]:
    """Return the reads of what the accounts of these markets hold."""
    found: list[Query[SeenBalance]] = []
    if spots(markets):
        params = {"omitZeroBalances": "true"}
        found.append(_query(Call(api="privateGetAccount", params=params, group=SPOT_WEIGHT, weight=20), _spot_balances))
    if perps(markets):
        found.append(
            _query(Call(api="fapiPrivateV3GetBalance", params={}, group=PERP_WEIGHT, weight=5), _perp_balances)
        )
    return found


def _spot_balances(answer: object) -> tuple[SeenBalance, ...]:
    found = []
    for row in Fields(answer, "spot account").rows("balances"):
        free, locked = row.number("free"), row.number("locked")
        if free or locked:
            asset = Asset(row.text("asset"))
            found.append(SeenBalance(account=SPOT_ACCOUNT, asset=asset, total=free + locked, free=free))
    return tuple(found)


def _perp_balances(answer: object) -> tuple[SeenBalance, ...]:
    """Read wallet balances: `balance` leaves unrealised profit out, `availableBalance` counts it."""
    found = []
    for row in rows(answer, "futures balances"):
        total = row.number("balance")
        if total:
            asset, free = Asset(row.text("asset")), row.number("availableBalance")
            found.append(SeenBalance(account=PERP_ACCOUNT, asset=asset, total=total, free=free))
    return tuple(found)


def positions(markets: Sequence[Market]) -> list[Query[SeenPosition]]:
    """Return the read of the positions of the perps among these markets; what the answer leaves out is flat."""
    wanted = {market.symbol: market for market in perps(markets)}
    if not wanted:
        return []

    def read(answer: object) -> tuple[SeenPosition, ...]:
        held = {symbol: _position(market, None) for symbol, market in wanted.items()}
        for row in rows(answer, "positions"):
            symbol, quantity = row.text("symbol"), row.number("positionAmt")
            if symbol not in wanted or not quantity:
                continue
            if row.text("positionSide") != "BOTH":
                raise UnreadableAnswerError("positions: the account is in hedge mode, expected one-way mode")
            held[symbol] = _position(wanted[symbol], row)
        return tuple(held.values())

    return [_query(Call(api="fapiPrivateV3GetPositionRisk", params={}, group=PERP_WEIGHT, weight=5), read)]


def _position(market: Market, row: Fields | None) -> SeenPosition:
    return SeenPosition(
        instrument=market.instrument,
        quantity=BaseAmount(Decimal(0) if row is None else row.number("positionAmt")),
        entry_price=None if row is None else positive(row, "entryPrice"),
    )


def account(markets: Sequence[Market]) -> list[Query[SeenAccount]]:
    """Return the reads of whose account it is, what the key may, and the futures account's modes."""
    spot, perp = bool(spots(markets)), bool(perps(markets))
    found = [
        _query(
            Call(api="privateGetAccount", params={"omitZeroBalances": "true"}, group=SPOT_WEIGHT, weight=20), _owner
        ),
        _query(
            Call(api="sapiGetAccountApiRestrictions", params={}, group=WALLET),
            lambda answer: _rights(answer, spot=spot, perp=perp),
        ),
    ]
    if perp:
        found.append(_query(Call(api="fapiPrivateGetAccountConfig", params={}, group=PERP_WEIGHT, weight=5), _modes))
    return found


def _owner(answer: object) -> tuple[SeenAccount, ...]:
    fields = Fields(answer, "spot account")
    may_trade = None if fields.flag("canTrade") else False
    return (SeenAccount(uid=str(fields.whole("uid")), may_trade=may_trade, may_withdraw=None),)


def _rights(answer: object, *, spot: bool, perp: bool) -> tuple[SeenAccount, ...]:
    fields = Fields(answer, "rights of the key")
    may_trade = (fields.flag("enableSpotAndMarginTrading") or not spot) and (fields.flag("enableFutures") or not perp)
    return (SeenAccount(uid="", may_trade=may_trade, may_withdraw=fields.flag("enableWithdrawals")),)


def _modes(answer: object) -> tuple[SeenAccount, ...]:
    fields = Fields(answer, "futures account")
    problem = ""
    if fields.flag("multiAssetsMargin"):
        problem = "the futures account is in multi-assets mode, expected single-asset mode (USDT is the collateral)"
    elif not fields.flag("canTrade"):
        problem = "the futures account may not trade"
    return (
        SeenAccount(
            uid="", may_trade=None, may_withdraw=None, one_way=not fields.flag("dualSidePosition"), problem=problem
        ),
    )


def leverage(markets: Sequence[Market]) -> list[Query[tuple[InstrumentId, Decimal]]]:
    """Return the reads of the leverage of the perps among these markets."""
    return [_leverage_of(market) for market in perps(markets)]


def _leverage_of(market: Market) -> Query[tuple[InstrumentId, Decimal]]:
    def read(answer: object) -> tuple[tuple[InstrumentId, Decimal], ...]:
        found = [row for row in rows(answer, "symbol config") if row.text("symbol") == market.symbol]
        if not found:
            raise UnreadableAnswerError(f"symbol config: nothing about {market.symbol}")
        return tuple((market.instrument, row.number("leverage")) for row in found)

    params = {"symbol": market.symbol}
    return _query(Call(api="fapiPrivateGetSymbolConfig", params=params, group=PERP_WEIGHT, weight=5), read)


def set_one_way(market: Market) -> list[Call]:
    """Return the request for net positions; it holds for the whole futures account."""
    if market.trade_type is not PERP:
        return []
    return [Call(api="fapiPrivatePostPositionSideDual", params={"dualSidePosition": "false"}, group=PERP_WEIGHT)]


def set_cross(market: Market) -> list[Call]:
    """Return the request for cross margin of a perp."""
    if market.trade_type is not PERP:
        return []
    params = {"symbol": market.symbol, "marginType": "CROSSED"}
    return [Call(api="fapiPrivatePostMarginType", params=params, group=PERP_WEIGHT)]


def set_leverage(market: Market, wanted: Decimal) -> list[Call]:
    """Return the request for the leverage of a perp. Raises `NotSupportedError`: it is a whole number here."""
    if market.trade_type is not PERP:
        raise NotSupportedError("Binance spot has no leverage")
    if wanted != wanted.to_integral_value() or wanted < 1:
        raise NotSupportedError(f"Binance's leverage is a whole number from 1 on, not {wanted}")
    params = {"symbol": market.symbol, "leverage": int(wanted)}
    return [Call(api="fapiPrivatePostLeverage", params=params, group=PERP_WEIGHT)]
