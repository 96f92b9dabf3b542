"""``execd init [FILE]``: a commented config to start from, which ``execd check`` accepts as it stands."""

from pathlib import Path

from actors.errors import BadInputError, ExecdError
from ops.hints import command, typed
from ops.run_command import refuse

DATA = "data"
STARTER = """\
# A backtest of execd: which prices, which money, which exchange, and who trades.
# Lines that begin with "#" and a letter or bracket are options: take the "#" away to use them.
# Every key there is: execd config reference

[mode]
type = "backtest"
start = 2024-01-02T00:00:00Z    # first and last instant, UTC (Z); both belong to the run
end = 2025-05-14T00:00:00Z
seed = 7                        # order ids derive from it; the same seed gives the same run

[data]
dir = "data"                    # folder of the prices, relative to this file; "execd data sample data" makes one
resolution = "1h"               # length of a candle; "execd data check data" lists those that are there

# What each account holds at the start: whole units (dollars, coins) as text. An account is called like its exchange;
# perpetuals of Binance have one of their own, written [accounts."binance.perp"].
[accounts.bybit]
USDT = "100000"
#ETH = "1.5"

[venues.bybit]                  # also: binance, okx
kind = "cex"                    # a central exchange; its fees, lots and margin rules come with execd
#maker_fee_bps = "2"            # fees in basis points (1 bps = 0.01 %) instead of those that come with execd:
#taker_fee_bps = "5.5"          # maker for orders that waited in the book, taker for those that did not
#latency_ms = 200               # milliseconds until an order arrives (default 0)

[venues.bybit.slippage]         # how far a market order moves the price against itself
model = "fixed"                 # or "volume": base_bps + impact_bps x amount / volume of the candle
bps = "1"                       # basis points of the price

#[venues.bybit.perp]
#leverage = "3"                 # position / margin that it needs, at most (default 1)

#[venues.bybit.fill]
#max_share = "0.1"              # orders get at most this share of a candle's volume (default: no limit)

[strategy]
use = "hold_basis"              # buys the coin, shorts as much of its perpetual, closes both at the end.
                                # Also: "basis" (enters and leaves by the funding), "script" (your orders, line by line,
                                # from a file), or "my_module:MyStrategy" (a class of yours in my_module.py beside this)
#on_error = "skip"              # go on when the strategy raises an error (default "stop")

[strategy.params]
venue = "bybit"
base = "ETH"                    # the coin
amount = "20"                   # of each leg, in coins

#[risk]
#max_order_notional = "100000"  # refuse orders that are larger, in USDT (default: no limit)

#[report]
#sample = "1h"                  # how often the value of everything is written down: 1m to 1d, or "off"
"""


def init_command(file: Path, *, force: bool) -> int:
    """Write the starter config, and say what to type next. Returns the exit code.

    Args:
        file: Where to.
        force: Keep a file that is there aside, as ``<name>.<n>``; otherwise it is refused.
    """
    try:
        kept = write_starter(file, force=force)
    except ExecdError as error:
        return refuse(error, json=False)
    config, data = typed(file), file.parent / DATA
    lines = [f"wrote {config}" + (f"; what was there is {typed(kept)} now" if kept is not None else "")]
    lines += ["", "What to type next:"]
    steps = [("see what it would run", f"check {config}"), ("run it", f"run {config}")]
    if not data.exists():
        steps.insert(0, ("make up 500 days of prices", f"data sample {typed(data)}"))
    for what, words in steps:
        lines += [f"  # {what}", f"  {command()} {words}"]
    print("\n".join(lines))  # noqa: T201 - for people, who will copy from it
    return 0


def write_starter(file: Path, *, force: bool) -> Path | None:
    """Write the starter config. Returns where what was there is kept; None if nothing was.

    Raises:
        BadInputError: Something is there, or it can't be written.
    """
    kept = None
    try:
        if file.is_dir():
            raise BadInputError(f"{file}: is a folder, expected the name of a new file, such as {file}/backtest.toml")
        if file.exists() or file.is_symlink():
            if not force:
                raise BadInputError(f"{file}: is there already: choose another name, or keep it aside with --force")
            kept = _aside(file)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(STARTER)
    except FileNotFoundError:
        raise BadInputError(f"{file}: can't be written: no such folder: {file.parent}") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a path"
        raise BadInputError(f"{file}: can't be written: {reason}") from None
    return kept


def _aside(file: Path) -> Path:
    """Rename a file to ``<name>.<n>``, n the first that is free."""
    number = 1
    while (target := file.with_name(f"{file.name}.{number}")).exists() or target.is_symlink():
        number += 1
    return file.rename(target)
