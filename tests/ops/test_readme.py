"""What the README shows is true: its strategy and configs run, its result is the demo's, its map leads somewhere."""

import json
import re
import shlex
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from config.load import settings_from
from config.settings import Settings
from ops.run_command import run_command
from tests.independent import reference
from tests.ops.started import ROOT, execd

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def block(language: str, having: str) -> str:
    (found,) = [text for text in blocks(language) if having in text]
    return found


def words_of(line: str) -> list[str]:
    """Return what follows ``sh ops/run`` in a line."""
    assert line.startswith("sh ops/run ")
    return shlex.split(line)[2:]


def test_it_opens_with_a_sentence_and_with_what_execd_is_not() -> None:
    head = README.partition("## ")[0]

    assert head.startswith("# execd\n\nexecd ")
    assert "**What it is not.**" in head
    assert "**Safety.**" in head


def test_the_two_commands_are_the_first_that_it_shows() -> None:
    assert blocks("sh")[0].splitlines() == ["sh ops/run demo", "sh ops/run test"]


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    shown = block("text", "Cash and carry").rstrip()

    ended = execd("demo", cwd=tmp_path, COLUMNS="80")

    printed = "\n".join(line.rstrip() for line in ended.out.splitlines()).strip()
    assert printed.startswith(shown)


def test_the_first_strategy_does_in_ten_lines_what_the_readme_says(tmp_path: Path) -> None:
    text = block("python", "EveryMidnight")
    (tmp_path / "every_midnight.py").write_text(text)
    (tmp_path / "own.toml").write_text(block("toml", "every_midnight"))
    sample, run = block("sh", "own.toml").splitlines()

    written = execd(*words_of(sample), cwd=tmp_path)
    ended = execd(*words_of(run), "--json", cwd=tmp_path)

    assert (written.code, ended.code) == (0, 0), ended.err
    told = ended.object()
    assert len([line for line in text.splitlines() if line.strip()]) == 10
    assert (told["instructions"], told["fills"], told["refusals"]) == (60, 60, 0)
    assert told["balances"]["bybit"]["ETH"] == "2.997"
    assert told["positions"]["bybit"]["ETHUSDT-PERP"]["amount"] == "-3"
    assert Decimal(told["funding"]) > 0
    for said in ("It buys 30 times and ends with 2.997 ETH against 3 ETH short", "has a lot of 0.01 ETH"):
        assert said in " ".join(README.split())


def test_the_config_means_what_its_comments_say() -> None:
    settings = settings_from(tomllib.loads(block("toml", "# backtest.toml"), parse_float=Decimal), "README.md")

    assert settings.data.resolution == "1h"
    assert settings.accounts["bybit"]["USDT"] == Decimal(200_000)  # type: ignore[index]  # plain text will do
    assert settings.strategy.use == "script"
    assert settings.mode.seed == 7


def test_every_section_and_key_that_exists_is_shown_or_named() -> None:
    shown = README.partition("## Configuration")[2].partition("\n## ")[0]

    for name, field in Settings.model_fields.items():
        assert f"[{name}" in shown
        inner = field.annotation
        for key in getattr(inner, "model_fields", {}):
            assert key in shown or key == "halted"


@pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")
def test_the_config_and_its_instruction_run_on_recorded_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = block("toml", "# backtest.toml").replace('"../shared/data"', json.dumps(str(reference.SHARED)))
    (tmp_path / "backtest.toml").write_text(text)
    (tmp_path / "instructions.jsonl").write_text(block("json", "a1"))

    code = run_command(tmp_path / "backtest.toml", out=tmp_path / "out", json=True, journal=True, force=False)

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["positions"]["bybit"]["ETHUSDT-PERP"]["amount"] == "-1.5"


def test_every_place_of_the_map_exists_and_no_actor_is_left_out() -> None:
    places: list[str] = []
    for line in block("text", "messages/ ").splitlines():
        name = line.split()[0]
        places.append(name if not line.startswith(" ") else places[_top(places)] + name)

    assert [place for place in places if not (ROOT / place).exists()] == []
    actors = {path.name for path in (ROOT / "actors").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert {f"actors/{name}/" for name in actors} <= {*places}


def _top(places: list[str]) -> int:
    """Return where the last top folder stands in the list."""
    return max(number for number, place in enumerate(places) if place.count("/") == 1 and place.endswith("/"))


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_command_that_it_names_exists(tmp_path: Path) -> None:
    named = {*re.findall(r"`(?:sh ops/run )?(journal \w+|data \w+|bench|demo)[ `]", README)}

    assert {"journal show", "journal export", "journal verify", "data check", "bench"} <= named
    for words in named:
        assert execd(*words.split(), "--help", cwd=tmp_path).code == 0
