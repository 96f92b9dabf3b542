"""Families of seeded scripts with everything that an order can be; each goes where one part of the rules is at work.

Drawn, as those of `scripts.py`, step by step beside a `Calculation`. Limits and triggers are often taken from candles
to come, exactly or one tick beside, because equality is where two readings differ.
"""

import json
import random
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from tests.independent.book import Order
from tests.independent.calculation import Calculation
from tests.independent.exchange import TRIGGERED
from tests.independent.reference import HOUR, MARKETS, PERP, SPOT, ZERO, Case, Terms, candles_of, nanoseconds
from tests.independent.scripts import MILLISECOND, Script, gaps, text_of, toml_of

LINES = 240
DAY = 24 * HOUR
VENUES = (("bybit",), ("binance", "bybit"), ("okx",), ("bybit", "okx", "binance"), ("bybit",))
Line = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """What a family's scripts are made of: how often which kind of line, and which terms."""

    kinds: dict[str, int]
    leverages: tuple[int, ...] = (1, 2, 3)
    size: Decimal = Decimal("0.1")
    """Of what could be bought, at the most, in one order that is not meant to be too large."""
    shares: tuple[str, ...] = ()
    """ETH of an average hour that may be traded."""
    impact: bool = False
    latencies: tuple[int, ...] = (0,)
    reduce_only: float = 0.1
    spot: float = 0.5
    far: float = 0.1
    """How many limits are so far from the price that they are seldom reached."""
    days: int = 30


_STOPS = {"STOP_MARKET": 6, "STOP_LIMIT": 4, "TAKE_PROFIT_MARKET": 4, "TAKE_PROFIT_LIMIT": 4, "TRAILING_STOP": 5}
_REST = {"LIMIT": 10, "cancel": 2, "amend": 3, "cancel_all": 1}
FAMILIES = {
    "limits": Family({"LIMIT": 30, "MARKET": 4, "cancel": 5, "amend": 9, "cancel_all": 1}, shares=("", "", "60")),
    "stops": Family(
        {**_STOPS, "MARKET": 5, "LIMIT": 3, "cancel": 2, "cancel_all": 1}, size=Decimal("0.8"), impact=True
    ),
    "shares": Family(
        {"LIMIT": 20, "MARKET": 12, "cancel": 2, "amend": 4, **_STOPS}, shares=("1", "4", "20"), impact=True
    ),
    "margin": Family(
        {"MARKET": 10, **_REST, "STOP_MARKET": 2}, leverages=(1, 2, 5, 10, 20), size=Decimal("0.6"), reduce_only=0.25
    ),
    "liquidation": Family(
        {"MARKET": 10, "LIMIT": 12, "cancel": 1, "amend": 2, "STOP_MARKET": 1, "TAKE_PROFIT_LIMIT": 1},
        leverages=(10, 20, 25, 50),
        size=Decimal("0.9"),
        spot=0.4,
        far=0.5,
        impact=True,
        days=50,
    ),
    "delays": Family(
        {"MARKET": 8, **_REST, **_STOPS},
        leverages=(1, 3, 10),
        latencies=(0, 1, 250, 60_000, 60_000),
        shares=("", "5"),
    ),
}


def draw(name: str, seed: int) -> Script:
    """Return the script of a family and a seed."""
    family, dice = FAMILIES[name], random.Random(f"{name} {seed}")  # noqa: S311 - repeatable, not secret
    venues = VENUES[seed % len(VENUES)]
    start, end = _span(dice, family, venues)
    terms = {venue: _terms(dice, family, venue) for venue in venues}
    accounts = {MARKETS[venue, PERP].account: _opening(dice, venue) for venue in venues}
    case = Case(start, end, terms, accounts)
    book = Calculation(case)
    groups: dict[int, list[str]] = {}
    for number, at in enumerate(_instants(dice, case)):
        book.advance(at)
        line = _Pen(dice, family, book, at).line(number)
        book.instruct(line)
        groups.setdefault(at, []).append(json.dumps(line))
    lines = [line for at in sorted(groups) for line in groups[at]]
    return Script(case, toml_of(case, seed), tuple(lines), dict(book.finish().seen))


def _span(dice: random.Random, family: Family, venues: tuple[str, ...]) -> tuple[int, int]:
    first = nanoseconds("2024-10-02T00:00:00Z" if "okx" in venues else "2024-01-05T00:00:00Z")
    start = first + dice.randrange(0, 280) * DAY + dice.choice((0, 0, 0, 17 * 60 * 1_000 * MILLISECOND))
    holes = [hole for hole in gaps(venues[-1] if len(venues) > 1 else venues[0]) if hole[0] > first + 20 * DAY]
    if holes and dice.random() < 0.6:
        before = dice.choice(holes)[0]
        start = before - dice.randrange(2, 20) * DAY
    length = family.days * DAY + dice.randrange(0, 24) * HOUR
    if any(start < hole[0] < start + length and hole[1] - hole[0] > 10 * DAY for hole in holes):
        length += 35 * DAY  # a month is missing: trade on behind it
    return start, start + length + dice.choice((0, 1234 * MILLISECOND))


