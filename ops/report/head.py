"""What the page says first: what ran, what came of it in one line, and how it ended."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from ops.report.figures import Performance, priced_span
from ops.report.formats import count, minute, money, percent
from ops.report.gathered import Gathered
from ops.report.statistics import DAY_NS


class Status(NamedTuple):
    """How the run ended: `kind` is good, warn or bad."""

    kind: str
    word: str
    detail: str


def status(found: Gathered) -> Status:
    """Return how it ended, as far as the journal knows."""
    ended = found.ended
    if ended is None:
        if found.writer is not None:
            return Status(
                "warn", "Still running", f"Process {found.writer} is writing this journal: it is the run so far."
            )
        return Status(
            "bad",
            "No end on record",
            "The journal has no RunEnded: the run was killed, or the journal's end is gone. This is what is there.",
        )
    if ended.outcome == "done":
        return Status("good", "Completed", "")
    if ended.outcome == "interrupted":
        return Status("warn", "Interrupted", f"Stopped before its end: {ended.reason}. This is the result so far.")
    return Status("bad", "Failed", f"{ended.reason}. This is the result so far.")


def name(found: Gathered) -> str:
    """Return what the run is called: its strategy, without the module's path."""
    use = found.setting("strategy", "use")
    return str(use) if use else "A run"


def config(found: Gathered) -> str:
    """Return the name of the config's file, or of the journal's folder. Never a path: the page may be passed on."""
    path = found.beside.get("config")
    return PurePath(path).name if isinstance(path, str) else found.folder


def span(found: Gathered) -> str:
    """Return from when to when the run went: to the end of its data, or to where it stopped; empty if nobody knows."""
    start, end = _planned(found)
    if start is None:
        return ""
    reached = _reached(found)
    if reached is not None:
        end = reached if end is None or _is_short(end, reached) else end
    return f"{minute(start)} to {'open end' if end is None else minute(end)} UTC"


def shortfall(found: Gathered) -> str:
    """Return that the run was meant to go on for longer than its data, or than it did; empty if it was not."""
    end, reached = _planned(found)[1], _reached(found)
    if end is None or reached is None or not _is_short(end, reached):
        return ""
    if _is_done(found):
        return (
            f"Planned until {minute(end)}, data end {minute(reached)} UTC: figures over time count the days up to "
            "there, and none after."
        )
    return f"Planned until {minute(end)}, it came to {minute(reached)} UTC."


def _planned(found: Gathered) -> tuple[int | None, int | None]:
    start, end = found.setting("mode", "start"), found.setting("mode", "end")
    if not isinstance(start, int) and found.started is not None:
        start, end = found.started.start, found.started.end
    return (start if isinstance(start, int) else None), (end if isinstance(end, int) else None)


def _reached(found: Gathered) -> int | None:
    """Return where prices ended if the run is over; else where it is, or where it stopped."""
    priced = priced_span(found)
    ends = found.mark_times[priced.stop - 1] if priced else None
    return ends if _is_done(found) or found.last_at is None else found.last_at


def _is_done(found: Gathered) -> bool:
    return found.ended is not None and found.ended.outcome == "done"


def _is_short(end: int, reached: int) -> bool:
    """Return whether it was not by as little as the last candle, or a price that rested for a while, makes."""
    return end - reached >= DAY_NS


def skipped(found: Gathered) -> str:
    """Return how many inputs the run went on without; empty if none."""
    number = found.counts["InputSkipped"]
    return f"{count(number)} input{'' if number == 1 else 's'} skipped" if number else ""


def changed(found: Gathered) -> str:
    """Return in one line that the journal is not what was written, and what is wrong with it."""
    return f"The journal is not as it was written: {'; '.join(found.doubts)}. Do not rely on this page."


def result(found: Gathered, done: Performance | None) -> str:
    """Return in one line what came of it."""
    if done is None:
        return "Equity was never marked in this journal."
    change = money(done.last - done.first, signed=True)
    share = "" if done.total is None else f" ({percent(done.total, signed=True)})"
    fall = "never below its high" if done.drawdown is None else f"maximum drawdown {percent(done.drawdown.depth)}"
    days = f"{done.days:,.1f}".removesuffix(".0")
    return (
        f"Equity {money(done.first)} → {money(done.last)} {found.currency}: "
        f"{change}{share} in {days} day{'' if days == '1' else 's'}, {fall}."
    )


def facts(found: Gathered) -> Iterator[tuple[str, str]]:
    """Yield label and text of what identifies the run."""
    if when := span(found):
        yield "Span", when
    if where := config(found):
        yield "Config" if "config" in found.beside else "Folder", where
    script = found.hashed.get("strategy_file")
    if isinstance(script, dict):
        yield "Strategy file", f"{script.get('name')}, sha256 {str(script.get('sha256'))[:16]}…"
    venues = found.setting("venue_order") or sorted(found.setting("venues") or ())
    if venues:
        yield "Venues", ", ".join(map(str, venues))
    for label, keys in (("Candles", ("data", "resolution")), ("Mode", ("mode", "type")), ("Seed", ("mode", "seed"))):
        if (value := found.setting(*keys)) is not None:
            yield label, str(value)
    if found.ended is not None:
        yield "Market events", count(found.ended.market_events)
    yield (
        "Orders",
        f"{count(found.counts['OrderSubmitted'])}, of {count(found.counts['InstructionReceived'])} instructions",
    )
    if version := found.beside.get("execd_version"):
        yield "execd", f"{version}, Python {found.beside.get('python', 'unknown')}"
    yield "Journal", f"{found.name}, {count(found.entries)} entries"


def notes(found: Gathered) -> Iterator[str]:
    """Yield what somebody who reads the figures should know of them."""
    yield from (f"The journal is not as it was written: {doubt}." for doubt in found.doubts)
    for (instrument, used_for), times in sorted(found.stale.items()):
        yield (
            f"An old close of {instrument} was used for {used_for} {_times(times)} (StaleMark: it was a candle length "
            "old or older)."
        )
    for (what, reason), times in sorted(found.removed.items()):
        yield f"Orders {what} {_times(times)}: {reason or 'no reason given'}."
    left_out = found.counts["InputSkipped"]
    if left_out:
        yield f"The run went on without an input that crashed its turn {_times(left_out)} (InputSkipped)."
    if found.forced or any(mark.margins for mark in found.marks):
        yield (
            "Liquidation rules (tiers of maintenance margin, liquidation fees) come from the data file of venue rules, "
            "which says what in it is not verified, and the config can override them; those of this run are in the "
            "settings below."
        )
    if unmarked := _unmarked(found):
        yield (
            f"{count(unmarked)} UTC day{'s have' if unmarked > 1 else ' has'} no mark of equity: each counts as a day "
            "without a return, which makes volatility and the ratios built on it unreliable."
        )
    if not found.marks or found.attribution is None:
        yield "This journal has no attribution of P&L: charts and tables of it are left out."


def _unmarked(found: Gathered) -> int:
    """Return on how many days, between the first and the last, equity was not marked; a mark at 00:00 ends a day."""
    days = {-(-at // DAY_NS) for at in found.mark_times}
    return max(days) - min(days) + 1 - len(days) if days else 0


def _times(number: int) -> str:
    return "once" if number == 1 else f"{count(number)} times"
