"""Where every order of the simulated venue stands, and how events move it. Pure.

Every change of state is here, in `fold`, which decisions (actors/exchange/matching.py) and the exchange's `apply` both
go through: a venue that is folded from a journal stands where it stood. Candles are not in the journal (the last ones
come by `apply_market`), but how far trailing stops followed them is.
"""

from actors.errors import InvariantError
from actors.exchange.books import Books
from actors.exchange.market import Market
from actors.exchange.open_order import OpenOrder
from actors.exchange.reports import Report
from actors.recent import Recent
from messages.book import InsurancePaid, Liquidated
from messages.instruments import VenueModel
from messages.market import ExtremesMoved, FundingPaid
from messages.orders import (
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
)
from messages.units import MARKET, ClientOrderId, OrderId, TradeId

REMEMBERED = 64
"""Closed orders whose answers can be given again."""


class VenueState:
    """Orders and books of one venue.

    Attributes:
        books: Accounts and markets.
        open: Orders that are not at their end, in the order of their acceptance.
    """

    def __init__(self, model: VenueModel, candle_ns: int) -> None:
        self.books = Books(model, candle_ns)
        self.open: dict[ClientOrderId, OpenOrder] = {}
        self._venue = model.venue
        self._markets = self.books.markets
        self._closed: Recent[ClientOrderId, tuple[OrderEvent, ...]] = Recent(REMEMBERED)
        self._orders = 0
        self._trades = 0
        self._ranks = 0

    def told(self, order: ClientOrderId) -> tuple[OrderEvent, ...]:
        """Return acceptance, fills and end of an order, as far as they came; nothing of one that is not known."""
        if self.open and order in self.open:
            return tuple(self.open[order].told)
        return self._closed.get(order) or ()

    def next_order_id(self) -> OrderId:
        """Return the venue's id of the next order."""
        return OrderId(f"{self._venue}-{self._orders + 1}")

    def next_trade_id(self) -> TradeId:
        """Return the venue's id of the next fill."""
        return TradeId(f"{self._venue}-t{self._trades + 1}")

    def knows(self, order: ClientOrderId) -> bool:
        """Return whether an order is open, or closed and remembered."""
        return order in self._closed or order in self.open

    def next_ids(self) -> tuple[OrderId, TradeId]:
        """Return both, in one step."""
        venue = self._venue
        return f"{venue}-{self._orders + 1}", f"{venue}-t{self._trades + 1}"  # type: ignore[return-value]

    def pass_through(self, accepted: OrderAccepted, filled: OrderFilled) -> None:
        """Count an order that came and was filled whole. Its trade is booked by who calls: the short way."""
        self._orders += 1
        self._trades += 1
        self._ranks += 1
        self._close(accepted.client_order_id, (accepted, filled))

    def fold(self, event: Report, at: int, intent: OrderSubmitted | None = None) -> None:
        """Let an event change the state. Purely: the same events at the same times give the same state.

        Args:
            event: What happened.
            at: When, in ns.
            intent: Of the order that is accepted.

        Raises:
            InvariantError: An order without an intent was accepted.
        """
        match event:
            case OrderAccepted():
                self._accepted(event, at, intent)
            case OrderRejected():
                self._orders += 1
                self._close(event.client_order_id, (event,))
            case OrderFilled():
                self._trades += 1
                self.books.fill(event)
                self._markets[event.instrument].use(event.amount, at)
                self._filled(event)
            case OrderTriggered() | OrderAmended() | OrderCancelled() | OrderExpired():
                self._moved(event, at)
            case FundingPaid():
                self.books.fund(event)
            case ExtremesMoved():
                self._markets[event.instrument].follow(event, at)
            case Liquidated():
                self.books.liquidated(event)
            case InsurancePaid():
                self.books.insured(event)
            case _:
                pass

    def _accepted(self, event: OrderAccepted, at: int, intent: OrderSubmitted | None) -> None:
        if intent is None:
            raise InvariantError(f"{event.venue} accepted order {event.client_order_id}, which nobody submitted")
        self._orders += 1
        order = OpenOrder.accepted(intent, event.order_id, rank=self._next_rank(), at=at)
        order.told.append(event)
        self.open[event.client_order_id] = order
        market = self._markets[event.instrument]
        market.hold(order)
        if intent.order_type is not MARKET:
            market.place(order, intent.reference_price if market.candle is None else market.candle.close)

    def _filled(self, event: OrderFilled) -> None:
        order = self.open[event.client_order_id]
        order.told.append(event)
        order.filled += event.amount
        market = self._markets[event.instrument]
        if order.filled >= order.amount:
            self._end(order, market)
        else:
            market.hold(order)

    def _moved(self, event: OrderTriggered | OrderAmended | OrderCancelled | OrderExpired, at: int) -> None:
        order = self.open.get(event.client_order_id)
        if order is None:  # only what expires before it arrived was never accepted
            self._orders += 1
            self._close(event.client_order_id, (event,))
            return
        market = self._markets[event.instrument]
        match event:
            case OrderTriggered():
                market.remove(order)
                order.waiting = False
                if order.price is not None:
                    order.since = at
                    market.place(order, event.trigger_price)
            case OrderAmended():
                self._amended(order, market, event, at)
            case OrderCancelled() | OrderExpired():
                order.told.append(event)
                self._end(order, market)

    def _amended(self, order: OpenOrder, market: Market, event: OrderAmended, at: int) -> None:
        """Change an order. It keeps its place in time only if its amount becomes no larger and its price stays."""
        if event.price != order.price or event.amount > order.amount:
            market.remove(order)
            order.rank, order.since = self._next_rank(), at
            order.price = event.price
            market.place(order, event.price)
        order.amount = event.amount
        market.hold(order)

    def _next_rank(self) -> int:
        self._ranks += 1
        return self._ranks

    def _end(self, order: OpenOrder, market: Market) -> None:
        market.remove(order)
        market.release(order)
        del self.open[order.intent.client_order_id]
        self._close(order.intent.client_order_id, tuple(order.told))

    def _close(self, order: ClientOrderId, told: tuple[OrderEvent, ...]) -> None:
        self._closed.add(order, told)
