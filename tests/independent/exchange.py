"""What a venue does with orders: taking, resting, matching against candles, triggers, cancels and amends.

Part of the independent calculation (`reference.py`): imports nothing of the project.
"""

from decimal import Decimal
from pathlib import Path

from tests.independent.book import Book, Order, floored
from tests.independent.reference import BPS, HOUR, MARKETS, PERP, SHARED, ZERO, Case, Key

STOPS = ("STOP_MARKET", "STOP_LIMIT", "TRAILING_STOP")
TRIGGERED = (*STOPS, "TAKE_PROFIT_MARKET", "TAKE_PROFIT_LIMIT")
LIMITED = ("LIMIT", "STOP_LIMIT", "TAKE_PROFIT_LIMIT")


def triggers_upwards(order: Order) -> bool:
    """Return whether a rising price triggers: of a stop buy, and of a take-profit sale."""
    return (order.sign > 0) == (order.kind in STOPS)


class Exchange(Book):
    """All venues of a run."""

    def __init__(self, case: Case, folder: Path = SHARED) -> None:
        super().__init__(case, folder)
        self._queue = 0
        self._used: dict[Key, tuple[int, Decimal]] = {}

    def _enqueue(self, order: Order) -> None:
        self._queue += 1
        order.place, order.since = self._queue, self.now

    def share_left(self, key: Key) -> Decimal | None:
        """Return what may still trade at the last candle; None where there is no limit."""
        share = self.case.venues[key[0]].max_share
        if share is None:
            return None
        place, used = self._used.get(key, (-1, ZERO))
        if place != self.candles[key].last(self.now):
            used = ZERO
        return max(floored(share * self.volume(*key), MARKETS[key].lot) - used, ZERO)

    def _possible(self, key: Key, amount: Decimal) -> Decimal:
        left = self.share_left(key)
        return amount if left is None else min(amount, left)

    def _trade(self, order: Order, amount: Decimal, price: Decimal, reference: Decimal, *, maker: bool) -> None:
        last = self.candles[order.key].last(self.now)
        place, used = self._used.get(order.key, (-1, ZERO))
        self._used[order.key] = last, (used if place == last else ZERO) + amount
        self.book_fill(order, amount, price, reference, maker=maker)

    def _cut(self, order: Order) -> Decimal:
        """Return how much of an order may trade: of a reduce-only one, no more than there is to reduce."""
        if not order.reduce_only:
            return order.left
        return min(order.left, max(-order.sign * self.quantity[order.venue], ZERO))

    def _can_pay(self, order: Order, amount: Decimal, price: Decimal, *, maker: bool = False) -> bool:
        """Return whether a spot purchase can be paid: by a taker without what other spot orders here set aside."""
        if order.pair == PERP or order.sign < 0:
            return True
        account = MARKETS[order.key].account
        others = ZERO
        for each in self.orders:
            if each is not order and each.arrived and each.key == order.key and each.sign > 0 and not maker:
                others += each.hold * each.left / each.amount
        return amount * price <= self.balance(account, "USDT") - others

    # Arrival.

    def accept(self, order: Order) -> None:
        """Work an order that has just arrived at its venue."""
        price = self.price(*order.key, self.now)
        if order.reduce_only and self._cut(order) == 0:
            self._reject(order, "REDUCE_ONLY")
            return
        if price is None:
            self._reject(order, "NO_PRICE")
            return
        self._enqueue(order)
        if order.kind in TRIGGERED:
            order.arrived, order.extreme = True, price
            self.note(order.venue, "OrderAccepted")
            return
        wanted = self._cut(order)
        amount = self._possible(order.key, wanted)
        marketable = self._marketable(order, amount)
        paid = self.moved(order.key, order.sign, amount, price)
        if marketable and order.post_only:
            self._reject(order, "POST_ONLY")
        elif (
            marketable
            and not self._gets_nothing(order, amount, wanted)
            and not self._can_pay(order, amount, paid or ZERO)
        ):
            self._reject(order, "INSUFFICIENT_BALANCE")
        else:
            self.note(order.venue, "OrderAccepted")
            order.arrived, order.resting = True, order.kind == "LIMIT"
            self._take(order, price)

    def _reject(self, order: Order, reason: str) -> None:
        self.result.rejections += 1
        self.close(order, f"OrderRejected {reason}")

    def _marketable(self, order: Order, amount: Decimal) -> bool:
        price = self.slipped(*order.key, order.sign, amount, self.now)
        if price is None:
            return False
        return order.price is None or order.sign * (order.price - price) >= 0

    def _gets_nothing(self, order: Order, amount: Decimal, wanted: Decimal) -> bool:
        return order.patience == "FOK" and amount < wanted

    def _take(self, order: Order, price: Decimal) -> None:
        """Fill what can be had at price(tau); what becomes of the rest depends on the order's patience."""
        wanted = self._cut(order)
        amount = self._possible(order.key, wanted)
        once = order.kind == "MARKET" or order.patience != "GTC"
        if not self._marketable(order, amount):
            if once:
                self.close(order, "OrderCancelled NOT_MARKETABLE")
            return
        if self._gets_nothing(order, amount, wanted):
            self.close(order, "OrderCancelled VOLUME_LIMIT")
            return
        paid = self.moved(order.key, order.sign, amount, price)
        assert paid is not None
        if amount:
            self._trade(order, amount, paid, price, maker=False)
        self._rest(order, wanted, amount, once=once)

    def _rest(self, order: Order, wanted: Decimal, got: Decimal, *, once: bool) -> None:
        """Cancel what is not to wait: more than there is to reduce, and the rest of what doesn't rest."""
        if not order.live:
            return
        if once and got < wanted:
            self.close(order, "OrderCancelled VOLUME_LIMIT")
        elif got == wanted and order.left:
            self.close(order, "OrderCancelled REDUCE_ONLY")

    # Matching.

    def match(self, key: Key) -> None:
        """Work the candle of a market that has just completed."""
        series = self.candles[key]
        place = series.last(self.now)
        opened_at = series.closed_at[place] - HOUR
        there = [each for each in self.orders if each.key == key and each.arrived and each.since <= opened_at]
        if not there:
            return
        high, low = series.high[place], series.low[place]
        touch = self.case.venues[key[0]].touch
        for sign, reached in ((1, low), (-1, high)):
            book = [each for each in there if each.resting and each.sign == sign]
            for order in sorted(book, key=lambda each: (-sign * (each.price or ZERO), each.place)):
                limit = order.price
                assert limit is not None
                through = sign * (limit - reached)
                if through > 0 or (touch and through == 0):
                    if self.share_left(key) == 0:
                        break  # nothing is left to match with
                    self._make(order, limit)
                elif through == 0:
                    self.saw("touched and not filled")
        for order in sorted((each for each in there if not each.resting), key=lambda each: each.place):
            self._look_at_trigger(order, series.open[place], high, low)

    def _make(self, order: Order, limit: Decimal) -> None:
        wanted = self._cut(order)
        amount = self._possible(order.key, wanted)
        if not self._can_pay(order, amount, limit, maker=True):
            self.close(order, "OrderCancelled INSUFFICIENT_BALANCE")
            return
        if amount:
            self._trade(order, amount, limit, limit, maker=True)
        self._rest(order, wanted, amount, once=False)

    def _look_at_trigger(self, order: Order, opened: Decimal, high: Decimal, low: Decimal) -> None:
        trigger = order.trigger
        if order.trail is not None:
            trigger = order.extreme * (1 + order.sign * order.trail / BPS)
        assert trigger is not None
        if (high < trigger) if triggers_upwards(order) else (low > trigger):
            order.extreme = max(order.extreme, high) if order.sign < 0 else min(order.extreme, low)
            return
        self.note(order.venue, "OrderTriggered")
        self.saw(f"triggered {order.kind}")
        if order.price is not None:
            self._enqueue(order)
            order.resting = True
            return
        self._take_at_trigger(order, trigger, max(trigger, opened) if order.sign > 0 else min(trigger, opened))

    def _take_at_trigger(self, order: Order, trigger: Decimal, price: Decimal) -> None:
        wanted = self._cut(order)
        amount = self._possible(order.key, wanted)
        paid = self.moved(order.key, order.sign, amount, price)
        assert paid is not None
        if not self._can_pay(order, amount, paid):
            self.close(order, "OrderCancelled INSUFFICIENT_BALANCE")
            return
        if amount:
            self._trade(order, amount, paid, trigger, maker=False)
        self._rest(order, wanted, amount, once=True)

    # Cancels and amends that have arrived.

    def cancel(self, order: Order) -> None:
        """Take what is left of an order off the book."""
        if not order.live:
            self.note(order.venue, "CancelRejected")
            return
        self.close(order, "OrderCancelled REQUESTED")

    def amend(self, order: Order, price: Decimal, amount: Decimal, hold: Decimal) -> None:
        """Change a limit order; it goes to the end of the queue unless it merely becomes smaller.

        `hold` is for the whole amount.
        """
        order.change = None
        now = self.price(*order.key, self.now)
        if not order.live:
            self.note(order.venue, "AmendRejected")
            return
        if amount <= order.filled:
            self.close(order, "OrderCancelled AMENDED")
            return
        before = order.price, order.amount, order.hold
        smaller = price == before[0] and amount <= before[1]
        order.price, order.amount, order.hold = price, amount, hold
        takes = self._marketable(order, self._possible(order.key, self._cut(order)))
        if not smaller and (now is None or (order.post_only and takes)):
            order.price, order.amount, order.hold = before
            self.note(order.venue, "AmendRejected")
            self.saw("amend rejected")
            return
        self.note(order.venue, "OrderAmended")
        if smaller or now is None:
            self.saw("amended in its place")
            return
        self._enqueue(order)
        self._take(order, now)
