"""The pre-trade gate: the one place that decides whether an instruction may be sent, and how much of it.

It looks at the state *after* the trade: what is held for orders in flight is not free, and a reduce-only order is cut
to the position that is left when every order in flight fills the worse way. The checks run in the order of `Code`; the
engine has made those up to DUPLICATE_ID before it asks. What exceeds the free balance is refused, never cut; equality
passes. What passes is held from here to the order's end.
"""

from collections.abc import Mapping
from decimal import Decimal

from actors.contract import Actor, Address, Turn
from actors.exchange.pricing import is_fresh, needed, slipped_price
from actors.ledger import Ledger
from actors.rounding import floor_to
from messages.book import BookChanged
from messages.instructions import CheckTrade, Code, TradeInstruction, TradePassed, TradeRefused
from messages.instruments import FeeRates, Instrument, SlippageModel, VenueModel
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
)
from messages.units import (
    BUY,
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
    CheckTrade
    | MarketSlice
    | BookChanged
    | OrderAccepted
    | OrderRejected
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
)


class _Hold:
    """What one order in flight may still take, and what it may still do to the position."""

    __slots__ = ("account", "asset", "held", "instrument", "left", "side", "unknown")

    def __init__(
        self, account: AccountName, asset: Asset, held: Decimal, instrument: InstrumentId, side: Side, left: Decimal
    ) -> None:
        self.account = account
        self.asset = asset
        self.held = held
        self.instrument = instrument
        self.side = side
        self.left = left
        self.unknown = False


class Gate(Actor[GateMessage]):
    """Answers `CheckTrade`, and keeps the prices, balances, positions and holds that it needs for that."""

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
        self._markets: Mapping[InstrumentId, tuple[Instrument, FeeRates, SlippageModel]] = {
            each.instrument_id: (
                each,
                venue.perp_fees if each.trade_type is PERP else venue.spot_fees,
                venue.slippage,
            )
            for venue in venues
            for each in venue.instruments
        }
        self._candles: dict[InstrumentId, Candle] = {}
        self._free: dict[tuple[AccountName, Asset], Decimal] = {}  # balance less what is held
        self._held: dict[tuple[AccountName, Asset], Decimal] = {}
        self._positions: dict[InstrumentId, Decimal] = {}
        self._holds: dict[InstructionId, _Hold] = {}
        self._folded = Ledger({key: market[0] for key, market in self._markets.items()})  # only `apply` books here
        self.handlers = {
            CheckTrade: self._check,
            MarketSlice: self.apply_market,
            BookChanged: self._book,
            OrderAccepted: self._known_again,
            OrderUnknown: self._unknown,
            OrderRejected: self._ended,
            OrderCancelled: self._ended,
            OrderExpired: self._ended,
        }

    def apply(self, record: Record) -> None:
        match record.entry:
            case OrderSubmitted() as intent:
                self._hold(
                    intent.instruction_id,
                    intent.instrument,
                    intent.side,
                    intent.amount,
                    intent.held_asset,
                    intent.held_amount,
                )
            case OrderAccepted() | OrderUnknown() as event:
                self.receive(event)
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

    def _check(self, check: CheckTrade) -> None:
        instruction = check.instruction
        instrument, fees, model = self._markets[instruction.instrument]
        candle = self._candles.get(instrument.instrument_id)
        if self._holds and self._is_frozen(instruction, instrument):
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
        worst = slipped_price(candle, instrument, instruction.side, amount, model)
        if worst is None:
            self._refuse(instruction, Code.NO_PRICE, "the slippage model gives no price for this amount", price)
            return
        asset, need = needed(instrument, instruction.side, amount, worst, fees.taker)
        free = self._free.get((instrument.account, asset), _ZERO)
        if need > free:
            detail = f"{plain(need)} {asset} needed in {instrument.account}, {plain(free)} free"
            self._refuse(instruction, Code.INSUFFICIENT_BALANCE, detail, price)
            return
        self._hold(instruction.instruction_id, instrument.instrument_id, instruction.side, amount, asset, need)
        self._engine.tell(
            TradePassed(
                instruction=instruction,
                amount=BaseAmount(amount),
                reference_price=price,
                held_asset=asset,
                held_amount=need,
            )
        )

    def _refuse(self, instruction: TradeInstruction, code: Code, detail: str, price: Price | None) -> None:
        self._engine.tell(TradeRefused(instruction=instruction, code=code, detail=detail, price=price))

    def _reducible(self, instrument: InstrumentId, side: Side) -> Decimal:
        """Return how much of the position is left for an order on this side when all in flight fill the worse way."""
        quantity = self._positions.get(instrument, _ZERO)
        open_amount = quantity if side is SELL else -quantity
        for hold in self._holds.values():
            if hold.instrument == instrument and hold.side is side:
                open_amount -= hold.left
        return open_amount

    def _is_frozen(self, instruction: TradeInstruction, instrument: Instrument) -> bool:
        """Return whether an unknown order of the instrument stands against it.

        A reduce-only order passes: it is cut to what can be reduced whether or not the unknown order filled.
        """
        for hold in self._holds.values():
            if hold.unknown and hold.instrument == instrument.instrument_id:
                return not (instruction.reduce_only and self._safe_in_both_worlds(instruction, hold))
        return False

    def _safe_in_both_worlds(self, instruction: TradeInstruction, unknown: _Hold) -> bool:
        """Return whether the position can be reduced on this side with the unknown order filled, and without."""
        quantity = self._positions.get(unknown.instrument, _ZERO)
        filled = quantity + (unknown.left if unknown.side is BUY else -unknown.left)
        if instruction.side is BUY:
            quantity, filled = -quantity, -filled
        return min(quantity, filled) >= instruction.amount

    def _hold(
        self, key: InstructionId, instrument: InstrumentId, side: Side, amount: Decimal, asset: Asset, need: Decimal
    ) -> None:
        account = self._markets[instrument][0].account
        self._holds[key] = _Hold(account, asset, need, instrument, side, amount)
        place = account, asset
        self._held[place] = self._held.get(place, _ZERO) + need
        self._free[place] = self._free.get(place, _ZERO) - need

    def _filled(self, fill: OrderFilled) -> None:
        hold = self._holds.get(fill.instruction_id)
        if hold is None:
            return
        if fill.amount >= hold.left:
            self._release(fill.instruction_id)
            return
        self._give_back(hold, hold.held * fill.amount / hold.left)
        hold.left -= fill.amount

    def _known_again(self, event: OrderAccepted) -> None:
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
            self._give_back(hold, hold.held)

    def _give_back(self, hold: _Hold, amount: Decimal) -> None:
        place = hold.account, hold.asset
        hold.held -= amount
        self._held[place] -= amount
        self._free[place] += amount

    def _book(self, book: BookChanged) -> None:
        fact = book.fact
        if isinstance(fact, OrderFilled):
            self._filled(fact)
        for balance in book.balances:
            place = balance.account, balance.asset
            self._free[place] = balance.amount - self._held.get(place, _ZERO)
        if book.position is not None:
            self._positions[book.position.instrument] = book.position.quantity
