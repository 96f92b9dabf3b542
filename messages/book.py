"""Balances, positions, and what the tight loop (position, exposure, risk, P&L) tells on."""

from typing import ClassVar

import msgspec

from messages.base import Command, Event, MailClass, Question
from messages.live import BalanceAdjusted, ForeignTrade, OpeningPosition
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import AccountName, Amount, Asset, BaseAmount, InstrumentId, Price, Rate, Side, VenueName


class Opening(Event, frozen=True, kw_only=True):
    """A balance that was there before we traded."""

    account: AccountName
    asset: Asset
    amount: Amount


class Liquidated(Event, frozen=True, kw_only=True):
    """The venue closed a whole perp position by force, at the mark moved by the slippage model.

    Attributes:
        side: Of the closing trade: SELL where a long was closed.
        amount: In base, positive.
        price: Of the closing trade.
        mark: Before slippage.
        fee: Taker fee in quote.
        liquidation_fee: In quote, on top.
    """

    venue: VenueName
    instrument: InstrumentId
    side: Side
    amount: BaseAmount
    price: Price
    mark: Price
    fee: Amount
    liquidation_fee: Amount


class InsurancePaid(Event, frozen=True, kw_only=True):
    """The venue's insurance fund paid what an account was short of after its liquidation.

    Attributes:
        instrument: The last position that was closed.
        amount: Positive.
    """

    venue: VenueName
    account: AccountName
    asset: Asset
    instrument: InstrumentId
    amount: Amount


Fact = (
    Opening | OrderFilled | FundingPaid | Liquidated | InsurancePaid | OpeningPosition | ForeignTrade | BalanceAdjusted
)
"""What changes the book."""


class Balance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an account holds of an asset, without unrealised P&L."""

    account: AccountName
    asset: Asset
    amount: Amount


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A net perp position.

    Attributes:
        quantity: In base, signed.
        cost: In quote, signed like the quantity; entry price = cost / quantity.
    """

    venue: VenueName
    instrument: InstrumentId
    quantity: BaseAmount
    cost: Amount


class BookChanged(Event, frozen=True, kw_only=True):
    """Position monitor to gate and exposure: one fact was booked.

    Attributes:
        fact: What was booked.
        balances: Those that changed, as they are now.
        position: The perp position as it is now, where the fact is about one.
        realised: P&L that a closing fill realised, in quote.
        fee_in_quote: The fee, base fees counted at the fill's price.
    """

    fact: Fact
    balances: tuple[Balance, ...]
    position: Position | None
    realised: Amount
    fee_in_quote: Amount


class ExposureChanged(Event, frozen=True, kw_only=True):
    """Exposure to risk: the net amount of a base asset over spot and perps, everywhere."""

    book: BookChanged
    base: Asset
    net: BaseAmount
    gross: BaseAmount


class RiskMeasured(Event, frozen=True, kw_only=True):
    """Risk to P&L: the exposure at the fact's own price, in quote.

    Attributes:
        overdrawn: A changed balance is below zero (losses and funding may do that, instructions never).
    """

    exposure: ExposureChanged
    net_notional: Amount
    gross_notional: Amount
    overdrawn: bool


class PnlUpdated(Event, frozen=True, kw_only=True):
    """P&L to strategy: the tight loop has run to its end for this fact.

    Attributes:
        fact: What happened.
        balances, position: As they are now, where the fact changed them.
        net: Net base amount of the fact's asset over spot and perps of all venues.
        realised, fees, funding: Totals since the start, in USDT; fees positive when paid, funding when received.
    """

    fact: Fact
    balances: tuple[Balance, ...]
    position: Position | None
    net: BaseAmount
    realised: Amount
    fees: Amount
    funding: Amount


class MarkBook(Command, frozen=True, kw_only=True):
    """Value everything at the last closes, now: answered by `EquityMarked` (and `StaleMark` for old closes).

    Attributes:
        final: The run is over: say `PnlAttributed` as well.
    """

    mail: ClassVar[MailClass] = MailClass.CONTROL

    final: bool = False


