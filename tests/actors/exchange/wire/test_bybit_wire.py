"""What the dialect asks for is what ccxt signs and sends, and it reads what Bybit is known to say.

Recorded samples and requests are read in place where they are; without them those tests are skipped.
"""

import asyncio
import hashlib
import hmac
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.bybit.errors import VERDICTS
from actors.exchange.wire.contract import Call, Query, SeenOrder
from messages.units import MARKET, STOP_MARKET, BaseAmount, Price
from tests.actors.exchange.wire.bybit_samples import (
    BY_SYMBOL,
    MARKETS,
    NOW_MS,
    PERP_BTC,
    PERP_ETH,
    SPOT_ETH,
    D,
    intent,
    known,
)

bybit: Any = importlib.import_module("ccxt.async_support").bybit  # it ships no types
WIRE = Path(__file__).parents[5] / "shared" / "wire"
needs_samples = pytest.mark.skipif(not WIRE.is_dir(), reason="no recorded messages: ../shared/wire is missing")
KEY, SECRET = "an-api-key", "a-secret"


def calls() -> dict[str, Call]:
    """One call of every kind that the dialect makes, by what it does."""
    queries: dict[str, Query[Any]] = {
        "look up": BYBIT.look_up(known(), PERP_ETH)[0],
        "look up in history": BYBIT.look_up(known(), PERP_ETH)[1],
        "open orders": BYBIT.open_orders(MARKETS)[1],
        "trades of": BYBIT.trades_of(known(), PERP_ETH)[0],
        "trades since": BYBIT.trades_since(PERP_ETH, since_ms=NOW_MS, now_ms=NOW_MS)[0],
        "balances": BYBIT.balances(MARKETS)[0],
        "positions": BYBIT.positions(MARKETS)[0],
        "funding": BYBIT.funding_since(MARKETS, since_ms=NOW_MS, now_ms=NOW_MS)[0],
        "transfers": BYBIT.transfers_since(MARKETS, since_ms=NOW_MS, now_ms=NOW_MS)[0],
        "key": BYBIT.account(MARKETS)[0],
        "account": BYBIT.account(MARKETS)[1],
        "position mode": BYBIT.account(MARKETS)[2],
        "leverage": BYBIT.leverage(MARKETS)[0],
        "time": BYBIT.server_time(),
    }
    changes = {
        "place on spot": BYBIT.place(intent(SPOT_ETH), SPOT_ETH, now_ms=NOW_MS, validity_ms=5000),
        "place a perp": BYBIT.place(intent(PERP_ETH, STOP_MARKET), PERP_ETH, now_ms=NOW_MS, validity_ms=5000),
        "cancel on spot": BYBIT.cancel(known(intent(SPOT_ETH)), SPOT_ETH),
        "cancel a perp": BYBIT.cancel(known(), PERP_ETH),
        "amend": BYBIT.amend(
            known(), PERP_ETH, price=Price(D(1)), amount=BaseAmount(D(1)), now_ms=NOW_MS, validity_ms=5000
        ),
        "one way": BYBIT.set_one_way(PERP_ETH)[0],
        "cross": BYBIT.set_cross(PERP_ETH)[0],
        "set leverage": BYBIT.set_leverage(PERP_ETH, D(2))[0],
    }
    return {name: query.call for name, query in queries.items()} | changes


class Signed(dict[str, Any]):
    """What ccxt would have sent, after its own signing."""


def signed(call: Call) -> Signed:
    """Let the real ccxt sign a call, and stop where it would go out."""
    caught: list[Signed] = []

    async def ask() -> None:
        exchange = bybit({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False, "options": {"recvWindow": 4000}})

        async def fetch(url: str, method: str, headers: object, body: object) -> dict[str, Any]:
            caught.append(Signed(url=url, method=method, headers=headers, body=body))
            return {"retCode": 0}

        exchange.fetch = fetch
        exchange.milliseconds = lambda: NOW_MS
        await getattr(exchange, call.api)(dict(call.params))
        await exchange.close()

    asyncio.run(ask())
    return caught[0]


