"""Which candles have completed, and which of them are news. Pure.

A stream tells the candle of now again and again, and never says in a way common to all venues that it was the last
time. Its last state is told before the first state of the next candle; so a candle is complete when a later one is
seen, or when it was asked for after its close.
"""

from collections.abc import Iterable

from actors.data.live.books import is_sound
from actors.data.live.ports import SeenBar
from messages.units import InstrumentId

MOST_KEPT = 100
"""Candles of one instrument that wait to be told; the oldest are given up."""


class Bars:
    """The candles of one venue's instruments.

    Args:
        length_ms: Of a candle.
        told: When the last candle that was told opened, by instrument; kept up here.
    """

    def __init__(self, length_ms: int, told: dict[InstrumentId, int]) -> None:
        self._length_ms = length_ms
        self._told = told
        self._growing: dict[InstrumentId, dict[int, SeenBar]] = {}
        self._complete: dict[InstrumentId, dict[int, SeenBar]] = {}

    def begin(self, instruments: Iterable[InstrumentId], now_ms: int) -> int:
        """Take what closed before now as told, where nothing was told yet; return the opening of the first to come."""
        opened = now_ms // self._length_ms * self._length_ms
        for instrument in instruments:
            self._told.setdefault(instrument, opened - self._length_ms)
            self._growing[instrument], self._complete[instrument] = {}, {}
        first = min(self.since(instrument) for instrument in self._complete)
        return max(min(first, opened), opened - MOST_KEPT * self._length_ms)

    def streamed(self, instrument: InstrumentId, bars: Iterable[SeenBar]) -> bool:
        """Take what a stream says; return whether a candle is complete now."""
        growing, before = self._growing[instrument], len(self._complete[instrument])
        for bar in bars:
            if bar.opened_ms > self._told[instrument] and is_sound(bar, self._length_ms):
                growing[bar.opened_ms] = bar
        for opened in [each for each in growing if each < max(growing)]:
            self._keep(instrument, growing.pop(opened))
        return len(self._complete[instrument]) > before

    def lost(self, instrument: InstrumentId) -> None:
        """The stream broke: what it said of candles that are not complete may not have been the last."""
        self._growing[instrument].clear()

    def read(self, instrument: InstrumentId, bars: Iterable[SeenBar], until_ms: int) -> None:
        """Take candles that were asked for; only those that had closed by a time are sure to be complete."""
        for bar in bars:
            is_over = bar.opened_ms + self._length_ms <= until_ms
            if is_over and bar.opened_ms > self._told[instrument] and is_sound(bar, self._length_ms):
                self._keep(instrument, bar)

    def missing(self, opened_ms: int) -> tuple[InstrumentId, ...]:
        """Return the instruments whose candle of that opening is neither told nor complete."""
        return tuple(
            instrument
            for instrument, complete in self._complete.items()
            if self._told[instrument] < opened_ms and opened_ms not in complete
        )

    def since(self, instrument: InstrumentId) -> int:
        """Return the opening of the first candle that was not told."""
        return self._told[instrument] + self._length_ms

    def take(self, opened_ms: int) -> list[dict[InstrumentId, SeenBar]]:
        """Take out all complete candles up to that opening, those of an instant together, oldest first."""
        found: dict[int, dict[InstrumentId, SeenBar]] = {}
        for instrument, complete in self._complete.items():
            for opened in sorted(each for each in complete if each <= opened_ms):
                found.setdefault(opened, {})[instrument] = complete.pop(opened)
                self._told[instrument] = opened
        return [found[opened] for opened in sorted(found)]

    def _keep(self, instrument: InstrumentId, bar: SeenBar) -> None:
        complete = self._complete[instrument]
        complete[bar.opened_ms] = bar
        while len(complete) > MOST_KEPT:
            del complete[min(complete)]
