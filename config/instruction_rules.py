"""Which instructions make sense: the rules for one of them, whether it came as a line of a script or as a plain dict.

The keys of a trade are the specification's: ``venue_type, venue, trade_type, pair, side, amount``, beside them ``id``,
``at``, ``reduce_only`` and the terms of the order (config/order_terms.py). The other kinds are ``{"cancel": "ID"}``,
``{"cancel_all": "bybit"}`` and ``{"amend": "ID", "price": …, "amount": …}``, each with ``at`` in a script. What depends
on state (lot, balance, price, whether an order is open) is the gate's business.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from config.instants import EXPECTED, instant_of
from config.order_terms import TERM_KEYS, Fault, choice, positive, terms_of, true_or_false
from config.problems import ConfigError, Problem, escaped, key_path, nearest, shown, unknown_key
from config.symbols import PERP_FORM, SPOT_FORM, symbol_of
from messages.instructions import (
    AmendInstruction,
    CancelAllInstruction,
    CancelInstruction,
    Instruction,
    TradeInstruction,
)
from messages.instruments import instrument_id
from messages.units import BaseAmount, InstructionId, InstrumentId, Nanoseconds, Price, Side, TradeType, VenueName

KEYS = ("id", "at", "venue_type", "venue", "trade_type", "pair", "side", "amount", "reduce_only", *TERM_KEYS)
"""Every key that a trade may have."""
OTHER_KINDS: Mapping[str, tuple[str, ...]] = {
    "cancel": ("at", "cancel"),
    "cancel_all": ("at", "cancel_all"),
    "amend": ("at", "amend", "price", "amount"),
}
"""The kinds of instructions that are no trades, by the key that makes them so: every key that they may have."""
LONGEST_ID = 128
SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL, "LONG": Side.BUY, "SHORT": Side.SELL}
TRADE_TYPES: Mapping[str, TradeType] = {"SPOT": TradeType.SPOT, "PERP": TradeType.PERP}
# Control characters, surrogates, line separators, and what reorders or hides text. A list rather than str.isprintable,
# which knows other characters in each version of Python.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


class Checked(NamedTuple):
    """An instruction that makes sense. `at` is None where it has none."""

    instruction: Instruction
    at: Nanoseconds | None


class Markets:
    """What an instruction may be about: configured venues, and what may be traded there.

    Attributes:
        having: What is said of a venue that has no pair of a kind: what such a pair would have, or where it would be.
    """

    def __init__(
        self, *, venues: Collection[str], known: Collection[InstrumentId], having: str = "with rules and data"
    ) -> None:
        self.having = having
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
    """Return the trade that a plain dict of the specification's shape stands for.

    Args:
        fields: Amounts may be text, int, float (taken as its shortest text) or Decimal. ``at`` may be absent; if it is
            there it must be an instant, and nothing else comes of it.
        markets: What may be traded.
        default_id: The id of an instruction without one; None if it must have one.
        label: What the lines of problems begin with.

    Raises:
        ConfigError: Everything that is wrong with it, such as that it is a cancel or an amend.
    """
    found = any_instruction_of(fields, markets, default_id=default_id, label=label)
    if not isinstance(found, TradeInstruction):
        key = next(key for key in OTHER_KINDS if key in fields)
        raise ConfigError([Problem(f"{label}: {key}", f"not a trade, expected the keys {', '.join(KEYS)}")])
    return found


def any_instruction_of(
    fields: Mapping[str, object], markets: Markets, *, default_id: str | None = None, label: str = "instruction"
) -> Instruction:
    """Return the trade, cancel, cancel-all or amend that a plain dict stands for; as `instruction_of` otherwise.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    checked, faults = check(fields, markets, default_id=default_id, window=None)
    if checked is None:
        raise ConfigError(Problem(f"{label}: {fault.key}", fault.what) for fault in faults)
    return checked.instruction


