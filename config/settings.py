"""Everything an operator may choose, as frozen types. One class for each section of the TOML file.

Money and rates are `Decimal`, instants are nanoseconds UTC. What needs more than one section (accounts against venues,
symbols against rules) is in config/checks.py; how a refusal reads is in config/explain.py.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from config.decimals import Unreadable, decimal_of
from config.instants import EXPECTED, instant_of, instant_of_datetime
from config.problems import nearest, shown
from messages.instruments import SlippageModel
from messages.units import SECOND_NS, AccountName, Asset, Nanoseconds, VenueName

REFUSED = "execd"
"""Type of the pydantic errors whose message is already the whole line."""
BUILT_IN_STRATEGIES = ("script", "hold_basis")
_SPAN_SECONDS = {"m": 60, "h": 3600, "d": 86_400}

K = TypeVar("K")
V = TypeVar("V")
Frozen: TypeAlias = Annotated[Mapping[K, V], AfterValidator(MappingProxyType)]
"""A mapping that nobody can change."""


def refusal(line: str) -> PydanticCustomError:
    """Return the error that makes a validator's line the message as it stands."""
    return PydanticCustomError(REFUSED, "{line}", {"line": line})


class Section(BaseModel):
    """A table of the TOML file: frozen, and refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _number(
    example: str, *, least: str = "0", above: bool = False, most: str | None = None, below: str | None = None
) -> Callable[[object], Decimal]:
    """Return a validator for a decimal. `above` leaves `least` itself out, as `below` does at the other end."""
    wanted = [f"above {least}" if above else f"of at least {least}"]
    wanted += [f"at most {most}"] if most else []
    wanted += [f"below {below}"] if below else []
    expected = f'expected a decimal {" and ".join(wanted)}, such as "{example}"'

    def validate(value: object) -> Decimal:
        number = decimal_of(value)
        if number is None:
            raise refusal(f'not a number: {shown(value)}, expected a decimal such as "{example}"')
        if number < Decimal(least) or (above and number == Decimal(least)):
            raise refusal(f"too small: {shown(value)}, {expected}")
        if (most and number > Decimal(most)) or (below and number >= Decimal(below)):
            raise refusal(f"too large: {shown(value)}, {expected}")
        return number

    return validate


Positive: TypeAlias = Annotated[Decimal, PlainValidator(_number("0.01", above=True))]
"""A decimal above zero."""
NotNegative: TypeAlias = Annotated[Decimal, PlainValidator(_number("1000"))]
"""A decimal of zero or more."""
MakerBps: TypeAlias = Annotated[Decimal, PlainValidator(_number("2", least="-100", most="1000"))]
"""A maker fee in basis points; negative where the venue pays a rebate."""
TakerBps: TypeAlias = Annotated[Decimal, PlainValidator(_number("5.5", most="1000"))]
"""A taker fee in basis points."""
SlippageBps: TypeAlias = Annotated[Decimal, PlainValidator(_number("1", below="10000"))]
"""Basis points that a price is moved by."""


def _instant(value: object) -> Nanoseconds:
    at: Nanoseconds | None = None
    if isinstance(value, dt.datetime):
        at = instant_of_datetime(value)
    elif isinstance(value, str) and not isinstance(value, Unreadable):
        at = instant_of(value)
    if at is None:
        raise refusal(f"not an instant: {shown(value)}, expected {EXPECTED}")
    return at


Instant: TypeAlias = Annotated[Nanoseconds, PlainValidator(_instant)]
"""Nanoseconds UTC, from an offset date-time of TOML (to the microsecond) or its text (to the nanosecond)."""


def _only_backtest(value: object) -> object:
    if value in ("paper", "live"):
        raise refusal(f'{shown(value)} is not in this version, which has only "backtest"')
    if value != "backtest":
        raise refusal(f'unknown mode: {shown(value)}, expected "backtest"')
    return value


class Backtest(Section):
    """Run on recorded data from `start` to `end`, both included."""

    type: Annotated[Literal["backtest"], BeforeValidator(_only_backtest)] = Field(description='"backtest"')
    start: Instant = Field(description=EXPECTED)
    end: Instant = Field(description=EXPECTED)
    seed: int = Field(default=0, ge=0, lt=2**63, description="an integer from 0 to 2^63 - 1")

    @model_validator(mode="after")
    def _in_order(self) -> "Backtest":
        if self.start >= self.end:
            raise refusal("end is not after start, expected start < end")
        return self


Mode: TypeAlias = Backtest
"""What a run is. Becomes a union over the field `type` when paper and live join; only ops/wiring.py matches on it."""


def _local_path(value: str) -> str:
    if not value or not value.isprintable():
        raise refusal(f"not a path: {shown(value)}, expected a folder or file, relative to the config file")
    return value


Resolution: TypeAlias = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "1d"]
"""Length of a candle, as the names of data files have it."""


class Data(Section):
    """Where the recorded series are.

    Attributes:
        dir: As written: relative to the config file (`Loaded.data_dir` resolves it).
        resolution: Length of the candles, such as 1h.
    """

    dir: Annotated[str, AfterValidator(_local_path)] = Field(description="a folder, relative to the config file")
    resolution: Resolution = Field(
        default="1h", description=f"a candle length, one of {', '.join(get_args(Resolution))}"
    )

    @property
    def resolution_ns(self) -> Nanoseconds:
        """Length of a candle."""
        return Nanoseconds(int(self.resolution[:-1]) * _SPAN_SECONDS[self.resolution[-1]] * SECOND_NS)


class FeeOverride(Section):
    """Fees of one trade type; what is None comes from the venue's section, else from the project's data file."""

    maker_fee_bps: MakerBps | None = Field(default=None, description='a decimal such as "2"')
    taker_fee_bps: TakerBps | None = Field(default=None, description='a decimal such as "5.5"')


class Slippage(Section):
    """How far a market order moves the price against itself.

    ``fixed`` has `bps` (default 0); ``volume`` has `base_bps` (default 0) and `impact_bps`.
    """

    model: Literal["fixed", "volume"] = Field(default="fixed", description='"fixed" or "volume"')
    bps: SlippageBps | None = Field(default=None, description='a decimal such as "1"')
    base_bps: SlippageBps | None = Field(default=None, description='a decimal such as "1"')
    impact_bps: NotNegative | None = Field(default=None, description='a decimal such as "10"')

    @model_validator(mode="after")
    def _belongs_together(self) -> "Slippage":
        if self.model == "fixed" and (self.base_bps is not None or self.impact_bps is not None):
            raise refusal('base_bps and impact_bps belong to model "volume", expected bps for model "fixed"')
        if self.model == "volume" and self.bps is not None:
            raise refusal('bps belongs to model "fixed", expected base_bps and impact_bps for model "volume"')
        if self.model == "volume" and self.impact_bps is None:
            raise refusal('impact_bps is missing, expected a decimal such as "10" for model "volume"')
        return self

    def as_model(self) -> SlippageModel:
        """Return it as the simulated exchange takes it."""
        base = self.bps if self.model == "fixed" else self.base_bps
        return SlippageModel(base_bps=base or Decimal(0), impact_bps=self.impact_bps or Decimal(0))


class InstrumentOverride(Section):
    """Rules of one symbol that replace those of the project's data file; amounts are in base, prices in quote."""

    tick: Positive | None = Field(default=None, description='a decimal above 0 such as "0.01"')
    lot: Positive | None = Field(default=None, description='a decimal above 0 such as "0.001"')
    min_quantity: Positive | None = Field(default=None, description='a decimal above 0 such as "0.001"')
    min_notional: NotNegative | None = Field(default=None, description='a decimal such as "5", or "0"')
    contract_size: Positive | None = Field(default=None, description='a decimal above 0 such as "1"')


