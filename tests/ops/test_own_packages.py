"""execd starts only with its own four packages, and says in one line which other package hides one of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops import own_packages

ROOT = Path(__file__).resolve().parents[2]


def start(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the check with a folder before ours on the path."""
    code = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(ROOT)!r}]; from ops.own_packages import check; check()"
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT.parent, env=dict(os.environ), capture_output=True, text=True, check=False
    )


def test_the_four_packages_are_ours() -> None:
    assert own_packages.strangers() == ()


def test_with_nothing_in_the_way_the_start_goes_on(tmp_path: Path) -> None:
    assert start(tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["actors", "config", "messages"])
@pytest.mark.parametrize("file", ["{}/__init__.py", "{}.py"])
def test_another_package_of_a_name_of_ours_is_exit_2_and_one_line(name: str, file: str, tmp_path: Path) -> None:
    path = tmp_path / file.format(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("")

    done = start(tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith(f"execd: package {name}: found {tmp_path}")
    assert done.stderr.count("\n") == 1


def test_a_folder_without_our_marker_is_not_ours(tmp_path: Path) -> None:
    for name in own_packages.PACKAGES:
        (tmp_path / name).mkdir()

    lines = own_packages.strangers(tmp_path)

    assert len(lines) == len(own_packages.PACKAGES)
