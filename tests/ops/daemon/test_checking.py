"""``execd check`` of a live or paper config says everything that would go wrong, and a start refuses the same.

Without ``--online`` nobody is asked, and nothing is written either way.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from actors.errors import BadInputError
from actors.journal.lock import JournalLock
from ops.daemon import checking, preparation
from ops.daemon.checking import check_ongoing
from ops.daemon.preparation import prepare
from ops.daemon.record import open_journal
from ops.daemon.venues import Seen, VenueDownError
from tests.config.samples import LIVE, PAPER, line
from tests.ops.daemon.house import balance, seen

OKX = '[venues.okx]\nkind = "cex"\ncredentials = "okx"\ninstruments = ["ETH/USDT"]\n'
ENDPOINT = '[venues.binance.endpoint]\nconnect_to = "127.0.0.1:1"\nca_file = "ca.pem"\n'
OWN = '[strategy]\nuse = "mine:Mine"\n'
KEYS = {"api_key": "a" * 16, "secret": "planted-secret"}


class Told:
    """What a check printed: its exit code, its object, and its lines for people."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def of(self, config: Path, *, online: bool = False) -> dict[str, Any]:
        """Check a config; return the object, with the lines of stderr."""
        code = check_ongoing(config, online=online, json=True)
        out, err = self._capture.readouterr()
        told: dict[str, Any] = json.loads(out.splitlines()[-1])
        assert told["exit"] == code
        assert KEYS["secret"] not in out + err
        return told | {"lines": err.splitlines()}

    def page(self, config: Path) -> str:
        assert check_ongoing(config, online=False, json=False) == 0
        return self._capture.readouterr().out


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody asked who was not meant to be."""

    def refuse(*_words: object, **_more: object) -> None:
        raise AssertionError("a venue was asked")

    monkeypatch.setattr(checking, "look_at_all", refuse)
    monkeypatch.setattr(preparation, "look_at_all", refuse)


def written(folder: Path, text: str = LIVE, *, lines: str = "", keys: object = KEYS) -> Path:
    """Write a config with its script and its keys."""
    (folder / "instructions.jsonl").write_text(lines)
    (folder / "keys").mkdir(exist_ok=True)
    for name in ("binance", "okx") if keys is not None else ():
        file = folder / "keys" / f"{name}.json"
        file.write_text(json.dumps(keys))
        file.chmod(0o600)
    config = folder / "live.toml"
    config.write_text(text)
    return config


def says(monkeypatch: pytest.MonkeyPatch, *answers: Seen | Exception) -> None:
    """Have the venues say this."""

    def look(*_words: object) -> tuple[Seen, ...]:
        for each in answers:
            if isinstance(each, Exception):
                raise each
        return tuple(each for each in answers if isinstance(each, Seen))

    monkeypatch.setattr(checking, "look_at_all", look)


def files(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if "__pycache__" not in each.parts)


def test_what_would_run_is_said(tmp_path: Path, told: Told) -> None:
    config = written(tmp_path, lines=line(venue="binance", side="LONG") + "\n")
    before = files(tmp_path)

    found = told.of(config)

    assert found == {
        "config": str(config),
        "mode": "live",
        "journal": str(tmp_path / "state" / "journal.sqlite"),
        "journal_is": "made by the first start",
        "strategy": "script",
        "instructions": 1,
        "venues": [
            {
                "venue": "binance",
                "instruments": ["ETH/USDT", "ETHUSDT-PERP"],
                "key": found["venues"][0]["key"],
                "goes_to": "the venue",
                **dict.fromkeys(
                    ["account", "skew_ms", "may_withdraw", "balances", "positions", "open_orders"]
                ),
            }
        ],
        "problems": [],
        "notes": [],
        "exit": 0,
        "lines": [],
    }  # fmt: skip
    assert "binance.json" in found["venues"][0]["key"]
    assert files(tmp_path) == before


def test_for_people_it_is_a_page(tmp_path: Path, told: Told) -> None:
    page = told.page(written(tmp_path, PAPER))

    assert "paper, strategy script" in page
    assert "The venues were not asked; --online asks them." in page


def test_a_venue_that_begins_with_nothing_on_paper_is_noted(tmp_path: Path, told: Told) -> None:
    accounts = '[accounts.bybit]\nUSDT = "200000"\n'
    assert accounts in PAPER
    note = (
        "[accounts] has nothing for bybit, so every order there will be refused: give it balances, such as "
        '[accounts.bybit] USDT = "10000"'
    )

    assert told.of(written(tmp_path, PAPER.replace(accounts, "")))["notes"] == [note]
    assert told.of(written(tmp_path, PAPER.replace("200000", "0")))["notes"] == [note]
    assert told.of(written(tmp_path, PAPER))["notes"] == []
    assert told.of(written(tmp_path, LIVE))["notes"] == []


def test_everything_that_is_wrong_here_is_said_at_once_and_by_a_start_too(tmp_path: Path, told: Told) -> None:
    text = LIVE + ENDPOINT + OKX + "sandbox = true\n"
    config = written(tmp_path, text, lines=line(venue="bybit") + "\n{}\n", keys=None)

    found = told.of(config)
    with pytest.raises(BadInputError) as refused:
        prepare(config)

    assert found["exit"] == 2
    assert found["lines"] == found["problems"]
    starts = [each[:34] for each in found["problems"]]
    assert starts[:3] == [
        "live.toml: venues.binance.credenti",
        "live.toml: venues.okx.credentials:",
        "live.toml: venues.binance.endpoint",
    ]
    assert all(each.startswith("instructions.jsonl:") for each in found["problems"][3:])
    assert {each.partition(":")[2].partition(":")[0] for each in found["problems"][3:]} == {"1", "2"}
    assert refused.value.problems == tuple(found["problems"])
    assert refused.value.exit_code == 2
    assert not (tmp_path / "state").exists()


def test_a_sandbox_that_there_is_not_is_refused_without_asking_anybody(tmp_path: Path, told: Told) -> None:
    config = written(tmp_path, LIVE + "sandbox = true\n")

    found = told.of(config)
    with pytest.raises(BadInputError) as refused:
        prepare(config)

    assert found["exit"] == 2
    (problem,) = found["problems"]
    assert problem.startswith("live.toml: venues.binance.sandbox: binance has no sandbox for PERP (ETHUSDT-PERP), ")
    assert refused.value.problems == tuple(found["problems"])


def test_a_sandbox_that_there_is_is_where_it_goes(tmp_path: Path, told: Told) -> None:
    text = LIVE.replace('["ETH/USDT", "ETHUSDT-PERP"]', '["ETH/USDT"]') + "sandbox = true\n"

    found = told.of(written(tmp_path, text))

    assert (found["exit"], found["venues"][0]["goes_to"]) == (0, "the venue's sandbox")


def test_a_config_that_makes_no_sense_is_said_line_by_line(tmp_path: Path, told: Told) -> None:
    found = told.of(written(tmp_path, LIVE + "poll_s = 0\nbogus = 1\n"))

    assert found["exit"] == 2
    assert set(found) == {"problems", "exit", "lines"}
    assert len(found["problems"]) == 2


def test_a_strategy_that_cant_be_built_is_said(tmp_path: Path, told: Told) -> None:
    text = LIVE[: LIVE.index("[strategy]")] + OWN + LIVE[LIVE.index("[venues") :]

    found = told.of(written(tmp_path, text))

    assert found["exit"] == 2
    assert found["problems"][0].startswith("live.toml: strategy.use: can't import mine")


class TestTheJournal:
    def made(self, folder: Path, mode: str = "live") -> Path:
        path = folder / "state" / "journal.sqlite"
        open_journal(path, mode=mode, hashed={"settings": {"mode": {"type": mode}}}, namespace=None).store.close()
        return path

    def test_that_is_there_is_gone_on_with(self, tmp_path: Path, told: Told) -> None:
        self.made(tmp_path)

        found = told.of(written(tmp_path))

        assert (found["exit"], found["journal_is"]) == (0, "gone on with, 0 entries")

    def test_of_another_mode_is_refused(self, tmp_path: Path, told: Told) -> None:
        path = self.made(tmp_path, "paper")

        found = told.of(written(tmp_path))

        assert found["problems"] == [f"live.toml: journal.path: {path} is the journal of a paper run, expected live"]

    def test_that_is_none_is_refused(self, tmp_path: Path, told: Told) -> None:
        self.made(tmp_path).write_text("my notes")

        found = told.of(written(tmp_path))

        assert (found["exit"], found["journal_is"]) == (2, "unreadable")
        assert len(found["problems"]) == 1

    def test_that_is_written_now_is_noted(self, tmp_path: Path, told: Told) -> None:
        lock = JournalLock(self.made(tmp_path))

        found = told.of(written(tmp_path))
        lock.release()

        assert found["exit"] == 0
        assert "writes it now; a second start would be refused" in found["notes"][0]
        assert found["lines"] == [f"note: {found['notes'][0]}"]


class TestOnline:
    def test_what_lies_there_is_said(self, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        held = seen(venue="binance", skew_ms=-7, balances=(balance("5.50"), balance("0", "ETH")), notes=("a note",))
        says(monkeypatch, held)

        found = told.of(written(tmp_path, LIVE.replace('"live"', '"live"\nadopt = true')), online=True)

        (venue,) = found["venues"]
        assert found["exit"] == 0
        assert (venue["account"], venue["skew_ms"], venue["balances"]) == ("uid-1", -7, {"bybit USDT": "5.5"})
        assert (venue["open_orders"], venue["may_withdraw"], venue["positions"]) == (0, False, {})
        assert found["notes"] == ["a note"]

    def test_a_funded_account_that_nobody_adopts_is_a_problem(
        self, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        says(monkeypatch, seen(venue="binance"))

        found = told.of(written(tmp_path), online=True)

        assert found["exit"] == 2
        assert "holds 100000 USDT in bybit; with --adopt" in found["problems"][0]
        assert found["venues"][0]["account"] == "uid-1"

    def test_what_stands_against_a_start_is_a_problem_also_where_it_may_pass(
        self, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        says(monkeypatch, seen(venue="binance", problems=("no right to trade",), passing=("the clock is off",)))

        found = told.of(written(tmp_path), online=True)

        assert (found["exit"], found["problems"]) == (2, ["no right to trade", "the clock is off"])

    def test_a_venue_that_does_not_answer_is_a_problem(
        self, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        says(monkeypatch, VenueDownError("venues.binance: it does not answer"))

        found = told.of(written(tmp_path), online=True)

        assert (found["exit"], found["problems"]) == (2, ["venues.binance: it does not answer"])

    def test_nobody_is_asked_where_something_is_wrong_here(self, tmp_path: Path, told: Told) -> None:
        found = told.of(written(tmp_path, keys=None), online=True)

        assert found["exit"] == 2
        assert len(found["problems"]) == 1
