"""Seeded random scripts that go where a backtest is most likely to be wrong.

A script is drawn step by step beside a `Calculation`, because the interesting amounts (exactly the free balance, one
lot more than that, the position and a little beyond it) depend on what happened before. What comes out is a plain file:
neither the engine nor the second reading of it knows how it was drawn.
"""

import itertools
import json
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from tests.independent.calculation import Calculation
from tests.independent.reference import (
    BPS,
    HOUR,
    MARKETS,
    PERP,
    SPOT,
    Case,
    Terms,
    candles_of,
    nanoseconds,
)

INSTRUCTIONS = 300
SEEDS = tuple(range(24))
VENUES = (
    ("bybit",),
    ("binance",),
    ("okx",),
    ("bybit", "binance"),
    ("okx", "bybit"),
    ("binance", "bybit"),
    ("okx", "binance"),
    ("okx", "bybit", "binance"),
)
MILLISECOND = 1_000_000
FUNDING_HOURS = 8 * HOUR
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Script:
    """A configuration and its instructions, as text."""

    case: Case
    toml: str
    lines: tuple[str, ...]
    situations: dict[str, int]


def text_of(at: int) -> str:
    """Return an instant of whole milliseconds in the notation of instructions and of TOML."""
    seconds, rest = divmod(at, 1_000_000_000)
    fraction = f".{rest // MILLISECOND:03}" if rest else ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def gaps(venue: str) -> list[tuple[int, int]]:
    """Return the spans in which a venue's perp has no candle: last close before, next close after."""
    closed_at = candles_of(venue, PERP).closed_at
    return [(before, after) for before, after in itertools.pairwise(closed_at) if after - before > HOUR]


def _terms(dice: random.Random) -> Terms:
    """Fees of some venues are their defaults, of others one rate for both, of others one for each."""
    slippage = Decimal(dice.randrange(0, 60)) / 10
    impact = Decimal(0) if dice.random() < 0.5 else Decimal(dice.randrange(1, 500))
    fees = dice.choice(("default", "both", "each"))
    spot = perp = None
    if fees != "default":
        spot = perp = Decimal(dice.randrange(0, 120)) / 10
    if fees == "each":
        perp = Decimal(dice.randrange(0, 90)) / 10
    return Terms(slippage_bps=slippage, impact_bps=impact, spot_taker_bps=spot, perp_taker_bps=perp)


def _accounts(dice: random.Random, venues: tuple[str, ...]) -> dict[str, dict[str, Decimal]]:
    accounts: dict[str, dict[str, Decimal]] = {}
    for venue in venues:
        account = "binance.perp" if venue == "binance" else venue
        accounts[account] = {"USDT": Decimal(dice.choice(("500000", "60000.50", "2500", "1000000.123456789")))}
        if dice.random() < 0.5:
            accounts.setdefault(venue, {})["ETH"] = Decimal(dice.choice(("3.123456789", "0.00000432", "40")))
        if venue == "binance" and dice.random() < 0.5:
            accounts.setdefault(venue, {})["USDT"] = Decimal(777)
    return accounts


def _span(dice: random.Random, seed: int, venues: tuple[str, ...]) -> tuple[int, int]:
    """Start and end: on the hour, off it, and inside gaps."""
    start = nanoseconds("2024-09-03T00:00:00Z" if "okx" in venues else "2024-01-05T00:00:00Z")
    start += dice.randrange(0, 40) * 24 * HOUR
    end = nanoseconds("2025-09-01T00:00:00Z") - dice.randrange(0, 100) * 24 * HOUR
    holes = gaps(venues[0])
    if holes and seed % 3 == 1:
        start = holes[0][0] + dice.randrange(2, 20) * HOUR
    if holes and seed % 3 == 2:
        end = holes[-1][0] + dice.randrange(2, 20) * HOUR + 1234 * MILLISECOND
    if seed % 5 == 3:
        start += 17 * 60 * 1_000 * MILLISECOND
    return start, end


