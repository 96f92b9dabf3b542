"""A venue's orders and own trades: by id, by client id, by time; as they are, and as reads are to see them.

Reads see what the circumstances let them (stale, hidden, late). `actual` and `unfinished` see what is.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from messages.units import Side, TradeType
from ops.testbed.exchange.circumstances import CIRCUMSTANCES
from ops.testbed.exchange.sink import Sink
from ops.testbed.exchange.values import ENDED, ZERO, Market, Order, Status, Trade, Uid

OrderKey = tuple[Uid, TradeType, str, str]
"""Account, product, symbol, order id."""

_REMEMBERED_MS = 120_000
"""For how long earlier versions are kept for stale reads."""


def key_of(order: Order) -> OrderKey:
    """Return what an order is known by."""
    return order.uid, order.market.product, order.market.symbol, order.order_id


class Store:
    """Every order and trade of a venue's accounts."""

    def __init__(self, now_ms: Callable[[], int], sink: Sink) -> None:
        self._now_ms = now_ms
        self._sink = sink
        self._orders: dict[OrderKey, Order] = {}
        self._by_id: dict[tuple[Uid, str], list[OrderKey]] = {}
        self._by_client: dict[tuple[Uid, str], list[OrderKey]] = {}
        self._made: dict[tuple[Uid, TradeType], list[tuple[int, OrderKey]]] = {}
        self._live: dict[tuple[Uid, TradeType], dict[OrderKey, None]] = {}
        self._sums: dict[tuple[Uid, tuple[TradeType, str]], dict[Side, Decimal]] = {}
        self._past: deque[tuple[int, Order]] = deque()
        self._hidden: dict[OrderKey, int] = {}
        self._trades: dict[tuple[Uid, TradeType], list[Trade]] = {}
        self._late: dict[int, int] = {}
        self._late_orders: dict[OrderKey, int] = {}

    # Writing

    def put(self, order: Order) -> None:
        """Take an order that is new, or changed."""
        key = key_of(order)
        before = self._orders.get(key)
        if before is None:
            circumstances = CIRCUMSTANCES.get()
            if circumstances.hide_ms:
                self._hidden[key] = self._now_ms() + circumstances.hide_ms
            if circumstances.late_ms:
                self._late_orders[key] = circumstances.late_ms
        else:
            self._past.append((order.updated_ms, before))
            while self._past and self._past[0][0] < order.updated_ms - _REMEMBERED_MS:
                self._past.popleft()
        self.keep(order)
        self._sink.order(order)

    def keep(self, order: Order) -> None:
        """Take an order as it is, without writing it down."""
        key = key_of(order)
        before = self._orders.get(key)
        if before is None:
            self._index(key, order)
        else:
            self._sum(before, -1)
        self._sum(order, 1)
        self._orders[key] = order
        live = self._live.setdefault((order.uid, order.market.product), {})
        if order.ended:
            live.pop(key, None)
        else:
            live[key] = None

    def _index(self, key: OrderKey, order: Order) -> None:
        self._by_id.setdefault((order.uid, order.order_id), []).append(key)
        if order.client_order_id:
            self._by_client.setdefault((order.uid, order.client_order_id), []).append(key)
        self._made.setdefault((order.uid, order.market.product), []).append((order.created_ms, key))

    def _sum(self, order: Order, sign: int) -> None:
        """Count what an order may add to a position, or count it no more."""
        if order.status is Status.OPEN and not order.reduce_only:
            sums = self._sums.setdefault((order.uid, order.market.key), {Side.BUY: ZERO, Side.SELL: ZERO})
            sums[order.side] += sign * order.left

    def late_ms(self, order: Order) -> int:
        """Return how much later news of an order's trades is seen and told."""
        return self._late_orders.get(key_of(order), 0) if self._late_orders else 0

    def put_trade(self, trade: Trade, *, late_ms: int) -> None:
        """Take a new trade, which reads see only after so long."""
        if late_ms:
            self._late[trade.serial] = self._now_ms() + late_ms
        self.keep_trade(trade)
        self._sink.trade(trade)

    def keep_trade(self, trade: Trade) -> None:
        """Take a trade without writing it down."""
        self._trades.setdefault((trade.uid, trade.market.product), []).append(trade)

    # What is

    def actual(self, key: OrderKey) -> Order:
        """Return an order as it is."""
        return self._orders[key]

    def unfinished(self, uid: Uid, product: TradeType, market: Market | None = None) -> list[Order]:
        """Return what is open or waits, in the order in which it was placed."""
        keys = self._live.get((uid, product), {})
        return [self._orders[key] for key in keys if market is None or key[2] == market.symbol]

    def open_sums(self, uid: Uid, market: Market) -> tuple[Decimal, Decimal]:
        """Return what is left of open buys, and of open sells, that may enlarge a position."""
        sums = self._sums.get((uid, market.key))
        return (sums[Side.BUY], sums[Side.SELL]) if sums is not None else (ZERO, ZERO)

    def same_client_id(self, uid: Uid, client_order_id: str) -> list[Order]:
        """Return all orders of a client id, ended or not."""
        return [self._orders[key] for key in self._by_client.get((uid, client_order_id), ())]

    def one(self, uid: Uid, market: Market, *, order_id: str, client_order_id: str) -> Order | None:
        """Return the order that somebody means, as it is."""
        found = [self._orders[key] for key in self._keys(uid, order_id, client_order_id)]
        return _meant([order for order in found if order.market.key == market.key])

    # What reads see

    def find(
        self,
        uid: Uid,
        market: Market | None,
        *,
        order_id: str,
        client_order_id: str,
        recent_ms: int,
        trigger: bool | None,
    ) -> Order | None:
        """Return the order that somebody means, as reads see it."""
        oldest = self._now_ms() - recent_ms if recent_ms else 0
        found = self._seen(self._keys(uid, order_id, client_order_id))
        return _meant(
            [
                order
                for order in found
                if (market is None or order.market.key == market.key)
                and (trigger is None or trigger == _has_trigger(order))
                and not (order.ended and order.updated_ms < oldest)
            ]
        )

    def open(self, uid: Uid, product: TradeType, market: Market | None, *, waiting: bool | None) -> list[Order]:
        """Return what reads see as open or waiting."""
        keys = dict.fromkeys(self._live.get((uid, product), {}))
        if CIRCUMSTANCES.get().stale_ms:
            past = (key_of(order) for _, order in self._past)
            keys |= dict.fromkeys(key for key in past if key[:2] == (uid, product))
        return [
            order
            for order in self._seen(keys)
            if not order.ended
            and (market is None or order.market.symbol == market.symbol)
            and (waiting is None or waiting == (order.status is Status.WAITING))
        ]

    def made(
        self, uid: Uid, product: TradeType, market: Market | None, since_ms: int, until_ms: int, *, trigger: bool | None
    ) -> list[Order]:
        """Return the orders that were made in a time, both ends included, as reads see them."""
        rows = self._made.get((uid, product), [])
        start = bisect_left(rows, since_ms, key=lambda row: row[0])
        keys = []
        for made_ms, key in rows[start:]:
            if made_ms > until_ms:
                break
            if market is None or key[2] == market.symbol:
                keys.append(key)
        return [order for order in self._seen(keys) if trigger is None or trigger == _has_trigger(order)]

    def trades(
        self, uid: Uid, product: TradeType, market: Market | None, *, order_id: str, since_ms: int, until_ms: int
    ) -> list[Trade]:
        """Return own trades of a time, both ends included, as reads see them."""
        rows = self._trades.get((uid, product), [])
        now = self._now_ms()
        until = min(until_ms, now - CIRCUMSTANCES.get().stale_ms)
        found = []
        for trade in rows[bisect_left(rows, since_ms, key=lambda each: each.at_ms) :]:
            if trade.at_ms > until:
                break
            if (market is None or trade.market.symbol == market.symbol) and order_id in {"", trade.order_id}:
                found.append(trade)
        return [trade for trade in found if self._late.get(trade.serial, 0) <= now] if self._late else found

    def _keys(self, uid: Uid, order_id: str, client_order_id: str) -> Sequence[OrderKey]:
        if order_id:
            return self._by_id.get((uid, order_id), ())
        return self._by_client.get((uid, client_order_id), ()) if client_order_id else ()

    def _seen(self, keys: Iterable[OrderKey]) -> list[Order]:
        now, stale = self._now_ms(), CIRCUMSTANCES.get().stale_ms
        found = [self._orders[key] for key in keys if not self._hidden or self._hidden.get(key, 0) <= now]
        if not stale:
            return found
        seen = (self._as_of(order, now - stale) for order in found)
        return [order for order in seen if order is not None]

    def _as_of(self, order: Order, at_ms: int) -> Order | None:
        if order.updated_ms <= at_ms:
            return order
        if order.created_ms > at_ms:
            return None
        key = key_of(order)
        versions = [past for _, past in self._past if key_of(past) == key and past.updated_ms <= at_ms]
        return versions[-1] if versions else order


def _has_trigger(order: Order) -> bool:
    return order.trigger is not None


def _meant(found: list[Order]) -> Order | None:
    """Return the open one of several, else the latest."""
    if not found:
        return None
    return next((order for order in reversed(found) if order.status not in ENDED), found[-1])
