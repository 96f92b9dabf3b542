"""Who is let in, how often, and what is said to whoever is not."""

import json
from typing import Any

import pytest

from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.rejects import Reject
from tests.ops.testbed.exchange.binance.door import NOW_MS, ORDER, OTHER, OWNER, READER, UID, Door

ACCOUNT, SPOT_ORDER, PERP_ORDER = "/api/v3/account", "/api/v3/order", "/fapi/v1/order"
MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("stamp", "window", "code"),
    [
        (NOW_MS + 999, "5000", None),
        (NOW_MS + 1_000, "5000", -1021),
        (NOW_MS - 5_000, "5000", None),
        (NOW_MS - 5_001, "5000", -1021),
        (NOW_MS - 5_001, "", -1021),
        (NOW_MS - 59_000, "60000", None),
        (NOW_MS, "60001", -1130),
        ("soon", "5000", -1130),
    ],
)
def test_a_request_is_good_for_its_window(stamp: Any, window: str, code: int | None) -> None:  # noqa: ANN401
    door, given = Door(), {"timestamp": stamp} | ({"recvWindow": window} if window else {})

    answer = door.answer(door.signed("GET", ACCOUNT, given))

    assert (answer.status, answer.code) == ((200, "") if code is None else (400, str(code)))


@pytest.mark.parametrize(
    ("query", "api_key", "code"),
    [
        (f"timestamp={NOW_MS}", OWNER.api_key, -1102),
        ("signature=ab", OWNER.api_key, -1102),
        (f"timestamp={NOW_MS}&signature=ab", OWNER.api_key, -1022),
        (f"timestamp={NOW_MS}&signature=ab", "nobody", -2015),
        (f"timestamp={NOW_MS}&signature=ab", "", -2014),
    ],
)
def test_a_request_without_what_it_needs_is_refused(query: str, api_key: str, code: int) -> None:
    door = Door()

    assert door.answer(door.request("GET", ACCOUNT, query, api_key=api_key)).code == str(code)


def test_a_key_may_do_what_it_may() -> None:
    door = Door()

    assert door.ask("GET", ACCOUNT, key=READER)["canTrade"] is False
    assert door.code("POST", SPOT_ORDER, key=READER, **ORDER) == -2015
    assert door.code("DELETE", PERP_ORDER, key=READER, symbol="ETHUSDT", orderId=1) == -2015
    transfer: dict[str, Any] = {"type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "1"}
    assert door.code("POST", "/sapi/v1/asset/transfer", key=READER, **transfer) == -2015
    assert door.ask("GET", "/sapi/v1/account/apiRestrictions", key=READER)["enableSpotAndMarginTrading"] is False


def test_an_account_sees_its_own_alone() -> None:
    door = Door()
    order = door.ask("POST", SPOT_ORDER, **ORDER)

    assert door.ask("GET", "/api/v3/openOrders", key=OTHER) == []
    assert door.code("GET", SPOT_ORDER, key=OTHER, symbol="ETHUSDT", orderId=order["orderId"]) == -2013
    assert door.code("DELETE", SPOT_ORDER, key=OTHER, symbol="ETHUSDT", orderId=order["orderId"]) == -2011


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v3/nothing"), ("PUT", SPOT_ORDER), ("GET", "/fapi/v9/order")]
)
def test_paths_that_are_none_are_not_found(method: str, path: str) -> None:
    door = Door()

    answer = door.answer(door.signed(method, path, {}))

    assert (answer.status, answer.code) == (404, "-5000")


def test_a_path_is_only_at_its_own_host() -> None:
    door = Door()
    request = door.signed("GET", "/fapi/v3/balance", {})
    elsewhere = type(request)(
        **{name: getattr(request, name) for name in request.__struct_fields__} | {"host": "api.binance.com"}
    )

    assert door.answer(request).status == 200
    assert door.answer(elsewhere).status == 404


def test_weight_is_counted_by_the_minute_and_address_and_said() -> None:
    door = Door()

    first = door.answer(door.signed("GET", ACCOUNT, {}))
    second = door.answer(door.signed("GET", "/api/v3/openOrders", {}))
    other = door.answer(door.signed("GET", ACCOUNT, {}, peer="10.0.0.2"))
    futures = door.answer(door.signed("GET", "/fapi/v1/income", {}))
    door.clock.at_ms += MINUTE_MS
    later = door.answer(door.signed("GET", ACCOUNT, {}))

    used = [answer.headers["X-MBX-USED-WEIGHT-1M"] for answer in (first, second, other, futures, later)]
    assert used == ["20", "100", "20", "30", "20"]


