"""``execd compare RUN RUN``: two runs side by side: what they were given, what came of it, and where they part."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from actors.errors import BadInputError, ExecdError
from actors.journal.reader import JournalReader
from config.problems import escaped
from messages.units import plain
from ops.exits import one_line, print_json, say
from ops.out_folder import JOURNAL
from ops.run_command import refuse
from ops.run_figures import Figures, figures_of
from ops.screen import stdout

_NAMES = ("A", "B")
_COUNTS = ("instructions", "orders", "fills", "refusals", "rejections", "liquidations", "market_events")
_AMOUNTS = ("equity_start", "equity_end", "pnl", "fees", "funding")
_WORDS = {
    "market_events": "market events",
    "equity_start": "equity at start",
    "equity_end": "equity at end",
    "pnl": "profit and loss",
    "fees": "fees paid",
    "funding": "funding received",
}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A setting, or the description of a file, that is not the same in both. None: it is not there."""

    key: str
    a: object
    b: object


class Parting(msgspec.Struct, frozen=True, kw_only=True):
    """The first entry that is not the same in both; a type of None: the journal has ended before it."""

    seq: int
    a: str | None
    b: str | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The object that ``--json`` prints.

    Attributes:
        equal: The hashes are, so all else is.
        settings: From the manifests: settings, data files and the strategy's file, where they differ.
        first_difference: None if all entries are the same.
    """

    equal: bool
    a: Figures
    b: Figures
    settings: list[Difference]
    first_difference: Parting | None


def compare_command(first: Path, second: Path, *, json: bool) -> int:
    """Compare two runs. Returns the exit code: 0 also where they differ, 2 where one can't be read.

    Args:
        first: A run's folder, or its journal.
        second: Likewise.
        json: Print one object instead of tables.
    """
    try:
        found = compared(journal_of(first), journal_of(second))
    except ExecdError as error:
        return refuse(BadInputError(str(error)), json=json)
    for side in (found.a, found.b):
        if side.outcome != "done":
            how = "has no end: the run was killed, or goes on" if side.outcome is None else f"was {side.outcome}"
            say(f"note: {one_line(side.journal)}: {how}")
    if json:
        print_json(msgspec.to_builtins(found))
    else:
        _tell(stdout(), found)
    return 0


def journal_of(run: Path) -> Path:
    """Return the journal of a run.

    Raises:
        BadInputError: There is none.
    """
    if not run.is_dir():
        return run
    path = run / JOURNAL
    if not path.is_file():
        raise BadInputError(f"{run}: holds no {JOURNAL}, expected the folder of a run, or a journal")
    return path


def compared(first: Path, second: Path) -> Comparison:
    """Compare two journals.

    Raises:
        ExecdError: One of them can't be read, or is not as it was written.
    """
    a, b = figures_of(first), figures_of(second)
    with JournalReader(first) as one, JournalReader(second) as other:
        settings = list(_differences(one.manifest.described(), other.manifest.described()))
        parting = None if a.journal_hash == b.journal_hash else _parting(one, other)
    return Comparison(equal=a.journal_hash == b.journal_hash, a=a, b=b, settings=settings, first_difference=parting)


def _differences(a: object, b: object, key: str = "") -> Iterator[Difference]:
    """Yield what differs in two values of JSON, by dotted key. Files of the data go by their names."""
    one, other = _by_name(a), _by_name(b)
    if one is None or other is None:
        if a != b:
            yield Difference(key=key, a=a, b=b)
        return
    for name in dict.fromkeys((*one, *other)):
        inner = f"{key}.{name}" if key else name
        yield from _differences(one.get(name), other.get(name), inner.removeprefix("settings."))


def _by_name(value: object) -> Mapping[str, object] | None:
    """Return a table as it is, a list of tables with names by those names, and None for all else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        return {str(item["name"]): item for item in value}
    return None


def _parting(first: JournalReader, second: JournalReader) -> Parting | None:
    """Return the first entry in which two journals differ."""
    others = second.rows()
    for seq, body, _ in first.rows():
        other = next(others, None)
        if other is None or other[1] != body:
            return Parting(seq=seq, a=_type(body), b=None if other is None else _type(other[1]))
    rest = next(others, None)
    return None if rest is None else Parting(seq=rest[0], a=None, b=_type(rest[1]))


