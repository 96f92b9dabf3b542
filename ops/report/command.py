"""``execd report``: the page of a run that is over, or that still runs."""

import sys
from pathlib import Path

from actors.errors import ExecdError
from ops.report.writing import NAME, write_report


def report_command(journal: Path, *, out: Path | None) -> int:
    """Write the report of a journal and print its path.

    Args:
        journal: The file.
        out: Folder of the report; beside the journal if None.

    Returns:
        The exit code: 0, or 2 if the journal can't be read or the report not be written.
    """
    try:
        target = write_report(journal, (journal.parent if out is None else out) / NAME)
    except ExecdError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{target}\n")
    return 0
