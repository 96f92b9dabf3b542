"""What ``execd`` can do, as typer has it. Every command imports what it needs when it is called."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.core import TyperGroup

from ops.hints import command, command_anywhere

_ORDER = (
    *("demo", "init", "check", "run", "status", "resolve", "resume", "halt", "cancel-all"),
    *("report", "compare", "journal"),
    *("data", "config", "bench", "testbed", "completion"),
)


class _InOrder(TyperGroup):
    """Lists the commands in the order in which somebody will want them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own is not public
        """Return their names."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)


app = typer.Typer(
    name="execd",
    cls=_InOrder,
    help=f"Backtests, paper and live trades, one set of actors. Start with: {command()} demo",
    no_args_is_help=True,
    add_completion=False,  # two options that say less than the command `completion`
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Market data: check a folder, write a sample.", no_args_is_help=True)
journal_app = typer.Typer(help="Read a journal: show, export, verify.", no_args_is_help=True)
config_app = typer.Typer(help="The config file: every key it may have.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(journal_app, name="journal")
app.add_typer(config_app, name="config")
testbed_app = typer.Typer(help="Venues on this machine, to rehearse against.", no_args_is_help=True)
app.add_typer(testbed_app, name="testbed")


def as_path(text: str) -> Path:
    """Return a path of the command line."""
    if not text:  # Path("") is the folder we stand in, and nobody means that
        raise typer.BadParameter("it is empty, expected a path")
    if text.startswith("--"):  # an option whose own value was forgotten before it
        raise typer.BadParameter(f"{text} looks like an option, expected a path (./{text} if it is one)")
    return Path(text)


def _types(incomplete: str) -> list[str]:
    """Return the types of entries that begin so, for a shell's TAB."""
    from messages.journal import ENTRY_TYPES  # noqa: PLC0415

    return [each.__name__ for each in ENTRY_TYPES if each.__name__.startswith(incomplete)]


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", parser=as_path, metavar="DIR", help="Folder of the journal. Default: runs/<name>-<start time>."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Keep a journal that is there aside, as journal.sqlite.<n>.")]
Config = Annotated[Path, typer.Argument(parser=as_path, metavar="CONFIG", help="The config file: backtest.toml.")]
JournalFile = Annotated[Path, typer.Argument(parser=as_path, metavar="FILE", help="journal.sqlite of a run.")]
Folder = Annotated[Path, typer.Argument(parser=as_path, metavar="DIR", help="A folder of market data.")]
Run = Annotated[Path, typer.Argument(parser=as_path, metavar="RUN", help="A run's folder, or its journal.sqlite.")]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"execd {version('execd')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that come before a command."""


@app.command()
def demo(*, out: Out = None, json: Json = False) -> None:
    """Run a whole backtest on made-up prices and explain it."""
    from ops.demo import demo_command  # noqa: PLC0415
    from ops.run_command import refuse_file  # noqa: PLC0415

    refuse_file(out)
    raise typer.Exit(demo_command(out=out, json=json))


@app.command()
def init(
    file: Annotated[
        Path | None, typer.Argument(parser=as_path, metavar="FILE", help="Where to. Default: backtest.toml.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Keep a file that is there aside, as FILE.<n>.")] = False,
) -> None:
    """Write a commented config to start from."""
    from ops.init_command import init_command  # noqa: PLC0415

    raise typer.Exit(init_command(file or Path("backtest.toml"), force=force))


