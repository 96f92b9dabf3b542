"""A venue's wire at its plainest, for tests of what stands around it: JSON in, JSON out, keys without signatures."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from messages.units import GTC, LIMIT, MARKET, Side, TimeInForce, TradeType, plain
from ops.testbed.exchange.contract import Answer, Engine, Op, Operation, Request, Session, json_answer
from ops.testbed.exchange.events import Event, OrderChanged
from ops.testbed.exchange.limits import Budget, RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Key, Order, Placement

HOST = "plain.test"
BUDGET = Budget(name="all", amount=50, window_ms=60_000, window="fixed")
_STATUS = {Reject.RATE_LIMITED: 429, Reject.BANNED: 418, Reject.SERVER_ERROR: 500}


class PlainSession:
    def __init__(self, key: Key) -> None:
        self._key = key
        self.is_closed = False

    def receive(self, text: str) -> Sequence[str]:
        return [f"heard {text}"]

    def event(self, event: Event) -> Sequence[str]:
        if isinstance(event, OrderChanged) and event.uid == self._key.uid:
            return [f"{event.cause} {event.order.client_order_id} {plain(event.order.filled)}"]
        return []

    def second(self, now_ms: int) -> Sequence[str]:
        del now_ms
        return []

    def closed(self) -> None:
        self.is_closed = True


class PlainDialect:
    hosts = (HOST,)

    def __init__(self, engine: Engine, limits: RateLimits, listen_keys: ListenKeys) -> None:
        self._engine = engine
        self._limits = limits
        self._listen_keys = listen_keys

    def operation(self, request: Request) -> Operation:
        name = request.path.strip("/")
        asked = json.loads(request.body) if request.body else {}
        return Operation(
            op=Op(name) if name in set(Op) else Op.OTHER,
            api_key=request.headers.get("key", ""),
            symbol=asked.get("symbol", ""),
            client_order_id=asked.get("id", ""),
        )

    async def http(self, request: Request) -> Answer:
        key = self._key(request)
        if self._limits.charge(BUDGET, request.peer).over:
            raise RejectError(Reject.RATE_LIMITED)
        asked: dict[str, Any] = json.loads(request.body) if request.body else {}
        market = self._engine.market(TradeType.PERP, asked.get("symbol", "ETHUSDT"))
        match request.path:
            case "/place":
                price = asked.get("price")
                placed = self._engine.place(
                    key.uid,
                    Placement(
                        market=market,
                        side=Side(asked["side"]),
                        type=MARKET if price is None else LIMIT,
                        amount=Decimal(asked["amount"]),
                        price=None if price is None else Decimal(price),
                        tif=TimeInForce(asked.get("tif", GTC)),
                        client_order_id=asked["id"],
                    ),
                )
                return json_answer(_shown(placed))
            case "/cancel":
                return json_answer(_shown(self._engine.cancel(key.uid, market, client_order_id=asked["id"])))
            case "/lookup":
                found = self._engine.find(key.uid, market, client_order_id=asked["id"])
                if found is None:
                    raise RejectError(Reject.ORDER_UNKNOWN, asked["id"])
                return json_answer(_shown(found))
            case "/trades":
                trades = self._engine.trades(key.uid, TradeType.PERP, market)
                return json_answer([[trade.trade_id, plain(trade.amount)] for trade in trades])
            case "/time":
                return json_answer(self._engine.now_ms())
            case _:
                raise RejectError(Reject.UNKNOWN_ENDPOINT, request.path)

    def _key(self, request: Request) -> Key:
        key = self._engine.key(request.headers.get("key", ""))
        if key is None:
            raise RejectError(Reject.KEY_UNKNOWN)
        return key

    def refuse(self, request: Request, reject: Reject, detail: str = "", *, retry_after_s: int | None = None) -> Answer:
        del request, retry_after_s
        return json_answer({"no": reject, "detail": detail}, status=_STATUS.get(reject, 400), code=reject)

    def open(self, request: Request) -> Session | Answer:
        return PlainSession(self._key(request))


def _shown(order: Order) -> dict[str, str]:
    return {"id": order.client_order_id, "status": order.status, "filled": plain(order.filled)}
