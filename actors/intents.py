"""What an instruction becomes on its way: the entry that it came, and the intent of its order. Pure.

Nearly every instruction is a market order, so that one takes the short way: a field at its default is left out, which
is the same value in less time.
"""

from messages.instructions import AmendPassed, InstructionReceived, TradeInstruction, TradePassed
from messages.lifecycle import EndRun, RunEnded
from messages.orders import AmendSubmitted, CancelSubmitted, OrderSubmitted
from messages.units import IOC, LIMIT, MARKET, ClientOrderId, Price, plain


def received(instruction: TradeInstruction) -> InstructionReceived:
    """Return the entry that says that an instruction came."""
    if instruction.order_type is MARKET:
        return InstructionReceived(
            instruction_id=instruction.instruction_id,
            venue_type="cex",
            venue=instruction.venue,
            trade_type=instruction.trade_type,
            instrument=instruction.instrument,
            side=instruction.side,
            amount=instruction.amount,
            reduce_only=instruction.reduce_only,
        )
    return InstructionReceived(
        instruction_id=instruction.instruction_id,
        venue_type="cex",
        venue=instruction.venue,
        trade_type=instruction.trade_type,
        instrument=instruction.instrument,
        side=instruction.side,
        amount=instruction.amount,
        reduce_only=instruction.reduce_only,
        order_type=instruction.order_type,
        price=instruction.price,
        trigger_price=instruction.trigger_price,
        trigger_by=instruction.trigger_by,
        trail_bps=instruction.trail_bps,
        time_in_force=instruction.time_in_force,
        post_only=instruction.post_only,
    )


def content_of(entry: InstructionReceived) -> tuple[object, ...]:
    """Return what two instructions under one id must have in common to be the same; numbers as plain text.

    (Texts, because numbers that differ by 2**61 - 1 have the same hash.)
    """
    if entry.order_type is MARKET:
        return entry.instrument, entry.side, plain(entry.amount), entry.reduce_only
    return (
        entry.instrument,
        entry.side,
        plain(entry.amount),
        entry.reduce_only,
        entry.order_type,
        entry.price and plain(entry.price),
        entry.trigger_price and plain(entry.trigger_price),
        entry.trigger_by,
        entry.trail_bps and plain(entry.trail_bps),
        entry.time_in_force,
        entry.post_only,
    )


def intent(passed: TradePassed, order_id: ClientOrderId) -> OrderSubmitted:
    """Return the intent to place the order that the gate let pass."""
    instruction = passed.instruction
    if instruction.order_type is MARKET:
        if passed.price is not None:
            return _protected(passed, passed.price, order_id)
        return OrderSubmitted(
            instruction_id=instruction.instruction_id,
            client_order_id=order_id,
            venue=instruction.venue,
            instrument=instruction.instrument,
            side=instruction.side,
            amount=passed.amount,
            order_type=MARKET,
            price=None,
            reduce_only=instruction.reduce_only,
            reference_price=passed.reference_price,
            held_asset=passed.held_asset,
            held_amount=passed.held_amount,
        )
    return OrderSubmitted(
        instruction_id=instruction.instruction_id,
        client_order_id=order_id,
        venue=instruction.venue,
        instrument=instruction.instrument,
        side=instruction.side,
        amount=passed.amount,
        order_type=instruction.order_type,
        price=passed.price,
        reduce_only=instruction.reduce_only,
        reference_price=passed.reference_price,
        held_asset=passed.held_asset,
        held_amount=passed.held_amount,
        trigger_price=passed.trigger_price,
        trigger_by=instruction.trigger_by,
        trail_bps=instruction.trail_bps,
        time_in_force=instruction.time_in_force,
        post_only=instruction.post_only,
    )


def _protected(passed: TradePassed, worst: Price, order_id: ClientOrderId) -> OrderSubmitted:
    """Return the intent of a market order that may not trade beyond a price: the instruction stays what it was."""
    instruction = passed.instruction
    return OrderSubmitted(
        instruction_id=instruction.instruction_id,
        client_order_id=order_id,
        venue=instruction.venue,
        instrument=instruction.instrument,
        side=instruction.side,
        amount=passed.amount,
        order_type=LIMIT,
        price=worst,
        reduce_only=instruction.reduce_only,
        reference_price=passed.reference_price,
        held_asset=passed.held_asset,
        held_amount=passed.held_amount,
        time_in_force=IOC,
    )


def cancel_of(sent: OrderSubmitted) -> CancelSubmitted:
    """Return the intent to cancel an order."""
    return CancelSubmitted(
        instruction_id=sent.instruction_id,
        client_order_id=sent.client_order_id,
        venue=sent.venue,
        instrument=sent.instrument,
    )


def amendment_of(sent: OrderSubmitted, passed: AmendPassed) -> AmendSubmitted:
    """Return the intent to change an order as the gate let it pass."""
    return AmendSubmitted(
        instruction_id=sent.instruction_id,
        client_order_id=sent.client_order_id,
        venue=sent.venue,
        instrument=sent.instrument,
        price=passed.price,
        amount=passed.amount,
        held_amount=passed.held_amount,
    )


def run_ended(end: EndRun) -> RunEnded:
    """Return the last entry of a run."""
    return RunEnded(
        outcome=end.outcome,
        reason=end.reason,
        market_events=end.market_events,
        currency=end.currency,
        equity_start=end.equity_start,
        equity_end=end.equity_end,
    )
