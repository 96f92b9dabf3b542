"""However the process ends, it ends with an exit code and a line; with ``--json`` the last of stdout is one object.

No user sees a traceback; a crash of execd itself shows one, on stderr.
"""

import io
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.errors import BadInputError, InvariantError
from ops.exits import Signalled, UsageError, ended, one_line, orderly
from tests.ops.started import execd, process, write_case


def raising(error: BaseException) -> Callable[[], int]:
    def call() -> int:
        raise error

    return call


def told(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, dict[str, Any]]:
    """Return the exit code, stderr, and the object of stdout."""
    code = ended(raising(error), json=True)
    out, err = capsys.readouterr()
    return code, err, json.loads(out)


def test_what_the_call_returns_is_the_exit_code_and_nothing_is_added(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(lambda: 78, json=True) == 78
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BadInputError("a", "b"), 2, "a\nb"),
        (InvariantError("two records disagree"), 78, "two records disagree"),
        (Signalled(signal.SIGINT), 130, "stopped by Ctrl-C"),
        (Signalled(signal.SIGTERM), 143, "stopped by SIGTERM"),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C"),
        (OSError(28, "No space left on device", "out/x"), 1, "out/x: No space left on device"),
        (MemoryError(), 1, "execd: out of memory"),
        (SystemExit("it failed"), 1, "it failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_each_end_has_its_code_its_line_and_its_object(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(error, capsys) == (code, f"{line}\n", {"error": line, "exit": code})


def test_what_was_said_already_is_not_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(UsageError("no such option"), capsys) == (2, "", {"error": "no such option", "exit": 2})


def test_without_json_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(raising(BadInputError("a")), json=False) == 2
    assert capsys.readouterr() == ("", "a\n")


def test_a_crash_of_execd_is_exit_1_an_object_and_a_traceback_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    code, err, found = told(ZeroDivisionError("by zero"), capsys)

    assert code == 1
    assert found == {
        "error": "execd crashed, which is a mistake of execd, not yours: ZeroDivisionError: by zero",
        "exit": 1,
    }
    assert "Traceback" in err


@pytest.mark.parametrize(
    "error",
    [
        BadInputError("evil\x1b[2J\nname.csv: broken"),
        InvariantError("evil\x1b[2J\nname"),
        OSError(28, "full", "evil\x1b[2J\nname"),
        SystemExit("evil\x1b[2J\nname"),
        ValueError("evil\x1b[2J\nname"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_text_from_elsewhere_is_one_line_without_control_characters(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err, found = told(error, capsys)

    assert "\x1b" not in err
    assert "evil\\u001b[2J\\u000aname" in err.splitlines()[-1]
    assert found["error"] == err.splitlines()[-1]


def test_one_line_is_cut_to_500_characters() -> None:
    assert one_line("x" * 501) == "x" * 500 + "..."


def test_a_stderr_that_takes_nothing_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())

    assert ended(raising(BadInputError("a")), json=False) == 2


@pytest.mark.parametrize(
    "words", [("check",), ("check", "--json"), ("data", "check"), ("compare",), ("journal", "show")]
)
def test_a_closed_pipe_ends_every_command_quietly_with_0(tmp_path: Path, words: tuple[str, ...]) -> None:
    config = write_case(tmp_path)
    journal = tmp_path / "out" / "journal.sqlite"
    if words[0] in ("compare", "journal"):
        assert execd("run", config.name, "--out", "out", cwd=tmp_path).code == 0
    of = {"check": (config.name,), "data": ("data",), "compare": (str(journal),) * 2, "journal": (str(journal),)}
    started = process(*words, *of[words[0]], cwd=tmp_path)
    assert started.stdout is not None
    started.stdout.close()

    _, err = started.communicate()

    assert (started.returncode, err) == (0, "")


def test_a_closed_pipe_does_not_hide_how_a_command_ended(tmp_path: Path) -> None:
    started = process("check", "missing.toml", "--json", cwd=tmp_path)
    assert started.stdout is not None
    started.stdout.close()

    _, err = started.communicate()

    assert started.returncode == 2
    assert err.startswith("missing.toml: no such file")


def test_a_stream_that_the_caller_closed_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    assert ended(lambda: sys.stdout.write("words"), json=False) == 5
    sys.stdout.close()


def test_a_signal_ends_the_call_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    def call() -> int:
        signal.raise_signal(signal.SIGTERM)
        return 0

    assert ended(call, json=False) == 143
    assert capsys.readouterr() == ("", "stopped by SIGTERM\n")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_in_order_the_first_signal_is_only_noted_and_the_second_is_not_waited_for() -> None:
    with orderly() as caught:
        assert caught() is None
        signal.raise_signal(signal.SIGINT)
        first = caught()
        with pytest.raises(Signalled) as raised:
            signal.raise_signal(signal.SIGTERM)

    assert first is not None
    assert first.exit_code == 130
    assert raised.value is first


def test_one_signal_that_is_sent_twice_at_once_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("ops.exits.time.monotonic", lambda: now[0])

    with orderly() as caught:
        signal.raise_signal(signal.SIGTERM)
        now[0] += 0.01
        signal.raise_signal(signal.SIGTERM)
        first = caught()
        now[0] += 1
        with pytest.raises(Signalled) as raised:
            signal.raise_signal(signal.SIGTERM)

    assert raised.value is first


def test_a_signal_that_comes_where_nothing_can_be_raised_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Freed:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    hook = sys.unraisablehook
    with orderly() as caught:
        signal.raise_signal(signal.SIGINT)
        freed = Freed()
        del freed

        first = caught()

    assert first is not None
    assert first.exit_code == 130
    assert capsys.readouterr() == ("", "")
    assert sys.unraisablehook is hook


def test_what_else_goes_wrong_while_something_is_freed_is_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Freed:
        def __del__(self) -> None:
            raise ValueError("planted")

    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: said.append(lost.exc_value))
    with orderly():
        freed = Freed()
        del freed

    assert [str(error) for error in said] == ["planted"]


def test_a_signal_that_was_switched_off_stays_off() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with orderly() as caught:
            signal.raise_signal(signal.SIGINT)
            assert caught() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_head_of_the_file_lists_the_exit_codes_that_the_readme_lists() -> None:
    root = Path(__file__).resolve().parents[2]
    head = (root / "ops" / "exits.py").read_text().partition('"""\n')[0]

    for code in ("0", "1", "2", "78", "130", "143"):
        assert f" {code} " in head.replace("\n", " ")
        assert f"| {code} |" in (root / "README.md").read_text()
