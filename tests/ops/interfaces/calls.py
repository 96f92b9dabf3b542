"""What a program gives to an engine: instructions, prices and configs with defaults, and a way to run a coroutine."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ops.interfaces import EventDrivenStrategyEngine
from ops.interfaces.answers import TradeAnswer
from ops.sample_data import write_sample

T = TypeVar("T")

PRICES: Mapping[str, Any] = {"eth_usd_price": 3000.0, "binance_spot_price": 3000.0}
"""The specification's market data."""
START = "2024-01-01T01:00:00Z"
"""When the first candle of the sample data closes."""


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def spot(amount: object = 1.0, side: object = "BUY", venue: object = "binance", **terms: object) -> dict[str, object]:
    return {
        "venue_type": "cex",
        "venue": venue,
        "trade_type": "SPOT",
        "pair": "ETH/USDT",
        "side": side,
        "amount": amount,
        **terms,
    }


def perp(amount: object = 1.0, side: object = "LONG", venue: object = "bybit", **terms: object) -> dict[str, object]:
    return {**spot(amount, side, venue, **terms), "trade_type": "PERP", "pair": "ETHUSDT-PERP"}


def engine(**config: object) -> EventDrivenStrategyEngine:
    return EventDrivenStrategyEngine({"execution_mode": "backtest", **config})


def prices(value: object, at: object = None, **more: object) -> dict[str, object]:
    return {"eth_usd_price": value, **({} if at is None else {"timestamp": at}), **more}


def sample(folder: Path, days: int = 3) -> dict[str, str]:
    """Write sample data (bybit, spot and perp, hourly from 2024) and return the section that names it."""
    write_sample(folder / "data", days=days)
    return {"data_dir": str(folder / "data")}


def trade(instruction: Mapping[str, object], market_data: Mapping[str, object], **config: object) -> TradeAnswer:
    """Trade once, with an engine of its own."""

    async def work() -> TradeAnswer:
        async with engine(**config) as ours:
            return await ours.execute_trade_with_interface(instruction, market_data)

    return run(work())
