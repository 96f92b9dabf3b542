"""``execd config reference``: every key of a config file, as the models have it."""

import sys


def reference_command() -> int:
    """Print the reference, in Markdown. Returns the exit code."""
    from config.reference import reference  # noqa: PLC0415

    sys.stdout.write(f"{reference().rstrip()}\n")
    return 0
