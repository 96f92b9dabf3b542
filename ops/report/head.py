"""What the page says first: what ran, what came of it in one line, and how it ended."""

from collections.abc import Iterator
from typing import NamedTuple

from ops.report.figures import Performance
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


def span(found: Gathered) -> str:
    """Return from when to when the run was meant to go; empty if nobody knows."""
    start, end = found.setting("mode", "start"), found.setting("mode", "end")
    if not isinstance(start, int) and found.started is not None:
        start, end = found.started.start, found.started.end
    if not isinstance(start, int):
        return ""
    return f"{minute(start)} to {minute(end) if isinstance(end, int) else 'open end'} UTC"


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
    skipped = found.counts["InputSkipped"]
    if skipped:
        yield f"The run went on without an input that crashed its turn {_times(skipped)} (InputSkipped)."
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
