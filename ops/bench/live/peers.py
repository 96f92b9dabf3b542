"""The same order by others, in the same process: ccxt's own `create_order`, and a POST signed by hand.

Each has a loop on a thread of its own, as our venues have, and trades on another account.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from ccxt import async_support

from actors.exchange.live.transport import Endpoint
from ops.bench.live.exchange import Place
from ops.bench.live.noting import Noted, NotingTransport
from ops.bench.live.rig import AMOUNT, FAR, SYMBOLS

T = TypeVar("T")

UNIFIED = "ETH/USDT:USDT"
_OKX_CONTRACTS = "1"
"""0.1 ETH."""


class Block(NamedTuple):
    """Some orders, one after the other.

    Attributes:
        delays_s: From the call to the first byte on the wire.
        cpu_s: Of the loop's thread, an order.
    """

    delays_s: list[float]
    cpu_s: float


class Peers:
    """Both peers. Close them."""

    def __init__(self, place: Place, venue: str, markets: Any) -> None:  # noqa: ANN401 - ccxt's
        self._venue = venue
        self._key = place.peer(venue)
        self._noted: list[Noted] = []
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="peers", daemon=True)
        self._thread.start()
        endpoint = Endpoint(host="127.0.0.1", port=place.port, ca_file=place.ca_file)
        self._transport = NotingTransport(endpoint, self._noted.append)
        self._session: Any = None
        self._ccxt: Any = None
        self._do(self._open(markets))

    def ccxt(self, count: int) -> Block:
        """Place orders by `create_order`."""
        return self._do(self._block(count, self._by_ccxt))

    def bare(self, count: int) -> Block:
        """Place orders by signed POSTs."""
        return self._do(self._block(count, self._by_hand))

    def cancel_all(self) -> None:
        """Cancel everything of theirs."""
        self._do(self._cancel_all())

    def close(self) -> None:
        """Close sessions, loop and thread."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self, markets: Any) -> None:  # noqa: ANN401
        self._session = self._transport.session()
        config = {
            "apiKey": self._key["api_key"],
            "secret": self._key["secret"],
            "password": self._key.get("passphrase"),
            "session": self._session,
            "enableRateLimit": False,
        }
        self._ccxt = getattr(async_support, self._venue)(config)
        self._ccxt.set_markets(markets)

    async def _close(self) -> None:
        await self._ccxt.close()
        await self._transport.close()

    async def _block(self, count: int, place: Callable[[], Coroutine[Any, Any, None]]) -> Block:
        delays, before = [], time.thread_time()
        for _ in range(count):
            self._noted.clear()
            called = time.perf_counter()
            await place()
            delays.append(self._noted[0].at - called)
        return Block(delays, (time.thread_time() - before) / count)

    async def _by_ccxt(self) -> None:
        amount = float(_OKX_CONTRACTS if self._venue == "okx" else AMOUNT)
        await self._ccxt.create_order(UNIFIED, "limit", "buy", amount, float(FAR))

    async def _by_hand(self) -> None:
        url, headers, body = signed(self._venue, self._key, now_ms=time.time_ns() // 1_000_000)
        async with self._session.post(url, data=body.encode(), headers=headers) as response:
            answer = await response.json(content_type=None)
        if response.status != 200 or str(answer.get("code", answer.get("retCode", 0))) != "0":  # noqa: PLR2004 - OK
            raise SystemExit(f"{self._venue} refused a bare order: {answer}")

    async def _cancel_all(self) -> None:
        if self._venue != "okx":
            await self._ccxt.cancel_all_orders(UNIFIED)
            return
        for order in await self._ccxt.fetch_open_orders(UNIFIED):
            await self._ccxt.cancel_order(order["id"], UNIFIED)


def signed(venue: str, key: Mapping[str, str], *, now_ms: int) -> tuple[str, dict[str, str], str]:
    """Return address, headers and body of a limit order that rests: as little work as can be done for one."""
    secret = key["secret"].encode()
    symbol = SYMBOLS[venue]
    if venue == "binance":
        fields = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "quantity": AMOUNT, "price": FAR}
        body = urlencode({**fields, "timeInForce": "GTC", "recvWindow": "5000", "timestamp": str(now_ms)})
        body += "&signature=" + hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()
        headers = {"X-MBX-APIKEY": key["api_key"], "Content-Type": "application/x-www-form-urlencoded"}
        return "https://fapi.binance.com/fapi/v1/order", headers, body
    if venue == "bybit":
        order = {"category": "linear", "symbol": symbol, "side": "Buy", "orderType": "Limit", "qty": AMOUNT}
        body = json.dumps({**order, "price": FAR, "timeInForce": "GTC"})
        signature = hmac.new(secret, f"{now_ms}{key['api_key']}5000{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"X-BAPI-API-KEY": key["api_key"], "X-BAPI-TIMESTAMP": str(now_ms), "X-BAPI-RECV-WINDOW": "5000"}
        headers |= {"X-BAPI-SIGN": signature, "Content-Type": "application/json"}
        return "https://api.bybit.com/v5/order/create", headers, body
    path = "/api/v5/trade/order"
    order = {"instId": symbol, "tdMode": "cross", "side": "buy", "ordType": "limit", "px": FAR, "sz": _OKX_CONTRACTS}
    body = json.dumps(order)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_ms // 1000)) + f".{now_ms % 1000:03d}Z"
    digest = hmac.new(secret, f"{stamp}POST{path}{body}".encode(), hashlib.sha256).digest()
    headers = {"OK-ACCESS-KEY": key["api_key"], "OK-ACCESS-SIGN": base64.b64encode(digest).decode()}
    headers |= {"OK-ACCESS-TIMESTAMP": stamp, "OK-ACCESS-PASSPHRASE": key["passphrase"]}
    return f"https://www.okx.com{path}", {**headers, "Content-Type": "application/json"}, body
