"""On a terminal a run shows how far it is, how fast it goes and how long it will take; elsewhere nothing of it."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.ops.started import CODE, environment, execd, write_case

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(folder: Path, *words: str, columns: int = 80) -> tuple[int, str, str]:
    """Run execd with a terminal as stderr; returns exit code, stdout, and what the terminal got."""
    ours, its = pty.openpty()
    started = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", CODE, *words],
        cwd=folder, env=environment(TERM="xterm", COLUMNS=str(columns)), stdout=subprocess.PIPE, stderr=its, text=True,
    )  # fmt: skip
    os.close(its)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # Linux's way to say that nobody writes any more
        pass
    os.close(ours)
    out, _ = started.communicate()
    return started.returncode, out, seen.decode()


def test_a_terminal_gets_day_share_rate_and_time_left_on_lines_that_fit(tmp_path: Path) -> None:
    write_case(tmp_path)

    code, out, seen = on_a_terminal(tmp_path, "run", "backtest.toml", "--no-journal", "--json")

    lines = [line for line in _ESCAPES.sub("", seen).replace("\r", "\n").splitlines() if "%" in line]
    assert code == 0
    assert out.count("\n") == 1
    assert re.search(r"2024-01-04 .* 100% +[\d,]+ events/s +\d:\d\d:\d\d +left +\d:\d\d:\d\d", lines[-1])
    assert all(len(line) <= 80 for line in lines)


def test_what_is_no_terminal_gets_none_of_it(tmp_path: Path) -> None:
    write_case(tmp_path)

    assert execd("run", "backtest.toml", "--no-journal", "--json", cwd=tmp_path).err == ""