@pytest.mark.parametrize("name", sorted(calls()))
def test_ccxt_has_every_method_that_the_dialect_names(name: str) -> None:
    assert callable(getattr(bybit, calls()[name].api, None))


def test_every_call_counts_against_a_bucket_and_every_bucket_has_a_source() -> None:
    assert {call.group for call in calls().values()} <= set(BYBIT.buckets)
    buckets = {bucket for group in BYBIT.buckets.values() for bucket in group}
    assert all(bucket.amount > 0 and bucket.window_ms > 0 and bucket.source for bucket in buckets)
    assert len(buckets) == len(BYBIT.buckets)  # each endpoint's own, and one for the address instead of "market"
    assert all(group[-1].amount == 600 for group in BYBIT.buckets.values())


@pytest.mark.parametrize("name", [name for name, call in calls().items() if call.api.startswith("private")])
def test_ccxt_signs_exactly_what_the_dialect_says(name: str) -> None:
    call = calls()[name]

    sent = signed(call)

    host, _, query = sent["url"].partition("?")
    assert host.startswith("https://api.bybit.com/v5/")
    payload = sent["body"] if sent["method"] == "POST" else query
    stamp = f"{NOW_MS}{KEY}4000{payload}"
    assert sent["headers"]["X-BAPI-SIGN"] == hmac.new(SECRET.encode(), stamp.encode(), hashlib.sha256).hexdigest()
    assert sent["headers"]["X-BAPI-RECV-WINDOW"] == "4000"
    if sent["method"] == "POST":
        assert json.loads(payload) == call.params
    else:
        assert dict(pair.split("=", 1) for pair in query.split("&") if query) == {
            key: str(value) for key, value in call.params.items()
        }


def test_a_cursor_goes_out_as_the_venue_wrote_it() -> None:
    query: Query[SeenOrder] | None = BYBIT.open_orders(MARKETS)[1]
    assert query is not None
    query = query.read(
        {
            "retCode": 0,
            "result": {
                "list": [{"symbol": "SOLUSDT"}],
                "nextPageCursor": "page_args%3Dfd4300ae%26symbol%3D6%26",
            },
        }
    ).next
    assert query is not None

    assert signed(query.call)["url"].endswith("&cursor=page_args%3Dfd4300ae%26symbol%3D6%26")


def sample(name: str) -> Any:  # noqa: ANN401 - decoded JSON
    return json.loads((WIRE / "bybit" / name).read_text())


def observed(call: str, path: str) -> Mapping[str, Any]:
    """Return what ccxt was seen to send for a unified call."""
    found = next(
        each
        for each in json.loads((WIRE / "requests_observed.json").read_text())
        if each["ex"] == "bybit" and each["call"] == call and each["path"] == path
    )
    assert isinstance(found, dict)
    return found


def unified() -> Iterator[tuple[str, Call, Sequence[str]]]:
    """Each call that ccxt has a unified method for, with what we send more than it does."""
    options = {"now_ms": NOW_MS, "validity_ms": 5000}
    market_buy = BYBIT.place(intent(SPOT_ETH, MARKET), SPOT_ETH, **options)
    yield "create market spot buy", market_buy, ("orderLinkId", "isLeverage")
    limit = BYBIT.place(intent(SPOT_ETH), SPOT_ETH, **options)
    yield "create limit spot +clientOrderId", limit, ("isLeverage", "timeInForce")
    yield "create postOnly swap", BYBIT.place(intent(post_only=True), PERP_ETH, **options), ("positionIdx",)
    stop = BYBIT.place(intent(PERP_ETH, STOP_MARKET), PERP_ETH, **options)
    yield "create stop-market swap (triggerPrice)", stop, ("positionIdx", "triggerBy")
    closing = BYBIT.place(intent(PERP_ETH, MARKET, reduce_only=True), PERP_ETH, **options)
    yield "create market swap reduceOnly", closing, ("positionIdx",)
    yield "fetch_open_orders ALL (no symbol)", BYBIT.open_orders([PERP_ETH])[0].call, ("openOnly", "limit")
    yield "set_leverage 5", BYBIT.set_leverage(PERP_ETH, D(5))[0], ()
    yield "set_position_mode oneway", BYBIT.set_one_way(PERP_ETH)[0], ()


