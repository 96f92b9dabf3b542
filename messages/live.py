"""What a live venue, the core and the operator say to each other beside orders.

A venue actor has no memory of its own. At the start of each of its epochs it says `VenueStarted` and is told, by
`FollowOrders`, what the journal knows of its orders; it settles each with the venue and says `VenueSettled`. From then
on it tells what it sees: reports on orders (messages/orders.py), trades and orders that are not ours, funding,
transfers, and now and then a `VenueSnapshot` (messages/snapshots.py), which is held against the book.
"""

from typing import ClassVar

import msgspec

from messages.base import Command, Event, MailClass, Question
from messages.order_life import OrderState
from messages.orders import OrderSubmitted
from messages.units import (
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Liquidity,
    Nanoseconds,
    OrderId,
    Price,
    Side,
    TradeId,
    VenueName,
    Word,
)


class AccountOpened(Event, frozen=True, kw_only=True):
    """This journal is about this account of the venue from here on. What lay there stands in the `Opening` entries.

    Attributes:
        uid: The venue's number of the account.
        seen_at: When all that lay there lay there, by our clock; 0: when this was journaled.
    """

    venue: VenueName
    uid: str
    seen_at: Nanoseconds = Nanoseconds(0)


class VenueStarted(Event, frozen=True, kw_only=True):
    """Venue to engine: an epoch began and remembers nothing. Answered by `FollowOrders`.

    It is journaled, and from here to its `VenueSettled` what the venue tells does not move `FollowOrders.since` on.
    """

    venue: VenueName
    epoch: int


class FollowAgain(Command, frozen=True, kw_only=True):
    """Whoever rebuilt the core to the engine: tell every venue once more what it is to follow, and wait until it has.

    What waited in the outbox for the disk is lost in a rebuild; so the venues settle it as they do after a restart.
    """

    mail: ClassVar[MailClass] = MailClass.CONTROL


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """An order that the journal has not seen the end of.

    Attributes:
        submitted_at: When its intent was journaled.
        order_id: The venue's, where it said one.
        amount, price: As of the latest amendment.
        filled: In base.
        trades: Ids of its fills that are journaled.
        cancelling, changing: A cancel or a change was sent and not answered yet.
        change_amount, change_price: What it is being changed to.
    """

    intent: OrderSubmitted
    submitted_at: Nanoseconds
    state: OrderState
    order_id: OrderId | None
    amount: BaseAmount
    price: Price | None
    filled: BaseAmount
    trades: tuple[TradeId, ...]
    accepted: bool
    triggered: bool
    cancelling: bool
    changing: bool
    change_amount: BaseAmount | None = None
    change_price: Price | None = None


class CancelAll(Command, frozen=True, kw_only=True):
    """Ops to venue, past core and journal: cancel every open order of ours there, now. Reported like any cancel."""

    mail: ClassVar[MailClass] = MailClass.CONTROL

    venue: VenueName


class FollowOrders(Command, frozen=True, kw_only=True):
    """Engine to venue: these are yours; settle them. It is read before the commands that wait: nothing else is known.

    Attributes:
        epoch: Of the venue's latest `VenueStarted`.
        orders: In the order in which they were submitted. Those that are CLOSED wait for the answer to a cancel or a
            change, and for nothing else.
        since: Until when everything of this venue is journaled, by our clock: trades, funding and transfers after it
            may be missing, and those that the venue shows late, a little before it.
        payments: Keys (`payment_key`) of the funding payments and transfers journaled last. Whatever is told twice is
            booked once, so nobody needs to look at them.
        foreign: Venue ids of the foreign orders that are journaled as open.
        foreign_keys: The same orders, each with its instrument (`foreign_key`).
        foreign_trades: Keys (`foreign_key`) of the trades journaled last, foreign ones and those of our orders.
        opened_at: When the journal took the account over: what was before lies in its `Opening`, and is never told.
    """

    mail: ClassVar[MailClass] = MailClass.CONTROL

    venue: VenueName
    epoch: int
    orders: tuple[Unfinished, ...]
    since: Nanoseconds
    payments: tuple[str, ...] = ()
    foreign: tuple[OrderId, ...] = ()
    foreign_keys: tuple[str, ...] = ()
    foreign_trades: tuple[str, ...] = ()
    opened_at: Nanoseconds = Nanoseconds(0)


class VenueSettled(Event, frozen=True, kw_only=True):
    """Every order that was unfinished was asked for, and what happened since `FollowOrders.since` was told.

    New instructions may come. The trades and funding that the venue's records held when its epoch began have been told
    by now: they are not asked for again. (Transfers are looked for where balances differ.)

    Attributes:
        open: How many orders of ours are open there.
        unknown: How many have an unknown outcome still; their instruments stay frozen.
        skew_ms: The venue's clock less ours.
    """

    venue: VenueName
    epoch: int
    open: int
    unknown: int
    skew_ms: int


class VenueHalted(Event, frozen=True, kw_only=True):
    """New instructions for this venue are refused HALTED from now on; cancels and what is reduce-only pass."""

    venue: VenueName
    reason: str


class VenueResumed(Event, frozen=True, kw_only=True):
    """The reason for a `VenueHalted` is gone, or the operator said so.

    Attributes:
        reason: The very one of the `VenueHalted` that is over; others hold on. `BY_OPERATOR` ends all of them.
    """

    venue: VenueName
    reason: str


BY_OPERATOR = "the operator said so"
"""Reason of a `VenueResumed` that answers `ResumeVenue`."""


class ResumeVenue(Command, frozen=True, kw_only=True):
    """Operator to engine: take instructions for this venue again."""

    mail: ClassVar[MailClass] = MailClass.CONTROL

    venue: VenueName


