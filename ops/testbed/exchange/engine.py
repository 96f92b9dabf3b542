"""One venue without its wire: what ``contract.Engine`` promises, and what makes its time and prices go on."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from messages.units import Side, TradeType
from ops.testbed.exchange import funds
from ops.testbed.exchange.accounts import Account, openings
from ops.testbed.exchange.build import Parts
from ops.testbed.exchange.depth import LEVELS
from ops.testbed.exchange.events import Event
from ops.testbed.exchange.floor import Floor, Pit
from ops.testbed.exchange.money import Bill, Kind, Move, Withdrawal
from ops.testbed.exchange.orders import Change
from ops.testbed.exchange.quotes import Bar, Book, Level, PaidFunding, PublicTrade, Ticker
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.rules import Rules
from ops.testbed.exchange.values import (
    ZERO,
    Balance,
    Key,
    Margin,
    Market,
    Order,
    Placement,
    Position,
    Status,
    Trade,
    Uid,
    Wallet,
)

_FOREVER = 2**63


class VenueEngine:
    """See ``contract.Engine``. Everything that changes something tells its events before it returns."""

    def __init__(self, parts: Parts, accounts: Sequence[Account], *, funding_rate: Callable[[Market], Decimal]) -> None:
        self._floor: Floor = parts.floor
        self._parts = parts
        self._keys: Mapping[str, Key] = {key.api_key: key for account in accounts for key in account.keys}
        self._funding_rate = funding_rate
        self._next_funding: dict[tuple[TradeType, str], int] = {}
        self.rules: Rules = parts.floor.rules
        with self._change():
            for uid, wallet, asset, amount in openings(accounts):
                if uid not in parts.opened:
                    parts.floor.purses.add(uid, wallet, asset, amount, Kind.OPENING)
        self.markets: Mapping[tuple[TradeType, str], Market] = {
            key: pit.market for key, pit in parts.floor.pits.items()
        }

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._floor.settle()

    def now_ms(self) -> int:
        """See the contract."""
        return self._floor.now_ms()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """See the contract."""
        return self._floor.bus.subscribe(listener)

    # Accounts

    def key(self, api_key: str) -> Key | None:
        """See the contract."""
        return self._keys.get(api_key)

    def keys(self) -> Sequence[Key]:
        """See the contract."""
        return tuple(self._keys.values())

    def market(self, product: TradeType, symbol: str) -> Market:
        """See the contract."""
        found = self.markets.get((product, symbol))
        if found is None:
            raise RejectError(Reject.UNKNOWN_SYMBOL, symbol)
        return found

    def commission(self, uid: Uid, market: Market) -> tuple[Decimal, Decimal]:
        """See the contract. All accounts are of the lowest level."""
        del uid
        return market.maker, market.taker

    def balances(self, uid: Uid, wallet: Wallet) -> Mapping[str, Balance]:
        """See the contract."""
        return self._floor.purses.seen(uid, wallet)

    def margin(self, uid: Uid, wallet: Wallet) -> Margin:
        """See the contract."""
        return funds.margin(self._floor, uid, wallet)

    def positions(self, uid: Uid) -> Sequence[Position]:
        """See the contract."""
        return [position for position in self._floor.positions.seen(uid) if position.quantity]

    def position(self, uid: Uid, market: Market) -> Position:
        """See the contract."""
        seen = self._floor.positions.seen(uid, market)
        return seen[0] if seen else self._floor.positions.of(uid, market)

    def set_leverage(self, uid: Uid, market: Market, leverage: Decimal) -> Position:
        """See the contract."""
        positions = self._floor.positions
        if not 1 <= leverage <= market.max_leverage:
            raise RejectError(Reject.LEVERAGE_TOO_HIGH, market.symbol)
        before = positions.of(uid, market).leverage
        with self._change():
            after = positions.set_leverage(uid, market, leverage)
            if leverage < before and funds.margin(self._floor, uid, market.wallet).free < ZERO:
                positions.set_leverage(uid, market, before)
                raise RejectError(Reject.NO_MARGIN, market.symbol)
        if leverage == before:
            raise RejectError(Reject.UNCHANGED, market.symbol)
        return after

    def setting(self, uid: Uid, name: str) -> str:
        """See the contract."""
        return self._parts.settings.get((uid, name), "")

    def set_setting(self, uid: Uid, name: str, value: str) -> None:
        """See the contract."""
        self._parts.settings[uid, name] = value
        self._parts.sink.setting(uid, name, value)

    # Orders

    def place(self, uid: Uid, placement: Placement) -> Order:
        """See the contract."""
        with self._change():
            return self._parts.desk.place(uid, placement)

    def amend(
        self,
        uid: Uid,
        market: Market,
        *,
        order_id: str = "",
        client_order_id: str = "",
        price: Decimal | None = None,
        amount: Decimal | None = None,
        trigger_price: Decimal | None = None,
    ) -> Order:
        """See the contract."""
        order = self._parts.desk.meant(uid, market, order_id=order_id, client_order_id=client_order_id)
        with self._change():
            return self._parts.desk.amend(order, Change(price=price, amount=amount, trigger_price=trigger_price))

    def cancel(self, uid: Uid, market: Market, *, order_id: str = "", client_order_id: str = "") -> Order:
        """See the contract."""
        order = self._parts.desk.meant(uid, market, order_id=order_id, client_order_id=client_order_id)
        with self._change():
            return self._parts.desk.cancel(order)

    def cancel_all(
        self, uid: Uid, product: TradeType, market: Market | None = None, *, waiting: bool | None = None
    ) -> Sequence[Order]:
        """See the contract."""
        with self._change():
            return [
                self._parts.desk.cancel(order)
                for order in self._floor.store.unfinished(uid, product, market)
                if waiting is None or waiting == (order.status is Status.WAITING)
            ]

    def find(
        self,
        uid: Uid,
        market: Market | None,
        *,
        order_id: str = "",
        client_order_id: str = "",
        recent_ms: int = 0,
        trigger: bool | None = None,
    ) -> Order | None:
        """See the contract."""
        return self._floor.store.find(
            uid, market, order_id=order_id, client_order_id=client_order_id, recent_ms=recent_ms, trigger=trigger
        )

    def open_orders(
        self, uid: Uid, product: TradeType, market: Market | None = None, *, waiting: bool | None = None
    ) -> Sequence[Order]:
        """See the contract."""
        return self._floor.store.open(uid, product, market, waiting=waiting)

    def orders(
        self,
        uid: Uid,
        product: TradeType,
        market: Market | None = None,
        *,
        since_ms: int = 0,
        until_ms: int | None = None,
        trigger: bool | None = None,
    ) -> Sequence[Order]:
        """See the contract."""
        until = _FOREVER if until_ms is None else until_ms
        return self._floor.store.made(uid, product, market, since_ms, until, trigger=trigger)

    def trades(
        self,
        uid: Uid,
        product: TradeType,
        market: Market | None = None,
        *,
        order_id: str = "",
        since_ms: int = 0,
        until_ms: int | None = None,
    ) -> Sequence[Trade]:
        """See the contract."""
        until = _FOREVER if until_ms is None else until_ms
        return self._floor.store.trades(uid, product, market, order_id=order_id, since_ms=since_ms, until_ms=until)

    # Money that moves

    def bills(
        self,
        uid: Uid,
        *,
        kinds: Sequence[Kind] = (),
        wallet: Wallet | None = None,
        since_ms: int = 0,
        until_ms: int | None = None,
    ) -> Sequence[Bill]:
        """See the contract."""
        until = _FOREVER if until_ms is None else until_ms
        return self._floor.purses.bills(uid, kinds=kinds, wallet=wallet, since_ms=since_ms, until_ms=until)

    def deposit(
        self, uid: Uid, asset: str, amount: Decimal, *, network: str = "", wallet: Wallet | None = None
    ) -> Move:
        """See the contract."""
        with self._change():
            target = wallet or self.rules.deposit_wallet
            return self._parts.vault.deposit(uid, asset, amount, network=network, wallet=target)

    def withdraw(self, uid: Uid, withdrawal: Withdrawal) -> Move:
        """See the contract."""
        with self._change():
            return self._parts.vault.withdraw(uid, withdrawal)

    def transfer(
        self, uid: Uid, asset: str, amount: Decimal, *, source: Wallet, target: Wallet, client_id: str = ""
    ) -> Move:
        """See the contract."""
        with self._change():
            return self._parts.vault.transfer(uid, asset, amount, source=source, target=target, client_id=client_id)

    def moves(self, uid: Uid, kind: Kind) -> Sequence[Move]:
        """See the contract."""
        return self._parts.vault.moves(uid, kind)

    # What everybody sees

    def book(self, market: Market, depth: int = 50) -> Book:
        """See the contract."""
        return Book(
            market=market,
            bids=self._side(market, Side.BUY, depth),
            asks=self._side(market, Side.SELL, depth),
            serial=self._floor.pit(market).serial,
            at_ms=self.now_ms(),
        )

    def _side(self, market: Market, side: Side, depth: int) -> tuple[Level, ...]:
        pit = self._floor.pit(market)
        sums: dict[Decimal, Decimal] = {}
        for number, level in enumerate(pit.depth.levels(side)):
            if number == min(depth, LEVELS):
                break
            sums[level.price] = level.amount
        for price, key in pit.resting.keys(side):
            sums[price] = sums.get(price, ZERO) + self._floor.store.actual(key).left
        prices = sorted(sums, reverse=side is Side.BUY)[:depth]
        return tuple(Level(price, sums[price]) for price in prices)

    def ticker(self, market: Market) -> Ticker:
        """See the contract."""
        pit = self._floor.pit(market)
        day, best = pit.tape.day(), self.book(market, 1)
        bid, ask = (side[0] if side else Level(ZERO, ZERO) for side in (best.bids, best.asks))
        is_perp = market.product is TradeType.PERP
        return Ticker(
            market=market,
            last=pit.last,
            bid=bid.price,
            bid_amount=bid.amount,
            ask=ask.price,
            ask_amount=ask.amount,
            mark=pit.mark,
            index=self._parts.index(market),
            open=day.open,
            high=day.high,
            low=day.low,
            volume=day.volume,
            turnover=day.turnover,
            funding_rate=self._funding_rate(market) if is_perp else ZERO,
            next_funding_ms=self._next_funding.get(market.key, 0),
            open_interest=sum((abs(each.quantity) for each in self._floor.positions.holders(market)), ZERO),
            at_ms=self.now_ms(),
        )

    def bars(self, market: Market, interval_ms: int, *, since_ms: int | None, limit: int) -> Sequence[Bar]:
        """See the contract."""
        return self._floor.pit(market).tape.bars(interval_ms, self.now_ms(), since_ms=since_ms, limit=limit)

    def public_trades(self, market: Market, limit: int) -> Sequence[PublicTrade]:
        """See the contract."""
        return self._floor.pit(market).tape.trades(limit)

    def funding_history(self, market: Market, *, since_ms: int = 0) -> Sequence[PaidFunding]:
        """See the contract."""
        return [paid for paid in self._floor.pit(market).tape.funding if paid.at_ms >= since_ms]

    def pay_funding(self, market: Market, rate: Decimal | None = None) -> PaidFunding:
        """See the contract."""
        if market.product is not TradeType.PERP:
            raise RejectError(Reject.UNSUPPORTED, market.symbol)
        with self._change():
            return self._parts.vault.pay_funding(market, self._funding_rate(market) if rate is None else rate)

    # What goes on by itself

    def move(self, market: Market, price: Decimal) -> None:
        """Let the reference price be another one: resting orders that it goes through fill, triggers fire."""
        with self._change():
            self._parts.move(market, price)

    def schedule_funding(self, market: Market, at_ms: int) -> None:
        """Say when the next settlement of a perp will be, by the venue's clock."""
        self._next_funding[market.key] = at_ms

    def tick(self) -> None:
        """Let withdrawals get further, and late news out."""
        with self._change():
            self._parts.vault.tick()

    def pit(self, market: Market) -> Pit:
        """Return where a market is traded."""
        return self._floor.pit(market)

    def spendable(self, uid: Uid, wallet: Wallet, asset: str) -> Decimal:
        """See the contract."""
        return funds.spendable(self._floor, uid, wallet, asset)
