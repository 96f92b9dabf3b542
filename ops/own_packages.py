"""Are `messages`, `config`, `actors` and `ops` ours? PyPI has other packages called `ops` and `config`.

Looked at without importing any of them, so that `execd --help` pays nothing for it.
"""

import importlib.util
import sys
from pathlib import Path

PACKAGES = ("actors", "config", "messages", "ops")
OWN_ROOT = Path(__file__).resolve().parent.parent
MARKER = "py.typed"


def strangers(root: Path = OWN_ROOT) -> tuple[str, ...]:
    """Return one line for each of the four packages that is missing, or lies elsewhere than beside this one."""
    lines: list[str] = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        found = [] if spec is None else [Path(place).resolve() for place in spec.submodule_search_locations or ()]
        if found != [root / name]:
            where = ", ".join(map(str, found)) or (spec and spec.origin) or "nowhere"
            lines.append(f"package {name}: found {where}, expected {root / name}: another of this name hides execd's")
        elif not (root / name / MARKER).is_file():
            lines.append(f"package {name}: {root / name} is not execd's: no {MARKER} in it")
    return tuple(lines)


def check() -> None:
    """Leave with exit code 2 and a line for each stranger, if there are any. Called before anything else at start.

    Raises:
        SystemExit: Code 2: a package of ours is hidden by another of its name.
    """
    lines = strangers()
    if lines:
        print(*(f"execd: {line}" for line in lines), sep="\n", file=sys.stderr)  # noqa: T201 - before any logging
        raise SystemExit(2)
