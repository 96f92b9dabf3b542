"""A heap of prices gives out who is reached, by price, then by time, and keeps no more than twice what is alive."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.exchange.open_order import OpenOrder
from actors.exchange.price_heap import PriceHeap
from tests.actors.exchange.desk import open_order

D = Decimal


def heap_of(*prices: str, falling: bool) -> tuple[PriceHeap, list[OpenOrder]]:
    heap = PriceHeap(falling=falling)
    orders = [open_order(rank) for rank in range(len(prices))]
    for order, price in zip(orders, prices, strict=True):
        heap.add(order, D(price))
    return heap, orders


@pytest.mark.parametrize(
    ("falling", "at", "found"),
    [(True, "99", [2, 1, 3]), (True, "100", [2]), (False, "101", [0]), (False, "102", [0, 1, 3])],
)
def test_orders_whose_price_was_passed_come_by_price_then_by_time(*, falling: bool, at: str, found: list[int]) -> None:
    heap, orders = heap_of("98", "100", "101", "100", falling=falling)
    if not falling:
        heap, orders = heap_of("100", "101", "103", "101", falling=falling)

    got = []
    while (order := heap.reached(D(at), 0, touch=False)) is not None:
        got.append(orders.index(order))
        heap.discard(order)

    assert got == found


@pytest.mark.parametrize("falling", [True, False])
def test_equality_counts_only_with_touch(*, falling: bool) -> None:
    heap, orders = heap_of("100", falling=falling)

    assert heap.reached(D(100), 0, touch=False) is None
    assert heap.reached(D(100), 0, touch=True) is orders[0]
    assert heap.taken(D(100), 0) == orders
    assert len(heap) == 0


def test_orders_of_later_than_the_candle_are_put_aside_and_back() -> None:
    heap = PriceHeap(falling=True)
    late, early = open_order(0, since=2), open_order(1, since=1)
    heap.add(late, D(101))
    heap.add(early, D(100))

    assert heap.taken(D(50), 1) == [early]
    assert (len(heap), heap.edge()) == (1, D(101))
    assert heap.taken(D(50), 2) == [late]


def test_prices_of_any_length_are_kept_exactly() -> None:
    long = "123456789012345678901234567890.123456789012345678901234567891"
    heap, _ = heap_of(long, falling=True)

    assert str(heap.edge()) == long


def test_an_empty_heap_has_no_edge() -> None:
    heap, orders = heap_of("100", "101", falling=True)
    for order in orders:
        heap.discard(order)

    assert heap.edge() is None
    assert heap.reached(D(1), 0, touch=True) is None


def test_what_left_does_not_pile_up() -> None:
    heap, orders = heap_of(*(str(price) for price in range(1, 1001)), falling=True)

    for order in orders[500:]:  # the dearest first: none of the others comes to the top
        heap.discard(order)
    for number in range(5000):
        order = open_order(1000 + number)
        heap.add(order, D(1))
        heap.discard(order)
        assert heap.entries <= 2 * len(heap) + 34

    assert len(heap) == 500


@given(
    rows=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3), st.booleans()), max_size=40), falling=st.booleans()
)
def test_it_finds_what_a_search_through_all_would(rows: list[tuple[int, int, bool]], *, falling: bool) -> None:
    heap, orders = heap_of(*(str(price) for price, _, _ in rows), falling=falling)
    for order, (_, since, gone) in zip(orders, rows, strict=True):
        order.since = since
        if gone:
            heap.discard(order)

    alive = [(price, n) for n, (price, _, gone) in enumerate(rows) if not gone]
    reached = [(price, n) for price, n in alive if (price >= 5 if falling else price <= 5) and rows[n][1] <= 1]
    order_of = sorted(reached, key=lambda each: (-each[0] if falling else each[0], each[1]))

    assert heap.edge() == (None if not alive else D((max if falling else min)(alive)[0]))
    assert heap.taken(D(5), 1) == [orders[n] for _, n in order_of]
    assert len(heap) == len(alive) - len(reached)
