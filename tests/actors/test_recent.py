"""The latest so many are kept, and the oldest goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.recent import Recent


@given(st.integers(0, 100), st.sampled_from([1, 2, 8, 64]))
def test_it_keeps_the_latest_and_no_more(count: int, size: int) -> None:
    recent: Recent[str, int] = Recent(size)

    for number in range(count):
        recent.add(f"k{number}", number)

    kept = range(max(0, count - size), count)
    assert len(recent) == len(kept)
    assert all(recent.get(f"k{number}") == number and f"k{number}" in recent for number in kept)
    assert recent.get(f"k{count - size - 1}") is None


@pytest.mark.parametrize("key", ["", "other"])
def test_what_was_never_kept_is_not_there(key: str) -> None:
    recent: Recent[str, int] = Recent(4)
    recent.add("k", 1)

    assert key not in recent
