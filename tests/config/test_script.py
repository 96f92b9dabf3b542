"""A script is validated as a whole before a run, and gives exactly its lines, by instant, in the order of the file."""

import hashlib
import itertools
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from config import instructions
from config.instants import instant_of
from config.instructions import LONGEST_LINE, ScriptFile, read_script
from config.problems import ConfigError, ScriptChangedError
from config.script_ids import UsedIds
from messages.instructions import AmendInstruction, CancelAllInstruction, CancelInstruction, TradeInstruction
from messages.units import BaseAmount, InstructionId, InstrumentId, Nanoseconds, Price, VenueName
from tests.config.samples import END, MARKETS, START, line

AT = "2024-02-01T00:00:00Z"


def dumped(**fields: object) -> str:
    return json.dumps(fields)


def read(path: Path) -> ScriptFile:
    return read_script(
        path,
        start=Nanoseconds(START),
        end=Nanoseconds(END),
        venues=("bybit", "binance"),
        known=[InstrumentId(each) for each in MARKETS],
    )


def script(tmp_path: Path, lines: Iterable[str | bytes], end: bytes = b"\n") -> Path:
    path = tmp_path / "instructions.jsonl"
    path.write_bytes(b"".join((each.encode() if isinstance(each, str) else each) + end for each in lines))
    return path


def refused(tmp_path: Path, *lines: str | bytes) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(script(tmp_path, lines))
    return caught.value.lines


def everything(found: ScriptFile) -> list[tuple[int, str]]:
    return [(at, each.instruction_id) for at in found.instants() for each in trades(found, at)]


def trades(found: ScriptFile, at: int) -> list[TradeInstruction]:
    """Return the instructions of an instant, which must all be trades."""
    given = list(found.due(Nanoseconds(at)))
    only = [each for each in given if isinstance(each, TradeInstruction)]
    assert len(only) == len(given)
    return only


def test_instructions_come_by_instant_and_within_one_in_the_order_of_the_file(tmp_path: Path) -> None:
    moments = ["2024-02-02T00:00:00Z", "2024-02-01T00:00:00Z", "2024-02-02T00:00:00Z", "2024-02-01T01:00:00+01:00"]
    path = script(tmp_path, [line(id=f"a{number}", at=at) for number, at in enumerate(moments)])

    found = read(path)

    first, second = (instant_of(moment) for moment in (moments[1], moments[0]))
    assert len(found) == 4
    assert list(found.instants()) == [first, second]
    assert everything(found) == [(first, "a1"), (first, "a3"), (second, "a0"), (second, "a2")]
    assert list(found.due(Nanoseconds(START))) == []
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.name == "instructions.jsonl"


def test_a_long_unsorted_script_is_sorted_stably(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "_RUN", 7)
    hours = [number * 37 % 11 for number in range(100)]
    lines = [line(id=f"a{number}", at=f"2024-02-01T{hour:02}:00:00Z") for number, hour in enumerate(hours)]

    found = read(script(tmp_path, lines))

    expected = [f"a{number}" for _, number in sorted((hour, number) for number, hour in enumerate(hours))]
    assert [each for _, each in everything(found)] == expected


def test_instants_of_one_script_may_be_asked_in_any_order_and_again(tmp_path: Path) -> None:
    found = read(script(tmp_path, [line(id=f"a{hour}", at=f"2024-02-01T{hour:02}:00:00Z") for hour in range(10)]))
    instants = [Nanoseconds(at) for at in found.instants()]

    backwards = [each.instruction_id for at in reversed(instants) for each in trades(found, at)]
    woven = [
        (a.instruction_id, b.instruction_id)
        for a, b in zip(trades(found, instants[3]), trades(found, instants[7]), strict=True)
    ]

    assert backwards == [f"a{hour}" for hour in reversed(range(10))]
    assert woven == [("a3", "a7")]


