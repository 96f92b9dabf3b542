"""One WebSocket connection: what the client says to the dialect's session, and frames back, with their faults."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import WSMsgType, web

from ops.testbed.exchange.contract import Session
from ops.testbed.exchange.events import (
    BalanceChanged,
    Event,
    FundingPaid,
    MarketChanged,
    Moved,
    OrderChanged,
    PositionChanged,
    Printed,
)
from ops.testbed.exchange.faults import Faults

_LONGEST_QUEUE = 10_000
_SWAP_S = 1.0
"""A frame that waits for the one after it waits no longer than that."""
_NAMES: dict[type, str] = {
    OrderChanged: "stream.order",
    BalanceChanged: "stream.balance",
    PositionChanged: "stream.position",
    FundingPaid: "stream.funding",
    Moved: "stream.move",
    MarketChanged: "stream.market",
    Printed: "stream.print",
}


class Connection:
    """A client's WebSocket."""

    def __init__(
        self, venue: str, session: Session, socket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        self._venue = venue
        self._session = session
        self._socket = socket
        self._transport = transport
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._swapped: list[str] = []
        self._is_cut = False

    async def run(self) -> None:
        """Talk until one side has enough."""
        writer = asyncio.create_task(self._write())
        try:
            with suppress(ConnectionError):  # a ping of a client that is gone can't be answered
                async for message in self._socket:
                    if message.type is WSMsgType.TEXT:
                        self.send(self._session.receive(message.data))
                    elif message.type is WSMsgType.BINARY:
                        self.send(self._session.receive(message.data.decode(errors="replace")))
        finally:
            self._session.closed()
            self._queue.put_nowait(None)
            await writer

    async def _write(self) -> None:
        while (frame := await self._queue.get()) is not None:
            try:
                await self._socket.send_str(frame)
            except ConnectionError:
                return
        if self._is_cut:
            self.cut()

    def send(self, frames: Sequence[str]) -> None:
        """Send frames as they are."""
        for frame in frames:
            self._queue.put_nowait(frame)
        if self._queue.qsize() > _LONGEST_QUEUE:
            self.cut()

    def event(self, event: Event, faults: Faults) -> None:
        """Send what the session makes of an event, as faults let it."""
        frames = self._session.event(event)
        for frame in frames:
            self._play(frame, event, faults)

    def second(self, now_ms: int) -> None:
        """Send what the venue sends every second."""
        self.send(self._session.second(now_ms))

    def cut(self) -> None:
        """Break the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Close it in order."""
        await self._socket.close()

    def _play(self, frame: str, event: Event, faults: Faults) -> None:
        name = _NAMES[type(event)]
        if isinstance(event, OrderChanged) and event.trade is not None:
            name = "stream.fill"
        is_public = isinstance(event, MarketChanged | Printed)
        names = (name, f"{self._venue}/{name}") if is_public else (name, f"{self._venue}/{name}", self._venue)
        drawn = {fault.kind: fault for fault in faults.draw({"frame": names}, by_name=is_public)}
        if "stream_cut" in drawn:
            self._is_cut = True  # what was said before is sent before
            self._queue.put_nowait(None)
            return
        if "missing_frame" in drawn:
            return
        frames = [frame] * (2 if "duplicate_frame" in drawn else 1)
        loop = asyncio.get_running_loop()
        if "late_frame" in drawn:
            loop.call_later(drawn["late_frame"].number / 1000, self.send, frames)
        elif "swapped_frames" in drawn and not self._swapped:
            self._swapped = frames
            loop.call_later(_SWAP_S, self._send_swapped)
        else:
            self.send(frames)
            self._send_swapped()

    def _send_swapped(self) -> None:
        held, self._swapped = self._swapped, []
        self.send(held)
