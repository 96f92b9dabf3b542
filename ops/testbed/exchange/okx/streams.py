"""OKX's WebSockets: one connection to the public, the private or the business address.

Login, subscriptions, and what each channel says. Sources: docs-v5, WebSocket overview and the channels' pages.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.events import Event, MarketChanged, Printed
from ops.testbed.exchange.okx import channels, pushes
from ops.testbed.exchange.okx.account import Account
from ops.testbed.exchange.okx.door import signs, time_of
from ops.testbed.exchange.okx.public import Public
from ops.testbed.exchange.okx.wording import Row
from ops.testbed.exchange.values import Key

Kind = Literal["public", "private", "business"]
PATHS: Mapping[str, Kind] = {
    "/ws/v5/public": "public",
    "/ws/v5/private": "private",
    "/ws/v5/business": "business",
}
_VALID_MS = 30_000
_VERIFY = "GET/users/self/verify"
_PRIVATE: Mapping[Kind, frozenset[str]] = {
    "public": frozenset(),
    "private": frozenset({"orders", "account", "positions", "balance_and_position"}),
    "business": frozenset({"orders-algo", "algo-advance"}),
}


class Stream:
    """One connection."""

    def __init__(self, engine: Engine, kind: Kind, account: Account, public: Public, *, name: str) -> None:
        self._engine = engine
        self._kind: Kind = kind
        self._account = account
        self._public = public
        self._name = name
        self._key: Key | None = None
        self._private: dict[str, Row] = {}
        self._open: dict[str, channels.Channel] = {}
        self._ops: Mapping[str, Callable[[Row], Sequence[Row]]] = {
            "login": self._login,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }

    def receive(self, text: str) -> Sequence[str]:
        """See ``contract.Session``."""
        if text == "ping":
            return ["pong"]
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("args"), list):
            return _texts([self._error("60012", f"Invalid request: {text[:200]}", {})])
        do = self._ops.get(str(message.get("op")))
        if do is None:
            return _texts([self._error("60028", "The current operation is not supported by this URL.", message)])
        return _texts(do(message))

    def event(self, event: Event) -> Sequence[str]:
        """See ``contract.Session``."""
        if isinstance(event, MarketChanged):
            mine = [channel for channel in self._open.values() if channel.market == event.market]
            return _texts([frame for channel in mine for frame in channel.changed()])
        if isinstance(event, Printed):
            mine = [channel for channel in self._open.values() if channel.market == event.trade.market]
            return _texts([frame for channel in mine for frame in channel.printed(event.trade)])
        if self._key is None or event.uid != self._key.uid:
            return []
        frames: list[Row] = []
        for arg in self._private.values():
            frames.extend(pushes.of(event, {**arg, "uid": self._key.uid}, self._engine, self._account))
        return _texts(frames)

    def second(self, now_ms: int) -> Sequence[str]:
        """See ``contract.Session``."""
        del now_ms
        return _texts([frame for channel in self._open.values() for frame in channel.second()])

    def closed(self) -> None:
        """See ``contract.Session``."""
        self._private.clear()
        self._open.clear()

    def _login(self, message: Row) -> Sequence[Row]:
        args = message["args"][0] if message["args"] and isinstance(message["args"][0], dict) else {}
        given = {name: str(args.get(name, "")) for name in ("apiKey", "passphrase", "timestamp", "sign")}
        key = self._engine.key(given["apiKey"])
        at_ms = time_of(given["timestamp"])
        if self._kind == "public":
            return [self._error("60008", "Login is not supported for public channels.", message)]
        if key is None:
            return [self._error("60005", "Invalid apiKey", message)]
        if at_ms is None:
            return [self._error("60004", "Invalid timestamp", message)]
        if abs(self._engine.now_ms() - at_ms) > _VALID_MS:
            return [self._error("60006", "Timestamp request expired", message)]
        if given["passphrase"] != key.passphrase:
            return [self._error("60024", "Wrong passphrase", message)]
        if not signs(key, (given["timestamp"] + _VERIFY).encode(), given["sign"]):
            return [self._error("60007", "Invalid sign", message)]
        self._key = key
        return [{"event": "login", "msg": "", "code": "0", "connId": self._name}]

    def _subscribe(self, message: Row) -> Sequence[Row]:
        frames: list[Row] = []
        for arg in message["args"]:
            frames.extend(self._subscribe_one(arg, message))
        return frames

    def _subscribe_one(self, arg: Any, message: Row) -> Sequence[Row]:  # noqa: ANN401 - any JSON
        name = arg.get("channel") if isinstance(arg, dict) else None
        if not isinstance(name, str):
            return [self._error("60013", "Invalid args", message)]
        if any(name in own for kind, own in _PRIVATE.items() if kind != self._kind):
            return [self._error("64001", "This channel has been migrated to another URL.", message)]
        if name in _PRIVATE[self._kind]:
            if self._key is None:
                return [self._error("60011", "Please log in", message)]
            self._private[_name(arg)] = arg
            mine = {**arg, "uid": self._key.uid}
            return [self._taken(arg, message), *pushes.first(mine, self._engine, self._account, self._key.uid)]
        channel = channels.of(arg, self._engine, self._public, is_business=self._kind == "business")
        if channel is None or self._kind == "private":
            words = ",".join(f"{key}:{value}" for key, value in arg.items())
            return [self._error("60018", f"Wrong URL or {words} doesn't exist. Please use the correct URL.", message)]
        self._open[_name(arg)] = channel
        return [self._taken(arg, message), *channel.first()]

    def _unsubscribe(self, message: Row) -> Sequence[Row]:
        frames: list[Row] = []
        for arg in message["args"]:
            if isinstance(arg, dict):
                self._private.pop(_name(arg), None)
                self._open.pop(_name(arg), None)
                frames.append(self._taken(arg, message) | {"event": "unsubscribe"})
        return frames

    def _taken(self, arg: Row, message: Row) -> Row:
        own = {"id": message["id"]} if "id" in message else {}
        return {**own, "event": "subscribe", "arg": arg, "connId": self._name}

    def _error(self, code: str, text: str, message: Row) -> Row:
        own = {"id": message["id"]} if "id" in message else {}
        return {**own, "event": "error", "code": code, "msg": text, "connId": self._name}


def _name(arg: Row) -> str:
    return json.dumps(arg, sort_keys=True)


def _texts(frames: Sequence[Row]) -> list[str]:
    return [msgspec.json.encode(frame).decode() for frame in frames]
