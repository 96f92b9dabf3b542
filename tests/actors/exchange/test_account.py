"""The exchange's own record of positions: what a trade realises, and what reduce-only may close."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.exchange.account import Standing
from actors.ledger import traded

D = Decimal


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 99)), max_size=20))
def test_a_position_comes_to_the_same_as_in_the_ledger(trades: list[tuple[int, int]]) -> None:
    standing, quantity, cost = Standing(), D(0), D(0)
    for change, price in trades:
        quantity, cost, realised = traded(quantity, cost, D(change), D(price))

        assert standing.trade(D(change), D(change) * D(price), D(price)) == realised
        assert (standing.quantity, standing.cost) == (quantity, cost)


@pytest.mark.parametrize(
    ("quantity", "by_sale", "amount"),
    [("2", True, "2"), ("2", False, "0"), ("-2", False, "2"), ("-2", True, "0"), ("0", True, "0")],
)
def test_reduce_only_closes_and_never_opens(quantity: str, amount: str, *, by_sale: bool) -> None:
    standing = Standing()
    standing.quantity = D(quantity)

    assert standing.reducible(by_sale=by_sale) == D(amount)
