"""What a venue's dialect can't do is refused before an order is made of it.

And a venue's actor is as patient as the config has it.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.exchange.live.ports import Options
from actors.intents import received
from config.load import load
from config.modes import ONGOING
from messages.instructions import InstructionRefused
from messages.units import OrderType, Price, Rate, TimeInForce, VenueName
from ops.daemon.exchanges import options_of
from ops.daemon.support import supports
from ops.daemon.venues import DIALECTS
from tests.actors.builders import PERP_ID, SPOT_ID, instruction
from tests.ops.daemon.house import LIVE, desk
from tests.ops.daemon.small_venue import market

BYBIT = VenueName("bybit")
PRICE = Price(Decimal(2000))
SUPPORTS = supports(DIALECTS, {key: market(key) for key in (SPOT_ID, PERP_ID)})


def refusal(pair: str, **terms: Any) -> str | None:  # noqa: ANN401 - of any order type
    return SUPPORTS(received(instruction(pair=pair, **terms)))


@pytest.mark.parametrize("pair", ["ETH/USDT", "ETHUSDT-PERP"])
@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"order_type": OrderType.LIMIT, "price": PRICE},
        {"order_type": OrderType.LIMIT, "price": PRICE, "post_only": True},
        {"order_type": OrderType.LIMIT, "price": PRICE, "time_in_force": TimeInForce.IOC},
        {"order_type": OrderType.LIMIT, "price": PRICE, "time_in_force": TimeInForce.FOK},
        {"order_type": OrderType.STOP_MARKET, "trigger_price": PRICE},
        {"order_type": OrderType.STOP_LIMIT, "trigger_price": PRICE, "price": PRICE},
    ],
    ids=["market", "limit", "post only", "ioc", "fok", "stop", "stop limit"],
)
def test_what_the_venue_has_passes(pair: str, terms: dict[str, Any]) -> None:
    assert refusal(pair, **terms) is None


def test_what_it_has_not_is_refused_in_the_words_of_the_dialect() -> None:
    trailing = {"order_type": OrderType.TRAILING_STOP, "trail_bps": Rate(Decimal(100))}

    why = refusal("ETH/USDT", **trailing)

    assert why is not None
    assert "bybit" in why.lower()


def test_a_daemon_refuses_it_and_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1", pair="ETH/USDT", order_type=OrderType.TRAILING_STOP, trail_bps=Rate(Decimal(100)))
        refused = own.told.wait_for("InstructionRefused")
        own.stop()

        assert isinstance(refused, InstructionRefused)
        assert refused.code.value == "NOT_SUPPORTED"
        assert own.exchange.of_submitted() == []


def options(folder: Path, text: str) -> Options:
    path = folder / "live.toml"
    path.write_text(text)
    return options_of(load(path, modes=ONGOING), BYBIT)


def test_without_a_word_the_actor_is_as_patient_as_the_defaults_of_the_config(tmp_path: Path) -> None:
    assert options(tmp_path, LIVE) == Options(venue=BYBIT)


def test_every_key_of_the_config_reaches_the_actor(tmp_path: Path) -> None:
    keys = 'validity_ms = 2000\nmax_clock_skew_ms = 250\nforeign_orders = "cancel"\nreconcile_s = 7.5\npoll_s = 0.4\n'

    found = options(tmp_path, f"{LIVE}{keys}[unknown]\nmargin_ms = 300\nhorizon_s = 60\n")

    assert found == Options(
        venue=BYBIT,
        validity_ms=2_000,
        margin_ms=300,
        horizon_ms=60_000,
        poll_ms=400,
        reconcile_ms=7_500,
        max_clock_skew_ms=250,
        cancel_foreign=True,
    )
