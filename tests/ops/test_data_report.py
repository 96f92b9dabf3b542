"""``execd data check DIR`` tells a stranger what is there, what can't be used and why, and ends with 0 or 2."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from ops.data_report import check
from ops.sample_data import write_sample
from tests.actors.data.made import CANDLES, FUNDING, recorded_prices, write_candles, write_funding


def checked(directory: Path) -> tuple[int, str]:
    out = io.StringIO()
    code = check(directory, out)
    return code, out.getvalue()


def test_a_usable_folder_is_a_table_and_exit_code_0(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.0, 11.0, 12.0], at=[0, 1, 24])
    write_funding(tmp_path, [0.0001] * 3)

    code, text = checked(tmp_path)

    assert code == 0
    (candles,) = [line for line in text.splitlines() if Path(CANDLES).name in line]
    assert [cell.strip() for cell in candles.strip("│").split("│")] == [
        "candles", "bybit", "ETH/USDT 1h", "bybit-ETHUSDT-spot-1h.parquet", "3", "2024-01-01 00:00", "2024-01-02 00:00",
        "1 (22 rows, 22h)", "yes",
    ]  # fmt: skip
    assert "ETHUSDT-PERP 8h" in text
    assert "2 series files, 2 usable, 0 problems." in text


def test_what_is_unusable_is_said_in_full_and_ends_with_2(tmp_path: Path) -> None:
    deep = tmp_path / ("a-folder-with-a-long-name-" * 6)
    path = write_candles(deep, [10.0, -1.0])
    write_funding(deep, [0.0001])

    code, text = checked(deep)

    assert code == 2
    (line,) = [line for line in text.splitlines() if "close is" in line]
    assert line.startswith(f"  {path}: row 2 (2024-01-01T01:00:00Z): close is -1.0, expected a number above 0")
    assert [row.split("│")[-2].strip() for row in text.splitlines() if row.startswith("│")] == ["NO", "yes"]


def test_a_misnamed_file_and_a_series_that_is_there_twice_end_with_2(tmp_path: Path) -> None:
    write_funding(tmp_path, [0.0001])
    twin = write_funding(tmp_path, [0.0001], name=FUNDING.replace("parquet", "csv"))
    typo = write_candles(tmp_path, [10.0], name="candles/bybit-ETHUSDT-[red]spot-1h.parquet")

    code, text = checked(tmp_path)

    assert code == 2
    assert f"{twin} and {twin.with_suffix('.parquet')}: one series twice" in text
    assert f"{typo}: '[red]spot' is neither spot nor perp" in text
    assert "2 series files, 0 usable, 2 problems." in text


@pytest.mark.parametrize("name", ["missing", "empty", "file"])
def test_a_folder_without_any_series_ends_with_2(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("words")

    code, text = checked(tmp_path / name)

    assert code == 2
    assert f"{tmp_path / name}: " in text
    assert "expected" in text


def test_a_console_may_be_given_and_narrow_ones_lose_nothing(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.0])
    out = io.StringIO()

    assert check(tmp_path, Console(file=out, width=60)) == 0
    assert "1 series files, 1 usable" in out.getvalue()


def test_80_columns_have_a_line_for_each_series_of_three_venues(tmp_path: Path) -> None:
    write_sample(tmp_path, days=3)
    out = io.StringIO()

    assert check(tmp_path, Console(file=out, width=80)) == 0

    head, *rows = out.getvalue().splitlines()[1:9]
    assert head.split() == ["kind", "series", "rows", "first", "last", "gaps", "ok"]
    assert [row.split()[1] for row in rows] == ["binance", "bybit", "bybit", "okx", "binance", "bybit", "okx"]
    assert rows[1].split() == [
        "candles",
        "bybit",
        "ETHUSDT-PERP",
        "1h",
        "72",
        "2024-01-01",
        "2024-01-03",
        "none",
        "yes",
    ]


def test_80_columns_have_a_line_for_recorded_gaps() -> None:
    out = io.StringIO()

    check(recorded_prices(), Console(file=out, width=80))

    lines = out.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines[:28]) <= 80
    (okx,) = [line for line in lines if line.startswith("candles okx")]
    words = ["candles", "okx", "ETHUSDT-PERP", "1h", "8,064", "2024-08-01", "2025-08-31", "2", "(1,440,", "30d)", "yes"]
    assert okx.split() == words


def test_the_name_of_a_file_or_folder_can_not_speak_to_the_terminal(tmp_path: Path) -> None:
    evil = tmp_path / "evil\x1b[2J\nfolder"
    write_candles(evil, [10.0, -1.0])
    write_candles(evil, [10.0], name="candles/bybit-\x1b[31mETH\r\x9b\u202e-1h.parquet")

    for folder in (evil, evil / "missing\x1b]0;title\x07"):
        code, text = checked(folder)

        assert code == 2
        assert all(line.isprintable() for line in text.splitlines())
        assert r"evil\u001b[2J\u000afolder" in text


def test_the_synthetic_set_is_usable(tmp_path: Path) -> None:
    write_sample(tmp_path, days=3)

    assert checked(tmp_path)[0] == 0


def test_recorded_prices_of_all_six_kinds_are_usable() -> None:
    code, text = checked(recorded_prices())

    assert code == 0
    for said in ("15 (345 rows, 23h)", "2 (1,440 rows, 30d)", "14 (132 rows, 31d)", "wstETH-ETH 1h", "ethereum 1h"):
        assert said in text
