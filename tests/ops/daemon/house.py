"""A daemon in this process: the real core, journal and control, beside a small venue that does what the test says.

    with live(tmp_path) as desk:
        desk.start()
        desk.give("a1")
        desk.told.wait_for("OrderFilled")
        assert desk.stop().exit_code == 0
        assert desk.kinds() == [...]

The venue remembers what reached it through all its epochs and through all starts of the daemon, as a real one does.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.contract import Actor, Address, Turn
from actors.exchange.wire.contract import SeenAccount, SeenBalance, SeenPosition
from actors.journal.reader import JournalReader
from actors.strategies.contract import Strategy, StrategyContext
from config.instructions import read_open_script
from config.load import load
from config.modes import ONGOING
from config.venue_rules import told_models
from messages.instructions import TradeInstruction
from messages.journal import Append, Durable, Entry, Noted, Record
from messages.live import AskOpenQuestions, OpenQuestionsTold, OperatorNeeded
from messages.orders import OrderUnknown
from messages.units import AccountName, Asset, BaseAmount, ClientOrderId, OrderType, Price, Seq, VenueName
from ops.daemon import daemon
from ops.daemon.herald import Hearing
from ops.daemon.preparation import Ready
from ops.daemon.record import Opened, open_journal
from ops.daemon.running import Beside, Running
from ops.daemon.timetable import timetable
from ops.daemon.venues import Seen
from ops.wiring import fixed_namespace, places_orders
from tests.actors.builders import PERP_ID, SPOT_ID, instruction
from tests.ops.daemon.small_venue import Exchange, market, prices_now
from tests.ops.house import Silent

LIVE = """\
[mode]
type = "live"
[secrets]
dir = "keys"
[journal]
path = "state/journal.sqlite"
[strategy]
use = "tests.ops.house:Silent"
[venues.bybit]
kind = "cex"
credentials = "bybit"
instruments = ["ETH/USDT", "ETHUSDT-PERP"]
max_price_age_ms = 3600000
"""
PAPER = """\
[mode]
type = "paper"
seed = 7
[accounts.bybit]
USDT = "100000"
[journal]
path = "state/journal.sqlite"
[strategy]
use = "tests.ops.house:Silent"
[venues.bybit]
kind = "cex"
instruments = ["ETH/USDT", "ETHUSDT-PERP"]
max_price_age_ms = 3600000
"""
SCRIPT = LIVE.replace(
    'use = "tests.ops.house:Silent"\n',
    'use = "script"\n[strategy.params]\nfile = "instructions.jsonl"\nexit_when_done = true\n',
)
BYBIT = VenueName("bybit")
UID = "uid-1"
WAIT_S = 30.0


def balance(total: str, asset: str = "USDT") -> SeenBalance:
    return SeenBalance(account=AccountName("bybit"), asset=Asset(asset), total=Decimal(total), free=Decimal(total))


def position(quantity: str, price: str = "2000") -> SeenPosition:
    entry = None if Decimal(quantity) == 0 else Price(Decimal(price))
    return SeenPosition(instrument=PERP_ID, quantity=BaseAmount(Decimal(quantity)), entry_price=entry)


def seen(**changes: Any) -> Seen:  # noqa: ANN401 - any field of it
    """Return what a venue says that opens an account with 100,000 USDT."""
    fields: dict[str, Any] = {
        "venue": BYBIT,
        "loaded": {},
        "instruments": {},
        "wire": {key: market(key) for key in (SPOT_ID, PERP_ID)},
        "skew_ms": 0,
        "account": SeenAccount(uid=UID, may_trade=True, may_withdraw=False, one_way=True),
        "balances": (balance("100000"),),
    }
    return Seen(**{**fields, **changes})


class Told:
    """Every entry of every turn that came to its end, as it is heard beside the core; any thread may look."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.lines: list[str] = []
        self._changed = threading.Condition()

    def add(self, entry: Entry) -> None:
        with self._changed:
            self.entries.append(entry)
            self._changed.notify_all()

    def wait_for(self, kind: str, *, count: int = 1) -> Entry:
        """Wait until so many entries of a kind were told, and return the last of them."""

        def there() -> list[Entry]:
            return [each for each in self.entries if type(each).__name__ == kind]

        with self._changed:
            came = self._changed.wait_for(lambda: len(there()) >= count, WAIT_S)
            assert came, f"no {kind} number {count}: {[type(each).__name__ for each in self.entries]}"
            return there()[count - 1]

    def wait_until(self, holds: Callable[[list[Entry]], bool]) -> None:
        """Wait until something holds of all that was told."""
        with self._changed:
            kinds = [type(each).__name__ for each in self.entries]
            assert self._changed.wait_for(lambda: holds(self.entries), WAIT_S), kinds


class _Herald(Actor[Entry]):
    def __init__(self, turn: Turn, log: Address[Noted]) -> None:
        self._turn, self._log = turn, log

    def receive(self, message: Entry) -> None:
        self._log.tell(Noted(at=self._turn.at, entry=message))


class _Log(Actor[Noted]):
    def __init__(self, told: Told) -> None:
        self._told = told

    def receive(self, message: Noted) -> None:
        self._told.add(message.entry)


