"""Starts execd in a process of its own, as a shell would, and a small run to start it with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from ops.sample_data import write_sample

ROOT = Path(__file__).resolve().parents[2]
CODE = "from ops.cli import main; main()"
CONFIG = """\
[mode]
type = "backtest"
start = 2024-01-02T00:00:00Z
end = 2024-01-04T00:00:00Z
seed = 7
[data]
dir = "data"
[accounts.bybit]
USDT = "100000"
[venues.bybit]
kind = "cex"
[strategy]
use = "script"
[strategy.params]
file = "instructions.jsonl"
"""
LINE = (
    '{"id": "a1", "at": "2024-01-02T01:00:00Z", "venue_type": "cex", "venue": "bybit", "trade_type": "PERP", '
    '"pair": "ETHUSDT-PERP", "side": "SHORT", "amount": "1.5"}\n'
)


def a_line(number: int, **change: object) -> str:
    """Return another line of a script, with some keys changed."""
    return json.dumps(json.loads(LINE) | {"id": f"a{number}"} | change) + "\n"


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str

    def object(self) -> dict[str, Any]:
        """Return the last line of stdout as the object that it must be."""
        told = json.loads(self.out.splitlines()[-1])
        assert isinstance(told, dict)
        return told


def environment(**more: str) -> dict[str, str]:
    """Return the environment without what says how these tests were started."""
    left_out = {"EXECD_LAUNCHER", "UV_RUN_RECURSION_DEPTH", "COLUMNS", "PYTHONPATH"}
    return {key: value for key, value in os.environ.items() if key not in left_out} | {"PYTHONPATH": str(ROOT)} | more


def process(*words: str, cwd: Path, code: str = CODE, **more: str) -> subprocess.Popen[str]:
    """Start execd with pipes."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", code, *words],
        cwd=cwd, env=environment(**more), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def execd(*words: str, cwd: Path, code: str = CODE, **more: str) -> Ended:
    """Run execd to its end."""
    started = process(*words, cwd=cwd, code=code, **more)
    out, err = started.communicate()
    return Ended(started.returncode, out, err)


def exported(journal: Path | str) -> list[dict[str, Any]]:
    """Return the lines of ``execd journal export``."""
    ended = execd("journal", "export", str(journal), cwd=ROOT)
    assert (ended.code, ended.err) == (0, "")
    return [json.loads(line) for line in ended.out.splitlines()]


def write_case(folder: Path, *, config: str = CONFIG, script: str = LINE, days: int = 3) -> Path:
    """Write a config, its script and its data; returns the config."""
    write_sample(folder / "data", days=days)
    (folder / "instructions.jsonl").write_text(script)
    path = folder / "backtest.toml"
    path.write_text(config)
    return path


def using(strategy: str, *, on_error: str = "stop") -> str:
    """Return the config with another strategy."""
    return CONFIG[: CONFIG.index("[strategy]")] + f'[strategy]\nuse = "{strategy}"\non_error = "{on_error}"\n'
