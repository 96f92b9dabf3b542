"""Every refusal of Binance means what its documents say; what nobody is sure of is unknown."""

import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.contract import Failure, Verdict


def verdict(code: str, status: int | None = 400, text: str = "", *, sent: bool = True) -> Verdict:
    return BINANCE.judge(Failure(status=status, code=code, text=text, sent=sent))


@pytest.mark.parametrize(
    ("code", "status"),
    [("-1000", 400), ("-1001", 500), ("-1006", 400), ("-1007", 408), ("-1007", 504), ("-1016", 400), ("-1099999", 500)],
)
def test_the_venues_own_troubles_are_unknown(code: str, status: int) -> None:
    assert verdict(code, status) is Verdict.UNKNOWN


@pytest.mark.parametrize("status", [None, 200, 302, 400, 404, 408, 500, 502, 503, 504])
def test_an_answer_without_a_code_is_unknown(status: int | None) -> None:
    assert verdict("", status, "Unknown error, please check your request or try again later.") is Verdict.UNKNOWN


@pytest.mark.parametrize(("code", "status"), [("-1003", 429), ("-1015", 429), ("", 418), ("", 429), ("", 403)])
def test_limits_are_throttled(code: str, status: int) -> None:
    assert verdict(code, status) is Verdict.THROTTLED


@pytest.mark.parametrize("code", ["-1003", "-1015"])
def test_a_limit_is_one_whatever_its_status(code: str) -> None:
    assert verdict(code, 400) is Verdict.THROTTLED


@pytest.mark.parametrize("status", [400, 503])
def test_the_overload_protection_turns_away_without_doing_anything(status: int) -> None:
    assert verdict("-1008", status, "Request throttled by system-level protection.") is Verdict.THROTTLED


@pytest.mark.parametrize("code", ["-1021", "-5028"])
def test_a_request_out_of_its_window_is_a_matter_of_the_clock(code: str) -> None:
    assert verdict(code, 400, "Timestamp for this request is outside of the recvWindow.") is Verdict.CLOCK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Account has insufficient balance for requested action.", Verdict.REJECTED),
        ("Order would immediately match and take.", Verdict.REJECTED),
        ("Stop price would trigger immediately.", Verdict.REJECTED),
        ("Market is closed.", Verdict.REJECTED),
        ("Duplicate order sent.", Verdict.DUPLICATE),
        ("This account may not place or cancel orders.", Verdict.FORBIDDEN),
        ("This action is disabled on this account.", Verdict.FORBIDDEN),
        ("This symbol is not permitted for this account.", Verdict.FORBIDDEN),
        ("Rest API trading is not enabled.", Verdict.FORBIDDEN),
    ],
)
def test_what_the_spot_matching_engine_says_stands_in_the_text(text: str, expected: Verdict) -> None:
    assert verdict("-2010", 400, text) is expected


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("-4116", "ClientOrderId is duplicated"),
        ("-4115", "Client tran id is duplicated"),
        ("-4999", "It is duplicated."),
    ],
)
def test_a_client_id_that_is_taken_is_a_duplicate(code: str, text: str) -> None:
    assert verdict(code, 400, text) is Verdict.DUPLICATE


def test_an_order_that_can_not_be_cancelled_may_be_done_and_one_that_is_not_found_is_absent() -> None:
    assert verdict("-2011", 400, "Unknown order sent.") is Verdict.ENDED
    assert verdict("-2013", 400, "Order does not exist.") is Verdict.ABSENT


def test_an_archived_order_of_spot_has_ended_and_the_same_code_of_futures_is_a_refusal() -> None:
    archived = "Order was canceled or expired with no executed qty over 90 days ago and has been archived."

    assert verdict("-2026", 400, archived) is Verdict.ENDED
    assert verdict("-2026", 400, "This OrderType is not supported when reduceOnly.") is Verdict.REJECTED


@pytest.mark.parametrize("code", ["-4046", "-4059", "-5027"])
def test_what_is_so_already_is_unchanged(code: str) -> None:
    assert verdict(code) is Verdict.UNCHANGED


@pytest.mark.parametrize(
    ("code", "status"), [("-1022", 400), ("-2014", 401), ("-2015", 401), ("-4061", 400), ("-4400", 400)]
)
def test_key_rights_and_the_accounts_state_are_forbidden(code: str, status: int) -> None:
    assert verdict(code, status) is Verdict.FORBIDDEN


REFUSALS = [
    "-1013",
    "-1102",
    "-1111",
    "-1121",
    "-2018",
    "-2019",
    "-2021",
    "-2022",
    "-2027",
    "-4003",
    "-4014",
    "-4015",
    "-4120",
    "-4131",
    "-4164",
    "-4411",
    "-5021",
    "-5022",
]


@pytest.mark.parametrize("code", REFUSALS)
def test_other_refusals_are_definite(code: str) -> None:
    assert verdict(code) is Verdict.REJECTED


def test_a_refusal_with_a_servers_error_status_is_not_trusted() -> None:
    assert verdict("-2019", 500) is Verdict.UNKNOWN


def test_what_never_left_was_not_sent_whatever_else_is_known() -> None:
    assert verdict("", None, sent=False) is Verdict.NOT_SENT
