"""Keeps the private streams of one venue up: subscribes, notices that one broke, and comes back later each time.

A frame that was missed is never sent again by any of the venues, so every loss and every return is told: whoever
listens polls then. Frames are taken from ccxt before it books them (`exchanges.Obedient.handle_message`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ccxt.base.errors import BaseError

from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.exchanges import Obedient
from actors.exchange.live.retries import Jitter, pause_s
from messages.units import PERP, SPOT, TradeType

CONFIRM_S = 30.0
"""A venue that has not confirmed everything by then is dialled again."""
RENEW_KEY_S = 1_500.0
"""A listen key is good for 60 minutes."""
CLOSE_S = 2.0
PAUSE_S = 1.0
"""Between two waits for something that ccxt gives up by itself."""

Work = Callable[[Obedient], Awaitable[Any]]


class Line:
    """One private connection.

    Attributes:
        name: As told to people.
        marker: Part of the address by which the connection is known.
        needed: How many confirmations it takes until everything is subscribed.
        works: What subscribes it and keeps it so; none of them ends.
        prepare: Done before each attempt.
    """

    def __init__(
        self,
        name: str,
        marker: str,
        works: tuple[Work, ...],
        *,
        needed: int,
        prepare: Callable[[Obedient], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.marker = marker
        self.works = works
        self.needed = needed
        self.prepare = prepare
        self.confirmed = 0
        self.is_up = False
        self.broken: asyncio.Future[None] | None = None


class Streams:
    """All private streams of one venue.

    Args:
        exchange: Already opened, with markets.
        products: What is traded.
        on_frame: Takes decoded private frames. What it raises ends the epoch: it is no fault of the stream.
        on_gap: Is told at each loss and each return.
        jitter: Seeded randomness.
        clean: Takes secrets out of a text.
    """

    def __init__(
        self,
        exchange: Obedient,
        products: frozenset[TradeType],
        *,
        on_frame: Callable[[Any], None],
        on_gap: Callable[[str], None],
        jitter: Jitter,
        clean: Callable[[str], str],
    ) -> None:
        self._exchange = exchange
        self._on_frame = on_frame
        self._on_gap = on_gap
        self._jitter = jitter
        self._clean = clean
        self.lines = tuple(_LINES[exchange.id](products))
        exchange.listen(self)

    @property
    def are_up(self) -> bool:
        """Whether all of them are subscribed."""
        return all(line.is_up for line in self.lines)

    def start(self, start: Callable[[Coroutine[Any, Any, None], str], None]) -> None:
        """Start a task for each connection."""
        for line in self.lines:
            start(self._keep(line), f"{line.name} stream")

    # --- told by the exchange ----------------------------------------------------------------------------------------

    def on_frame(self, url: str, frame: Any) -> None:  # noqa: ANN401 - decoded JSON
        """Hand on a private frame."""
        try:
            self._on_frame(frame)
        except Exception as error:  # noqa: BLE001 - raised again in the line's own task
            self._break(url, _ListenerError(error))

    def on_confirmed(self, url: str) -> None:
        """Count a confirmation; with the last one the stream is up."""
        for line in self.lines:
            if line.marker in url:
                line.confirmed += 1
                if line.confirmed >= line.needed and not line.is_up:
                    line.is_up = True
                    self._on_gap(f"{line.name} stream: up")

    def on_broken(self, url: str, error: Exception) -> None:
        """Give a connection up."""
        self._break(url, error)

    def _break(self, url: str, error: Exception) -> None:
        for line in self.lines:
            if line.marker in url and line.broken is not None and not line.broken.done():
                line.broken.set_exception(error)

    # --- one connection ----------------------------------------------------------------------------------------------

    async def _keep(self, line: Line) -> None:
        attempt = 0
        while True:
            reason = await self._until_it_breaks(line)
            attempt = 1 if line.is_up else attempt + 1
            line.is_up = False
            await self._forget(line)
            self._on_gap(f"{line.name} stream: {reason}")
            await asyncio.sleep(pause_s(attempt, self._jitter))

    async def _until_it_breaks(self, line: Line) -> str:
        """Hold a connection, and return why it was lost."""
        line.confirmed = 0
        line.broken = asyncio.get_running_loop().create_future()
        line.prepare(self._exchange)
        works = [asyncio.ensure_future(_for_ever(work, self._exchange)) for work in line.works]
        works.append(asyncio.ensure_future(_confirmed_in_time(line)))
        try:
            done, _ = await asyncio.wait([*works, line.broken], return_when=asyncio.FIRST_COMPLETED)
            error = next((each.exception() for each in done), None)
        finally:
            line.broken.cancel()
            for each in works:
                each.cancel()
            await asyncio.gather(line.broken, *works, return_exceptions=True)
        if isinstance(error, _ListenerError):
            raise error.error
        if isinstance(error, RequestFailedError):
            return f"{error.failure.code} {error.failure.text}".strip()
        if isinstance(error, BaseError | OSError):
            return self._clean(str(error)) or type(error).__name__
        return self._clean(f"{type(error).__name__}: {error}")

    async def _forget(self, line: Line) -> None:
        """Close the connection and forget what ccxt knows of it, so that everything is subscribed again."""
        clients = self._exchange.clients
        for url in [each for each in clients if line.marker in each]:
            client = clients.pop(url)
            try:
                async with asyncio.timeout(CLOSE_S):
                    await client.close()
            except Exception as error:  # noqa: BLE001 - it is given up in any case
                self._on_gap(f"{line.name} stream: not closed in order: {type(error).__name__}")


class _ListenerError(Exception):
    """What the listener raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


