"""Who may ask: keys, signatures, clocks, rights and limits, as the venue words them."""

import json
from typing import Any

import pytest

from ops.testbed.exchange.bybit.routes import ROUTES
from ops.testbed.exchange.contract import Answer, Op
from ops.testbed.exchange.rejects import Reject, RejectError
from tests.ops.testbed.exchange.bybit.desk import NOW_MS, OTHER, OWNER, READER, Desk, order

WALLET = "/v5/account/wallet-balance"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def code(answer: Answer) -> int:
    return int(json.loads(answer.body)["retCode"])


def test_a_good_answer_has_the_envelope_and_says_what_is_left_of_the_limit(desk: Desk) -> None:
    answer = desk.answer(desk.request("GET", WALLET, {"accountType": "UNIFIED"}, key=OWNER))

    said = json.loads(answer.body)
    assert (said["retCode"], said["retMsg"], said["retExtInfo"], said["time"]) == (0, "OK", {}, NOW_MS)
    assert (answer.status, answer.code) == (200, "")
    assert answer.headers == {
        "X-Bapi-Limit": "50",
        "X-Bapi-Limit-Status": "49",
        "X-Bapi-Limit-Reset-Timestamp": str(NOW_MS + 1000),
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-bapi-api-key": "nobody"}, 10003),
        ({"x-bapi-api-key": ""}, 10003),
        ({"x-bapi-sign": "0" * 64}, 10004),
        ({"x-bapi-sign": ""}, 10004),
        ({"x-bapi-timestamp": str(NOW_MS - 5001)}, 10002),
        ({"x-bapi-timestamp": str(NOW_MS + 1000)}, 10002),
        ({"x-bapi-timestamp": ""}, 10002),
        ({"x-bapi-timestamp": "now"}, 10002),
        ({"x-bapi-timestamp": str(NOW_MS - 5000)}, 10004),  # in time, but not what was signed
        ({"x-bapi-recv-window": "x"}, 10002),
        ({"x-bapi-recv-window": "6000"}, 10004),
    ],
)
def test_a_request_that_is_not_signed_as_it_should_be_is_refused(
    desk: Desk, headers: dict[str, str], expected: int
) -> None:
    answer = desk.answer(desk.request("GET", WALLET, {"accountType": "UNIFIED"}, key=OWNER, headers=headers))

    assert (answer.status, code(answer), answer.code) == (200, expected, str(expected))


def test_a_clock_that_is_off_is_told_the_times(desk: Desk) -> None:
    request = desk.request("GET", WALLET, {"accountType": "UNIFIED"}, key=OWNER, headers={"x-bapi-timestamp": "1"})

    words = json.loads(desk.answer(request).body)["retMsg"]

    assert f"req_timestamp[1],server_timestamp[{NOW_MS}],recv_window[5000]" in words


def test_the_body_of_a_post_is_signed(desk: Desk) -> None:
    request = desk.request("POST", "/v5/order/create", order(), key=OWNER)
    changed = desk.request("POST", "/v5/order/create", order(qty="9"), headers=request.headers)

    assert code(desk.answer(changed)) == 10004
    assert code(desk.answer(request)) == 0


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v5/order/create", order()),
        ("/v5/order/cancel", {"category": "linear", "symbol": "ETHUSDT", "orderId": "1"}),
        ("/v5/position/set-leverage", {"category": "linear", "symbol": "ETHUSDT", "buyLeverage": "2"}),
        ("/v5/asset/transfer/inter-transfer", {"transferId": "t", "coin": "USDT", "amount": "1"}),
        ("/v5/asset/withdraw/create", {"coin": "USDT", "chain": "ETH", "address": "0x1", "amount": "1"}),
    ],
)
def test_a_key_that_may_only_read_changes_nothing(desk: Desk, path: str, params: dict[str, Any]) -> None:
    assert desk.said("POST", path, params, READER)["retCode"] == 10005


def test_a_path_that_is_not_there_is_not_found(desk: Desk) -> None:
    request = desk.request("GET", "/v5/order/nowhere", key=OWNER)

    with pytest.raises(RejectError) as caught:
        desk.answer(request)
    answer = desk.dialect.refuse(request, caught.value.reject, caught.value.detail)

    assert (answer.status, code(answer)) == (404, 10017)


def test_too_many_requests_in_a_second_are_turned_away_until_it_is_over(desk: Desk) -> None:
    codes = [desk.code("/v5/order/cancel", category="linear", symbol="ETHUSDT", orderId="1") for _ in range(12)]
    desk.clock.at_ms += 1000
    after = desk.code("/v5/order/cancel", category="linear", symbol="ETHUSDT", orderId="1")

    assert codes == [110001] * 10 + [10006] * 2
    assert after == 110001


