"""A skip can't hide a failure from CI: where CI=true it fails, unless tests/conftest.py explains it."""

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).with_name("conftest.py")
FILES = {
    "test_one.py": "import pytest\n\ndef test_it():\n    pytest.skip('because')\n",
    "test_file.py": "import pytest\npytest.skip('because', allow_module_level=True)\n",
    "test_marked.py": "import pytest\n\n@pytest.mark.skipif(True, reason='because')\ndef test_it():\n    pass\n",
}


def run(folder: Path, *, ci: str, reason: str = "because") -> subprocess.CompletedProcess[str]:
    """Run all of FILES under our conftest."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    for name, text in FILES.items():
        (folder / name).write_text(text.replace("because", reason))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | {"CI": ci}
    words = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def test_an_unexplained_skip_fails_where_ci_is_true(tmp_path: Path) -> None:
    done = run(tmp_path, ci="true")

    assert done.returncode == 1, done.stdout
    assert done.stdout.count("not on the list of explained skips: because") == len(FILES)


def test_a_skip_elsewhere_is_only_said(tmp_path: Path) -> None:
    done = run(tmp_path, ci="")

    assert done.returncode == 0, done.stdout
    assert "3 skipped" in done.stdout


def test_an_explained_skip_passes_where_ci_is_true(tmp_path: Path) -> None:
    done = run(tmp_path, ci="true", reason="no recorded prices at")

    assert done.returncode == 0, done.stdout
    assert "no recorded prices at" in done.stdout
