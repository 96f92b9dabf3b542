"""Files of market data as the core took it: ``market-YYYYMMDD.sqlite``, one for each day (UTC), read back exactly.

A row holds the slices of about a second, one JSON text a line, compressed together: neighbouring books have most of
their levels in common, and a day of books would take gigabytes otherwise. Order of rows and lines is the core's.
"""

import datetime as dt
import os
import re
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import msgspec

from actors.errors import BadInputError
from messages.market import MarketSlice
from messages.units import SECOND_NS

APPLICATION_ID = 0x65786D6B
"""What SQLite keeps in the file's header to tell whose it is: ``exmk``."""
_NAME = re.compile(r"market-(\d{8})\.sqlite")
_SIDE_FILES = ("-wal", "-shm")
_DAY_NS = 86_400 * SECOND_NS
_EPOCH = dt.date(1970, 1, 1)
_BUSY_MS = 1_000
_LEVEL = 1
"""Of compression: the quickest. Higher ones save a tenth more."""
_SCHEMA = """CREATE TABLE blocks (id INTEGER PRIMARY KEY, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
slices INTEGER NOT NULL, missing INTEGER NOT NULL, body BLOB NOT NULL)"""

_decode = msgspec.json.Decoder(MarketSlice).decode


def day_of(at: int) -> int:
    """Return the day of a time in nanoseconds, counted from 1970 (UTC)."""
    return at // _DAY_NS


def file_of(folder: Path, day: int) -> Path:
    """Return the file of a day."""
    return folder / f"market-{_EPOCH + dt.timedelta(days=day):%Y%m%d}.sqlite"


def files_in(folder: Path) -> dict[int, Path]:
    """Return all such files of a folder by their days, the oldest first."""
    found: dict[int, Path] = {}
    for path in folder.iterdir():
        if (name := _NAME.fullmatch(path.name)) is not None:
            try:
                date = dt.datetime.strptime(name[1], "%Y%m%d").replace(tzinfo=dt.UTC).date()
            except ValueError:
                continue  # eight digits, but no date: not ours
            found[(date - _EPOCH).days] = path
    return dict(sorted(found.items()))


def remove_older(folder: Path, day: int) -> None:
    """Remove the files of earlier days, with what SQLite keeps beside them."""
    for each, path in files_in(folder).items():
        if each < day:
            for end in ("", *_SIDE_FILES):
                path.with_name(path.name + end).unlink(missing_ok=True)


class MarketFile:
    """One day's file, open for writing; made for its owner alone.

    Raises:
        OSError: It can't be made.
        sqlite3.Error: SQLite can't open it, or it is something else.
    """

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        try:
            run = self._connection.execute
            run(f"PRAGMA busy_timeout = {_BUSY_MS}")
            run("PRAGMA journal_mode = WAL").fetchone()
            run("PRAGMA synchronous = NORMAL")
            (found,) = run("PRAGMA application_id").fetchone()
            (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
            if not tables and not found:
                run("BEGIN IMMEDIATE")
                run(_SCHEMA)
                run(f"PRAGMA application_id = {APPLICATION_ID}")
                run("COMMIT")
            elif found != APPLICATION_ID:
                _refuse()
        except BaseException:
            self._connection.close()
            raise

    def write(self, slices: Sequence[MarketSlice], *, missing: int) -> None:
        """Write a block of slices, as one transaction.

        Args:
            slices: At least one.
            missing: How many were dropped right before them.
        """
        body = zlib.compress(b"\n".join(map(msgspec.json.encode, slices)), _LEVEL)
        self._connection.execute(
            "INSERT INTO blocks (first_at, last_at, slices, missing, body) VALUES (?, ?, ?, ?, ?)",
            (min(each.at for each in slices), max(each.at for each in slices), len(slices), missing, body),
        )

    def close(self) -> None:
        """Fold what SQLite keeps beside the file into it, and close it."""
        self._connection.close()


def _refuse() -> NoReturn:
    raise sqlite3.DatabaseError("not a record of market data")


def read_market(folder: Path, *, since: int = 0, until: int | None = None) -> Iterator[MarketSlice]:
    """Yield the slices of a time (ns, both ends included), in the order in which the core took them.

    Works while they are being written.

    Raises:
        BadInputError: A file can't be read.
    """
    for missing, slices in read_blocks(folder, since=since, until=until):
        del missing
        yield from (each for each in slices if each.at >= since and (until is None or each.at <= until))


def read_blocks(
    folder: Path, *, since: int = 0, until: int | None = None
) -> Iterator[tuple[int, tuple[MarketSlice, ...]]]:
    """Yield the blocks that have something of a time, each with how many slices were dropped right before it.

    Raises:
        BadInputError: A file can't be read.
    """
    end = (1 << 63) - 1 if until is None else until
    for day, path in files_in(folder).items():
        # A slice that came late, with a time of the day before, lies in the file that was open then.
        if day < day_of(since) or day > day_of(end) + 1:
            continue
        try:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            with closing(connection):
                rows = connection.execute(
                    "SELECT missing, body FROM blocks WHERE last_at >= ? AND first_at <= ? ORDER BY id", (since, end)
                )
                for missing, body in rows:
                    yield missing, tuple(map(_decode, zlib.decompress(body).split(b"\n")))
        except (sqlite3.Error, zlib.error, msgspec.MsgspecError) as error:
            raise BadInputError(f"{path}: can't be read as market data: {error}") from None
