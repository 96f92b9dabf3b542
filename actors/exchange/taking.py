"""What becomes of an order that meets the market now: how much of it trades, and what happens to the rest. Pure.

An order is cut to the position (reduce-only) and to what the candle's volume leaves (`max_share`). A limit order takes
only if price(tau), moved against what it would take, satisfies its limit.
"""

from decimal import Decimal
from typing import NamedTuple

from messages.units import BUY, FOK, GTC, Price, Side, TimeInForce

AMENDED = "AMENDED"
"""An amendment left nothing of the order to be filled."""
INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
"""A spot order can't be paid when it would trade."""
LIQUIDATION = "LIQUIDATION"
"""The venue closes the account's positions by force."""
LOT = "LOT"
NO_PRICE = "NO_PRICE"
NOT_MARKETABLE = "NOT_MARKETABLE"
"""IOC or FOK whose limit the price does not satisfy."""
NOT_OPEN = "NOT_OPEN"
"""What should be cancelled or amended is no open order."""
NOT_RESTING = "NOT_RESTING"
"""What should be amended is no limit order on the book."""
POST_ONLY = "POST_ONLY"
REDUCE_ONLY = "REDUCE_ONLY"
REQUESTED = "REQUESTED"
"""Cancelled because the client asked."""
TICK = "TICK"
VOLUME_LIMIT = "VOLUME_LIMIT"
"""More than the order's share of the candle's volume."""

_ZERO = Decimal(0)


class Cut(NamedTuple):
    """How much of an order can trade now.

    Attributes:
        amount: In base.
        reason: Why not all of it: VOLUME_LIMIT, REDUCE_ONLY, or nothing.
    """

    amount: Decimal
    reason: str


def cut(left: Decimal, *, reducible: Decimal | None, room: Decimal | None) -> Cut:
    """Cut what is left of an order.

    Args:
        left: In base.
        reducible: What the position leaves to a reduce-only order; None of any other.
        room: What the candle's volume leaves; None: no limit.
    """
    wanted = left if reducible is None or reducible > left else reducible
    if room is not None and room < wanted:
        return Cut(max(room, _ZERO), VOLUME_LIMIT)
    return Cut(wanted, REDUCE_ONLY if wanted < left else "")


class Terms(NamedTuple):
    """What an order that arrives asks for. `limit` is None at the market."""

    side: Side
    limit: Price | None
    time_in_force: TimeInForce
    post_only: bool


class Verdict(NamedTuple):
    """What becomes of an order that arrives.

    Attributes:
        rejected: Why it never was; then nothing else is set.
        taken: How much trades at once, in base.
        cancelled: Why what is left is off; empty: it rests, or nothing is left.
    """

    rejected: str = ""
    taken: Decimal = _ZERO
    cancelled: str = ""


def is_marketable(side: Side, limit: Price, price: Decimal | None) -> bool:
    """Return whether a price satisfies a limit; where nobody trades, none does."""
    return price is not None and (price <= limit if side is BUY else price >= limit)


def arriving(terms: Terms, part: Cut, price: Decimal | None) -> Verdict:
    """Return what becomes of an order that meets the market now.

    Args:
        terms: Of the order; not one that waits for a trigger.
        part: How much of it can trade.
        price: price(tau) moved against that part; None: nobody trades.
    """
    if terms.limit is None:
        if price is None:
            return Verdict(rejected=NO_PRICE)
    elif not is_marketable(terms.side, terms.limit, price):
        return Verdict() if terms.time_in_force is GTC else Verdict(cancelled=NOT_MARKETABLE)
    elif terms.post_only:
        return Verdict(rejected=POST_ONLY)
    if part.reason == VOLUME_LIMIT:
        if terms.time_in_force is FOK:
            return Verdict(cancelled=VOLUME_LIMIT)
        if terms.limit is not None and terms.time_in_force is GTC:
            return Verdict(taken=part.amount)
    return Verdict(taken=part.amount, cancelled=part.reason)
