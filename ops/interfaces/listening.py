"""Listeners in the core: the strategy of a run whose instructions come from calls, and the witness of its journal."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, get_args

from actors.contract import Actor, Turn
from actors.strategies.contract import OwnEvent, StrategyContext
from messages.book import InsurancePaid, Liquidated, Position
from messages.instructions import Instruction, InstructionRepeated
from messages.journal import ENTRY_TYPES, Entry
from messages.live import BalanceAdjusted, ForeignTrade
from messages.market import FundingPaid, MarketSlice
from messages.orders import OrderFilled
from messages.units import Amount, Asset, InstrumentId, Nanoseconds, Seq

BookedFact = OrderFilled | FundingPaid | Liquidated | InsurancePaid
"""What changes a position or a balance and came of what we did."""
Changing = BookedFact | ForeignTrade | BalanceAdjusted
"""What changes a position or a balance during a run."""
CHANGING = get_args(Changing)


def instrument_of(fact: Changing) -> InstrumentId | None:
    """Return the instrument that a fact is about; None where it is about an account alone."""
    return None if isinstance(fact, BalanceAdjusted) else fact.instrument


class Change(NamedTuple):
    """A position or balance changed, and the tight loop is through.

    Attributes:
        position: The perp position as it is then; None where the fact is about spot.
        balances: Of the account that it changed, by asset, as they are then.
    """

    fact: Changing
    position: Position | None
    account: str
    balances: dict[Asset, Amount]


class Caller:
    """The strategy of a run whose instructions come from a program's calls: it wants nothing itself, and listens."""

    stateless = True

    def __init__(
        self,
        context: StrategyContext,
        changed: Callable[[Change], None] = lambda _change: None,
        repeated: Callable[[InstructionRepeated], None] = lambda _event: None,
    ) -> None:
        self._context = context
        self._changed = changed
        self._repeated = repeated

    def on_slice(self, market: MarketSlice) -> Iterable[Instruction]:  # noqa: ARG002 - the callers look at prices
        """Want nothing."""
        return ()

    def on_event(self, event: OwnEvent) -> Iterable[Instruction]:
        """Tell of what changed the book, as the book is now, and of what was known from before."""
        if isinstance(event, InstructionRepeated):
            self._repeated(event)
        elif isinstance(event, BookedFact):
            context = self._context
            account = context.instruments[event.instrument].account
            balances = {asset: amount for (name, asset), amount in context.balances.items() if name == account}
            self._changed(Change(event, context.positions.get(event.instrument), str(account), balances))
        return ()


class Noted(NamedTuple):
    """A journaled entry with its stamps."""

    seq: Seq
    at: Nanoseconds
    entry: Entry


class Witness(Actor[Entry]):
    """Hears every entry, last of all who do, and tells them on when the turn ends, so that none is of a lost turn."""

    def __init__(self, turn: Turn, tell: Callable[[Noted], None]) -> None:
        self._turn = turn
        self._tell = tell
        self._gathered: list[Noted] = []
        self.handlers = dict.fromkeys(ENTRY_TYPES, self._gather)

    def turn_ended(self) -> None:
        """Tell what was gathered."""
        for noted in self._gathered:
            self._tell(noted)
        self._gathered.clear()

    def _gather(self, entry: Entry) -> None:
        # The event logger moved the turn's cause on to the entry, and a told message carries it.
        self._gathered.append(Noted(Seq(self._turn.cause or 0), self._turn.at, entry))
