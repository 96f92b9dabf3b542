"""A daemon's cells against the local exchange, without its prices and its control: one venue, one market.

Whoever measures tells prices and gives instructions, and hears what became of them.
"""

import asyncio
import functools
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from msgspec import structs

from actors.exchange.live.client import VenueClient
from actors.exchange.wire.buckets import Bucket
from actors.exchange.wire.contract import Dialect
from actors.strategies.terms import Terms
from messages.instructions import CancelAllInstruction, Instruction, TradeInstruction
from messages.live import AskOpenQuestions, OpenQuestionsTold
from messages.market import Candle, Depth, MarketSlice
from messages.units import BaseAmount, InstrumentId, Nanoseconds, Price, VenueName
from ops.bench.live.exchange import Place
from ops.bench.live.noting import Noted, NotingTransport
from ops.daemon.daemon import Ended, start_core, stop
from ops.daemon.exchanges import live_exchange
from ops.daemon.preparation import Ready, prepare
from ops.daemon.record import open_journal
from ops.daemon.running import Running
from ops.daemon.setting_up import set_up
from ops.daemon.venues import DIALECTS, make_client
from ops.wiring import ongoing_context

PRICE = Decimal(2000)
"""At which the market stands for as long as the bench lasts."""
FAR = "1900"
"""A buy at this price rests."""
AMOUNT = "0.1"
PAIR = "ETHUSDT-PERP"
SYMBOLS = {"binance": "ETHUSDT", "bybit": "ETHUSDT", "okx": "ETH-USDT-SWAP"}
RAISED = 100
"""Our own limits are raised so many times, where it is not they that are measured."""
_PATIENCE_S = 30.0
_CONFIG = """\
[mode]
type = "live"
adopt = true
[secrets]
dir = '{keys}'
[journal]
path = "journal.sqlite"
[venues.{venue}]
kind = "cex"
credentials = "{venue}"
instruments = ["{pair}"]
max_price_age_ms = 3600000
[venues.{venue}.endpoint]
connect_to = "127.0.0.1:{port}"
ca_file = '{ca_file}'
[strategy]
use = "ops.bench.live.listener:Listener"
"""


class Raised:
    """A dialect whose limits are not met."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        known: dict[int, Bucket] = {}
        self.buckets: Mapping[str, tuple[Bucket, ...]] = {
            group: tuple(
                # The same bucket in two groups stays one: they share it.
                known.setdefault(id(each), structs.replace(each, amount=each.amount * RAISED, header=None))
                for each in buckets
            )
            for group, buckets in dialect.buckets.items()
        }

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the dialect's
        return getattr(self._dialect, name)


class Loop(NamedTuple):
    """The venue's client, and the thread of the loop that it runs on."""

    client: VenueClient
    thread: int
    loop: asyncio.AbstractEventLoop

    @property
    def cpu_s(self) -> float:
        """The CPU time that the thread has used."""
        return time.clock_gettime(time.pthread_getcpuclockid(self.thread))


