"""What a scripted backtest must come to, worked out a second time by plain loops: the words and figures of it.

Nothing of the project is imported here nor in `book.py`, `exchange.py` and `calculation.py`, on purpose: the rules are
read again from the design, the figures of the venues are written down again by hand, and the decimal context is another
one. Where they and the engine disagree, one of the two has misread the rules.
"""

import bisect
import functools
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
"""Where the recorded prices lie, if they are there at all."""

HOUR = 3_600_000_000_000
ZERO = Decimal(0)
BPS = Decimal(10_000)
PLACES_18 = Decimal("1e-18")
ARITHMETIC = Context(prec=60, rounding=ROUND_HALF_EVEN)
SPOT, PERP = "ETH/USDT", "ETHUSDT-PERP"
Key = tuple[str, str]
"""Venue and pair."""


@dataclass(frozen=True)
class Tier:
    """Margin of positions up to a notional (None: of all larger ones)."""

    up_to: Decimal | None
    rate: Decimal
    deduction: Decimal


@dataclass(frozen=True)
class Market:
    """One market's rules, in base units."""

    lot: Decimal
    minimum: Decimal
    notional: Decimal
    contract: Decimal
    tick: Decimal
    taker_bps: Decimal
    maker_bps: Decimal
    account: str
    tiers: tuple[Tier, ...] = ()
    liquidation_fee: Decimal = ZERO


def tiers(*rows: str) -> tuple[Tier, ...]:
    """Return tiers from rows of bound (or ``-``), rate and deduction."""
    found = []
    for row in rows:
        bound, rate, deduction = row.split()
        found.append(Tier(None if bound == "-" else Decimal(bound), Decimal(rate), Decimal(deduction)))
    return tuple(found)


def _market(figures: str, account: str, steps: tuple[Tier, ...] = (), liquidation_fee: str = "0") -> Market:
    lot, minimum, notional, contract, tick, taker, maker = (Decimal(word) for word in figures.split())
    return Market(lot, minimum, notional, contract, tick, taker, maker, account, steps, Decimal(liquidation_fee))


BINANCE_TIERS = tiers(
    "300000 0.004 0",
    "800000 0.005 300",
    "3000000 0.0065 1500",
    "12000000 0.01 12000",
    "50000000 0.02 132000",
    "65000000 0.025 382000",
    "150000000 0.05 2007000",
)
"""The ETHUSDT brackets, as facts/venues.md has them; OKX's are not known, these stand in for them."""
BYBIT_TIERS = tiers(
    "2000000 0.005 0",
    "3000000 0.0065 3000",
    "12000000 0.01 13500",
    "50000000 0.02 133500",
    "65000000 0.025 383500",
    "150000000 0.05 2008500",
)
"""Stand-ins as well; each deduction is the one at which nothing jumps: 2,000,000 * (0.0065 - 0.005) = 3000."""

MARKETS = {
    #                            lot  minimum notional contract tick taker maker (bps)
    ("binance", PERP): _market("0.001   0.001   20  1   0.01 5   2", "binance.perp", BINANCE_TIERS, "0.0125"),
    ("bybit", SPOT): _market("0.00001 0.00001  5   1   0.01 10  10", "bybit"),
    ("bybit", PERP): _market("0.01    0.01     5   1   0.01 5.5 2", "bybit", BYBIT_TIERS),
    ("okx", PERP): _market("0.001   0.001    0   0.1 0.01 5   2", "okx", BINANCE_TIERS),
}
"""Every market that has recorded prices. An OKX contract is 0.1 ETH and its lot 0.01 contracts."""


@dataclass(frozen=True)
class Terms:
    """What a configuration says about one venue. A fee that is None is the venue's own."""

    slippage_bps: Decimal = ZERO
    impact_bps: Decimal = ZERO
    spot_taker_bps: Decimal | None = None
    perp_taker_bps: Decimal | None = None
    spot_maker_bps: Decimal | None = None
    perp_maker_bps: Decimal | None = None
    max_share: Decimal | None = None
    touch: bool = False
    leverage: Decimal = Decimal(1)
    latency_ms: int = 0
    liquidation_fee: Decimal | None = None


