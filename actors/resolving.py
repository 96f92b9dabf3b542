"""What a person's word about an order of unknown outcome comes to. Pure.

Absent: the order is rejected for good. Filled: it has a fill of that amount and price with the trade id `BY_HAND`, and
what is not filled of it is off the book. The fee is not known and counts nothing; reconciliation books or reports what
differs then.
"""

from decimal import Decimal

from actors.followed import OUTCOMES, FollowedOrder
from messages.live import OperatorResolved, Resolution, ResolveOrder
from messages.orders import OrderCancelled, OrderEvent, OrderFilled, OrderRejected
from messages.units import TAKER, Amount, BaseAmount, OrderId, TradeId, plain

BY_HAND = TradeId("operator")
_OPERATOR = "operator"


def resolved(order: FollowedOrder | None, wanted: ResolveOrder) -> OperatorResolved | str:
    """Return what is put on record, or why it can't be."""
    if order is None:
        return "no open order has this id"
    if not order.is_unsure:
        return f"its outcome is known: it is {OUTCOMES[order.outcome]}"
    if not order.operator_needed and OUTCOMES[order.outcome] != "UNKNOWN":
        return "it was sent just now; its outcome is not unknown"
    intent = order.intent
    amount = price = None
    if wanted.resolution is Resolution.ABSENT:
        if wanted.amount is not None or wanted.price is not None:
            return "what is absent has no amount and no price"
    else:
        amount = BaseAmount(order.amount if wanted.amount is None else wanted.amount)
        price = wanted.price if wanted.price is not None else order.price or intent.reference_price
        if not 0 < amount <= order.amount:
            return f"the amount is {plain(amount)}, that of the order {plain(order.amount)}"
        if price <= 0:
            return f"the price is {plain(price)}, expected a positive one"
    return OperatorResolved(
        venue=intent.venue,
        instrument=intent.instrument,
        client_order_id=intent.client_order_id,
        instruction_id=intent.instruction_id,
        resolution=wanted.resolution,
        amount=amount,
        price=price,
    )


def reports_of(said: OperatorResolved, order: FollowedOrder) -> tuple[OrderEvent, ...]:
    """Return what the venue would have reported."""
    intent = order.intent
    if said.amount is None or said.price is None:
        absent = OrderRejected(
            venue=said.venue,
            instrument=said.instrument,
            client_order_id=said.client_order_id,
            instruction_id=said.instruction_id,
            by=_OPERATOR,
            reason=said.resolution.value,
            detail="",
        )
        return (absent,)
    number = order.order_id or OrderId(_OPERATOR)
    fill = OrderFilled(
        venue=said.venue,
        instrument=said.instrument,
        side=intent.side,
        amount=said.amount,
        price=said.price,
        fee=Amount(Decimal(0)),
        fee_asset=intent.held_asset,
        liquidity=TAKER,
        order_id=number,
        client_order_id=said.client_order_id,
        trade_id=BY_HAND,
        instruction_id=said.instruction_id,
    )
    if order.filled + said.amount >= order.amount:
        return (fill,)
    rest = OrderCancelled(
        venue=said.venue,
        instrument=said.instrument,
        order_id=number,
        client_order_id=said.client_order_id,
        instruction_id=said.instruction_id,
        reason=_OPERATOR.upper(),
    )
    return fill, rest
