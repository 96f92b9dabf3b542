"""Every request of the dialect goes through the real ccxt to the right host and path, signed, with our fields alone.

What the venue and ccxt are known to say is held against recorded messages, where they lie beside the repository.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ccxt.async_support as ccxt
import msgspec
import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.binance.answers import algo_order, perp_order, perp_trade, spot_order, spot_trade
from actors.exchange.wire.binance.fields import Fields
from actors.exchange.wire.contract import Call, Market, Query, SeenOrder, SeenTrade, UnreadableAnswerError
from messages.units import (
    BUY,
    MARKET,
    PERP,
    SELL,
    SPOT,
    STOP_LIMIT,
    STOP_MARKET,
    TRAILING_STOP,
    BaseAmount,
    InstrumentId,
    OrderId,
    Price,
    TradeType,
)
from tests.actors.exchange.wire.binance_samples import NOW_MS, PERP_ETH, SPOT_ETH, VALID_MS, D, intent, known

SECRET = "b" * 64
WIRE = Path(__file__).parents[5] / "shared" / "wire"
recorded = pytest.mark.skipif(not WIRE.is_dir(), reason="no recorded prices or messages: ../shared/wire is missing")


class Recording(ccxt.binance):  # type: ignore[misc]  # ccxt ships without types that mypy reads
    """The real ccxt up to where the request would leave: it keeps what would."""

    def __init__(self) -> None:
        super().__init__({"apiKey": "a" * 64, "secret": SECRET, "enableRateLimit": False})
        self.left: list[tuple[str, str, dict[str, str], str]] = []

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:  # noqa: ANN401
        self.left.append((method, url, dict(headers or {}), body or ""))
        return {}


def leaves(call: Call) -> tuple[str, str, dict[str, str], str]:
    """Return method, URL, headers and body with which ccxt sends a call. No session is ever opened."""
    exchange = Recording()
    asyncio.run(getattr(exchange, call.api)(dict(call.params)))
    [left] = exchange.left
    return left


def changes() -> Iterator[tuple[str, Call]]:
    """Yield every request that changes something, with where it must go."""
    api, fapi = "api.binance.com/api/v3", "fapi.binance.com/fapi/v1"
    for market, path in ((SPOT_ETH, api), (PERP_ETH, fapi)):
        order = known(intent(market), order_id="9")
        yield f"POST {path}/order", BINANCE.place(order.intent, market, now_ms=NOW_MS, validity_ms=VALID_MS)
        yield f"DELETE {path}/order", BINANCE.cancel(order, market)
    stop = known(intent(PERP_ETH, kind=STOP_MARKET), order_id="9")
    yield f"POST {fapi}/algoOrder", BINANCE.place(stop.intent, PERP_ETH, now_ms=NOW_MS, validity_ms=VALID_MS)
    yield f"DELETE {fapi}/algoOrder", BINANCE.cancel(stop, PERP_ETH)
    price, amount = Price(D(2400)), BaseAmount(D("0.5"))
    order = known(intent(PERP_ETH), order_id="9")
    yield (
        f"PUT {fapi}/order",
        BINANCE.amend(order, PERP_ETH, price=price, amount=amount, now_ms=NOW_MS, validity_ms=VALID_MS),
    )
    settings: list[tuple[Call, str]] = [
        (BINANCE.set_one_way(PERP_ETH)[0], "positionSide/dual"),
        (BINANCE.set_cross(PERP_ETH)[0], "marginType"),
        (BINANCE.set_leverage(PERP_ETH, Decimal(2))[0], "leverage"),
    ]
    yield from ((f"POST {fapi}/{path}", call) for call, path in settings)


def reads() -> Iterator[tuple[str, Call]]:
    """Yield every read, with where it must go."""
    api, sapi, fapi = "api.binance.com/api/v3", "api.binance.com/sapi/v1", "fapi.binance.com/fapi/v1"
    both, times = [SPOT_ETH, PERP_ETH], {"since_ms": NOW_MS - 9, "now_ms": NOW_MS}
    stop = known(intent(PERP_ETH, kind=STOP_MARKET))
    triggered = {"algoStatus": "TRIGGERED", "actualOrderId": "77", "orderType": "STOP_MARKET", "quantity": "1"}
    became = {"symbol": "ETHUSDT", "side": "BUY", "algoId": 3, "clientAlgoId": "c", "price": "0", **triggered}
    child = BINANCE.look_up(stop, PERP_ETH)[0].read(became).next
    assert child is not None
    by_path: list[tuple[str, Sequence[Query[Any]]]] = [
        (f"{api}/order", BINANCE.look_up(known(intent(SPOT_ETH)), SPOT_ETH)),
        (f"{fapi}/order", BINANCE.look_up(known(intent(PERP_ETH)), PERP_ETH)),
        (f"{fapi}/algoOrder", BINANCE.look_up(stop, PERP_ETH)),
        (f"{fapi}/algoOrder", BINANCE.look_up_by_id(OrderId("1"), PERP_ETH)[1:]),
        (f"{fapi}/allOrders", [child]),
        (f"{api}/openOrders", BINANCE.open_orders([SPOT_ETH])),
        (f"{fapi}/openOrders", BINANCE.open_orders([PERP_ETH])[:1]),
        (f"{fapi}/openAlgoOrders", BINANCE.open_orders([PERP_ETH])[1:]),
        (f"{api}/myTrades", BINANCE.trades_since(SPOT_ETH, **times)),
        (f"{fapi}/userTrades", BINANCE.trades_since(PERP_ETH, **times)),
        (f"{api}/account", BINANCE.balances([SPOT_ETH])),
        ("fapi.binance.com/fapi/v3/balance", BINANCE.balances([PERP_ETH])),
        ("fapi.binance.com/fapi/v3/positionRisk", BINANCE.positions(both)),
        (f"{fapi}/income", BINANCE.funding_since(both, **times)),
        (f"{sapi}/capital/deposit/hisrec", BINANCE.transfers_since([SPOT_ETH], **times)[:1]),
        (f"{sapi}/capital/withdraw/history", BINANCE.transfers_since([SPOT_ETH], **times)[1:2]),
        (f"{sapi}/asset/transfer", BINANCE.transfers_since([SPOT_ETH], **times)[2:]),
        (f"{sapi}/account/apiRestrictions", BINANCE.account(both)[1:2]),
        (f"{fapi}/accountConfig", BINANCE.account(both)[2:]),
        (f"{fapi}/symbolConfig", BINANCE.leverage(both)),
    ]
    for path, queries in by_path:
        for query in queries:
            yield f"GET {path}", query.call


ALL = [*changes(), *reads()]


@pytest.mark.parametrize(("where", "call"), ALL, ids=[f"{where}-{call.api}" for where, call in ALL])
def test_a_request_goes_signed_to_its_place_with_our_fields_alone(where: str, call: Call) -> None:
    method, url, headers, body = leaves(call)

    split = urlsplit(url)
    sent = split.query if method in {"GET", "DELETE"} else body
    signed, _, signature = sent.rpartition("&signature=")
    fields = dict(parse_qsl(signed, keep_blank_values=True))
    assert f"{method} {split.netloc}{split.path}" == where
    assert signature == hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert headers["X-MBX-APIKEY"] == "a" * 64
    assert fields.pop("timestamp").isdigit()
    window = fields.pop("recvWindow")
    assert window == str(call.params.get("recvWindow", 10_000))
    assert fields == {key: str(value) for key, value in call.params.items() if key != "recvWindow"}


def test_the_venues_clock_is_asked_for_without_a_key() -> None:
    method, url, _, body = leaves(BINANCE.server_time().call)

    assert (method, url, body) == ("GET", "https://api.binance.com/api/v3/time", "")


@pytest.mark.parametrize(("where", "call"), ALL, ids=[f"{where}-{call.api}" for where, call in ALL])
def test_every_request_counts_against_a_limit(where: str, call: Call) -> None:
    assert call.group in BINANCE.buckets, where
    assert all(call.weight <= bucket.amount for bucket in BINANCE.buckets[call.group])


def test_every_limit_says_where_it_is_from() -> None:
    for buckets in BINANCE.buckets.values():
        assert buckets
        for bucket in buckets:
            assert bucket.source
            assert 0 <= bucket.reserved < 1


OURS_BY_CALL: dict[str, tuple[Market, dict[str, Any]]] = {
    "create limit spot +clientOrderId": (SPOT_ETH, {"side": BUY}),
    "create market spot buy": (SPOT_ETH, {"kind": MARKET}),
    "create postOnly spot": (SPOT_ETH, {"post_only": True}),
    "create stop-limit spot (triggerPrice)": (SPOT_ETH, {"side": SELL, "kind": STOP_LIMIT}),
    "create stopLossPrice spot market": (SPOT_ETH, {"side": SELL, "kind": STOP_MARKET}),
    "create limit swap": (PERP_ETH, {"side": BUY}),
    "create market swap reduceOnly": (PERP_ETH, {"side": SELL, "kind": MARKET, "reduce_only": True}),
    "create postOnly swap": (PERP_ETH, {"post_only": True}),
    "create stopLossPrice swap": (PERP_ETH, {"side": SELL, "kind": STOP_MARKET}),
}
VALUES = {"symbol", "quantity", "price", "stopPrice", "triggerPrice", "newClientOrderId", "clientAlgoId"}
"""Fields whose values are those of one order, not of its kind."""
OUR_OWN = {"workingType", "recvWindow", "timestamp", "signature"}
"""Fields that ccxt leaves to their defaults, or whose value was not recorded."""


@recorded
@pytest.mark.parametrize("name", OURS_BY_CALL)
def test_an_order_looks_as_ccxts_own_of_its_kind(name: str) -> None:
    observed = json.loads((WIRE / "requests_observed.json").read_text())
    [theirs] = [one for one in observed if one["ex"] == "binance" and one["call"] == name]
    market, wanted = OURS_BY_CALL[name]

    method, url, _, body = leaves(BINANCE.place(intent(market, **wanted), market, now_ms=NOW_MS, validity_ms=VALID_MS))

    ours, expected = dict(parse_qsl(body)), dict(parse_qsl(theirs["body"]))
    assert (method, urlsplit(url).netloc, urlsplit(url).path) == (theirs["method"], theirs["host"], theirs["path"])
    assert ours.keys() - OUR_OWN == expected.keys()
    assert {key: value for key, value in ours.items() if key in expected.keys() - VALUES} == {
        key: value for key, value in expected.items() if key not in VALUES
    }


def test_a_trailing_stop_has_no_trigger_price_on_the_wire() -> None:
    call = BINANCE.place(intent(PERP_ETH, kind=TRAILING_STOP), PERP_ETH, now_ms=NOW_MS, validity_ms=VALID_MS)

    assert not {"triggerPrice", "stopPrice", "activatePrice"} & call.params.keys()


def market_of(symbol: str, product: TradeType) -> Market:
    like = PERP_ETH if product is PERP else SPOT_ETH
    return msgspec.structs.replace(
        like, instrument=InstrumentId(f"binance:{symbol}"), symbol=symbol, unified=symbol, trade_type=product
    )


@recorded
def test_recorded_answers_are_read() -> None:
    spot, futures = WIRE / "binance/spot/http_json", WIRE / "binance/futures/http_json"
    readers: list[tuple[Callable[[Fields, Market], SeenOrder | SeenTrade], TradeType, Path]] = [
        (spot_order, SPOT, spot / "order_response.json"),
        (spot_order, SPOT, spot / "new_order_full_response.json"),
        (spot_order, SPOT, spot / "open_orders_response.json"),
        (spot_order, SPOT, spot / "all_orders_response.json"),
        (spot_order, SPOT, spot / "cancel_order_response.json"),
        (spot_trade, SPOT, spot / "account_trades_response.json"),
        (perp_order, PERP, futures / "order_response.json"),
        (perp_trade, PERP, futures / "user_trade.json"),
        (algo_order, PERP, futures / "algo_order_response.json"),
        (algo_order, PERP, futures / "open_algo_orders.json"),
    ]

    for reader, product, path in readers:
        found = json.loads(path.read_text())
        for row in found if isinstance(found, list) else [found]:
            seen = reader(Fields(row, path.name), market_of(row["symbol"], product))
            assert seen.amount > 0, path
            assert str(seen.order_id) == str(row.get("orderId", row.get("algoId"))), path


@recorded
def test_recorded_frames_are_read() -> None:
    paths = sorted((WIRE / "binance").glob("*/user_data_json/*.json"))
    assert len(paths) > 15

    for path in paths:
        message = json.loads(path.read_text())
        event = message.get("event", message)
        about = event.get("o") if isinstance(event.get("o"), dict) else event
        product = PERP if "futures" in path.parts else SPOT
        symbol = str(about.get("s", "none"))
        update = BINANCE.frame(message, {(product, symbol): market_of(symbol, product)})
        if event["e"] in {"executionReport", "ORDER_TRADE_UPDATE", "ALGO_UPDATE"}:
            assert update.orders, path
            assert bool(update.trades or update.touched) is (
                about.get("x") in {"TRADE", "CALCULATED"} and about["l"] != "0"
            ), path


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(UnreadableAnswerError, match="order: no orderId"):
        Fields({"orderId": None}, "order").whole("orderId")