def test_an_instruction_without_an_id_is_named_by_its_line_and_blank_lines_count(tmp_path: Path) -> None:
    found = read(script(tmp_path, ["", line(id=None), "  \t", line(id=None), line(id="L1")], end=b"\r\n"))

    assert [each for _, each in everything(found)] == ["L2", "L4", "L1"]


def test_amounts_are_exact_as_text_and_as_number(tmp_path: Path) -> None:
    texts = [
        '"1.50"',
        "1.5",
        "0.1",
        "0.123456789012345678901234567891",
        "123456789012345678901234567890",
        "1e3",
        "25E-4",
    ]
    lines = [line(id=f"a{number}", amount="@").replace('"@"', text) for number, text in enumerate(texts)]

    found = read(script(tmp_path, lines))

    amounts = [each.amount for at in found.instants() for each in trades(found, at)]
    assert [str(amount) for amount in amounts] == ["1.50", *texts[1:5], "1000", "0.0025"]


def test_escapes_and_unusual_spelling_mean_what_json_says(tmp_path: Path) -> None:
    plain = line(id="caf\u00e9 1")
    found = read(script(tmp_path, [plain, plain.replace("caf\\u00e9 1", "caf\u00e9 2").replace("PERP", "\\u0050ERP")]))

    assert [each for _, each in everything(found)] == ["caf\u00e9 1", "caf\u00e9 2"]


def test_start_and_end_are_within(tmp_path: Path) -> None:
    inside = [line(id="a", at="2024-01-02T00:00:00Z"), line(id="b", at="2025-09-01T00:00:00Z")]

    assert len(read(script(tmp_path, inside))) == 2

    outside = [line(id="a", at="2024-01-01T23:59:59.999999999Z"), line(id="b", at="2025-09-01T00:00:00.000000001Z")]
    assert [each.split(": ")[1] for each in refused(tmp_path, *outside)] == ["at", "at"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON: "),
        ("[]", "not an object"),
        ("null", "not an object"),
        (line() + " x", "not JSON: Extra data at character"),
        ('{"id": "a', "not JSON: Invalid control character at character "),
        (line() + line(), "not JSON: Extra data"),
        (line(amount="@").replace('"@"', "NaN"), "not JSON: NaN is no number"),
        (line(amount="@").replace('"@"', "-Infinity"), "not JSON: -Infinity is no number"),
        (line(amount="@").replace('"@"', "1e999999999999999999999"), "amount: not a number: 1e9999"),
        (line(amount="@").replace('"@"', "01"), "not JSON: "),
        (line(amount="@").replace('"@"', "9" * 60_000), "amount: not a number: 9999"),
        (line(amount="@").replace('"@"', "1e-31"), "amount: not a number: 1e-31"),
        (line(amount="@").replace('"@"', "0.0"), "amount: not above 0: 0"),
        (line(amount="@").replace('"@"', "-1"), "amount: not above 0: -1"),
        (line(amount="@").replace('"@"', '"+1"'), 'amount: not a number: "+1"'),
        (line(id=None).replace("{", '{"id": null, '), "id: not an id: null"),
        (line()[:-1] + ', "amount": "1.5"}', "amount: stands twice in the line"),
        (line()[:-1] + ', "amount": 1.5}', "amount: stands twice in the line"),
        (line(reduce_only=True)[:-1] + ', "reduce_only": true}', "reduce_only: stands twice"),
        (line()[:-1] + ', "\\u0069d": "a1"}', "id: stands twice in the line"),
        (line(at=None), "at: missing"),
        (line(at="2024-02-01T00:00:00"), "at: not an instant"),
        (line(trade_type="SPOT", pair="ETH/USDT", reduce_only=True), "reduce_only: true on SPOT"),
        (line(price="1"), "price: on MARKET, expected it on LIMIT or STOP_LIMIT or TAKE_PROFIT_LIMIT only"),
        (line(order_type="LIMIT"), "price: missing, expected it on LIMIT"),
        (line(nope=1), "nope: unknown key, expected one of: id, at"),
        (dumped(at=AT, cancel=""), 'cancel: not an id: "", expected the id of an instruction'),
        (dumped(at=AT, cancel="a1", id="b1"), "id: beside cancel, expected only at, cancel there"),
        (dumped(at=AT, cancel="a1", pirce=1), "pirce: unknown key, expected one of: at, cancel"),
        (dumped(at=AT, cancel="a1", amend="a1", price=1), "amend: beside cancel, expected one of them in an instr"),
        (dumped(cancel="a1"), "at: missing"),
        (dumped(at="2030-01-01T00:00:00Z", cancel="a1"), "at: outside the run"),
        (dumped(at=AT, cancel_all="okx"), 'cancel_all: not configured: "okx", expected one of: binance, bybit'),
        (dumped(at=AT, cancel_all=None), "cancel_all: not configured: null"),
        (dumped(at=AT, amend="a1"), "amend: nothing to change, expected price or amount"),
        (dumped(at=AT, amend="a1", price="0"), 'price: not above 0: "0", expected a decimal above 0'),
        (dumped(at=AT, amend="a1", amount="x"), 'amount: not a number: "x"'),
        (dumped(at=AT, amend=7, amount="1"), "amend: not an id: 7"),
        (dumped(at=AT, amend="a1", amount="1", side="BUY"), "side: beside amend, expected only at, amend, price, amo"),
        (dumped(at=AT, cancel="a1")[:-1] + ', "cancel": "a1"}', "cancel: stands twice in the line"),
        (line(venue="okx"), 'venue: not configured: "okx", expected one of: binance, bybit'),
        (line().encode().replace(b"a1", b"\xff"), "not UTF-8 at byte"),
        (b"\xef\xbb\xbf" + line().encode(), "not JSON: Unexpected UTF-8 BOM"),
        ("[" * 60_000, "not an instruction: nested too deeply"),
        (line(id="a" * LONGEST_LINE), "longer than 65536 bytes"),
        ("\u2028", "not JSON"),
    ],
)
def test_each_kind_of_malformed_line_is_said_with_its_number(tmp_path: Path, text: str | bytes, expected: str) -> None:
    lines = refused(tmp_path, line(id="first"), "", text, line(id="last"))

    assert len(lines) == 1
    assert lines[0].startswith(f"instructions.jsonl:3: {expected}")
    assert "expected" in lines[0]
    assert len(lines[0]) < 400


