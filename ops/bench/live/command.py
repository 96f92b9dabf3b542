"""Runs the cases at the venues, interleaved, each in a fresh process, and says what came out."""

import json as json_format
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from ops.bench.command import cpu_name
from ops.bench.live.exchange import VENUES, Place, cores, exchange
from ops.bench.live.judged import TARGETS, Figures, judged
from ops.exits import say
from ops.screen import stdout

CASES = ("orders", "cancels", "rate", "memory", "fold")
_CANCELS = 5


def live_command(*, json: bool, runs: int, size: int, entries: int, orders: int, venues: Sequence[str]) -> int:
    """Measure, and print a table or one JSON object. Returns the exit code.

    Args:
        json: Print an object.
        runs: Interleaved runs of each case.
        size: Orders of each way, for delays and CPU; twice as many at a steady rate.
        entries: Of the journal that is folded.
        orders: Over which memory is looked at.
        venues: Which ones; none: all.
    """
    unknown = [name for name in venues if name not in VENUES]
    if unknown:
        say(f"--venue: expected one of {', '.join(VENUES)}, not {unknown[0]}")
        return 2
    told = measure(venues or VENUES, runs=runs, sizes=sizes(size=size, entries=entries, orders=orders))
    if json:
        print(json_format.dumps(told))  # noqa: T201 - for machines
    else:
        _show(told)
    return 0


def sizes(*, size: int, entries: int, orders: int) -> dict[str, int]:
    """Return how large each case is."""
    return {"orders": size, "rate": size * 2, "cancels": _CANCELS, "memory": orders, "fold": entries}


def measure(venues: Sequence[str], *, runs: int, sizes: dict[str, int]) -> dict[str, Any]:
    """Run everything in turn. The fold knows no venue: it is run at the first one alone."""
    plan = [(case, venue) for case in CASES for venue in (venues if case != "fold" else venues[:1])]
    found: dict[tuple[str, str], list[Figures]] = {place: [] for place in plan}
    for run in range(runs):
        # A new one for each run: one that remembers many orders is slower.
        with tempfile.TemporaryDirectory() as folder, exchange(Path(folder)) as place:
            for case, venue in plan:
                say(f"run {run + 1} of {runs}: {case} at {venue}, {sizes[case]:,}")
                found[case, venue].append(_child(case, venue, sizes[case], place))
    return {
        "machine": {"cpu": cpu_name(), "pinned": cores()[0] is not None, "python": platform.python_version()},
        "runs": runs,
        "sizes": sizes,
        "venues": {venue: judged({case: found[case, venue] for case, at in plan if at == venue}) for venue in venues},
    }


def _child(case: str, venue: str, size: int, place: Place) -> Figures:
    words = [case, venue, str(size), str(place.state), str(place.port), str(place.ca_file)]
    command = [sys.executable, "-m", "ops.bench.live.case", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode:
        raise SystemExit(f"{case} at {venue} failed: {done.stderr.strip() or done.stdout.strip()}")
    figures: Figures = json_format.loads(done.stdout.splitlines()[-1])
    return figures


def _show(told: dict[str, Any]) -> None:
    screen, machine = stdout(), told["machine"]
    pinned = "exchange and execd on a core each" if machine["pinned"] else "one core for everything"
    screen.print(f"{machine['cpu']}, {pinned}, Python {machine['python']}; median of {told['runs']} runs")
    table = Table(box=None)
    for title in ("", "venue", "measured", "min-max", "must", "aim", "met"):
        table.add_column(title, justify="left" if title in {"", "venue"} else "right")
    for name, target in TARGETS.items():
        for venue, each in told["venues"].items():
            if name in each["targets"]:
                table.add_row(target.title, venue, *_row(each["targets"][name]))
    screen.print(table)
    for venue, each in told["venues"].items():
        for case, figures in each["figures"].items():
            shown = ", ".join(f"{name} {value:,.10g}" for name, value in figures.items())
            screen.print(f"{venue} {case}: {shown}", soft_wrap=True)


def _row(target: dict[str, Any]) -> tuple[str, ...]:
    low, high = target["min_max"]
    met = ("missed", "met")[target["met"]]
    if "aim" in target:
        met += ", aim met" if target["aim_met"] else ", aim missed"
    aim = f"{target['aim']:,.10g}" if "aim" in target else ""
    return f"{target['value']:,.10g}", f"{low:,.10g}-{high:,.10g}", f"{target['must']:,.10g}", aim, met
