"""The journal of a daemon: made at the first start, gone on with at every other.

The namespace, from which all order ids derive, is drawn once and lies in the manifest: a journal that was copied aside
and a new one in its place never give two orders one id. A journal of another mode is refused; of another account, too,
once the venue has said whose the key is (`accounts_of`).
"""

import datetime as dt
import os
import platform
import re
import secrets
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from actors.errors import BadInputError
from actors.journal.manifest import manifest
from actors.journal.store import JournalStore
from messages.journal import Record
from messages.lifecycle import RunStarted
from messages.live import AccountOpened
from messages.units import Nanoseconds, VenueName

_NAMESPACE_BYTES = 16
_NAMESPACE = re.compile(f"[0-9a-f]{{{2 * _NAMESPACE_BYTES}}}")


class Opened(NamedTuple):
    """A journal, ready to be gone on with.

    Attributes:
        namespace: That all order ids derive from, 16 bytes.
        is_new: It was made just now.
    """

    store: JournalStore
    namespace: bytes
    is_new: bool


def open_journal(
    path: Path,
    *,
    mode: str,
    hashed: Mapping[str, object],
    namespace: bytes | None,
    argv: Sequence[str] | None = None,
) -> Opened:
    """Open the journal of a mode, or make it.

    Args:
        path: Of the file.
        mode: As the config has it.
        hashed: What decides the trading, for the manifest of a new one.
        namespace: For a new one; None: drawn at random.
        argv: Words of the command line to be noted in a new one; None for those of execd.

    Raises:
        BadInputError: It is another mode's journal, or none, or can't be made.
        JournalLockedError: Another process writes it.
        JournalDamagedError: It is not what was written.
    """
    if not path.exists():
        drawn = secrets.token_bytes(_NAMESPACE_BYTES) if namespace is None else namespace
        made = manifest({**hashed, "namespace": drawn.hex()}, _beside(path, sys.argv[1:] if argv is None else argv))
        return Opened(JournalStore.create(path, made, durability="full"), drawn, is_new=True)
    store = JournalStore.open_existing(path, durability="full")
    try:
        return Opened(store, _namespace(store, path, mode), is_new=False)
    except BaseException:
        store.close()
        raise


def _namespace(store: JournalStore, path: Path, mode: str) -> bytes:
    """Return the namespace of a journal that exists.

    Raises:
        BadInputError: It is another mode's.
    """
    described = store.manifest.described()
    settings = described.get("settings")
    of = settings.get("mode") if isinstance(settings, dict) else None
    found = of.get("type") if isinstance(of, dict) else None
    if found != mode:
        raise BadInputError(f"journal.path: {path} is the journal of a {found} run, expected one of mode {mode}")
    return namespace_of(store)


def namespace_of(store: JournalStore) -> bytes:
    """Return what the order ids of a daemon's journal derive from.

    Raises:
        BadInputError: It is a journal of another kind.
    """
    text = store.manifest.described().get("namespace")
    if not isinstance(text, str) or not _NAMESPACE.fullmatch(text):
        raise BadInputError(f"{store.path}: no namespace in its manifest, expected the journal of a live or paper run")
    return bytes.fromhex(text)


def accounts_of(records: Iterable[Record]) -> dict[VenueName, str]:
    """Return whose account at each venue a journal is about: the uid, as far as it has been opened."""
    return {each.entry.venue: each.entry.uid for each in records if isinstance(each.entry, AccountOpened)}


def begun(records: Iterable[Record]) -> Nanoseconds | None:
    """Return when a journal's first start was; None of a new one. A strategy's run begins there, whatever restarts."""
    return next((each.entry.start for each in records if isinstance(each.entry, RunStarted)), None)


def _beside(path: Path, argv: Sequence[str]) -> dict[str, object]:
    return {
        "execd_version": version("execd"),
        "python": platform.python_version(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": dt.datetime.now(dt.UTC).isoformat(),
        "path": str(path),
        "argv": list(argv),
    }
