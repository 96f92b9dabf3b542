"""What no single section can say: secrets, depth, accounts against venues, symbols against rules.

These look at the tables as they stand in the file, so that everything is said at once, also where a section is broken.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from config.decimals import decimal_of
from config.problems import Problem, key_path, nearest, shown
from config.strategy_params import param_problems
from config.symbols import PERP_FORM, SPOT_FORM, symbol_of
from config.venue_rules import MARGIN_KEYS, RULE_KEYS, rules_file
from messages.units import TradeType, VenueName, plain

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
        elif isinstance(venue, Mapping):
            overrides = venue.get("instruments")
            overrides = overrides if isinstance(overrides, Mapping) else {}
            yield from _instruments(VenueName(name), overrides, label)
            yield from _options(VenueName(name), venue, overrides, label)
    accounts = raw.get("accounts")
    if isinstance(accounts, Mapping):
        for name, balances in accounts.items():
            yield from _account(name, balances, configured, label)
    yield from _params(raw.get("strategy"), configured, label)


def account_names(venue: str) -> tuple[str, ...]:
    """Return the accounts that a venue has, its main one first."""
    rules = rules_file()[VenueName(venue)]
    return tuple(dict.fromkeys((rules.spot.account, rules.perp.account, f"{venue}.funding")))


def _instruments(venue: VenueName, overrides: Table, label: str) -> Iterator[Problem]:
    for symbol, override in overrides.items():
        where = f"{label}: {key_path('venues', venue, 'instruments', symbol)}"
        meaning = symbol_of(symbol)
        if meaning is None:
            yield Problem(where, f"not a symbol, expected {SPOT_FORM} or {PERP_FORM}")
            continue
        if meaning.trade_type is TradeType.SPOT and isinstance(override, Mapping):
            for key in MARGIN_KEYS:
                if key in override:
                    yield Problem(f"{where}.{key}", "on a spot symbol, expected it on perps only")
        if symbol not in rules_file()[venue].instruments and isinstance(override, Mapping):
            missing = [key for key in RULE_KEYS if key not in override]
            if missing:
                yield Problem(where, f"no rules of our own for this symbol, expected also {', '.join(missing)}")


def _options(venue: VenueName, chosen: Table, overrides: Table, label: str) -> Iterator[Problem]:
    """Yield what is asked of a venue that it does not offer."""
    spot, perp = chosen.get("spot"), chosen.get("perp")
    if isinstance(spot, Mapping) and spot.get("fee_in") == "quote" and not rules_file()[venue].spot.fee_in_quote:
        offering = ", ".join(name for name, rules in rules_file().items() if rules.spot.fee_in_quote)
        where = f"{label}: {key_path('venues', venue, 'spot', 'fee_in')}"
        yield Problem(where, f'"quote" is not offered by {venue}, expected "received" (only {offering} has the choice)')
    leverage = decimal_of(perp.get("leverage")) if isinstance(perp, Mapping) else None
    if leverage is None:
        return
    symbols = [*rules_file()[venue].instruments, *(s for s in overrides if s not in rules_file()[venue].instruments)]
    for symbol in symbols:
        most = _largest_leverage(venue, symbol, overrides.get(symbol))
        if most is not None and leverage > most:
            where = f"{label}: {key_path('venues', venue, 'perp', 'leverage')}"
            what = f"too large: {shown(leverage)}, expected at most {plain(most)}, the largest max_leverage of {symbol}"
            yield Problem(where, what)
            return


def _largest_leverage(venue: VenueName, symbol: str, override: object) -> Decimal | None:
    tiers = override.get("tiers") if isinstance(override, Mapping) else None
    if isinstance(tiers, list | tuple):
        found = [decimal_of(tier.get("max_leverage")) for tier in tiers if isinstance(tier, Mapping)]
        return max((each for each in found if each is not None), default=None)
    rules = rules_file()[venue].instruments.get(symbol)
    return max((tier.max_leverage for tier in rules.tiers), default=None) if rules is not None else None


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


def _params(strategy: object, configured: Table, label: str) -> Iterator[Problem]:
    """Yield what is wrong with the params of a strategy that config knows."""
    if not isinstance(strategy, Mapping) or not isinstance(strategy.get("use"), str):
        return
    params = strategy.get("params", {})
    if isinstance(params, Mapping):
        for key, what in param_problems(strategy["use"], params, tuple(configured)):
            yield Problem(f"{label}: {key_path('strategy', 'params', key)}", what)
