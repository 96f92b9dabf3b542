"""Whatever orders and candles come: limits hold, price goes before time, and nobody gets more than there is.

Orders go straight to the exchange, without a gate before it, so it has to keep its promises by itself.
"""

import dataclasses
from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from messages.book import Opening
from messages.orders import AmendSubmitted, OrderAccepted, OrderAmended, OrderFilled, OrderSubmitted
from messages.units import BUY, MAKER, InstrumentId
from tests.actors.builders import PERP_ID, SPOT_ID, instrument
from tests.actors.exchange.desk import Desk, bar, model, share

D = Decimal
_ZERO = D(0)

_PRICES = st.integers(1990, 2010)
_ORDERS = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["BUY", "SELL"]),
        "amount": st.sampled_from(["0.5", "1", "2", "7", "30"]),
        "of": st.sampled_from([SPOT_ID, PERP_ID]),
        "kind": st.sampled_from(
            ["MARKET", "LIMIT", "LIMIT", "LIMIT", "STOP_MARKET", "STOP_LIMIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP"]
        ),
        "price": _PRICES,
        "trigger": _PRICES,
        "trail": st.integers(1, 50),
        "tif": st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
        "post_only": st.booleans(),
        "reduce_only": st.booleans(),
    }
)
_CANDLES = st.tuples(_PRICES, _PRICES, _PRICES, _PRICES, st.sampled_from([SPOT_ID, PERP_ID]))
_STEPS = st.one_of(
    st.tuples(st.just("send"), _ORDERS),
    st.tuples(st.just("send"), _ORDERS),
    st.tuples(st.just("candle"), _CANDLES),
    st.tuples(st.just("amend"), st.tuples(st.integers(0, 20), _PRICES, st.sampled_from(["0.5", "1.5", "3"]))),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
)
_HAS = {
    "MARKET": (),
    "LIMIT": ("price", "tif", "post_only"),
    "STOP_MARKET": ("trigger",),
    "STOP_LIMIT": ("trigger", "price"),
    "TAKE_PROFIT_MARKET": ("trigger",),
    "TRAILING_STOP": ("trail",),
}


def send(desk: Desk, client: str, words: dict[str, Any]) -> None:
    more = {name: words[name] for name in _HAS[words["kind"]]}
    reduce_only = words["reduce_only"] and words["of"] == PERP_ID
    desk.send(
        words["side"], words["amount"], client=client, of=words["of"], kind=words["kind"], reduce_only=reduce_only,
        **more,
    )  # fmt: skip


def play(desk: Desk, steps: list[tuple[str, Any]]) -> None:
    hour, clients = 1, list[tuple[str, InstrumentId]]()
    for what, words in steps:
        if what == "send":
            clients.append((f"c{len(clients)}", words["of"]))
            send(desk, clients[-1][0], words)
        elif what == "candle":
            start, one, other, close, of = words
            high, low = max(start, one, other, close), min(start, one, other, close)
            hour += 1
            desk.slice(
                *(bar(f"{start} {high} {low} {close}" if each == of else f"{close}", at=hour, of=each, volume="20")
                  for each in (SPOT_ID, PERP_ID))
            )  # fmt: skip
        elif clients and what == "amend":
            client, of = clients[words[0] % len(clients)]
            desk.amend(client, price=str(words[1]), amount=words[2], of=of)
        elif clients:
            client, of = clients[words % len(clients)]
            desk.cancel(client, of=of)
    desk.expire()


@dataclasses.dataclass
class Order:
    """What a journal says of an order."""

    intent: OrderSubmitted
    limit: Decimal | None
    amount: Decimal
    rank: int = -1
    filled: Decimal = _ZERO


