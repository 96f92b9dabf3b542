"""``execd run`` and ``check`` do what the config's mode makes of them, and an option of another mode is refused.

What a daemon needs is never imported for a backtest: ccxt alone takes a second.
"""

import json
from pathlib import Path

import pytest

from actors.errors import BadInputError
from ops.daemon import checking, command
from ops.daemon.command import Asked
from ops.modes import check_any, run_any
from tests.config.samples import CONFIG, LIVE, PAPER
from tests.ops.started import execd, write_case

HEAVY = ("ccxt", "aiohttp", "tenacity", "aiolimiter", "ops.daemon.venues", "actors.exchange.live")
"""What only a daemon needs."""


def written(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("config", [LIVE, PAPER])
@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--out", {"out": Path("out")}),
        ("--force", {"force": True}),
        ("--no-journal", {"journal": False}),
    ],
)
def test_options_of_a_backtest_are_refused_of_a_run_that_goes_on(
    config: str, option: str, words: dict[str, object], tmp_path: Path
) -> None:
    given: dict[str, object] = {"out": None, "json": False, "journal": True, "force": False, "adopt": False} | words

    with pytest.raises(BadInputError) as refused:
        run_any(written(tmp_path, config), **given)  # type: ignore[arg-type]  # each is of its own type

    assert refused.value.exit_code == 2
    assert refused.value.problems == (
        f"{option}: only of a backtest; the journal of this run is what [journal] path says",
    )


@pytest.mark.parametrize("config", [CONFIG, PAPER])
def test_only_a_live_run_adopts(config: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        run_any(written(tmp_path, config), out=None, json=False, journal=True, force=False, adopt=True)

    assert refused.value.problems == ("--adopt: only of a live run, which this config is not",)


@pytest.mark.parametrize("words", [("check", "--online"), ("run", "--adopt")])
def test_a_config_that_is_not_there_is_said_whatever_is_asked_of_it(words: tuple[str, str], tmp_path: Path) -> None:
    ended = execd(words[0], "none.toml", words[1], cwd=tmp_path)

    assert (ended.code, ended.err) == (2, "none.toml: no such file: none.toml\n")


def test_a_check_of_a_backtest_asks_nobody(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        check_any(written(tmp_path, CONFIG), online=True, json=False)

    assert refused.value.problems == ("--online: only of a live or paper run, which this config is not",)


@pytest.mark.parametrize(("config", "adopt"), [(LIVE, True), (LIVE, False), (PAPER, False)])
def test_a_run_that_goes_on_is_the_daemons(
    config: str, *, adopt: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def daemon(*words: object) -> int:
        asked.append(words)
        return 7

    monkeypatch.setattr(command, "daemon_command", daemon)
    path = written(tmp_path, config)

    code = run_any(path, out=None, json=True, journal=True, force=False, adopt=adopt)

    assert code == 7
    assert asked == [(path, Asked(adopt=adopt, json=True))]


@pytest.mark.parametrize("online", [True, False])
def test_a_check_of_it_is_too(*, online: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def check(*words: object, **more: object) -> int:
        asked.append((words, more))
        return 7

    monkeypatch.setattr(checking, "check_ongoing", check)
    path = written(tmp_path, PAPER)

    code = check_any(path, online=online, json=False)

    assert code == 7
    assert asked == [((path,), {"online": online, "json": False})]


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        *([name, "--help"] for name in ("run", "check", "status", "resolve", "resume", "halt", "cancel-all")),
        ["testbed", "--help"],
        ["testbed", "exchange", "--help"],
        ["check", "backtest.toml"],
        ["run", "backtest.toml", "--no-journal"],
    ],
    ids=" ".join,
)
def test_what_only_a_daemon_needs_is_imported_for_nothing_else(words: list[str], tmp_path: Path) -> None:
    write_case(tmp_path)
    code = (
        "import json, sys\n"
        "from ops.cli import start\n"
        "try:\n"
        f"    start({words!r})\n"
        "finally:\n"
        f"    found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    print('imported', json.dumps(found), file=sys.stderr)\n"
    )

    ended = execd(cwd=tmp_path, code=code)

    assert ended.code == 0, ended.err
    assert json.loads(ended.err.rpartition("imported ")[2]) == []
