"""What was aimed at, and whether the figures meet it. Ratios and differences are of one run; medians of several."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Figures = dict[str, float]
Found = Mapping[str, Sequence[Figures]]
"""Figures of every run, by case."""


class Target(NamedTuple):
    """One target at one venue.

    Attributes:
        case: That it is measured in.
        title: What it is, with its unit.
        of: Works it out from the figures of one run.
        must: The worst that is good enough.
        aim: What is hoped for; None where that is the same.
        most: Less is better; else more is.
    """

    case: str
    title: str
    of: Callable[[Figures], float]
    must: float
    aim: float | None = None
    most: bool = True

    def judged(self, runs: Sequence[Figures]) -> dict[str, Any]:
        """Return the median of the runs beside what it must be."""
        values = sorted(self.of(each) for each in runs)
        value = statistics.median(values)
        told: dict[str, Any] = {
            "value": round(value, 3),
            "min_max": [round(values[0], 3), round(values[-1], 3)],
            "must": self.must,
            "met": self._reaches(value, self.must),
        }
        if self.aim is not None:
            told |= {"aim": self.aim, "aim_met": self._reaches(value, self.aim)}
        return told

    def _reaches(self, value: float, wanted: float) -> bool:
        return value <= wanted if self.most else value >= wanted


TARGETS: Mapping[str, Target] = {
    "cpu_ratio": Target(
        "orders",
        "CPU of the venue's loop an order, times ccxt's create_order",
        lambda run: run["ours_cpu_us"] / run["ccxt_cpu_us"],
        must=2.0,
        aim=1.5,
    ),
    "added_ms": Target(
        "orders",
        "instruction to first byte, durable, less ccxt's call to first byte (median, ms)",
        lambda run: run["ours_ms"] - run["ccxt_ms"],
        must=2.0,
        aim=1.0,
    ),
    "late": Target(
        "rate",
        "of a steady 200 orders a second: late (over 50 ms), refused or unknown",
        lambda run: run["late"] + run["refused"] + run["unknown"],
        must=0,
    ),
    "per_second": Target("rate", "orders a second at that", lambda run: run["per_second"], must=195.0, most=False),
    "cancel_ms": Target(
        "cancels",
        "instruction to first byte of a cancel while 200 reads wait (worst, ms)",
        lambda run: run["max_ms"],
        must=50.0,
    ),
    "memory_growth": Target(
        "memory",
        "memory after all orders, times that after a tenth of them",
        lambda run: run["mb"] / run["mb_at_a_tenth"],
        must=1.25,
    ),
    "folded_per_second": Target(
        "fold",
        "journal entries a second, read, checked and folded at a start",
        lambda run: run["per_second"],
        must=10_000,
        most=False,
    ),
}


def judged(found: Found) -> dict[str, Any]:
    """Return the targets of one venue, as far as their cases were run, and the medians of everything measured."""
    return {
        "targets": {name: each.judged(found[each.case]) for name, each in TARGETS.items() if each.case in found},
        "figures": {case: _medians(runs) for case, runs in found.items()},
    }


def _medians(runs: Sequence[Figures]) -> Figures:
    return {name: round(statistics.median(each[name] for each in runs), 3) for name in runs[0]}
