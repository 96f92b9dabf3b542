"""A live exchange on a virtual loop before a venue in memory, and an engine's ear for what it tells."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import TypeVar, get_args

from actors.contract import Tasks
from actors.exchange.live.exchange import LiveExchange
from actors.exchange.live.orders import Brake
from actors.exchange.live.ports import Options
from actors.followed import FollowedOrder
from actors.runtime.crashes import Verdict
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.hosted import Hosted, host_looped
from actors.runtime.task_context import TaskTurn
from actors.runtime.virtual_time import START_NS, VirtualClock, run_virtually
from messages.base import Message
from messages.live import FollowOrders, Unfinished, VenueSettled, VenueStarted
from messages.order_life import OrderState
from messages.orders import (
    AmendOrder,
    AmendSubmitted,
    CancelOrder,
    CancelSubmitted,
    OrderAccepted,
    OrderEvent,
    OrderFilled,
    OrderSubmitted,
    SubmitOrder,
)
from messages.units import (
    BUY,
    GTC,
    LIMIT,
    MARKET,
    STOP_MARKET,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    Nanoseconds,
    OrderType,
    Price,
    Seq,
    Side,
    TimeInForce,
)
from tests.actors.exchange.live.line import Line, Words
from tests.actors.exchange.live.venue import MARKETS, PERP_ID, VENUE, Venue

T = TypeVar("T")
M = TypeVar("M", bound=Message)


class Again:
    """A supervisor that restarts everything at once, and counts."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []

    def add(self, name: str, stop: Callable[[float], bool]) -> None: ...

    def failed(self, name: str, error: BaseException) -> Verdict:  # noqa: ARG002
        self.failures.append(error)
        return Verdict(restart=True, delay_s=0.1)

    def escalate(self, name: str, error: BaseException) -> None:  # noqa: ARG002
        self.failures.append(error)

    def gone(self, name: str, error: BaseException | None) -> None: ...


def intent(
    name: str = "a",
    *,
    side: Side = BUY,
    amount: str = "1",
    order_type: OrderType = LIMIT,
    price: str | None = "1990",
    time_in_force: TimeInForce = GTC,
    reduce_only: bool = False,
) -> OrderSubmitted:
    """Return the intent of an order."""
    return OrderSubmitted(
        instruction_id=InstructionId(name),
        client_order_id=ClientOrderId("x" + name.rjust(31, "0")),
        venue=VENUE,
        instrument=PERP_ID,
        side=side,
        amount=BaseAmount(Decimal(amount)),
        order_type=order_type,
        price=None if price is None or order_type in {MARKET, STOP_MARKET} else Price(Decimal(price)),
        trigger_price=Price(Decimal(2100)) if order_type is STOP_MARKET else None,
        reduce_only=reduce_only,
        reference_price=Price(Decimal(2000)),
        held_asset=Asset("USDT"),
        held_amount=Amount(Decimal(10)),
        time_in_force=time_in_force,
    )


def followed(journal: Sequence[Message]) -> list[FollowedOrder]:
    """Return the orders as an engine knows them that journaled this."""
    orders: dict[ClientOrderId, FollowedOrder] = {}
    for entry in journal:
        if isinstance(entry, OrderSubmitted):
            orders[entry.client_order_id] = FollowedOrder(entry, entry.amount, 0, entry.price, submitted_at=START_NS)
        elif isinstance(entry, AmendSubmitted | CancelSubmitted):
            orders[entry.client_order_id].asked(entry if isinstance(entry, AmendSubmitted) else None)
        elif isinstance(entry, get_args(OrderEvent)):
            orders[entry.client_order_id].follow(entry)
    return list(orders.values())


def unfinished(journal: Sequence[Message]) -> tuple[Unfinished, ...]:
    """Return the orders of which something is still to come, as `followed` has them."""
    orders = followed(journal)
    return tuple(each.unfinished() for each in orders if each.state is not OrderState.CLOSED or each.unanswered)


