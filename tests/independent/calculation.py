"""One run from its first slice to its last: the gate, the order of events within an instant, the delay of orders.

Part of the independent calculation (`reference.py`): imports nothing of the project.

What the design leaves open is decided here and in `exchange.py`, each in one place:

- an order that arrives (after `latency_ms`) where nothing trades is rejected NO_PRICE, one that finds nothing to reduce
  REDUCE_ONLY, a spot purchase at the market that can't be paid any more INSUFFICIENT_BALANCE;
- the gate cuts a reduce-only order to the position less what is on its way on the same side, not what rests;
- an amend that merely makes an order smaller keeps its place and its time; any other counts as a new acceptance, may
  take at price(tau), and is rejected if it would make a post-only order take; one that leaves nothing to be filled
  cancels the order (AMENDED); while one is under way another is refused NOT_OPEN, and the larger need is held;
- an amend that needs no more than before is not refused for want of margin;
- a stop-limit joins the queue of its price when it triggers;
- where nothing of a candle's share is left, resting orders don't match; what is left over serves takers until the next;
- what a taker gets is slipped by what he gets, not by what he wanted;
- a resting purchase that the balance can't pay when its price is reached is cancelled INSUFFICIENT_BALANCE;
- an account without a position is not liquidated, orders on their way to it are not cancelled;
- a fixed hold is released in proportion to what is filled;
- liquidation fees and what insurance pays are no `fees`;
- equity is marked when the market has done its part of a slice, before anybody trades.
"""

import bisect
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from functools import partial
from pathlib import Path
from typing import Any

from tests.independent.book import Order, floored
from tests.independent.exchange import LIMITED, TRIGGERED, Exchange, triggers_upwards
from tests.independent.reference import (
    ARITHMETIC,
    BPS,
    HOUR,
    MARKETS,
    PERP,
    PLACES_18,
    SHARED,
    SPOT,
    ZERO,
    Case,
    Key,
    Result,
    nanoseconds,
)

MILLISECOND = 1_000_000