async def _for_ever(work: Work, exchange: Obedient) -> None:
    while True:
        await work(exchange)
        await asyncio.sleep(PAUSE_S)


async def _confirmed_in_time(line: Line) -> None:
    await asyncio.sleep(CONFIRM_S)
    if not line.is_up:
        raise TimeoutError(f"{line.confirmed} of {line.needed} subscriptions confirmed in {CONFIRM_S:.0f} s")
    await asyncio.get_running_loop().create_future()  # cancelled with the line


# --- what each venue has ---------------------------------------------------------------------------------------------


def _binance(products: frozenset[TradeType]) -> list[Line]:
    lines = []
    if SPOT in products:
        lines.append(Line("binance spot", "/ws-api/", (_spot_orders,), needed=1))
    if PERP in products:
        works = (_perp_orders, _renewed_key)
        lines.append(Line("binance perp", "listenKey=", works, needed=1, prepare=_with_a_new_key))
    return lines


async def _spot_orders(exchange: Obedient) -> None:
    await exchange.watch_orders(None, None, None, {"type": "spot"})


async def _perp_orders(exchange: Obedient) -> None:
    await exchange.watch_orders(None, None, None, {"type": "swap", "subType": "linear"})


async def _renewed_key(exchange: Obedient) -> None:
    await asyncio.sleep(RENEW_KEY_S)
    await exchange.fapiPrivatePutListenKey()


def _with_a_new_key(exchange: Obedient) -> None:
    """Have the listen key asked for again: a dead one connects as well as a living one, and then says nothing."""
    exchange.options["linear"] = {}
    exchange.clients.pop("authenticationFlights", None)


def _bybit(_: frozenset[TradeType]) -> list[Line]:
    works: tuple[Work, ...] = (
        lambda exchange: exchange.watch_orders(),
        lambda exchange: exchange.watch_my_trades(),
        lambda exchange: exchange.watch_balance(),
        lambda exchange: exchange.watch_positions(),
    )
    return [Line("bybit", "/v5/private", works, needed=len(works))]


def _okx(_: frozenset[TradeType]) -> list[Line]:
    works: tuple[Work, ...] = (
        lambda exchange: exchange.watch_orders(),
        lambda exchange: exchange.watch_balance(),
        lambda exchange: exchange.watch_positions(),
    )
    algos: tuple[Work, ...] = (lambda exchange: exchange.watch_orders(None, None, None, {"trigger": True}),)
    return [
        Line("okx", "/v5/private", works, needed=len(works)),
        Line("okx triggers", "/v5/business", algos, needed=len(algos)),
    ]


_LINES: dict[str, Callable[[frozenset[TradeType]], list[Line]]] = {"binance": _binance, "bybit": _bybit, "okx": _okx}
