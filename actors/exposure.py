"""Exposure: how much of each base asset the book is long or short, over spot and perps of all venues."""

from collections.abc import Mapping
from decimal import Decimal

from actors.contract import Actor, Address
from actors.ledger import Ledger
from actors.valuation import CURRENCY
from messages.book import BookChanged, ExposureChanged, Opening
from messages.instruments import Instrument
from messages.journal import Record
from messages.units import Asset, BaseAmount, InstrumentId

_ZERO = Decimal(0)


class Exposure(Actor[BookChanged]):
    """Keeps net and gross amounts by base asset, in step with every booked fact. Second of the tight loop."""

    def __init__(self, *, instruments: Mapping[InstrumentId, Instrument], risk: Address[ExposureChanged]) -> None:
        self._instruments = instruments
        self._risk = risk
        self._parts: dict[tuple[str, Asset], Decimal] = {}  # balance or position, by account or instrument and asset
        self._net: dict[Asset, Decimal] = {}
        self._gross: dict[Asset, Decimal] = {}
        self._folded = Ledger(instruments)  # only `apply` books here

    def receive(self, message: BookChanged) -> None:
        self._risk.tell(self._measure(message))

    def apply(self, record: Record) -> None:
        if change := self._folded.fold(record):
            self._measure(change)

    def _measure(self, book: BookChanged) -> ExposureChanged:
        for balance in book.balances:
            if balance.asset != CURRENCY:  # what everything is counted in is no exposure
                self._set(balance.account, balance.asset, balance.amount)
        if book.position is not None:
            instrument = book.position.instrument
            self._set(instrument, self._instruments[instrument].base, book.position.quantity)
        base = book.fact.asset if isinstance(book.fact, Opening) else self._instruments[book.fact.instrument].base
        return ExposureChanged(
            book=book,
            base=base,
            net=BaseAmount(self._net.get(base, _ZERO)),
            gross=BaseAmount(self._gross.get(base, _ZERO)),
        )

    def _set(self, place: str, asset: Asset, amount: Decimal) -> None:
        before = self._parts.get((place, asset), _ZERO)
        if amount != before:
            self._parts[place, asset] = amount
            self._net[asset] = self._net.get(asset, _ZERO) + (amount - before)
            self._gross[asset] = self._gross.get(asset, _ZERO) + (abs(amount) - abs(before))
