"""What the README shows is true: its strategy and configs run, its result is the demo's, its map leads somewhere."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from actors.data.market_files import read_market
from actors.journal.reader import JournalReader
from config.load import settings_from
from messages.book import Attribution
from messages.journal import ENTRY_TYPES
from messages.units import OrderType
from ops import wiring
from ops.commands import app
from ops.run_command import run_command
from tests.independent import reference
from tests.ops.daemon.rehearsal import exchange
from tests.ops.started import ROOT, execd

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def block(language: str, having: str) -> str:
    (found,) = [text for text in blocks(language) if having in text]
    return found


def under(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


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
    assert settings.mode.hashed["seed"] == 7

    assert settings.venues["bybit"].perp.leverage == 3  # type: ignore[index]
    assert settings.venues["bybit"].fill.max_share == Decimal("0.1")  # type: ignore[index]
    assert settings.report.enabled


def test_every_section_of_the_reference_is_shown_or_named_and_the_reference_is_where_it_says() -> None:
    shown = under("Configuration") + under("Live")
    shown = shown.replace("[venues.bybit", "[venues.X").replace("[venues.binance", "[venues.X")
    sections = re.findall(r"^## `\[+(.+?)\]+`$", (ROOT / "config" / "REFERENCE.md").read_text(), re.MULTILINE)

    assert len(sections) >= 12
    for section in sections:
        name = section.replace("ACCOUNT", "bybit").replace("SYMBOL", "ETHUSDT-PERP")
        assert f"[{name}]" in shown or f"`{name.rpartition('.')[2]}`" in shown, section
    assert "[config/REFERENCE.md](config/REFERENCE.md)" in shown


def orders_shown() -> list[dict[str, object]]:
    """Return the keys of each row of the table of orders."""
    table = README.partition("| order | keys |")[2].partition("\n\n")[0]
    return [json.loads(f"{{{keys}}}") for keys in re.findall(r"^\| .+? \| `(.+?)`", table, re.MULTILINE)]


def test_every_type_of_order_is_shown_and_its_keys_are_taken(tmp_path: Path) -> None:
    first = json.loads(block("json", '"id": "a1"'))
    orders = orders_shown()
    lines = [first] + [first | {"id": f"n{number}"} | keys for number, keys in enumerate(orders)]
    lines.append(first | {"id": "fok"} | orders[2] | {"time_in_force": "FOK"})
    lines.append(first | {"id": "mark"} | orders[3] | {"trigger_by": "MARK"})
    lines += [json.loads(line.replace("a1", "n0")) for line in block("json", "cancel_all").splitlines()]
    (tmp_path / "instructions.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    text = block("toml", "# backtest.toml").replace("../shared/data", "sample").replace("2025-09-01", "2024-03-01")
    (tmp_path / "backtest.toml").write_text(text)
    execd("data", "sample", "sample", cwd=tmp_path)

    ended = execd("run", "backtest.toml", "--out", "out", "--json", cwd=tmp_path)

    assert ended.code == 0, ended.err
    assert {keys["order_type"] for keys in orders} | {"MARKET"} == {each.value for each in OrderType}
    assert ended.object()["instructions"] == len(lines) - 3
    with JournalReader(tmp_path / "out" / "journal.sqlite") as reader:
        kinds = {type(record.entry).__name__ for record in reader.records()}
    assert kinds >= {"OrderSubmitted", "CancelSubmitted"}
    assert kinds & {"AmendSubmitted", "AmendRefused"}


@pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")
def test_the_config_and_its_instruction_run_on_recorded_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = block("toml", "# backtest.toml").replace('"../shared/data"', json.dumps(str(reference.SHARED)))
    (tmp_path / "backtest.toml").write_text(text)
    (tmp_path / "instructions.jsonl").write_text(block("json", '"id": "a1"'))

    code = run_command(tmp_path / "backtest.toml", out=tmp_path / "out", json=True, journal=True, force=False)

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["positions"]["bybit"]["ETHUSDT-PERP"]["amount"] == "-1.5"


def test_an_example_of_the_strategy_basis_runs_as_it_says(tmp_path: Path) -> None:
    copy, run = block("sh", "examples/basis-").splitlines()
    source, _ = shlex.split(copy)[1:]
    (tmp_path / Path(source).name).write_bytes((ROOT / source).read_bytes())
    execd("data", "sample", "sample", cwd=tmp_path)

    ended = execd(*words_of(run), "--json", cwd=tmp_path)

    assert ended.code == 0, ended.err
    told = ended.object()
    assert told["fills"] > 0
    assert sum(Decimal(amount) for amount in told["attribution"].values()) == Decimal(told["pnl"])
    assert (tmp_path / told["report"]).is_file()


def test_the_kinds_of_profit_and_loss_are_those_that_a_run_tells() -> None:
    shown = README.partition("| kind | what it counts |")[2].partition("\n\n")[0]

    assert tuple(re.findall(r"^\| (\w+) \|", shown, re.MULTILINE)) == Attribution.__struct_fields__


def test_a_program_of_ten_lines_trades_through_the_interfaces(tmp_path: Path) -> None:
    text = block("python", "ops.interfaces")
    (tmp_path / "buy.py").write_text(text)
    command = [sys.executable, "-W", "error", "buy.py"]

    done = subprocess.run(  # noqa: S603 - our own interpreter, and the program that the README shows
        command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, check=False
    )

    assert len([line for line in text.splitlines() if line.strip()]) == 10
    assert (done.stderr, done.stdout) == ("", block("text", "FILLED"))


def test_every_place_of_the_map_exists_and_no_actor_is_left_out() -> None:
    places: list[str] = []
    for line in block("text", "messages/ ").splitlines():
        name = line.split()[0]
        places.append(name if not line.startswith(" ") else places[_top(places)] + name)

    assert [place for place in places if not (ROOT / place).exists()] == []
    actors = {path.name for path in (ROOT / "actors").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert {f"actors/{name}/" for name in actors} <= {*places}


def test_who_talks_to_whom_is_what_the_wiring_says() -> None:
    shown = [line.strip() for line in block("text", "data provider ->").splitlines()]
    said = [line.strip() for line in (wiring.__doc__ or "").splitlines()]

    assert shown
    assert [line for line in shown if line not in said] == []


def _top(places: list[str]) -> int:
    """Return where the last top folder stands in the list."""
    return max(number for number, place in enumerate(places) if place.count("/") == 1 and place.endswith("/"))


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_command_is_in_the_table_and_every_one_that_is_named_exists(tmp_path: Path) -> None:
    groups = {group.name: group.typer_instance for group in app.registered_groups if group.typer_instance}
    there = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    there |= {f"{name} {each.name}" for name, group in groups.items() for each in group.registered_commands}
    there |= {name for name, group in groups.items() if name and group.info.invoke_without_command is True}
    table = README.partition("| command | what it does |")[2].partition("\n\n")[0]

    named = {re.sub(r" [A-Z[].*", "", words) for words in re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)}

    assert named == there
    elsewhere = {*re.findall(r"`(?:sh ops/run )?(journal \w+|data \w+|bench|demo)[ `]", README)}
    assert {"journal show", "journal export", "journal verify", "data check", "bench"} <= elsewhere <= there
    assert execd("journal", "show", "--help", cwd=tmp_path).code == 0


def test_every_type_of_entry_that_it_names_exists() -> None:
    differences = README.partition("**More types of entries**")[2].partition("\n\n")[0]

    named = re.findall(r"`(\w+)`", differences)

    assert len(named) > 10
    assert {*named} <= {each.__name__ for each in ENTRY_TYPES}


def test_the_rehearsal_runs_as_it_says_and_a_second_time_places_nothing(tmp_path: Path) -> None:
    start, *commands = [
        line for text in blocks("sh") if "testbed" in text or "live-script" in text for line in text.splitlines()
    ]
    copy, check, run, show = commands
    for name in copy.split()[1:-1]:
        (tmp_path / Path(name).name).write_text((ROOT / name).read_text())
    words = words_of(start)
    with exchange(tmp_path, seed=1) as running:
        config = tmp_path / "live-script.toml"
        text = config.read_text().replace(words[words.index("--port") + 1], str(running.port))
        config.write_text(text.replace(f"{words[-1]}/", f"{running.state.name}/"))

        checked, ran = execd(*words_of(check), cwd=tmp_path), execd(*words_of(run), "--json", cwd=tmp_path)
        shown = execd(*words_of(show), cwd=tmp_path)
        again = execd(*words_of(run), "--json", cwd=tmp_path)

    assert (checked.code, ran.code, shown.code, again.code) == (0, 0, 0, 0), ran.err
    assert "35012001" in checked.out
    assert ran.object()["entries"]["OrderFilled"] == 4, ran.err
    assert ran.object()["open"] == 0
    assert "OrderFilled" in shown.out
    assert any(market.depths for market in read_market(tmp_path / "state"))
    assert again.object()["entries"]["OrderSubmitted"] == ran.object()["entries"]["OrderSubmitted"]


def test_the_live_config_means_what_its_comments_say() -> None:
    settings = settings_from(tomllib.loads(block("toml", "# live.toml"), parse_float=Decimal), "README.md")

    assert settings.mode.type == "live"
    assert settings.venues["binance"].validity_ms == 5_000  # type: ignore[index]  # plain text will do
    assert settings.execution.on_stop == "leave"
    assert settings.strategy.params["exit_when_done"] is True
