"""WebSocket connections: market streams, the futures user stream by listen key, spot's WebSocket API."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ops.testbed.exchange.binance.door import signed_message
from ops.testbed.exchange.binance.market_streams import MarketStreams
from ops.testbed.exchange.binance.private_frames import PerpFrames, SpotFrames
from ops.testbed.exchange.binance.refusals import Wording, worded
from ops.testbed.exchange.contract import Engine, Op
from ops.testbed.exchange.events import Event
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.rejects import Reject, RejectError


def _texts(frames: Sequence[dict[str, Any]]) -> list[str]:
    return [msgspec.json.encode(frame).decode() for frame in frames]


def _read(text: str) -> dict[str, Any]:
    """Read what a client said; what is no object is an empty one."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class MarketSession:
    """Public streams."""

    def __init__(self, streams: MarketStreams) -> None:
        self._streams = streams

    def receive(self, text: str) -> Sequence[str]:
        """SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS."""
        said = _read(text)
        names = [name for name in said.get("params") or [] if isinstance(name, str)]
        match said.get("method"):
            case "SUBSCRIBE":
                self._streams.subscribe(names)
            case "UNSUBSCRIBE":
                self._streams.unsubscribe(names)
            case "LIST_SUBSCRIPTIONS":
                return _texts([{"result": self._streams.names(), "id": said.get("id")}])
            case _:
                return _texts([{"error": {"code": 2, "msg": "Invalid request: unknown variant"}, "id": said.get("id")}])
        return _texts([{"result": None, "id": said.get("id")}])

    def event(self, event: Event) -> Sequence[str]:
        """Books and trades."""
        return _texts(self._streams.of(event))

    def second(self, now_ms: int) -> Sequence[str]:
        """Tickers, candles, marks."""
        return _texts(self._streams.second(now_ms))

    def closed(self) -> None:
        """Nothing is kept elsewhere."""


class ListenKeySession:
    """The futures user stream. A key that is none opens a stream that says nothing, as the venue does."""

    def __init__(self, engine: Engine, listen_keys: ListenKeys, listen_key: str) -> None:
        self._listen_keys = listen_keys
        self._listen_key = listen_key
        uid = listen_keys.uid_of(listen_key)
        self._uid = uid
        self._frames = None if uid is None else PerpFrames(engine, uid)

    def receive(self, text: str) -> Sequence[str]:
        """Requests are acknowledged; the stream is the key's whatever is asked for."""
        return _texts([{"result": None, "id": _read(text).get("id")}])

    def event(self, event: Event) -> Sequence[str]:
        """Orders, balances, positions."""
        return [] if self._frames is None else _texts(self._frames.of(event))

    def second(self, now_ms: int) -> Sequence[str]:
        """Say when the key has expired; nothing comes after that."""
        if self._uid is None or self._listen_keys.current(self._uid) == self._listen_key:
            return []
        self._uid = self._frames = None
        return _texts([{"e": "listenKeyExpired", "E": now_ms, "listenKey": self._listen_key}])

    def closed(self) -> None:
        """The key goes on."""


class ApiSession:
    """Spot's WebSocket API: the user data stream, and the clock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._streams: dict[int, SpotFrames] = {}
        self._made = 0
        self._methods: Mapping[str, Callable[[Mapping[str, str]], Any]] = {
            "ping": lambda _params: {},
            "time": lambda _params: {"serverTime": engine.now_ms()},
            "userDataStream.subscribe.signature": self._subscribe,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    def receive(self, text: str) -> Sequence[str]:
        """Answer one request."""
        said = _read(text)
        given = said.get("params")
        params = {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
        method = self._methods.get(str(said.get("method")))
        number = said.get("id")
        if method is None:
            return _texts([_error(number, Wording(-1100, "Unknown method."), "")])
        try:
            result = method(params)
        except RejectError as error:
            wording = worded(error.reject, Op.OTHER, "spot", error.detail)
            return _texts([_error(number, wording, error.detail)])
        return _texts([{"id": number, "status": 200, "result": result, "rateLimits": []}])

    def _subscribe(self, params: Mapping[str, str]) -> dict[str, int]:
        uid = signed_message(self._engine, params).uid
        number, self._made = self._made, self._made + 1
        self._streams[number] = SpotFrames(self._engine, uid)
        return {"subscriptionId": number}

    def _unsubscribe(self, params: Mapping[str, str]) -> dict[str, int]:
        number = params.get("subscriptionId", "")
        if number and not number.isdigit():
            raise RejectError(Reject.BAD_PARAMETER, "subscriptionId")
        for each in [int(number)] if number else list(self._streams):
            self._streams.pop(each, None)
        return {}

    def event(self, event: Event) -> Sequence[str]:
        """Events, wrapped with the subscription that they belong to."""
        return _texts(
            [
                {"subscriptionId": number, "event": frame}
                for number, frames in self._streams.items()
                for frame in frames.of(event)
            ]
        )

    def second(self, now_ms: int) -> Sequence[str]:
        """Nothing regular."""
        del now_ms
        return []

    def closed(self) -> None:
        """Subscriptions end with their connection."""
        self._streams.clear()


def _error(number: Any, wording: Wording, detail: str) -> dict[str, Any]:  # noqa: ANN401 - as the client sent it
    error = {"code": wording.code, "msg": wording.text.format(detail)}
    return {"id": number, "status": wording.status, "error": error, "rateLimits": []}
