"""The terms of an order beside what it trades: type, prices, trigger and how long it waits. Which of them go together.

What each type needs: LIMIT a price; STOP_LIMIT and TAKE_PROFIT_LIMIT a price and a trigger_price; STOP_MARKET and
TAKE_PROFIT_MARKET a trigger_price; TRAILING_STOP trail_bps; MARKET none. What a type doesn't need it must not have. A
default that is written out (LAST, GTC, false) is harmless anywhere.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from config.decimals import decimal_of
from config.problems import shown
from messages.units import (
    BPS,
    GTC,
    LAST,
    LIMIT,
    LIMITED,
    MARK,
    MARKET,
    TRAILING_STOP,
    TRIGGERED,
    OrderType,
    Price,
    Rate,
    TimeInForce,
    TriggerBy,
)

TERM_KEYS = ("order_type", "price", "trigger_price", "trigger_by", "trail_bps", "time_in_force", "post_only")
"""Every key that says how an order is executed."""
ORDER_TYPES: Mapping[str, OrderType] = {each.value: each for each in OrderType}
TRIGGERS: Mapping[str, TriggerBy] = {each.value: each for each in TriggerBy}
TIMES: Mapping[str, TimeInForce] = {each.value: each for each in TimeInForce}
_TYPES_WITH: Mapping[str, frozenset[OrderType]] = {
    "price": LIMITED,
    "trigger_price": TRIGGERED - {TRAILING_STOP},
    "trail_bps": frozenset({TRAILING_STOP}),
}
_ON_TYPES: Mapping[str, str] = {
    key: " or ".join(each.value for each in OrderType if each in types) for key, types in _TYPES_WITH.items()
}


class Fault(NamedTuple):
    """One thing that is wrong with an instruction: the key, and what was wrong and expected."""

    key: str
    what: str


class Terms(NamedTuple):
    """How an order is executed; see `TradeInstruction`."""

    order_type: OrderType = MARKET
    price: Price | None = None
    trigger_price: Price | None = None
    trigger_by: TriggerBy = LAST
    trail_bps: Rate | None = None
    time_in_force: TimeInForce = GTC
    post_only: bool = False


AT_MARKET = Terms()
"""Of a market order, which is what an instruction is without any of the keys."""


def terms_of(fields: Mapping[str, object], trade_type: str, faults: list[Fault]) -> Terms | None:
    """Return the terms of an instruction, adding to `faults` all that is wrong with them; None if they make none.

    Args:
        fields: The whole instruction.
        trade_type: SPOT, PERP, or anything else if that is not known.
        faults: Added to.
    """
    if not any(key in fields for key in TERM_KEYS):
        return AT_MARKET
    before = len(faults)
    written = choice(fields, "order_type", ORDER_TYPES, faults) if "order_type" in fields else MARKET.value
    trigger_by = choice(fields, "trigger_by", TRIGGERS, faults) if "trigger_by" in fields else LAST.value
    time = choice(fields, "time_in_force", TIMES, faults) if "time_in_force" in fields else GTC.value
    post_only = true_or_false(fields, "post_only", faults)
    numbers = {key: _number(fields, key, ORDER_TYPES.get(written), faults) for key in _TYPES_WITH}
    if len(faults) > before:
        return None
    terms = Terms(
        ORDER_TYPES[written],
        None if (price := numbers["price"]) is None else Price(price),
        None if (trigger := numbers["trigger_price"]) is None else Price(trigger),
        TRIGGERS[trigger_by],
        None if (trail := numbers["trail_bps"]) is None else Rate(trail),
        TIMES[time],
        post_only,
    )
    faults += _together(terms, trade_type)
    return None if len(faults) > before else terms


def _together(terms: Terms, trade_type: str) -> list[Fault]:
    """Return what is wrong between keys that are right by themselves."""
    faults = []
    order_type, time = terms.order_type, terms.time_in_force
    if terms.trigger_by is MARK:
        if order_type not in TRIGGERED:
            faults.append(Fault("trigger_by", f"MARK on {order_type}, expected it on an order with a trigger only"))
        elif trade_type == "SPOT":
            faults.append(Fault("trigger_by", "MARK on SPOT, expected it on PERP only: spot has no mark price"))
    if time is not GTC and order_type is not LIMIT:
        faults.append(Fault("time_in_force", f"{time} on {order_type}, expected it on LIMIT only"))
    if terms.post_only and order_type is not LIMIT:
        faults.append(Fault("post_only", f"true on {order_type}, expected it on LIMIT only"))
    elif terms.post_only and time is not GTC:
        faults.append(Fault("post_only", f"true with {time}, expected one of the two: {time} must take, this must not"))
    return faults


def _number(
    fields: Mapping[str, object], key: str, order_type: OrderType | None, faults: list[Fault]
) -> Decimal | None:
    """Return a number that the order type needs; of a type that isn't known only the number is looked at."""
    needed = order_type in _TYPES_WITH[key]
    if key not in fields:
        if needed:
            faults.append(Fault(key, f"missing, expected it on {order_type}: {_wanted(key)}"))
        return None
    if order_type is not None and not needed:
        faults.append(Fault(key, f"on {order_type}, expected it on {_ON_TYPES[key]} only"))
        return None
    number = positive(fields, key, _EXAMPLES[key], faults)
    if key == "trail_bps" and number is not None and number >= BPS:
        faults.append(Fault(key, f"too large: {shown(fields[key])}, expected {_wanted(key)} and below 10000"))
        return None
    return number


_EXAMPLES: Mapping[str, str] = {"price": "2500.5", "trigger_price": "2400", "trail_bps": "50"}


def _wanted(key: str) -> str:
    return f'a decimal above 0 such as "{_EXAMPLES[key]}"'


def choice(fields: Mapping[str, object], key: str, choices: Collection[str], faults: list[Fault]) -> str:
    """Return the word under a key, one of a few; empty, and a fault more, if it is none of them."""
    value = fields.get(key)
    if isinstance(value, str) and value in choices:
        return value
    wrong = f"unknown: {shown(value)}" if key in fields else "missing"
    faults.append(Fault(key, f"{wrong}, expected {' or '.join(choices)}"))
    return ""


def positive(fields: Mapping[str, object], key: str, example: str, faults: list[Fault]) -> Decimal | None:
    """Return the number under a key, which must be above zero; None, and a fault more, if it isn't."""
    value = fields.get(key)
    number = decimal_of(value)
    expected = f'expected a decimal above 0 such as "{example}", of at most 30 digits before and after the point'
    if number is None:
        wrong = f"not a number: {shown(value)}" if key in fields else "missing"
        faults.append(Fault(key, f"{wrong}, {expected}"))
        return None
    if number <= 0:
        faults.append(Fault(key, f"not above 0: {shown(value)}, {expected}"))
        return None
    return number


def true_or_false(fields: Mapping[str, object], key: str, faults: list[Fault]) -> bool:
    """Return the truth under a key, false if it is absent; false, and a fault more, if it is something else."""
    value = fields.get(key, False)
    if isinstance(value, bool):
        return value
    faults.append(Fault(key, f"not true or false: {shown(value)}, expected true or false"))
    return False
