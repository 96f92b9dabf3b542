"""``execd check`` of a live or paper config: everything that would go wrong, and what a start would do.

Without ``--online`` it reads what lies here: config, keys, script, journal. With it the venues are asked too, and
nothing is changed there.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from actors.errors import BadInputError, ExecdError
from actors.journal.lock import holder
from actors.journal.reader import JournalReader
from config.instructions import ScriptFile
from config.load import Loaded, load
from config.modes import ONGOING
from config.paper import unfunded
from config.problems import ConfigError
from config.secrets import Credentials
from config.venue_rules import chosen_instruments, told_models
from messages.instruments import instruments_of
from messages.units import VenueName, plain
from ops.daemon.at_hand import look_here
from ops.daemon.first_start import openings, refuse_dropped_instruments, refuse_renamed_lines
from ops.daemon.preparation import decides
from ops.daemon.record import accounts_of
from ops.daemon.venues import Seen, look_at_all
from ops.exits import one_line, print_json, say
from ops.screen import stdout
from ops.wiring import adopts


class VenuePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A venue as it would be used, and, online, as it is.

    Attributes:
        key: Where its keys are from; None on paper.
        account, skew_ms, may_withdraw, balances, positions, open_orders: What it said; None without ``--online``.
    """

    venue: str
    instruments: list[str]
    key: str | None
    goes_to: str
    account: str | None = None
    skew_ms: int | None = None
    may_withdraw: bool | None = None
    balances: dict[str, str] | None = None
    positions: dict[str, str] | None = None
    open_orders: int | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What would run, as ``--json`` prints it. `problems` is empty where `exit` is 0."""

    config: str
    mode: str
    journal: str
    journal_is: str
    strategy: str
    instructions: int | None
    venues: list[VenuePlan]
    problems: list[str]
    notes: list[str]
    exit: int


def check_ongoing(config: Path, *, online: bool, json: bool) -> int:
    """Say what a config would run, or all that is wrong with it. Returns the exit code."""
    problems: list[str] = []
    loaded = None
    try:
        loaded = load(config, modes=ONGOING)
    except ConfigError as error:
        problems += error.lines
    checked = None if loaded is None else _checked(loaded, problems, online=online)
    for note in () if checked is None else checked.notes:
        say(f"note: {one_line(note)}")
    for problem in problems:
        say(one_line(problem))
    code = 2 if problems else 0
    if json:
        print_json({"problems": problems, "exit": code} if checked is None else msgspec.to_builtins(checked))
    elif checked is not None and not problems:
        with suppress(BrokenPipeError):
            _tell(stdout(), checked)
    return code


def _checked(loaded: Loaded, problems: list[str], *, online: bool) -> Checked:
    settings, notes = loaded.settings, list[str]()
    here = look_here(loaded)
    problems += here.problems
    journal_is, known = _journal(loaded, problems, notes)
    if not problems:
        problems += _against_journal(loaded, here.script)
    seen: tuple[Seen, ...] = ()
    if online and not problems:
        seen = _asked(loaded, here.credentials, known, problems, notes)
    if loaded.script is None:
        problems += _strategy(loaded, seen)
    instructions = None if here.script is None else len(here.script)
    here.close()
    return Checked(
        config=str(loaded.path),
        mode=settings.mode.type,
        journal=str(loaded.journal_path),
        journal_is=journal_is,
        strategy=settings.strategy.use,
        instructions=instructions,
        venues=_venues(loaded, here.credentials, seen),
        problems=problems,
        notes=notes,
        exit=2 if problems else 0,
    )


def _asked(
    loaded: Loaded,
    credentials: Mapping[VenueName, Credentials],
    known: Mapping[VenueName, str],
    problems: list[str],
    notes: list[str],
) -> tuple[Seen, ...]:
    """Return what the venues say, with what stands against a start."""
    seen: tuple[Seen, ...] = ()
    try:
        seen = look_at_all(loaded, credentials)
        problems += [line for each in seen for line in (*each.problems, *each.passing)]
        notes += [line for each in seen for line in each.notes]
        if credentials and not problems:
            openings(seen, known, adopt=adopts(loaded.settings))
    except BadInputError as error:
        problems += error.problems
    except ExecdError as error:
        problems.append(str(error))
    return seen


def _strategy(loaded: Loaded, seen: tuple[Seen, ...]) -> Sequence[str]:
    """Return why the strategy can't be built. One whose markets nobody has told of yet is built by a start."""
    models = told_models(loaded.settings, {key: rules for each in seen for key, rules in each.rules.items()})
    if {*instruments_of(models)} != {*chosen_instruments(loaded.settings)}:
        return ()
    try:
        decides(loaded, models, None)
    except BadInputError as error:
        return error.problems
    return ()


