"""Prices and funding as the data says them, gathered by instant."""

from decimal import Decimal
from typing import ClassVar

import msgspec

from messages.base import Command, Event, MailClass, Telemetry
from messages.units import Amount, BaseAmount, InstrumentId, Nanoseconds, Price, Rate, VenueName


class Candle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Trading of one instrument over one span of time, known when it closes.

    Attributes:
        closed_at: End of the span; the file stamps its start.
        volume: As the venue counts: base units, or contracts (`Instrument.contract_size`).
        is_quote: One price at one instant instead of a span: it opened when it closed.
    """

    instrument: InstrumentId
    closed_at: Nanoseconds
    open: Price
    high: Price
    low: Price
    close: Price
    volume: BaseAmount
    is_quote: bool = False


class FundingRate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rate that is paid at this instant on every position of a perp; positive: longs pay shorts."""

    instrument: InstrumentId
    rate: Rate


def quote_at(
    instrument: InstrumentId,
    price: Price,
    at: Nanoseconds,
    volume: BaseAmount = BaseAmount(Decimal(0)),  # noqa: B008
) -> Candle:
    """Return a price of a moment; `volume` is of the last candle that completed, for models of slippage."""
    return Candle(
        instrument=instrument,
        closed_at=at,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=volume,
        is_quote=True,
    )


class Depth(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The top of an order book: price and base amount of each level, best first."""

    instrument: InstrumentId
    at: Nanoseconds
    bids: tuple[tuple[Price, BaseAmount], ...]
    asks: tuple[tuple[Price, BaseAmount], ...]


class Ticker(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was traded last.

    Attributes:
        at: When it came, by our clock. The trade may be older.
        last: Price of the last trade.
        mark_price, index_price: Of a perp, where the venue's tickers say them (Bybit's do); else None.
    """

    instrument: InstrumentId
    at: Nanoseconds
    last: Price
    mark_price: Price | None = None
    index_price: Price | None = None


class MarketSlice(Event, frozen=True, kw_only=True):
    """All data of one instant, which is one input.

    Attributes:
        candles: Those that complete at this instant, in the order of their instruments' ids. Live: quotes of the
            instruments whose price is news.
        funding: What is paid at this instant, in the same order.
        depths: Live: the order books that are news.
        tickers: Live: the tickers that are news.
    """

    mail: ClassVar[MailClass] = MailClass.MARKET

    at: Nanoseconds
    candles: tuple[Candle, ...] = ()
    funding: tuple[FundingRate, ...] = ()
    depths: tuple[Depth, ...] = ()
    tickers: tuple[Ticker, ...] = ()

    @property
    def conflation_key(self) -> str:
        """Of quotes, books and tickers of the same instruments the newer is enough; candles and funding are news each.

        Slices of different venues may have the same time.
        """
        parts = self.candles, self.depths, self.funding, self.tickers
        named = "|".join(" ".join([each.instrument for each in part]) for part in parts)
        if self.funding or any(not each.is_quote for each in self.candles):
            return f"{self.at} {named}"
        return named


class RecordSlice(Telemetry, frozen=True, kw_only=True):
    """To the market record: write down what the core took.

    Attributes:
        number: From 1, in the core's order; what is missing between two was dropped on the way.
    """

    number: int
    market: MarketSlice


class SettleFunding(Command, frozen=True, kw_only=True):
    """Data provider to a simulated venue: pay the slice's funding on the positions as they are now."""

    venue: VenueName
    funding: tuple[FundingRate, ...]


class FinishSlice(Command, frozen=True, kw_only=True):
    """A simulated venue to itself, when funding is settled everywhere: let delayed orders act, then look at margin."""


class ReportMore(Command, frozen=True, kw_only=True):
    """A simulated venue to itself, as a later turn: tell more of what happened at this instant."""


class FundingPaid(Event, frozen=True, kw_only=True):
    """Funding was settled on a position: ``amount = -quantity * mark * rate``, positive when received.

    Attributes:
        quantity, mark, rate: None where the venue's records name only the amount.
        payment_id: The venue's, by which it is booked once; empty where it was worked out by us.
    """

    venue: VenueName
    instrument: InstrumentId
    quantity: BaseAmount | None
    mark: Price | None
    rate: Rate | None
    amount: Amount
    payment_id: str = ""


class ExtremesMoved(Event, frozen=True, kw_only=True):
    """Trailing stops of an instrument followed the price: what a venue that is rebuilt can't know of past candles.

    Attributes:
        low, high: Of the candle that they follow.
        opened_at: Until when (ns) orders must have been accepted for that candle to concern them. Where it is the
            instant of the entry itself, there was no candle: orders accepted at it start from this price, which is
            not their reference price.
    """

    venue: VenueName
    instrument: InstrumentId
    low: Price
    high: Price
    opened_at: Nanoseconds


class StaleMark(Event, frozen=True, kw_only=True):
    """A last close that is one candle length old or older was used.

    Attributes:
        closed_at: When that candle closed.
        used_for: ``funding``, ``liquidation`` or ``valuation``.
    """

    venue: VenueName
    instrument: InstrumentId
    mark: Price
    closed_at: Nanoseconds
    used_for: str
