"""The sections of ``[venues.X.instruments]``: rules of single markets, and margin tiers of perps."""

import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator

from config.modes import INSTRUMENTS_EXPECTED
from config.problems import shown
from config.section import Key, NotNegative, NumberWithin, Positive, Rows, Section, refusal
from messages.instruments import MarginTier
from messages.units import BPS, CONTEXT, Amount, plain

FROM_FILE = "the venue's own, from the data file"
"""The default of what the data file knows."""

BelowOneBps: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("1", below="10000"))]
"""Basis points of a whole, less than all of it."""
Leverage: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("3", least="1", most="1000"))]
"""Notional for each unit of margin."""


class Tier(Section):
    """Margin rules of a perp position up to some size, smallest first. The last tier holds above its bound, too."""

    up_to: Annotated[
        Positive | None, Key(expected='a decimal above 0 such as "300000"', unit="USDT", default="no bound")
    ] = Field(default=None, description="Largest notional of the tier; only the last tier may leave it out.")
    maintenance_bps: Annotated[
        BelowOneBps, Key(expected='a decimal such as "40"', unit="basis points of the notional")
    ] = Field(description="Maintenance margin; the position is liquidated below it.")
    deduction: Annotated[
        NotNegative | None,
        Key(expected='a decimal such as "300"', unit="USDT", default="what keeps the margin from jumping at the bound"),
    ] = Field(default=None, description="Taken off the maintenance margin.")
    max_leverage: Annotated[
        Leverage, Key(expected='a decimal of at least 1 such as "50"', unit="notional / initial margin")
    ] = Field(description="Highest leverage at which a position of this size may be opened.")


def margin_tiers(
    rows: "tuple[tuple[Decimal | None, Decimal, Decimal | None, Decimal], ...]",
) -> tuple[MarginTier, ...]:
    """Return margin tiers as messages have them.

    Args:
        rows: Of each tier bound (quote), maintenance (basis points), deduction (quote) and largest leverage. A
            deduction of None becomes the one at which the margin does not jump: that of the tier before, plus its bound
            times the difference of the rates.
    """
    found: list[MarginTier] = []
    for up_to, maintenance_bps, deduction, max_leverage in rows:
        rate = CONTEXT.divide(maintenance_bps, BPS)
        if deduction is None:
            deduction = _continuous(found[-1], rate) if found else Decimal(0)  # noqa: PLW2901 - as it is meant
        found.append(
            MarginTier(
                up_to=None if up_to is None else Amount(up_to),
                maintenance=rate,
                deduction=Amount(deduction),
                max_leverage=max_leverage,
            )
        )
    return tuple(found)


def _continuous(before: MarginTier, rate: Decimal) -> Decimal:
    step = CONTEXT.multiply(before.up_to or Decimal(0), CONTEXT.subtract(rate, before.maintenance))
    return max(CONTEXT.add(before.deduction, step), Decimal(0))


def _rising(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    if not tiers:
        raise refusal("empty, expected at least one tier")
    bounds = [tier.up_to for tier in tiers]
    for number, (lower, upper) in enumerate(itertools.pairwise(bounds)):
        if lower is None:
            raise refusal(f"up_to is missing in tiers.{number}, expected it in all but the last")
        if upper is not None and upper <= lower:
            raise refusal(
                f"up_to of tiers.{number + 1} is {plain(upper)}, expected more than the {plain(lower)} before"
            )
    return tiers


RisingTiers: TypeAlias = Annotated[Rows[Tier], AfterValidator(_rising)]
"""Tiers whose bounds rise."""


class InstrumentOverride(Section):
    """Rules of one symbol that replace those of the project's data file; amounts are in base, prices in quote."""

    tick: Annotated[
        Positive | None, Key(expected='a decimal above 0 such as "0.01"', unit="quote", default=FROM_FILE)
    ] = Field(default=None, description="Smallest step of a price.")
    lot: Annotated[
        Positive | None, Key(expected='a decimal above 0 such as "0.001"', unit="base", default=FROM_FILE)
    ] = Field(default=None, description="Smallest step of an amount.")
    min_quantity: Annotated[
        Positive | None, Key(expected='a decimal above 0 such as "0.001"', unit="base", default=FROM_FILE)
    ] = Field(default=None, description="Smallest amount of an order.")
    min_notional: Annotated[
        NotNegative | None, Key(expected='a decimal such as "5", or "0"', unit="quote", default=FROM_FILE)
    ] = Field(default=None, description="Smallest amount times price of an order; 0: none.")
    contract_size: Annotated[
        Positive | None, Key(expected='a decimal above 0 such as "1"', unit="base per contract", default=FROM_FILE)
    ] = Field(
        default=None, description="Base units in one contract, of a venue whose candle volume is counted in contracts."
    )
    liquidation_fee_bps: Annotated[
        BelowOneBps | None,
        Key(expected='a decimal such as "125"', unit="basis points of the notional", default=FROM_FILE),
    ] = Field(default=None, description="Perps only: charged beside the taker fee when the venue closes the position.")
    tiers: Annotated[RisingTiers | None, Key(expected="an array of tables", default=FROM_FILE)] = Field(
        default=None, description="Perps only: margin rules by size of position; they replace all of the data file's."
    )

    def margin_tiers(self) -> tuple[MarginTier, ...] | None:
        """Return the tiers as messages have them; None where the data file's hold."""
        if self.tiers is None:
            return None
        return margin_tiers(tuple((t.up_to, t.maintenance_bps, t.deduction, t.max_leverage) for t in self.tiers))


def tables_of_symbols(value: object) -> object:
    """Return an array of symbols as a table for each."""
    if not isinstance(value, list | tuple):
        return value
    found: dict[str, Mapping[str, object]] = {}
    for symbol in value:
        if not isinstance(symbol, str):
            raise refusal(f"not a symbol: {shown(symbol)}, expected {INSTRUMENTS_EXPECTED}")
        if symbol in found:
            raise refusal(f"{shown(symbol)} stands twice, expected each symbol once")
        found[symbol] = {}
    if not found:
        raise refusal(f"empty, expected {INSTRUMENTS_EXPECTED}")
    return found
