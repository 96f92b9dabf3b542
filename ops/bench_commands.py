"""The commands that measure: bench, and bench live."""

from typing import Annotated

import typer

from ops.commands import Json, app

bench_app = typer.Typer(invoke_without_command=True)  # measures backtests, unless something else is asked for
app.add_typer(bench_app, name="bench")

Runs = Annotated[
    int, typer.Option("--runs", min=1, max=1000, metavar="N", help="Interleaved runs of each case; the median counts.")
]


@bench_app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    *,
    json: Json = False,
    runs: Runs = 5,
    size: Annotated[
        int, typer.Option("--size", min=1000, max=10**8, metavar="N", help="Instructions, and market events times ten.")
    ] = 20_000,
    peer: Annotated[
        str | None, typer.Option("--peer", metavar="NAME", help="Measure a peer in the same way: backtrader.")
    ] = None,
) -> None:
    """Measure how fast it is, and how that grows with size."""
    if context.invoked_subcommand is not None:
        return
    from ops.bench.command import bench_command  # noqa: PLC0415

    raise typer.Exit(bench_command(json=json, runs=runs, size=size, peer=peer))


@bench_app.command("live")
def bench_live(
    *,
    json: Json = False,
    runs: Runs = 3,
    size: Annotated[
        int, typer.Option("--size", min=20, max=10**6, metavar="N", help="Orders by us, by ccxt and by hand.")
    ] = 400,
    orders: Annotated[
        int, typer.Option("--orders", min=20, max=10**8, metavar="N", help="Orders over which memory is looked at.")
    ] = 5_000,
    entries: Annotated[
        int, typer.Option("--entries", min=1000, max=10**8, metavar="N", help="Of the journal that a start folds.")
    ] = 50_000,
    venue: Annotated[
        list[str] | None, typer.Option("--venue", metavar="NAME", help="Only this one; may be given again.")
    ] = None,
) -> None:
    """Measure the way to a venue against the local exchange, beside raw ccxt and a bare signed POST."""
    from ops.bench.live.command import live_command  # noqa: PLC0415

    code = live_command(json=json, runs=runs, size=size, entries=entries, orders=orders, venues=venue or ())
    raise typer.Exit(code)
