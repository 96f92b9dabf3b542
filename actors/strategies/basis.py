"""The strategy ``basis``: long spot, short perp, while funding pays for it.

The state holds one number that matters: the target, how much spot shall be held. At every slice and event it is held
against the book (what is held, as the context says), and what is missing is traded: the spot leg towards the target,
the perp leg towards what is held. So nothing is counted twice, whatever was cancelled, cut or lost on the way. The
rules for what goes wrong:

- The perp leg follows each fill of the spot leg at once and at the market, also where the spot leg rests as a limit.
- A purchase that is refused is given up: what is held by then is the new target. A sale that is refused is tried again
  at the next slice.
- Of a hedge that fills in part the rest is tried once more, at the next slice. What can't be hedged then, or was
  refused or rejected, is unwound at once: spot is sold, or bought back, until it equals the short.
- After a liquidation the spot leg is sold at the market.
- After any of these, and after an exit for want of margin, nothing is entered or left before the next funding payment.
- It decides only at slices where candles of both legs complete; in a gap of one of them, what rests is cancelled.
- An instruction that is under way at a slice and does not rest is given again under its own id: one that a crash lost
  is done now, of any other the engine says what became of it; it does nothing twice.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from actors.exchange.pricing import Slippage
from actors.margin import Held
from actors.rounding import floor_to, to_cost_step
from actors.strategies.basis_legs import Legs, Sent, State, Wanted
from actors.strategies.basis_rules import HOUR_NS, FundingWindow, read_params, share_to_give_up, spare_margin
from actors.strategies.contract import OwnEvent, StrategyContext
from messages.book import Liquidated
from messages.instructions import (
    CancelInstruction,
    CancelRefused,
    Instruction,
    InstructionRefused,
    InstructionRepeated,
)
from messages.market import Candle, MarketSlice
from messages.orders import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from messages.units import BPS, BUY, SELL

_ZERO, _ONE = Decimal(0), Decimal(1)
_ENDED = frozenset({"FILLED", "CANCELLED", "EXPIRED"})
_FAILED = frozenset({"REFUSED", "REJECTED"})


class Basis:
    """Long spot, short perp, equal in base, while annualised funding is high.

    Annualised funding is the sum of the rates that were paid within the window, divided by the window's length, times
    365 days. Nothing is entered before a whole window was seen; a payment that the data lacks counts as nothing.

    The fee that the spot venue takes in base is bought on top, and the perp leg follows what is really held. Positions
    stay at the end of a run. An entry is as large as `notional` says or not at all; one that would break the margin
    buffer is passed over without an instruction.

    Params:
        venue: Where the perp trades.
        spot_venue: Where the spot leg trades; default `venue`.
        base: Asset, such as ETH (the default); quoted in USDT.
        notional: Of each leg when it is entered, in USDT; rounded down to a whole number of both markets' lots.
        window_h: Hours over which funding is averaged; default 72.
        enter_bps_per_year: Enters above it, in basis points of the notional per year; default 800.
        leave_bps_per_year: Leaves below it, likewise; default 200.
        drift_bps: Rebalances when the legs differ by more, in basis points of the larger leg; default 200.
        margin_buffer_bps: Margin of the perp's account that stays free, in basis points of the perp's notional;
            default 2000. Where price moves eat it, both legs are reduced until it is there again, at least by
            `drift_bps` of them.
        execution: "market" (default), or "limit": the spot leg rests, post-only, then goes to the market.
        limit_wait_h: Hours that it rests; default 1.
        limit_offset_bps: How far from the last price it rests, in basis points of that, on the passive side; default 2.
    """

    def __init__(self, context: StrategyContext) -> None:
        """Read the params.

        Raises:
            ValueError: Everything that is wrong with them.
        """
        self._context = context
        self._params = params = read_params(context.params, context.venues)
        self._legs = legs = Legs(context, params)
        spot, perp = legs.spot_model, legs.perp_model
        self._spot_id, self._perp_id = legs.spot.instrument_id, legs.perp.instrument_id
        self._spot_slippage, self._perp_slippage = Slippage(spot.slippage), Slippage(perp.slippage)
        self._leverage = perp.leverage
        self._buffer = params.margin_buffer_bps / BPS
        self._drift = params.drift_bps / BPS
        self._cost = spot.spot_fees.taker + perp.perp_fees.taker
        self._cost += (spot.slippage.base_bps + perp.slippage.base_bps) / BPS
        self._ready_at = context.start + params.window_h * HOUR_NS
        self._window = FundingWindow(params.window_h)

    # --- memory ------------------------------------------------------------------------------------------------------

    def snapshot(self) -> State:
        """Return the state, as JSON takes it."""
        state = self._legs.state
        state.paid = self._window.text()
        return state

    def restore(self, state: object) -> None:
        """Take over what `snapshot` returned."""
        self._legs.state = msgspec.convert(state, State)
        self._window.read(self._legs.state.paid)

    # --- what it sees ------------------------------------------------------------------------------------------------

    def on_slice(self, market: MarketSlice) -> Iterable[Instruction]:
        """Learn of funding, decide, and trade towards the target."""
        legs, state = self._legs, self._legs.state
        if state.own is None:
            state.own = legs.balance(legs.spot, legs.spot.base)
        self._learn(market)
        spot = perp = None
        for candle in market.candles:
            if candle.instrument == self._spot_id:
                spot = candle
            elif candle.instrument == self._perp_id:
                perp = candle
        if spot is None or perp is None:
            return () if spot is perp else legs.cancel_resting()
        if market.at < self._ready_at or not self._decide(spot, perp):
            return ()
        wanted = legs.work_spot(market.at, spot)
        if not wanted or isinstance(wanted[0], CancelInstruction):  # else the perp leg follows what comes of it
            wanted += legs.work_perp(perp)
        if wanted:
            state.price = spot.close
        return wanted

    def _learn(self, market: MarketSlice) -> None:
        for funding in market.funding:
            if funding.instrument == self._perp_id:
                self._window.pay(market.at, funding.rate)
                self._legs.state.waiting = False
        self._window.move_to(market.at)

    def on_event(self, event: OwnEvent) -> Iterable[Instruction]:
        """Follow what became of an order."""
        state = self._legs.state
        if isinstance(event, Liquidated):
            return self._liquidated() if event.instrument == self._perp_id else ()
        name = getattr(event, "instruction_id", "")
        for sent, is_spot in ((state.spot, True), (state.perp, False)):
            if sent is not None and sent.name == name:
                return self._heard(event, sent, is_spot=is_spot)
        if isinstance(event, OrderFilled):  # of an order that seemed to be at its end
            return self._legs.hedge(event.price)
        return ()

    # --- decisions ---------------------------------------------------------------------------------------------------

    def _decide(self, spot: Candle, perp: Candle) -> bool:
        """Set the target; return whether there may be anything to trade."""
        legs, state, window, params = self._legs, self._legs.state, self._window, self._params
        if state.target:
            if not state.waiting and window.is_below(params.leave_bps_per_year):
                self._aim(_ZERO, "leave")
            elif state.spot is None and state.perp is None:
                self._keep_buffer(spot, perp)
            return True
        if not legs.is_flat(spot.close):
            return True
        if state.waiting or not window.is_above(params.enter_bps_per_year):
            return False
        amount = floor_to(params.notional / spot.close, legs.step)
        # Of less than a lot the gate has to say that it is too little: nobody else tells the user.
        amount = amount or to_cost_step(params.notional / spot.close)
        if not self._leaves_buffer(amount, spot, perp):
            return False
        state.cycle += 1
        state.given = {}
        self._aim(amount, "enter")
        return True

    def _aim(self, target: Decimal, why: str, *, at_market: bool | None = None) -> None:
        state = self._legs.state
        state.target, state.why, state.moving, state.missed = target, why, True, False
        state.at_market = self._params.execution == "market" if at_market is None else at_market

    def _leaves_buffer(self, amount: Decimal, spot: Candle, perp: Candle) -> bool:
        """Return whether the buffer is there after an entry, or the gate will refuse the purchase anyway."""
        legs = self._legs
        price = self._perp_slippage.price(perp, legs.perp, SELL, amount)
        if price is None:
            return False
        balance = legs.balance(legs.perp, legs.perp.quote) - amount * price * legs.perp_model.perp_fees.taker
        if legs.shared:
            costs = self._spot_slippage.price(spot, legs.spot, BUY, amount)
            if costs is None:
                return False
            paid = costs * amount * (_ONE + legs.spot_model.spot_fees.taker)
            if paid > legs.balance(legs.spot, legs.spot.quote):
                return True
            balance -= paid
        after = Held(legs.perp, -amount, -amount * price, perp.close)
        return spare_margin(balance, after, self._leverage, self._buffer) >= 0

    def _keep_buffer(self, spot: Candle, perp: Candle) -> None:
        """Lower the target where less margin is free than the buffer."""
        legs = self._legs
        position = self._context.positions.get(self._perp_id)
        if position is None or not position.quantity:
            return
        held = Held(legs.perp, position.quantity, position.cost, perp.close)
        spare = spare_margin(legs.balance(legs.perp, legs.perp.quote), held, self._leverage, self._buffer)
        if spare >= 0:
            return
        less = share_to_give_up(
            -spare,
            mark=perp.close,
            spot=spot.close if legs.shared else _ZERO,
            leverage=self._leverage,
            buffer=self._buffer,
            cost=self._cost,
        )
        now = legs.held()
        target = _ZERO if less is None else max(now - max(less, self._drift * now), _ZERO)
        self._aim(floor_to(target, legs.step), "reduce", at_market=True)
        legs.state.waiting = legs.state.waiting or not legs.state.target

    # --- what becomes of orders --------------------------------------------------------------------------------------

    def _heard(self, event: OwnEvent, sent: Sent, *, is_spot: bool) -> Wanted:
        match event:
            case OrderAccepted():
                sent.known = True
            case OrderFilled():
                sent.filled += event.amount
                if sent.filled >= sent.amount:
                    self._drop(is_spot=is_spot)
                    self._legs.state.missed &= is_spot
                return self._legs.hedge(event.price)
            case InstructionRefused() | OrderRejected():
                self._drop(is_spot=is_spot)
                return self._failed(sent, event, is_spot=is_spot)
            case OrderCancelled():
                self._drop(is_spot=is_spot)
                return self._cancelled(sent, event, is_spot=is_spot)
            case OrderExpired():
                self._drop(is_spot=is_spot)
            case InstructionRepeated() if event.outcome in _ENDED:
                self._drop(is_spot=is_spot)
            case InstructionRepeated() if event.outcome in _FAILED:
                self._drop(is_spot=is_spot)
                return self._failed(sent, None, is_spot=is_spot)
            case CancelRefused() | CancelRejected():
                sent.lost()
            case _:
                pass
        return []

    def _drop(self, *, is_spot: bool) -> None:
        if is_spot:
            self._legs.state.spot = None
        else:
            self._legs.state.perp = None

    def _failed(self, sent: Sent, event: InstructionRefused | OrderRejected | None, *, is_spot: bool) -> Wanted:
        legs, state = self._legs, self._legs.state
        if not is_spot:
            return self._unwind()
        if isinstance(event, OrderRejected) and event.reason == "POST_ONLY":
            state.at_market = True
            return legs.spot_at_market()
        if sent.side is BUY:
            state.target, state.waiting = floor_to(legs.held(), legs.step), True
        return []

    def _cancelled(self, sent: Sent, event: OrderCancelled, *, is_spot: bool) -> Wanted:
        state = self._legs.state
        if event.reason == "LIQUIDATION":
            return []  # what that means comes next
        if is_spot:
            # What could not fill goes on at the next slice; what we took back to trade at the market does so now.
            return self._legs.spot_at_market() if sent.asked and state.at_market else []
        if state.missed:
            return self._unwind()
        state.missed = True
        return []

    def _unwind(self) -> Wanted:
        """Bring the spot leg to what the short is: the rest can't be hedged."""
        self._aim(self._legs.short(), "unwind", at_market=True)
        self._legs.state.waiting = True
        return self._legs.spot_at_market()

    def _liquidated(self) -> Wanted:
        self._aim(_ZERO, "liquidated", at_market=True)
        self._legs.state.waiting = True
        return self._legs.spot_at_market()
