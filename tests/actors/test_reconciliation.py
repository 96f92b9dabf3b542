"""A difference between book and venue is looked into, explained, taken for dust, or halts the venue; never ignored.

Played on a position monitor with one live venue whose answers and snapshots are made by hand; as it ran, and where the
journal matters, folded.
"""

from decimal import Decimal
from typing import Any

import pytest

from actors.contract import Turn
from actors.position_monitor import PositionMonitor
from actors.reconciliation import OVERLAP_NS, PATIENCE, STEADY
from messages.journal import Entry
from messages.live import (
    BY_OPERATOR,
    Adjustment,
    BalanceAdjusted,
    DifferenceFound,
    VenueHalted,
    VenueResumed,
)
from messages.snapshots import AtVenue, HeldAtVenue, LookedInto, LookInto, VenueSnapshot
from messages.units import AccountName, Amount, Asset, BaseAmount, Nanoseconds, VenueName
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, Mail, candle, filled, instrument, market, opening, record
from tests.actors.venue_facts import adjusted, opening_position

D = Decimal
BYBIT = VenueName("bybit")
MARKETS = {each.instrument_id: each for each in (instrument("ETH/USDT"), instrument())}
DAY = 24 * HOUR
START = 10 * DAY


class Desk:
    """A position monitor whose book has 1000 USDT, 2 ETH and a position of one."""

    def __init__(self, *facts: Any) -> None:  # noqa: ANN401 - any facts
        self.turn = Turn()
        self.turn.at = Nanoseconds(START)
        self.venue, self.engine, self.others = Mail(), Mail(), Mail()
        self.journal: list[Entry] = []
        self.times: list[int] = []
        self.monitor = self.new()
        for fact in facts or (opening("1000"), opening("2", "ETH"), opening_position("1", "1900")):
            self.book(fact)

    def new(self) -> PositionMonitor:
        monitor = PositionMonitor(
            instruments=MARKETS,
            exposure=self.others,
            gate=self.others,
            pnl=self.others,
            venues={BYBIT: self.venue},
            engine=self.engine,
            turn=self.turn,
        )
        monitor.receive(market(candle("2000", of=SPOT_ID, at=HOUR)))
        return monitor

    def book(self, fact: Any) -> None:  # noqa: ANN401 - any fact
        self.record(fact)
        self.monitor.receive(fact)

    def record(self, entry: Entry) -> None:
        self.journal.append(entry)
        self.times.append(self.turn.at)

    def snapshot(
        self,
        usdt: str = "1000",
        *,
        eth: str = "2",
        position: str = "1",
        cost: str | None = None,
        quiet: bool = True,
        at: int = START,
    ) -> list[Any]:
        """Show it what the venue has; return what it says, which is journaled and booked as the engine has it done."""
        self.monitor.receive(
            VenueSnapshot(
                venue=BYBIT,
                at=Nanoseconds(at),
                quiet=quiet,
                balances=tuple(
                    AtVenue(account=AccountName("bybit"), asset=Asset(asset), amount=Amount(D(amount)))
                    for asset, amount in (("ETH", eth), ("USDT", usdt))
                ),
                positions=(
                    HeldAtVenue(
                        instrument=PERP_ID,
                        quantity=BaseAmount(D(position)),
                        cost=None if cost is None else Amount(D(cost)),
                    ),
                ),
            )
        )
        said = self.engine.take()
        for entry in said:
            self.record(entry)
            if isinstance(entry, BalanceAdjusted | VenueResumed):
                self.monitor.receive(entry)
        return [*said, *self.venue.take()]

    def until_looking(self, **words: Any) -> list[Any]:  # noqa: ANN401 - of a snapshot
        assert self.snapshot(**words) == []
        said = self.snapshot(**words)
        assert isinstance(said[-1], LookInto)
        return said

    def until_looked(self, **words: Any) -> None:  # noqa: ANN401 - of a snapshot
        self.until_looking(**words)
        self.looked()

    def looked(self) -> None:
        self.monitor.receive(LookedInto(venue=BYBIT))

    def until_halted(self, **words: Any) -> VenueHalted:  # noqa: ANN401 - of a snapshot
        self.until_looked(**words)
        assert self.snapshot(**words) == []
        (halted,) = self.snapshot(**words)
        assert isinstance(halted, VenueHalted)
        return halted

    def resume(self) -> None:
        resumed = VenueResumed(venue=BYBIT, reason=BY_OPERATOR)
        self.record(resumed)
        self.monitor.receive(resumed)

    def fold(self) -> None:
        self.monitor = self.new()
        for seq, (entry, at) in enumerate(zip(self.journal, self.times, strict=True), start=1):
            self.monitor.apply(record(entry, seq=seq, at=at))
        assert self.engine.told == self.venue.told == []