class Stage:
    """The cell, the venue, and everything that was told.

    Attributes:
        told: What the engine and the position monitor were told, in order.
        causes: With which cause, beside it.
        journal: What was asked of orders and what was news of them, in order, as an engine has it that hears all at
            once.
        followed: What an engine answers to the beginning of an epoch.
    """

    def __init__(self, clock: VirtualClock, line: Line, venue: Venue, options: Options, words: Words) -> None:
        self.clock = clock
        self.line = line
        self.venue = venue
        self.words = words
        self.told: list[Message] = []
        self.journal: list[Message] = []
        self.causes: list[Seq | None] = []
        self.supervisor = Again()
        self.unfinished: tuple[Unfinished, ...] = ()
        self.since = Nanoseconds(clock.wall_ns())
        self._options = options
        self._heard = asyncio.Event()
        self._tasks: Tasks | None = None
        self.followed: Callable[[VenueStarted], FollowOrders] = self._follow
        self._process = 0
        self.brake = Brake()
        self.dead = DeadLetters()
        self.cell = self._hosted()

    def _hosted(self) -> Hosted:
        self._process += 1
        return host_looped(
            "venue:bybit",
            partial(self._exchange, self._process),
            supervisor=self.supervisor,
            dead_letters=self.dead,
            clock=self.clock,
        )

    async def kill(self, lost: int = 0) -> None:
        """Have another process begin with what this one journaled.

        Args:
            lost: So many of the last reports were not journaled; no intent is lost.
        """
        self._process += 1  # nobody hears what the old one says from here on
        while lost and self.journal and isinstance(self.journal[-1], get_args(OrderEvent)):
            self.journal.pop()
            lost -= 1
        await self.cell.stop()
        self.cell = self._hosted()

    def follow_again(self, unheard: int = 0) -> None:
        """Have the core be built anew: it tells once more what to follow.

        Args:
            unheard: So many of the last reports lie in the engine's mailbox still; all that it asked was heard before.
        """
        known = list(self.journal)
        while unheard and known and isinstance(known[-1], get_args(OrderEvent)):
            known.pop()
            unheard -= 1
        if self._tasks is not None:
            orders = unfinished(known)
            self.cell.ref.tell(FollowOrders(venue=VENUE, epoch=self._tasks.number, orders=orders, since=self.since))

    def crash(self) -> None:
        """Let the present epoch crash."""

        async def mistake() -> None:
            raise RuntimeError("planted")

        if self._tasks is not None:
            with suppress(RuntimeError):
                self._tasks.start(mistake(), name="mistake")

    def _exchange(self, process: int, tasks: Tasks) -> LiveExchange:
        self._tasks = tasks
        hear = partial(self._hear, process)
        return LiveExchange(
            tasks,
            turn=TaskTurn(),
            dialect=self.words,
            connection=self.line,
            open_connection=self.line.open,
            options=self._options,
            markets=MARKETS,
            engine=hear,
            monitor=hear,
            brake=self.brake,
        )

    def _hear(self, process: int, message: Message, cause: Seq | None = None) -> None:
        if process != self._process:
            return
        if isinstance(message, get_args(OrderEvent)):
            self._take(message)
        self.told.append(message)
        self.causes.append(cause)
        self._heard.set()
        if isinstance(message, VenueStarted):
            self.cell.ref.tell(self.followed(message))

    def _follow(self, started: VenueStarted) -> FollowOrders:
        orders = self.unfinished or unfinished(self.journal)
        return FollowOrders(venue=VENUE, epoch=started.epoch, orders=orders, since=self.since)

    def _take(self, event: OrderEvent) -> None:
        """Journal a report if it is news, as an engine does; one that can't be is an error."""
        (order,) = [each for each in followed(self.journal) if each.intent.client_order_id == event.client_order_id]
        if isinstance(event, OrderFilled) and not order.accepted:
            accepted = OrderAccepted(
                venue=event.venue,
                instrument=event.instrument,
                client_order_id=event.client_order_id,
                instruction_id=event.instruction_id,
                order_id=event.order_id,
            )
            self.journal.append(accepted)
        if order.follow(event):
            self.journal.append(event)

    def of(self, kind: type[M]) -> list[M]:
        """Return what was told of a type."""
        return [each for each in self.told if isinstance(each, kind)]

    def names(self) -> list[str]:
        """Return the types of all that was told of orders."""
        return [type(each).__name__ for each in self.told if hasattr(each, "client_order_id")]

    async def until(self, ready: Callable[[], object], *, within_s: float = 3_600) -> None:
        """Wait until something is so, looking after everything that is told."""
        async with asyncio.timeout(within_s):
            while not ready():
                self._heard.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._heard.wait(), 1.0)

    async def settled(self) -> None:
        """Wait until the exchange has settled what was unfinished."""
        await self.until(lambda: self.of(VenueSettled))

    def submit(self, order: OrderSubmitted, *, cause: int = 7, lost: bool = False) -> None:
        """Have an order placed; `lost`: the command never leaves the core."""
        self.journal.append(order)
        if not lost:
            self.cell.ref.tell(SubmitOrder(intent=order), Seq(cause))

    def cancel(self, order: OrderSubmitted, *, cause: int = 8, lost: bool = False) -> None:
        """Have an order cancelled."""
        wanted = CancelSubmitted(
            instruction_id=order.instruction_id,
            client_order_id=order.client_order_id,
            venue=VENUE,
            instrument=order.instrument,
        )
        self.journal.append(wanted)
        if not lost:
            self.cell.ref.tell(CancelOrder(intent=wanted), Seq(cause))

    def amend(self, order: OrderSubmitted, *, amount: str = "1", price: str = "1990", lost: bool = False) -> None:
        """Have an order changed."""
        wanted = AmendSubmitted(
            instruction_id=order.instruction_id,
            client_order_id=order.client_order_id,
            venue=VENUE,
            instrument=order.instrument,
            price=Price(Decimal(price)),
            amount=BaseAmount(Decimal(amount)),
            held_amount=Amount(Decimal(10)),
        )
        self.journal.append(wanted)
        if not lost:
            self.cell.ref.tell(AmendOrder(intent=wanted), Seq(9))


def play(
    scene: Callable[[Stage], Awaitable[T]],
    *,
    options: Options | None = None,
    streaming: bool = False,
    faults: dict[str, list[str]] | None = None,
    seed: int = 0,
    crashes: bool = False,
) -> T:
    """Play a scene on a virtual loop, and stop the cell in order after it. Without `crashes` no epoch may crash."""

    async def work(clock: VirtualClock) -> T:
        venue = Venue(clock)
        line = Line(venue, clock=clock, seed=seed, faults=faults)
        line.is_streaming = streaming
        stage = Stage(clock, line, venue, options or Options(venue=VENUE), Words())
        try:
            result = await scene(stage)
        finally:
            await stage.cell.stop()
        assert crashes or not stage.supervisor.failures, stage.supervisor.failures
        return result

    return run_virtually(work)
