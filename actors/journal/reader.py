"""Reading a journal, also while a daemon writes it: takes no lock, changes nothing, leaves nothing behind."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from actors.journal.chain import StoredRow
from actors.journal.encoding import decode
from actors.journal.errors import EntryUnreadableError
from actors.journal.lock import holder
from actors.journal.manifest import Manifest
from actors.journal.tables import check_header, connect, read_last, read_manifest, read_rows
from messages.journal import Record


class JournalReader:
    """A journal file, opened read-only.

    Attributes:
        path: The file, absolute.
        manifest: As stored.
        manifest_fault: What disagrees in it, in words; None if nothing does. Reading goes on all the same.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            JournalUnreadableError: no such file, no journal, or SQLite can't read it.
        """
        self.path = path.absolute()
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._connection = self._connect(check_header(path))
        try:
            stored = read_manifest(self._connection, path)
        except BaseException:
            self.close()
            raise
        self.manifest: Manifest = stored.manifest
        self.manifest_fault = stored.fault()

    def rows(self, *, after: int = 0) -> Iterator[StoredRow]:
        """Yield sequence number, body and hash of each entry behind `after`, as stored, one at a time.

        Raises:
            JournalUnreadableError: SQLite can't go on reading.
        """
        return read_rows(self._connection, self.path, after=after)

    def records(self, *, after: int = 0) -> Iterator[Record]:
        """Yield the entries behind `after`, one at a time. Their hashes are handed on, not checked.

        Raises:
            EntryUnreadableError: one of them is none of ours, or of a newer version.
            JournalUnreadableError: SQLite can't go on reading.
        """
        return decoded(self.rows(after=after))

    def last(self) -> tuple[int, bytes]:
        """Return sequence number and hash of the last entry; 0 and the manifest's of an empty journal.

        Raises:
            JournalUnreadableError: SQLite can't read it.
        """
        row = read_last(self._connection, self.path)
        if row is None:
            return 0, self.manifest.hash_0
        return row[0], row[2] if isinstance(row[2], bytes) else b""

    def close(self) -> None:
        """Let the file go. Again is no error."""
        self._connection.close()
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, in_wal_mode: bool) -> sqlite3.Connection:  # noqa: FBT001 (told by the header)
        path = self.path.resolve()
        wal, shared = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
        # To read in WAL mode SQLite makes the two files that a writer would have made, and a reader can't remove them.
        if in_wal_mode and not shared.exists() and holder(path) is None:
            if not wal.exists():
                return connect(path, "mode=ro&immutable=1")
            self._copy = tempfile.TemporaryDirectory(prefix="execd-journal-")
            copied = Path(self._copy.name, path.name)
            shutil.copyfile(path, copied)
            shutil.copyfile(wal, copied.with_name(wal.name))
            return connect(copied, "mode=ro")
        return connect(path, "mode=ro")


def decoded(rows: Iterator[StoredRow]) -> Iterator[Record]:
    """Yield the entries that rows hold.

    Raises:
        EntryUnreadableError: one of them is none of ours.
    """
    for seq, body, digest in rows:
        if not isinstance(body, bytes) or not isinstance(digest, bytes):
            raise EntryUnreadableError(f"entry {seq} is not stored as bytes", seq=seq, type_name=None)
        try:
            yield decode(body, digest)
        except EntryUnreadableError as error:
            if error.seq is not None:
                raise
            raise EntryUnreadableError(f"entry {seq}: {error}", seq=seq, type_name=None) from error
