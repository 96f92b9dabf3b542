"""Trades booked in another order than the venue made them in are no difference; missing cash is one."""

from tests.actors.test_reconciliation import Desk


def test_cash_and_cost_that_differ_by_the_same_are_no_difference() -> None:
    desk = Desk()

    assert [desk.snapshot("1000.05", cost="1900.05") for _ in range(9)] == [[]] * 9
    assert [desk.snapshot("999.95", cost="1899.95") for _ in range(9)] == [[]] * 9


def test_cash_that_no_cost_makes_up_for_is_looked_into() -> None:
    assert Desk().until_looking(usdt="1000.05", cost="1900")
    assert Desk().until_looking(usdt="1000.05", cost="1900.02")
    assert Desk().until_looking(usdt="1000.05", cost="1899.95")


def test_a_cost_that_differs_alone_is_how_the_venue_rounds() -> None:
    desk = Desk()

    assert [desk.snapshot("1000", cost="1900.05") for _ in range(9)] == [[]] * 9


def test_the_cost_of_another_quantity_makes_up_for_nothing() -> None:
    assert Desk().until_looking(usdt="1000.05", position="2", cost="1900.05")
