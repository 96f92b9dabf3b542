"""Every writer answers `Durable` for what it keeps, in order; the stepped one forgets a turn that crashed."""

from pathlib import Path

import pytest

from actors.errors import InvariantError
from actors.journal.errors import JournalWriteError
from actors.journal.store import JournalStore
from actors.journal.writer import NullWriter, SteppedWriter, ThreadedWriter
from messages.journal import Append, Durable
from messages.units import Seq
from tests.actors.journal.builders import MANIFEST, Told, a_run, append, rows_of

ROWS = rows_of(a_run(10))


def durable(*seqs: int) -> list[Durable]:
    return [Durable(seq=Seq(seq)) for seq in seqs]


class Stage:
    """A store, an outbox, and a writer of either kind between them."""

    def __init__(self, folder: Path, *, commit_every: int = 4) -> None:
        self.store = JournalStore.create(folder / "journal.sqlite", MANIFEST, durability="off")
        self.outbox = Told()
        self.stepped = SteppedWriter(store=self.store, outbox=self.outbox, commit_every=commit_every)
        self.threaded = ThreadedWriter(store=self.store, outbox=self.outbox)

    def fail(self) -> None:
        """Let the next write fail."""
        self.store._connection.execute("PRAGMA query_only = ON")  # noqa: SLF001 - a disk that says no


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_the_stepped_writer_answers_within_the_turn(stage: Stage) -> None:
    stage.stepped.receive(append(ROWS[:1]))
    stage.stepped.receive(append(ROWS[1:3]))

    assert stage.outbox.messages == durable(1, 3)
    stage.store.close()


def test_the_stepped_writer_commits_at_the_end_of_a_turn_when_enough_has_gathered(stage: Stage) -> None:
    committed = []
    for rows in (ROWS[:3], ROWS[3:5], ROWS[5:8], ROWS[8:9]):
        stage.stepped.receive(append(rows))
        stage.stepped.turn_ended()
        committed.append(stage.store.durable_seq)

    assert committed == [0, 5, 5, 9]
    stage.store.close()


def test_the_stepped_writer_writes_nothing_before_the_turn_is_over(stage: Stage) -> None:
    stage.stepped.receive(append(ROWS[:9]))

    assert stage.store.durable_seq == 0
    stage.store.close()


def test_a_turn_that_crashed_leaves_nothing_and_the_next_one_takes_its_place(stage: Stage) -> None:
    stage.stepped.receive(append(ROWS[:2]))
    stage.stepped.turn_ended()
    stage.stepped.receive(append(ROWS[2:4]))
    stage.stepped.receive(append(ROWS[4:5]))

    stage.stepped.discard_turn()

    stage.stepped.flush()
    assert [record.seq for record in stage.store.records()] == [1, 2]
    stage.stepped.receive(append(ROWS[2:9]))
    stage.stepped.turn_ended()
    stage.stepped.discard_turn()
    assert stage.store.durable_seq == 9
    stage.stepped.receive(append(ROWS[9:]))
    stage.store.close()


def test_a_first_turn_that_crashed_leaves_nothing(stage: Stage) -> None:
    stage.stepped.receive(append(ROWS[:2]))
    stage.stepped.discard_turn()
    stage.stepped.stopping()

    assert stage.store.last_seq == 0
    stage.store.close()


def test_the_stepped_writer_writes_what_waits_when_it_stops(stage: Stage) -> None:
    stage.stepped.receive(append(ROWS[:2]))
    stage.stepped.turn_ended()
    stage.stepped.stopping()

    assert stage.store.durable_seq == 2
    stage.store.close()


def test_a_writer_built_anew_goes_on_behind_the_store(stage: Stage) -> None:
    stage.store.append(ROWS[:3])
    stage.store.commit()

    again = SteppedWriter(store=stage.store, outbox=stage.outbox, commit_every=1)
    again.receive(append(ROWS[3:4]))
    again.turn_ended()

    assert stage.store.durable_seq == 4
    stage.store.close()


def test_a_row_that_does_not_follow_is_an_invariant_for_every_writer(stage: Stage) -> None:
    for writer in (stage.stepped, stage.threaded):
        with pytest.raises(InvariantError):
            writer.receive(append(ROWS[1:2]))

    assert stage.outbox.messages == []
    stage.store.close()


def test_rows_out_of_order_inside_a_message_are_never_committed(stage: Stage) -> None:
    stage.stepped.receive(Append(rows=(ROWS[0], ROWS[2], ROWS[1], ROWS[3])))

    with pytest.raises(InvariantError):
        stage.stepped.turn_ended()
    stage.stepped.stopping()

    assert stage.store.last_seq == 0
    stage.store.close()


def test_a_failed_write_is_not_tried_again_when_the_writer_stops(stage: Stage) -> None:
    stage.stepped.receive(append(ROWS[:4]))
    stage.fail()
    with pytest.raises(JournalWriteError):
        stage.stepped.turn_ended()

    stage.stepped.stopping()

    assert stage.store.durable_seq == 0
    stage.store.close()


def test_a_group_is_one_commit_and_one_answer(stage: Stage) -> None:
    statements: list[str] = []
    stage.store._connection.set_trace_callback(statements.append)  # noqa: SLF001 - the only way to see it

    stage.threaded.receive_many([append(ROWS[:2]), append(ROWS[2:3]), append([]), append(ROWS[3:7])])

    assert stage.outbox.messages == durable(7)
    assert stage.store.durable_seq == 7
    assert [said for said in statements if not said.startswith("INSERT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    stage.store.close()


def test_a_group_with_a_row_that_does_not_follow_is_committed_not_at_all(stage: Stage) -> None:
    with pytest.raises(InvariantError):
        stage.threaded.receive_many([append(ROWS[:2]), append(ROWS[3:4])])

    assert (stage.outbox.messages, stage.store.durable_seq) == ([], 0)
    stage.store.close()


def test_the_threaded_writer_does_not_answer_for_what_was_not_written(stage: Stage) -> None:
    stage.threaded.receive(append(ROWS[:1]))
    stage.fail()

    with pytest.raises(JournalWriteError):
        stage.threaded.receive(append(ROWS[1:2]))

    assert stage.outbox.messages == durable(1)
    stage.store.close()


def test_messages_without_rows_are_not_answered(stage: Stage) -> None:
    for writer in (stage.stepped, stage.threaded, NullWriter(outbox=stage.outbox)):
        writer.receive(append([]))
    stage.threaded.receive_many([])

    assert stage.outbox.messages == []
    stage.store.close()


def test_without_a_journal_everything_is_durable_at_once() -> None:
    outbox = Told()
    NullWriter(outbox=outbox).receive(append(ROWS[:3]))

    assert outbox.messages == durable(3)