def _terms(dice: random.Random, family: Family, venue: str) -> Terms:
    fees: dict[str, Decimal] = {}
    if dice.random() < 0.6:
        for key, low, high in (("maker", -30, 60), ("taker", 0, 100)):
            fees[f"spot_{key}_bps"] = Decimal(dice.randrange(low, high)) / 10
            fees[f"perp_{key}_bps"] = Decimal(dice.randrange(low, high)) / 10
    share = dice.choice(family.shares) if family.shares else ""
    volume = candles_of(venue, PERP).volume[5_000] * MARKETS[venue, PERP].contract
    return Terms(
        slippage_bps=Decimal(dice.randrange(0, 60)) / 10,
        impact_bps=Decimal(dice.randrange(1, 500)) if family.impact and dice.random() < 0.6 else ZERO,
        max_share=(Decimal(share) / volume).quantize(Decimal("1e-8")) if share else None,
        touch=dice.random() < 0.4,
        leverage=Decimal(dice.choice(family.leverages)),
        latency_ms=dice.choice(family.latencies),
        liquidation_fee=Decimal(dice.choice((0, 75, 200))) / 10_000 if dice.random() < 0.5 else None,
        **fees,
    )


def _opening(dice: random.Random, venue: str) -> dict[str, Decimal]:
    opening = {"USDT": Decimal(dice.choice(("500000", "60000.50", "25000", "1000000.123456789")))}
    if venue == "bybit" and dice.random() < 0.8:
        opening["ETH"] = Decimal(dice.choice(("3.123456789", "40", "11.5")))
    return opening


