"""The one writer of a journal file.

Only rows in sequence are taken, in transactions, so what is on disk is always a prefix of what was said. Live, a commit
survives a power cut (WAL, ``synchronous=FULL``); in a backtest it survives the process (WAL, ``OFF``). An orderly close
leaves one plain file.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

from actors.errors import BadInputError, InvariantError
from actors.journal.chain import walk
from actors.journal.errors import JournalDamagedError, JournalWriteError
from actors.journal.lock import JournalLock
from actors.journal.manifest import Manifest
from actors.journal.reader import decoded
from actors.journal.tables import (
    SCHEMA,
    SQLITE_TROUBLE,
    check_header,
    check_version,
    connect,
    read_manifest,
    read_rows,
    unreadable,
)
from messages.journal import Entry, Record

Durability = Literal["full", "off"]
"""Whether a commit waits for the disk."""
Row = tuple[int, bytes, bytes]
"""Sequence number, body and hash of an entry, as `Append` brings them."""

_SYNCHRONOUS = {"off": 0, "full": 2}
_BUSY_MS = 1000
_SIDE_FILES = ("-wal", "-shm", "-journal")


class TornTail(msgspec.Struct, frozen=True, kw_only=True):
    """What was cut off the end of a journal when it was opened.

    Attributes:
        first_seq: First entry that is gone.
        entries: How many are.
    """

    first_seq: int
    entries: int


class JournalStore:
    """A journal file, opened for writing and locked against every other writer. For one thread at a time.

    Attributes:
        path: The file, absolute.
        manifest: As stored.
        torn: What was cut off at opening; None after an orderly end.
    """

    def __init__(self, path: Path, lock: JournalLock, durability: Durability) -> None:
        """Open a journal that exists and whose lock is held. Use `create` or `open_existing`."""
        self.path = path
        self.torn: TornTail | None = None
        self._lock = lock
        self._failed = False
        self._open = False
        self._closed = False
        check_header(path)
        self._connection = connect(path, "mode=rw")
        try:
            self.manifest = self._read_manifest()
            self._set_up(durability)
            self._last_seq, self._last_hash = self._find_end()
        except SQLITE_TROUBLE as error:
            self._connection.close()
            raise unreadable(path, error) from error
        except BaseException:
            self._connection.close()
            raise
        self._durable_seq = self._last_seq

    @classmethod
    def create(cls, path: Path, manifest: Manifest, *, durability: Durability = "full") -> Self:
        """Make a journal with a manifest and no entries. Missing folders are made for the owner alone.

        Raises:
            BadInputError: something is there already, or it can't be made there.
            JournalLockedError: another process makes it right now.
        """
        path = path.absolute()
        try:
            _make_folders(path.parent)
            lock = JournalLock(path)
        except OSError as error:
            raise BadInputError(f"{path}: can't be made: {error.strerror}") from error
        try:
            _make_file(path, manifest)
            return cls(path, lock, durability)
        except (OSError, sqlite3.Error) as error:
            lock.release()
            raise BadInputError(f"{path}: can't be made: {error}") from error
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open_existing(cls, path: Path, *, durability: Durability = "full") -> Self:
        """Open a journal to go on writing it: the whole chain is walked, and a torn tail cut off (`torn`).

        Raises:
            JournalUnreadableError: no such file, no journal, or SQLite can't read it.
            JournalLockedError: another process writes it.
            JournalDamagedError: the manifest, or an entry that is not the end, is not what was written.
            JournalWriteError: SQLite doesn't do as it is told.
        """
        check_header(path)
        path = path.resolve()
        try:
            lock = JournalLock(path)
        except OSError as error:
            raise JournalWriteError(f"{path}: {error.strerror}") from error
        try:
            return cls(path, lock, durability)
        except BaseException:
            lock.release()
            raise

    @property
    def last_seq(self) -> int:
        """Last entry that was appended, committed or not; 0 if there is none."""
        return self._last_seq

    @property
    def last_hash(self) -> bytes:
        """Hash of `last_seq`, or of the manifest. 32 bytes."""
        return self._last_hash

    @property
    def durable_seq(self) -> int:
        """Last entry that was committed; 0 if there is none."""
        return self._durable_seq

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows to the open transaction, which `commit` ends.

        Raises:
            InvariantError: a row that doesn't follow the last one. Nothing was added.
            JournalWriteError: SQLite failed. The store is of no more use.
        """
        if not rows:
            return
        first = self._last_seq + 1
        if [row[0] for row in rows] != list(range(first, first + len(rows))):
            raise InvariantError(
                f"{self.path}: rows {rows[0][0]} to {rows[-1][0]} ({len(rows)}) don't follow entry {self._last_seq}"
            )
        self._check_alive()
        self._failed = True  # Until it went well: also an interrupt in the middle leaves nothing that may be committed.
        try:
            if not self._open:
                self._connection.execute("BEGIN IMMEDIATE")
                self._open = True
            self._connection.executemany("INSERT INTO entries (seq, body, hash) VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise JournalWriteError(f"{self.path}: entries from {first} on were not written: {error}") from error
        self._failed = False
        self._last_seq, _, self._last_hash = rows[-1]

    def commit(self) -> None:
        """Make everything appended durable, as far as the store's durability goes.

        Raises:
            JournalWriteError: SQLite failed. The store is of no more use, and nothing since the last commit is there.
        """
        self._check_alive()
        if not self._open:
            return
        self._failed = True
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise JournalWriteError(
                f"{self.path}: entries from {self._durable_seq + 1} on were not committed: {error}"
            ) from error
        self._failed = False
        self._open = False
        self._durable_seq = self._last_seq

    @property
    def failed(self) -> bool:
        """Whether something that was to be written is not on disk. Then nothing more is taken."""
        return self._failed

    def records(self, *, after: int = 0, kinds: tuple[type[Entry], ...] = ()) -> Iterator[Record]:
        """Yield the entries behind `after`, with what was appended and not yet committed. For rebuilding by folding.

        Args:
            after: Sequence number.
            kinds: Only entries of these types, others are hardly looked at; none: all.

        Raises:
            EntryUnreadableError: one of them is none of ours, or of a newer version.
            JournalUnreadableError: SQLite can't go on reading.
        """
        rows = read_rows(self._connection, self.path, after=after)
        if not kinds:
            return decoded(rows)
        are_named = re.compile("|".join(f'"{kind.__name__}"' for kind in kinds).encode()).search
        likely = (row for row in rows if not isinstance(row[1], bytes) or are_named(row[1]))
        return (record for record in decoded(likely) if isinstance(record.entry, kinds))

    def close(self) -> None:
        """Take back what was not committed, fold the WAL into the one file that stays, and give the lock back.

        Again is no error. While somebody reads, SQLite's side files stay beside the journal, which is as good.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if not self._failed:
                self._connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        except sqlite3.Error:
            # A reader is there, or the disk is not: what was committed stays in the WAL, where the next one finds it.
            self._failed = True
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_alive(self) -> None:
        if self._failed or self._closed:
            state = "an earlier write failed" if self._failed else "it is closed"
            raise JournalWriteError(f"{self.path}: nothing more can be written: {state}")

    def _read_manifest(self) -> Manifest:
        stored = read_manifest(self._connection, self.path)
        fault = stored.fault()
        if fault:
            raise JournalDamagedError(f"{self.path}: {fault}", seq=0)
        check_version(stored.manifest, self.path)
        return stored.manifest

    def _set_up(self, durability: Durability) -> None:
        """Set the modes and see that they took: SQLite answers a mode it can't have with the one it keeps."""
        run = self._connection.execute
        run(f"PRAGMA busy_timeout = {_BUSY_MS}")
        (mode,) = run("PRAGMA journal_mode = WAL").fetchone()
        run(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
        (synchronous,) = run("PRAGMA synchronous").fetchone()
        if bytes(mode) != b"wal" or synchronous != _SYNCHRONOUS[durability]:
            raise JournalWriteError(
                f"{self.path}: SQLite keeps journal_mode {bytes(mode).decode()} and synchronous {synchronous}; "
                f"expected wal and {_SYNCHRONOUS[durability]}"
            )

    def _find_end(self) -> tuple[int, bytes]:
        """Return sequence number and hash of the last good entry, after cutting off what was torn behind it."""
        found = walk(read_rows(self._connection, self.path), self.manifest.hash_0)
        if found.bad_seq is not None:
            if not found.torn:
                raise JournalDamagedError(f"{self.path}: {found.reason}; nothing was repaired", seq=found.bad_seq)
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM entries WHERE seq >= ?", (found.bad_seq,))
            self._connection.execute("COMMIT")
            self.torn = TornTail(first_seq=found.bad_seq, entries=found.torn)
        return found.last_seq, found.last_hash


def set_aside(path: Path) -> Path:
    """Rename a journal, with what SQLite keeps beside it, to ``<name>.<n>``, n the first that is free, and return that.

    Raises:
        JournalLockedError: another process writes it.
        FileNotFoundError: there is none.
    """
    path = path.absolute()
    if not path.exists():
        raise FileNotFoundError(path)
    lock = JournalLock(path)
    try:
        number = 1
        while (target := path.with_name(f"{path.name}.{number}")).exists():
            number += 1
        for end in (*_SIDE_FILES, ""):
            beside = path.with_name(path.name + end)
            if beside.exists():
                beside.rename(target.with_name(target.name + end))
    finally:
        lock.release()
    return target


def _make_folders(folder: Path) -> None:
    """Make what is missing of a folder's path, for the owner alone; what is there keeps its mode."""
    for part in (*reversed(folder.parents), folder):
        if not part.exists():
            part.mkdir(mode=0o700, exist_ok=True)


def _make_file(path: Path, manifest: Manifest) -> None:
    """Make the file under another name first: a journal without a manifest never has the journal's name."""
    if path.exists() or path.is_symlink():
        raise BadInputError(f"{path}: is there already; a journal is never written over")
    for end in _SIDE_FILES:
        # Left of a journal whose main file somebody removed: SQLite would take them for this one's.
        path.with_name(path.name + end).unlink(missing_ok=True)
    new = path.with_name(path.name + ".new")
    for end in ("", *_SIDE_FILES):
        new.with_name(new.name + end).unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = connect(new, "mode=rw")
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO manifest VALUES (1, ?, ?, ?, ?)",
            (manifest.hashed, manifest.beside, manifest.hash_0, manifest.beside_hash),
        )
        connection.execute("COMMIT")
    finally:
        connection.close()
    new.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
