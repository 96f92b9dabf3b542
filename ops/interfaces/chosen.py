"""The config of `ops.interfaces`: a plain dict with the specification's keys, typed at once.

    execution_mode    "backtest"
    data              {"data_dir": a folder, relative to the working directory, "resolution": "1h"}; may be missing
    initial_capital   USDT, default 100000: a quarter each for binance (half of it in binance.perp), bybit, okx and
                      wallet; not beside `accounts`
    accounts, venues, risk, report    as in the TOML; venues are the three with what is said here instead of defaults
    seed              of the ids of orders
    journal           path of a journal to be made; default: none
    timeout_s         wall seconds that a trade is waited for while it is on its way (`latency_ms`); default 0

Secrets are taken out before anything is looked at, and kept in a type that shows nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from config.checks import looks_secret
from config.decimals import decimal_of
from config.load import settings_from
from config.modes import RECORDED
from config.problems import ConfigError, key_path, shown, unknown_key
from config.settings import Settings
from config.venue_rules import rules_file
from messages.units import CONTEXT, AccountName, Amount, Asset, plain
from ops.interfaces.outside import mapping, usual

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
SECRETS = (
    "binance_api_key",
    "binance_secret",
    "bybit_api_key",
    "bybit_secret",
    "okx_api_key",
    "okx_secret",
    "okx_passphrase",
    "alchemy_api_key",
    "wallet_private_key",
)
"""Keys of the specification whose values nobody may see. A backtest has no use for them."""
UNUSED = ("binance_sandbox", "bybit_sandbox", "okx_sandbox", "wallet_address")
"""Other keys of the specification for which a backtest has no use."""
WALLET = AccountName("wallet")
USDT = Asset("USDT")

_DEFAULT_CAPITAL = Decimal(100_000)
_DATA_KEYS = ("data_dir", "resolution")
_OWN_NAMES = {"mode.type": "execution_mode", "mode.seed": "seed", "data.dir": "data.data_dir"}
_ALL_TIME = ("1970-01-01T00:00:00Z", "2260-12-31T23:59:59Z")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A config that makes sense.

    Attributes:
        settings: As those of a config file. Start and end of the mode stand for all time: the clock comes by calls.
        openings: What the accounts hold at first, the wallet's part in USDT, in a fixed order.
        in_wallet: The wallet's part, in USDT; 0 where `accounts` were given.
        data_dir: None without one.
        secrets: By key.
    """

    settings: Settings
    openings: tuple[tuple[AccountName, Asset, Amount], ...]
    in_wallet: Decimal
    data_dir: Path | None
    journal: Path | None
    timeout_s: float
    secrets: Mapping[str, SecretStr]


def without_secrets(config: object) -> tuple[dict[str, object], dict[str, SecretStr]]:
    """Return a config without its secrets, and these by key.

    Raises:
        ValueError: It is no dict, a key is no text, or a secret is none.
    """
    clean: dict[str, object] = {}
    secrets: dict[str, SecretStr] = {}
    for key, value in mapping(config, "config").items():
        if not looks_secret(key):
            clean[key] = usual(value, f"config: {key_path(key)}")
        elif isinstance(value, SecretStr):
            secrets[key] = value
        elif isinstance(value, str):
            secrets[key] = SecretStr(value)
        else:
            raise ValueError(f"config: {key_path(key)}: not a text, expected a secret as text")
    return clean, secrets


def veiled(config: object) -> dict[str, object]:
    """Return a config with its secrets in the type that shows nothing, for those who hand it on.

    Raises:
        ValueError: As `without_secrets`.
    """
    clean, secrets = without_secrets(config)
    return {**clean, **secrets}


def chosen_from(execution_mode: object, config: Mapping[str, object], secrets: Mapping[str, SecretStr]) -> Chosen:
    """Return what a config without its secrets means.

    Raises:
        ValueError: Everything that is wrong with it.
    """
    lines = [
        f"config: {key_path(key)}: {unknown_key(key, (*KEYS, *SECRETS, *UNUSED))}"
        for key in (*config, *secrets)
        if key not in KEYS and key not in UNUSED and key not in SECRETS
    ]
    lines += _conflicts(execution_mode, config)
    capital = _number(config, "initial_capital", _DEFAULT_CAPITAL, lines)
    timeout = _number(config, "timeout_s", Decimal(0), lines)
    data, data_dir = _data(config.get("data"), lines)
    journal = _path(config.get("journal"), "journal", lines)
    split = None if "accounts" in config else _split(capital)
    settings = _settings(execution_mode, config, data, split, lines)
    if settings is None or lines:
        raise ValueError("; ".join(lines)) from None
    openings = tuple(
        (account, asset, Amount(amount))
        for account, balances in sorted(settings.accounts.items())
        for asset, amount in sorted(balances.items())
    )
    return Chosen(
        settings=settings,
        openings=openings,
        in_wallet=Decimal(0) if split is None else CONTEXT.divide(capital, Decimal(4)),
        data_dir=data_dir,
        journal=journal,
        timeout_s=float(timeout),
        secrets=MappingProxyType(dict(secrets)),
    )


def _conflicts(execution_mode: object, config: Mapping[str, object]) -> list[str]:
    lines = []
    if "execution_mode" in config and config["execution_mode"] != execution_mode:
        other = f"{shown(config['execution_mode'])}, and {shown(execution_mode)} was asked for"
        lines.append(f"config: execution_mode: {other}, expected one of them")
    if "accounts" in config and "initial_capital" in config:
        lines.append("config: initial_capital: beside accounts, expected one of the two")
    return lines


def _settings(
    execution_mode: object,
    config: Mapping[str, object],
    data: Mapping[str, object],
    split: Mapping[str, object] | None,
    lines: list[str],
) -> Settings | None:
    mode = {"type": execution_mode, "start": _ALL_TIME[0], "end": _ALL_TIME[1]}
    raw: dict[str, object] = {
        "mode": {**mode, **({"seed": config["seed"]} if "seed" in config else {})},
        "data": data,
        "accounts": config["accounts"] if split is None else split,
        "venues": _venues(config.get("venues", {})),
        "strategy": {"use": "ops.interfaces.listening:Caller"},
    }
    raw |= {section: config[section] for section in ("risk", "report") if section in config}
    try:
        return settings_from(raw, "config", modes=RECORDED)
    except ConfigError as error:
        lines += [_own_name(line) for line in error.lines]
        return None


def _own_name(line: str) -> str:
    """Return a problem with the key that the user wrote."""
    for ours, written in _OWN_NAMES.items():
        line = line.replace(f"config: {ours}:", f"config: {written}:")
    return line


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
    folder = _path(given.get("data_dir"), "data.data_dir", lines)
    rest = {key: value for key, value in given.items() if key == "resolution"}
    return {"dir": "." if folder is None else str(folder), **rest}, folder


def _path(value: object, key: str, lines: list[str]) -> Path | None:
    if value is None:
        return None
    if isinstance(value, Path) or (isinstance(value, str) and value and value.isprintable()):
        return Path(value)
    lines.append(f"config: {key}: not a path: {shown(value)}, expected text or a Path")
    return None


def _number(config: Mapping[str, object], key: str, default: Decimal, lines: list[str]) -> Decimal:
    """Return the number under a key: above 0, or also 0 where that is the default."""
    value = config.get(key, default)
    number = decimal_of(value)
    if number is not None and (number > 0 or number == default):
        return number
    wanted = "above 0" if default else "of at least 0"
    wrong = "not a number" if number is None else "too small"
    lines.append(f"config: {key}: {wrong}: {shown(value)}, expected a decimal {wanted} such as 100000")
    return default
