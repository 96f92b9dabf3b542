"""What the simulated venue says about an order, put together. Pure."""

from decimal import Decimal
from typing import Any

from actors.exchange.open_order import OpenOrder
from messages.book import InsurancePaid, Liquidated
from messages.market import Candle, ExtremesMoved, FundingPaid, StaleMark
from messages.orders import (
    AmendRejected,
    AmendSubmitted,
    CancelRejected,
    CancelSubmitted,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
)
from messages.units import Amount, Asset, BaseAmount, Liquidity, Nanoseconds, OrderId, Price, TradeId, VenueName

Report = OrderEvent | FundingPaid | ExtremesMoved | StaleMark | Liquidated | InsurancePaid
"""All that a simulated venue tells the engine."""


def accepted(intent: OrderSubmitted, order_id: OrderId) -> OrderAccepted:
    """The venue has the order."""
    return OrderAccepted(
        venue=intent.venue,
        instrument=intent.instrument,
        order_id=order_id,
        client_order_id=intent.client_order_id,
        instruction_id=intent.instruction_id,
    )


def rejected(intent: OrderSubmitted, reason: str, detail: str) -> OrderRejected:
    """The order will never be."""
    return OrderRejected(
        venue=intent.venue,
        instrument=intent.instrument,
        client_order_id=intent.client_order_id,
        instruction_id=intent.instruction_id,
        by="venue",
        reason=reason,
        detail=detail,
    )


def filled(  # noqa: PLR0913, PLR0917 - a fill has many parts
    intent: OrderSubmitted,
    order_id: OrderId,
    trade_id: TradeId,
    amount: BaseAmount,
    price: Price,
    fee: Amount,
    fee_asset: Asset,
    liquidity: Liquidity,
    reference: Price,
) -> OrderFilled:
    """A part or the whole of an order was traded."""
    return OrderFilled(
        venue=intent.venue,
        instrument=intent.instrument,
        side=intent.side,
        amount=amount,
        price=price,
        fee=fee,
        fee_asset=fee_asset,
        liquidity=liquidity,
        order_id=order_id,
        client_order_id=intent.client_order_id,
        trade_id=trade_id,
        instruction_id=intent.instruction_id,
        reference_price=reference,
    )


def _names(order: OpenOrder) -> dict[str, Any]:
    intent = order.intent
    return {
        "venue": intent.venue,
        "instrument": intent.instrument,
        "order_id": order.order_id,
        "client_order_id": intent.client_order_id,
        "instruction_id": intent.instruction_id,
    }


def triggered(order: OpenOrder, trigger: Decimal) -> OrderTriggered:
    """The price reached the trigger."""
    return OrderTriggered(trigger_price=Price(trigger), **_names(order))


def amended(order: OpenOrder, price: Price, amount: BaseAmount) -> OrderAmended:
    """The order is another from now on."""
    return OrderAmended(price=price, amount=amount, **_names(order))


def cancelled(order: OpenOrder, reason: str) -> OrderCancelled:
    """What was left of the order is off the book."""
    return OrderCancelled(reason=reason, **_names(order))


def expired(order: OpenOrder, reason: str) -> OrderExpired:
    """The order is over with the run."""
    return OrderExpired(reason=reason, **_names(order))


def expired_before_arrival(intent: OrderSubmitted, order_id: OrderId, reason: str) -> OrderExpired:
    """The run was over before the order came to the venue."""
    return OrderExpired(
        venue=intent.venue,
        instrument=intent.instrument,
        order_id=order_id,
        client_order_id=intent.client_order_id,
        instruction_id=intent.instruction_id,
        reason=reason,
    )


def cancel_rejected(intent: CancelSubmitted, reason: str) -> CancelRejected:
    """There was nothing to cancel."""
    return CancelRejected(
        venue=intent.venue,
        instrument=intent.instrument,
        client_order_id=intent.client_order_id,
        instruction_id=intent.instruction_id,
        reason=reason,
    )


def amend_rejected(intent: AmendSubmitted, reason: str) -> AmendRejected:
    """The order stays as it is."""
    return AmendRejected(
        venue=intent.venue,
        instrument=intent.instrument,
        client_order_id=intent.client_order_id,
        instruction_id=intent.instruction_id,
        reason=reason,
    )


def followed(venue: VenueName, candle: Candle, opened: int) -> ExtremesMoved:
    """Trailing stops that were accepted until the candle `opened` (ns) have followed it."""
    return ExtremesMoved(
        venue=venue,
        instrument=candle.instrument,
        low=candle.low,
        high=candle.high,
        opened_at=Nanoseconds(opened),
    )


def started(intent: OrderSubmitted, price: Price, now: Nanoseconds) -> ExtremesMoved:
    """A trailing stop starts from another price than its intent's."""
    return ExtremesMoved(venue=intent.venue, instrument=intent.instrument, low=price, high=price, opened_at=now)


def stale(venue: VenueName, candle: Candle, used_for: str) -> StaleMark:
    """The close of an old candle was used."""
    return StaleMark(
        venue=venue,
        instrument=candle.instrument,
        mark=candle.close,
        closed_at=candle.closed_at,
        used_for=used_for,
    )
