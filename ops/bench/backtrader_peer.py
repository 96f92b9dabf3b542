"""The same case through backtrader, where it is installed: market orders that flip one position, one on each bar."""

import datetime as dt
import time
from typing import Any

_START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)  # it knows no zones
_WAVE = 1_000


def run_backtrader(size: int) -> dict[str, float]:
    """Run so many orders and return seconds and fills.

    Raises:
        ImportError: It is not installed.
    """
    import backtrader as bt  # noqa: PLC0415 - need not be installed

    class Flip(bt.Strategy):  # type: ignore[misc]  # backtrader has no types
        """Buys and sells in turn."""

        filled = 0
        sent = 0

        def next(self) -> None:
            """Send an order on every bar."""
            self.sent += 1
            amount = 1 if self.sent == 1 else 2
            if self.sent % 2:
                self.buy(size=amount)
            else:
                self.sell(size=amount)

        def notify_order(self, order: Any) -> None:  # noqa: ANN401 - backtrader's
            """Count what is filled."""
            if order.status == order.Completed:
                self.filled += 1

    class Bars(bt.feed.DataBase):  # type: ignore[misc]  # as above
        """The price of ops/bench/data.py."""

        step = 0

        def _load(self) -> bool:
            if self.step > size:
                return False
            price = 2000 + abs(_WAVE - self.step % (2 * _WAVE)) / 100
            self.lines.datetime[0] = bt.date2num(_START + dt.timedelta(minutes=self.step))
            self.lines.open[0] = self.lines.close[0] = price
            self.lines.high[0], self.lines.low[0] = price + 1, price - 1
            self.lines.volume[0], self.lines.openinterest[0] = 1000.5, 0
            self.step += 1
            return True

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(1e9)
    cerebro.broker.setcommission(commission=0.00055)
    cerebro.broker.set_slippage_perc(0.0001)
    cerebro.adddata(Bars())
    cerebro.addstrategy(Flip)
    started = time.perf_counter()
    strategy = cerebro.run()[0]
    return {"count": strategy.filled, "seconds": time.perf_counter() - started, "prepare_seconds": 0.0}
