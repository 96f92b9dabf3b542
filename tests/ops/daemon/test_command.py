"""``execd run`` of a daemon: how it ends is its exit code, a line for people, and with ``--json`` one object.

It ends by itself when its script is done, in order when it is told to, and never leaves a journal locked.
"""

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from actors.errors import BadInputError
from actors.journal.lock import JournalLock, holder
from messages.instructions import TradeInstruction
from messages.lifecycle import RunEnded
from messages.live import OpenQuestionsTold
from messages.market import MarketSlice
from messages.units import ClientOrderId, VenueName
from ops.daemon import command
from ops.daemon.command import Asked, daemon_command, open_lines
from ops.daemon.preparation import Ready
from ops.daemon.venues import VenueDownError
from ops.exits import ended
from tests.config.samples import line
from tests.ops.daemon.house import SCRIPT, Desk, desk
from tests.ops.house import Silent

BUY = line(id="a1", at=None, side="LONG", amount="0.1") + "\n"
REST = line(id="a1", at=None, side="LONG", amount="0.1", order_type="LIMIT", price="1500") + "\n"


class Shell:
    """Runs the command as a shell does, in this process."""

    def __init__(self, own: Desk, capture: pytest.CaptureFixture[str]) -> None:
        self.own = own
        self._capture = capture
        self.lines: list[str] = []

    def run(self, *, adopt: bool = True) -> dict[str, Any]:
        """Run it to its end; return the object, which has the exit code."""
        code = daemon_command(self.own.config, Asked(adopt=adopt, json=True))
        out, err = self._capture.readouterr()
        self.lines = err.splitlines()
        (line_of_json,) = out.splitlines()
        told: dict[str, Any] = json.loads(line_of_json)
        assert told["exit"] == code
        assert holder(self.own.journal) is None
        return told


def shell(own: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lines: str = BUY) -> Shell:
    (own.config.parent / "instructions.jsonl").write_text(lines)
    own.exchange.price = "2000"
    monkeypatch.setattr(command, "prepare", lambda _config: own.ready())
    return Shell(own, capsys)


def when(own: Desk, condition: Any, number: signal.Signals) -> threading.Thread:  # noqa: ANN401 - of an exchange
    """Send a signal to this process when something holds of the venue."""

    def wait() -> None:
        own.exchange.wait_until(condition)
        os.kill(os.getpid(), number)

    other = threading.Thread(target=wait)
    other.start()
    return other


def test_a_script_that_is_done_ends_it_with_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own_shell = shell(own, monkeypatch, capsys)
        told = own_shell.run()

        assert {key: told[key] for key in ("reason", "exit", "open", "unknown", "operator_needed", "halted")} == {
            "reason": "done",
            "exit": 0,
            "open": 0,
            "unknown": [],
            "operator_needed": [],
            "halted": {},
        }
        assert told["journal"] == str(own.journal)
        assert told["journal_hash"] == own.records()[-1].hash.hex()
        assert told["entries"]["OrderFilled"] == 1
        assert own_shell.lines[0] == "note: a note\\u000aof two lines"
        assert own_shell.lines[-1] == "stopped: done"
        assert own.of(RunEnded)[0].outcome == "done"


def test_the_same_script_again_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own_shell = shell(own, monkeypatch, capsys)
        codes = [own_shell.run()["exit"] for _ in range(3)]

        assert codes == [0, 0, 0]
        assert len(own.exchange.of_submitted()) == 1
        assert own.kinds().count("RunEnded") == 3


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGTERM, "stopped by SIGTERM"), (signal.SIGINT, "stopped by Ctrl-C")]
)
def test_told_to_stop_it_stops_in_order_with_0(
    number: signal.Signals,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own.exchange.does = "rest"
        own_shell = shell(own, monkeypatch, capsys, REST)
        other = when(own, lambda it: it.open, number)
        told = own_shell.run()
        other.join()

        assert (told["exit"], told["reason"], told["open"]) == (0, said, 1)
        assert own_shell.lines[-2:] == [
            f"stopped: {said}",
            "  1 orders have not come to their end; a start goes on with them",
        ]
        assert own.of(RunEnded)[0].reason == said


class Wrong(Silent):
    """Prints, and raises at each slice."""

    def on_slice(self, market: MarketSlice) -> Iterable[TradeInstruction]:  # noqa: ARG002 - it does not look
        print("on my way")  # noqa: T201 - as a user's strategy does
        raise ValueError("no idea")


def test_a_strategy_that_raises_ends_it_with_1_and_its_place_and_its_prints_are_not_for_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.build = Wrong
        own_shell = shell(own, monkeypatch, capsys)
        told = own_shell.run()

        assert told["exit"] == 1
        assert told["error"].startswith("core: core: StrategyError: ValueError: no idea (test_command.py:")
        assert own_shell.lines[-1] == f"failed: {told['error']}"
        assert "on my way" in own_shell.lines


def test_a_signal_while_venues_are_asked_ends_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:

        def interrupted(_config: Path) -> Ready:
            signal.raise_signal(signal.SIGINT)
            return own.ready()

        monkeypatch.setattr(command, "prepare", interrupted)

        code = ended(lambda: daemon_command(own.config, Asked(adopt=True, json=True)), json=True)

        out, err = capsys.readouterr()
        assert (code, err) == (130, "stopped by Ctrl-C\n")
        assert json.loads(out) == {"error": "stopped by Ctrl-C", "exit": 130}
        assert not own.journal.exists()


def test_on_stop_cancel_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, f'{SCRIPT}[execution]\non_stop = "cancel"\n') as own:
        own.exchange.does = "rest"
        own_shell = shell(own, monkeypatch, capsys, REST)
        other = when(own, lambda it: it.open, signal.SIGTERM)
        told = own_shell.run()
        other.join()

        assert (told["exit"], told["open"]) == (0, 0)
        assert own.exchange.open == {}
        assert own_shell.lines[-1] == "stopped: stopped by SIGTERM"


