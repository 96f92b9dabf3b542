"""What no single section can say: secrets, depth, accounts against venues, symbols against rules.

These look at the tables as they stand in the file, so that everything is said at once, also where a section is broken.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from config.decimals import decimal_of
from config.modes import INSTRUMENTS_EXPECTED, ONGOING, mode_checks, mode_of
from config.problems import Problem, key_path, nearest, shown
from config.strategy_params import WITH_AN_END, param_problems
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
# ccxt 4.5.90 refuses binance's futures testnet; the spot one, bybit's and okx's are there.
_NO_SANDBOX = frozenset({("binance", TradeType.PERP)})
_MARGIN_MS, _HORIZON_S, _VALIDITY_MS = 5_000, 600, 5_000

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
            if looks_secret(key) and not _names_a_place(inner, value):
                problems.append(Problem(f"{label}: {key_path(*inner)}", SECRETS))
            elif len(inner) > MAX_DEPTH:
                problems.append(Problem(f"{label}: {key_path(*path)}", f"nested deeper than {MAX_DEPTH} levels"))
                break
            else:
                kept[key] = clean(value, inner)
        return kept

    return clean_table(raw, ()), problems


def _names_a_place(path: tuple[str | int, ...], value: object) -> bool:
    """Whether a key that looks like a secret only says where one is: ``[secrets]``, and a venue's ``credentials``."""
    match path:
        case ("secrets",):
            return isinstance(value, Mapping)
        case ("venues", _, "credentials"):
            return True
        case _:
            return False


def cross_checks(raw: Table, label: str) -> Iterator[Problem]:
    """Yield what is wrong between sections."""
    yield from mode_checks(raw, label)
    mode = mode_of(raw)
    venues = raw.get("venues")
    known = tuple(rules_file())
    configured = venues if isinstance(venues, Mapping) else {}
    if isinstance(venues, Mapping) and not venues:
        yield Problem(f"{label}: venues", "empty, expected at least one venue, such as [venues.bybit]")
    for name, venue in configured.items():
        if name not in known:
            yield Problem(f"{label}: {key_path('venues', name)}", f"unknown venue, expected one of: {', '.join(known)}")
        elif isinstance(venue, Mapping):
            overrides = _overrides(venue.get("instruments"))
            if mode in ONGOING:
                yield from _traded(VenueName(name), venue, overrides, label)
            else:
                yield from _tabled(VenueName(name), venue, label)
            yield from _instruments(VenueName(name), overrides, label, has_rules=mode in ONGOING)
            yield from _options(VenueName(name), venue, overrides, label)
    yield from _credentials(configured, label)
    accounts = raw.get("accounts")
    if isinstance(accounts, Mapping):
        for name, balances in accounts.items():
            yield from _account(name, balances, configured, label)
    yield from _params(raw.get("strategy"), configured, label, ongoing=mode in ONGOING)
    yield from _horizon(raw.get("unknown"), configured, label)


def account_names(venue: str) -> tuple[str, ...]:
    """Return the accounts that a venue has, its main one first."""
    rules = rules_file()[VenueName(venue)]
    return tuple(dict.fromkeys((rules.spot.account, rules.perp.account, f"{venue}.funding")))


def _overrides(instruments: object) -> Table:
    """Return the rules for each symbol; an array of symbols has none."""
    if isinstance(instruments, list | tuple):
        return {symbol: {} for symbol in instruments if isinstance(symbol, str)}
    return instruments if isinstance(instruments, Mapping) else {}


def _traded(venue: VenueName, chosen: Table, symbols: Table, label: str) -> Iterator[Problem]:
    """Yield what is wrong with what is to be traded at the real venue."""
    if isinstance(chosen.get("instruments"), Mapping) and not symbols:
        where = f"{label}: {key_path('venues', venue, 'instruments')}"
        yield Problem(where, f"empty, expected {INSTRUMENTS_EXPECTED}")
    if chosen.get("sandbox") is not True:
        return
    for symbol in symbols:
        meaning = symbol_of(symbol)
        if meaning is not None and (venue, meaning.trade_type) in _NO_SANDBOX:
            where = f"{label}: {key_path('venues', venue, 'sandbox')}"
            what = (
                f"{venue} has no sandbox for {meaning.trade_type} ({symbol}), expected none of it, or sandbox = false"
            )
            yield Problem(where, what)
            return


def _tabled(venue: VenueName, chosen: Table, label: str) -> Iterator[Problem]:
    if isinstance(chosen.get("instruments"), list | tuple):
        where = f"{label}: {key_path('venues', venue, 'instruments')}"
        what = "an array, expected a table of rules for each symbol: in a backtest the data say what can be traded"
        yield Problem(where, what)


def _credentials(configured: Table, label: str) -> Iterator[Problem]:
    """Yield a line for each venue that would be given the keys of another."""
    taken: dict[str, str] = {}
    for name, venue in configured.items():
        credentials = venue.get("credentials") if isinstance(venue, Mapping) else None
        if not isinstance(credentials, str):
            continue
        if credentials in taken:
            where = f"{label}: {key_path('venues', name, 'credentials')}"
            yield Problem(where, f"the same as those of {taken[credentials]}, expected the name of keys of its own")
        taken.setdefault(credentials, name)


def _horizon(unknown: object, configured: Table, label: str) -> Iterator[Problem]:
    """Yield a line if an operator would be asked before an absence can be proven."""
    given = unknown if isinstance(unknown, Mapping) else {}
    margin, horizon = given.get("margin_ms", _MARGIN_MS), given.get("horizon_s", _HORIZON_S)
    validities = [v.get("validity_ms", _VALIDITY_MS) for v in configured.values() if isinstance(v, Mapping)]
    whole = [each for each in validities if isinstance(each, int)]
    if isinstance(margin, int) and isinstance(horizon, int) and whole and horizon * 1000 <= max(whole) + margin:
        what = f"too small: {shown(horizon)}, expected more than validity_ms and margin_ms together"
        yield Problem(f"{label}: unknown.horizon_s", f"{what}, which are {shown(max(whole) + margin)} ms")


def _instruments(venue: VenueName, overrides: Table, label: str, *, has_rules: bool) -> Iterator[Problem]:
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
        if not has_rules and symbol not in rules_file()[venue].instruments and isinstance(override, Mapping):
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


def _params(strategy: object, configured: Table, label: str, *, ongoing: bool) -> Iterator[Problem]:
    """Yield what is wrong with the params of a strategy that config knows."""
    if not isinstance(strategy, Mapping) or not isinstance(strategy.get("use"), str):
        return
    if ongoing and strategy["use"] in WITH_AN_END:
        what = f'"{strategy["use"]}" trades at both ends of recorded data, expected another, such as "basis"'
        yield Problem(f"{label}: strategy.use", what)
    params = strategy.get("params", {})
    if isinstance(params, Mapping):
        for key, what in param_problems(strategy["use"], params, tuple(configured), ongoing=ongoing):
            yield Problem(f"{label}: {key_path('strategy', 'params', key)}", what)
