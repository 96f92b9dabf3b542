"""A simulated exchange at a desk: prices go in by hour, orders by words, and what it reports comes back."""

from decimal import Decimal
from typing import Any

import msgspec

from actors.contract import Turn
from actors.exchange.open_order import OpenOrder
from actors.exchange.simulated import SimulatedExchange
from messages.book import Opening
from messages.instruments import FeeRates, FillModel, Instrument, MarginTier, VenueModel
from messages.market import Candle, ExtremesMoved, FinishSlice, FundingRate, MarketSlice, SettleFunding
from messages.orders import (
    AmendOrder,
    AmendSubmitted,
    CancelOrder,
    CancelSubmitted,
    ExpireOrders,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    SubmitOrder,
)
from messages.units import (
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Nanoseconds,
    OrderId,
    OrderType,
    Price,
    Rate,
    TimeInForce,
    VenueName,
    plain,
)
from tests.actors.builders import HOUR, PERP_ID, Mail, record, submitted, venue

D = Decimal
REPEATED = (OrderSubmitted, OrderAccepted, OrderRejected, OrderFilled)


def model(
    *instruments: Instrument,
    name: str = "bybit",
    base_bps: str = "0",
    impact_bps: str = "0",
    fees: FeeRates | None = None,
    **changes: Any,  # noqa: ANN401 - fields of VenueModel
) -> VenueModel:
    """Return a venue; its maker pays 2 bps and its taker 10, unless `fees` say otherwise."""
    made = venue(*instruments, name=name, base_bps=base_bps, impact_bps=impact_bps)
    if fees is not None:
        changes = {"spot_fees": fees, "perp_fees": fees, **changes}
    return msgspec.structs.replace(made, **changes)


def share(part: str, *, touch: bool = False) -> FillModel:
    """Return a fill model in which fills share a part of each candle's volume."""
    return FillModel(max_share=D(part), touch=touch)


def tiers(*rows: tuple[str | None, str, str]) -> tuple[MarginTier, ...]:
    """Return margin tiers of (bound, rate, deduction)."""
    return tuple(
        MarginTier(
            up_to=None if bound is None else Amount(D(bound)),
            maintenance=D(rate),
            deduction=Amount(D(deduction)),
            max_leverage=D(100),
        )
        for bound, rate, deduction in rows
    )


def bar(
    prices: str = "2000",
    *,
    at: int = 1,
    of: InstrumentId = PERP_ID,
    volume: str = "1000",
    quote: bool = False,
    ns: int | None = None,
) -> Candle:
    """Return a candle that closes at an hour, from "open high low close" or one price for all."""
    words = [Price(D(word)) for word in prices.split()]
    start, high, low, close = words if len(words) == 4 else words * 4
    return Candle(
        instrument=of,
        closed_at=Nanoseconds(at * HOUR if ns is None else ns),
        open=start,
        high=high,
        low=low,
        close=close,
        volume=BaseAmount(D(volume)),
        is_quote=quote,
    )


def terms(side: str, amount: str, *, client: str, of: InstrumentId = PERP_ID, **words: str | bool) -> OrderSubmitted:
    """Return an intent: BUY or SELL some, with words such as ``kind="LIMIT", price="1990", tif="IOC"``."""
    kind = OrderType(str(words.get("kind", "LIMIT" if "price" in words else "MARKET")))

    def number(name: str) -> Decimal | None:
        return D(str(words[name])) if name in words else None

    made = submitted(amount, client=client, of=of, side=side, venue=of.partition(":")[0], name=f"i-{client}")
    return msgspec.structs.replace(
        made,
        order_type=kind,
        price=number("price"),
        trigger_price=number("trigger"),
        trail_bps=number("trail"),
        time_in_force=TimeInForce(str(words.get("tif", "GTC"))),
        post_only=bool(words.get("post_only", False)),
        reduce_only=bool(words.get("reduce_only", False)),
        held_amount=number("held") or Amount(D(0)),
    )


