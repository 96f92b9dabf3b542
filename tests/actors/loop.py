"""The tight loop to test with: its four actors as they are wired, and told by hand until nothing is left."""

from decimal import Decimal
from typing import Any

from msgspec import structs

from actors.contract import Actor, Turn
from actors.exposure import Exposure
from actors.pnl import Pnl
from actors.position_monitor import PositionMonitor
from actors.risk import Risk
from messages.book import (
    AskBook,
    AskPnl,
    BookTold,
    EquityMarked,
    ExposureChanged,
    MarkBook,
    PnlTold,
    PnlUpdated,
    RiskMeasured,
)
from messages.instruments import Instrument
from messages.journal import Entry
from messages.market import MarketSlice
from messages.units import InstrumentId, Nanoseconds, Seq
from tests.actors.builders import HOUR, Mail, candle, filled, instrument, market, record, venue

D = Decimal
OKX_PERP = InstrumentId("okx:ETHUSDT-PERP")
OKX_SPOT = InstrumentId("okx:ETH/USDT")
BYBIT_PERP, BYBIT_SPOT = InstrumentId("bybit:ETHUSDT-PERP"), InstrumentId("bybit:ETH/USDT")
BINANCE_PERP = InstrumentId("binance:ETHUSDT-PERP")
MARKETS = tuple(
    instrument(pair, venue=venue) for venue in ("okx", "bybit", "binance") for pair in ("ETH/USDT", "ETHUSDT-PERP")
)


class Loop:
    """The four actors; `tell` runs a fact round to the strategy."""

    def __init__(self, markets: tuple[Instrument, ...] = MARKETS, *, wait_for_prices: bool = False) -> None:
        self.wait_for_prices = wait_for_prices
        self.turn = Turn()
        self.turn.at = Nanoseconds(HOUR)
        self.gate, self.strategy, self.log = Mail(), Mail(), Mail()
        self.markets = {each.instrument_id: each for each in markets}
        self.journal: list[Entry] = []
        self.causes: list[Seq | None] = []
        self.seen: list[Any] = []
        self.build()

    def build(self) -> None:
        names = dict.fromkeys(each.venue for each in self.markets.values())
        venues = tuple(
            venue(*(each for each in self.markets.values() if each.venue == name), name=name) for name in names
        )
        self.pnl = Pnl(
            turn=self.turn,
            venues=venues,
            candle_ns=HOUR,
            strategy=self.strategy,
            log=self.log,
            wait_for_prices=self.wait_for_prices,
        )
        self.risk = Risk(pnl=self.into(self.pnl))
        self.exposure = Exposure(instruments=self.markets, risk=self.into(self.risk))
        self.monitor = PositionMonitor(
            instruments=self.markets, exposure=self.into(self.exposure), gate=self.gate, pnl=self.into(self.pnl)
        )

    def into(self, actor: Actor[Any]) -> Mail:
        """Return an address that leads straight into an actor, and remembers."""
        mail = Mail()

        def tell(message: Any) -> None:  # noqa: ANN401 - as an address
            self.seen.append(message)
            actor.receive(message)

        mail.tell = tell  # type: ignore[method-assign]  # a double
        return mail

    def tell(self, fact: Any) -> PnlUpdated:  # noqa: ANN401 - any fact
        """Run a fact round the loop; return what the strategy hears at its end."""
        self.seen.clear()
        self.monitor.receive(fact)
        self.record(fact)
        (update,) = self.strategy.take()
        assert isinstance(update, PnlUpdated)
        for entry in self.log.take():
            self.record(entry, cause=len(self.journal))
        return update

    def tell_at_once(self, *facts: Any) -> None:  # noqa: ANN401 - any facts
        """As reports of one turn: all are on record before what the first of them makes the loop say."""
        said = []
        for number, fact in enumerate(facts, start=len(self.journal) + 1):
            self.monitor.receive(fact)
            said += [(entry, number) for entry in self.log.take()]
        self.strategy.take()
        for fact in facts:
            self.record(fact)
        for entry, cause in said:
            self.record(entry, cause=cause)

    def record(self, entry: Entry, *, cause: int | None = None) -> None:
        self.journal.append(entry)
        self.causes.append(None if cause is None else Seq(cause))

    def exposed(self, fact: Any) -> tuple[Decimal, Decimal]:  # noqa: ANN401 - any fact
        """Return net and gross exposure after a fact."""
        self.tell(fact)
        (change,) = [each for each in self.seen if isinstance(each, ExposureChanged)]
        return change.net, change.gross

    def measured(self, fact: Any) -> RiskMeasured:  # noqa: ANN401 - any fact
        self.tell(fact)
        (risk,) = [each for each in self.seen if isinstance(each, RiskMeasured)]
        return risk

    def price(self, message: MarketSlice) -> None:
        self.turn.at = message.at
        self.pnl.receive(message)

    def mark(self) -> list[Any]:
        """Have the book valued; return what is put on record."""
        self.monitor.receive(MarkBook())
        entries = self.log.take()
        for entry in entries:
            self.record(entry)
        return entries

    def equity(self) -> Decimal:
        marked = self.mark()[-1]
        assert isinstance(marked, EquityMarked)
        assert marked.currency == "USDT"
        return marked.equity

    @property
    def totals(self) -> PnlTold:
        told = self.pnl.answer(AskPnl())
        assert isinstance(told, PnlTold)
        return told

    @property
    def book(self) -> BookTold:
        told = self.monitor.answer(AskBook())
        assert isinstance(told, BookTold)
        return told

    def fold(self) -> None:
        """Put new actors in the old ones' places, folded from the journal."""
        self.build()
        for seq, (entry, cause) in enumerate(zip(self.journal, self.causes, strict=True), start=1):
            folded = structs.replace(record(entry, seq=seq), cause=cause)
            for actor in (self.monitor, self.exposure, self.risk, self.pnl):
                actor.apply(folded)
        assert self.gate.take() == self.strategy.told == self.log.told == []


def fill(amount: str = "1", price: str = "2000", **words: Any) -> Any:  # noqa: ANN401 - a fill
    return filled(amount, price, **{"of": BYBIT_PERP, **words})


def two_closes(spot: str, perp: str, *, hour: int) -> MarketSlice:
    at = hour * HOUR
    return market(candle(spot, of=BYBIT_SPOT, at=at), candle(perp, of=BYBIT_PERP, at=at), at=at)
