"""The local exchange as a whole: three venues behind one port, with their clock, their prices and their record."""

import asyncio
import contextlib
import decimal
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from actors.errors import BadInputError
from actors.journal.errors import JournalLockedError
from actors.journal.lock import JournalLock
from messages.units import CONTEXT, TradeType
from ops.testbed.exchange import accounts
from ops.testbed.exchange.build import build
from ops.testbed.exchange.certificates import CA_FILE, server_context
from ops.testbed.exchange.clock import VenueClock
from ops.testbed.exchange.contract import Request
from ops.testbed.exchange.control import HOSTS, Control
from ops.testbed.exchange.engine import VenueEngine
from ops.testbed.exchange.faults import Fault, Faults
from ops.testbed.exchange.prices import MarketKey, PriceSource, WalkingPrices, key_of
from ops.testbed.exchange.record import FILE, Record, VenueRecord
from ops.testbed.exchange.values import Market
from ops.testbed.exchange.venue import DialectMaker, Venue, dialect_of
from ops.testbed.exchange.venues import RULES, markets

_FLUSH_S = 0.02
_BEAT_S = 0.1
_SECOND_MS = 1000
_LOG = logging.getLogger(__name__)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange is started with.

    Attributes:
        state: Its folder; made if absent.
        port: 0: any free one.
        data: Folder of recorded candles and funding; None: prices walk.
        speed: How many times faster than it was recorded the data goes on.
        factor: Rate limits are so many times the venue's own; None: as accounts.toml says.
        venues: Which ones answer.
    """

    state: Path
    port: int = 0
    data: Path | None = None
    speed: float = 1
    faults: tuple[Fault, ...] = ()
    seed: int = 0
    factor: int | None = None
    venues: tuple[str, ...] = tuple(RULES)


class LocalExchange:
    """Three venues on one port. One process a folder.

    Attributes:
        engines: By venue, once it is started.
        faults: What is played now.
        pinned: Prices that stay where they were put.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        prices: PriceSource | None = None,
        dialects: Mapping[str, DialectMaker] | None = None,
        clock: Callable[[], VenueClock] = VenueClock,
    ) -> None:
        """Read what there is.

        Args:
            settings: What it is started with.
            prices: In the place of a walk or recorded data.
            dialects: In the place of the venues' own.
            clock: Makes each venue's clock.

        Raises:
            BadInputError: The folder is used by another process, or its files or the data make no sense.
        """
        self._settings = settings
        state = settings.state
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = JournalLock(state / FILE)
        except JournalLockedError as error:
            raise BadInputError(f"{state}: a local exchange runs there already (process {error.pid or '?'})") from None
        except OSError as error:
            raise BadInputError(f"{state}: {error.strerror or error}") from None
        with contextlib.ExitStack() as undo:
            undo.callback(self._lock.release)
            self._accounts = accounts.read(state)
            seed = str(settings.seed)
            all_markets = {name: markets(name) for name in settings.venues}
            flat = [market for each in all_markets.values() for market in each.values()]
            self.faults = Faults(settings.faults, seed=seed)
            self._record = Record(state / FILE)
            undo.callback(self._record.close)
            self._prices: PriceSource = prices or _prices(settings, flat, seed, self._record)
            self.pinned: set[MarketKey] = set()
            makers = dialects or {name: dialect_of(name) for name in settings.venues}
            self._venues = {
                name: self._venue(name, all_markets[name], makers[name], clock(), seed) for name in settings.venues
            }
            undo.pop_all()
        self.engines: Mapping[str, VenueEngine] = {name: venue.engine for name, venue in self._venues.items()}
        self._by_host = {host: venue for venue in self._venues.values() for host in venue.dialect.hosts}
        self._control = Control(self._venues, self.pinned, self.faults)
        self._runner: web.ServerRunner | None = None
        self._clock: asyncio.Task[None] | None = None
        self._last_second = 0

    @property
    def ca_file(self) -> Path:
        """The authority that clients trust."""
        return self._settings.state / CA_FILE

    @property
    def said(self) -> Sequence[str]:
        """Lines about where the prices come from."""
        return getattr(self._prices, "said", ())

    def venue(self, name: str) -> Venue:
        """Return a venue, for who drives it from inside."""
        return self._venues[name]

    def _venue(
        self, name: str, own: Mapping[tuple[TradeType, str], Market], make: DialectMaker, clock: VenueClock, seed: str
    ) -> Venue:
        sink = VenueRecord(self._record, name)

        def rate(market: Market) -> decimal.Decimal:
            return self._prices.rate(market, _machine_ms())

        parts = build(
            RULES[name],
            own,
            self._prices.first,
            now_ms=clock.now_ms,
            seed=seed,
            sink=sink,
            kept=self._record.kept(name, own),
        )
        engine = VenueEngine(parts, self._accounts.of(name), funding_rate=rate)
        factor = self._settings.factor or self._accounts.factor
        return Venue(name, engine, make, clock=clock, record=self._record, faults=self.faults, factor=factor, seed=seed)

    async def start(self) -> int:
        """Listen. Returns the port."""
        decimal.setcontext(CONTEXT.copy())
        context = server_context(self._settings.state, [*sorted(self._by_host), *HOSTS])
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None, keepalive_timeout=600), shutdown_timeout=1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._settings.port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            await self.stop()
            raise BadInputError(f"port {self._settings.port}: {error.strerror or error}") from None
        loop = asyncio.get_running_loop()
        self._record.on_dirty = lambda: _later(loop, self._record)
        self._record.flush()
        self.go_on()
        self._clock = asyncio.create_task(self._beat())
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening, and finish the record."""
        if self._clock is not None:
            self._clock.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._clock
        for venue in self._venues.values():
            for connection in tuple(venue.connections):
                connection.cut()
        if self._runner is not None:
            await self._runner.cleanup()
        self.close()

    def flush(self) -> None:
        """Commit what the record holds back."""
        self._record.flush()

    def close(self) -> None:
        """Close the record, and leave the folder to others."""
        self._record.close()
        self._lock.release()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            try:
                for venue in self._venues.values():
                    venue.engine.tick()
                if _machine_ms() // _SECOND_MS != self._last_second:
                    self._last_second = _machine_ms() // _SECOND_MS
                    self.go_on()
                    for venue in self._venues.values():
                        venue.second()
            except Exception:  # noqa: BLE001 - the next second is another one
                _LOG.exception("the clock stumbled")

    def go_on(self) -> None:
        """Let prices and funding be what they are by now."""
        now = _machine_ms()
        if self._prices.gone_ms:
            self._record.went(self._prices.name, self._prices.gone_ms)
        for venue in self._venues.values():
            for market in venue.engine.markets.values():
                for price in self._prices.path(market, now):
                    if key_of(market) not in self.pinned:
                        venue.engine.move(market, price)
                if market.product is TradeType.PERP:
                    for rate in self._prices.settled(market, now):
                        venue.engine.pay_funding(market, rate)
                    venue.engine.schedule_funding(market, self._prices.next_ms(market, now) + venue.clock.skew_ms)

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        host = raw.host.rpartition(":")[0] if raw.host.rpartition(":")[2].isdigit() else raw.host
        venue = self._by_host.get(host.lower())
        body = await raw.read()
        if venue is None:
            return self._control.answer(host.lower(), raw.method, raw.path, body)
        path, _, query = raw.raw_path.partition("?")
        params = dict(parse_qsl(query, keep_blank_values=True))
        if raw.content_type == "application/x-www-form-urlencoded":
            params |= dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        request = Request(
            method=raw.method,
            host=host.lower(),
            path=path,
            query=query,
            params=params,
            headers={name.lower(): value for name, value in raw.headers.items()},
            body=body,
            peer=raw.remote or "",
            at_ms=venue.clock.now_ms(),
        )
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await venue.socket(raw, request)
        return await venue.http(raw, request)


def _prices(settings: Settings, flat: Sequence[Market], seed: str, record: Record) -> PriceSource:
    """Return what prices come from, from where an earlier run left it."""
    if settings.data is None:
        return WalkingPrices(seed, gone_ms=record.far(WalkingPrices.name))
    from ops.testbed.exchange.recorded import RecordedPrices  # noqa: PLC0415 - reading Parquet takes its time to import

    gone_ms = record.far(RecordedPrices.name)
    return RecordedPrices(settings.data, flat, speed=settings.speed, seed=seed, gone_ms=gone_ms)


def _later(loop: asyncio.AbstractEventLoop, record: Record) -> None:
    if not loop.is_closed():
        loop.call_later(_FLUSH_S, record.flush)


def _machine_ms() -> int:
    return time.time_ns() // 1_000_000
