"""The order desk of one venue: every order of ours that is not over, and how evidence finds the order it is about.

Orders that are over are remembered for a while, as venues repeat themselves and a fill may come late: the latest ones
whole, many more by their ids alone. What is about none of these is not ours.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from actors.exchange.live.evidence import Tracked
from actors.exchange.live.ports import Tell
from actors.exchange.wire.contract import Market, SeenOrder, SeenTrade
from messages.orders import OrderEvent, OrderRejected
from messages.units import ClientOrderId, InstrumentId, OrderId, VenueName

_WHOLE = 1_000
_BY_ID = 20_000

Place = tuple[InstrumentId, OrderId]
"""Venues repeat order ids across instruments."""


class Attend(Protocol):
    """Has an order looked at until it needs no looking at."""

    def __call__(self, order: Tracked) -> None:
        """Begin, unless it is under way."""


class Desk:
    """All orders of ours at one venue.

    Args:
        venue: Its name.
        markets: By instrument.
        engine: Hears the reports.
        attend: Called when evidence leaves something open that a look must settle.
        rejected: Hears of every order that the venue rejected, and of None for one that it took.

    Attributes:
        orders: Those that are not over, by client order id.
        activity: Counts everything that may move a balance, so that a snapshot knows whether it was quiet.
    """

    def __init__(
        self,
        *,
        venue: VenueName,
        markets: Mapping[InstrumentId, Market],
        engine: Tell,
        attend: Attend,
        rejected: Callable[[InstrumentId, OrderRejected | None], None],
    ) -> None:
        self.venue = venue
        self.markets = markets
        self.orders: dict[ClientOrderId, Tracked] = {}
        self.activity = 0
        self._engine = engine
        self._attend = attend
        self._rejected = rejected
        self._by_id: dict[Place, Tracked] = {}
        self._over: OrderedDict[ClientOrderId, Tracked] = OrderedDict()
        self._over_ids: OrderedDict[Place, ClientOrderId] = OrderedDict()
        self._over_names: OrderedDict[ClientOrderId, None] = OrderedDict()

    def take(self, order: Tracked) -> None:
        """Keep an order; one that was over and is given back is not over."""
        self._over.pop(order.intent.client_order_id, None)
        self._over_names.pop(order.intent.client_order_id, None)
        self.orders[order.intent.client_order_id] = order
        self._index(order)

    def find(self, instrument: InstrumentId, order_id: OrderId, client_order_id: ClientOrderId) -> Tracked | None:
        """Return the order of ours that these ids name, over or not; None where it is not ours or long over."""
        return (
            self.orders.get(client_order_id)
            or self._by_id.get((instrument, order_id))
            or self._over.get(client_order_id)
            or self._over.get(self._over_ids.get((instrument, order_id), ClientOrderId("")))
        )

    def is_ours(self, instrument: InstrumentId, order_id: OrderId, client_order_id: ClientOrderId) -> bool:
        """Return whether these ids name an order of ours, as far back as is remembered."""
        return (
            self.find(instrument, order_id, client_order_id) is not None
            or client_order_id in self._over_names
            or (instrument, order_id) in self._over_ids
        )

    def recent(self, client_order_id: ClientOrderId) -> Tracked | None:
        """Return an order of ours that this epoch knows, over or not."""
        return self.orders.get(client_order_id) or self._over.get(client_order_id)

    def was_over(self, client_order_id: ClientOrderId) -> bool:
        """Return whether an order of ours with this id came to its end in this epoch."""
        return client_order_id in self._over_names

    # --- evidence ----------------------------------------------------------------------------------------------------

    def on_order(self, seen: SeenOrder) -> bool:
        """Take what the venue shows of an order; False where it is none of ours."""
        order = self.find(seen.instrument, seen.order_id, seen.client_order_id)
        if order is None:
            return self.is_ours(seen.instrument, seen.order_id, seen.client_order_id)
        if _can_be(order, seen):
            self.tell(order, order.on_order(seen))
        return True

    def on_trade(self, trade: SeenTrade) -> bool:
        """Take a fill; False where it is none of ours."""
        order = self.find(trade.instrument, trade.order_id, trade.client_order_id)
        if order is None:
            return self.is_ours(trade.instrument, trade.order_id, trade.client_order_id)
        if _can_be(order, trade):
            self.tell(order, order.on_trade(trade))
        return True

    def tell(self, order: Tracked, reports: Iterable[OrderEvent]) -> None:
        """Pass on reports of one order, and put it where it belongs after them."""
        said = False
        for report in reports:
            said = True
            if isinstance(report, OrderRejected) and report.by == "venue":
                self._rejected(report.instrument, report)
            self._engine(report, order.cause)
        if said:
            self.activity += 1
        name = order.intent.client_order_id
        if order.is_over:
            if self.orders.pop(name, None) is not None:
                self._forget(order)
            return
        self._index(order)
        if order.is_short or order.end is not None:
            self._attend(order)

    def accepted(self, order: Tracked) -> None:
        """The venue took an order: what it rejected before it is no row of rejections."""
        self._rejected(order.intent.instrument, None)

    def _index(self, order: Tracked) -> None:
        instrument = order.intent.instrument
        if order.order_id:
            self._by_id[instrument, order.order_id] = order
        if order.child:
            self._by_id[instrument, order.child] = order

    def _forget(self, order: Tracked) -> None:
        """Keep an order that is over as one of the latest, and let the oldest of them go."""
        name, instrument = order.intent.client_order_id, order.intent.instrument
        for order_id in (order.order_id, order.child):
            if order_id:
                self._by_id.pop((instrument, order_id), None)
                self._over_ids[instrument, order_id] = name
        self._over[name] = order
        self._over_names[name] = None
        if len(self._over) > _WHOLE:
            self._over.popitem(last=False)
        while len(self._over_ids) > _BY_ID:
            self._over_ids.popitem(last=False)
        while len(self._over_names) > _BY_ID:
            self._over_names.popitem(last=False)


def _can_be(order: Tracked, seen: SeenOrder | SeenTrade) -> bool:
    """Return whether what goes by an id of ours can be ours; what can't is nothing of which we know anything."""
    return seen.instrument == order.intent.instrument and seen.side is order.intent.side
