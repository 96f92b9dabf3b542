"""An order as the engine follows it, from its intent to a while after its end. Pure.

The states are those of messages/order_life.py; the outcome is what an instruction that is repeated is answered.
"""

from decimal import Decimal

import msgspec

from messages.live import Unfinished
from messages.order_life import SENT, UNKNOWN, OrderState, after
from messages.orders import (
    ANSWERS,
    AmendRejected,
    AmendSubmitted,
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
from messages.units import MAKER, TRIGGERED, BaseAmount, Nanoseconds, OrderId, Price, TradeId

OUTCOMES = ("NONE", "OPEN", "REFUSED", "REJECTED", "FILLED", "CANCELLED", "EXPIRED", "UNKNOWN")
"""What an instruction came to so far; the table of ids keeps the place in this tuple."""
OPEN = OUTCOMES.index("OPEN")
FILLED = OUTCOMES.index("FILLED")
REJECTED = OUTCOMES.index("REJECTED")
REFUSED = OUTCOMES.index("REFUSED")

_ZERO = Decimal(0)
_FEW = 8
_OUTCOME_OF = {
    OrderAccepted: OPEN,
    OrderTriggered: OPEN,
    OrderAmended: OPEN,
    OrderRejected: REJECTED,
    OrderCancelled: OUTCOMES.index("CANCELLED"),
    OrderExpired: OUTCOMES.index("EXPIRED"),
    OrderUnknown: OUTCOMES.index("UNKNOWN"),
}


class FollowedOrder(msgspec.Struct):
    """An order that is not forgotten yet.

    Attributes:
        intent: As it was journaled.
        amount, price: Its total (base) and its limit as of the latest amendment.
        key: Of its instruction in the table of ids.
        slot, slot_of: Where the table keeps it, as long as the table's `growth` is `slot_of`.
        submitted_at: When its intent was journaled.
        order_id: The venue's, as soon as it said one.
        outcome: As the table has it.
        trades: Ids of its fills.
        accepted: The venue said so, or a fill implied it.
        triggered: A stop that became a market or limit order.
        trigger: Where its trigger stood then.
        change: The change that was sent and the venue has not answered yet.
        operator_needed: It was said that a person has to find out what became of it.
        unanswered: How many cancels and changes the venue has not answered yet. Until it has, the order is not
            forgotten, closed or not.
    """

    intent: OrderSubmitted
    amount: Decimal
    key: int
    price: Price | None = None
    slot: int = -1
    slot_of: int = -1
    submitted_at: int = 0
    order_id: OrderId | None = None
    filled: Decimal = _ZERO
    state: OrderState = SENT
    outcome: int = OPEN
    trades: tuple[TradeId, ...] | set[TradeId] = ()
    accepted: bool = False
    triggered: bool = False
    trigger: Price | None = None
    change: AmendSubmitted | None = None
    operator_needed: bool = False
    unanswered: int = 0

    @property
    def is_unsure(self) -> bool:
        """Whether the venue has not said yet that it has the order, nor that it has not."""
        return self.state is SENT or self.state is UNKNOWN

    def follow(self, event: OrderEvent) -> bool:
        """Move on; return whether the event was news.

        Raises:
            IllegalMoveError: The venue tells a life that cannot be.
        """
        before, kind = self.state, type(event)
        if not self.order_id:
            self.order_id = getattr(event, "order_id", None)
        if kind is OrderFilled:
            if event.trade_id in self.trades:  # type: ignore[union-attr]  # it is a fill
                return False
            self._traded(event.trade_id)  # type: ignore[union-attr]
            self.filled += event.amount  # type: ignore[union-attr]
            complete = self.filled >= self.amount
            self.state = after(before, OrderFilled, complete=complete)
            if complete:
                self.outcome = FILLED
            elif self.state is not before:
                self.outcome = OPEN
            return True
        self.state = after(before, kind)
        if self.state is not before:
            self.outcome = _OUTCOME_OF.get(kind, self.outcome)
        if kind is OrderAccepted:
            news, self.accepted = not self.accepted, True
            return news
        return self._is_news(event, before)

    def _traded(self, trade: TradeId) -> None:
        """Keep the id of a fill: of a few as they are, of many so that they are found at once."""
        trades = self.trades
        if isinstance(trades, set):
            trades.add(trade)
        else:
            self.trades = (*trades, trade) if len(trades) < _FEW else {*trades, trade}

    def _is_news(self, event: OrderEvent, before: OrderState) -> bool:
        """Return whether the event says something new, and keep what it says. Venues repeat themselves."""
        match event:
            case OrderTriggered():
                news, self.triggered, self.trigger = not self.triggered, True, event.trigger_price
            case OrderAmended():
                news = self.change is not None or (self.amount, self.price) != (event.amount, event.price)
                if self.change is not None:
                    self._answered()
                self.amount, self.price, self.change = event.amount, event.price, None
            case AmendRejected():
                self._answered()
                news, self.change = True, None
            case CancelRejected():
                self._answered()
                news = True
            case OrderCancelled():
                if event.reason in ANSWERS:
                    self._answered()
                news = self.state is not before
            case _:
                news = self.state is not before
        return news

    def asked(self, change: AmendSubmitted | None) -> None:
        """Keep that a cancel, or this change, was sent."""
        self.unanswered += 1
        if change is not None:
            self.change = change

    def _answered(self) -> None:
        self.unanswered = max(0, self.unanswered - 1)

    def reference_of(self, fill: OrderFilled) -> Price:
        """Return what a fill would have cost without slippage, where the venue does not say.

        Of what rested that is its limit, of a stop its trigger, of all else the price at which it was decided.
        """
        if fill.liquidity is MAKER and self.price is not None:
            return self.price
        if self.intent.order_type in TRIGGERED:
            return self.trigger or self.intent.trigger_price or self.intent.reference_price
        return self.intent.reference_price

    def unfinished(self) -> Unfinished:
        """Return what a venue must know of it to settle it."""
        change = self.change
        return Unfinished(
            intent=self.intent,
            submitted_at=Nanoseconds(self.submitted_at),
            state=self.state,
            order_id=self.order_id or None,
            amount=BaseAmount(self.amount),
            price=self.price,
            filled=BaseAmount(self.filled),
            trades=tuple(sorted(self.trades)),
            accepted=self.accepted,
            triggered=self.triggered,
            cancelling=self.unanswered > (change is not None),
            changing=change is not None,
            change_amount=None if change is None else change.amount,
            change_price=None if change is None else change.price,
        )