@dataclass(frozen=True)
class Case:
    """One run: times in nanoseconds, venues in the order of the configuration, opening balances by account."""

    start: int
    end: int
    venues: dict[str, Terms]
    accounts: dict[str, dict[str, Decimal]]
    max_order_notional: Decimal | None = None
    halted: bool = False


@dataclass(frozen=True)
class Fill:
    """A part of an order that was traded; `order` is the instruction's id."""

    order: str
    key: Key
    sign: int
    at: int
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    reference: Decimal


@dataclass
class Result:
    """What came of it, in the words of ``execd run --json`` and of the journal."""

    instructions: int = 0
    orders: int = 0
    refusals: int = 0
    rejections: int = 0
    refusals_by_code: Counter[str] = field(default_factory=Counter)
    events: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Of each venue: when, and the type of journal entry, where it has a reason or a code with that."""
    trades: list[Fill] = field(default_factory=list)
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    slippage: Decimal = ZERO
    liquidation: Decimal = ZERO
    liquidations: int = 0
    equity_start: Decimal = ZERO
    equity_end: Decimal = ZERO
    marks: list[Decimal] = field(default_factory=list)
    balances: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    positions: dict[str, dict[str, dict[str, Decimal]]] = field(default_factory=dict)
    market_events: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """How often a situation came up that the scripts are meant to reach."""

    @property
    def fills(self) -> int:
        """Fills of orders; what a venue closes by force is none."""
        return len(self.trades)

    @property
    def max_drawdown(self) -> Decimal:
        """The largest fall from the highest mark before it, as a fraction."""
        highest, worst = self.marks[0], ZERO
        for mark in self.marks:
            highest = max(highest, mark)
            worst = max(worst, (highest - mark) / highest)
        return worst


@dataclass(frozen=True)
class Candles:
    """One series of candles: when each is known, its prices, its volume as the venue counts."""

    closed_at: list[int]
    open: list[Decimal]
    high: list[Decimal]
    low: list[Decimal]
    close: list[Decimal]
    volume: list[Decimal]

    def last(self, at: int) -> int:
        """Return the place of the last candle completed at or before an instant; -1 if there is none."""
        return bisect.bisect_right(self.closed_at, at) - 1


def _columns(path: Path, *names: str) -> tuple[list[int], list[list[Decimal]]]:
    table = pyarrow.parquet.read_table(path)
    at = [stamp * 1_000_000 for stamp in table.column("timestamp").cast("int64").to_pylist()]
    return at, [[Decimal(repr(value)) for value in table.column(name).to_pylist()] for name in names]


@functools.cache
def candles_of(venue: str, pair: str, folder: Path = SHARED) -> Candles:
    """Return the hourly candles of a market."""
    kind = "spot" if pair == SPOT else "perp"
    path = folder / "candles" / f"{venue}-ETHUSDT-{kind}-1h.parquet"
    opened_at, columns = _columns(path, "open", "high", "low", "close", "volume")
    return Candles([at + HOUR for at in opened_at], *columns)


@functools.cache
def funding_of(venue: str, folder: Path = SHARED) -> tuple[list[int], list[Decimal]]:
    """Return when a venue's perp paid funding, and at which rate."""
    at, (rate,) = _columns(folder / "funding" / f"{venue}-ETHUSDT-perp.parquet", "funding_rate")
    return at, rate


def nanoseconds(text: str) -> int:
    """Return an instant written as ``2024-02-01T00:00:00Z`` (or with a fraction) in nanoseconds."""
    since = datetime.fromisoformat(text).astimezone(timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
    return since // timedelta(microseconds=1) * 1_000


def read_script(text: str) -> list[dict[str, Any]]:
    """Return the instructions of a file, in its order, numbers read exactly; those without an id get L and the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            fields = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            found.append({"id": f"L{number}"} | fields)
    return found
