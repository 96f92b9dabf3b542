"""Somebody at the local exchange who speaks OKX: by bare signed requests, or by execd's own dialect through ccxt."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from actors.exchange.wire.contract import Call, Known, Market, Query
from actors.exchange.wire.okx import OKX, wired
from messages.orders import OrderSubmitted
from messages.units import (
    LIMIT,
    PERP,
    SPOT,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    OrderId,
    Price,
    Side,
    TradeType,
    VenueName,
)
from ops.testbed.exchange.values import Key
from tests.ops.testbed.exchange.started import Running, exchange

ccxt: Any = importlib.import_module("ccxt.async_support")  # it ships no types
D = Decimal
REST = "https://www.okx.com"
WS = "wss://ws.okx.com:8443/ws/v5"


def market(running: Running, product: TradeType, base: str = "ETH") -> Market:
    """Return a market as execd knows it."""
    its = running.market("okx", product, base)
    name, unified = (f"{base}/USDT",) * 2 if product is SPOT else (f"{base}USDT-PERP", f"{base}/USDT:USDT")
    return Market(
        instrument=InstrumentId(f"okx:{name}"),
        venue=VenueName("okx"),
        trade_type=product,
        account=AccountName("okx"),
        symbol=its.symbol,
        unified=unified,
        base=Asset(base),
        quote=Asset("USDT"),
        tick=Price(its.tick),
        lot=BaseAmount(its.lot),
        contract_size=BaseAmount(its.contract_size),
    )


def intent(its: Market, name: str, **changes: Any) -> OrderSubmitted:  # noqa: ANN401 - any field
    """Return an intent: a limit order to buy 0.5 at 2400, far from the price, unless it says otherwise."""
    fields: dict[str, Any] = {
        "instruction_id": InstructionId(name),
        "client_order_id": ClientOrderId(name),
        "venue": VenueName("okx"),
        "instrument": its.instrument,
        "side": Side.BUY,
        "amount": BaseAmount(D("0.5")),
        "order_type": LIMIT,
        "price": Price(D(2450)),
        "reduce_only": False,
        "reference_price": Price(D(2500)),
        "held_asset": Asset("USDT"),
        "held_amount": Amount(D(1250)),
    }
    return OrderSubmitted(**fields | changes)


def known(order: OrderSubmitted, *, order_id: OrderId | None = None, child: OrderId | None = None) -> Known:
    """Return an order as far as execd knows it."""
    return Known(intent=order, amount=order.amount, price=order.price, order_id=order_id, child=child)


class SignsForOkx(ccxt.okx):  # type: ignore[misc]  # its base has no types
    """The real ccxt, with what a client has to add for a header of one request and a list of one."""

    def sign(self, path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:  # noqa: ANN401 - ccxt's
        body, headers = wired(params)
        signed = super().sign(path, api, method, body)
        return signed | {"headers": (signed["headers"] or {}) | headers}


def options(key: Key, session: aiohttp.ClientSession) -> dict[str, Any]:
    """Return how ccxt is made: real URLs, the session leads them to the exchange."""
    return {
        "apiKey": key.api_key,
        "secret": key.secret,
        "password": key.passphrase,
        "session": session,
        "enableRateLimit": False,
        "options": {"fetchMarkets": {"types": ["spot", "swap"]}},
    }


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One account at a running exchange."""

    running: Running
    session: aiohttp.ClientSession
    key: Key
    venue: Any
    spot: Market
    perp: Market

    @property
    def now_ms(self) -> int:
        return self.running.engines["okx"].now_ms()

    async def call(self, call: Call) -> Any:  # noqa: ANN401 - decoded JSON
        """Send a call of execd's dialect through ccxt."""
        return await getattr(self.venue, call.api)(dict(call.params))

    async def read(self, queries: Sequence[Query[Any]]) -> list[Any]:
        """Read queries of execd's dialect, all their pages."""
        found: list[Any] = []
        for query in queries:
            following: Query[Any] | None = query
            while following is not None:
                page = following.read(await self.call(following.call))
                found.extend(page.items)
                following = page.next
        return found

    async def place(self, order: OrderSubmitted, its: Market, *, validity_ms: int = 5000) -> OrderId:
        """Place an order by execd's dialect; its venue id."""
        call = OKX.place(order, its, now_ms=self.now_ms, validity_ms=validity_ms)
        return OKX.placed(await self.call(call), order, its).order_id

    async def ask(
        self,
        method: str,
        path: str,
        said: Any = None,  # noqa: ANN401 - any JSON
        *,
        headers: Mapping[str, str] | None = None,
        secret: str | None = None,
        at_ms: int | None = None,
    ) -> tuple[int, Any]:
        """Ask by a bare signed request; status and decoded body. Headers of the empty text are left out."""
        query = f"?{urlencode(said)}" if method == "GET" and said else ""
        body = json.dumps(said) if method == "POST" and said is not None else ""
        at = datetime.fromtimestamp((self.now_ms if at_ms is None else at_ms) / 1000, tz=UTC)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = f"{stamp}{method}/api/v5/{path}{query}{body}"
        signature = hmac.new((secret or self.key.secret).encode(), text.encode(), hashlib.sha256).digest()
        signed = {
            "OK-ACCESS-KEY": self.key.api_key,
            "OK-ACCESS-PASSPHRASE": self.key.passphrase,
            "OK-ACCESS-SIGN": base64.b64encode(signature).decode(),
            "OK-ACCESS-TIMESTAMP": stamp,
            "Content-Type": "application/json",
            **(headers or {}),
        }
        kept = {name: value for name, value in signed.items() if value}
        async with self.session.request(
            method, f"{REST}/api/v5/{path}{query}", data=body or None, headers=kept
        ) as answer:
            return answer.status, json.loads(await answer.read())

    async def code(self, method: str, path: str, said: Any = None, **more: Any) -> tuple[int, str]:  # noqa: ANN401 - as `ask`
        """Ask; the status and the error code, the inner one where there is one."""
        status, answer = await self.ask(method, path, said, **more)
        inner = [row["sCode"] for row in answer["data"] if isinstance(row, dict) and row.get("sCode", "0") != "0"]
        return status, inner[0] if inner else answer["code"]


