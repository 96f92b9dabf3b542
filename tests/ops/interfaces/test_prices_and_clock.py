"""A price comes from the call, else from the data at the clock, not from an earlier call. The clock never goes back."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from ops.interfaces.answers import TradeAnswer
from tests.ops.interfaces.calls import START, engine, perp, prices, run, sample, spot, trade

MINUTE = "1970-01-01T00:01:00Z"


class Stamp:
    """A time of another library, as far as we know it."""

    def isoformat(self) -> str:
        return "2024-01-02T00:00:00"


class OtherFloat(float):
    """A float as NumPy has it, whose repr is no number."""

    def __repr__(self) -> str:
        return f"np.float64({super().__repr__()})"


@pytest.mark.parametrize(
    ("market_data", "expected"),
    [
        ({"binance_spot_price": 3001.5, "eth_usd_price": 2999.0}, "3001.5"),
        ({"eth_usd_price": 2999.0, "bybit_spot_price": 1.0, "binance_perp_price": 2.0}, "2999"),
        ({"binance_spot_price": None, "eth_usd_price": "2998.123456789012345678"}, "2998.123456789012345678"),
        ({"eth_usd_price": OtherFloat(0.1 + 2999)}, "2999.1"),
        ({"eth_usd_price": Decimal("3000.10")}, "3000.1"),
        ({"eth_usd_price": 3000, "btc_usd_price": 60000, "anything": object()}, "3000"),
    ],
)
def test_a_spot_price_is_the_venues_own_else_the_assets(market_data: dict[str, object], expected: str) -> None:
    answer = trade(spot(), market_data)

    assert (answer["status"], answer["price_exact"]) == ("FILLED", expected)


def test_a_perp_has_a_price_of_its_own_kind() -> None:
    answer = trade(perp(), {"bybit_spot_price": 1.0, "bybit_perp_price": 3002.5, "eth_usd_price": 2999.0})

    assert answer["price_exact"] == "3002.5"


def test_a_price_that_names_no_asset_is_about_the_one_that_is_traded() -> None:
    async def work() -> list[float | None]:
        async with engine() as ours:
            bitcoin = {**spot("0.01"), "pair": "BTC/USDT"}
            await ours.execute_trade_with_interface(
                bitcoin, {"binance_spot_price": 60000.0, "bybit_spot_price": 60100.0}
            )
            pairs = (("binance", "BTC/USDT"), ("bybit", "BTC/USDT"), ("binance", "ETH/USDT"))
            return [ours.data_provider.get_price(*pair) for pair in pairs]

    assert run(work()) == [60000.0, 60100.0, None]


def test_without_any_price_the_trade_is_rejected_and_says_which_keys_were_missing() -> None:
    answer = trade(spot(), {"btc_usd_price": 60000.0})

    assert (answer["status"], answer["by"], answer["reason"]) == ("REJECTED", "execd", "NO_PRICE")
    assert answer["detail"] is not None
    assert answer["detail"].endswith("market_data has neither binance_spot_price nor eth_usd_price")
    assert (answer["amount"], answer["price"], answer["fee"], answer["order_id"]) == (0.0, 0.0, 0.0, "")


def test_a_price_holds_for_its_call_alone() -> None:
    async def work() -> list[str]:
        async with engine() as ours:
            calls: list[dict[str, object]] = [prices(3000), {}, {"timestamp": MINUTE}, prices(3100, MINUTE), {}]
            return [str((await ours.execute_trade_with_interface(spot(0.1), each))["status"]) for each in calls]

    assert run(work()) == ["FILLED", "REJECTED", "REJECTED", "FILLED", "REJECTED"]


def test_after_a_call_with_a_price_the_next_is_back_at_the_data(tmp_path: Path) -> None:
    async def work() -> list[TradeAnswer]:
        async with engine(data=sample(tmp_path)) as ours:
            calls: list[dict[str, object]] = [
                {},
                {"bybit_spot_price": 3000.0},
                {},
                {"timestamp": "2024-01-01T01:30:00Z"},
            ]
            return [await ours.execute_trade_with_interface(spot(0.1, venue="bybit"), each) for each in calls]

    first, given, back, later = run(work())
    assert given["price_exact"] == "3000"
    assert first["price_exact"] == back["price_exact"] == later["price_exact"] != "3000"
    assert (first["timestamp"], later["timestamp"]) == (START, "2024-01-01T01:30:00Z")


def test_slippage_applies_to_a_price_that_is_given() -> None:
    answer = trade(spot(), prices(3000), venues={"binance": {"slippage": {"model": "fixed", "bps": 10}}})

    assert (answer["price_exact"], answer["fee_exact"]) == ("3003", "3.003")


@pytest.mark.parametrize("kind", ["bad", "", float("nan"), float("inf"), 0, -1.0, True, [3000.0], "1e3"])
def test_a_price_that_is_none_is_refused_by_its_key(kind: object) -> None:
    with pytest.raises(ValueError, match=r"^market_data: binance_spot_price: not .*, expected a price above 0"):
        trade(spot(), {"binance_spot_price": kind, "eth_usd_price": 3000.0})


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-02T00:00:00Z",
        "2024-01-02T01:00:00+01:00",
        "2024-01-02T00:00:00",
        dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
        dt.datetime(2024, 1, 2),  # noqa: DTZ001 - without an offset it is UTC
        Stamp(),
        1_704_153_600_000_000_000,
    ],
)
def test_a_timestamp_is_text_a_datetime_or_nanoseconds_in_utc(written: object) -> None:
    assert trade(spot(), prices(3000, written))["timestamp"] == "2024-01-02T00:00:00Z"


@pytest.mark.parametrize("written", ["yesterday", "2024-01-02", 1.5, True, -1, 1 << 63, [], "NaT"])
def test_a_timestamp_that_is_none_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^market_data: timestamp: not an instant: .*, expected an instant such as"):
        trade(spot(), prices(3000, written))


@pytest.mark.parametrize("written", [1, 1_704_153_600, 1_704_153_600_000, 1_704_153_600_000_000, 10**16 - 1])
def test_an_integer_that_is_no_nanoseconds_is_refused_by_its_size(written: int) -> None:
    with pytest.raises(ValueError, match=rf"^market_data: timestamp: {written} looks like .*, expected nanoseconds$"):
        trade(spot(), prices(3000, written))


def test_zero_and_april_1970_are_nanoseconds() -> None:
    assert trade(spot(), prices(3000, 0))["timestamp"] == "1970-01-01T00:00:00Z"
    assert trade(spot(), prices(3000, 10**16))["timestamp"] == "1970-04-26T17:46:40Z"


def test_a_venues_price_beside_that_of_another_asset_is_about_the_other() -> None:
    async def work() -> tuple[TradeAnswer, list[float | None]]:
        async with engine() as ours:
            answer = await ours.execute_trade_with_interface(
                {**spot("0.01"), "pair": "BTC/USDT"}, {"binance_spot_price": 3001.5, "eth_usd_price": 3000.0}
            )
            pairs = (("binance", "BTC/USDT"), ("binance", "ETH/USDT"), ("bybit", "ETH/USDT"))
            return answer, [ours.data_provider.get_price(*pair) for pair in pairs]

    answer, known = run(work())
    assert (answer["status"], answer["reason"]) == ("REJECTED", "NO_PRICE")
    assert answer["detail"] is not None
    assert answer["detail"].endswith(
        "market_data has no btc_usd_price, and beside eth_usd_price its binance_spot_price is not about BTC"
    )
    assert known == [None, 3001.5, 3000.0]


def test_a_venues_price_beside_those_of_both_assets_is_about_the_one_that_is_traded() -> None:
    market_data = {"binance_spot_price": 60001.0, "eth_usd_price": 3000.0, "btc_usd_price": 60000.0}

    assert trade({**spot("0.01"), "pair": "BTC/USDT"}, market_data)["price_exact"] == "60001"


def test_the_clock_is_the_last_one_and_begins_at_zero_without_data() -> None:
    async def work() -> list[str]:
        async with engine() as ours:
            calls = [prices(3000), prices(3000, MINUTE), prices(3000)]
            return [(await ours.execute_trade_with_interface(spot(0.1), each))["timestamp"] for each in calls]

    assert run(work()) == ["1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z", "1970-01-01T00:01:00Z"]


def test_a_timestamp_before_the_clock_is_refused_in_one_line_and_changes_nothing() -> None:
    async def work() -> float:
        async with engine() as ours:
            await ours.execute_trade_with_interface(spot(), prices(3000, "2024-01-02T00:00:00Z"))
            with pytest.raises(
                ValueError, match=r"^market_data: timestamp: 2024-01-01T00:00:00Z, expected none before"
            ):
                await ours.execute_trade_with_interface(spot(), prices(3000, "2024-01-01T00:00:00Z"))
            return ours.position_monitor.get_balance("ETH", "binance")

    assert run(work()) == 0.999


def test_the_volume_of_the_data_stands_behind_a_price_that_is_given(tmp_path: Path) -> None:
    venues = {"bybit": {"fill": {"max_share": "0.001"}}}

    answer = trade(
        spot(25, venue="bybit"),
        {"bybit_spot_price": 100.0},
        data=sample(tmp_path),
        venues=venues,
        initial_capital=10**7,
    )

    assert (answer["status"], answer["reason"], answer["is_open"]) == ("PARTIALLY_FILLED", "VOLUME_LIMIT", False)
    assert 0 < answer["amount"] < 25
