"""Where a run leaves what it writes: a folder for itself, with the journal in it."""

import datetime as dt
from pathlib import Path

from actors.errors import BadInputError
from actors.journal.errors import JournalLockedError
from actors.journal.lock import holder

JOURNAL = "journal.sqlite"


def default_out(config: Path, now: dt.datetime) -> Path:
    """Return a folder for a run that has none: ``runs/<config name>-<start time>``, numbered if it is taken."""
    base = Path("runs") / f"{config.stem}-{now:%Y%m%dT%H%M%SZ}"
    folder, number = base, 2
    while folder.exists():
        folder = base.with_name(f"{base.name}-{number}")
        number += 1
    return folder


def refuse_taken(out: Path, *, force: bool) -> None:
    """Refuse a folder that holds a journal, unless it may be set aside.

    Raises:
        BadInputError: It holds one.
        JournalLockedError: It holds one that is being written.
    """
    path = out / JOURNAL
    if (pid := holder(path)) is not None:
        raise JournalLockedError(f"{path}: process {pid or '(unknown)'} is writing this journal", pid=pid or None)
    if path.exists() and not force:
        raise BadInputError(
            f"{path}: is the journal of another run: choose another --out, or keep it aside with --force"
        )
