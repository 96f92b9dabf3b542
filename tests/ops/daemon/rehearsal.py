"""A rehearsal: a local exchange and the daemon as processes of their own, killed and started again, and compared.

What the exchange has on record is the truth; what the journal says must be the same.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.ops.started import CODE, environment

SYMBOLS = {
    ("binance", "SPOT"): "ETHUSDT",
    ("binance", "PERP"): "ETHUSDT",
    ("bybit", "SPOT"): "ETHUSDT",
    ("bybit", "PERP"): "ETHUSDT",
    ("okx", "SPOT"): "ETH-USDT",
    ("okx", "PERP"): "ETH-USDT-SWAP",
}
"""The venues' own names of the two markets that are traded."""
PAIRS = {"SPOT": "ETH/USDT", "PERP": "ETHUSDT-PERP"}
READY_S = 60.0

FAULTS: Sequence[Mapping[str, Any]] = (
    {"kind": "accept_then_drop", "endpoint": "place", "probability": 0.12},
    {"kind": "accept_then_timeout", "endpoint": "place", "probability": 0.03},
    {"kind": "drop_before_accept", "endpoint": "place", "probability": 0.08},
    {"kind": "error_after", "endpoint": "place", "probability": 0.05},
    {"kind": "error_before", "endpoint": "place", "probability": 0.05},
    {"kind": "html_body", "endpoint": "place", "probability": 0.04},
    {"kind": "empty_body", "endpoint": "place", "probability": 0.04},
    {"kind": "delay", "endpoint": "place", "probability": 0.05, "ms": 400},
    {"kind": "delay_answer", "endpoint": "place", "probability": 0.05, "ms": 400},
    {"kind": "http_429", "endpoint": "place", "probability": 0.03},
    {"kind": "partial_fill", "probability": 0.1},
    {"kind": "late_fills", "probability": 0.1, "ms": 500},
    {"kind": "late_order", "probability": 0.1, "ms": 500},
    {"kind": "accept_then_drop", "endpoint": "cancel", "probability": 0.15},
    {"kind": "drop_before_accept", "endpoint": "cancel", "probability": 0.1},
    {"kind": "html_body", "endpoint": "cancel", "probability": 0.05},
    {"kind": "stale_reads", "probability": 0.05, "ms": 300},
    {"kind": "error_before", "endpoint": "open_orders", "probability": 0.05},
    {"kind": "empty_body", "endpoint": "lookup", "probability": 0.05},
    {"kind": "html_body", "endpoint": "trades", "probability": 0.05},
    {"kind": "duplicate_frame", "probability": 0.1},
    {"kind": "missing_frame", "probability": 0.1},
    {"kind": "late_frame", "probability": 0.1, "ms": 300},
    {"kind": "swapped_frames", "probability": 0.1},
    {"kind": "stream_cut", "probability": 0.02},
)


_AT_WORK = 0.8
"""Share of the kills that wait until the daemon has begun."""