@needs_samples
def test_requests_have_the_fields_that_ccxts_own_unified_calls_send() -> None:
    for name, call, more in unified():
        sent = signed(call)
        path = sent["url"].partition("?")[0].removeprefix("https://api.bybit.com")
        seen = observed(name, path)
        fields = (
            set(json.loads(seen["body"]))
            if seen["body"]
            else {pair.partition("=")[0] for pair in seen["query"].split("&")}
        )

        assert (seen["method"], seen["host"]) == (sent["method"], "api.bybit.com")
        assert set(call.params) - set(more) == fields, name


@needs_samples
def test_every_error_that_was_observed_has_a_meaning() -> None:
    taxonomy = json.loads((WIRE / "error_taxonomy_observed.json").read_text())

    codes = [name.split()[1] for name in taxonomy if name.startswith("bybit ")]

    assert len(codes) > 40
    assert [code for code in codes if code not in VERDICTS] == []


@needs_samples
def test_recorded_orders_are_read() -> None:
    linear = BYBIT.open_orders([PERP_ETH, PERP_BTC])[0]

    for name in sorted(path.name for path in (WIRE / "bybit").glob("http_get_orders_*.json")):
        assert linear.read(sample(name)).items, name
    stopped = linear.read(sample("http_get_orders_realtime_tp_sl.json")).items
    assert [(seen.status, seen.trigger_price, seen.price) for seen in stopped] == [
        ("WAITING", D("55000.00"), None),
        ("WAITING", D("48000.00"), D("47500.00")),
    ]
    (rejected,) = linear.read(sample("http_get_order_partially_filled_rejected.json")).items
    assert (rejected.status, rejected.filled, rejected.reason) == ("CANCELLED", D("0.005"), "INSUFFICIENT_MARGIN")


@needs_samples
def test_recorded_fills_positions_and_balances_are_read() -> None:
    (trades,) = BYBIT.trades_since(PERP_BTC, since_ms=0, now_ms=0)
    (positions,) = BYBIT.positions(MARKETS)
    (balances,) = BYBIT.balances(MARKETS)

    (fill,) = trades.read(sample("http_get_executions.json")).items
    held = positions.read(sample("http_get_positions.json")).items
    coins = balances.read(sample("http_get_wallet_balance.json")).items

    assert (fill.fee, fill.fee_asset, fill.liquidity) == (D("0.0150"), "USDT", "MAKER")
    assert [(each.instrument, each.quantity) for each in held] == [
        (PERP_BTC.instrument, D("0.5")),
        (PERP_ETH.instrument, D("-5.0")),
    ]
    assert [(each.asset, each.total) for each in coins] == [("USDT", D("1000.50")), ("ETH", D("-0.06142"))]


@needs_samples
def test_recorded_keys_and_accounts_are_read() -> None:
    key, account, *_ = BYBIT.account(MARKETS)

    (owner,) = key.read(sample("http_get_user_query_api.json")).items
    (mode,) = account.read(sample("http_get_account_info.json")).items

    assert (owner.uid, owner.may_trade, owner.may_withdraw, owner.problem) == ("1448939", False, False, "")
    assert mode.problem == ""


@needs_samples
def test_recorded_frames_of_the_private_stream_are_read() -> None:
    frames = {
        path.name: BYBIT.frame(sample(path.name), BY_SYMBOL)
        for path in (WIRE / "bybit").glob("ws_a*.json")
        if "open_time" not in path.name
    }

    assert [name for name, update in frames.items() if "account_order" in name and not update.orders] == [
        "ws_account_order_partially_filled_rejected.json"  # of a market that is not configured
    ]
    assert frames["ws_account_execution.json"].trades[0].fee == D("26.3725275")
    assert frames["ws_account_wallet.json"].balances
    assert frames["ws_account_position.json"].balances
