"""``execd run``: what it prints, and what it ends with.

Exit codes: 0 done; 1 failed while running; 2 bad input, nothing was run; 78 needs a person; 130 and 143 stopped by
Ctrl-C or SIGTERM, in order, with the result so far.
"""

import datetime as dt
import json as json_format
import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from actors.errors import BadInputError, ExecdError
from actors.journal.store import JournalStore
from ops import backtest
from ops.result import Result
from ops.screen import stderr, stdout

_SIGNALLED = {signal.SIGINT: (130, "Ctrl-C"), signal.SIGTERM: (143, "SIGTERM")}


def run_command(config: Path, *, out: Path | None, json: bool, journal: bool, force: bool) -> int:
    """Run a config file and say what came of it. Returns the exit code."""
    try:
        prepared = backtest.prepare(config)
        folder = out or backtest.default_out(config, dt.datetime.now(dt.UTC))
        store = backtest.open_journal(folder, prepared, force=force) if journal else None
    except ExecdError as error:
        return refuse(error, json=json)
    return execute(prepared, store, json=json, show=summary)


def execute(
    prepared: backtest.Prepared, store: JournalStore | None, *, json: bool, show: Callable[[Console, Result], None]
) -> int:
    """Run what is prepared, with a progress bar, and show what came of it. Returns the exit code."""
    for warning in prepared.warnings:
        print(f"note: {warning}", file=sys.stderr)  # noqa: T201 - as it is: no markup, no wrapping
    with _stoppable() as stop, _progress() as tell:
        result, ended = backtest.run(prepared, store, tell=tell, stop=stop)
    if result is not None and not json:
        show(stdout(), result)
    if ended.exit_code:
        print(f"{ended.outcome}: {ended.reason}", file=sys.stderr)  # noqa: T201 - as above
    if json:
        print_json(_object(result, ended))
    return ended.exit_code


def refuse(error: ExecdError, *, json: bool) -> int:
    """Say what is wrong with the input, and return the exit code."""
    lines = error.problems if isinstance(error, BadInputError) else (str(error),)
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201 - as it is: no markup, no wrapping
    if json:
        print_json({"error": "\n".join(lines), "exit": error.exit_code})
    return error.exit_code


def print_json(value: object) -> None:
    """Print one object as the last line of stdout."""
    print(json_format.dumps(msgspec.to_builtins(value), ensure_ascii=False), flush=True)  # noqa: T201 - for machines


def _object(result: Result | None, ended: backtest.Stopped) -> object:
    """Return what ``--json`` prints: the result, and where it did not end well what happened."""
    told = {} if result is None else msgspec.to_builtins(result)
    return {**told, "error": ended.reason, "exit": ended.exit_code} if ended.exit_code else told


@contextmanager
def _stoppable() -> Iterator[backtest.Stop]:
    """Turn Ctrl-C and SIGTERM into an orderly stop before the next slice; a second one is not waited for."""
    caught: list[int] = []

    def catch(number: int, _frame: types.FrameType | None) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)

    def stop() -> backtest.Stopped | None:
        if not caught:
            return None
        code, name = _SIGNALLED[signal.Signals(caught[0])]
        return backtest.Stopped(code, "interrupted", f"stopped by {name}; this is the result so far")

    before = {number: signal.signal(number, catch) for number in _SIGNALLED}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress() -> Iterator[backtest.Tell]:
    """Show a bar on stderr, if that is a terminal."""
    console = stderr()
    if not console.is_terminal:
        yield lambda _progress: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("running", total=1.0)

        def tell(progress: backtest.Progress) -> None:
            day = dt.datetime.fromtimestamp(progress.at / 1e9, dt.UTC)
            bar.update(task, completed=progress.share, description=f"{day:%Y-%m-%d}")

        yield tell


def summary(screen: Console, result: Result) -> None:
    """Print a result for people."""
    screen.print()
    screen.print(f"  instructions  {result.instructions:>10}")
    screen.print(f"  orders        {result.orders:>10}   fills {result.fills}, rejected by venues {result.rejections}")
    codes = ", ".join(f"{code} {count}" for code, count in result.refusals_by_code.items())
    screen.print(f"  refused       {result.refusals:>10}   {codes}".rstrip())
    screen.print(f"  market events {result.market_events:>10}   in {result.wall_seconds:.2f} s")
    screen.print()
    screen.print(f"  equity at start {money(result.equity_start):>20} USDT")
    screen.print(f"  equity at end   {money(result.equity_end):>20} USDT")
    screen.print(f"  profit and loss {money(result.pnl, signed=True):>20} USDT")
    screen.print(f"    of it funding {money(result.funding, signed=True):>20} USDT")
    screen.print(f"    of it fees    {money(negative(result.fees), signed=True):>20} USDT")
    for account, balances in result.balances.items():
        for asset, amount in balances.items():
            screen.print(f"  {account:<15} {amount:>20} {asset}")
    for venue, positions in result.positions.items():
        for symbol, held in positions.items():
            screen.print(f"  {venue:<15} {held.amount:>20} {symbol} from {money(held.entry_price)}")
    if result.journal is not None:
        screen.print(f"\n  journal  {escape(result.journal)}\n  hash     {result.journal_hash}", soft_wrap=True)


def money(text: str, *, signed: bool = False) -> str:
    """Return an amount with two decimals and thousands apart."""
    return f"{Decimal(text):{'+' if signed else ''},.2f}"


def negative(text: str) -> str:
    """Return an amount with the other sign."""
    return str(-Decimal(text))
