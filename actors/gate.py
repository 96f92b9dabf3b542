"""The pre-trade gate: the one place that decides whether an instruction may be sent, and how much of it.

It looks at the state *after* the trade: what is held for open orders is not free, the margin of a perp counts every
open order filled the worse way (actors/margin.py), and a reduce-only order is cut to the position that is left when
every order in flight fills first. The checks run in the order of `Code`; the engine has made those up to DUPLICATE_ID
before it asks. What exceeds the free balance is refused, never cut; equality passes. What passes is held from here to
the order's end. An amendment is checked like a new order in place of the old one.

Nearly all that comes is a plain market order that passes: `_pass_plainly` takes what it fully understands, and leaves
everything else, and all words, to `_check_all`. A property test holds the two to the same answers.
"""

from decimal import Decimal
from typing import NamedTuple

from actors.contract import Actor, Address, Turn
from actors.exchange.pricing import is_fresh
from actors.holds import Hold, Holds, Market
from actors.ledger import Ledger
from actors.needs import Need, need_of, on_the_tick, rounded_price
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
from messages.market import MarketSlice
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
from messages.units import BUY, LIMIT, MARKET, PERP, Amount, BaseAmount, Price, Side, plain

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


class _Refusal(NamedTuple):
    code: Code
    detail: str
    price: Price | None


