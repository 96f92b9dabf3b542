"""The sections of ``[venues.X]``: fees, slippage, how orders fill, leverage, latency, rules, and how it is dealt with.

Rules of single markets are in config/instrument_settings.py; which keys belong to which mode is in config/modes.py.
"""

import re
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from config.endpoint import Endpoint
from config.instrument_settings import FROM_FILE, BelowOneBps, InstrumentOverride, Leverage, tables_of_symbols
from config.section import (
    MILLISECOND_NS,
    Frozen,
    Key,
    NotNegative,
    NumberWithin,
    Section,
    nanoseconds_of,
    refusal,
)
from messages.instruments import FillModel, SlippageModel
from messages.units import Nanoseconds, plain

LEAST_LEVERAGE = Decimal(1)
_FROM_VENUE = "[venues.X], else the data file"

MakerBps: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("2", least="-100", most="1000"))]
"""A maker fee in basis points; negative where the venue pays a rebate."""
TakerBps: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("5.5", most="1000"))]
"""A taker fee in basis points."""
Share: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("0.1", above=True, most="1"))]
"""A part of a whole: above 0, at most 1."""
AnyShare: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("1", least="0", most="1"))]
"""A part of a whole, which may be nothing."""

Slip: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("50", below="10000"))]
"""How far a price may be worse than expected, in basis points of it."""
Seconds: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("2", least="0.1", most="3600"))]
"""A length of time in seconds."""

_MAKER = Key(expected='a decimal such as "2"', unit="basis points", default=_FROM_VENUE)
_TAKER = Key(expected='a decimal such as "5.5"', unit="basis points", default=_FROM_VENUE)


class FeeOverride(Section):
    """Fees of one trade type; what is None comes from the venue's section, else from the project's data file."""

    maker_fee_bps: Annotated[MakerBps | None, _MAKER] = Field(
        default=None, description="Fee of a fill that gave liquidity; negative: a rebate."
    )
    taker_fee_bps: Annotated[TakerBps | None, _TAKER] = Field(
        default=None, description="Fee of a fill that took liquidity."
    )


class Spot(FeeOverride):
    """Spot trading at the venue."""

    fee_in: Annotated[Literal["received", "quote"], Key(expected='"received", or at okx "quote"')] = Field(
        default="received",
        description="Which asset a spot fee is taken from: what the fill brings in, or always the quote (okx offers "
        "the choice, the others don't).",
    )


class Perp(FeeOverride):
    """Perpetuals at the venue: one-way, cross margin in USDT."""

    leverage: Annotated[
        Leverage, Key(expected='a decimal of at least 1 such as "3"', unit="notional / initial margin")
    ] = Field(
        default=LEAST_LEVERAGE,
        description="Initial margin of a position is its notional divided by this; at most what the tiers of each perp "
        "of the venue allow.",
    )


class Slippage(Section):
    """How far a market order moves the price against itself.

    ``fixed`` has `bps` (default 0); ``volume`` has `base_bps` (default 0) and `impact_bps`.
    """

    model: Annotated[Literal["fixed", "volume"], Key(expected='"fixed" or "volume"')] = Field(
        default="fixed", description="fixed: by `bps`; volume: by `base_bps` + `impact_bps` * amount / candle volume."
    )
    bps: Annotated[
        BelowOneBps | None, Key(expected='a decimal such as "1"', unit="basis points of the price", default="0")
    ] = Field(default=None, description="Of the model fixed.")
    base_bps: Annotated[
        BelowOneBps | None, Key(expected='a decimal such as "1"', unit="basis points of the price", default="0")
    ] = Field(default=None, description="Of the model volume: what an order of any size moves.")
    impact_bps: Annotated[
        NotNegative | None,
        Key(
            expected='a decimal such as "10"',
            unit="basis points of the price for the whole volume of a candle",
            default="required by the model volume",
        ),
    ] = Field(default=None, description="Of the model volume: what grows with the order's share of the volume.")

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


class Fill(Section):
    """How orders fill in a backtest."""

    max_share: Annotated[
        Share | None,
        Key(expected='a decimal above 0 and at most 1 such as "0.1"', unit="share of 1", default="no limit"),
    ] = Field(default=None, description="All fills of a market in one candle get at most this share of its volume.")
    touch: Annotated[bool, Key(expected="true or false")] = Field(
        default=False,
        description="A resting order fills when the price touches its limit; else only when it goes through.",
    )

    def as_model(self) -> FillModel:
        """Return it as the simulated exchange takes it."""
        return FillModel(max_share=self.max_share, touch=self.touch)


_CREDENTIAL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


def _credential(value: object) -> str:
    # What stands there is never repeated: it may be the key itself.
    if not isinstance(value, str) or not _CREDENTIAL.fullmatch(value):
        raise refusal(
            'not a name, expected one of 1 to 32 letters, digits, "-" or "_" that begins with a letter, such as '
            '"binance"; the keys themselves never stand in a config'
        )
    return value


Credential: TypeAlias = Annotated[str, PlainValidator(_credential)]
"""The name of an account's keys."""


