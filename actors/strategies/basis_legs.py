"""The two legs of the strategy ``basis``: what is held, which order is under way, and which comes next.

The spot leg is traded towards `State.target`, the perp leg towards what the spot leg holds.
"""

from decimal import Decimal

import msgspec

from actors.exchange.pricing import charge_for
from actors.rounding import ceil_to, common_step, floor_to
from actors.strategies.basis_rules import HOUR_NS, BasisParams
from actors.strategies.contract import StrategyContext
from actors.strategies.terms import Terms
from messages.instructions import Instruction, TradeInstruction
from messages.instruments import Instrument, VenueModel, instrument_id
from messages.market import Candle
from messages.units import BPS, BUY, MAKER, SELL, TAKER, Asset, Liquidity, Nanoseconds, Side

_ZERO, _ONE = Decimal(0), Decimal(1)

Wanted = list[Instruction]


class Sent(msgspec.Struct, kw_only=True):
    """An instruction of ours that is not at its end.

    Attributes:
        amount, filled: In base.
        price: Of a limit order; None: at the market.
        until: When a limit order has rested long enough, in nanoseconds.
        known: The venue has it.
        asked: We want it cancelled.
    """

    name: str
    side: Side
    amount: Decimal
    price: Decimal | None
    until: int
    filled: Decimal = _ZERO
    known: bool = False
    asked: bool = False

    def lost(self) -> None:
        """The engine says that it is gone: ask at the next slice how."""
        self.asked = self.known = False

    @property
    def rests(self) -> bool:
        """Whether it is a limit order that the venue has."""
        return self.price is not None and self.known


class State(msgspec.Struct, kw_only=True):
    """All that a restart must bring back; balances and positions come with the context.

    Attributes:
        own: Base that lay in the spot account before the first trade, and is left alone.
        cycle: Number of entries so far.
        target: Base to be held by the spot leg.
        moving: The spot leg is on its way to the target; else only the legs' difference counts.
        why: What the trades of now are for: the last part of their ids.
        given: How many ids of a kind were given in this cycle.
        at_market: The spot leg trades at the market from now on.
        missed: A hedge filled in part, and is tried once more.
        waiting: Something went wrong: no entry and no exit before the next funding payment.
        price: Of spot, when something was last wanted.
        paid: The funding window.
        spot, perp: What is under way.
    """

    own: Decimal | None = None
    cycle: int = 0
    target: Decimal = _ZERO
    moving: bool = False
    why: str = ""
    given: dict[str, int] = msgspec.field(default_factory=dict)
    at_market: bool = True
    missed: bool = False
    waiting: bool = False
    price: Decimal = _ZERO
    paid: str = ""
    spot: Sent | None = None
    perp: Sent | None = None


