"""A daemon that is watched while it runs, and the levers of the exchange that it trades on.

Everything is waited for by what is said, journaled or on record, with generous limits; nothing is timed.
"""

import json
import signal
import sqlite3
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from actors.journal.reader import JournalReader
from messages.journal import Entry
from messages.live import VenueSettled
from tests.ops.daemon.rehearsal import Desk, Exchange
from tests.ops.started import CODE, environment

E = TypeVar("E")

LIMIT_S = 120.0
"""Whatever is waited for is there long before, also on a machine that has much else to do."""
LOOK_S = 0.1


class Levers:
    """What a rehearsal asks of the exchange itself (`ops.testbed.exchange.control`), and its record."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._trusted = ssl.create_default_context(cafile=exchange.ca_file)

    def pull(self, path: str, **fields: object) -> Any:  # noqa: ANN401 - decoded JSON
        """Ask for something."""
        request = urllib.request.Request(
            f"https://localhost:{self._exchange.port}/{path}", data=json.dumps(fields).encode(), method="POST"
        )
        with urllib.request.urlopen(request, context=self._trusted, timeout=30) as answer:  # noqa: S310
            return json.load(answer)["result"]

    def play(self, *faults: Mapping[str, Any]) -> None:
        """Play faults from now on."""
        self.pull("faults", lines=faults)

    def be_good(self) -> None:
        """Play no fault any more."""
        self.pull("no-faults")

    def price(self, venue: str, symbol: str, price: str, product: str = "PERP") -> None:
        """Put a market's price where it stays."""
        self.pull("price", venue=venue, product=product, symbol=symbol, price=price)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what the record says."""
        record = sqlite3.connect(f"file:{self._exchange.record}?mode=ro", uri=True)
        try:
            return record.execute(query, values).fetchall()
        finally:
            record.close()


class Daemon:
    """``execd run`` of a desk, in a process of its own, killed at the end of the block if it still runs."""

    def __init__(self, desk: Desk, **variables: str) -> None:
        self.desk = desk
        self._lines: dict[str, list[str]] = {"out": [], "err": []}
        self._news = threading.Condition()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [*desk.words, "run", str(desk.config), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**variables),
        )
        streams = {"out": self.process.stdout, "err": self.process.stderr}
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True) for name, stream in streams.items()
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: Any) -> None:  # noqa: ANN401 - a text stream
        for line in stream:
            with self._news:
                self._lines[name].append(line)
                self._news.notify_all()
        stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def out(self) -> str:
        return "".join(self._lines["out"])

    @property
    def err(self) -> str:
        return "".join(self._lines["err"])

    def until(self, ready: Callable[[], E], within_s: float = LIMIT_S) -> E:
        """Wait until something is so, and return it. Fails at once where the daemon ends meanwhile."""
        for _ in range(int(within_s / LOOK_S)):
            is_over = self.process.poll() is not None
            if found := ready():
                return found
            assert not is_over, f"the daemon ended with {self.process.returncode}: {self.err[-5_000:]}"
            with self._news:
                self._news.wait(LOOK_S)
        raise AssertionError(f"it did not come to that: {self.err[-5_000:]}")

    def until_said(self, text: str, within_s: float = LIMIT_S) -> None:
        """Wait until its stderr has a text."""
        self.until(lambda: text in self.err, within_s)

    def until_told(self, kind: type[E], count: int = 1, **fields: object) -> list[E]:
        """Wait until its journal has so many entries of a type, with these values, and return them."""
        return self.until(lambda: found if len(found := told(self.desk, kind, **fields)) >= count else [])

    def until_settled(self, venues: int = 1) -> None:
        """Wait until it takes instructions for so many venues."""
        self.until(lambda: self.err.count(VenueSettled.__name__) >= venues)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end, and return its exit code."""
        code = self.process.wait(LIMIT_S)
        for reader in self._readers:
            reader.join(LIMIT_S)
        return code

    def stop(self) -> int:
        """Stop it in order."""
        self.send(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.ended()

    def told(self) -> dict[str, Any]:
        """Return the object that it ended with."""
        found = json.loads(self.out.splitlines()[-1])
        assert isinstance(found, dict)
        return found


def entries(desk: Desk) -> list[Entry]:
    """Return what is journaled, also while a daemon writes; nothing where no journal is yet."""
    if not desk.journal.exists() or not desk.journal.stat().st_size:
        return []
    with JournalReader(desk.journal) as reader:
        return [each.entry for each in reader.records()]


def told(desk: Desk, kind: type[E], **fields: object) -> list[E]:
    """Return the journal's entries of a type with these values."""
    return [
        each
        for each in entries(desk)
        if isinstance(each, kind) and all(getattr(each, name) == value for name, value in fields.items())
    ]


def execd(desk: Desk, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run another command of execd to its end."""
    return subprocess.run(  # noqa: S603 - our own command
        [*desk.words, *words],
        cwd=desk.folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def order(name: str, venue: str, side: str = "LONG", amount: str = "0.1", **more: str | bool) -> dict[str, Any]:
    """Return a line of a script: an order of the perp, at the market's price where nothing else is said."""
    line: dict[str, Any] = {"id": name, "venue_type": "cex", "venue": venue, "trade_type": "PERP"}
    return line | {"pair": "ETHUSDT-PERP", "side": side, "amount": amount} | more


def limit(name: str, venue: str, price: str, side: str = "LONG", amount: str = "0.1", **more: str) -> dict[str, Any]:
    """Return the line of an order that rests."""
    return order(name, venue, side, amount, order_type="LIMIT", price=price, **more)


@contextmanager
def killed_after(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Kill a process at the end of a block, if it still runs."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT_S)


__all__ = ["CODE", "Daemon", "Levers", "entries", "execd", "killed_after", "limit", "order", "told"]
