"""Reads a config file, and says everything that is wrong with it at once."""

import codecs
import datetime as dt
import re
import stat
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from config.checks import Table, cross_checks, without_secrets
from config.decimals import literal
from config.explain import explain
from config.modes import MODES, ONGOING, mode_of, not_here
from config.problems import ConfigError, Problem, escaped
from config.settings import Settings
from config.strategy_params import effective_params
from config.venue_rules import all_instruments, venue_models
from config.venue_settings import Venue
from messages.instruments import FeeRates, Instrument, VenueModel
from messages.units import BPS, CONTEXT, PERP, plain

MAX_BYTES = 2**20
"""A longer config file is refused unread."""
# tomllib needs quadratic time for a key of many parts, so such a key never reaches it.
_MANY_PARTS = re.compile(
    r"(?<![A-Za-z0-9_-])(?>(?>[A-Za-z0-9_-]+|\"(?>[^\"\\\n]|\\.)*\"|'[^'\n]*')[ \t]*+\.[ \t]*+){32}", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A config file that makes sense.

    Attributes:
        path: The file, as it was given.
        base: The folder that relative paths in it are relative to, absolute.
    """

    settings: Settings
    path: Path
    base: Path

    def resolved(self, written: str) -> Path:
        """Return a path that stands in the file, absolute."""
        return self.base / written

    @property
    def data_dir(self) -> Path:
        """The folder of the recorded series, absolute."""
        return self.resolved(self.settings.data.dir)

    @property
    def journal_path(self) -> Path:
        """The journal of a run that goes on, absolute. A backtest has its own in the folder of the output."""
        return self.resolved(self.settings.journal.path)

    @property
    def secrets_dir(self) -> Path | None:
        """The folder of the files with keys, absolute; None if there is none."""
        written = self.settings.secrets.dir
        return self.resolved(written) if written else None

    @property
    def script(self) -> Path | None:
        """The script file of the strategy ``script``, absolute; None for other strategies."""
        file = self.settings.strategy.params.get("file")
        return self.resolved(file) if self.settings.strategy.use == "script" and isinstance(file, str) else None


def load(path: Path, *, modes: Collection[str] = MODES) -> Loaded:
    """Read a config file.

    Args:
        path: The file.
        modes: Those that the caller can run.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    raw = _tables(_text(path), path.name)
    return Loaded(settings=settings_from(raw, path.name, modes=modes), path=path, base=path.absolute().parent)


def mode_in(path: Path) -> str | None:
    """Return the name of the mode that stands in a config file, whatever else is wrong there; None if there is none."""
    try:
        return mode_of(_tables(_text(path), path.name))
    except ConfigError:
        return None


def settings_from(raw: Table, label: str, *, modes: Collection[str] = MODES) -> Settings:
    """Return the settings that a table of plain TOML values stands for.

    Args:
        raw: As `tomllib` gives it; also plain dicts of text, numbers, lists and dicts.
        label: What the lines of problems begin with: the file's name.
        modes: Those that the caller can run.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    clean, problems = without_secrets(raw, label)
    mode = mode_of(clean)
    if mode is not None and mode not in modes:
        raise ConfigError([Problem(f"{label}: mode.type", not_here(mode, modes))])
    problems += cross_checks(clean, label)
    if mode in ONGOING:
        clean.setdefault("data", {})  # its keys have defaults there
    said = {problem.where for problem in problems}
    settings = None
    try:
        settings = Settings.model_validate(clean)
    except ValidationError as error:
        problems += (problem for problem in explain(error, label) if problem.where not in said)
    if settings is None or problems:
        raise ConfigError(problems) from None
    return settings


def trading_settings(settings: Settings, models: Sequence[VenueModel] | None = None) -> dict[str, object]:
    """Return what decides the trading, all defaults filled in, as plain JSON values in a fixed order; no paths.

    Decimals are plain text. The result goes into the hashed part of a journal's manifest.

    Args:
        settings: The whole config.
        models: The venues as they are used in the run (`venue_models`), so that only rules count that can matter. None
            for all instruments that have rules.
    """
    used = venue_models(settings, all_instruments(settings)) if models is None else models
    mode, strategy, risk = settings.mode, settings.strategy, settings.risk
    sections = {name: getattr(settings, name) for name in mode.sections}
    # The script itself is hashed by content; its path is nobody's business.
    whole = effective_params(strategy.use, strategy.params, ongoing=mode.type in ONGOING)
    params = {key: value for key, value in whole.items() if strategy.use != "script" or key != "file"}
    return {
        "mode": mode.hashed,
        "data": {"resolution": settings.data.resolution},
        "accounts": {
            name: {asset: plain(amount) for asset, amount in sorted(balances.items())}
            for name, balances in sorted(settings.accounts.items())
        },
        "venue_order": [model.venue for model in used],  # decides which market values a coin; keys get sorted
        "venues": {model.venue: _venue_json(model, settings.venues[model.venue], mode.venue_keys) for model in used},
        "strategy": {"use": strategy.use, "params": _json(params), "on_error": strategy.on_error},
        "risk": {
            "halted": risk.halted,
            "max_order_notional": _plain(risk.max_order_notional),
        },
        "report": {"sample": settings.report.sample, "currency": settings.report.currency},  # decides what is journaled
        **{name: _json(dict(section)) for name, section in sections.items()},
    }


def read_regular_file(path: Path, label: str) -> Path:
    """Return the path if it is a file that can be opened; a pipe would never end.

    Raises:
        ConfigError: It is none.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ConfigError([Problem(label, f"no such file: {escaped(str(path), cut=500)}")]) from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a path"
        raise ConfigError([Problem(label, f"can't be read: {reason}")]) from None
    if not stat.S_ISREG(mode):
        raise ConfigError([Problem(label, "not a regular file, expected one that can be read from begin to end")])
    return path


def _text(path: Path) -> str:
    label = path.name or str(path)
    try:
        with read_regular_file(path, label).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(label, f"can't be read: {error.strerror}")]) from None
    if len(content) > MAX_BYTES:
        raise ConfigError([Problem(label, f"too large, expected at most {MAX_BYTES} bytes")])
    content = content.removeprefix(codecs.BOM_UTF8)  # some editors put it there
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(f"{label}:{line}", "not UTF-8, expected a TOML file in UTF-8")]) from None


