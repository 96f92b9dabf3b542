"""A slice is told phase by phase: prices to all that keep them, funding to the venues concerned, then the strategy.

The book is marked at the first slice, and at every first slice at or after a multiple of the sampling interval: after
prices and funding, and before the strategy trades.
"""

from decimal import Decimal

from actors.data.provider import DataProvider
from messages.base import Message
from messages.book import EquityMarked, MarkBook
from messages.journal import Record
from messages.market import Candle, FundingRate, MarketSlice, SettleFunding
from messages.units import Amount, Asset, BaseAmount, InstrumentId, Nanoseconds, Price, Rate, Seq, VenueName

MARKED = EquityMarked(currency=Asset("USDT"), equity=Amount(Decimal(1)), unrealised=Amount(Decimal(0)))


class Listener:
    """An address that notes who was told what."""

    def __init__(self, name: str, told: list[tuple[str, Message]]) -> None:
        self._name = name
        self._told = told

    def tell(self, message: Message) -> None:
        self._told.append((self._name, message))


def provider(told: list[tuple[str, Message]], *, sample: int | None = None) -> DataProvider:
    return DataProvider(
        prices=(Listener("okx", told), Listener("bybit", told), Listener("gate", told)),
        venues={VenueName("okx"): Listener("okx", told), VenueName("bybit"): Listener("bybit", told)},
        marks=Listener("position_monitor", told),
        strategy=Listener("strategy", told),
        sample_ns=None if sample is None else Nanoseconds(sample),
    )


def past(at: int = 1) -> Record:
    """Return the record of an earlier mark."""
    return Record(seq=Seq(1), at=Nanoseconds(at), cause=None, hash=b"", entry=MARKED)


def rate(instrument: str) -> FundingRate:
    return FundingRate(instrument=InstrumentId(instrument), rate=Rate(Decimal("0.0001")))


def test_prices_go_out_in_their_order_and_the_strategy_comes_last_and_once() -> None:
    told: list[tuple[str, Message]] = []
    subject, market = provider(told), MarketSlice(at=Nanoseconds(5))
    subject.apply(past())

    subject.receive(market)

    assert told == [(name, market) for name in ("okx", "bybit", "gate", "strategy")]


def test_funding_is_settled_once_for_each_venue_concerned_in_the_order_of_their_names() -> None:
    told: list[tuple[str, Message]] = []
    subject = provider(told)
    paid = rate("bybit:BTCUSDT-PERP"), rate("bybit:ETHUSDT-PERP"), rate("okx:ETHUSDT-PERP")
    market = MarketSlice(at=Nanoseconds(5), funding=(paid[2], *paid[:2]))
    subject.apply(past())

    subject.receive(market)

    assert told[3:] == [
        ("bybit", SettleFunding(venue=VenueName("bybit"), funding=paid[:2])),
        ("okx", SettleFunding(venue=VenueName("okx"), funding=paid[2:])),
        ("strategy", market),
    ]


def test_a_venue_without_funding_in_the_slice_hears_of_none() -> None:
    told: list[tuple[str, Message]] = []
    market = MarketSlice(at=Nanoseconds(5), funding=(rate("okx:ETHUSDT-PERP"),))

    provider(told).receive(market)

    assert [name for name, message in told if isinstance(message, SettleFunding)] == ["okx"]


def test_without_sampling_the_book_is_marked_at_the_first_slice_before_the_strategy_and_never_again() -> None:
    told: list[tuple[str, Message]] = []
    subject = provider(told)

    subject.receive(MarketSlice(at=Nanoseconds(5)))
    subject.receive(MarketSlice(at=Nanoseconds(6)))

    names = [name for name, _ in told]
    assert names == ["okx", "bybit", "gate", "position_monitor", "strategy", "okx", "bybit", "gate", "strategy"]


def test_the_book_is_marked_at_the_first_slice_at_or_after_each_multiple_of_the_interval() -> None:
    told: list[tuple[str, Message]] = []
    subject = provider(told, sample=10)

    marked = []
    for at in (3, 9, 10, 11, 19, 35, 39, 40):
        told.clear()
        subject.receive(MarketSlice(at=Nanoseconds(at)))
        marked += [at] if MarkBook() in [message for _, message in told] else []

    assert marked == [3, 10, 35, 40]


def test_a_rebuilt_provider_knows_from_the_journal_when_the_book_was_marked() -> None:
    told: list[tuple[str, Message]] = []
    subject = provider(told, sample=10)

    subject.apply(past(5))
    subject.receive(MarketSlice(at=Nanoseconds(6)))
    assert MarkBook() not in [message for _, message in told]
    subject.receive(MarketSlice(at=Nanoseconds(10)))

    assert MarkBook() in [message for _, message in told]


def test_in_a_run_that_goes_on_prices_that_were_overtaken_are_told_to_nobody() -> None:
    told: list[tuple[str, Message]] = []
    listener = Listener("gate", told)
    subject = DataProvider(
        prices=(listener,),
        venues={},
        marks=Listener("position_monitor", []),
        strategy=Listener("strategy", told),
        sample_ns=None,
        must_have=(InstrumentId("okx:ETH/USDT"),),
    )
    newer, older = quote(at=9), quote(at=8)

    subject.receive(newer)
    subject.receive(older)

    assert told == [("gate", newer), ("strategy", newer)]


def quote(*, at: int) -> MarketSlice:
    one = Price(Decimal(1))
    candle = Candle(
        instrument=InstrumentId("okx:ETH/USDT"),
        closed_at=Nanoseconds(at),
        open=one,
        high=one,
        low=one,
        close=one,
        volume=BaseAmount(Decimal(0)),
        is_quote=True,
    )
    return MarketSlice(at=Nanoseconds(at), candles=(candle,))
