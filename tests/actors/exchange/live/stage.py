"""A live exchange on a virtual loop before a venue in memory, and an engine's ear for what it tells."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TypeVar, get_args

from actors.contract import Tasks
from actors.exchange.live.exchange import LiveExchange
from actors.exchange.live.ports import Options
from actors.followed import FollowedOrder
from actors.runtime.crashes import Verdict
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.hosted import Hosted, host_looped
from actors.runtime.task_context import TaskTurn
from actors.runtime.virtual_time import VirtualClock, run_virtually
from messages.base import Message
from messages.live import FollowOrders, Unfinished, VenueSettled, VenueStarted
from messages.order_life import OrderState
from messages.orders import CancelOrder, CancelSubmitted, OrderAccepted, OrderEvent, OrderSubmitted, SubmitOrder
from messages.units import (
    BUY,
    GTC,
    LIMIT,
    MARKET,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    Nanoseconds,
    OrderId,
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
        price=None if price is None or order_type is MARKET else Price(Decimal(price)),
        reduce_only=False,
        reference_price=Price(Decimal(2000)),
        held_asset=Asset("USDT"),
        held_amount=Amount(Decimal(10)),
        time_in_force=time_in_force,
    )


def unfinished(sent: Sequence[OrderSubmitted], told: Sequence[Message]) -> tuple[Unfinished, ...]:
    """Return the orders that have not come to their end, as an engine knows them that heard all this."""
    orders = {each.client_order_id: FollowedOrder(each, each.amount, 0, each.price) for each in sent}
    ids: dict[ClientOrderId, OrderId] = {}
    for event in told:
        if isinstance(event, get_args(OrderEvent)):
            orders[event.client_order_id].follow(event)
            if isinstance(event, OrderAccepted):
                ids[event.client_order_id] = event.order_id
    return tuple(
        Unfinished(
            intent=order.intent,
            submitted_at=Nanoseconds(0),
            state=order.state,
            order_id=ids.get(name),
            amount=BaseAmount(order.amount),
            price=order.price,
            filled=BaseAmount(order.filled),
            trades=tuple(order.trades),
            accepted=order.accepted,
            triggered=order.triggered,
            cancelling=False,
            changing=False,
        )
        for name, order in orders.items()
        if order.state is not OrderState.CLOSED
    )


class Stage:
    """The cell, the venue, and everything that was told.

    Attributes:
        told: What the engine and the position monitor were told, in order.
        causes: With which cause, beside it.
        followed: What an engine answers to the beginning of an epoch.
    """

    def __init__(self, clock: VirtualClock, line: Line, venue: Venue, options: Options, words: Words) -> None:
        self.clock = clock
        self.line = line
        self.venue = venue
        self.words = words
        self.told: list[Message] = []
        self.sent: list[OrderSubmitted] = []
        self.causes: list[Seq | None] = []
        self.supervisor = Again()
        self.unfinished: tuple[Unfinished, ...] = ()
        self.since = Nanoseconds(clock.wall_ns())
        self._options = options
        self._heard = asyncio.Event()
        self.followed: Callable[[VenueStarted], FollowOrders] = self._follow
        self._tasks: Tasks | None = None
        self.dead = DeadLetters()
        self.cell: Hosted = host_looped(
            "venue:bybit", self._exchange, supervisor=self.supervisor, dead_letters=self.dead, clock=clock
        )

    def crash(self) -> None:
        """Let the present epoch crash."""

        async def mistake() -> None:
            raise RuntimeError("planted")

        if self._tasks is not None:
            with suppress(RuntimeError):
                self._tasks.start(mistake(), name="mistake")

    def _exchange(self, tasks: Tasks) -> LiveExchange:
        self._tasks = tasks
        return LiveExchange(
            tasks,
            turn=TaskTurn(),
            dialect=self.words,
            connection=self.line,
            open_connection=self.line.open,
            options=self._options,
            markets=MARKETS,
            engine=self._hear,
            monitor=self._hear,
        )

    def _hear(self, message: Message, cause: Seq | None = None) -> None:
        self.told.append(message)
        self.causes.append(cause)
        self._heard.set()
        if isinstance(message, VenueStarted):
            self.cell.ref.tell(self.followed(message))

    def _follow(self, started: VenueStarted) -> FollowOrders:
        orders = self.unfinished or unfinished(self.sent, self.told)
        return FollowOrders(venue=VENUE, epoch=started.epoch, orders=orders, since=self.since)

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

    def submit(self, order: OrderSubmitted, *, cause: int = 7) -> None:
        """Have an order placed."""
        self.sent.append(order)
        self.cell.ref.tell(SubmitOrder(intent=order), Seq(cause))

    def cancel(self, order: OrderSubmitted, *, cause: int = 8) -> None:
        """Have an order cancelled."""
        wanted = CancelSubmitted(
            instruction_id=order.instruction_id,
            client_order_id=order.client_order_id,
            venue=VENUE,
            instrument=order.instrument,
        )
        self.cell.ref.tell(CancelOrder(intent=wanted), Seq(cause))


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