def test_a_venue_that_agrees_with_the_book_is_left_alone() -> None:
    desk = Desk()

    assert [desk.snapshot() for _ in range(3)] == [[], [], []]


def test_what_differs_by_noise_does_not_differ() -> None:
    desk = Desk()

    assert [desk.snapshot("1000.00000001", eth="2.00000001") for _ in range(3)] == [[], [], []]
    large = Desk(opening("1e12"), opening("2", "ETH"), opening_position("1", "1900"))
    assert [large.snapshot("1000000001000") for _ in range(3)] == [[], [], []]


@pytest.mark.parametrize(
    ("words", "where", "booked", "at_venue"),
    [
        ({"usdt": "1000.0001"}, "bybit USDT", "1000", "1000.0001"),
        ({"eth": "0"}, "bybit ETH", "2", "0"),
        ({"position": "-1"}, PERP_ID, "1", "-1"),
    ],
)
def test_a_difference_in_two_quiet_snapshots_is_put_on_record_and_looked_into(
    words: dict[str, str], where: str, booked: str, at_venue: str
) -> None:
    desk = Desk()
    desk.snapshot(at=START + 5)

    found, look = desk.until_looking(**words)

    assert found == DifferenceFound(venue=BYBIT, where=where, booked=Amount(D(booked)), at_venue=Amount(D(at_venue)))
    assert look == LookInto(venue=BYBIT, since=Nanoseconds(START + 5))  # when the two last agreed


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_where_they_never_agreed_it_looks_back_a_day_before_the_last_fact(*, folded: bool) -> None:
    desk = Desk()
    desk.turn.at = Nanoseconds(START + 3 * DAY)
    desk.book(adjusted())
    if folded:
        desk.fold()

    *_, look = desk.until_looking(usdt="900", at=START + 9 * DAY)

    assert look.since == START + 3 * DAY - OVERLAP_NS


def test_what_was_before_the_account_was_opened_is_not_looked_for() -> None:
    desk = Desk()

    *_, look = desk.until_looking(usdt="900", at=START + DAY)

    assert look.since == START


@pytest.mark.parametrize("between", ["not quiet", "agrees", "a fact"])
def test_snapshots_that_say_nothing_about_a_difference_find_none(between: str) -> None:
    desk = Desk()
    desk.snapshot("900")
    if between == "not quiet":
        assert desk.snapshot("900", quiet=False) == []
        assert desk.snapshot("900") != []  # the two quiet ones follow one another
        return
    if between == "agrees":
        desk.snapshot()
    else:
        desk.book(adjusted("0.5"))

    assert desk.snapshot("900") == []
    assert desk.snapshot("900") != []


def test_a_difference_that_stays_is_found_also_where_facts_never_cease() -> None:
    desk = Desk()
    said: list[Any] = []
    for step in range(STEADY):
        assert said == []
        desk.book(adjusted("0.5"))
        said = desk.snapshot(str(Decimal(900) + Decimal("0.5") * (step + 1)))

    assert [type(each) for each in said] == [DifferenceFound, LookInto]


def test_differences_that_change_with_every_fact_are_none() -> None:
    desk = Desk()
    for step in range(2 * STEADY):
        desk.book(adjusted("0.5"))
        assert desk.snapshot(str(1000 + step % 3)) == []


def test_another_difference_than_the_one_before_must_be_seen_twice_as_well() -> None:
    desk = Desk()
    desk.snapshot("900")

    assert desk.snapshot(eth="1") == []


def test_what_the_venue_finds_explains_it() -> None:
    desk = Desk()
    desk.until_looking(usdt="1500")

    desk.book(adjusted("500"))
    desk.looked()

    assert [desk.snapshot("1500") for _ in range(3)] == [[], [], []]


def test_nothing_more_is_said_while_the_venue_looks() -> None:
    desk = Desk()
    desk.until_looking(usdt="1500")

    assert [desk.snapshot("1500") for _ in range(5)] == [[]] * 5


def test_a_look_that_never_ends_is_asked_for_again_and_not_put_on_record_again() -> None:
    desk = Desk()
    desk.until_looking(usdt="1500")

    said = [desk.snapshot("1500") for _ in range(PATIENCE)]

    assert said[:-1] == [[]] * (PATIENCE - 1)
    assert [type(each) for each in said[-1]] == [LookInto]


