"""What the engine of a local venue tells its subscribers, in the order in which it happened."""

import msgspec

from messages.units import Word
from ops.testbed.exchange.money import Bill, Kind, Move
from ops.testbed.exchange.quotes import PublicTrade
from ops.testbed.exchange.values import Balance, Market, Order, Position, Trade, Uid, Wallet


class Cause(Word):
    """Why an order changed."""

    PLACED = "PLACED"
    TRADED = "TRADED"
    AMENDED = "AMENDED"
    TRIGGERED = "TRIGGERED"
    """Its trigger was reached (or, of a trailing stop, it became active)."""
    ENDED = "ENDED"
    """Cancelled, expired, or refused after it was taken: see `Order.status` and `why`."""


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An order changed. `trade` is the fill that did it, where `cause` is TRADED."""

    serial: int
    at_ms: int
    uid: Uid
    cause: Cause
    order: Order
    trade: Trade | None = None


class BalanceChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A balance changed in total or in what is held; `kind` says by what (TRADE also for holds)."""

    serial: int
    at_ms: int
    uid: Uid
    wallet: Wallet
    asset: str
    balance: Balance
    kind: Kind


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A position changed in quantity, price or leverage."""

    serial: int
    at_ms: int
    uid: Uid
    position: Position
    kind: Kind


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True):
    """An account paid or got funding; its balance has changed already."""

    serial: int
    at_ms: int
    uid: Uid
    bill: Bill
    position: Position


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit, withdrawal or transfer began or got further."""

    serial: int
    at_ms: int
    uid: Uid
    move: Move


class MarketChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The book or the ticker of a market changed. Public: ask the engine for what it is now."""

    serial: int
    at_ms: int
    market: Market


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """A public trade happened."""

    serial: int
    at_ms: int
    trade: PublicTrade


PrivateEvent = OrderChanged | BalanceChanged | PositionChanged | FundingPaid | Moved
PublicEvent = MarketChanged | Printed
Event = PrivateEvent | PublicEvent
