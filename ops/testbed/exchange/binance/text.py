"""How Binance writes numbers: decimals as text, spot with eight digits, futures with those of the tick or lot."""

from decimal import Decimal

ZERO = Decimal(0)
_EIGHT = 8


def eight(value: Decimal | None) -> str:
    """Return a number with eight digits, or more where it has more: what was charged is shown exactly."""
    shown = ZERO if value is None else value
    exponent = shown.as_tuple().exponent
    return format(shown, f".{max(_EIGHT, -exponent if isinstance(exponent, int) else 0)}f")


def digits(step: Decimal) -> int:
    """Return how many digits after the point a step has."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def stepped(value: Decimal | None, step: Decimal) -> str:
    """Return a number with as many digits as a step has."""
    return format(ZERO if value is None else value, f".{digits(step)}f")


def plain_or_zero(value: Decimal | None) -> str:
    """Return a number as short as it can be."""
    text = format(ZERO if value is None else value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text
