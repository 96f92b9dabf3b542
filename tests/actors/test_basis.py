"""``basis`` enters while funding pays for it and leaves when it doesn't; its legs are equal to the lot all the while.

Every promise holds as well for a strategy that is built anew from its snapshot before each word that it hears.
"""

from typing import Any

import msgspec
import pytest

from actors.strategies.basis import Basis
from actors.strategies.contract import memory_of
from messages.book import InsurancePaid
from messages.instruments import FeeRates, VenueModel, instrument_id
from messages.units import Amount, Asset
from tests.actors.basis_desk import HIGH, LOW, PERP_ID, SPOT_ID, D, Desk
from tests.actors.builders import accepted, expired, instrument, opening, paid, venue

BINANCE_PERP = instrument_id("binance", "ETHUSDT-PERP")


@pytest.fixture(params=[False, True], ids=["straight", "restarting"])
def restarts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def levered(leverage: str, **changes: Any) -> VenueModel:  # noqa: ANN401 - a venue's own
    return msgspec.structs.replace(venue(**changes), leverage=D(leverage))


def test_it_waits_until_it_has_seen_a_whole_window(restarts: bool) -> None:
    desk = Desk(restarts=restarts)

    assert desk.slice(1, rate=HIGH) == []
    assert [desk.slice(hour) for hour in range(2, 9)] == [[]] * 7
    assert desk.slice(9, rate=HIGH) == [("b1-spot-enter", SPOT_ID, "BUY", "10.01002")]


def test_the_window_holds_the_payments_of_its_hours_and_no_older_one(restarts: bool) -> None:
    desk = Desk(restarts=restarts, window_h=24, enter_bps_per_year="1000")
    for hour, rate in ((1, "0.001"), (9, "0.0001"), (17, "0.0001")):  # together 4380 bps a year
        desk.slice(hour, rate=rate)

    assert desk.slice(25, rate="0.0001") == []  # without the first: 1095 / 3 * 3 - ... = 1095 * 3 / 3