def _journal(loaded: Loaded, problems: list[str], notes: list[str]) -> tuple[str, dict[VenueName, str]]:
    """Return what the journal is, in words, and whose accounts it is about."""
    path, label = loaded.journal_path, f"{loaded.path.name}: journal.path"
    problems += _writable(path, label)
    if not path.exists():
        notes += unfunded(loaded.settings)  # later starts go on with what the journal has
        return "made by the first start", {}
    try:
        with JournalReader(path) as reader:
            described = reader.manifest.described().get("settings")
            mode = described["mode"]["type"] if isinstance(described, dict) else None
            last, _ = reader.last()
            known = accounts_of(reader.records())
    except (ExecdError, KeyError, TypeError, ValueError) as error:
        problems.append(f"{label}: {path}: {error}")
        return "unreadable", {}
    if mode != loaded.settings.mode.type:
        problems.append(f"{label}: {path} is the journal of a {mode} run, expected {loaded.settings.mode.type}")
    if (pid := holder(path)) is not None:
        notes.append(f"{label}: process {pid} writes it now; a second start would be refused")
    return f"gone on with, {last} entries", known


def _against_journal(loaded: Loaded, script: ScriptFile | None) -> list[str]:
    """Return what does not go with what the journal has already."""
    if not loaded.journal_path.exists():
        return []
    try:
        with JournalReader(loaded.journal_path) as reader:
            refuse_dropped_instruments(chosen_instruments(loaded.settings), reader.records())
            if script is not None:
                refuse_renamed_lines(script, reader.records())
    except BadInputError as error:
        return list(error.problems)
    return []


def _writable(path: Path, label: str) -> list[str]:
    """Return that the journal's folder, or what of it is there already, can't be written, if so."""
    folder = next(each for each in path.parents if each.exists())
    if os.access(folder, os.W_OK | os.X_OK):
        return []
    return [f"{label}: {folder} can't be written, expected a folder for the journal and what lies beside it"]


def _venues(loaded: Loaded, credentials: Mapping[VenueName, Credentials], seen: tuple[Seen, ...]) -> list[VenuePlan]:
    said = {each.venue: each for each in seen}
    plans = []
    for venue, chosen in loaded.settings.venues.items():
        goes_to = "the venue" if chosen.endpoint is None else chosen.endpoint.connect_to
        plan = VenuePlan(
            venue=venue,
            instruments=list(chosen.symbols),
            key=credentials[venue].source if venue in credentials else None,
            goes_to="the venue's sandbox" if chosen.sandbox else goes_to,
        )
        plans.append(_with_said(plan, said[venue]) if venue in said else plan)
    return plans


def _with_said(plan: VenuePlan, seen: Seen) -> VenuePlan:
    account, told = seen.account, msgspec.structs.replace(plan, skew_ms=seen.skew_ms)
    if account is None:
        return told
    return msgspec.structs.replace(
        told,
        account=account.uid,
        may_withdraw=account.may_withdraw,
        balances={f"{each.account} {each.asset}": plain(each.total) for each in seen.balances if each.total},
        positions={each.instrument: plain(each.quantity) for each in seen.positions if each.quantity},
        open_orders=len(seen.open_orders),
    )


def _tell(screen: Console, checked: Checked) -> None:
    """Print it for people."""
    screen.print(f"{checked.config}: {checked.mode}, strategy {checked.strategy}", markup=False)
    if checked.instructions is not None:
        screen.print(f"  {checked.instructions} instructions")
    screen.print(f"  journal {checked.journal}: {checked.journal_is}", markup=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for title in ("venue", "instruments", "keys from", "goes to", "account", "clock", "holds"):
        table.add_column(title, overflow="fold")
    for venue in checked.venues:
        cells: list[Any] = [
            venue.venue,
            ", ".join(venue.instruments),
            venue.key or "-",
            venue.goes_to,
            venue.account or "-",
            "-" if venue.skew_ms is None else f"{venue.skew_ms:+} ms",
            _holdings(venue),
        ]
        table.add_row(*(Text(str(each)) for each in cells))
    screen.print(table)
    if all(each.skew_ms is None for each in checked.venues):
        screen.print("The venues were not asked; --online asks them.")


def _holdings(venue: VenuePlan) -> str:
    if venue.balances is None or venue.positions is None:
        return "-"
    return (
        ", ".join(f"{amount} {what}" for what, amount in (*venue.balances.items(), *venue.positions.items()))
        or "nothing"
    )
