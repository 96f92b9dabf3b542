"""``execd data check DIR``: what a data folder holds, and what of it can't be used and why."""

from pathlib import Path
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from actors.data.files import Report, inspect, scan
from actors.data.series import Kind, iso
from config.problems import escaped
from messages.units import SECOND_NS

USABLE = 0
UNUSABLE = 2

_WIDTH = 160
"""Of a table that no terminal bounds."""
_ROOMY = 158
"""Columns from which on there is room for names of files, which say what the other columns say."""
_FAIR = 105
"""Columns from which on there is room for hours and minutes. With fewer, days and short gaps fit on one line."""
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def check(directory: Path, out: Console | TextIO) -> int:
    """Inspect every file of a data folder and print what was found.

    Returns:
        0 if everything can be used; 2 if something can't, or the folder is missing or holds no series.
    """
    console = out if isinstance(out, Console) else Console(file=out, width=None if out.isatty() else _WIDTH)
    try:
        found = scan(directory)
    except OSError as error:
        _say(console, f"{directory}: {error.strerror or error}, expected a data folder")
        return UNUSABLE
    reports = [inspect(file) for file in found.files]
    problems = [*found.problems, *(line for report in reports for line in report.problems)]
    if not reports:
        problems.append(f"{directory}: no series, expected files such as candles/bybit-ETHUSDT-spot-1h.parquet")
    twice = {series.name for series in found.twice}
    if reports:
        _say(console, f"Market data in {directory}")
        console.print(_table(reports, twice, width=console.width))
        _say(console, "Times are UTC. Candles are stamped at their open.")
        _say(console, "Gaps: how many, rows missing, the longest.")
    warnings = [line for report in reports for line in report.warnings]
    for title, lines in (("Worth knowing", warnings), ("Unusable", problems)):
        if lines:
            console.print()
            _say(console, f"{title}:")
        for line in lines:
            _say(console, f"  {line}")
    bad = sum(1 for report in reports if report.problems or report.file.series.name in twice)
    console.print()
    _say(console, f"{len(reports)} series files, {len(reports) - bad} usable, {len(problems)} problems.")
    return UNUSABLE if problems else USABLE


def _say(console: Console, line: str) -> None:
    # as plain text: a file name may hold what rich takes for markup, and a path must not be broken over lines
    console.print(Text(_visible(line)), soft_wrap=True)


def _visible(text: str) -> str:
    """Return text on one line, with everything that a terminal might obey written out."""
    return escaped(text, cut=len(text))


def _table(reports: list[Report], twice: set[str], *, width: int) -> Table:
    wide, fair = width >= _ROOMY, width >= _FAIR
    table = Table(box=box.HEAVY_HEAD if wide else None, pad_edge=wide, padding=(0, 1) if wide else (0, 1, 0, 0))
    for name in ("kind", *(("venue",) if fair else ()), "series", *(("file",) if wide else ())):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right", no_wrap=True)
    for name in ("first", "last"):
        table.add_column(name, min_width=len("2024-01-01"), overflow="fold")
    table.add_column("gaps", overflow="fold")
    table.add_column("usable" if fair else "ok", no_wrap=True)
    for report in reports:
        series = report.file.series
        instrument = series.instrument.partition(":")[2] if series.instrument else series.name.rpartition("-")[0]
        every = f" {series.resolution}" if series.resolution else _every(report)
        good = not report.problems and series.name not in twice
        venue, name = series.venue or "", f"{instrument}{every}"
        named = (venue, name) if fair else (f"{venue} {name}".strip(),)
        table.add_row(
            *(Text(_visible(cell)) for cell in (series.kind, *named)),
            *((Text(_visible(report.name)),) if wide else ()),
            f"{report.rows:,}",
            _time(report.first, days=not fair),
            _time(report.last, days=not fair),
            _gaps(report, short=not fair),
            "yes" if good else "NO",
        )
    return table


def _every(report: Report) -> str:
    return f" {_span(report.interval_ns)}" if report.interval_ns and report.file.series.kind is Kind.FUNDING else ""


def _time(at: int | None, *, days: bool) -> str:
    if at is None:
        return ""
    return iso(at)[: len("2024-01-01")] if days else iso(at).replace("T", " ").removesuffix("Z").removesuffix(":00")


def _gaps(report: Report, *, short: bool) -> str:
    gaps = report.gaps
    if not gaps.count:
        return "none"
    return f"{gaps.count} ({gaps.missing:,}{'' if short else ' rows'}, {_span(gaps.longest_ns)})"


def _span(length_ns: int) -> str:
    """Return a span in the largest unit that needs no fraction beyond a tenth: 30d, 23h, 440min."""
    seconds = length_ns // SECOND_NS
    for unit, size in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:,}{unit}"
    return f"{seconds:,}s"