def is_trade(fields: Mapping[str, object]) -> bool:
    """Return whether fields are meant as a trade: no other kind's key is there."""
    return not any(key in fields for key in OTHER_KINDS)


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
        default_id: The id of a trade without one; None if it must have one.
        window: First and last allowed instant, and that there must be one; None if it may be absent.
    """
    faults: list[Fault] = []
    at = _at(fields, window, faults)
    trade = is_trade(fields)
    instruction = _trade(fields, markets, default_id, faults) if trade else _other(fields, markets, faults)
    return (None if faults or instruction is None else Checked(instruction, at)), faults


def _trade(
    fields: Mapping[str, object], markets: Markets, default_id: str | None, faults: list[Fault]
) -> TradeInstruction | None:
    every = (*KEYS, *OTHER_KINDS)
    faults += (Fault(key_path(key), unknown_key(str(key), every)) for key in fields if key not in KEYS)
    instruction_id = _id(fields, default_id, faults)
    choice(fields, "venue_type", ("cex",), faults)
    venue = _venue(fields, "venue", markets, faults)
    trade_type = choice(fields, "trade_type", TRADE_TYPES, faults)
    pair = _pair(fields, markets, venue, trade_type, faults)
    side = choice(fields, "side", SIDES, faults)
    amount = positive(fields, "amount", "1.5", faults)
    reduce_only = _reduce_only(fields, trade_type, faults)
    terms = terms_of(fields, trade_type, faults)
    if faults or amount is None or terms is None:
        return None
    return TradeInstruction(
        instruction_id=InstructionId(instruction_id),
        venue=VenueName(venue),
        trade_type=TRADE_TYPES[trade_type],
        instrument=instrument_id(venue, pair),
        side=SIDES[side],
        amount=BaseAmount(amount),
        reduce_only=reduce_only,
        order_type=terms.order_type,
        price=terms.price,
        trigger_price=terms.trigger_price,
        trigger_by=terms.trigger_by,
        trail_bps=terms.trail_bps,
        time_in_force=terms.time_in_force,
        post_only=terms.post_only,
    )


def _other(fields: Mapping[str, object], markets: Markets, faults: list[Fault]) -> Instruction | None:
    kind, *others = (key for key in OTHER_KINDS if key in fields)
    if others:
        faults += (Fault(key, f"beside {kind}, expected one of them in an instruction") for key in others)
        return None
    known = OTHER_KINDS[kind]
    for key in fields:
        if key in KEYS and key not in known:
            faults.append(Fault(key, f"beside {kind}, expected only {', '.join(known)} there"))
        elif key not in known:
            faults.append(Fault(key_path(key), unknown_key(str(key), known)))
    if kind == "cancel_all":
        return CancelAllInstruction(venue=VenueName(_venue(fields, kind, markets, faults)))
    target = fields[kind]
    if not isinstance(target, str) or not is_id(target):
        wanted = f"the id of an instruction, 1 to {LONGEST_ID} printable characters, not all of them blanks"
        faults.append(Fault(kind, f"not an id: {shown(target)}, expected {wanted}"))
        return None
    if kind == "cancel":
        return CancelInstruction(instruction_id=InstructionId(target))
    return _amend(InstructionId(target), fields, faults)


def _amend(target: InstructionId, fields: Mapping[str, object], faults: list[Fault]) -> AmendInstruction:
    price = positive(fields, "price", "2500.5", faults) if "price" in fields else None
    amount = positive(fields, "amount", "1.5", faults) if "amount" in fields else None
    if "price" not in fields and "amount" not in fields:
        faults.append(Fault("amend", "nothing to change, expected price or amount (the new total), or both"))
    return AmendInstruction(
        instruction_id=target,
        price=None if price is None else Price(price),
        amount=None if amount is None else BaseAmount(amount),
    )


def is_id(text: str) -> bool:
    """Return whether text may be the id of an instruction: 1 to 128 printable characters, not all of them blanks."""
    return 0 < len(text) <= LONGEST_ID and not text.isspace() and _UNPRINTABLE.search(text) is None


def _id(fields: Mapping[str, object], default_id: str | None, faults: list[Fault]) -> str:
    value = fields.get("id", default_id)
    if isinstance(value, str) and is_id(value):
        return value
    expected = f"expected 1 to {LONGEST_ID} printable characters, not all of them blanks"
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


def _venue(fields: Mapping[str, object], key: str, markets: Markets, faults: list[Fault]) -> str:
    value = fields.get(key)
    if isinstance(value, str) and value in markets.venues:
        return value
    wrong = f"not configured: {shown(value)}" if key in fields else "missing"
    faults.append(Fault(key, f"{wrong}, expected one of: {', '.join(markets.venues) or 'none is configured'}"))
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
        hint = nearest(value, pairs) if pairs else f"{venue} has no {trade_type} pair {markets.having}"
        faults.append(Fault("pair", f"unknown at {venue}: {shown(value)}, {hint}"))
    else:
        return value
    return ""


def _reduce_only(fields: Mapping[str, object], trade_type: str, faults: list[Fault]) -> bool:
    value = true_or_false(fields, "reduce_only", faults)
    if value and trade_type == "SPOT":
        faults.append(Fault("reduce_only", "true on SPOT, expected it on PERP only: there is no spot position"))
    return value


def spoken(fault: Fault, where: str) -> Problem:
    """Return a fault as a problem of a place, short enough for one line."""
    return Problem(f"{where}: {escaped(fault.key)}" if fault.key else where, fault.what)
