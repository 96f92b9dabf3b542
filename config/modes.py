"""Which keys belong to which modes: what a mode does not use is refused with the reason, what it needs is asked for.

The mode itself is a type in the settings (`config.settings.Mode`), told apart in ops/wiring.py alone. Here its name as
it stands in the file decides which of the other keys may be there, so that a config that would do nothing of what it
says is never run.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from config.problems import Problem, key_path

MODES = ("backtest", "paper", "live")
"""The names of the modes."""
EXPECTED_MODES = " or ".join((", ".join(f'"{name}"' for name in MODES[:-1]), f'"{MODES[-1]}"'))
"""The names as a refusal says them."""
RECORDED = ("backtest",)
"""Modes that run on recorded data: from an instant to an instant."""
SIMULATED = ("backtest", "paper")
"""Modes whose exchanges are simulated."""
ONGOING = ("paper", "live")
"""Modes that run on until they are stopped, at the prices of now. The two take the same config as far as it goes."""
AT_VENUES = ("live",)
"""Modes that place orders at the real venues."""

_NAMES = {
    RECORDED: "in a backtest only",
    SIMULATED: "in a backtest or on paper only",
    ONGOING: "live or on paper only",
    AT_VENUES: "live only",
}
_IN = {"backtest": "in a backtest", "paper": "on paper", "live": "live"}
_ANY = "*"

INSTRUMENTS_EXPECTED = 'an array of symbols such as ["ETH/USDT", "ETHUSDT-PERP"]'
CREDENTIALS_EXPECTED = 'the name of a file in [secrets] dir without its ending, such as "binance"'


class Scope(NamedTuple):
    """A key that some modes have.

    Attributes:
        path: Keys from the top; ``*`` for those that the user chooses.
        modes: The modes that have it.
        why: Why the others don't.
    """

    path: tuple[str, ...]
    modes: tuple[str, ...]
    why: str


class Need(NamedTuple):
    """A key that some modes can't do without; as `Scope`."""

    path: tuple[str, ...]
    modes: tuple[str, ...]
    expected: str


_NOT_RECORDED = "the prices are those of now"
_REAL_EXCHANGE = "it belongs to simulated exchanges"
_OWN_RULES = "the venue says its own"
_NO_VENUE = "nothing is sent to a venue"
_HAS_AN_END = "a run on recorded data ends by itself"

FORWARD_VENUE_KEYS = (
    "sandbox",
    "foreign_orders",
    "validity_ms",
    "max_clock_skew_ms",
    "max_price_age_ms",
    "max_slippage_bps",
    "max_slippage_cap_bps",
    "min_book_share",
    "reconcile_s",
    "poll_s",
)
"""Keys of `[venues.X]` that every mode but backtest has, with a default."""

SCOPES: tuple[Scope, ...] = (
    Scope(("data", "dir"), RECORDED, _NOT_RECORDED),
    Scope(("accounts",), SIMULATED, "the venues say what is there"),
    *(Scope(("venues", _ANY, key), SIMULATED, _REAL_EXCHANGE) for key in ("latency_ms", "slippage", "fill")),
    *(
        Scope(("venues", _ANY, "instruments", _ANY, key), SIMULATED, _OWN_RULES)
        for key in ("tick", "lot", "min_quantity", "min_notional", "contract_size")
    ),
    *(
        Scope(("venues", _ANY, key), ONGOING, _NO_VENUE)
        for key in ("credentials", *FORWARD_VENUE_KEYS, "endpoint")
    ),
    Scope(("secrets",), ONGOING, _NO_VENUE),
    Scope(("unknown",), ONGOING, _NO_VENUE),
    Scope(("journal",), ONGOING, "the journal is in the folder of the output"),
    Scope(("execution",), ONGOING, _HAS_AN_END),
)  # fmt: skip
"""Every key that not all modes have. What a strategy takes is in config/strategy_params.py."""

NEEDS: tuple[Need, ...] = (
    Need(("data", "dir"), RECORDED, "a folder, relative to the config file"),
    Need(("journal",), ONGOING, "[journal] with path"),
    Need(("journal", "path"), ONGOING, 'a file, relative to the config file, such as "state/journal.sqlite"'),
    Need(("venues", _ANY, "instruments"), ONGOING, INSTRUMENTS_EXPECTED),
    Need(("venues", _ANY, "credentials"), AT_VENUES, CREDENTIALS_EXPECTED),
)
"""Every key that has no default in some modes and is none of others."""


def mode_of(raw: Mapping[str, object]) -> str | None:
    """Return the name of the mode that stands in a table of settings; None if it names none that there is."""
    mode = raw.get("mode")
    name = mode.get("type") if isinstance(mode, Mapping) else None
    return name if isinstance(name, str) and name in MODES else None


def mode_checks(raw: Mapping[str, object], label: str) -> Iterator[Problem]:
    """Yield what the mode of a config does not use, and what it lacks. Nothing where the mode is none."""
    mode = mode_of(raw)
    if mode is None:
        return
    for scope in SCOPES:
        if mode not in scope.modes:
            for path in _found(raw, scope.path):
                what = f"not used {_IN[mode]}: {scope.why}, expected {_NAMES[scope.modes]}"
                yield Problem(f"{label}: {key_path(*path)}", what)
    for need in NEEDS:
        if mode in need.modes:
            for path in _lacking(raw, need.path):
                yield Problem(f"{label}: {key_path(*path)}", f"missing, expected {need.expected}")


def not_here(mode: str, modes: Collection[str]) -> str:
    """Return what to say of a mode that can't be run by who reads the config."""
    only = " and ".join(f'"{name}"' for name in modes)
    return f'"{mode}" is not in this version, which has only {only}'


def _found(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the keys that are there and fit a path."""
    first, rest = path[0], path[1:]
    for key in tuple(table) if first == _ANY else (first,):
        if key not in table:
            continue
        inner = table[key]
        if not rest:
            yield (key,)
        elif isinstance(inner, Mapping):
            yield from ((key, *below) for below in _found(inner, rest))


def _lacking(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the keys that fit a path and are not there, though the table is in which they would be."""
    first, rest = path[0], path[1:]
    if not rest:
        if first not in table:
            yield (first,)
        return
    for key in tuple(table) if first == _ANY else (first,):
        inner = table.get(key)
        if isinstance(inner, Mapping):
            yield from ((key, *below) for below in _lacking(inner, rest))
