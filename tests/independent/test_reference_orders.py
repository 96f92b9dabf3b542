"""The independent calculation of orders is sound by itself: nothing comes from nowhere, no order gets a worse price.

Looked at from outside while the families' scripts run; that the scripts reach every situation is looked at as well.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.independent import calculation, families, paper, reference, scripts
from tests.independent.book import Order
from tests.independent.exchange import TRIGGERED
from tests.independent.reference import HOUR, MARKETS, PERP, SPOT, ZERO

needs_data = pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")
SHORT, LONG = 3, 20
"""Scripts of each family."""


class Watched(calculation.Calculation):
    """A calculation that checks itself at every fill."""

    seen_at: tuple[int, tuple[str, str], int] = (0, ("", ""), 0)
    rank: tuple[Decimal, int] = (ZERO, 0)

    def book_fill(self, order: Order, amount: Decimal, price: Decimal, reference: Decimal, *, maker: bool) -> None:
        """Check what is about to be traded, then trade it."""
        assert 0 < amount <= order.left
        assert (amount / MARKETS[order.key].lot) % 1 == 0
        if order.price is not None:
            assert order.sign * (order.price - price) >= 0, "worse than the limit"
        if maker:
            self._check_maker(order, price)
        if order.reduce_only:
            assert amount <= -order.sign * self.quantity[order.venue], "it would turn the position"
        super().book_fill(order, amount, price, reference, maker=maker)
        share = self.share_left(order.key)
        assert share is None or share >= 0
        assert self.held(MARKETS[order.key].account, "ETH") <= self.balance(MARKETS[order.key].account, "ETH")

    def _check_maker(self, order: Order, price: Decimal) -> None:
        series = self.candles[order.key]
        last = series.last(self.now)
        assert series.closed_at[last] == self.now
        assert order.since <= self.now - HOUR, "a candle that opened before the order came"
        assert (series.low[last] <= price) if order.sign > 0 else (price <= series.high[last]), "not reached"
        assert price == order.price
        rank = -order.sign * price, order.place
        if self.seen_at == (self.now, order.key, order.sign):
            assert self.rank < rank, "price, then time"
        self.seen_at, self.rank = (self.now, order.key, order.sign), rank


def run(script: scripts.Script, book: calculation.Calculation) -> reference.Result:
    """Work a script."""
    for line in reference.read_script("\n".join(script.lines)):
        book.advance(reference.nanoseconds(line["at"]))
        book.instruct(line)
    return book.finish()


def flows(result: reference.Result) -> dict[tuple[str, str], Decimal]:
    """Return what trading moved, by venue and asset, added up from the fills alone; perps by their full price."""
    moved: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for fill in result.trades:
        moved[fill.key[0], fill.fee_asset] -= fill.fee
        moved[fill.key[0], "USDT"] -= fill.sign * fill.amount * fill.price
        if fill.key[1] == SPOT:
            moved[fill.key[0], "ETH"] += fill.sign * fill.amount
    return moved


@needs_data
@pytest.mark.parametrize("name", families.FAMILIES)
def test_every_fill_is_in_order_and_no_asset_comes_from_nowhere(name: str, long_run: bool) -> None:  # noqa: FBT001
    for seed in range(LONG if long_run else SHORT):
        script = families.draw(name, seed)

        result = run(script, Watched(script.case))

        opened = sum((assets.get("USDT", ZERO) for assets in script.case.accounts.values()), ZERO)
        assert result.seen == script.situations, "read back from text, a script is not what was drawn"
        moved = flows(result)
        for venue in script.case.venues:
            account = MARKETS[venue, PERP].account
            opening = script.case.accounts[account]
            balances = result.balances.get(account, {})
            assert abs(opening.get("ETH", ZERO) + moved[venue, "ETH"] - balances.get("ETH", ZERO)) < Decimal("1e-30")
            if not result.liquidations:
                held = result.positions.get(venue, {}).get(PERP, {"amount": ZERO, "entry_price": ZERO})
                opened += moved[venue, "USDT"] + held["amount"] * held["entry_price"]
        if not result.liquidations:
            usdt = sum((assets.get("USDT", ZERO) for assets in result.balances.values()), ZERO)
            assert abs(opened + result.funding - usdt) < Decimal("1e-12")


@needs_data
def test_the_families_reach_every_situation(long_run: bool) -> None:  # noqa: FBT001
    seen: Counter[str] = Counter()
    seeds = LONG if long_run else SHORT
    for name in families.FAMILIES:
        for seed in range(seeds):
            script = families.draw(name, seed)
            result = run(script, calculation.Calculation(script.case))
            seen.update(result.seen)
            seen.update(event for events in result.events.values() for _, event in events)
            assert len(script.lines) == families.LINES

    wanted = {
        "OrderFilled MAKER": 2000,
        "OrderFilled TAKER": 2000,
        "OrderTriggered": 1000,
        "OrderAmended": 200,
        "OrderRejected POST_ONLY": 100,
        "OrderRejected NO_PRICE": 1,
        "OrderCancelled NOT_MARKETABLE": 200,
        "OrderCancelled VOLUME_LIMIT": 200,
        "OrderCancelled REDUCE_ONLY": 20,
        "OrderCancelled REQUESTED": 200,
        "OrderCancelled LIQUIDATION": 20,
        "OrderCancelled AMENDED": 5,
        "OrderExpired END_OF_RUN": 100,
        "AmendRejected": 5,
        "CancelRejected": 20,
        "AmendRefused NOT_OPEN": 100,
        "CancelRefused NOT_OPEN": 100,
        "Liquidated": 30,
        "InsurancePaid": 20,
        "InstructionRefused INSUFFICIENT_MARGIN": 100,
        "InstructionRefused INSUFFICIENT_BALANCE": 50,
        "touched and not filled": 20,
        "amended in its place": 50,
        "cancelled with others": 50,
        "maker filled in part": 500,
        "taker filled in part": 50,
        "order of a liquidated account: ETH/USDT": 5,
        **{f"triggered {kind}": 100 for kind in TRIGGERED},
    }
    assert {key: seen[key] for key, least in wanted.items() if seen[key] < least * seeds // LONG} == {}


def test_a_trailing_stop_follows_and_fires_where_it_was_before_the_candle(tmp_path: Path) -> None:
    """Its extreme is the 2100 of 08:00; 50 bps below it the trigger is 2089.5, and the candle of 09:00 is 2080 only."""
    paper.write_data(tmp_path)
    book = calculation.Calculation(paper.CASE, tmp_path)
    line = {"id": "t", "venue": "bybit", "pair": PERP, "side": "SHORT", "amount": "1", "order_type": "TRAILING_STOP"}
    book.advance(paper.CASE.start)
    book.instruct(line | {"trail_bps": "50"})

    result = book.finish()

    (fill,) = result.trades
    assert fill.at == paper.CASE.end
    assert fill.reference == Decimal("2089.5")
    assert fill.price == 2080 * Decimal("0.999")  # the open is worse than the trigger; slippage 10 bps
