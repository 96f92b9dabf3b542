"""``execd report``: the page of a run that is over, or that still runs."""

import sys
from pathlib import Path

from actors.errors import ExecdError
from ops.report.gathered import gather
from ops.report.head import changed
from ops.report.writing import NAME, write_page


def report_command(journal: Path, *, out: Path | None) -> int:
    """Write the report of a journal and print its path.

    Args:
        journal: The file.
        out: Folder of the report; beside the journal if None.

    Returns:
        The exit code: 0; 1 if the journal is not what was written (the page is there, and says so); 2 if the journal
        can't be read or the report not be written.
    """
    try:
        found = gather(journal)
        target = write_page(found, (journal.parent if out is None else out) / NAME)
    except ExecdError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{target}\n")
    if found.doubts:
        sys.stderr.write(f"{journal}: {changed(found)}\n")
        return 1
    return 0
