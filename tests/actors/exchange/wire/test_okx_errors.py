"""Every error code of OKX means one thing, and what is not known definitely is unknown: it may have been done."""

import pytest

from actors.exchange.wire.contract import Dialect, Failure, Verdict
from actors.exchange.wire.okx import OKX, failure_in
from actors.exchange.wire.okx.errors import CODES, TABLE
from tests.actors.exchange.wire.okx_samples import ack, said

DIALECT: Dialect = OKX

MEANT = {
    Verdict.THROTTLED: "50011 50040 50061",
    Verdict.CLOCK: "50036 50102",
    Verdict.NOT_SENT: "50037",
    Verdict.UNKNOWN: "1 2 50001 50004 50005 50013 50026 50042 51054 51149 51412",
    Verdict.ABSENT: "51603 51063",
    Verdict.ENDED: "51400 51401 51402 51405 51410 51416 51503 51509 51510",
    Verdict.DUPLICATE: "51016 51065 51011 50071",
    Verdict.FORBIDDEN: "50100 50101 50103 50104 50105 50106 50107 50110 50111 50112 50113 50114 50119 51010 51024",
    Verdict.REJECTED: "50014 51000 51001 51006 51008 51020 51030 51119 51120 51121 51127 51148 51169 51278 54000 59000",
}


def failure(code: str, status: int | None = 200, *, sent: bool = True) -> Failure:
    return Failure(status=status, code=code, text="", sent=sent)


@pytest.mark.parametrize(
    ("code", "verdict"), [(code, verdict) for verdict, codes in MEANT.items() for code in codes.split()]
)
def test_a_code_means(code: str, verdict: Verdict) -> None:
    assert DIALECT.judge(failure(code)) is verdict


def test_a_sub_code_changes_nothing() -> None:
    assert OKX.judge(failure("51008_1000")) is Verdict.REJECTED
    assert OKX.judge(failure("51400_1")) is Verdict.ENDED


def test_what_was_not_sent_was_not_taken_whatever_the_code() -> None:
    assert OKX.judge(failure("", None, sent=False)) is Verdict.NOT_SENT
    assert OKX.judge(failure("50026", sent=False)) is Verdict.NOT_SENT


@pytest.mark.parametrize("status", [None, 200, 400, 403, 404, 500, 502, 503, 504])
def test_without_a_code_the_outcome_is_unknown(status: int | None) -> None:
    assert OKX.judge(failure("", status)) is Verdict.UNKNOWN


def test_http_429_is_a_throttle_unless_the_code_says_that_the_system_is_busy() -> None:
    assert OKX.judge(failure("", 429)) is Verdict.THROTTLED
    assert OKX.judge(failure("50011", 429)) is Verdict.THROTTLED
    assert OKX.judge(failure("1", 429)) is Verdict.THROTTLED
    assert OKX.judge(failure("50013", 429)) is Verdict.UNKNOWN


def test_codes_of_trading_that_are_not_in_the_table_are_refusals_unless_the_server_failed() -> None:
    assert OKX.judge(failure("51999")) is Verdict.REJECTED
    assert OKX.judge(failure("51999", 500)) is Verdict.UNKNOWN
    assert OKX.judge(failure("51999", None)) is Verdict.UNKNOWN
    assert OKX.judge(failure("50999")) is Verdict.UNKNOWN
    assert OKX.judge(failure("5199")) is Verdict.UNKNOWN


def test_no_code_stands_in_the_table_twice() -> None:
    assert sum(len(codes) for codes in TABLE.values()) == len(CODES)


def test_the_inner_code_and_text_are_the_failure() -> None:
    answer = said(ack(sCode="51008", sMsg="Insufficient" + "!" * 600), code="1", msg="All operations failed")

    found = failure_in(answer, status=200)

    assert found is not None
    assert (found.code, found.status, len(found.text)) == ("51008", 200, 500)
    assert failure_in(said(code="50011", msg="slow"), status=429, retry_after_ms=700) == Failure(
        status=429, code="50011", text="slow", retry_after_ms=700
    )
    assert failure_in(said(ack())) is None
