"""What the simulated venue decides about orders: which fills, when, at which price. Nothing is told from here.

A decision is an event; it changes state by being folded (actors/exchange/state.py), and lies in `news` until the
exchange tells it.

Source: DESIGN section 7.
"""

from decimal import Decimal

from actors.exchange import reports
from actors.exchange.market import Market
from actors.exchange.open_order import OpenOrder
from actors.exchange.pricing import Charge, Slippage, is_fresh, opened_at
from actors.exchange.reports import Report
from actors.exchange.state import VenueState
from actors.exchange.taking import (
    AMENDED,
    INSUFFICIENT_BALANCE,
    LIQUIDATION,
    LOT,
    NO_PRICE,
    NOT_OPEN,
    NOT_RESTING,
    POST_ONLY,
    REDUCE_ONLY,
    REQUESTED,
    TICK,
    VOLUME_LIMIT,
    Cut,
    Terms,
    arriving,
    cut,
)
from actors.rounding import is_multiple
from messages.instruments import VenueModel
from messages.market import Candle
from messages.orders import AmendSubmitted, CancelSubmitted, OrderAccepted, OrderFilled, OrderSubmitted
from messages.units import (
    BUY,
    MAKER,
    MARKET,
    SELL,
    TAKER,
    TRAILING_STOP,
    TRIGGERED,
    Amount,
    BaseAmount,
    Nanoseconds,
    Price,
    Side,
)

_ZERO = Decimal(0)


