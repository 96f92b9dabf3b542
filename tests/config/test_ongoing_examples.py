"""The examples of live and paper runs make sense as they stand, and are safe: real exchanges are not their default."""

from pathlib import Path

import pytest

from config.instructions import read_open_script
from config.load import load
from config.venue_rules import chosen_instruments, told_models
from messages.instruments import instruments_of

FOLDER = Path(__file__).parents[2] / "config" / "examples"
EXAMPLES = sorted(path for path in FOLDER.glob("*.toml") if path.stem.partition("-")[0] in ("live", "paper"))


def test_there_is_one_for_each_mode() -> None:
    assert [path.stem for path in EXAMPLES] == ["live-script", "paper-basis"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_in_the_mode_that_its_name_says(example: Path) -> None:
    settings = load(example).settings

    assert settings.mode.type == example.stem.partition("-")[0]
    assert {*instruments_of(told_models(settings, {}))} == {*chosen_instruments(settings)}
    assert all(venue.endpoint is not None for venue in settings.venues.values() if venue.credentials is not None)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_begins_with_what_it_is_and_with_the_commands_that_run_it(example: Path) -> None:
    head = example.read_text().partition("[mode]")[0]

    assert any(f"#   execd check {example.name}{words}\n" in head for words in ("", " --online"))
    assert f"#   execd run {example.name}\n" in head
    assert all(line.startswith("#") for line in head.splitlines() if line)


def test_the_script_of_an_example_makes_sense_and_names_its_trades() -> None:
    loaded = load(FOLDER / "live-script.toml")
    assert loaded.script is not None

    found = read_open_script(
        loaded.script, venues=tuple(loaded.settings.venues), known=chosen_instruments(loaded.settings)
    )

    assert len(list(found.in_order())) == 6
    assert not list(found.named_by_line())
    found.close()
