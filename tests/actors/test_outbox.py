"""No command leaves before the entry that announced it is durable; commands leave in the order of their intents, once.

With the writers of the journal, stepped and none: what they answer for is what the outbox may let go.
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.contract import Actor, Turn
from actors.journal.store import JournalStore
from actors.journal.writer import NullWriter, SteppedWriter
from actors.outbox import Outbox
from messages.journal import Append, Durable, Hold
from messages.orders import SubmitOrder
from messages.units import Seq, VenueName
from tests.actors.builders import Mail, submitted
from tests.actors.journal.builders import MANIFEST, a_run, rows_of


def held(seq: int, *, venue: str = "bybit") -> Hold:
    return Hold(seq=Seq(seq), command=SubmitOrder(intent=submitted(client=f"c{seq}", venue=venue)))


class Desk:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.turn = Turn()
        self.causes: list[Seq | None] = []
        self.outbox = Outbox(turn=self.turn, venues={VenueName(name): self.venue(name) for name in ("bybit", "okx")})

    def venue(self, name: str) -> Mail:
        mail = Mail()

        def tell(message: Any) -> None:  # noqa: ANN401 - as an address
            self.sent.append((name, message.intent.client_order_id))
            self.causes.append(self.turn.cause)

        mail.tell = tell  # type: ignore[method-assign]  # a double
        return mail

    def tell(self, *messages: Hold | Durable) -> list[str]:
        """Tell it; return the ids of what left."""
        for message in messages:
            self.outbox.receive(message)
        sent, self.sent = self.sent, []
        return [client for _, client in sent]


def durable(seq: int) -> Durable:
    return Durable(seq=Seq(seq))


def test_a_command_waits_for_its_own_entry() -> None:
    desk = Desk()

    assert desk.tell(held(3)) == []
    assert desk.tell(durable(2)) == []
    assert desk.tell(durable(3)) == ["c3"]


def test_each_command_has_its_own_entry_as_its_cause_also_when_many_are_durable_at_once() -> None:
    desk = Desk()
    desk.turn.cause = Seq(99)

    desk.tell(held(3), held(5), durable(7))

    assert desk.causes == [3, 5]


def test_commands_leave_in_the_order_of_their_intents_whichever_venue_they_are_for() -> None:
    desk = Desk()
    for seq, venue in ((2, "okx"), (5, "bybit"), (7, "okx"), (9, "bybit")):
        desk.outbox.receive(held(seq, venue=venue))

    desk.outbox.receive(durable(7))

    assert desk.sent == [("okx", "c2"), ("bybit", "c5"), ("okx", "c7")]


def test_every_command_leaves_once() -> None:
    desk = Desk()
    desk.tell(held(1))
    desk.tell(durable(1))

    assert desk.tell(durable(1), durable(2)) == []
    assert desk.tell(held(3), durable(9)) == ["c3"]


@given(st.lists(st.booleans(), max_size=60))
def test_what_left_is_always_what_was_durable_in_order(steps: list[bool]) -> None:
    desk, seq, announced = Desk(), 0, 0
    left: list[str] = []
    on_disk = 0

    for is_hold in steps:
        if is_hold:
            seq += 2
            announced = seq
            left += desk.tell(held(seq))
        else:
            on_disk = min(announced, on_disk + 3)
            left += desk.tell(durable(on_disk))
        assert left == [f"c{each}" for each in range(2, on_disk + 1, 2)]


@pytest.fixture(params=["stepped", "none"])
def writer_of(request: pytest.FixtureRequest, tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    def build(outbox: Mail) -> Actor[Append]:
        if request.param == "none":
            return NullWriter(outbox=outbox)
        store = JournalStore.create(tmp_path / "journal.sqlite", MANIFEST, durability="off")
        request.addfinalizer(store.close)
        return SteppedWriter(store=store, outbox=outbox, commit_every=100)

    return build


def test_a_writer_answers_for_the_last_row_and_the_outbox_lets_go_what_waited(writer_of: Any) -> None:  # noqa: ANN401
    desk, answers = Desk(), Mail()
    writer = writer_of(answers)
    rows = rows_of(a_run(4))
    desk.tell(held(2), held(3))

    writer.receive(Append(rows=tuple(rows[:2]), awaited=True))
    first = answers.take()
    writer.receive(Append(rows=tuple(rows[2:3]), awaited=False))
    assert answers.take() == []
    writer.receive(Append(rows=tuple(rows[3:]), awaited=True))
    second = answers.take()

    assert (first, second) == ([durable(2)], [durable(4)])
    assert desk.tell(*first) == ["c2"]
    assert desk.tell(*second) == ["c3"]


def test_a_writer_that_got_no_rows_answers_for_none(writer_of: Any) -> None:  # noqa: ANN401 - a function
    answers = Mail()

    writer_of(answers).receive(Append(rows=()))

    assert answers.told == []
