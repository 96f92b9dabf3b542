"""A centralised exchange in a simulation: one class for Binance, Bybit and OKX, whose rules are data.

Market orders fill at the last completed close moved by the slippage model, whole and once. It keeps its own record of
positions, as a real exchange does; ours is the position monitor's. It knows an order by the client's id: the same id
again is answered again and places nothing.
"""

from collections import OrderedDict
from decimal import Decimal

from actors.contract import Actor, Address, Turn
from actors.exchange.pricing import Slippage, funding_payment, is_fresh, trade_fee
from actors.rounding import is_multiple
from messages.instruments import VenueModel
from messages.journal import Record
from messages.market import Candle, FundingPaid, FundingRate, MarketSlice, SettleFunding, StaleMark
from messages.orders import OrderAccepted, OrderEvent, OrderFilled, OrderRejected, OrderSubmitted, SubmitOrder
from messages.units import BUY, PERP, SELL, TAKER, BaseAmount, ClientOrderId, InstrumentId, OrderId, Rate, TradeId

_ZERO = Decimal(0)
_REMEMBERED = 64
"""Orders whose answers can be given again."""

VenueMessage = SubmitOrder | MarketSlice | SettleFunding


class SimulatedExchange(Actor[VenueMessage]):
    """Fills orders from history, as the venue's rules and the slippage model say.

    Args:
        turn: For the time at which a price is still fresh.
        model: Instruments, fees and slippage.
        candle_ns: Length of a candle.
        engine: Hears what becomes of orders.
        log: Is told of funding.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        model: VenueModel,
        candle_ns: int,
        engine: Address[OrderEvent],
        log: Address[FundingPaid | StaleMark],
    ) -> None:
        self._turn = turn
        self._model = model
        self._slippage = Slippage(model.slippage)
        self._candle_ns = candle_ns
        self._engine = engine
        self._log = log
        self._instruments = {each.instrument_id: each for each in model.instruments}
        self._candles: dict[InstrumentId, Candle] = {}
        self._positions: dict[InstrumentId, Decimal] = {}
        self._orders = 0
        self._trades = 0
        self._answers: OrderedDict[ClientOrderId, tuple[OrderEvent, ...]] = OrderedDict()
        self.handlers = {
            SubmitOrder: self._submit,
            MarketSlice: self.apply_market,
            SettleFunding: self._settle,
        }

    def apply(self, record: Record) -> None:
        entry = record.entry
        if isinstance(entry, OrderAccepted | OrderRejected | OrderFilled) and entry.venue == self._model.venue:
            self._remember(entry.client_order_id, (entry,))

    def apply_market(self, market: MarketSlice) -> None:
        instruments, candles = self._instruments, self._candles
        for candle in market.candles:
            if candle.instrument in instruments:
                candles[candle.instrument] = candle

    def _submit(self, command: SubmitOrder) -> None:
        order = command.intent
        answers = self._answers.get(order.client_order_id)
        if answers is None:
            answers = self._place(order)
            self._remember(order.client_order_id, answers)
        for answer in answers:
            self._engine.tell(answer)

    def _place(self, order: OrderSubmitted) -> tuple[OrderEvent, ...]:
        instrument = self._instruments[order.instrument]
        candle = self._candles.get(order.instrument)
        if order.amount < instrument.min_quantity or not is_multiple(order.amount, instrument.lot):
            return (self._rejection(order, "LOT", "the amount is not a whole number of lots"),)
        if order.reduce_only and order.amount > self._reducible(order):
            return (self._rejection(order, "REDUCE_ONLY", "the order would open or enlarge a position"),)
        if candle is None or not is_fresh(candle, self._turn.at, self._candle_ns):
            return (self._rejection(order, "NO_PRICE", "no trading at this instant"),)
        price = self._slippage.price(candle, instrument, order.side, order.amount)
        if price is None:
            return (self._rejection(order, "NO_PRICE", "nobody trades this amount"),)
        fees = self._model.perp_fees if instrument.trade_type is PERP else self._model.spot_fees
        fee, fee_asset = trade_fee(instrument, order.side, order.amount, price, fees.taker)
        order_id = OrderId(f"{order.venue}-{self._orders + 1}")
        accepted = OrderAccepted(
            venue=order.venue,
            instrument=order.instrument,
            order_id=order_id,
            client_order_id=order.client_order_id,
            instruction_id=order.instruction_id,
        )
        filled = OrderFilled(
            venue=order.venue,
            instrument=order.instrument,
            side=order.side,
            amount=order.amount,
            price=price,
            fee=fee,
            fee_asset=fee_asset,
            liquidity=TAKER,
            order_id=order_id,
            client_order_id=order.client_order_id,
            trade_id=TradeId(f"{order.venue}-t{self._trades + 1}"),
            instruction_id=order.instruction_id,
        )
        return accepted, filled

    def _reducible(self, order: OrderSubmitted) -> Decimal:
        quantity = self._positions.get(order.instrument, _ZERO)
        return quantity if order.side is SELL else -quantity

    def _remember(self, order: ClientOrderId, news: tuple[OrderEvent, ...]) -> None:
        """Keep what was answered, and what it means for the position. The one place where an order changes state."""
        known = self._answers.get(order)
        self._answers[order] = (*known, *news) if known else news
        if not known:
            self._orders += 1
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
        fill = news[-1]
        if isinstance(fill, OrderFilled):
            self._trades += 1
            if self._instruments[fill.instrument].trade_type is PERP:
                change = fill.amount if fill.side is BUY else -fill.amount
                self._positions[fill.instrument] = self._positions.get(fill.instrument, _ZERO) + change

    def _rejection(self, order: OrderSubmitted, reason: str, detail: str) -> OrderRejected:
        return OrderRejected(
            venue=order.venue,
            instrument=order.instrument,
            client_order_id=order.client_order_id,
            instruction_id=order.instruction_id,
            by="venue",
            reason=reason,
            detail=detail,
        )

    def _settle(self, settle: SettleFunding) -> None:
        for rate in settle.funding:
            self._pay(rate)

    def _pay(self, funding: FundingRate) -> None:
        """Pay funding on a position at the last close, stale or not."""
        quantity = self._positions.get(funding.instrument, _ZERO)
        if not quantity:
            return
        candle = self._candles[funding.instrument]
        if not is_fresh(candle, self._turn.at, self._candle_ns):
            self._log.tell(
                StaleMark(
                    venue=self._model.venue,
                    instrument=funding.instrument,
                    mark=candle.close,
                    closed_at=candle.closed_at,
                    used_for="funding",
                )
            )
        amount = funding_payment(BaseAmount(quantity), candle.close, funding.rate)
        self._log.tell(
            FundingPaid(
                venue=self._model.venue,
                instrument=funding.instrument,
                quantity=BaseAmount(quantity),
                mark=candle.close,
                rate=Rate(funding.rate),
                amount=amount,
            )
        )
