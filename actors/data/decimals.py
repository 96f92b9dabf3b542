"""Columns of numbers into exact decimals, fast: this is most of what reading history costs.

A binary float enters as ``Decimal(repr(x))``, its shortest decimal that reads back as x. That text is slow to make
twice (float to text, text to decimal), so for prices and volumes, which are short decimals, it is found in vectors:
let n = round(x * 10^k). If |n| < 10^15 and n / 10^k, divided in binary, gives x back, then n * 10^-k equals
Decimal(repr(x)). For n and 10^k are exact in binary and division rounds correctly, so x is the double nearest to the
decimal n * 10^-k of at most 15 digits; repr(x) is no longer than that; and no two different decimals of at most 15
digits have the same nearest double. Columns that are not so short go through Arrow's own shortest text.
"""

import decimal
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from messages.units import CONTEXT

_PLACES = (2, 4, 6, 8)
_LIMIT = 10**15
_POWERS = {places: pa.scalar(10.0**places) for places in _PLACES}
"""As Arrow values: making one of a Python float takes longer than multiplying a chunk by it."""


class DecimalColumn:
    """Turns one column, chunk by chunk, into decimals; remembers how many places were enough."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: int | None = _PLACES[0]

    def decode(self, array: Any) -> list[Decimal]:  # noqa: ANN401  # pyarrow has no types
        """Return the values of an Arrow array: double, integer, decimal or text of checked form, without nulls.

        Equal to ``Decimal(repr(x))`` for doubles, and to the exact value or text for the rest; the exponent may differ.
        """
        if pa.types.is_float64(array.type):
            return self._from_doubles(array)
        if pa.types.is_decimal(array.type):
            array = array.cast(pa.string())
        return list(map(Decimal, array.to_pylist()))

    def _from_doubles(self, array: Any) -> list[Decimal]:  # noqa: ANN401
        while self._places is not None:
            integers = _scaled(array, self._places)
            if integers is not None:
                step = Decimal(1).scaleb(-self._places)
                with decimal.localcontext(CONTEXT):  # a caller's smaller precision must not round
                    return list(map(step.__mul__, integers))
            self._places = next((places for places in _PLACES if places > self._places), None)
        return list(map(Decimal, array.cast(pa.string()).to_pylist()))


def _scaled(array: Any, places: int) -> list[int] | None:  # noqa: ANN401
    """Return x * 10^places as integers if they stand for all of x exactly, else None."""
    power = _POWERS[places]
    scaled = pc.round(pc.multiply(array, power))
    span = pc.min_max(scaled)
    low, high = span["min"].as_py(), span["max"].as_py()
    if low is None:
        return []
    if not (low > -_LIMIT and high < _LIMIT):  # also true for NaN
        return None
    if not pc.all(pc.equal(pc.divide(scaled, power), array)).as_py():
        return None
    integers: list[int] = scaled.cast(pa.int64()).to_pylist()
    return integers
