"""Every order that is not forgotten yet, and what the ids of all instructions ever given came to. Pure.

An order is open from its intent to its end. After that it is kept as long as the venue has not answered a cancel or a
change of it, and for a while besides: then a late fill is still booked, and a repeated one known by its trade id. Of
orders that are forgotten the table of ids knows how they ended: of one that was filled whole every report is a
repetition, and so is everything but a fill of any other. Such a fill may be news or not: nobody can say, so it is not
booked, and said (`VenueTrouble`); if it was news, book and venue differ now, which reconciliation finds.
"""

from typing import get_args

from actors.followed import FILLED, OUTCOMES, REJECTED, FollowedOrder
from actors.id_table import IdTable
from actors.names import Names
from actors.order_ids import client_order_id
from actors.recent import Recent
from messages.live import Unfinished
from messages.order_life import CLOSED
from messages.orders import OrderEvent, OrderSubmitted
from messages.units import ClientOrderId, InstructionId, VenueName

ORDER_EVENTS = get_args(OrderEvent)
_ENDED = {FILLED, REJECTED, OUTCOMES.index("CANCELLED"), OUTCOMES.index("EXPIRED")}


class Orders:
    """Follows orders.

    Args:
        known: Ids of all instructions; their outcomes are kept there.
        names: What ids come to.
        remembered: How many closed orders are kept, a power of two; those that wait for an answer come besides.

    Attributes:
        open: In the order of their intents.
    """

    def __init__(self, *, known: IdTable, names: Names, remembered: int) -> None:
        self._known = known
        self._names = names
        self.open: dict[ClientOrderId, FollowedOrder] = {}
        self._closed: Recent[ClientOrderId, FollowedOrder] = Recent(remembered)
        self._awaited: dict[ClientOrderId, FollowedOrder] = {}  # closed, with a cancel or change not answered yet

    def sent(self, intent: OrderSubmitted, at: int) -> None:
        """Follow an order from its intent, which was journaled at this time (ns)."""
        named = self._names.of(intent.instruction_id)
        self.open[intent.client_order_id] = FollowedOrder(
            intent, intent.amount, named.key, intent.price, named.slot, named.slot_of, at
        )

    def of(self, instruction: InstructionId) -> FollowedOrder | None:
        """Return the open order of an instruction."""
        return self.open.get(client_order_id(self._names.of(instruction).digest))

    def find(self, name: ClientOrderId) -> FollowedOrder | None:
        """Return an order that is not forgotten, open or not."""
        return self.open.get(name) or self._closed.get(name) or self._awaited.get(name)

    def ended_as(self, event: OrderEvent) -> str | None:
        """Return how an order that is forgotten ended; None: there never was such an order of ours, or it never ended.

        Args:
            event: What is reported of it.
        """
        named = self._names.of(event.instruction_id)
        if client_order_id(named.digest) != event.client_order_id:
            return None
        slot = self._known.find(named.key)
        outcome = self._known.outcome(slot) if slot >= 0 else -1
        return OUTCOMES[outcome] if outcome in _ENDED else None

    def follow(self, order: FollowedOrder, event: OrderEvent) -> bool:
        """Move an order on; return whether the event was news."""
        before, outcome = order.state, order.outcome
        news = order.follow(event)
        if before is not CLOSED:
            if order.state is CLOSED:
                self.close(event.client_order_id, order)
            return news
        if order.outcome != outcome:
            self._known.set_outcome(self._slot(order), order.outcome)
        if not order.unanswered and event.client_order_id in self._awaited:
            del self._awaited[event.client_order_id]
            self._closed.add(event.client_order_id, order)
        return news

    def close(self, name: ClientOrderId, order: FollowedOrder) -> None:
        """Keep how an order ended."""
        self._known.set_outcome(order.slot if order.slot_of == self._known.growth else self._slot(order), order.outcome)
        del self.open[name]
        if order.unanswered:
            self._awaited[name] = order
        else:
            self._closed.add(name, order)

    def unfinished(self, venue: VenueName) -> tuple[Unfinished, ...]:
        """Return all orders of a venue of which something is still to come, in the order of their intents."""
        orders = [each for each in (*self._awaited.values(), *self.open.values()) if each.intent.venue == venue]
        return tuple(each.unfinished() for each in sorted(orders, key=lambda each: each.submitted_at))

    def _slot(self, order: FollowedOrder) -> int:
        """Return where the instruction's id is kept; it moves when the table grows."""
        if order.slot_of != self._known.growth:
            order.slot_of, order.slot = self._known.growth, self._known.find(order.key)
        return order.slot
