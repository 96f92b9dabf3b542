"""What no single section can say: secrets, depth, accounts against venues, symbols against rules.

These look at the tables as they stand in the file, so that everything is said at once, also where a section is broken.
"""

import re
from collections.abc import Iterator, Mapping

from config.problems import Problem, key_path, nearest, shown
from config.symbols import PERP_FORM, SPOT_FORM, symbol_of
from config.venue_rules import RULE_KEYS, rules_file
from messages.units import VenueName

MAX_DEPTH = 16
"""How deep tables and arrays may be nested."""
SECRETS = "secrets never stand in a config, expected them in a file, a vault or the environment"

_ASSET = re.compile(r"[A-Za-z0-9]{1,20}")
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")
_SECRET_PARTS = (
    "secret",
    "apikey",
    "passphrase",
    "password",
    "passwd",
    "privatekey",
    "privkey",
    "accesskey",
    "signingkey",
    "mnemonic",
    "seedphrase",
    "credential",
    "bearer",
    "keystore",
)
_SECRET_ENDS = ("token", "pwd", "apisign")

Table = Mapping[str, object]


def looks_secret(key: str) -> bool:
    """Return whether a key names something that must not be seen."""
    plain = _NOT_ALPHANUMERIC.sub("", key.lower())
    return any(part in plain for part in _SECRET_PARTS) or plain.endswith(_SECRET_ENDS)


def without_secrets(raw: Table, label: str) -> tuple[dict[str, object], list[Problem]]:
    """Return a copy of the tables without secrets, and a problem for each secret and for what is nested too deep."""
    problems: list[Problem] = []

    def clean(value: object, path: tuple[str | int, ...]) -> object:
        if isinstance(value, Mapping):
            return clean_table(value, path)
        if isinstance(value, list | tuple):
            if len(path) >= MAX_DEPTH:
                problems.append(Problem(f"{label}: {key_path(*path)}", f"nested deeper than {MAX_DEPTH} levels"))
                return []
            return [clean(item, (*path, number)) for number, item in enumerate(value)]
        return value

    def clean_table(table: Table, path: tuple[str | int, ...]) -> dict[str, object]:
        kept: dict[str, object] = {}
        for key, value in table.items():
            inner = (*path, key)
            if looks_secret(key):
                problems.append(Problem(f"{label}: {key_path(*inner)}", SECRETS))
            elif len(inner) > MAX_DEPTH:
                problems.append(Problem(f"{label}: {key_path(*path)}", f"nested deeper than {MAX_DEPTH} levels"))
                break
            else:
                kept[key] = clean(value, inner)
        return kept

    return clean_table(raw, ()), problems


def cross_checks(raw: Table, label: str) -> Iterator[Problem]:
    """Yield what is wrong between sections."""
    venues = raw.get("venues")
    known = tuple(rules_file())
    configured = venues if isinstance(venues, Mapping) else {}
    if isinstance(venues, Mapping) and not venues:
        yield Problem(f"{label}: venues", "empty, expected at least one venue, such as [venues.bybit]")
    for name, venue in configured.items():
        if name not in known:
            yield Problem(f"{label}: {key_path('venues', name)}", f"unknown venue, expected one of: {', '.join(known)}")
        elif isinstance(venue, Mapping) and isinstance(venue.get("instruments"), Mapping):
            yield from _instruments(VenueName(name), venue["instruments"], label)
    accounts = raw.get("accounts")
    if isinstance(accounts, Mapping):
        for name, balances in accounts.items():
            yield from _account(name, balances, configured, label)
    yield from _script(raw.get("strategy"), label)


def account_names(venue: str) -> tuple[str, ...]:
    """Return the accounts that a venue has, its main one first."""
    rules = rules_file()[VenueName(venue)]
    return tuple(dict.fromkeys((rules.spot.account, rules.perp.account, f"{venue}.funding")))


def _instruments(venue: VenueName, overrides: Table, label: str) -> Iterator[Problem]:
    for symbol, override in overrides.items():
        where = f"{label}: {key_path('venues', venue, 'instruments', symbol)}"
        if symbol_of(symbol) is None:
            yield Problem(where, f"not a symbol, expected {SPOT_FORM} or {PERP_FORM}")
        elif symbol not in rules_file()[venue].instruments and isinstance(override, Mapping):
            missing = [key for key in RULE_KEYS if key not in override]
            if missing:
                yield Problem(where, f"no rules of our own for this symbol, expected also {', '.join(missing)}")


def _account(name: str, balances: object, configured: Table, label: str) -> Iterator[Problem]:
    where = f"{label}: {key_path('accounts', name)}"
    wrong = _account_name(name, configured)
    if wrong:
        yield Problem(where, wrong)
    if isinstance(balances, Mapping):
        for asset, amount in balances.items():
            inner = f"{label}: {key_path('accounts', name, asset)}"
            if isinstance(amount, Mapping):
                account = key_path("accounts", f"{name}.{asset}")
                yield Problem(inner, f"a table, expected an amount, or the account's name in quotes: [{account}]")
            elif not _ASSET.fullmatch(asset):
                yield Problem(inner, "not an asset, expected one such as USDT")


def _account_name(name: str, configured: Table) -> str | None:
    known = tuple(rules_file())
    venue, dot, part = name.partition(".")
    if name == "wallet":
        return "not available yet: this version trades on exchanges only, expected an account of a configured venue"
    if venue not in known:
        names = [account for each in known for account in account_names(each)]
        return f"unknown account, {nearest(name, names)}"
    if venue not in configured:
        return f"venue {venue} is not configured, expected a section [venues.{venue}]"
    if name in account_names(venue):
        return None
    if dot and part in ("perp", "spot"):
        main = rules_file()[VenueName(venue)].spot.account
        reason = f"{venue} is one unified account" if part == "perp" else f"{main} is the spot account"
        return f"no such account: {reason}, expected [accounts.{main}]"
    return f"unknown account, expected one of: {', '.join(account_names(venue))}"


def _script(strategy: object, label: str) -> Iterator[Problem]:
    """Yield what is wrong with the params of ``script``, which config itself reads the file of."""
    if not isinstance(strategy, Mapping) or strategy.get("use") != "script":
        return
    params = strategy.get("params", {})
    if not isinstance(params, Mapping):
        return
    where = f"{label}: {key_path('strategy', 'params', 'file')}"
    expected = 'expected a file relative to the config file, such as "instructions.jsonl"'
    file = params.get("file")
    if "file" not in params:
        yield Problem(where, f"missing, {expected}")
    elif not isinstance(file, str) or not file or not file.isprintable():
        yield Problem(where, f"not a path: {shown(file)}, {expected}")
    for key in params:
        if key != "file":
            where = f"{label}: {key_path('strategy', 'params', key)}"
            yield Problem(where, f"unknown key, {nearest(key, ['file'])}")