def test_all_problems_of_a_script_are_said_at_once(tmp_path: Path) -> None:
    lines = refused(tmp_path, line(amount="0"), line(side="x", id="b"), "{", line(pair="X", id="b", venue="y"))

    assert [each.split(": ")[:2] for each in lines[:2]] == [
        ["instructions.jsonl:1", "amount"],
        ["instructions.jsonl:2", "side"],
    ]
    assert [each.split(": ")[0] for each in lines[2:]] == ["instructions.jsonl:3"] + ["instructions.jsonl:4"] * 3


def test_only_fifty_problems_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    lines = refused(tmp_path, *["x"] * 75)

    assert len(lines) == 51
    assert lines[-1] == "instructions.jsonl: and 25 more problems"


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["a", "b", "a"], ['3: id: duplicate: "a" is the id of line 1']),
        (["a", "a", "a"], ["2: id: duplicate", '3: id: duplicate: "a" is the id of line 1']),
        (["L3", "b", None], ['3: id: duplicate: "L3" is the id of line 1']),
        ([None, "b", "L1"], ['3: id: duplicate: "L1" is the id of line 1']),
        (["\u00e9", "\\u00e9", "e\u0301"], ['2: id: duplicate: "\u00e9" is the id of line 1']),
    ],
)  # fmt: skip
def test_two_lines_with_one_id_are_refused(tmp_path: Path, ids: list[str | None], expected: list[str]) -> None:
    text = [line(id=each).replace("\\\\u", "\\u") for each in ids]

    lines = refused(tmp_path, *text)

    assert len(lines) == len(expected)
    for said, beginning in zip(lines, expected, strict=True):
        assert said.startswith(f"instructions.jsonl:{beginning}")


