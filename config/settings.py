"""Everything an operator may choose, as frozen types. One class for each section of the TOML file.

Money and rates are `Decimal`, instants are nanoseconds UTC. The sections of a venue are in config/venue_settings.py.
What needs more than one section (accounts against venues, symbols against rules) is in config/checks.py, which keys
belong to which mode in config/modes.py; how a refusal reads is in config/explain.py; config/reference.py writes all of
it down.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from config.decimals import Unreadable, decimal_of
from config.instants import EXPECTED, instant_of, instant_of_datetime
from config.modes import EXPECTED_MODES, FORWARD_VENUE_KEYS
from config.problems import nearest, shown
from config.section import MILLISECOND_NS, Frozen, Key, LocalPath, NotNegative, Positive, Section, refusal
from config.strategy_params import PARAMS
from config.venue_settings import Venue
from messages.units import SECOND_NS, AccountName, Asset, Nanoseconds, VenueName

BUILT_IN_STRATEGIES = tuple(PARAMS)
_SPAN_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


def _instant(value: object) -> Nanoseconds:
    at: Nanoseconds | None = None
    if isinstance(value, dt.datetime):
        at = instant_of_datetime(value)
    elif isinstance(value, str):
        at = instant_of(value)
    if at is None:
        raise refusal(f"not an instant: {shown(value)}, expected {EXPECTED}")
    return at


Instant: TypeAlias = Annotated[Nanoseconds, PlainValidator(_instant)]
"""Nanoseconds UTC, from an offset date-time of TOML (to the microsecond) or its text (to the nanosecond)."""


_SEED = Annotated[int, Key(expected="an integer from 0 to 2^63 - 1")]


class _OfAMode(Section):
    """What is known of every mode."""

    venue_keys: ClassVar[tuple[str, ...]]
    """What of ``[venues.X]`` decides the trading in this mode, beside what a model of a venue holds."""
    sections: ClassVar[tuple[str, ...]]
    """Sections that decide the trading in this mode, beside those of every mode."""


class Backtest(_OfAMode):
    """Run on recorded data from `start` to `end`, both included."""

    venue_keys: ClassVar[tuple[str, ...]] = ()
    sections: ClassVar[tuple[str, ...]] = ()

    type: Annotated[Literal["backtest"], Key(expected='"backtest"')] = Field(
        description="What the run is: on recorded data."
    )
    start: Annotated[Instant, Key(expected=EXPECTED, unit="UTC")] = Field(description="First instant of the run.")
    end: Annotated[Instant, Key(expected=EXPECTED, unit="UTC")] = Field(
        description="Last instant of the run, after `start`."
    )
    seed: _SEED = Field(
        default=0, ge=0, lt=2**63, description="Of the ids of orders and of a strategy's random numbers."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Backtest":
        if self.start >= self.end:
            raise refusal("end is not after start, expected start < end")
        return self

    @property
    def hashed(self) -> dict[str, object]:
        """What of it goes into the hashed part of a manifest, in a fixed order."""
        return {"type": self.type, "start": self.start, "end": self.end, "seed": self.seed}


class Paper(_OfAMode):
    """Run at the prices of now with simulated exchanges, until it is stopped.

    It takes what a live config has beside the balances and the figures of the simulation, so that either can be made
    from the other by few lines; no keys of an account are read, and nothing is sent to one.
    """

    venue_keys: ClassVar[tuple[str, ...]] = FORWARD_VENUE_KEYS
    sections: ClassVar[tuple[str, ...]] = ("unknown", "execution")

    type: Annotated[Literal["paper"], Key(expected='"paper"')] = Field(
        description="What the run is: at the prices of now, with simulated exchanges."
    )
    seed: _SEED = Field(
        default=0, ge=0, lt=2**63, description="Of the ids of orders and of a strategy's random numbers."
    )

    @property
    def hashed(self) -> dict[str, object]:
        """What of it goes into the hashed part of a manifest, in a fixed order."""
        return {"type": self.type, "seed": self.seed}


class Live(_OfAMode):
    """Run with real orders at the venues, until it is stopped."""

    venue_keys: ClassVar[tuple[str, ...]] = FORWARD_VENUE_KEYS
    sections: ClassVar[tuple[str, ...]] = ("unknown", "execution")

    type: Annotated[Literal["live"], Key(expected='"live"')] = Field(
        description="What the run is: real orders at the venues."
    )
    adopt: Annotated[bool, Key(expected="true or false")] = Field(
        default=False,
        description="At the first start, take balances and positions that are there already as the opening ones "
        "(as `execd run --adopt` does); else a funded account is refused.",
    )

    @property
    def hashed(self) -> dict[str, object]:
        """What of it goes into the hashed part of a manifest; what only the first start asks does not."""
        return {"type": self.type}


Mode: TypeAlias = Annotated[Backtest | Paper | Live, Field(discriminator="type")]
"""What a run is. Only ops/wiring.py matches on it."""


Resolution: TypeAlias = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "1d"]
"""Length of a candle, as the names of data files have it."""


def _span_ns(span: str) -> Nanoseconds:
    return Nanoseconds(int(span[:-1]) * _SPAN_SECONDS[span[-1]] * SECOND_NS)


class Data(Section):
    """Where the recorded series are, and the length of the candles, recorded or gathered."""

    dir: Annotated[
        LocalPath,
        Key(expected="a folder, relative to the config file", default="required in a backtest, its own alone"),
    ] = Field(default="", description="Folder of the recorded series, relative to the config file.")
    resolution: Annotated[Resolution, Key(expected=f"a candle length, one of {', '.join(get_args(Resolution))}")] = (
        Field(default="1h", description="Length of the candles.")
    )

    @property
    def resolution_ns(self) -> Nanoseconds:
        """Length of a candle."""
        return _span_ns(self.resolution)


def _freeze(value: object) -> object:
    """Return a TOML value with its arrays as tuples and its tables unchangeable."""
    match value:
        case Mapping():
            return MappingProxyType({str(key): _freeze(item) for key, item in value.items()})
        case list() | tuple():
            return tuple(_freeze(item) for item in value)
        case Unreadable():
            raise refusal(f"not a number within 30 digits: {shown(value)}, expected a decimal")
        case float():
            number = decimal_of(value)
            if number is None:
                raise refusal(f"not a number within 30 digits: {shown(value)}, expected a decimal")
            return number
        case str() | bool() | int() | Decimal() | dt.date() | dt.time():
            return value
        case _:
            raise refusal(f"not a TOML value: {shown(value)}, expected text, numbers, arrays and tables")


def _params(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise refusal(f"not a table: {shown(value)}, expected [strategy.params]")
    return MappingProxyType({str(key): _freeze(item) for key, item in value.items()})


_STRATEGY = ", ".join(f'"{name}"' for name in BUILT_IN_STRATEGIES) + ' or "my_module:MyStrategy"'


def _strategy_name(value: object) -> object:
    if isinstance(value, str):
        module, colon, name = value.partition(":")
        if value in BUILT_IN_STRATEGIES or (
            colon and name.isidentifier() and all(part.isidentifier() for part in module.split("."))
        ):
            return value
        hint = nearest(value, BUILT_IN_STRATEGIES) if value.isidentifier() else ""
        if hint.startswith("did"):
            raise refusal(f"unknown strategy: {shown(value)}, {hint}")
    raise refusal(f"not a strategy: {shown(value)}, expected {_STRATEGY}")


class Strategy(Section):
    """Who decides what to trade."""

    use: Annotated[str, BeforeValidator(_strategy_name), Key(expected=_STRATEGY)] = Field(
        description=f"{', '.join(BUILT_IN_STRATEGIES)}, or a class in a module beside the config: my_module:MyStrategy."
    )
    params: Annotated[Mapping[str, object], PlainValidator(_params), Key(expected="a table")] = Field(
        default_factory=dict,
        validate_default=True,
        description="What the strategy takes; one of one's own gets it as it stands, numbers with a point as Decimal.",
    )
    on_error: Annotated[Literal["stop", "skip"], Key(expected='"stop" or "skip"')] = Field(
        default="stop", description="What follows when it raises: the run ends, or its instruction is left out."
    )


class Risk(Section):
    """Limits, in the order in which the gate asks them."""

    halted: Annotated[bool, Key(expected="true or false")] = Field(
        default=False, description="Refuse every instruction."
    )
    max_order_notional: Annotated[
        Positive | None, Key(expected='a decimal above 0 such as "100000"', unit="quote", default="no limit")
    ] = Field(default=None, description="Largest amount times price of an order.")


Sample: TypeAlias = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "1d", "off"]
"""How often equity is marked within a run: a length of time as those of candles, or never."""


class Report(Section):
    """What a run writes down for people."""

    sample: Annotated[Sample, Key(expected=f"one of {', '.join(get_args(Sample))}")] = Field(
        default="1h",
        description="How often equity is marked between the first instant and the last; off: only at these two.",
    )
    currency: Annotated[Literal["USDT"], Key(expected='"USDT"')] = Field(
        default="USDT", description="What equity is counted in."
    )
    enabled: Annotated[bool, Key(expected="true or false")] = Field(
        default=True, description="Write report.html after a run."
    )

    @property
    def sample_ns(self) -> Nanoseconds | None:
        """Time between two marks of equity; None for none between the first and the last."""
        return None if self.sample == "off" else _span_ns(self.sample)


class Secrets(Section):
    """Where the keys of accounts are: one file each, never in the config.

    The file of the credentials ``NAME`` is ``NAME.json`` in `dir`, ``{"api_key": "...", "secret": "..."}``, at okx with
    ``"passphrase"`` too; a regular file with the mode 0600 or stricter, in a folder that not everybody may write to.
    The environment variable ``EXECD_SECRET_NAME`` (upper case, ``-`` as ``_``; or the name just as it is written) holds
    the same JSON; where it is set, the file is not read.
    """

    dir: Annotated[LocalPath, Key(expected="a folder, relative to the config file", default="only the environment")] = (
        Field(default="", description="Folder of the files with the keys, relative to the config file.")
    )


class Unknown(Section):
    """When an order whose outcome is unknown may be said never to have arrived, and when a person is asked."""

    margin_ms: Annotated[int, Key(expected="an integer from 0 to 600000", unit="milliseconds")] = Field(
        default=5_000,
        ge=0,
        le=600_000,
        description="How long after the request's validity and the clock's skew an order that no look-up finds is "
        "taken to be absent.",
    )
    horizon_s: Annotated[int, Key(expected="an integer from 1 to 86400", unit="seconds")] = Field(
        default=600,
        ge=1,
        le=86_400,
        description="How long an outcome may stay unknown before the operator is asked; longer than `validity_ms` and "
        "`margin_ms` together.",
    )

    @property
    def margin_ns(self) -> Nanoseconds:
        """`margin_ms` in nanoseconds."""
        return Nanoseconds(self.margin_ms * MILLISECOND_NS)

    @property
    def horizon_ns(self) -> Nanoseconds:
        """`horizon_s` in nanoseconds."""
        return Nanoseconds(self.horizon_s * SECOND_NS)


class Journal(Section):
    """The journal of a run that goes on: made at the first start, opened again at each later one."""

    path: Annotated[
        LocalPath, Key(expected="a file, relative to the config file", default="required live and on paper")
    ] = Field(default="", description="File of the journal, relative to the config file; its folder is made.")


class Execution(Section):
    """What becomes of orders beside what the strategy says."""

    on_stop: Annotated[Literal["leave", "cancel"], Key(expected='"leave" or "cancel"')] = Field(
        default="leave", description="What becomes of open orders when the daemon is stopped."
    )


class Settings(Section):
    """The whole of a config file."""

    mode: Annotated[Mode, Key(expected=f"[mode] with type, one of {EXPECTED_MODES}")] = Field(
        description="What the run is."
    )
    data: Annotated[Data, Key(expected="[data] with dir")] = Field(
        description="Where the recorded series are, and the length of the candles."
    )
    accounts: Annotated[
        Frozen[AccountName, Frozen[Asset, NotNegative]],
        Key(
            expected="a table for each account, such as [accounts.bybit]", unit="whole units of the asset", default="0"
        ),
    ] = Field(default_factory=dict, validate_default=True, description="Opening balances by account and asset.")
    secrets: Annotated[Secrets, Key(expected="[secrets] with dir")] = Field(
        default=Secrets(), description="Where the keys of accounts are."
    )
    venues: Annotated[
        Frozen[VenueName, Venue], Key(expected="at least one venue, such as [venues.bybit]", entry="X")
    ] = Field(description="Where is traded.")
    strategy: Annotated[Strategy, Key(expected="[strategy] with use")] = Field(description="Who decides.")
    risk: Annotated[Risk, Key(expected="[risk]")] = Field(default=Risk(), description="Limits.")
    execution: Annotated[Execution, Key(expected="[execution]")] = Field(
        default=Execution(), description="What becomes of orders at a stop."
    )
    unknown: Annotated[Unknown, Key(expected="[unknown]")] = Field(
        default=Unknown(), description="How unknown outcomes are settled."
    )
    journal: Annotated[Journal, Key(expected="[journal] with path")] = Field(
        default=Journal(), description="Where the journal is."
    )
    report: Annotated[Report, Key(expected="[report]")] = Field(default=Report(), description="What is written down.")
