"""Bybit's private stream: orders, executions, the wallet and positions of the account that logged in."""

import itertools
from collections.abc import Sequence

from ops.testbed.exchange.bybit.commands import Command, Frame, answered, command, unread, written
from ops.testbed.exchange.bybit.errors import said_of
from ops.testbed.exchange.bybit.forms import CATEGORIES, Row, funding_row, order_row, position_row, trade_row
from ops.testbed.exchange.bybit.signing import login
from ops.testbed.exchange.bybit.wallet import wallet_row
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.events import BalanceChanged, Cause, Event, FundingPaid, OrderChanged, PositionChanged
from ops.testbed.exchange.rejects import RejectError
from ops.testbed.exchange.values import UNIFIED, Key

_TOPICS = frozenset(
    {
        "wallet",
        *(f"{name}{part}" for name in ("order", "execution", "position") for part in ("", ".spot", ".linear")),
    }
)
_connections = itertools.count(1)


class PrivateStream:
    """See ``contract.Session``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection = f"local-private-{next(_connections)}"
        self._key: Key | None = None
        self._topics: set[str] = set()
        self._frames = itertools.count(1)

    def receive(self, text: str) -> Sequence[str]:
        """See the contract."""
        said = command(text)
        if said is None:
            return [unread(self._connection)]
        match said.op:
            case "ping":
                pong: Frame = {"op": "pong", "args": [str(self._engine.now_ms())], "conn_id": self._connection}
                return [written({"req_id": said.req_id, **pong} if said.req_id != "" else pong)]
            case "auth":
                return [self._login(said)]
            case "subscribe":
                return [self._subscribe(said)]
            case "unsubscribe":
                self._topics -= {str(topic) for topic in said.args}
                return [answered(said, self._connection, success=True)]
            case _:
                return [unread(self._connection)]

    def _login(self, said: Command) -> str:
        try:
            self._key = login(self._engine, said.args, self._engine.now_ms())
        except RejectError as error:
            code, words = said_of(error.reject, "", {})
            return written(
                {
                    "success": False,
                    "ret_msg": words.format(detail=error.detail),
                    "retCode": code,
                    "op": "auth",
                    "conn_id": self._connection,
                }
            )
        return answered(said, self._connection, success=True)

    def _subscribe(self, said: Command) -> str:
        if self._key is None:
            return answered(said, self._connection, success=False, words="Request not authorized")
        topics = {str(topic) for topic in said.args}
        unknown = sorted(topics - _TOPICS)
        if unknown:
            return answered(said, self._connection, success=False, words=f"error:handler not found,topic:{unknown[0]}")
        self._topics |= topics
        return answered(said, self._connection, success=True)

    def event(self, event: Event) -> Sequence[str]:
        """See the contract."""
        if self._key is None or getattr(event, "uid", None) != self._key.uid:
            return []
        match event:
            case OrderChanged():
                return self._order(event)
            case FundingPaid():
                row = {**funding_row(event.bill), "category": "linear"}
                return self._frame("execution", "linear", row, event.at_ms)
            case BalanceChanged() if event.wallet == UNIFIED:
                return self._frame("wallet", "", wallet_row(self._engine, event.uid, {event.asset}), event.at_ms)
            case PositionChanged():
                row = position_row(self._engine, event.position)
                row = {**row, "entryPrice": row["avgPrice"], "category": "linear"}
                return self._frame("position", "linear", row, event.at_ms)
        return []

    def _order(self, event: OrderChanged) -> Sequence[str]:
        """Return the order as it is now, and before it the fill that changed it."""
        category = CATEGORIES[event.order.market.product]
        frames: list[str] = []
        if event.cause is Cause.TRADED and event.trade is not None:
            fill = {**trade_row(event.trade, event.order), "category": category}
            frames += self._frame("execution", category, fill, event.at_ms)
        row = {**order_row(event.order), "category": category, "feeCurrency": ""}
        return frames + self._frame("order", category, row, event.at_ms)

    def _frame(self, topic: str, category: str, row: Row, at_ms: int) -> list[str]:
        """Return a frame of a topic, under the name that was subscribed to."""
        name = next((name for name in (topic, f"{topic}.{category}") if name in self._topics), None)
        if name is None:
            return []
        number = f"{self._connection}-{next(self._frames)}"
        return [written({"id": number, "topic": name, "creationTime": at_ms, "data": [row]})]

    def second(self, now_ms: int) -> Sequence[str]:
        """See the contract."""
        del now_ms
        return []

    def closed(self) -> None:
        """See the contract."""
        self._topics.clear()
