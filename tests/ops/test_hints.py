"""What execd tells a user to type works as it stands, for that user: the same way in, paths from here, quoted."""

import os
import sys
from pathlib import Path

import pytest

from ops.hints import LAUNCHER, command, command_anywhere, typed


@pytest.fixture(autouse=True)
def _nobody_started_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(LAUNCHER, raising=False)
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_started_by_ops_run_the_command_is_that_path_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LAUNCHER, "../my execd/ops/run")

    assert command() == "sh '../my execd/ops/run'"


def test_started_by_uv_the_command_is_uv_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")

    assert command() == "uv run execd"


def test_on_the_path_the_command_is_its_name_and_elsewhere_where_it_lies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["/a b/bin/execd"])
    assert command() == "'/a b/bin/execd'"

    (tmp_path / "execd").touch(mode=0o755)

    assert command() == "execd"


def test_what_is_typed_in_any_folder_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert command_anywhere() == str(Path(sys.executable).with_name("execd"))

    (tmp_path / "execd").touch(mode=0o755)
    assert command_anywhere() == "execd"

    monkeypatch.setenv(LAUNCHER, "my execd/ops/run")
    assert command_anywhere() == f"sh '{tmp_path}/my execd/ops/run'"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("a/b", "a/b"),
        ("a b/c", "'a b/c'"),
        ("x/../y", "y"),
        ("-x/y", "./-x/y"),
        (".", "."),
    ],
)
def test_a_path_below_is_written_from_here(path: str, written: str, tmp_path: Path) -> None:
    assert typed(Path(path)) == written
    assert typed(tmp_path / path) == written


def test_a_path_elsewhere_is_written_in_full(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    os.chdir(tmp_path / "here")

    assert typed(Path("../there")) == str(tmp_path / "there")
