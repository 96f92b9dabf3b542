"""One made-up year with its report, and one browser, for all tests of a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.report import write_report
from tests.ops.report.browser import Browser, installed
from tests.ops.report.made import Year, write


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a made-up year of hourly marks."""
    folder = tmp_path_factory.mktemp("year")
    return write_report(write(folder / "journal.sqlite", Year().entries()), folder / "report.html")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a running Chromium."""
    program = installed()
    if program is None:
        pytest.skip("no Chromium: on Debian, apt install chromium (.ci/run does that where it may)")
    with Browser(program, tmp_path_factory.mktemp("profile")) as running:
        yield running
