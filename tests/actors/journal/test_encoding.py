"""An entry is one line of JSON whose bytes never change, and comes back as it was, whatever venues put into it."""

import enum
import hashlib
import json
import types
import typing
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.journal.encoding import FREE_TEXT, LATER, TEXT_LIMIT, decode, encode, next_hash, plan
from actors.journal.errors import EntryUnreadableError
from messages.book import Attribution, EquityMarked, MarginMarked, Mark, NetDelta
from messages.instructions import Code, InstructionRefused
from messages.journal import ENTRY_TYPES, Entry
from messages.lifecycle import Halted, RunStarted
from messages.units import AccountName, Asset, InstructionId, InstrumentId, plain
from tests.actors.journal.builders import fill

S = typing.TypeVar("S", bound=msgspec.Struct)

GOLDEN_FILL = (
    b'{"seq":12,"at":1704067200000000000,"type":"OrderFilled","cause":11,"venue":"bybit",'
    b'"instrument":"bybit:ETHUSDT-PERP","side":"SELL","amount":"1.5","price":"2345.67","fee":"1.9351787",'
    b'"fee_asset":"USDT","liquidity":"TAKER","order_id":"o1","client_order_id":"x1","trade_id":"t1",'
    b'"instruction_id":"a1","reference_price":"2346"}'
)


def of(text: str) -> Any:  # noqa: ANN401 (an amount, of whatever)
    """Return a decimal for a field of any unit."""
    return Decimal(text)


def test_a_fill_is_this_line() -> None:
    assert encode(12, 1704067200000000000, 11, fill(reference_price=Decimal("2346.00"))) == GOLDEN_FILL


def test_enums_nones_and_missing_causes_are_these_lines() -> None:
    refused = InstructionRefused(instruction_id=InstructionId("a1"), code=Code.NO_PRICE, detail="no candle")
    started = RunStarted(mode="backtest", start=typing.cast("Any", 5), end=None)

    assert encode(2, 3, 1, refused) == (
        b'{"seq":2,"at":3,"type":"InstructionRefused","cause":1,"instruction_id":"a1","code":"NO_PRICE",'
        b'"detail":"no candle","price":null}'
    )
    assert encode(1, 3, None, started) == (
        b'{"seq":1,"at":3,"type":"RunStarted","cause":null,"mode":"backtest","start":5,"end":null}'
    )


def test_a_mark_with_its_attribution_margins_and_deltas_is_this_line() -> None:
    parts = Attribution(
        price=of("-0.0"),
        basis=of("1E+2"),
        funding=of("0.50"),
        fees=of("-1.20E-10"),
        slippage=of("0E-8"),
        liquidation=of("0"),
    )
    margin = MarginMarked(account=AccountName("okx"), equity=of("100.0"), initial=of("1E+1"), maintenance=of("4.8750"))
    delta = NetDelta(base=Asset("ETH"), net=of("-0.10"), notional=of("-234.50"))
    usdt = Asset("USDT")
    first = EquityMarked(currency=usdt, equity=of("100.0"), unrealised=of("0"))
    later = EquityMarked(
        currency=usdt,
        equity=of("1"),
        unrealised=of("0"),
        attribution=parts,
        margins=(margin,),
        deltas=(delta, delta),
        marks=(Mark(instrument=InstrumentId("okx:ETHUSDT-PERP"), price=of("2345.0")),),
    )

    assert encode(2, 3, 1, first) == (
        b'{"seq":2,"at":3,"type":"EquityMarked","cause":1,"currency":"USDT","equity":"100","unrealised":"0",'
        b'"attribution":null,"margins":[],"deltas":[],"marks":[]}'
    )
    assert encode(2, 3, 1, later) == (
        b'{"seq":2,"at":3,"type":"EquityMarked","cause":1,"currency":"USDT","equity":"1","unrealised":"0",'
        b'"attribution":{"price":"0","basis":"100","funding":"0.5","fees":"-0.00000000012","slippage":"0",'
        b'"liquidation":"0"},"margins":[{"account":"okx","equity":"100","initial":"10","maintenance":"4.875"}],'
        b'"deltas":[{"base":"ETH","net":"-0.1","notional":"-234.5"},{"base":"ETH","net":"-0.1","notional":"-234.5"}],'
        b'"marks":[{"instrument":"okx:ETHUSDT-PERP","price":"2345"}]}'
    )


