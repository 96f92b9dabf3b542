"""A small venue beside a core: it does with each order what the test says, and remembers through all its epochs."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from actors.contract import LoopedActor, Tasks
from actors.exchange.wire.contract import Market
from messages.base import Message
from messages.live import CancelAll, FollowOrders, Unfinished, VenueSettled, VenueStarted
from messages.market import MarketSlice
from messages.orders import (
    CancelOrder,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    SubmitOrder,
)
from messages.units import (
    TAKER,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    InstrumentId,
    Nanoseconds,
    OrderId,
    Price,
    TradeId,
    TradeType,
    VenueName,
)
from tests.actors.builders import PERP_ID, SPOT_ID, candle

_CENT = Decimal("0.01")
WAIT_S = 30.0


def market(instrument: InstrumentId) -> Market:
    """Return a market as the wire has it."""
    venue, _, symbol = instrument.partition(":")
    is_perp = symbol.endswith("-PERP")
    return Market(
        instrument=instrument,
        venue=VenueName(venue),
        trade_type=TradeType.PERP if is_perp else TradeType.SPOT,
        account=AccountName(venue),
        symbol="ETHUSDT",
        unified="ETH/USDT:USDT" if is_perp else "ETH/USDT",
        base=Asset("ETH"),
        quote=Asset("USDT"),
        tick=Price(_CENT),
        lot=BaseAmount(_CENT),
        contract_size=BaseAmount(Decimal(1)),
    )


def prices_now(close: str) -> MarketSlice:
    """Return candles of both markets that close now."""
    at = time.time_ns()
    candles = candle(close, at=at, of=SPOT_ID), candle(close, at=at, of=PERP_ID)
    return MarketSlice(at=Nanoseconds(at), candles=candles)


class Exchange:
    """What the venue has and does. The test sets it, and any thread may look.

    Attributes:
        does: With an order that comes: ``fill``, ``rest``, ``reject``, ``lose`` (it never arrives), or ``hide`` (it
            fills, and nothing is said of it).
        settles: It says that it has settled.
        crashes: So many epochs crash at their beginning.
        heard: Every message, in order.
        placed: Client ids of the orders that arrived, as often as they did.
        open, filled: Orders that rest, and that were filled, by client id.
        last_words: Said by an epoch when it closes.
        price: Of both markets, where prices come by themselves.
        steps: What began and ended, in order.
    """

    def __init__(self, venue: VenueName) -> None:
        self.venue = venue
        self.does = "fill"
        self.settles = True
        self.crashes = 0
        self.epochs = 0
        self.heard: list[Message] = []
        self.placed: list[str] = []
        self.open: dict[str, OrderSubmitted] = {}
        self.filled: dict[str, OrderSubmitted] = {}
        self.cancelled: set[str] = set()
        self.absent: set[str] = set()
        self.steps: list[str] = []
        self.last_words: Message | None = None
        self.price: str | None = None
        self._changed = threading.Condition()

    def epoch(self, tasks: Tasks, refs: Mapping[str, Any]) -> "Epoch":
        return Epoch(self, tasks, refs["engine"].tell)

    def feed(self, tasks: Tasks, refs: Mapping[str, Any], say: Callable[[str], None]) -> "Feed":
        return Feed(self, tasks, refs["data_provider"].tell, say)

    def note(self, change: Callable[[], None]) -> None:
        """Change something, so that who waits for it sees it."""
        with self._changed:
            change()
            self._changed.notify_all()

    def wait_until(self, holds: Callable[["Exchange"], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self), WAIT_S), f"{self.heard} {self.steps}"

    def of_submitted(self) -> list[OrderSubmitted]:
        """Return the intents of all orders that it was told to place."""
        return [each.intent for each in self.heard if isinstance(each, SubmitOrder)]

    def of_followed(self) -> list[FollowOrders]:
        """Return what it was told to follow, each time."""
        return [each for each in self.heard if isinstance(each, FollowOrders)]


class Epoch(LoopedActor[Message]):
    """One epoch of it."""

    def __init__(self, exchange: Exchange, tasks: Tasks, tell: Callable[[Message], None]) -> None:
        self._exchange, self._number, self._tell = exchange, tasks.number, tell

    async def started(self) -> None:
        exchange = self._exchange
        exchange.note(lambda: exchange.steps.append(f"epoch {self._number}"))
        exchange.epochs += 1
        if exchange.epochs <= exchange.crashes:
            raise ConnectionError("planted")
        self._tell(VenueStarted(venue=exchange.venue, epoch=self._number))

    async def receive(self, message: Message) -> None:
        exchange = self._exchange
        match message:
            case SubmitOrder():
                self._place(message.intent)
            case CancelOrder():
                self._cancel(message.intent.client_order_id)
            case CancelAll():
                for name in list(exchange.open):
                    self._cancel(name)
            case FollowOrders():
                self._settle(message)
            case _:
                pass
        exchange.note(lambda: exchange.heard.append(message))

    def failed(self, message: Message, error: BaseException) -> None:
        raise AssertionError(message) from error

    async def closing(self) -> None:
        if self._exchange.last_words is not None:
            self._tell(self._exchange.last_words)
        self._exchange.note(lambda: self._exchange.steps.append("venue closed"))

    def _place(self, order: OrderSubmitted) -> None:
        exchange, name = self._exchange, order.client_order_id
        if name in exchange.absent:
            return  # it was said never to have come, and what was said stays true
        if exchange.does == "lose":
            self._tell(_about(order, OrderUnknown, reason="planted"))
            return
        exchange.placed.append(name)
        if exchange.does == "reject":
            self._tell(_about(order, OrderRejected, by="venue", reason="NO", detail="planted"))
            return
        if exchange.does == "rest":
            exchange.open[name] = order
            self._tell(_ended(order, OrderAccepted))
            return
        exchange.filled[name] = order
        if exchange.does == "fill":
            self._fill(order)

    def _fill(self, order: OrderSubmitted) -> None:
        self._tell(_ended(order, OrderAccepted))
        self._tell(
            _ended(
                order,
                OrderFilled,
                side=order.side,
                amount=order.amount,
                price=order.reference_price,
                fee=Amount(Decimal(0)),
                fee_asset=Asset("USDT"),
                liquidity=TAKER,
                trade_id=TradeId(f"t-{order.client_order_id}"),
            )
        )

    def _cancel(self, name: str) -> None:
        order = self._exchange.open.pop(name, None)
        if order is not None:
            self._exchange.cancelled.add(name)
            self._tell(_ended(order, OrderCancelled, reason="USER"))

    def _settle(self, follow: FollowOrders) -> None:
        for each in follow.orders:
            self._look(each)
        if self._exchange.settles:
            self._tell(
                VenueSettled(
                    venue=follow.venue, epoch=follow.epoch, open=len(self._exchange.open), unknown=0, skew_ms=0
                )
            )

    def _look(self, known: Unfinished) -> None:
        exchange, order = self._exchange, known.intent
        if order.client_order_id in exchange.filled:
            self._fill(order)
        elif order.client_order_id in exchange.open:
            self._tell(_ended(order, OrderAccepted))
        elif order.client_order_id in exchange.cancelled:
            self._tell(_ended(order, OrderCancelled, reason="USER"))
        elif exchange.does == "lose":
            return
        else:
            exchange.absent.add(order.client_order_id)
            self._tell(_about(order, OrderRejected, by="execd", reason="NEVER_ARRIVED", detail=""))


def _about(order: OrderSubmitted, kind: Any, **more: object) -> Message:  # noqa: ANN401 - any report
    report: Message = kind(
        venue=order.venue,
        instrument=order.instrument,
        client_order_id=order.client_order_id,
        instruction_id=order.instruction_id,
        **more,
    )
    return report


def _ended(order: OrderSubmitted, kind: Any, **more: object) -> Message:  # noqa: ANN401 - as above
    return _about(order, kind, order_id=OrderId(f"o-{order.client_order_id}"), **more)


class Feed(LoopedActor[Message]):
    """Stands where prices come from: they come by themselves where the exchange has some, else the test tells them."""

    def __init__(
        self, exchange: Exchange, tasks: Tasks, tell: Callable[[Message], None], say: Callable[[str], None]
    ) -> None:
        self._exchange, self._tasks, self._tell, self._say = exchange, tasks, tell, say

    async def started(self) -> None:
        self._exchange.note(lambda: self._exchange.steps.append("prices started"))
        self._say("prices come")
        if self._exchange.price is not None:
            self._tasks.start(self._going_on(self._exchange.price), name="prices")

    async def closing(self) -> None:
        self._exchange.note(lambda: self._exchange.steps.append("prices closed"))

    async def _going_on(self, price: str) -> None:
        while True:
            self._tell(prices_now(price))
            await asyncio.sleep(0.1)
