"""The config of `ops.interfaces`: a plain dict with the specification's keys, typed at once.

Everywhere:

    execution_mode    "backtest" (the default), "paper" or "live"
    venues, risk, report    as in the TOML, with what is said here instead of defaults
    timeout_s         wall seconds that a trade, or a cancel of all orders, is waited for; default 0, and 30 where it
                      goes to real venues or their prices

Backtest and paper:

    initial_capital   USDT, default 100000: in equal parts for the venues (half of Binance's in binance.perp) and the
                      wallet; not beside `accounts`
    accounts          as in the TOML
    seed              of the ids of orders

Backtest:

    data              {"data_dir": a folder, relative to the working directory, "resolution": "1h"}; may be missing
    venues            all three are there
    journal           path of a journal to be made; default: none

Live and paper (what a key means is said in `execd reference` and in the head of `config.settings`):

    venues            paper: those that are named here, default all three; live: those that there are keys of. In each
                      `instruments` (default ETH and BTC, spot and perps; in Binance's sandbox spot alone), `endpoint`
                      and all the rest as in the TOML. Paths are relative to the working directory
    journal           path, or {"path": path}; made at the first start and gone on with at every other. Default:
                      state/live/journal.sqlite or state/paper/journal.sqlite in the working directory. Beside it is
                      written what was seen of the market, so two engines need two folders
    data              {"resolution": ...} of the candles
    unknown, execution    as in the TOML

Live:

    binance_api_key, binance_secret, bybit_api_key, bybit_secret, okx_api_key, okx_secret, okx_passphrase
    binance_sandbox, bybit_sandbox, okx_sandbox    the venue's own test system
    secrets           {"dir": ...} as in the TOML, for venues that say `credentials` instead of the keys above
    adopt             default True: at the first start what lies in the accounts is recorded as the opening balance;
                      False: a funded account is refused then

What the specification has for the other modes (`data_dir`, `initial_capital`, keys of accounts) is passed over, so one
config serves all of them. Secrets are taken out before anything is looked at, and kept in a type that shows nothing.
"""

from collections.abc import Mapping

from pydantic import SecretStr

from config.checks import looks_secret
from config.modes import ONGOING
from config.problems import key_path, shown, unknown_key
from config.secrets import Secret
from ops.interfaces import chosen_ongoing as ongoing
from ops.interfaces import chosen_recorded as recorded
from ops.interfaces.choices import SANDBOXES, SECRETS, Chosen
from ops.interfaces.outside import mapping, usual

_PLACES = ("secrets",)
"""Keys that say where secrets are, and are none."""


def without_secrets(config: object) -> tuple[dict[str, object], dict[str, Secret]]:
    """Return a config without its secrets, and these by key.

    Raises:
        ValueError: It is no dict, a key is no text, or a secret is none.
    """
    clean: dict[str, object] = {}
    secrets: dict[str, Secret] = {}
    for key, value in mapping(config, "config").items():
        if not looks_secret(key) or (key in _PLACES and isinstance(value, Mapping)):
            clean[key] = usual(value, f"config: {key_path(key)}")
        elif isinstance(value, Secret):
            secrets[key] = value
        elif isinstance(value, SecretStr):
            secrets[key] = Secret(value.get_secret_value())
        elif isinstance(value, str):
            secrets[key] = Secret(value)
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


def chosen_from(execution_mode: object, config: Mapping[str, object], secrets: Mapping[str, Secret]) -> Chosen:
    """Return what a config without its secrets means.

    Raises:
        ValueError: Everything that is wrong with it.
    """
    if isinstance(execution_mode, str) and execution_mode in ONGOING:
        known, lines = (*ongoing.KEYS, *SANDBOXES, *ongoing.PASSED_OVER), list[str]()
        lines += _unknown(config, secrets, known)
        lines += _conflicts(execution_mode, config)
        return ongoing.chosen_ongoing(execution_mode, config, secrets, lines)
    lines = _unknown(config, secrets, (*recorded.KEYS, *recorded.PASSED_OVER))
    lines += _conflicts(execution_mode, config)
    return recorded.chosen_recorded(execution_mode, config, secrets, lines)


def _unknown(config: Mapping[str, object], secrets: Mapping[str, Secret], known: tuple[str, ...]) -> list[str]:
    return [
        f"config: {key_path(key)}: {unknown_key(key, (*known, *SECRETS))}"
        for key in (*config, *secrets)
        if key not in known and key not in SECRETS
    ]


def _conflicts(execution_mode: object, config: Mapping[str, object]) -> list[str]:
    lines = []
    if "execution_mode" in config and config["execution_mode"] != execution_mode:
        other = f"{shown(config['execution_mode'])}, and {shown(execution_mode)} was asked for"
        lines.append(f"config: execution_mode: {other}, expected one of them")
    if "accounts" in config and "initial_capital" in config:
        lines.append("config: initial_capital: beside accounts, expected one of the two")
    return lines
