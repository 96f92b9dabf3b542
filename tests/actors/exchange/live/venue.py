"""A venue in memory: what the exchange does with it is what it does with a real one; only the wire is missing.

Time is the virtual loop's.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from actors.exchange.wire.contract import (
    Market,
    OrderStatus,
    SeenFunding,
    SeenOrder,
    SeenTrade,
    SeenTransfer,
    Update,
)
from actors.runtime.virtual_time import VirtualClock
from messages.orders import OrderSubmitted
from messages.units import (
    BUY,
    FOK,
    IOC,
    MARKET,
    PERP,
    TAKER,
    AccountName,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstrumentId,
    OrderId,
    Price,
    Side,
    TradeId,
    VenueName,
)

VENUE = VenueName("bybit")
PERP_ID = InstrumentId("bybit:ETHUSDT-PERP")
MARKETS: Mapping[InstrumentId, Market] = {
    PERP_ID: Market(
        instrument=PERP_ID,
        venue=VENUE,
        trade_type=PERP,
        account=AccountName("bybit"),
        symbol="ETHUSDT",
        unified="ETH/USDT:USDT",
        base=Asset("ETH"),
        quote=Asset("USDT"),
        tick=Price(Decimal("0.01")),
        lot=BaseAmount(Decimal("0.01")),
        contract_size=BaseAmount(Decimal(1)),
    )
}


class Resting(msgspec.Struct):
    """An order as the venue keeps it."""

    order_id: OrderId
    client_order_id: ClientOrderId
    instrument: InstrumentId
    side: Side
    amount: Decimal
    price: Decimal | None
    filled: Decimal = Decimal(0)
    status: OrderStatus = OrderStatus.OPEN
    visible_ms: int = 0
    updated_ms: int = 0
    trigger: Decimal | None = None
    child: OrderId | None = None

    @property
    def is_open(self) -> bool:
        """Whether something may come of it still."""
        return self.status in {OrderStatus.OPEN, OrderStatus.WAITING}


class Venue:
    """Takes orders, fills those that say MARKET, IOC or FOK at once, and shows what there is.

    Attributes:
        places: Client ids in the order in which orders were taken: one that stands here twice was sent twice.
        price: Of every fill.
        share: How much of an order fills at once, from 0 to 1.
        reducible: To how much an order that only reduces is cut; None: to nothing less.
        keeps_ms: How long it tells the fills of an order that it is asked for.
        names_trades: Whether a trade says our id of its order.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.orders: dict[OrderId, Resting] = {}
        self.trades: list[tuple[SeenTrade, int]] = []
        self.places: list[ClientOrderId] = []
        self.cancels: list[ClientOrderId] = []
        self.price = Decimal(2000)
        self.share = Decimal(1)
        self.reducible: Decimal | None = None
        self.names_trades = True
        self.keeps_ms: int | None = None
        self.trade_delay_ms = 0
        self.order_delay_ms = 0
        self.frames: Callable[[Any], None] | None = None
        self.position = Decimal(0)
        self.cash = Decimal(100_000)
        self.funding: list[SeenFunding] = []
        self.transfers: list[SeenTransfer] = []

    def now_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000

    def place(self, intent: OrderSubmitted) -> Resting:
        """Take an order."""
        now = self.now_ms()
        order = Resting(
            OrderId(f"v{len(self.orders) + 1}"),
            intent.client_order_id,
            intent.instrument,
            intent.side,
            intent.amount if self.reducible is None or not intent.reduce_only else self.reducible,
            intent.price,
            visible_ms=now + self.order_delay_ms,
            updated_ms=now,
        )
        if intent.trigger_price is not None:
            order.trigger, order.status = intent.trigger_price, OrderStatus.WAITING
        self.orders[order.order_id] = order
        self.places.append(order.client_order_id)
        self._say_order(order)
        if intent.order_type is MARKET or intent.time_in_force in {IOC, FOK}:
            lots = (order.amount * self.share / Decimal("0.01")).to_integral_value() * Decimal("0.01")
            if lots:
                self.fill(order, lots)
            if order.status is OrderStatus.OPEN:
                order.status = OrderStatus.CANCELLED
                self._say_order(order)
        return order

    def fill(self, order: Resting, amount: Decimal) -> SeenTrade:
        """Trade a part of an order."""
        order.filled += amount
        order.updated_ms = self.now_ms()
        if order.filled == order.amount:
            order.status = OrderStatus.FILLED
        trade = SeenTrade(
            instrument=order.instrument,
            trade_id=TradeId(f"t{len(self.trades) + 1}"),
            order_id=order.child or order.order_id,
            client_order_id=order.client_order_id if self.names_trades else ClientOrderId(""),
            side=order.side,
            amount=BaseAmount(amount),
            price=Price(self.price),
            fee=amount * self.price * Decimal("0.0005"),
            fee_asset=Asset("USDT"),
            liquidity=TAKER,
            at_ms=self.now_ms(),
        )
        signed = amount if order.side is BUY else -amount
        self.position += signed
        self.cash -= trade.fee
        self.trades.append((trade, self.now_ms() + self.trade_delay_ms))
        if self.frames is not None:
            self.frames(Update(trades=(trade,)))
        self._say_order(order)
        return trade

    def trigger(self, order: Resting) -> None:
        """Have the trigger of a waiting order reached: another order comes of it."""
        order.child, order.status, order.updated_ms = OrderId(f"{order.order_id}c"), OrderStatus.OPEN, self.now_ms()
        self._say_order(order)

    def cancel(self, order: Resting) -> None:
        """Take an open order off the book."""
        order.status, order.updated_ms = OrderStatus.CANCELLED, self.now_ms()
        self._say_order(order)

    def amend(self, order: Resting, price: Price, amount: BaseAmount) -> None:
        """Change an open order; one that would be no more than was filled is taken off the book."""
        if amount <= order.filled:
            self.cancel(order)
            return
        order.price, order.amount, order.updated_ms = price, amount, self.now_ms()
        self._say_order(order)

    def find(self, name: ClientOrderId) -> Resting | None:
        return next((each for each in self.orders.values() if each.client_order_id == name), None)

    def visible(self) -> list[Resting]:
        return [each for each in self.orders.values() if each.visible_ms <= self.now_ms()]

    def seen_trades(self) -> list[SeenTrade]:
        return [trade for trade, from_ms in self.trades if from_ms <= self.now_ms()]

    def _say_order(self, order: Resting) -> None:
        if self.frames is not None:
            self.frames(Update(orders=(seen(order),)))


def seen(order: Resting) -> SeenOrder:
    """Return an order as the venue shows it now."""
    return SeenOrder(
        instrument=order.instrument,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        side=order.side,
        status=order.status,
        amount=BaseAmount(order.amount),
        filled=BaseAmount(order.filled),
        price=None if order.price is None else Price(order.price),
        triggered=order.child is not None,
        trigger_price=None if order.trigger is None else Price(order.trigger),
        child=order.child,
        updated_ms=order.updated_ms,
    )