def _tables(text: str, label: str) -> Table:
    if (match := _MANY_PARTS.search(text)) is not None:
        line = text.count("\n", 0, match.start()) + 1
        raise ConfigError([Problem(f"{label}:{line}", "a key of more than 32 parts, expected fewer")])
    try:
        return tomllib.loads(text, parse_float=literal)
    except tomllib.TOMLDecodeError as error:
        reason = escaped(str(error), cut=200)
    except RecursionError:
        reason = "nested too deeply"
    except ValueError:  # an integer longer than Python reads
        reason = "a number of too many digits"
    raise ConfigError([Problem(label, f"not TOML: {reason}")])


def _venue_json(model: VenueModel, chosen: Venue, keys: Iterable[str]) -> dict[str, object]:
    return {
        "kind": chosen.kind,
        **{key: _json(getattr(chosen, key)) for key in keys},
        "latency_ns": model.latency_ns,
        "spot": {
            **_fees_json(model.spot_fees),
            "fee_in": "quote" if model.spot_fees.in_quote else "received",
            "rebate_in_given": model.spot_fees.rebate_in_given,
        },
        "perp": {**_fees_json(model.perp_fees), "leverage": plain(model.leverage)},
        "slippage": {
            "base_bps": plain(model.slippage.base_bps),
            "impact_bps": plain(model.slippage.impact_bps),
        },
        "fill": {"max_share": _plain(model.fill.max_share), "touch": model.fill.touch},
        "instruments": {instrument.symbol: _instrument_json(instrument) for instrument in model.instruments},
    }


def _fees_json(fees: FeeRates) -> dict[str, object]:
    return {
        "maker_fee_bps": _bps(fees.maker),
        "taker_fee_bps": _bps(fees.taker),
    }


def _instrument_json(instrument: Instrument) -> dict[str, object]:
    margin = {
        "liquidation_fee_bps": _bps(instrument.liquidation_fee),
        "tiers": [
            {
                "up_to": _plain(tier.up_to),
                "maintenance_bps": _bps(tier.maintenance),
                "deduction": plain(tier.deduction),
                "max_leverage": plain(tier.max_leverage),
            }
            for tier in instrument.tiers
        ],
    }
    return {
        "account": instrument.account,
        "tick": plain(instrument.tick),
        "lot": plain(instrument.lot),
        "min_quantity": plain(instrument.min_quantity),
        "min_notional": plain(instrument.min_notional),
        "contract_size": plain(instrument.contract_size),
        **(margin if instrument.trade_type is PERP else {}),
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _bps(rate: Decimal) -> str:
    return plain(CONTEXT.multiply(rate, BPS))


def _json(value: object) -> object:
    match value:
        case Mapping():
            return {key: _json(item) for key, item in sorted(value.items())}
        case list() | tuple():
            return [_json(item) for item in value]
        case Decimal():
            return plain(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return value
