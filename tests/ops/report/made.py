"""A made-up year of a basis book on two venues, as its journal would have it: seeded, plausible, exact sums."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from actors.journal.encoding import encode, next_hash
from actors.journal.manifest import Manifest, manifest
from actors.journal.store import JournalStore, Row
from messages.book import (
    Attributed,
    Attribution,
    EquityMarked,
    InsurancePaid,
    Liquidated,
    MarginMarked,
    NetDelta,
    Opening,
    PnlAttributed,
)
from messages.instructions import Code, InstructionRefused
from messages.journal import Entry
from messages.lifecycle import InputSkipped, RunEnded, RunStarted
from messages.market import FundingPaid, StaleMark
from messages.orders import OrderExpired, OrderFilled, OrderRejected
from messages.units import (
    SECOND_NS,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Liquidity,
    Nanoseconds,
    OrderId,
    Price,
    Rate,
    Side,
    TradeId,
    VenueName,
)

HOUR = 3600 * SECOND_NS
START = 1_704_067_200 * SECOND_NS  # 2024-01-01T00:00:00Z
HOURS = 366 * 24
KINDS = Attribution.__struct_fields__
USDT = Asset("USDT")
D = Decimal

Stamped = tuple[int, Entry]
"""When, and what."""

HASHED: Mapping[str, object] = {
    "mode": "backtest",
    "seed": 7,
    "settings": {
        "mode": {"type": "backtest", "start": START, "end": START + HOURS * HOUR, "seed": 7},
        "data": {"resolution": "1h"},
        "accounts": {"binance": {"USDT": "50000"}, "bybit": {"USDT": "50000"}},
        "venue_order": ["binance", "bybit"],
        "venues": {"binance": {"kind": "cex"}, "bybit": {"kind": "cex"}},
        "strategy": {"use": "basis", "params": {"enter": "0.10", "leave": "0.02"}, "on_error": "stop"},
        "risk": {"halted": False, "max_order_notional": None},
    },
    "data": [
        {
            "name": f"{venue}_{coin}.parquet",
            "rows": HOURS,
            "first": START,
            "last": START + HOURS * HOUR,
            "sha256": "ab" * 32,
        }
        for venue in ("binance", "bybit")
        for coin in ("ETH_spot", "ETH_perp")
    ],
}
BESIDE: Mapping[str, object] = {"execd_version": "0.1.0", "python": "3.11.7", "host": "somewhere"}


class Leg(NamedTuple):
    """A market of the book: where, the sign of its position, and how much of it in base."""

    venue: str
    symbol: str
    sign: int
    size: Decimal

    @property
    def instrument(self) -> InstrumentId:
        return InstrumentId(f"{self.venue}:{self.symbol}")


LEGS = (
    Leg("binance", "ETH/USDT", 1, D("12.5")),
    Leg("binance", "ETHUSDT-PERP", -1, D("12.5")),
    Leg("bybit", "BTC/USDT", 1, D("0.6")),
    Leg("bybit", "BTCUSDT-PERP", -1, D("0.6")),
)


def fill(leg: Leg, number: int, side: Side, amount: Decimal, reference: Decimal, **changes: Any) -> OrderFilled:  # noqa: ANN401
    """Return a fill at a venue's usual fee, one basis point off its reference."""
    worse = D("1.0001") if side is Side.BUY else D("0.9999")
    fields: dict[str, Any] = {
        "venue": VenueName(leg.venue),
        "instrument": leg.instrument,
        "side": side,
        "amount": BaseAmount(amount),
        "price": Price(reference * worse),
        "fee": Amount(amount * reference * D("0.00055")),
        "fee_asset": USDT,
        "liquidity": Liquidity.TAKER if number % 3 else Liquidity.MAKER,
        "order_id": OrderId(f"o{number}"),
        "client_order_id": ClientOrderId(f"x{number}"),
        "trade_id": TradeId(f"t{number}"),
        "instruction_id": InstructionId(f"basis-{number:05d}"),
        "reference_price": Price(reference),
    }
    return OrderFilled(**(fields | changes))


def refusal(number: int, code: Code, detail: str) -> InstructionRefused:
    """Return a refusal."""
    return InstructionRefused(instruction_id=InstructionId(f"basis-{number:05d}"), code=code, detail=detail)


