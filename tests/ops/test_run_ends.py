"""``execd run`` ends in order wherever it can, and where it can't, what is left on disk says so.

Ctrl-C, SIGTERM, a second one, kill, a second process on one journal, a disk that takes no more, a strategy that prints.
"""

import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.ops.started import CODE, Ended, a_line, execd, exported, process, using, write_case

WAITING = """\
import sys
{before}

class Waits:
    stateless = True

    def __init__(self, context):
        self.context = context

    def on_slice(self, market):
        if market.at == self.context.start:
            yield self.context.trade("bybit", "ETHUSDT-PERP", "SHORT", "1")
        elif market.at == self.context.start + 3_600_000_000_000:
            {there}

    def on_event(self, event):
        return ()

Chatty = Waits
"""
STOP_HERE = 'print("waiting", file=sys.stderr, flush=True); sys.stdin.readline()'


def waiting(folder: Path, *words: str, **places: str) -> "subprocess.Popen[str]":
    """Start a run whose strategy, or its module, says that it is there and reads a line of stdin."""
    write_case(folder, config=using("waits:Waits"))
    (folder / "waits.py").write_text(WAITING.format(**{"before": "", "there": "pass"} | places))
    started = process("run", "backtest.toml", "--out", "out", "--json", *words, cwd=folder)
    assert started.stderr is not None
    for line in started.stderr:
        if line == "waiting\n":
            return started
    raise AssertionError(started.wait())


def go_on(started: "subprocess.Popen[str]") -> Ended:
    out, err = started.communicate("\n")
    return Ended(started.returncode, out, err)


def test_what_a_strategy_prints_does_not_reach_the_stdout_of_json(tmp_path: Path) -> None:
    write_case(tmp_path, config=using("chatty:Chatty"))
    (tmp_path / "chatty.py").write_text(WAITING.format(before="print('words')", there="print('more')"))

    ended = execd("run", "backtest.toml", "--json", cwd=tmp_path)

    assert ended.code == 0
    assert ended.out.count("\n") == 1
    assert "words" in ended.err
    assert "more" in ended.err


@pytest.mark.parametrize(("number", "code", "name"), [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")])
def test_a_stopped_run_ends_in_order_with_the_result_so_far(
    number: signal.Signals, code: int, name: str, tmp_path: Path
) -> None:
    started = waiting(tmp_path, there=STOP_HERE)
    started.send_signal(number)

    ended = go_on(started)

    told = ended.object()
    assert (ended.code, told["exit"], told["error"]) == (code, code, f"stopped by {name}")
    assert (told["fills"], told["positions"]["bybit"]["ETHUSDT-PERP"]["amount"]) == (1, "-1")
    assert ended.err == f"interrupted: stopped by {name}; this is the result so far\n"
    last = exported(told["journal"])[-1]
    assert (last["type"], last["outcome"], last["reason"]) == ("RunEnded", "interrupted", f"stopped by {name}")
    assert execd("journal", "verify", told["journal"], cwd=tmp_path).code == 0


def test_a_second_signal_is_not_waited_for(tmp_path: Path) -> None:
    started = waiting(tmp_path, there=STOP_HERE)
    started.send_signal(signal.SIGINT)
    started.send_signal(signal.SIGTERM)

    started.wait()  # nobody wrote the line that the strategy reads

    ended = Ended(started.returncode, *started.communicate())
    assert (ended.code, ended.err) == (130, "stopped by Ctrl-C\n")
    assert ended.object() == {"error": "stopped by Ctrl-C", "exit": 130}
    assert execd("journal", "verify", "out/journal.sqlite", cwd=tmp_path).code == 1


def test_a_signal_before_the_run_ends_at_once_and_leaves_no_journal(tmp_path: Path) -> None:
    started = waiting(tmp_path, before=STOP_HERE)
    started.send_signal(signal.SIGTERM)

    started.wait()

    ended = Ended(started.returncode, *started.communicate())
    assert (ended.code, ended.err) == (143, "stopped by SIGTERM\n")
    assert ended.object() == {"error": "stopped by SIGTERM", "exit": 143}
    assert not (tmp_path / "out").exists()


def test_after_a_kill_verify_says_that_the_tail_is_missing(tmp_path: Path) -> None:
    started = waiting(tmp_path, there=STOP_HERE)
    started.kill()
    go_on(started)

    verified = execd("journal", "verify", "out/journal.sqlite", cwd=tmp_path)

    assert verified.code == 1
    assert "is missing: the last one is no RunEnded" in verified.out
    assert execd("run", "backtest.toml", "--out", "out", cwd=tmp_path).code == 2  # and it is not written over


@pytest.mark.parametrize("force", [False, True])
def test_a_second_run_on_one_journal_is_exit_2_and_names_the_process(force: bool, tmp_path: Path) -> None:  # noqa: FBT001
    started = waiting(tmp_path, there=STOP_HERE)

    second = execd("run", "backtest.toml", "--out", "out", "--json", *["--force"][:force], cwd=tmp_path)

    assert second.code == 2
    assert f"process {started.pid} is writing this journal" in second.object()["error"]
    assert second.err.count("\n") == 1
    assert go_on(started).code == 0


@pytest.mark.parametrize("kilobytes", [40, 300])
def test_a_disk_that_takes_no_more_is_exit_1_one_line_and_one_object(kilobytes: int, tmp_path: Path) -> None:
    lines = "".join(a_line(number, amount="0.1") for number in range(2000))
    write_case(tmp_path, script=lines)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes << 10},) * 2); {CODE}"

    ended = execd("run", "backtest.toml", "--out", "out", "--json", cwd=tmp_path, code=limit)

    assert ended.code == 1
    assert re.fullmatch(r"failed: .*journal\.sqlite: entries from \d+ on were not \w+: .*\n", ended.err)
    told = ended.object()
    assert told["exit"] == 1
    assert told["journal"] == str(tmp_path / "out" / "journal.sqlite")
    assert "were not" in told["error"]
    assert execd("journal", "verify", told["journal"], cwd=tmp_path).code == 1
