"""A file of faults means what it says, says what it does not mean, and is played the same for the same seed."""

import json

import pytest

from actors.errors import BadInputError
from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.faults import KINDS, OPERATIONS, Fault, Faults, parse


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_asked_for_by_its_name_alone(kind: str) -> None:
    (fault,) = parse(json.dumps({"kind": kind}), "f")

    assert (fault.probability, fault.count, fault.after, fault.number) == (1, None, 0, KINDS[kind].default)


def test_the_number_of_a_kind_is_taken() -> None:
    text = (
        '# a comment\n\n{"kind": "delay", "ms": 30, "endpoint": "place", "probability": 0.5, "count": 2, "after": 1}\n'
    )

    assert parse(text, "f") == (Fault(kind="delay", endpoint="place", probability=0.5, count=2, after=1, number=30),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "f:1: no JSON"),
        ("[]", "f:1: expected an object"),
        ('{"kind": "meteor"}', "f:1: kind: 'meteor', expected one of accept_then_timeout"),
        ('{"kind": "delay", "msec": 3}', "f:1: unknown key 'msec', expected after, count, endpoint, kind, ms, prob"),
        ('{"kind": "html_body", "ms": 3}', "f:1: unknown key 'ms'"),
        ('{"kind": "delay", "ms": "3"}', "f:1: ms: '3', expected a number from 0 to 3600000"),
        ('{"kind": "delay", "probability": 1.5}', "f:1: probability: 1.5, expected a number from 0 to 1"),
        ('{"kind": "delay", "count": -1}', "f:1: count: -1, expected a whole number of at least 0"),
        ('{"kind": "delay", "after": true}', "f:1: after: True, expected a whole number"),
        ('{"kind": "delay", "endpoint": 7}', "f:1: endpoint: expected a text"),
        ('{"kind": "error_after", "status": 404}', "f:1: status: 404, expected a number from 500 to 599"),
    ],
)
def test_a_line_that_makes_no_sense_is_said_in_a_line(line: str, said: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse(line, "f")

    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(said)


def test_all_bad_lines_are_said_at_once() -> None:
    with pytest.raises(BadInputError) as caught:
        parse('{"kind": "delay"}\n{"kind": "x"}\n{"kind": "delay", "ms": null}', "f")

    assert [line.partition(": ")[0] for line in caught.value.problems] == ["f:2", "f:3"]


def played(faults: Faults, names: tuple[str, ...], times: int) -> list[bool]:
    return [bool(faults.draw({"request": names})) for _ in range(times)]


def test_after_and_count_bound_what_is_played() -> None:
    faults = Faults([Fault(kind="delay", after=2, count=2)])

    assert played(faults, ("place",), 6) == [False, False, True, True, False, False]


@pytest.mark.parametrize(
    ("endpoint", "fits"),
    [
        ("place", True),
        ("binance/place", True),
        ("okx/place", False),
        ("cancel", False),
        ("/api/v3/order", True),
        ("/api/*", True),
        ("binance/api/v3/*", True),
        ("binance", True),
        ("", True),
        ("plac?", True),
    ],
)
def test_an_endpoint_is_an_operation_a_path_or_a_venue(endpoint: str, *, fits: bool) -> None:
    names = ("place", "binance/place", "/api/v3/order", "binance/api/v3/order", "binance")

    assert played(Faults([Fault(kind="delay", endpoint=endpoint)]), names, 1) == [fits]


def test_only_what_fits_is_counted() -> None:
    faults = Faults([Fault(kind="delay", endpoint="place", after=1)])

    assert played(faults, ("cancel",), 3) == [False] * 3
    assert played(faults, ("place",), 2) == [False, True]


def test_the_same_seed_plays_the_same_and_another_one_does_not() -> None:
    fault = Fault(kind="delay", probability=0.5)

    first, again, other = (played(Faults([fault], seed=seed), ("x",), 200) for seed in ("1", "1", "2"))

    assert first == again != other
    assert 70 < sum(first) < 130


def test_the_operations_that_are_listed_are_those_of_requests() -> None:
    assert tuple(Op) == OPERATIONS


def test_a_kind_for_frames_never_happens_to_a_request() -> None:
    faults = Faults([Fault(kind="missing_frame")])

    assert faults.draw({"request": ("place",)}) == []
    assert faults.draw({"frame": ("stream.order",)}) != []
    assert faults.draw({"frame": ("stream.market",)}, by_name=True) == []
