"""The config of a backtest that is driven by calls."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from config.modes import RECORDED
from config.problems import key_path, shown, unknown_key
from config.secrets import Secret
from config.venue_rules import rules_file
from messages.units import CONTEXT, plain
from ops.interfaces.choices import (
    DEFAULT_CAPITAL,
    SANDBOXES,
    STRATEGY,
    USDT,
    Chosen,
    number_under,
    opening_balances,
    path_under,
    settings_of,
)

KEYS = (
    "execution_mode",
    "data",
    "initial_capital",
    "accounts",
    "venues",
    "risk",
    "report",
    "seed",
    "journal",
    "timeout_s",
)
"""What is looked at."""
PASSED_OVER = (*SANDBOXES, "wallet_address")
"""Other keys of the specification, for which a backtest has no use."""

_DATA_KEYS = ("data_dir", "resolution")
_OWN_NAMES = {"mode.type": "execution_mode", "mode.seed": "seed", "data.dir": "data.data_dir"}
_ALL_TIME = ("1970-01-01T00:00:00Z", "2260-12-31T23:59:59Z")


def chosen_recorded(
    execution_mode: object, config: Mapping[str, object], secrets: Mapping[str, Secret], lines: list[str]
) -> Chosen:
    """Return what a config means.

    Raises:
        ValueError: Everything that is wrong with it; `lines` are what was found already.
    """
    capital = number_under(config, "initial_capital", DEFAULT_CAPITAL, lines)
    timeout = number_under(config, "timeout_s", Decimal(0), lines)
    data, data_dir = _data(config.get("data"), lines)
    journal = path_under(config.get("journal"), "journal", lines)
    split = None if "accounts" in config else _split(capital)
    mode = {"type": execution_mode, "start": _ALL_TIME[0], "end": _ALL_TIME[1]}
    raw: dict[str, object] = {
        "mode": {**mode, **({"seed": config["seed"]} if "seed" in config else {})},
        "data": data,
        "accounts": config["accounts"] if split is None else split,
        "venues": _venues(config.get("venues", {})),
        "strategy": STRATEGY,
    }
    raw |= {section: config[section] for section in ("risk", "report") if section in config}
    settings = settings_of(raw, _OWN_NAMES, RECORDED, lines)
    if settings is None or lines:
        raise ValueError("; ".join(lines)) from None
    return Chosen(
        settings=settings,
        openings=opening_balances(settings),
        in_wallet=Decimal(0) if split is None else CONTEXT.divide(capital, Decimal(4)),
        data_dir=data_dir,
        journal=journal,
        timeout_s=float(timeout),
        secrets=MappingProxyType(dict(secrets)),
    )


def _venues(given: object) -> object:
    """Return the three venues, each with what was given for it instead of the defaults."""
    if not isinstance(given, Mapping):
        return given
    known = {str(name): given.get(name, {}) for name in (*rules_file(), *given)}
    return {name: {"kind": "cex", **venue} if isinstance(venue, Mapping) else venue for name, venue in known.items()}


def _split(capital: Decimal) -> dict[str, object]:
    """Return the accounts at the exchanges among which a capital is divided; the wallet has the fourth quarter."""
    quarter = CONTEXT.divide(capital, Decimal(4))
    half = CONTEXT.divide(quarter, Decimal(2))
    parts = {"binance": half, "binance.perp": half, "bybit": quarter, "okx": quarter}
    return {account: {USDT: plain(amount)} for account, amount in parts.items()}


def _data(given: object, lines: list[str]) -> tuple[dict[str, object], Path | None]:
    """Return the section of the settings, and the folder."""
    if given is None:
        return {"dir": "."}, None
    if not isinstance(given, Mapping):
        lines.append(f"config: data: not a dict: {shown(given)}, expected one with data_dir")
        return {"dir": "."}, None
    lines += [
        f"config: {key_path('data', key)}: {unknown_key(key, _DATA_KEYS)}" for key in given if key not in _DATA_KEYS
    ]
    folder = path_under(given.get("data_dir"), "data.data_dir", lines)
    rest = {key: value for key, value in given.items() if key == "resolution"}
    return {"dir": "." if folder is None else str(folder), **rest}, folder
