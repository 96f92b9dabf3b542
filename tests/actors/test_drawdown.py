"""The largest drawdown is the deepest fall from the highest mark before it, as a part of that mark."""

from decimal import Decimal

import pytest

from actors.drawdown import Drawdown


@pytest.mark.parametrize(
    ("marks", "largest"),
    [
        ([], "0"),
        ([100], "0"),
        ([100, 110, 120], "0"),
        ([100, 90, 95, 85], "0.15"),
        ([100, 90, 200, 190], "0.1"),  # the later fall is larger in money and smaller as a part
        ([100, 90, 200, 150], "0.25"),
        ([100, -20], "1.2"),
        ([0, -20, 10], "0"),  # of nothing there is no part
    ],
)
def test_it_is_the_deepest_fall_from_the_peak_before(marks: list[int], largest: str) -> None:
    drawdown = Drawdown()

    for mark in marks:
        drawdown.mark(Decimal(mark))

    assert drawdown.largest == Decimal(largest)


def test_what_is_put_in_or_taken_out_is_no_rise_and_no_fall() -> None:
    drawdown = Drawdown()

    drawdown.mark(Decimal(1000))
    drawdown.mark(Decimal(9990), Decimal(9000))  # ten lost
    assert drawdown.largest == Decimal(10) / Decimal(10000)
    drawdown.mark(Decimal(990), Decimal(0))

    assert drawdown.largest == Decimal("0.01")  # the same ten, of the thousand that are left
