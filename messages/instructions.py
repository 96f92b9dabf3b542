"""What a strategy or a caller may ask for, and what becomes of it before any venue hears of it."""

from typing import ClassVar

from messages.base import Command, Event, MailClass, Question
from messages.units import (
    GTC,
    LAST,
    MARKET,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    OrderType,
    Price,
    Rate,
    Side,
    TimeInForce,
    TradeType,
    TriggerBy,
    VenueName,
    Word,
)


class Code(Word):
    """Why execd refused an instruction, in the order of the checks (`LIMIT_` codes follow the keys of ``[risk]``)."""

    HALTED = "HALTED"
    BUSY = "BUSY"
    DUPLICATE_ID = "DUPLICATE_ID"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    """The venue has no such order for this product."""
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    NO_PRICE = "NO_PRICE"
    REDUCE_ONLY = "REDUCE_ONLY"
    BELOW_LOT = "BELOW_LOT"
    BELOW_NOTIONAL = "BELOW_NOTIONAL"
    LIMIT_ORDER_NOTIONAL = "LIMIT_ORDER_NOTIONAL"
    LIMIT_SLIPPAGE = "LIMIT_SLIPPAGE"
    """The order book has nothing within the worst acceptable price of a market order."""
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    NOT_OPEN = "NOT_OPEN"
    """What should be cancelled or amended is no open order."""


class TradeInstruction(Command, frozen=True, kw_only=True):
    """Trade on an exchange: at once at the market, or as the order type says.

    Answered by `InstructionRefused`, or by the life of one order (messages/orders.py). The same id again with equal
    content is answered with the earlier outcome (`InstructionRepeated`) and does nothing.

    Attributes:
        instrument: ``venue:symbol``, with symbols such as ETH/USDT and ETHUSDT-PERP.
        side: A change of the position, not a target. LONG arrives as BUY, SHORT as SELL.
        amount: In base, always positive; rounded down to the lot by the gate.
        reduce_only: Perps only: cut to the position, and refused where there is nothing to reduce.
        price: Worst acceptable price, of the `LIMITED` types; rounded to the tick, less aggressive, by the gate.
        trigger_price: At which a stop or take-profit becomes a market or limit order.
        trail_bps: Of a trailing stop: how far the trigger stays behind the best price since the order was accepted.
        time_in_force: Of a LIMIT; a stop's limit order is GTC.
        post_only: A LIMIT that would take is rejected.
    """

    mail: ClassVar[MailClass] = MailClass.INSTRUCTION

    instruction_id: InstructionId
    venue: VenueName
    trade_type: TradeType
    instrument: InstrumentId
    side: Side
    amount: BaseAmount
    reduce_only: bool = False
    order_type: OrderType = MARKET
    price: Price | None = None
    trigger_price: Price | None = None
    trigger_by: TriggerBy = LAST
    trail_bps: Rate | None = None
    time_in_force: TimeInForce = GTC
    post_only: bool = False


class CancelInstruction(Command, frozen=True, kw_only=True):
    """Cancel the order of an instruction, if it is open: answered by `OrderCancelled`, else by `CancelRefused`.

    Attributes:
        instruction_id: Of the order to be cancelled.
    """

    instruction_id: InstructionId


class CancelAllInstruction(Command, frozen=True, kw_only=True):
    """Cancel every open order at a venue, in the order in which they were submitted."""

    venue: VenueName


class AmendInstruction(Command, frozen=True, kw_only=True):
    """Change price or amount of an open LIMIT order: answered by `OrderAmended`, `AmendRejected` or `AmendRefused`.

    It keeps its place in the queue only if the amount becomes smaller and the price stays.

    Attributes:
        instruction_id: Of the order to be changed.
        price: The new one; None leaves it.
        amount: The new total in base, filled parts included; None leaves it.
    """

    instruction_id: InstructionId
    price: Price | None = None
    amount: BaseAmount | None = None


