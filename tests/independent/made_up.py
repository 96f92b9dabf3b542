"""A run on a made-up market of a few hours, small enough to be worked out by hand.

Candle number n (from 0) closes at n + 1 o'clock; a line with ``"hour": h`` is given at h o'clock.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.independent.runs import Came, Row, run_config, write_candles, write_funding, write_run

Line = dict[str, Any]
Candles = Mapping[str, Sequence[Row]]
"""By symbol and kind, such as ``ETHUSDT-perp``; all of the same length."""


def trade(venue: str, pair: str, side: str, amount: str, *, hour: int = 1, **terms: object) -> Line:
    """Return an instruction; a pair with a slash is spot."""
    kind = "SPOT" if "/" in pair else "PERP"
    line: Line = {"hour": hour, "venue_type": "cex", "venue": venue, "trade_type": kind, "pair": pair}
    return line | {"side": side, "amount": amount} | terms


def buy(venue: str, pair: str, amount: str, *, hour: int = 1, **terms: object) -> Line:
    """Return a purchase."""
    return trade(venue, pair, "BUY", amount, hour=hour, **terms)


def sell(venue: str, pair: str, amount: str, *, hour: int = 1, **terms: object) -> Line:
    """Return a sale."""
    return trade(venue, pair, "SELL", amount, hour=hour, **terms)


def come(
    folder: Path,
    venue: str,
    candles: Candles,
    script: list[Line],
    *,
    accounts: dict[str, dict[str, str]],
    funding: dict[str, dict[int, float]] | None = None,
    terms: str = "",
) -> Came:
    """Run a script on made-up candles.

    Args:
        folder: For all files.
        venue: The one venue.
        candles: All of the same length.
        script: Lines with their hour, in any order.
        accounts: Opening balances.
        funding: Rates by symbol and kind, and hour.
        terms: More of the configuration, from the venue's section on.
    """
    for name, rows in candles.items():
        write_candles(folder / "data", f"{venue}-{name}", rows)
    for name, rates in (funding or {}).items():
        write_funding(folder / "data", f"{venue}-{name}", rates)
    end = max(len(rows) for rows in candles.values())
    text = ["[mode]", 'type = "backtest"', "start = 2024-01-01T01:00:00Z", f"end = {clock(end)}"]
    text += ["[data]", 'dir = "DATA"', 'resolution = "1h"']
    for account, assets in accounts.items():
        text += [f'[accounts."{account}"]', *(f'{asset} = "{amount}"' for asset, amount in assets.items())]
    text += ["[strategy]", 'use = "script"', "[strategy.params]", 'file = "instructions.jsonl"']
    text += [f"[venues.{venue}]", 'kind = "cex"', terms]
    lines = [
        json.dumps({"at": clock(line["hour"])} | {k: v for k, v in line.items() if k != "hour"}) for line in script
    ]
    return run_config(write_run(folder, "\n".join(text) + "\n", "\n".join(lines) + "\n", folder / "data"))


def clock(hour: int) -> str:
    """Return an hour after midnight as an instant."""
    return f"2024-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"


def balance(came: Came, account: str, asset: str = "USDT") -> Decimal:
    """Return a closing balance."""
    return Decimal(came.result["balances"].get(account, {}).get(asset, "0"))


def last_margin(came: Came) -> dict[str, Decimal]:
    """Return equity, initial and maintenance margin of the one account with positions, at the last mark."""
    (margin,) = came.entries("EquityMarked")[-1]["margins"]
    return {key: Decimal(margin[key]) for key in ("equity", "initial", "maintenance")}


def only_fee(came: Came) -> tuple[Decimal, str]:
    """Return fee and asset of the one fill."""
    (fill,) = came.entries("OrderFilled")
    return Decimal(fill["fee"]), fill["fee_asset"]
