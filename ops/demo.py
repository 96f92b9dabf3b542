"""``execd demo`` and ``execd data sample``: the whole thing on synthetic data, told so that strangers understand it."""

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actors.errors import ExecdError
from actors.journal.reader import JournalReader
from messages.orders import OrderFilled
from messages.units import plain
from ops import backtest
from ops.result import Result
from ops.run_command import execute, money, negative, refuse
from ops.sample_data import write_sample

SEED, DAYS = 7, 500
CONFIG = """\
# The demo's config: change it, and run it with "execd run".
[mode]
type = "backtest"
start = 2024-01-02T00:00:00Z
end = 2025-05-14T00:00:00Z
seed = 7

[data]
dir = "data"          # synthetic: see data/README.md
resolution = "1h"

[accounts.bybit]
USDT = "100000"

[venues.bybit]
kind = "cex"          # fees and trading rules come with execd

[venues.bybit.slippage]
model = "fixed"
bps = "1"

[strategy]
use = "hold_basis"    # buys spot, shorts as much of the perp, closes both at the end

[strategy.params]
venue = "bybit"
base = "ETH"
amount = "20"
"""
_WHAT = {
    "open-spot": "bought spot",
    "open-perp": "sold the perp short",
    "close-spot": "sold the spot",
    "close-perp": "bought the perp back",
}


def sample_command(folder: Path, *, seed: int, days: int) -> int:
    """Write the synthetic data set alone. Returns the exit code."""
    try:
        files = write_sample(folder, seed=seed, days=days)
    except ExecdError as error:
        return refuse(error, json=False)
    for file in files:
        print(file)  # noqa: T201 - names for other programs to read
    return 0


def demo_command(*, out: Path | None, json: bool) -> int:
    """Write the data and a config, run it, and explain what came of it. Returns the exit code."""
    folder = out or backtest.default_out(Path("demo.toml"), dt.datetime.now(dt.UTC))
    config = folder / "demo.toml"
    try:
        backtest.refuse_taken(folder, force=False)
        print(f"writing {DAYS} days of synthetic prices and funding to {folder / 'data'}", file=sys.stderr)  # noqa: T201
        write_sample(folder / "data", seed=SEED, days=DAYS)
        config.write_text(CONFIG, encoding="utf-8")
        prepared = backtest.prepare(config)
        store = backtest.open_journal(folder, prepared, force=False)
    except OSError as error:
        print(f"{folder}: {error.strerror}", file=sys.stderr)  # noqa: T201 - as it is
        return 2
    except ExecdError as error:
        return refuse(error, json=json)
    return execute(prepared, store, json=json, show=lambda screen, result: explain(screen, result, config))


def explain(screen: Console, result: Result, config: Path) -> None:
    """Say what was done and what it brought, to somebody who sees it for the first time."""
    screen.print("\n[bold]Cash and carry on synthetic prices[/bold]: ETH bought, as much of the perpetual sold short.")
    screen.print("Price moves cancel out; what stays is the funding that longs pay to shorts, less the costs.\n")
    screen.print(_trades(result))
    price = Decimal(result.pnl) - Decimal(result.funding) + Decimal(result.fees)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("equity at the start", f"{money(result.equity_start)} USDT")
    table.add_row("  funding received", f"{money(result.funding, signed=True)}")
    table.add_row("  fees paid", f"{money(negative(result.fees), signed=True)}")
    table.add_row("  prices, both legs together", f"{money(str(price), signed=True)}")
    table.add_row("equity at the end", f"{money(result.equity_end)} USDT")
    screen.print(table)
    share = Decimal(result.pnl) / Decimal(result.equity_start)
    screen.print(f"\nThat is {share:+.2%} in {DAYS - 2} days. The data is made up: it says nothing about any market.")
    screen.print(f"{result.market_events:,} market events went through the actors in {result.wall_seconds:.1f} s.\n")
    for line in (
        f"The journal, every step of it:   {result.journal}",
        f"  look at it                     execd journal show {result.journal}",
        f"  check that nobody changed it   execd journal verify {result.journal}",
        f"The config, to play with:        {config}",
        f"  run it again                   execd run {config}",
    ):
        screen.print(escape(line), soft_wrap=True)


def _trades(result: Result) -> Table:
    """Return what was traded, as the journal has it."""
    table = Table(box=None, pad_edge=False)
    for name, justify in (("when (UTC)", "left"), ("what", "left"), ("ETH", "right"), ("at USDT", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # rich's literals
    reader = JournalReader(Path(result.journal or ""))
    try:
        for record in reader.records():
            if isinstance(fill := record.entry, OrderFilled):
                when = dt.datetime.fromtimestamp(record.at / 1e9, dt.UTC)
                what = _WHAT[fill.instruction_id]
                table.add_row(f"{when:%Y-%m-%d %H:%M}", what, plain(fill.amount), money(plain(fill.price)))
    finally:
        reader.close()
    return table
