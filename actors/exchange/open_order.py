"""An order at the simulated venue, from its acceptance to its end."""

from decimal import Decimal
from typing import Any

import msgspec

from messages.orders import OrderEvent, OrderSubmitted
from messages.units import TRIGGERED, OrderId, Price

Entry = tuple[Decimal, int, Any]
"""Where an order stands in a heap: key, rank, the order."""

_ZERO = Decimal(0)


class OpenOrder(msgspec.Struct, eq=False):
    """An order that the venue has.

    Attributes:
        rank: Its place in time: that of its acceptance, or of the last amendment that cost it its place. No two orders
            have the same.
        since: Candles that opened before this instant (ns) do not concern it.
        amount: In base, with what is filled.
        price: Its limit; None of the market kinds.
        waiting: For its trigger.
        held: What it sets aside in a spot account, in the asset that it gives.
        entry: Where it stands in a heap; None: in none.
        told: Its acceptance, fills and end, to be said again when it is submitted again.
    """

    intent: OrderSubmitted
    order_id: OrderId
    rank: int
    since: int
    amount: Decimal
    price: Price | None
    waiting: bool
    filled: Decimal = _ZERO
    held: Decimal = _ZERO
    entry: Entry | None = None
    told: list[OrderEvent] = []

    @classmethod
    def accepted(cls, intent: OrderSubmitted, order_id: OrderId, *, rank: int, at: int) -> "OpenOrder":
        """Return a new order as it was accepted at an instant (ns)."""
        waiting = intent.order_type in TRIGGERED
        return cls(intent, order_id, rank, at, intent.amount, intent.price, waiting)

    @property
    def left(self) -> Decimal:
        """Return what is not filled, in base."""
        return self.amount - self.filled