def test_ids_whose_hashes_collide_are_still_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "hash", lambda _: -7, raising=False)

    assert len(read(script(tmp_path, [line(id=each) for each in "abcdef"]))) == 6
    assert len(refused(tmp_path, *(line(id=each) for each in "abcdbf"))) == 1


def test_the_table_of_ids_grows_and_forgets_nothing() -> None:
    table = UsedIds(0)

    first = [table.take(number * 2**40, number) for number in range(1500)]
    again = [table.take(number * 2**40, 9999) for number in range(1500)]

    assert first == [[]] * 1500
    assert again == [[number] for number in range(1500)]


def test_a_line_of_the_longest_length_is_accepted_and_its_followers_keep_their_numbers(tmp_path: Path) -> None:
    full = line(id=None) + " " * (LONGEST_LINE - len(line(id=None)))

    found = read(script(tmp_path, [full, line(id=None)], end=b"\r\n"))

    assert [each for _, each in everything(found)] == ["L1", "L2"]
    assert refused(tmp_path, full + " ", "x")[1].startswith("instructions.jsonl:2: ")
    assert refused(tmp_path, full + "\r\r" + "x" * 200_000, "x")[1].startswith("instructions.jsonl:2: ")


def test_an_empty_script_and_one_without_a_last_line_end_are_fine(tmp_path: Path) -> None:
    assert len(read(script(tmp_path, []))) == 0
    assert len(read(script(tmp_path, [line()], end=b""))) == 1


def test_a_file_changed_after_validation_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = script(tmp_path, [line(id=f"a{number}") for number in range(1000)])
    found = read(path)
    at = Nanoseconds(found.instants()[0])
    content = path.read_bytes()

    path.write_bytes(content.replace(b'"1.5"', b'"1.6"'))
    with pytest.raises(ScriptChangedError, match=r"instructions\.jsonl:1: changed since it was validated"):
        list(found.due(at))

    path.write_bytes(content[:20])
    with pytest.raises(ScriptChangedError):
        list(found.due(at))


def test_a_file_that_can_not_be_read_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^none\.jsonl: no such file: "):
        read(tmp_path / "none.jsonl")
    with pytest.raises(ConfigError, match="not a regular file"):
        read(tmp_path)


def test_a_closed_script_says_so_and_may_be_closed_again(tmp_path: Path) -> None:
    found = read(script(tmp_path, [line()]))
    found.close()
    found.close()

    with pytest.raises(ValueError, match="closed"):
        list(found.due(Nanoseconds(found.instants()[0])))


def test_the_index_stays_a_few_integers_a_line(tmp_path: Path) -> None:
    found = read(script(tmp_path, (line(id=f"a{number}", amount="1" * 30) for number in range(2000))))

    index = found._index  # noqa: SLF001 - what must not grow
    columns = (index.at, index.offset, index.line, index.check)
    assert sum(column.itemsize * len(column) for column in columns) <= 24 * len(found)


def test_reduce_only_is_kept(tmp_path: Path) -> None:
    found = read(script(tmp_path, [line(id="a", reduce_only=True), line(id="b", reduce_only=False), line(id="c")]))

    given = itertools.chain.from_iterable(trades(found, at) for at in found.instants())
    assert [each.reduce_only for each in given] == [True, False, False]


def test_a_dumped_instruction_is_the_sample(tmp_path: Path) -> None:
    dense = json.dumps(json.loads(line()), indent=None, separators=(",", ":"))
    (only,) = trades(read(script(tmp_path, [dense])), instant_of(AT) or 0)

    assert (only.instrument, only.side, only.amount) == ("bybit:ETHUSDT-PERP", "SELL", Decimal("1.5"))