class Exchange:
    """The local exchange, as a process."""

    def __init__(
        self, folder: Path, *, seed: int, faults: Iterable[Mapping[str, Any]], limits: int = 1_000, port: int = 0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.state = folder / "exchange"
        played = folder / "faults.jsonl"
        played.write_text("".join(json.dumps(each) + "\n" for each in faults))
        words = ["testbed", "exchange", "--port", str(port), "--state", str(self.state), "--seed", str(seed)]
        words += ["--faults", str(played), "--limits", str(limits)]
        self.errors = folder / "exchange.err"
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", CODE, *words],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment(),
            )
        line = _first_line(self.process)
        word, given, ca_file = line.split(" ", 2) if line.startswith("ready ") else ("", "", line)
        assert word == "ready", f"the exchange did not start: {line} {self.errors.read_text()}"
        self.port, self.ca_file = int(given), ca_file.strip()

    @property
    def record(self) -> Path:
        return self.state / "record.sqlite"

    def stop(self) -> int:
        """Stop it in order, so that its record is whole."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def _first_line(process: subprocess.Popen[str]) -> str:
    """Return what a process says first, within a time."""
    lines: list[str] = []
    out = process.stdout
    assert out is not None
    reader = threading.Thread(target=lambda: lines.append(out.readline()), daemon=True)
    reader.start()
    reader.join(READY_S)
    return lines[0] if lines else ""


class Desk:
    """A folder from which the daemon is run."""

    def __init__(  # noqa: PLR0913 - what a test does not care about it leaves out
        self,
        folder: Path,
        exchange: Exchange,
        *,
        venues: Sequence[str],
        lines: Sequence[Mapping[str, Any]],
        unknown: str = "margin_ms = 300\nhorizon_s = 60\n",
        per_venue: str = "validity_ms = 1000\npoll_s = 0.3\nreconcile_s = 1\n",
        words: Sequence[str] = (sys.executable, "-c", CODE),
        adopt: bool = True,
        exit_when_done: bool = True,
        more: str = "",
        instruments: Sequence[str] = ("ETH/USDT", "ETHUSDT-PERP"),
    ) -> None:
        self.folder = folder
        self.words = words
        folder.mkdir(parents=True, exist_ok=True)
        keys = folder / "keys"
        if not keys.exists():
            shutil.copytree(exchange.state / "keys", keys)
        self.config = folder / "live.toml"
        text = f'[mode]\ntype = "live"\nadopt = {json.dumps(adopt)}\n[secrets]\ndir = "keys"\n'
        text += f'[journal]\npath = "state/journal.sqlite"\n{more}'
        text += f"[unknown]\n{unknown}" if unknown else ""
        for venue in venues:
            text += f'[venues.{venue}]\nkind = "cex"\ncredentials = "{venue}"\n'
            text += f"instruments = {json.dumps(list(instruments))}\n{per_venue}"
            text += f'[venues.{venue}.endpoint]\nconnect_to = "127.0.0.1:{exchange.port}"\n'
            text += f'ca_file = "{exchange.ca_file}"\n'
        text += '[strategy]\nuse = "script"\n[strategy.params]\nfile = "instructions.jsonl"\n'
        self.config.write_text(f"{text}exit_when_done = {json.dumps(exit_when_done)}\n")
        self.give(lines)
        self.journal = folder / "state" / "journal.sqlite"
        self.log = folder / "daemon.log"

    def give(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write the script, for the next start."""
        (self.folder / "instructions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def start(self) -> subprocess.Popen[bytes]:
        """Start the daemon."""
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [*self.words, "run", str(self.config), "--json"], stdout=log, stderr=log, env=environment()
            )

    def begun(self) -> int:
        """Return how many daemons have begun to work so far: their journal is folded, and the venues are next."""
        return self.log.read_text().count(" RunStarted: ") if self.log.exists() else 0

    def run_to_the_end(self, timeout_s: float) -> int:
        """Run the daemon until it ends by itself, and return its exit code."""
        process = self.start()
        try:
            return process.wait(timeout_s)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def kill_again_and_again(
    desk: Desk,
    draw: random.Random,
    *,
    kills: int,
    longest_s: float,
    more: Callable[[int], Iterable[Mapping[str, Any]]],
) -> int:
    """Start the daemon and kill it at drawn moments: most of them while it works, some while it starts.

    Args:
        desk: Its folder.
        draw: Of the moments.
        kills: How often.
        longest_s: From its beginning to the kill, at the latest.
        more: Returns the lines that the script has more at each start, which is numbered from 0: however long a start
            takes on a busy machine, each daemon has work of its own.

    Returns:
        How often it was killed after it had begun, and before it had ended by itself.
    """
    at_work, lines = 0, list[Mapping[str, Any]]()
    for number in range(kills):
        lines += more(number)
        desk.give(lines)
        before = desk.begun()
        process = desk.start()
        if draw.random() < _AT_WORK:
            while desk.begun() == before and not _ends_within(process, 0.02):
                pass
        if not _ends_within(process, draw.uniform(0, longest_s)):
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            at_work += desk.begun() > before
    return at_work


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def script(
    draw: random.Random, venues: Sequence[str], *, count: int, price: float, spread_s: float, part: int = 0
) -> list[dict[str, Any]]:
    """Return lines of all kinds, due over a span of time from now on; of a script in parts, one of them."""
    lines: list[dict[str, Any]] = []
    now = time.time()

    def due(number: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + number / count * spread_s))

    for number in range(count):
        name, trade_type = f"n{part * count + number}", draw.choice(["SPOT", "PERP"])
        line: dict[str, Any] = {
            "id": name,
            "at": due(number),
            "venue_type": "cex",
            "venue": draw.choice(list(venues)),
            "trade_type": trade_type,
            "pair": PAIRS[trade_type],
            "side": draw.choice(["BUY", "SELL"] if trade_type == "SPOT" else ["LONG", "SHORT"]),
            "amount": draw.choice(["0.1", "0.25", "0.5"]),
        }
        up = line["side"] in {"BUY", "LONG"}
        far = f"{price * (0.9 if up else 1.1):.2f}"
        kind = draw.choice(["market", "market", "ioc", "near", "far", "far for a while", "stop"])
        if kind == "ioc":
            line |= {"order_type": "LIMIT", "time_in_force": "IOC", "price": f"{price * (1.01 if up else 0.99):.2f}"}
        elif kind == "near":
            line |= {"order_type": "LIMIT", "price": f"{price * (1.004 if up else 0.996):.2f}"}
        elif kind.startswith("far"):
            line |= {"order_type": "LIMIT", "price": far}
        elif kind == "stop":
            line |= {"order_type": "STOP_MARKET", "trigger_price": f"{price * (1.2 if up else 0.8):.2f}"}
        lines.append(line)
        if kind == "far":
            lines.append({"at": due(number), "cancel": name})
        elif kind in {"far for a while", "stop"}:  # over some kills
            if kind != "stop":
                lines.append({"at": due(number + 2), "amend": name, "amount": "0.05"})
            lines.append({"at": due(number + draw.uniform(3, 9)), "cancel": name})
    return lines


@contextlib.contextmanager
def exchange(
    folder: Path, *, seed: int, faults: Iterable[Mapping[str, Any]] = (), limits: int = 1_000, port: int = 0
) -> Iterator[Exchange]:
    """Run a local exchange for as long as the block lasts."""
    running = Exchange(folder, seed=seed, faults=faults, limits=limits, port=port)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        if running.process.stdout is not None:
            running.process.stdout.close()
