"""Consoles: what people read goes to stdout, or to stderr where stdout is for machines."""

import sys

from rich.console import Console


def stdout() -> Console:
    """Return the console on stdout."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=False)


def stderr() -> Console:
    """Return the console on stderr."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=False)