class Rig:
    """One venue of a daemon, started and settled.

    Attributes:
        noted: Requests, where `noting` is set.
        namespace: That order ids derive from.
        running: The cells.
    """

    def __init__(self, place: Place, folder: Path, venue: str, *, raised: bool = True) -> None:
        self.venue = VenueName(venue)
        self.noted: list[Noted] = []
        self.noting = True
        self._loops: list[Loop] = []
        control(place, "price", venue=venue, product="PERP", symbol=SYMBOLS[venue], price=str(PRICE))
        self.ready = ready_to_start(place, folder, venue)
        settings = self.ready.loaded.settings
        opened = open_journal(
            self.ready.loaded.journal_path, mode=settings.mode.type, hashed=self.ready.hashed, namespace=None
        )
        self.namespace = opened.namespace
        self.running: Running = start_core(self.ready, opened, adopt=True)
        context = ongoing_context(settings, self.ready.models, start=Nanoseconds(0))
        self._trade = functools.partial(context.trade, venue, PAIR)
        self.instrument = next(iter(context.instruments))
        self.tell_price()
        dialect: Any = Raised(DIALECTS[self.venue]) if raised else None
        seen = self.ready.seen[0]
        make = functools.partial(self._make, dialect)
        self.running.spawn_beside(
            "venues",
            [live_exchange(seen, self.ready.loaded, self.ready.credentials[self.venue], self.running.refs, make=make)],
        )
        self.wait(lambda told: not told.unsettled)

    @property
    def loop(self) -> Loop:
        """Of the present epoch."""
        return self._loops[-1]

    def _make(self, dialect: Dialect | None, *arguments: Any) -> VenueClient:  # noqa: ANN401 - of `make_client`
        client = make_client(*arguments, dialect=dialect, transport=lambda at: NotingTransport(at, self._note))
        self._loops.append(Loop(client, threading.get_ident(), asyncio.get_running_loop()))
        return client

    def _note(self, noted: Noted) -> None:
        if self.noting:
            self.noted.append(noted)

    # --- what goes in ------------------------------------------------------------------------------------------------

    def tell_price(self) -> None:
        """Say what the market stands at, with a deep book."""
        now = Nanoseconds(time.time_ns())
        self.running.tell("data_provider", quote(self.instrument, now))

    def order(self, name: str, side: str, **terms: Unpack[Terms]) -> TradeInstruction:
        """Return an instruction."""
        return self._trade(side, AMOUNT, instruction_id=name, **terms)

    def give(self, instruction: Instruction) -> float:
        """Give an instruction to the engine; return when, by `time.perf_counter`."""
        at = time.perf_counter()
        if self.running.refs["engine"].offer(instruction) is not None:
            raise SystemExit("the engine was too busy for an instruction")
        return at

    # --- what comes of it --------------------------------------------------------------------------------------------

    def questions(self) -> OpenQuestionsTold:
        """Return what is not settled."""
        told: OpenQuestionsTold = self.running.ask("engine", AskOpenQuestions())
        return told

    def wait(self, until: Callable[[OpenQuestionsTold], bool]) -> None:
        """Wait until it is so."""
        give_up = time.monotonic() + _PATIENCE_S
        while not until(self.questions()):
            if time.monotonic() > give_up or self.running.root.failed.is_set():
                raise SystemExit(f"{self.venue}: it does not come to rest: {self.questions()}")
            time.sleep(0.005)

    def cancel_all(self) -> None:
        """Cancel everything, and wait for it."""
        self.give(CancelAllInstruction(venue=self.venue))
        self.wait(lambda told: told.open == 0)

    def stop(self) -> Ended:
        """Stop everything."""
        return stop(self.running, "done", cancel=False)


def ready_to_start(place: Place, folder: Path, venue: str) -> Ready:
    """Write a config and prepare a start."""
    config = folder / "bench.toml"
    text = _CONFIG.format(venue=venue, keys=place.keys, pair=PAIR, port=place.port, ca_file=place.ca_file)
    config.write_text(text, encoding="utf-8")
    ready = prepare(config)
    set_up(ready)
    return ready


def quote(instrument: InstrumentId, now: Nanoseconds) -> MarketSlice:
    """Return the price, and a book that has enough for everything at it."""
    price, enough = Price(PRICE), BaseAmount(Decimal(1000))
    candle = Candle(
        instrument=instrument,
        closed_at=now,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=BaseAmount(Decimal(0)),
        is_quote=True,
    )
    depth = Depth(instrument=instrument, at=now, bids=((price, enough),), asks=((price, enough),))
    return MarketSlice(at=now, candles=(candle,), depths=(depth,))


def control(place: Place, path: str, **asked: str) -> None:
    """Ask something of the exchange itself."""
    context = ssl.create_default_context(cafile=str(place.ca_file))
    connection = http.client.HTTPSConnection("localhost", place.port, context=context, timeout=10)
    try:
        connection.request("POST", f"/{path}", json.dumps(asked))
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"the local exchange refused {path}: {answer.read().decode()}")
    finally:
        connection.close()
