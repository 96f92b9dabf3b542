"""What the strategy ``basis`` decides with: its params, the trailing funding, and what its perp takes of margin. Pure.

Money is in quote (USDT), amounts in base, shares in basis points.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from actors.margin import Held, account_margin
from messages.instruments import VenueModel, instrument_id
from messages.units import BPS, SECOND_NS, Nanoseconds, VenueName, plain

HOUR_NS = 3600 * SECOND_NS
HOURS_OF_YEAR = Decimal(365 * 24)
_ZERO, _ONE = Decimal(0), Decimal(1)
_MANY = Decimal("1e30")
_MANY_BPS = Decimal(1_000_000)
_LONGEST_H = 8_784
_EXECUTIONS = ("market", "limit")


class BasisParams(NamedTuple):
    """The params, read; their meanings and units stand in `Basis`."""

    venue: str
    spot_venue: str
    base: str
    notional: Decimal
    window_h: int
    enter_bps_per_year: Decimal
    leave_bps_per_year: Decimal
    drift_bps: Decimal
    margin_buffer_bps: Decimal
    execution: str
    limit_wait_h: int
    limit_offset_bps: Decimal


class _Wrong(Exception):  # noqa: N818 - not an error to be seen: it carries what was expected
    """A value is not what was expected."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _Wrong("a name")
    return value


def _execution(value: object) -> str:
    if value not in _EXECUTIONS:
        raise _Wrong(" or ".join(f'"{each}"' for each in _EXECUTIONS))
    return str(value)


