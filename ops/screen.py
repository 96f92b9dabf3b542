"""Consoles: what people read goes to stdout, or to stderr where stdout is for machines."""

import os
import sys
from typing import TextIO

from rich.console import Console

_WIDE = 160
"""Columns where no terminal bounds them: a table in a file or a pipe loses nothing."""


def stdout() -> Console:
    """Return the console on stdout: for what people read as the result."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Return the console on stderr: for everything else."""
    return _console(sys.stderr)


def _console(file: TextIO) -> Console:
    bounded = file.isatty() or "COLUMNS" in os.environ
    return Console(file=file, highlight=False, soft_wrap=False, width=None if bounded else _WIDE)
