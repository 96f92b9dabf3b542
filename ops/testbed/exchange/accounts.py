"""Accounts of the local exchange: ``DIR/accounts.toml`` with keys and opening balances, written at the first start."""

import json
import os
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from actors.errors import BadInputError
from ops.testbed.exchange.rules import Rules
from ops.testbed.exchange.values import Key, Permission, Uid, Wallet
from ops.testbed.exchange.venues import RULES

FILE = "accounts.toml"
_OPENING: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "binance": {
        "spot": {"USDT": "100000", "BTC": "1", "ETH": "10"},
        "perp": {"USDT": "100000"},
        "funding": {"USDT": "10000"},
    },
    "bybit": {"unified": {"USDT": "200000", "BTC": "1", "ETH": "10"}, "funding": {"USDT": "10000"}},
    "okx": {"unified": {"USDT": "200000", "BTC": "1", "ETH": "10"}, "funding": {"USDT": "10000"}},
}
_UIDS = {"binance": "35012001", "bybit": "24012001", "okx": "44012001"}
_HEAD = """\
# Accounts of the local exchange. Keys here open nothing anywhere else. Balances are the opening ones: what became of
# them is in record.sqlite, and an account that is in there is not opened again.

[limits]
factor = 1  # rate limits are so many times the venue's own
"""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a venue, with its keys and what it opens with."""

    venue: str
    uid: Uid
    keys: tuple[Key, ...]
    opening: Mapping[Wallet, Mapping[str, Decimal]]


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says. `factor` widens the rate limits."""

    factor: int
    accounts: tuple[Account, ...]

    def of(self, venue: str) -> tuple[Account, ...]:
        """Return the accounts of a venue."""
        return tuple(account for account in self.accounts if account.venue == venue)


def read(directory: Path) -> Accounts:
    """Return the accounts of a folder, with samples written first where there is no such file.

    Raises:
        BadInputError: With a line for everything that makes no sense.
    """
    path = directory / FILE
    if not path.exists():
        _write_samples(directory)
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: {error}") from None
    problems: list[str] = []
    accounts = [
        account
        for number, entry in enumerate(found.get("accounts", ()), start=1)
        if (account := _account(entry, f"{path}: account {number}", problems)) is not None
    ]
    factor = found.get("limits", {}).get("factor", 1)
    if not isinstance(factor, int) or isinstance(factor, bool) or factor < 1:
        problems.append(f"{path}: limits.factor: expected a whole number of at least 1")
    names = [key.api_key for account in accounts for key in account.keys]
    problems += [
        f"{path}: api_key {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise BadInputError(*problems)
    return Accounts(factor=factor, accounts=tuple(accounts))


def _account(entry: Mapping[str, Any], where: str, problems: list[str]) -> Account | None:
    rules = RULES.get(str(entry.get("venue")))
    if rules is None:
        problems.append(f"{where}: venue: expected one of {', '.join(RULES)}")
        return None
    before = len(problems)
    uid = Uid(str(entry.get("uid") or ""))
    if not uid.isdigit():
        problems.append(f"{where}: uid: expected digits")
    keys = [_key(rules, uid, key, f"{where}: key {n}", problems) for n, key in enumerate(entry.get("keys", ()), 1)]
    opening = {
        Wallet(wallet): _amounts(rules, wallet, amounts, f"{where}: balances.{wallet}", problems)
        for wallet, amounts in entry.get("balances", {}).items()
    }
    if len(problems) > before:
        return None
    return Account(venue=rules.venue, uid=uid, keys=tuple(key for key in keys if key is not None), opening=opening)


def _key(rules: Rules, uid: Uid, entry: Mapping[str, Any], where: str, problems: list[str]) -> Key | None:
    texts = {name: entry.get(name, "") for name in ("api_key", "secret", "passphrase")}
    needed = ["api_key", "secret"] + (["passphrase"] if rules.venue == "okx" else [])
    missing = [name for name in needed if not isinstance(texts[name], str) or not texts[name]]
    words = [str(word).upper() for word in entry.get("permissions", ("read", "trade", "transfer"))]
    unknown = [word.lower() for word in words if word not in Permission.__members__]
    problems += [f"{where}: {name}: expected a text" for name in missing]
    problems += [f"{where}: permissions: {word!r}: expected {', '.join(Permission).lower()}" for word in unknown]
    if missing or unknown:
        return None
    return Key(venue=rules.venue, uid=uid, permissions=frozenset(Permission(word) for word in words), **texts)


def _amounts(
    rules: Rules, wallet: str, amounts: Mapping[str, Any], where: str, problems: list[str]
) -> Mapping[str, Decimal]:
    if wallet not in rules.wallets:
        problems.append(f"{where}: {rules.venue} has no such wallet, expected one of {', '.join(rules.wallets)}")
        return {}
    found = {}
    for asset, text in amounts.items():
        try:
            found[asset] = Decimal(str(text))
        except ArithmeticError:
            problems.append(f"{where}.{asset}: expected a number")
            continue
        if not found[asset].is_finite() or found[asset] < 0:
            problems.append(f"{where}.{asset}: expected a number of at least 0")
    return found


def _write_samples(directory: Path) -> None:
    """Write an account of each venue, and its key as a file of secrets of its own, as a config's [secrets] dir."""
    lines = [_HEAD]
    for venue, wallets in _OPENING.items():
        key = {"api_key": secrets.token_hex(16), "secret": secrets.token_hex(32)}
        if venue == "okx":
            key["passphrase"] = secrets.token_hex(8)
        lines += ["[[accounts]]", f'venue = "{venue}"', f'uid = "{_UIDS[venue]}"', ""]
        lines += [f"[accounts.balances.{wallet}]\n{_pairs(amounts)}\n" for wallet, amounts in wallets.items()]
        lines += ["[[accounts.keys]]", _pairs(key), 'permissions = ["read", "trade", "transfer"]', ""]
        _write(directory / "keys" / f"{venue}.json", json.dumps(key) + "\n")
    _write(directory / FILE, "\n".join(lines))


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f'{name} = "{value}"' for name, value in values.items())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def openings(accounts: Sequence[Account]) -> Sequence[tuple[Uid, Wallet, str, Decimal]]:
    """Return what accounts open with, line by line."""
    return [
        (account.uid, wallet, asset, amount)
        for account in accounts
        for wallet, amounts in account.opening.items()
        for asset, amount in amounts.items()
        if amount
    ]
