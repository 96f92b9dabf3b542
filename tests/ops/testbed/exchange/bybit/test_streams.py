"""The local Bybit's streams: who may subscribe, and that every fact of the account comes in its frame."""

import json
from typing import Any

import pytest

from ops.testbed.exchange.contract import Answer, Session
from ops.testbed.exchange.events import Event
from tests.ops.testbed.exchange.bybit.desk import NOW_MS, OTHER, OWNER, PERP, SPOT, D, Desk, login


class Listener:
    """A connection that hears the engine's events, and what it was sent."""

    def __init__(self, desk: Desk, path: str) -> None:
        self.session: Session = desk.stream(path)
        self.frames: list[dict[str, Any]] = []
        desk.engine.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        self.frames += [json.loads(text) for text in self.session.event(event)]

    def say(self, op: str, *args: object, **more: object) -> list[dict[str, Any]]:
        """Return what a request is answered with."""
        return [json.loads(text) for text in self.session.receive(json.dumps({"op": op, "args": args, **more}))]

    def of(self, topic: str) -> list[dict[str, Any]]:
        """Return the rows of a topic that came so far."""
        return [row for frame in self.frames if frame["topic"] == topic for row in frame["data"]]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def mine(desk: Desk) -> Listener:
    listener = Listener(desk, "/v5/private")
    assert login(listener.session)["success"] is True
    (said,) = listener.say("subscribe", "order", "execution", "wallet", "position", req_id="r1")
    assert (said["success"], said["op"], said["req_id"]) == (True, "subscribe", "r1")
    return listener


def test_a_stream_that_is_nowhere_is_refused(desk: Desk) -> None:
    answer = desk.dialect.open(desk.request("GET", "/v5/public/option"))

    assert isinstance(answer, Answer)
    assert answer.status == 404


def test_only_who_logs_in_may_subscribe_to_private_topics(desk: Desk) -> None:
    listener = Listener(desk, "/v5/private")

    (said,) = listener.say("subscribe", "order")
    desk.place()

    assert (said["success"], said["ret_msg"]) == (False, "Request not authorized")
    assert listener.frames == []


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["owner", NOW_MS + 1000, "0" * 64], 10004),
        (["nobody", NOW_MS + 1000, "0" * 64], 10003),
        (["owner", NOW_MS, "0" * 64], 10002),
        (["owner", "soon", "0" * 64], 10002),
        ([], 10001),
        (["owner"], 10001),
        ([None, None, None], 10001),
    ],
)
def test_a_login_that_is_not_signed_is_refused(desk: Desk, args: list[object], code: int) -> None:
    listener = Listener(desk, "/v5/private")

    (said,) = listener.say("auth", *args)

    assert (said["op"], said["success"], said["retCode"]) == ("auth", False, code)
    assert listener.say("subscribe", "order")[0]["success"] is False


def test_an_order_that_fills_tells_its_fill_its_states_the_position_and_the_wallet(desk: Desk, mine: Listener) -> None:
    made = desk.place(orderType="Market", price=None, qty="0.5", orderLinkId="x1")

    orders, (fill,), (position,) = mine.of("order"), mine.of("execution"), mine.of("position")[-1:]
    assert [(row["orderId"], row["orderStatus"], row["cumExecQty"]) for row in orders] == [
        (made["orderId"], "New", "0"),
        (made["orderId"], "Filled", "0.5"),
    ]
    assert {row["category"] for row in (*orders, fill, position)} == {"linear"}
    assert (fill["orderLinkId"], fill["execType"], fill["execQty"], fill["leavesQty"]) == ("x1", "Trade", "0.5", "0")
    assert (position["side"], position["size"], position["entryPrice"]) == ("Buy", "0.5", fill["execPrice"])
    (coin,) = mine.of("wallet")[-1]["coin"]
    assert (coin["coin"], D(coin["walletBalance"])) == ("USDT", D(100_000) - D(fill["execFee"]))
    assert [frame["topic"] for frame in mine.frames[:3]] == ["order", "execution", "order"]
    assert all(frame["creationTime"] == NOW_MS for frame in mine.frames)


