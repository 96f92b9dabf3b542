"""What a strategy or a caller may ask for, and what becomes of it before any venue hears of it."""

from typing import ClassVar

from messages.base import Command, Event, MailClass, Question
from messages.units import (
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Price,
    Side,
    TradeType,
    VenueName,
    Word,
)


class Code(Word):
    """Why execd refused an instruction, in the order of the checks (`LIMIT_` codes follow the keys of ``[risk]``)."""

    HALTED = "HALTED"
    BUSY = "BUSY"
    DUPLICATE_ID = "DUPLICATE_ID"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    NO_PRICE = "NO_PRICE"
    REDUCE_ONLY = "REDUCE_ONLY"
    BELOW_LOT = "BELOW_LOT"
    BELOW_NOTIONAL = "BELOW_NOTIONAL"
    LIMIT_ORDER_NOTIONAL = "LIMIT_ORDER_NOTIONAL"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"


class TradeInstruction(Command, frozen=True, kw_only=True):
    """Trade on an exchange, at once, at the market.

    Answered by `InstructionRefused`, or by the life of one order (messages/orders.py). The same id again with equal
    content is answered with the earlier outcome (`InstructionRepeated`) and does nothing.

    Attributes:
        instrument: ``venue:symbol``, with symbols such as ETH/USDT and ETHUSDT-PERP.
        side: A change of the position, not a target. LONG arrives as BUY, SHORT as SELL.
        amount: In base, always positive; rounded down to the lot by the gate.
        reduce_only: Perps only: cut to the position, and refused where there is nothing to reduce.
    """

    mail: ClassVar[MailClass] = MailClass.INSTRUCTION

    instruction_id: InstructionId
    venue: VenueName
    trade_type: TradeType
    instrument: InstrumentId
    side: Side
    amount: BaseAmount
    reduce_only: bool = False


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
        held_asset, held_amount: What was set aside for it.
    """

    instruction: InstructionReceived
    amount: BaseAmount
    reference_price: Price
    held_asset: Asset
    held_amount: Amount


class TradeRefused(Event, frozen=True, kw_only=True):
    """Gate to engine: do not send it."""

    instruction: InstructionReceived
    code: Code
    detail: str
    price: Price | None


class AskRefusals(Question, frozen=True, kw_only=True):
    """To the engine; answered by `RefusalsTold`."""


class RefusalsTold(Event, frozen=True, kw_only=True):
    """How often each code was given, in the order of the codes' names."""

    counts: tuple[tuple[str, int], ...]
