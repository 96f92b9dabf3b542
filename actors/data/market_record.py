"""Writes down what the core saw of the market, so that a run can be looked at again with the data that it had.

It has a thread of its own: a slow disk delays nothing but this. What it can't keep up with is dropped before it, by its
mailbox, and shows here as a gap in the numbers; gaps are written down and said.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from actors.contract import Actor
from actors.data.market_files import MarketFile, day_of, file_of, remove_older
from messages.market import MarketSlice, RecordSlice
from messages.units import SECOND_NS

BLOCK = 500
"""Slices after which a block is written."""
BLOCK_NS = SECOND_NS
"""Time after which one is written."""
PAUSE_NS = 60 * SECOND_NS
"""Between two attempts at a file that can't be written, and between two complaints."""


class MarketRecorder(Actor[RecordSlice]):
    """Appends slices to the day's file, a second of them at a time. For a threaded cell.

    A process that is killed loses the last second of it; an entry that decided on a price carries that price anyway.

    Args:
        folder: Of the files: where the journal is.
        keep_days: Files that are older are removed.
        said: Takes a line for the operator.
    """

    def __init__(self, folder: Path, *, said: Callable[[str], None], keep_days: int = 7) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._said = said
        self._file: MarketFile | None = None
        self._day = 0
        self._next: int | None = None
        self._block: list[MarketSlice] = []
        self._missing = 0  # right before the block
        self._written_at = 0
        self._try_again_at = 0
        self._unsaid = 0
        self._said_at = 0

    def receive(self, message: RecordSlice) -> None:
        market, gap = message.market, 0
        if self._next is not None and message.number > self._next:
            gap = message.number - self._next
        self._next = message.number + 1
        if gap or day_of(market.at) > self._day:
            self._write()
        if gap:
            self._missing += gap
            self._complain(gap, market.at, "more came than could be written")
        self._block.append(market)
        if len(self._block) >= BLOCK or abs(market.at - self._written_at) >= BLOCK_NS:
            self._write()

    def stopping(self) -> None:
        """Write what is left."""
        self._write()
        self._close()

    def _write(self) -> None:
        """Write the block; where that can't be done, it is missing."""
        if not self._block:
            return
        first, last, count = self._block[0].at, self._block[-1].at, len(self._block)
        self._written_at = last
        reason = ""
        if first >= self._try_again_at or first < self._try_again_at - PAUSE_NS:
            try:
                self._open(day_of(first)).write(self._block, missing=self._missing)
            except (sqlite3.Error, OSError) as error:
                reason = f"{self._folder}: {error}"
                self._try_again_at = last + PAUSE_NS
                self._close()
            else:
                self._missing = 0
                self._block = []
                return
        self._missing += count
        self._block = []
        self._complain(count, last, reason or "the file can't be written")

    def _open(self, day: int) -> MarketFile:
        """Return the file of the day, or of the last one that there was; times may go back a little, files don't."""
        if self._file is None or day > self._day:
            self._close()
            self._day = max(day, self._day)
            self._file = MarketFile(file_of(self._folder, self._day))
            try:
                remove_older(self._folder, self._day - self._keep_days)
            except OSError as error:  # it does no harm to this day's
                self._said(f"market data: an old file can't be removed: {error}")
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except sqlite3.Error as error:
                self._said(f"market data: {self._folder}: {error}")

    def _complain(self, count: int, at: int, reason: str) -> None:
        self._unsaid += count
        if not self._said_at or abs(at - self._said_at) >= PAUSE_NS:
            self._said(f"market data: {self._unsaid} slices are not on record: {reason}")
            self._unsaid, self._said_at = 0, at


class _Told(Protocol):
    def tell(self, message: RecordSlice) -> None: ...


class RecordDoor:
    """The way from the core to the recorder: numbers the slices as they leave, when their turn has ended.

    Args:
        ref: The recorder's. Its mailbox drops what is too much: `Limits.telemetry` slices may wait.
    """

    def __init__(self, ref: _Told) -> None:
        self._ref = ref
        self._number = 0

    def tell(self, market: MarketSlice) -> None:
        """Send, and never wait."""
        self._number += 1
        self._ref.tell(RecordSlice(number=self._number, market=market))
