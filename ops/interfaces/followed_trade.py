"""What became of one instruction, as its entries in the journal tell."""

from decimal import Decimal
from typing import Literal

from messages.base import Event
from messages.instructions import InstructionReceived, InstructionRefused, TradeInstruction
from messages.instruments import Instrument
from messages.orders import (
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
)
from messages.units import FOK, IOC, MARKET, ClientOrderId, OrderId

Status = Literal["FILLED", "PARTIALLY_FILLED", "OPEN", "CANCELLED", "EXPIRED", "REJECTED", "UNKNOWN"]

_ZERO = Decimal(0)


class FollowedTrade:
    """One instruction, and the order that it came to.

    Attributes:
        filled: In base, before fees.
        notional: In quote: what was filled times its prices.
        fee: In quote; base fees count at their fill's price.
        by, reason, detail: Of the end, where it was not a fill.
        arrived: The venue answered, or nothing was sent to it.
    """

    def __init__(self, instruction: TradeInstruction | InstructionReceived, instrument: Instrument) -> None:
        self.instruction = instruction
        self.instrument = instrument
        self.order_id = OrderId("")
        self.client_order_id = ClientOrderId("")
        self.filled = self.notional = self.fee = _ZERO
        self.by: str | None = None
        self.reason: str | None = None
        self.detail: str | None = None
        self.arrived = False
        self._amount: Decimal = instruction.amount
        self._last_price = _ZERO
        self._one_price = True
        self._end: Status | None = None
        self._unknown = False

    @property
    def status(self) -> Status:
        """The word for it."""
        if self.filled:
            return "FILLED" if self.filled >= self._amount else "PARTIALLY_FILLED"
        if self._end is not None:
            return self._end
        return "UNKNOWN" if self._unknown else "OPEN"

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self._end is None and (not self.filled or self.filled < self._amount)

    @property
    def was_cancelled(self) -> bool:
        """Whether it ended, with whatever part of it filled, by a cancel."""
        return self._end == "CANCELLED"

    @property
    def is_answered(self) -> bool:
        """Whether its status is one to go on with: an order that can't rest has its end, or nobody knows."""
        if not self.is_open or self.status == "UNKNOWN":
            return True
        wanted = self.instruction
        at_once = wanted.order_type is MARKET or wanted.time_in_force in {IOC, FOK}
        return self.arrived and not at_once

    @property
    def price(self) -> Decimal:
        """The average price of what was filled; 0 before there is one. Exact where all fills had the same."""
        if not self.filled:
            return _ZERO
        return self._last_price if self._one_price else self.notional / self.filled

    def follow(self, entry: Event) -> None:
        """Take in an entry about it."""
        match entry:
            case OrderSubmitted():
                self._amount = entry.amount
                self.client_order_id = entry.client_order_id
            case OrderAccepted():
                self.order_id = entry.order_id
                self.arrived, self._unknown = True, False
            case OrderFilled():
                self._fill(entry)
            case OrderAmended():
                self._amount = entry.amount
            case OrderUnknown():
                self._unknown = self.arrived = True
                self.reason = entry.reason
            case InstructionRefused():
                self._ended("REJECTED", str(entry.code), by="execd", detail=entry.detail)
            case OrderRejected():
                self._ended("REJECTED", entry.reason, by=entry.by, detail=entry.detail)
            case OrderCancelled():
                self._ended("CANCELLED", entry.reason)
            case OrderExpired():
                self._ended("EXPIRED", entry.reason)
            case _:
                pass

    def _fill(self, fill: OrderFilled) -> None:
        self._one_price = not self.filled or (self._one_price and fill.price == self._last_price)
        self._last_price = fill.price
        self.filled += fill.amount
        self.notional += fill.amount * fill.price
        self.fee += fee_in_quote(fill, self.instrument)
        self.arrived, self._unknown = True, False

    def _ended(self, end: Status, reason: str, *, by: str | None = None, detail: str | None = None) -> None:
        self._end, self.reason, self.by, self.detail = end, reason, by, detail
        self.arrived = True


def fee_in_quote(fill: OrderFilled, instrument: Instrument) -> Decimal:
    """Return a fill's fee in quote: one in base counts at the fill's price, one in a third asset is not counted."""
    if fill.fee_asset == instrument.quote:
        return fill.fee
    return fill.fee * fill.price if fill.fee_asset == instrument.base else _ZERO