def test_frames_say_what_rest_says(desk: Desk, mine: Listener) -> None:
    made = desk.place(orderType="Market", price=None, qty="0.5", orderLinkId="x1")

    (order,) = desk.get("/v5/order/realtime", category="linear", orderId=made["orderId"])["list"]
    (fill,) = desk.get("/v5/execution/list", category="linear", orderId=made["orderId"])["list"]

    assert order.items() <= mine.of("order")[-1].items()
    assert fill.items() <= mine.of("execution")[-1].items()


def test_an_account_hears_nothing_of_another(desk: Desk, mine: Listener) -> None:
    desk.said(
        "POST",
        "/v5/order/create",
        {"category": "linear", "symbol": "ETHUSDT", "side": "Buy", "orderType": "Market", "qty": "1"},
        OTHER,
    )

    assert mine.frames == []


def test_a_cancel_a_stop_and_a_resting_fill_are_told(desk: Desk, mine: Listener) -> None:
    desk.place("spot", orderLinkId="rest")
    desk.place("spot", orderLinkId="gone", qty="0.1")
    desk.post("/v5/order/cancel", category="spot", symbol="ETHUSDT", orderLinkId="gone")
    desk.place(
        side="Sell", orderType="Market", price=None, qty="0.2", triggerPrice="2400", triggerDirection=2, orderLinkId="s"
    )
    desk.move("2470", product=SPOT)
    desk.move("2399")

    told = [(row["orderLinkId"], row["orderStatus"]) for row in mine.of("order")]
    assert told[:3] == [("rest", "New"), ("gone", "New"), ("gone", "Cancelled")]
    assert [status for name, status in told if name == "rest"][-1] == "Filled"
    assert [status for name, status in told if name == "s"] == ["Untriggered", "New", "Filled"]
    (maker,) = [row for row in mine.of("execution") if row["orderLinkId"] == "rest"]
    assert (maker["isMaker"], maker["feeCurrency"], maker["execPrice"]) == (True, "ETH", "2475")


def test_funding_is_told_as_an_execution(desk: Desk, mine: Listener) -> None:
    desk.place(orderType="Market", price=None, qty="2")
    mine.frames.clear()

    desk.engine.pay_funding(desk.engine.market(PERP, "ETHUSDT"))

    (row,) = mine.of("execution")
    assert (row["execType"], row["execFee"], row["category"]) == ("Funding", "0.5", "linear")


def test_topics_of_one_product_carry_that_product_alone_under_their_name(desk: Desk) -> None:
    listener = Listener(desk, "/v5/private")
    login(listener.session)
    listener.say("subscribe", "order.spot")

    desk.place()
    desk.place("spot", orderLinkId="x1")

    assert [frame["topic"] for frame in listener.frames] == ["order.spot"]
    assert listener.of("order.spot")[0]["orderLinkId"] == "x1"


def test_an_unknown_topic_is_refused_and_a_dropped_one_is_silent(desk: Desk, mine: Listener) -> None:
    assert mine.say("subscribe", "orders")[0]["success"] is False
    mine.say("unsubscribe", "order")

    desk.place()

    assert mine.of("order") == []


def test_pings_are_answered_as_each_stream_does(desk: Desk, mine: Listener) -> None:
    assert mine.say("ping", req_id="7") == [
        {"req_id": "7", "op": "pong", "args": [str(NOW_MS)], "conn_id": mine.say("ping")[0]["conn_id"]}
    ]
    public = Listener(desk, "/v5/public/linear")
    (pong,) = public.say("ping", req_id="7")
    assert (pong["success"], pong["ret_msg"], pong["op"], pong["req_id"]) == (True, "pong", "ping", "7")


@pytest.mark.parametrize("text", ["", "{", "[]", '"ping"', "7", '{"op": 3}', '{"op": "dance"}', '{"args": {}}'])
def test_what_can_not_be_read_is_answered_and_breaks_nothing(desk: Desk, text: str) -> None:
    for path in ("/v5/private", "/v5/public/spot"):
        session = desk.stream(path)

        (said,) = session.receive(text)

        assert json.loads(said)["success"] is False


