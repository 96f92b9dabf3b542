"""Every error of Bybit has one meaning; what is not known to be a definite no is unknown, once it was sent."""

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.bybit.errors import VERDICTS
from actors.exchange.wire.contract import Failure, Verdict


def judged(code: str = "", *, status: int | None = 200, text: str = "", sent: bool = True) -> Verdict:
    return BYBIT.judge(Failure(status=status, code=code, text=text, sent=sent))


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ("10002", Verdict.CLOCK),
        ("10006 10018 170005 170222", Verdict.THROTTLED),
        ("10014 10016 10429 110079 130150 170007 170146 170147", Verdict.UNKNOWN),
        ("110001 170213", Verdict.ABSENT),
        ("110008 110010 170139 170142", Verdict.ENDED),
        ("110072 170141 110030", Verdict.DUPLICATE),
        ("110043 110025 110026", Verdict.UNCHANGED),
        ("10003 10004 33004 10005 10010 10024 10027 10028 110028", Verdict.FORBIDDEN),
        ("110004 110007 110012 110044 110045 110052 170131", Verdict.REJECTED),
        ("10001 110003 110009 110013 110017 110020 110021 110092 110093 110094", Verdict.REJECTED),
        ("170121 170124 170130 170134 170136 170137 170140 170193 170210 170218 170810", Verdict.REJECTED),
        ("181017 3400045", Verdict.REJECTED),
    ],
)
def test_codes_mean_this(codes: str, verdict: Verdict) -> None:
    assert {code: judged(code) for code in codes.split()} == dict.fromkeys(codes.split(), verdict)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (403, Verdict.THROTTLED),
        (429, Verdict.THROTTLED),
        (401, Verdict.FORBIDDEN),
        (200, Verdict.UNKNOWN),
        (404, Verdict.UNKNOWN),
        (500, Verdict.UNKNOWN),
        (502, Verdict.UNKNOWN),
        (504, Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_without_a_code_the_http_status_decides(status: int | None, verdict: Verdict) -> None:
    assert judged(status=status) is verdict


def test_a_code_goes_before_the_http_status() -> None:
    assert judged("110007", status=403) is Verdict.REJECTED
    assert judged("10016", status=429) is Verdict.UNKNOWN


def test_what_was_never_sent_may_be_sent_again_whatever_else_is_said() -> None:
    assert judged(status=None, sent=False) is Verdict.NOT_SENT
    assert judged("110007", sent=False) is Verdict.NOT_SENT


def test_a_code_that_is_not_in_the_table_is_unknown() -> None:
    assert judged("999999") is Verdict.UNKNOWN
    assert judged("999999", status=403) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("params error: qty err", Verdict.REJECTED),
        ("The order remains unchanged as the parameters entered match the existing ones.", Verdict.UNCHANGED),
        ("position idx not match position mode", Verdict.FORBIDDEN),
    ],
)
def test_the_code_for_any_fault_of_the_parameters_is_told_apart_by_its_text(text: str, verdict: Verdict) -> None:
    assert judged("10001", text=text) is verdict


def test_no_code_has_two_meanings() -> None:
    assert len(VERDICTS) > 150
    assert all(code.isdigit() for code in VERDICTS)
