"""From a journal to a file."""

import os
from contextlib import suppress
from pathlib import Path

from actors.errors import BadInputError
from ops.report.gathered import Gathered, gather
from ops.report.page import page

NAME = "report.html"
"""What a report is called, beside its journal."""


def write_report(journal: Path, target: Path, *, just_written: bool = False) -> Path:
    """Write the report of a run, over an older one if there is one. A page that is there is always a whole one.

    Args:
        journal: It may be a run's that failed, or that still runs.
        target: Where to; its folder is made if need be.
        just_written: By this process, so that its hashes need not be worked out again.

    Returns:
        `target`.

    Raises:
        JournalUnreadableError: no such file, no journal, or SQLite can't read it.
        BadInputError: the target can't be written.
        ExecdError: plotly.js is not installed.
    """
    return write_page(gather(journal, just_written=just_written), target)


def write_page(found: Gathered, target: Path) -> Path:
    """Write the page of what was gathered, and return `target`.

    Raises:
        BadInputError: the target can't be written.
        ExecdError: plotly.js is not installed.
    """
    text = page(found)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, so that it is nobody else's from the start
            file.write(text.encode("utf-8", "replace"))
        unfinished.replace(target)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise BadInputError(f"{target}: can't be written: {error.strerror}") from None
    return target
