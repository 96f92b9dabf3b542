"""Numbers and instants from outside are taken exactly or not at all."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.decimals import Unreadable, decimal_of, literal
from config.instants import instant_of, instant_of_datetime
from messages.units import plain


@given(st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True, alphabet="-.0123456789"))
def test_text_within_the_rule_is_taken_digit_by_digit(text: str) -> None:
    value = decimal_of(text)

    whole, _, fraction = text.lstrip("-").partition(".")
    digits = -int(whole + fraction) if text.startswith("-") else int(whole + fraction)
    assert value is not None
    assert Fraction(value) == Fraction(digits, 10 ** len(fraction))


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1\n", "+1", ".5", "5.", "1e3", "NaN", "Infinity", "-", "1_000", "1,5", "0x10", "\u0661", "--1",
     "1" * 31, "0." + "1" * 31],
)  # fmt: skip
def test_text_outside_the_rule_is_no_number(text: str) -> None:
    assert decimal_of(text) is None


@pytest.mark.parametrize("value", [True, None, [], {}, b"1", float("nan"), float("inf"), 10**30, 1e30, 1e-31])
def test_other_values_outside_the_rule_are_no_numbers(value: object) -> None:
    assert decimal_of(value) is None


def test_a_binary_float_enters_as_its_shortest_text() -> None:
    assert decimal_of(0.1) == Decimal("0.1")
    assert decimal_of(1e22) == Decimal(10**22)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1e3", "1000"), ("1.5E-7", "0.00000015"), ("-0.0", "0"), ("0e50", "0"), ("9e29", "9" + "0" * 29)],
)
def test_a_literal_with_an_exponent_is_taken_in_its_plain_form(text: str, expected: str) -> None:
    value = literal(text)

    assert not isinstance(value, Unreadable)
    assert plain(value) == expected
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    assert exponent <= 0


@pytest.mark.parametrize(
    "text", ["1e30", "1e-31", "nan", "inf", "1e999999999999999999999999", "1" * 10_000, "1e-999999999"]
)
def test_a_literal_outside_the_bounds_is_kept_to_be_shown(text: str) -> None:
    assert literal(text) == Unreadable(text)
    assert isinstance(literal(text), Unreadable)
    assert decimal_of(literal(text)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-02-01T00:00:00Z", 1_706_745_600_000_000_000),
        ("2024-02-01T00:00:00.000000001Z", 1_706_745_600_000_000_001),
        ("2024-02-01 00:00:00.5+00:00", 1_706_745_600_500_000_000),
        ("2024-02-01T05:30:00+05:30", 1_706_745_600_000_000_000),
        ("2024-01-31t16:00:00-0800", 1_706_745_600_000_000_000),
        ("2024-02-29T23:59:59z", 1_709_251_199_000_000_000),
    ],
)
def test_instants_are_read_to_the_nanosecond(text: str, expected: int) -> None:
    assert instant_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "2024-02-01", "2024-02-01T00:00:00", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-02-01T24:00:00Z",
        "2024-02-01T00:00:60Z", "2024-02-01T00:60:00Z", "1969-12-31T23:59:59Z", "2261-01-01T00:00:00Z",
        "2024-02-01T00:00Z", "2024-02-01T00:00:00.1234567890Z", "2024-W05-4T00:00:00Z", "2024-02-01T00:00:00Z\n",
        "1970-01-01T00:00:00+00:01", "\u0662024-02-01T00:00:00Z", "2024-02-01T00:00:00+24:00",
        "20240201T00:00:00.00Z", "2024-02-01T00+00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_none(text: str) -> None:
    assert instant_of(text) is None


@given(st.datetimes(min_value=dt.datetime(1970, 1, 2), max_value=dt.datetime(2260, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_text_and_date_time_of_one_instant_agree(moment: dt.datetime) -> None:
    utc = moment.astimezone(dt.UTC)

    assert instant_of(utc.isoformat()) == instant_of_datetime(moment)
    assert instant_of(utc.strftime("%Y-%m-%dT%H:%M:%SZ")) == instant_of_datetime(utc.replace(microsecond=0))
