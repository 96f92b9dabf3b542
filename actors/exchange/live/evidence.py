"""What is known of one order of ours at the venue, and what every piece of evidence adds to it. Pure.

Answers, look-ups, polls and stream frames all come here as `SeenOrder` and `SeenTrade`, in any order and any number of
times; out come the reports for the engine, each once. The rules:

- the venue's id, acceptance and triggering are told the first time that anything shows them;
- a fill is told once, by its trade id, and an order that traded was accepted;
- an end is told only when the fills that were told add up to what the venue says was filled: an end that comes before
  its fills waits for them (`is_short`), so a cancelled order is never forgotten with a fill missing;
- nothing is believed that does not fit: instrument, side, amount and, of what a look-up finds, time (`fits`);
- old news is no news: an order that has ended is never open again, filled amounts never shrink, amount and price are
  those of the latest evidence by the venue's own time; only a fill that comes after the end was told is still told, as
  it must be booked;
- a fill that completes the order while it may be made larger at this very moment is told when that is known (`kept`):
  the engine would take the order for done, and it would go on without anybody;
- a cancel or change that was asked for is answered in any case, at the latest when the order ends.
"""

from decimal import Decimal

from actors.exchange.live.stages import Named, Names, Stage
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
    InstructionId,
    OrderId,
    Price,
    Seq,
    TradeId,
)

