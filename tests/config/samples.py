"""A config and an instruction that make sense, to be changed by each test."""

import json
from pathlib import Path

CONFIG = """\
[mode]
type = "backtest"
start = 2024-01-02T00:00:00Z
end = 2025-09-01T00:00:00Z
seed = 7
[data]
dir = "../shared/data"
resolution = "1h"
[accounts.bybit]
USDT = "200000"
[venues.bybit]
kind = "cex"
maker_fee_bps = "2"
taker_fee_bps = "5.5"
[venues.bybit.slippage]
model = "fixed"
bps = "1"
[strategy]
use = "script"
[strategy.params]
file = "instructions.jsonl"
"""
LIVE = """\
[mode]
type = "live"
[secrets]
dir = "keys"
[journal]
path = "state/journal.sqlite"
[strategy]
use = "script"
[strategy.params]
file = "instructions.jsonl"
exit_when_done = true
[venues.binance]
kind = "cex"
credentials = "binance"
instruments = ["ETH/USDT", "ETHUSDT-PERP"]
"""
PAPER = """\
[mode]
type = "paper"
seed = 7
[accounts.bybit]
USDT = "200000"
[journal]
path = "state/journal.sqlite"
[strategy]
use = "script"
[strategy.params]
file = "instructions.jsonl"
[venues.bybit]
kind = "cex"
instruments = ["ETH/USDT", "ETHUSDT-PERP"]
"""
MARKETS = ("bybit:ETH/USDT", "bybit:ETHUSDT-PERP", "binance:ETHUSDT-PERP")
START = 1_704_153_600_000_000_000
END = 1_756_684_800_000_000_000


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def fields(**changes: object) -> dict[str, object]:
    """Return an instruction as a dict; a change to None takes the key away."""
    whole = {
        "id": "a1",
        "at": "2024-02-01T00:00:00Z",
        "venue_type": "cex",
        "venue": "bybit",
        "trade_type": "PERP",
        "pair": "ETHUSDT-PERP",
        "side": "SHORT",
        "amount": "1.5",
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def line(**changes: object) -> str:
    """Return an instruction as a line of a script, without the line's end."""
    return json.dumps(fields(**changes))
