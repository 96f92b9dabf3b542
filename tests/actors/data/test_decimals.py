"""A column's decimals are exactly what the design says: ``Decimal(repr(x))`` of a double, the text of a text."""

import decimal
import random
import struct
from decimal import Decimal

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.data.decimals import DecimalColumn

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SHORT = st.builds(lambda n, places: n / 10**places, st.integers(-(10**16), 10**16), st.integers(0, 9))


def naive(values: list[float]) -> list[Decimal]:
    return [Decimal(repr(value)) for value in values]


@given(st.lists(FINITE, max_size=20))
def test_any_doubles_become_their_shortest_decimals(values: list[float]) -> None:
    assert DecimalColumn().decode(pa.array(values, pa.float64())) == naive(values)


@settings(max_examples=400)
@given(st.lists(st.lists(SHORT, max_size=6), max_size=6))
def test_chunks_of_any_lengths_and_places_become_their_shortest_decimals(chunks: list[list[float]]) -> None:
    column = DecimalColumn()

    for values in chunks:
        assert column.decode(pa.array(values, pa.float64())) == naive(values)


def test_a_hundred_thousand_random_doubles_of_each_sort_become_their_shortest_decimals() -> None:
    rng = random.Random(7)  # noqa: S311 - samples
    bits = [struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0] for _ in range(100_000)]
    sorts = {
        "any bits": [value for value in bits if abs(value) < float("inf")],
        "prices": [round(rng.uniform(0, 5000), 2) for _ in range(100_000)],
        "volumes": [round(rng.uniform(0, 1e7), 5) for _ in range(100_000)],
        "long": [rng.random() for _ in range(100_000)],
        # one step beside a short decimal: the nearest thing to being taken for it
        "neighbours": [_next(round(rng.uniform(1, 5000), 2)) for _ in range(100_000)],
        "at the limit of 15 digits": [rng.randrange(10**14, 2 * 10**15) / 100 for _ in range(100_000)],
    }

    for name, values in sorts.items():
        # one at a time in chunks of their own, so that no long neighbour makes the fast way give up
        column, bad = DecimalColumn(), 0
        for low in range(0, len(values), 1000):
            chunk = values[low : low + 1000]
            bad += sum(a != b for a, b in zip(column.decode(pa.array(chunk)), naive(chunk), strict=True))
        assert (name, bad) == (name, 0)


def test_the_context_of_the_caller_rounds_nothing() -> None:
    with decimal.localcontext(decimal.Context(prec=3)):
        decoded = DecimalColumn().decode(pa.array([4567.89, 1234.56]))

    assert decoded == [Decimal("4567.89"), Decimal("1234.56")]


def test_decimals_integers_and_text_are_taken_exactly() -> None:
    long = "12345678901234567890.123456789012345678"

    assert DecimalColumn().decode(pa.array([Decimal(long)], pa.decimal128(38, 18))) == [Decimal(long)]
    assert DecimalColumn().decode(pa.array([long, "1e-05"])) == [Decimal(long), Decimal("0.00001")]
    assert DecimalColumn().decode(pa.array([2**62, -1])) == [Decimal(2**62), Decimal(-1)]


def _next(value: float) -> float:
    following: float = struct.unpack("<d", struct.pack("<Q", struct.unpack("<Q", struct.pack("<d", value))[0] + 1))[0]
    return following
