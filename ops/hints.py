"""How a command and a path are written, so that whoever reads them can type them as they stand."""

import os
import shlex
import shutil
import sys
from pathlib import Path

LAUNCHER = "EXECD_LAUNCHER"
"""Environment variable in which ops/run says by which path it was started."""


def command() -> str:
    """Return how execd is called where this process was started: ``execd``, ``sh ops/run`` or another way in."""
    if launcher := os.environ.get(LAUNCHER):
        return f"sh {shlex.quote(launcher)}"
    if "UV_RUN_RECURSION_DEPTH" in os.environ:  # `uv run` shows the child a PATH that its caller hasn't got
        return "uv run execd"
    if Path(sys.argv[0]).name == "execd" and shutil.which("execd") is None:
        return shlex.quote(sys.argv[0])
    return "execd"


def command_anywhere() -> str:
    """Return how execd is called in any folder, as in a shell's start-up file."""
    if launcher := os.environ.get(LAUNCHER):
        return f"sh {shlex.quote(str(Path(launcher).absolute()))}"
    return "execd" if shutil.which("execd") else shlex.quote(str(Path(sys.executable).with_name("execd")))


def typed(path: Path) -> str:
    """Return a path for a command line: relative to the working folder where it lies below, and quoted if need be."""
    here = Path.cwd()
    below = (each for each in (path.absolute(), path.resolve()) if ".." not in each.parts and each.is_relative_to(here))
    found = next((str(each.relative_to(here)) for each in below), str(path.resolve()))
    return shlex.quote(f"./{found}" if found.startswith("-") else found)
