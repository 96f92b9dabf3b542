"""Exposure: how much of each base asset the book is long or short, over spot and perps of all venues."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from actors.contract import Actor, Address
from actors.ledger import Ledger
from actors.valuation import CURRENCY
from messages.book import BookChanged, ExposureChanged, Opening
from messages.instruments import Instrument
from messages.journal import Record
from messages.units import Asset, InstrumentId


class Exposure(Actor[BookChanged]):
    """Keeps net and gross amounts by base asset, in step with every booked fact. Second of the tight loop."""

    def __init__(self, *, instruments: Mapping[InstrumentId, Instrument], risk: Address[ExposureChanged]) -> None:
        self._bases = {key: each.base for key, each in instruments.items()}
        self._risk = risk
        self._parts: defaultdict[str, Decimal] = defaultdict(Decimal)  # by instrument, or by account and asset
        self._net: defaultdict[Asset, Any] = defaultdict(Decimal)  # BaseAmount; its name called costs more than adding
        self._gross: defaultdict[Asset, Any] = defaultdict(Decimal)
        self._folded = Ledger(instruments)  # only `apply` books here
        self.handlers = {BookChanged: self._measured}

    def apply(self, record: Record) -> None:
        if change := self._folded.fold(record):
            self._take(change)

    def _measured(self, book: BookChanged) -> None:
        base = self._take(book)
        self._risk.tell(ExposureChanged(book=book, base=base, net=self._net[base], gross=self._gross[base]))

    def _take(self, book: BookChanged) -> Asset:
        """Take over what a fact changed; return the base asset that it is about."""
        fact, position = book.fact, book.position
        base = fact.asset if isinstance(fact, Opening) else self._bases[fact.instrument]
        if position is not None:
            self._set(position.instrument, base, position.quantity)
        for balance in book.balances:
            asset = balance.asset
            if asset != CURRENCY:  # what everything is counted in is no exposure
                self._set(f"{balance.account} {asset}", asset, balance.amount)
        return base

    def _set(self, place: str, asset: Asset, amount: Decimal) -> None:
        before = self._parts[place]
        if amount != before:
            self._parts[place] = amount
            self._net[asset] += amount - before
            self._gross[asset] += abs(amount) - abs(before)
