"""Another Python than the one that runs the tests, with the locked packages, made once and kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
WANTED = "3.11" if sys.version_info[:2] == (3, 13) else "3.13"


class NoOtherPythonError(Exception):
    """None of the wanted version was found that works. Its text says where it was looked for."""


def find() -> Path:
    """Return an interpreter of the wanted version that starts, and has what execd needs of its standard library.

    Raises:
        NoOtherPythonError: There is none.
    """
    looked: list[str] = []
    for candidate in _candidates():
        code = "import sqlite3, ssl, sys, venv; print('%d.%d' % sys.version_info[:2])"
        if _output(candidate, "-c", code) == WANTED:
            return Path(candidate)
        looked.append(candidate)
    raise NoOtherPythonError(f"no other Python: looked for a working {WANTED}, found {', '.join(looked) or 'none'}")


def _candidates() -> list[str]:
    """By uv, on the path, among pyenv's versions."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    found = [_output(uv, "python", "find", "--no-project", "--offline", WANTED), shutil.which(f"python{WANTED}")]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found += [str(path) for path in sorted(pyenv.glob(f"{WANTED}*/bin/python"), reverse=True)]
    return [path for path in found if path]


def _output(*command: str) -> str:
    """Return what a command prints, or nothing if it does not work."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - an interpreter
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def with_packages(python: Path) -> Path:
    """Return an interpreter of an environment that has the locked packages; makes it if it is not in the cache.

    Raises:
        CalledProcessError: The packages could not be installed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "execd-tests"
    mark = hashlib.sha256(LOCK.read_bytes() + str(python).encode()).hexdigest()[:16]
    kept = cache / f"python{WANTED}-{mark}"
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=cache))  # another run may make one too: the first to be ready is kept
        _run(str(python), "-m", "venv", "--without-pip", str(made))
        _install(made / "bin" / "python")
        try:
            made.rename(kept)
        except OSError:
            shutil.rmtree(made)
    return kept / "bin" / "python"


def _install(python: Path) -> None:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    if _output(uv, "--version"):
        _run(uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(LOCK))
        return
    _run(str(python), "-m", "ensurepip")
    _run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - as above
