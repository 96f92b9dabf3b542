"""What a market looked like: one-minute bars, the latest public trades, funding that was."""

import random
from collections import deque
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from ops.testbed.exchange.depth import to_lot, to_tick
from ops.testbed.exchange.quotes import Bar, PaidFunding, PublicTrade
from ops.testbed.exchange.values import ZERO, Market

MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60
_KEPT_MINUTES = 7 * DAY_MINUTES
_KEPT_TRADES = 1000
_MINUTE_MOVE = 0.0008
"""Standard deviation of a made-up minute before the exchange was started."""
_MINUTE_TURNOVER = 400_000


class Tape:
    """One market's past. It begins with a made-up day, so that who looks back finds something."""

    def __init__(self, market: Market, seed: str, price: Decimal, now_ms: int) -> None:
        self._market = market
        self._seed = seed
        self._bars: deque[Bar] = deque([_flat(now_ms - now_ms % MINUTE_MS, price)], maxlen=_KEPT_MINUTES)
        self._is_whole = False
        self._day: tuple[int, Bar] | None = None
        self._trades: deque[PublicTrade] = deque(maxlen=_KEPT_TRADES)
        self.funding: list[PaidFunding] = []

    def price(self, price: Decimal, now_ms: int) -> None:
        """Note a price at which nothing was traded."""
        self._note(price, ZERO, now_ms)

    def trade(self, trade: PublicTrade) -> None:
        """Note a trade."""
        self._trades.append(trade)
        self._note(trade.price, trade.amount, trade.at_ms)

    def _note(self, price: Decimal, amount: Decimal, now_ms: int) -> None:
        opens = now_ms - now_ms % MINUTE_MS
        last = self._bars[-1]
        if opens > last.open_ms:
            start = max(last.open_ms + MINUTE_MS, opens - _KEPT_MINUTES * MINUTE_MS)
            for missing in range(start, opens, MINUTE_MS):
                self._bars.append(_flat(missing, last.close))
            self._bars.append(_flat(opens, last.close))
            last = self._bars[-1]
        self._bars[-1] = Bar(
            open_ms=last.open_ms,
            open=last.open,
            high=max(last.high, price),
            low=min(last.low, price),
            close=price,
            volume=last.volume + amount,
            turnover=last.turnover + amount * price,
            closed=False,
        )

    def trades(self, limit: int) -> list[PublicTrade]:
        """Return the latest, oldest first."""
        return list(self._trades)[-limit:]

    def day(self) -> Bar:
        """Return the last 24 hours as one bar."""
        self._look_back()
        last = self._bars[-1]
        if self._day is None or self._day[0] != last.open_ms:
            bars = list(self._bars)[-DAY_MINUTES:-1]
            self._day = last.open_ms, _joined(bars, bars[0].open_ms, closed=False)
        return _joined([self._day[1], last], self._day[1].open_ms, closed=False)

    def _look_back(self) -> None:
        """Make up the day before the start, when somebody looks at it for the first time."""
        if not self._is_whole:
            self._is_whole = True
            self._bars.extendleft(reversed(_made_up(self._market, self._seed, self._bars[0])))

    def bars(self, interval_ms: int, now_ms: int, *, since_ms: int | None, limit: int) -> Sequence[Bar]:
        """Return bars of an interval of whole minutes: the `limit` first from a time on, or the last ones."""
        self._look_back()
        groups: dict[int, list[Bar]] = {}
        for bar in self._bars:
            opens = bar.open_ms - bar.open_ms % interval_ms
            if since_ms is None or opens >= since_ms:
                groups.setdefault(opens, []).append(bar)
        opens_of = sorted(groups)
        wanted = opens_of[-limit:] if since_ms is None else opens_of[:limit]
        return [_joined(groups[opens], opens, closed=opens + interval_ms <= now_ms) for opens in wanted]


def _joined(bars: Sequence[Bar], open_ms: int, *, closed: bool) -> Bar:
    return Bar(
        open_ms=open_ms,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum((bar.volume for bar in bars), ZERO),
        turnover=sum((bar.turnover for bar in bars), ZERO),
        closed=closed,
    )


def _flat(open_ms: int, price: Decimal) -> Bar:
    return Bar(
        open_ms=open_ms, open=price, high=price, low=price, close=price, volume=ZERO, turnover=ZERO, closed=False
    )


def _made_up(market: Market, seed: str, first: Bar) -> list[Bar]:
    """Return a day of bars that ends where the first real one opens."""
    chance = random.Random(f"{seed}:tape:{market.venue}:{market.product}:{market.symbol}")  # noqa: S311 - prices
    bars: list[Bar] = []
    close = first.open
    for back in range(1, DAY_MINUTES + 1):
        start = _moved(close, chance.gauss(0, _MINUTE_MOVE), market)
        high = max(_moved(max(start, close), abs(chance.gauss(0, _MINUTE_MOVE / 2)), market), start, close)
        low = min(_moved(min(start, close), -abs(chance.gauss(0, _MINUTE_MOVE / 2)), market), start, close)
        turnover = _MINUTE_TURNOVER * (0.5 + chance.random())
        volume = to_lot(Decimal(round(turnover)) / close, market)
        bars.append(
            Bar(
                open_ms=first.open_ms - back * MINUTE_MS,
                open=start,
                high=high,
                low=low,
                close=close,
                volume=volume,
                turnover=volume * close,
                closed=True,
            )
        )
        close = start
    return bars[::-1]


def _moved(price: Decimal, by: float, market: Market) -> Decimal:
    return max(to_tick(price * (1 + Decimal(repr(round(by, 8)))), market, ROUND_HALF_EVEN), market.tick)
