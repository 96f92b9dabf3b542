"""Exposure: how much of each base asset the book is long or short, over spot and perps of all venues."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from actors.contract import Actor, Address
from actors.ledger import Ledger
from actors.valuation import CURRENCY
from messages.book import BookChanged, ExposureChanged, Opening
from messages.instruments import Instrument
from messages.journal import Record
from messages.units import Asset, BaseAmount, InstrumentId


class Exposure(Actor[BookChanged]):
    """Keeps net and gross amounts by base asset, in step with every booked fact. Second of the tight loop."""

    def __init__(self, *, instruments: Mapping[InstrumentId, Instrument], risk: Address[ExposureChanged]) -> None:
        self._instruments = instruments
        self._risk = risk
        self._parts: defaultdict[str, Decimal] = defaultdict(Decimal)  # by instrument, or by account and asset
        self._net: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        self._gross: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        self._folded = Ledger(instruments)  # only `apply` books here

    def receive(self, message: BookChanged) -> None:
        self._risk.tell(self._measure(message))

    def apply(self, record: Record) -> None:
        if change := self._folded.fold(record):
            self._measure(change)

    def _measure(self, book: BookChanged) -> ExposureChanged:
        fact, position = book.fact, book.position
        base = fact.asset if isinstance(fact, Opening) else self._instruments[fact.instrument].base
        if position is not None:
            self._set(position.instrument, base, position.quantity)
        for balance in book.balances:
            if balance.asset != CURRENCY:  # what everything is counted in is no exposure
                self._set(f"{balance.account} {balance.asset}", balance.asset, balance.amount)
        return ExposureChanged(
            book=book,
            base=base,
            net=BaseAmount(self._net[base]),
            gross=BaseAmount(self._gross[base]),
        )

    def _set(self, place: str, asset: Asset, amount: Decimal) -> None:
        before = self._parts[place]
        if amount != before:
            self._parts[place] = amount
            self._net[asset] += amount - before
            self._gross[asset] += abs(amount) - abs(before)
