"""Series for charts: made shorter without losing what one would look for. Tables never go through here."""

from collections.abc import Sequence

LIMIT = 5_000
"""Points above which a chart gets a selection of them."""

Column = Sequence[float | None]
"""Values at the times that all columns of a chart share; None where there is none."""


def kept(columns: Sequence[Column], limit: int = LIMIT) -> list[int]:
    """Return which places of equally long columns to draw: all, or the extremes of each column in equal stretches.

    The first and the last place are always kept, and one gap of each stretch that has any.

    Args:
        columns: One at least.
        limit: How many places at most; at least 3 for each column, and two.
    """
    length = len(columns[0])
    if length <= limit:
        return list(range(length))
    gaps = [None in column for column in columns]
    stretches = (limit - 2) // sum(2 + has_gap for has_gap in gaps)
    chosen = {0, length - 1}
    for number in range(stretches):
        places = range(number * length // stretches, (number + 1) * length // stretches)
        for column, has_gap in zip(columns, gaps, strict=True):
            chosen.update(_extremes(column, places) if has_gap else _ends(column, places))
    return sorted(chosen)


def _ends(column: Column, places: Sequence[int]) -> tuple[int, int]:
    """Return where the lowest and the highest of the values are, among which there is no None."""
    return min(places, key=column.__getitem__), max(places, key=column.__getitem__)  # type: ignore[arg-type]


def _extremes(column: Column, places: Sequence[int]) -> tuple[int, ...]:
    known = [place for place in places if column[place] is not None]
    missing = next((place for place in places if column[place] is None), None)
    return (*(_ends(column, known) if known else ()), *(() if missing is None else (missing,)))