class Gate(Actor[GateMessage]):
    """Says whether an instruction may be sent; keeps the prices, balances, positions and holds that it needs."""

    def __init__(
        self,
        *,
        turn: Turn,
        venues: tuple[VenueModel, ...],
        candle_ns: int,
        max_order_notional: Decimal | None,
        engine: Address[TradePassed | TradeRefused | AmendPassed | AmendNotPassed],
    ) -> None:
        self._turn = turn
        self._engine = engine
        self._candle_ns = candle_ns
        self._max_order_notional = max_order_notional
        self._holds = Holds(venues)
        self._markets = self._holds.markets
        self._epoch = 0  # of `Claim`: ends with anything that may take margin beside the plain way of an order
        self._folded = Ledger({key: market.instrument for key, market in self._markets.items()})  # only `apply` books
        self.handlers = {
            InstructionReceived: self._check,
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
                self._holds.hold(
                    entry.instruction_id,
                    Hold(
                        market,
                        purse,
                        entry.held_amount,
                        entry.side,
                        entry.amount,
                        entry.amount,
                        entry.price,
                        entry.reduce_only,
                    ),
                )
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
            or self._turn.at - candle.closed_at >= self._candle_ns
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
        instrument, candle = market.instrument, market.candle
        if market.unknown and self._is_frozen(instruction, market):
            self._refuse(instruction, Code.OUTCOME_UNKNOWN, "an order of this instrument has an unknown outcome", None)
            return
        if candle is None or not is_fresh(candle, self._turn.at, self._candle_ns):
            self._refuse(instruction, Code.NO_PRICE, "no candle closed less than one candle length ago", None)
            return
        mark = candle.close
        amount: Decimal = instruction.amount
        if reduce_only:
            reducible = market.reducible(side)
            if reducible <= 0:
                self._refuse(instruction, Code.REDUCE_ONLY, "there is no position to reduce on this side", mark)
                return
            amount = min(amount, reducible)
        amount = floor_to(amount, instrument.lot)
        price, trigger = on_the_tick(instruction, instrument)
        lowest = min(mark if price is None else price, mark if trigger is None else trigger)
        refusal = self._too_low(market, lowest) or self._size(
            market, amount, mark if price is None else price, reduce_only=reduce_only
        )
        if refusal is not None:
            self._refuse(instruction, *refusal)
            return
        need = need_of(
            market,
            side,
            amount,
            order_type=instruction.order_type,
            price=price,
            trigger=trigger,
            trail_bps=instruction.trail_bps,
            reduce_only=reduce_only,
        )
        if need is None:
            self._refuse(instruction, Code.NO_PRICE, "the slippage model gives no price for this amount", mark)
            return
        refusal = self._afford(market, need, side, amount, reduce_only=reduce_only)
        if refusal is not None:
            self._refuse(instruction, *refusal)
            return
        self._holds.hold(
            instruction.instruction_id, Hold(market, need.purse, need.amount, side, amount, amount, price, reduce_only)
        )
        self._engine.tell(
            TradePassed(
                instruction=instruction,
                amount=BaseAmount(amount),
                reference_price=mark,
                held_asset=need.asset,
                held_amount=need.amount,
                price=price,
                trigger_price=trigger,
            )
        )

    @staticmethod
    def _too_low(market: Market, price: Decimal) -> _Refusal | None:
        """Return what is wrong with a price that was rounded to nothing."""
        if price > 0:
            return None
        mark = None if market.candle is None else market.candle.close
        detail = f"a price is less than one tick ({plain(market.instrument.tick)})"
        return _Refusal(Code.NO_PRICE, detail, mark)

    def _size(self, market: Market, amount: Decimal, price: Decimal, *, reduce_only: bool) -> _Refusal | None:
        """Return what is wrong with an amount (base) at a price, as far as that depends on nothing else."""
        instrument = market.instrument
        mark = None if market.candle is None else market.candle.close
        if not amount or amount < instrument.min_quantity:
            least = max(instrument.min_quantity, instrument.lot)
            detail = f"{plain(amount)} {instrument.base} in whole lots, at least {plain(least)} needed"
            return _Refusal(Code.BELOW_LOT, detail, mark)
        notional = amount * price
        if notional < instrument.min_notional and not reduce_only:
            detail = f"{plain(notional)} {instrument.quote}, at least {plain(instrument.min_notional)} needed"
            return _Refusal(Code.BELOW_NOTIONAL, detail, mark)
        if self._max_order_notional is not None and notional > self._max_order_notional:
            detail = f"{plain(notional)} {instrument.quote}, at most {plain(self._max_order_notional)} allowed"
            return _Refusal(Code.LIMIT_ORDER_NOTIONAL, detail, mark)
        return None

    def _afford(self, market: Market, need: Need, side: Side, more: Decimal, *, reduce_only: bool) -> _Refusal | None:
        """Return why an account can't carry an order, None if it can: then what it may add to the position is counted.

        Args:
            market: Of the order.
            need: What it takes beyond what is held for it.
            side: Of the order.
            more: What it may still add to the position beyond what is counted for it, in base.
            reduce_only: It adds nothing.
        """
        instrument, purse = market.instrument, need.purse
        free = purse.balance - purse.held
        if not reduce_only:
            market.add(side, more)
        if instrument.trade_type is PERP:
            if reduce_only:
                free += self._holds.unrealised_of(instrument.account)
            else:
                free += self._holds.margin_of(instrument.account)
            code = Code.INSUFFICIENT_MARGIN
            detail = f"{plain(need.amount)} {need.asset} needed beside the margin in {instrument.account}"
        else:
            code = Code.INSUFFICIENT_BALANCE
            detail = f"{plain(need.amount)} {need.asset} needed in {instrument.account}"
            if need.amount <= free and need.is_collateral and self._holds.has_perps(instrument.account):
                code = Code.INSUFFICIENT_MARGIN
                free += self._holds.margin_of(instrument.account)
        if need.amount <= free:
            return None
        if not reduce_only:
            market.add(side, -more)
        mark = None if market.candle is None else market.candle.close
        return _Refusal(code, f"{detail}, {plain(free)} free", mark)

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
        if candle is None or not is_fresh(candle, self._turn.at, self._candle_ns):
            self._not_amended(wanted, Code.NO_PRICE, "no candle closed less than one candle length ago")
            return
        price = hold.price
        if wanted.price is not None:
            price = rounded_price(wanted.price, hold.side, instrument)
        amount = hold.amount if wanted.amount is None else floor_to(wanted.amount, instrument.lot)
        refusal = self._too_low(market, price) or self._size(market, amount, price, reduce_only=hold.reduce_only)
        left = max(amount - hold.filled, _ZERO)
        need = need_of(market, hold.side, left, order_type=LIMIT, price=price, reduce_only=hold.reduce_only)
        if refusal is None and need is not None:
            extra = Need(need.asset, Amount(need.amount - hold.held), need.purse, need.is_collateral)
            if extra.amount > 0 or left > hold.left:
                more = max(left - hold.left, _ZERO)
                refusal = self._afford(market, extra, hold.side, more, reduce_only=hold.reduce_only)
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
