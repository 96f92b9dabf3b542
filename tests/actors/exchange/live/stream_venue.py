"""A server with the private streams of all three venues, as far as subscribing goes, that says what it is told to."""
# ruff: noqa: ANN401 - messages are decoded JSON

import asyncio
import json
import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from actors.exchange.live.transport import Endpoint


class StreamVenue:
    """Accepts every login and subscription.

    Attributes:
        subscribed: What was subscribed, in order: the venue's own words for it.
        open: Connections by path.
        keys: How many listen keys were asked for.
        mute: Logins and subscriptions are not answered.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.subscribed: list[str] = []
        self.open: list[web.WebSocketResponse] = []
        self.keys = 0
        self.renewed = 0
        self.mute = False
        self.port = 0

    def endpoint(self, ca_file: Path) -> Endpoint:
        """Return where it listens."""
        return Endpoint(host="127.0.0.1", port=self.port, ca_file=ca_file)

    async def say(self, text: str) -> None:
        """Send a text to every connection."""
        for each in self.open:
            await each.send_str(text)

    async def hang_up(self) -> None:
        """Close every connection."""
        for each in list(self.open):
            await each.close()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/fapi/v1/listenKey", self._key)
        app.router.add_put("/fapi/v1/listenKey", self._renew)
        for path in ("/ws-api/v3", "/private/ws", "/v5/private", "/ws/v5/private", "/ws/v5/business"):
            app.router.add_get(path, self._stream)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()
        await self._runner.cleanup()

    async def _key(self, _: web.Request) -> web.Response:
        self.keys += 1
        return web.json_response({"listenKey": f"key{self.keys}"})

    async def _renew(self, _: web.Request) -> web.Response:
        self.renewed += 1
        return web.json_response({})

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.open.append(socket)
        if "listenKey" in request.query:
            self.subscribed.append(request.query["listenKey"])
        async for message in socket:
            if message.type == WSMsgType.TEXT and not self.mute:
                for answer in self._answers(message.data):
                    await socket.send_str(answer)
        self.open.remove(socket)
        return socket

    def _answers(self, text: str) -> list[str]:
        if text == "ping":
            return ["pong"]
        said: dict[str, Any] = json.loads(text)
        if said.get("method") == "userDataStream.subscribe.signature":
            self.subscribed.append(said["method"])
            return [json.dumps({"id": said["id"], "status": 200, "result": {"subscriptionId": 0}})]
        match said.get("op"):
            case "auth":
                return [json.dumps({"success": True, "ret_msg": "", "op": "auth", "conn_id": "c"})]
            case "login":
                return [json.dumps({"event": "login", "code": "0", "msg": "", "connId": "c"})]
            case "subscribe":
                return [self._subscribed(said, argument) for argument in said["args"]]
        return []

    def _subscribed(self, said: dict[str, Any], argument: Any) -> str:
        if isinstance(argument, dict):
            self.subscribed.append(argument["channel"])
            return json.dumps({"event": "subscribe", "arg": argument, "connId": "c"})
        self.subscribed.append(argument)
        return json.dumps({"success": True, "ret_msg": "", "conn_id": "c", "req_id": said["req_id"], "op": "subscribe"})


async def until(condition: Any) -> None:
    """Wait for something that another task brings about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it has no event of its own
            await asyncio.sleep(0.01)
