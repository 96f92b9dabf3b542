"""A Bybit without a server: an engine whose clock and prices stand still, and requests signed as it wants them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from messages.units import TradeType
from ops.testbed.exchange.accounts import Account
from ops.testbed.exchange.build import build
from ops.testbed.exchange.bybit import dialect
from ops.testbed.exchange.clock import SetClock
from ops.testbed.exchange.contract import Answer, Request, Session
from ops.testbed.exchange.engine import VenueEngine
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.prices import FIRST
from ops.testbed.exchange.sink import Kept, NoSink
from ops.testbed.exchange.values import FUNDING, UNIFIED, Key, Permission, Uid
from ops.testbed.exchange.venues import RULES, markets

D = Decimal
NOW_MS = 1_760_000_000_000
SPOT, PERP = TradeType.SPOT, TradeType.PERP
UID = Uid("24012001")
ALL = frozenset(Permission)


def _key(name: str, uid: Uid, permissions: frozenset[Permission]) -> Key:
    return Key(venue="bybit", uid=uid, api_key=name, secret=f"secret-of-{name}", permissions=permissions)


OWNER = _key("owner", UID, ALL)
READER = _key("reader", UID, frozenset({Permission.READ}))
OTHER = _key("other", Uid("24012002"), ALL)


class Desk:
    """Asks a Bybit and reads what it says. ETH stands at 2,500, BTC at 60,000."""

    def __init__(self) -> None:
        self.clock = SetClock(NOW_MS)
        parts = build(
            RULES["bybit"],
            markets("bybit"),
            lambda market: FIRST[market.base],
            now_ms=self.clock.now_ms,
            seed="1",
            sink=NoSink(),
            kept=Kept(),
        )
        opening = {UNIFIED: {"USDT": D(100_000), "ETH": D(10)}, FUNDING: {"USDT": D(1_000)}}
        accounts = [
            Account(venue="bybit", uid=UID, keys=(OWNER, READER), opening=opening),
            Account(venue="bybit", uid=OTHER.uid, keys=(OTHER,), opening=opening),
        ]
        self.engine = VenueEngine(parts, accounts, funding_rate=lambda _: D("0.0001"))
        self.limits = RateLimits(self.clock.now_ms)
        self.dialect = dialect(self.engine, self.limits, ListenKeys(self.clock.now_ms))

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        key: Key | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """Return a request, signed where a key is given; `headers` are then others than they should be."""
        body = json.dumps(params or {}).encode() if method == "POST" else b""
        query = "" if method == "POST" else urlencode(params or {}, safe="%")
        signed: dict[str, str] = {}
        if key is not None:
            stamp = str(self.clock.now_ms())
            text = f"{stamp}{key.api_key}5000{body.decode() or query}"
            signed = {
                "x-bapi-api-key": key.api_key,
                "x-bapi-timestamp": stamp,
                "x-bapi-recv-window": "5000",
                "x-bapi-sign": hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest(),
            }
        return Request(
            method=method,
            host="api.bybit.com",
            path=path,
            query=query,
            params={} if method == "POST" else {name: str(value) for name, value in (params or {}).items()},
            headers={**signed, **(headers or {})},
            body=body,
            peer="127.0.0.1",
            at_ms=self.clock.now_ms(),
        )

    def answer(self, request: Request) -> Answer:
        """Return what the venue says."""
        return asyncio.run(self.dialect.http(request))

    def said(self, method: str, path: str, params: Mapping[str, Any] | None = None, key: Key = OWNER) -> dict[str, Any]:
        """Return the JSON that a signed request is answered with."""
        found = json.loads(self.answer(self.request(method, path, params, key=key)).body)
        assert isinstance(found, dict)
        return found

    def get(self, path: str, **params: object) -> dict[str, Any]:
        """Return the result of a read; it must be good."""
        return self._good(self.said("GET", path, params))

    def post(self, path: str, **params: object) -> dict[str, Any]:
        """Return the result of a change; it must be good."""
        return self._good(self.said("POST", path, params))

    def code(self, path: str, **params: object) -> int:
        """Return the retCode of a change."""
        return int(self.said("POST", path, params)["retCode"])

    @staticmethod
    def _good(said: dict[str, Any]) -> dict[str, Any]:
        assert (said["retCode"], said["retMsg"]) == (0, "OK"), said
        result = said["result"]
        assert isinstance(result, dict)
        return result

    def place(self, category: str = "linear", **changed: object) -> dict[str, Any]:
        """Place a limit buy far below the market, or what is asked for instead."""
        return self.post("/v5/order/create", **order(category, **changed))

    def stream(self, path: str) -> Session:
        """Return a connection."""
        session = self.dialect.open(self.request("GET", path))
        assert not isinstance(session, Answer)
        return session

    def move(self, price: str, *, product: TradeType = PERP, symbol: str = "ETHUSDT") -> None:
        """Let a market stand elsewhere."""
        self.engine.move(self.engine.market(product, symbol), D(price))


def order(category: str = "linear", **changed: object) -> dict[str, object]:
    """Return the parameters of a limit buy of 1 ETH at 2,475 (1 % below the market)."""
    params = {
        "category": category,
        "symbol": "ETHUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "1",
        "price": "2475",
        "timeInForce": "GTC",
        **changed,
    }
    return {name: value for name, value in params.items() if value is not None}


def login(session: Session, key: Key = OWNER, *, expires: int = NOW_MS + 1000) -> dict[str, Any]:
    """Log in to a private stream, and return what it says."""
    signed = hmac.new(key.secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    (said,) = session.receive(json.dumps({"op": "auth", "args": [key.api_key, expires, signed]}))
    found = json.loads(said)
    assert isinstance(found, dict)
    return found