class BookTold(Event, frozen=True, kw_only=True):
    """Position monitor to P&L: the whole book, to be valued. Zero balances and flat positions are left out."""

    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]
    final: bool = False


class Attribution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a change of equity came from, in quote. The six add up to it exactly (actors/attribution.py).

    What was put in from outside is no part of that change (`EquityMarked.put_in`).

    Attributes:
        price: Held amounts times the change of the base asset's own price.
        basis: Held amounts of perps times the change of the perp's price against the base asset's.
        funding: Positive when received.
        fees, slippage: Negative when paid.
        liquidation: Liquidation fees, and what insurance paid.
    """

    price: Amount
    basis: Amount
    funding: Amount
    fees: Amount
    slippage: Amount
    liquidation: Amount


class Attributed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The attribution of one instrument, or of an asset that lies in an account without a market of its own.

    Attributes:
        source: ``venue:symbol``, or ``account ASSET``.
    """

    venue: VenueName
    source: str
    attribution: Attribution


class MarginMarked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Margin of an account with positions, in quote. It is liquidated when `equity` falls below `maintenance`."""

    account: AccountName
    equity: Amount
    initial: Amount
    maintenance: Amount


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A last close that values things."""

    instrument: InstrumentId
    price: Price


class NetDelta(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Net amount of a base asset over spot and perps of all accounts, and its value in quote."""

    base: Asset
    net: BaseAmount
    notional: Amount


class EquityMarked(Event, frozen=True, kw_only=True):
    """The book's value: balances at mark plus unrealised P&L.

    Attributes:
        attribution: Of all change since the first mark; None at the first.
        margins: Accounts with perp positions, by name.
        deltas: Base assets with a net amount that is not zero, by name.
        marks: The last close of every instrument that has one, by id.
        put_in: What came in from outside since the first mark (deposits, positions and orders that are not ours) less
            what went out, at the marks of then, in `currency`: a change of equity that is no profit. None: nothing.
    """

    currency: Asset
    equity: Amount
    unrealised: Amount
    attribution: Attribution | None = None
    margins: tuple[MarginMarked, ...] = ()
    deltas: tuple[NetDelta, ...] = ()
    marks: tuple[Mark, ...] = ()
    put_in: Amount | None = None


class BasisMarked(Event, frozen=True, kw_only=True):
    """From here on trades of a perp count at this spread of it: so its basis does not depend on when equity is marked.

    Its cause is the first trade that counts at it. Said at most once per slice, and only where the spread has changed
    since it was last on record, here or in `EquityMarked`.

    Attributes:
        instrument: The perp.
        price, base_price: The last closes of the perp and of its base asset.
    """

    venue: VenueName
    instrument: InstrumentId
    price: Price
    base_price: Price


class PnlAttributed(Event, frozen=True, kw_only=True):
    """At the end of a run: what each instrument brought. The sum over all is the change in equity, exactly."""

    parts: tuple[Attributed, ...]


class AskBook(Question, frozen=True, kw_only=True):
    """To the position monitor; answered by `BookTold`."""


class AskPnl(Question, frozen=True, kw_only=True):
    """To P&L; answered by `PnlTold`."""


class PnlTold(Event, frozen=True, kw_only=True):
    """Totals since the start, in USDT. `funding` is positive when received, `fees` when paid.

    Attributes:
        attribution: Of all change between the first and the last mark; None before there are two.
        max_drawdown: Largest fall of equity from its highest mark before, as a fraction of that.
        put_in: As in `EquityMarked`.
    """

    fees: Amount
    funding: Amount
    realised: Amount
    equity_start: Amount | None
    equity_end: Amount | None
    attribution: Attribution | None = None
    max_drawdown: Rate | None = None
    put_in: Amount | None = None
