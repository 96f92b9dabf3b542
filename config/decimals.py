r"""Which numbers from outside we take, and that we take them exactly.

Text matches ``-?[0-9]{1,30}(\.[0-9]{1,30})?``. Numbers of TOML and JSON may also be written with an exponent, as long
as their plain form stays within the same bounds. Binary floats enter as their shortest text (`repr`).
"""

import decimal
import re
from dataclasses import dataclass
from decimal import Decimal

_PLAIN = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_DIGITS = 30
_LONGEST = 100  # characters of a number literal: a sign, 60 digits, a point and an exponent fit easily


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A number literal that breaks the rule, kept to be shown. No text, so that nobody takes it for text."""

    text: str


def decimal_of(value: object) -> Decimal | None:
    """Return the number that a value from outside stands for, exactly; None if it is none within the rule.

    Args:
        value: Text, an int, a Decimal or a float. A bool is no number.
    """
    match value:
        case Unreadable() | bool():
            return None
        case str():
            return _unsigned_zero(Decimal(value)) if _PLAIN.fullmatch(value) else None
        case int():
            return Decimal(value) if abs(value) < 10**_DIGITS else None
        case float():
            return _within(Decimal(repr(value)))
        case Decimal():
            return _within(value)
        case _:
            return None


def literal(text: str) -> Decimal | Unreadable:
    """Return the exact value of a number literal of TOML or JSON; `Unreadable` if it breaks the rule."""
    try:
        value = _within(Decimal(text)) if len(text) <= _LONGEST else None
    except decimal.InvalidOperation:  # an exponent beyond what Decimal can hold
        value = None
    return Unreadable(text) if value is None else value


def _within(value: Decimal) -> Decimal | None:
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DIGITS or (value and value.adjusted() >= _DIGITS):
        return None
    if exponent > 0:
        return Decimal(format(value, "f")) if value else Decimal(0)
    return _unsigned_zero(value)


def _unsigned_zero(value: Decimal) -> Decimal:
    return value or value.copy_abs()
