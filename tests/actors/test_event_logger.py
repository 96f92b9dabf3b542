"""The event logger stamps entries with number, time, cause and hash, in one order, and tells their followers.

An intent goes to the outbox only together with its row to the writer.
"""

import hashlib
from typing import Any

import msgspec
import pytest

from actors.contract import Turn
from actors.event_logger import Chain, EventLogger, HashChain, NoChain
from messages.base import Message
from messages.instructions import InstructionReceived
from messages.journal import ENTRY_TYPES, Append, AskJournal, Entry, Hold, JournalTold, RecordTogether, RefuseAtOnce
from messages.lifecycle import Halted
from messages.market import FundingPaid
from messages.orders import OrderAccepted, OrderFilled
from messages.units import Nanoseconds, Seq
from tests.actors.builders import (
    Mail,
    accepted,
    filled,
    opening,
    order,
    paid,
    received,
    record,
    refused,
)

FIRST = hashlib.sha256(b"a manifest").digest()

Row = tuple[int, bytes, bytes]


class Letter(msgspec.Struct, frozen=True):
    """What was told to whom, and the cause that went with it."""

    to: str
    message: Any
    cause: int | None


class Desk:
    """A logger that tells fills to two actors and three other kinds to one each; all letters are kept in one list."""

    def __init__(self, chain: Chain | None = None) -> None:
        self.turn = Turn()
        self.turn.at = Nanoseconds(1_000)
        self.letters: list[Letter] = []
        self.rows: list[Row] = []
        self.logger = EventLogger(
            turn=self.turn,
            chain=chain or HashChain(FIRST),
            followers={
                OrderFilled: (self.to("gate"), self.to("position_monitor")),
                OrderAccepted: (self.to("strategy"),),
                FundingPaid: (self.to("position_monitor"),),
                InstructionReceived: (self.to("gate"),),
            },
            outbox=self.to("outbox"),
            writer=self.to("writer"),
        )

    def to(self, name: str) -> Mail:
        mail = Mail()

        def tell(message: Message) -> None:
            self.letters.append(Letter(name, message, self.turn.cause))
            if isinstance(message, Append):
                self.rows += message.rows

        mail.tell = tell  # type: ignore[method-assign]  # a double
        return mail

    def tell(self, message: Any, *, cause: int | None = None) -> list[Letter]:  # noqa: ANN401 - any message for it
        """Tell the logger something that comes from `cause`; return what it told on."""
        self.turn.cause = None if cause is None else Seq(cause)
        self.logger.receive(message)
        letters, self.letters = self.letters, []
        return letters

    def end_turn(self) -> list[Letter]:
        self.logger.turn_ended()
        letters, self.letters = self.letters, []
        return letters

    @property
    def stamps(self) -> list[tuple[int, int, str, int | None]]:
        """Of all rows that the writer has."""
        bodies = [msgspec.json.decode(body) for _, body, _ in self.rows]
        assert [row[0] for row in self.rows] == [body["seq"] for body in bodies]
        return [(body["seq"], body["at"], body["type"], body["cause"]) for body in bodies]

    @property
    def told(self) -> JournalTold:
        answer = self.logger.answer(AskJournal())
        assert isinstance(answer, JournalTold)
        return answer


def test_entries_are_numbered_from_one_and_carry_the_time_of_their_turn() -> None:
    desk = Desk()
    desk.tell(opening())
    desk.tell(Halted(reason="why"))
    desk.end_turn()
    desk.turn.at = Nanoseconds(2_000)
    desk.tell(opening())
    desk.end_turn()

    assert desk.stamps == [(1, 1_000, "Opening", None), (2, 1_000, "Halted", None), (3, 2_000, "Opening", None)]


def test_every_entry_on_the_way_of_an_order_names_its_cause() -> None:
    desk = Desk()
    desk.tell(received())
    desk.tell(order(), cause=1)
    desk.tell(accepted(), cause=2)
    desk.tell(filled(), cause=2)
    desk.tell(RefuseAtOnce(received=received(name="a2"), refused=refused(name="a2")), cause=4)
    desk.tell(refused(name="a3"), cause=5)
    desk.end_turn()

    assert [stamp[2:] for stamp in desk.stamps] == [
        ("InstructionReceived", None),
        ("OrderSubmitted", 1),
        ("OrderAccepted", 2),
        ("OrderFilled", 2),
        ("InstructionReceived", 4),
        ("InstructionRefused", 5),
        ("InstructionRefused", 5),
    ]


