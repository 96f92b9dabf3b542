"""The pre-trade gate: the one place that decides whether an instruction may be sent, and how much of it.

It looks at the state *after* the trade: what is held for orders in flight is not free, and a reduce-only order is cut
to the position that is left when every order in flight fills the worse way. The checks run in the order of `Code`; the
engine has made those up to DUPLICATE_ID before it asks. What exceeds the free balance is refused, never cut; equality
passes. What passes is held from here to the order's end.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from actors.contract import Actor, Address, Turn
from actors.exchange.pricing import Slippage, is_fresh, needed
from actors.ledger import Ledger
from actors.rounding import floor_to
from messages.book import BookChanged
from messages.instructions import Code, InstructionReceived, TradePassed, TradeRefused
from messages.instruments import FeeRates, Instrument, VenueModel
from messages.journal import Record
from messages.market import Candle, MarketSlice
from messages.orders import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    OutcomeKnown,
)
from messages.units import (
    PERP,
    SELL,
    AccountName,
    Asset,
    BaseAmount,
    InstructionId,
    InstrumentId,
    Price,
    Side,
    plain,
)

_ZERO = Decimal(0)

GateMessage = (
    InstructionReceived
    | MarketSlice
    | BookChanged
    | OutcomeKnown
    | OrderRejected
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
)


class _Purse(msgspec.Struct):
    """An asset in an account: all of it, and what is held for orders in flight."""

    balance: Decimal = _ZERO
    held: Decimal = _ZERO


class _Hold(msgspec.Struct):
    """What one order in flight may still take from a purse, and what it may still do to the position."""

    purse: _Purse
    held: Decimal
    instrument: InstrumentId
    side: Side
    left: Decimal
    unknown: bool = False


class Gate(Actor[GateMessage]):
    """Says whether an instruction may be sent; keeps the prices, balances, positions and holds that it needs."""

    def __init__(
        self,
        *,
        turn: Turn,
        venues: tuple[VenueModel, ...],
        candle_ns: int,
        max_order_notional: Decimal | None,
        engine: Address[TradePassed | TradeRefused],
    ) -> None:
        self._turn = turn
        self._engine = engine
        self._candle_ns = candle_ns
        self._max_order_notional = max_order_notional
        self._markets: Mapping[InstrumentId, tuple[Instrument, FeeRates, Slippage]] = {
            each.instrument_id: (
                each,
                venue.perp_fees if each.trade_type is PERP else venue.spot_fees,
                Slippage(venue.slippage),
            )
            for venue in venues
            for each in venue.instruments
        }
        self._candles: dict[InstrumentId, Candle] = {}
        self._purses: defaultdict[tuple[AccountName, Asset], _Purse] = defaultdict(_Purse)
        self._positions: dict[InstrumentId, Decimal] = {}
        self._holds: dict[InstructionId, _Hold] = {}
        self._folded = Ledger({key: market[0] for key, market in self._markets.items()})  # only `apply` books here
        self.handlers = {
            InstructionReceived: self._check,
            MarketSlice: self.apply_market,
            BookChanged: self._book,
            OutcomeKnown: self._known_again,
            OrderUnknown: self._unknown,
            OrderRejected: self._ended,
            OrderCancelled: self._ended,
            OrderExpired: self._ended,
        }

    def apply(self, record: Record) -> None:
        match record.entry:
            case OrderSubmitted() as intent:
                purse = self._purses[self._markets[intent.instrument][0].account, intent.held_asset]
                purse.held += intent.held_amount
                self._holds[intent.instruction_id] = _Hold(
                    purse, intent.held_amount, intent.instrument, intent.side, intent.amount
                )
            case OrderAccepted() as event:
                self._known_again(event)
            case OrderUnknown() as event:
                self._unknown(event)
            case OrderRejected() | OrderCancelled() | OrderExpired() as event:
                self.receive(event)
            case _:
                pass
        if change := self._folded.fold(record):
            self._book(change)

    def apply_market(self, market: MarketSlice) -> None:
        candles = self._candles
        for candle in market.candles:
            candles[candle.instrument] = candle

    def _check(self, instruction: InstructionReceived) -> None:
        instrument, fees, slippage = self._markets[instruction.instrument]
        candle = self._candles.get(instrument.instrument_id)
        if self._holds and self._is_frozen(instruction):
            self._refuse(instruction, Code.OUTCOME_UNKNOWN, "an order of this instrument has an unknown outcome", None)
            return
        if candle is None or not is_fresh(candle, self._turn.at, self._candle_ns):
            self._refuse(instruction, Code.NO_PRICE, "no candle closed less than one candle length ago", None)
            return
        price = candle.close
        amount: Decimal = instruction.amount
        if instruction.reduce_only:
            reducible = self._reducible(instrument.instrument_id, instruction.side)
            if reducible <= 0:
                self._refuse(instruction, Code.REDUCE_ONLY, "there is no position to reduce on this side", price)
                return
            amount = min(amount, reducible)
        amount = floor_to(amount, instrument.lot)
        if not amount or amount < instrument.min_quantity:
            least = max(instrument.min_quantity, instrument.lot)
            detail = f"{plain(amount)} {instrument.base} in whole lots, at least {plain(least)} needed"
            self._refuse(instruction, Code.BELOW_LOT, detail, price)
            return
        notional = amount * price
        if notional < instrument.min_notional and not instruction.reduce_only:
            detail = f"{plain(notional)} {instrument.quote}, at least {plain(instrument.min_notional)} needed"
            self._refuse(instruction, Code.BELOW_NOTIONAL, detail, price)
            return
        if self._max_order_notional is not None and notional > self._max_order_notional:
            detail = f"{plain(notional)} {instrument.quote}, at most {plain(self._max_order_notional)} allowed"
            self._refuse(instruction, Code.LIMIT_ORDER_NOTIONAL, detail, price)
            return
        worst = slippage.price(candle, instrument, instruction.side, amount)
        if worst is None:
            self._refuse(instruction, Code.NO_PRICE, "the slippage model gives no price for this amount", price)
            return
        asset, need = needed(instrument, instruction.side, amount, worst, fees.taker)
        purse = self._purses[instrument.account, asset]
        free = purse.balance - purse.held
        if need > free:
            detail = f"{plain(need)} {asset} needed in {instrument.account}, {plain(free)} free"
            self._refuse(instruction, Code.INSUFFICIENT_BALANCE, detail, price)
            return
        purse.held += need
        self._holds[instruction.instruction_id] = _Hold(purse, need, instrument.instrument_id, instruction.side, amount)
        self._engine.tell(
            TradePassed(
                instruction=instruction,
                amount=BaseAmount(amount),
                reference_price=price,
                held_asset=asset,
                held_amount=need,
            )
        )

    def _refuse(self, instruction: InstructionReceived, code: Code, detail: str, price: Price | None) -> None:
        self._engine.tell(TradeRefused(instruction=instruction, code=code, detail=detail, price=price))

    def _reducible(self, instrument: InstrumentId, side: Side) -> Decimal:
        """Return how much of the position is left for an order on this side when all in flight fill the worse way."""
        quantity = self._positions.get(instrument, _ZERO)
        open_amount = quantity if side is SELL else -quantity
        for hold in self._holds.values():
            if hold.instrument == instrument and hold.side is side:
                open_amount -= hold.left
        return open_amount

    def _is_frozen(self, instruction: InstructionReceived) -> bool:
        """Return whether an order of the instrument has an unknown outcome and this one is not safe beside it.

        A reduce-only order is, as far as there is something to reduce whether or not the unknown ones fill: it is cut
        to that.
        """
        unknown = any(hold.unknown and hold.instrument == instruction.instrument for hold in self._holds.values())
        if not unknown:
            return False
        return not instruction.reduce_only or self._reducible(instruction.instrument, instruction.side) <= 0

    def _filled(self, fill: OrderFilled) -> None:
        hold = self._holds.get(fill.instruction_id)
        if hold is None:
            return
        if fill.amount >= hold.left:
            self._release(fill.instruction_id)
            return
        freed = hold.held * fill.amount / hold.left
        hold.purse.held -= freed
        hold.held -= freed
        hold.left -= fill.amount

    def _known_again(self, event: OutcomeKnown | OrderAccepted) -> None:
        if hold := self._holds.get(event.instruction_id):
            hold.unknown = False

    def _unknown(self, event: OrderUnknown) -> None:
        if hold := self._holds.get(event.instruction_id):
            hold.unknown = True

    def _ended(self, event: OrderRejected | OrderCancelled | OrderExpired) -> None:
        self._release(event.instruction_id)

    def _release(self, key: InstructionId) -> None:
        hold = self._holds.pop(key, None)
        if hold is not None:
            hold.purse.held -= hold.held

    def _book(self, book: BookChanged) -> None:
        fact = book.fact
        if isinstance(fact, OrderFilled):
            self._filled(fact)
        for balance in book.balances:
            self._purses[balance.account, balance.asset].balance = balance.amount
        if book.position is not None:
            self._positions[book.position.instrument] = book.position.quantity
