"""What holds for every test: with CI=true a skipped test is a failed one, unless its reason is explained here.

Tests marked slow run in a short form; with ``--long``, or EXECD_LONG set, in the long one.
"""

import os
from collections.abc import Generator

import pytest

EXPLAINED_SKIPS = {
    "no other Python": "the second Python of the determinism test is not part of what a machine must have",
    "no recorded prices": "real market data lies beside the repository and is not part of it",
    "no Chromium": "a browser is not part of what a machine must have; .ci/run installs one where it may",
}
"""How the reason of a skip that is in order begins, and why it is in order."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--long", action="store_true", help="run tests marked slow in their long form")


@pytest.fixture(scope="session")
def long_run(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for."""
    return bool(request.config.getoption("--long")) or os.environ.get("EXECD_LONG", "") not in {"", "0"}


def skip_fails(reason: str) -> bool:
    """Whether a skip for this reason counts as a failure here."""
    return os.environ.get("CI") == "true" and not any(reason.startswith(start) for start in EXPLAINED_SKIPS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn an unexplained skip of a test into a failure."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn an unexplained skip of a whole file into a failure."""
    report = yield
    _judge(report)
    return report


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    said = report.longrepr
    reason = (said[2] if isinstance(said, tuple) else str(said)).removeprefix("Skipped: ")
    if skip_fails(reason):
        report.outcome = "failed"
        report.longrepr = f"skipped where CI=true, and not on the list of explained skips: {reason}"
