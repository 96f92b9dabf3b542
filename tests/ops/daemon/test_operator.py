"""An operator's word where no daemon listens: the journal is found, the word put on record, or the reason said why not.

Nothing is asked of a venue then; the next start books what follows, as if the daemon had been told.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.errors import BadInputError
from actors.journal.lock import JournalLock
from actors.journal.verify import verify
from messages.live import ForgetOrder, OperatorRefused, OperatorResolved
from messages.orders import OrderFilled, OrderRejected
from ops.daemon.operator import journal_of, resolve_command, tell_daemon
from tests.ops.daemon.house import LIVE, PAPER, Desk, desk

Say = Callable[[], dict[str, Any]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what gives the object on the last line of stdout."""

    def read() -> dict[str, Any]:
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert isinstance(told, dict)
        return told

    return read


def resolve(own: Desk, order: str, outcome: str, **words: str) -> int:
    return resolve_command(
        order, outcome, named=own.config, amount=words.get("amount"), price=words.get("price"), json=True
    )


def leave_one_lost(own: Desk) -> str:
    """Run a daemon whose order `a1` gets lost, and stop it."""
    own.start()
    lost = own.lose("a1")
    own.stop()
    return lost


def test_an_order_found_absent_is_rejected_on_record_and_its_instrument_is_free_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Say
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        lost = leave_one_lost(own)
        code, told = resolve(own, "a1", "absent"), said()
        on_record = own.kinds()[-2:]
        own.exchange.does = "fill"
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a2")
        own.told.wait_for("OrderFilled")
        own.stop()

        assert (code, told) == (0, {"order": lost, "resolution": "ABSENT"})
        assert on_record == ["OperatorResolved", "OrderRejected"]
        assert [(each.instruction_id, each.by) for each in own.of(OrderRejected)] == [("a1", "operator")]
        assert [each.instruction_id for each in own.of(OrderFilled)] == ["a2"]
        assert [each for each in own.exchange.heard if isinstance(each, ForgetOrder)] == []
        assert verify(own.journal).reason is None


def test_an_order_found_filled_is_in_the_book_of_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Say
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        lost = leave_one_lost(own)
        code, told = resolve(own, lost, "filled", price="1999"), said()
        own.exchange.does = "fill"
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a2", "5", side="SELL", reduce_only=True)
        own.told.wait_for("OrderFilled")
        own.stop()

        assert (code, told) == (0, {"order": lost, "resolution": "FILLED"})
        found, reduced = own.of(OrderFilled)
        assert (found.trade_id, str(found.amount), str(found.price)) == ("operator", "1", "1999")
        assert str(reduced.amount) == "1"  # no more than there is to reduce


@pytest.mark.parametrize(
    ("order", "outcome", "words", "why"),
    [
        ("b9", "absent", {}, "b9: no open order has this id"),
        ("a1", "filled", {"amount": "9"}, "a1: the amount is 9, that of the order 1"),
        ("a1", "absent", {"price": "9"}, "a1: what is absent has no amount and no price"),
        ("a1", "gone", {}, "outcome: gone: expected absent or filled"),
    ],
)
def test_a_word_that_makes_no_sense_is_exit_2_and_the_order_still_waits(
    order: str,
    outcome: str,
    words: dict[str, str],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: Say,
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        leave_one_lost(own)
        code, told = resolve(own, order, outcome, **words), said()

        assert (code, told) == (2, {"error": why, "exit": 2})
        assert own.of(OperatorResolved) == []
        assert len(own.of(OperatorRefused)) == (0 if outcome == "gone" else 1)
        assert resolve(own, "a1", "absent") == 0


def test_an_order_whose_end_is_known_cant_be_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Say
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.does = "rest"
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1")
        own.told.wait_for("OrderAccepted")
        own.stop()
        code, told = resolve(own, "a1", "absent"), said()

        assert code == 2
        assert told["error"].startswith("a1: its outcome is known")


def test_a_journal_that_somebody_writes_who_does_not_listen_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Say
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        leave_one_lost(own)
        before = own.journal.read_bytes()
        lock = JournalLock(own.journal)
        by_word, first = resolve(own, "a1", "absent"), said()
        by_command, second = tell_daemon(own.config, "status", json=True), said()
        lock.release()

        assert (by_word, by_command) == (2, 2)
        assert "is writing this journal" in first["error"]
        assert second["error"].startswith(f"{own.journal}: no daemon runs; process ")
        assert second["error"].endswith("writes the journal and does not listen")
        assert own.journal.read_bytes() == before


def test_without_a_daemon_or_a_journal_a_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Say
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        status, first = tell_daemon(own.config, "status", json=True), said()
        word, second = resolve(own, "a1", "absent"), said()

        assert (status, first) == (2, {"error": f"{own.journal}: no daemon runs", "exit": 2})
        assert word == 2
        assert "no such file" in second["error"]


def test_a_journal_of_another_kind_is_refused(tmp_path: Path, said: Say) -> None:
    notes = tmp_path / "notes.sqlite"
    notes.write_text("my notes\n")

    code = resolve_command("a1", "absent", named=notes, amount=None, price=None, json=True)

    assert code == 2
    assert "notes.sqlite" in said()["error"]
    assert notes.read_text() == "my notes\n"


class TestWhichJournal:
    """Without a name it is that of the one live or paper config of the folder."""

    def test_of_a_config_it_is_the_one_named_there(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_text(PAPER)

        assert journal_of(tmp_path / "a.toml") == tmp_path / "state" / "journal.sqlite"

    def test_of_anything_else_it_is_that_itself(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

        assert journal_of(Path("some.sqlite")) == tmp_path / "some.sqlite"

    def test_a_config_that_is_none_is_refused_with_its_problems(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_text('[mode]\ntype = "live"\n')

        with pytest.raises(BadInputError) as refused:
            journal_of(tmp_path / "a.toml")

        assert len(refused.value.problems) > 1
        assert all(each.startswith("a.toml: ") for each in refused.value.problems)

    def test_the_only_config_with_a_journal_is_meant(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "backtest.toml").write_text("[mode]\n")
        (tmp_path / "a.toml").write_text(PAPER)
        (tmp_path / "b.toml").write_text(PAPER.replace("state/", "other/"))
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "journal.sqlite").touch()

        assert journal_of(None) == tmp_path / "other" / "journal.sqlite"

    def test_the_usual_place_is_meant_where_no_config_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "journal.sqlite").touch()

        assert journal_of(None) == tmp_path / "state" / "journal.sqlite"

    def test_where_there_is_none_or_more_than_one_it_must_be_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(BadInputError, match="no config of a daemon with a journal is here, expected --config FILE"):
            journal_of(None)

        (tmp_path / "a.toml").write_text(PAPER)
        (tmp_path / "b.toml").write_text(LIVE.replace("state/", "other/"))
        for folder in ("state", "other"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "journal.sqlite").touch()
        with pytest.raises(BadInputError, match=r"more than one daemon's config is here \(a.toml, b.toml\)"):
            journal_of(None)
