"""An instruction is either taken exactly as it is written, or refused with every reason by its key."""

from decimal import Decimal

import pytest

from config.instruction_rules import Markets, any_instruction_of, instruction_of
from config.problems import ConfigError
from messages.instructions import AmendInstruction, CancelAllInstruction, CancelInstruction, TradeInstruction
from messages.instruments import instrument_id
from messages.units import BaseAmount, InstructionId, InstrumentId, Price, Side, TradeType, VenueName
from tests.config.samples import MARKETS, fields

KNOWN = Markets(venues=("bybit", "binance", "okx"), known=[InstrumentId(each) for each in MARKETS])


def refused(**changes: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        instruction_of(fields(**changes), KNOWN)
    return caught.value.lines


def test_a_dict_of_the_specifications_shape_becomes_an_instruction() -> None:
    spoken = {
        "venue_type": "cex",
        "venue": "bybit",
        "trade_type": "SPOT",
        "pair": "ETH/USDT",
        "side": "BUY",
        "amount": 1.0,
    }

    found = instruction_of(spoken, KNOWN, default_id="i1")

    assert found == TradeInstruction(
        instruction_id=InstructionId("i1"),
        venue=VenueName("bybit"),
        trade_type=TradeType.SPOT,
        instrument=instrument_id("bybit", "ETH/USDT"),
        side=Side.BUY,
        amount=BaseAmount(Decimal(1)),
    )


@pytest.mark.parametrize(("side", "expected"), [("BUY", "BUY"), ("LONG", "BUY"), ("SELL", "SELL"), ("SHORT", "SELL")])
def test_long_buys_and_short_sells(side: str, expected: str) -> None:
    assert instruction_of(fields(side=side), KNOWN).side == Side(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": None}, "id: missing, expected 1 to 128 printable characters"),
        ({"id": ""}, 'id: not an id: ""'),
        ({"id": "x" * 129}, "id: not an id: "),
        ({"id": "a\nb"}, "id: not an id: "),
        ({"id": "a\u202eb"}, "id: not an id: "),
        ({"id": "\ud800"}, "id: not an id: "),
        ({"id": 5}, "id: not an id: 5"),
        ({"at": "yesterday"}, 'at: not an instant: "yesterday"'),
        ({"venue_type": "onchain"}, 'venue_type: unknown: "onchain", expected cex'),
        ({"venue": "kraken"}, 'venue: not configured: "kraken", expected one of: binance, bybit, okx'),
        ({"venue": None}, "venue: missing, expected one of"),
        ({"venue": ["bybit"]}, "venue: not configured: an array"),
        ({"trade_type": "perp"}, 'trade_type: unknown: "perp", expected SPOT or PERP'),
        ({"pair": "ETH/USDT"}, 'pair: not a PERP pair: "ETH/USDT", expected BASEUSDT-PERP'),
        ({"trade_type": "SPOT"}, 'pair: not a SPOT pair: "ETHUSDT-PERP", expected BASE/USDT'),
        ({"pair": "EHTUSDT-PERP"}, 'pair: unknown at bybit: "EHTUSDT-PERP", did you mean "ETHUSDT-PERP"?'),
        ({"venue": "okx"}, 'pair: unknown at okx: "ETHUSDT-PERP", okx has no PERP pair with rules and data'),
        ({"pair": "ETHUSDT"}, 'pair: not a pair: "ETHUSDT"'),
        ({"pair": 7}, "pair: not a pair: 7"),
        ({"side": "buy"}, 'side: unknown: "buy", expected BUY or SELL or LONG or SHORT'),
        ({"amount": "0"}, 'amount: not above 0: "0", expected a decimal above 0'),
        ({"amount": "-0.00"}, "amount: not above 0"),
        ({"amount": "-1"}, 'amount: not above 0: "-1"'),
        ({"amount": "NaN"}, 'amount: not a number: "NaN"'),
        ({"amount": float("inf")}, "amount: not a number: inf"),
        ({"amount": True}, "amount: not a number: true"),
        ({"amount": "1e3"}, "amount: not a number"),
        ({"amount": None}, "amount: missing"),
        ({"reduce_only": "true"}, "reduce_only: not true or false"),
        (
            {"reduce_only": True, "trade_type": "SPOT", "pair": "ETH/USDT"},
            "reduce_only: true on SPOT, expected it on PERP only",
        ),
        ({"reduceonly": True}, 'reduceonly: unknown key, did you mean "reduce_only"?'),
        ({"cancell": "a1"}, 'cancell: unknown key, did you mean "cancel"?'),
        ({"api_key": "hunter2"}, "api_key: unknown key, expected one of: id, at"),
    ],
)
def test_each_kind_of_mistake_is_one_line_by_its_key(changes: dict[str, object], expected: str) -> None:
    lines = refused(**changes)

    assert len(lines) == 1
    assert lines[0].startswith(f"instruction: {expected}")
    assert lines[0].isprintable()
    assert "hunter2" not in lines[0]


def test_all_mistakes_of_an_instruction_are_said_at_once() -> None:
    assert (
        len(refused(id="", at="x", venue_type=1, venue=2, trade_type=3, pair=4, side=5, amount=6j, reduce_only=7, x=8))
        == 10
    )


def test_a_dict_may_be_a_cancel_or_an_amend_where_that_is_asked_for() -> None:
    own = InstructionId("a1")

    assert any_instruction_of({"cancel": "a1"}, KNOWN) == CancelInstruction(instruction_id=own)
    assert any_instruction_of({"cancel_all": "okx"}, KNOWN) == CancelAllInstruction(venue=VenueName("okx"))
    assert any_instruction_of({"amend": "a1", "price": 2000.5}, KNOWN) == AmendInstruction(
        instruction_id=own, price=Price(Decimal("2000.5"))
    )
    assert any_instruction_of(fields(), KNOWN) == instruction_of(fields(), KNOWN)
    with pytest.raises(ConfigError, match=r"^instruction: cancel: not a trade, expected the keys id, at, venue_type"):
        instruction_of({"cancel": "a1"}, KNOWN)


def test_reduce_only_false_is_harmless_on_spot() -> None:
    assert not instruction_of(fields(trade_type="SPOT", pair="ETH/USDT", reduce_only=False), KNOWN).reduce_only
