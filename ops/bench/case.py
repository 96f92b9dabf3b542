"""One run of one case in a process of its own: ``python -m ops.bench.case CASE SIZE DATA``. Prints a line of JSON."""

import json
import sys
import tempfile
import time
from pathlib import Path

from ops.bench import data

ORDER_SLICES = 1_000
"""Instants over which the orders of a case are spread."""
_CONFIG = """\
[mode]
type = "backtest"
start = 2024-01-01T00:01:00Z
end = {end}
[data]
dir = '{data}'
resolution = "1m"
[accounts.bybit]
USDT = "1000000000"
[venues.bybit]
kind = "cex"
[venues.bybit.slippage]
bps = "1"
[report]
enabled = false # what is measured is the way of orders and prices; the page comes after it, whatever went before
[strategy]
use = "ops.bench.flip:{strategy}"
[strategy.params]
each = "{each}"
"""


def minutes(case: str, size: int) -> int:
    """Return how many minutes of data a case needs."""
    return size * 10 // 2 if case == "events" else ORDER_SLICES


def run_execd(case: str, size: int, folder: Path) -> dict[str, float]:
    """Run a case through all the actors and return seconds, what was counted, and the events."""
    from ops import backtest  # noqa: PLC0415 - the peer does not pay for it

    end = data.START_MS * 1_000_000 + minutes(case, size) * data.MINUTE_MS * 1_000_000
    with tempfile.TemporaryDirectory() as temporary:
        config = Path(temporary) / "bench.toml"
        text = _CONFIG.format(
            end=f'"{_iso(end)}"',
            data=folder,
            strategy="Nothing" if case == "events" else "Flip",
            each=size // ORDER_SLICES,
        )
        config.write_text(text, encoding="utf-8")
        started = time.perf_counter()
        prepared = backtest.prepare(config)
        ready = time.perf_counter()
        store = None
        if case != "orders_no_journal":
            store = backtest.open_journal(Path(temporary) / "out", prepared, force=False)
        result, ended = backtest.run(prepared, store)
        done = time.perf_counter()
    if result is None or ended.exit_code or (case != "events" and result.fills != size):
        raise SystemExit(f"the benchmark's own run failed: {ended.reason or result}")
    count = result.market_events if case == "events" else result.fills
    return {"count": count, "seconds": done - ready, "prepare_seconds": ready - started}


def _peak_mb() -> float:
    """Return the most memory that this program held; `getrusage` would count what its parent held before it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("/proc/self/status says no VmHWM")


def _iso(nanoseconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanoseconds // 1_000_000_000))


def main() -> None:
    """Run what the command line says."""
    case, size, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if case == "backtrader":
        from ops.bench.backtrader_peer import run_backtrader  # noqa: PLC0415 - need not be installed

        figures = run_backtrader(size)
    else:
        figures = run_execd(case, size, folder)
    figures["peak_mb"] = _peak_mb()
    print(json.dumps(figures))  # noqa: T201 - for the parent


if __name__ == "__main__":
    main()
