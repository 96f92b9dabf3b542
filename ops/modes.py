"""Commands that every mode has: what a config's mode makes of them."""

from pathlib import Path

from actors.errors import BadInputError
from config.load import mode_in
from config.modes import AT_VENUES, ONGOING


def run_any(config: Path, *, out: Path | None, json: bool, journal: bool, force: bool, adopt: bool) -> int:
    """Run a config file. Returns the exit code."""
    mode = mode_in(config)
    if adopt and mode is not None and mode not in AT_VENUES:
        raise BadInputError("--adopt: only of a live run, which this config is not")
    if mode not in ONGOING:  # one that names no mode is the backtest's to complain of
        from ops.run_command import run_command  # noqa: PLC0415 - a daemon needs none of it

        return run_command(config, out=out, json=json, journal=journal, force=force)
    for option, given in (("--out", out is not None), ("--force", force), ("--no-journal", not journal)):
        if given:
            raise BadInputError(f"{option}: only of a backtest; the journal of this run is what [journal] path says")
    from ops.daemon.command import Asked, daemon_command  # noqa: PLC0415 - a backtest doesn't pay for ccxt

    return daemon_command(config, Asked(adopt=adopt, json=json))


def check_any(config: Path, *, online: bool, json: bool) -> int:
    """Say what a config file would run. Returns the exit code."""
    mode = mode_in(config)
    if mode not in ONGOING:
        if online and mode is not None:
            raise BadInputError("--online: only of a live or paper run, which this config is not")
        from ops.check_command import check_command  # noqa: PLC0415 - as above

        return check_command(config, json=json)
    from ops.daemon.checking import check_ongoing  # noqa: PLC0415 - as above

    return check_ongoing(config, online=online, json=json)
