"""A Binance without a server: an engine whose clock and prices stand still, and requests signed as it wants them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from messages.units import TradeType
from ops.testbed.exchange.accounts import Account
from ops.testbed.exchange.binance import dialect
from ops.testbed.exchange.build import build
from ops.testbed.exchange.clock import SetClock
from ops.testbed.exchange.contract import Answer, Request, Session
from ops.testbed.exchange.engine import VenueEngine
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.prices import FIRST
from ops.testbed.exchange.rejects import RejectError
from ops.testbed.exchange.sink import Kept, NoSink
from ops.testbed.exchange.values import FUNDING, PERP_WALLET, SPOT_WALLET, Key, Permission, Uid
from ops.testbed.exchange.venues import RULES, markets

D = Decimal
NOW_MS = 1_760_000_000_000
UID = Uid("35012001")
PERP = TradeType.PERP


def _key(name: str, uid: Uid, *permissions: Permission) -> Key:
    return Key(venue="binance", uid=uid, api_key=name, secret=f"secret-of-{name}", permissions=frozenset(permissions))


OWNER = _key("owner", UID, *Permission)
READER = _key("reader", UID, Permission.READ)
OTHER = _key("other", Uid("35012002"), *Permission)


class Door:
    """Asks a Binance and reads what it says. ETH stands at 2,500, BTC at 60,000."""

    def __init__(self, *, factor: int = 1) -> None:
        self.clock = SetClock(NOW_MS)
        parts = build(
            RULES["binance"],
            markets("binance"),
            lambda market: FIRST[market.base],
            now_ms=self.clock.now_ms,
            seed="1",
            sink=NoSink(),
            kept=Kept(),
        )
        opening = {
            SPOT_WALLET: {"USDT": D(100_000), "ETH": D(10)},
            PERP_WALLET: {"USDT": D(100_000)},
            FUNDING: {"USDT": D(1_000)},
        }
        accounts = [
            Account(venue="binance", uid=UID, keys=(OWNER, READER), opening=opening),
            Account(venue="binance", uid=OTHER.uid, keys=(OTHER,), opening=opening),
        ]
        self.engine = VenueEngine(parts, accounts, funding_rate=lambda _market: D("0.0001"))
        limits = RateLimits(self.clock.now_ms, factor=factor)
        self.dialect = dialect(self.engine, limits, ListenKeys(self.clock.now_ms))

    def request(self, method: str, path: str, query: str = "", *, api_key: str = "", peer: str = "10.0.0.1") -> Request:
        """Make a request; its host is the path's."""
        return Request(
            method=method,
            host="fapi.binance.com" if path.startswith("/fapi/") else "api.binance.com",
            path=path,
            query=query,
            params=dict(parse_qsl(query)),
            headers={"x-mbx-apikey": api_key} if api_key else {},
            body=b"",
            peer=peer,
            at_ms=self.clock.now_ms(),
        )

    def signed(
        self, method: str, path: str, params: Mapping[str, Any], *, key: Key = OWNER, peer: str = "10.0.0.1"
    ) -> Request:
        """Make a request that is signed, its parameters in the query."""
        query = urlencode({"timestamp": self.clock.now_ms(), **params})
        signature = hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        return self.request(method, path, f"{query}&signature={signature}", api_key=key.api_key, peer=peer)

    def answer(self, request: Request) -> Answer:
        """Work a request as the server does."""
        try:
            return asyncio.run(self.dialect.http(request))
        except RejectError as refusal:
            return self.dialect.refuse(request, refusal.reject, refusal.detail)

    def ask(self, method: str, path: str, *, key: Key = OWNER, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """Ask something signed, which is answered well."""
        answer = self.answer(self.signed(method, path, params, key=key))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def code(self, method: str, path: str, *, key: Key = OWNER, **params: Any) -> int:  # noqa: ANN401 - JSON
        """Ask something signed, which is refused: return the code."""
        answer = self.answer(self.signed(method, path, params, key=key))
        assert answer.status >= 400, answer.body
        found = json.loads(answer.body)
        assert answer.code == str(found["code"])
        return int(found["code"])

    def open(self, host: str, path: str, query: str = "") -> Session:
        """Open a WebSocket."""
        request = Request(
            method="GET",
            host=host,
            path=path,
            query=query,
            params=dict(parse_qsl(query)),
            headers={},
            body=b"",
            peer="10.0.0.1",
            at_ms=self.clock.now_ms(),
        )
        opened = self.dialect.open(request)
        assert not isinstance(opened, Answer)
        return opened


def decoded(texts: Sequence[str]) -> list[Any]:
    """Return frames as they are meant."""
    return [json.loads(text) for text in texts]


ORDER: dict[str, Any] = {
    "symbol": "ETHUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "2400",
    "quantity": "0.01",
}
