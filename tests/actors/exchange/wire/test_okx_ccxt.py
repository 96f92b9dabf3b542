"""Every request of OKX's dialect goes through the real ccxt: the method exists, and `sign` makes of it what OKX wants.

What `sign` has no way for, a header of one request and a body that is a list of one, `wired` prepares for it.
"""

import base64
import hashlib
import hmac
import importlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from actors.exchange.wire.contract import Call
from actors.exchange.wire.okx import OKX, wired
from messages.units import STOP_MARKET, TRAILING_STOP, BaseAmount, OrderId, Price, Rate, Side
from tests.actors.exchange.wire.okx_samples import ETH, NOW_MS, OURS, SWAP, D, intent, known

ccxt: Any = importlib.import_module("ccxt.async_support")  # it ships no types
SECRET = "a secret of no account"  # noqa: S105 - made up
SIGNED_AT = "2025-10-09T08:53:20.000Z"
STOP: dict[str, Any] = {"order_type": STOP_MARKET, "price": None, "trigger_price": Price(D("2400")), "side": Side.SELL}


class SignsForOkx(ccxt.okx):  # type: ignore[misc]  # its base has no types
    """The real ccxt, with what a client has to add to it."""

    def sign(self, path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:  # noqa: ANN401 - ccxt's
        body, headers = wired(params)
        signed = super().sign(path, api, method, body)
        return signed | {"headers": (signed["headers"] or {}) | headers}

    def milliseconds(self) -> int:
        return NOW_MS


def sign(call: Call) -> dict[str, Any]:
    """Return url, method, body and headers of a call as ccxt signs it."""
    venue = SignsForOkx({"apiKey": "key", "secret": SECRET, "password": "phrase"})
    entry = next(
        value
        for owner in type(venue).__mro__
        for name, value in vars(owner).items()
        if name == call.api and hasattr(value, "path")
    )
    found: dict[str, Any] = venue.sign(entry.path, entry.api, entry.method, dict(call.params))
    return found


def calls() -> dict[str, Call]:
    """Return one call of each kind."""
    amend = OKX.amend(
        known(SWAP, order_id="42"), SWAP, price=Price(D(2490)), amount=BaseAmount(D(1)), now_ms=NOW_MS, validity_ms=5000
    )
    trail = intent(SWAP, order_type=TRAILING_STOP, price=None, trail_bps=Rate(D(100)))
    (pending, algos, *_) = OKX.open_orders((SWAP,))
    reads = {
        "order": OKX.look_up(known(ETH), ETH)[0],
        "algo": OKX.look_up(known(SWAP, **STOP), SWAP)[0],
        "by id": OKX.look_up_by_id(OrderId("42"), SWAP)[1],
        "pending": pending,
        "algos": algos,
        "fills": OKX.trades_of(known(ETH, order_id="42"), ETH)[0],
        "fills since": OKX.trades_since(ETH, since_ms=NOW_MS, now_ms=NOW_MS)[0],
        "fills history": OKX.trades_since(ETH, since_ms=0, now_ms=NOW_MS)[0],
        "balance": OKX.balances((SWAP,))[0],
        "positions": OKX.positions((SWAP,))[0],
        "funding": OKX.funding_since((SWAP,), since_ms=NOW_MS, now_ms=NOW_MS)[0],
        "transfers": OKX.transfers_since((SWAP,), since_ms=0, now_ms=NOW_MS)[0],
        "account": OKX.account((SWAP,))[0],
        "leverage": OKX.leverage((SWAP,))[0],
        "time": OKX.server_time(),
    }
    changes = {
        "place": OKX.place(intent(), ETH, now_ms=NOW_MS, validity_ms=5000),
        "place algo": OKX.place(intent(SWAP, **STOP), SWAP, now_ms=NOW_MS, validity_ms=5000),
        "place trail": OKX.place(trail, SWAP, now_ms=NOW_MS, validity_ms=5000),
        "cancel": OKX.cancel(known(ETH), ETH),
        "cancel algo": OKX.cancel(known(SWAP, order_id="42", **STOP), SWAP),
        "amend": amend,
        "one way": OKX.set_one_way(SWAP)[0],
        "set leverage": OKX.set_leverage(SWAP, D(3))[0],
    }
    return changes | {name: query.call for name, query in reads.items()}  # type: ignore[attr-defined]  # of several kinds


WIRE: Mapping[str, tuple[str, str]] = {
    "place": ("POST", "/api/v5/trade/order"),
    "place algo": ("POST", "/api/v5/trade/order-algo"),
    "place trail": ("POST", "/api/v5/trade/order-algo"),
    "cancel": ("POST", "/api/v5/trade/cancel-order"),
    "cancel algo": ("POST", "/api/v5/trade/cancel-algos"),
    "amend": ("POST", "/api/v5/trade/amend-order"),
    "one way": ("POST", "/api/v5/account/set-position-mode"),
    "set leverage": ("POST", "/api/v5/account/set-leverage"),
    "order": ("GET", "/api/v5/trade/order"),
    "algo": ("GET", "/api/v5/trade/order-algo"),
    "by id": ("GET", "/api/v5/trade/order-algo"),
    "pending": ("GET", "/api/v5/trade/orders-pending"),
    "algos": ("GET", "/api/v5/trade/orders-algo-pending"),
    "fills": ("GET", "/api/v5/trade/fills"),
    "fills since": ("GET", "/api/v5/trade/fills"),
    "fills history": ("GET", "/api/v5/trade/fills-history"),
    "balance": ("GET", "/api/v5/account/balance"),
    "positions": ("GET", "/api/v5/account/positions"),
    "funding": ("GET", "/api/v5/account/bills"),
    "transfers": ("GET", "/api/v5/account/bills-archive"),
    "account": ("GET", "/api/v5/account/config"),
    "leverage": ("GET", "/api/v5/account/leverage-info"),
    "time": ("GET", "/api/v5/public/time"),
}


def test_every_kind_of_call_has_its_row_here() -> None:
    assert calls().keys() == WIRE.keys()


@pytest.mark.parametrize("name", list(WIRE))
def test_ccxt_signs_exactly_what_the_dialect_says(name: str) -> None:
    call = calls()[name]
    method, path = WIRE[name]
    body, headers = wired(call.params)

    signed = sign(call)

    url = urlsplit(signed["url"])
    assert (signed["method"], url.scheme, url.hostname, url.path) == (method, "https", "www.okx.com", path)
    if method == "GET":
        assert signed["body"] is None
        assert dict(parse_qsl(url.query)) == body
    else:
        assert url.query == ""
        assert json.loads(signed["body"]) == body
    assert headers.items() <= (signed["headers"] or {}).items()
    assert call.group in OKX.buckets


@pytest.mark.parametrize("name", [name for name in WIRE if name != "time"])
def test_the_signature_is_over_what_is_sent(name: str) -> None:
    signed = sign(calls()[name])

    url = urlsplit(signed["url"])
    target = url.path + (f"?{url.query}" if url.query else "")
    text = SIGNED_AT + signed["method"] + target + (signed["body"] or "")
    expected = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
    assert signed["headers"]["OK-ACCESS-SIGN"] == expected
    assert signed["headers"]["OK-ACCESS-TIMESTAMP"] == SIGNED_AT
    assert signed["headers"]["OK-ACCESS-PASSPHRASE"] == "phrase"


def test_the_deadline_is_a_header_and_no_part_of_the_body() -> None:
    made = calls()

    for name in ("place", "amend"):
        signed = sign(made[name])
        assert signed["headers"]["expTime"] == str(NOW_MS + 5000)
        assert "expTime" not in signed["body"]
    assert "expTime" not in sign(made["cancel"])["headers"]


def test_a_waiting_trigger_order_is_cancelled_by_a_list() -> None:
    assert sign(calls()["cancel algo"])["body"] == '[{"instId":"ETH-USDT-SWAP","algoId":"42"}]'


@pytest.mark.parametrize("name", ["place", "place algo", "place trail"])
def test_ccxt_adds_no_id_and_no_tag_of_its_own(name: str) -> None:
    body = json.loads(sign(calls()[name])["body"])

    assert "tag" not in body
    assert body["clOrdId"] == OURS
