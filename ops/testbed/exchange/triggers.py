"""Orders that wait for a price: when they are reached, what becomes of them, how trailing ones follow."""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from ops.testbed.exchange.checks import check_reducing
from ops.testbed.exchange.depth import to_tick
from ops.testbed.exchange.events import Cause
from ops.testbed.exchange.floor import Floor, Pit
from ops.testbed.exchange.funds import check_funds
from ops.testbed.exchange.matching import Matching
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.settlement import Settlement
from ops.testbed.exchange.values import Market, Order, Status, Trigger, Why


class Triggers:
    """Watches the trigger orders of a venue."""

    def __init__(self, floor: Floor, settlement: Settlement, matching: Matching) -> None:
        self._floor = floor
        self._settlement = settlement
        self._matching = matching

    def watch(self, pit: Pit) -> None:
        """Fire all that are reached at the prices of now, and what these reach in turn."""
        while True:
            fired = False
            for key in tuple(pit.waiting):
                order = self._floor.store.actual(key)
                if order.status is Status.WAITING and self._is_reached(pit, order):
                    self._fire(self._floor.store.actual(key))
                    fired = True
            if not fired:
                return

    def _is_reached(self, pit: Pit, order: Order) -> bool:
        trigger = order.trigger
        if trigger is None:
            return False
        price = pit.price(trigger.by)
        if trigger.trail_rate is not None or trigger.trail_distance is not None:
            followed = follow(trigger, price, order.market)
            if followed is not trigger:
                was_active = trigger.extreme is not None
                after = self._settlement.changed(order, trigger=followed)
                if was_active:
                    self._floor.store.put(after)
                else:
                    self._settlement.put(after, Cause.TRIGGERED)
                trigger = followed
        if trigger.price is None:
            return False
        return price >= trigger.price if trigger.rising else price <= trigger.price

    def _fire(self, order: Order) -> None:
        """Make an order of a trigger order, and match it."""
        makes_child = self._floor.rules.trigger_makes_child[order.market.product]
        became = self._child(order) if makes_child else self._settlement.changed(order, triggered=True)
        became = msgspec.structs.replace(
            became, status=Status.OPEN, priority=self._floor.ids.next("priority"), why=Why.NONE
        )
        try:
            became = check_reducing(self._floor, became)
            check_funds(self._floor, became)
        except RejectError as refusal:
            why = Why.NO_FUNDS if refusal.reject in {Reject.NO_BALANCE, Reject.NO_MARGIN} else Why.REDUCE_ONLY
            self._settlement.change(order, Cause.ENDED, status=Status.REJECTED, why=why, triggered=True)
            return
        if makes_child:
            self._settlement.change(
                order, Cause.TRIGGERED, status=Status.TRIGGERED, triggered=True, child_id=became.order_id
            )
            self._settlement.put(became, Cause.PLACED)
        else:
            self._settlement.put(became, Cause.TRIGGERED)
        if became.post_only and self._matching.would_take(became):
            self._settlement.end(became, Status.CANCELLED, Why.POST_ONLY)
            return
        self._matching.take(became)

    def _child(self, order: Order) -> Order:
        now = self._floor.now_ms()
        return msgspec.structs.replace(
            order,
            order_id=self._floor.ids.order(order.market),
            client_order_id=order.client_order_id if self._floor.rules.child_keeps_client_id else "",
            parent_id=order.order_id,
            trigger=None,
            triggered=False,
            created_ms=now,
            updated_ms=now,
            version=1,
        )


def follow(trigger: Trigger, price: Decimal, market: Market) -> Trigger:
    """Return a trailing trigger as it is after a price: the same one where nothing changed.

    One that waits for a fall (a sell) follows the highest price, one that waits for a rise the lowest.
    """
    extreme = trigger.extreme
    if extreme is None:
        start = trigger.activation
        # A sell starts when the price has risen to its activation, a buy when it has fallen to it.
        if start is not None and (price > start if trigger.rising else price < start):
            return trigger
        extreme = price
    elif price >= extreme if trigger.rising else price <= extreme:
        return trigger
    else:
        extreme = price
    away = trigger.trail_distance if trigger.trail_distance is not None else extreme * (trigger.trail_rate or 0)
    at = extreme + away if trigger.rising else extreme - away
    return msgspec.structs.replace(trigger, extreme=extreme, price=to_tick(at, market, ROUND_HALF_EVEN))


def starts_active(trigger: Trigger, price: Decimal, market: Market) -> Trigger:
    """Return a new trigger as the venue takes it: a trailing one without an activation price follows at once."""
    is_trailing = trigger.trail_rate is not None or trigger.trail_distance is not None
    return follow(trigger, price, market) if is_trailing else trigger