class Calculation(Exchange):
    """The book of one run, moved on by hand: `advance` to an instant, `instruct` at it, `finish` at the end."""

    def __init__(self, case: Case, folder: Path = SHARED) -> None:
        super().__init__(case, folder)
        self.known: dict[str, Order] = {}
        """Every order that was ever sent, by its instruction's id."""
        self._under_way: list[tuple[int, Callable[[], None]]] = []
        instants = {case.start, case.end}
        self._candle_at: dict[int, list[Key]] = {}
        self._funding_at: dict[int, list[tuple[str, Decimal]]] = {}
        for key, series in self.candles.items():
            for at in _within(series.closed_at, case):
                self._candle_at.setdefault(at, []).append(key)
                self.result.market_events += 1
        for venue in sorted(self.rates):
            times, rates = self.rates[venue]
            for at, rate in zip(times, rates, strict=True):
                if case.start <= at <= case.end:
                    self._funding_at.setdefault(at, []).append((venue, rate))
                    self.result.market_events += 1
        self._slices = sorted(instants | set(self._candle_at) | set(self._funding_at))
        self._next = 0
        self._at = -1
        self.result.marks.append(self.result.equity_start)
        self._sample = case.start // HOUR * HOUR + HOUR

    # The slices.

    def advance(self, at: int) -> None:
        """Work every slice up to and with this instant, as far as nothing depends on a strategy."""
        with localcontext(ARITHMETIC):
            while self._next < len(self._slices) and self._slices[self._next] <= at:
                self._slice(self._slices[self._next])
                self._next += 1
            if self._at < at:
                self._slice(at)

    def _slice(self, at: int) -> None:
        self.now = self._at = at
        for key in sorted(self._candle_at.get(at, ())):
            self.match(key)
        for venue, rate in self._funding_at.get(at, ()):
            self.pay_funding(venue, rate)
        if self._under_way:
            due = [act for when, act in self._under_way if when <= at]
            self._under_way = [each for each in self._under_way if each[0] > at]
            for act in due:
                act()
        for venue in self.case.venues:
            self.liquidate_if_below(venue)
        self._mark()

    def _mark(self) -> None:
        """Value the book as the market has left it, before anybody trades, once in an hour."""
        if self.now >= self._sample:
            self.result.marks.append(self.equity(self.now))
            self._sample = self.now // HOUR * HOUR + HOUR

    def finish(self) -> Result:
        """Work what is left, mark the book, let orders expire and return all of it."""
        self.advance(self.case.end)
        result = self.result
        with localcontext(ARITHMETIC):
            result.equity_end = self.equity(self.case.end)
            result.marks.append(result.equity_end)
            for order in list(self.orders):
                self.close(order, "OrderExpired END_OF_RUN")
            for account, asset, amount in self.holdings():
                result.balances.setdefault(account, {})[asset] = amount
            for venue, quantity in self.quantity.items():
                if quantity:
                    entry = (self.cost[venue] / quantity).quantize(PLACES_18)
                    result.positions[venue] = {PERP: {"amount": quantity, "entry_price": entry}}
        return result

    # Instructions.

    def instruct(self, line: dict[str, Any]) -> str:
        """Work one line of a script at its instant and return SENT or the code of its refusal."""
        with localcontext(ARITHMETIC):
            if "cancel" in line:
                return self._cancel(line["cancel"])
            if "cancel_all" in line:
                return self._send_cancels([each for each in self.orders if each.venue == line["cancel_all"]])
            if "amend" in line:
                return self._amend(line)
            self.result.instructions += 1
            code = self._trade_line(line)
        if code != "SENT":
            self.result.refusals += 1
            self.result.refusals_by_code[code] += 1
            self.note(line["venue"], f"InstructionRefused {code}")
        return code

    def _send(self, venue: str, act: Callable[[], None]) -> None:
        delay = self.case.venues[venue].latency_ms * MILLISECOND
        if delay:
            self._under_way.append((self.now + delay, act))
        else:
            act()

    def _trade_line(self, line: dict[str, Any]) -> str:
        order = _order_of(line)
        code = self._refused(order)
        if code:
            return code
        self.known[order.ident] = order
        self.orders.append(order)
        self.result.orders += 1
        self._send(order.venue, lambda: self.accept(order))
        return "SENT"

    def _refused(self, order: Order) -> str:
        """Return the code of the first check that fails; else round the order and set aside what it needs."""
        market, price = MARKETS[order.key], self.price(*order.key, self.now)
        if self.case.halted:
            return "HALTED"
        if price is None:
            return "NO_PRICE"
        if order.reduce_only:
            room = self._reducible(order)
            if room <= 0:
                return "REDUCE_ONLY"
            if order.amount > room:
                self.saw("cut to the position")
            order.amount = min(order.amount, room)
        order.amount = floored(order.amount, market.lot)
        _round_prices(order, market.tick)
        code = self._too_small_or_large(order, order.price or price)
        if code:
            return code
        need = self._needed(order, price)
        if need is None:
            return "NO_PRICE"
        code = self._unaffordable(order, need)
        if not code:
            order.hold = need
        return code

    def _reducible(self, order: Order) -> Decimal:
        """Return what is left to reduce if everything that is on its way gets there first."""
        room = -order.sign * self.quantity[order.venue]
        for other in self.orders:
            if other.key == order.key and other.sign == order.sign and not other.arrived:
                room -= other.left
        return room

    def _too_small_or_large(self, order: Order, price: Decimal) -> str:
        market, most = MARKETS[order.key], self.case.max_order_notional
        if order.amount == 0 or order.amount < market.minimum:
            return "BELOW_LOT"
        if not order.reduce_only and order.amount * price < market.notional:
            return "BELOW_NOTIONAL"
        if most is not None and order.amount * price > most:
            return "LIMIT_ORDER_NOTIONAL"
        return ""

    def _needed(self, order: Order, price: Decimal) -> Decimal | None:
        """Return the hold of what is left of an order, in base for a spot sale, else in quote."""
        if order.pair == SPOT and order.sign < 0:
            return order.left
        slipped = self.moved(order.key, order.sign, order.left, price)
        if slipped is None:
            return None
        worst = order.price
        if worst is None:
            trigger = order.trigger
            if order.trail is not None:
                trigger = price * (1 + order.sign * order.trail / BPS)
            at_trigger = None if trigger is None else self.moved(order.key, order.sign, order.left, trigger)
            worst = slipped
            if at_trigger is not None:
                worst = max(at_trigger, slipped) if order.sign > 0 else min(at_trigger, slipped)
        if order.pair == SPOT:
            return order.left * worst
        fee = order.left * worst * self.fee_rate(*order.key)
        if order.reduce_only or order.kind in TRIGGERED:
            return fee
        # A market order fills at the slipped price; a limit order that takes, at its limit at the worst.
        limit = slipped if order.price is None else order.price
        return fee + order.left * max(order.sign * (limit - price), ZERO)

    def _unaffordable(self, order: Order, need: Decimal) -> str:
        account = MARKETS[order.key].account
        if order.pair == SPOT:
            asset = "USDT" if order.sign > 0 else "ETH"
            if need > self.free(account, asset, but=order):
                return "INSUFFICIENT_BALANCE"
            unified = (order.venue, PERP) in MARKETS and MARKETS[order.venue, PERP].account == account
            if order.sign > 0 and unified and self.free_margin(order.venue, but=order) < need:
                return "INSUFFICIENT_MARGIN"
            return ""
        if order.reduce_only:
            return (
                "INSUFFICIENT_MARGIN"
                if need > self.free(account, "USDT", but=order) + self.unrealised(order.venue)
                else ""
            )
        more = {"buys": order.left} if order.sign > 0 else {"sells": order.left}
        return "INSUFFICIENT_MARGIN" if self.free_margin(order.venue, but=order, **more) < need else ""

    def _cancel(self, ident: str) -> str:
        order = self.known.get(ident)
        if order is None or not order.live:
            self.note(order.venue if order else "", "CancelRefused NOT_OPEN")
            return "NOT_OPEN"
        return self._send_cancels([order])

    def _send_cancels(self, orders: list[Order]) -> str:
        for order in orders:  # each is worked before the next
            self.note(order.venue, "CancelSubmitted")
            if len(orders) > 1:
                self.saw("cancelled with others")
            self._send(order.venue, partial(self.cancel, order))
        return "SENT"

    def _amend(self, line: dict[str, Any]) -> str:
        order = self.known.get(line["amend"])
        venue = order.venue if order else ""
        code = "NOT_OPEN"
        if order is not None and order.live and order.kind == "LIMIT":
            self.note(venue, "AmendReceived")
            if order.change is None:
                code = self._amend_open(order, line)
        if code != "SENT":
            self.note(venue, f"AmendRefused {code}")
        return code

    def _amend_open(self, order: Order, line: dict[str, Any]) -> str:
        market, price = MARKETS[order.key], self.price(*order.key, self.now)
        assert order.price is not None
        if price is None:
            return "NO_PRICE"
        changed = Order(**vars(order))
        changed.amount = floored(Decimal(line.get("amount", order.amount)), market.lot)
        changed.price = Decimal(line.get("price", order.price))
        _round_prices(changed, market.tick)
        code = self._too_small_or_large(changed, changed.price)
        if code:
            return code
        need = ZERO
        if changed.left > 0:
            need = self._needed(changed, price) or ZERO
            if changed.left > order.left or need > order.held:
                place = self.orders.index(order)
                del self.orders[place]
                code = self._unaffordable(changed, need)
                self.orders.insert(place, order)
            if code:
                return code
            need = need * changed.amount / changed.left
        self.note(order.venue, "AmendSubmitted")
        new_price, new_amount = changed.price, changed.amount
        order.change = new_amount, need
        self._send(order.venue, lambda: self.amend(order, new_price, new_amount, need))
        return "SENT"


