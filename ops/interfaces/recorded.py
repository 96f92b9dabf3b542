"""The recorded data of a run that is driven by calls: slices, one ahead, up to whatever time a call asks for."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from actors.data.series import Resolution
from config.instants import instant_of
from messages.market import Candle, MarketSlice
from messages.units import BaseAmount, InstrumentId, Nanoseconds

if TYPE_CHECKING:
    from actors.data.feed import Feed

_BEGINNING = Nanoseconds(0)
_END = instant_of("2260-12-31T23:59:59Z") or _BEGINNING


class Recorded:
    """Slices of a data folder from a first instant on; none at all without a folder.

    Attributes:
        start: The first instant: the one that was asked for, else when the first candle closes, else 0.
        files: What a journal says of each file.
        last: The last recorded candle of each instrument so far, those before the start included.
    """

    def __init__(self, feed: "Feed | None", asked: Nanoseconds | None, instruments: Iterable[InstrumentId]) -> None:
        self._feed = feed
        self._slices: Iterator[MarketSlice] = iter(()) if feed is None else iter(feed)
        self.last: dict[InstrumentId, Candle] = {}
        self.files: list[dict[str, object]] = []
        first = None
        if feed is not None:
            first = min((at for each in instruments if (at := feed.first_close(each)) is not None), default=None)
            before = feed.before_start()
            self.last = {} if before is None else {candle.instrument: candle for candle in before.candles}
            self.files = [
                {"name": file.name, "rows": file.rows, "first": file.first, "last": file.last, "sha256": file.sha256}
                for file in feed.files
            ]
        self.start = asked if asked is not None else first or _BEGINNING
        self._next = next(self._slices, None)
        while self._next is not None and self._next.at < self.start:
            self._next = next(self._slices, None)

    @property
    def next_at(self) -> Nanoseconds:
        """When the next slice is due; the end of all time without one."""
        return _END if self._next is None else self._next.at

    @property
    def rows(self) -> int:
        """How many rows were delivered."""
        return 0 if self._feed is None else self._feed.market_events

    def before_start(self) -> MarketSlice | None:
        """Return the last prices before the start, with which the core begins; None without any."""
        return None if self._feed is None else self._feed.before_start()

    def take(self) -> MarketSlice:
        """Take the next slice."""
        market = self._next
        if market is None:
            raise LookupError("there is no recorded slice any more")
        self._next = next(self._slices, None)
        for candle in market.candles:
            self.last[candle.instrument] = candle
        return market

    def volume(self, instrument: InstrumentId, at: Nanoseconds, length_ns: int) -> BaseAmount:
        """Return the volume of the candle that completed last before a time, 0 if that is a candle length ago."""
        candle = self.last.get(instrument)
        return BaseAmount(Decimal(0)) if candle is None or at - candle.closed_at >= length_ns else candle.volume


def open_recorded(
    directory: Path | None, resolution: str, tradable: Iterable[InstrumentId], asked: Nanoseconds | None
) -> Recorded:
    """Open a data folder; a missing one, or one without candles, is no error.

    Args:
        directory: None for no data.
        resolution: Of the candles.
        tradable: Instruments with rules; others in the folder are passed over.
        asked: First instant; None for the start of the data.

    Raises:
        BadInputError: What is there can't be used.
    """
    if directory is None or not directory.is_dir():
        return Recorded(None, asked, ())
    # pyarrow takes as long to import as everything else here
    from actors.data.feed import Feed  # noqa: PLC0415
    from actors.data.files import instruments_in  # noqa: PLC0415
    from actors.errors import BadInputError  # noqa: PLC0415

    known = set(tradable)
    venues = {instrument.partition(":")[0] for instrument in known}
    found = [each for each in instruments_in(directory, venues, resolution) if each in known]
    if not found:
        others = [each for each in Resolution if set(instruments_in(directory, venues, each)) & known]
        if others:
            raise BadInputError(
                f"config: data.resolution: no {resolution} candles in {directory}, expected one of {', '.join(others)}"
            )
        return Recorded(None, asked, ())
    feed = Feed(
        directory,
        resolution=resolution,
        instruments=found,
        start=_BEGINNING if asked is None else asked,
        end=_END,
    )
    return Recorded(feed, asked, found)
