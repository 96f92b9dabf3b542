"""Each type of order takes exactly the keys that it needs; what is missing, too much or contradictory is one line."""

from decimal import Decimal

import pytest

from config.instruction_rules import Markets, instruction_of
from config.order_terms import TERM_KEYS
from config.problems import ConfigError
from messages.instructions import TradeInstruction
from messages.units import LIMITED, TRIGGERED, InstrumentId, OrderType
from tests.config.samples import MARKETS, fields

KNOWN = Markets(venues=("bybit", "binance"), known=[InstrumentId(each) for each in MARKETS])
SPOT = {"trade_type": "SPOT", "pair": "ETH/USDT", "side": "BUY"}
NEEDS = {
    "MARKET": {},
    "LIMIT": {"price": "2000.5"},
    "STOP_MARKET": {"trigger_price": "1900"},
    "STOP_LIMIT": {"price": "1899", "trigger_price": "1900"},
    "TAKE_PROFIT_MARKET": {"trigger_price": "2100"},
    "TAKE_PROFIT_LIMIT": {"price": "2101", "trigger_price": "2100"},
    "TRAILING_STOP": {"trail_bps": "150"},
}
NUMBERS = {"price": "1", "trigger_price": "1", "trail_bps": "1"}


def taken(**changes: object) -> TradeInstruction:
    return instruction_of(fields(**changes), KNOWN)


