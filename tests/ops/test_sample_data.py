"""The synthetic set is the same bytes for the same seed, says what it is, is usable, and overwrites nobody's files."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from actors.data.files import inspect, scan
from actors.errors import BadInputError
from ops.sample_data import LABEL, MARK, write_sample

ROOT = Path(__file__).parents[2]
DAYS = 12


def hashes(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_one_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("same", 7), ("other", 8)):
        write_sample(tmp_path / name, seed=seed, days=DAYS)

    one, same, other = (hashes(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert all(one[name] != other[name] for name in one)


def test_another_process_with_another_hash_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    write_sample(tmp_path / "here", days=DAYS)
    code = (
        f"from pathlib import Path; from ops.sample_data import write_sample; write_sample(Path('there'), days={DAYS})"
    )

    subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "424242"},
    )

    assert hashes(tmp_path / "there") == hashes(tmp_path / "here")


def test_a_longer_set_begins_as_a_shorter_one(tmp_path: Path) -> None:
    short = write_sample(tmp_path / "short", days=2)[0]
    long = write_sample(tmp_path / "long", days=3)[0]

    assert pq.read_table(long).slice(0, 48).equals(pq.read_table(short))


def test_every_file_can_be_used_is_without_gaps_and_has_the_layout_of_recorded_data(tmp_path: Path) -> None:
    files = write_sample(tmp_path, days=DAYS)

    found = scan(tmp_path)
    reports = [inspect(file) for file in found.files]

    assert found.problems == ()
    assert {report.file.path for report in reports} == set(files)
    assert [(report.name, report.rows) for report in reports] == [
        ("binance-ETHUSDT-perp-1h.parquet", 24 * DAYS),
        ("bybit-ETHUSDT-perp-1h.parquet", 24 * DAYS),
        ("bybit-ETHUSDT-spot-1h.parquet", 24 * DAYS),
        ("okx-ETHUSDT-perp-1h.parquet", 24 * DAYS),
        ("binance-ETHUSDT-perp.parquet", 3 * DAYS),
        ("bybit-ETHUSDT-perp.parquet", 3 * DAYS),
        ("okx-ETHUSDT-perp.parquet", 3 * DAYS),
    ]
    for report in reports:
        assert (report.problems, report.warnings, report.gaps.count) == ((), (), 0)
        assert report.first == 1_704_067_200_000_000_000
        schema = pq.read_schema(report.file.path)
        assert [str(kind) for kind in schema.types] == ["timestamp[ms, tz=UTC]", *["double"] * (len(schema) - 1)]


def test_every_file_and_the_folder_say_that_the_data_is_synthetic(tmp_path: Path) -> None:
    files = write_sample(tmp_path, days=DAYS)

    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith(MARK)
    assert "Nothing here was ever traded" in readme
    assert "{" not in readme
    assert all(LABEL in pq.read_schema(path).metadata for path in files)


def test_prices_are_on_the_tick_and_a_candle_opens_at_the_close_before(tmp_path: Path) -> None:
    write_sample(tmp_path, days=DAYS)

    for path in (tmp_path / "candles").iterdir():
        table = pq.read_table(path)
        for name in ("open", "high", "low", "close"):
            assert all(value == round(value, 2) for value in table[name].to_pylist())
        assert table["open"].to_pylist()[1:] == table["close"].to_pylist()[:-1]


@pytest.mark.parametrize("venue", ["bybit", "binance", "okx"])
def test_funding_is_the_interest_unless_the_premium_leaves_the_clamp(venue: str, tmp_path: Path) -> None:
    write_sample(tmp_path, days=120)
    spot = pq.read_table(tmp_path / "candles" / "bybit-ETHUSDT-spot-1h.parquet")
    perp = pq.read_table(tmp_path / "candles" / f"{venue}-ETHUSDT-perp-1h.parquet")
    funding = pq.read_table(tmp_path / "funding" / f"{venue}-ETHUSDT-perp.parquet")
    rates = funding["funding_rate"].to_pylist()
    premiums = pc.subtract(pc.divide(perp["close"], spot["close"]), 1.0).to_pylist()

    means = [sum(premiums[hour - 8 : hour]) / 8 for hour in range(8, len(premiums), 8)]

    assert rates[0] == 0.0001
    # the closes are one of six steps of each hour, so what they say of the mean premium is about right
    for rate, mean in zip(rates[1:], means, strict=True):
        assert abs(rate - (mean + min(max(0.0001 - mean, -0.0005), 0.0005))) < 1e-4
    assert 0.0001 in rates[1:]
    assert len(set(rates)) > 10


def test_the_volatility_is_about_the_documented_one(tmp_path: Path) -> None:
    closes = pq.read_table(write_sample(tmp_path, days=200)[0])["close"]

    returns = pc.ln(pc.divide(closes[1:].combine_chunks(), closes[:-1].combine_chunks()))

    assert 0.60 < pc.stddev(returns).as_py() * (365 * 24) ** 0.5 < 0.70


def test_an_earlier_set_of_ours_is_written_anew(tmp_path: Path) -> None:
    write_sample(tmp_path, seed=1, days=DAYS)
    write_sample(tmp_path, seed=7, days=DAYS)
    write_sample(tmp_path / "fresh", seed=7, days=DAYS)

    assert hashes(tmp_path / "fresh").items() <= hashes(tmp_path).items()


@pytest.mark.parametrize("name", ["notes.txt", "candles/bybit-ETHUSDT-spot-1h.parquet", "README.md"])
def test_a_folder_with_other_files_is_refused_and_left_as_it_is(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    before = hashes(tmp_path)

    with pytest.raises(BadInputError, match="did not write"):
        write_sample(tmp_path, days=DAYS)

    assert hashes(tmp_path) == before


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_users_series_among_ours_is_not_overwritten(suffix: str, tmp_path: Path) -> None:
    write_sample(tmp_path, days=DAYS)
    mine = tmp_path / f"candles/bybit-ETHUSDT-spot-1h.{suffix}"
    mine.write_text("mine")
    before = hashes(tmp_path)

    with pytest.raises(BadInputError, match="not written by execd"):
        write_sample(tmp_path, seed=8, days=DAYS)

    assert hashes(tmp_path) == before


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("mine")

    with pytest.raises(BadInputError, match="expected a folder"):
        write_sample(path, days=DAYS)


def test_a_set_of_no_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        write_sample(tmp_path / "data", days=0)
