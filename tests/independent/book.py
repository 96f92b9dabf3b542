"""The money of one run: balances, positions, holds, margin, what a fill, a funding and a liquidation do to them.

Part of the independent calculation (`reference.py`): imports nothing of the project.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, localcontext
from pathlib import Path

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
    Fill,
    Key,
    Result,
    candles_of,
    funding_of,
)


@dataclass(eq=False)
class Order:
    """One order, from the moment it passed the gate. `sign` is 1 for a buy."""

    ident: str
    venue: str
    pair: str
    sign: int
    amount: Decimal
    kind: str
    price: Decimal | None
    trigger: Decimal | None
    trail: Decimal | None
    patience: str
    post_only: bool
    reduce_only: bool
    hold: Decimal = ZERO
    """What was set aside for the whole amount."""
    filled: Decimal = ZERO
    live: bool = True
    arrived: bool = False
    since: int = 0
    """Only candles that open at or after this instant matter to it."""
    place: int = 0
    """In the queue of its price."""
    resting: bool = False
    """A limit order in the book; else it waits for its trigger."""
    extreme: Decimal = ZERO
    change: tuple[Decimal, Decimal] | None = None
    """New amount and hold of an amend that is under way."""

    @property
    def key(self) -> Key:
        """Its market."""
        return self.venue, self.pair

    @property
    def left(self) -> Decimal:
        """What is not filled yet."""
        return self.amount - self.filled

    @property
    def most_left(self) -> Decimal:
        """What may still be filled, whether or not the amend that is under way comes true."""
        return self.left if self.change is None else max(self.left, self.change[0] - self.filled)

    @property
    def held(self) -> Decimal:
        """What is set aside for that."""
        now = self.hold * self.left / self.amount
        if self.change is None:
            return now
        amount, hold = self.change
        return max(now, hold * (amount - self.filled) / amount)


def floored(amount: Decimal, step: Decimal) -> Decimal:
    """Round down to a step."""
    return (amount / step).to_integral_value(ROUND_FLOOR) * step


class Book:
    """Balances, positions and open orders of a run, and the prices they are valued at."""

    def __init__(self, case: Case, folder: Path = SHARED) -> None:
        self.case = case
        self.result = Result()
        self.now = case.start
        self.cash: dict[tuple[str, str], Decimal] = {}
        self.quantity: dict[str, Decimal] = dict.fromkeys(case.venues, ZERO)
        self.cost: dict[str, Decimal] = dict.fromkeys(case.venues, ZERO)
        self.orders: list[Order] = []
        """All that are live, in the order in which they passed the gate."""
        self.candles = {key: candles_of(*key, folder) for key in sorted(MARKETS) if key[0] in case.venues}
        self.rates = {venue: funding_of(venue, folder) for venue in case.venues}
        self.calm: dict[str, tuple[Decimal, Decimal]] = {}
        """Between which marks an account is surely not to be liquidated, while its book stays as it is."""
        for account, assets in case.accounts.items():
            for asset, amount in assets.items():
                self.cash[account, asset] = amount
        with localcontext(ARITHMETIC):
            self.result.equity_start = self.equity(case.start)

    # Prices.

    def last_close(self, venue: str, pair: str, at: int) -> Decimal | None:
        """Return the close of the last candle completed at or before an instant."""
        series = self.candles[venue, pair]
        place = series.last(at)
        return series.close[place] if place >= 0 else None

    def price(self, venue: str, pair: str, at: int) -> Decimal | None:
        """Return what an order is priced at: the last close, if it is younger than one candle."""
        series = self.candles[venue, pair]
        place = series.last(at)
        if place < 0 or at - series.closed_at[place] >= HOUR:
            return None
        return series.close[place]

    def volume(self, venue: str, pair: str) -> Decimal:
        """Return the base volume of the last completed candle."""
        series = self.candles[venue, pair]
        return series.volume[series.last(self.now)] * MARKETS[venue, pair].contract

    def moved(self, key: Key, sign: int, amount: Decimal, price: Decimal) -> Decimal | None:
        """Return a price moved against a taker of this amount; None if nothing positive is left of it."""
        terms = self.case.venues[key[0]]
        bps = terms.slippage_bps
        if terms.impact_bps:
            volume = self.volume(*key)
            if volume <= 0:
                return None
            bps += terms.impact_bps * amount / volume
        found = price * (1 + sign * bps / BPS)
        return found if found > 0 else None

    def slipped(self, venue: str, pair: str, sign: int, amount: Decimal, at: int) -> Decimal | None:
        """Return price(tau) moved against a taker of this amount."""
        price = self.price(venue, pair, at)
        return None if price is None else self.moved((venue, pair), sign, amount, price)

    def fee_rate(self, venue: str, pair: str, *, maker: bool = False) -> Decimal:
        """Return a fee as a fraction."""
        terms, market = self.case.venues[venue], MARKETS[venue, pair]
        if maker:
            chosen, usual = terms.spot_maker_bps if pair == SPOT else terms.perp_maker_bps, market.maker_bps
        else:
            chosen, usual = terms.spot_taker_bps if pair == SPOT else terms.perp_taker_bps, market.taker_bps
        return (usual if chosen is None else chosen) / BPS

    # Balances, holds, margin.

    def balance(self, account: str, asset: str) -> Decimal:
        """Return what an account holds of an asset."""
        return self.cash.get((account, asset), ZERO)

    def held(self, account: str, asset: str, but: Order | None = None) -> Decimal:
        """Return what is set aside for open orders, each hold shrinking as its order fills."""
        total = ZERO
        for order in self.orders:
            if order is but or MARKETS[order.key].account != account:
                continue
            if asset == ("ETH" if order.pair == SPOT and order.sign < 0 else "USDT"):
                total += order.held
        return total

    def free(self, account: str, asset: str, but: Order | None = None) -> Decimal:
        """Return what an account holds of an asset beyond what is set aside."""
        return self.balance(account, asset) - self.held(account, asset, but)

    def free_margin(
        self, venue: str, *, but: Order | None = None, buys: Decimal = ZERO, sells: Decimal = ZERO
    ) -> Decimal:
        """Return Free: USDT + unrealised - worst case * mark / leverage - holds, with so much more bought or sold."""
        free = self.free(MARKETS[venue, PERP].account, "USDT", but)
        for order in self.orders:
            if order is but or order.venue != venue or order.pair != PERP or order.reduce_only:
                continue
            if order.sign > 0:
                buys += order.most_left
            else:
                sells += order.most_left
        quantity = self.quantity[venue]
        worst = max(abs(quantity + buys), abs(quantity - sells))
        mark = self.last_close(venue, PERP, self.now)
        if worst == 0 or mark is None:
            return free
        return free + quantity * mark - self.cost[venue] - worst * mark / self.case.venues[venue].leverage

    def unrealised(self, venue: str) -> Decimal:
        """Return what closing a position at the mark would bring, before fees."""
        mark = self.last_close(venue, PERP, self.now)
        return ZERO if mark is None else self.quantity[venue] * mark - self.cost[venue]

    def maintenance(self, venue: str, notional: Decimal) -> Decimal:
        """Return notional * rate - deduction of the tier that a notional falls in."""
        steps = MARKETS[venue, PERP].tiers
        for tier in steps:
            if tier.up_to is None or notional <= tier.up_to:
                return max(notional * tier.rate - tier.deduction, ZERO)
        last = steps[-1]
        return max(notional * last.rate - last.deduction, ZERO)

    # What happens to them.

    def move(self, account: str, asset: str, amount: Decimal) -> None:
        """Change a balance."""
        self.cash[account, asset] = self.balance(account, asset) + amount
        self.calm.clear()

    def saw(self, situation: str) -> None:
        """Count a situation that scripts are meant to reach."""
        self.result.seen[situation] += 1

    def note(self, venue: str, event: str) -> None:
        """Note a journal entry."""
        self.result.events.setdefault(venue, []).append((self.now, event))

    def book_fill(self, order: Order, amount: Decimal, price: Decimal, reference: Decimal, *, maker: bool) -> None:
        """Trade so much of an order at a price."""
        rate = self.fee_rate(*order.key, maker=maker)
        cost = amount * price
        account = MARKETS[order.key].account
        fee, asset = cost * rate, "USDT"
        if order.pair == PERP:
            self._change_position(order.venue, order.sign * amount, price)
        else:
            self.move(account, "USDT", -order.sign * cost)
            self.move(account, "ETH", order.sign * amount)
            # The fee is taken from what is received; a maker's rebate at Bybit is paid in what he gave.
            if (order.sign > 0) != (rate < 0 and order.venue == "bybit"):
                fee, asset = amount * rate, "ETH"
        self.move(account, asset, -fee)
        if order.pair == SPOT and order.sign < 0 and 0 < self.balance(account, "ETH") < MARKETS[order.key].lot:
            self.saw("sold down to the dust")
        order.filled += amount
        self.result.fees += cost * rate
        self.result.slippage -= order.sign * (price - reference) * amount
        liquidity = "MAKER" if maker else "TAKER"
        self.result.trades.append(
            Fill(order.ident, order.key, order.sign, self.now, amount, price, fee, asset, liquidity, reference)
        )
        self.note(order.venue, f"OrderFilled {liquidity}")
        if order.left == 0:
            self.close(order)
        else:
            self.saw(f"{liquidity.lower()} filled in part")

    def _change_position(self, venue: str, change: Decimal, price: Decimal) -> None:
        held = self.quantity[venue]
        closing = ZERO
        if held and (held > 0) != (change > 0):
            closing = change if abs(change) <= abs(held) else -held
            share = self.cost[venue]
            if abs(closing) < abs(held):
                share = (self.cost[venue] * abs(closing) / abs(held)).quantize(PLACES_18)
            self.move(MARKETS[venue, PERP].account, "USDT", -closing * price - share)
            self.cost[venue] -= share
            self.quantity[venue] += closing
            self.saw("flip" if abs(change) > abs(held) else "close" if self.quantity[venue] == 0 else "partial close")
        self.quantity[venue] += change - closing
        self.cost[venue] += (change - closing) * price

    def close(self, order: Order, why: str = "") -> None:
        """Take an order off the book; `why` is the journal's entry about it, if there is one."""
        order.live = False
        self.orders.remove(order)
        if why:
            self.note(order.venue, why)

    def pay_funding(self, venue: str, rate: Decimal) -> None:
        """Settle a rate on the position as it is now, at the last close."""
        quantity, mark = self.quantity[venue], self.last_close(venue, PERP, self.now)
        if quantity == 0 or mark is None:
            return
        amount = -quantity * mark * rate
        self.move(MARKETS[venue, PERP].account, "USDT", amount)
        self.result.funding += amount
        self.note(venue, "FundingPaid")
        self.saw("funding")
        if self.price(venue, PERP, self.now) is None:
            self.saw("funding at a stale mark")

    def liquidate_if_below(self, venue: str) -> None:
        """Close an account's position by force if its equity is below its maintenance margin."""
        quantity, mark = self.quantity[venue], self.last_close(venue, PERP, self.now)
        if quantity == 0 or mark is None:
            return
        low, high = self.calm.get(venue, (mark, mark))
        if low < mark < high:
            return
        account = MARKETS[venue, PERP].account
        equity = self.balance(account, "USDT") + quantity * mark - self.cost[venue]
        slack = equity - self.maintenance(venue, abs(quantity) * mark)
        if slack >= 0:
            # Both sides move by less than twice the notional's change, so half the slack is surely safe.
            self.calm[venue] = mark - slack / abs(quantity) / 2, mark + slack / abs(quantity) / 2
            return
        for order in list(self.orders):
            if order.arrived and MARKETS[order.key].account == account:
                self.close(order, "OrderCancelled LIQUIDATION")
                self.saw("order of a liquidated account: " + order.pair)
        self._close_by_force(venue, quantity, mark)
        short = self.balance(account, "USDT")
        if short < 0:
            self.move(account, "USDT", -short)
            self.result.liquidation -= short
            self.note(venue, "InsurancePaid")

    def _close_by_force(self, venue: str, quantity: Decimal, mark: Decimal) -> None:
        sign = -1 if quantity > 0 else 1
        price = self.moved((venue, PERP), sign, abs(quantity), mark)
        assert price is not None
        own = self.case.venues[venue].liquidation_fee
        notional = abs(quantity) * price
        fee = notional * self.fee_rate(venue, PERP)
        penalty = notional * (MARKETS[venue, PERP].liquidation_fee if own is None else own)
        self.move(MARKETS[venue, PERP].account, "USDT", quantity * price - self.cost[venue] - fee - penalty)
        self.quantity[venue] = self.cost[venue] = ZERO
        self.result.fees += fee
        self.result.liquidation -= penalty
        self.result.slippage -= sign * (price - mark) * abs(quantity)
        self.result.liquidations += 1
        self.note(venue, "Liquidated")

    # Value.

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

    def holdings(self) -> Iterator[tuple[str, str, Decimal]]:
        """Yield account, asset and amount of what is not zero."""
        for (account, asset), amount in self.cash.items():
            if amount:
                yield account, asset, amount
