"""An exchange that is folded from a journal goes on as the one that wrote it would have.

What can't be restored: how far a trailing stop had followed the price. It starts from its reference price again.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from actors.errors import InvariantError
from messages.orders import OrderAccepted
from tests.actors.builders import PERP_ID, SPOT_ID, accepted, record
from tests.actors.exchange.desk import Desk, bar, fills, model, share, terms, triggers


def play(desk: Desk, *, trailing: bool = True) -> None:
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
    if trailing:
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
    play(ran, trailing=False)
    play(folded, trailing=False)

    assert go_on(folded) == go_on(ran)


def test_a_folded_trailing_stop_starts_from_its_reference_price() -> None:
    desk = Desk()
    desk.rest("SELL", kind="TRAILING_STOP", trail="100")
    desk.hour(2, "2200")

    desk.fold()

    assert fills(desk.hour(3, "2200 2200 1980.01 2000")) == []
    assert triggers(desk.hour(4, "2178")) == [("c1", Decimal(2178))]


def test_an_acceptance_of_what_nobody_submitted_is_a_broken_journal() -> None:
    with pytest.raises(InvariantError, match="bybit accepted order c1, which nobody submitted"):
        Desk().exchange.apply(record(accepted()))


def test_intents_of_other_venues_are_not_sent_here() -> None:
    desk = Desk()
    desk.journal.append((0, terms("BUY", "1", client="o1", of=type(PERP_ID)("okx:ETHUSDT-PERP"))))

    desk.fold()

    assert desk.hour(2, "2000") == []
    assert isinstance(desk.send("BUY")[0], OrderAccepted)
