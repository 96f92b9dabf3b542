"""What is known of one order of ours at the venue, and what every piece of evidence adds to it. Pure.

Answers, look-ups, polls and stream frames all come here as `SeenOrder` and `SeenTrade`, in any order and any number of
times; out come the reports for the engine, each once. The rules:

- the venue's id, acceptance and triggering are told the first time that anything shows them;
- a fill is told once, by its trade id, and an order that traded was accepted;
- an end is told only when the fills that were told add up to what the venue says was filled: an end that comes before
  its fills waits for them (`is_short`), so a cancelled order is never forgotten with a fill missing;
- nothing is believed that does not fit: instrument, side, amount and, of what a look-up finds, time (`fits`);
- old news is no news: an order that has ended is never open again, filled amounts never shrink; only a fill that comes
  after the end was told is still told, as it must be booked;
- a cancel or change that was asked for is answered in any case, at the latest when the order ends.
"""

from decimal import Decimal
from typing import TypedDict

from actors.exchange.wire.contract import ENDED, Known, OrderStatus, SeenOrder, SeenTrade
from messages.live import Unfinished
from messages.order_life import OrderState
from messages.orders import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
)
from messages.units import (
    LIMIT,
    Amount,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    OrderId,
    Price,
    Seq,
    TradeId,
    VenueName,
    Word,
)

_ZERO = Decimal(0)
_TEXT = 500
_MS = 1_000_000


class _Names(TypedDict):
    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId


class _Named(_Names):
    order_id: OrderId


class Stage(Word):
    """Where an order stands with us.

    `FOLLOWED`: the journal has its intent, and this process has not sent it (yet). `SENDING`: a request to place it is
    under way. `UNKNOWN`: it may exist. `LIVE`: it exists. `OVER`: its end was told.
    """

    FOLLOWED = "FOLLOWED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    LIVE = "LIVE"
    OVER = "OVER"


