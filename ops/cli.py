"""The command line: what starts first, and how it ends.

The commands themselves (ops/commands.py) are imported only when signals are taken care of, and each of them imports
what it needs when it is called: ``execd --help`` answers at once.
"""

import os
import sys
from collections.abc import Sequence

from ops.exits import UsageError, ended
from ops.own_packages import check

COMPLETE = "_EXECD_COMPLETE"
"""Environment variable in which a shell asks for words instead of a run (ops/completion.py)."""


def start(words: Sequence[str]) -> int:
    """Do what the words of a command line say. Returns the exit code.

    Raises:
        UsageError: They make no sense; what is wrong was said.
    """
    import typer  # noqa: PLC0415 - takes a tenth of a second

    from ops.commands import app  # noqa: PLC0415
    from ops.hints import command  # noqa: PLC0415

    if COMPLETE in os.environ:
        from typer.completion import get_completion_inspect_parameters  # noqa: PLC0415

        get_completion_inspect_parameters()  # teaches typer the shells; the options that it returns are not wanted
    try:
        return int(app(words, prog_name=command(), complete_var=COMPLETE, standalone_mode=False) or 0)
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if callable(show):
            show()
        raise UsageError(error.format_message()) from None


def main() -> None:
    """Start. The console script's entry."""
    words = sys.argv[1:]

    def whole() -> int:
        check()
        return start(words)

    raise SystemExit(ended(whole, json="--json" in words))


if __name__ == "__main__":
    main()