class Desk:
    """An exchange with prices of the first hour (2000 for spot and perp) and 100,000 USDT and 100 ETH."""

    def __init__(self, of: VenueModel | None = None, *, cash: str = "100000", coins: str = "100") -> None:
        self.turn = Turn()
        self.engine, self.itself, self.later = Mail(), Mail(), Mail()
        self.model = of or model()
        self.journal: list[tuple[int, Any]] = []
        self.last: dict[InstrumentId, Candle] = {}
        self.exchange = self.new()
        for account in dict.fromkeys(each.account for each in self.model.instruments):
            self.open("USDT", cash, account=account)
            self.open("ETH", coins, account=account)
        self.slice(*(bar(of=each.instrument_id) for each in self.model.instruments))

    def new(self) -> SimulatedExchange:
        return SimulatedExchange(
            turn=self.turn,
            model=self.model,
            candle_ns=HOUR,
            engine=self.engine,
            itself=self.itself,
            later=self.later,
        )

    def open(self, asset: str, amount: str, *, account: str = "bybit") -> None:
        """Put a balance into an account, as the run's start does."""
        opening = Opening(account=AccountName(account), asset=Asset(asset), amount=Amount(D(amount)))
        self.journal.append((self.turn.at, opening))
        self.exchange.receive(opening)

    def said(self) -> list[Any]:
        """Return what was reported since the last time, and keep it for `fold`, each once, as the engine does.

        How far trailing stops followed is kept only: it is of use to nobody else.
        """
        while more := self.later.take():
            for message in more:
                self.exchange.receive(message)
        told = self.engine.take()
        for event in told:
            self.note(event)
        return [event for event in told if not isinstance(event, ExtremesMoved)]

    def note(self, entry: Any) -> None:  # noqa: ANN401 - any entry
        """Put an entry into the journal unless it repeats what an order was told before."""
        if isinstance(entry, REPEATED) and any(entry == known for _, known in self.journal):
            return
        self.journal.append((self.turn.at, entry))

    def slice(self, *candles: Candle, at: int | None = None, funding: str | None = None, ns: int = 0) -> list[Any]:
        """Let a slice happen, phase by phase, as the data provider tells it; return what was reported."""
        closed = max((each.closed_at for each in candles), default=0)
        self.turn.at = Nanoseconds(ns or closed if at is None else at * HOUR)
        self.last |= {each.instrument: each for each in candles}
        rate = (FundingRate(instrument=PERP_ID, rate=Rate(D(funding))),) if funding is not None else ()
        self.exchange.receive(MarketSlice(at=self.turn.at, candles=candles, funding=rate))
        if rate:
            self.exchange.receive(SettleFunding(venue=self.model.venue, funding=rate))
        for message in self.itself.take():
            assert isinstance(message, FinishSlice)
            self.exchange.receive(message)
        return self.said()

    def hour(self, at: int, prices: str, *, of: InstrumentId = PERP_ID, volume: str = "1000") -> list[Any]:
        """Let the candle that closes at an hour complete."""
        return self.slice(bar(prices, at=at, of=of, volume=volume))

    def send(self, side: str, amount: str = "1", *, client: str = "c1", **words: Any) -> list[Any]:  # noqa: ANN401
        """Submit an order; return what was reported at once."""
        intent = terms(side, amount, client=client, **words)
        self.note(intent)
        self.exchange.receive(SubmitOrder(intent=intent))
        return self.said()

    def rest(self, side: str, amount: str = "1", *, client: str = "c1", **words: Any) -> None:  # noqa: ANN401
        """Submit an order that is accepted and nothing more."""
        told = self.send(side, amount, client=client, **words)
        assert [type(each).__name__ for each in told] == ["OrderAccepted"]

    def hold(self, side: str, amount: str, *, of: InstrumentId = PERP_ID, client: str = "p1") -> None:
        """Take a position at the market."""
        assert isinstance(self.send(side, amount, of=of, client=client)[1], OrderFilled)

    def cancel(self, client: str = "c1", *, of: InstrumentId = PERP_ID) -> list[Any]:
        intent = CancelSubmitted(
            instruction_id=InstructionId(f"i-{client}"),
            client_order_id=ClientOrderId(client),
            venue=VenueName(of.partition(":")[0]),
            instrument=of,
        )
        self.journal.append((self.turn.at, intent))
        self.exchange.receive(CancelOrder(intent=intent))
        return self.said()

    def amend(self, client: str = "c1", *, price: str, amount: str, of: InstrumentId = PERP_ID) -> list[Any]:
        intent = AmendSubmitted(
            instruction_id=InstructionId(f"i-{client}"),
            client_order_id=ClientOrderId(client),
            venue=VenueName(of.partition(":")[0]),
            instrument=of,
            price=Price(D(price)),
            amount=BaseAmount(D(amount)),
            held_amount=Amount(D(0)),
        )
        self.journal.append((self.turn.at, intent))
        self.exchange.receive(AmendOrder(intent=intent))
        return self.said()

    def expire(self) -> list[Any]:
        self.exchange.receive(ExpireOrders(reason="END_OF_RUN"))
        return self.said()

    def fold(self) -> None:
        """Put a new exchange in the old one's place, folded from what was sent and reported."""
        self.exchange = self.new()
        for seq, (at, entry) in enumerate(self.journal, start=1):
            self.exchange.apply(record(entry, seq=seq, at=at))
        self.exchange.apply_market(MarketSlice(at=self.turn.at, candles=tuple(self.last.values())))
        assert self.engine.told == self.itself.told == []

    def position(self, of: InstrumentId = PERP_ID) -> Decimal:
        """Return the position as funding sees it."""
        rate = FundingRate(instrument=of, rate=Rate(D(0)))
        self.exchange.receive(SettleFunding(venue=self.model.venue, funding=(rate,)))
        return sum((each.quantity for each in self.engine.take() if hasattr(each, "quantity")), D(0))


def fills(told: list[Any]) -> list[tuple[str, str, str]]:
    """Return client's id, amount and price of the fills, in order."""
    return [
        (each.client_order_id, plain(each.amount), plain(each.price)) for each in told if isinstance(each, OrderFilled)
    ]


def ends(told: list[Any]) -> list[tuple[str, str]]:
    """Return client's id and reason of the cancellations, in order."""
    return [(each.client_order_id, each.reason) for each in told if isinstance(each, OrderCancelled)]


def triggers(told: list[Any]) -> list[tuple[str, Decimal]]:
    """Return client's id and trigger price of what was triggered, in order."""
    return [(each.client_order_id, each.trigger_price) for each in told if isinstance(each, OrderTriggered)]


def names(told: list[Any]) -> list[str]:
    """Return the names of the types, in order."""
    return [type(each).__name__ for each in told]


def open_order(rank: int, *, side: str = "BUY", since: int = 0, **words: Any) -> OpenOrder:  # noqa: ANN401
    """Return an order by itself, for the tests of the places where orders stand."""
    intent = terms(side, "1", client=f"c{rank}", **words)
    return OpenOrder.accepted(intent, OrderId(f"o{rank}"), rank=rank, at=since)
