"""Live and on paper a script is validated as a whole too; its lines come in order, those without an instant first."""

from pathlib import Path

import pytest

from config.instants import instant_of
from config.instructions import AT_ONCE, ScriptFile, Timed, read_open_script
from config.problems import ConfigError, ScriptChangedError
from messages.instructions import AmendInstruction, CancelAllInstruction, CancelInstruction, TradeInstruction
from messages.units import InstructionId, InstrumentId, VenueName
from tests.config.samples import MARKETS, line

LONG_AGO, LATER = "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z"


def read(path: Path) -> ScriptFile:
    return read_open_script(path, venues=("bybit", "binance"), known=[InstrumentId(each) for each in MARKETS])


def script(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "instructions.jsonl"
    path.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    return path


def refused(tmp_path: Path, *lines: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(script(tmp_path, *lines))
    return caught.value.lines


def ids(found: ScriptFile) -> list[tuple[int, str]]:
    return [(at, own.instruction_id) for at, own in found.in_order() if isinstance(own, TradeInstruction)]


def test_lines_come_by_instant_then_as_in_the_file_and_those_without_one_first(tmp_path: Path) -> None:
    found = read(
        script(
            tmp_path,
            line(id="late", at=LATER),
            line(id="now", at=None),
            line(id="past", at=LONG_AGO),
            line(id="now too", at=None, reduce_only=True, order_type="LIMIT", price="2000"),
            line(id="late too", at=LATER),
        )
    )

    past, later = instant_of(LONG_AGO), instant_of(LATER)
    assert ids(found) == [(0, "now"), (0, "now too"), (past, "past"), (later, "late"), (later, "late too")]
    assert list(found.instants()) == [AT_ONCE, past, later]
    assert ids(found) == ids(found), "it remembers nothing"


def test_every_kind_of_instruction_may_be_without_an_instant(tmp_path: Path) -> None:
    lines = ('{"cancel": "a1"}', '{"cancel_all": "bybit"}', '{"amend": "a1", "price": "5"}')

    found = list(read(script(tmp_path, *lines)).in_order())

    assert found[0] == Timed(AT_ONCE, CancelInstruction(instruction_id=InstructionId("a1")))
    assert found[1] == Timed(AT_ONCE, CancelAllInstruction(venue=VenueName("bybit")))
    assert isinstance(found[2].instruction, AmendInstruction)


def test_all_lines_are_looked_at_before_the_first_is_given(tmp_path: Path) -> None:
    lines = refused(
        tmp_path,
        line(id="a"),
        line(id="b", at="tomorrow"),
        line(id="c", venue="okx", at=None),
        line(id="d", pair="SOLUSDT-PERP", at=None),
        line(id="a", at=None),
        line(id="f", trade_type="SPOT", pair="ETH/USDT", venue="binance", side="BUY"),
    )

    assert [each.split(" ")[0:2] for each in lines] == [
        ["instructions.jsonl:2:", "at:"],
        ["instructions.jsonl:3:", "venue:"],
        ["instructions.jsonl:4:", "pair:"],
        ["instructions.jsonl:5:", "id:"],
        ["instructions.jsonl:6:", "pair:"],
    ]
    assert lines[-1].endswith('unknown at binance: "ETH/USDT", binance has no SPOT pair in its instruments')


def test_trades_that_have_no_id_of_their_own_can_be_looked_at_before_a_script_is_taken_up_again(tmp_path: Path) -> None:
    found = read(script(tmp_path, line(id=None, at=LATER), line(id="b"), "", line(id=None, at=None)))

    assert [each.instruction_id for each in found.named_by_line()] == ["L4", "L1"]


def test_a_line_that_was_changed_is_not_given(tmp_path: Path) -> None:
    path = script(tmp_path, *(line(id=f"a{number}", at=None) for number in range(1000)))
    found = read(path)
    lines = found.in_order()
    assert isinstance(next(lines).instruction, TradeInstruction)
    text = path.read_text(encoding="utf-8")

    with path.open("r+", encoding="utf-8") as file:
        file.write("9.5".join(text.rsplit("1.5", 1)))

    with pytest.raises(ScriptChangedError, match=r"^instructions\.jsonl:1000: changed since it was validated"):
        list(lines)