def test_what_is_no_number_is_refused_inside_too() -> None:
    delta = NetDelta(base=Asset("ETH"), net=of("NaN"), notional=of("0"))
    mark = EquityMarked(currency=Asset("USDT"), equity=of("1"), unrealised=of("0"), deltas=(delta,))

    with pytest.raises(ValueError, match="not a finite number"):
        encode(1, 1, None, mark)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+2", "100"),
        ("1.0E+3", "1000"),
        ("0E-8", "0"),
        ("0E+3", "0"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("0.00", "0"),
        ("-5.0", "-5"),
        ("1E-18", "0.000000000000000001"),
        ("-1.20E-10", "-0.00000000012"),
        ("10.0100", "10.01"),
        ("1234567890123456789012345678901234567890.5", "1234567890123456789012345678901234567890.5"),
    ],
)
def test_decimals_are_plain(number: str, text: str) -> None:
    line = json.loads(encode(1, 1, None, fill(amount=Decimal(number))))

    assert line["amount"] == text == plain(Decimal(number))


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        encode(1, 1, None, fill(amount=Decimal(number)))


def test_control_characters_and_line_separators_are_escaped_and_other_text_is_kept() -> None:
    text = 'é€😀 " \\ \x00\x1b[31m\n\x7f\x9b\u2028'

    body = encode(1, 1, None, Halted(reason=text))

    assert b"\\u0000\\u001b[31m\\n\\u007f\\u009b\\u2028" in body
    assert "é€😀".encode() in body
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in body.decode())
    assert decode(body).entry == Halted(reason=text)


def test_a_lone_surrogate_is_replaced() -> None:
    body = encode(1, 1, None, Halted(reason="a\ud800b"))

    assert decode(body).entry == Halted(reason="a\ufffdb")


def test_text_of_venues_is_cut_and_ids_are_not() -> None:
    long = "ü" * (TEXT_LIMIT + 100)
    refused = InstructionRefused(instruction_id=InstructionId(long), code=Code.HALTED, detail=long)

    entry = decode(encode(1, 1, None, refused)).entry

    assert entry == msgspec.structs.replace(refused, detail=long[:TEXT_LIMIT])


def test_the_hash_is_sha256_of_the_previous_digest_and_the_body() -> None:
    assert next_hash(b"p" * 32, b"body") == hashlib.sha256(b"p" * 32 + b"body").digest()


def test_unknown_fields_are_ignored_and_new_ones_have_their_defaults() -> None:
    newer = b'{"seq":2,"at":3,"type":"Halted","cause":1,"reason":"r","by_whom":{"a":[1]}}'
    older = b'{"seq":2,"at":3,"type":"InstructionRefused","cause":1,"instruction_id":"a","code":"HALTED","detail":"d"}'

    assert decode(newer, b"h").entry == Halted(reason="r")
    assert decode(older).entry == InstructionRefused(
        instruction_id=InstructionId("a"), code=Code.HALTED, detail="d", price=None
    )


def test_an_unknown_type_is_named_with_its_seq() -> None:
    with pytest.raises(EntryUnreadableError, match="entry 17 is of type 'MoonReached'") as caught:
        decode(b'{"seq":17,"at":3,"type":"MoonReached","cause":null}')

    assert (caught.value.seq, caught.value.type_name) == (17, "MoonReached")


@pytest.mark.parametrize(
    ("body", "seq"),
    [
        (b"", None),
        (b"\xff\xfe", None),
        (b"[]", None),
        (b'{"seq":"1"}', None),
        (b'{"seq":4,"at":3,"type":"Halted","cause":null}', 4),
        (b'{"seq":4,"at":3,"type":"Halted","cause":null,"reason":5}', 4),
        (b'{"seq":4,"at":3,"type":"Halted","cause":null,"reason":"\xff"}', 4),
    ],
)
def test_what_is_no_entry_is_a_clear_error(body: bytes, seq: int | None) -> None:
    with pytest.raises(EntryUnreadableError) as caught:
        decode(body)

    assert caught.value.seq == seq


