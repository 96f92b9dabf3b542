"""The strategy ``basis`` on a desk: a book that is really kept, slices and events by hand.

Where its life is `RESTARTING` the strategy is built anew from its snapshot before each word that it hears: what it does
must be the same.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from actors.ledger import Ledger
from actors.strategies.basis import Basis
from actors.strategies.contract import StrategyContext
from messages.book import Fact, Liquidated
from messages.instructions import CancelInstruction, InstructionRepeated, TradeInstruction
from messages.instruments import VenueModel
from messages.market import FundingRate, MarketSlice
from messages.orders import CancelRejected, OrderAccepted, OrderCancelled, OrderRejected
from messages.units import (
    BUY,
    SELL,
    Amount,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Nanoseconds,
    OrderId,
    Price,
    Rate,
    VenueName,
    plain,
)
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, filled, opening, refused, venue

D = Decimal
PARAMS = {"venue": "bybit", "notional": "20000", "window_h": 8, "enter_bps_per_year": "1000"}
HIGH, LOW = "0.0005", "0.0000001"
"""Rates of one payment in eight hours: 5475 and 1.1 bps a year."""

RESTARTING = "restarting"
Said = list[tuple[str, ...]]


class Desk:
    """A strategy with its context, and what it wants."""

    def __init__(
        self,
        *venues: VenueModel,
        usdt: str = "100000",
        eth: str = "0",
        life: str = "",
        perp_id: InstrumentId = PERP_ID,
        **params: object,
    ) -> None:
        self.context = StrategyContext(
            start=Nanoseconds(HOUR), end=None, params={**PARAMS, **params}, venues=venues or (venue(),)
        )
        self.life = life
        self.perp_id = perp_id
        self.strategy = Basis(self.context)
        self.ledger = Ledger(self.context.instruments)
        self.orders: dict[str, TradeInstruction] = {}
        self.trades = 0
        self.book(opening(usdt))
        self.book(opening(eth, "ETH"))

    def book(self, fact: Fact) -> None:
        change = self.ledger.book(fact)
        self.context.booked(change.balances, change.position)

    def slice(
        self, hour: int, spot: str | None = "2000", perp: str | None = "2000", *, rate: str | None = None
    ) -> Said:
        """Show it an hour's close, without a candle where a price is None."""
        at = Nanoseconds(hour * HOUR)
        prices = ((spot, SPOT_ID), (perp, self.perp_id))
        candles = tuple(candle(price, at=at, of=of) for price, of in prices if price is not None)
        paid = () if rate is None else (FundingRate(instrument=self.perp_id, rate=Rate(D(rate))),)
        self._restarted()
        return self._said(self.strategy.on_slice(MarketSlice(at=at, candles=candles, funding=paid)))

    def hear(self, event: Any) -> Said:  # noqa: ANN401 - any event of its own
        self._restarted()
        return self._said(self.strategy.on_event(event))

    def fill(self, name: str, amount: str | None = None, price: str = "2000", *, fee: str | None = None) -> Said:
        """Fill an order, whole unless an amount is given; a purchase of spot costs 0.1 % of it."""
        order = self.orders[name]
        much = order.amount if amount is None else D(amount)
        is_purchase = order.instrument == SPOT_ID and order.side is BUY
        cost = fee if fee is not None else (plain(much / 1000) if is_purchase else "0")
        self.trades += 1
        event = filled(
            plain(much),
            price,
            side=order.side,
            fee=cost,
            fee_asset="ETH" if is_purchase else "USDT",
            of=order.instrument,
            name=name,
            trade=f"t{self.trades}",
        )
        self.book(event)
        return self.hear(event)

    def accept(self, name: str) -> Said:
        return self.hear(OrderAccepted(**self._of(name), order_id=OrderId("o")))

    def cancelled(self, name: str, reason: str = "asked for") -> Said:
        return self.hear(OrderCancelled(**self._of(name), order_id=OrderId("o"), reason=reason))

    def reject(self, name: str, reason: str = "NO_PRICE") -> Said:
        return self.hear(OrderRejected(**self._of(name), by="venue", reason=reason, detail=""))

    def cancel_rejected(self, name: str) -> Said:
        return self.hear(CancelRejected(**self._of(name), reason="gone"))

    def refuse(self, name: str) -> Said:
        return self.hear(refused(name=name))

    def repeated(self, name: str, outcome: str) -> Said:
        wanted = InstructionId(name)
        return self.hear(
            InstructionRepeated(instruction_id=wanted, outcome=outcome, client_order_id=ClientOrderId("c"))
        )

    def liquidate(self, price: str = "3000") -> Said:
        """Close the short by force."""
        position = self.context.positions[self.perp_id]
        event = Liquidated(
            venue=VenueName(self.perp_id.partition(":")[0]),
            instrument=self.perp_id,
            side=BUY,
            amount=BaseAmount(-position.quantity),
            price=Price(D(price)),
            mark=Price(D(price)),
            fee=Amount(D(1)),
            liquidation_fee=Amount(D(0)),
        )
        self.book(event)
        return self.hear(event)

    def enter(self) -> None:
        """Bring both legs on: 10 ETH at 2000, from hour 9 on."""
        assert self.slice(1, rate=HIGH) == []
        assert self.slice(9, rate=HIGH) == [("b1-spot-enter", SPOT_ID, "BUY", "10.01002")]
        assert self.fill("b1-spot-enter") == [("b1-perp-enter", self.perp_id, "SELL", "10")]
        assert self.fill("b1-perp-enter") == []

    @property
    def held(self) -> Decimal:
        market = self.context.instruments[SPOT_ID]
        return self.context.balances[market.account, market.base]

    @property
    def short(self) -> Decimal:
        position = self.context.positions.get(self.perp_id)
        return D(0) if position is None else -position.quantity

    def _of(self, name: str) -> dict[str, Any]:
        order = self.orders[name]
        return {
            "venue": order.venue,
            "instrument": order.instrument,
            "client_order_id": ClientOrderId("c"),
            "instruction_id": InstructionId(name),
        }

    def _restarted(self) -> None:
        if self.life == RESTARTING:
            state = msgspec.json.decode(msgspec.json.encode(self.strategy.snapshot(), order="sorted"))
            self.strategy = Basis(self.context)
            self.strategy.restore(state)

    def _said(self, wanted: Iterable[object]) -> Said:
        said: Said = []
        for each in wanted:
            if isinstance(each, CancelInstruction):
                said.append(("cancel", each.instruction_id))
                continue
            assert isinstance(each, TradeInstruction)
            known = self.orders.setdefault(each.instruction_id, each)
            assert known == each, "an id was used twice"
            terms = () if each.price is None else (f"{each.order_type} {plain(each.price)}",)
            flags = (*terms, *(("post only",) if each.post_only else ()))
            assert each.reduce_only is (each.instrument == self.perp_id and each.side is not SELL)
            said.append((each.instruction_id, each.instrument, each.side, plain(each.amount), *flags))
        return said
