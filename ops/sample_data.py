"""A synthetic data set for the demo, tests and first steps: seeded, documented, and labelled as what it is.

The model is in `README` below, which is also written beside the data. Every number comes from additions,
multiplications and divisions of doubles and from Python's own uniform generator, so the bytes depend on nothing but the
seed, the number of days and pyarrow: exp, log and cos may differ in the last digit between platforms, so none is used.
"""

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from actors.errors import BadInputError

MARK = "# Synthetic market data, made by execd"
"""First line of the README in a folder that `write_sample` made, and may write again."""
LABEL = b"execd.synthetic"
"""Key in the metadata of each Parquet file that `write_sample` made."""

START_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z."""

_HOUR_MS = 3_600_000
_STEPS = 6
_PERIOD_HOURS = 8
_START_PRICE = 2300.0
_YEARLY_VOLATILITY = 0.65
_STEPS_PER_YEAR = 365 * 24 * _STEPS
_BASIS_MEAN = 0.0003
_BASIS_PULL = 0.0115
_BASIS_NOISE = 0.00006
_INTEREST = 0.0001
_CLAMP = 0.0005
_CAP = 0.0075
_SPOT_VOLUME = 1_500.0
_PERP_VOLUME = 20_000.0
_OKX_CONTRACT = 0.1
_CANDLES: Final = ("open", "high", "low", "close", "volume")

README = f"""{MARK}

Nothing here was ever traded. It is a model's output, for trying execd out; draw no conclusion about any market from it.

- Hourly candles of ETHUSDT, spot at bybit and perps at bybit, binance and okx, stamped at their open, and each perp's
  funding every 8 hours, from 2024-01-01T00:00:00Z. Seed {{seed}}, {{days}} days. The same seed and pyarrow give the
  same bytes.
- Spot: geometric Brownian motion from {_START_PRICE:.2f}, volatility {_YEARLY_VOLATILITY:.0%} a year, no drift in the
  logarithm, {_STEPS} steps an hour. Normal numbers are sums of twelve uniform ones, less 6.
- Perps: spot times (1 + premium); the premium is an Ornstein-Uhlenbeck process, one for each exchange: each step it
  goes {_BASIS_PULL:.2%} of the way back to {_BASIS_MEAN:.2%} and is moved by a normal number times {_BASIS_NOISE:.3%}.
- Candles: the first, highest, lowest and last price of the hour, to the tick of 0.01; an open is the close before it.
- Volume: uniform between half and one and a half times {_SPOT_VOLUME:,.0f} ETH (spot) or {_PERP_VOLUME:,.0f} ETH
  (perp), times 1 + 100 x the hour's range / price. OKX counts contracts of {_OKX_CONTRACT} ETH.
- Funding: P + clamp(I - P, -{_CLAMP:.2%}, +{_CLAMP:.2%}), within +-{_CAP:.2%}, where P is the mean premium of the
  8 hours before and I the interest of {_INTEREST:.2%}, to 8 decimals. The first rate, with nothing before it, is I.
"""


@dataclass(frozen=True)
class _Perp:
    """Columns of a perp's two files."""

    candles: dict[str, list[float]]
    rates: list[float]


@dataclass(frozen=True)
class _Sample:
    """Columns of bybit's three files, and the spot prices of every hour: its first and one of each step."""

    spot: dict[str, list[float]]
    perp: _Perp
    paths: list[list[float]]


def write_sample(directory: Path, *, seed: int = 7, days: int = 500) -> tuple[Path, ...]:
    """Write the synthetic data set into a folder that is new, empty, or an earlier set of ours.

    Args:
        directory: Is made if it isn't there.
        seed: Of the random numbers.
        days: From 2024-01-01T00:00:00Z on, at least 1.

    Returns:
        The data files.

    Raises:
        BadInputError: There are files that this function did not write, or the folder can't be written.
        ValueError: ``days`` is below 1.
    """
    if days < 1:
        raise ValueError(f"{days} days, expected at least 1")
    try:
        _refuse_foreign(directory)
        sample = _simulate(random.Random(seed), days * 24)  # noqa: S311  # a model, no secret
        hours = [START_MS + hour * _HOUR_MS for hour in range(days * 24)]
        perps = {
            "bybit": sample.perp,
            "binance": _follow(random.Random(f"binance {seed}"), sample.paths),  # noqa: S311  # as above
            "okx": _follow(random.Random(f"okx {seed}"), sample.paths, unit=_OKX_CONTRACT),  # noqa: S311  # as above
        }
        tables = {"candles/bybit-ETHUSDT-spot-1h.parquet": _table(hours, sample.spot, seed)}
        for venue, perp in perps.items():
            tables[f"candles/{venue}-ETHUSDT-perp-1h.parquet"] = _table(hours, perp.candles, seed)
            rates = {"funding_rate": perp.rates}
            tables[f"funding/{venue}-ETHUSDT-perp.parquet"] = _table(hours[::_PERIOD_HOURS], rates, seed)
        # the README first: a run that is cut off leaves a folder that may be written again
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "README.md").write_text(README.format(seed=seed, days=days), encoding="utf-8", newline="\n")
        for name, table in tables.items():
            _write(directory / name, table)
    except OSError as error:
        raise BadInputError(f"{directory}: {error.strerror or error}, expected a folder to write to") from None
    return tuple(directory / name for name in tables)


