"""The position monitor: what we own and owe, by our own record. First of the tight loop."""

from collections.abc import Mapping
from typing import get_args

from actors.contract import Actor, Address
from actors.ledger import Ledger
from messages.base import Message, Question
from messages.book import AskBook, BookChanged, BookTold, Fact, MarkBook
from messages.instruments import Instrument
from messages.journal import Record
from messages.units import InstrumentId


class PositionMonitor(Actor[Fact | MarkBook]):
    """Books every fact in the ledger and starts the tight loop: position, exposure, risk, P&L."""

    def __init__(
        self,
        *,
        instruments: Mapping[InstrumentId, Instrument],
        exposure: Address[BookChanged],
        gate: Address[BookChanged],
        pnl: Address[BookTold],
    ) -> None:
        self._ledger = Ledger(instruments)
        self._exposure = exposure
        self._gate = gate
        self._pnl = pnl
        self.handlers = {**dict.fromkeys(get_args(Fact), self._book), MarkBook: self._mark}

    def _book(self, fact: Fact) -> None:
        changed = self._ledger.book(fact)
        self._gate.tell(changed)
        self._exposure.tell(changed)

    def _mark(self, mark: MarkBook) -> None:
        self._pnl.tell(self._told(final=mark.final))

    def answer(self, question: Question) -> Message:
        return self._told() if isinstance(question, AskBook) else super().answer(question)

    def apply(self, record: Record) -> None:
        self._ledger.fold(record)

    def _told(self, *, final: bool = False) -> BookTold:
        return BookTold(balances=tuple(self._ledger.balances()), positions=tuple(self._ledger.positions()), final=final)