def over(door: Door) -> list[tuple[int, str, int]]:
    """Use a minute's weight up, and ask on: status, code and Retry-After of what comes then."""
    heavy = door.signed("GET", "/api/v3/openOrders", {})
    for _ in range(75):
        assert door.answer(heavy).status == 200
    said = [door.answer(heavy) for _ in range(7)]
    return [(answer.status, answer.code, int(answer.headers["Retry-After"])) for answer in said]


def test_whoever_asks_too_often_is_told_so_and_then_banned() -> None:
    door = Door()
    left_s = (MINUTE_MS - NOW_MS % MINUTE_MS) // 1_000

    said = over(door)

    assert said[:5] == [(429, "-1003", left_s)] * 5
    assert said[5:] == [(418, "-1003", 120)] * 2


def test_a_ban_ends_and_the_next_one_is_longer() -> None:
    door = Door()
    over(door)

    door.clock.at_ms += 2 * MINUTE_MS
    again = over(door)

    assert again[-1] == (418, "-1003", 240)


def test_orders_are_counted_by_the_account() -> None:
    door = Door()

    placed = [door.answer(door.signed("POST", SPOT_ORDER, ORDER, peer=f"10.1.0.{n}")) for n in range(101)]
    refused = door.answer(door.signed("POST", SPOT_ORDER, ORDER | {"price": "0.001"}, key=OTHER))
    good = door.answer(door.signed("POST", SPOT_ORDER, ORDER, key=OTHER))

    counts = [answer.headers.get("X-MBX-ORDER-COUNT-10S") for answer in placed[:100]]
    assert counts == [str(n) for n in range(1, 101)]
    assert (placed[100].status, placed[100].code) == (429, "-1015")
    assert "Retry-After" not in placed[100].headers
    assert (refused.status, good.headers["X-MBX-ORDER-COUNT-10S"]) == (400, "1")


@pytest.mark.parametrize(
    ("reject", "status", "code"),
    [
        (Reject.RATE_LIMITED, 429, -1003),
        (Reject.BANNED, 418, -1003),
        (Reject.MAINTENANCE, 503, -1008),
        (Reject.SERVER_ERROR, 500, -1000),
        (Reject.SERVER_TIMEOUT, 408, -1007),
    ],
)
def test_the_servers_own_refusals_are_worded(reject: Reject, status: int, code: int) -> None:
    door = Door()
    request = door.signed("POST", PERP_ORDER, ORDER)

    answer = door.dialect.refuse(request, reject, retry_after_s=7)

    assert (answer.status, json.loads(answer.body)["code"], answer.headers["Retry-After"]) == (status, code, "7")


@pytest.mark.parametrize("reject", list(Reject))
@pytest.mark.parametrize("path", [SPOT_ORDER, PERP_ORDER, "/sapi/v1/asset/transfer", "/nowhere"])
def test_every_refusal_has_words(reject: Reject, path: str) -> None:
    door = Door()

    said = json.loads(door.dialect.refuse(door.signed("POST", path, {}), reject, "a detail").body)

    assert said["code"] < 0
    assert "{" not in said["msg"].replace("{1,36}", "")


def test_a_request_is_known_by_what_it_does() -> None:
    door = Door()

    placed = door.dialect.operation(door.signed("POST", SPOT_ORDER, ORDER | {"newClientOrderId": "mine"}))
    algo = door.dialect.operation(door.signed("DELETE", "/fapi/v1/algoOrder", {"clientAlgoId": "stop"}))
    none = door.dialect.operation(door.request("GET", "/nowhere"))

    assert (placed.op, placed.api_key, placed.symbol, placed.client_order_id) == (
        Op.PLACE,
        OWNER.api_key,
        "ETHUSDT",
        "mine",
    )
    assert (algo.op, algo.client_order_id, none.op) == (Op.CANCEL, "stop", Op.OTHER)
    assert UID
