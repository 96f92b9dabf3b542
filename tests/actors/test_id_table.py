"""The table of instruction ids answers as a dictionary would, however many are in it, and forgets none."""

from hypothesis import given
from hypothesis import strategies as st

from actors.id_table import IdTable

KEYS = st.integers(0, 2**64 - 1) | st.integers(0, 6).map(lambda n: n << 32)  # the second kind meet in one slot


@given(st.lists(st.tuples(KEYS, st.integers(0, 2**64 - 1), st.integers(0, 15)), max_size=200))
def test_it_answers_as_a_dictionary_does(entries: list[tuple[int, int, int]]) -> None:
    table, known = IdTable(), dict[int, tuple[int, int]]()

    for key, content, outcome in entries:
        key = key or 1  # noqa: PLW2901 - 0 marks a free slot, and is known as 1
        slot = table.enter(key, content)
        assert (slot >= 0) is (key in known)
        known.setdefault(key, (content, 0))
        known[key] = known[key][0], outcome
        table.set_outcome(table.find(key), outcome)

    assert len(table) == len(known)
    for key, (content, outcome) in known.items():
        slot = table.find(key)
        assert table.is_content(slot, content)
        assert not table.is_content(slot, content + 1)
        assert table.outcome(slot) == outcome


def test_nothing_is_lost_while_it_grows() -> None:
    table = IdTable()
    keys = [(n * 0x9E3779B97F4A7C15) % 2**64 for n in range(1, 20_001)]

    for n, key in enumerate(keys):
        assert table.enter(key, n) < 0
        table.set_outcome(table.find(key), n % 8)

    assert len(table) == len(keys)
    assert all(table.is_content(table.find(key), n) for n, key in enumerate(keys))
    assert all(table.outcome(table.find(key)) == n % 8 for n, key in enumerate(keys))
    assert table.find(12345) == -1


def test_keys_that_want_one_slot_are_told_apart() -> None:
    table = IdTable()
    keys = [n << 32 | 5 for n in range(1, 101)]

    for n, key in enumerate(keys):
        table.enter(key, n)

    assert all(table.is_content(table.find(key), n) for n, key in enumerate(keys))
    assert table.find(101 << 32 | 5) == -1


def test_a_known_key_keeps_its_first_content_and_outcome() -> None:
    table = IdTable()
    table.enter(7, 1)
    table.set_outcome(table.find(7), 4)

    slot = table.enter(7, 2)

    assert slot == table.find(7)
    assert (table.is_content(slot, 1), table.outcome(slot), len(table)) == (True, 4, 1)


def test_the_key_zero_is_a_key_like_others() -> None:
    table = IdTable()

    assert table.find(0) == -1
    assert table.enter(0, 9) < 0
    assert table.is_content(table.find(0), 9)


def test_a_new_key_is_told_by_the_complement_of_its_slot() -> None:
    table = IdTable()

    assert ~table.enter(7, 1) == table.find(7)


def test_slots_are_good_until_the_table_says_that_it_grew() -> None:
    table, slot, growth = IdTable(), ~IdTable().enter(5, 0), 0
    table.enter(5, 0)

    for key in range(100, 50_000):
        table.enter(key, key)
        if table.growth != growth:
            growth, slot = table.growth, table.find(5)
        assert table.find(5) == slot

    assert growth
