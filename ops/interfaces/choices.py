"""What a config of `ops.interfaces` comes to, and how single values of one are read. See chosen.py for the keys."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from config.decimals import decimal_of
from config.load import Loaded, settings_from
from config.problems import ConfigError, shown
from config.secrets import Credentials, Secret
from config.settings import Settings
from messages.units import AccountName, Amount, Asset, VenueName

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
"""Keys of the specification whose values nobody may see."""
SANDBOXES = ("binance_sandbox", "bybit_sandbox", "okx_sandbox")
WALLET = AccountName("wallet")
USDT = Asset("USDT")
DEFAULT_CAPITAL = Decimal(100_000)
STRATEGY = {"use": "ops.interfaces.listening:Caller"}
"""Instructions come from calls."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A config that makes sense.

    Attributes:
        settings: As those of a config file. In a backtest start and end stand for all time: the clock comes by calls.
        openings: What the accounts hold at first, the wallet's part in USDT, in a fixed order.
        in_wallet: The wallet's part, in USDT; 0 where `accounts` were given.
        data_dir: None without one.
        journal: Of a backtest; None for none.
        secrets: By key.
        credentials: By venue, as far as the config holds them itself.
        lacking: What a start needs and the config does not have, one line each.
        base: The folder that relative paths are relative to.
    """

    settings: Settings
    openings: tuple[tuple[AccountName, Asset, Amount], ...]
    in_wallet: Decimal
    data_dir: Path | None
    journal: Path | None
    timeout_s: float
    secrets: Mapping[str, Secret]
    credentials: Mapping[VenueName, Credentials] = field(default_factory=lambda: MappingProxyType({}))
    lacking: tuple[str, ...] = ()
    base: Path = field(default_factory=Path.cwd)

    @property
    def loaded(self) -> Loaded:
        """The same as if it had come from a file named ``config`` in `base`."""
        return Loaded(settings=self.settings, path=Path("config"), base=self.base)


def settings_of(
    raw: Mapping[str, object], own_names: Mapping[str, str], modes: Collection[str], lines: list[str]
) -> Settings | None:
    """Return the settings, or None after adding what is wrong with them to `lines`.

    Args:
        raw: Tables as those of a config file.
        own_names: What the user wrote, by the key that it became.
        modes: Those that there are.
        lines: One for each problem.
    """
    try:
        return settings_from(raw, "config", modes=modes)
    except ConfigError as error:
        lines += [_own_name(line, own_names) for line in error.lines]
        return None


def _own_name(line: str, own_names: Mapping[str, str]) -> str:
    for ours, written in own_names.items():
        line = line.replace(f"config: {ours}:", f"config: {written}:")
    return line


def opening_balances(settings: Settings) -> tuple[tuple[AccountName, Asset, Amount], ...]:
    """Return what the accounts hold at first, in a fixed order."""
    return tuple(
        (account, asset, Amount(amount))
        for account, balances in sorted(settings.accounts.items())
        for asset, amount in sorted(balances.items())
    )


def path_under(value: object, key: str, lines: list[str]) -> Path | None:
    """Return a path, or None where none is given or it is none, which is added to `lines`."""
    if value is None:
        return None
    if isinstance(value, Path) or (isinstance(value, str) and value and value.isprintable()):
        return Path(value)
    lines.append(f"config: {key}: not a path: {shown(value)}, expected text or a Path")
    return None


def number_under(config: Mapping[str, object], key: str, default: Decimal, lines: list[str]) -> Decimal:
    """Return the number under a key: above 0, or also 0 where that is the default."""
    value = config.get(key, default)
    number = decimal_of(value)
    if number is not None and (number > 0 or number == default):
        return number
    wanted = "above 0" if default else "of at least 0"
    wrong = "not a number" if number is None else "too small"
    lines.append(f"config: {key}: {wrong}: {shown(value)}, expected a decimal {wanted} such as 100000")
    return default
