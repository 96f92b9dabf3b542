"""Runs the cases, interleaved, each in a fresh process, and says what came out."""

import importlib.util
import json as json_format
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from ops.bench import data
from ops.bench.case import minutes
from ops.screen import stderr, stdout

TIMES = 10
"""How much larger the second size is."""
CASES = ("orders_journaled", "orders_no_journal", "events")
MUSTS = {"orders_journaled": 10_000, "orders_no_journal": 20_000, "events": 150_000}
"""A second, on a quiet machine."""
AIMS = {"orders_journaled": 20_000, "orders_no_journal": 40_000, "events": 300_000}
PEER_MUSTS = {"orders_journaled": 1.5, "orders_no_journal": 3.0}
"""At least so many times the peer's orders a second."""
GROWTH = 10.5
"""Ten times the work must take at most so many times as long."""
_TITLES = {
    "orders_journaled": "market orders, journal on disk",
    "orders_no_journal": "market orders, no journal",
    "events": "market events, no orders, journal on disk",
    "backtrader": "market orders in backtrader",
}

Figures = dict[str, float]


def bench_command(*, json: bool, runs: int, size: int, peer: str | None) -> int:
    """Measure, and print a table or one JSON object. Returns the exit code."""
    if size % 1_000:
        print("--size: expected a multiple of 1000", file=sys.stderr)  # noqa: T201 - one line
        return 2
    if peer is not None and (peer != "backtrader" or importlib.util.find_spec(peer) is None):
        print(f"--peer: {peer} is not known or not installed here, expected backtrader", file=sys.stderr)  # noqa: T201
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        told = measure(Path(temporary), runs=runs, size=size, peer=peer)
    if json:
        print(json_format.dumps(told))  # noqa: T201 - for machines
    else:
        _show(told)
    return 0


def measure(folder: Path, *, runs: int, size: int, peer: str | None) -> dict[str, object]:
    """Run all cases `runs` times in turn, at `size` and at ten times that."""
    plan = [(case, scale * size) for case in CASES for scale in (1, TIMES)]
    if peer is not None:
        plan.append((peer, size))
    for needed in {minutes(case, amount) for case, amount in plan if case != peer}:
        data.write(folder / str(needed), minutes=needed)
    found: dict[tuple[str, int], list[Figures]] = {place: [] for place in plan}
    for run in range(runs):
        for case, amount in plan:
            stderr().print(f"run {run + 1} of {runs}: {_TITLES[case]}, {amount:,}")
            found[case, amount].append(_child(case, amount, folder / str(minutes(case, amount))))
    cases = {case: dict(_case(case, size, found)) for case in (*CASES, *([peer] if peer else []))}
    return {
        "machine": {"cpu": cpu_name(), "cores": _cores(), "python": platform.python_version()},
        "runs": runs,
        "size": size,
        "cases": cases,
        "times_peer": {} if peer is None else _times(cases, peer),
    }


def _times(cases: dict[str, dict[str, Any]], peer: str) -> dict[str, dict[str, float | bool]]:
    """Return how many times as many orders a second as the peer's, and whether that is as many as it must be."""
    told: dict[str, dict[str, float | bool]] = {}
    for case, must in PEER_MUSTS.items():
        times = cases[case]["per_second"] / cases[peer]["per_second"]
        told[case] = {"times": round(times, 2), "must": must, "met": times >= must}
    return told


def _case(case: str, size: int, found: dict[tuple[str, int], list[Figures]]) -> Iterator[tuple[str, object]]:
    small = found[case, size]
    rates = sorted(each["count"] / each["seconds"] for each in small)
    yield "per_second", round(statistics.median(rates))
    yield "per_second_min_max", [round(rates[0]), round(rates[-1])]
    yield "peak_mb", round(statistics.median(each["peak_mb"] for each in small), 1)
    large = found.get((case, TIMES * size))
    if large:
        yield "ten_times_the_work_takes", round(_median(large, "seconds") / _median(small, "seconds"), 2)
        yield "ten_times_the_work_needs_memory", round(_median(large, "peak_mb") / _median(small, "peak_mb"), 3)
        yield "per_second_at_ten_times", round(TIMES * small[0]["count"] / _median(large, "seconds"))
    if case in MUSTS:
        yield "must", MUSTS[case]
        yield "aim", AIMS[case]
        grown = _median(large, "seconds") / _median(small, "seconds") if large else 0.0
        yield "met", statistics.median(rates) >= MUSTS[case] and grown <= GROWTH


def _median(figures: list[Figures], key: str) -> float:
    return statistics.median(each[key] for each in figures)


def _child(case: str, size: int, folder: Path) -> Figures:
    command = [sys.executable, "-m", "ops.bench.case", case, str(size), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode:
        raise SystemExit(f"{case} failed: {done.stderr.strip() or done.stdout.strip()}")
    figures: Figures = json_format.loads(done.stdout.splitlines()[-1])
    return figures


def cpu_name() -> str:
    """Return what the processor is called."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _cores() -> int:
    import os  # noqa: PLC0415 - once

    return os.cpu_count() or 1


def _show(told: dict[str, object]) -> None:
    machine, cases = told["machine"], told["cases"]
    if not isinstance(machine, dict) or not isinstance(cases, dict):
        raise TypeError("measure() gave something else")
    screen = stdout()
    screen.print(
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}; median of {told['runs']} runs"
    )
    table = Table(box=None)
    for title in ("case", "a second", "min-max", "must", "aim", "met", "10x work takes", "peak MB", "10x needs"):
        table.add_column(title, justify="left" if title == "case" else "right")
    for case, figures in cases.items():
        low, high = figures["per_second_min_max"]
        table.add_row(
            _TITLES[case],
            f"{figures['per_second']:,}",
            f"{low:,}-{high:,}",
            f"{figures.get('must', ''):,}" if "must" in figures else "",
            f"{figures.get('aim', ''):,}" if "aim" in figures else "",
            {True: "yes", False: "no"}.get(figures.get("met"), ""),
            f"{figures['ten_times_the_work_takes']} x" if "ten_times_the_work_takes" in figures else "",
            str(figures["peak_mb"]),
            f"{figures['ten_times_the_work_needs_memory']} x" if "ten_times_the_work_needs_memory" in figures else "",
        )
    screen.print(table)
    for case, figures in (told["times_peer"] or {}).items():  # type: ignore[attr-defined]  # as above
        met = "met" if figures["met"] else "missed"
        screen.print(f"{_TITLES[case]}: {figures['times']} times the peer, at least {figures['must']} wanted: {met}")