@contextlib.asynccontextmanager
async def desk(state: Path, **settings: Any) -> AsyncIterator[Desk]:  # noqa: ANN401 - as `exchange`
    """Run an exchange with OKX alone, and somebody at it."""
    async with exchange(state, venues=("okx",), **settings) as running, running.session() as session:
        key = running.key("okx")
        venue = SignsForOkx(options(key, session))
        venue.timeout_on_exit = 0
        try:
            yield Desk(
                running=running,
                session=session,
                key=key,
                venue=venue,
                spot=market(running, SPOT),
                perp=market(running, PERP),
            )
        finally:
            await venue.close()


Play = Callable[[Desk], Awaitable[None]]
ORDER = {
    "instId": "ETH-USDT",
    "tdMode": "cash",
    "side": "buy",
    "ordType": "limit",
    "px": "2450",
    "sz": "0.1",
    "clOrdId": "a1",
}
SWAP = ORDER | {"instId": "ETH-USDT-SWAP", "tdMode": "cross", "sz": "1"}
STOP = {
    "instId": "ETH-USDT-SWAP",
    "tdMode": "cross",
    "side": "sell",
    "ordType": "conditional",
    "sz": "1",
    "slTriggerPx": "2400",
    "slOrdPx": "-1",
    "algoClOrdId": "s1",
}


def run(tmp_path: Path, play: Play, **settings: Any) -> None:  # noqa: ANN401 - as `exchange`
    async def main() -> None:
        async with desk(tmp_path, **settings) as at:
            await play(at)

    asyncio.run(main())
