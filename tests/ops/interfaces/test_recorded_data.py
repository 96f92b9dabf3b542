"""With a data folder the recorded slices between two clocks are worked in order; a missing folder is no error."""

import decimal
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from messages.units import CONTEXT
from ops.interfaces.answers import TradeAnswer
from tests.ops.interfaces.calls import START, engine, perp, prices, run, sample, spot, trade

LATER = "2024-01-01T03:00:00Z"


def bybit(timestamp: str, amount: object = 0.1, **terms: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
    return spot(amount, venue="bybit", **terms), {"timestamp": timestamp}


def test_resting_orders_fill_between_two_clocks_at_their_own_time(tmp_path: Path) -> None:
    async def work() -> None:
        async with engine(data=sample(tmp_path, days=30)) as ours:
            low = spot(1, venue="bybit", order_type="LIMIT", price=2100, id="low")
            first = await ours.execute_trade_with_interface(low, {"timestamp": START})
            assert first["status"] == "OPEN"
            later = await ours.execute_trade_with_interface(low, {"timestamp": "2024-01-29T00:00:00Z"})

            assert (later["status"], later["price"]) == ("FILLED", 2100.0)
            (filled,) = ours.event_logger.get_events("CEX_TRADE_EXECUTED")
            assert START < filled["timestamp"] < "2024-01-29T00:00:00Z"
            assert filled["data"]["liquidity"] == "MAKER"

    run(work())


def test_an_order_filled_at_two_prices_has_the_exact_average_in_any_decimal_context(
    tmp_path: Path,
) -> None:
    venues = {"bybit": {"fill": {"max_share": "0.0001"}}}

    async def work() -> None:
        decimal.getcontext().prec = 5
        async with engine(data=sample(tmp_path), venues=venues) as ours:
            limit = spot(1, venue="bybit", order_type="LIMIT", price=9999, id="mine")
            await ours.execute_trade_with_interface(limit, {"timestamp": START})
            answer = await ours.execute_trade_with_interface(limit, {"timestamp": LATER})
            fills = [event["data"] for event in ours.event_logger.get_events("CEX_TRADE_EXECUTED")]

        parts = [(Decimal(str(fill["amount_exact"])), Decimal(str(fill["price_exact"]))) for fill in fills]
        with decimal.localcontext(CONTEXT):
            filled = sum(amount for amount, _ in parts)
            average = sum(amount * price for amount, price in parts) / filled
        assert len({price for _, price in parts}) == 2
        assert Decimal(answer["amount_exact"]) == filled
        assert Decimal(answer["price_exact"]) == average

    with decimal.localcontext():  # so that it stays here
        run(work())


def test_funding_is_paid_on_the_way(tmp_path: Path) -> None:
    async def work() -> int:
        async with engine(data=sample(tmp_path)) as ours:
            await ours.execute_trade_with_interface(perp(), {"timestamp": START})
            await ours.execute_trade_with_interface(perp(1, "SHORT"), {"timestamp": "2024-01-02T00:00:00Z"})
            return len(ours.event_logger.get_events("FUNDING_PAID"))

    assert run(work()) == 3


def test_the_first_clock_may_lie_anywhere_in_the_data(tmp_path: Path) -> None:
    data = sample(tmp_path)

    async def work() -> list[TradeAnswer]:
        async with engine(data=data) as straight, engine(data=data) as stepwise:
            calls = [bybit(START), bybit("2024-01-02T05:30:00Z")]
            last = [await stepwise.execute_trade_with_interface(*call) for call in calls][-1]
            return [await straight.execute_trade_with_interface(*bybit("2024-01-02T05:30:00Z")), last]

    straight, stepwise = run(work())
    assert straight["price_exact"] == stepwise["price_exact"]
    assert straight["status"] == "FILLED"


def test_behind_the_end_of_the_data_there_is_no_price(tmp_path: Path) -> None:
    instruction, market_data = bybit("2024-02-01T00:00:00Z")

    assert trade(instruction, market_data, data=sample(tmp_path))["reason"] == "NO_PRICE"


def test_what_is_not_in_the_data_trades_at_prices_that_are_given(tmp_path: Path) -> None:
    answer = trade(spot(), {"timestamp": START, "binance_spot_price": 3000.0}, data=sample(tmp_path))

    assert (answer["status"], answer["price"]) == ("FILLED", 3000.0)


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_that_is_missing_or_empty_is_no_error(folder: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    answer = trade(spot(), prices(3000), data={"data_dir": tmp_path / folder})

    assert answer["status"] == "FILLED"


def test_data_of_another_resolution_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^config: data.resolution: no 1m candles in .*, expected one of 1h$"):
        trade(spot(), prices(3000), data={**sample(tmp_path), "resolution": "1m"})


def test_a_broken_file_is_refused_by_its_name(tmp_path: Path) -> None:
    data = sample(tmp_path)
    broken = next(Path(data["data_dir"]).glob("candles/*spot*"))
    broken.write_bytes(b"nothing")

    with pytest.raises(ValueError, match=broken.name):
        trade(spot(), prices(3000), data=data)


def test_a_quote_at_the_instant_of_a_candle_comes_after_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with engine(data=sample(tmp_path)) as ours:
            stop = spot(0.1, venue="bybit", order_type="STOP_MARKET", trigger_price=99_999, id="stop")
            await ours.execute_trade_with_interface(stop, {"timestamp": START})
            at = {"timestamp": "2024-01-01T02:00:00Z", "bybit_spot_price": 100_000.0}
            sold = await ours.execute_trade_with_interface(spot("0.0001", venue="bybit"), at)

            assert sold["price"] == 100_000.0
            again = await ours.execute_trade_with_interface(stop, {})
            assert again["status"] in {"FILLED", "CANCELLED"}

    run(work())


def test_the_projects_market_history_can_be_traded(tmp_path: Path) -> None:
    history = Path(__file__).resolve().parents[4] / "shared" / "data"
    if not history.is_dir():
        pytest.skip("no market history beside the repository")

    async def work() -> list[str]:
        journal = tmp_path / "j.sqlite"
        async with engine(data={"data_dir": history}, journal=journal) as ours:
            found: list[str] = []
            for at in ("2025-03-01T00:00:00Z", "2025-03-03T00:00:00Z"):
                for each in (
                    spot(1, venue="bybit"),
                    perp(1, "SHORT"),
                    perp(1, "SHORT", "okx"),
                    perp(1, venue="binance"),
                ):
                    found.append((await ours.execute_trade_with_interface(each, {"timestamp": at}))["status"])  # noqa: PERF401
            return found

    assert run(work()) == ["FILLED"] * 8
