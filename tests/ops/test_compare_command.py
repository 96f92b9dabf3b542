"""``execd compare`` says where two runs differ, agrees with what the runs said of themselves, needs only journals."""

import io
import shutil
import sqlite3
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from actors.journal.encoding import next_hash
from actors.journal.manifest import manifest
from actors.journal.store import JournalStore
from ops.compare_command import compare_command
from ops.run_command import run_command
from tests.ops.started import CONFIG, LINE, Ended, a_line, execd, write_case

SCRIPT = (
    LINE
    + a_line(2, trade_type="SPOT", pair="ETH/USDT", side="BUY", amount="2")
    + a_line(3, trade_type="SPOT", pair="ETH/USDT", side="SELL", amount="3")
    + a_line(4, amount="0.0001")
)
SAME = (
    "instructions", "orders", "fills", "refusals", "rejections", "refusals_by_code", "fees", "funding", "pnl",
    "equity_start", "equity_end", "balances", "market_events", "journal_hash",
)  # fmt: skip


def ran(folder: Path, out: str, **case: Any) -> dict[str, Any]:  # noqa: ANN401 - as `write_case` takes it
    """Run a case into a folder and return its result."""
    config = write_case(folder, **case)
    with redirect_stdout(io.StringIO()) as told:
        assert run_command(config, out=folder / out, json=True, journal=True, force=False) == 0
    return Ended(0, told.getvalue(), "").object()


def compared(folder: Path, *words: str) -> dict[str, Any]:
    with redirect_stdout(io.StringIO()) as told:
        assert compare_command(*(folder / word for word in words), json=True) == 0
    return Ended(0, told.getvalue(), "").object()


