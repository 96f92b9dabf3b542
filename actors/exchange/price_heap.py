"""Orders sorted by a price at which something happens to them. Pure.

Finding out that a price touches none of them takes one comparison. An order that goes leaves its entry behind, which is
dropped when it comes to the top, or with all others when more than half of them are such.
"""

from decimal import Decimal
from heapq import heapify, heappop, heappush

from actors.exchange.open_order import Entry, OpenOrder

_FEW = 16
"""So many dead entries are never worth a cleaning."""


class PriceHeap:
    """Orders of one instrument with a price each; first the one that is reached first, then the lowest rank.

    Args:
        falling: Prices are reached from above: limits of buys, triggers of stop sales. Else from below.
    """

    def __init__(self, *, falling: bool) -> None:
        self._falling = falling
        self._heap: list[Entry] = []
        self._aside: list[Entry] = []
        self._dead = 0

    def __len__(self) -> int:
        return len(self._heap) + len(self._aside) - self._dead

    @property
    def entries(self) -> int:
        """How many entries are kept, dead ones with them."""
        return len(self._heap) + len(self._aside)

    def add(self, order: OpenOrder, price: Decimal) -> None:
        """Put an order in; it is in no other heap."""
        order.entry = (price.copy_negate() if self._falling else price, order.rank, order)
        heappush(self._heap, order.entry)

    def discard(self, order: OpenOrder) -> None:
        """Take an order out that was added."""
        order.entry = None
        self._dead += 1
        if self._dead > _FEW and self._dead * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[2].entry is entry]
            heapify(self._heap)
            self._dead = 0

    def edge(self) -> Decimal | None:
        """Return the price that is reached first; None of an empty heap."""
        heap = self._heap
        while heap:
            entry = heap[0]
            if entry[2].entry is entry:
                key: Decimal = entry[0]
                return key.copy_negate() if self._falling else key
            heappop(heap)
            self._dead -= 1
        return None

    def reached(self, price: Decimal, opened: int, *, touch: bool) -> OpenOrder | None:
        """Return the first order whose price was passed; the next one only after this was discarded.

        Args:
            price: Lowest of the candle for a falling heap, highest for the other.
            opened: When the candle opened (ns): orders accepted later are put aside until `restore`.
            touch: Reaching it is enough.
        """
        heap = self._heap
        bound = price.copy_negate() if self._falling else price
        while heap:
            entry = heap[0]
            order: OpenOrder = entry[2]
            if order.entry is not entry:
                heappop(heap)
                self._dead -= 1
            elif not (entry[0] < bound or (touch and entry[0] == bound)):
                return None
            elif order.since > opened:
                self._aside.append(heappop(heap))
            else:
                return order
        return None

    def restore(self) -> None:
        """Put back what `reached` put aside."""
        while self._aside:
            heappush(self._heap, self._aside.pop())

    def taken(self, price: Decimal, opened: int) -> list[OpenOrder]:
        """Take out, and return, all orders whose price was reached or passed."""
        orders: list[OpenOrder] = []
        while (order := self.reached(price, opened, touch=True)) is not None:
            self.discard(order)
            orders.append(order)
        self.restore()
        return orders
