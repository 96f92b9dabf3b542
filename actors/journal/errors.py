"""What can go wrong with a journal on disk, and whose move it is then."""

from typing import ClassVar

from actors.errors import ExecdError, FatalError


class JournalLockedError(ExecdError):
    """Another process writes this journal.

    Attributes:
        pid: Of that process; None if it had not yet written it down.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class JournalUnreadableError(ExecdError):
    """The file is missing, is no journal, comes from a newer execd, or SQLite can't read it."""

    exit_code: ClassVar[int] = 2


class JournalDamagedError(FatalError):
    """An entry before the end, or the manifest, is not what was written. Nothing was repaired: a person must look.

    Attributes:
        seq: The first bad entry; 0 for the manifest.
    """

    exit_code: ClassVar[int] = 78

    def __init__(self, message: str, *, seq: int) -> None:
        super().__init__(message)
        self.seq = seq


class JournalWriteError(FatalError):
    """What was to be journaled is not on disk. Never tried again: the process must stop."""


class EntryUnreadableError(FatalError):
    """A stored entry is not one of ours, or not of this version.

    Attributes:
        seq: The entry; None if not even that can be read.
        type_name: What it says it is, likewise.
    """

    exit_code: ClassVar[int] = 78

    def __init__(self, message: str, *, seq: int | None, type_name: str | None) -> None:
        super().__init__(message)
        self.seq = seq
        self.type_name = type_name