class Tracked:
    """One order of ours until its end was told.

    Attributes:
        intent: As it is journaled.
        cause: Journal entry that its reports come from.
        amount, price: Of the latest amendment that was told.
        order_id, child: The venue's ids of it (see `SeenOrder`).
        filled, trades: What was told of its fills.
        seen_filled: The most that the venue ever said was filled.
        first_ms: Venue time before which it can't have been at the venue; 0 where nobody knows.
        sent_ms: Venue time at which a request to place it may last have been sent; 0 before the first.
        cancelling: A cancel was asked for and is not answered.
        gone: The venue said that there is nothing to cancel, and has not shown the order as open since.
        changing: Amount and price that a change asks for, not answered yet.
        change_until_ms: Venue time after which a change that no look shows was not made; 0 while its request is out.
        end: The end that the venue showed, while fills are missing to it.
    """

    __slots__ = (
        "accepted",
        "amount",
        "cancelling",
        "cause",
        "change_until_ms",
        "changing",
        "child",
        "end",
        "filled",
        "first_ms",
        "gone",
        "intent",
        "order_id",
        "price",
        "seen_filled",
        "sent_ms",
        "stage",
        "trades",
        "triggered",
        "unknown_since_ms",
    )

    def __init__(self, intent: OrderSubmitted, *, cause: Seq | None) -> None:
        self.intent = intent
        self.cause = cause
        self.stage = Stage.FOLLOWED
        self.amount: BaseAmount = intent.amount
        self.price = intent.price
        self.order_id: OrderId | None = None
        self.child: OrderId | None = None
        self.filled: Decimal = _ZERO
        self.seen_filled: Decimal = _ZERO
        self.trades: set[TradeId] = set()
        self.accepted = self.triggered = self.cancelling = self.gone = False
        self.changing: tuple[BaseAmount, Price] | None = None
        self.end: SeenOrder | None = None
        self.first_ms = 0
        self.sent_ms = 0
        self.change_until_ms = 0
        self.unknown_since_ms = 0

    @classmethod
    def of(cls, order: Unfinished) -> "Tracked":
        """Return an order as the journal knows it."""
        tracked = cls(order.intent, cause=None)
        tracked.first_ms = order.submitted_at // _MS
        tracked.amount, tracked.price, tracked.order_id = order.amount, order.price, order.order_id
        tracked.filled, tracked.trades = order.filled, set(order.trades)
        tracked.accepted, tracked.triggered, tracked.cancelling = order.accepted, order.triggered, order.cancelling
        if order.changing and order.change_amount is not None and order.change_price is not None:
            tracked.changing = (order.change_amount, order.change_price)
        if order.state is OrderState.RESTING:
            tracked.stage = Stage.LIVE
        elif order.state is OrderState.UNKNOWN:
            tracked.stage = Stage.UNKNOWN
        return tracked

    def go_on_from(self, present: "Tracked") -> None:
        """Take over what this process knows beyond the journal; what is not journaled is told again by the next look.

        Args:
            present: The same order, as it was followed until now.
        """
        self.cause, self.first_ms, self.sent_ms = present.cause, present.first_ms, present.sent_ms
        self.order_id, self.child = self.order_id or present.order_id, present.child
        self.cancelling |= present.cancelling
        self.changing = self.changing or present.changing
        self.seen_filled = present.seen_filled
        if self.stage is Stage.FOLLOWED and present.stage is not Stage.FOLLOWED:
            self.stage = Stage.UNKNOWN if present.stage is Stage.UNKNOWN else Stage.LIVE

    @property
    def known(self) -> Known:
        """What a dialect needs of it."""
        return Known(intent=self.intent, amount=self.amount, price=self.price, order_id=self.order_id, child=self.child)

    @property
    def is_sending(self) -> bool:
        """Whether a request to place it is under way."""
        return self.stage is Stage.SENDING

    @property
    def is_unknown(self) -> bool:
        """Whether it may or may not exist."""
        return self.stage is Stage.UNKNOWN

    @property
    def is_there(self) -> bool:
        """Whether it exists and its end was not told."""
        return self.stage is Stage.LIVE

    @property
    def is_over(self) -> bool:
        """Whether its end was told."""
        return self.stage is Stage.OVER

    @property
    def is_changing(self) -> bool:
        """Whether a change was asked for and is not answered."""
        return self.changing is not None

    @property
    def is_short(self) -> bool:
        """Whether the venue said that more was filled than was told."""
        return self.seen_filled > self.filled

    @property
    def instruction_id(self) -> InstructionId:
        """The instruction that it comes from."""
        return self.intent.instruction_id

    # --- evidence ----------------------------------------------------------------------------------------------------

    def fits(self, seen: SeenOrder, *, slack_ms: int) -> bool:
        """Return whether what a look-up found under our id can be this order.

        Args:
            seen: What was found.
            slack_ms: How far the venue's clock and our measure of it may be apart.
        """
        amounts = {self.intent.amount, self.amount} | ({self.changing[0]} if self.changing else set())
        return (
            seen.instrument == self.intent.instrument
            and seen.side is self.intent.side
            and seen.amount in amounts
            and (not seen.updated_ms or seen.updated_ms >= self.first_ms - slack_ms)
        )

    def on_order(self, seen: SeenOrder) -> list[OrderEvent]:
        """Take what the venue shows of the order; return what is news."""
        if self.stage is Stage.OVER:
            return []
        reports: list[OrderEvent] = []
        self.order_id = self.order_id or seen.order_id
        self.child = seen.child or self.child
        self.seen_filled = max(self.seen_filled, seen.filled)
        if seen.status is OrderStatus.REJECTED and not self.accepted and not seen.filled:
            return self.reject(by="venue", reason=seen.reason or "REJECTED", detail="")
        reports += self._accept()
        if seen.triggered and not self.triggered:
            self.triggered = True
            reports.append(self._triggered(seen))
        if self.end is None:
            reports += self._amended(seen)
            if seen.status in ENDED:
                self.end = seen
            else:
                self.gone = False
        return reports + self._finish()

    def on_trade(self, trade: SeenTrade) -> list[OrderEvent]:
        """Take a fill; return what is news."""
        if trade.trade_id in self.trades:
            return []
        reports = [] if self.stage is Stage.OVER else self._accept()
        self.trades.add(trade.trade_id)
        self.filled += trade.amount
        self.seen_filled = max(self.seen_filled, self.filled)
        reports.append(
            OrderFilled(
                venue=self.intent.venue,
                instrument=self.intent.instrument,
                side=self.intent.side,
                amount=trade.amount,
                price=trade.price,
                fee=Amount(trade.fee),
                fee_asset=trade.fee_asset,
                liquidity=trade.liquidity,
                order_id=self.order_id or trade.order_id,
                client_order_id=self.intent.client_order_id,
                trade_id=trade.trade_id,
                instruction_id=self.instruction_id,
            )
        )
        return reports if self.stage is Stage.OVER else reports + self._finish()

    def on_placed(self, order_id: OrderId) -> list[OrderEvent]:
        """The venue answered that it has the order."""
        self.order_id = order_id
        return self._accept()

    def lose(self, reason: str, *, now_ms: int) -> list[OrderEvent]:
        """Nobody knows whether the venue has the order; one that is known to exist stays known."""
        if self.stage is Stage.OVER or self.accepted:
            return []
        self.stage = Stage.UNKNOWN
        self.unknown_since_ms = self.unknown_since_ms or now_ms
        return [OrderUnknown(**self._names(), reason=reason[:_TEXT])]

    def reject(self, *, by: str, reason: str, detail: str) -> list[OrderEvent]:
        """The order will never be. One that was accepted can only end."""
        if self.stage is Stage.OVER:
            return []
        if self.accepted:
            return self._over([OrderCancelled(**self._named(), reason=reason)])
        return self._over([OrderRejected(**self._names(), by=by, reason=reason, detail=detail[:_TEXT])])

    def refuse_cancel(self, reason: str) -> list[OrderEvent]:
        """The venue leaves the order where it is."""
        if not self.cancelling:
            return []
        self.cancelling = False
        return [CancelRejected(**self._names(), reason=reason[:_TEXT])]

    def refuse_change(self, reason: str) -> list[OrderEvent]:
        """The venue leaves the order as it is."""
        if self.changing is None:
            return []
        self.changing = None
        return [AmendRejected(**self._names(), reason=reason[:_TEXT])]

    # --- inside ------------------------------------------------------------------------------------------------------

    def _accept(self) -> list[OrderEvent]:
        self.stage = Stage.LIVE
        if self.accepted:
            return []
        self.accepted = True
        return [OrderAccepted(**self._named())]

    def _triggered(self, seen: SeenOrder) -> OrderTriggered:
        price = seen.trigger_price or self.intent.trigger_price or self.intent.reference_price
        return OrderTriggered(**self._named(), trigger_price=price)

    def _amended(self, seen: SeenOrder) -> list[OrderEvent]:
        """Tell that an order is another one now: as we asked, or by somebody else's hand."""
        if self.intent.order_type is not LIMIT or seen.price is None or seen.status is not OrderStatus.OPEN:
            return []
        now = (seen.amount, seen.price)
        if now == (self.amount, self.price):
            return []
        if self.changing is not None and now == self.changing:
            self.changing = None
        self.amount, self.price = now
        return [OrderAmended(**self._named(), price=seen.price, amount=seen.amount)]

    def _finish(self) -> list[OrderEvent]:
        """Tell the end, once all fills are told that belong before it."""
        end = self.end
        if self.filled >= self.amount:
            return self._over([])
        if end is None or self.filled < max(end.filled, self.seen_filled):
            return []
        named = self._named()
        if end.status is OrderStatus.EXPIRED:
            return self._over([OrderExpired(**named, reason=end.reason or "EXPIRED")])
        if end.status is OrderStatus.CANCELLED and self.cancelling:
            self.cancelling = False  # this answers it
            return self._over([OrderCancelled(**named, reason="REQUESTED")])
        if self.changing is not None and self.changing[0] <= self.filled:
            self.changing = None  # this answers it
            return self._over([OrderCancelled(**named, reason="AMENDED")])
        reason = end.reason or ("FILLED_SHORT" if end.status is OrderStatus.FILLED else end.status.value)
        return self._over([OrderCancelled(**named, reason=reason)])

    def _over(self, reports: list[OrderEvent]) -> list[OrderEvent]:
        """Close it; whatever was asked and not answered is answered now."""
        reports += self.refuse_cancel("the order came to another end")
        reports += self.refuse_change("the order came to its end")
        self.stage = Stage.OVER
        return reports

    def _names(self) -> _Names:
        return _Names(
            venue=self.intent.venue,
            instrument=self.intent.instrument,
            client_order_id=self.intent.client_order_id,
            instruction_id=self.instruction_id,
        )

    def _named(self) -> _Named:
        return _Named(**self._names(), order_id=self.order_id or OrderId(""))


def instrument_trade(instrument: InstrumentId, trade: TradeId) -> str:
    """Return the name of a trade: venues repeat trade ids across instruments."""
    return f"{instrument} {trade}"
