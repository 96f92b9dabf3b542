"""Points in time as text and as TOML says them, to nanoseconds."""

import datetime as dt
import functools
import re

from messages.units import SECOND_NS, Nanoseconds

EXPECTED = "a date-time with a UTC offset such as 2024-01-02T00:00:00Z, from 1970 to 2260"
"""What a refusal of an instant says was expected."""

_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))"
)
_USUAL_LENGTH = len("2024-01-02T00:00:00Z")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
# Signed 64-bit nanoseconds end in 2262.
_LATEST = (dt.date(2261, 1, 1).toordinal() - _EPOCH_DAY) * 86_400 * SECOND_NS - 1


def instant_of(text: str) -> Nanoseconds | None:
    """Return the nanoseconds of an ISO 8601 date-time with ``Z`` or an offset; None if the text is none.

    Seconds are required, fractions may have up to nine digits, and a leap second (:60) is not known.
    """
    if len(text) == _USUAL_LENGTH:
        hour, rest = _hour(text[:13]), _in_hour(text[13:])
        if hour is not None and rest is not None:
            return Nanoseconds(hour + rest)
    return _any_instant(text)


def _any_instant(text: str) -> Nanoseconds | None:
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    date, hours, minutes, seconds, fraction, sign, offset_hours, offset_minutes = match.groups()
    midnight = _midnight(date)
    if midnight is None:
        return None
    total = midnight + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    if sign is not None:
        offset = int(offset_hours) * 3600 + int(offset_minutes) * 60
        total += offset if sign == "-" else -offset
    at = total * SECOND_NS
    if fraction is not None:
        at += int(fraction.ljust(9, "0"))
    return Nanoseconds(at) if 0 <= at <= _LATEST else None


def instant_of_datetime(value: dt.datetime) -> Nanoseconds | None:
    """Return the nanoseconds of a date-time with an offset; None if it has none or is outside of 1970 to 2260."""
    if value.tzinfo is None:
        return None
    at = (value - _EPOCH) // dt.timedelta(microseconds=1) * 1000
    return Nanoseconds(at) if 0 <= at <= _LATEST else None


# A script has many instants of few hours: two look-ups are several times faster than taking the text apart.
@functools.lru_cache(maxsize=4096)
def _hour(text: str) -> Nanoseconds | None:
    """Return the nanoseconds of ``YYYY-MM-DDTHH`` in UTC."""
    return _any_instant(f"{text}:00:00Z")


@functools.lru_cache(maxsize=4096)
def _in_hour(text: str) -> int | None:
    """Return the nanoseconds of ``:MM:SSZ`` within an hour."""
    return _any_instant(f"1970-01-01T00{text}")


@functools.lru_cache(maxsize=4096)
def _midnight(date: str) -> int | None:
    """Return the seconds from the epoch to the day's begin in UTC."""
    try:
        return (dt.date.fromisoformat(date).toordinal() - _EPOCH_DAY) * 86_400
    except ValueError:  # the 30th of February
        return None