class Venue(Section):
    """An exchange: fees, slippage, fills, leverage, rules, and how it is dealt with live.

    Live and on paper `instruments` names what is traded, ``["ETH/USDT", "ETHUSDT-PERP"]``, or is a table for each.
    """

    kind: Annotated[Literal["cex"], Key(expected='"cex"')] = Field(description="What it is: a central exchange.")
    maker_fee_bps: Annotated[
        MakerBps | None, Key(expected='a decimal such as "2"', unit="basis points", default=FROM_FILE)
    ] = Field(default=None, description="Fee of a fill that gave liquidity, spot and perps; negative: a rebate.")
    taker_fee_bps: Annotated[
        TakerBps | None, Key(expected='a decimal such as "5.5"', unit="basis points", default=FROM_FILE)
    ] = Field(default=None, description="Fee of a fill that took liquidity, spot and perps.")
    latency_ms: Annotated[int, Key(expected="an integer from 0 to 60000", unit="milliseconds")] = Field(
        default=0,
        ge=0,
        le=60_000,
        description="How long an order, a cancel or an amend takes to arrive: it acts at the first instant of the data "
        "that is not before it.",
    )
    spot: Annotated[Spot, Key(expected="a table")] = Field(default=Spot(), description="Spot trading.")
    perp: Annotated[Perp, Key(expected="a table")] = Field(default=Perp(), description="Perpetuals.")
    slippage: Annotated[Slippage, Key(expected='a table such as {model = "fixed", bps = "1"}')] = Field(
        default=Slippage(), description="How far a market order moves the price against itself."
    )
    fill: Annotated[Fill, Key(expected='a table such as {max_share = "0.1"}')] = Field(
        default=Fill(), description="How orders fill."
    )
    instruments: Annotated[
        Frozen[str, InstrumentOverride],
        BeforeValidator(tables_of_symbols),
        Key(expected="a table for each symbol", entry='"SYMBOL"'),
    ] = Field(default_factory=dict, validate_default=True, description="Rules of single markets; what is traded.")
    credentials: Annotated[Credential | None, Key(expected='a name such as "binance"', default="required live")] = (
        Field(
            default=None,
            description="Name of the keys of the account: of a file in `[secrets] dir` without its ending, or of an "
            "environment variable.",
        )
    )
    sandbox: Annotated[bool, Key(expected="true or false")] = Field(
        default=False, description="Use the venue's own test system instead of the real one (none for binance's perps)."
    )
    foreign_orders: Annotated[Literal["leave", "cancel"], Key(expected='"leave" or "cancel"')] = Field(
        default="leave", description="What becomes of orders on the account that are not ours."
    )
    validity_ms: Annotated[int, Key(expected="an integer from 100 to 60000", unit="milliseconds")] = Field(
        default=5_000,
        ge=100,
        le=60_000,
        description="How long a request may be on its way before the venue must refuse it (recvWindow, expTime).",
    )
    max_clock_skew_ms: Annotated[int, Key(expected="an integer from 1 to 60000", unit="milliseconds")] = Field(
        default=1_000,
        ge=1,
        le=60_000,
        description="How far our clock may differ from the venue's; beyond it the venue is not started.",
    )
    max_price_age_ms: Annotated[int, Key(expected="an integer from 1 to 3600000", unit="milliseconds")] = Field(
        default=5_000,
        ge=1,
        le=3_600_000,
        description="How old the last price of a market may be; beyond it new orders there are refused.",
    )
    max_slippage_bps: Annotated[Slip, Key(expected='a decimal such as "50"', unit="basis points of the price")] = Field(
        default=Decimal(50),
        description="How much worse than the price at its decision a market order may fill: it is sent as a limit "
        "order at the worst acceptable price, for immediate execution.",
    )
    max_slippage_cap_bps: Annotated[Slip, Key(expected='a decimal such as "200"', unit="basis points of the price")] = (
        Field(
            default=Decimal(200),
            description="How far recent volatility may widen `max_slippage_bps`; at least as much as it.",
        )
    )
    min_book_share: Annotated[AnyShare, Key(expected='a decimal from 0 to 1 such as "1"', unit="share of 1")] = Field(
        default=Decimal(1),
        description="What part of a market order must lie in the order book within its worst acceptable price, else it "
        "is refused; 0: whatever is there is taken. Where the known levels of the book end before that price, and for "
        "what reduces only, it is not asked.",
    )
    reconcile_s: Annotated[Seconds, Key(expected='a decimal such as "15"', unit="seconds")] = Field(
        default=Decimal(15),
        description="How often orders, fills, balances and positions are compared with the book.",
    )
    poll_s: Annotated[Seconds, Key(expected='a decimal such as "2"', unit="seconds")] = Field(
        default=Decimal(2), description="How often an order that is not settled is looked up."
    )
    endpoint: Annotated[Endpoint | None, Key(expected='a table such as {connect_to = "127.0.0.1:8443"}')] = Field(
        default=None, description="Where the venue's traffic goes instead."
    )

    @model_validator(mode="after")
    def _belongs_together(self) -> "Venue":
        if self.max_slippage_cap_bps < self.max_slippage_bps:
            raise refusal(
                f"max_slippage_cap_bps is {plain(self.max_slippage_cap_bps)}, expected at least the "
                f"{plain(self.max_slippage_bps)} of max_slippage_bps"
            )
        if self.sandbox and self.endpoint is not None:
            raise refusal("sandbox is true beside endpoint, expected one of the two: the names there are the real ones")
        return self

    @property
    def latency_ns(self) -> Nanoseconds:
        """`latency_ms` in nanoseconds."""
        return Nanoseconds(self.latency_ms * MILLISECOND_NS)

    @property
    def max_price_age_ns(self) -> Nanoseconds:
        """`max_price_age_ms` in nanoseconds."""
        return Nanoseconds(self.max_price_age_ms * MILLISECOND_NS)

    @property
    def reconcile_ns(self) -> Nanoseconds:
        """`reconcile_s` in nanoseconds."""
        return nanoseconds_of(self.reconcile_s)

    @property
    def poll_ns(self) -> Nanoseconds:
        """`poll_s` in nanoseconds."""
        return nanoseconds_of(self.poll_s)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols under `instruments`, in the order of the config: live and on paper, what is traded."""
        return tuple(self.instruments)
