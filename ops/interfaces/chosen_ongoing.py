"""The config of a run that goes on, live or on paper: the specification's keys become the tables of a config file.

Keys of accounts that a live config holds are made into credentials here. Half a pair of them is no reason to refuse a
config, which may be looked at without trading; the first call that needs the venue says what is missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from config.modes import AT_VENUES, ONGOING
from config.problems import ConfigError, key_path, shown, unknown_key
from config.secrets import Credentials, Secret, credentials_of
from config.symbols import symbol_of
from config.venue_rules import rules_file
from messages.units import CONTEXT, PERP, VenueName, plain
from ops.interfaces.choices import (
    DEFAULT_CAPITAL,
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
    "venues",
    "journal",
    "adopt",
    "accounts",
    "initial_capital",
    "seed",
    "data",
    "secrets",
    "unknown",
    "execution",
    "risk",
    "report",
    "timeout_s",
)
"""What is looked at, beside ``{venue}_sandbox``."""
PASSED_OVER = ("wallet_address",)
"""Other keys of the specification, for which there is no use yet."""
DEFAULT_INSTRUMENTS = ("ETH/USDT", "BTC/USDT", "ETHUSDT-PERP", "BTCUSDT-PERP")
"""What is traded at a venue where the config does not say it."""
TIMEOUT_S = Decimal(30)
"""How long a trade is waited for where the config does not say it, in seconds."""

_SPOT_SANDBOX = frozenset({"binance"})  # its perps have none, and would be refused
_SECTIONS = ("risk", "report", "unknown", "execution", "secrets")
_DATA_KEYS = ("data_dir", "resolution")
_FIELDS = ("api_key", "secret", "passphrase")
_WITH_PASSPHRASE = frozenset({"okx"})
_OWN_NAMES = {"mode.type": "execution_mode", "mode.seed": "seed", "mode.adopt": "adopt", "journal.path": "journal"}


def chosen_ongoing(
    execution_mode: str, config: Mapping[str, object], secrets: Mapping[str, Secret], lines: list[str]
) -> Chosen:
    """Return what a config means.

    Raises:
        ValueError: Everything that is wrong with it; `lines` are what was found already.
    """
    at_venues = execution_mode in AT_VENUES
    capital = number_under(config, "initial_capital", DEFAULT_CAPITAL, lines)
    timeout = number_under(config, "timeout_s", TIMEOUT_S, lines)
    own_names = dict(_OWN_NAMES)
    venues = _venues(config, secrets, lines, own_names, at_venues=at_venues)
    if not venues and lines:
        raise ValueError("; ".join(lines))
    split = None if at_venues or "accounts" in config else _split(capital, venues)
    raw: dict[str, object] = {
        "mode": _mode(execution_mode, config, at_venues=at_venues),
        "data": _data(config.get("data"), lines),
        "venues": venues,
        "journal": {"path": _journal(config.get("journal"), execution_mode, lines)},
        "strategy": STRATEGY,
        **{section: config[section] for section in _SECTIONS if section in config},
    }
    if split is not None or "accounts" in config:
        raw["accounts"] = config["accounts"] if split is None else split
    settings = settings_of(raw, own_names, ONGOING, lines)
    if settings is None or lines:
        raise ValueError("; ".join(lines)) from None
    credentials, lacking = _credentials(config, secrets, list(settings.venues)) if at_venues else ({}, [])
    return Chosen(
        settings=settings,
        openings=opening_balances(settings),
        in_wallet=Decimal(0) if split is None else _part(capital, venues),
        data_dir=None,
        journal=None,
        timeout_s=float(timeout),
        secrets=MappingProxyType(dict(secrets)),
        credentials=MappingProxyType(credentials),
        lacking=tuple(lacking),
    )


def _mode(execution_mode: str, config: Mapping[str, object], *, at_venues: bool) -> dict[str, object]:
    mode: dict[str, object] = {"type": execution_mode}
    if at_venues or "adopt" in config:
        mode["adopt"] = config.get("adopt", True)
    if "seed" in config:
        mode["seed"] = config["seed"]
    return mode


def _venues(
    config: Mapping[str, object],
    secrets: Mapping[str, Secret],
    lines: list[str],
    own_names: dict[str, str],
    *,
    at_venues: bool,
) -> dict[str, object]:
    """Return the tables of the venues: those that are named, and live those that the config has keys of."""
    given = config.get("venues", {})
    if not isinstance(given, Mapping):
        lines.append(f"config: venues: not a dict: {shown(given)}, expected one of venues such as bybit")
        return {}
    with_keys = [str(name) for name in rules_file() if any(key in secrets for key in _names(name))]
    if at_venues and not with_keys and not given:
        lines.append("config: no keys of a venue, expected such as binance_api_key and binance_secret")
    chosen = dict.fromkeys([*(with_keys if at_venues else ()), *given]) or dict.fromkeys(map(str, rules_file()))
    tables: dict[str, object] = {}
    for name in chosen:
        table = given.get(name, {})
        if not isinstance(table, Mapping):
            tables[name] = table
            continue
        table = {"kind": "cex", **table}
        if at_venues and (name in with_keys or "credentials" not in table):
            if "credentials" in table:
                lines.append(f"config: {key_path('venues', name, 'credentials')}: beside {_names(name)[0]}")
            table["credentials"] = name
        _set_sandbox(name, config, table, lines, own_names)
        table.setdefault("instruments", _instruments(name, table))
        tables[name] = table
    return tables


def _set_sandbox(
    name: str, config: Mapping[str, object], table: dict[str, object], lines: list[str], own_names: dict[str, str]
) -> None:
    """Take over the specification's key for it."""
    key, inner = f"{name}_sandbox", key_path("venues", name, "sandbox")
    if key not in config:
        return
    if table.setdefault("sandbox", config[key]) != config[key]:
        lines.append(f"config: {key}: not what {inner} says, expected one of them")
    own_names[inner] = key


