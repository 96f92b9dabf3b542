"""``execd resolve``, ``status`` and the like: what an operator tells a daemon that runs, or a journal that rests."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from actors.errors import BadInputError, ExecdError
from actors.journal.lock import holder
from config.load import load
from config.modes import ONGOING
from config.problems import ConfigError
from ops.daemon.commands import resolve_order
from ops.daemon.control import ControlError, ask
from ops.daemon.offline import resolve_offline
from ops.exits import one_line, print_json, say

_USUAL = "state/journal.sqlite"
_LABELS = {
    "open": "open orders",
    "unknown": "unknown orders",
    "halt": "all halted",
    "halted": "halted venues",
    "unsettled": "not settled yet",
    "sent_away": "sent elsewhere",
}
"""How parts of an answer are called for people, where their keys say too little."""


def journal_of(named: Path | None) -> Path:
    """Return the journal that is meant.

    Args:
        named: A config, or a journal itself; None: that of the live or paper config in this folder.

    Raises:
        BadInputError: The config can't be used, or there is none, or more than one.
    """
    if named is None:
        return _only_journal()
    if named.suffix != ".toml":
        return named.absolute()
    try:
        return load(named, modes=ONGOING).journal_path
    except ConfigError as error:
        raise BadInputError(*error.lines) from None


def _only_journal() -> Path:
    found: dict[Path, Path] = {}
    for config in sorted(Path().glob("*.toml")):
        with suppress(ConfigError):
            journal = load(config, modes=ONGOING).journal_path
            if journal.exists():
                found[journal] = config
    if len(found) == 1:
        return next(iter(found))
    usual = Path(_USUAL).absolute()
    if not found and usual.exists():
        return usual
    names = ", ".join(str(config) for config in found.values())
    what = (
        f"more than one daemon's config is here ({names})" if found else "no config of a daemon with a journal is here"
    )
    raise BadInputError(f"{what}, expected --config FILE, or --journal FILE")


def resolve_command(
    order: str, outcome: str, *, named: Path | None, amount: str | None, price: str | None, json: bool
) -> int:
    """Say what became of an order: to the daemon if one runs, else to the journal. Returns the exit code."""
    rest = {"order": order, "outcome": outcome, "amount": amount, "price": price}
    try:
        wanted = resolve_order(rest)
        journal = journal_of(named)
        answer = ask(journal, "resolve", **rest)
        if answer is None:
            resolved = resolve_offline(journal, wanted)
            answer = {"order": resolved.client_order_id, "resolution": resolved.resolution.value}
    except (ControlError, ExecdError) as error:
        return _refused(error, json=json)
    _show(answer, json=json)
    return 0


def tell_daemon(named: Path | None, command: str, *, json: bool, **rest: object) -> int:
    """Send a command to a daemon, and print its answer. Returns the exit code."""
    try:
        journal = journal_of(named)
        answer = ask(journal, command, **rest)
    except (ControlError, ExecdError) as error:
        return _refused(error, json=json)
    if answer is None:
        pid = holder(journal)
        other = "" if pid is None else f"; process {pid} writes the journal and does not listen"
        return _refused(ControlError(f"{journal}: no daemon runs{other}"), json=json)
    _show(answer, json=json)
    return 0


def _refused(error: Exception, *, json: bool) -> int:
    lines = error.problems if isinstance(error, BadInputError) else (str(error),)
    for line in lines:
        say(one_line(line))
    if json:
        print_json({"error": "\n".join(lines), "exit": 2})
    return 2


def _show(answer: Mapping[str, Any], *, json: bool) -> None:
    if json:
        print_json(dict(answer))
        return
    with suppress(BrokenPipeError):
        for key, value in answer.items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else value
            if isinstance(value, dict):
                text = "; ".join(f"{name}: {why}" for name, why in value.items())
            print(f"{_LABELS.get(key, key.replace('_', ' ')):<16} {one_line(str(text)) or '-'}")  # noqa: T201 - the answer itself
