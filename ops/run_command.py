"""``execd run``: what it prints, and what it ends with (ops/exits.py has the exit codes)."""

import datetime as dt
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout, suppress
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from actors.data.feed import Feed
from actors.errors import BadInputError, ExecdError
from actors.journal.store import JournalStore
from ops import backtest
from ops.exits import Signalled, one_line, orderly, print_json, say
from ops.hints import typed
from ops.out_folder import default_out
from ops.result import Result
from ops.screen import stderr, stdout

Ready = tuple[backtest.Prepared, JournalStore | None]


def run_command(config: Path, *, out: Path | None, json: bool, journal: bool, force: bool) -> int:
    """Run a config file and say what came of it. Returns the exit code."""

    def prepare() -> Ready:
        prepared = backtest.prepare(config)
        folder = out or default_out(config, dt.datetime.now(dt.UTC))
        return prepared, backtest.open_journal(folder, prepared, force=force) if journal else None

    return perform(prepare, json=json, show=summary)


def refuse_file(out: Path | None) -> None:
    """Refuse a file where a folder is wanted.

    Raises:
        BadInputError: It is one.
    """
    if out is not None and out.exists() and not out.is_dir():
        raise BadInputError(f"--out: {out}: is a file, expected a folder, or the name of a new one")


def perform(prepare: Callable[[], Ready], *, json: bool, show: Callable[[Console, Result], None]) -> int:
    """Prepare a run, do it with a progress bar, and show what came of it. Returns the exit code.

    Args:
        prepare: Reads what the run needs, and opens its journal.
        json: Print one object instead; what a strategy prints meanwhile goes to stderr.
        show: Prints the result of a run that came to its end.
    """
    try:
        with _prints_aside() if json else nullcontext():
            prepared, store = prepare()
            result, ended = _run(prepared, store)
    except ExecdError as error:
        return refuse(error, json=json)
    if result is not None and not json:
        with suppress(SystemExit):  # what rich makes of a closed pipe (`| head`)
            (summary if ended.exit_code else show)(stdout(), result)
    if ended.exit_code:
        so_far = "; this is the result so far" if result is not None else ""
        say(f"{ended.outcome}: {one_line(ended.reason)}{so_far}")
    if json:
        print_json(_object(result, ended, store))
    return ended.exit_code


def refuse(error: ExecdError, *, json: bool) -> int:
    """Say what is wrong with the input, and return the exit code."""
    lines = [one_line(line) for line in (error.problems if isinstance(error, BadInputError) else (str(error),))]
    for line in lines:
        say(line)
    if json:
        print_json({"error": "\n".join(lines), "exit": error.exit_code})
    return error.exit_code


def _prints_aside() -> AbstractContextManager[object]:
    """Send what others print to stderr: stdout is for machines."""
    return redirect_stdout(sys.stderr)


def _run(prepared: backtest.Prepared, store: JournalStore | None) -> tuple[Result | None, backtest.Stopped]:
    for warning in prepared.warnings:
        say(f"note: {one_line(warning)}")
    with orderly() as caught, _progress(prepared.feed) as tell:
        try:
            return backtest.run(prepared, store, tell=tell, stop=lambda: _stopped(caught()))
        except ExecdError as error:  # such as a full disk: the journal itself could not be closed in order
            return None, backtest.Stopped(error.exit_code, "failed", str(error))
        except SystemExit as error:  # no exception that a strategy's host would catch
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}:{frame.lineno}"
            return None, backtest.Stopped(1, "failed", f"the strategy ended the process at {where}: {error!r}")


def _stopped(caught: Signalled | None) -> backtest.Stopped | None:
    return None if caught is None else backtest.Stopped(caught.exit_code, "interrupted", str(caught))


def _object(result: Result | None, ended: backtest.Stopped, store: JournalStore | None) -> object:
    """Return what ``--json`` prints: the result, and where it did not end well what happened."""
    told = {"journal": None if store is None else str(store.path)} if result is None else msgspec.to_builtins(result)
    return {**told, "error": ended.reason, "exit": ended.exit_code} if ended.exit_code else told


@contextmanager
def _progress(feed: Feed) -> Iterator[backtest.Tell]:
    """Show on stderr, if that is a terminal, how far a run is, how fast, and how long it will take."""
    console = stderr()
    if not console.is_terminal:
        yield lambda _progress: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rate]:>9} events/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    own_stdout = not sys.stdout.isatty()  # what a strategy prints into a file or a pipe must not come out at the bar
    with Progress(*columns, console=console, transient=True, expand=True, redirect_stdout=not own_stdout) as bar:
        task = bar.add_task("running", total=1.0, rate="")
        began = time.perf_counter()

        def tell(progress: backtest.Progress) -> None:
            day = dt.datetime.fromtimestamp(progress.at / 1e9, dt.UTC)
            passed = time.perf_counter() - began
            rate = f"{feed.market_events / passed:,.0f}" if passed else ""
            bar.update(task, completed=progress.share, description=f"{day:%Y-%m-%d}", rate=rate)

        yield tell


def summary(screen: Console, result: Result) -> None:
    """Print a result for people."""
    screen.print()
    screen.print(f"  instructions  {result.instructions:>10}")
    screen.print(f"  orders        {result.orders:>10}   fills {result.fills}, rejected by venues {result.rejections}")
    codes = ", ".join(f"{code} {count}" for code, count in result.refusals_by_code.items())
    screen.print(f"  refused       {result.refusals:>10}   {codes}".rstrip())
    _point_out(screen, result)
    screen.print(f"  market events {result.market_events:>10}   in {result.wall_seconds:.2f} s")
    screen.print()
    screen.print(f"  equity at start {money(result.equity_start):>20} USDT")
    screen.print(f"  equity at end   {money(result.equity_end):>20} USDT")
    screen.print(f"  profit and loss {money(result.pnl, signed=True):>20} USDT")
    for kind, amount in result.attribution.items():
        if kind == "liquidation" and not result.liquidations:
            continue
        screen.print(f"    {kind:<14}{money(amount, signed=True):>20} USDT")
    screen.print(f"  largest fall    {Decimal(result.max_drawdown):>20.2%} of the highest equity before")
    for account, balances in result.balances.items():
        for asset, amount in balances.items():
            screen.print(f"  {account:<15} {amount:>20} {asset}")
    for venue, positions in result.positions.items():
        for symbol, held in positions.items():
            screen.print(f"  {venue:<15} {held.amount:>20} {symbol} from {money(held.entry_price)}")
    if result.journal is not None:
        screen.print(f"\n  journal  {escape(typed(Path(result.journal)))}", soft_wrap=True)
        screen.print(f"  hash     {result.journal_hash}", soft_wrap=True)
    if result.report is not None:
        screen.print(f"  report   {escape(typed(Path(result.report)))}", soft_wrap=True)


def _point_out(screen: Console, result: Result) -> None:
    """Print what seldom happens, where it did."""
    if result.cancels_refused:
        screen.print(f"  not cancelled {result.cancels_refused:>10}   cancels and amends that execd refused")
    if result.skipped:
        screen.print(f"  [bold red]skipped[/bold red]       {result.skipped:>10}   errors passed over, see the journal")
    if result.liquidations:
        screen.print(f"  [bold red]liquidated[/bold red]    {result.liquidations:>10}   positions closed by a venue")


def money(text: str, *, signed: bool = False) -> str:
    """Return an amount with two decimals and thousands apart."""
    return f"{Decimal(text):{'+' if signed else ''},.2f}"


def negative(text: str) -> str:
    """Return an amount with the other sign."""
    return str(-Decimal(text))