def _instants(dice: random.Random, case: Case) -> list[int]:
    """Many shared, most on the hour, some at funding hours, beside the hour and at the edges of gaps."""
    holes = [hole for venue in case.venues for hole in gaps(venue) if case.start < hole[0] < case.end]
    found: list[int] = []
    while len(found) < LINES:
        at = case.start + dice.randrange(0, (case.end - case.start) // HOUR) * HOUR // HOUR * HOUR
        at = at // HOUR * HOUR + dice.choice((0, 0, 0, MILLISECOND, 17 * 60_000 * MILLISECOND, HOUR - MILLISECOND))
        chance = dice.random()
        if chance < 0.1:
            at = at // (8 * HOUR) * 8 * HOUR
        elif holes and chance < 0.16:
            before, after = dice.choice(holes)
            edges = (before - HOUR, before, before + HOUR - MILLISECOND, before + HOUR, after - MILLISECOND, after)
            at = dice.choice(edges)
        elif chance < 0.19:
            at = dice.choice((case.start, case.end, case.end - HOUR))
        if case.start <= at <= case.end:
            found += [at] * dice.choice((1, 1, 1, 2, 3, 5))
    return sorted(found[:LINES])


class _Pen:
    """Writes one line, knowing how the book stands."""

    def __init__(self, dice: random.Random, family: Family, book: Calculation, at: int) -> None:
        self._dice, self._family, self._book, self._at = dice, family, book, at

    def line(self, number: int) -> Line:
        """Return a line of one of the family's kinds."""
        kinds = self._family.kinds
        kind = self._dice.choices(list(kinds), list(kinds.values()))[0]
        line: Line | None = {"at": text_of(self._at)}
        if kind == "cancel":
            line = self._cancel()
        elif kind == "cancel_all":
            line = {"cancel_all": self._dice.choice(list(self._book.case.venues))}
        elif kind == "amend":
            line = self._amend()
        else:
            line = None
        if line is None:
            line = self._trade(number, "LIMIT" if kind in ("cancel", "amend") else kind)
        return {"at": text_of(self._at)} | line

    def _some_order(self, *, limit: bool) -> Order | None:
        known = [each for each in self._book.known.values() if each.ident and (each.kind == "LIMIT" or not limit)]
        live = [each for each in known if each.live]
        if live and self._dice.random() < 0.85:
            return self._dice.choice(live)
        return self._dice.choice(known) if known else None

    def _cancel(self) -> Line | None:
        order = self._some_order(limit=False)
        return None if order is None else {"cancel": order.ident}

    def _amend(self) -> Line | None:
        order = self._some_order(limit=True)
        if order is None:
            return None
        line: Line = {"amend": order.ident}
        what = self._dice.choice(("price", "amount", "smaller", "smaller", "both"))
        if what in ("price", "both"):
            line["price"] = _text(self._level(order.key, order.sign))
        if what != "price":
            factor = Decimal(self._dice.choice(("0.5", "0.9") if what == "smaller" else ("0.7", "1.2", "1.5", "3")))
            filled = order.filled if self._dice.random() < 0.6 else ZERO
            line["amount"] = _text(max(filled + order.left * factor, MARKETS[order.key].lot))
        return line

    def _level(self, key: tuple[str, str], sign: int) -> Decimal:
        """Return a limit for a buy (1) or a sale (-1): near the price, or what a candle to come just reaches."""
        series = self._book.candles[key]
        last = max(series.last(self._at), 0)
        price = series.close[last]
        chance = self._dice.random()
        if chance < 0.35 * (1 - self._family.far):
            ahead = min(last + self._dice.randrange(1, 24), len(series.close) - 1)
            extreme = series.low[ahead] if sign > 0 else series.high[ahead]
            return extreme + self._dice.choice((0, 0, 0, sign, -sign)) * MARKETS[key].tick
        reach = 150 if chance < 1 - self._family.far else 2500
        return price * (1 - sign * Decimal(self._dice.randrange(-reach // 4, reach)) / 10_000)

    def _trade(self, number: int, kind: str) -> Line:
        dice, book = self._dice, self._book
        keys = [key for key in book.candles if key[1] == SPOT and dice.random() < self._family.spot]
        key = dice.choice(keys or [key for key in book.candles if key[1] == PERP])
        venue, pair = key
        held = book.quantity[venue] if pair == PERP else ZERO
        sign = dice.choice((1, -1))
        reduce_only = pair == PERP and dice.random() < self._family.reduce_only
        if held and dice.random() < (0.9 if reduce_only else 0.4):
            sign = -1 if held > 0 else 1
        line: Line = {"id": f"i{number}"} if number % 7 else {}
        line |= {"venue_type": "cex", "venue": venue, "trade_type": "SPOT" if pair == SPOT else "PERP", "pair": pair}
        line["side"] = dice.choice(("BUY", "LONG") if sign > 0 else ("SELL", "SHORT")) if pair == PERP else "BUY"
        if pair == SPOT and sign < 0:
            line["side"] = "SELL"
        line["amount"] = _text(max(self._amount(key, sign, held), Decimal("1e-9")))
        if reduce_only:
            line["reduce_only"] = True
        if kind != "MARKET":
            line["order_type"] = kind
        self._add_terms(line, key, sign, kind)
        return line

    def _amount(self, key: tuple[str, str], sign: int, held: Decimal) -> Decimal:
        venue, pair = key
        dice, book = self._dice, self._book
        price = book.last_close(venue, pair, self._at) or Decimal(2500)
        account = MARKETS[key].account
        if held and dice.random() < 0.3:
            return abs(held) * dice.choice((Decimal(1), Decimal(1), Decimal("0.5"), Decimal(2)))
        if pair == PERP:
            most = max(book.free_margin(venue), ZERO) * book.case.venues[venue].leverage / price
        elif sign > 0:
            most = max(book.free(account, "USDT"), ZERO) / price
        else:
            most = max(book.free(account, "ETH"), ZERO)
        chance = dice.random()
        if chance < 0.06:
            return most * dice.choice((Decimal("0.99"), Decimal("1.03"), Decimal("1.4"))) + Decimal("0.001")
        if chance < 0.09:
            return dice.choice((MARKETS[key].lot * Decimal("0.6"), Decimal("4.9") / price, Decimal("19.5") / price))
        amount = most * self._family.size * Decimal(dice.randrange(1, 100)) / 100
        return amount.quantize(Decimal("0.01")) if dice.random() < 0.5 else amount

    def _add_terms(self, line: Line, key: tuple[str, str], sign: int, kind: str) -> None:
        dice = self._dice
        if kind in TRIGGERED and kind != "TRAILING_STOP":
            # A stop triggers where the opposite limit would fill, a take-profit where the same would.
            trigger = self._level(key, -sign if kind.startswith("STOP") else sign)
            line["trigger_price"] = _text(trigger)
            if kind.endswith("LIMIT"):
                line["price"] = _text(trigger * (1 + Decimal(dice.randrange(-60, 60)) / 10_000))
            if key[1] == PERP and dice.random() < 0.3:
                line["trigger_by"] = dice.choice(("LAST", "MARK"))
        elif kind == "TRAILING_STOP":
            line["trail_bps"] = str(Decimal(dice.randrange(50, 4000)) / 10)
        elif kind == "LIMIT":
            line["price"] = _text(self._level(key, sign))
            chance = dice.random()
            if chance < 0.3:
                line["time_in_force"] = dice.choice(("IOC", "FOK"))
            elif chance < 0.5:
                line["post_only"] = True
            elif chance < 0.6:
                line["time_in_force"] = "GTC"


def _text(value: Decimal) -> str:
    return f"{value.quantize(Decimal('1e-9'), ROUND_FLOOR):f}"