def test_a_book_comes_whole_and_then_in_changes_that_keep_it_true(desk: Desk) -> None:
    listener = Listener(desk, "/v5/public/spot")
    said, snapshot = listener.say("subscribe", "orderbook.50.ETHUSDT")
    book = {side: dict(snapshot["data"][side]) for side in "ba"}

    desk.place("spot", price="2499.5", orderLinkId="x1")
    desk.place("spot", orderType="Market", price=None, qty="3", marketUnit="baseCoin")
    desk.post("/v5/order/cancel", category="spot", symbol="ETHUSDT", orderLinkId="x1")
    desk.move("2510", product=SPOT)

    assert (said["ret_msg"], snapshot["type"], snapshot["data"]["s"]) == ("subscribe", "snapshot", "ETHUSDT")
    assert {frame["type"] for frame in listener.frames} == {"delta"}
    for frame in listener.frames:
        for side in "ba":
            for price, amount in frame["data"][side]:
                book[side].pop(price, None)
                if amount != "0":
                    book[side][price] = amount
    rest = desk.get("/v5/market/orderbook", category="spot", symbol="ETHUSDT", limit=50)
    assert book == {side: dict(rest[side]) for side in "ba"}
    updates = [snapshot["data"]["u"], *(frame["data"]["u"] for frame in listener.frames)]
    assert updates == sorted(set(updates))


def test_the_top_of_a_book_always_comes_whole(desk: Desk) -> None:
    listener = Listener(desk, "/v5/public/linear")
    listener.say("subscribe", "orderbook.1.ETHUSDT")

    desk.move("2510")

    assert {frame["type"] for frame in listener.frames} == {"snapshot"}
    assert len(listener.frames[-1]["data"]["b"]) == 1


def test_a_ticker_of_a_perp_comes_whole_and_then_in_changes_of_spot_always_whole(desk: Desk) -> None:
    perp, spot = Listener(desk, "/v5/public/linear"), Listener(desk, "/v5/public/spot")
    _, first = perp.say("subscribe", "tickers.ETHUSDT")
    _, whole = spot.say("subscribe", "tickers.ETHUSDT")

    desk.move("2510")
    desk.move("2510", product=SPOT)

    change = perp.frames[-1]
    assert (first["type"], first["data"]["fundingRate"], first["data"]["lastPrice"]) == ("snapshot", "0.0001", "2500")
    assert (change["type"], change["data"]["lastPrice"], "fundingRate" in change["data"]) == ("delta", "2510", False)
    assert (whole["type"], spot.frames[-1]["type"], spot.frames[-1]["data"]["lastPrice"]) == (
        "snapshot",
        "snapshot",
        "2510",
    )
    assert "bid1Price" not in spot.frames[-1]["data"]


def test_candles_come_as_they_change_and_the_closed_one_is_confirmed(desk: Desk) -> None:
    session = desk.stream("/v5/public/linear")
    session.receive(json.dumps({"op": "subscribe", "args": ["kline.1.ETHUSDT"]}))
    assert list(session.second(desk.clock.now_ms())) == []

    desk.move("2510")
    (changed,) = map(json.loads, session.second(desk.clock.now_ms()))
    desk.clock.at_ms += 60_000
    desk.move("2520")
    closed, latest = map(json.loads, session.second(desk.clock.now_ms()))

    assert (changed["topic"], changed["data"][0]["close"], changed["data"][0]["confirm"]) == (
        "kline.1.ETHUSDT",
        "2510",
        False,
    )
    assert (closed["data"][0]["start"], closed["data"][0]["confirm"]) == (changed["data"][0]["start"], True)
    assert (latest["data"][0]["start"], latest["data"][0]["confirm"]) == (closed["data"][0]["start"] + 60_000, False)


def test_public_trades_are_told(desk: Desk) -> None:
    listener = Listener(desk, "/v5/public/linear")
    listener.say("subscribe", "publicTrade.ETHUSDT")

    desk.place(orderType="Market", price=None, qty="0.5")

    (row,) = listener.of("publicTrade.ETHUSDT")
    assert (row["S"], row["v"], row["s"]) == ("Buy", "0.5", "ETHUSDT")


@pytest.mark.parametrize(
    "topic",
    ["tickers.NOPE", "orderbook.7.ETHUSDT", "kline.2.ETHUSDT", "tickers", "tickers.1.ETHUSDT", "trades.ETHUSDT", ""],
)
def test_public_topics_that_are_not_there_are_refused(desk: Desk, topic: str) -> None:
    (said,) = Listener(desk, "/v5/public/linear").say("subscribe", topic)

    assert said["success"] is False
    assert OWNER.secret not in json.dumps(said)