def _order_of(line: dict[str, Any]) -> Order:
    def number(name: str) -> Decimal | None:
        return Decimal(line[name]) if line.get(name) is not None else None

    return Order(
        ident=line.get("id", ""),
        venue=line["venue"],
        pair=line["pair"],
        sign=1 if line["side"] in ("BUY", "LONG") else -1,
        amount=Decimal(line["amount"]),
        kind=line.get("order_type", "MARKET"),
        price=number("price"),
        trigger=number("trigger_price"),
        trail=number("trail_bps"),
        patience=line.get("time_in_force", "GTC"),
        post_only=line.get("post_only", False),
        reduce_only=line.get("reduce_only", False),
    )


def _round_prices(order: Order, tick: Decimal) -> None:
    """Round a limit to the less aggressive side, a trigger to the later one."""
    if order.kind in LIMITED and order.price is not None:
        down = order.sign > 0
        order.price = (order.price / tick).to_integral_value(ROUND_FLOOR if down else ROUND_CEILING) * tick
    if order.trigger is not None:
        up = triggers_upwards(order)
        order.trigger = (order.trigger / tick).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * tick


def _within(times: list[int], case: Case) -> list[int]:
    return times[bisect.bisect_left(times, case.start) : bisect.bisect_right(times, case.end)]


def calculate(case: Case, script: list[dict[str, Any]], folder: Path = SHARED) -> Result:
    """Return what a script comes to. Instructions of one instant are worked in the order of the file."""
    book = Calculation(case, folder)
    for line in sorted(script, key=lambda line: nanoseconds(line["at"])):
        book.advance(nanoseconds(line["at"]))
        book.instruct(line)
    return book.finish()
