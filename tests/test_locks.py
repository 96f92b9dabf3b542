"""The lock files that `ops/run` installs from say what uv.lock says, hash for hash."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXPORTS = {
    "requirements.lock": ("--no-default-groups", "--group", "build"),
    "requirements-dev.lock": ("--all-groups",),
}


def uv(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the uv of this environment; nothing here needs the network."""
    command = [sys.executable, "-m", "uv", *words, "--offline", "--project", str(ROOT)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize("name", EXPORTS)
def test_a_lock_file_is_what_uv_exports(name: str) -> None:
    words = ("export", "--quiet", "--frozen", "--no-emit-project", "--no-header", *EXPORTS[name])

    exported = uv(*words)

    assert exported.returncode == 0, exported.stderr
    assert (ROOT / name).read_text() == exported.stdout, f"write it anew: uv {' '.join(words)} > {name}"


def test_the_uv_lock_is_of_this_pyproject() -> None:
    checked = uv("lock", "--check")

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", EXPORTS)
def test_every_requirement_is_pinned_with_hashes_that_the_uv_lock_has(name: str) -> None:
    locked = {package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}

    for requirement in (ROOT / name).read_text().replace("\\\n", " ").splitlines():
        if not requirement.strip() or requirement.strip().startswith("#"):
            continue
        package, _, rest = requirement.partition("==")
        entry = locked[package]
        hashes = {word.removeprefix("--hash=") for word in rest.split() if word.startswith("--hash=")}
        assert rest.split()[0] == entry["version"]
        assert hashes == {file["hash"] for file in [*entry["wheels"], *([entry["sdist"]] if "sdist" in entry else [])]}
