"""A centralised exchange in a simulation: one class for Binance, Bybit and OKX, whose rules are data.

The actor: it takes messages and tells the engine what came of them. What it decides is in actors/exchange/matching.py,
where orders and accounts stand in actors/exchange/state.py.

It works a slice in two halves. `MarketSlice`: the candles' prices, then what rests and waits for them. `SettleFunding`
comes next, if there is any. `FinishSlice`, which it tells itself only where there is something to do: commands that
arrive now, then the look at margin.

What happened at an instant may be more than a turn may say (ten thousand orders that expire together), so it tells at
most `_AT_ONCE` reports for each message, and the rest in turns that follow, before anything else of that instant.
"""

from collections import deque

from actors.contract import Actor, Address, Turn
from actors.errors import InvariantError
from actors.exchange.in_flight import InFlight
from actors.exchange.matching import Matching
from actors.exchange.pricing import funding_payment, is_fresh
from actors.exchange.reports import Report, stale
from messages.book import InsurancePaid, Liquidated, Opening
from messages.instruments import VenueModel
from messages.journal import Entry, Record
from messages.market import (
    ExtremesMoved,
    FinishSlice,
    FundingPaid,
    FundingRate,
    MarketSlice,
    ReportMore,
    SettleFunding,
)
from messages.orders import (
    AmendOrder,
    AmendSubmitted,
    CancelOrder,
    CancelSubmitted,
    ExpireOrders,
    OrderCommand,
    OrderEvent,
    OrderSubmitted,
    SubmitOrder,
)
from messages.units import BaseAmount, Rate

VenueMessage = OrderCommand | MarketSlice | SettleFunding | FinishSlice | ReportMore | ExpireOrders | Opening

_FINISH = FinishSlice()
_MORE = ReportMore()
_AT_ONCE = 100


