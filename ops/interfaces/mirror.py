"""What a core that runs on its own thread has told so far, for callers on other threads to look at and wait for.

It is told at the end of each turn what was journaled in it, and folds that: the trades, the book. When a core is built
from its journal, at the start or after a crash, it hears the journal again; what it knows already it passes over.
"""

import decimal
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from actors.intents import content_of, received
from actors.ledger import Ledger
from messages.book import BookTold
from messages.instructions import (
    Code,
    InstructionReceived,
    InstructionRefused,
    InstructionRepeated,
    TradeInstruction,
)
from messages.instruments import Instrument
from messages.journal import Entry, Record
from messages.live import VenueSettled, VenueStarted
from messages.market import MarketSlice
from messages.orders import OrderSubmitted
from messages.units import CONTEXT, Amount, Asset, InstructionId, InstrumentId, Nanoseconds, Price, Seq, VenueName
from ops.interfaces.followed_trade import FollowedTrade
from ops.interfaces.listening import CHANGING, Change, Noted
from ops.interfaces.watches import Watches

EVENTS = 10_000
"""Events that are kept; older ones are in the journal."""
CHANGES = 10_000
"""Changes of the book that are kept for handlers, where no loop runs that could call them."""
CLOSED = 10_000
"""Trades that are kept after their end; of older ones the journal knows."""


class Told(NamedTuple):
    """A journaled entry, and the trade that it is about."""

    noted: Noted
    trade: FollowedTrade | None


class Changed(NamedTuple):
    """A change of the book, and the entry that it came from."""

    change: Change
    told: Told


class Claim:
    """One call's instruction, until it is known what it comes to.

    Attributes:
        trade: What became of it; None as long as the core has not said.
        repeated: The core knows it from before, and no trade of it is kept here.
    """

    def __init__(self, instruction: TradeInstruction, instrument: Instrument) -> None:
        self.instruction = instruction
        self.content = content_of(received(instruction))
        self.fresh = FollowedTrade(instruction, instrument)
        self.trade: FollowedTrade | None = None
        self.repeated = False

    @property
    def is_open(self) -> bool:
        """Whether the core has not said anything about it."""
        return self.trade is None and not self.repeated


