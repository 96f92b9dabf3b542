"""What is measured at a venue. Each function is one case, in a process of its own, and returns its figures."""

import asyncio
import queue
import sqlite3
import statistics
import time
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from actors.exchange.live.ports import Urgency
from actors.order_ids import client_order_id, id_digest
from actors.strategies.contract import OwnEvent
from messages.instructions import CancelInstruction, InstructionRefused
from messages.orders import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from messages.units import InstructionId
from ops.bench.live.exchange import Place
from ops.bench.live.listener import HEARD, Heard
from ops.bench.live.peers import Block, Peers
from ops.bench.live.rig import AMOUNT, FAR, Rig

Figures = dict[str, float]

BLOCK = 20
"""Orders of one way after the other, before the next way has its turn."""
_PATIENCE_S = 20.0
_MS, _US = 1_000, 1_000_000
LATE_S = 0.05
PER_SECOND = 200
AT_ONCE = 32
_APART_S = 0.3
"""Between cancels: they have limits of their own, which are not what is measured."""
_BEGUN_S = 0.05
"""Given to reads to begin: then they wait for a limit, a connection or an answer."""
READS = 200
_ENDS = (OrderCancelled, OrderExpired, OrderRejected, InstructionRefused)


def orders(place: Place, folder: Path, venue: str, size: int) -> Figures:
    """Place orders that rest, by us, by ccxt and by hand, in blocks after each other."""
    rig = Rig(place, folder, venue)
    peers = Peers(place, venue, rig.ready.seen[0].loaded)
    ours, ccxt, bare = [], [], []
    whole_s: list[float] = []
    disk = _Disk(folder)
    disk_s = [disk.commit_s() for _ in range(BLOCK)]
    for number in range(-1, size // BLOCK):
        before = time.process_time()
        mine = _block(rig, f"b{number}")
        spent = (time.process_time() - before) / BLOCK
        rig.cancel_all()
        theirs = peers.ccxt(BLOCK)
        peers.cancel_all()
        by_hand = peers.bare(BLOCK)
        peers.cancel_all()
        if number >= 0:  # the first ones open connections
            ours.append(mine)
            ccxt.append(theirs)
            bare.append(by_hand)
            whole_s.append(spent)
            disk_s.append(disk.commit_s())
    peers.close()
    rig.stop()
    figures = {**_told("ours", ours), **_told("ccxt", ccxt), **_told("bare", bare)}
    return figures | {"whole_cpu_us": statistics.median(whole_s) * _US, "commit_ms": statistics.median(disk_s) * _MS}


class _Disk:
    """What it takes to make something durable here, with nothing else around it."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "disk.sqlite", isolation_level=None)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE rows (body BLOB)"):
            self._connection.execute(statement)

    def commit_s(self) -> float:
        """Return how long one row takes, in seconds."""
        began = time.perf_counter()
        self._connection.execute("INSERT INTO rows VALUES (randomblob(600))")
        return time.perf_counter() - began


def _block(rig: Rig, name: str) -> Block:
    """Place orders that rest, each when the one before it was accepted."""
    rig.tell_price()
    _drain()
    delays, before = [], rig.loop.cpu_s
    for number in range(BLOCK):
        rig.noted.clear()
        given = rig.give(rig.order(f"{name}-{number}", "BUY", order_type="LIMIT", price=FAR))
        heard = HEARD.get(timeout=_PATIENCE_S)
        if not isinstance(heard.event, OrderAccepted):
            raise SystemExit(f"{rig.venue}: expected an acceptance, heard {heard.event}")
        delays.append(next(each.at for each in rig.noted if each.our_id) - given)
    time.sleep(0.02)  # what streams still say of these is part of what they cost
    cpu_s = (rig.loop.cpu_s - before) / BLOCK
    return Block(delays, cpu_s)


def _told(name: str, blocks: list[Block]) -> Figures:
    delays = sorted(each for block in blocks for each in block.delays_s)
    return {
        f"{name}_ms": statistics.median(delays) * _MS,
        f"{name}_p99_ms": _part(delays, 0.99) * _MS,
        f"{name}_cpu_us": statistics.median(block.cpu_s for block in blocks) * _US,
    }


def _part(values: Iterable[float], part: float) -> float:
    """Return the value below which a part of them lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class Ends:
    """Counts orders that are over, and those that went wrong.

    Attributes:
        first_wrong: What was heard of the first that did.
    """

    def __init__(self) -> None:
        self.over = self.refused = self.unknown = 0
        self.first_wrong: OwnEvent | None = None
        self._filled: dict[str, Decimal] = {}

    def hear(self, heard: Heard) -> None:
        """Take one event."""
        event = heard.event
        self.unknown += isinstance(event, OrderUnknown)
        self.refused += isinstance(event, OrderRejected | InstructionRefused)
        if self.first_wrong is None and (self.unknown or self.refused):
            self.first_wrong = event
        if isinstance(event, OrderFilled):
            name = event.instruction_id
            self._filled[name] = self._filled.get(name, Decimal(0)) + event.amount
            if self._filled[name] == Decimal(AMOUNT):
                del self._filled[name]
                self.over += 1
        elif isinstance(event, _ENDS):
            self._filled.pop(event.instruction_id, None)
            self.over += 1


def _drain() -> list[Heard]:
    heard = []
    while not HEARD.empty():
        heard.append(HEARD.get())
    return heard


def rate(place: Place, folder: Path, venue: str, size: int) -> Figures:
    """Give market orders at a steady rate, whatever becomes of them; say how many were late, refused or unknown."""
    rig = Rig(place, folder, venue)
    wanted = [rig.order(f"r{number}", "SELL" if number % 2 else "BUY") for number in range(size)]
    _block(rig, "w")  # connections are open when it begins
    rig.cancel_all()
    rig.tell_price()
    _drain()
    due: dict[str, float] = {}
    cpu_s, start = time.process_time(), time.perf_counter() + 0.1
    for number, each in enumerate(wanted):
        at = start + number / PER_SECOND
        time.sleep(max(0.0, at - time.perf_counter()))
        if not number % PER_SECOND:
            rig.tell_price()
        rig.give(each)
        due[client_order_id(id_digest(rig.namespace, each.instruction_id))] = at
    ends = until_over(size)
    took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu_s
    rig.stop()
    sent: dict[str, float] = {}
    for noted in rig.noted:
        if noted.method == "POST" and noted.our_id in due:
            sent.setdefault(noted.our_id, noted.at)
    delays = [sent[name] - at for name, at in due.items() if name in sent]
    return {
        "per_second": size / took_s,
        "ms": statistics.median(delays) * _MS,
        "p99_ms": _part(delays, 0.99) * _MS,
        "max_ms": max(delays) * _MS,
        "late": sum(each > LATE_S for each in delays) + size - len(delays),
        "refused": ends.refused,
        "unknown": ends.unknown,
        "core_used": cpu_s / took_s,
    }


def until_over(size: int, at: Callable[[Ends], None] = lambda _: None) -> Ends:
    """Hear until so many orders are over; return how they ended.

    Args:
        size: How many.
        at: Told how it stands, after each event.

    Raises:
        SystemExit: Nothing more is heard.
    """
    ends = Ends()
    while ends.over < size:
        try:
            ends.hear(HEARD.get(timeout=_PATIENCE_S))
        except queue.Empty:
            raise SystemExit(
                f"{size - ends.over} orders of {size} do not end; wrong first: {ends.first_wrong}"
            ) from None
        at(ends)
    return ends


def cancels(place: Place, folder: Path, venue: str, size: int) -> Figures:
    """Cancel orders, one by one, while `READS` reads are on their way or wait, with the venue's real limits."""
    rig = Rig(place, folder, venue, raised=False)
    rig.tell_price()
    names = [f"c{number}" for number in range(size)]
    for name in names:
        rig.give(rig.order(name, "BUY", order_type="LIMIT", price=FAR))
    accepted = 0
    while accepted < size:
        accepted += isinstance(HEARD.get(timeout=_PATIENCE_S).event, OrderAccepted)
    reads = Reads(rig)
    delays, waited = [], []
    for name in names:
        time.sleep(_APART_S)
        reads.top_up()
        rig.noted.clear()
        waited.append(reads.left)
        given = rig.give(CancelInstruction(instruction_id=InstructionId(name)))
        while not isinstance(HEARD.get(timeout=_PATIENCE_S).event, OrderCancelled):
            pass
        delays.append(_cancelled_at(rig) - given)
    reads.stop()
    rig.stop()
    return {
        "ms": statistics.median(delays) * _MS,
        "max_ms": max(delays) * _MS,
        "reads_left": min(waited),
    }


def _cancelled_at(rig: Rig) -> float:
    """Return when the first request that changes an order went out."""
    changes = [each for each in rig.noted if each.method in {"POST", "DELETE"} and "order" in each.said]
    if not changes:
        raise SystemExit(f"{rig.venue}: no cancel went out")
    return changes[0].at


class Reads:
    """Reads of open orders, at the urgency of reads, as many as shall wait."""

    def __init__(self, rig: Rig) -> None:
        self._client = rig.loop.client
        self._loop = rig.loop.loop
        self._query = self._client.dialect.open_orders(tuple(rig.ready.seen[0].wire.values()))[0]
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def left(self) -> int:
        """How many are not answered."""
        return len(self._tasks)

    def top_up(self) -> None:
        """Ask for so many that `READS` are not answered, and let them begin."""

        async def more() -> None:
            for _ in range(READS - len(self._tasks)):
                task = asyncio.create_task(self._client.read(self._query, urgency=Urgency.READ, deadline_s=600.0))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(_BEGUN_S)

        self._do(more())

    def stop(self) -> None:
        """Give them up."""

        async def end() -> None:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._do(end())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)


def memory(place: Place, folder: Path, venue: str, size: int) -> Figures:
    """Place market orders, some at once, and look at the memory after a tenth of them and after all."""
    rig = Rig(place, folder, venue)
    rig.noting = False
    rig.noted.clear()
    rig.tell_price()
    given = 0
    seen: dict[int, float] = {}

    def go_on(ends: Ends) -> None:
        nonlocal given
        if ends.first_wrong is not None:
            raise SystemExit(f"{venue}: after {ends.over} orders one went wrong: {ends.first_wrong}")
        over = ends.over
        while given < min(size, over + AT_ONCE):
            if not given % (10 * AT_ONCE):
                rig.tell_price()
            rig.give(rig.order(f"m{given}", "SELL" if given % 2 else "BUY"))
            given += 1
        if over in {size // 10, size} and over not in seen:
            seen[over] = resident_mb()

    start = time.perf_counter()
    go_on(Ends())
    until_over(size, go_on)
    took_s = time.perf_counter() - start
    rig.stop()
    return {"mb_at_a_tenth": seen[size // 10], "mb": seen[size], "per_second": size / took_s}


def resident_mb() -> float:
    """Return how much memory this process holds now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("/proc/self/status says no VmRSS")