class OperatorNeeded(Event, frozen=True, kw_only=True):
    """The horizon has passed and nobody knows what became of an order; its instrument stays frozen.

    Closed by `OperatorResolved`, or by the venue's own word if it comes after all.
    """

    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    reason: str


class Resolution(Word):
    """What a person found out about an order of unknown outcome."""

    ABSENT = "ABSENT"
    FILLED = "FILLED"


class ResolveOrder(Command, frozen=True, kw_only=True):
    """Operator to engine: this is what became of an order whose outcome is unknown.

    Attributes:
        order: Its instruction id, or the client order id.
        amount, price: Of the fill; None for the whole order at its limit, or else at its reference price.
    """

    mail: ClassVar[MailClass] = MailClass.CONTROL

    order: str
    resolution: Resolution
    amount: BaseAmount | None = None
    price: Price | None = None


class OperatorResolved(Event, frozen=True, kw_only=True):
    """A person said what became of an order. What follows from it stands in the entries that it causes.

    Attributes:
        amount, price: Of the fill, if it was filled.
    """

    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId
    resolution: Resolution
    amount: BaseAmount | None = None
    price: Price | None = None


class OperatorRefused(Event, frozen=True, kw_only=True):
    """What a person said of an order can't be: nothing was changed.

    Attributes:
        order: As it was given.
    """

    order: str
    resolution: Resolution
    detail: str


class ForgetOrder(Command, frozen=True, kw_only=True):
    """Engine to venue: a person settled this order; look for it no more."""

    mail: ClassVar[MailClass] = MailClass.CONTROL

    venue: VenueName
    client_order_id: ClientOrderId


class ForeignOrderSeen(Event, frozen=True, kw_only=True):
    """The account has an open order that is not ours. It is left alone, or `cancelled` where the config says so."""

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    side: Side
    amount: BaseAmount
    price: Price | None
    cancelled: bool


class ForeignOrderGone(Event, frozen=True, kw_only=True):
    """A foreign order is not open any more."""

    venue: VenueName
    instrument: InstrumentId
    order_id: OrderId


class ForeignTrade(Event, frozen=True, kw_only=True):
    """A trade in the account of an order that is not ours. It is in the book, as the venue has it in the account."""

    venue: VenueName
    instrument: InstrumentId
    side: Side
    amount: BaseAmount
    price: Price
    fee: Amount
    fee_asset: Asset
    liquidity: Liquidity
    order_id: OrderId
    client_order_id: ClientOrderId
    trade_id: TradeId


class OpeningPosition(Event, frozen=True, kw_only=True):
    """A perp position that was there before we traded: quantity in base, signed."""

    venue: VenueName
    instrument: InstrumentId
    quantity: BaseAmount
    entry_price: Price


class Adjustment(Word):
    """Why a balance changed other than by our trades and their funding."""

    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    TRANSFER = "TRANSFER"
    DUST = "DUST"
    """A difference too small to look for: rounding at the venue."""
    OTHER = "OTHER"
    """The venue's own word stands in `detail`."""


class BalanceAdjusted(Event, frozen=True, kw_only=True):
    """A balance changed at the venue, and the book with it.

    Attributes:
        amount: Signed, of `asset`.
        reference: The venue's id of it, by which it is booked once; empty for dust.
    """

    venue: VenueName
    account: AccountName
    asset: Asset
    amount: Amount
    reason: Adjustment
    reference: str
    detail: str


def payment_key(about: InstrumentId | AccountName, what: str) -> str:
    """Return what tells payments of a venue apart: its own ids are unique for an instrument or an account only.

    Args:
        about: The instrument of a funding payment, or the account of any other change of a balance.
        what: ``payment_id`` of the former; asset and reference of the latter, with a space between.
    """
    return f"{about} {what}"


def foreign_key(instrument: InstrumentId, number: OrderId | TradeId) -> str:
    """Return what tells orders and trades apart: venues give the same number in two instruments."""
    return f"{instrument} {number}"


class DifferenceFound(Event, frozen=True, kw_only=True):
    """The venue and the book disagree, and did so in two snapshots: `LookInto` it.

    Attributes:
        where: ``account ASSET``, or an instrument.
    """

    venue: VenueName
    where: str
    booked: Amount
    at_venue: Amount


class VenueTrouble(Event, frozen=True, kw_only=True):
    """Something about a venue that an operator wants on record.

    Attributes:
        kind: One word: ``CLOCK``; ``UNREADABLE`` (the account can't be read for long, as in a ban, or can again);
            ``CRASHED`` (a request); ``STILL_OPEN`` (an order whose end was told: it is cancelled); of the engine
            ``LATE_FILL`` (of an order that ended so long ago that nobody knows whether it was booked: it is not now).
    """

    venue: VenueName
    kind: str
    detail: str


class AskOpenQuestions(Question, frozen=True, kw_only=True):
    """To the engine; answered by `OpenQuestionsTold`."""


class OpenQuestionsTold(Event, frozen=True, kw_only=True):
    """What is not settled.

    Attributes:
        open: Orders that have not come to their end.
        unknown: Client order ids of those among them whose outcome is unknown.
        operator_needed: Client order ids that wait for a person.
        halt: Why all new instructions are refused, or None.
        halted: Venues that refuse new instructions, with the reason.
        unsettled: Venues that have not settled their orders since they started.
    """

    open: int
    unknown: tuple[ClientOrderId, ...]
    operator_needed: tuple[ClientOrderId, ...]
    halt: str | None
    halted: tuple[tuple[VenueName, str], ...]
    unsettled: tuple[VenueName, ...]


VenueNews = (
    ForeignOrderSeen | ForeignOrderGone | ForeignTrade | BalanceAdjusted | VenueHalted | VenueResumed | VenueTrouble
)
"""What a live venue reports beside its orders and their funding; the engine passes it on to the journal."""
