"""A crashed turn says nothing, and the core comes back by folding the journal to the state it had before that turn."""

import decimal
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from actors.contract import Actor
from actors.errors import StrategyError
from actors.runtime.core import Core
from actors.runtime.crashes import BrokenCoreError, FactCrashedError
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.supervisor import Intensity, Root
from actors.runtime.threaded import spawn_threaded
from messages.base import Message
from messages.book import Opening
from messages.journal import Record
from messages.lifecycle import Halted, InputSkipped, TimerFired
from messages.market import MarketSlice
from messages.units import AccountName, Amount, Asset, Nanoseconds, Seq
from tests.actors.runtime.doubles import (
    PATIENCE_S,
    SOON,
    BoomOrder,
    Control,
    Ear,
    Handler,
    Listener,
    Order,
    Price,
    Probe,
    Say,
    Sync,
    seeded,
    told,
)


def at(ns: int) -> Nanoseconds:
    return Nanoseconds(ns)


class Book(Actor[Any]):
    """Folds openings: the state is a sum by asset, and the last slice."""

    def __init__(self) -> None:
        self.sums: dict[str, Decimal] = {}
        self.market: MarketSlice | None = None

    def receive(self, message: Any) -> None:  # noqa: ANN401 - hears everything
        if isinstance(message, Opening):
            self._add(message)

    def apply(self, record: Record) -> None:
        if isinstance(record.entry, Opening):
            self._add(record.entry)

    def apply_market(self, market: MarketSlice) -> None:
        self.market = market

    def _add(self, entry: Opening) -> None:
        self.sums[entry.asset] = self.sums.get(entry.asset, Decimal(0)) + entry.amount


