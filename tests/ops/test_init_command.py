"""``execd init`` writes a config that works as it stands, and with every option in it switched on; it loses nothing."""

import re
from pathlib import Path

import pytest

from config.load import load
from messages.units import VenueName
from ops.init_command import STARTER, init_command
from ops.sample_data import write_sample
from tests.ops.started import execd

OPTION = re.compile(r"^#(?=[A-Za-z\[])", re.MULTILINE)


def test_what_init_says_to_type_next_works_as_it_stands(tmp_path: Path) -> None:
    told = execd("init", cwd=tmp_path)
    typed = [line.split()[1:] for line in told.out.splitlines() if line.startswith("  execd ")]

    assert (told.code, told.err) == (0, "")
    assert [words[0] for words in typed] == ["data", "check", "run"]
    for words in typed:
        ended = execd(*words, cwd=tmp_path)
        assert (ended.code, ended.err) == (0, ""), ended


def test_every_option_in_it_can_be_switched_on(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(OPTION.sub("", STARTER))

    settings = load(tmp_path / "all.toml").settings

    assert len(OPTION.findall(STARTER)) >= 10
    assert settings.venues[VenueName("bybit")].maker_fee_bps == 2
    assert settings.risk.max_order_notional == 100_000


def test_every_key_has_a_comment_or_stands_under_one() -> None:
    lines = STARTER.splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"#?[a-z_A-Z]+ = ", line)]
    bare = [lines[number] for number in keys if lines[number].count("#") == lines[number].startswith("#")]

    assert [line.split(" = ")[0] for line in bare] == ["type", "end", "USDT", "#ETH", "venue"]
    assert all(len(line) <= 120 for line in lines)


def test_what_is_printed_names_the_way_in_and_the_file_no_path_of_this_machine(tmp_path: Path) -> None:
    told = execd("init", cwd=tmp_path, EXECD_LAUNCHER="../x/ops/run")

    text = (tmp_path / "backtest.toml").read_text()
    assert "\n  sh ../x/ops/run check backtest.toml\n" in told.out
    assert "# Every key there is: execd config reference\n" in text
    assert "ops/run" not in text


def test_data_that_are_there_are_not_to_be_made_again(tmp_path: Path) -> None:
    write_sample(tmp_path / "data", days=1)

    assert "data sample" not in execd("init", cwd=tmp_path).out


def test_a_file_that_is_there_is_refused_and_with_force_kept_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("first")

    assert init_command(file, force=False) == 2
    assert capsys.readouterr().err == f"{file}: is there already: choose another name, or keep it aside with --force\n"
    assert file.read_text() == "first"

    assert init_command(file, force=True) == 0
    (tmp_path / "mine.toml").write_text("second")
    assert init_command(file, force=True) == 0
    assert [(tmp_path / f"mine.toml.{number}").read_text() for number in (1, 2)] == ["first", "second"]
    assert "what was there is" in capsys.readouterr().out


def test_force_keeps_a_link_that_leads_nowhere_too(tmp_path: Path) -> None:
    (tmp_path / "link.toml").symlink_to("nowhere")

    assert init_command(tmp_path / "link.toml", force=True) == 0
    assert (tmp_path / "link.toml.1").is_symlink()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (".", "is a folder, expected the name of a new file"),
        ("no/a.toml", "can't be written: no such folder"),
        ("file/a.toml", "can't be written: Not a directory"),
        ("a\0b", "can't be written: not a path"),
        ("a" * 300, "can't be written: File name too long"),
    ],
)
def test_what_can_not_be_written_is_exit_2_and_one_line(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    code = init_command(tmp_path / name, force=True)

    err = capsys.readouterr().err
    assert (code, err.count("\n")) == (2, 1)
    assert said in err
