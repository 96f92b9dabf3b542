"""A strategy host on a desk, and strategies that do what the test says."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from actors.contract import Turn
from actors.strategies.contract import StrategyContext
from actors.strategy_host import StrategyHost
from messages.base import Message
from messages.book import PnlUpdated
from messages.instructions import TradeInstruction
from messages.journal import Entry
from messages.units import Amount, BaseAmount, Nanoseconds
from tests.actors.builders import (
    Mail,
    filled,
    instrument,
    record,
    rejected,
    venue,
)

HERE = Path(__file__).name


class Strategy:
    """Keeps what it sees, and does what the test says."""

    stateless = True

    def __init__(self, context: StrategyContext) -> None:
        self.context = context
        self.seen: list[Message] = []
        self.react: Callable[[Any], Any] = lambda _message: ()

    def on_slice(self, market: Message) -> Any:  # noqa: ANN401 - also what is wrong
        self.seen.append(market)
        return self.react(market)

    def on_event(self, event: Message) -> Any:  # noqa: ANN401 - also what is wrong
        self.seen.append(event)
        return self.react(event)

    def strange(self, _message: object) -> None:
        re.compile("(")  # a strange idea

    def trade(self, amount: str = "1") -> TradeInstruction:
        return self.context.trade("bybit", "ETHUSDT-PERP", "BUY", amount)  # the trade itself


class Counting(Strategy):
    """Counts slices, and gets its count back by a snapshot."""

    stateless = False

    def __init__(self, context: StrategyContext) -> None:
        super().__init__(context)
        self.count = 0

    def on_slice(self, market: Message) -> Any:  # noqa: ANN401 - also what is wrong
        self.count += 1
        return super().on_slice(market)

    def snapshot(self) -> Any:  # noqa: ANN401 - JSON-able
        return {"count": self.count // 2, "a": ["b"]}

    def restore(self, state: Any) -> None:  # noqa: ANN401 - JSON-able
        self.count = 2 * state["count"]


class Applying(Strategy):
    """Keeps its state in `apply` alone."""

    stateless = False

    def __init__(self, context: StrategyContext) -> None:
        super().__init__(context)
        self.applied: list[Message] = []
        self.before: list[int] = []

    def on_event(self, event: Message) -> Any:  # noqa: ANN401 - also what is wrong
        self.before.append(len(self.applied))
        return super().on_event(event)

    def apply(self, event: Message) -> None:
        if isinstance(event, type(rejected())):
            raise ValueError("can't apply")  # noqa: TRY004  # apply raises here
        self.applied.append(event)


class Desk:
    """A host with a strategy that can be reached, and a journal of what was put on record."""

    def __init__(self, kind: type[Strategy] = Strategy, *, skip: bool = False) -> None:
        self.kind, self.skip = kind, skip
        self.engine, self.log = Mail(), Mail()
        self.built: list[Strategy] = []
        self.journal: list[Entry] = []
        self.host = self.new()

    @property
    def strategy(self) -> Any:  # noqa: ANN401 - of the kind that the test chose
        return self.built[-1]

    def build(self, context: StrategyContext) -> Strategy:
        self.built.append(self.kind(context))
        if len(self.built) > 1:
            self.built[-1].react = self.built[-2].react
        return self.built[-1]

    def new(self) -> StrategyHost:
        perp = instrument()
        return StrategyHost(
            turn=Turn(),
            build=self.build,
            context=StrategyContext(start=Nanoseconds(0), end=None, params={}, venues=(venue(perp),)),
            skip_errors=self.skip,
            engine=self.engine,
            log=self.log,
        )

    def tell(self, message: Any) -> list[str]:  # noqa: ANN401 - any message for it
        """Tell it; return the ids of what it wants traded."""
        self.host.receive(message)
        return [wanted.instruction_id for wanted in self.engine.take()]

    def saved(self) -> list[Entry]:
        """Return what was put on record since the last time."""
        entries = self.log.take()
        self.journal += entries
        return entries

    def fold(self, *entries: Entry) -> None:
        """Put a new host in the old one's place, folded from the journal."""
        self.host = self.new()
        for seq, entry in enumerate([*self.journal, *entries], start=1):
            self.host.apply(record(entry, seq=seq))
        assert self.log.told == self.engine.told == []


def updated(fact: Any) -> PnlUpdated:  # noqa: ANN401 - any fact
    nothing = Amount(filled().fee)
    return PnlUpdated(
        fact=fact, balances=(), position=None, net=BaseAmount(nothing), realised=nothing, fees=nothing, funding=nothing
    )


def raising(desk: Desk) -> Callable[[object], Iterator[TradeInstruction]]:
    """Return a reaction that wants one trade and then raises, here in this file."""

    def react(_message: object) -> Iterator[TradeInstruction]:
        yield desk.strategy.trade()
        raise KeyError("no such thing")  # it raises here

    return react


def place(mark: str) -> str:
    """Return base name and number of the line of this file that ends with a mark."""
    lines = Path(__file__).read_text().splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if line.endswith(f"# {mark}")]
    return f"{HERE}:{number}"
