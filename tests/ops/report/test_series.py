"""A chart of a long series keeps its extremes, its ends and its gaps; a short one keeps everything."""

import random

from ops.report.series import kept


def test_a_short_series_keeps_every_point() -> None:
    assert kept([[1.0, 2.0, 3.0]], limit=3) == [0, 1, 2]


def test_a_long_series_is_thinned_to_the_limit_and_keeps_extremes_and_ends() -> None:
    chance = random.Random(1)  # noqa: S311 - prices, not secrets
    columns = [[chance.gauss(0, 1) for _ in range(20_000)] for _ in range(3)]
    columns[1][777] = 50.0
    columns[2][19_000] = -50.0

    places = kept(columns, limit=1000)

    assert 900 < len(places) <= 1000
    assert {0, 777, 19_000, 19_999} <= set(places)
    assert places == sorted(set(places))
    for column in columns:
        assert {column.index(min(column)), column.index(max(column))} <= set(places)


def test_a_gap_stays_a_gap() -> None:
    column: list[float | None] = [1.0] * 10_000
    column[6000:6003] = [None] * 3

    places = kept([column], limit=300)

    assert any(column[place] is None for place in places)
    assert len(places) <= 300