class Venue(Section):
    """An exchange: fees, slippage, and what its rules are instead."""

    kind: Literal["cex"] = Field(description='"cex"')
    maker_fee_bps: MakerBps | None = Field(default=None, description='a decimal such as "2"')
    taker_fee_bps: TakerBps | None = Field(default=None, description='a decimal such as "5.5"')
    spot: FeeOverride = Field(default=FeeOverride(), description="a table with fees")
    perp: FeeOverride = Field(default=FeeOverride(), description="a table with fees")
    slippage: Slippage = Field(default=Slippage(), description='a table such as {model = "fixed", bps = "1"}')
    instruments: Frozen[str, InstrumentOverride] = Field(
        default_factory=dict, validate_default=True, description="a table for each symbol"
    )


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
    raise refusal(f'not a strategy: {shown(value)}, expected "script", "hold_basis" or "my_module:MyStrategy"')


class Strategy(Section):
    """Who decides what to trade.

    Attributes:
        use: ``script``, ``hold_basis``, or ``package.module:Class``.
        params: As in the TOML, numbers with a point as Decimal; the strategy says whether they make sense.
        on_error: What follows when it raises.
    """

    use: Annotated[str, BeforeValidator(_strategy_name)] = Field(
        description='"script", "hold_basis" or "my_module:MyStrategy"'
    )
    params: Annotated[Mapping[str, object], PlainValidator(_params)] = Field(
        default_factory=dict, validate_default=True, description="a table"
    )
    on_error: Literal["stop", "skip"] = Field(default="stop", description='"stop" or "skip"')


class Risk(Section):
    """Limits, in the order in which the gate asks them.

    Attributes:
        halted: Refuse every instruction.
        max_order_notional: In quote; None for no limit.
    """

    halted: bool = Field(default=False, description="true or false")
    max_order_notional: Positive | None = Field(default=None, description='a decimal above 0 such as "100000"')


class Settings(Section):
    """The whole of a config file.

    Attributes:
        accounts: Opening balances by account and asset, in whole units.
    """

    mode: Mode = Field(description="[mode] with type, start and end")
    data: Data = Field(description="[data] with dir")
    accounts: Frozen[AccountName, Frozen[Asset, NotNegative]] = Field(
        default_factory=dict,
        validate_default=True,
        description="a table for each account, such as [accounts.bybit]",
    )
    venues: Frozen[VenueName, Venue] = Field(description="at least one venue, such as [venues.bybit]")
    strategy: Strategy = Field(description="[strategy] with use")
    risk: Risk = Field(default=Risk(), description="[risk]")
