"""A venue's engine with a clock that stands and prices that the test moves, for tests without a wire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from messages.units import BUY, LIMIT, MARKET, PERP, Side, TradeType
from ops.testbed.exchange.accounts import Account
from ops.testbed.exchange.build import build
from ops.testbed.exchange.clock import SetClock
from ops.testbed.exchange.engine import VenueEngine
from ops.testbed.exchange.events import Event
from ops.testbed.exchange.sink import Kept, NoSink, Sink
from ops.testbed.exchange.values import Market, Order, Placement, Uid, Wallet
from ops.testbed.exchange.venues import RULES, markets

START_MS = 1_700_000_000_000
ANN, BEN = Uid("1"), Uid("2")
PRICE = Decimal(2500)
MONEY = Decimal(1_000_000)


@dataclass(kw_only=True)
class Bench:
    """An engine, its clock, and what it told."""

    engine: VenueEngine
    clock: SetClock
    told: list[Event] = field(default_factory=list)

    def market(self, product: TradeType = PERP) -> Market:
        return next(m for m in self.engine.markets.values() if m.base == "ETH" and m.product is product)

    def asked(self, side: Side = BUY, amount: str | None = "1", price: str | None = None, **more: object) -> Placement:
        fields: dict[str, object] = {
            "market": self.market(),
            "side": side,
            "type": MARKET if price is None else LIMIT,
            "amount": None if amount is None else Decimal(amount),
            "price": None if price is None else Decimal(price),
        }
        return Placement(**(fields | more))  # type: ignore[arg-type]  # the test says what

    def place(
        self, side: Side = BUY, amount: str | None = "1", price: str | None = None, *, uid: Uid = ANN, **more: object
    ) -> Order:
        return self.engine.place(uid, self.asked(side, amount, price, **more))

    def now(self, order: Order) -> Order:
        found = self.engine.find(order.uid, order.market, order_id=order.order_id)
        assert found is not None
        return found

    def move(self, price: str, product: TradeType = PERP) -> None:
        self.engine.move(self.market(product), Decimal(price))

    def later(self, ms: int) -> None:
        self.clock.at_ms += ms
        self.engine.tick()

    def balance(self, asset: str, wallet: Wallet | None = None, uid: Uid = ANN) -> Decimal:
        found = self.engine.balances(uid, wallet or self.engine.rules.wallets[0])
        return found[asset].total

    def held(self, asset: str, wallet: Wallet | None = None, uid: Uid = ANN) -> Decimal:
        return self.engine.balances(uid, wallet or self.engine.rules.wallets[0])[asset].held


def bench(venue: str = "binance", *, sink: Callable[[str], Sink] | None = None, kept: Kept | None = None) -> Bench:
    """Return an engine with two accounts that have a million USDT and a hundred ETH in every wallet."""
    clock = SetClock(START_MS)
    rules = RULES[venue]
    parts = build(
        rules,
        markets(venue),
        lambda market: PRICE if market.base == "ETH" else Decimal(60_000),
        now_ms=clock.now_ms,
        seed="1",
        sink=sink(venue) if sink is not None else NoSink(),
        kept=kept or Kept(),
    )
    opening = {wallet: {"USDT": MONEY, "ETH": Decimal(100)} for wallet in rules.wallets}
    accounts = [Account(venue=venue, uid=uid, keys=(), opening=opening) for uid in (ANN, BEN)]
    made = Bench(engine=VenueEngine(parts, accounts, funding_rate=lambda _: Decimal("0.0001")), clock=clock)
    made.engine.subscribe(made.told.append)
    return made
