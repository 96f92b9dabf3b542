"""What a scripted backtest must come to, worked out a second time by plain loops.

Nothing of the project is imported here, on purpose: the rules are read again from the design, the figures of the venues
are written down again by hand, and the decimal context is another one. Where this file and the engine disagree, one of
the two has misread the rules.

Only market orders on spot and USDT perps, fixed and volume slippage, and funding.
"""

import bisect
import functools
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import pyarrow.parquet

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
"""Where the recorded prices lie, if they are there at all."""

HOUR = 3_600_000_000_000
ZERO = Decimal(0)
PLACES_18 = Decimal("1e-18")
ARITHMETIC = Context(prec=60, rounding=ROUND_HALF_EVEN)
SPOT, PERP = "ETH/USDT", "ETHUSDT-PERP"


@dataclass(frozen=True)
class Market:
    """One market's rules, in base units."""

    lot: Decimal
    minimum: Decimal
    notional: Decimal
    contract: Decimal
    account: str
    taker_bps: Decimal


def _market(figures: str, account: str) -> Market:
    lot, minimum, notional, contract, taker_bps = (Decimal(word) for word in figures.split())
    return Market(lot, minimum, notional, contract, account, taker_bps)


MARKETS = {
    #                            lot  minimum notional contract taker fee in bps
    ("binance", PERP): _market("0.001   0.001   20   1   5", "binance.perp"),
    ("bybit", SPOT): _market("0.00001 0.00001  5   1   10", "bybit"),
    ("bybit", PERP): _market("0.01    0.01     5   1   5.5", "bybit"),
    ("okx", PERP): _market("0.001   0.001    0   0.1 5", "okx"),
}
"""Every market that has recorded prices. An OKX contract is 0.1 ETH and its lot 0.01 contracts."""


@dataclass(frozen=True)
class Terms:
    """What a configuration says about one venue. A fee that is None is the venue's own."""

    slippage_bps: Decimal = ZERO
    impact_bps: Decimal = ZERO
    spot_taker_bps: Decimal | None = None
    perp_taker_bps: Decimal | None = None


@dataclass(frozen=True)
class Case:
    """One run: times in nanoseconds, venues in the order of the configuration, opening balances by account."""

    start: int
    end: int
    venues: dict[str, Terms]
    accounts: dict[str, dict[str, Decimal]]
    max_order_notional: Decimal | None = None
    halted: bool = False


@dataclass
class Result:
    """What came of it, in the words of ``execd run --json``."""

    instructions: int = 0
    orders: int = 0
    fills: int = 0
    refusals: int = 0
    rejections: int = 0
    refusals_by_code: dict[str, int] = field(default_factory=dict)
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    equity_start: Decimal = ZERO
    equity_end: Decimal = ZERO
    balances: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    positions: dict[str, dict[str, dict[str, Decimal]]] = field(default_factory=dict)
    market_events: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    """How often a situation came up that the scripts are meant to reach."""


@dataclass(frozen=True)
class Candles:
    """One series of candles: when each is known, its close, its volume as the venue counts."""

    closed_at: list[int]
    close: list[Decimal]
    volume: list[Decimal]


def _columns(path: Path, *names: str) -> tuple[list[int], list[list[Decimal]]]:
    table = pyarrow.parquet.read_table(path)
    at = [stamp * 1_000_000 for stamp in table.column("timestamp").cast("int64").to_pylist()]
    return at, [[Decimal(repr(value)) for value in table.column(name).to_pylist()] for name in names]


@functools.cache
def candles_of(venue: str, pair: str, folder: Path = SHARED) -> Candles:
    """Return the hourly candles of a market."""
    kind = "spot" if pair == SPOT else "perp"
    opened_at, (close, volume) = _columns(folder / "candles" / f"{venue}-ETHUSDT-{kind}-1h.parquet", "close", "volume")
    return Candles([at + HOUR for at in opened_at], close, volume)


@functools.cache
def funding_of(venue: str, folder: Path = SHARED) -> tuple[list[int], list[Decimal]]:
    """Return when a venue's perp paid funding, and at which rate."""
    at, (rate,) = _columns(folder / "funding" / f"{venue}-ETHUSDT-perp.parquet", "funding_rate")
    return at, rate


