"""A WebSocket that never leaves the process, of the shape that ccxt uses."""

import asyncio
from collections.abc import Callable, Iterable

from aiohttp import WSMessage, WSMsgType

Answers = Callable[[str], Iterable[str]]


class MemorySocket:
    """Answers what is sent from a function; says what it is told to."""

    _conn = None  # ccxt looks through it into aiohttp's buffers, where there are any

    def __init__(self, answers: Answers) -> None:
        self.closed = False
        self._answers = answers
        self._arrived: asyncio.Queue[WSMessage] = asyncio.Queue()

    def say(self, text: str) -> None:
        """Let a text arrive."""
        self._arrived.put_nowait(WSMessage(WSMsgType.TEXT, text, None))

    def hang_up(self) -> None:
        """Close from the other side."""
        self._arrived.put_nowait(WSMessage(WSMsgType.CLOSE, 1001, None))

    async def receive(self) -> WSMessage:
        return await self._arrived.get()

    async def send_str(self, text: str) -> None:
        for answer in self._answers(text):
            self.say(answer)

    async def ping(self, _: bytes = b"") -> None:
        self._arrived.put_nowait(WSMessage(WSMsgType.PONG, b"", None))

    async def pong(self, _: bytes = b"") -> None:
        """Nobody listens."""

    async def close(self) -> None:
        self.closed = True
        self._arrived.put_nowait(WSMessage(WSMsgType.CLOSED, None, None))


class Dialled:
    """What `ws_connect` returns."""

    def __init__(self, socket: MemorySocket) -> None:
        self._socket = socket

    async def __aenter__(self) -> MemorySocket:
        return self._socket

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()
