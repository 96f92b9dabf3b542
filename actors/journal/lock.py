"""One writer for each journal, held to it by the operating system: the lock goes with the process, however it dies."""

import fcntl
import os
import threading
from pathlib import Path

from actors.journal.errors import JournalLockedError

_ATTEMPTS = 5
_PAUSE_S = 0.02


def lock_path(journal: Path) -> Path:
    """Return the file that the lock of a journal is held on."""
    return journal.with_name(journal.name + ".lock")


class JournalLock:
    """An exclusive lock on ``<journal>.lock``, which holds the pid of its owner while it is owned."""

    def __init__(self, journal: Path) -> None:
        """Take the lock.

        Args:
            journal: In a folder that exists.

        Raises:
            JournalLockedError: somebody has it, this process included.
        """
        self._path = lock_path(journal)
        pid: int | None = None
        for _ in range(_ATTEMPTS):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if self._take(descriptor):
                self._descriptor: int | None = descriptor
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
                return
            pid = _pid_in(descriptor)
            os.close(descriptor)
            # A `holder` that looks has a shared lock for a moment, and an owner that leaves removes the file under us.
            threading.Event().wait(_PAUSE_S)
        by = "another process" if pid is None else f"process {pid}"
        raise JournalLockedError(f"{journal}: {by} is writing this journal", pid=pid)

    def release(self) -> None:
        """Give it back, and remove its file. Again is no error."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))  # noqa: PTH116 (beside fstat)
        except FileNotFoundError:
            return False


def holder(journal: Path) -> int | None:
    """Return the pid of the process that writes a journal now, or None. Keeps nothing and waits for nothing.

    A process that has the lock and has not yet written its pid down counts as 0.
    """
    try:
        descriptor = os.open(lock_path(journal), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor) or 0
    else:
        return None
    finally:
        os.close(descriptor)


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 20, 0).strip()
    return int(text) if text.isdigit() else None