def test_two_equal_runs_are_one_line(tmp_path: Path) -> None:
    told = ran(tmp_path, "a")
    ran(tmp_path, "b")

    ended = execd("compare", "a", "b/journal.sqlite", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(
        "equal: a/journal.sqlite and b/journal.sqlite have the same hash " + told["journal_hash"]
    )
    assert ended.out.count("\n") == 1


def test_each_side_is_what_its_run_said(tmp_path: Path) -> None:
    first = ran(tmp_path, "a", script=SCRIPT)
    second = ran(tmp_path, "b", script=LINE)

    found = compared(tmp_path, "a", "b")

    assert not found["equal"]
    for told, side in ((first, found["a"]), (second, found["b"])):
        assert {key: side[key] for key in SAME} == {key: told[key] for key in SAME}
        assert side["positions"] == {
            venue: {symbol: held["amount"] for symbol, held in its.items()} for venue, its in told["positions"].items()
        }
        assert side["outcome"] == "done"
        assert sum(side["entries"].values()) == side["count"]
        for key in ("attribution", "max_drawdown", "liquidations"):
            assert side[key] == told.get(key, side[key])


def test_settings_and_files_that_differ_are_named(tmp_path: Path) -> None:
    ran(tmp_path, "a")
    slower = CONFIG.replace("seed = 7", "seed = 8").replace(
        "[strategy]", '[venues.bybit.slippage]\nbps = "3"\n[strategy]', 1
    )
    ran(tmp_path, "b", config=slower, script=LINE + a_line(2))

    found = compared(tmp_path, "a", "b")

    changed = {each["key"]: (each["a"], each["b"]) for each in found["settings"]}
    assert changed.pop("strategy_file.sha256")
    assert changed == {"mode.seed": (7, 8), "venues.bybit.slippage.base_bps": ("0", "3")}


def test_data_files_that_differ_go_by_their_names(tmp_path: Path) -> None:
    ran(tmp_path, "a")
    ran(tmp_path, "b", days=4)

    changed = {each["key"]: (each["a"], each["b"]) for each in compared(tmp_path, "a", "b")["settings"]}

    assert changed["data.bybit-ETHUSDT-perp-1h.parquet.rows"] == (72, 96)
    assert "data" not in changed


def test_the_first_entry_that_differs_is_named(tmp_path: Path) -> None:
    ran(tmp_path, "a", script=LINE)
    ran(tmp_path, "b", script=LINE + a_line(2, at="2024-01-03T00:00:00Z"))

    found = compared(tmp_path, "a", "b")

    rows = {}
    for name in ("a", "b"):
        with sqlite3.connect(tmp_path / name / "journal.sqlite") as connection:
            rows[name] = connection.execute("SELECT seq, body FROM entries ORDER BY seq").fetchall()
        connection.close()
    first = next(one for one, other in zip(rows["a"], rows["b"], strict=False) if one != other)
    assert found["first_difference"]["seq"] == first[0]
    assert f'"type":"{found["first_difference"]["a"]}"'.encode() in first[1]


def test_equal_entries_under_other_settings_are_told_so(tmp_path: Path) -> None:
    ran(tmp_path, "a", script="")
    ran(tmp_path, "b", script="\n")

    ended = execd("compare", "a", "b", cwd=tmp_path)

    assert ended.code == 0
    assert "All entries are the same; the hashes differ by the settings alone." in ended.out
    assert "strategy_file.sha256: " in ended.out


def test_people_get_a_table_with_differences(tmp_path: Path) -> None:
    ran(tmp_path, "a", script=SCRIPT)
    ran(tmp_path, "b", script=LINE)

    ended = execd("compare", "a", "b", cwd=tmp_path, COLUMNS="80")

    assert (ended.code, ended.err) == (0, "")
    lines = {line[:22].strip(): line.split() for line in ended.out.splitlines()}
    assert lines["instructions"][1:] == ["4", "1", "-3"]
    assert lines["refused BELOW_LOT"][2:] == ["1", "0", "-1"]
    assert lines["balance bybit ETH"][3:] == ["2.00", "-", "-2.00"]  # less a fee of 0.002
    assert "The entries part at seq " in ended.out
    assert "\x1b" not in ended.out


def test_a_run_that_was_killed_is_compared_as_far_as_it_went(tmp_path: Path) -> None:
    ran(tmp_path, "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with sqlite3.connect(tmp_path / "b" / "journal.sqlite") as connection:
        connection.execute("DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)")
    connection.close()

    ended = execd("compare", "a", "b", "--json", cwd=tmp_path)

    assert ended.err == "note: b/journal.sqlite: has no end: the run was killed, or goes on\n"
    assert ended.object()["b"]["outcome"] is None
    assert ended.object()["first_difference"] == {
        "seq": ended.object()["a"]["count"], "a": "RunEnded", "b": None,
    }  # fmt: skip


def test_the_one_that_goes_on_may_be_either(tmp_path: Path) -> None:
    ran(tmp_path, "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with sqlite3.connect(tmp_path / "a" / "journal.sqlite") as connection:
        connection.execute("DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)")
    connection.close()

    found = compared(tmp_path, "a", "b")

    assert found["first_difference"] == {"seq": found["b"]["count"], "a": None, "b": "RunEnded"}


def test_an_entry_or_a_manifest_of_another_version_is_exit_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = b'{"seq":1,"at":0,"type":"FromTheFuture","cause":null}'
    hashed: dict[str, dict[str, object]] = {"entry": {"settings": {"venues": {}}}, "manifest": {"settings": {}}}
    for name, said in hashed.items():
        made = JournalStore.create(tmp_path / name, manifest(said, {}))
        made.append([(1, body, next_hash(made.manifest.hash_0, body))])
        made.commit()
        made.close()

        assert compare_command(tmp_path / name, tmp_path / name, json=False) == 2

    first, second = capsys.readouterr().err.splitlines()
    assert "FromTheFuture" in first
    assert "manifest: the manifest does not say what was traded" in second


def _change_an_entry(journal: Path) -> None:
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE entries SET body = replace(body, 'a1', 'a2') WHERE seq = 3")
    connection.close()


def test_what_can_not_be_read_is_exit_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran(tmp_path, "a")
    shutil.copytree(tmp_path / "a", tmp_path / "changed")
    _change_an_entry(tmp_path / "changed" / "journal.sqlite")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("words\n" * 100)

    for run, said in (
        ("nowhere", "nowhere: no such file"),
        ("empty", "empty: holds no journal.sqlite, expected the folder of a run, or a journal"),
        ("text", "text: not a journal (no SQLite file)"),
        ("backtest.toml", "backtest.toml: not a journal (no SQLite file)"),
        ("changed", "changed/journal.sqlite: not as it was written: entry 3"),
    ):
        code = compare_command(Path("a"), Path(run), json=True)

        ended = Ended(code, *capsys.readouterr())
        assert (ended.code, ended.err.count("\n")) == (2, 1), ended
        assert ended.err.startswith(said)
        assert ended.object() == {"error": ended.err.removesuffix("\n"), "exit": 2}


@pytest.mark.parametrize("words", [["a", "a"], ["a", "a/journal.sqlite"]], ids=" ".join)
def test_a_run_is_equal_to_itself(words: list[str], tmp_path: Path) -> None:
    ran(tmp_path, "a")

    assert compared(tmp_path, *words)["equal"]
