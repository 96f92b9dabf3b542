"""What a run's recorded data lack, in words: rows missing inside, data that begin late or end early, no data at all."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from actors.data.feed import Feed
from actors.data.series import Kind, iso
from config.settings import Backtest
from messages.units import SECOND_NS
from ops.hints import command


def notes(feed: Feed, mode: Backtest) -> Iterator[str]:
    """Yield a line for each thing that the files in use lack and a run can do without."""
    yield from _gaps(feed)
    yield from _short(feed, mode)


def _gaps(feed: Feed) -> Iterator[str]:
    """Yield a line for each file in use in which rows are missing. No order trades inside a gap."""
    for file in feed.files:
        if file.gaps.count:
            hours = file.gaps.longest_ns / (3600 * SECOND_NS)
            yield f"{file.name}: {file.gaps.count} gaps, {file.gaps.missing} rows missing, the longest {hours:g} h"


def _short(feed: Feed, mode: Backtest) -> Iterator[str]:
    """Yield a line for each file in use that begins more than a candle after the start, or ends so before the end."""
    for file in feed.files:
        if file.first is None or file.last is None or file.interval_ns is None:
            continue
        opens = file.file.series.kind is Kind.CANDLES  # the last one reaches an interval further
        for word, at, missing, which in (
            ("begins", file.first, file.first - mode.start, "after the run's start"),
            ("ends", file.last, mode.end - file.last - (file.interval_ns if opens else 0), "before the run's end"),
        ):
            if missing > file.interval_ns:
                yield f"{file.name}: {word} {iso(at)[: len('2024-01-01')]}, {_span(missing)} {which}"


def _span(length_ns: int) -> str:
    hours = length_ns // (3600 * SECOND_NS)
    many, unit = (hours // 24, "days") if hours >= 48 else (hours, "hours")  # noqa: PLR2004 - two days
    return f"{many} {unit}" if many else f"{length_ns // (60 * SECOND_NS)} minutes"


def sample_hint(folder: Path) -> str:
    """Return how to make a folder of data; the path is not looked up, for it may be none that can be."""
    return f"{command()} data sample {shlex.quote(os.path.relpath(folder))} makes one of made-up prices"