def _type(body: object) -> str:
    found = msgspec.json.decode(body) if isinstance(body, bytes) else {}
    return str(found.get("type"))


def _tell(screen: Console, found: Comparison) -> None:
    a, b = found.a, found.b
    if found.equal:
        _say(
            screen, f"equal: {a.journal} and {b.journal} have the same hash {a.journal_hash}, {a.count:,} entries each"
        )
        return
    for name, side in zip(_NAMES, (a, b), strict=True):
        _say(screen, f"{name}  {side.journal}")
        _say(screen, f"   {side.count:,} entries, hash {side.journal_hash}")
    _say(screen, "")
    for setting in found.settings:
        _say(screen, f"{setting.key}: {_shown(setting.a)} | {_shown(setting.b)}")
    if not found.settings:
        _say(screen, "The settings, data and strategy file of both are the same.")
    _say(screen, "")
    screen.print(_table(a, b))
    _say(screen, "")
    if found.first_difference is None:
        _say(screen, "All entries are the same; the hashes differ by the settings alone.")
    else:
        apart = found.first_difference
        ends = [kind or "nothing: it ends before" for kind in (apart.a, apart.b)]
        same = "" if apart.a != apart.b else ", with other content"
        _say(screen, f"The entries part at seq {apart.seq}: A has {ends[0]}, B has {ends[1]}{same}.")


def _say(screen: Console, line: str) -> None:
    screen.print(Text(escaped(line, cut=len(line))), soft_wrap=True)


def _shown(value: object) -> str:
    match value:
        case None:
            return "-"
        case str():
            return value
        case _:
            return msgspec.json.encode(value).decode()


def _table(a: Figures, b: Figures) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", *_NAMES, "B - A"):
        table.add_column(name, justify="right" if name else "left", overflow="fold")
    for row in _rows(a, b):
        table.add_row(*(Text(cell) for cell in row))
    return table


def _rows(a: Figures, b: Figures) -> Iterator[tuple[str, str, str, str]]:
    """Yield the lines of the table; what neither run has is left out."""
    for name in _COUNTS:
        yield _counted(_WORDS.get(name, name), getattr(a, name), getattr(b, name))
    for code in sorted({*a.refusals_by_code, *b.refusals_by_code}):
        yield _counted(f"  refused {code}", a.refusals_by_code.get(code, 0), b.refusals_by_code.get(code, 0))
    for kind in sorted({*a.entries, *b.entries}):
        if a.entries.get(kind, 0) != b.entries.get(kind, 0):
            yield _counted(f"  entries {kind}", a.entries.get(kind, 0), b.entries.get(kind, 0))
    for name in _AMOUNTS:
        yield _valued(_WORDS[name], getattr(a, name), getattr(b, name))
    yield _valued("largest drawdown %", _percent(a.max_drawdown), _percent(b.max_drawdown))
    for title, one, other in (
        ("from", a.attribution or {}, b.attribution or {}),
        ("of", a.by_source, b.by_source),
        ("balance", _flat(a.balances), _flat(b.balances)),
        ("position", _flat(a.positions), _flat(b.positions)),
    ):
        for key in dict.fromkeys((*one, *other)):
            yield _valued(f"  {title} {key}", one.get(key), other.get(key))


def _flat(table: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {f"{outer} {inner}": amount for outer, row in table.items() for inner, amount in row.items()}


def _percent(share: str | None) -> str | None:
    return None if share is None else plain(Decimal(share) * 100)


def _counted(name: str, a: int, b: int) -> tuple[str, str, str, str]:
    return name, f"{a:,}", f"{b:,}", f"{b - a:+,}" if a != b else ""


def _valued(name: str, a: str | None, b: str | None) -> tuple[str, str, str, str]:
    """Return a line with amounts to the cent, or as they are where that would hide a difference."""
    if a is None and b is None:
        return name, "-", "-", ""
    one, other = Decimal(a or 0), Decimal(b or 0)
    change = other - one
    form = ",.2f" if not change or abs(change) >= Decimal("0.01") else ",f"
    shown = ["-" if text is None else f"{Decimal(text):{form}}" for text in (a, b)]
    return name, shown[0], shown[1], f"{change:+{form}}" if change else ""
