"""Prices walk the same way for the same seed, or follow recorded candles through all that these passed."""

from decimal import Decimal
from pathlib import Path

import pytest

from actors.errors import BadInputError
from messages.units import PERP, SPOT, TradeType
from ops.testbed.exchange.prices import PriceSource, StillPrices, WalkingPrices
from ops.testbed.exchange.recorded import RecordedPrices
from ops.testbed.exchange.values import Market
from ops.testbed.exchange.venues import RULES, markets

NOW = 1_700_000_000_000
HOUR = 3_600_000
ALL = [market for venue in RULES for market in markets(venue).values()]


def market(venue: str = "bybit", product: TradeType = PERP, base: str = "ETH") -> Market:
    return next(m for m in ALL if (m.venue, m.product, m.base) == (venue, product, base))


def write(folder: Path, name: str, rows: list[str], header: str = "timestamp,open,high,low,close,volume") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three hours: up, down, and still; funding at the end of the first."""
    folder = tmp_path / "data"
    write(
        folder,
        "candles/bybit-ETHUSDT-perp-1h.csv",
        [
            "2024-01-01T07:00:00Z,100,130,90,120,5",
            "2024-01-01T08:00:00Z,120,125,80,85,5",
            "2024-01-01T09:00:00Z,85,85,85,85,5",
        ],
    )
    write(folder, "funding/bybit-ETHUSDT-perp.csv", ["2024-01-01T08:00:00Z,0.0003"], "timestamp,funding_rate")
    return folder


def test_a_walk_is_the_same_for_the_same_seed_however_often_somebody_looks() -> None:
    first, again, other = WalkingPrices("1"), WalkingPrices("1"), WalkingPrices("2")
    for source in (first, again, other):
        source.path(market(), NOW)

    steps = [price for second in range(1, 61) for price in first.path(market(), NOW + second * 1000)]

    assert list(again.path(market(), NOW + 60_000)) == steps
    assert list(other.path(market(), NOW + 60_000)) != steps
    assert len(steps) == 60
    assert all(price % market().tick == 0 for price in steps)


def test_a_walk_goes_on_where_it_was_left() -> None:
    source = WalkingPrices("1")
    source.path(market(), NOW)
    last = source.path(market(), NOW + 30_000)[-1]

    later = WalkingPrices("1", gone_ms=source.gone_ms)

    assert later.first(market()) == last
    later.path(market(), NOW)
    assert later.path(market(), NOW + 1_000) == source.path(market(), NOW + 31_000)


def test_venues_stand_beside_each_other_and_spot_beside_perp() -> None:
    source = WalkingPrices("1")

    prices = [source.first(market(venue, product)) for venue in RULES for product in (SPOT, PERP)]

    assert len(set(prices)) > 3
    assert max(prices) - min(prices) < Decimal(5)


def test_a_walk_settles_funding_at_the_end_of_each_interval_at_the_rate_that_it_announced() -> None:
    source = WalkingPrices("1")
    at = source.next_ms(market(), NOW)
    announced = source.rate(market(), NOW)

    before = [*source.settled(market(), NOW), *source.settled(market(), at - 1)]
    paid = source.settled(market(), at)

    assert (before, paid) == ([], [announced])
    assert at % (8 * HOUR) == 0
    assert source.settled(market(), at + 1) == []


def test_recorded_prices_pass_every_open_high_low_and_close(data: Path) -> None:
    source = RecordedPrices(data, ALL, speed=1, seed="1")
    source.path(market(), NOW)

    passed = source.path(market(), NOW + 2 * HOUR)

    corners = [Decimal(price) for price in (90, 130, 120, 120, 125, 80, 85)]
    assert source.first(market()) == 100
    assert [price for price in passed if price in corners][:7] == corners


def test_recorded_prices_are_between_two_corners_and_faster_when_asked(data: Path) -> None:
    slow, fast = (RecordedPrices(data, ALL, speed=speed, seed="1") for speed in (1, 10))
    for source in (slow, fast):
        source.path(market(), NOW)

    assert slow.path(market(), NOW + HOUR // 6) == [Decimal(95)]
    assert fast.path(market(), NOW + HOUR // 60) == [Decimal(95)]


def test_recorded_funding_is_paid_when_it_was_and_announced_before(data: Path) -> None:
    source = RecordedPrices(data, ALL, speed=60, seed="1")

    assert source.rate(market(), NOW) == Decimal("0.0003")
    assert source.next_ms(market(), NOW) == NOW + 60_000
    assert source.settled(market(), NOW + 59_000) == []
    assert source.settled(market(), NOW + 60_000) == [Decimal("0.0003")]
    assert source.settled(market(), NOW + 61_000) == []


def test_a_market_without_candles_follows_its_asset_and_one_without_any_walks(data: Path) -> None:
    source = RecordedPrices(data, ALL, speed=1, seed="1")

    assert source.first(market("okx", SPOT)) == 100
    assert source.first(market("okx", SPOT, "BTC")) == WalkingPrices("1").first(market("okx", SPOT, "BTC"))


def test_after_their_end_recorded_prices_stay_also_over_a_restart(data: Path) -> None:
    source = RecordedPrices(data, ALL, speed=1, seed="1")
    source.path(market(), NOW)
    source.path(market(), NOW + 4 * HOUR)

    later = RecordedPrices(data, ALL, speed=1, seed="1", gone_ms=source.gone_ms)

    assert source.path(market(), NOW + 5 * HOUR) == []
    assert later.first(market()) == 85
    assert later.path(market(), NOW + HOUR) == []


def test_recorded_prices_go_on_where_they_were_left(data: Path) -> None:
    source = RecordedPrices(data, ALL, speed=1, seed="1")
    source.path(market(), NOW)
    last = source.path(market(), NOW + HOUR + HOUR // 6)[-1]

    later = RecordedPrices(data, ALL, speed=1, seed="1", gone_ms=source.gone_ms)

    assert later.first(market()) == last == Decimal("122.5")


def test_a_folder_without_candles_of_these_markets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no candles of"):
        RecordedPrices(tmp_path, ALL, speed=1, seed="1")
    with pytest.raises(BadInputError, match="No such file"):
        RecordedPrices(tmp_path / "nowhere", ALL, speed=1, seed="1")


def test_candles_that_can_not_be_used_are_said(data: Path) -> None:
    write(data, "candles/bybit-ETHUSDT-perp-1h.csv", ["2024-01-01T07:00:00Z,100,130,90,-1,5"])

    with pytest.raises(BadInputError, match="close"):
        RecordedPrices(data, ALL, speed=1, seed="1")


def test_still_prices_stand_still() -> None:
    source: PriceSource = StillPrices({"ETH": Decimal(7)})

    assert source.first(market()) == 7
    assert (source.path(market(), NOW), source.settled(market(), NOW)) == ((), ())
