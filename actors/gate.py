"""The pre-trade gate: the one place that decides whether an instruction may be sent, and how much of it.

It looks at the state *after* the trade: what is held for open orders is not free, the margin of a perp counts every
open order filled the worse way (actors/margin.py), and a reduce-only order is cut to the position that is left when
every order in flight fills first. The checks run in the order of `Code`; the engine has made those up to DUPLICATE_ID
before it asks. What exceeds the free balance is refused, never cut; equality passes. What passes is held from here to
the order's end. An amendment is checked like a new order in place of the old one.

Where a venue has slippage protection, a market order passes with a worst acceptable price, at which it is held and goes
out as LIMIT and IOC (actors/protection.py); its reference is the price that it is measured against there. That holds
for what reduces as well: a stop is for what must get out at any price.

Nearly all that comes is a plain market order that passes: `_pass_plainly` takes what it fully understands, and leaves
everything else, and all words, to `_check_all`. A property test holds the two to the same answers.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from actors.contract import Actor, Address, Turn
from actors.exchange.pricing import is_fresh
from actors.holds import Hold, Holds, Market
from actors.ledger import Ledger
from actors.needs import Need, need_of, on_the_tick, rounded_price
from actors.order_limits import Refusal, not_afforded, too_low, wrong_size
from actors.protection import Guard, Protection
from actors.rounding import floor_to
from messages.book import BookChanged
from messages.instructions import (
    AmendNotPassed,
    AmendPassed,
    AmendReceived,
    Code,
    InstructionReceived,
    TradePassed,
    TradeRefused,
)
from messages.instruments import VenueModel
from messages.journal import Record
from messages.market import Candle, MarketSlice
from messages.orders import (
    AmendRejected,
    AmendSubmitted,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    OutcomeKnown,
)
from messages.units import BUY, LIMIT, MARKET, SECOND_NS, Amount, BaseAmount, InstrumentId, Price, VenueName, plain

_ZERO = Decimal(0)

GateMessage = (
    InstructionReceived
    | AmendReceived
    | MarketSlice
    | BookChanged
    | OutcomeKnown
    | OrderAmended
    | AmendRejected
    | OrderRejected
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
)


class Gate(Actor[GateMessage]):
    """Says whether an instruction may be sent; keeps the prices, balances, positions and holds that it needs.

    Args:
        candle_ns: How old a price may be on which an order is decided.
        price_ages_ns: The same, where a venue has its own.
        supports: Says why a venue does not take an order of this kind for this product; None if it does.
        protection: Slippage protection, of the venues that have it.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        venues: tuple[VenueModel, ...],
        candle_ns: int,
        max_order_notional: Decimal | None,
        engine: Address[TradePassed | TradeRefused | AmendPassed | AmendNotPassed],
        price_ages_ns: Mapping[VenueName, int] = MappingProxyType({}),
        supports: Callable[[InstructionReceived], str | None] | None = None,
        protection: Mapping[VenueName, Protection] = MappingProxyType({}),
    ) -> None:
        self._turn = turn
        self._engine = engine
        self._supports = supports
        self._price_ages_ns = price_ages_ns
        self._max_order_notional = max_order_notional
        self._holds = Holds(venues)
        self._markets = self._holds.markets
        self._guards: dict[InstrumentId, Guard] = {}
        for key, market in self._markets.items():
            name = market.instrument.venue
            market.max_age_ns = price_ages_ns.get(name, candle_ns)
            if name in protection:
                market.guard = self._guards[key] = Guard(protection[name], market.instrument.tick)
        self._epoch = 0  # of `Claim`: ends with anything that may take margin beside the plain way of an order
        self._folded = Ledger({key: market.instrument for key, market in self._markets.items()})  # only `apply` books
        self.handlers = {
            InstructionReceived: self._check_all if protection or supports is not None else self._check,
            AmendReceived: self._check_amendment,
            MarketSlice: self.apply_market,
            BookChanged: self._book,
            **dict.fromkeys(
                (OutcomeKnown, OrderAmended, AmendRejected, OrderRejected, OrderCancelled, OrderExpired, OrderUnknown),
                self._heard,
            ),
        }

    def apply(self, record: Record) -> None:
        entry = record.entry
        match entry:
            case OrderSubmitted():
                market = self._markets[entry.instrument]
                purse = self._holds.purses[market.instrument.account, entry.held_asset]
                if not entry.reduce_only:
                    market.add(entry.side, entry.amount)
                held, amount = entry.held_amount, entry.amount
                hold = Hold(market, purse, held, entry.side, amount, amount, entry.price, entry.reduce_only)
                self._holds.hold(entry.instruction_id, hold)
            case AmendSubmitted():
                if entry.instruction_id in self._holds.open:
                    self._holds.amending(entry.instruction_id, entry.amount, entry.price, entry.held_amount)
            case OrderAccepted():
                self._holds.known(entry.instruction_id)
            case OrderAmended() | AmendRejected() | OrderRejected() | OrderCancelled() | OrderExpired():
                self._heard(entry)
            case OrderUnknown():
                self._heard(entry)
            case _:
                pass
        if change := self._folded.fold(record):
            self._book(change)

    def apply_market(self, market: MarketSlice) -> None:
        self._epoch += 1
        markets = self._markets
        for candle in market.candles:
            markets[candle.instrument].candle = candle
        if self._guards:
            for candle in market.candles:
                if (guard := self._guards.get(candle.instrument)) is not None:
                    guard.saw(candle.close)
            for depth in market.depths:
                if (guard := self._guards.get(depth.instrument)) is not None:
                    guard.depth = depth

    def _check(self, instruction: InstructionReceived) -> None:
        if instruction.order_type is not MARKET or instruction.reduce_only or not self._pass_plainly(instruction):
            self._check_all(instruction)

    def _pass_plainly(self, instruction: InstructionReceived) -> bool:
        """Let a market order of a perp pass if nothing is against it; False leaves everything as it is."""
        market, side = self._markets[instruction.instrument], instruction.side
        instrument, candle = market.instrument, market.candle
        if (
            candle is None
            or market.unknown
            or not market.is_perp
            or self._turn.at - candle.closed_at >= market.max_age_ns
        ):
            return False
        mark, amount = candle.close, floor_to(instruction.amount, instrument.lot)
        notional, most = amount * mark, self._max_order_notional
        if (
            amount < instrument.min_quantity
            or notional < instrument.min_notional
            or (most is not None and notional > most)
        ):
            return False
        fixed = market.slippage.fixed
        if fixed is None:
            return False
        worst = mark * fixed[side]
        adverse = worst - mark if side is BUY else mark - worst
        need = amount * (worst * market.fees.taker + (adverse if adverse > _ZERO else _ZERO))  # noqa: FURB136 - quicker
        purse, claim, most_taken = market.quote, market.claim, need + notional  # (a leverage is at least one)
        market.add(side, amount)
        if claim.epoch == self._epoch and most_taken <= claim.bound:
            claim.bound -= most_taken
        else:
            free = purse.balance - purse.held + self._holds.margin_of(instrument.account)
            if need > free:
                market.add(side, -amount)
                return False
            claim.epoch, claim.bound = self._epoch, free - need
        # (No NewType is called here: each call would cost as much as the multiplication beside it.)
        self._holds.hold(instruction.instruction_id, Hold(market, purse, need, side, amount, amount, None, False))  # noqa: FBT003
        self._engine.tell(
            TradePassed(
                instruction=instruction,
                amount=amount,  # type: ignore[arg-type]
                reference_price=mark,
                held_asset=instrument.quote,
                held_amount=need,  # type: ignore[arg-type]
            )
        )
        return True

    def _check_all(self, instruction: InstructionReceived) -> None:
        self._epoch += 1
        side, reduce_only = instruction.side, instruction.reduce_only
        market = self._markets[instruction.instrument]
        candle = market.candle
        refusal = self._out_of_the_question(instruction, market, candle)
        if candle is None or refusal is not None:
            self._refuse(instruction, *(refusal or Refusal(Code.NO_PRICE, self._no_price(market), None)))
            return
        mark = candle.close
        amount: Decimal = instruction.amount
        if reduce_only:
            amount = min(amount, market.reducible(side))
        amount = floor_to(amount, market.instrument.lot)
        price, trigger = on_the_tick(instruction, market.instrument)
        order_type, reference = instruction.order_type, mark
        unslipped = mark if price is None else price
        if order_type is MARKET and market.guard is not None:
            known_since = self._turn.at - market.max_age_ns
            worst = market.guard.worst(side, mark, amount, not_before=known_since, reduce_only=reduce_only)
            if isinstance(worst, str):
                refusal = Refusal(Code.LIMIT_SLIPPAGE, worst, mark)
            else:
                order_type, price, reference = LIMIT, worst.price, worst.reference
                unslipped = reference
        lowest = min(mark if price is None else price, mark if trigger is None else trigger)
        size = wrong_size(market, amount, unslipped, reduce_only=reduce_only, most=self._max_order_notional)
        refusal = too_low(market, lowest) or size or refusal
        if refusal is not None:
            self._refuse(instruction, *refusal)
            return
        need = need_of(
            market,
            side,
            amount,
            order_type=order_type,
            price=price,
            trigger=trigger,
            trail_bps=instruction.trail_bps,
            reduce_only=reduce_only,
        )
        if need is None:
            self._refuse(instruction, Code.NO_PRICE, "the slippage model gives no price for this amount", mark)
            return
        refusal = not_afforded(self._holds, market, need, side, amount, reduce_only=reduce_only)
        if refusal is not None:
            self._refuse(instruction, *refusal)
            return
        self._pass(instruction, market, need, BaseAmount(amount), reference, price, trigger)

    def _out_of_the_question(
        self, instruction: InstructionReceived, market: Market, candle: Candle | None
    ) -> Refusal | None:
        """Return what is against an instruction before one looks at its amount; None only where there is a price."""
        if self._supports is not None and (why := self._supports(instruction)) is not None:
            return Refusal(Code.NOT_SUPPORTED, why, None)
        if market.unknown and self._is_frozen(instruction, market):
            return Refusal(Code.OUTCOME_UNKNOWN, "an order of this instrument has an unknown outcome", None)
        if candle is None or not is_fresh(candle, self._turn.at, market.max_age_ns):
            return Refusal(Code.NO_PRICE, self._no_price(market), None)
        if instruction.reduce_only and market.reducible(instruction.side) <= 0:
            return Refusal(Code.REDUCE_ONLY, "there is no position to reduce on this side", candle.close)
        return None

    def _no_price(self, market: Market) -> str:
        age_ns = self._price_ages_ns.get(market.instrument.venue)
        if age_ns is None:
            return "no candle closed less than one candle length ago"
        return f"no price came in the last {plain(Decimal(age_ns) / SECOND_NS)} s"

    def _pass(
        self,
        instruction: InstructionReceived,
        market: Market,
        need: Need,
        amount: BaseAmount,
        reference: Price,
        price: Price | None,
        trigger: Price | None,
    ) -> None:
        side, reduce_only = instruction.side, instruction.reduce_only
        self._holds.hold(
            instruction.instruction_id, Hold(market, need.purse, need.amount, side, amount, amount, price, reduce_only)
        )
        self._engine.tell(
            TradePassed(
                instruction=instruction,
                amount=amount,
                reference_price=reference,
                held_asset=need.asset,
                held_amount=need.amount,
                price=price,
                trigger_price=trigger,
            )
        )

    def _check_amendment(self, wanted: AmendReceived) -> None:
        self._epoch += 1
        hold = self._holds.open.get(wanted.instruction_id)
        if hold is None or hold.price is None or hold.change is not None:
            self._not_amended(wanted, Code.NOT_OPEN, "the order is gone, or another change of it is under way")
            return
        market = hold.market
        instrument, candle = market.instrument, market.candle
        if hold.unknown or market.unknown:
            self._not_amended(wanted, Code.OUTCOME_UNKNOWN, "an order of this instrument has an unknown outcome")
            return
        if candle is None or not is_fresh(candle, self._turn.at, market.max_age_ns):
            self._not_amended(wanted, Code.NO_PRICE, self._no_price(market))
            return
        price = hold.price
        if wanted.price is not None:
            price = rounded_price(wanted.price, hold.side, instrument)
        amount = hold.amount if wanted.amount is None else floor_to(wanted.amount, instrument.lot)
        refusal = too_low(market, price) or wrong_size(
            market, amount, price, reduce_only=hold.reduce_only, most=self._max_order_notional
        )
        left = max(amount - hold.filled, _ZERO)
        need = need_of(market, hold.side, left, order_type=LIMIT, price=price, reduce_only=hold.reduce_only)
        if refusal is None and need is not None:
            extra = Need(need.asset, Amount(need.amount - hold.held), need.purse, need.is_collateral)
            if extra.amount > 0 or left > hold.left:
                more = max(left - hold.left, _ZERO)
                refusal = not_afforded(self._holds, market, extra, hold.side, more, reduce_only=hold.reduce_only)
                if refusal is None and not hold.reduce_only:
                    market.add(hold.side, -more)  # `amending` counts it
        if refusal is not None or need is None:
            code, detail = (Code.NO_PRICE, "no price") if refusal is None else (refusal.code, refusal.detail)
            self._not_amended(wanted, code, detail)
            return
        self._holds.amending(wanted.instruction_id, amount, price, need.amount)
        self._engine.tell(
            AmendPassed(
                instruction_id=wanted.instruction_id, price=price, amount=BaseAmount(amount), held_amount=need.amount
            )
        )

    def _not_amended(self, wanted: AmendReceived, code: Code, detail: str) -> None:
        self._engine.tell(AmendNotPassed(instruction_id=wanted.instruction_id, code=code, detail=detail))

    def _refuse(self, instruction: InstructionReceived, code: Code, detail: str, price: Price | None) -> None:
        self._engine.tell(TradeRefused(instruction=instruction, code=code, detail=detail, price=price))

    @staticmethod
    def _is_frozen(instruction: InstructionReceived, market: Market) -> bool:
        """Return whether an instruction is not safe beside an order whose outcome is unknown.

        A reduce-only one is, as far as there is something to reduce whether or not the unknown ones fill: it is cut to
        that.
        """
        return not instruction.reduce_only or market.reducible(instruction.side) <= 0

    def _heard(self, event: GateMessage) -> None:
        holds = self._holds
        match event:
            case OutcomeKnown():
                holds.known(event.instruction_id)
            case OrderAmended() | AmendRejected():
                holds.settled(event.instruction_id, changed=isinstance(event, OrderAmended))
                if isinstance(event, OrderAmended):
                    holds.is_now(event.instruction_id, event.amount, event.price)
            case OrderUnknown():
                holds.lost(event.instruction_id)
            case OrderRejected() | OrderCancelled() | OrderExpired():
                holds.release(event.instruction_id)
            case _:
                pass

    def _book(self, book: BookChanged) -> None:
        fact = book.fact
        if type(fact) is OrderFilled:
            self._holds.filled(fact.instruction_id, fact.amount)
        if book.position is None or type(fact) is not OrderFilled:
            self._epoch += 1
        position, balances = book.position, book.balances
        if position is not None:
            market = self._markets[position.instrument]
            market.quantity, market.cost = position.quantity, position.cost
            if len(balances) == 1:  # of a perp that is its quote
                market.quote.balance = balances[0].amount
                return
        for balance in balances:
            self._holds.purses[balance.account, balance.asset].balance = balance.amount