class Mirror:
    """See the head of this file.

    Args:
        watches: The lock of all this, and who waits.
        instruments: What may be traded.
        unsettled: Venues that must settle what is unfinished before they take anything.
        changed: Called on the core's thread when `changes` has news.

    Attributes:
        trades: By instruction id, those that are open and those that ended last.
        last: Last prices.
        unsettled: Venues that have not settled since they began anew.
        told: Entries of this process, the last of them.
        changes: What handlers have not heard of.
    """

    def __init__(
        self,
        watches: Watches,
        instruments: Mapping[InstrumentId, Instrument],
        *,
        unsettled: Iterable[VenueName],
        changed: Callable[[], None],
    ) -> None:
        self.watches = watches
        self.instruments = instruments
        self.trades: dict[InstructionId, FollowedTrade] = {}
        self.open: dict[InstructionId, FollowedTrade] = {}
        self.last: dict[InstrumentId, Price] = {}
        self.unsettled = set(unsettled)
        self.told: deque[Told] = deque(maxlen=EVENTS)
        self.changes: deque[Changed] = deque(maxlen=CHANGES)
        self.at = Nanoseconds(0)
        self._ledger = Ledger(instruments)
        self._changed = changed
        self._seq = 0
        self._undecided: set[InstructionId] = set()
        self._closed: deque[InstructionId] = deque()
        self._claims: dict[InstructionId, list[Claim]] = {}

    # --- by the core's thread ----------------------------------------------------------------------------------------

    def recall(self, record: Record) -> None:
        """Take in an entry of the journal, unless it is known."""
        with self.watches.lock:
            if record.seq > self._seq:
                self._seq = record.seq
                self._fold(record.entry)
                self._ledger.fold(record)

    def note(self, news: Iterable[Noted]) -> None:
        """Take in what a turn journaled."""
        before = len(self.changes)
        with self.watches.change():
            for noted in news:
                self._seq, self.at = noted.seq, noted.at
                told = Told(noted, self._fold(noted.entry))
                self.told.append(told)
                self._book(told)
        if len(self.changes) > before or before == CHANGES:
            self._changed()

    def seen(self, market: MarketSlice) -> None:
        """Take in prices."""
        with self.watches.change():
            self.at = max(self.at, market.at)
            for candle in market.candles:
                self.last[candle.instrument] = candle.close

    def repeated(self, event: InstructionRepeated) -> None:
        """Take in that the core knows an instruction from before."""
        with self.watches.change():
            trade = self.trades.get(event.instruction_id)
            for claim in self._open_claims(event.instruction_id):
                if trade is None:
                    claim.repeated = True
                elif claim.content == _content(trade):
                    claim.trade = trade

    def _fold(self, entry: Entry) -> FollowedTrade | None:
        """Follow trades, and which venues have settled; return the trade that an entry is about."""
        match entry:
            case InstructionReceived():
                return self._received(entry)
            case InstructionRefused():
                return self._refused(entry)
            case VenueStarted():
                self.unsettled.add(entry.venue)
            case VenueSettled():
                self.unsettled.discard(entry.venue)
            case _:
                trade = self.trades.get(getattr(entry, "instruction_id", InstructionId("")))
                if trade is not None:
                    self._follow(trade, entry)
                return trade
        return None

    def _received(self, entry: InstructionReceived) -> FollowedTrade | None:
        instrument, name = self.instruments.get(entry.instrument), entry.instruction_id
        if instrument is None or name in self.trades:
            return self.trades.get(name)
        trade = self.trades[name] = self.open[name] = FollowedTrade(entry, instrument)
        self._undecided.add(name)
        for claim in self._open_claims(name):
            if claim.content == content_of(entry):
                claim.trade = trade
        return trade

    def _refused(self, entry: InstructionRefused) -> FollowedTrade | None:
        """Follow a refusal: of the trade that waits for it, or of another instruction under an id that is known."""
        name = entry.instruction_id
        trade = self.trades.get(name)
        if trade is not None and name in self._undecided:
            self._follow(trade, entry)
            return trade
        known = None if trade is None else _content(trade)
        claim = next((each for each in self._open_claims(name) if each.content != known), None)
        if claim is None:
            return trade
        claim.trade = claim.fresh
        if trade is None and entry.code is not Code.DUPLICATE_ID:
            self.trades[name] = claim.fresh
        self._follow(claim.fresh, entry)
        return claim.fresh

    def _follow(self, trade: FollowedTrade, entry: Entry) -> None:
        name = trade.instruction.instruction_id
        if isinstance(entry, OrderSubmitted | InstructionRefused):
            self._undecided.discard(name)
        trade.follow(entry)
        if not trade.is_open and self.open.pop(name, None) is not None:
            self._closed.append(name)
            if len(self._closed) > CLOSED:
                self.trades.pop(self._closed.popleft(), None)

    def _book(self, told: Told) -> None:
        entry = told.noted.entry
        record = Record(seq=told.noted.seq, at=told.noted.at, cause=None, hash=b"", entry=entry)
        with decimal.localcontext(CONTEXT):
            changed = self._ledger.fold(record)
        if changed is None or not isinstance(entry, CHANGING):
            return
        account = changed.balances[0].account
        balances: dict[Asset, Amount] = {
            each.asset: each.amount for each in self._ledger.balances() if each.account == account
        }
        balances |= {each.asset: each.amount for each in changed.balances}
        self.changes.append(Changed(Change(entry, changed.position, str(account), balances), told))

    def _open_claims(self, name: InstructionId) -> list[Claim]:
        return [claim for claim in self._claims.get(name, ()) if claim.is_open]

    # --- by callers --------------------------------------------------------------------------------------------------

    def claim(self, instruction: TradeInstruction) -> Claim:
        """Return a claim to what becomes of an instruction: that which is known, or that which will be told.

        Let it go (`release`) in the end.
        """
        claim = Claim(instruction, self.instruments[instruction.instrument])
        with self.watches.lock:
            known = self.trades.get(instruction.instruction_id)
            if known is not None and _content(known) == claim.content:
                claim.trade = known
            self._claims.setdefault(instruction.instruction_id, []).append(claim)
        return claim

    def refuse(self, claim: Claim, refused: InstructionRefused) -> None:
        """Take in that the core did not take an instruction at all."""
        with self.watches.change():
            claim.trade = claim.fresh
            claim.fresh.follow(refused)

    def release(self, claim: Claim) -> None:
        """Let a claim go."""
        name = claim.instruction.instruction_id
        with self.watches.lock:
            left = [each for each in self._claims.get(name, ()) if each is not claim]
            if left:
                self._claims[name] = left
            else:
                self._claims.pop(name, None)

    def book(self) -> BookTold:
        """Return all balances and positions."""
        with self.watches.lock:
            return BookTold(balances=tuple(self._ledger.balances()), positions=tuple(self._ledger.positions()))

    def amount(self, account: str, asset: str) -> Amount:
        """Return what an account holds of an asset."""
        with self.watches.lock:
            found = (each.amount for each in self._ledger.balances() if (each.account, each.asset) == (account, asset))
            return next(found, Amount(decimal.Decimal(0)))

    @property
    def seq(self) -> Seq:
        """Number of the last entry that is folded."""
        return Seq(self._seq)


def _content(trade: FollowedTrade) -> tuple[object, ...]:
    instruction = trade.instruction
    return content_of(instruction if isinstance(instruction, InstructionReceived) else received(instruction))
