"""A live exchange on a virtual loop before a venue in memory, and an engine's ear for what it tells."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

from actors.exchange.live.exchange import LiveExchange
from actors.exchange.live.ports import Options
from actors.runtime.crashes import Verdict
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.hosted import Hosted, host_looped
from actors.runtime.task_context import TaskTurn
from actors.runtime.virtual_time import VirtualClock, run_virtually
from messages.base import Message
from messages.live import FollowOrders, Unfinished, VenueSettled, VenueStarted
from messages.orders import CancelOrder, CancelSubmitted, OrderSubmitted, SubmitOrder
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
    OrderType,
    Price,
    Seq,
    Side,
    TimeInForce,
)
from tests.actors.exchange.live.venue import MARKETS, PERP_ID, VENUE, Line, Venue, Words

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


class Stage:
    """The cell, the venue, and everything that was told.

    Attributes:
        told: What the engine and the position monitor were told, in order.
        causes: With which cause, beside it.
    """

    def __init__(self, clock: VirtualClock, line: Line, venue: Venue, options: Options, words: Words) -> None:
        self.clock = clock
        self.line = line
        self.venue = venue
        self.words = words
        self.told: list[Message] = []
        self.causes: list[Seq | None] = []
        self.supervisor = Again()
        self.unfinished: tuple[Unfinished, ...] = ()
        self.since = Nanoseconds(clock.wall_ns())
        self._options = options
        self._heard = asyncio.Event()
        self.dead = DeadLetters()
        self.cell: Hosted = host_looped(
            "venue:bybit", self._exchange, supervisor=self.supervisor, dead_letters=self.dead, clock=clock
        )

    def _exchange(self, tasks: Any) -> LiveExchange:  # noqa: ANN401 - an epoch's tasks
        return LiveExchange(
            tasks,
            turn=TaskTurn(),
            dialect=self.words,
            connection=self.line,
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
            self.cell.ref.tell(FollowOrders(venue=VENUE, epoch=message.epoch, orders=self.unfinished, since=self.since))

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
    prepare: Callable[[Stage], None] = lambda _stage: None,
) -> T:
    """Play a scene on a virtual loop, and stop the cell in order after it."""

    async def work(clock: VirtualClock) -> T:
        venue = Venue(clock)
        line = Line(venue, clock=clock, seed=seed, faults=faults)
        line.is_streaming = streaming
        stage = Stage(clock, line, venue, options or Options(venue=VENUE), Words())
        prepare(stage)
        try:
            result = await scene(stage)
        finally:
            await stage.cell.stop()
        assert not stage.supervisor.failures, stage.supervisor.failures
        return result

    return run_virtually(work)
