"""A connection that breaks is the client's affair: the exchange goes on, and says nothing of it."""

import asyncio

from aiohttp import WSMessage, WSMsgType, web

from ops.testbed.exchange.connections import Connection
from ops.testbed.exchange.events import Event


class Talk:
    """A session that hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_closed = False

    def receive(self, text: str) -> list[str]:
        self.heard.append(text)
        return []

    def event(self, event: Event) -> list[str]:  # noqa: ARG002 - nothing is sent here
        return []

    def second(self, now_ms: int) -> list[str]:  # noqa: ARG002 - as above
        return []

    def closed(self) -> None:
        self.is_closed = True


class Broken(web.WebSocketResponse):
    """A socket whose client says a word and is gone before its ping can be answered."""

    def __init__(self) -> None:
        super().__init__()
        self._words = ["subscribe"]

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ARG002, ASYNC109 - as aiohttp has it
        if self._words:
            return WSMessage(WSMsgType.TEXT, self._words.pop(), None)
        raise ConnectionResetError("Cannot write to closing transport")


def test_a_client_that_is_gone_before_its_ping_is_answered_only_ends_its_session() -> None:
    async def work() -> Talk:
        talk = Talk()
        await Connection("binance", talk, Broken(), None).run()
        return talk

    talk = asyncio.run(work())

    assert (talk.heard, talk.is_closed) == (["subscribe"], True)
