"""A trade of a perp counts for the basis from the closes of its own slice, which are on record where they changed.

So basis and price do not depend on how often equity is marked, and a fold gives the same.
"""

from decimal import Decimal

from msgspec import structs

from messages.book import (
    BasisMarked,
    Liquidated,
)
from messages.units import Amount, BaseAmount, InstrumentId, Price, Side, VenueName
from tests.actors.builders import candle, market, opening, paid
from tests.actors.loop import BYBIT_PERP, BYBIT_SPOT, Loop, fill, two_closes

D = Decimal


def started(loop: Loop) -> Loop:
    loop.tell(opening("9000"))
    loop.price(two_closes("2000", "2010", hour=1))
    loop.mark()
    return loop


def bases(loop: Loop) -> list[tuple[InstrumentId, Decimal, Decimal]]:
    """Return what was put on record of the basis."""
    return [(each.instrument, each.price, each.base_price) for each in loop.journal if isinstance(each, BasisMarked)]


def test_a_basis_is_on_record_once_for_each_market_and_slice_that_trades_and_brings_another() -> None:
    loop = started(Loop())
    loop.tell(fill(trade="t1"))  # at the closes of the mark
    assert bases(loop) == []

    loop.price(two_closes("2000", "2020", hour=2))
    loop.tell(fill(of=BYBIT_SPOT, trade="t2"))
    assert bases(loop) == []
    loop.tell(fill(trade="t3"))
    loop.tell(fill(trade="t4"))
    assert bases(loop) == [(BYBIT_PERP, D(2020), D(2000))]

    loop.price(two_closes("2000", "2020", hour=3))
    loop.tell(fill(trade="t5"))
    loop.price(two_closes("2001", "2021", hour=4))
    loop.tell(paid(of=BYBIT_PERP))
    assert len(bases(loop)) == 1

    loop.tell(fill(trade="t6"))
    assert bases(loop)[1:] == [(BYBIT_PERP, D(2021), D(2001))]


def test_without_a_mark_to_count_from_or_a_price_of_the_base_no_basis_is_on_record() -> None:
    loop = Loop()
    loop.price(two_closes("2000", "2010", hour=1))
    loop.tell(fill(trade="t1"))
    assert bases(loop) == []

    loop = Loop()
    loop.price(market(candle("2010", of=BYBIT_PERP)))
    loop.mark()
    loop.tell(fill(trade="t1"))

    assert bases(loop) == []


def test_a_liquidation_counts_at_the_closes_of_its_slice() -> None:
    loop = started(Loop())
    loop.tell(fill("1", "2010"))
    loop.price(two_closes("1000", "990", hour=2))
    loop.tell(
        Liquidated(
            venue=VenueName("bybit"),
            instrument=BYBIT_PERP,
            side=Side.SELL,
            amount=BaseAmount(D(1)),
            price=Price(D(990)),
            mark=Price(D(990)),
            fee=Amount(D(0)),
            liquidation_fee=Amount(D(0)),
        )
    )
    loop.price(two_closes("1000", "1500", hour=3))
    loop.mark()

    attribution = loop.totals.attribution
    assert attribution is not None
    assert (attribution.price, attribution.basis) == (D(-1000), D(-20))


def a_month(every: int | None) -> Loop:
    """Hold a pair for most of a month of hourly closes, and mark it so often (hours); None: at the ends alone."""
    loop = Loop()
    loop.tell(opening("100000"))
    for hour in range(1, 721):
        spot = 2000 + D(hour * 7919 % 613) / 7
        loop.price(two_closes(f"{spot}", f"{spot + D(hour * 104729 % 211) / 9 - 10}", hour=hour))
        if hour == 1 or hour == 720 or (every and hour % every == 0):  # noqa: PLR1714 - reads as it is said
            loop.mark()
        if hour in (30, 31, 400, 700):
            side, other = ("SELL", "BUY") if hour == 700 else ("BUY", "SELL")
            amount = "3" if hour == 700 else "1"
            loop.tell(fill(amount, f"{spot}", of=BYBIT_SPOT, side=side, trade=f"s{hour}"))
            loop.tell(fill(amount, f"{spot}", side=other, trade=f"p{hour}"))
    return loop


def test_basis_and_price_are_the_same_however_seldom_equity_is_marked() -> None:
    found = [each for loop in map(a_month, (1, 8, None)) if (each := loop.totals.attribution) is not None]

    assert len(found) == 3
    assert abs(found[0].basis) > 1
    for each in found[1:]:
        for kind, amount in structs.asdict(each).items():
            assert abs(amount - getattr(found[0], kind)) < D("1e-9")


def test_a_month_that_is_folded_was_worth_the_same() -> None:
    ran, folded = a_month(None), a_month(None)
    folded.gate.take()

    folded.fold()

    assert folded.totals == ran.totals
