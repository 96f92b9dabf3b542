"""All that a venue's engine works on: its accounts' state and a pit for each market."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from messages.units import Side, TradeType, TriggerBy
from ops.testbed.exchange.bus import Bus
from ops.testbed.exchange.depth import Depth
from ops.testbed.exchange.events import Cause, MarketChanged, OrderChanged, Printed
from ops.testbed.exchange.ids import Ids
from ops.testbed.exchange.positions import Positions
from ops.testbed.exchange.purses import Purses
from ops.testbed.exchange.quotes import PublicTrade
from ops.testbed.exchange.resting import Resting
from ops.testbed.exchange.rules import Rules
from ops.testbed.exchange.store import OrderKey, Store
from ops.testbed.exchange.tape import Tape
from ops.testbed.exchange.values import ZERO, Market, Order, Trade, Wallet


@dataclass(kw_only=True)
class Pit:
    """Where one market is traded.

    Attributes:
        last: Price of the last trade.
        mark: What perps are valued at; of a spot market the last price.
        waiting: Trigger orders that wait, in the order in which they were placed.
        serial: Rises with each change.
    """

    market: Market
    depth: Depth
    tape: Tape
    last: Decimal
    mark: Decimal
    resting: Resting = field(default_factory=Resting)
    waiting: dict[OrderKey, None] = field(default_factory=dict)
    serial: int = 0

    def price(self, by: TriggerBy) -> Decimal:
        """Return the price that a trigger looks at."""
        return self.mark if by is TriggerBy.MARK else self.last


@dataclass(kw_only=True)
class Floor:
    """One venue's state, and the little that every part of its engine does with it."""

    rules: Rules
    now_ms: Callable[[], int]
    ids: Ids
    bus: Bus
    store: Store
    purses: Purses
    positions: Positions
    pits: Mapping[tuple[TradeType, str], Pit]
    holds: dict[OrderKey, tuple[Wallet, str, Decimal]] = field(default_factory=dict)
    touched: dict[tuple[TradeType, str], None] = field(default_factory=dict)

    def pit(self, market: Market) -> Pit:
        """Return the pit of a market."""
        return self.pits[market.key]

    def tell_order(self, order: Order, cause: Cause, trade: Trade | None = None) -> None:
        """Say that an order changed. News of trades may be late, and what comes of the order after it with it."""
        late = self.store.late_ms(order) if cause in {Cause.TRADED, Cause.ENDED} else 0
        self.bus.add(
            OrderChanged(
                serial=self.bus.serial(),
                at_ms=self.now_ms(),
                uid=order.uid,
                cause=cause,
                order=order,
                trade=trade,
            ),
            late_ms=late,
        )

    def print_trade(self, market: Market, trade_id: str, price: Decimal, amount: Decimal, side: Side) -> None:
        """Note a trade for everybody; `side` is the taker's."""
        pit = self.pit(market)
        pit.last = price
        if market.product is TradeType.SPOT:
            pit.mark = price
        shown = PublicTrade(
            market=market, trade_id=trade_id, price=price, amount=amount, side=side, at_ms=self.now_ms()
        )
        pit.tape.trade(shown)
        self.touch(market)
        self.bus.add(Printed(serial=self.bus.serial(), at_ms=self.now_ms(), trade=shown))

    def touch(self, market: Market) -> None:
        """Note that a book or a price changed."""
        self.pit(market).serial += 1
        self.touched[market.key] = None

    def settle(self) -> None:
        """Tell all that happened. The end of everything that changes something."""
        self.purses.tell()
        self.positions.tell()
        for key in self.touched:
            market = self.pits[key].market
            self.bus.add(MarketChanged(serial=self.bus.serial(), at_ms=self.now_ms(), market=market))
        self.touched.clear()
        self.bus.flush()

    def hold(self, key: OrderKey, wanted: tuple[Wallet, str, Decimal] | None) -> None:
        """Hold for an order what is wanted now, and give back what was held before."""
        before = self.holds.pop(key, None)
        uid = key[0]
        if wanted is not None and wanted[2] > 0:
            self.holds[key] = wanted
        if before is not None and wanted is not None and before[:2] == wanted[:2]:
            change = wanted[2] - before[2]
            if change:
                self.purses.hold(uid, wanted[0], wanted[1], change)
            return
        if before is not None:
            self.purses.hold(uid, before[0], before[1], -before[2])
        if wanted is not None and wanted[2] != ZERO:
            self.purses.hold(uid, wanted[0], wanted[1], wanted[2])
