"""What stands against a live or paper run is said in words that help, with 2, before anything is started."""

import json
from pathlib import Path

import pytest

from ops.daemon.checking import check_ongoing
from tests.config.samples import LIVE, PAPER, line
from tests.ops.daemon import house
from tests.ops.started import execd

ENDPOINT = '[venues.binance.endpoint]\nconnect_to = "127.0.0.1:1"\nca_file = "ca.pem"\n'


def desk(folder: Path, config: str) -> Path:
    (folder / "keys").mkdir()
    keys = folder / "keys" / "binance.json"
    keys.write_text(json.dumps({"api_key": "a" * 16, "secret": "b" * 16}))
    keys.chmod(0o600)
    (folder / "instructions.jsonl").write_text("")
    (folder / "x.toml").write_text(config)
    return folder


@pytest.mark.parametrize("words", [("check",), ("run",)])
@pytest.mark.parametrize("config", [LIVE, PAPER])
def test_a_mistake_is_said_itself_whatever_the_mode(tmp_path: Path, words: tuple[str, ...], config: str) -> None:
    desk(tmp_path, config.replace('"cex"', '"cex"\nmax_slipage_bps = "3"'))

    ended = execd(*words, "x.toml", cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert "max_slipage_bps: unknown key" in ended.err
    assert "not in this version" not in ended.err


@pytest.mark.parametrize("words", [("check",), ("check", "--online"), ("run",)])
@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file: "), ("no certificate\n", "no certificates in it, expected some in PEM")],
)
def test_a_file_of_certificates_that_holds_none_is_refused(
    tmp_path: Path, words: tuple[str, ...], content: str | None, said: str
) -> None:
    desk(tmp_path, LIVE + ENDPOINT)
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)

    ended = execd(*words, "x.toml", cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("x.toml: venues.binance.endpoint.ca_file: ")
    assert said in ended.err
    assert not (tmp_path / "state").exists()


def test_a_journal_that_could_not_be_written_is_said_by_a_check(tmp_path: Path) -> None:
    desk(tmp_path, LIVE)
    (tmp_path / "state").write_text("a file where a folder is wanted")

    ended = execd("check", "x.toml", cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"x.toml: journal.path: {tmp_path}/state can't be written, ")


def test_a_config_that_does_not_go_with_its_journal_is_said_by_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with house.desk(tmp_path, monkeypatch, house.PAPER) as own:
        own.start()
        own.give("L1")
        own.told.wait_for("OrderSubmitted")
        own.stop()
        text = own.config.read_text()

    (tmp_path / "x.jsonl").write_text(line(pair="ETHUSDT-PERP", amount="7", id=None) + "\n")
    own.config.write_text(text.replace('use = "tests.ops.house:Silent"', 'use = "script"\nparams = {file = "x.jsonl"}'))
    renamed = check_ongoing(own.config, online=False, json=False), capsys.readouterr().err
    own.config.write_text(text.replace(', "ETHUSDT-PERP"', ""))
    dropped = check_ongoing(own.config, online=False, json=False), capsys.readouterr().err

    assert renamed[0] == dropped[0] == 2
    assert renamed[1].startswith("x.jsonl:1: another instruction was placed as line 1 before, ")
    assert dropped[1].startswith("venues.bybit.instruments: ETHUSDT-PERP stands in the journal, ")
