"""The end of a daemon's life, its exchange's sudden one, and the word of a person where nobody else knows."""

import json
import signal
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from messages.live import OperatorNeeded, OperatorResolved, VenueSettled
from messages.orders import OrderAccepted, OrderCancelled, OrderFilled, OrderRejected
from tests.ops.daemon.compared import Compared
from tests.ops.daemon.rehearsal import Desk, exchange
from tests.ops.daemon.test_pains import DARKNESS, LOST, SYMBOLS
from tests.ops.daemon.watched import Daemon, Levers, execd, limit, order, told

NEVER = ({"kind": "drop_before_accept", "endpoint": "place"}, *DARKNESS)
"""Nothing is placed, and nothing shows that."""
SOON = "margin_ms = 300\nhorizon_s = 2\n"
STATUS = "SELECT status FROM orders WHERE venue = ?"


@pytest.mark.parametrize(
    ("venue", "number", "on_stop"),
    [
        ("binance", signal.SIGTERM, "leave"),
        ("bybit", signal.SIGINT, "leave"),
        ("okx", signal.SIGTERM, "cancel"),
        ("binance", signal.SIGINT, "cancel"),
    ],
)
def test_told_to_stop_it_ends_with_0_and_does_with_open_orders_as_the_config_says(
    venue: str, number: signal.Signals, on_stop: str, tmp_path: Path
) -> None:
    with exchange(tmp_path, seed=1) as running:
        more = f'[execution]\non_stop = "{on_stop}"\n'
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[limit("far", venue, "2300")], more=more)
        with Daemon(desk) as daemon:
            daemon.until_told(OrderAccepted)
            daemon.send(number)
            code, ended = daemon.ended(), daemon.told()
        statuses = [status for (status,) in Levers(running).rows(STATUS, venue)]

        left = on_stop == "leave"
        assert (code, ended["exit"], ended["open"]) == (0, 0, 1 if left else 0)
        assert statuses == ["OPEN" if left else "CANCELLED"]
        assert len(told(desk, OrderCancelled)) == (0 if left else 1)
        assert "Traceback" not in daemon.err


def test_a_second_daemon_on_a_journal_is_2_and_names_the_first(tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1) as running:
        desk = Desk(tmp_path / "desk", running, venues=["bybit"], lines=[], exit_when_done=False)
        with Daemon(desk) as daemon:
            daemon.until_settled()
            second = execd(desk, "run", str(desk.config), "--json")
            first = execd(desk, "status", "--json")

        assert (second.returncode, first.returncode) == (2, 0)
        assert str(daemon.process.pid) in second.stderr
        assert json.loads(second.stdout)["exit"] == 2


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_an_exchange_that_dies_and_comes_back_is_followed_on(venue: str, tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1) as running:
        lines = [order("a", venue), limit("far", venue, "2300")]
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=lines)
        with Daemon(desk) as daemon:
            daemon.until_told(OrderAccepted, 2)
            daemon.until_told(OrderFilled)
            levers = Levers(running)
            daemon.until(lambda: len(levers.rows(STATUS, venue)) == 2)
            running.process.kill()
            running.process.wait()
            daemon.until_said("the stream of its book is lost")
            with exchange(tmp_path, seed=1, port=running.port) as again:
                Levers(again).price(venue, SYMBOLS[venue], "2290")
                code = daemon.ended()
                assert again.stop() == 0

        assert code == 0
        assert len(told(desk, VenueSettled)) == 1
        assert {each.instruction_id for each in told(desk, OrderFilled)} == {"a", "far"}
        assert Compared(running.record, desk.journal).differences() == []


def needed(daemon: Daemon) -> str:
    """Wait until a person is needed, and return for which order."""
    (asked,) = daemon.until_told(OperatorNeeded)
    return asked.client_order_id


@pytest.mark.parametrize("by", ["instruction", "client id"])
def test_a_running_daemon_is_told_that_an_order_is_absent_and_trades_on(by: str, tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1, faults=NEVER) as running:
        desk = Desk(
            tmp_path / "desk", running, venues=["okx"], lines=[order("a", "okx")], unknown=SOON, exit_when_done=False
        )
        with Daemon(desk) as daemon:
            name = needed(daemon)
            before = execd(desk, "status", "--json")
            said = execd(desk, "resolve", "a" if by == "instruction" else name, "absent", "--json")
            after = execd(desk, "status", "--json")
            code = daemon.stop()
        Levers(running).be_good()
        desk.give([order("a", "okx"), order("b", "okx")])
        with Daemon(desk) as daemon:
            daemon.until_told(OrderFilled, instruction_id="b")

        assert json.loads(before.stdout)["operator_needed"] == [name]
        assert (said.returncode, json.loads(said.stdout)["resolution"]) == (0, "ABSENT")
        assert (json.loads(after.stdout)["operator_needed"], json.loads(after.stdout)["open"]) == ([], 0)
        assert code == 0
        assert [each.instruction_id for each in told(desk, OrderRejected)] == ["a"]


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_a_running_daemon_is_told_of_a_fill_and_does_not_book_it_again_when_it_shows(
    venue: str, tmp_path: Path
) -> None:
    with exchange(tmp_path, seed=1, faults=LOST) as running:
        levers = Levers(running)
        desk = Desk(
            tmp_path / "desk", running, venues=[venue], lines=[order("a", venue)], unknown=SOON, exit_when_done=False
        )
        with Daemon(desk) as daemon:
            needed(daemon)
            ((price,),) = levers.rows("SELECT price FROM trades")
            said = execd(desk, "resolve", "a", "filled", "--price", price, "--json")
            levers.be_good()
            seen = "SELECT count(*) FROM requests WHERE operation IN ('trades', 'positions')"
            ((before,),) = levers.rows(seen)
            daemon.until(lambda: levers.rows(seen)[0][0] > before + 20)
            code = daemon.stop()

        assert (said.returncode, code) == (0, 0)
        assert sum((each.amount for each in told(desk, OrderFilled)), Decimal(0)) == Decimal("0.1")
        assert len(told(desk, OperatorResolved)) == 1


@pytest.mark.parametrize(("outcome", "faults"), [("absent", NEVER), ("filled", LOST)])
def test_where_no_daemon_runs_the_journal_is_told_and_the_next_start_goes_on(
    outcome: str, faults: tuple[Mapping[str, Any], ...], tmp_path: Path
) -> None:
    with exchange(tmp_path, seed=1, faults=faults) as running:
        desk = Desk(tmp_path / "desk", running, venues=["bybit"], lines=[order("a", "bybit")], unknown=SOON)
        with Daemon(desk) as daemon:
            name = needed(daemon)
            waits, ended = daemon.ended(), daemon.told()
        said = execd(desk, "resolve", name, outcome, "--journal", str(desk.journal), "--json")
        again = execd(desk, "resolve", name, outcome, "--config", str(desk.config))
        with Daemon(desk) as daemon:
            code = daemon.ended()

        assert (waits, ended["exit"], ended["operator_needed"]) == (78, 78, [name])
        assert (said.returncode, again.returncode, code) == (0, 2, 0)
        assert len(told(desk, OrderFilled)) == (1 if outcome == "filled" else 0)
        assert len(told(desk, OrderRejected)) == (0 if outcome == "filled" else 1)