class SimulatedExchange(Actor[VenueMessage]):
    """Keeps and fills orders, pays funding and closes what has no margin, as the venue's rules say.

    It keeps its own record of balances and positions, as a real exchange does. It knows an order by the client's id:
    the same id again is answered again and places nothing.

    Args:
        turn: For the time.
        model: Instruments, fees, slippage, fills, latency.
        candle_ns: Length of a candle.
        engine: Hears all that the venue reports.
        itself: Where it tells itself `FinishSlice`, behind what it was told of the slice.
        later: Where it tells itself `ReportMore`, which is worked as the next turn.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        model: VenueModel,
        candle_ns: int,
        engine: Address[Report],
        itself: Address[FinishSlice],
        later: Address[ReportMore],
    ) -> None:
        self._turn = turn
        self._venue = model.venue
        self._candle_ns = candle_ns
        self._latency_ns = model.latency_ns
        self._tell = engine.tell
        self._itself = itself
        self._later = later
        self._waiting: deque[Report] = deque()
        self._matching = Matching(model, candle_ns)
        self._state = self._matching.state
        self._books = self._state.books
        self._markets = self._books.markets
        self._exposed = self._books.exposed
        self._in_flight = InFlight()
        self._sent = self._in_flight.sent
        self.handlers = {
            SubmitOrder: self._delay if model.latency_ns else self._submit,
            CancelOrder: self._delay if model.latency_ns else self._change,
            AmendOrder: self._delay if model.latency_ns else self._change,
            MarketSlice: self._slice,
            SettleFunding: self._settle,
            FinishSlice: self._finish,
            ReportMore: self._more,
            ExpireOrders: self._expire,
            Opening: self._books.open,
        }

    def apply(self, record: Record) -> None:
        entry = record.entry
        if isinstance(entry, Opening):
            self._books.open(entry)
        elif getattr(entry, "venue", None) == self._venue:
            self._fold(entry, record.at)

    def _fold(self, entry: Entry, at: int) -> None:
        match entry:
            case OrderSubmitted():
                self._in_flight.send(SubmitOrder(intent=entry), due=at + self._latency_ns)
            case CancelSubmitted():
                self._in_flight.send(CancelOrder(intent=entry), due=at + self._latency_ns)
            case AmendSubmitted():
                self._in_flight.send(AmendOrder(intent=entry), due=at + self._latency_ns)
            case FundingPaid() | ExtremesMoved() | Liquidated() | InsurancePaid():
                self._state.fold(entry, at)
            case _ if isinstance(entry, OrderEvent):
                answered = self._in_flight.answered(entry)
                intent = answered.intent if isinstance(answered, SubmitOrder) else None
                self._state.fold(entry, at, intent)

    def apply_market(self, market: MarketSlice) -> None:
        for candle in market.candles:
            if (known := self._markets.get(candle.instrument)) is not None:
                known.take_over(candle)

    # --- commands ----------------------------------------------------------------------------------------------------

    def _submit(self, command: SubmitOrder) -> None:
        intent, now = command.intent, self._turn.at
        done = self._matching.at_once(intent, now)
        if done is not None:
            self._tell(done[0])
            self._tell(done[1])
            return
        self._matching.submit(intent, now)
        self._report()

    def _change(self, command: CancelOrder | AmendOrder) -> None:
        self._act(command)
        self._report()

    def _act(self, command: OrderCommand) -> None:
        match command:
            case SubmitOrder():
                self._matching.submit(command.intent, self._turn.at)
            case CancelOrder():
                self._matching.cancel(command.intent, self._turn.at)
            case AmendOrder():
                self._matching.amend(command.intent, self._turn.at)

    def _delay(self, command: OrderCommand) -> None:
        """Put a command on its way; an order that is known, or on its way, is not sent a second time."""
        if isinstance(command, SubmitOrder):
            order = command.intent.client_order_id
            if self._in_flight.submits(order):
                return
            if self._state.told(order):
                self._submit(command)
                return
        self._in_flight.send(command, due=self._turn.at + self._latency_ns)

    def _report(self) -> None:
        """Tell what came of a message; called once for each, so that all of it is counted together."""
        news, waiting = self._matching.news, self._waiting
        if not waiting and len(news) <= _AT_ONCE:
            for event in news:
                self._tell(event)
        elif news:
            if not waiting:
                self._later.tell(_MORE)
            waiting.extend(news)
        news.clear()

    def _more(self, _: ReportMore) -> None:
        waiting = self._waiting
        if not waiting:  # it is told only while something waits
            raise InvariantError(
                f"{self._venue}: reports of this instant were lost in a crash before they were told: "
                "the journal holds only a part of what happened"
            )
        for _number in range(min(_AT_ONCE, len(waiting))):
            self._tell(waiting.popleft())
        if waiting:
            self._later.tell(_MORE)

    # --- slices ------------------------------------------------------------------------------------------------------

    def _slice(self, market: MarketSlice) -> None:
        markets = self._markets
        for candle in market.candles:
            known = markets.get(candle.instrument)
            if known is not None:
                known.candle = candle
                if known.watched and (candle.low <= known.floor or candle.high >= known.ceiling):
                    self._matching.match(known, self._turn.at)
        self._report()
        if self._exposed or self._sent:
            self._itself.tell(_FINISH)

    def _settle(self, settle: SettleFunding) -> None:
        for rate in settle.funding:
            self._pay(rate)
        self._report()

    def _pay(self, funding: FundingRate) -> None:
        """Pay funding on a position at the last close, stale or not."""
        market = self._exposed.get(funding.instrument)
        if market is None:
            return
        if market.candle is None:
            raise InvariantError(f"{funding.instrument}: there is a position, and never was a price")
        candle, quantity = market.candle, BaseAmount(market.position.quantity)
        if not is_fresh(candle, self._turn.at, self._candle_ns):
            self._matching.news.append(stale(self._venue, candle, "funding"))
        paid = FundingPaid(
            venue=self._venue,
            instrument=funding.instrument,
            quantity=quantity,
            mark=candle.close,
            rate=Rate(funding.rate),
            amount=funding_payment(quantity, candle.close, funding.rate),
        )
        self._books.fund(paid)
        self._matching.news.append(paid)

    def _finish(self, _: FinishSlice) -> None:
        """Let commands that arrive now act, in the order sent; then look at margin."""
        while (command := self._in_flight.arrived(self._turn.at)) is not None:
            self._act(command)
        if self._exposed:
            self._matching.liquidate(self._turn.at)
        self._report()

    def _expire(self, expire: ExpireOrders) -> None:
        """End all orders; what is still on its way arrives no more."""
        self._matching.expire(expire.reason, self._turn.at)
        for command in self._in_flight.drop():
            if isinstance(command, SubmitOrder):
                self._matching.expire_unseen(command.intent, expire.reason, self._turn.at)
        self._report()
