"""What becomes of an order that meets the market now, as a table."""

from decimal import Decimal

import pytest

from actors.exchange.taking import Cut, Terms, Verdict, arriving, cut
from messages.units import BUY, FOK, GTC, IOC, SELL, Price, Side, TimeInForce

D = Decimal


@pytest.mark.parametrize(
    ("reducible", "room", "amount", "reason"),
    [
        (None, None, "5", ""),
        (None, "9", "5", ""),
        (None, "5", "5", ""),
        (None, "3", "3", "VOLUME_LIMIT"),
        (None, "0", "0", "VOLUME_LIMIT"),
        (None, "-1", "0", "VOLUME_LIMIT"),
        ("9", None, "5", ""),
        ("3", None, "3", "REDUCE_ONLY"),
        ("0", None, "0", "REDUCE_ONLY"),
        ("3", "3", "3", "REDUCE_ONLY"),
        ("3", "2", "2", "VOLUME_LIMIT"),
        ("0", "0", "0", "REDUCE_ONLY"),
    ],
)
def test_an_order_of_five_is_cut_to_the_position_then_to_the_volume(
    reducible: str | None, room: str | None, amount: str, reason: str
) -> None:
    found = cut(D(5), reducible=None if reducible is None else D(reducible), room=None if room is None else D(room))

    assert found == Cut(D(amount), reason)


def terms(limit: str | None, *, side: Side = BUY, tif: TimeInForce = GTC, post_only: bool = False) -> Terms:
    return Terms(side, None if limit is None else Price(D(limit)), tif, post_only)


WHOLE, PART, LESS = Cut(D(5), ""), Cut(D(3), "VOLUME_LIMIT"), Cut(D(3), "REDUCE_ONLY")


@pytest.mark.parametrize(
    ("asked", "part", "price", "verdict"),
    [
        (terms(None), WHOLE, "100", Verdict(taken=D(5))),
        (terms(None), PART, "100", Verdict(taken=D(3), cancelled="VOLUME_LIMIT")),
        (terms(None, tif=FOK), PART, "100", Verdict(cancelled="VOLUME_LIMIT")),
        (terms(None), LESS, "100", Verdict(taken=D(3), cancelled="REDUCE_ONLY")),
        (terms(None), WHOLE, None, Verdict(rejected="NO_PRICE")),
        (terms("100"), WHOLE, "100", Verdict(taken=D(5))),
        (terms("100"), PART, "100", Verdict(taken=D(3))),
        (terms("100"), LESS, "100", Verdict(taken=D(3), cancelled="REDUCE_ONLY")),
        (terms("99"), WHOLE, "100", Verdict()),
        (terms("99"), WHOLE, None, Verdict()),
        (terms("101", side=SELL), WHOLE, "100", Verdict()),
        (terms("100", side=SELL), WHOLE, "100", Verdict(taken=D(5))),
        (terms("99", tif=IOC), WHOLE, "100", Verdict(cancelled="NOT_MARKETABLE")),
        (terms("99", tif=FOK), PART, "100", Verdict(cancelled="NOT_MARKETABLE")),
        (terms("100", tif=IOC), PART, "100", Verdict(taken=D(3), cancelled="VOLUME_LIMIT")),
        (terms("100", tif=FOK), PART, "100", Verdict(cancelled="VOLUME_LIMIT")),
        (terms("100", tif=FOK), LESS, "100", Verdict(taken=D(3), cancelled="REDUCE_ONLY")),
        (terms("100", post_only=True), WHOLE, "100", Verdict(rejected="POST_ONLY")),
        (terms("99", post_only=True), WHOLE, "100", Verdict()),
    ],
)
def test_what_becomes_of_it(asked: Terms, part: Cut, price: str | None, verdict: Verdict) -> None:
    assert arriving(asked, part, None if price is None else D(price)) == verdict