def _instruments(name: str, table: Mapping[str, object]) -> list[str]:
    spot_alone = table.get("sandbox") is True and name in _SPOT_SANDBOX
    return [symbol for symbol in DEFAULT_INSTRUMENTS if not (spot_alone and _is_perp(symbol))]


def _is_perp(symbol: str) -> bool:
    meaning = symbol_of(symbol)
    return meaning is not None and meaning.trade_type is PERP


def _part(capital: Decimal, venues: Mapping[str, object]) -> Decimal:
    """Return what each venue, and the wallet, has of a capital."""
    return CONTEXT.divide(capital, Decimal(len(venues) + 1))


def _split(capital: Decimal, venues: Mapping[str, object]) -> dict[str, object]:
    """Return the accounts among which a capital is divided; the wallet's part is not among them."""
    part, rules, accounts = _part(capital, venues), rules_file(), dict[str, object]()
    for name in venues:
        if (known := rules.get(VenueName(name))) is not None:
            of_venue = dict.fromkeys((known.spot.account, known.perp.account))
            share = plain(CONTEXT.divide(part, Decimal(len(of_venue))))
            accounts |= {str(account): {USDT: share} for account in of_venue}
    return accounts


def _data(given: object, lines: list[str]) -> dict[str, object]:
    """Return the section of the settings; a folder of recorded data is passed over."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        lines.append(f"config: data: not a dict: {shown(given)}, expected one with resolution")
        return {}
    lines += [
        f"config: {key_path('data', key)}: {unknown_key(key, _DATA_KEYS)}" for key in given if key not in _DATA_KEYS
    ]
    return {key: value for key, value in given.items() if key == "resolution"}


def _journal(given: object, execution_mode: str, lines: list[str]) -> str:
    """Return the path of the journal, given as a path or as a section that has one."""
    default = Path("state", execution_mode, "journal.sqlite")
    if isinstance(given, Mapping):
        lines += [
            f"config: {key_path('journal', key)}: {unknown_key(key, ('path',))}" for key in given if key != "path"
        ]
        given = given.get("path")
    return str(path_under(given, "journal", lines) or default)


def _credentials(
    config: Mapping[str, object], secrets: Mapping[str, Secret], venues: Sequence[VenueName]
) -> tuple[dict[VenueName, Credentials], list[str]]:
    """Return the keys that the config holds itself, and what is missing or wrong of them."""
    made: dict[VenueName, Credentials] = {}
    lacking: list[str] = []
    given = config.get("venues")
    for venue in venues:
        if venue_has_named_keys(given, venue) and not any(key in secrets for key in _names(venue)):
            continue
        if missing := list(_missing(venue, secrets)):
            lacking += missing
            continue
        try:
            made[venue] = credentials_of(
                {name: secrets[key].reveal() for name, key in _fields(venue) if key in secrets},
                venue=venue,
                name=str(venue),
                source=f"config: keys of {venue}",
            )
        except ConfigError as error:
            lacking += error.lines
    return made, lacking


def venue_has_named_keys(given: object, venue: VenueName) -> bool:
    """Return whether ``venues`` of a config says by name where the keys of a venue are."""
    table = given.get(venue) if isinstance(given, Mapping) else None
    return isinstance(table, Mapping) and "credentials" in table


def _missing(venue: VenueName, secrets: Mapping[str, Secret]) -> Iterator[str]:
    for name, key in _fields(venue):
        if key not in secrets and (name != "passphrase" or venue in _WITH_PASSPHRASE):
            yield f"config: {key}: missing, expected it as {venue} shows it"


def _fields(venue: str) -> list[tuple[str, str]]:
    return list(zip(_FIELDS, _names(venue), strict=True))


def _names(venue: str) -> tuple[str, ...]:
    return tuple(f"{venue}_{field}" for field in _FIELDS)
