"""Exposure: how much of each base asset the book is long or short, over spot and perps of all venues."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from actors.contract import Actor, Address
from actors.ledger import Ledger
from actors.valuation import CURRENCY
from messages.book import BookChanged, ExposureChanged, Opening
from messages.instruments import Instrument
from messages.journal import Record
from messages.live import BalanceAdjusted
from messages.units import AccountName, Asset, BaseAmount, InstrumentId

_ZERO = Decimal(0)


class _Total(msgspec.Struct):
    """Of one base asset, everywhere."""

    base: Asset
    net: BaseAmount = BaseAmount(_ZERO)
    gross: BaseAmount = BaseAmount(_ZERO)


class _Part(msgspec.Struct):
    """A position, or what an account holds of an asset."""

    total: _Total
    amount: Decimal = _ZERO


class Exposure(Actor[BookChanged]):
    """Keeps net and gross amounts by base asset, in step with every booked fact. Second of the tight loop."""

    def __init__(self, *, instruments: Mapping[InstrumentId, Instrument], risk: Address[ExposureChanged]) -> None:
        self._risk = risk
        self._totals: dict[Asset, _Total] = {}
        self._positions = {key: _Part(self._total(each.base)) for key, each in instruments.items()}
        self._holdings: defaultdict[AccountName, dict[Asset, _Part]] = defaultdict(dict)
        self._folded = Ledger(instruments)  # only `apply` books here
        self.handlers = {BookChanged: self._measured}

    def apply(self, record: Record) -> None:
        if change := self._folded.fold(record):
            self._take(change)

    def _measured(self, book: BookChanged) -> None:
        total = self._take(book)
        self._risk.tell(ExposureChanged(book=book, base=total.base, net=total.net, gross=total.gross))

    def _take(self, book: BookChanged) -> _Total:
        """Take over what a fact changed; return the total of the base asset that it is about."""
        fact, position = book.fact, book.position
        for balance in book.balances:
            asset = balance.asset
            if asset != CURRENCY:  # what everything is counted in is no exposure
                held = self._holdings[balance.account]
                part = held.get(asset)
                if part is None:
                    part = held[asset] = _Part(self._total(asset))
                _set(part, balance.amount)
        if position is not None:
            part = self._positions[position.instrument]
            _set(part, position.quantity)
            return part.total
        if isinstance(fact, Opening | BalanceAdjusted):
            return self._total(fact.asset)
        base = self._positions[fact.instrument].total.base
        return self._total(base)

    def _total(self, base: Asset) -> _Total:
        return self._totals.setdefault(base, _Total(base))


def _set(part: _Part, amount: Decimal) -> None:
    before, total = part.amount, part.total
    if amount != before:
        part.amount = amount
        total.net += amount - before  # type: ignore[assignment]  # calling the NewType costs more than adding
        total.gross += abs(amount) - abs(before)  # type: ignore[assignment]
