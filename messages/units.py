"""Names for values, so that the unit is in the type, and how a decimal is written.

Money, amounts and prices are `Decimal`. Time is integer nanoseconds UTC.
"""

import decimal
import enum
from decimal import Decimal
from typing import NewType

InstructionId = NewType("InstructionId", str)
"""The user's own name for an instruction; unique for ever within an account."""
ClientOrderId = NewType("ClientOrderId", str)
"""The id we send to the venue: [A-Za-z0-9]{1,32}."""
OrderId = NewType("OrderId", str)
"""The venue's id of an order."""
TradeId = NewType("TradeId", str)
"""The venue's id of a fill."""
VenueName = NewType("VenueName", str)
"""binance, bybit, okx."""
AccountName = NewType("AccountName", str)
"""binance, binance.perp, bybit, okx, X.funding, wallet."""
Asset = NewType("Asset", str)
"""USDT, ETH."""
InstrumentId = NewType("InstrumentId", str)
"""``venue:symbol`` with symbols as in instructions: bybit:ETH/USDT, bybit:ETHUSDT-PERP."""

BaseAmount = NewType("BaseAmount", Decimal)
"""Whole units of the base asset: 0.5 is half an ether in ETH/USDT, also where a venue counts contracts."""
Price = NewType("Price", Decimal)
"""Units of quote for one unit of base."""
Amount = NewType("Amount", Decimal)
"""Whole units of the asset that stands beside it."""
Rate = NewType("Rate", Decimal)
"""A plain fraction: 0.0001 is one basis point."""
Nanoseconds = NewType("Nanoseconds", int)
"""Since 1970-01-01T00:00:00Z."""
Seq = NewType("Seq", int)
"""Place of an entry in the journal, from 1."""

SECOND_NS = 1_000_000_000
BPS = Decimal(10_000)
"""Basis points in one whole."""

CONTEXT = decimal.Context(
    prec=40,
    rounding=decimal.ROUND_HALF_EVEN,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.FloatOperation],
)
"""The one decimal context. Every cell sets a copy of it on its own thread."""


class Word(enum.StrEnum):
    """One of a few words. Hashed as the text it is: `enum`'s own hash is ten times slower."""

    __hash__ = str.__hash__


class Side(Word):
    """Direction of a change. LONG in an instruction is BUY, SHORT is SELL."""

    BUY = "BUY"
    SELL = "SELL"


class TradeType(Word):
    """What is traded: the asset itself, or a perpetual future on it."""

    SPOT = "SPOT"
    PERP = "PERP"


class Liquidity(Word):
    """Whether a fill took liquidity from the book or gave it."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class OrderType(Word):
    """How an order is executed. A stop triggers when the price gets worse, a take-profit when it gets better."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_MARKET = "STOP_MARKET"
    STOP_LIMIT = "STOP_LIMIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class TimeInForce(Word):
    """How long an order waits: until cancelled, not at all, or not at all and only whole."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class TriggerBy(Word):
    """Which price triggers a stop: the last trade's or the mark."""

    LAST = "LAST"
    MARK = "MARK"


# Looking a member up in its class takes longer than a multiplication (Python 3.11), so the hot path has names for them.
BUY, SELL = Side.BUY, Side.SELL
SPOT, PERP = TradeType.SPOT, TradeType.PERP
MAKER, TAKER = Liquidity
(
    MARKET,
    LIMIT,
    STOP_MARKET,
    STOP_LIMIT,
    TAKE_PROFIT_MARKET,
    TAKE_PROFIT_LIMIT,
    TRAILING_STOP,
) = OrderType
GTC, IOC, FOK = TimeInForce
LAST, MARK = TriggerBy
LIMITED = frozenset({LIMIT, STOP_LIMIT, TAKE_PROFIT_LIMIT})
"""Order types that have a price."""
TRIGGERED = frozenset({STOP_MARKET, STOP_LIMIT, TAKE_PROFIT_MARKET, TAKE_PROFIT_LIMIT, TRAILING_STOP})
"""Order types that wait for a trigger."""


def plain(value: Decimal) -> str:
    """Return a finite decimal in plain notation: no exponent, no trailing zeros, 0 and never -0."""
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