class Matching:
    """Decides for one venue.

    Attributes:
        state: Of its orders and accounts.
        news: What was decided and not yet told.
    """

    def __init__(self, model: VenueModel, candle_ns: int) -> None:
        self.state = VenueState(model, candle_ns)
        self.news: list[Report] = []
        self._venue = model.venue
        self._books = self.state.books
        self._markets = self.state.books.markets
        self._candle_ns = candle_ns
        # What moves the price of a market order where nothing but its side does: the short way is open.
        self._fixed = Slippage(model.slippage).fixed if model.fill.max_share is None else None

    def _say(self, event: Report, now: Nanoseconds, intent: OrderSubmitted | None = None) -> None:
        self.state.fold(event, now, intent)
        self.news.append(event)

    # --- commands ----------------------------------------------------------------------------------------------------

    def submit(self, intent: OrderSubmitted, now: Nanoseconds) -> None:
        """Place an order, or answer again if it is known."""
        if known := self.state.told(intent.client_order_id):
            self.news += known
            return
        market = self._markets[intent.instrument]
        candle = market.fresh(now)
        if flaw := self._flaw(market, intent):
            self._say(reports.rejected(intent, *flaw), now)
        elif candle is None:
            self._say(reports.rejected(intent, NO_PRICE, "no trading at this instant"), now)
        elif intent.order_type in TRIGGERED:
            self._say(reports.accepted(intent, self.state.next_order_id()), now, intent)
            if intent.order_type is TRAILING_STOP and candle.close != intent.reference_price:
                self.news.append(reports.started(intent, candle.close, now))
        else:
            self._arrive(market, candle, intent, now)

    def at_once(self, intent: OrderSubmitted, now: Nanoseconds) -> tuple[OrderAccepted, OrderFilled] | None:
        """Accept and fill a new market order whole, if nothing is against it: the short way of nearly all orders.

        What is returned has happened, and is not in `news`. None: nothing happened, `submit` it.
        """
        market, fixed = self._markets[intent.instrument], self._fixed
        if fixed is None or intent.order_type is not MARKET or self.state.knows(intent.client_order_id):
            return None
        candle, instrument, side, amount = market.candle, market.instrument, intent.side, intent.amount
        if (
            candle is None
            or now - candle.closed_at >= self._candle_ns
            or amount < instrument.min_quantity
            or not is_multiple(amount, instrument.lot)
            or (intent.reduce_only and amount > market.position.reducible(by_sale=side is SELL))
        ):
            return None
        price = candle.close * fixed[side]
        rate, fee_asset, in_base = charge = market.takers[side]
        notional = amount * price
        fee = (amount if in_base else notional) * rate
        if not market.is_perp and not _can_pay(market, side, amount, notional, charge, Amount(fee)):
            return None
        order_id, trade_id = self.state.next_ids()
        # (As in reports.py, without its frames; and no NewType is called: each call costs as much as a product.)
        accepted = OrderAccepted(
            venue=intent.venue,
            instrument=intent.instrument,
            order_id=order_id,
            client_order_id=intent.client_order_id,
            instruction_id=intent.instruction_id,
        )
        filled = OrderFilled(
            venue=intent.venue,
            instrument=intent.instrument,
            side=side,
            amount=amount,
            price=price,  # type: ignore[arg-type]
            fee=fee,  # type: ignore[arg-type]
            fee_asset=fee_asset,
            liquidity=TAKER,
            order_id=order_id,
            client_order_id=intent.client_order_id,
            trade_id=trade_id,
            instruction_id=intent.instruction_id,
            reference_price=candle.close,
        )
        self._books.trade(market, side, amount, price, notional, fee, fee_in_base=in_base)
        self.state.pass_through(accepted, filled)
        return accepted, filled

    def _arrive(self, market: Market, candle: Candle, intent: OrderSubmitted, now: Nanoseconds) -> None:
        """Let a market or limit order meet the market: it takes, rests, or goes."""
        side = intent.side
        part = _cut(market, intent, intent.amount)
        price = market.slipped(candle.close, candle, side, part.amount)
        verdict = arriving(Terms(side, intent.price, intent.time_in_force, intent.post_only), part, price)
        if verdict.rejected:
            self._say(reports.rejected(intent, verdict.rejected, _DETAILS[verdict.rejected]), now)
            return
        if verdict.taken and price is not None and not _affords(market, side, verdict.taken, price):
            detail = _DETAILS[INSUFFICIENT_BALANCE]
            self._say(reports.rejected(intent, INSUFFICIENT_BALANCE, detail), now)
            return
        self._say(reports.accepted(intent, self.state.next_order_id()), now, intent)
        order = self.state.open[intent.client_order_id]
        if verdict.taken and price is not None:
            self._fill(market, order, verdict.taken, price, now, reference=candle.close)
        if verdict.cancelled:
            self._say(reports.cancelled(order, verdict.cancelled), now)

    def _flaw(self, market: Market, intent: OrderSubmitted) -> tuple[str, str] | None:
        """Return why an order can't be, whatever the price: reason and detail."""
        instrument = market.instrument
        if intent.amount < instrument.min_quantity or not is_multiple(intent.amount, instrument.lot):
            return LOT, "the amount is not a whole number of lots"
        if any(
            price is not None and (price <= 0 or not is_multiple(price, instrument.tick))
            for price in (intent.price, intent.trigger_price)
        ):
            return TICK, "a price is not a whole number of ticks"
        if intent.reduce_only and not market.position.reducible(by_sale=intent.side is SELL):
            return REDUCE_ONLY, "the order would open or enlarge a position"
        return None

    def cancel(self, intent: CancelSubmitted, now: Nanoseconds) -> None:
        """Take the rest of an order off the book."""
        order = self.state.open.get(intent.client_order_id)
        if order is None:
            self._say(reports.cancel_rejected(intent, NOT_OPEN), now)
        else:
            self._say(reports.cancelled(order, REQUESTED), now)

    def amend(self, intent: AmendSubmitted, now: Nanoseconds) -> None:
        """Change a limit order; unless only its amount is lowered, it is a new limit order from now on."""
        order = self.state.open.get(intent.client_order_id)
        if order is None:
            self._say(reports.amend_rejected(intent, NOT_OPEN), now)
        elif order.waiting or order.price is None:
            self._say(reports.amend_rejected(intent, NOT_RESTING), now)
        elif intent.amount <= order.filled:
            self._say(reports.cancelled(order, AMENDED), now)
        else:
            market = self._markets[intent.instrument]
            if not is_multiple(intent.amount, market.instrument.lot):
                self._say(reports.amend_rejected(intent, LOT), now)
            elif intent.price <= 0 or not is_multiple(intent.price, market.instrument.tick):
                self._say(reports.amend_rejected(intent, TICK), now)
            elif intent.price == order.price and intent.amount <= order.amount:
                self._say(reports.amended(order, intent.price, intent.amount), now)
            else:
                self._arrive_again(market, order, intent, now)

    def _arrive_again(self, market: Market, order: OpenOrder, intent: AmendSubmitted, now: Nanoseconds) -> None:
        """Let an amended order meet the market like a new one."""
        candle = market.fresh(now)
        if candle is None:
            self._say(reports.amend_rejected(intent, NO_PRICE), now)
            return
        first = order.intent
        part = _cut(market, first, intent.amount - order.filled)
        price = market.slipped(candle.close, candle, first.side, part.amount)
        verdict = arriving(Terms(first.side, intent.price, first.time_in_force, first.post_only), part, price)
        reason = verdict.rejected
        if verdict.taken and price is not None and not _affords(market, first.side, verdict.taken, price, order.held):
            reason = INSUFFICIENT_BALANCE
        if reason:
            self._say(reports.amend_rejected(intent, reason), now)
            return
        self._say(reports.amended(order, intent.price, intent.amount), now)
        if verdict.taken and price is not None:
            self._fill(market, order, verdict.taken, price, now, reference=candle.close)
        if verdict.cancelled:
            self._say(reports.cancelled(order, verdict.cancelled), now)

    # --- candles -----------------------------------------------------------------------------------------------------

    def match(self, market: Market, now: Nanoseconds) -> None:
        """Let the candle that just completed fill what rests, then trigger what waits."""
        for side in (BUY, SELL):
            while (order := market.best(side)) is not None and self._make(market, order, now):
                pass
        for order, trigger in market.fired():
            self._say(reports.triggered(order, trigger), now)
            if order.price is None:
                self._stop(market, order, trigger, now)
        if market.followed and (candle := market.candle) is not None:
            self.news.append(reports.followed(self._venue, candle, opened_at(candle, self._candle_ns)))
        market.settle()

    def _make(self, market: Market, order: OpenOrder, now: Nanoseconds) -> bool:
        """Fill a resting order at its limit; return whether there may be more for the next one.

        It is gone then; else the candle's volume is used up.
        """
        part = _cut(market, order.intent, order.left)
        limit = order.price
        if part.amount and limit is not None:
            side = order.intent.side
            charge = market.makers[side]
            notional = part.amount * limit
            fee = charge.of(part.amount, notional)
            if not market.is_perp and not _can_pay(market, side, part.amount, notional, charge, fee, first=True):
                self._say(reports.cancelled(order, INSUFFICIENT_BALANCE), now)
                return True
            self._fill(market, order, part.amount, limit, now, maker=True, reference=limit)
        if part.reason == REDUCE_ONLY:
            self._say(reports.cancelled(order, REDUCE_ONLY), now)
        return part.reason != VOLUME_LIMIT

    def _stop(self, market: Market, order: OpenOrder, trigger: Decimal, now: Nanoseconds) -> None:
        """Fill a triggered order at the worse of trigger and open, slipped; what it can't get is off."""
        candle, side = market.candle, order.intent.side
        if candle is None:
            return
        worse = max(trigger, candle.open) if side is BUY else min(trigger, candle.open)
        part = _cut(market, order.intent, order.left)
        price = market.slipped(worse, candle, side, part.amount)
        reason = part.reason
        if price is None:
            reason = NO_PRICE
        elif part.amount and not _affords(market, side, part.amount, price, order.held):
            reason = INSUFFICIENT_BALANCE
        elif part.amount:
            self._fill(market, order, part.amount, price, now, reference=trigger)
        if reason:
            self._say(reports.cancelled(order, reason), now)

    def _fill(
        self,
        market: Market,
        order: OpenOrder,
        amount: Decimal,
        price: Price,
        now: Nanoseconds,
        *,
        reference: Decimal,
        maker: bool = False,
    ) -> None:
        charge = (market.makers if maker else market.takers)[order.intent.side]
        self._say(
            reports.filled(
                order.intent,
                order.order_id,
                self.state.next_trade_id(),
                BaseAmount(amount),
                price,
                charge.of(amount, amount * price),
                charge.asset,
                MAKER if maker else TAKER,
                Price(reference),
            ),
            now,
        )

    # --- margin and the end ------------------------------------------------------------------------------------------

    def liquidate(self, now: Nanoseconds) -> None:
        """Close the positions of every account that falls short of its maintenance margin, after all its orders."""
        for markets in self._books.short():
            account = markets[0].instrument.account
            for order in tuple(self.state.open.values()):
                if self._markets[order.intent.instrument].instrument.account == account:
                    self._say(reports.cancelled(order, LIQUIDATION), now)
            for market in markets:
                if (candle := market.candle) is not None and not is_fresh(candle, now, self._candle_ns):
                    self.news.append(reports.stale(self._venue, candle, "liquidation"))
                self._say(self._books.forced(market), now)
            if paid := self._books.shortfall(markets[-1]):
                self._say(paid, now)

    def expire(self, reason: str, now: Nanoseconds) -> None:
        """End every open order."""
        for order in tuple(self.state.open.values()):
            self._say(reports.expired(order, reason), now)

    def expire_unseen(self, intent: OrderSubmitted, reason: str, now: Nanoseconds) -> None:
        """End an order that never arrived."""
        self._say(reports.expired_before_arrival(intent, self.state.next_order_id(), reason), now)


