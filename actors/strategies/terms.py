"""Which terms of an order belong together, for instructions that a strategy makes in code. Pure.

(For scripts and plain dicts config/instruction_rules.py says the same in the words of a config file.)
"""

from decimal import Decimal
from typing import Any, TypedDict

from messages.instructions import AmendInstruction, TradeInstruction
from messages.instruments import Instrument
from messages.units import (
    BPS,
    GTC,
    LIMIT,
    LIMITED,
    MARK,
    SPOT,
    TRAILING_STOP,
    TRIGGERED,
    BaseAmount,
    InstructionId,
    OrderType,
    Price,
    Rate,
    TimeInForce,
    TriggerBy,
    Word,
)

LEAST, BOUND = Decimal("1e-30"), Decimal("1e30")
"""Numbers from outside have at most 30 digits before and after the point."""

Number = Decimal | str | int


class Terms(TypedDict, total=False):
    """How a trade is executed; without any, at once at the market.

    `order_type`: MARKET, LIMIT, STOP_MARKET, STOP_LIMIT, TAKE_PROFIT_MARKET, TAKE_PROFIT_LIMIT or TRAILING_STOP;
    `price` (quote, the worst acceptable) of the limit types; `trigger_price` of stops and take-profits and `trigger_by`
    (LAST or MARK); `trail_bps` of a trailing stop; `time_in_force` (GTC, IOC, FOK) and `post_only` of a LIMIT.
    """

    order_type: str
    price: Number
    trigger_price: Number
    trigger_by: str
    trail_bps: Number
    time_in_force: str
    post_only: bool


def number(name: str, value: object) -> Decimal:
    """Return a positive number.

    Raises:
        TypeError: A float, which is no decimal.
        ValueError: Not a number within bounds.
    """
    if isinstance(value, float | bool) or not isinstance(value, Decimal | str | int):
        raise TypeError(f"{name} {value!r} is no decimal, expected a Decimal or a text such as '0.5'")
    try:
        read = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"{name} {value!r} is no number, expected a decimal from 1e-30 to under 1e30") from None
    if not read.is_finite() or not LEAST <= read < BOUND:
        raise ValueError(f"{name} {value}, expected a decimal from 1e-30 to under 1e30")
    return read


def read(terms: Terms) -> dict[str, Any]:
    """Return terms as the fields of a `TradeInstruction`.

    Raises:
        TypeError, ValueError: Of a term by itself; what belongs together is `check_terms`'s business.
    """
    fields: dict[str, Any] = {}
    words = {"order_type": OrderType, "trigger_by": TriggerBy, "time_in_force": TimeInForce}
    makes = {"price": Price, "trigger_price": Price, "trail_bps": Rate}
    for name, value in terms.items():
        if name in words:
            known = {each.value: each for each in words[name]}
            if value not in known:
                raise ValueError(f"no {name} {value!r}, expected one of {', '.join(known)}")
            fields[name] = known[str(value)]
        elif name in makes:
            fields[name] = makes[name](number(name, value))
        elif name == "post_only" and isinstance(value, bool):
            fields[name] = value
        else:
            raise TypeError(f"no term {name}={value!r}, expected {', '.join(Terms.__annotations__)}")
    return fields


def check_terms(wanted: TradeInstruction, market: Instrument) -> None:
    """Look whether the terms of an instruction belong together.

    Raises:
        ValueError: They don't; the text says why.
    """
    _check_words(wanted)
    kind = wanted.order_type
    for name, value, needed in (
        ("price", wanted.price, kind in LIMITED),
        ("trigger_price", wanted.trigger_price, kind in TRIGGERED and kind is not TRAILING_STOP),
        ("trail_bps", wanted.trail_bps, kind is TRAILING_STOP),
    ):
        if needed and value is None:
            raise ValueError(f"a {kind} order needs {name}")
        if value is None:
            continue
        if not needed:
            raise ValueError(f"a {kind} order has no {name}")
        number(name, value)
    if wanted.trail_bps is not None and wanted.trail_bps >= BPS:
        raise ValueError(f"trail_bps {wanted.trail_bps}, expected less than {BPS}")
    if kind is not LIMIT and (wanted.post_only or wanted.time_in_force is not GTC):
        raise ValueError(f"a {kind} order has neither post_only nor a time_in_force of its own, only LIMIT has")
    if wanted.post_only and wanted.time_in_force is not GTC:
        raise ValueError(f"post_only and {wanted.time_in_force} exclude each other")
    if wanted.trigger_by is MARK and (kind not in TRIGGERED or market.trade_type is SPOT):
        raise ValueError("trigger_by MARK is for stops and take-profits of perps")


def _check_words(wanted: TradeInstruction) -> None:
    """Look whether the words are those of messages/units.py: Python does not hold a user's code to its annotations."""
    given: tuple[tuple[str, object, type[Word]], ...] = (
        ("order_type", wanted.order_type, OrderType),
        ("trigger_by", wanted.trigger_by, TriggerBy),
        ("time_in_force", wanted.time_in_force, TimeInForce),
    )
    for name, word, words in given:
        if not isinstance(word, words):
            known = ", ".join(each.value for each in words)
            raise ValueError(f"{name} {word!r}, expected one of {words.__name__}: {known}")  # noqa: TRY004 - as the others


def amend(instruction_id: object, price: Number | None, amount: Number | None) -> AmendInstruction:
    """Return an instruction to change an order.

    Raises:
        TypeError, ValueError: It can't be.
    """
    if not isinstance(instruction_id, str) or not instruction_id:
        raise ValueError(f"instruction_id {instruction_id!r}, expected that of an open order")
    if price is None and amount is None:
        raise ValueError("nothing to amend, expected a price or an amount")
    return AmendInstruction(
        instruction_id=InstructionId(instruction_id),
        price=None if price is None else Price(number("price", price)),
        amount=None if amount is None else BaseAmount(number("amount", amount)),
    )
