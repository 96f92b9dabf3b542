"""The two tables of a journal file, and how they are read."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from actors.journal.chain import StoredRow
from actors.journal.errors import JournalUnreadableError
from actors.journal.manifest import Manifest, StoredManifest
from messages.journal import FORMAT_VERSION

APPLICATION_ID = 0x65786364
"""What SQLite keeps in the file's header to tell whose it is: ``excd``."""

SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """CREATE TABLE manifest (id INTEGER PRIMARY KEY CHECK (id = 1),
    hashed BLOB NOT NULL, beside BLOB NOT NULL, hash_0 BLOB NOT NULL, beside_hash BLOB NOT NULL)""",
    "CREATE TABLE entries (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL)",
)

SQLITE_TROUBLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file may end in: Python decodes names and messages that are damaged too."""

_MAGIC = b"SQLite format 3\0"
_HEADER_SIZE = 100
_READ_VERSION = 19
_WAL = 2


def check_header(path: Path) -> bool:
    """Return whether an SQLite file is in WAL mode, by its first bytes.

    Raises:
        JournalUnreadableError: no such file, not allowed, or not an SQLite file.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_SIZE)
    except FileNotFoundError:
        raise JournalUnreadableError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise JournalUnreadableError(folder_line(path)) from None
    except OSError as error:
        raise JournalUnreadableError(f"{path}: {error.strerror}") from error
    if len(header) < _HEADER_SIZE or not header.startswith(_MAGIC):
        raise JournalUnreadableError(f"{path}: not a journal (no SQLite file)")
    return header[_READ_VERSION] == _WAL


def folder_line(path: Path) -> str:
    """Return what to say of a folder that was taken for a journal; where it holds one, that is named."""
    inside = path / "journal.sqlite"
    return f"{path} is a folder, expected {f'its journal: {inside}' if inside.exists() else 'a journal.sqlite'}"


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Open a file that exists, with SQLite's own transactions switched off.

    Text comes back as `bytearray`, so that a blob that turned into text by a changed byte is not taken for a blob.

    Args:
        path: Absolute.
        options: Of the ``file:`` URI: ``mode=ro``.

    Raises:
        JournalUnreadableError: SQLite can't open it.
    """
    uri = f"{path.as_uri()}?{options}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    except SQLITE_TROUBLE as error:
        raise unreadable(path, error) from error
    connection.text_factory = bytearray
    return connection


def unreadable(path: Path, error: Exception) -> JournalUnreadableError:
    """Return the error that says so."""
    return JournalUnreadableError(f"{path}: SQLite can't read it: {error}")


def read_manifest(connection: sqlite3.Connection, path: Path) -> StoredManifest:
    """Return the manifest as it is stored, whether its digests fit or not.

    Raises:
        JournalUnreadableError: there is none, or SQLite can't read it.
    """
    try:
        (found_id,) = connection.execute("PRAGMA application_id").fetchone()
        if found_id != APPLICATION_ID:
            raise JournalUnreadableError(f"{path}: not a journal (an SQLite file of another program)")
        rows = connection.execute("SELECT hashed, beside, hash_0, beside_hash FROM manifest").fetchall()
    except SQLITE_TROUBLE as error:
        raise unreadable(path, error) from error
    if len(rows) != 1 or not all(isinstance(value, (bytes, bytearray)) for value in rows[0]):
        raise JournalUnreadableError(f"{path}: not a journal (no manifest)")
    hashed, beside, hash_0, beside_hash = rows[0]
    # A blob that turned into text is still told apart: it can't be equal to any digest then.
    return StoredManifest(
        manifest=Manifest(hashed=bytes(hashed), beside=bytes(beside)),
        hash_0=hash_0 if isinstance(hash_0, bytes) and isinstance(hashed, bytes) else b"",
        beside_hash=beside_hash if isinstance(beside_hash, bytes) and isinstance(beside, bytes) else b"",
    )


def check_version(manifest: Manifest, path: Path) -> None:
    """Refuse what a newer execd wrote.

    Raises:
        JournalUnreadableError: it did.
    """
    try:
        version = manifest.format_version
    except ValueError as error:
        raise JournalUnreadableError(f"{path}: {error}") from error
    if version > FORMAT_VERSION:
        raise JournalUnreadableError(
            f"{path}: journal format {version}, and this version of execd reads up to {FORMAT_VERSION}"
        )


def read_rows(connection: sqlite3.Connection, path: Path, *, after: int = 0) -> Iterator[StoredRow]:
    """Yield the rows behind a sequence number, in order, as they are stored and without holding them.

    Raises:
        JournalUnreadableError: SQLite can't go on reading.
    """
    try:
        rows = connection.execute("SELECT seq, body, hash FROM entries WHERE seq > ? ORDER BY seq", (after,))
        for row in rows:  # noqa: UP028 (`yield from` closes the cursor of a walk that is left, after its connection)
            yield row
    except SQLITE_TROUBLE as error:
        raise unreadable(path, error) from error


def read_last(connection: sqlite3.Connection, path: Path) -> StoredRow | None:
    """Return the last row, or None of an empty journal.

    Raises:
        JournalUnreadableError: SQLite can't read it.
    """
    try:
        row: StoredRow | None = connection.execute(
            "SELECT seq, body, hash FROM entries ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    except SQLITE_TROUBLE as error:
        raise unreadable(path, error) from error
    return row
