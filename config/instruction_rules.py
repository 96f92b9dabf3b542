"""Which instructions make sense: the rules for one of them, whether it came as a line of a script or as a plain dict.

The keys are the specification's: ``venue_type, venue, trade_type, pair, side, amount``, beside them ``id``, ``at`` and
``reduce_only``. What depends on state (lot, balance, price) is the gate's business.
"""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from config.decimals import decimal_of
from config.instants import EXPECTED, instant_of
from config.problems import ConfigError, Problem, escaped, key_path, nearest, shown, unknown_key
from config.symbols import PERP_FORM, SPOT_FORM, symbol_of
from messages.instructions import TradeInstruction
from messages.instruments import instrument_id
from messages.units import BaseAmount, InstructionId, InstrumentId, Nanoseconds, Side, TradeType, VenueName

KEYS = ("id", "at", "venue_type", "venue", "trade_type", "pair", "side", "amount", "reduce_only")
"""Every key that an instruction may have."""
LONGEST_ID = 128
SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL, "LONG": Side.BUY, "SHORT": Side.SELL}
TRADE_TYPES: Mapping[str, TradeType] = {"SPOT": TradeType.SPOT, "PERP": TradeType.PERP}
# Control characters, surrogates, line separators, and what reorders or hides text. A list rather than str.isprintable,
# which knows other characters in each version of Python.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


class Fault(NamedTuple):
    """One thing that is wrong with an instruction: the key, and what was wrong and expected."""

    key: str
    what: str


class Checked(NamedTuple):
    """An instruction that makes sense. `at` is None where it has none."""

    instruction: TradeInstruction
    at: Nanoseconds | None


class Markets:
    """What an instruction may be about: configured venues, and the instruments there that have rules and data."""

    def __init__(self, *, venues: Collection[str], known: Collection[InstrumentId]) -> None:
        self.venues = tuple(sorted(venues))
        self._pairs: dict[tuple[str, str], tuple[str, ...]] = {}
        for instrument in sorted(set(known)):
            venue, _, pair = instrument.partition(":")
            meaning = symbol_of(pair)
            if meaning is not None and venue in self.venues:
                key = (venue, meaning.trade_type.value)
                self._pairs[key] = (*self._pairs.get(key, ()), pair)
        self.keys = frozenset((*key, pair) for key, pairs in self._pairs.items() for pair in pairs)
        """Venue, trade type and pair of everything that may be traded."""

    def pairs(self, venue: str, trade_type: str) -> tuple[str, ...]:
        """Return the pairs of a venue that may be traded, sorted."""
        return self._pairs.get((venue, trade_type), ())


