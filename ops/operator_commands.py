"""The commands by which an operator speaks to a daemon: status, resolve, resume, halt, cancel-all."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ops.commands import Json, app, as_path

Daemon = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "--journal",
        parser=as_path,
        metavar="FILE",
        help="Of which daemon: its config, or its journal. Default: that of the live or paper config in this folder.",
    ),
]


@app.command()
def status(*, daemon: Daemon = None, json: Json = False) -> None:
    """Ask a running daemon what is not settled."""
    from ops.daemon.operator import tell_daemon  # noqa: PLC0415

    raise typer.Exit(tell_daemon(daemon, "status", json=json))


@app.command()
def resolve(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Its instruction id, or the id sent to the venue.")],
    outcome: Annotated[Literal["absent", "filled"], typer.Argument(metavar="absent|filled", help="What you found.")],
    *,
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="N", help="Filled, in base. Default: all of it.")
    ] = None,
    price: Annotated[
        str | None, typer.Option("--price", metavar="N", help="Of the fill. Default: the order's limit or reference.")
    ] = None,
    daemon: Daemon = None,
    json: Json = False,
) -> None:
    """Say what became of an order that execd knows nothing of.

    Look at the venue first. It works while a daemon runs, and on the journal of one that does not.
    """
    from ops.daemon.operator import resolve_command  # noqa: PLC0415

    raise typer.Exit(resolve_command(order, outcome, named=daemon, amount=amount, price=price, json=json))


@app.command()
def resume(
    venue: Annotated[str | None, typer.Argument(metavar="VENUE", help="binance, bybit or okx.")] = None,
    *,
    daemon: Daemon = None,
    json: Json = False,
) -> None:
    """Have a daemon take orders again, after a halt.

    Of one venue, or, without one, of everything: what `halt` said ends.
    """
    from ops.daemon.operator import tell_daemon  # noqa: PLC0415

    raise typer.Exit(tell_daemon(daemon, "resume", json=json, venue=venue))


@app.command()
def halt(
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Why; it stands in the journal.")],
    *,
    daemon: Daemon = None,
    json: Json = False,
) -> None:
    """Have a daemon refuse all new orders.

    After a restart, too, until `resume` ends it.
    """
    from ops.daemon.operator import tell_daemon  # noqa: PLC0415

    raise typer.Exit(tell_daemon(daemon, "halt", json=json, reason=reason))


@app.command("cancel-all")
def cancel_all(*, daemon: Daemon = None, json: Json = False) -> None:
    """Have a daemon cancel all its open orders, now."""
    from ops.daemon.operator import tell_daemon  # noqa: PLC0415

    raise typer.Exit(tell_daemon(daemon, "cancel_all", json=json))