_ZERO = Decimal(0)
_TEXT = 500
_MS = 1_000_000


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
        existed: It was accepted by what was told, journaled or not: it can't be rejected any more.
        rejection: As it was told.
        recalled: Its cancel is known from the journal alone: the command may still come.
        kept: Fills that wait for the answer to a change.
        updated_ms: Latest time by the venue's clock at which it showed the order.
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
        "existed",
        "filled",
        "first_ms",
        "gone",
        "intent",
        "kept",
        "order_id",
        "price",
        "recalled",
        "rejection",
        "seen_filled",
        "sent_ms",
        "stage",
        "trades",
        "triggered",
        "updated_ms",
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
        self.accepted = self.existed = self.triggered = self.cancelling = self.recalled = self.gone = False
        self.rejection: OrderRejected | None = None
        self.kept: dict[TradeId, SeenTrade] = {}
        self.changing: tuple[BaseAmount, Price] | None = None
        self.end: SeenOrder | None = None
        self.first_ms = 0
        self.sent_ms = 0
        self.change_until_ms = 0
        self.updated_ms = 0

    @classmethod
    def of(cls, order: Unfinished) -> "Tracked":
        """Return an order as the journal knows it."""
        tracked = cls(order.intent, cause=None)
        tracked.first_ms = order.submitted_at // _MS
        if order.state is OrderState.RESTING:
            tracked.stage = Stage.LIVE
        elif order.state is OrderState.UNKNOWN:
            tracked.stage = Stage.UNKNOWN
        elif order.state is OrderState.CLOSED:
            tracked.stage = Stage.OVER
        tracked._recall(order)
        return tracked

    def follow_again(self, order: Unfinished) -> None:
        """Go back to what the journal knows of the order, which this process follows: the rest is told once more.

        It stays the same object, as tasks may be at work on it.
        """
        self._recall(order)
        if self.stage is Stage.OVER and order.state is not OrderState.CLOSED and self.rejection is None:
            self.stage = Stage.LIVE

    def answered(self) -> list[OrderEvent]:
        """Answer what was asked of an order that is over by the journal, or never was."""
        return self._over([] if self.rejection is None else [self.rejection])

    def _recall(self, order: Unfinished) -> None:
        self.amount, self.price = order.amount, order.price
        self.order_id = self.order_id or order.order_id
        self.filled, self.trades = order.filled, set(order.trades)
        self.kept.clear()
        self.existed |= self.accepted
        self.accepted, self.triggered = order.accepted, order.triggered
        self.recalled |= order.cancelling and not self.cancelling
        self.cancelling |= order.cancelling
        if order.changing and order.change_amount is not None and order.change_price is not None:
            self.changing = (order.change_amount, order.change_price)

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
        if seen.instrument != self.intent.instrument or seen.side is not self.intent.side:
            return False
        if self.order_id and seen.order_id == self.order_id:
            return True  # whatever became of its amount since
        amounts = {self.intent.amount, self.amount} | ({self.changing[0]} if self.changing else set())
        is_cut = self.intent.reduce_only and 0 < seen.amount < self.intent.amount  # to what there was to reduce
        return (seen.amount in amounts or is_cut) and (
            not seen.updated_ms or seen.updated_ms >= self.first_ms - slack_ms
        )

    def on_order(self, seen: SeenOrder) -> list[OrderEvent]:
        """Take what the venue shows of the order; return what is news."""
        if self.stage is Stage.OVER:
            return []
        reports: list[OrderEvent] = []
        self.order_id = self.order_id or seen.order_id
        self.child = seen.child or self.child
        is_old = seen.filled < self.seen_filled or 0 < seen.updated_ms < self.updated_ms
        self.seen_filled = max(self.seen_filled, seen.filled)
        self.updated_ms = max(self.updated_ms, seen.updated_ms)
        if seen.status is OrderStatus.REJECTED and not self.accepted and not self.existed and not seen.filled:
            return self.reject(by="venue", reason=seen.reason or "REJECTED", detail="")
        reports += self._accept()
        if seen.triggered and not self.triggered:
            self.triggered = True
            reports.append(self._triggered(seen))
        if self.end is None:
            if not is_old:
                reports += self._amended(seen)
            if seen.status in ENDED:
                self.end = seen
            else:
                self.gone = False
        return reports + self._let_go() + self._finish()

    def on_trade(self, trade: SeenTrade) -> list[OrderEvent]:
        """Take a fill; return what is news."""
        if trade.trade_id in self.trades:
            return []
        reports = [] if self.stage is Stage.OVER else self._accept()
        if self._may_grow and self.filled + trade.amount >= self.amount:
            self.kept[trade.trade_id] = trade
            self.seen_filled = max(self.seen_filled, self.filled + sum(each.amount for each in self.kept.values()))
            return reports
        self.kept.pop(trade.trade_id, None)
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

    def lose(self, reason: str) -> list[OrderEvent]:
        """Nobody knows whether the venue has the order; one that is known to exist stays known."""
        if self.stage is Stage.OVER or self.accepted or self.existed:
            return []
        self.stage = Stage.UNKNOWN
        return [OrderUnknown(**self._names(), reason=reason[:_TEXT])]

    def reject(self, *, by: str, reason: str, detail: str) -> list[OrderEvent]:
        """The order will never be. One that was accepted can only end."""
        if self.stage is Stage.OVER:
            return []
        if self.accepted or self.existed:
            return self._over([OrderCancelled(**self._named(), reason=reason)])
        self.rejection = OrderRejected(**self._names(), by=by, reason=reason, detail=detail[:_TEXT])
        return self._over([self.rejection])

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
        return [AmendRejected(**self._names(), reason=reason[:_TEXT]), *self._let_go()]

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

    @property
    def _may_grow(self) -> bool:
        """Whether the venue may be making the order larger, and nobody knows yet."""
        return self.end is None and self.changing is not None and self.changing[0] > self.amount

    def _let_go(self) -> list[OrderEvent]:
        """Tell the fills that waited, once it is known how large the order is."""
        if not self.kept or self._may_grow:
            return []
        kept, self.kept = self.kept, {}
        return [report for trade in kept.values() for report in self.on_trade(trade)]

    def _amended(self, seen: SeenOrder) -> list[OrderEvent]:
        """Tell that an order is another one now: as we asked, or by somebody else's hand."""
        if self.intent.order_type is not LIMIT or seen.price is None or seen.amount <= self.filled:
            return []  # what is all filled then is told as an end, which a change is not
        now = (seen.amount, seen.price)
        is_ours = now == self.changing and seen.status is not OrderStatus.REJECTED
        if not is_ours and (seen.status is not OrderStatus.OPEN or now == (self.amount, self.price)):
            return []
        if is_ours:
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
        self.stage = Stage.OVER
        reports += self.refuse_cancel("the order came to another end")
        reports += self.refuse_change("the order came to its end")
        return reports

    def _names(self) -> Names:
        return Names(
            venue=self.intent.venue,
            instrument=self.intent.instrument,
            client_order_id=self.intent.client_order_id,
            instruction_id=self.instruction_id,
        )

    def _named(self) -> Named:
        return Named(**self._names(), order_id=self.order_id or OrderId(""))
