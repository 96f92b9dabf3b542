"""An exchange that is folded from a journal goes on as the one that wrote it would have."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from actors.errors import InvariantError
from messages.market import ExtremesMoved
from messages.orders import OrderAccepted
from messages.units import Nanoseconds
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, accepted, record
from tests.actors.exchange.desk import Desk, bar, model, share, terms, triggers


def play(desk: Desk) -> None:
    """Leave something of every kind behind."""
    desk.send("BUY", "3", client="p1")
    desk.send("SELL", "9", client="r1", price="1900.001")
    desk.rest("BUY", price="1990", client="a")
    desk.rest("BUY", price="1990", client="b")
    desk.rest("BUY", price="1990", client="c")
    desk.rest("SELL", "2", price="2010", client="d", reduce_only=True)
    desk.rest("SELL", kind="STOP_LIMIT", trigger="1950", price="1940", client="e")
    desk.rest("BUY", kind="STOP_MARKET", trigger="2030", client="f")
    desk.rest("SELL", kind="TAKE_PROFIT_LIMIT", trigger="2005", price="2025", client="g")
    desk.rest("BUY", "0.5", of=SPOT_ID, price="1960", client="h")
    desk.rest("BUY", kind="TRAILING_STOP", trail="400", client="i")
    desk.hour(2, "2000 2006 1995 2000", volume="700")
    desk.amend("b", price="1990", amount="0.7")
    desk.amend("a", price="1990", amount="2")
    desk.amend("c", price="2000", amount="0.4")
    desk.cancel("r1")
    desk.hour(3, "2000 2001 1989 2000", volume="900")


def go_on(desk: Desk) -> list[list[Any]]:
    """Return what happens from then on."""
    return [
        desk.send("BUY", "1", client="p2"),
        desk.send("BUY", "3", client="p1"),
        desk.cancel("f"),
        desk.amend("a", price="1991", amount="1.9"),
        desk.hour(4, "2000 2050 1930 2000"),
        desk.slice(bar("1900 2100 1800 1900", at=5), bar("1900", at=5, of=SPOT_ID), funding="0.001"),
        desk.send("SELL", "2", client="p3"),
        desk.hour(6, "2000"),
        desk.expire(),
    ]


@pytest.mark.parametrize("make", [Desk, lambda: Desk(model(fill=share("0.001")))], ids=["whole", "shared"])
def test_a_folded_exchange_goes_on_as_the_one_that_ran(make: Callable[[], Desk]) -> None:
    ran, folded = make(), make()
    play(ran)
    play(folded)

    folded.fold()

    assert go_on(folded) == go_on(ran)
    assert folded.journal == ran.journal


def test_it_can_be_folded_after_every_single_step() -> None:
    ran, folded = Desk(), Desk()

    def said_then_folded() -> list[Any]:
        told = Desk.said(folded)
        folded.fold()
        return told

    folded.said = said_then_folded  # type: ignore[method-assign]
    play(ran)
    play(folded)

    assert go_on(folded) == go_on(ran)


def extremes(desk: Desk) -> list[ExtremesMoved]:
    return [entry for _, entry in desk.journal if isinstance(entry, ExtremesMoved)]


@pytest.mark.parametrize(
    ("side", "candles", "trigger"),
    [
        ("SELL", ("2200", "2200 2200 2178.01 2190", "2178"), "2178"),
        ("BUY", ("1800", "1800 1817.99 1800 1810", "1818"), "1818"),
    ],
)
def test_a_folded_trailing_stop_stands_where_it_had_followed_the_price(
    side: str, candles: tuple[str, str, str], trigger: str
) -> None:
    moved, met, reached = candles
    desk = Desk()
    desk.rest(side, kind="TRAILING_STOP", trail="100")
    desk.hour(2, moved)
    desk.fold()

    assert desk.hour(3, met) == []
    desk.fold()
    assert triggers(desk.hour(4, reached)) == [("c1", Decimal(trigger))]


def test_a_folded_trailing_stop_follows_no_candle_that_opened_before_it() -> None:
    desk = Desk()
    desk.rest("SELL", kind="TRAILING_STOP", trail="100")
    desk.slice(ns=HOUR + 1)
    desk.rest("SELL", kind="TRAILING_STOP", trail="50", client="c2")
    desk.hour(2, "2000 3000 1999 2000")

    desk.fold()

    assert triggers(desk.hour(3, "2000")) == [("c1", Decimal(2970))]
    assert triggers(desk.hour(4, "1990")) == [("c2", Decimal(1990))]


def test_a_quote_moves_what_was_accepted_before_it_after_a_fold_too() -> None:
    desk = Desk()
    desk.rest("SELL", kind="TRAILING_STOP", trail="100")
    desk.slice(bar("2200", quote=True, ns=HOUR + 1))

    desk.fold()

    assert triggers(desk.slice(bar("2178", quote=True, ns=HOUR + 2))) == [("c1", Decimal(2178))]


def test_a_folded_trailing_stop_starts_from_the_price_at_its_acceptance() -> None:
    desk = Desk(model(latency_ns=Nanoseconds(1)))
    desk.send("SELL", kind="TRAILING_STOP", trail="100")  # at 2000
    desk.hour(2, "1900")
    desk.send("SELL", kind="TRAILING_STOP", trail="200", client="c2")
    desk.hour(3, "1890")

    desk.fold()

    assert triggers(desk.hour(4, "1881")) == [("c1", Decimal(1881))]
    assert triggers(desk.hour(5, "1852.2")) == [("c2", Decimal("1852.2"))]


def test_a_folded_exchange_looks_at_the_candle_that_reaches_a_moved_trigger() -> None:
    desk = Desk()
    desk.rest("SELL", kind="TRAILING_STOP", trail="1000")
    desk.hour(2, "2100")
    desk.rest("BUY", price="1000", client="c2")  # what changes nothing is reckoned anew, from 2100
    desk.hour(3, "2300")

    desk.fold()

    assert triggers(desk.hour(4, "2060")) == [("c1", Decimal(2070))]


def test_extremes_are_reported_once_for_a_candle_and_only_if_it_moved_any() -> None:
    desk = Desk()
    desk.rest("SELL", kind="TRAILING_STOP", trail="1000")
    desk.rest("SELL", kind="TRAILING_STOP", trail="900", client="c2")
    desk.rest("BUY", kind="TRAILING_STOP", trail="1000", client="c3")
    desk.hour(2, "2000 2010 1990 2000")
    desk.hour(3, "2000 2010 1990 2000")

    (moved,) = extremes(desk)
    assert (moved.low, moved.high, moved.opened_at) == (Decimal(1990), Decimal(2010), HOUR)


def test_an_acceptance_of_what_nobody_submitted_is_a_broken_journal() -> None:
    with pytest.raises(InvariantError, match="bybit accepted order c1, which nobody submitted"):
        Desk().exchange.apply(record(accepted()))


def test_intents_of_other_venues_are_not_sent_here() -> None:
    desk = Desk()
    desk.journal.append((0, terms("BUY", "1", client="o1", of=type(PERP_ID)("okx:ETHUSDT-PERP"))))

    desk.fold()

    assert desk.hour(2, "2000") == []
    assert isinstance(desk.send("BUY")[0], OrderAccepted)