def nanoseconds(text: str) -> int:
    """Return an instant written as ``2024-02-01T00:00:00Z`` (or with a fraction) in nanoseconds."""
    since = datetime.fromisoformat(text).astimezone(timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
    return since // timedelta(microseconds=1) * 1_000


class Calculation:
    """The book of one run, moved on by hand: `advance` to an instant, `instruct` at it, `finish` at the end."""

    def __init__(self, case: Case, folder: Path = SHARED) -> None:
        self.case = case
        self.result = Result()
        self.cash: dict[tuple[str, str], Decimal] = {}
        self.quantity: dict[str, Decimal] = dict.fromkeys(case.venues, ZERO)
        self.cost: dict[str, Decimal] = dict.fromkeys(case.venues, ZERO)
        self.candles = {key: candles_of(*key, folder) for key in MARKETS if key[0] in case.venues}
        self.rates = {venue: funding_of(venue, folder) for venue in case.venues}
        self._now = case.start
        for account, assets in case.accounts.items():
            for asset, amount in assets.items():
                self.cash[account, asset] = amount
        for series in self.candles.values():
            self.result.market_events += _within(series.closed_at, case.start, case.end)
        for times, _ in self.rates.values():
            self.result.market_events += _within(times, case.start, case.end)
        with localcontext(ARITHMETIC):
            self.result.equity_start = self.equity(case.start)
        self._unpaid = sorted(
            (at, venue, rate)
            for venue, (times, rates) in self.rates.items()
            for at, rate in zip(times, rates, strict=True)
            if case.start <= at <= case.end
        )

    def last_close(self, venue: str, pair: str, at: int) -> Decimal | None:
        """Return the close of the last candle completed at or before an instant."""
        series = self.candles[venue, pair]
        place = bisect.bisect_right(series.closed_at, at) - 1
        return series.close[place] if place >= 0 else None

    def price(self, venue: str, pair: str, at: int) -> Decimal | None:
        """Return what an order is priced at: the last close, if it is younger than one candle."""
        series = self.candles[venue, pair]
        place = bisect.bisect_right(series.closed_at, at) - 1
        if place < 0 or at - series.closed_at[place] >= HOUR:
            return None
        return series.close[place]

    def slipped(self, venue: str, pair: str, sign: int, amount: Decimal, at: int) -> Decimal:
        """Return price(tau) moved against a taker of this amount."""
        series, terms = self.candles[venue, pair], self.case.venues[venue]
        place = bisect.bisect_right(series.closed_at, at) - 1
        volume = series.volume[place] * MARKETS[venue, pair].contract
        bps = terms.slippage_bps
        if terms.impact_bps:
            bps += terms.impact_bps * amount / volume
        return series.close[place] * (1 + sign * bps / 10_000)

    def fee_rate(self, venue: str, pair: str) -> Decimal:
        """Return the taker's fee as a fraction."""
        terms = self.case.venues[venue]
        chosen = terms.spot_taker_bps if pair == SPOT else terms.perp_taker_bps
        return (MARKETS[venue, pair].taker_bps if chosen is None else chosen) / 10_000

    def advance(self, at: int) -> None:
        """Pay all funding due up to and with this instant."""
        with localcontext(ARITHMETIC):
            while self._unpaid and self._unpaid[0][0] <= at:
                due, venue, rate = self._unpaid.pop(0)
                quantity = self.quantity[venue]
                mark = self.last_close(venue, PERP, due)
                if quantity == 0 or mark is None:
                    continue
                amount = -quantity * mark * rate
                self._move(MARKETS[venue, PERP].account, "USDT", amount)
                self.result.funding += amount
                self._saw("funding")
                if self.price(venue, PERP, due) is None:
                    self._saw("funding at a stale mark")
        self._now = at

    def instruct(self, line: dict[str, Any]) -> str:
        """Work one instruction at its instant and return FILLED or the code of its refusal."""
        with localcontext(ARITHMETIC):
            self.result.instructions += 1
            code = self._work(line)
        if code != "FILLED":
            self.result.refusals += 1
            self.result.refusals_by_code[code] = self.result.refusals_by_code.get(code, 0) + 1
        return code

    def _work(self, line: dict[str, Any]) -> str:  # noqa: C901 - one check after the other, as the design lists them
        venue, pair, now = line["venue"], line["pair"], self._now
        sign = 1 if line["side"] in ("BUY", "LONG") else -1
        reduce_only = line.get("reduce_only", False)
        market, amount = MARKETS[venue, pair], Decimal(line["amount"])
        price = self.price(venue, pair, now)
        if self.case.halted:
            return "HALTED"
        if price is None:
            return "NO_PRICE"
        if reduce_only:
            held = self.quantity[venue]
            if held == 0 or (held > 0) == (sign > 0):
                return "REDUCE_ONLY"
            if amount > abs(held):
                self._saw("cut to the position")
            amount = min(amount, abs(held))
        amount = (amount / market.lot).to_integral_value(ROUND_FLOOR) * market.lot
        if amount == 0 or amount < market.minimum:
            return "BELOW_LOT"
        if not reduce_only and amount * price < market.notional:
            return "BELOW_NOTIONAL"
        if self.case.max_order_notional is not None and amount * price > self.case.max_order_notional:
            return "LIMIT_ORDER_NOTIONAL"
        paid = self.slipped(venue, pair, sign, amount, now)
        if not self._affordable(venue, pair, sign, amount, paid):
            return "INSUFFICIENT_BALANCE"
        self.result.orders += 1
        self.result.fills += 1
        if pair == SPOT:
            self._fill_spot(venue, sign, amount, paid)
        else:
            self._fill_perp(venue, sign * amount, paid)
        return "FILLED"

    def _affordable(self, venue: str, pair: str, sign: int, amount: Decimal, paid: Decimal) -> bool:
        account = MARKETS[venue, pair].account
        if pair == PERP:
            return amount * paid * self.fee_rate(venue, pair) <= self.free(account, "USDT")
        if sign > 0:
            return amount * paid <= self.free(account, "USDT")
        return amount <= self.free(account, "ETH")

    def free(self, account: str, asset: str) -> Decimal:
        """Return what an account holds of an asset."""
        return self.cash.get((account, asset), ZERO)

    def _fill_spot(self, venue: str, sign: int, amount: Decimal, paid: Decimal) -> None:
        account, rate = MARKETS[venue, SPOT].account, self.fee_rate(venue, SPOT)
        if sign > 0:
            self._move(account, "USDT", -amount * paid)
            self._move(account, "ETH", amount - amount * rate)
        else:
            self._move(account, "ETH", -amount)
            self._move(account, "USDT", amount * paid - amount * paid * rate)
            if 0 < self.free(account, "ETH") < MARKETS[venue, SPOT].lot:
                self._saw("sold down to the dust")
        self.result.fees += amount * paid * rate

    def _fill_perp(self, venue: str, change: Decimal, paid: Decimal) -> None:
        account, held = MARKETS[venue, PERP].account, self.quantity[venue]
        fee = abs(change) * paid * self.fee_rate(venue, PERP)
        self._move(account, "USDT", -fee)
        self.result.fees += fee
        closing = ZERO
        if held and (held > 0) != (change > 0):
            closing = change if abs(change) <= abs(held) else -held
            share = self.cost[venue]
            if abs(closing) < abs(held):
                share = (self.cost[venue] * abs(closing) / abs(held)).quantize(PLACES_18)
            self._move(account, "USDT", -closing * paid - share)
            self.cost[venue] -= share
            self.quantity[venue] += closing
            self._saw("flip" if abs(change) > abs(held) else "close" if self.quantity[venue] == 0 else "partial close")
        self.quantity[venue] += change - closing
        self.cost[venue] += (change - closing) * paid

    def _move(self, account: str, asset: str, amount: Decimal) -> None:
        self.cash[account, asset] = self.free(account, asset) + amount

    def _saw(self, situation: str) -> None:
        self.result.seen[situation] = self.result.seen.get(situation, 0) + 1

    def equity(self, at: int) -> Decimal:
        """Return balances at the last closes plus unrealised P&L, in USDT."""
        total = ZERO
        for (account, asset), amount in self.cash.items():
            total += amount if asset == "USDT" else amount * self._worth(account.split(".")[0], at)
        for venue, quantity in self.quantity.items():
            if quantity:
                mark = self.last_close(venue, PERP, at)
                assert mark is not None
                total += quantity * mark - self.cost[venue]
        return total

    def _worth(self, venue: str, at: int) -> Decimal:
        """One ETH: at that venue's spot, else at the first configured venue's spot, else at its own perp."""
        for where, pair in [(venue, SPOT), *((other, SPOT) for other in self.case.venues), (venue, PERP)]:
            if (where, pair) in self.candles:
                worth = self.last_close(where, pair, at)
                if worth is not None:
                    return worth
        raise LookupError(f"ETH at {venue} has no price at {at}")

    def finish(self) -> Result:
        """Pay what is due up to the end, mark the book and return all of it."""
        self.advance(self.case.end)
        result = self.result
        with localcontext(ARITHMETIC):
            result.equity_end = self.equity(self.case.end)
            for (account, asset), amount in self.cash.items():
                if amount:
                    result.balances.setdefault(account, {})[asset] = amount
            for venue, quantity in self.quantity.items():
                if quantity:
                    entry = (self.cost[venue] / quantity).quantize(PLACES_18)
                    result.positions[venue] = {PERP: {"amount": quantity, "entry_price": entry}}
        return result


def _within(times: list[int], first: int, last: int) -> int:
    return bisect.bisect_right(times, last) - bisect.bisect_left(times, first)


def read_script(text: str) -> list[dict[str, Any]]:
    """Return the instructions of a file, in its order, numbers read exactly."""
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in text.splitlines() if line.strip()]


def calculate(case: Case, script: list[dict[str, Any]], folder: Path = SHARED) -> Result:
    """Return what a script comes to. Instructions of one instant are worked in the order of the file."""
    book = Calculation(case, folder)
    for line in sorted(script, key=lambda line: nanoseconds(line["at"])):
        book.advance(nanoseconds(line["at"]))
        book.instruct(line)
    return book.finish()
