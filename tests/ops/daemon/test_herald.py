"""What a daemon says on stderr: one line for each entry that an operator wants to know of, whatever is in it."""

from decimal import Decimal
from typing import get_args

import pytest

from actors.contract import Turn
from messages.instructions import Code, InstructionRefused
from messages.journal import ENTRY_TYPES, Entry, Noted
from messages.lifecycle import Halted
from messages.live import DifferenceFound, OperatorNeeded, VenueHalted, VenueTrouble
from messages.units import Amount, ClientOrderId, InstructionId, InstrumentId, Nanoseconds, VenueName
from ops.daemon.herald import Herald, Log, Told, say_line
from tests.actors.builders import Mail, filled, submitted

AT = Nanoseconds(1_704_153_600_123_999_999)
BYBIT = VenueName("bybit")


def line_of(entry: Entry, capture: pytest.CaptureFixture[str]) -> str:
    """Return the only line that is said of an entry."""
    Log().receive(Noted(at=AT, entry=entry))
    out, err = capture.readouterr()
    assert out == ""
    assert err.endswith("\n")
    (line,) = err.splitlines()
    return str(line)


def test_a_line_has_time_type_and_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    entry = InstructionRefused(instruction_id=InstructionId("a1"), code=Code.HALTED, detail="odd prices")

    line = line_of(entry, capsys)

    assert line.startswith("2024-01-02 00:00:00.123 InstructionRefused: ")
    assert "a1" in line
    assert "HALTED" in line
    assert "odd prices" in line


@pytest.mark.parametrize(
    "text",
    ["two\nlines", "a\rreturn", "\x1b[31mred", "a\u2028separator", "\x00", "\u202egnihtyna"],
    ids=["newline", "return", "colour", "separator", "nul", "direction"],
)
def test_text_from_elsewhere_stays_on_its_line_and_moves_no_terminal(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = line_of(VenueTrouble(venue=BYBIT, kind="STREAM", detail=text), capsys)

    assert all(each.isprintable() for each in line)
    assert "STREAM" in line


def test_a_long_text_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    line = line_of(VenueTrouble(venue=BYBIT, kind="STREAM", detail="x" * 5_000), capsys)

    assert len(line) < 600


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (VenueHalted(venue=BYBIT, reason="a difference"), "a difference"),
        (Halted(reason="odd prices"), "odd prices"),
        (
            OperatorNeeded(
                venue=BYBIT,
                instrument=InstrumentId("bybit:ETH/USDT"),
                client_order_id=ClientOrderId("x1"),
                instruction_id=InstructionId("a1"),
                reason="nobody knows",
            ),
            "a1",
        ),
        (
            DifferenceFound(
                venue=BYBIT, where="bybit USDT", booked=Amount(Decimal("1.50")), at_venue=Amount(Decimal(2))
            ),
            "1.5",
        ),
    ],
    ids=lambda each: type(each).__name__ if not isinstance(each, str) else "",
)
def test_what_a_person_must_know_is_in_the_line(entry: Entry, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in line_of(entry, capsys)


def test_orders_that_go_their_usual_way_are_not_said() -> None:
    log = Mail()
    herald = Herald(turn=Turn(), log=log)

    herald.receive(submitted())
    herald.receive(filled())

    assert log.told == []


def test_what_is_said_is_passed_on_with_the_time_of_its_turn() -> None:
    log, turn = Mail(), Turn()
    turn.at = AT
    entry = Halted(reason="odd prices")

    Herald(turn=turn, log=log).receive(entry)

    assert log.told == [Noted(at=AT, entry=entry)]


def test_only_entries_are_said() -> None:
    assert set(get_args(Told)) <= set(ENTRY_TYPES)


def test_a_line_that_is_no_entry_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    say_line("bybit: prices\ncome", at=AT)

    assert capsys.readouterr().err == "2024-01-02 00:00:00.123 bybit: prices\\u000acome\n"