def test_what_has_no_explanation_halts_the_venue() -> None:
    desk = Desk()

    halted = desk.until_halted(usdt="900", position="3")

    assert halted.reason == (
        "book and venue differ: bybit USDT booked 1000, venue 900; bybit:ETHUSDT-PERP booked 1, venue 3"
    )
    assert [desk.snapshot("900", position="3") for _ in range(3)] == [[], [], []]


def test_a_fact_after_the_look_makes_it_look_twice_again() -> None:
    desk = Desk()
    desk.until_looked(usdt="900")
    desk.snapshot("900")
    desk.book(adjusted("-1"))

    assert desk.snapshot("900") == []
    assert [type(each) for each in desk.snapshot("900")] == [VenueHalted]


def test_dust_is_booked() -> None:
    desk = Desk()
    desk.until_looked(usdt="1000.99", eth="1.9996")
    desk.snapshot("1000.99", eth="1.9996")

    said = desk.snapshot("1000.99", eth="1.9996")

    assert [(each.asset, each.amount, each.reason, each.reference) for each in said] == [
        ("ETH", D("-0.0004"), Adjustment.DUST, ""),
        ("USDT", D("0.99"), Adjustment.DUST, ""),
    ]
    assert desk.snapshot("1000.99", eth="1.9996") == []


def test_of_positions_and_of_what_has_no_price_nothing_is_dust() -> None:
    desk = Desk()
    halted = desk.until_halted(position="1.0001")
    assert "ETHUSDT-PERP booked 1, venue 1.0001" in halted.reason

    desk = Desk()
    desk.monitor._prices.pop(Asset("ETH"))  # noqa: SLF001 - as before the first price
    assert "bybit ETH booked 2, venue 2.0001" in desk.until_halted(eth="2.0001").reason


def test_dust_beside_a_difference_is_booked_and_only_the_difference_halts() -> None:
    desk = Desk()
    desk.until_looked(usdt="1000.5", eth="1")
    desk.snapshot("1000.5", eth="1")

    dust, halted = desk.snapshot("1000.5", eth="1")

    assert dust.asset == "USDT"
    assert halted.reason == "book and venue differ: bybit ETH booked 2, venue 1"


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_a_snapshot_that_agrees_again_ends_the_halt(*, folded: bool) -> None:
    desk = Desk()
    halted = desk.until_halted(usdt="900")
    if folded:
        desk.fold()

    assert desk.snapshot() == [VenueResumed(venue=BYBIT, reason=halted.reason)]
    assert desk.snapshot() == []


def test_halts_of_others_are_not_ended() -> None:
    desk = Desk()
    desk.record(VenueHalted(venue=BYBIT, reason="its clock is off"))
    desk.fold()

    assert desk.snapshot() == []


def test_while_halted_it_looks_again_now_and_then() -> None:
    desk = Desk()
    desk.until_halted(usdt="900")

    said = [desk.snapshot("900") for _ in range(PATIENCE)]
    assert [type(each) for each in said[-1]] == [LookInto]
    desk.book(adjusted("-100"))
    desk.looked()

    assert [type(each) for each in desk.snapshot("900")] == [VenueResumed]


def test_a_venue_that_is_halted_already_is_not_halted_again() -> None:
    desk = Desk()
    desk.until_halted(usdt="900")
    for _ in range(PATIENCE):
        desk.snapshot("900")

    desk.looked()

    assert [desk.snapshot("900") for _ in range(3)] == [[], [], []]


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_what_an_operator_let_go_is_accepted_and_anything_else_is_not(*, folded: bool) -> None:
    desk = Desk()
    desk.until_halted(usdt="900")
    desk.resume()
    if folded:
        desk.fold()

    assert [desk.snapshot("900") for _ in range(3)] == [[], [], []]
    desk.book(filled("1", "2000", fee="3"))
    assert [desk.snapshot("897", position="2") for _ in range(3)] == [[], [], []]
    desk.until_looking(usdt="800", position="2")


def test_what_does_not_differ_any_more_is_not_accepted_any_more() -> None:
    desk = Desk()
    desk.until_halted(usdt="900")
    desk.resume()

    desk.snapshot()

    desk.until_looking(usdt="900")


def test_an_operator_who_ends_another_halt_accepts_nothing() -> None:
    desk = Desk()
    desk.until_looking(usdt="900")
    desk.resume()
    desk.looked()

    desk.snapshot("900")
    assert [type(each) for each in desk.snapshot("900")] == [VenueHalted]