class Inner(msgspec.Struct, frozen=True, tag=True, tag_field="type"):
    """A struct inside an entry."""

    amount: Decimal
    parts: tuple[Decimal, ...]


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as there is none yet."""

    inner: Inner
    pairs: tuple[tuple[str, Decimal | None], ...]
    reason: str | None


def test_nested_values_are_encoded_by_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encode.__globals__["_PLANS"], Outer, plan(Outer))
    inner = Inner(Decimal("1.0"), (Decimal("0E-3"), Decimal("1E+1")))
    outer = typing.cast("Any", Outer(inner=inner, pairs=(("ä\ud800", Decimal("-0.0")), ("b", None)), reason=None))

    assert (
        encode(1, 2, None, outer)
        == (
            '{"seq":1,"at":2,"type":"Outer","cause":null,"inner":{"type":"Inner","amount":"1","parts":["0","10"]},'
            '"pairs":[["ä\ufffd","0"],["b",null]],"reason":null}'
        ).encode()
    )


def test_a_field_may_not_be_named_like_a_stamp() -> None:
    clash = msgspec.defstruct("Clash", [("seq", int)])

    with pytest.raises(TypeError, match=r"Clash\.seq"):
        plan(clash)


def values(hint: Any, name: str) -> st.SearchStrategy[Any]:  # noqa: ANN401 - an annotation is any object
    """Return a strategy for the values of a field."""
    if isinstance(hint, typing.NewType):
        return values(hint.__supertype__, name)
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        return st.one_of(*(values(part, name) for part in typing.get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    if typing.get_origin(hint) is tuple:
        item, _ = typing.get_args(hint)
        return st.lists(values(item, name), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return of_fields(hint)
    if hint is str:
        return st.text(max_size=TEXT_LIMIT if name in FREE_TEXT else None)
    return {
        int: st.integers(-(2**63), 2**63 - 1),
        bool: st.booleans(),
        types.NoneType: st.none(),
        Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=None),
    }[hint]


def of_fields(struct: type[S]) -> st.SearchStrategy[S]:
    """Return a strategy for the values of an entry type, or of a struct inside one."""
    return st.builds(struct, **{field.name: values(field.type, field.name) for field in msgspec.structs.fields(struct)})


def names_of(entry: msgspec.Struct) -> list[str]:
    """Return the fields that are written: all but later ones that say nothing."""
    later = LATER.get(type(entry), {})
    return [name for name in entry.__struct_fields__ if name not in later or getattr(entry, name) != later[name]]


def plain_everywhere(value: object, written: object) -> bool:
    """Say whether JSON has every decimal of a value, however deep, in plain notation."""
    if isinstance(value, Decimal):
        return written == plain(value)
    if isinstance(value, msgspec.Struct) and isinstance(written, dict):
        names = names_of(value)
        return list(written)[-len(names) :] == names and all(
            plain_everywhere(getattr(value, name), written[name]) for name in names
        )
    if isinstance(value, tuple) and isinstance(written, list):
        return all(map(plain_everywhere, value, written)) and len(value) == len(written)
    return not isinstance(value, msgspec.Struct | tuple)


@pytest.mark.parametrize("entry_type", ENTRY_TYPES, ids=lambda found: found.__name__)
def test_every_entry_comes_back_as_it_was(entry_type: type[Entry]) -> None:
    stamps = st.integers(1, 2**63 - 1)

    @settings(max_examples=40, deadline=None)
    @given(of_fields(entry_type), stamps, stamps, st.none() | stamps)
    def comes_back(entry: Entry, seq: int, at: int, cause: int | None) -> None:
        body = encode(seq, at, cause, entry)
        record = decode(body, b"h" * 32)

        assert (record.seq, record.at, record.cause, record.hash) == (seq, at, cause, b"h" * 32)
        assert record.entry == entry
        line = json.loads(body)
        assert list(line) == ["seq", "at", "type", "cause", *names_of(entry)]
        assert line["type"] == entry_type.__name__
        assert encode(seq, at, cause, record.entry) == body
        assert len(body.decode().splitlines()) == 1
        assert plain_everywhere(entry, line)

    comes_back()


def test_an_equal_number_is_the_same_line() -> None:
    marks = [
        EquityMarked(currency=typing.cast("Any", "USDT"), equity=Decimal(text), unrealised=Decimal(0))  # type: ignore[arg-type]
        for text in ("1", "1.0", "1.000", "10E-1")
    ]

    assert len({encode(1, 1, None, mark) for mark in marks}) == 1
