"""Reads of funding, deposits, withdrawals and transfers."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from actors.exchange.wire.binance.accounts import PERP_ACCOUNT, SPOT_ACCOUNT, perps, spots
from actors.exchange.wire.binance.fields import Fields, rows
from actors.exchange.wire.binance.history import Ledger, Span, cut, spanned
from actors.exchange.wire.binance.limits import DAY_MS, PERP_WEIGHT, WALLET, WALLET_UID
from actors.exchange.wire.contract import (
    Call,
    Market,
    Query,
    SeenFunding,
    SeenTransfer,
    UnreadableAnswerError,
)
from messages.units import AccountName, Asset

INCOME_SPAN_MS = 7 * DAY_MS
"""Without times the last 7 days are returned; the ledger is kept for 3 months (account, income history)."""
WALLET_SPAN_MS = 90 * DAY_MS
"""Longest time between start and end of deposit and withdrawal history: 90 days (wallet)."""
TRANSFER_SPAN_MS = 7 * DAY_MS
"""Without times the last 7 days are returned (wallet, universal transfer history)."""

FUNDING_TYPES = ("FUNDING_FEE", "SPECIAL_FUNDING_FEE")
INCOME_TYPES = ("TRANSFER", "INSURANCE_CLEAR")
"""What changes the futures balance other than trades and funding: transfers, and liquidation fees."""
TRANSFER_TYPES: Mapping[str, int] = MappingProxyType(
    {"MAIN_UMFUTURE": -1, "UMFUTURE_MAIN": 1, "MAIN_FUNDING": -1, "FUNDING_MAIN": 1}
)
"""Transfers between the spot wallet and the others of the same account, and their sign for the spot wallet."""

_FULL = 1_000
_FULL_TRANSFERS = 100
_SPOT_WALLET = 0
_CREDITED = frozenset({1, 6})
"""Deposit status: success, and credited but not yet to be withdrawn."""
_LEAVING = frozenset({0, 2, 4, 6})
"""Of withdrawals: confirmation sent, awaiting approval, processing, completed: the balance is gone from the first."""


def funding_since(markets: Sequence[Market], *, since_ms: int, now_ms: int) -> list[Query[SeenFunding]]:
    """Return the reads of funding payments. `tranId` is unique within its type, so that the type is part of the id."""
    wanted = {market.symbol: market for market in perps(markets)}
    if not wanted:
        return []

    def read(answer: Any) -> tuple[int, tuple[SeenFunding, ...]]:  # noqa: ANN401 - decoded JSON
        found = rows(answer, "income")
        return len(found), tuple(_funding(row, wanted) for row in found if row.text("symbol") in wanted)

    return [_income(kind, read, since_ms, now_ms) for kind in FUNDING_TYPES]


def _funding(row: Fields, wanted: Mapping[str, Market]) -> SeenFunding:
    return SeenFunding(
        instrument=wanted[row.text("symbol")].instrument,
        payment_id=_income_id(row),
        asset=Asset(row.text("asset")),
        amount=row.number("income"),
        at_ms=row.whole("time"),
    )


def _income_id(row: Fields) -> str:
    """Return the id of an entry: of plain funding the number alone, of other types with their name before it."""
    kind, number = row.text("incomeType"), str(row.whole("tranId"))
    return number if kind == FUNDING_TYPES[0] else f"{kind}:{number}"


def _income(kind: str, read: Callable[[Any], tuple[int, tuple[Any, ...]]], since_ms: int, now_ms: int) -> Query[Any]:
    def ask(span: Span) -> Call:
        params = {"incomeType": kind, "startTime": span[0], "endTime": span[1], "limit": _FULL}
        return Call(api="fapiPrivateGetIncome", params=params, group=PERP_WEIGHT, weight=30)

    ledger = Ledger[Any](what="income", ask=ask, read=read, full=_FULL)
    return spanned(ledger, cut(since_ms, now_ms, INCOME_SPAN_MS))


def transfers_since(markets: Sequence[Market], *, since_ms: int, now_ms: int) -> list[Query[SeenTransfer]]:
    """Return the reads of what came or went other than by trades and funding."""
    found: list[Query[SeenTransfer]] = []
    if spots(markets):
        found += [_deposits(since_ms, now_ms), _withdrawals(since_ms, now_ms)]
        found += [_universal(kind, since_ms, now_ms) for kind in TRANSFER_TYPES]
    if perps(markets):
        found += [_income(kind, _read_income, since_ms, now_ms) for kind in INCOME_TYPES]
    return found


def _read_income(answer: Any) -> tuple[int, tuple[SeenTransfer, ...]]:  # noqa: ANN401 - decoded JSON
    found = rows(answer, "income")
    return len(found), tuple(
        SeenTransfer(
            account=PERP_ACCOUNT,
            transfer_id=_income_id(row),
            kind=row.text("incomeType").lower(),
            asset=Asset(row.text("asset")),
            amount=row.number("income"),
            at_ms=row.whole("time"),
        )
        for row in found
    )


def _deposits(since_ms: int, now_ms: int) -> Query[SeenTransfer]:
    def ask(span: Span) -> Call:
        params = {"startTime": span[0], "endTime": span[1], "limit": _FULL}
        return Call(api="sapiGetCapitalDepositHisrec", params=params, group=WALLET)

    def read(answer: Any) -> tuple[int, tuple[SeenTransfer, ...]]:  # noqa: ANN401 - decoded JSON
        found = rows(answer, "deposits")
        return len(found), tuple(_deposit(row) for row in found if row.whole("status") in _CREDITED and _is_spot(row))

    ledger = Ledger[SeenTransfer](what="deposits", ask=ask, read=read, full=_FULL)
    return spanned(ledger, cut(since_ms, now_ms, WALLET_SPAN_MS))


def _deposit(row: Fields) -> SeenTransfer:
    return _spot_transfer(row.text("id"), "deposit", row.text("coin"), row.number("amount"), row.whole("insertTime"))


def _withdrawals(since_ms: int, now_ms: int) -> Query[SeenTransfer]:
    def ask(span: Span) -> Call:
        params = {"startTime": span[0], "endTime": span[1], "limit": _FULL}
        return Call(api="sapiGetCapitalWithdrawHistory", params=params, group=WALLET_UID, weight=18_000)

    def read(answer: Any) -> tuple[int, tuple[SeenTransfer, ...]]:  # noqa: ANN401 - decoded JSON
        found = rows(answer, "withdrawals")
        return len(found), tuple(_withdrawal(row) for row in found if row.whole("status") in _LEAVING and _is_spot(row))

    ledger = Ledger[SeenTransfer](what="withdrawals", ask=ask, read=read, full=_FULL)
    return spanned(ledger, cut(since_ms, now_ms, WALLET_SPAN_MS))


def _withdrawal(row: Fields) -> SeenTransfer:
    """Read a withdrawal: `amount` is what arrives, the fee comes on top."""
    gone = row.number("amount") + row.number("transactionFee")
    return _spot_transfer(row.text("id"), "withdrawal", row.text("coin"), -gone, _applied_ms(row))


def _applied_ms(row: Fields) -> int:
    """Read `applyTime`, a text without zone that is UTC (wallet, withdraw history)."""
    written = row.text("applyTime")
    try:
        at = dt.datetime.fromisoformat(written).replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise UnreadableAnswerError(f"withdrawals: applyTime is {written[:40]!r}, expected a date and time") from error
    return int(at.timestamp()) * 1_000


def _is_spot(row: Fields) -> bool:
    return not row.has("walletType") or row.whole("walletType") == _SPOT_WALLET


def _universal(kind: str, since_ms: int, now_ms: int) -> Query[SeenTransfer]:
    def ask(span: Span) -> Call:
        params = {"type": kind, "startTime": span[0], "endTime": span[1], "current": 1, "size": _FULL_TRANSFERS}
        return Call(api="sapiGetAssetTransfer", params=params, group=WALLET)

    def read(answer: Any) -> tuple[int, tuple[SeenTransfer, ...]]:  # noqa: ANN401 - decoded JSON
        fields = Fields(answer, "transfers")
        found = fields.rows("rows") if fields.has("rows") else _none(fields)
        return len(found), tuple(_transfer(row, kind) for row in found if row.text("status") == "CONFIRMED")

    ledger = Ledger[SeenTransfer](what="transfers", ask=ask, read=read, full=_FULL_TRANSFERS)
    return spanned(ledger, cut(since_ms, now_ms, TRANSFER_SPAN_MS))


def _none(fields: Fields) -> list[Fields]:
    """Hold an answer without rows to its own count."""
    if fields.whole("total"):
        raise UnreadableAnswerError(f"transfers: no rows, but a total of {fields.whole('total')}")
    return []


def _transfer(row: Fields, kind: str) -> SeenTransfer:
    amount = row.number("amount") * TRANSFER_TYPES[kind]
    return _spot_transfer(str(row.whole("tranId")), kind.lower(), row.text("asset"), amount, row.whole("timestamp"))


def _spot_transfer(number: str, kind: str, asset: str, amount: Decimal, at_ms: int) -> SeenTransfer:
    account: AccountName = SPOT_ACCOUNT
    return SeenTransfer(account=account, transfer_id=number, kind=kind, asset=Asset(asset), amount=amount, at_ms=at_ms)
