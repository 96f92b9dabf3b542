"""Rounding amounts to a venue's steps, exactly, whatever the number of digits."""

import decimal
import math
from decimal import Decimal

# Amounts have up to 30 digits on each side of the point (and lots up to 30 behind it), so 40 digits would not do.
_WIDE = decimal.Context(prec=100, rounding=decimal.ROUND_HALF_EVEN, traps=[decimal.InvalidOperation])
_COST_STEP = Decimal("1e-18")
_remainder = _WIDE.remainder


def floor_to(amount: Decimal, step: Decimal) -> Decimal:
    """Return the largest whole number of steps that is not above a non-negative amount."""
    rest = _remainder(amount, step)
    return _WIDE.subtract(amount, rest) if rest else amount


def ceil_to(amount: Decimal, step: Decimal) -> Decimal:
    """Return the smallest whole number of steps that is not below a non-negative amount."""
    rest = _remainder(amount, step)
    return _WIDE.add(_WIDE.subtract(amount, rest), step) if rest else amount


def is_multiple(amount: Decimal, step: Decimal) -> bool:
    """Return whether an amount is a whole number of steps."""
    return not _remainder(amount, step)


def common_step(first: Decimal, second: Decimal) -> Decimal:
    """Return the smallest amount that is a whole number of both steps."""
    one, other = first.as_integer_ratio(), second.as_integer_ratio()
    numerator = math.lcm(one[0] * other[1], other[0] * one[1])
    return _WIDE.divide(Decimal(numerator), Decimal(one[1] * other[1]))


def entry_price(cost: Decimal, quantity: Decimal) -> Decimal:
    """Return cost / quantity of a position that is not flat, with 18 decimals."""
    return _WIDE.divide(cost, quantity).quantize(_COST_STEP, context=_WIDE)


def to_cost_step(cost: Decimal) -> Decimal:
    """Return a cost rounded half-even to 1e-18."""
    return cost.quantize(_COST_STEP, context=_WIDE)