Instruction = TradeInstruction | CancelInstruction | CancelAllInstruction | AmendInstruction
"""What a strategy may want."""


class InstructionReceived(Event, frozen=True, kw_only=True):
    """An instruction entered the engine. The gate answers it with one `TradePassed` or `TradeRefused`."""

    instruction_id: InstructionId
    venue_type: str
    venue: VenueName
    trade_type: TradeType
    instrument: InstrumentId
    side: Side
    amount: BaseAmount
    reduce_only: bool
    order_type: OrderType = MARKET
    price: Price | None = None
    trigger_price: Price | None = None
    trigger_by: TriggerBy = LAST
    trail_bps: Rate | None = None
    time_in_force: TimeInForce = GTC
    post_only: bool = False


class CancelAllReceived(Event, frozen=True, kw_only=True):
    """It was asked to cancel every open order at a venue; `CancelSubmitted` follows for each that there is."""

    venue: VenueName


class AmendReceived(Event, frozen=True, kw_only=True):
    """A change of an open order entered the engine. The gate answers it with one `AmendPassed` or `AmendNotPassed`."""

    instruction_id: InstructionId
    price: Price | None
    amount: BaseAmount | None


class CancelRefused(Event, frozen=True, kw_only=True):
    """There is nothing to cancel; nothing was sent."""

    instruction_id: InstructionId
    code: Code
    detail: str


class AmendRefused(Event, frozen=True, kw_only=True):
    """The order stays as it is; nothing was sent."""

    instruction_id: InstructionId
    code: Code
    detail: str


class InstructionRefused(Event, frozen=True, kw_only=True):
    """We did not send it. Terminal.

    Attributes:
        price: The price that the decision rests on, where one was known.
    """

    instruction_id: InstructionId
    code: Code
    detail: str
    price: Price | None = None


class InstructionRepeated(Event, frozen=True, kw_only=True):
    """The answer to an instruction that was given before with equal content. Not journaled: nothing new happened.

    Attributes:
        outcome: What the earlier one came to so far: NONE, OPEN, REFUSED, REJECTED, FILLED, CANCELLED, EXPIRED or
            UNKNOWN.
        client_order_id: Under which its order stands in the journal, if it came to one.
    """

    instruction_id: InstructionId
    outcome: str
    client_order_id: ClientOrderId


class TradePassed(Event, frozen=True, kw_only=True):
    """Gate to engine: send this much. What it needs is held from now on, under the instruction's id.

    Attributes:
        amount: Cut to the position if reduce-only, rounded down to the lot.
        reference_price: price(tau), before slippage.
        held_asset, held_amount: What was set aside for it; the margin of a perp comes on top (actors/margin.py).
        price, trigger_price: Of the instruction, rounded to the tick, less aggressive.
    """

    instruction: InstructionReceived
    amount: BaseAmount
    reference_price: Price
    held_asset: Asset
    held_amount: Amount
    price: Price | None = None
    trigger_price: Price | None = None


class TradeRefused(Event, frozen=True, kw_only=True):
    """Gate to engine: do not send it."""

    instruction: InstructionReceived
    code: Code
    detail: str
    price: Price | None


class AmendPassed(Event, frozen=True, kw_only=True):
    """Gate to engine: change the order to this.

    Attributes:
        price: Of the order from now on, rounded to the tick.
        amount: The order's new total, rounded down to the lot.
        held_amount: What is set aside for what is left of it then.
    """

    instruction_id: InstructionId
    price: Price
    amount: BaseAmount
    held_amount: Amount


class AmendNotPassed(Event, frozen=True, kw_only=True):
    """Gate to engine: leave the order as it is."""

    instruction_id: InstructionId
    code: Code
    detail: str


class AskRefusals(Question, frozen=True, kw_only=True):
    """To the engine; answered by `RefusalsTold`."""


class RefusalsTold(Event, frozen=True, kw_only=True):
    """How often each code was given, in the order of the codes' names."""

    counts: tuple[tuple[str, int], ...]
