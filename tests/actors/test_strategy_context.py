"""What a strategy may know, how it writes an instruction, and that no number is ever given twice."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.strategies.contract import StrategyContext, memory_of
from messages.instructions import TradeInstruction
from messages.units import Nanoseconds, Side, TradeType
from tests.actors.builders import HOUR, instrument, venue

D = Decimal
SPOT, PERP = instrument("ETH/USDT"), instrument()


def context(**params: object) -> StrategyContext:
    return StrategyContext(
        start=Nanoseconds(HOUR),
        end=Nanoseconds(9 * HOUR),
        params=params,
        venues=(venue(SPOT, PERP),),
    )


def test_a_trade_is_an_instruction_in_the_words_of_the_messages() -> None:
    wanted = context().trade("bybit", "ETHUSDT-PERP", "SHORT", "1.50", reduce_only=True)

    assert wanted == TradeInstruction(
        instruction_id=wanted.instruction_id,
        venue=PERP.venue,
        trade_type=TradeType.PERP,
        instrument=PERP.instrument_id,
        side=Side.SELL,
        amount=wanted.amount,
        reduce_only=True,
    )
    assert wanted.amount == D("1.5")


@pytest.mark.parametrize(
    ("word", "side"), [("BUY", Side.BUY), ("LONG", Side.BUY), ("SELL", Side.SELL), ("SHORT", Side.SELL)]
)
def test_sides_may_be_said_in_either_way(word: str, side: Side) -> None:
    assert context().trade("bybit", "ETH/USDT", word, 1).side is side


def test_instructions_are_numbered_from_s1_and_own_ids_take_no_number() -> None:
    own = context()

    ids = [
        own.trade("bybit", "ETH/USDT", "BUY", 1).instruction_id,
        own.trade("bybit", "ETH/USDT", "BUY", 1, instruction_id="mine").instruction_id,
        own.trade("bybit", "ETH/USDT", "BUY", 1).instruction_id,
    ]

    assert ids == ["S1", "mine", "S2"]


@pytest.mark.parametrize(
    ("seen", "following"),
    [
        (["S7"], "S8"),
        (["S7", "S3"], "S8"),
        (["mine", "", "S", "7", "Sx", "S-9", "S7.5", "s9", "S\u0667"], "S1"),
        (["S07"], "S8"),
    ],
    ids=["goes on", "the highest counts", "not of its own making", "with a nought"],
)
def test_numbering_goes_on_from_what_the_journal_has(seen: list[str], following: str) -> None:
    own = context()
    for each in seen:
        own.saw(each)

    assert own.trade("bybit", "ETH/USDT", "BUY", 1).instruction_id == following


@pytest.mark.parametrize("amount", ["0.1", D("0.1"), 7, "1e-30", "999999999999999999999999999999"])
def test_amounts_are_taken_exactly(amount: Any) -> None:  # noqa: ANN401 - three types
    assert context().trade("bybit", "ETH/USDT", "BUY", amount).amount == D(amount)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1e30", "1e-60000", D("-0.1")])
def test_amounts_that_are_none_are_refused_by_name(amount: Any) -> None:  # noqa: ANN401 - two types
    with pytest.raises(ValueError, match="expected a decimal from 1e-30 to under 1e30"):
        context().trade("bybit", "ETH/USDT", "BUY", amount)


def test_a_float_is_no_amount() -> None:
    with pytest.raises(TypeError, match=r"0\.1 is no decimal"):
        context().trade("bybit", "ETH/USDT", "BUY", 0.1)  # type: ignore[arg-type]  # what users do


def test_an_unknown_market_names_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"no instrument okx:ETH/USDT, expected one of bybit:ETH/USDT, bybit:ETHUSDT"):
        context().trade("okx", "ETH/USDT", "BUY", 1)


def test_an_unknown_side_names_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="no side 'buy', expected one of BUY, LONG, SELL, SHORT"):
        context().trade("bybit", "ETH/USDT", "buy", 1)


def test_a_refused_trade_takes_no_number() -> None:
    own = context()
    with pytest.raises(ValueError, match="no side"):
        own.trade("bybit", "ETH/USDT", "up", 1)

    assert own.trade("bybit", "ETH/USDT", "BUY", 1).instruction_id == "S1"


class Stateless:
    stateless = True


class Snapshot:
    def snapshot(self) -> None: ...
    def restore(self, state: None) -> None: ...


class Apply:
    def apply(self, event: object) -> None: ...


class Two(Apply):
    stateless = True


class NotStateless(Apply):
    stateless = False


class Half:
    def snapshot(self) -> None: ...


@pytest.mark.parametrize(
    ("kind", "memory"),
    [
        (Stateless, "stateless"),
        (Snapshot, "snapshot"),
        (Apply, "apply"),
        (NotStateless, "apply"),
        (Two, None),
        (Half, None),
        (object, None),
    ],
)
def test_a_strategy_says_in_exactly_one_way_how_it_gets_its_state_back(kind: type, memory: str | None) -> None:
    assert memory_of(kind()) == memory


@pytest.mark.parametrize("name", ["", "a\n", "x" * 129])
def test_an_id_has_1_to_128_printable_characters(name: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 128 printable characters"):
        context().trade("bybit", "ETH/USDT", "BUY", 1, instruction_id=name)


def test_an_instruction_of_the_users_own_making_is_looked_at_as_well() -> None:
    good = context().trade("bybit", "ETH/USDT", "BUY", 1)

    for wrong in ({"instrument": "bybit:DOGE/USDT"}, {"venue": "okx"}, {"amount": D("NaN")}, {"amount": 0.5}):
        with pytest.raises(ValueError, match=r"expected|no SPOT instrument"):
            context().check(msgspec.structs.replace(good, **wrong))


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"order_type": "LIMIT"}, "a LIMIT order needs price"),
        ({"price": "2000"}, "a MARKET order has no price"),
        ({"post_only": True}, "a MARKET order has neither post_only nor a time_in_force"),
        ({"time_in_force": "IOC"}, "a MARKET order has neither post_only nor a time_in_force"),
        ({"trigger_price": "2000"}, "a MARKET order has no trigger_price"),
        ({"trail_bps": "20"}, "a MARKET order has no trail_bps"),
        ({"trigger_by": "MARK"}, "trigger_by MARK is for stops"),
        ({"order_type": "STOP_LIMIT", "price": "2000"}, "a STOP_LIMIT order needs trigger_price"),
        ({"order_type": "STOP_MARKET", "trigger_price": "2000", "price": "1"}, "a STOP_MARKET order has no price"),
        ({"order_type": "TRAILING_STOP"}, "a TRAILING_STOP order needs trail_bps"),
        ({"order_type": "TRAILING_STOP", "trail_bps": "10000"}, "expected less than 10000"),
        ({"order_type": "LIMIT", "price": "1", "post_only": True, "time_in_force": "FOK"}, "exclude each other"),
        ({"order_type": "LIMIT", "price": "-1"}, "price -1, expected a decimal"),
        ({"order_type": "LIMIT", "price": "x"}, "price 'x' is no number"),
        ({"order_type": "limit", "price": "1"}, "no order_type 'limit', expected one of MARKET, LIMIT"),
    ],
)
def test_terms_that_do_not_belong_together_are_refused(terms: Any, words: str) -> None:  # noqa: ANN401 - any terms
    with pytest.raises(ValueError, match=words):
        context().trade("bybit", "ETHUSDT-PERP", "BUY", "1", **terms)


def test_a_float_is_no_price() -> None:
    with pytest.raises(TypeError, match=r"price 0\.1 is no decimal"):
        context().trade("bybit", "ETHUSDT-PERP", "BUY", "1", order_type="LIMIT", price=0.1)  # type: ignore[arg-type]


def test_what_is_made_by_hand_is_held_to_the_same_rules() -> None:
    made = msgspec.structs.replace(context().trade("bybit", "ETHUSDT-PERP", "BUY", "1"), post_only=True)

    with pytest.raises(ValueError, match="neither post_only"):
        context().check_any(made)
    with pytest.raises(ValueError, match="order_type 'LIMIT', expected"):
        context().check_any(msgspec.structs.replace(made, order_type="LIMIT"))


@pytest.mark.parametrize(
    ("change", "words"),
    [({}, "nothing to amend"), ({"price": "0"}, "price 0, expected"), ({"amount": "NaN"}, "amount NaN, expected")],
)
def test_an_amendment_needs_a_number_that_can_be(change: Any, words: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=words):
        context().amend("a1", **change)


def test_all_orders_of_an_unknown_venue_can_not_be_cancelled() -> None:
    with pytest.raises(ValueError, match="no venue 'okx', expected one of bybit"):
        context().cancel_all("okx")
