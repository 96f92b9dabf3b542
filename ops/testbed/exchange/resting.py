"""The users' side of a book: open orders of one market by price, then by time."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from messages.units import Side
from ops.testbed.exchange.store import OrderKey, key_of
from ops.testbed.exchange.values import Order

_Row = tuple[Decimal, int, OrderKey]


class Resting:
    """Which orders stand where. Holds keys alone: what an order is, the store knows."""

    def __init__(self) -> None:
        self._rows: dict[Side, list[_Row]] = {Side.BUY: [], Side.SELL: []}

    def add(self, order: Order) -> None:
        """Put an order with a price into its queue."""
        insort(self._rows[order.side], _row(order))

    def remove(self, order: Order) -> None:
        """Take it out, as it was when it was added."""
        rows, row = self._rows[order.side], _row(order)
        index = bisect_left(rows, row)
        if index < len(rows) and rows[index] == row:
            del rows[index]

    def best(self, side: Side) -> tuple[Decimal, OrderKey] | None:
        """Return price and key of the first order of a side."""
        rows = self._rows[side]
        return (abs(rows[0][0]), rows[0][2]) if rows else None

    def keys(self, side: Side) -> Iterator[tuple[Decimal, OrderKey]]:
        """Yield price and key of a side's orders, first ones first."""
        for price, _, key in tuple(self._rows[side]):
            yield abs(price), key


def _row(order: Order) -> _Row:
    if order.price is None:
        raise ValueError("an order without a price does not rest")
    return (-order.price if order.side is Side.BUY else order.price), order.priority, key_of(order)