def _refuse_foreign(directory: Path) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise BadInputError(f"{directory}: is a file, expected a folder")
    if not any(directory.iterdir()):
        return
    readme = directory / "README.md"
    if not (readme.is_file() and readme.read_bytes().startswith(MARK.encode())):
        raise BadInputError(f"{directory}: holds files that execd did not write, expected a new or empty folder")
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path != readme and not _is_ours(path):
            raise BadInputError(f"{path}: not written by execd, expected nothing but an earlier synthetic set")


def _is_ours(path: Path) -> bool:
    if path.name.startswith(".") and path.suffix == ".part":  # of a run that was cut off
        return True
    try:
        return LABEL in (pq.read_schema(path).metadata or {})
    except (pa.ArrowException, OSError):
        return False


def _normal(rng: random.Random) -> float:
    total = -6.0
    for _ in range(12):
        total += rng.random()
    return total


def _exp(x: float) -> float:
    """Return e^x for |x| below 0.1 within 1e-12, from plain arithmetic."""
    return 1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0)))))


def _simulate(rng: random.Random, hours: int) -> _Sample:
    deviation = _YEARLY_VOLATILITY / math.sqrt(_STEPS_PER_YEAR)
    spot, premium = _START_PRICE, _BASIS_MEAN
    perp = _Perp(candles={name: [] for name in _CANDLES}, rates=[])
    sample = _Sample(spot={name: [] for name in _CANDLES}, perp=perp, paths=[])
    premiums: list[float] = []
    for hour in range(hours):
        if hour % _PERIOD_HOURS == 0:
            perp.rates.append(_funding_rate(premiums))
            premiums = []
        spots, perps = [spot], [spot * (1.0 + premium)]
        for _ in range(_STEPS):
            spot *= _exp(deviation * _normal(rng))
            premium += _BASIS_PULL * (_BASIS_MEAN - premium) + _BASIS_NOISE * _normal(rng)
            spots.append(spot)
            perps.append(spot * (1.0 + premium))
            premiums.append(premium)
        _add_candle(sample.spot, spots, _SPOT_VOLUME * (0.5 + rng.random()), places=5)
        _add_candle(perp.candles, perps, _PERP_VOLUME * (0.5 + rng.random()), places=2)
        sample.paths.append(spots)
    return sample


def _follow(rng: random.Random, paths: list[list[float]], *, unit: float = 1.0) -> _Perp:
    """Return another perp on the same spot prices, with a premium of its own; volume in units of the base."""
    premium = _BASIS_MEAN
    perp = _Perp(candles={name: [] for name in _CANDLES}, rates=[])
    premiums: list[float] = []
    for hour, spots in enumerate(paths):
        if hour % _PERIOD_HOURS == 0:
            perp.rates.append(_funding_rate(premiums))
            premiums = []
        prices = [spots[0] * (1.0 + premium)]
        for spot in spots[1:]:
            premium += _BASIS_PULL * (_BASIS_MEAN - premium) + _BASIS_NOISE * _normal(rng)
            prices.append(spot * (1.0 + premium))
            premiums.append(premium)
        _add_candle(perp.candles, prices, _PERP_VOLUME * (0.5 + rng.random()) / unit, places=2)
    return perp


def _add_candle(columns: dict[str, list[float]], prices: list[float], volume: float, *, places: int) -> None:
    ticks = [round(price, 2) for price in prices]
    span = (max(prices) - min(prices)) / prices[0]
    row = (ticks[0], max(ticks), min(ticks), ticks[-1], round(volume * (1.0 + 100.0 * span), places))
    for name, value in zip(_CANDLES, row, strict=True):
        columns[name].append(value)


def _funding_rate(premiums: list[float]) -> float:
    if not premiums:
        return _INTEREST
    total = 0.0
    for premium in premiums:  # not sum(): since Python 3.12 it compensates rounding, and the bytes would differ
        total += premium
    mean = total / len(premiums)
    rate = mean + min(max(_INTEREST - mean, -_CLAMP), _CLAMP)
    return round(min(max(rate, -_CAP), _CAP), 8)


def _table(stamps: list[int], columns: dict[str, list[float]], seed: int) -> pa.Table:
    label = {LABEL: b"true", b"execd.seed": str(seed).encode(), b"execd.about": b"model output, never traded"}
    arrays = [pa.array(stamps, pa.timestamp("ms", tz="UTC")), *(pa.array(values) for values in columns.values())]
    return pa.table(arrays, names=["timestamp", *columns]).replace_schema_metadata(label)


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    pq.write_table(table, part, compression="snappy", version="2.6")
    part.replace(path)
