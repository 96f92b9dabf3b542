"""One line of a script as JSON: quickly where it is plain, slowly and with clear words where it is not.

The quick way (`read_plain`) takes only what it fully understands, and only trades; for everything else it says None and
the slow way (`read_any`) decides. Both must agree: a property test holds them to it.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, NoReturn

import msgspec

from config.decimals import literal
from config.instants import instant_of
from config.instruction_rules import LONGEST_ID, SIDES, TRADE_TYPES, Checked, Markets, check, is_id, is_trade
from config.order_terms import AT_MARKET, TERM_KEYS, Fault, Terms, terms_of
from messages.instructions import TradeInstruction
from messages.instruments import instrument_id
from messages.units import BaseAmount, InstructionId, Nanoseconds, VenueName

Window = tuple[Nanoseconds, Nanoseconds] | None
"""First and last allowed instant of a line; None where a line may have any instant, or none."""
AT_ONCE = Nanoseconds(0)
"""The instant of a line that has none."""

_KEY_AND_TEXT_QUOTES = 26
"""Quotes in a line that has `at` and the six required keys once, all but the amount with text."""
_AMOUNT = re.compile(rb'("?)(?=[0.]*[1-9])((?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,30})?)\1')


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    venue_type: Literal["cex"]
    venue: str
    trade_type: Literal["SPOT", "PERP"]
    pair: str
    side: Literal["BUY", "SELL", "LONG", "SHORT"]
    amount: msgspec.Raw
    at: str | msgspec.UnsetType = msgspec.UNSET
    id: str | None = None
    reduce_only: bool | msgspec.UnsetType = msgspec.UNSET
    order_type: str | msgspec.UnsetType = msgspec.UNSET
    price: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    trigger_price: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    trigger_by: str | msgspec.UnsetType = msgspec.UNSET
    trail_bps: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    time_in_force: str | msgspec.UnsetType = msgspec.UNSET
    post_only: bool | msgspec.UnsetType = msgspec.UNSET


class Plain(msgspec.Struct, frozen=True, gc=False):
    """A line that the quick way understood.

    Attributes:
        at: `AT_ONCE` if the line has none.
        given_id: None if the line has none.
        amount: Its digits.
        terms: How the order is executed.
    """

    at: Nanoseconds
    given_id: str | None
    amount: bytes
    line: _Line
    terms: Terms


_decode = msgspec.json.Decoder(_Line).decode


def read_plain(text: bytes, markets: Markets, window: Window) -> Plain | None:
    """Return what a line says if it is plain and makes sense; None if the slow way must look at it."""
    try:
        line = _decode(text)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, as is what is not UTF-8
        return None
    quotes = _KEY_AND_TEXT_QUOTES
    given = line.id
    if given is not None:
        quotes += 4
        usual = given.isascii() and given.isprintable() and given.strip() and len(given) <= LONGEST_ID
        if not usual and not is_id(given):
            return None
    amount = _AMOUNT.fullmatch(line.amount)
    at = instant_of(line.at) if line.at is not msgspec.UNSET else AT_ONCE if window is None else None
    if amount is None or at is None or (window is not None and not window[0] <= at <= window[1]):
        return None
    if line.at is msgspec.UNSET:
        quotes -= 4
    if amount[1]:
        quotes += 2
    if line.reduce_only is not msgspec.UNSET:
        quotes += 2
        if line.reduce_only and line.trade_type == "SPOT":
            return None
    # The last of two equal keys would win silently, but the quotes of the first give it away. More quotes than those of
    # a market order are those of its terms, or the line is not plain.
    surplus = text.count(b'"') - quotes
    terms = _terms(line, surplus) if surplus else AT_MARKET
    if terms is None or (line.venue, line.trade_type, line.pair) not in markets.keys:
        return None
    return Plain(at, given, amount[2], line, terms)


def _terms(line: _Line, surplus: int) -> Terms | None:
    """Return the terms of a line; None if they don't take just so many quotes, or the slow way must look at them."""
    fields: dict[str, object] = {}
    for key in TERM_KEYS:
        value = getattr(line, key)
        if value is msgspec.UNSET:
            continue
        surplus -= 2
        if isinstance(value, msgspec.Raw):
            number = _AMOUNT.fullmatch(value)
            if number is None:
                return None
            surplus -= 2 * len(number[1])
            fields[key] = Decimal(number[2].decode("ascii"))
        else:
            surplus -= 2 * isinstance(value, str)
            fields[key] = value
    return None if surplus else terms_of(fields, line.trade_type, [])


def instruction_from(plain: Plain, default_id: str) -> TradeInstruction:
    """Return the instruction of a plain line."""
    line, terms = plain.line, plain.terms
    own = InstructionId(plain.given_id if plain.given_id is not None else default_id)
    amount = BaseAmount(Decimal(plain.amount.decode("ascii")))
    if terms is AT_MARKET:
        return TradeInstruction(
            instruction_id=own,
            venue=VenueName(line.venue),
            trade_type=TRADE_TYPES[line.trade_type],
            instrument=instrument_id(line.venue, line.pair),
            side=SIDES[line.side],
            amount=amount,
            reduce_only=line.reduce_only is True,
        )
    return TradeInstruction(
        instruction_id=own,
        venue=VenueName(line.venue),
        trade_type=TRADE_TYPES[line.trade_type],
        instrument=instrument_id(line.venue, line.pair),
        side=SIDES[line.side],
        amount=amount,
        reduce_only=line.reduce_only is True,
        order_type=terms.order_type,
        price=terms.price,
        trigger_price=terms.trigger_price,
        trigger_by=terms.trigger_by,
        trail_bps=terms.trail_bps,
        time_in_force=terms.time_in_force,
        post_only=terms.post_only,
    )


def read_any(
    text: bytes, markets: Markets, window: Window, *, default_id: str
) -> tuple[Checked | None, list[Fault], str | None]:
    """Return what a line says, or all that is wrong with it, and the id of a trade where that much is readable.

    Faults without a key are about the whole line.
    """
    fields, repeated = _fields(text)
    if isinstance(fields, Fault):
        return None, [fields], None
    checked, faults = check(fields, markets, default_id=default_id, window=window)
    faults += (Fault(key, "stands twice in the line, expected once") for key in repeated)
    own = fields.get("id", default_id) if is_trade(fields) else None
    return None if faults else checked, faults, own if isinstance(own, str) and is_id(own) else None


class _NotANumberError(ValueError):
    """NaN or Infinity, which are no JSON."""


def _fields(text: bytes) -> tuple[Mapping[str, object] | Fault, list[str]]:
    repeated: list[str] = []
    expected = 'expected a JSON object such as {"id": "a1", ...}'

    def gather(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found and key not in repeated:
                repeated.append(key)
            found[key] = value
        return found

    try:
        decoded = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=gather,
            parse_float=literal,
            parse_int=literal,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as error:
        return Fault("", f"not UTF-8 at byte {error.start + 1}, expected JSON in UTF-8"), repeated
    except json.JSONDecodeError as error:
        return Fault(
            "", f"not JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}, {expected}"
        ), repeated
    except _NotANumberError as error:
        return Fault("", f"not JSON: {error} is no number, {expected}"), repeated
    except RecursionError:
        return Fault("", f"not an instruction: nested too deeply, {expected}"), repeated
    if not isinstance(decoded, dict):
        return Fault("", f"not an object, {expected}"), repeated
    return decoded, repeated


def _no_constant(name: str) -> NoReturn:
    raise _NotANumberError(name)