def test_what_an_entry_leads_to_carries_its_number_as_cause() -> None:
    desk = Desk()
    desk.tell(opening())

    assert [letter.cause for letter in desk.tell(filled(), cause=1)] == [2, 2]
    assert desk.tell(received(), cause=1) == [Letter("gate", received(), 3)]
    assert {letter.cause for letter in desk.tell(order(), cause=3)} == {4}


def test_followers_are_told_in_their_order_and_nobody_else_is() -> None:
    desk = Desk()

    assert [(letter.to, letter.message) for letter in desk.tell(filled())] == [
        ("gate", filled()),
        ("position_monitor", filled()),
    ]
    assert [letter.to for letter in desk.tell(accepted())] == ["strategy"]
    assert [letter.to for letter in desk.tell(paid())] == ["position_monitor"]
    assert desk.tell(Halted(reason="why")) == []


def test_a_refused_instruction_is_on_record_with_its_refusal_and_no_gate_is_asked() -> None:
    desk = Desk()

    assert desk.tell(RefuseAtOnce(received=received(), refused=refused())) == []
    desk.end_turn()
    assert [stamp[2:] for stamp in desk.stamps] == [("InstructionReceived", None), ("InstructionRefused", 1)]


def test_an_intent_goes_to_the_writer_at_once_with_all_before_it_and_its_command_to_the_outbox() -> None:
    desk = Desk()
    desk.tell(received())

    letters = desk.tell(order(), cause=1)

    assert [letter.to for letter in letters] == ["outbox", "writer"]
    assert letters[0].message == Hold(seq=Seq(2), command=order())
    assert letters[1].message == Append(rows=letters[1].message.rows, awaited=True)
    assert [row[0] for row in letters[1].message.rows] == [1, 2]
    assert desk.end_turn() == []


def test_rows_are_handed_on_when_the_turn_ends_each_once() -> None:
    desk = Desk()
    assert desk.end_turn() == []
    assert [letter.to for letter in desk.tell(opening()) + desk.tell(Halted(reason="why"))] == []

    (letter,) = desk.end_turn()

    assert letter.to == "writer"
    assert not letter.message.awaited
    assert [row[0] for row in letter.message.rows] == [1, 2]
    assert desk.end_turn() == []


def test_what_is_recorded_together_goes_to_the_writer_in_one_piece_each_with_the_same_cause() -> None:
    desk = Desk()
    assert desk.tell(RecordTogether(entries=(opening(), Halted(reason="why"), opening()))) == []

    (letter,) = desk.end_turn()

    assert [row[0] for row in letter.message.rows] == [1, 2, 3]
    assert [stamp[2:] for stamp in desk.stamps] == [("Opening", None), ("Halted", None), ("Opening", None)]


def test_the_hash_chain_is_what_another_calculation_says() -> None:
    desk = Desk()
    desk.tell(opening())
    desk.tell(order())
    desk.end_turn()
    desk.tell(filled())
    desk.end_turn()

    digest = FIRST
    for _, body, stored in desk.rows:
        digest = hashlib.sha256(digest + body).digest()
        assert stored == digest
    assert len(desk.rows) == 3
    assert desk.told.last_hash == digest


def test_it_tells_how_many_entries_of_each_kind_there_are() -> None:
    desk = Desk()
    for message in (opening(), filled(), opening()):
        desk.tell(message)

    assert (desk.told.seq, desk.told.counts) == (3, (("Opening", 2), ("OrderFilled", 1)))


def test_folding_goes_on_with_number_counts_and_hash() -> None:
    ran, folded = Desk(), Desk()
    entries: list[Entry] = [opening(), filled(), opening()]
    for entry in entries:
        ran.tell(entry)
    ran.end_turn()
    for (seq, _, digest), entry in zip(ran.rows, entries, strict=True):
        folded.logger.apply(msgspec.structs.replace(record(entry, seq=seq, at=1_000), hash=digest))

    assert folded.letters == []
    assert folded.end_turn() == []
    assert folded.told == ran.told
    for desk in (ran, folded):
        desk.rows.clear()
        desk.tell(Halted(reason="why"))
        desk.end_turn()
    assert folded.rows == ran.rows


def test_without_a_journal_entries_are_numbered_told_and_counted_all_the_same() -> None:
    desk = Desk(NoChain())

    assert [letter.to for letter in desk.tell(filled())] == ["gate", "position_monitor"]
    desk.end_turn()
    assert desk.rows == [(1, b"", b"")]
    assert (desk.told.seq, desk.told.last_hash) == (1, None)


@pytest.mark.parametrize("kind", ENTRY_TYPES)
def test_every_kind_of_entry_can_be_told_to_it(kind: type[Message]) -> None:
    assert kind in Desk().logger.handlers
