"""The position monitor: what we own and owe, by our own record. First of the tight loop."""

from collections.abc import Mapping

from actors.contract import Actor, Address
from actors.ledger import Ledger
from messages.base import Message, Question
from messages.book import AskBook, BookChanged, BookTold, Fact, MarkBook, Opening
from messages.instruments import Instrument
from messages.journal import Record
from messages.market import FundingPaid
from messages.orders import OrderFilled
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
        self.handlers = {OrderFilled: self._book, FundingPaid: self._book, Opening: self._book, MarkBook: self._mark}

    def _book(self, fact: Fact) -> None:
        changed = self._ledger.book(fact)
        self._gate.tell(changed)
        self._exposure.tell(changed)

    def _mark(self, _message: MarkBook) -> None:
        self._pnl.tell(self._told())

    def answer(self, question: Question) -> Message:
        return self._told() if isinstance(question, AskBook) else super().answer(question)

    def apply(self, record: Record) -> None:
        self._ledger.fold(record)

    def _told(self) -> BookTold:
        return BookTold(balances=tuple(self._ledger.balances()), positions=tuple(self._ledger.positions()))