def test_what_ended_that_no_restart_helps_is_said_as_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own.exchange.crashes = 1000
        own_shell = shell(own, monkeypatch, capsys)
        told = own_shell.run()

        assert (told["exit"], told["reason"]) == (1, "venues: venue:bybit: ConnectionError: planted")
        assert "open" not in told
        assert own_shell.lines[-1] == "failed: venues: venue:bybit: ConnectionError: planted"


@pytest.mark.parametrize(
    ("error", "code"), [(BadInputError("a: wrong\x1b", "b: wrong"), 2), (VenueDownError("okx: down"), 1)]
)
def test_what_stands_against_a_start_is_a_line_each_and_no_journal_is_made(
    error: Exception, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_config: Path) -> None:
        raise error

    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own_shell = shell(own, monkeypatch, capsys)
        monkeypatch.setattr(command, "prepare", refuse)
        told = own_shell.run()

        assert told == {"error": "\n".join(own_shell.lines), "exit": code}
        assert all(each.isprintable() for each in own_shell.lines)
        assert not own.journal.exists()


def test_a_funded_account_that_nobody_adopts_is_78_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own_shell = shell(own, monkeypatch, capsys)
        refused = own_shell.run(adopt=False)
        lines = own_shell.lines
        adopted = own_shell.run(adopt=True)

        assert refused["exit"] == 78
        assert lines[1:] == [
            "venues.bybit: account uid-1 holds 100000 USDT; with --adopt a start records it as the opening balance"
        ]
        assert adopted["exit"] == 0


def test_adopt_may_stand_in_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT.replace('"live"', '"live"\nadopt = true')) as own:
        assert shell(own, monkeypatch, capsys).run(adopt=False)["exit"] == 0


def test_a_journal_that_another_process_writes_is_2_and_its_pid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own_shell = shell(own, monkeypatch, capsys)
        own.open_journal().store.close()
        lock = JournalLock(own.journal)
        code = daemon_command(own.config, Asked(adopt=True, json=False))
        lock.release()

        assert code == 2
        assert f"process {os.getpid()} is writing this journal" in capsys.readouterr().err
        assert own_shell.run()["exit"] == 0


def test_a_torn_tail_is_cut_off_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, SCRIPT) as own:
        own_shell = shell(own, monkeypatch, capsys)
        own_shell.run()
        last = own.records()[-1].seq
        with sqlite3.connect(own.journal) as raw:
            raw.execute("UPDATE entries SET body = substr(body, 1, 9) WHERE seq = ?", (last,))
        raw.close()
        told = own_shell.run()

        assert told["exit"] == 0
        assert f"note: 1 entries from {last} on were torn at the last end, and are cut off" in own_shell.lines
        assert len(own.exchange.of_submitted()) == 1


def test_what_is_left_open_is_said_with_what_to_do() -> None:
    questions = OpenQuestionsTold(
        open=3,
        unknown=(ClientOrderId("x1"), ClientOrderId("x2"), ClientOrderId("x3")),
        operator_needed=(ClientOrderId("x3"), ClientOrderId("x2")),
        halt="odd\nprices",
        halted=((VenueName("okx"), "a difference\nof two lines"),),
        unsettled=(),
    )

    assert open_lines(questions) == [
        "  3 orders have not come to their end; a start goes on with them",
        "  unknown: x1; a start looks on",
        "  a person is needed: x3; look at the venue, then: execd resolve x3 absent|filled",
        "  a person is needed: x2; look at the venue, then: execd resolve x2 absent|filled",
        "  nothing new is taken: odd\\u000aprices; to end that: execd resume",
        "  okx takes no orders: a difference\\u000aof two lines",
    ]
    assert open_lines(None) == []
