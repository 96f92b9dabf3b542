"""A strategy gets its state back in the way it says, after a fold and after a skipped error, and no number twice."""

from typing import Any

import pytest

from actors.errors import StrategyError
from messages.lifecycle import InputSkipped, StrategySaved
from tests.actors.builders import (
    HOUR,
    accepted,
    cancelled,
    expired,
    filled,
    market,
    opening,
    paid,
    received,
    refused,
    rejected,
    unknown,
)
from tests.actors.host_desk import Applying, Counting, Desk, place, raising, updated


def test_a_stateless_strategy_is_built_anew_after_a_skipped_error_and_never_saved() -> None:
    desk = Desk(skip=True)
    desk.strategy.react = raising(desk)

    desk.tell(market())

    assert len(desk.built) == 2
    assert [type(entry) for entry in desk.saved()] == [InputSkipped]


def test_a_snapshot_is_journaled_only_when_it_changed() -> None:
    desk = Desk(Counting)
    found = []

    for _ in range(5):
        desk.tell(market())
        found.append([entry.state for entry in desk.saved() if isinstance(entry, StrategySaved)])

    assert found == [
        ['{"a":["b"],"count":0}'],
        ['{"a":["b"],"count":1}'],
        [],
        ['{"a":["b"],"count":2}'],
        [],
    ]


def test_a_snapshot_is_restored_by_folding_the_last_one_counts() -> None:
    desk = Desk(Counting)
    for _ in range(4):
        desk.tell(market())
    desk.saved()

    desk.fold()

    assert desk.strategy.count == 4
    desk.tell(market())
    assert desk.saved() == []  # 5 // 2 is what is saved already
    desk.tell(market())
    assert desk.saved() == [StrategySaved(state='{"a":["b"],"count":3}')]


def test_a_skipped_error_takes_a_snapshot_strategy_back_to_what_it_saved() -> None:
    desk = Desk(Counting, skip=True)
    for _ in range(2):
        desk.tell(market())
    desk.saved()
    desk.strategy.react = raising(desk)

    desk.tell(market())

    assert len(desk.built) == 2
    assert desk.strategy.count == 2
    assert [type(entry) for entry in desk.saved()] == [InputSkipped]


def test_a_skipped_error_before_the_first_snapshot_starts_anew() -> None:
    desk = Desk(Counting, skip=True)
    desk.strategy.react = raising(desk)

    desk.tell(market())

    assert desk.strategy.count == 0


def test_an_applying_strategy_is_given_its_event_before_it_sees_it() -> None:
    desk = Desk(Applying)

    desk.tell(accepted())
    desk.tell(updated(filled()))

    assert desk.strategy.applied == [accepted(), filled()]
    assert desk.strategy.before == [1, 2]
    assert desk.log.told == []


def test_an_applying_strategy_is_folded_from_exactly_the_events_it_was_given() -> None:
    ran, folded = Desk(Applying), Desk(Applying)
    events: list[Any] = [accepted(), refused(), cancelled(), expired(), unknown()]
    for event in events:
        ran.tell(event)
    for fact in (filled(), paid(), opening()):
        ran.tell(updated(fact))

    folded.fold(opening(), received(), *events, filled(), paid(), opening())

    assert folded.strategy.applied == ran.strategy.applied
    assert folded.strategy.seen == []


def test_an_applying_strategy_stays_as_it_is_after_a_skipped_error() -> None:
    desk = Desk(Applying, skip=True)
    desk.strategy.react = raising(desk)

    desk.tell(accepted())

    assert len(desk.built) == 1
    assert desk.strategy.applied == [accepted()]


@pytest.mark.parametrize("skip", [False, True], ids=["stop", "skip"])
def test_an_error_in_apply_ends_the_run_whatever_the_config_says(*, skip: bool) -> None:
    desk = Desk(Applying, skip=skip)

    with pytest.raises(StrategyError, match="can't apply") as caught:
        desk.tell(rejected())

    assert caught.value.where == place("apply raises here")
    assert desk.log.told == []


def test_an_error_while_folding_ends_the_start() -> None:
    desk = Desk(Applying, skip=True)

    with pytest.raises(StrategyError, match="can't apply"):
        desk.fold(rejected())


def test_an_error_in_restore_ends_the_start() -> None:
    desk = Desk(Counting, skip=True)

    with pytest.raises(StrategyError, match="KeyError: 'count'"):
        desk.fold(StrategySaved(state="{}"))


def test_an_error_in_snapshot_is_an_error_like_others() -> None:
    desk = Desk(Counting)
    desk.strategy.snapshot = lambda: {"what": object()}

    with pytest.raises(StrategyError, match="object"):
        desk.tell(market())


def test_numbering_goes_on_after_a_fold() -> None:
    desk = Desk()
    desk.strategy.react = lambda _: [desk.strategy.trade()]
    desk.tell(market())

    desk.fold(received(name="S1"), received(name="mine"), received(name="S12"), received(name="S3"))

    assert desk.tell(market(at=HOUR)) == ["S13"]


def test_a_restart_after_a_skipped_error_gives_no_number_twice() -> None:
    desk = Desk(skip=True)
    desk.strategy.react = lambda _: [desk.strategy.trade()]
    before = desk.tell(market())
    desk.strategy.react = raising(desk)
    desk.tell(market())
    desk.strategy.react = lambda _: [desk.strategy.trade()]

    assert set(desk.tell(market())).isdisjoint(before)
