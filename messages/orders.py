"""Orders: what a venue is asked to do and what it says happened.

One life is told by these events in the order that messages/order_life.py allows. `order_id` is the venue's id,
`client_order_id` the one we send, `instruction_id` the user's.
"""

from messages.base import Command, Event
from messages.units import (
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
    Side,
    TradeId,
    VenueName,
)


class OrderSubmitted(Event, frozen=True, kw_only=True):
    """The intent: on disk before the venue hears of it.

    Attributes:
        amount: In base, a whole number of lots, always positive; `side` carries the sign.
        price: Worst acceptable price; None for a market order.
        reference_price: price(tau) that the gate decided on, before slippage.
        held_asset, held_amount: What is set aside until the order's end.
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


class SubmitOrder(Command, frozen=True, kw_only=True):
    """Place the order that the intent describes.

    Answered by exactly one `OrderAccepted` or `OrderRejected`, or by `OrderUnknown` and later one of the two.
    Submitting the same ``client_order_id`` again is answered again and places nothing.

    Attributes:
        intent: As it is journaled, before the command leaves.
    """

    intent: OrderSubmitted


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
        fee: In `fee_asset`, positive when charged.
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


class OrderCancelled(Event, frozen=True, kw_only=True):
    """What was left of the order is off the book. Terminal."""

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    reason: str


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
    """Engine to gate: an order whose outcome was unknown is known to exist, so its instrument is free again."""

    instruction_id: InstructionId


OrderCommand = SubmitOrder
"""What a venue may be told."""
OrderEvent = OrderAccepted | OrderRejected | OrderFilled | OrderCancelled | OrderExpired | OrderUnknown
"""What a venue may answer."""