def test_cancels_and_amends_come_in_the_order_of_the_file_among_the_trades(tmp_path: Path) -> None:
    lines = [
        line(id="a", order_type="LIMIT", price="2000.50", at=AT),
        dumped(at=AT, amend="a", price="2001", amount=2.5),
        dumped(at=AT, amend="a", amount="0.10"),
        dumped(at=AT, cancel="a"),
        dumped(at=AT, cancel_all="bybit"),
        line(id="b", at=AT),
    ]

    limit, *others, last = read(script(tmp_path, lines)).due(Nanoseconds(instant_of(AT) or 0))

    assert isinstance(limit, TradeInstruction)
    assert (limit.order_type, str(limit.price)) == ("LIMIT", "2000.50")
    own = InstructionId("a")
    assert others == [
        AmendInstruction(instruction_id=own, price=Price(Decimal(2001)), amount=BaseAmount(Decimal("2.5"))),
        AmendInstruction(instruction_id=own, amount=BaseAmount(Decimal("0.1"))),
        CancelInstruction(instruction_id=own),
        CancelAllInstruction(venue=VenueName("bybit")),
    ]
    assert isinstance(last, TradeInstruction)


def test_what_is_cancelled_or_amended_need_not_be_in_the_file_and_may_be_so_twice(tmp_path: Path) -> None:
    lines = [dumped(at=AT, cancel="gone"), dumped(at=AT, cancel="gone"), dumped(at=AT, amend="gone", price=1)]

    assert len(read(script(tmp_path, lines))) == 3


def test_a_line_that_is_no_trade_takes_no_id_and_no_line_number(tmp_path: Path) -> None:
    lines = [dumped(at=AT, cancel="L3"), dumped(at=AT, cancel_all="bybit"), line(id=None, at=AT), line(id="L1", at=AT)]

    given = list(read(script(tmp_path, lines)).due(Nanoseconds(instant_of(AT) or 0)))

    assert [each.instruction_id for each in given if isinstance(each, TradeInstruction)] == ["L3", "L1"]
    lines.append(line(id="L3", at=AT))
    assert refused(tmp_path, *lines)[0].startswith('instructions.jsonl:5: id: duplicate: "L3" is the id of line 3')


def test_a_cancel_changed_after_validation_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = script(tmp_path, [dumped(at=AT, cancel="a1")])
    found = read(path)

    path.write_bytes(path.read_bytes().replace(b"a1", b"a2"))

    with pytest.raises(ScriptChangedError, match=r"instructions\.jsonl:1: changed"):
        list(found.due(Nanoseconds(instant_of(AT) or 0)))


def test_a_byte_order_mark_before_the_first_line_is_nothing(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    path = script(tmp_path, [mark + line(id="a").encode(), line(id="b")])

    found = read(path)

    assert [own for _, own in everything(found)] == ["a", "b"]
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert everything(read(script(tmp_path, [mark, line(id="c")])))[0][1] == "c"
    assert refused(tmp_path, line(id="a"), mark + line(id="b").encode())
    assert refused(tmp_path, mark + line(id="a").encode(), line(id="a"))[0].startswith("instructions.jsonl:2: id: dup")


@pytest.mark.parametrize("own", [" ", "   ", "\u00a0", "\u3000 "])
def test_an_id_of_blanks_is_none(tmp_path: Path, own: str) -> None:
    (said,) = refused(tmp_path, line(id=own))

    assert said.startswith("instructions.jsonl:1: id: not an id: ")


@pytest.mark.parametrize("number", ["1" + "0" * 30, "1e999999999"])
def test_a_number_where_text_is_wanted_is_shown_as_one(tmp_path: Path, number: str) -> None:
    (said,) = refused(tmp_path, line(id="HERE").replace('"HERE"', number))

    expected = "expected 1 to 128 printable characters, not all of them blanks"
    assert said == f"instructions.jsonl:1: id: not an id: {number}, {expected}"
