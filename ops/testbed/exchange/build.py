"""Puts the parts of a venue's engine together, and takes up what an earlier run left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from messages.units import TradeType
from ops.testbed.exchange.bus import Bus
from ops.testbed.exchange.depth import Depth, to_tick
from ops.testbed.exchange.floor import Floor, Pit
from ops.testbed.exchange.funds import wanted_hold
from ops.testbed.exchange.ids import Ids
from ops.testbed.exchange.matching import Matching
from ops.testbed.exchange.orders import Desk
from ops.testbed.exchange.positions import Positions
from ops.testbed.exchange.purses import Purses
from ops.testbed.exchange.rules import Rules
from ops.testbed.exchange.settlement import Settlement
from ops.testbed.exchange.sink import Kept, Sink
from ops.testbed.exchange.store import Store, key_of
from ops.testbed.exchange.tape import Tape
from ops.testbed.exchange.triggers import Triggers
from ops.testbed.exchange.values import Market, Order, Status, Uid
from ops.testbed.exchange.vault import Vault


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one venue's engine. `opened`: accounts that an earlier run has opened."""

    floor: Floor
    matching: Matching
    triggers: Triggers
    desk: Desk
    vault: Vault
    sink: Sink
    settings: dict[tuple[Uid, str], str]
    opened: frozenset[Uid]

    def move(self, market: Market, price: Decimal) -> None:
        """Let a market's reference price be another one. The caller settles."""
        pit = self.floor.pit(market)
        pit.depth.move(price)
        pit.mark = pit.last = to_tick(price, market, ROUND_HALF_EVEN)
        self.floor.touch(market)
        self.matching.sweep(pit)
        pit.mark = pit.last = to_tick(price, market, ROUND_HALF_EVEN)  # what was swept traded on the way here
        pit.tape.price(pit.last, self.floor.now_ms())
        self.triggers.watch(pit)

    def index(self, market: Market) -> Decimal:
        """Return what an asset is worth: of the venue's spot market where it has one, else the mark."""
        spot = next(
            (
                pit
                for (product, _), pit in self.floor.pits.items()
                if product is TradeType.SPOT and pit.market.base == market.base and pit.market.quote == market.quote
            ),
            None,
        )
        return (spot or self.floor.pit(market)).mark


def build(
    rules: Rules,
    markets: Mapping[tuple[TradeType, str], Market],
    prices: Callable[[Market], Decimal],
    *,
    now_ms: Callable[[], int],
    seed: str,
    sink: Sink,
    kept: Kept,
) -> Parts:
    """Make a venue's engine.

    Args:
        rules: In which ways the venue differs.
        markets: What is traded.
        prices: First reference price of each.
        now_ms: The venue's clock.
        seed: The same one makes the same books.
        sink: Where all of it is written down.
        kept: What an earlier run wrote down.
    """
    ids = Ids(rules, sink, kept.counters)
    bus = Bus(now_ms)
    pits = {key: _pit(market, seed, prices(market), now_ms()) for key, market in markets.items()}
    floor = Floor(
        rules=rules,
        now_ms=now_ms,
        ids=ids,
        bus=bus,
        store=Store(now_ms, sink),
        purses=Purses(now_ms, bus, ids, sink, kept),
        positions=Positions(now_ms, bus, sink, kept),
        pits=pits,
    )
    settlement = Settlement(floor)
    matching = Matching(floor, settlement)
    triggers = Triggers(floor, settlement, matching)
    _take_up(floor, kept)
    return Parts(
        floor=floor,
        matching=matching,
        triggers=triggers,
        desk=Desk(floor, settlement, matching, triggers),
        vault=Vault(floor, sink, kept),
        sink=sink,
        settings=dict(kept.settings),
        opened=frozenset(uid for uid, _, _ in kept.balances),
    )


def _pit(market: Market, seed: str, price: Decimal, now_ms: int) -> Pit:
    last = to_tick(price, market, ROUND_HALF_EVEN)
    return Pit(
        market=market,
        depth=Depth(market, seed, price),
        tape=Tape(market, seed, last, now_ms),
        last=last,
        mark=last,
    )


def _take_up(floor: Floor, kept: Kept) -> None:
    """Put the orders and trades of an earlier run back to where they were."""
    for paid in kept.funding:
        floor.pit(paid.market).tape.funding.append(paid)
    for trade in kept.trades:
        floor.store.keep_trade(trade)
    for order in kept.orders:
        floor.store.keep(order)
        if not order.ended:
            _take_up_one(floor, order)
    floor.settle()


def _take_up_one(floor: Floor, order: Order) -> None:
    floor.hold(key_of(order), wanted_hold(floor, order))
    pit = floor.pit(order.market)
    if order.status is Status.WAITING:
        pit.waiting[key_of(order)] = None
    elif order.price is not None:
        pit.resting.add(order)
