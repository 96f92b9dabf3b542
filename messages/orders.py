"""Orders: what a venue is asked to do and what it says happened.

One life is told by these events in the order that messages/order_life.py allows. `order_id` is the venue's id,
`client_order_id` the one we send, `instruction_id` the user's.
"""

from messages.base import Command, Event
from messages.units import (
    GTC,
    LAST,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Liquidity,
    OrderId,
    OrderType,
    Price,
    Rate,
    Side,
    TimeInForce,
    TradeId,
    TriggerBy,
    VenueName,
)


class OrderSubmitted(Event, frozen=True, kw_only=True):
    """The intent: on disk before the venue hears of it.

    Attributes:
        amount: In base, a whole number of lots, always positive; `side` carries the sign.
        price: Worst acceptable price; None for a market order.
        reference_price: price(tau) that the gate decided on, before slippage.
        held_asset, held_amount: What is set aside until the order's end; the margin of a perp comes on top.
        trigger_price, trigger_by, trail_bps, time_in_force, post_only: As in `TradeInstruction`.
    """

    instruction_id: InstructionId
    client_order_id: ClientOrderId
    venue: VenueName
    instrument: InstrumentId
    side: Side
    amount: BaseAmount
    order_type: OrderType
    price: Price | None
    reduce_only: bool
    reference_price: Price
    held_asset: Asset
    held_amount: Amount
    trigger_price: Price | None = None
    trigger_by: TriggerBy = LAST
    trail_bps: Rate | None = None
    time_in_force: TimeInForce = GTC
    post_only: bool = False


class SubmitOrder(Command, frozen=True, kw_only=True):
    """Place the order that the intent describes.

    Answered by exactly one `OrderAccepted` or `OrderRejected`, or by `OrderUnknown` and later one of the two.
    Submitting the same ``client_order_id`` again is answered again and places nothing.

    Attributes:
        intent: As it is journaled, before the command leaves.
    """

    intent: OrderSubmitted


class CancelSubmitted(Event, frozen=True, kw_only=True):
    """The intent to cancel: on disk before the venue hears of it."""

    instruction_id: InstructionId
    client_order_id: ClientOrderId
    venue: VenueName
    instrument: InstrumentId


class CancelOrder(Command, frozen=True, kw_only=True):
    """Take the rest of an order off the book: answered by `OrderCancelled` or `CancelRejected`."""

    intent: CancelSubmitted


class AmendSubmitted(Event, frozen=True, kw_only=True):
    """The intent to change an order: on disk before the venue hears of it.

    Attributes:
        price: Of the order from then on.
        amount: Its new total in base, filled parts included.
        held_amount: What is set aside for what is left of it then.
    """

    instruction_id: InstructionId
    client_order_id: ClientOrderId
    venue: VenueName
    instrument: InstrumentId
    price: Price
    amount: BaseAmount
    held_amount: Amount


class AmendOrder(Command, frozen=True, kw_only=True):
    """Change price or total amount of an order: answered by `OrderAmended` or `AmendRejected`."""

    intent: AmendSubmitted


class ExpireOrders(Command, frozen=True, kw_only=True):
    """Ops to a simulated venue: the run is over; every open order expires (`END_OF_RUN`)."""

    reason: str


class OrderAccepted(Event, frozen=True, kw_only=True):
    """The venue has the order. Exactly one precedes every fill."""

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    instruction_id: InstructionId


class OrderRejected(Event, frozen=True, kw_only=True):
    """The order will never be, definitely. Terminal.

    Attributes:
        by: ``venue``, or ``execd`` where absence was proven.
    """

    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    by: str
    reason: str
    detail: str


class OrderFilled(Event, frozen=True, kw_only=True):
    """A part or the whole of an order was traded. Applied once, by `trade_id`.

    Attributes:
        amount: In base.
        fee: In `fee_asset`, positive when charged, negative for a rebate.
        reference_price: What it would have been without slippage: price(tau), a limit, or a trigger; None where nobody
            knows.
    """

    venue: VenueName
    instrument: InstrumentId
    side: Side
    amount: BaseAmount
    price: Price
    fee: Amount
    fee_asset: Asset
    liquidity: Liquidity
    order_id: OrderId
    client_order_id: ClientOrderId
    trade_id: TradeId
    instruction_id: InstructionId
    reference_price: Price | None = None


class OrderTriggered(Event, frozen=True, kw_only=True):
    """The price reached a stop's trigger: from now on it is a market or limit order.

    Attributes:
        trigger_price: What was reached; of a trailing stop, where it stood then.
    """

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    trigger_price: Price


class OrderAmended(Event, frozen=True, kw_only=True):
    """The venue changed the order.

    Attributes:
        price, amount: Of the order from now on; `amount` is the total, filled parts included.
    """

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    price: Price
    amount: BaseAmount


class CancelRejected(Event, frozen=True, kw_only=True):
    """The venue did not cancel: there was nothing left of the order."""

    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    reason: str


class AmendRejected(Event, frozen=True, kw_only=True):
    """The venue left the order as it is."""

    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    reason: str


class OrderCancelled(Event, frozen=True, kw_only=True):
    """What was left of the order is off the book. Terminal.

    Attributes:
        reason: ``REQUESTED`` answers our cancel, ``AMENDED`` our amendment to no more than was filled; everything else
            is the venue's own doing.
    """

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    reason: str


ANSWERS = frozenset({"REQUESTED", "AMENDED"})
"""Reasons of an `OrderCancelled` that answers a command."""


class OrderExpired(Event, frozen=True, kw_only=True):
    """The venue, or the end of the run, took the order off the book. Terminal."""

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    reason: str


class OrderUnknown(Event, frozen=True, kw_only=True):
    """The order may or may not exist. Never a failure, never sent again blindly; its instrument is frozen."""

    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    reason: str


class OutcomeKnown(Event, frozen=True, kw_only=True):
    """Engine to gate: the venue has the order: it was accepted and rests, or an unknown outcome is known again."""

    instruction_id: InstructionId


OrderCommand = SubmitOrder | CancelOrder | AmendOrder
"""What a venue may be told. Each carries its intent, which is journaled before the venue hears."""
OrderEvent = (
    OrderAccepted
    | OrderRejected
    | OrderTriggered
    | OrderFilled
    | OrderAmended
    | AmendRejected
    | CancelRejected
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
)
"""What a venue may answer."""
