"""What crashes beside the core: a venue comes back with the next epoch; what can't come back ends the daemon with 1.

A journal that can't be written ends it at once: nothing more is sent, what rests at the venues is cancelled past the
core, and no end is put on record. The next start finds everything out from the venues.
"""

from pathlib import Path

import pytest

from actors.journal.errors import JournalWriteError
from actors.journal.store import JournalStore
from messages.live import CancelAll
from messages.orders import OrderCancelled, OrderFilled, OrderSubmitted
from ops.daemon import daemon
from tests.ops.daemon.house import Desk, desk


def failing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have every commit fail from the moment on in which the list has something in it."""
    why: list[str] = []
    commit = JournalStore.commit

    def commit_or_not(store: JournalStore) -> None:
        if why:
            store._failed = True  # noqa: SLF001 - as a commit leaves it that fails
            raise JournalWriteError(f"{store.path}: {why[0]}")
        commit(store)

    monkeypatch.setattr(JournalStore, "commit", commit_or_not)
    return why


def to_the_end(own: Desk) -> daemon.Ended:
    """Wait until the daemon has failed, and stop it."""
    reason = daemon.wait(own.running, stopped=lambda: None, done=lambda: False)
    assert reason == ""
    return own.stop(reason)


def test_a_venue_that_crashes_comes_back_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.crashes = 2
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1")
        own.told.wait_for("OrderFilled")

        ended = own.stop()

        assert ended.exit_code == 0
        assert [step for step in own.exchange.steps if step.startswith("epoch")] == ["epoch 1", "epoch 2", "epoch 3"]
        assert len(own.of(OrderFilled)) == 1


def test_a_venue_that_crashes_again_and_again_ends_the_daemon_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.crashes = 1000
        own.start()

        ended = to_the_end(own)

        assert (ended.exit_code, ended.reason) == (1, "venues: venue:bybit: ConnectionError: planted")
        assert ended.questions is None
        assert "RunEnded" not in own.kinds()
        assert own.exchange.epochs == 6


def test_a_journal_that_cant_be_written_ends_with_1_and_no_end_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = failing(monkeypatch)
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        own.let_write()
        why.append("the disk is full")
        own.give("a1")

        ended = to_the_end(own)
        why.clear()

        assert ended.exit_code == 1
        assert ended.reason == f"journal: journal_writer: JournalWriteError: {own.journal}: the disk is full"
        assert own.exchange.of_submitted() == []
        assert own.kinds()[-1] == "VenueSettled"


def test_what_rests_is_cancelled_past_the_core_when_the_journal_fails_and_found_out_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = failing(monkeypatch)
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.does = "rest"
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1")
        own.told.wait_for("OrderAccepted")
        own.let_write()
        why.append("the disk is full")
        own.give("a2")
        to_the_end(own)
        why.clear()
        own.start()
        own.told.wait_for("OrderCancelled")
        own.stop()

        assert sum(isinstance(each, CancelAll) for each in own.exchange.heard) == 1
        assert own.exchange.open == {}
        assert [each.instruction_id for each in own.of(OrderCancelled)] == ["a1"]
        assert [each.instruction_id for each in own.of(OrderSubmitted)] == ["a1"]
        assert len(own.exchange.placed) == 1


def test_what_rests_is_left_alone_by_any_other_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.does = "rest"
        running = own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1")
        own.told.wait_for("OrderAccepted")
        running.root.fail("a test", RuntimeError("planted"))

        ended = to_the_end(own)

        assert (ended.exit_code, ended.reason) == (1, "a test: RuntimeError: planted")
        assert len(own.exchange.open) == 1
        assert "RunEnded" not in own.kinds()