class Auditor:
    """Reads a journal and holds every fill against what was known by then."""

    def __init__(self, part: Decimal | None) -> None:
        self.part = part
        self.orders: dict[str, Order] = {}
        self.used: defaultdict[tuple[int, str], Decimal] = defaultdict(Decimal)
        self.cash: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.quantity = D(0)
        self.makers: dict[tuple[int, str, str], tuple[Decimal, int]] = {}
        self.ranks = 0

    def read(self, at: int, entry: Any) -> None:  # noqa: ANN401 - any entry
        match entry:
            case OrderSubmitted():
                self.orders[entry.client_order_id] = Order(entry, entry.price, entry.amount)
            case OrderAccepted():
                self.orders[entry.client_order_id].rank = self.next_rank()
            case OrderAmended():
                order = self.orders[entry.client_order_id]
                if entry.price != order.limit or entry.amount > order.amount:
                    order.rank = self.next_rank()
                order.limit, order.amount = entry.price, entry.amount
            case OrderFilled():
                self.fill(at, entry)
            case Opening(account="bybit"):
                self.cash[entry.asset] += entry.amount
            case _:
                assert not isinstance(entry, AmendSubmitted) or entry.client_order_id in self.orders

    def next_rank(self) -> int:
        self.ranks += 1
        return self.ranks

    def fill(self, at: int, fill: OrderFilled) -> None:
        order = self.orders[fill.client_order_id]
        buys = fill.side is BUY
        order.filled += fill.amount
        assert fill.amount > 0
        assert order.filled <= order.amount, "more than the order"
        if order.limit is not None:
            assert fill.price <= order.limit if buys else fill.price >= order.limit, "beyond the limit"
        if self.part is not None:
            self.used[at, fill.instrument] += fill.amount
            volume = 20 if at > 3600 * 10**9 else 1000
            assert self.used[at, fill.instrument] <= self.part * volume, "more than the share"
        if fill.liquidity is MAKER:
            assert fill.price == order.limit
            key = at, fill.instrument, str(fill.side)
            place = (-fill.price if buys else fill.price), order.rank
            assert self.makers.get(key, place) <= place, "price, then time"
            self.makers[key] = place
        self.pay(fill, order)

    def pay(self, fill: OrderFilled, order: Order) -> None:
        change = fill.amount if fill.side is BUY else -fill.amount
        if fill.instrument == PERP_ID:
            if order.intent.reduce_only:
                assert abs(self.quantity + change) == abs(self.quantity) - fill.amount, "reduce-only opened"
            self.quantity += change
            return
        self.cash["ETH"] += change
        self.cash["USDT"] -= change * fill.price
        self.cash[fill.fee_asset] -= fill.fee
        assert min(self.cash.values()) >= 0, "spot fills never overdraw"


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(_STEPS, max_size=40), part=st.sampled_from([None, "0.05", "0.1"]), slip=st.sampled_from(["0", "2"])
)
def test_no_rule_of_the_book_is_ever_broken(steps: list[tuple[str, Any]], part: str | None, slip: str) -> None:
    changes = {} if part is None else {"fill": share(part)}
    apart = instrument("ETH/USDT"), instrument(account="bybit.perp")  # so that P&L of perps does not pay for spot
    desk = Desk(model(*apart, base_bps=slip, **changes), cash="20000", coins="8")  # type: ignore[arg-type]

    play(desk, steps)

    auditor = Auditor(None if part is None else D(part))
    for at, entry in desk.journal:
        auditor.read(at, entry)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(_STEPS, max_size=30), part=st.sampled_from([None, "0.1"]), cut=st.integers(0, 30))
def test_a_folded_exchange_goes_on_the_same_way(steps: list[tuple[str, Any]], part: str | None, cut: int) -> None:
    changes = {} if part is None else {"fill": share(part)}
    ran, folded = (Desk(model(**changes), cash="20000", coins="8") for _ in range(2))  # type: ignore[arg-type]
    said, count = folded.said, iter(range(1000))

    def said_and_folded_once() -> list[Any]:
        told = said()
        if next(count) == cut:
            folded.fold()
        return told

    folded.said = said_and_folded_once  # type: ignore[method-assign]
    play(ran, steps)
    play(folded, steps)

    assert folded.journal == ran.journal
