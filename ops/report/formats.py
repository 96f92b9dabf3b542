"""How values are written on the page. Where money is shortened, it is for reading only: tables keep every digit."""

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

from messages.units import SECOND_NS, plain

NONE = "\N{EN DASH}"
"""Where there is no figure."""
MINUS = "\N{MINUS SIGN}"

_CENT = Decimal("0.01")


def money(value: Decimal, *, signed: bool = False) -> str:
    """Return an amount with two decimals and thousands apart."""
    return _minus(f"{value.quantize(_CENT, ROUND_HALF_EVEN) + 0:{'+' if signed else ''},f}")


def exact(value: Decimal) -> str:
    """Return an amount with all its digits and thousands apart."""
    text = plain(value)
    whole, dot, fraction = text.removeprefix("-").partition(".")
    return f"{MINUS if text.startswith('-') else ''}{int(whole):,}{dot}{fraction}"


def percent(share: float | Decimal | None, *, signed: bool = False, digits: int = 2) -> str:
    """Return a fraction in percent."""
    return NONE if share is None else f"{number(float(share) * 100, signed=signed, digits=digits)} %"


def number(value: float | None, *, signed: bool = False, digits: int = 2) -> str:
    """Return a figure with some decimals and thousands apart."""
    if value is None:
        return NONE
    rounded = round(value, digits) + 0.0  # no -0.00
    return _minus(f"{rounded:{'+' if signed else ''},.{digits}f}")


def count(value: int) -> str:
    """Return a whole number with thousands apart."""
    return f"{value:,}"


def instant(at: int) -> str:
    """Return nanoseconds as ``2024-01-01 08:00`` UTC, with seconds and as much of the fraction as there is.

    Such texts sort as the instants do. What no calendar has is given as the number it is.
    """
    seconds, fraction = divmod(at, SECOND_NS)
    try:
        whole = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return str(at)
    tail = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{whole:%Y-%m-%d %H:%M:%S}{tail}" if whole.second or fraction else f"{whole:%Y-%m-%d %H:%M}"


def minute(at: int) -> str:
    """Return nanoseconds as ``2024-01-01 08:00`` UTC."""
    return instant(at)[:16]


def _minus(text: str) -> str:
    return text.replace("-", MINUS)