_DETAILS = {
    INSUFFICIENT_BALANCE: "the account can't pay for it",
    NO_PRICE: "nobody trades this amount",
    POST_ONLY: "the order would take",
}


def _cut(market: Market, intent: OrderSubmitted, left: Decimal) -> Cut:
    reducible = market.position.reducible(by_sale=intent.side is SELL) if intent.reduce_only else None
    return cut(left, reducible=reducible, room=market.room())


def _affords(market: Market, side: Side, amount: Decimal, price: Decimal, held: Decimal = _ZERO) -> bool:
    """Return whether the account can pay for taking; `held` is what the order itself has set aside.

    Perps are a matter of margin, which the gate has looked at.
    """
    if market.is_perp:
        return True
    charge = market.takers[side]
    notional = amount * price
    return _can_pay(market, side, amount, notional, charge, charge.of(amount, notional), held=held)


def _can_pay(
    market: Market,
    side: Side,
    amount: Decimal,
    notional: Decimal,
    charge: Charge,
    fee: Decimal,
    *,
    held: Decimal = _ZERO,
    first: bool = False,
) -> bool:
    """Return whether a spot account has what a fill takes, beside what others set aside (unless it comes `first`)."""
    if side is BUY:
        purse, amount = market.quote, notional if charge.in_base else notional + fee
    else:
        purse, amount = market.base, amount + fee if charge.in_base else amount
    return amount <= (purse.balance if first else purse.balance - purse.held + held)
