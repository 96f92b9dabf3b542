"""What a venue's accounts own: balances with what is held of them, the ledger, deposits, withdrawals, transfers."""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from ops.testbed.exchange.bus import Bus
from ops.testbed.exchange.circumstances import CIRCUMSTANCES
from ops.testbed.exchange.events import BalanceChanged
from ops.testbed.exchange.ids import Ids
from ops.testbed.exchange.money import Bill, Kind
from ops.testbed.exchange.sink import Kept, Sink
from ops.testbed.exchange.values import Balance, Market, Uid, Wallet

_REMEMBERED_MS = 120_000
_Place = tuple[Uid, Wallet, str]


class Purses:
    """All balances of a venue. `tell` says which changed, each once, when a change as a whole is done."""

    def __init__(self, now_ms: Callable[[], int], bus: Bus, ids: Ids, sink: Sink, kept: Kept) -> None:
        self._now_ms = now_ms
        self._bus = bus
        self._ids = ids
        self._sink = sink
        self._balances: dict[Uid, dict[Wallet, dict[str, Balance]]] = {}
        self._bills: dict[Uid, list[Bill]] = {}
        self._dirty: dict[_Place, Kind] = {}
        self._past: deque[tuple[int, _Place, Balance]] = deque()
        for (uid, wallet, asset), balance in kept.balances.items():
            self._wallet(uid, wallet)[asset] = Balance(total=balance.total)  # holds come back with their orders
        for bill in kept.bills:
            self._bills.setdefault(bill.uid, []).append(bill)

    def _wallet(self, uid: Uid, wallet: Wallet) -> dict[str, Balance]:
        return self._balances.setdefault(uid, {}).setdefault(wallet, {})

    def balance(self, uid: Uid, wallet: Wallet, asset: str) -> Balance:
        """Return a balance as it is."""
        return self._wallet(uid, wallet).get(asset, Balance())

    def seen(self, uid: Uid, wallet: Wallet) -> Mapping[str, Balance]:
        """Return a wallet as reads see it."""
        now = dict(self._wallet(uid, wallet))
        stale = CIRCUMSTANCES.get().stale_ms
        if stale:
            since = self._now_ms() - stale
            for at_ms, place, before in reversed(self._past):
                if at_ms <= since:
                    break
                if place[:2] == (uid, wallet):
                    now[place[2]] = before
        return now

    def hold(self, uid: Uid, wallet: Wallet, asset: str, change: Decimal) -> None:
        """Hold more (or less) of a balance."""
        before = self.balance(uid, wallet, asset)
        self._set((uid, wallet, asset), Balance(total=before.total, held=before.held + change), before, Kind.TRADE)

    def add(
        self,
        uid: Uid,
        wallet: Wallet,
        asset: str,
        amount: Decimal,
        kind: Kind,
        *,
        market: Market | None = None,
        ref: str = "",
        order_id: str = "",
    ) -> Bill:
        """Change a balance by a signed amount, and write a line of the ledger."""
        before = self.balance(uid, wallet, asset)
        after = Balance(total=before.total + amount, held=before.held)
        self._set((uid, wallet, asset), after, before, kind)
        bill = Bill(
            bill_id=self._ids.next("bill"),
            uid=uid,
            wallet=wallet,
            asset=asset,
            kind=kind,
            amount=amount,
            balance=after.total,
            market=market,
            ref=ref,
            order_id=order_id,
            at_ms=self._now_ms(),
        )
        self._file(bill)
        return bill

    def add_funding(
        self, uid: Uid, amount: Decimal, *, market: Market, rate: Decimal, mark: Decimal, quantity: Decimal
    ) -> Bill:
        """Pay (or get) funding, and write a line of the ledger."""
        before = self.balance(uid, market.wallet, market.quote)
        after = Balance(total=before.total + amount, held=before.held)
        self._set((uid, market.wallet, market.quote), after, before, Kind.FUNDING)
        bill = Bill(
            bill_id=self._ids.next("bill"),
            uid=uid,
            wallet=market.wallet,
            asset=market.quote,
            kind=Kind.FUNDING,
            amount=amount,
            balance=after.total,
            market=market,
            rate=rate,
            mark=mark,
            quantity=quantity,
            at_ms=self._now_ms(),
        )
        self._file(bill)
        return bill

    def _file(self, bill: Bill) -> None:
        self._bills.setdefault(bill.uid, []).append(bill)
        self._sink.bill(bill)

    def _set(self, place: _Place, after: Balance, before: Balance, kind: Kind) -> None:
        uid, wallet, asset = place
        now = self._now_ms()
        self._past.append((now, place, before))
        while self._past[0][0] < now - _REMEMBERED_MS:
            self._past.popleft()
        self._wallet(uid, wallet)[asset] = after
        if self._dirty.get(place, Kind.TRADE) is Kind.TRADE:
            self._dirty[place] = kind

    def bills(
        self, uid: Uid, *, kinds: Sequence[Kind], wallet: Wallet | None, since_ms: int, until_ms: int
    ) -> list[Bill]:
        """Return lines of the ledger of a time, both ends included, as reads see them."""
        rows = self._bills.get(uid, [])
        until = min(until_ms, self._now_ms() - CIRCUMSTANCES.get().stale_ms)
        return [
            bill
            for bill in rows[bisect_left(rows, since_ms, key=lambda each: each.at_ms) :]
            if bill.at_ms <= until and (not kinds or bill.kind in kinds) and wallet in {None, bill.wallet}
        ]

    def tell(self) -> None:
        """Say which balances changed since the last time."""
        for (uid, wallet, asset), kind in self._dirty.items():
            balance = self.balance(uid, wallet, asset)
            self._sink.balance(uid, wallet, asset, balance)
            self._bus.add(
                BalanceChanged(
                    serial=self._bus.serial(),
                    at_ms=self._now_ms(),
                    uid=uid,
                    wallet=wallet,
                    asset=asset,
                    balance=msgspec.structs.replace(balance),
                    kind=kind,
                )
            )
        self._dirty.clear()