def _instants(dice: random.Random, case: Case) -> list[int]:
    """300 instants, many of them shared, at the edges that the rules of time have."""
    holes = [hole for venue in case.venues for hole in gaps(venue) if case.start < hole[0] and hole[1] < case.end]
    hours = (case.end - case.start) // HOUR
    found: list[int] = [case.start, case.start, case.end]
    while len(found) < INSTRUCTIONS:
        at = (case.start // HOUR + dice.randrange(1, hours)) * HOUR
        kind = dice.random()
        if kind < 0.3:
            at = dice.choice(found)
        elif kind < 0.5:
            at = at // FUNDING_HOURS * FUNDING_HOURS
        elif kind < 0.65:
            at += dice.randrange(1, 3_600_000) * MILLISECOND
        elif kind < 0.85 and holes:
            before, after = dice.choice(holes)
            edges = (before, before + HOUR - MILLISECOND, before + HOUR, after - MILLISECOND, after, before + 5 * HOUR)
            at = dice.choice(edges)
        if case.start <= at <= case.end:
            found.append(at)
    return sorted(found)


def _spot(dice: random.Random, book: Calculation, venue: str, price: Decimal) -> tuple[str, Decimal]:
    lot, account = MARKETS[venue, SPOT].lot, MARKETS[venue, SPOT].account
    quote, base = max(book.free(account, "USDT"), Decimal(0)), book.free(account, "ETH")
    if dice.random() < 0.5:
        share = Decimal(dice.randrange(1, 25)) / 100
        amounts = (
            quote * share / price,
            quote * share / price,
            (quote * share / price).quantize(CENT),
            quote * Decimal("0.999") / price,
            quote * Decimal("1.3") / price + 1,
            lot * Decimal("0.7"),
            Decimal("4.9") / price,
            Decimal("5.1") / price,
        )
        return "BUY", dice.choice(amounts)
    # The whole balance rounds down and leaves dust; one lot above what rounds down is one too many.
    above = (base / lot).to_integral_value(ROUND_CEILING) * lot + lot
    return "SELL", dice.choice((base, base, base / 3, base / 2, above, base % lot, Decimal("0.0014")))


def _perp(dice: random.Random, book: Calculation, venue: str, price: Decimal) -> tuple[str, Decimal, bool]:
    market, held = MARKETS[venue, PERP], book.quantity[venue]
    free = max(book.free(market.account, "USDT"), Decimal(0))
    some = free * Decimal(dice.randrange(1, 30)) / 100 / price
    sign = 1 if held > 0 else -1 if held < 0 else dice.choice((1, -1))
    rate = book.fee_rate(venue, PERP)
    if abs(held) * price > 2 * free and dice.random() < 0.8:
        return _word(dice, -sign), dice.choice((abs(held), abs(held) / 2)), dice.random() < 0.5
    small = dice.choice((market.lot * Decimal("0.6"), Decimal("4.9") / price, Decimal("19.5") / price, market.lot))
    choices = (
        (sign, some, False),
        (sign, some.quantize(CENT), False),
        (dice.choice((1, -1)), some, False),
        (-sign, abs(held) + some, False),
        (-sign, abs(held), False),
        (-sign, abs(held) / 3, False),
        (dice.choice((1, -1)), small, False),
        (1, free / (rate * price) * Decimal("1.1") + 1 if rate else some, False),  # a sale could slip below 0
        (sign, some, True),
        (-sign, abs(held), True),
        (-sign, abs(held) + some, True),
        (-sign, abs(held) / 2, True),
        (-sign, small, True),
    )
    direction, amount, reduce_only = dice.choice(choices)
    return _word(dice, direction), amount, reduce_only


def _word(dice: random.Random, sign: int) -> str:
    return dice.choice(("BUY", "LONG") if sign > 0 else ("SELL", "SHORT"))


def _line(dice: random.Random, book: Calculation, number: int, at: int) -> dict[str, Any]:
    venue, pair = dice.choice([key for key in MARKETS if key[0] in book.case.venues])
    price = book.last_close(venue, pair, at) or Decimal(2500)
    reduce_only = False
    if pair == SPOT:
        side, amount = _spot(dice, book, venue, price)
    else:
        side, amount, reduce_only = _perp(dice, book, venue, price)
    amount = max(amount, Decimal("1e-12")).quantize(Decimal("1e-12"), ROUND_FLOOR)
    line: dict[str, Any] = {"id": f"i{number}"} if number % 4 else {}
    line |= {"at": text_of(at), "venue_type": "cex", "venue": venue, "trade_type": "SPOT" if pair == SPOT else "PERP"}
    line |= {"pair": pair, "side": side, "amount": f"{amount:f}"}
    if reduce_only or (pair == PERP and dice.random() < 0.1):
        line["reduce_only"] = reduce_only
    return line


def _as_number(line: str) -> str:
    """Write the amount as a JSON number, which is to be read as exactly as a string."""
    fields = json.loads(line)
    amount = fields.pop("amount")
    return json.dumps(fields)[:-1] + f', "amount": {amount}}}'


def toml_of(case: Case, seed: int) -> str:
    """Return the configuration; the data folder is put in where it says DATA."""
    rows = ["[mode]", 'type = "backtest"', f"start = {text_of(case.start)}", f"end = {text_of(case.end)}"]
    rows += [f"seed = {seed}", "[data]", 'dir = "DATA"', 'resolution = "1h"']
    for account, assets in case.accounts.items():
        rows += [f'[accounts."{account}"]', *(f'{asset} = "{amount:f}"' for asset, amount in assets.items())]
    for venue, terms in case.venues.items():
        rows += _venue_rows(venue, terms)
    if case.max_order_notional is not None or case.halted:
        rows += ["[risk]"]
    if case.max_order_notional is not None:
        rows += [f'max_order_notional = "{case.max_order_notional:f}"']
    if case.halted:
        rows += ["halted = true"]
    rows += ["[strategy]", 'use = "script"', "[strategy.params]", 'file = "instructions.jsonl"']
    return "\n".join(rows) + "\n"


def _venue_rows(venue: str, terms: Terms) -> list[str]:
    """Fees stand at the top where spot and perp have the same, else in their sections."""
    rows = [f"[venues.{venue}]", 'kind = "cex"']
    if terms.latency_ms:
        rows += [f"latency_ms = {terms.latency_ms}"]
    fees = {
        "spot": {"maker_fee_bps": terms.spot_maker_bps, "taker_fee_bps": terms.spot_taker_bps},
        "perp": {"maker_fee_bps": terms.perp_maker_bps, "taker_fee_bps": terms.perp_taker_bps},
    }
    shared = fees["spot"] if fees["spot"] == fees["perp"] else {}
    rows += [f'{key} = "{bps:f}"' for key, bps in shared.items() if bps is not None]
    for kind, rates in fees.items():
        own = [f'{key} = "{bps:f}"' for key, bps in rates.items() if bps is not None and not shared]
        if kind == "perp" and terms.leverage != 1:
            own += [f'leverage = "{terms.leverage:f}"']
        rows += [f"[venues.{venue}.{kind}]", *own] if own else []
    if terms.max_share is not None or terms.touch:
        rows += [f"[venues.{venue}.fill]"]
        rows += [] if terms.max_share is None else [f'max_share = "{terms.max_share:f}"']
        rows += ["touch = true"] if terms.touch else []
    if terms.liquidation_fee is not None:
        rows += [f'[venues.{venue}.instruments."{PERP}"]', f'liquidation_fee_bps = "{terms.liquidation_fee * BPS:f}"']
    rows += [f"[venues.{venue}.slippage]"]
    if terms.impact_bps:
        return [
            *rows,
            'model = "volume"',
            f'base_bps = "{terms.slippage_bps:f}"',
            f'impact_bps = "{terms.impact_bps:f}"',
        ]
    return [*rows, 'model = "fixed"', f'bps = "{terms.slippage_bps:f}"']


def draw(seed: int) -> Script:
    """Return the script of a seed."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    venues = VENUES[seed % len(VENUES)]
    start, end = _span(dice, seed, venues)
    case = Case(start, end, {venue: _terms(dice) for venue in venues}, _accounts(dice, venues))
    if seed % 3 == 0:
        richest = max(assets.get("USDT", Decimal(0)) for assets in case.accounts.values())
        case = replace(case, max_order_notional=richest * Decimal("0.15"))
    book = Calculation(case)
    lines: list[str] = []
    groups: dict[int, list[str]] = {}
    for number, at in enumerate(_instants(dice, case)):
        book.advance(at)
        line = _line(dice, book, number, at)
        book.instruct(line)
        text = json.dumps(line)
        groups.setdefault(at, []).append(_as_number(text) if dice.random() < 0.2 else text)
    instants = sorted(groups)
    if seed % 4 == 3:
        dice.shuffle(instants)  # a file need not be in the order of time
    for at in instants:
        lines += groups[at]
    return Script(case, toml_of(case, seed), tuple(lines), book.finish().seen)