@app.command()
def check(
    config: Config,
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the venues, too (live and paper): keys, account, clock, markets.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what a config would run, or all that is wrong with it."""
    from ops.modes import check_any  # noqa: PLC0415

    raise typer.Exit(check_any(config, online=online, json=json))


@app.command()
def run(
    config: Config,
    *,
    out: Out = None,
    json: Json = False,
    no_journal: Annotated[bool, typer.Option("--no-journal", help="Write no journal.")] = False,
    force: Force = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Live, at the first start: what lies in the account is the opening balance.")
    ] = False,
) -> None:
    """Run a backtest to its end, live and paper until stopped."""
    from ops.modes import run_any  # noqa: PLC0415
    from ops.run_command import refuse_file  # noqa: PLC0415

    refuse_file(out)
    raise typer.Exit(run_any(config, out=out, json=json, journal=not no_journal, force=force, adopt=adopt))


@app.command()
def report(
    journal: Annotated[Path, typer.Argument(parser=as_path, metavar="JOURNAL", help="journal.sqlite of a run.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", parser=as_path, metavar="DIR", help="Folder of the page. Default: beside the journal."),
    ] = None,
) -> None:
    """Make a page of a run: equity, trades, statistics."""
    from ops.run_command import refuse_file  # noqa: PLC0415

    refuse_file(out)
    from ops.report.command import report_command  # noqa: PLC0415

    raise typer.Exit(report_command(journal, out=out))


@app.command()
def compare(first: Run, second: Run, *, json: Json = False) -> None:
    """Show two runs side by side, and where they part."""
    from ops.compare_command import compare_command  # noqa: PLC0415

    raise typer.Exit(compare_command(first, second, json=json))


_COMPLETION = f"""Print what makes TAB complete commands and options in a shell.

For every new bash, this line goes to the end of ~/.bashrc (for zsh, with zsh in it, to the end of ~/.zshrc):

\b
eval "$({command_anywhere()} completion bash)"

and for fish this one into ~/.config/fish/config.fish:

\b
{command_anywhere()} completion fish | source
"""


@app.command(help=_COMPLETION, short_help="Print what makes TAB complete commands in a shell.")
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="Whose words to print.")],
) -> None:
    """Print what makes TAB complete commands and options in a shell."""
    from ops.completion import completion_command  # noqa: PLC0415

    raise typer.Exit(completion_command(shell))


@data_app.command("check")
def data_check(folder: Folder) -> None:
    """Say what is there, and what is unusable and why."""
    from ops.data_report import check as report  # noqa: PLC0415
    from ops.screen import stdout  # noqa: PLC0415

    raise typer.Exit(report(folder, stdout()))


@data_app.command("sample")
def data_sample(
    folder: Annotated[Path, typer.Argument(parser=as_path, metavar="DIR", help="Where to write; made if absent.")],
    *,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**63 - 1, metavar="N", help="The same seed gives the same bytes.")
    ] = 7,
    days: Annotated[
        int, typer.Option("--days", min=1, max=5000, metavar="N", help="How many days from 2024-01-01.")
    ] = 500,
) -> None:
    """Write the made-up prices and funding of the demo."""
    from ops.demo import sample_command  # noqa: PLC0415

    raise typer.Exit(sample_command(folder, seed=seed, days=days))


@journal_app.command("show")
def journal_show(
    file: JournalFile,
    *,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=10**9, metavar="N", help="Only the last so many entries.")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type", metavar="TYPE", autocompletion=_types, help="Only entries of this type; may be repeated."
        ),
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
    expect_hash: Annotated[
        str | None, typer.Option("--expect-hash", metavar="HASH", help="What the last hash must be.")
    ] = None,
) -> None:
    """Check that nothing in it was changed or is missing."""
    from ops.journal_commands import verify  # noqa: PLC0415

    raise typer.Exit(verify(file, sys.stdout, expect_hash))


@config_app.command("reference")
def config_reference() -> None:
    """Print every key with type, unit, default and meaning (Markdown)."""
    from ops.reference_command import reference_command  # noqa: PLC0415

    raise typer.Exit(reference_command())


@testbed_app.command("exchange")
def rehearsal_exchange(
    *,
    state: Annotated[
        Path,
        typer.Option("--state", parser=as_path, metavar="DIR", help="Its accounts, keys, certificates and record."),
    ],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="0: any free one.")] = 0,
    data: Annotated[
        Path | None,
        typer.Option("--data", parser=as_path, metavar="DIR", help="Recorded prices. Without it they walk."),
    ] = None,
    speed: Annotated[
        float, typer.Option("--speed", min=0.001, max=10_000, metavar="N", help="How many times faster than recorded.")
    ] = 1,
    faults: Annotated[
        Path | None,
        typer.Option("--faults", parser=as_path, metavar="FILE", help="Faults to play, a JSON object a line."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**63 - 1, metavar="N", help="Of prices, books and faults.")
    ] = 0,
    limits: Annotated[
        int | None,
        typer.Option("--limits", min=1, max=10**6, metavar="N", help="Rate limits are so many times the venues' own."),
    ] = None,
) -> None:
    """Be Binance, Bybit and OKX on one port of this machine."""
    from ops.testbed.commands import exchange_command  # noqa: PLC0415

    code = exchange_command(state, port=port, data=data, speed=speed, faults=faults, seed=seed, limits=limits)
    raise typer.Exit(code)


@testbed_app.command("faults")
def rehearsal_faults() -> None:
    """List the kinds of faults that the exchange can play."""
    from ops.screen import stdout  # noqa: PLC0415
    from ops.testbed.commands import faults_command  # noqa: PLC0415

    raise typer.Exit(faults_command(stdout()))


import ops.bench_commands  # noqa: E402 - as the next
import ops.operator_commands  # noqa: E402, F401 - it adds its commands to `app`
