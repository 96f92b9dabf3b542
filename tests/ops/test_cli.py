"""The command line answers at once, says in a line what is wrong with its words, and keeps stdout for what was asked.

``execd --help`` takes no part in what a backtest imports: that it answers under half a second is held by this, since a
test of the clock would hold nothing on a busy machine.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.started import CODE, ROOT, environment, execd, write_case

HEAVY = ("pyarrow", "pydantic", "sqlite3", "pykka", "msgspec", "rich", "asyncio", "hypothesis", "numpy")
TOP = [
    *("demo", "init", "check", "run", "status", "resolve", "resume", "halt", "cancel-all"),
    *("report", "compare", "journal", "data", "config", "bench", "testbed", "completion"),
]
COMMANDS = (
    "", *TOP, "data check", "data sample", "journal show", "journal export", "journal verify", "config reference",
    "testbed exchange", "testbed faults",
)  # fmt: skip


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from ops.cli import start; start(['--help']);"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )

    ended = execd(cwd=tmp_path, code=code)

    assert ended.err == "[]\n"
    assert "Start with: execd demo" in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_fits_a_terminal(command: str, tmp_path: Path) -> None:
    ended = execd(*command.split(), "--help", cwd=tmp_path, EXECD_LAUNCHER="ops/run")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: sh ops/run {command}".rstrip() + " ")
    to_copy = ("  eval ", "  sh ")  # a path is as long as it is
    assert [line for line in ended.out.splitlines() if len(line) > 80 and not line.startswith(to_copy)] == []


def test_help_lists_the_commands_in_the_order_of_use_with_a_whole_line_each(tmp_path: Path) -> None:
    lines = execd("--help", cwd=tmp_path).out.partition("Commands:\n")[2].splitlines()

    assert [line.split()[0] for line in lines] == TOP
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


def test_the_version_is_said(tmp_path: Path) -> None:
    assert execd("--version", cwd=tmp_path).out == "execd 0.1.0\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "Missing argument 'CONFIG'"),
        (["run", "a.toml", "--bogus"], "No such option: --bogus"),
        (["run", "a.toml", "b.toml"], "unexpected extra argument"),
        (["run", ""], "it is empty, expected a path"),
        (["run", "a.toml", "--out", ""], "it is empty, expected a path"),
        (["run", "a.toml", "--out", "--json"], "--json looks like an option"),
        (["trade"], "No such command 'trade'"),
        (["journal", "burn"], "No such command 'burn'"),
        (["data", "sample", "x", "--days", "0"], "greater than or equal to 1"),
        (["demo", "--force"], "No such option: --force"),
        (["completion", "csh"], "is not one of 'bash', 'zsh', 'fish'"),
        (["compare", "a"], "Missing argument 'RUN'"),
        (["--\x1b[31mred\n"], "--\\x1b[31mred\\x0a\n"),
        (["run", "a", "\x1b[31m\n"], "(\\x1b[31m\\x0a)\n"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_exit_2_one_line_and_with_json_one_object(words: list[str], said: str, tmp_path: Path) -> None:
    plain = execd(*words, cwd=tmp_path)
    machine = execd(*words, "--json", cwd=tmp_path)

    assert plain.code == 2
    assert plain.out == "" or "--json" in words
    assert said in plain.err
    assert "Traceback" not in plain.err
    assert "\x1b" not in plain.err
    assert machine.code == 2
    assert set(machine.object()) == {"error", "exit"}
    assert machine.object()["exit"] == 2
    assert list(tmp_path.iterdir()) == []


def test_help_and_usage_name_the_way_in_that_was_taken(tmp_path: Path) -> None:
    ended = execd("run", cwd=tmp_path, EXECD_LAUNCHER="../x/ops/run")

    assert ended.err.startswith("Usage: sh ../x/ops/run run [OPTIONS]")


def test_another_package_in_our_place_is_exit_2_and_one_object(tmp_path: Path) -> None:
    (tmp_path / "config.py").touch()
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; {CODE}"

    ended = execd("demo", "--json", cwd=tmp_path, code=code)

    assert ended.code == 2
    assert ended.object()["exit"] == 2
    assert f"execd: package config: found {tmp_path}" in ended.err


def test_a_reader_who_leaves_early_gets_no_traceback_and_the_run_its_code(tmp_path: Path) -> None:
    write_case(tmp_path)
    for words, code in ((["run", "backtest.toml", "--no-journal"], 0), (["run", "backtest.toml", "--json"], 0)):
        reader, writer = os.pipe()
        os.close(reader)

        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", CODE, *words],
            cwd=tmp_path, env=environment(), stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

        os.close(writer)
        assert (done.returncode, done.stderr) == (code, "")


def test_a_result_that_can_not_be_written_is_exit_1_and_one_line(tmp_path: Path) -> None:
    write_case(tmp_path)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", CODE, "run", "backtest.toml", "--json", "--no-journal"],
            cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    assert (done.returncode, done.stderr) == (1, "execd: No space left on device\n")


@pytest.mark.parametrize("words", [["run", "no.toml"], ["demo"], ["report", "no.sqlite"]], ids=" ".join)
def test_an_out_that_names_a_file_is_exit_2_and_one_line(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")

    ended = execd(*words, "--out", "taken", "--json" if words[0] != "report" else "--out=taken", cwd=tmp_path)

    assert ended.code == 2
    assert ended.err == "--out: taken: is a file, expected a folder, or the name of a new one\n"
    assert (tmp_path / "taken").read_text() == "mine"


def test_signals_are_taken_care_of_before_typer_is_imported() -> None:
    ended = execd(
        cwd=ROOT, code="import sys, ops.cli; print([name for name in ('typer', 'ops.commands') if name in sys.modules])"
    )

    assert ended.out == "[]\n"


def test_the_console_script_is_this_command() -> None:
    assert 'execd = "ops.cli:main"' in (ROOT / "pyproject.toml").read_text()


def test_sample_names_its_files_and_check_finds_them_usable(tmp_path: Path) -> None:
    written = execd("data", "sample", "d", "--days", "2", cwd=tmp_path)
    checked = execd("data", "check", "d", cwd=tmp_path)

    assert (written.code, checked.code) == (0, 0)
    files = written.out.splitlines()
    assert files
    assert all((tmp_path / line).is_file() for line in files)
    assert f"{len(files)} series files, {len(files)} usable, 0 problems." in checked.out
    assert "│ bybit-ETHUSDT-spot-1h.parquet " in checked.out  # a pipe has no 80 columns that left no room for it


@pytest.mark.parametrize("columns", ["80", "200"])
def test_tables_keep_dates_and_figures_whole_at_any_width(columns: str, tmp_path: Path) -> None:
    files = execd("data", "sample", "d", "--days", "2", cwd=tmp_path).out.splitlines()

    out = execd("data", "check", "d", cwd=tmp_path, COLUMNS=columns).out

    assert out.count("2024-01-01") == out.count("2024-01-02") == len(files)
    # Hours and minutes are for where they fit; elsewhere whole days stand.
    assert out.count("23:00") == (sum("candles" in file for file in files) if columns == "200" else 0)
    assert "…" not in out


@pytest.mark.parametrize(
    "words",
    [
        ("journal", "show", "x", "--limit"),
        ("data", "sample", "x", "--seed"),
        ("data", "sample", "x", "--days"),
        ("bench", "--runs"),
        ("bench", "--size"),
    ],
)
def test_a_number_beyond_all_use_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = execd(*words, "99999999999999999999999", cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert "less than or equal to" in " ".join(ended.err.split())
    assert not list(tmp_path.iterdir())
