"""``execd demo`` and ``execd data sample``: the whole thing on synthetic data, told so that strangers understand it."""

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actors.errors import BadInputError, ExecdError
from actors.journal.reader import JournalReader
from messages.orders import OrderFilled
from messages.units import plain
from ops import backtest
from ops.hints import command, typed
from ops.out_folder import default_out, refuse_taken
from ops.result import Result
from ops.run_command import Ready, money, negative, perform, refuse
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
    folder = out or default_out(Path("demo.toml"), dt.datetime.now(dt.UTC))
    config = folder / "demo.toml"

    def prepare() -> Ready:
        refuse_taken(folder, force=False)
        print(f"writing {DAYS} days of synthetic prices and funding to {folder / 'data'}", file=sys.stderr)  # noqa: T201
        write_sample(folder / "data", seed=SEED, days=DAYS)
        try:
            if not _holds(config, CONFIG):
                with config.open("x", encoding="utf-8") as file:
                    file.write(CONFIG)
        except FileExistsError:
            raise BadInputError(f"{config}: is there, and not the demo's: choose another --out") from None
        except OSError as error:
            raise BadInputError(f"{config}: can't be written: {error.strerror}") from None
        prepared = backtest.prepare(config)
        return prepared, backtest.open_journal(folder, prepared, force=False)

    return perform(prepare, json=json, show=lambda screen, result: explain(screen, result, config))


def _holds(path: Path, text: str) -> bool:
    """Whether a file is what an earlier demo left that did not come to its journal."""
    return path.is_file() and path.read_bytes() == text.encode()


def explain(screen: Console, result: Result, config: Path) -> None:
    """Say what was done and what it brought, to somebody who sees it for the first time."""
    screen.print("\n[bold]Cash and carry[/bold]: buy ETH, and sell as much of the perpetual future short.")
    screen.print("Price moves cancel out. What stays is the funding that longs pay to shorts,")
    screen.print("less the costs. The prices are made up: they say nothing about any market.\n")
    screen.print(_trades(result))
    price = Decimal(result.attribution["price"]) + Decimal(result.attribution["basis"])
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("equity at the start", f"{money(result.equity_start)} USDT")
    table.add_row("  funding received", f"{money(result.funding, signed=True)} USDT")
    table.add_row("  fees paid", f"{money(negative(result.fees), signed=True)} USDT")
    table.add_row("  slippage paid", f"{money(result.attribution['slippage'], signed=True)} USDT")
    table.add_row("  prices, both legs together", f"{money(str(price), signed=True)} USDT")
    table.add_row("equity at the end", f"{money(result.equity_end)} USDT")
    screen.print()
    screen.print(table)
    share = Decimal(result.pnl) / Decimal(result.equity_start)
    screen.print(f"\nThat is {share:+.2%} in {DAYS - 2} days.")
    screen.print(f"{result.market_events:,} market events went through the actors in {result.wall_seconds:.1f} s.")
    journal = typed(Path(result.journal or ""))
    screen.print(f"Every step of it is in the journal: {escape(journal)}", soft_wrap=True)
    if result.report is not None:
        screen.print(f"In pictures, for a browser: {escape(typed(Path(result.report)))}", soft_wrap=True)
    screen.print("\nWhat to type next:")
    for what, words in (
        ("the last steps, for people", f"journal show {journal} --limit 20"),
        ("was anything in it changed, or lost?", f"journal verify {journal}"),
        ("the same once more: change the file, and see", f"run {typed(config)}"),
    ):
        screen.print(f"  # {what}\n  {escape(f'{command()} {words}')}", soft_wrap=True)


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
