"""A crash in the core of a running daemon: it is rebuilt from the journal while the writer writes, and the run goes on.

No order is sent twice, none is lost, and no fill is booked twice or not at all. A fact that crashes the core twice ends
the process for a person to look, and is not lost either.
"""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.journal.store import JournalStore
from actors.journal.verify import verify
from messages.base import Message
from messages.instructions import InstructionReceived, TradeInstruction
from messages.lifecycle import Halted, InputSkipped, RunEnded
from messages.orders import OrderFilled, OrderRejected, OrderSubmitted
from ops import core_cells
from ops.daemon import cells, daemon
from tests.ops.daemon.house import LIVE, PAPER, WAIT_S, Desk, desk
from tests.ops.house import CLASSES

IN_THE_CORE = (
    *("event_logger", "outbox", "gate", "engine", "position_monitor", "exposure", "risk", "pnl", "strategy"),
    "data_provider",
)
MOST = 30


class Snare:
    """Raises after an actor has worked a message of a kind, at the message number `at` and, by `times`, the next ones.

    Attributes:
        left: How many messages it still lets pass; negative while it is not set.
        times: How often it still springs.
        sprung: It did.
    """

    def __init__(self, kind: type[Message] = Message) -> None:
        self._kind = kind
        self.left = -1
        self.times = 0
        self.sprung = threading.Event()

    def set(self, at: int, *, times: int = 1) -> None:
        self.times, self.left = times, at

    def around(self, work: Callable[[Any], object], message: Message) -> None:
        work(message)
        if not self.times or not isinstance(message, self._kind):
            return
        self.left -= 1
        if self.left <= 0:
            self.times -= 1
            self.sprung.set()
            raise ValueError("planted")


def snared(monkeypatch: pytest.MonkeyPatch, cell: str, kind: type[Message] = Message) -> Snare:
    """Have the wiring build an actor with a snare around each handler, now and at every rebuild."""
    snare, name = Snare(kind), CLASSES[cell]
    for module in (core_cells, cells):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, _snared(getattr(module, name), snare))
    return snare


def _snared(built: Any, snare: Snare) -> type:  # noqa: ANN401 - any actor's class
    class Snared(built):  # type: ignore[misc]  # chosen at run time
        def __init__(self, **words: Any) -> None:  # noqa: ANN401 - as it is built
            super().__init__(**words)
            table = self.__dict__.get("handlers", {})
            self.handlers = {each: partial(snare.around, work) for each, work in table.items()}
            self.receive = partial(snare.around, super().receive)

    return Snared


def agree(own: Desk) -> None:
    """Hold the journal against what reached the venue."""
    sent = Counter(each.client_order_id for each in own.exchange.of_submitted())
    intents = Counter(each.client_order_id for each in own.of(OrderSubmitted))
    filled = Counter(each.client_order_id for each in own.of(OrderFilled))
    rejected = {each.client_order_id for each in own.of(OrderRejected)}
    assert set(sent.values()) | set(intents.values()) | set(filled.values()) <= {1}
    assert sent.keys() <= intents.keys()
    assert set(filled) == set(own.exchange.filled)
    assert set(intents) == set(filled) | rejected
    assert verify(own.journal).chain_ok


def filled(own: Desk, name: str) -> None:
    """Wait until an instruction was filled."""
    own.told.wait_until(
        lambda entries: any(isinstance(each, OrderFilled) and each.instruction_id == name for each in entries)
    )


@pytest.mark.parametrize("at", [1, 2, 5])
@pytest.mark.parametrize("cell", IN_THE_CORE)
def test_the_run_goes_on_and_nothing_is_lost_or_doubled(
    cell: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snare = snared(monkeypatch, cell)
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        snare.set(at)
        given = 0
        while snare.times and given < MOST:
            own.give(f"a{given}", "0.1")
            given += 1
            if given > 2:
                own.let_work()
        own.told.wait_for("VenueSettled", count=2)
        own.give("after", "0.1")
        filled(own, "after")

        ended = own.stop()

        assert ended.exit_code == 0
        assert len(own.exchange.of_followed()) == 2
        agree(own)
        asked = len(own.of(InstructionReceived))
        skipped = [each.input for each in own.of(InputSkipped)]
        assert asked + skipped.count(TradeInstruction.__name__) >= given + 1
        assert own.kinds()[-1] == "RunEnded"


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_an_order_whose_command_waited_for_the_disk_at_the_crash_comes_to_its_end(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snare, commit, disk = snared(monkeypatch, "engine", TradeInstruction), JournalStore.commit, threading.Event()
    disk.set()

    def commit_when_it_may(store: JournalStore) -> None:
        assert disk.wait(WAIT_S)
        commit(store)

    monkeypatch.setattr(JournalStore, "commit", commit_when_it_may)
    with desk(tmp_path, monkeypatch, LIVE if mode == "live" else PAPER) as own:
        own.start()
        if mode == "live":
            own.told.wait_for("VenueSettled")
        own.price()
        own.let_write()
        snare.set(2)
        disk.clear()
        own.give("a1", "0.1", pair="ETH/USDT")
        own.give("a2", "0.1", pair="ETH/USDT")
        assert snare.sprung.wait(WAIT_S)
        disk.set()
        own.let_work()
        own.price()  # a simulated exchange looks at what it has when there is news
        own.told.wait_for("OrderRejected" if mode == "live" else "OrderFilled")
        own.let_work()
        questions = own.questions()
        own.stop()

        assert [each.instruction_id for each in own.of(OrderSubmitted)] == ["a1"]
        assert [each.input for each in own.of(InputSkipped)] == ["TradeInstruction"]
        assert questions.open == 0
        assert len(own.exchange.placed) == 0
        assert verify(own.journal).reason is None


def test_a_fact_that_crashes_the_core_twice_ends_it_with_78_and_is_told_again_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snare = snared(monkeypatch, "engine", OrderFilled)
    with desk(tmp_path, monkeypatch) as own:
        running = own.start()
        own.told.wait_for("VenueSettled")
        snare.set(1, times=2)
        own.give("a1")
        reason = daemon.wait(running, stopped=lambda: None, done=lambda: False)
        ended = own.stop(reason)
        halted = own.of(Halted)
        kinds = own.kinds()
        own.start()
        filled(own, "a1")
        own.stop()

        assert reason == ""
        assert ended.exit_code == 78
        assert "OrderFilled crashed engine twice: ValueError: planted" in ended.reason
        assert [each.reason for each in halted] == ["OrderFilled crashed engine twice: ValueError: planted"]
        assert "RunEnded" not in kinds
        assert len(own.of(RunEnded)) == 1
        agree(own)


def test_a_core_that_crashes_again_and_again_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snare = snared(monkeypatch, "engine", TradeInstruction)
    with desk(tmp_path, monkeypatch) as own:
        running = own.start()
        own.told.wait_for("VenueSettled")
        snare.set(1, times=MOST)
        for number in range(MOST):
            own.give(f"a{number}", "0.1")
        reason = daemon.wait(running, stopped=lambda: None, done=lambda: False)

        ended = own.stop(reason)

        assert ended.exit_code == 1
        assert ended.reason.startswith("core: core: ValueError: planted")
        assert "RunEnded" not in own.kinds()
        agree(own)
