"""``execd data check DIR``: what a data folder holds, and what of it can't be used and why."""

from pathlib import Path
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from actors.data.files import Report, inspect, scan
from actors.data.series import Kind, iso
from messages.units import SECOND_NS

USABLE = 0
UNUSABLE = 2

_WIDTH = 160
"""Of a table that no terminal bounds."""
_ROOMY = 130
"""Columns from which on every cell has its line."""
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
        console.print(_table(directory, reports, twice, wide=console.width >= _ROOMY))
        _say(console, "Times are UTC. Candles are stamped at their open. Gaps: how many, rows missing, the longest.")
    warnings = [line for report in reports for line in report.warnings]
    for title, lines in (("Worth knowing", warnings), ("Unusable", problems)):
        if lines:
            _say(console, f"\n{title}:")
        for line in lines:
            _say(console, f"  {line}")
    bad = sum(1 for report in reports if report.problems or report.file.series.name in twice)
    _say(console, f"\n{len(reports)} series files, {len(reports) - bad} usable, {len(problems)} problems.")
    return UNUSABLE if problems else USABLE


def _say(console: Console, line: str) -> None:
    # as plain text: a file name may hold what rich takes for markup, and a path must not be broken over lines
    console.print(Text(line), soft_wrap=True)


def _table(directory: Path, reports: list[Report], twice: set[str], *, wide: bool) -> Table:
    # a terminal of 80 columns has no room for names of files, which say what the other columns say
    table = Table(
        title=Text(f"Market data in {directory}"),
        title_justify="left",
        box=box.HEAVY_HEAD if wide else None,
        pad_edge=wide,
        padding=(0, 1) if wide else (0, 1, 0, 0),
    )
    for name in ("kind", "venue", "series", *(("file",) if wide else ())):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right")
    for name in ("first", "last"):
        table.add_column(name, min_width=len("2024-01-01"), overflow="fold")
    table.add_column("gaps", overflow="fold")
    table.add_column("usable")
    for report in reports:
        series = report.file.series
        instrument = series.instrument.partition(":")[2] if series.instrument else series.name.rpartition("-")[0]
        every = f" {series.resolution}" if series.resolution else _every(report)
        good = not report.problems and series.name not in twice
        table.add_row(
            *(Text(cell) for cell in (series.kind, series.venue or "", f"{instrument}{every}")),
            *((Text(report.name),) if wide else ()),
            f"{report.rows:,}",
            _time(report.first),
            _time(report.last),
            _gaps(report),
            "yes" if good else "NO",
        )
    return table


def _every(report: Report) -> str:
    return f" {_span(report.interval_ns)}" if report.interval_ns and report.file.series.kind is Kind.FUNDING else ""


def _time(at: int | None) -> str:
    return "" if at is None else iso(at).replace("T", " ").removesuffix("Z").removesuffix(":00")


def _gaps(report: Report) -> str:
    gaps = report.gaps
    if not gaps.count:
        return "none"
    return f"{gaps.count} ({gaps.missing:,} rows, {_span(gaps.longest_ns)})"


def _span(length_ns: int) -> str:
    """Return a span in the largest unit that needs no fraction beyond a tenth: 30d, 23h, 440min."""
    seconds = length_ns // SECOND_NS
    for unit, size in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:,}{unit}"
    return f"{seconds:,}s"
