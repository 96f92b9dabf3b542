"""The command line. Every command imports what it needs when it is called, so that ``execd --help`` answers at once."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ops.exits import UsageError, ended
from ops.hints import command
from ops.own_packages import check

app = typer.Typer(
    name="execd",
    help=f"Backtests, and later trades, through the same actors. Start with: {command()} demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Market data: look through a folder, or write a synthetic sample.", no_args_is_help=True)
journal_app = typer.Typer(help="Read a journal: show, export, verify.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(journal_app, name="journal")


def _path(text: str) -> Path:
    if not text:  # Path("") is the folder we stand in, and nobody means that
        raise typer.BadParameter("it is empty, expected a path")
    if text.startswith("--"):  # an option whose own value was forgotten before it
        raise typer.BadParameter(f"{text} looks like an option, expected a path (./{text} if it is one)")
    return Path(text)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", parser=_path, metavar="DIR", help="Folder of the journal. Default: runs/<name>-<start time>."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Keep a journal that is there aside, as journal.sqlite.<n>.")]
JournalFile = Annotated[Path, typer.Argument(parser=_path, metavar="FILE", help="journal.sqlite of a run.")]
Folder = Annotated[Path, typer.Argument(parser=_path, metavar="DIR", help="A folder of market data.")]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"execd {version('execd')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it, and end.")
    ] = False,
) -> None:
    """Take the options that come before a command."""


@app.command()
def run(
    config: Annotated[
        Path, typer.Argument(parser=_path, metavar="CONFIG", help="The config file, such as backtest.toml.")
    ],
    *,
    out: Out = None,
    json: Json = False,
    no_journal: Annotated[bool, typer.Option("--no-journal", help="Write no journal.")] = False,
    force: Force = False,
) -> None:
    """Run a backtest."""
    from ops.run_command import run_command  # noqa: PLC0415

    raise typer.Exit(run_command(config, out=out, json=json, journal=not no_journal, force=force))


@app.command()
def demo(*, out: Out = None, json: Json = False) -> None:
    """Write 500 synthetic days and hold a basis position over them: the whole thing, in a few seconds."""
    from ops.demo import demo_command  # noqa: PLC0415

    raise typer.Exit(demo_command(out=out, json=json))


@app.command()
def bench(
    *,
    json: Json = False,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Interleaved runs of each case; the median counts.")] = 5,
    size: Annotated[int, typer.Option("--size", min=1000, help="Instructions, and market events times ten.")] = 20_000,
    peer: Annotated[str | None, typer.Option("--peer", help="Measure a peer in the same way: backtrader.")] = None,
) -> None:
    """Measure how fast it is, and how that grows with size."""
    from ops.bench.command import bench_command  # noqa: PLC0415

    raise typer.Exit(bench_command(json=json, runs=runs, size=size, peer=peer))


@data_app.command("check")
def data_check(folder: Folder) -> None:
    """Say what is there, and what is unusable and why."""
    from ops.data_report import check as report  # noqa: PLC0415
    from ops.screen import stdout  # noqa: PLC0415

    raise typer.Exit(report(folder, stdout()))


@data_app.command("sample")
def data_sample(
    folder: Annotated[Path, typer.Argument(parser=_path, metavar="DIR", help="Where to write; made if absent.")],
    *,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 7,
    days: Annotated[int, typer.Option("--days", min=1, max=5000, help="How many days from 2024-01-01.")] = 500,
) -> None:
    """Write the synthetic data set of the demo."""
    from ops.demo import sample_command  # noqa: PLC0415

    raise typer.Exit(sample_command(folder, seed=seed, days=days))


@journal_app.command("show")
def journal_show(
    file: JournalFile,
    *,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the last so many entries.")] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only entries of this type; may be repeated.")
    ] = None,
) -> None:
    """Show the entries as a table for people."""
    from ops.journal_commands import show  # noqa: PLC0415
    from ops.screen import stdout  # noqa: PLC0415

    raise typer.Exit(show(file, stdout(), limit=limit, types=types or ()))


@journal_app.command("export")
def journal_export(file: JournalFile) -> None:
    """Print every entry as a line of JSON."""
    from ops.journal_commands import export  # noqa: PLC0415

    raise typer.Exit(export(file, sys.stdout))


@journal_app.command("verify")
def journal_verify(
    file: JournalFile,
    *,
    expect_hash: Annotated[str | None, typer.Option("--expect-hash", help="What the last hash must be.")] = None,
) -> None:
    """Check that nothing in it was changed or is missing."""
    from ops.journal_commands import verify  # noqa: PLC0415

    raise typer.Exit(verify(file, sys.stdout, expect_hash))


def start(words: Sequence[str]) -> int:
    """Do what the words of a command line say. Returns the exit code.

    Raises:
        UsageError: They make no sense; what is wrong was said.
    """
    try:
        return int(app(words, prog_name=command(), standalone_mode=False) or 0)
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if callable(show):
            show()
        raise UsageError(error.format_message()) from None


def main() -> None:
    """Start. The console script's entry."""
    words = sys.argv[1:]

    def whole() -> int:
        check()
        return start(words)

    raise SystemExit(ended(whole, json="--json" in words))


if __name__ == "__main__":
    main()