class Legs:
    """Gives the orders of both legs.

    Attributes:
        state: Of the strategy; a restart puts another in its place.
        spot, perp: The two markets.
        spot_model, perp_model: Their venues.
        step: Smallest amount that is a whole number of both markets' lots.
        shared: Both legs settle in one account.
    """

    def __init__(self, context: StrategyContext, params: BasisParams) -> None:
        self.state = State()
        self._context = context
        venues = {str(name): model for name, model in context.venues.items()}
        self.spot_model: VenueModel = venues[params.spot_venue]
        self.perp_model: VenueModel = venues[params.venue]
        self.spot = context.instruments[instrument_id(params.spot_venue, f"{params.base}/USDT")]
        self.perp = context.instruments[instrument_id(params.venue, f"{params.base}USDT-PERP")]
        self.step = common_step(self.spot.lot, self.perp.lot)
        self.shared = self.spot.account == self.perp.account
        self._fee_in_base = {liquidity: self._fee(liquidity) for liquidity in (MAKER, TAKER)}
        self._drift = params.drift_bps / BPS
        self._offset = params.limit_offset_bps / BPS
        self._wait_ns = params.limit_wait_h * HOUR_NS

    def _fee(self, liquidity: Liquidity) -> Decimal:
        """Return the part of a purchase that the venue keeps."""
        charge = charge_for(self.spot, self.spot_model.spot_fees, BUY, liquidity)
        return charge.rate if charge.in_base else _ZERO

    # --- the book ----------------------------------------------------------------------------------------------------

    def balance(self, market: Instrument, asset: Asset) -> Decimal:
        """Return what the account of a market holds of an asset."""
        return self._context.balances.get((market.account, asset), _ZERO)

    def held(self) -> Decimal:
        """Return the base that is ours to trade; what lay there before is not."""
        return max(self.balance(self.spot, self.spot.base) - (self.state.own or _ZERO), _ZERO)

    def short(self) -> Decimal:
        """Return the size of the short."""
        position = self._context.positions.get(self.perp.instrument_id)
        return _ZERO if position is None else -position.quantity

    def sellable(self, amount: Decimal, price: Decimal) -> bool:
        """Return whether the spot venue takes a sale of an amount at about a price."""
        lots = floor_to(amount, self.spot.lot)
        return lots > 0 and lots >= self.spot.min_quantity and lots * price >= self.spot.min_notional

    def is_flat(self, price: Decimal) -> bool:
        """Return whether nothing is held that could be sold, nothing is short, and nothing under way."""
        state = self.state
        return state.spot is None and state.perp is None and not self.short() and not self.sellable(self.held(), price)

    def _is_settled(self) -> bool:
        """Return whether the legs are on and stay: only their difference counts."""
        return bool(self.state.target) and not self.state.moving

    # --- the spot leg ------------------------------------------------------------------------------------------------

    def work_spot(self, at: Nanoseconds, candle: Candle) -> Wanted:
        """Look after the spot order, or give one; not while a hedge has to be tried again first."""
        state = self.state
        sent = state.spot
        if sent is None:
            if state.missed or self._is_settled():
                return []
            wanted = self.trade_spot(candle.close, at)
            state.moving = bool(wanted)
            return wanted
        if not sent.rests:
            return [self._instruction(self.spot, sent)]
        if at >= sent.until:
            state.at_market = True
        return self._cancel_if_over()

    def spot_at_market(self) -> Wanted:
        """Trade the spot leg to its target now; what rests makes way first."""
        return self.trade_spot(self.state.price) if self.state.spot is None else self._cancel_if_over()

    def cancel_resting(self) -> Wanted:
        """Cancel what rests, to be given again later."""
        sent = self.state.spot
        return [] if sent is None or not sent.rests else self._cancel(sent)

    def trade_spot(self, price: Decimal, at: Nanoseconds | None = None) -> Wanted:
        """Return the order that brings the spot leg to its target; without a time it goes to the market."""
        state, spot = self.state, self.spot
        rests = at is not None and not state.at_market
        held = self.held()
        want = state.target - held
        if want > 0:
            if held > 0 and (want < self.step or want * price < spot.min_notional):
                return []
            side, amount = BUY, want
            if want >= self.step:  # else the gate shall say that it is less than a lot
                amount = ceil_to(want / (_ONE - self._fee_in_base[MAKER if rests else TAKER]), spot.lot)
        else:
            side, amount = SELL, floor_to(-want, spot.lot)
            if not self.sellable(amount, price) or (state.target and amount < self.step):
                return []
        if not rests or at is None:
            return [self._send(spot, side, amount)]
        if side is BUY:
            limit = floor_to(price * (_ONE - self._offset), spot.tick)
        else:
            limit = ceil_to(price * (_ONE + self._offset), spot.tick)
        return [self._send(spot, side, amount, price=limit, until=at + self._wait_ns)]

    def _cancel_if_over(self) -> Wanted:
        """Cancel a resting order that has had its time, or trades the wrong way by now; ask again until it is gone."""
        state, sent = self.state, self.state.spot
        if sent is None or sent.price is None:
            return []
        wrong = (state.target > self.held()) is not (sent.side is BUY)
        return self._cancel(sent) if sent.asked or wrong or state.at_market else []

    def _cancel(self, sent: Sent) -> Wanted:
        sent.asked = True
        return [self._context.cancel(sent.name)]

    # --- the perp leg ------------------------------------------------------------------------------------------------

    def work_perp(self, candle: Candle) -> Wanted:
        """Look after the perp order, or give one where the legs have drifted apart."""
        state = self.state
        if state.perp is not None:
            return [self._instruction(self.perp, state.perp)]
        if not state.missed and self._is_settled():
            held, short = self.held(), self.short()
            if abs(held - short) <= self._drift * max(held, short):
                return []
            state.target, state.why = floor_to(held, self.step), "rebalance"
        return self.hedge(candle.close)

    def hedge(self, price: Decimal) -> Wanted:
        """Return the order that makes the short equal what is held, to the lot.

        It is never made larger than the target: what is to be sold needs no new hedge.

        Args:
            price: About what a unit costs now.
        """
        state, perp = self.state, self.perp
        if state.perp is not None:
            return []
        held, short = self.held(), self.short()
        goal = floor_to(min(held, max(short, state.target)), perp.lot)
        if not state.target and not self.sellable(held, price):
            goal = _ZERO  # dust that nobody buys
        gap = goal - short
        if gap > 0 and gap >= perp.min_quantity and gap * price >= perp.min_notional:
            return [self._send(perp, SELL, gap)]
        if gap < 0 and -gap >= perp.min_quantity:
            return [self._send(perp, BUY, -gap)]
        return []

    # --- instructions ------------------------------------------------------------------------------------------------

    def _send(
        self,
        market: Instrument,
        side: Side,
        amount: Decimal,
        *,
        price: Decimal | None = None,
        until: int = 0,
    ) -> TradeInstruction:
        state = self.state
        is_spot = market is self.spot
        kind = f"{'spot' if is_spot else 'perp'}-{state.why}"
        number = state.given[kind] = state.given.get(kind, 0) + 1
        name = f"b{state.cycle}-{kind}" if number == 1 else f"b{state.cycle}-{kind}-{number}"
        sent = Sent(name=name, side=side, amount=amount, price=price, until=until)
        if is_spot:
            state.spot = sent
        else:
            state.perp = sent
        return self._instruction(market, sent)

    def _instruction(self, market: Instrument, sent: Sent) -> TradeInstruction:
        """Return what was or is sent: made again it is the same."""
        terms: Terms = {}
        if sent.price is not None:
            terms = {"order_type": "LIMIT", "price": sent.price, "post_only": True}
        return self._context.trade(
            market.venue,
            market.symbol,
            sent.side,
            sent.amount,
            reduce_only=market is self.perp and sent.side is BUY,
            instruction_id=sent.name,
            **terms,
        )
