"""``execd testbed exchange`` says one line when it listens, holds its folder alone, and ends in order."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ops.testbed.exchange.faults import KINDS
from tests.ops.started import CODE, environment, execd

WORDS = ("testbed", "exchange", "--state", "state")


@contextmanager
def started(folder: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run an exchange in a process of its own until it listens; yields it and its first line."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", CODE, *WORDS, *words],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.kill()


def test_it_says_that_it_listens_and_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with started(tmp_path) as (process, line):
            word, port, ca_file = line.split()
            process.send_signal(number)
            out, err = process.communicate(timeout=30)

        assert (word, ca_file) == ("ready", str(tmp_path / "state" / "ca.pem"))
        assert int(port) > 0
        assert (process.returncode, out, err) == (0, "", "")
        assert not (tmp_path / "state" / "record.sqlite-wal").exists()


def test_a_second_one_in_the_same_folder_is_refused_and_one_after_a_kill_is_not(tmp_path: Path) -> None:
    with started(tmp_path) as (first, _):
        second = execd(*WORDS, cwd=tmp_path)
        assert (second.code, second.out) == (2, "")
        assert second.err == f"state: a local exchange runs there already (process {first.pid})\n"

    with started(tmp_path) as (_, line):
        assert line.startswith("ready ")


def test_the_record_can_be_read_while_it_runs(tmp_path: Path) -> None:
    with started(tmp_path), closing(sqlite3.connect(tmp_path / "state" / "record.sqlite")) as connection:
        rows = connection.execute("SELECT DISTINCT venue FROM balances ORDER BY 1").fetchall()

    assert rows == [("binance",), ("bybit",), ("okx",)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--speed", "2"), "--speed is for recorded data: give --data DIR too"),
        (("--data", "nowhere"), "nowhere: No such file or directory"),
        (("--faults", "nowhere"), "nowhere: No such file or directory"),
        (("--faults", "bad.jsonl"), "bad.jsonl:1: kind: 'x', expected one of"),
    ],
)
def test_what_it_can_not_use_is_said_in_a_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "bad.jsonl").write_text(json.dumps({"kind": "x"}))

    ended = execd(*WORDS, *words, cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(said)
    assert len(ended.err.splitlines()) == 1


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with started(tmp_path) as (_, line):
        port = line.split()[1]
        ended = execd("testbed", "exchange", "--state", "other", "--port", port, cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"port {port}: ")


def test_the_kinds_of_faults_are_listed_a_line_each(tmp_path: Path) -> None:
    ended = execd("testbed", "faults", cwd=tmp_path)

    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[: len(KINDS)]] == list(KINDS)
    assert len(lines) == len(KINDS) + 2