def refused(**changes: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        taken(**changes)
    return caught.value.lines


def test_the_needs_of_every_type_are_told_here() -> None:
    assert set(NEEDS) == set(OrderType)
    assert {name for name, keys in NEEDS.items() if "price" in keys} == LIMITED
    assert {name for name, keys in NEEDS.items() if keys and name != "LIMIT"} == TRIGGERED


@pytest.mark.parametrize("order_type", NEEDS)
@pytest.mark.parametrize("changes", [{}, SPOT], ids=["perp", "spot"])
def test_every_type_with_what_it_needs_is_taken_exactly(order_type: str, changes: dict[str, object]) -> None:
    found = taken(order_type=order_type, **NEEDS[order_type], **changes)

    assert found.order_type == order_type
    for key in NUMBERS:
        said = NEEDS[order_type].get(key)
        assert getattr(found, key) == (None if said is None else Decimal(said))
    assert (found.trigger_by, found.time_in_force, found.post_only) == ("LAST", "GTC", False)


@pytest.mark.parametrize("order_type", NEEDS)
@pytest.mark.parametrize("key", NUMBERS)
def test_every_number_is_asked_for_where_it_is_needed_and_refused_where_it_is_not(order_type: str, key: str) -> None:
    if key in NEEDS[order_type]:
        (line,) = refused(order_type=order_type, **{**NEEDS[order_type], key: None})
        assert line.startswith(f"instruction: {key}: missing, expected it on {order_type}: a decimal above 0 such as ")
    else:
        (line,) = refused(order_type=order_type, **{**NEEDS[order_type], key: NUMBERS[key]})
        assert line.startswith(f"instruction: {key}: on {order_type}, expected it on ")


def test_a_plain_instruction_is_a_market_order() -> None:
    assert taken() == taken(order_type="MARKET", time_in_force="GTC", trigger_by="LAST", post_only=False)
    assert taken().order_type == "MARKET"


@pytest.mark.parametrize("order_type", NEEDS)
def test_a_default_that_is_written_out_is_harmless_on_every_type(order_type: str) -> None:
    whole = {"order_type": order_type, **NEEDS[order_type]}

    assert taken(**whole, time_in_force="GTC", trigger_by="LAST", post_only=False) == taken(**whole)


@pytest.mark.parametrize("order_type", NEEDS)
@pytest.mark.parametrize(("key", "value"), [("time_in_force", "IOC"), ("time_in_force", "FOK"), ("post_only", True)])
def test_how_long_it_waits_and_post_only_are_said_of_limit_orders_only(
    order_type: str, key: str, value: object
) -> None:
    whole = {"order_type": order_type, **NEEDS[order_type], key: value}

    if order_type == "LIMIT":
        assert getattr(taken(**whole), key) == value
    else:
        (line,) = refused(**whole)
        assert line.startswith(f"instruction: {key}: ")
        assert line.endswith(f" on {order_type}, expected it on LIMIT only")


@pytest.mark.parametrize("order_type", NEEDS)
def test_the_mark_triggers_perps_that_have_a_trigger(order_type: str) -> None:
    whole = {"order_type": order_type, **NEEDS[order_type], "trigger_by": "MARK"}

    if order_type in TRIGGERED:
        assert taken(**whole).trigger_by == "MARK"
        (line,) = refused(**whole, **SPOT)
        assert line.startswith("instruction: trigger_by: MARK on SPOT, expected it on PERP only")
    else:
        (line,) = refused(**whole)
        assert line.startswith(f"instruction: trigger_by: MARK on {order_type}, expected it on an order with a trigger")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"order_type": "limit"}, 'order_type: unknown: "limit", expected MARKET or LIMIT or STOP_MARKET'),
        ({"order_type": 1}, "order_type: unknown: 1, expected MARKET"),
        ({"order_type": ["LIMIT"]}, "order_type: unknown: an array"),
        ({"order_type": "LIMIT", "price": "0"}, 'price: not above 0: "0", expected a decimal above 0'),
        ({"order_type": "LIMIT", "price": "-1"}, 'price: not above 0: "-1"'),
        ({"order_type": "LIMIT", "price": "1e3"}, 'price: not a number: "1e3"'),
        ({"order_type": "LIMIT", "price": True}, "price: not a number: true"),
        ({"order_type": "LIMIT", "price": float("nan")}, "price: not a number: nan"),
        ({"order_type": "STOP_MARKET", "trigger_price": "x"}, 'trigger_price: not a number: "x"'),
        ({"order_type": "STOP_MARKET", "trigger_price": 0}, "trigger_price: not above 0: 0"),
        ({"order_type": "TRAILING_STOP", "trail_bps": "0"}, 'trail_bps: not above 0: "0"'),
        ({"order_type": "TRAILING_STOP", "trail_bps": "10000"}, 'trail_bps: too large: "10000", expected a decim'),
        ({"order_type": "LIMIT", "price": "1", "time_in_force": "GTX"}, 'time_in_force: unknown: "GTX", expected'),
        ({"order_type": "LIMIT", "price": "1", "post_only": "true"}, 'post_only: not true or false: "true"'),
        ({"order_type": "STOP_MARKET", "trigger_price": 1, "trigger_by": "INDEX"}, 'trigger_by: unknown: "INDEX"'),
        ({"order_type": "LIMIT", "price": "1", "post_only": True, "time_in_force": "IOC"},
         "post_only: true with IOC, expected one of the two"),
        ({"order_type": "LIMIT", "price": "1", "post_only": True, "time_in_force": "FOK"},
         "post_only: true with FOK, expected one of the two"),
        ({"order_typ": "LIMIT"}, 'order_typ: unknown key, did you mean "order_type"?'),
        ({"triger_price": "1"}, 'triger_price: unknown key, did you mean "trigger_price"?'),
        ({"order_type": "STOP_MARKET", "trigger_price": "1", "reduce_only": True, **SPOT},
         "reduce_only: true on SPOT, expected it on PERP only"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_is_one_line_by_its_key(changes: dict[str, object], expected: str) -> None:
    (line,) = refused(**changes)

    assert line.startswith(f"instruction: {expected}")
    assert line.isprintable()


def test_all_mistakes_are_said_at_once() -> None:
    lines = refused(order_type="LIMIT", price="x", trigger_by="y", time_in_force="z", post_only=0, amount="-1")

    assert [line.split(": ")[1] for line in lines] == ["amount", "trigger_by", "time_in_force", "post_only", "price"]


def test_every_key_of_the_terms_is_a_field_of_the_instruction() -> None:
    assert set(TERM_KEYS) <= set(TradeInstruction.__struct_fields__)
