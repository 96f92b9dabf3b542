"""What an operator tells a daemon that runs: it is done at once, answered in one line, and on record where it matters.

A command that can't be carried out is refused with exit code 2 and changes nothing.
"""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from messages.instructions import Code, InstructionRefused
from messages.lifecycle import Halt, Halted, Resume, Resumed
from messages.live import ForgetOrder, OperatorRefused, OperatorResolved, Resolution, VenueHalted
from messages.orders import OrderCancelled, OrderFilled, OrderRejected
from messages.units import ClientOrderId, InstructionId, InstrumentId, VenueName
from ops.daemon.commands import Commands
from ops.daemon.operator import resolve_command, tell_daemon
from ops.daemon.running import Running
from tests.ops.daemon.house import LIVE, PAPER, Desk, desk

BYBIT = VenueName("bybit")


class Screen:
    """What the commands print."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def of(self, code: int) -> tuple[int, dict[str, Any]]:
        """Return the exit code with the object on the last line of stdout."""
        told = json.loads(self._capture.readouterr().out.splitlines()[-1])
        assert isinstance(told, dict)
        return code, told


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str]) -> Screen:
    return Screen(capsys)


def asked(own: Desk, screen: Screen, command: str, **rest: object) -> tuple[int, dict[str, Any]]:
    return screen.of(tell_daemon(own.config, command, json=True, **rest))


def resolved(
    own: Desk, screen: Screen, order: str, outcome: str, *, amount: str | None = None, price: str | None = None
) -> tuple[int, dict[str, Any]]:
    return screen.of(resolve_command(order, outcome, named=own.journal, amount=amount, price=price, json=True))


def test_status_says_what_is_not_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        lost = own.lose("a1")
        by_config = asked(own, screen, "status")
        by_journal = screen.of(tell_daemon(own.journal, "status", json=True))
        own.stop()

        assert (
            by_config
            == by_journal
            == (
                0,
                {
                    "open": 1,
                    "unknown": [lost],
                    "operator_needed": [lost],
                    "halt": None,
                    "halted": {},
                    "unsettled": [],
                    "sent_away": {},
                },
            )
        )


def test_status_for_people_is_one_line_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        own.running.tell("engine", VenueHalted(venue=BYBIT, reason="an odd\x1b[31m\nreason"))
        own.let_work()
        code = tell_daemon(own.config, "status", json=False)
        own.stop()

        assert code == 0
        assert capsys.readouterr().out.splitlines() == [
            "open orders      0",
            "unknown orders   -",
            "operator needed  -",
            "all halted       -",
            "halted venues    bybit: an odd\\u001b[31m\\u000areason",
            "not settled yet  -",
            "sent elsewhere   -",
        ]


@pytest.mark.parametrize("by", ["instruction", "client id"])
def test_an_order_that_a_person_found_absent_is_rejected_and_looked_for_no_more(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        lost = own.lose("a1")
        told = resolved(own, screen, "a1" if by == "instruction" else lost, "absent")
        again = resolved(own, screen, "a1", "absent")
        own.exchange.wait_until(lambda it: any(isinstance(each, ForgetOrder) for each in it.heard))
        _, status = asked(own, screen, "status")
        own.stop()

        assert told == (0, {"order": lost, "resolution": "ABSENT"})
        assert [(each.by, each.reason) for each in own.of(OrderRejected)] == [("operator", "ABSENT")]
        assert again == (2, {"error": "a1: no open order has this id", "exit": 2})
        assert status["open"] == 0


def test_an_order_that_a_person_found_filled_is_in_the_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        lost = own.lose("a1")
        told = resolved(own, screen, "a1", "filled", amount="0.4", price="1999.5")
        own.stop()

        assert told == (0, {"order": lost, "resolution": "FILLED"})
        assert [(str(each.amount), str(each.price)) for each in own.of(OrderFilled)] == [("0.4", "1999.5")]
        assert [each.instruction_id for each in own.of(OrderCancelled)] == ["a1"]


@pytest.mark.parametrize(
    ("order", "outcome", "amount", "price", "why"),
    [
        ("b9", "absent", None, None, "b9: no open order has this id"),
        ("a1", "lost", None, None, "outcome: lost: expected absent or filled"),
        ("a1", "filled", "0", None, "amount: expected a decimal above 0"),
        ("a1", "filled", "1e3", None, "amount: expected a decimal above 0"),
        ("a1", "filled", None, "-1", "price: expected a decimal above 0"),
        ("a1", "filled", "7", None, "a1: the amount is 7, that of the order 1"),
        ("a1", "absent", "1", None, "a1: what is absent has no amount and no price"),
        ("", "absent", None, None, "order: expected a text of at most 200 characters"),
        ("a\n1", "absent", None, None, "order: expected a text of at most 200 characters"),
    ],
)
def test_a_word_on_an_order_that_makes_no_sense_is_refused(
    order: str,
    outcome: str,
    amount: str | None,
    price: str | None,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    screen: Screen,
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        lost = own.lose("a1")
        told = resolved(own, screen, order, outcome, amount=amount, price=price)
        questions = own.questions()
        own.stop()

        assert told == (2, {"error": why, "exit": 2})
        assert questions.operator_needed == (lost,)
        assert own.of(OperatorResolved) == []


def test_status_says_whose_traffic_may_go_to_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    away = '[venues.bybit.endpoint]\nconnect_to = "10.1.2.3:443"\nallow_remote = true\n'
    with desk(tmp_path, monkeypatch, LIVE + away) as own:
        own.start()
        _, told = asked(own, screen, "status")
        own.stop()

        assert told["sent_away"] == {"bybit": "10.1.2.3:443"}


def test_an_answer_is_about_the_order_that_was_asked_about() -> None:
    """Two who ask at once read the same stretch of the journal."""

    def said(order: str) -> OperatorResolved:
        return OperatorResolved(
            venue=BYBIT,
            instrument=InstrumentId("bybit:ETH/USDT"),
            client_order_id=ClientOrderId(f"x{order}"),
            instruction_id=InstructionId(order),
            resolution=Resolution.ABSENT,
        )

    class Busy:
        def tell_and_read(self, _name: str, _message: object) -> list[object]:
            other = OperatorRefused(order="c3", resolution=Resolution.ABSENT, detail="no")
            return [other, said("b2"), said("a1")]

    commands = Commands(cast("Running", Busy()), sent_away={})

    assert commands.resolve({"order": "a1", "outcome": "absent"}) == {"order": "xa1", "resolution": "ABSENT"}
    assert commands.resolve({"order": "xb2", "outcome": "absent"}) == {"order": "xb2", "resolution": "ABSENT"}


def test_a_halted_venue_takes_orders_again_when_the_operator_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        own.running.tell("engine", VenueHalted(venue=BYBIT, reason="a difference"))
        own.give("a1")
        own.told.wait_for("InstructionRefused")
        _, before = asked(own, screen, "status")
        code, after = asked(own, screen, "resume", venue="bybit")
        own.give("a2")
        own.told.wait_for("OrderFilled")
        own.stop()

        assert before["halted"] == {"bybit": "a difference"}
        assert (code, after["halted"]) == (0, {})
        assert [each.code for each in own.of(InstructionRefused)] == [Code.HALTED]


@pytest.mark.parametrize("venue", ["okx", "venue:bybit", "", "b\x00ybit"])
def test_a_venue_that_does_not_run_here_is_refused(
    venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        code, told = asked(own, screen, "resume", venue=venue)
        own.stop()

        assert code == 2
        assert told["error"].startswith("venue: ")


def test_a_halt_holds_over_restarts_and_is_told_to_the_venues_past_the_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        code, _ = asked(own, screen, "halt", reason="odd prices")
        own.give("a1")
        own.told.wait_for("InstructionRefused")
        own.stop()
        own.start()
        own.told.wait_for("VenueSettled")
        own.give("a2")
        own.told.wait_for("InstructionRefused")
        own.stop()

        assert code == 0
        assert [each.reason for each in own.of(Halted)] == ["odd prices"]
        assert [(each.code, each.detail) for each in own.of(InstructionRefused)] == [(Code.HALTED, "odd prices")] * 2
        assert [each.reason for each in own.exchange.heard if isinstance(each, Halt)] == ["odd prices"]


def test_what_halt_said_ends_when_the_operator_says_so_and_a_restart_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start()
        own.told.wait_for("VenueSettled")
        _, halted = asked(own, screen, "halt", reason="odd prices")
        own.give("a1")
        own.told.wait_for("InstructionRefused")
        code, resumed = asked(own, screen, "resume")
        again = asked(own, screen, "resume")
        own.give("a2")
        own.told.wait_for("OrderFilled")
        own.stop()
        own.start()
        _, restarted = asked(own, screen, "status")
        own.stop()

        assert (halted["halt"], resumed["halt"], restarted["halt"]) == ("odd prices", None, None)
        assert (code, again[0]) == (0, 0)
        assert [each.reason for each in own.of(Resumed)] == ["odd prices"]
        assert [type(each) for each in own.exchange.heard if isinstance(each, Halt | Resume)] == [Halt, Resume, Resume]


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_all_open_orders_are_cancelled_at_once(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Screen
) -> None:
    with desk(tmp_path, monkeypatch, *([PAPER] if mode == "paper" else [])) as own:
        own.exchange.does = "rest"
        own.start()
        if mode == "live":
            own.told.wait_for("VenueSettled")
        own.give("a1", pair="ETH/USDT", **own.limit("1500"))
        own.give("a2", pair="ETH/USDT", **own.limit("1400"))
        own.told.wait_for("OrderAccepted", count=2)
        told = asked(own, screen, "cancel_all")
        own.told.wait_for("OrderCancelled", count=2)
        ended = own.stop()

        assert told == (0, {"venues": ["bybit"]})
        assert ended.exit_code == 0
        assert len(own.of(OrderCancelled)) == 2
