"""Everything starts in its order and stops in the reverse one, and the last entry is on record after all others."""

import threading
import time
from pathlib import Path

import pytest

from actors.journal.lock import holder, lock_path
from actors.strategies.contract import StrategyContext
from messages.journal import AskJournal, JournalTold
from messages.lifecycle import RunEnded, RunStarted
from messages.live import VenueTrouble
from messages.orders import OrderCancelled
from messages.units import VenueName
from ops.daemon import daemon
from ops.daemon.control import socket_path
from tests.ops.daemon.house import PAPER, desk
from tests.ops.house import Silent

START = ["RunStarted", "Opening", "AccountOpened", "VenueStarted", "VenueSettled"]
TRADE = ["InstructionReceived", "OrderSubmitted", "OrderAccepted", "OrderFilled"]


def test_a_daemon_starts_trades_and_stops_with_the_end_as_its_last_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1")
        own.told.wait_for("OrderFilled")

        ended = own.stop()

        assert (ended.exit_code, ended.reason) == (0, "the test is over")
        assert own.kinds() == [*START, *TRADE, "RunEnded"]
        assert own.of(RunEnded)[0].outcome == "interrupted"
        assert own.of(RunEnded)[0].reason == "the test is over"
        assert ended.entries["OrderFilled"] == 1
        assert own.exchange.placed == [own.exchange.of_submitted()[0].client_order_id]


def test_what_was_started_last_is_stopped_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        running = own.start()
        own.told.wait_for("VenueSettled")

        order = list(running.root.started)
        own.stop()

        ours = ("journal_writer", "core", "the last entry", "venue:bybit", "what rests", "prices:bybit", "control")
        assert [each for each in order if each in ours] == [*ours]
        assert order[-1] == "control"
        assert own.exchange.steps[-2:] == ["prices closed", "venue closed"]


def test_after_the_end_nothing_of_it_is_left_beside_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        beside = socket_path(own.journal).exists(), lock_path(own.journal).exists()
        own.stop()

        assert beside == (True, True)
        assert [each.name for each in own.journal.parent.iterdir()] == ["journal.sqlite"]
        assert holder(own.journal) is None


def test_what_a_venue_says_while_it_is_stopped_comes_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.last_words = VenueTrouble(venue=VenueName("bybit"), kind="STREAM", detail="last words")
        own.start()
        own.told.wait_for("VenueSettled")

        own.stop()

        assert own.kinds() == [*START, "VenueTrouble", "RunEnded"]


def test_orders_are_left_at_a_stop_and_found_again_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.does = "rest"
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1")
        own.told.wait_for("OrderAccepted")
        ended = own.stop()
        own.start()
        own.exchange.wait_until(lambda it: len(it.of_followed()) > 1)
        again = own.exchange.of_followed()[-1]
        own.stop()

        assert ended.questions is not None
        assert ended.questions.open == 1
        assert [each.intent.instruction_id for each in again.orders] == ["a1"]
        assert len(own.exchange.placed) == 1


def test_orders_are_cancelled_at_a_stop_where_that_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.does = "rest"
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a1")
        own.give("a2")
        own.told.wait_for("OrderAccepted", count=2)

        ended = own.stop(cancel=True)

        assert ended.exit_code == 0
        assert ended.questions is not None
        assert ended.questions.open == 0
        assert len(own.of(OrderCancelled)) == 2
        assert own.kinds()[-1] == "RunEnded"


def test_the_strategy_sees_nothing_before_the_venues_have_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.exchange.settles = False
        running = own.start()
        own.exchange.wait_until(lambda it: len(it.of_followed()) == 1)
        own.price()
        running.tick(time.time_ns())
        told: JournalTold = running.ask("event_logger", AskJournal())
        questions = own.questions()
        own.stop()

        assert "EquityMarked" not in dict(told.counts)  # the mark before the strategy's first look
        assert questions.unsettled == ("bybit",)


def test_on_paper_what_was_set_in_the_config_lies_in_the_accounts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch, PAPER) as own:
        own.start()
        own.give("a1", pair="ETH/USDT")
        own.told.wait_for("OrderAccepted")
        own.price()
        own.told.wait_for("OrderFilled")
        own.stop()
        own.start()
        own.give("a2", "0.5", pair="ETH/USDT", side="SELL")
        own.told.wait_for("OrderAccepted")
        own.price()
        own.told.wait_for("OrderFilled")
        ended = own.stop()

        assert ended.exit_code == 0
        assert own.kinds() == [*START[:2], *TRADE, "RunEnded", "RunStarted", *TRADE, "RunEnded"]


def test_a_paper_run_that_died_before_its_first_entry_has_its_balances_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch, PAPER) as own:
        own.open_journal().store.close()
        own.start()
        own.stop()

        assert own.kinds() == ["RunStarted", "Opening", "RunEnded"]


def test_the_end_says_so_where_it_is_the_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")

        ended = own.stop("done")

        assert ended.exit_code == 0
        assert (own.of(RunEnded)[0].outcome, own.of(RunEnded)[0].reason) == ("done", "")


def test_a_script_that_ends_while_a_person_is_needed_ends_with_78(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.lose("a1")

        ended = own.stop("done")

        assert ended.exit_code == 78
        assert ended.questions is not None
        assert ended.questions.operator_needed == tuple(each.client_order_id for each in own.exchange.of_submitted())


def test_a_start_that_fails_half_way_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: object) -> None:
        raise OSError("no room for a socket")

    with desk(tmp_path, monkeypatch) as own:
        monkeypatch.setattr(daemon, "Control", refuse)
        before = set(threading.enumerate())

        with pytest.raises(OSError, match="no room for a socket"):
            own.start()

        assert [each.name for each in set(threading.enumerate()) - before if each.name != "stop everything"] == []
        assert holder(own.journal) is None
        steps, ends = own.exchange.steps, {"epoch 1": "venue closed", "prices started": "prices closed"}
        ended = [ends[step] for step in steps if step in ends]  # what was not fast enough to begin has no end
        assert set(ended) <= set(steps)
        assert steps[-2:] == ["prices closed", "venue closed"] or len(ended) < 2


def test_to_a_strategy_the_run_begins_at_the_journals_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    class Noting(Silent):
        def __init__(self, context: StrategyContext) -> None:
            super().__init__(context)
            begun.append(context.start)

    with desk(tmp_path, monkeypatch) as own:
        own.build = Noting
        own.start()
        own.stop()
        own.start()
        own.stop()

        first = own.of(RunStarted)[0].start
        assert set(begun) == {first}
        assert len(begun) > 1