def _hours(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LONGEST_H:
        raise _Wrong(f"an integer from 1 to {_LONGEST_H}")
    return value


def _decimal(fits: Callable[[Decimal], bool], expected: str) -> Callable[[object], Decimal]:
    def read(value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
            raise _Wrong(expected)
        try:
            number = Decimal(value)
        except ArithmeticError:
            raise _Wrong(expected) from None
        if not number.is_finite() or not fits(number):
            raise _Wrong(expected)
        return number

    return read


_any_bps = _decimal(lambda bps: abs(bps) <= _MANY_BPS, f"a decimal from -{_MANY_BPS} to {_MANY_BPS}")
_READERS: Mapping[str, Callable[[object], object]] = {
    "venue": _text,
    "spot_venue": _text,
    "base": _text,
    "notional": _decimal(lambda usdt: _ZERO < usdt < _MANY, "a decimal above 0"),
    "window_h": _hours,
    "enter_bps_per_year": _any_bps,
    "leave_bps_per_year": _any_bps,
    "drift_bps": _decimal(lambda bps: _ZERO < bps <= BPS, f"a decimal above 0 and at most {BPS}"),
    "margin_buffer_bps": _decimal(lambda bps: _ZERO <= bps <= _MANY_BPS, f"a decimal from 0 to {_MANY_BPS}"),
    "execution": _execution,
    "limit_wait_h": _hours,
    "limit_offset_bps": _decimal(lambda bps: _ZERO <= bps < BPS, f"a decimal of at least 0 and below {BPS}"),
}
DEFAULTS: Mapping[str, str | int] = {
    "base": "ETH",
    "window_h": 72,
    "enter_bps_per_year": "800",
    "leave_bps_per_year": "200",
    "drift_bps": "200",
    "margin_buffer_bps": "2000",
    "execution": "market",
    "limit_wait_h": 1,
    "limit_offset_bps": "2",
}
"""What a param is where it is not given; ``spot_venue`` is ``venue`` then."""


def read_params(params: Mapping[str, object], venues: Mapping[VenueName, VenueModel]) -> BasisParams:
    """Return the params of a config, with defaults filled in.

    Args:
        params: As they stand there; numbers as decimals, integers or text.
        venues: The configured ones, with their instruments.

    Raises:
        ValueError: Everything that is wrong with them, in one.
    """
    given = {**DEFAULTS, **params}
    if "venue" in given:
        given.setdefault("spot_venue", given["venue"])
    found: dict[str, object] = {}
    problems = []
    for key, read in _READERS.items():
        if key not in given:
            if key != "spot_venue":  # which says nothing that the missing venue does not
                problems.append(f"{key} is missing")
            continue
        try:
            found[key] = read(given[key])
        except _Wrong as wrong:
            problems.append(f"{key} is {given[key]!r}, expected {wrong}")
    problems += [f"no param {key!r}, expected {', '.join(_READERS)}" for key in given if key not in _READERS]
    problems += _between(found, venues)
    if problems:
        raise ValueError(f"basis: {'; '.join(problems)}")
    return BasisParams(**found)  # type: ignore[arg-type]  # each reader returns what its field is


def _between(found: Mapping[str, object], venues: Mapping[VenueName, VenueModel]) -> Iterator[str]:
    """Yield what is wrong with params that are right by themselves."""
    enter, leave = found.get("enter_bps_per_year"), found.get("leave_bps_per_year")
    if isinstance(enter, Decimal) and isinstance(leave, Decimal) and leave > enter:
        yield f"leave_bps_per_year is {plain(leave)}, expected at most enter_bps_per_year, which is {plain(enter)}"
    base = found.get("base")
    for key, form in (("spot_venue", "{}/USDT"), ("venue", "{}USDT-PERP")):
        if base is None or key not in found:
            continue
        name = str(found[key])
        wanted = instrument_id(name, form.format(base))
        known = venues.get(VenueName(name))
        if known is None or wanted not in {each.instrument_id for each in known.instruments}:
            yield f"{key}: {wanted} is needed, which has no prices or rules here"


class FundingWindow:
    """The funding rates of a perp over the hours before now, summed as they come and go.

    Args:
        hours: Length of the window; a payment belongs to it while it is younger than that.
    """

    def __init__(self, hours: int) -> None:
        self._length_ns = hours * HOUR_NS
        self._to_bps = BPS * HOURS_OF_YEAR
        self._hours = Decimal(hours)
        self._paid: deque[tuple[int, Decimal]] = deque()
        self._total = _ZERO
        self._text: str | None = ""

    def pay(self, at: Nanoseconds, rate: Decimal) -> None:
        """Take in a payment; times ascend."""
        self._paid.append((at, rate))
        self._total += rate
        self._text = None

    def move_to(self, at: Nanoseconds) -> None:
        """Let go of what is too old now."""
        paid = self._paid
        oldest = at - self._length_ns
        while paid and paid[0][0] <= oldest:
            self._total -= paid.popleft()[1]
            self._text = None

    def is_above(self, bps_per_year: Decimal) -> bool:
        """Return whether the sum of the rates / window * 365 days exceeds a rate a year."""
        return self._total * self._to_bps > bps_per_year * self._hours

    def is_below(self, bps_per_year: Decimal) -> bool:
        """Return whether the sum of the rates / window * 365 days is less than a rate a year."""
        return self._total * self._to_bps < bps_per_year * self._hours

    def text(self) -> str:
        """Return the payments as text, for a snapshot; written anew only where there is a new one."""
        if self._text is None:
            self._text = " ".join(f"{at}:{rate}" for at, rate in self._paid)
        return self._text

    def read(self, text: str) -> None:
        """Take over what `text` returned."""
        pairs = (each.partition(":") for each in text.split())
        self._paid = deque((int(at), Decimal(rate)) for at, _, rate in pairs)
        self._total = sum((rate for _, rate in self._paid), _ZERO)
        self._text = text


def spare_margin(balance: Decimal, perp: Held, leverage: Decimal, buffer: Decimal) -> Decimal:
    """Return the quote that is free in an account beyond the buffer; negative is what is missing.

    Args:
        balance: Quote of the account, without unrealised P&L.
        perp: Its position.
        leverage: Of it.
        buffer: Share of the position's notional that shall stay free, as a fraction.
    """
    equity, initial, _ = account_margin(balance, (perp,), leverage)
    return equity - initial - buffer * abs(perp.quantity) * perp.mark


def share_to_give_up(
    missing: Decimal, *, mark: Decimal, spot: Decimal, leverage: Decimal, buffer: Decimal, cost: Decimal
) -> Decimal | None:
    """Return how much of both legs (base) brings back what is missing; None where no amount does.

    Closing one unit frees its initial margin and its part of the buffer, and brings the spot price where spot and
    perp share an account; it costs fees and slippage.

    Args:
        missing: Quote, positive.
        mark: Of the perp.
        spot: What selling one unit adds to the perp's account: 0 where the spot leg is elsewhere.
        leverage: Of the perp.
        buffer: As a fraction of the notional.
        cost: Fees and slippage of the two trades, as a fraction of the notional.
    """
    freed = mark * (_ONE / leverage + buffer - cost) + spot
    return missing / freed if freed > 0 else None
