"""From what a venue answers becomes an exact failure: status, code, words, and how long to stay away."""
# ruff: noqa: ANN401 - answers are decoded JSON

from typing import Any

import pytest

from actors.exchange.live.failures import answer_failure, raised_failure
from actors.exchange.live.scrub import Scrubber
from actors.exchange.wire.contract import Failure
from messages.units import VenueName

NOW_MS = 1_767_225_600_000
clean = Scrubber([]).clean


def read(venue: str, answer: Any, *, status: int = 200, body: str = "", headers: dict[str, str] | None = None) -> Any:
    return answer_failure(VenueName(venue), status, headers or {}, body, answer, now_ms=NOW_MS, clean=clean)


@pytest.mark.parametrize(
    ("venue", "answer"),
    [
        ("binance", {"orderId": 1}),
        ("binance", {"code": 200, "msg": "success"}),
        ("binance", []),
        ("binance", {"code": "x1", "msg": "not a code"}),
        ("bybit", {"retCode": 0, "retMsg": "OK", "result": {}}),
        ("bybit", {"result": {}}),
        ("okx", {"code": "0", "data": [], "msg": ""}),
        ("okx", {"code": "2", "data": [{"sCode": "51000"}, {"sCode": "0"}], "msg": ""}),
        ("okx", None),
        ("bybit", "text"),
    ],
)
def test_what_is_no_refusal_is_left_to_the_reader(venue: str, answer: Any) -> None:
    assert read(venue, answer) is None


@pytest.mark.parametrize(
    ("venue", "status", "answer", "code", "text"),
    [
        ("binance", 400, {"code": -2010, "msg": "Duplicate order sent."}, "-2010", "Duplicate order sent."),
        ("binance", 200, {"code": -4046, "msg": "No need."}, "-4046", "No need."),
        ("bybit", 200, {"retCode": 110007, "retMsg": "ab not enough"}, "110007", "ab not enough"),
        ("bybit", 200, {"ret_code": 10002, "ret_msg": "time"}, "10002", "time"),
        (
            "okx",
            200,
            {"code": "1", "data": [{"ordId": "", "sCode": "51008", "sMsg": "Insufficient"}], "msg": "All failed"},
            "51008",
            "Insufficient",
        ),
        ("okx", 200, {"code": "1", "data": [], "msg": "All failed"}, "1", "All failed"),
        ("okx", 401, {"code": "50113", "data": [], "msg": "Invalid Sign"}, "50113", "Invalid Sign"),
        ("okx", 200, {"code": "50011", "msg": "Too Many Requests"}, "50011", "Too Many Requests"),
    ],
)
def test_a_refusal_has_the_innermost_code_and_the_venues_words(
    venue: str, status: int, answer: Any, code: str, text: str
) -> None:
    assert read(venue, answer, status=status) == Failure(status=status, code=code, text=text, sent=True)


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_an_error_page_has_no_code(venue: str) -> None:
    failure = read(venue, None, status=403, body="<html>\nno</html>")

    assert failure == Failure(status=403, code="", text="HTTP 403 <html>\\nno</html>")


@pytest.mark.parametrize(
    ("headers", "text", "wait_ms"),
    [
        ({"Retry-After": "7"}, "", 7_000),
        ({"Retry-After": "0.5"}, "", 500),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:09 GMT"}, "", 9_000),
        ({"retry-after": "Wed, 31 Dec 2025 00:00:09 GMT"}, "", 0),
        ({"Retry-After": "soon"}, "", None),
        ({}, f"Way too much; IP banned until {NOW_MS + 5_000}. Please", 5_000),
        ({"Retry-After": "1"}, f"IP banned until {NOW_MS + 5_000}.", 5_000),
        ({}, "wait until tomorrow", None),
        ({"X-Bapi-Limit-Reset-Timestamp": str(NOW_MS + 300)}, "", 300),
        ({"X-Bapi-Limit-Reset-Timestamp": str(NOW_MS - 300)}, "", None),
    ],
)
def test_the_longest_wait_that_the_venue_asks_for_is_waited(
    headers: dict[str, str], text: str, wait_ms: int | None
) -> None:
    failure = read("binance", {"code": -1003, "msg": text}, status=429, headers=headers)

    assert failure.retry_after_ms == wait_ms


def test_what_was_raised_before_the_network_was_asked_was_not_sent() -> None:
    failure = raised_failure(ValueError("no such key"), began=False, clean=clean)

    assert failure == Failure(status=None, code="", text="ValueError: no such key", sent=False)


def test_what_nobody_foresaw_may_have_been_sent() -> None:
    failure = raised_failure(AttributeError("a bug"), began=True, clean=clean)

    assert failure.sent
