"""Live market data on a virtual loop before a venue in memory, and an ear for what it tells."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from actors.contract import Tasks
from actors.data.live.market import LiveMarket
from actors.data.live.ports import Memory, Options
from actors.exchange.wire.contract import Market
from actors.runtime.crashes import Verdict
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.hosted import host_looped
from actors.runtime.virtual_time import VirtualClock, run_virtually
from messages.market import Candle, Depth, FundingRate, MarketSlice, Ticker
from messages.units import SECOND_NS, InstrumentId
from tests.actors.data.live.venue import MARKETS, MINUTE_MS, SPOT_ID, Feed

MS = 1_000_000


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


class Stage:
    """The venue, and everything that was told and said.

    Attributes:
        told: Slices, each with the second of the loop at which it was told.
        lines: What the operator was told.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.start_ms = clock.wall_ns() // MS
        self.feed = Feed(clock)
        self.told: list[tuple[float, MarketSlice]] = []
        self.lines: list[str] = []
        self.supervisor = Again()

    def tell(self, market: MarketSlice) -> None:
        self.told.append((asyncio.get_running_loop().time(), market))

    async def until(self, second: float) -> None:
        """Wait until a second of the loop."""
        await asyncio.sleep(second - asyncio.get_running_loop().time())

    @property
    def slices(self) -> list[MarketSlice]:
        return [market for _, market in self.told]

    def quotes(self, instrument: InstrumentId = SPOT_ID) -> list[Candle]:
        """Return the quotes of slices that hold nothing else of an instrument."""
        return [
            market.candles[0] for market in self.slices if market.depths and market.depths[0].instrument == instrument
        ]

    def depths(self, instrument: InstrumentId = SPOT_ID) -> list[Depth]:
        return [each for market in self.slices for each in market.depths if each.instrument == instrument]

    def tickers(self, instrument: InstrumentId = SPOT_ID) -> list[tuple[float, Ticker]]:
        """Return the tickers, each with the second at which it was told."""
        return [(at, each) for at, market in self.told for each in market.tickers if each.instrument == instrument]

    def candles(self) -> list[Candle]:
        return [each for market in self.slices for each in market.candles if not each.is_quote]

    def funding(self) -> list[tuple[float, FundingRate]]:
        return [(at, each) for at, market in self.told for each in market.funding]


def played(
    work: Callable[[Stage], Awaitable[None]],
    *,
    markets: Mapping[InstrumentId, Market] | None = None,
    options: Options | None = None,
    before: Callable[[Stage], None] = lambda _: None,
    wall_ns: int = 1_767_225_600 * SECOND_NS,
) -> Stage:
    """Play to the end of some work; return the stage as it was then, with the cell closed.

    Args:
        work: What the venue and the world do.
        markets: What is followed; the spot market alone by default.
        options: Of the actor; by default quiet books are not asked for, so that what is told is what was said.
        before: Sets the stage.
        wall_ns: When it begins, at second 0 of the loop; a full minute by default.
    """
    chosen = options or Options(length_ms=MINUTE_MS, quiet_ms=3_600_000)

    async def play(clock: VirtualClock) -> Stage:
        stage, memory = Stage(clock), Memory()
        before(stage)

        def factory(tasks: Tasks) -> LiveMarket:
            return LiveMarket(
                tasks,
                feed=stage.feed,
                markets=markets or {SPOT_ID: MARKETS[SPOT_ID]},
                tell=stage.tell,
                jitter=lambda: 1.0,
                options=chosen,
                memory=memory,
                said=stage.lines.append,
            )

        cell = host_looped("prices", factory, supervisor=stage.supervisor, dead_letters=DeadLetters(), clock=clock)
        await asyncio.sleep(0.001)
        await work(stage)
        await cell.stop()
        return stage

    return run_virtually(play, wall_ns=wall_ns)
