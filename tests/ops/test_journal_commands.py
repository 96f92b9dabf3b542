"""``execd journal show | export | verify`` say what is in a journal, leave it alone, and end with the promised code."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from actors.journal.store import JournalStore, Row
from messages.instructions import Code, InstructionRefused
from messages.lifecycle import Halted
from messages.units import InstructionId
from ops.journal_commands import export, show, verify
from tests.actors.journal.builders import MANIFEST, a_run, ended, fill, rows_of, write_journal

ROOT = Path(__file__).parents[2]
COMMANDS = ("show", "export", "verify")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def shown(path: Path, *, limit: int | None = None, types: tuple[str, ...] = ()) -> list[str]:
    out = io.StringIO()
    assert show(path, Console(file=out, width=40), limit=limit, types=types) == 0
    return out.getvalue().splitlines()


def run(command: str, path: Path) -> tuple[int, str, str]:
    """Return exit code, output and errors of a command."""
    out, err = io.StringIO(), io.StringIO()
    match command:
        case "show":
            code = show(path, Console(file=out), err=err)
        case "export":
            code = export(path, out, err=err)
        case _:
            code = verify(path, out, err=err)
    return code, out.getvalue(), err.getvalue()


def changed(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_a_fill_is_shown_in_words_on_one_line(path: Path) -> None:
    write_journal(path, [fill(amount=Decimal("1.50")), ended()])

    head, line, last = shown(path)

    assert head.split() == ["time", "(UTC)", "seq", "type", "cause", "what"]
    assert line.split(maxsplit=3) == [
        "1970-01-01T00:00:00.000001Z",
        "1",
        "OrderFilled",
        "a1: SELL 1.5 bybit:ETHUSDT-PERP at 2345.67, fee 1.9351787 USDT (TAKER)",
    ]
    assert last.split()[1:5] == ["2", "RunEnded", "1", "done,"]


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_long_words_go_on_below_and_nothing_is_lost(path: Path, width: int) -> None:
    detail = " ".join(f"word{n}" for n in range(40))
    entry = InstructionRefused(instruction_id=InstructionId("a"), code=Code.HALTED, detail=detail)
    write_journal(path, [entry, fill(), ended()])
    out = io.StringIO()

    assert show(path, Console(file=out, width=width, force_terminal=True, no_color=True, color_system=None)) == 0

    head, *lines = out.getvalue().splitlines()
    assert head.split() == ["time", "(UTC)", "seq", "type", *(["cause"] if width >= 100 else []), "what"]
    assert max(len(line) for line in lines) <= width
    below = [line for line in lines if line.startswith("     ")]
    first = lines.index(below[0]) - 1
    indents = {len(line) - len(line.lstrip()) for line in below}
    assert len(indents) == 1
    assert indents.pop() == (54 if width >= 100 else 29)
    told = " ".join(line.strip() for line in lines[first : first + 1 + len(below)])
    assert f"a refused HALTED: {detail}" in told


def test_a_terminal_that_is_narrower_than_the_stamps_shows_all_the_same(path: Path) -> None:
    write_journal(path, [fill(), ended()])
    out = io.StringIO()

    assert show(path, Console(file=out, width=10, force_terminal=True, color_system=None)) == 0
    assert "2345.67" in out.getvalue()


def test_the_last_entries_of_some_types_are_shown(path: Path) -> None:
    write_journal(path, a_run(12))

    assert [line.split()[1] for line in shown(path, limit=3)[1:]] == ["10", "11", "12"]
    assert [line.split()[1] for line in shown(path, types=("RunStarted", "Halted"))[1:]] == ["1", "3", "6", "9"]
    assert [line.split()[1] for line in shown(path, limit=2, types=("Halted",))[1:]] == ["6", "9"]


def test_a_type_that_nobody_knows_is_refused_with_the_nearest(path: Path) -> None:
    write_journal(path, a_run(3))
    out, err = io.StringIO(), io.StringIO()

    assert show(path, Console(file=out), types=("OrderFiled",), err=err) == 2
    assert (out.getvalue(), err.getvalue()) == ("", '--type: unknown: OrderFiled, did you mean "OrderFilled"?\n')


def test_what_a_venue_says_can_not_speak_to_the_terminal(path: Path) -> None:
    detail = "\x1b[2J[bold]:boom:\x9b1m\n\u202ereversed"
    write_journal(
        path, [InstructionRefused(instruction_id=InstructionId("a"), code=Code.HALTED, detail=detail), ended()]
    )

    lines = shown(path)

    assert len(lines) == 3
    assert r"a refused HALTED: \x1b[2J[bold]:boom:\x9b1m\n\u202ereversed" in lines[1]


def test_entries_of_a_newer_version_are_shown_with_all_their_fields(path: Path) -> None:
    rows: list[Row] = [
        (1, b'{"seq":1,"at":99999999999999999999999,"type":"MoonReached","cause":null,"crew":["a",2]}', b"h"),
        (2, b'{"seq":2,"at":1,"type":"OrderFilled","cause":1}', b"h"),
        (3, b"garbage", b"h"),
    ]
    with JournalStore.create(path, MANIFEST, durability="off") as store:
        store.append(rows)
        store.commit()

    lines = shown(path)

    assert lines[1].split(maxsplit=3) == ["9" * 23, "1", "MoonReached", 'crew=["a", 2]']
    assert "?: ? ? ? at ?" in lines[2]
    assert lines[3].split(maxsplit=2)[:2] == ["3", "unreadable"]
    assert "journal verify says more" in lines[3]


def test_the_export_is_the_stored_bytes(path: Path) -> None:
    rows = write_journal(path, [Halted(reason="ü\u2028"), *a_run(4000)])

    process = exported(path)

    assert (process.returncode, process.stderr) == (0, b"")
    assert process.stdout == b"".join(body + b"\n" for _, body, _ in rows)
    assert [json.loads(line)["seq"] for line in process.stdout.splitlines()] == list(range(1, 4002))
    code, text, _ = run("export", path)
    assert (code, text.encode()) == (0, process.stdout)


EXPORT = "import sys; from pathlib import Path; from ops.journal_commands import export; "
EXPORT += "sys.exit(export(Path(sys.argv[1]), sys.stdout))"


def exported(path: Path) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-c", EXPORT, str(path)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, check=False)  # noqa: S603


def test_an_export_into_a_closed_pipe_ends_quietly(path: Path) -> None:
    write_journal(path, a_run(5000))
    reading, writing = os.pipe()
    os.close(reading)

    words = [sys.executable, "-c", EXPORT, str(path)]
    done = subprocess.run(words, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)  # noqa: S603
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_journal_is_exported_and_shown_while_it_is_written(path: Path) -> None:
    rows = rows_of(a_run(4))
    with JournalStore.create(path, MANIFEST, durability="off") as store:
        store.append(rows[:3])
        store.commit()

        assert run("export", path)[1].count("\n") == 3
        assert len(shown(path)) == 4
        code, out, _ = run("verify", path)
        assert code == 0
        assert f"process {os.getpid()} is writing it" in out


def test_verify_says_what_was_checked(path: Path) -> None:
    digest = write_journal(path, a_run(12))[-1][2].hex()

    assert run("verify", path) == (0, f"{path}: ok: manifest, 12 entries, hash {digest}\n", "")
    assert verify(path, io.StringIO(), expect_hash=digest) == 0
    assert verify(path, io.StringIO(), expect_hash="0" * 64) == 1


def test_verify_names_the_first_bad_entry(path: Path) -> None:
    rows = write_journal(path, a_run(12))
    changed(path, "UPDATE entries SET hash = zeroblob(32) WHERE seq = 7")

    code, out, _ = run("verify", path)

    assert code == 1
    assert out.splitlines() == [
        f"{path}: BAD: first bad seq 7: entry 7 or its hash is not what was written",
        f"good before it: manifest, 6 entries, hash {rows[5][2].hex()}",
    ]


def test_verify_names_the_manifest_as_entry_0(path: Path) -> None:
    write_journal(path, a_run(3))
    changed(path, "UPDATE manifest SET beside = x'7b7d'")

    code, out, _ = run("verify", path)

    assert (code, out.count("\n")) == (1, 1)
    assert "first bad seq 0: the part beside the hashed manifest" in out


def test_verify_misses_the_end_of_a_killed_run_unless_its_hash_was_expected(path: Path) -> None:
    rows = rows_of(a_run(12))[:5]
    with JournalStore.create(path, MANIFEST, durability="off") as store:
        store.append(rows)
        store.commit()

    code, out, _ = run("verify", path)
    assert code == 1
    assert "first bad seq 6: entry 6 is missing" in out
    told = io.StringIO()
    assert verify(path, told, expect_hash=rows[-1][2].hex()) == 0
    assert "no RunEnded" in told.getvalue()


def test_an_expected_hash_that_is_none_is_bad_input(path: Path) -> None:
    write_journal(path, a_run(3))
    err = io.StringIO()

    assert verify(path, io.StringIO(), expect_hash="abc\n", err=err) == 2
    assert err.getvalue() == "--expect-hash: abc\\n: expected 64 hex digits\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_file_is_one_line_and_exit_2(path: Path, command: str) -> None:
    assert run(command, path) == (2, "", f"{path}: no such file\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_is_one_line_and_exit_2_which_names_the_journal_in_it(path: Path, command: str) -> None:
    assert run(command, path.parent) == (2, "", f"{path.parent} is a folder, expected a journal.sqlite\n")

    write_journal(path, [ended()])

    assert run(command, path.parent) == (2, "", f"{path.parent} is a folder, expected its journal: {path}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_can_not_speak_to_the_terminal(path: Path, command: str) -> None:
    evil = path.with_name("evil\x1b[2J\nname")
    missing = run(command, evil)
    write_journal(evil, [ended()])

    code, out, _ = run("verify", evil)

    assert missing == (2, "", f"{path.parent}/evil\\x1b[2J\\nname: no such file\n")
    assert (code, out.count("\n")) == (0, 1)
    assert "\x1b" not in out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_no_journal_is_one_line(path: Path, command: str) -> None:
    path.write_text("something else\n" * 100)

    code, out, err = run(command, path)

    assert code == (1 if command == "verify" else 2)
    assert (out + err).count("\n") == 1
    assert "not a journal" in out + err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_ends_in_the_middle_is_said_not_to_be_readable(path: Path, command: str) -> None:
    write_journal(path, a_run(200))
    os.truncate(path, path.stat().st_size // 2)

    code, out, err = run(command, path)

    assert code == (1 if command == "verify" else 2)
    assert "SQLite can't read it" in out + err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_leave_nothing_behind(path: Path, tmp_path: Path, command: str) -> None:
    write_journal(path, a_run(3))
    copy = Path(shutil.copy(path, tmp_path / "copy.sqlite"))
    content = copy.read_bytes()

    run(command, copy)

    assert copy.read_bytes() == content
    assert {found.name for found in tmp_path.iterdir()} == {"journal.sqlite", "copy.sqlite"}


def test_an_entry_that_is_not_bytes_ends_an_export(path: Path) -> None:
    write_journal(path, a_run(6))
    changed(path, "UPDATE entries SET body = CAST(body AS TEXT) WHERE seq = 4")

    code, out, err = run("export", path)

    assert (code, out.count("\n")) == (2, 3)
    assert "entry 4 is not stored as bytes" in err