class Journal(Actor[Any]):
    """A durable logger: keeps entries of turns that ended, drops those of a discarded one."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.records: list[Record] = []
        self.pending: list[Record] = []
        self.discarded = 0

    def receive(self, message: Any) -> None:  # noqa: ANN401 - entries
        seq = Seq(len(self.records) + len(self.pending) + 1)
        self.pending.append(Record(seq=seq, at=self.core.turn.at, cause=None, hash=b"", entry=message))

    def turn_ended(self) -> None:
        self.records += self.pending
        self.pending.clear()

    def discard_turn(self) -> None:
        self.discarded += 1
        self.pending.clear()

    def read(self) -> Iterator[Record]:
        assert not self.pending, "the turn must be discarded before the journal is read"
        yield from self.records

    @property
    def entries(self) -> list[Message]:
        return [record.entry for record in self.records]


def opening(amount: int) -> Opening:
    return Opening(account=AccountName("bybit"), asset=Asset("USDT"), amount=Amount(Decimal(amount)))


class House:
    """A core with a book, a journal and one cell that does what the test says."""

    def __init__(self, root: Root) -> None:
        self.group = root.group("core", as_one=True, intensity=Intensity(restarts=3, within_s=60), backoff=SOON)
        self.core = Core(supervisor=self.group)
        self.journal = Journal(self.core)
        self.built = 0
        self.core.spawn("event_logger", lambda: self.journal, closer=True, durable=True)
        self.core.spawn("book", Book)
        self.core.recovery = self.journal.read
        self.core.market_recovery = lambda: MarketSlice(at=at(77))
        self._book, self._logger = self.core.address("book"), self.core.address("event_logger")

    def enter(self, message: Opening) -> None:
        self._book.tell(message)
        self._logger.tell(message)

    @property
    def book(self) -> Book:
        behaviour = self.core.behaviour("book")
        assert isinstance(behaviour, Book)
        return behaviour


@pytest.fixture
def house(root: Root) -> House:
    return House(root)


def test_a_crashed_turn_says_nothing_to_anybody(house: House, root: Root, dead_letters: DeadLetters) -> None:
    core, probe = house.core, Probe()
    out = spawn_threaded("out", lambda: Listener(probe), supervisor=root.group("g"), dead_letters=dead_letters)
    outside, follow, first = core.outside(out), core.follow("ear"), core.follow("ear", first=True)
    ear, address, timers = Ear(), core.address("ear"), core.timers("ear")
    core.spawn("ear", lambda: Handler(ear.tell))
    timers.set("kept", at(100))
    timers.set("cancelled", at(101))
    core.take("ear", Say(n=0), at(1))

    def work(_: Message) -> None:
        house.enter(opening(5))
        told(outside, [Say(n=1)])
        told(follow, [Say(n=2)])
        told(first, [Say(n=3)])
        out.tell(Sync())  # not of the turn: by ref, on the test's own account
        timers.set("set", at(50))
        timers.set("kept", at(60))
        timers.cancel("cancelled")
        address.tell(Say(n=4))
        address.tell(BoomOrder())

    def crash(message: Message) -> None:
        if isinstance(message, BoomOrder):
            raise ValueError("boom")  # noqa: TRY004 - a planted fault
        ear.tell(message)

    core.spawn("worker", lambda: Handler(work))
    core.place("ear").factory = lambda: Handler(crash)
    core.rebuild()
    ear.heard.clear()
    core.take("worker", Order(), at(2))
    out.ask(Sync(), timeout=PATIENCE_S)
    heard_before = [message for message in ear.heard if message != Say(n=4)]
    core.take("ear", Say(n=5), at(99))

    assert heard_before == []
    assert probe.heard == []
    assert house.book.sums == {}
    assert [type(entry) for entry in house.journal.entries] == [InputSkipped]
    assert not any(isinstance(message, TimerFired) for message in ear.heard)
    core.take("ear", Say(n=6), at(200))
    fired = [message.timer_id for message in ear.heard if isinstance(message, TimerFired)]
    assert fired == ["kept", "cancelled"]


def test_the_core_comes_back_to_the_same_state_after_every_crash(house: House) -> None:
    rng = seeded(3)

    def work(message: Any) -> None:  # noqa: ANN401 - two kinds
        if isinstance(message, Say):
            house.enter(opening(message.n))
        else:
            house.enter(opening(1_000_000))
            house.core.address("worker").tell(Control())

    def crash_later(message: Any) -> None:  # noqa: ANN401 - three kinds
        if isinstance(message, Control):
            raise ValueError("boom")  # noqa: TRY004 - a planted fault
        work(message)

    house.core.spawn("worker", lambda: Handler(crash_later))
    crash_at = set(rng.sample(range(100), 3))
    expected = Decimal(0)

    for n in range(100):
        if n in crash_at:
            before = dict(house.book.sums)
            old = house.book
            house.core.take("worker", Order(), at(n))
            assert house.book is not old
            assert house.book.sums == before
            assert house.book.market == MarketSlice(at=at(77))
        house.core.take("worker", Say(n=n), at(n))
        expected += n
        assert house.book.sums == {"USDT": expected}
    assert house.journal.discarded == 3


def boom_n_times(times: int) -> Any:  # noqa: ANN401 - a handler
    left = [times]

    def work(_: Message) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise ValueError("boom\n\x1b[31m")

    return work


@pytest.mark.parametrize("message", [Price(of="ETH", n=1), Order()])
def test_market_data_and_instructions_that_crash_are_skipped_and_journaled(house: House, message: Message) -> None:
    work = boom_n_times(1)
    house.core.spawn("worker", lambda: Handler(work))

    house.core.take("worker", message, at(9))

    (entry,) = house.journal.entries
    assert isinstance(entry, InputSkipped)
    assert entry.input == type(message).__name__
    assert entry.error == "ValueError: boom\\n\\x1b[31m"
    assert entry.where.startswith("test_crashed_turns.py:")
    assert house.journal.records[0].at == 9


def test_a_timer_that_crashes_is_skipped(house: House) -> None:
    work = boom_n_times(1)
    house.core.spawn("worker", lambda: Handler(work))
    house.core.timers("worker").set("t", at(5))

    house.core.take("worker", Say(), at(9))

    (entry,) = house.journal.entries
    assert isinstance(entry, InputSkipped)
    assert entry.input == "TimerFired"
    assert house.journal.records[0].at == 5


def test_a_fact_that_crashes_once_is_worked_again(house: House) -> None:
    boom = boom_n_times(1)

    def work(message: Message) -> None:
        boom(message)
        house.enter(opening(1))

    house.core.spawn("worker", lambda: Handler(work))

    house.core.take("worker", Say(), at(9))

    assert house.journal.entries == [opening(1)]
    assert house.book.sums == {"USDT": Decimal(1)}


@pytest.mark.parametrize("message", [Say(), Control()])
def test_a_fact_that_crashes_twice_halts_and_needs_a_person(house: House, message: Message) -> None:
    work = boom_n_times(100)
    house.core.spawn("worker", lambda: Handler(work))

    with pytest.raises(FactCrashedError) as caught:
        house.core.take("worker", message, at(9))

    assert caught.value.exit_code == 78
    assert isinstance(caught.value.__cause__, ValueError)
    (entry,) = house.journal.entries
    assert isinstance(entry, Halted)
    assert "crashed worker twice: ValueError" in entry.reason
    with pytest.raises(BrokenCoreError):
        house.core.take("worker", message, at(10))


def test_follow_ups_of_the_turn_before_are_still_worked_after_a_crash(house: House) -> None:
    core, ear = house.core, Ear()
    later = core.follow("worker")
    core.spawn("script", lambda: Handler(lambda _: told(later, [Order(instruction_id=i) for i in "abc"])))

    def work(message: Order) -> None:
        if message.instruction_id == "b":
            raise ValueError("boom")
        ear.tell(message.instruction_id)

    core.spawn("worker", lambda: Handler(work))

    core.take("script", Say(), at(1))

    assert ear.heard == ["a", "c"]
    assert [type(entry) for entry in house.journal.entries] == [InputSkipped]


def test_without_a_supervisor_a_crash_goes_up_as_it_is_and_rebuild_makes_the_core_whole() -> None:
    core, ear = Core(), Ear()

    def work(message: Message) -> None:
        if isinstance(message, Order):
            raise StrategyError("bad idea", where="mine.py:3")
        ear.tell(message)

    core.spawn("worker", lambda: Handler(work))
    core.follow("worker").tell(Say(n=1))

    with pytest.raises(StrategyError, match="bad idea"):
        core.take("worker", Order(), at(1))
    with pytest.raises(BrokenCoreError, match="bad idea"):
        core.take("worker", Say(n=2), at(1))
    core.rebuild()
    core.take("worker", Say(n=3), at(2))

    assert ear.heard == [Say(n=3)]


def test_a_strategy_error_is_skipped_with_the_users_own_line(house: House) -> None:
    def work(_: Message) -> None:
        raise StrategyError("bad idea", where="mine.py:3")

    house.core.spawn("worker", lambda: Handler(work))

    house.core.take("worker", Order(), at(1))

    (entry,) = house.journal.entries
    assert isinstance(entry, InputSkipped)
    assert entry.where == "mine.py:3"


def test_an_interrupt_is_the_drivers_and_discards_the_turn(house: House) -> None:
    def work(_: Message) -> None:
        house.enter(opening(1))
        raise KeyboardInterrupt

    house.core.spawn("worker", lambda: Handler(work))

    with pytest.raises(KeyboardInterrupt):
        house.core.take("worker", Say(), at(1))
    house.core.rebuild()

    assert house.journal.entries == []
    assert house.book.sums == {}


def test_a_durable_behaviour_survives_the_rebuild(house: House) -> None:
    built, stopped = Ear(), Probe()

    def build() -> Listener:
        built.tell("kept")
        return Listener(stopped, "kept")

    house.core.spawn("kept", build, durable=True)
    house.core.spawn("worker", lambda: Handler(boom_n_times(1)))
    before = house.core.behaviour("kept")

    house.core.take("worker", Order(), at(1))

    assert house.core.behaviour("kept") is before
    assert built.heard == ["kept"]
    assert stopped.stopped == []


def test_a_journal_that_cannot_discard_ends_everything(house: House) -> None:
    def fail() -> None:
        raise OSError("disk")

    house.journal.discard_turn = fail  # type: ignore[method-assign]  # a planted fault
    house.core.spawn("worker", lambda: Handler(boom_n_times(1)))

    with pytest.raises(OSError, match="disk"):
        house.core.take("worker", Order(), at(1))


def test_money_is_reckoned_in_the_one_context_of_the_house() -> None:
    core, seen = Core(), Ear()
    core.spawn("a", lambda: Handler(lambda _: seen.tell(decimal.getcontext())))

    core.take("a", Say(), at(0))

    assert seen.heard[0].prec == 40
    assert seen.heard[0].traps[decimal.FloatOperation]


def test_recovery_at_a_start_folds_the_journal_and_moves_the_time(house: House) -> None:
    for n in range(3):
        house.journal.records.append(
            Record(seq=Seq(n + 1), at=at(40 + n), cause=None, hash=b"", entry=opening(10)),
        )

    house.core.recover()

    assert house.book.sums == {"USDT": Decimal(30)}
    assert house.core.turn.at == 42