def instruction_of(
    fields: Mapping[str, object], markets: Markets, *, default_id: str | None = None, label: str = "instruction"
) -> TradeInstruction:
    """Return the instruction that a plain dict of the specification's shape stands for.

    Args:
        fields: Amounts may be text, int, float (taken as its shortest text) or Decimal. ``at`` may be absent; if it is
            there it must be an instant, and nothing else comes of it.
        markets: What may be traded.
        default_id: The id of an instruction without one; None if it must have one.
        label: What the lines of problems begin with.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    checked, faults = check(fields, markets, default_id=default_id, window=None)
    if checked is None:
        raise ConfigError(Problem(f"{label}: {fault.key}", fault.what) for fault in faults)
    return checked.instruction


def check(
    fields: Mapping[str, object],
    markets: Markets,
    *,
    default_id: str | None,
    window: tuple[Nanoseconds, Nanoseconds] | None,
) -> tuple[Checked | None, list[Fault]]:
    """Return an instruction, or all that is wrong with it.

    Args:
        fields: As `instruction_of` takes them.
        markets: What may be traded.
        default_id: The id of an instruction without one; None if it must have one.
        window: First and last allowed instant, and that there must be one; None if it may be absent.
    """
    faults = [Fault(key_path(key), unknown_key(str(key), KEYS)) for key in fields if key not in KEYS]
    instruction_id = _id(fields, default_id, faults)
    at = _at(fields, window, faults)
    _choice(fields, "venue_type", ("cex",), faults)
    venue = _venue(fields, markets, faults)
    trade_type = _choice(fields, "trade_type", TRADE_TYPES, faults)
    pair = _pair(fields, markets, venue, trade_type, faults)
    side = _choice(fields, "side", SIDES, faults)
    amount = _amount(fields, faults)
    reduce_only = _reduce_only(fields, trade_type, faults)
    if faults:
        return None, faults
    instruction = TradeInstruction(
        instruction_id=InstructionId(instruction_id),
        venue=VenueName(venue),
        trade_type=TRADE_TYPES[trade_type],
        instrument=instrument_id(venue, pair),
        side=SIDES[side],
        amount=BaseAmount(amount),
        reduce_only=reduce_only,
    )
    return Checked(instruction, at), faults


def is_id(text: str) -> bool:
    """Return whether text may be the id of an instruction: 1 to 128 printable characters."""
    return 0 < len(text) <= LONGEST_ID and _UNPRINTABLE.search(text) is None


def _id(fields: Mapping[str, object], default_id: str | None, faults: list[Fault]) -> str:
    value = fields.get("id", default_id)
    if isinstance(value, str) and is_id(value):
        return value
    expected = f"expected 1 to {LONGEST_ID} printable characters"
    wrong = "missing" if "id" not in fields else f"not an id: {shown(value)}"
    faults.append(Fault("id", f"{wrong}, {expected}"))
    return ""


def _at(
    fields: Mapping[str, object], window: tuple[Nanoseconds, Nanoseconds] | None, faults: list[Fault]
) -> Nanoseconds | None:
    if "at" not in fields:
        if window is not None:
            faults.append(Fault("at", f"missing, expected {EXPECTED}"))
        return None
    value = fields["at"]
    at = instant_of(value) if isinstance(value, str) else None
    if at is None:
        faults.append(Fault("at", f"not an instant: {shown(value)}, expected {EXPECTED}"))
    elif window is not None and not window[0] <= at <= window[1]:
        faults.append(Fault("at", f"outside the run: {shown(value)}, expected an instant from start to end of [mode]"))
    return at


def _choice(fields: Mapping[str, object], key: str, choices: Collection[str], faults: list[Fault]) -> str:
    value = fields.get(key)
    if isinstance(value, str) and value in choices:
        return value
    wrong = f"unknown: {shown(value)}" if key in fields else "missing"
    faults.append(Fault(key, f"{wrong}, expected {' or '.join(choices)}"))
    return ""


def _venue(fields: Mapping[str, object], markets: Markets, faults: list[Fault]) -> str:
    value = fields.get("venue")
    if isinstance(value, str) and value in markets.venues:
        return value
    wrong = f"not configured: {shown(value)}" if "venue" in fields else "missing"
    faults.append(Fault("venue", f"{wrong}, expected one of: {', '.join(markets.venues) or 'none is configured'}"))
    return ""


def _pair(fields: Mapping[str, object], markets: Markets, venue: str, trade_type: str, faults: list[Fault]) -> str:
    value = fields.get("pair")
    form = {"SPOT": SPOT_FORM, "PERP": PERP_FORM}.get(trade_type, f"{SPOT_FORM} or {PERP_FORM}")
    meaning = symbol_of(value) if isinstance(value, str) else None
    if not isinstance(value, str) or meaning is None:
        wrong = f"not a pair: {shown(value)}" if "pair" in fields else "missing"
        faults.append(Fault("pair", f"{wrong}, expected {form}"))
    elif trade_type and meaning.trade_type != trade_type:
        faults.append(Fault("pair", f"not a {trade_type} pair: {shown(value)}, expected {form}"))
    elif venue and trade_type and (venue, trade_type, value) not in markets.keys:
        pairs = markets.pairs(venue, trade_type)
        hint = nearest(value, pairs) if pairs else f"{venue} has no {trade_type} pair with rules and data"
        faults.append(Fault("pair", f"unknown at {venue}: {shown(value)}, {hint}"))
    else:
        return value
    return ""


def _amount(fields: Mapping[str, object], faults: list[Fault]) -> Decimal:
    value = fields.get("amount")
    number = decimal_of(value)
    expected = 'expected a decimal above 0 such as "1.5", of at most 30 digits before and after the point'
    if number is None:
        wrong = f"not a number: {shown(value)}" if "amount" in fields else "missing"
        faults.append(Fault("amount", f"{wrong}, {expected}"))
    elif number <= 0:
        faults.append(Fault("amount", f"not above 0: {shown(value)}, {expected}"))
    return number or Decimal(0)


def _reduce_only(fields: Mapping[str, object], trade_type: str, faults: list[Fault]) -> bool:
    value = fields.get("reduce_only", False)
    if not isinstance(value, bool):
        faults.append(Fault("reduce_only", f"not true or false: {shown(value)}, expected true or false"))
        return False
    if value and trade_type == "SPOT":
        faults.append(Fault("reduce_only", "true on SPOT, expected it on PERP only: there is no spot position"))
    return value


def spoken(fault: Fault, where: str) -> Problem:
    """Return a fault as a problem of a place, short enough for one line."""
    return Problem(f"{where}: {escaped(fault.key)}" if fault.key else where, fault.what)