def test_spot_has_a_limit_of_its_own_and_so_has_each_account(desk: Desk) -> None:
    for _ in range(10):
        desk.code("/v5/order/cancel", category="linear", symbol="ETHUSDT", orderId="1")

    cancel = {"category": "linear", "symbol": "ETHUSDT", "orderId": "1"}
    assert desk.code("/v5/order/cancel", **cancel) == 10006
    assert desk.code("/v5/order/cancel", **{**cancel, "category": "spot"}) == 170213
    assert desk.said("POST", "/v5/order/cancel", cancel, OTHER)["retCode"] == 110001


def test_an_address_with_too_many_requests_is_shut_out_for_ten_minutes(desk: Desk) -> None:
    request = desk.request("GET", "/v5/market/time")
    for _ in range(600):
        assert desk.answer(request).status == 200

    with pytest.raises(RejectError) as caught:
        desk.answer(request)
    shut = desk.dialect.refuse(request, caught.value.reject)
    desk.clock.at_ms += 599_999
    with pytest.raises(RejectError):
        desk.answer(request)
    desk.clock.at_ms += 1

    assert (caught.value.reject, shut.status, shut.content_type) == (Reject.BANNED, 403, "text/html")
    assert b"access too frequent" in shut.body
    assert desk.answer(request).status == 200


@pytest.mark.parametrize("reject", list(Reject))
@pytest.mark.parametrize("category", ["spot", "linear"])
@pytest.mark.parametrize("path", ["/v5/order/create", "/v5/position/set-leverage", "/v5/asset/withdraw/create"])
def test_every_reason_has_a_code_and_words(desk: Desk, path: str, category: str, reject: Reject) -> None:
    answer = desk.dialect.refuse(desk.request("POST", path, {"category": category}, key=OWNER), reject, "detail")

    assert answer.code.isdigit()
    if reject not in {Reject.BANNED, Reject.MAINTENANCE}:
        said = json.loads(answer.body)
        assert said["retCode"] > 0
        assert said["retMsg"]
        assert "{" not in said["retMsg"]


def test_a_limit_that_is_reached_on_demand_says_when_there_is_room_again(desk: Desk) -> None:
    request = desk.request("GET", WALLET, key=OWNER)

    answer = desk.dialect.refuse(request, Reject.RATE_LIMITED, retry_after_s=3)

    assert code(answer) == 10006
    assert answer.headers["X-Bapi-Limit-Reset-Timestamp"] == str(NOW_MS + 3000)


@pytest.mark.parametrize(
    ("method", "path", "params", "op"),
    [
        ("POST", "/v5/order/create", order(orderLinkId="x1"), Op.PLACE),
        ("POST", "/v5/order/cancel", {"orderLinkId": "x1", "symbol": "ETHUSDT"}, Op.CANCEL),
        ("POST", "/v5/order/amend", {"orderLinkId": "x1", "symbol": "ETHUSDT"}, Op.AMEND),
        ("GET", "/v5/order/realtime", {"orderLinkId": "x1", "symbol": "ETHUSDT"}, Op.LOOK_UP),
        ("GET", "/v5/order/history", {"orderLinkId": "x1", "symbol": "ETHUSDT"}, Op.LOOK_UP),
        ("GET", "/v5/order/realtime", {"symbol": "ETHUSDT"}, Op.OPEN_ORDERS),
        ("GET", "/v5/execution/list", {"symbol": "ETHUSDT"}, Op.TRADES),
        ("GET", "/v5/market/time", {}, Op.TIME),
        ("GET", "/v5/nowhere", {}, Op.OTHER),
    ],
)
def test_what_a_request_is_about_is_seen_without_judging_it(
    desk: Desk, method: str, path: str, params: dict[str, Any], op: Op
) -> None:
    operation = desk.dialect.operation(desk.request(method, path, params, key=OWNER))

    assert operation.op is op
    assert operation.client_order_id == params.get("orderLinkId", "")
    assert operation.symbol == params.get("symbol", "")
    assert operation.api_key == ("" if op is Op.OTHER else "owner")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"null"])
def test_a_body_that_can_not_be_read_is_a_wrong_request_not_a_crash(desk: Desk, body: bytes) -> None:
    request = desk.request("POST", "/v5/order/create", {}, key=OWNER)
    broken = type(request)(**{name: getattr(request, name) for name in request.__struct_fields__} | {"body": body})

    assert desk.dialect.operation(broken).op is Op.PLACE
    assert code(desk.answer(broken)) in {10001, 10004}


def test_private_endpoints_need_a_right_and_have_a_limit() -> None:
    for (_, path), route in ROUTES.items():
        is_public = path.startswith("/v5/market/")
        assert (route.right is None) is is_public
        assert (route.budget is None) is is_public


@pytest.mark.parametrize("params", [{}, {"category": "futures"}, {"category": ["spot"]}, {"category": {}}])
def test_a_request_without_a_product_is_wrong(desk: Desk, params: dict[str, Any]) -> None:
    assert desk.code("/v5/order/create", **params) == 10001