class Desk:
    """Starts a daemon, again and again on one journal, and drives it.

    Attributes:
        exchange: The venue, of a live daemon.
        seen: What it says before a start.
        told: What was put on record since the last start.
        times_set_up: How often a start came to change settings at the venue.
    """

    def __init__(self, folder: Path, text: str) -> None:
        self.config = folder / "daemon.toml"
        self.config.write_text(text)
        self.loaded = load(self.config, modes=ONGOING)
        self.journal = self.loaded.journal_path
        self.exchange = Exchange(BYBIT)
        self.seen = seen()
        self.told = Told()
        self.times_set_up = 0
        self.build: Callable[[StrategyContext], Strategy] = Silent
        self._running: Running | None = None

    @property
    def running(self) -> Running:
        assert self._running is not None
        return self._running

    def ready(self) -> Ready:
        """Return what a preparation finds."""
        live = places_orders(self.loaded.settings)
        models = told_models(self.loaded.settings, {})
        script = None
        if self.loaded.script is not None:
            script = read_open_script(self.loaded.script, venues=(BYBIT,), known={SPOT_ID, PERP_ID})
            self.build = timetable(script)
        return Ready(
            loaded=self.loaded,
            credentials=dict.fromkeys([BYBIT]) if live else {},  # type: ignore[arg-type]  # nobody signs anything here
            seen=(self.seen,),
            models=models,
            markets=self.seen.wire,
            build=self.build,
            strategy_file=None,
            script=script,
            notes=("a note\nof two lines",),
        )

    def open_journal(self) -> Opened:
        """Open the journal as a start does."""
        ready, settings = self.ready(), self.loaded.settings
        return open_journal(
            self.journal, mode=settings.mode.type, hashed=ready.hashed, namespace=fixed_namespace(settings)
        )

    def start(self, *, adopt: bool = True) -> Running:
        """Start a daemon; the journal is closed again where that fails."""
        ready, opened = self.ready(), self.open_journal()
        self.told = told = Told()
        hearing = Hearing(herald=_Herald, log=lambda: _Log(told), say=told.lines.append)
        try:
            self._running = daemon.start(ready, opened, adopt=adopt, hearing=hearing)
        except BaseException:
            opened.store.close()
            raise
        return self._running

    def set_up(self, _ready: Ready) -> tuple[str, ...]:
        """Stand in the place of what a start changes at the venue."""
        self.times_set_up += 1
        return ()

    def price(self, close: str = "2000") -> None:
        """Let prices of both markets come."""
        self.running.tell("data_provider", prices_now(close))

    def give(self, name: str, amount: str = "1", **terms: Any) -> TradeInstruction:  # noqa: ANN401 - as the builder
        """Give an instruction for the perp, at a price of now."""
        wanted = instruction(amount, name=name, **terms)
        self.price()
        self.running.tell("engine", wanted)
        return wanted

    @staticmethod
    def limit(price: str) -> dict[str, Any]:
        """Return the terms of a limit order."""
        return {"order_type": OrderType.LIMIT, "price": Price(Decimal(price))}

    def let_work(self) -> None:
        """Wait until the core has worked what came before."""
        self.running.ask("outbox", Durable(seq=Seq(0)))

    def let_write(self) -> None:
        """Wait until what the core has said is on disk."""
        self.let_work()
        self.running.ask("journal_writer", Append(rows=()))

    def lose(self, name: str) -> ClientOrderId:
        """Give an instruction whose order gets lost, until a person is asked for; return its client id."""
        self.exchange.does = "lose"
        self.told.wait_for("VenueSettled")
        self.give(name)
        lost = self.told.wait_for("OrderUnknown")
        assert isinstance(lost, OrderUnknown)
        needed = OperatorNeeded(
            venue=lost.venue,
            instrument=lost.instrument,
            client_order_id=lost.client_order_id,
            instruction_id=lost.instruction_id,
            reason="planted",
        )
        self.running.tell("engine", needed)
        self.told.wait_for("OperatorNeeded")
        return lost.client_order_id

    def questions(self) -> OpenQuestionsTold:
        """Ask what is not settled."""
        told = self.running.ask("engine", AskOpenQuestions())
        assert isinstance(told, OpenQuestionsTold)
        return told

    def stop(self, reason: str = "the test is over", *, cancel: bool = False) -> daemon.Ended:
        running, self._running = self.running, None
        return daemon.stop(running, reason, cancel=cancel)

    def records(self) -> list[Record]:
        with JournalReader(self.journal) as reader:
            return list(reader.records())

    def kinds(self) -> list[str]:
        """Return the types of all entries on record, without marks of the book."""
        return [kind for kind in map(_kind, self.records()) if kind not in {"EquityMarked", "PnlAttributed"}]

    def of(self, *kinds: type) -> list[Any]:
        """Return the entries of some types."""
        return [each.entry for each in self.records() if isinstance(each.entry, kinds)]

    def close(self) -> None:
        """Stop what a test that failed has left."""
        if self._running is not None:
            self._running.root.stop()
            self._running.store.close()


def _kind(record: Record) -> str:
    return type(record.entry).__name__


@contextmanager
def desk(folder: Path, patch: pytest.MonkeyPatch, text: str = LIVE) -> Iterator[Desk]:
    """Yield a desk whose daemons have the small venue in the place of a real one, and prices of the test."""
    made = Desk(folder, text)

    def venue(seen: Seen, _loaded: object, _credentials: object, refs: dict[str, Any]) -> Beside:
        return Beside(f"venue:{seen.venue}", lambda tasks: made.exchange.epoch(tasks, refs))

    def prices(seen: Seen, _loaded: object, refs: dict[str, Any], *, say: Callable[[str], None]) -> Beside:
        return Beside(f"prices:{seen.venue}", lambda tasks: made.exchange.feed(tasks, refs, say))

    patch.setattr(daemon, "live_exchange", venue)
    patch.setattr(daemon, "live_market", prices)
    patch.setattr(daemon, "set_up", made.set_up)
    try:
        yield made
    finally:
        made.close()
