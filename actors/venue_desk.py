"""What the engine does about live venues beside orders: their beginnings, their news, and what a person decides.

News goes to the event logger once, however often it is told (actors/venue_states.py); so does a question to the
operator. What he decides is put on record first (`OperatorResolved`), and comes back from the event logger to be acted
on, so that what follows has it as its cause.
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from actors.contract import Address, Turn
from actors.errors import InvariantError
from actors.followed import FILLED, OUTCOMES, FollowedOrder
from actors.orders_followed import Orders
from actors.recent import Recent
from actors.resolving import BY_HAND, reports_of, resolved
from actors.venue_states import VenueStates
from messages.base import Message
from messages.journal import Entry
from messages.lifecycle import CLOCK_JUMPED, MeasureClock
from messages.live import (
    BY_OPERATOR,
    AccountOpened,
    DifferenceFound,
    FollowAgain,
    FollowOrders,
    ForgetOrder,
    OpenQuestionsTold,
    OperatorNeeded,
    OperatorRefused,
    OperatorResolved,
    ResolveOrder,
    ResumeVenue,
    VenueHalted,
    VenueNews,
    VenueResumed,
    VenueSettled,
    VenueStarted,
    VenueTrouble,
)
from messages.market import FundingPaid
from messages.order_life import UNKNOWN
from messages.orders import OrderEvent, OrderFilled
from messages.units import ClientOrderId, InstructionId, VenueName

DeskMessage = (
    VenueNews
    | AccountOpened
    | VenueStarted
    | VenueSettled
    | FollowAgain
    | FundingPaid
    | DifferenceFound
    | ResumeVenue
    | OperatorNeeded
    | ResolveOrder
    | OperatorResolved
)
_DOUBTFUL = 1_024  # late fills that are said only once; a power of two


class VenueDesk:
    """The engine's handlers for `DeskMessage`.

    Args:
        orders: The engine's.
        states: Of the venues; shared with the engine, which asks whether they take instructions.
        venues: The live ones.
        report: Takes in a report on an order as if a venue had sent it.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        orders: Orders,
        states: VenueStates,
        log: Address[Entry],
        venues: Mapping[VenueName, Address[FollowOrders | ForgetOrder | MeasureClock]],
        report: Callable[[OrderEvent], None],
    ) -> None:
        self._turn = turn
        self._orders = orders
        self._states = states
        self._log = log
        self._venues = venues
        self._report = report
        self._doubtful: Recent[tuple[str, str], bool] = Recent(_DOUBTFUL)
        self.handlers: dict[type[Message], Callable[[Any], None]] = {
            **dict.fromkeys((*get_args(VenueNews), VenueSettled, FundingPaid, DifferenceFound), self._told),
            AccountOpened: self._opened,
            VenueStarted: self._started,
            FollowAgain: self._follow_again,
            ResumeVenue: self._resume,
            OperatorNeeded: self._needed,
            ResolveOrder: self._resolve,
            OperatorResolved: self._resolved,
        }

    def fold(self, entry: Entry, at: int) -> None:
        """Take in an entry of the journal, which was written at this time (ns)."""
        if isinstance(entry, OperatorNeeded):
            if (order := self._orders.open.get(entry.client_order_id)) is not None:
                order.operator_needed = True
        else:
            self._states.fold(entry, at)

    def clock_jumped(self) -> None:
        """Halt every live venue until it has measured its clock against ours anew."""
        for venue, address in self._venues.items():
            self._told(VenueHalted(venue=venue, reason=CLOCK_JUMPED))
            address.tell(MeasureClock())

    def open_questions(self, halt: str | None) -> OpenQuestionsTold:
        """Return what is not settled; `halt` is why all new instructions are refused, or None."""
        orders = self._orders.open
        return OpenQuestionsTold(
            open=len(orders),
            unknown=tuple(name for name, order in orders.items() if order.state is UNKNOWN),
            operator_needed=tuple(name for name, order in orders.items() if order.operator_needed and order.is_unsure),
            halt=halt,
            halted=self._states.halted(),
            unsettled=self._states.unsettled(),
        )

    def forgotten(self, event: OrderEvent) -> None:
        """Take in a report on an order that is not followed any more: it is a repetition, or a fill in doubt.

        Raises:
            InvariantError: We never sent it, or it never ended.
        """
        ended = self._orders.ended_as(event)
        if ended is None:
            raise InvariantError(f"{event.venue} reports on order {event.client_order_id}, which we never sent")
        if isinstance(event, OrderFilled) and ended != OUTCOMES[FILLED]:
            self._doubt(event, f"it ended long ago ({ended})")

    def is_doubtful(self, order: FollowedOrder, fill: OrderFilled) -> bool:
        """Return whether a fill may be what a person said already; then it is put on record, and not booked."""
        if BY_HAND not in order.trades or fill.trade_id in order.trades:
            return False
        self._doubt(fill, "a person said what was filled of it")
        return True

    def _doubt(self, fill: OrderFilled, why: str) -> None:
        key = fill.instrument, fill.trade_id
        if key in self._doubtful:
            return
        self._doubtful.add(key, True)  # noqa: FBT003 - a set of keys
        detail = (
            f"{fill.instrument} trade {fill.trade_id} of {fill.instruction_id}, "
            f"{fill.side} {fill.amount:f} at {fill.price:f}, is not booked: {why}"
        )
        self._log.tell(VenueTrouble(venue=fill.venue, kind="LATE_FILL", detail=detail))

    # --- venues ------------------------------------------------------------------------------------------------------

    def _opened(self, opened: AccountOpened) -> None:
        """Whoever opened the account has put it on record."""
        self._states.take(opened, self._turn.at)

    def _told(self, entry: VenueNews | VenueSettled | FundingPaid | DifferenceFound) -> None:
        if self._states.take(entry, self._turn.at):
            self._log.tell(entry)

    def _started(self, started: VenueStarted) -> None:
        self._states.take(started, self._turn.at)
        self._log.tell(started)
        self._follow(started.venue)

    def _follow_again(self, _again: FollowAgain) -> None:
        for venue in self._states.started():
            self._follow(venue)

    def _follow(self, venue: VenueName) -> None:
        self._venues[venue].tell(self._states.begin_anew(venue, self._orders.unfinished(venue)))

    def _resume(self, resume: ResumeVenue) -> None:
        self._told(VenueResumed(venue=resume.venue, reason=BY_OPERATOR))

    # --- the operator ------------------------------------------------------------------------------------------------

    def _needed(self, needed: OperatorNeeded) -> None:
        order = self._orders.open.get(needed.client_order_id)
        if order is not None and order.is_unsure and not order.operator_needed:
            order.operator_needed = True
            self._log.tell(needed)

    def _resolve(self, wanted: ResolveOrder) -> None:
        orders = self._orders
        order = orders.open.get(ClientOrderId(wanted.order)) or orders.of(InstructionId(wanted.order))
        said = resolved(order, wanted)
        if isinstance(said, str):
            self._log.tell(OperatorRefused(order=wanted.order, resolution=wanted.resolution, detail=said))
        else:
            self._log.tell(said)

    def _resolved(self, said: OperatorResolved) -> None:
        order = self._orders.open.get(said.client_order_id)
        if order is None or not order.is_unsure:
            return
        for event in reports_of(said, order):
            self._report(event)
        if (venue := self._venues.get(said.venue)) is not None:
            venue.tell(ForgetOrder(venue=said.venue, client_order_id=said.client_order_id))
