"""What a venue's dialect can do, asked before an order is journaled: its own refusal, without sending anything."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from actors.exchange.wire.contract import Dialect, Market, NotSupportedError
from messages.instructions import InstructionReceived
from messages.orders import OrderSubmitted
from messages.units import GTC, LIMIT, MARKET, Amount, ClientOrderId, InstrumentId, Price, VenueName

_ANY_ID = ClientOrderId("x" + "0" * 31)


def supports(
    dialects: Mapping[VenueName, Dialect], markets: Mapping[InstrumentId, Market]
) -> Callable[[InstructionReceived], str | None]:
    """Return a function that says why a venue does not take such an order, or None where it does.

    Plain market and limit orders are taken by all of them, and not asked about.
    """

    def refusal(instruction: InstructionReceived) -> str | None:
        kind = instruction.order_type
        if (kind is MARKET or kind is LIMIT) and instruction.time_in_force is GTC and not instruction.post_only:
            return None
        market = markets[instruction.instrument]
        try:
            dialects[instruction.venue].place(_intent(instruction, market), market, now_ms=0, validity_ms=1)
        except NotSupportedError as error:
            return str(error)
        return None

    return refusal


def _intent(instruction: InstructionReceived, market: Market) -> OrderSubmitted:
    return OrderSubmitted(
        instruction_id=instruction.instruction_id,
        client_order_id=_ANY_ID,
        venue=instruction.venue,
        instrument=instruction.instrument,
        side=instruction.side,
        amount=instruction.amount,
        order_type=instruction.order_type,
        price=instruction.price,
        reduce_only=instruction.reduce_only,
        reference_price=instruction.price or instruction.trigger_price or Price(Decimal(1)),
        held_asset=market.quote,
        held_amount=Amount(Decimal(0)),
        trigger_price=instruction.trigger_price,
        trigger_by=instruction.trigger_by,
        trail_bps=instruction.trail_bps,
        time_in_force=instruction.time_in_force,
        post_only=instruction.post_only,
    )
