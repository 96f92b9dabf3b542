"""An operator's word on an order while no daemon runs: the engine alone folds the journal, and puts it on record.

Nothing is asked of a venue. What follows in the book (a fill) is booked by the next start, which folds it.
"""

from pathlib import Path
from typing import Any

from actors.contract import Actor
from actors.engine import Engine
from actors.event_logger import EventLogger, HashChain
from actors.journal.store import JournalStore
from actors.journal.writer import SteppedWriter
from actors.outbox import Outbox
from actors.runtime.clock import SystemClock
from actors.runtime.core import Core
from messages.base import Message
from messages.live import OperatorRefused, OperatorResolved, ResolveOrder
from messages.units import Nanoseconds
from ops.core_cells import CLOSERS, followers
from ops.daemon.control import ControlError
from ops.daemon.record import namespace_of


class _Deaf(Actor[Message]):
    """Stands for an actor that has nothing to do here."""

    def receive(self, message: Message) -> None:
        """Do nothing."""


def resolve_offline(journal: Path, wanted: ResolveOrder) -> OperatorResolved:
    """Put on record what became of an order.

    Raises:
        ControlError: The order can't be resolved so.
        ExecdError: The journal can't be opened.
    """
    with JournalStore.open_existing(journal, durability="full") as store:
        core = Core()
        core.recovery = store.records
        for name, factory in _cells(core, store).items():
            core.spawn(name, factory, closer=name in CLOSERS, durable=name == "journal_writer")
        core.recover()
        before = store.last_seq
        core.take("engine", wanted, Nanoseconds(SystemClock().wall_ns()))
        core.stop()
        said = [record.entry for record in store.records(after=before)]
    for entry in said:
        if isinstance(entry, OperatorRefused):
            raise ControlError(f"{entry.order}: {entry.detail}")
        if isinstance(entry, OperatorResolved):
            return entry
    raise ControlError(f"{wanted.order}: nothing came of it")


def _cells(core: Core, store: JournalStore) -> dict[str, Any]:
    to = core.address
    deaf = ("gate", "position_monitor", "strategy", "data_provider")

    def logger() -> EventLogger:
        return EventLogger(
            turn=core.turn,
            chain=HashChain(store.manifest.hash_0),
            followers=followers(to, to("strategy"), ()),
            outbox=to("outbox"),
            writer=to("journal_writer"),
        )

    def engine() -> Engine:
        return Engine(
            turn=core.turn,
            namespace=namespace_of(store),
            halted=None,
            gate=to("gate"),
            log=to("event_logger"),
            strategy=to("strategy"),
            itself=core.follow("engine", first=True),
        )

    return {
        "journal_writer": lambda: SteppedWriter(store=store, outbox=to("outbox"), commit_every=1),
        "event_logger": logger,
        "outbox": lambda: Outbox(turn=core.turn, venues={}),
        **dict.fromkeys(deaf, _Deaf),
        "engine": engine,
    }
