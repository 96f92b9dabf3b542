"""A decimal leaves in plain notation: no exponent, no trailing zeros, 0 and never -0, and nothing of its value lost."""

import re
from decimal import Decimal, FloatOperation, InvalidOperation, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.units import CONTEXT, plain

PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
finite = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 1),
    st.integers(0, 10**40),
    st.integers(-60, 30),
)


@given(finite)
def test_plain_is_plain_and_the_same_number(value: Decimal) -> None:
    text = plain(value)

    assert PLAIN.fullmatch(text), text
    assert text != "-0"
    assert Decimal(text) == value


@given(finite, st.integers(0, 8))
def test_equal_numbers_are_written_alike(value: Decimal, zeros: int) -> None:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)

    longer = Decimal((sign, digits + (0,) * zeros, exponent - zeros))

    assert plain(longer) == plain(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0E+5", "0"),
        ("-0E-9", "0"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("1.500", "1.5"),
        ("-0.0000001", "-0.0000001"),
        ("1E-18", "0.000000000000000001"),
        ("120.00", "120"),
    ],
)
def test_the_edges_of_plain(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def test_the_context_refuses_floats_and_nonsense() -> None:
    with localcontext(CONTEXT):
        with pytest.raises(FloatOperation):
            Decimal(0.1)  # type: ignore[arg-type,unused-ignore]  # noqa: RUF032 - a float on purpose
        with pytest.raises(InvalidOperation):
            Decimal(0) / Decimal(0)
        with pytest.raises(FloatOperation):
            _ = Decimal(1) < 0.5