class Year:
    """The entries of a year, hour by hour."""

    def __init__(self, *, hours: int = HOURS, fills: int = 1500, seed: int = 7) -> None:
        self._random = random.Random(seed)  # noqa: S311 - prices, not secrets
        self._hours = hours
        self._fill_every = max(1, hours * len(LEGS) // fills)
        self._sums = dict.fromkeys(KINDS, D(0))
        self._parts = {leg: dict.fromkeys(KINDS, D(0)) for leg in LEGS}
        self._held = dict.fromkeys(LEGS, D(0))
        self._number = 0

    def entries(self) -> list[Stamped]:
        """Return all of them."""
        told: list[Stamped] = [(START, RunStarted(mode="backtest", start=Nanoseconds(START), end=None))]
        told += [
            (START, Opening(account=AccountName(name), asset=USDT, amount=Amount(D(50000))))
            for name in ("binance", "bybit")
        ]
        told.append((START, self._mark(0, first=True)))
        for hour in range(1, self._hours + 1):
            at = START + hour * HOUR
            told += [(at, entry) for entry in self._hour(hour)]
        at = START + self._hours * HOUR
        told.append(
            (
                at,
                OrderExpired(
                    venue=VenueName("bybit"),
                    instrument=LEGS[3].instrument,
                    order_id=OrderId("o0"),
                    client_order_id=ClientOrderId("x0"),
                    instruction_id=InstructionId("basis-rest"),
                    reason="END_OF_RUN",
                ),
            )
        )
        told.append((at, self._attributed()))
        end = self._equity()
        told.append(
            (
                at,
                RunEnded(
                    outcome="done",
                    reason="",
                    market_events=self._hours * 4,
                    currency=USDT,
                    equity_start=Amount(D(100000)),
                    equity_end=Amount(end),
                ),
            )
        )
        return told

    def _hour(self, hour: int) -> Iterable[Entry]:
        price = self._price(hour)
        for place, leg in enumerate(LEGS):
            amount = D(self._random.randint(1, 40)) / 100
            scaled = amount if "ETH" in leg.symbol else amount / 20
            self._add(leg, "price", leg.sign * D(str(round(self._random.gauss(0, 40), 6))))
            self._add(leg, "basis", D(str(round(self._random.gauss(-0.01, 2), 6))) if leg.sign < 0 else D(0))
            if (hour * len(LEGS) + place) % self._fill_every == 0:
                self._number += 1
                wanted = leg.sign * leg.size - self._held[leg]  # a rebalance follows every one that missed
                side = Side.BUY if wanted > 0 or (not wanted and self._random.random() < 0.5) else Side.SELL
                scaled = abs(wanted) or scaled
                self._held[leg] += scaled if side is Side.BUY else -scaled
                done = fill(leg, self._number, side, scaled, self._of(leg, price))
                self._add(leg, "fees", -done.fee)
                self._add(leg, "slippage", -abs(done.price - self._of(leg, price)) * scaled)
                yield done
        if hour % 8 == 0:
            yield from self._funding(hour, price)
        if hour == int(self._hours * 0.62):
            yield from self._liquidation(price)
        yield from self._oddities(hour)
        yield self._mark(hour)

    def _funding(self, hour: int, price: Decimal) -> Iterable[Entry]:
        for leg in LEGS:
            if leg.sign > 0:
                continue
            rate = D(str(round(0.00009 + 0.00012 * math.sin(hour / 900) + self._random.gauss(0, 0.00004), 8)))
            mark = self._of(leg, price)
            paid = leg.size * mark * rate
            self._add(leg, "funding", paid)
            yield FundingPaid(
                venue=VenueName(leg.venue),
                instrument=leg.instrument,
                quantity=BaseAmount(-leg.size),
                mark=Price(mark),
                rate=Rate(rate),
                amount=Amount(paid),
            )

    def _liquidation(self, price: Decimal) -> Iterable[Entry]:
        leg = LEGS[1]
        self._held[leg] += leg.size
        mark = self._of(leg, price)
        charged, paid = leg.size * mark * D("0.0125"), D("37.5")
        self._add(leg, "liquidation", paid - charged)
        yield Liquidated(
            venue=VenueName(leg.venue),
            instrument=leg.instrument,
            side=Side.BUY,
            amount=BaseAmount(leg.size),
            price=Price(mark * D("1.001")),
            mark=Price(mark),
            fee=Amount(leg.size * mark * D("0.0005")),
            liquidation_fee=Amount(charged),
        )
        yield InsurancePaid(
            venue=VenueName(leg.venue),
            account=AccountName("binance.perp"),
            asset=USDT,
            instrument=leg.instrument,
            amount=Amount(paid),
        )

    def _oddities(self, hour: int) -> Iterable[Entry]:
        if hour % 211 == 0:
            yield refusal(hour, Code.BELOW_NOTIONAL, "0.001 ETH at 2,312.4 is 2.31 USDT, expected at least 5")
        if hour % 337 == 0:
            yield refusal(hour, Code.INSUFFICIENT_MARGIN, "needs 1,204.50 USDT, 311.02 are free in binance.perp")
        if hour % 901 == 0:
            yield OrderRejected(
                venue=VenueName("bybit"),
                instrument=LEGS[2].instrument,
                client_order_id=ClientOrderId(f"x{hour}"),
                instruction_id=InstructionId(f"basis-{hour}"),
                by="venue",
                reason="POST_ONLY",
                detail="it would have taken",
            )
        if hour % 1500 == 0:
            yield StaleMark(
                venue=VenueName("bybit"),
                instrument=LEGS[3].instrument,
                mark=Price(D(40000)),
                closed_at=Nanoseconds(START),
                used_for="valuation",
            )
        if hour == 4000:
            yield InputSkipped(input="MarketSlice", error="ZeroDivisionError: division by zero", where="mine.py:12")

    def _mark(self, hour: int, *, first: bool = False) -> EquityMarked:
        share = (
            0.08
            + 0.05 * math.sin(hour / 400)
            + (max(0, hour / self._hours - 0.55) * 12 if hour < self._hours * 0.62 else 0)
        )
        account = self._equity() / 2
        margins = (
            ()
            if hour % 2000 < 120
            else (
                _margin("binance.perp", account, share),
                _margin("bybit", account, 0.05 + 0.01 * math.cos(hour / 200)),
            )
        )
        net = D(str(round(0.02 * math.sin(hour / 90), 5)))
        return EquityMarked(
            currency=USDT,
            equity=Amount(self._equity()),
            unrealised=Amount(D("12.5")),
            attribution=None if first else Attribution(**{kind: Amount(value) for kind, value in self._sums.items()}),
            margins=margins,
            deltas=(NetDelta(base=Asset("ETH"), net=BaseAmount(net), notional=Amount(net * 2300)),) if net else (),
        )

    def _attributed(self) -> PnlAttributed:
        return PnlAttributed(
            parts=tuple(
                Attributed(
                    venue=VenueName(leg.venue),
                    source=leg.instrument,
                    attribution=Attribution(**{kind: Amount(value) for kind, value in sums.items()}),
                )
                for leg, sums in self._parts.items()
            )
        )

    def _add(self, leg: Leg, kind: str, value: Decimal) -> None:
        self._sums[kind] += value
        self._parts[leg][kind] += value

    def _equity(self) -> Decimal:
        return 100000 + sum(self._sums.values(), D(0))

    def _price(self, hour: int) -> Decimal:
        return D(str(round(2300 + 400 * math.sin(hour / 700) + 60 * math.sin(hour / 31), 2)))

    def _of(self, leg: Leg, price: Decimal) -> Decimal:
        return price if "ETH" in leg.symbol else price * 18


def _margin(account: str, equity: Decimal, share: float) -> MarginMarked:
    maintenance = equity * D(str(round(share, 6)))
    return MarginMarked(
        account=AccountName(account), equity=Amount(equity), initial=Amount(equity / 2), maintenance=Amount(maintenance)
    )


def write(path: Path, entries: Sequence[Stamped], *, about: Manifest | None = None) -> Path:
    """Write a journal of these entries, each with its time, and close it in order."""
    head = about or manifest(HASHED, BESIDE)
    rows: list[Row] = []
    digest = head.hash_0
    for seq, (at, entry) in enumerate(entries, start=1):
        body = encode(seq, at, seq - 1 or None, entry)
        digest = next_hash(digest, body)
        rows.append((seq, body, digest))
    with JournalStore.create(path, head, durability="off") as store:
        store.append(rows)
        store.commit()
    return path
