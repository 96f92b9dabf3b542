"""Balances, positions, and what the tight loop (position, exposure, risk, P&L) tells on."""

from typing import ClassVar

import msgspec

from messages.base import Command, Event, MailClass, Question
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import AccountName, Amount, Asset, BaseAmount, InstrumentId, VenueName


class Opening(Event, frozen=True, kw_only=True):
    """A balance that was there before we traded."""

    account: AccountName
    asset: Asset
    amount: Amount


Fact = Opening | OrderFilled | FundingPaid
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
    """Value everything at the last closes, now: answered by `EquityMarked` (and `StaleMark` for old closes)."""

    mail: ClassVar[MailClass] = MailClass.CONTROL


class BookTold(Event, frozen=True, kw_only=True):
    """Position monitor to P&L: the whole book, to be valued. Zero balances and flat positions are left out."""

    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]


class EquityMarked(Event, frozen=True, kw_only=True):
    """The book's value: balances at mark plus unrealised P&L."""

    currency: Asset
    equity: Amount
    unrealised: Amount


class AskBook(Question, frozen=True, kw_only=True):
    """To the position monitor; answered by `BookTold`."""


class AskPnl(Question, frozen=True, kw_only=True):
    """To P&L; answered by `PnlTold`."""


class PnlTold(Event, frozen=True, kw_only=True):
    """Totals since the start, in USDT. `funding` is positive when received, `fees` when paid."""

    fees: Amount
    funding: Amount
    realised: Amount
    equity_start: Amount | None
    equity_end: Amount | None
