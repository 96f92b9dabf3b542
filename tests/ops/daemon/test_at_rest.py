"""What lies in an account is taken at a moment at which nothing moved, so that nothing is booked twice or left out."""

import asyncio
from decimal import Decimal

from msgspec.structs import replace

from ops.daemon.at_rest import Holdings, at_rest
from tests.ops.daemon.house import balance, position


def read_each(*readings: Holdings) -> tuple[Holdings, int]:
    """Return what comes of these readings; the first begins at 0, and each takes 10."""
    now, left = [0], list(readings)

    async def read() -> Holdings:
        now[0] += 10
        return left.pop(0)

    return asyncio.run(at_rest(read, now_ns=lambda: now[0]))


def of(total: str, quantity: str = "1") -> Holdings:
    return (balance(total), balance("0", "ETH")), (position(quantity),)


def test_where_nothing_moves_it_is_what_lay_there_between_two_readings() -> None:
    assert read_each(of("5"), of("5")) == (of("5"), 10)


def test_what_moves_while_it_is_read_is_read_again_until_it_is_at_rest() -> None:
    assert read_each(of("5"), of("6"), of("6", "2"), of("6", "2")) == (of("6", "2"), 30)


def test_what_is_free_moves_with_prices_and_is_no_reason() -> None:
    freer = (replace(balance("5"), free=Decimal(1)),), (position("1"),)

    assert read_each(of("5"), freer) == (freer, 10)


def test_what_never_rests_is_taken_as_it_was_read_last() -> None:
    readings = [of(str(number)) for number in range(11)]

    assert read_each(*readings) == (readings[-1], 110)
