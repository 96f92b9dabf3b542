"""The same config, data and seed give the same journal hash, to the last bit of every entry.

In other processes, for other orders of hashing, in other folders with other ``--out``, and on another Python.
"""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.determinism import other_python
from tests.independent import reference, scripts

ROOT = Path(__file__).resolve().parents[2]
SCRIPT_SEED = 15
"""Three venues, with gaps, funding, flips and refusals of every kind."""

pytestmark = pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")


def journal_hash(
    folder: Path, *, hash_seed: str = "0", out: str = "out", python: Path | None = None, seed: int = SCRIPT_SEED
) -> str:
    """Run the script in a process of its own and return its journal hash."""
    script = scripts.draw(SCRIPT_SEED)
    folder.mkdir(exist_ok=True)
    toml = scripts.toml_of(script.case, seed).replace("DATA", str(reference.SHARED))
    (folder / "backtest.toml").write_text(toml)
    (folder / "instructions.jsonl").write_text("\n".join(script.lines) + "\n")
    code = "import sys; from ops.cli import main; sys.exit(main())"
    words = ["run", str(folder / "backtest.toml"), "--json", "--out", str(folder / out)]
    paths = os.pathsep.join([str(ROOT), str(_installed(folder))])
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603 - our own command
        [str(python or sys.executable), "-c", code, *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])["journal_hash"]
    assert isinstance(found, str)
    assert re.fullmatch("[0-9a-f]{64}", found)
    return found


def _installed(folder: Path) -> Path:
    """Return a folder that tells any Python what an installation tells it: the project's name and version."""
    info = folder / "site" / "execd.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: execd\nVersion: {version('execd')}\n")
    return info.parent


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the hash that all others are compared with."""
    return journal_hash(tmp_path_factory.mktemp("first"))


@pytest.mark.parametrize("hash_seed", ["0", "1", "424242"])
def test_other_processes_orders_of_hashing_and_folders_give_the_same_hash(
    hash_seed: str, first: str, tmp_path: Path
) -> None:
    folder = tmp_path / f"folder {hash_seed}"

    assert journal_hash(folder, hash_seed=hash_seed, out=f"out-{hash_seed}") == first


def test_another_python_gives_the_same_hash(first: str, tmp_path: Path) -> None:
    try:
        found = other_python.find()
    except other_python.NoOtherPythonError as error:
        pytest.skip(str(error))
    python = other_python.with_packages(found)

    assert journal_hash(tmp_path, hash_seed="7", python=python) == first


def test_another_seed_gives_another_hash(first: str, tmp_path: Path) -> None:
    assert journal_hash(tmp_path, seed=SCRIPT_SEED + 1) != first
