"""The strategy of the benchmark: one position that flips with every order, the case that makes others quadratic."""

from collections.abc import Iterator

from actors.strategies.contract import OwnEvent, StrategyContext
from messages.instructions import TradeInstruction
from messages.market import MarketSlice


class Flip:
    """Buys and sells in turn. Params: ``each``: instructions at every slice."""

    stateless = True

    def __init__(self, context: StrategyContext) -> None:
        self._context = context
        self._each = int(str(context.params["each"]))
        self._count = 0

    def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:  # noqa: ARG002 - whatever the market does
        """Trade twice the position, so that it stands on the other side."""
        for _ in range(self._each):
            self._count += 1
            side = "BUY" if self._count % 2 else "SELL"
            yield self._context.trade("bybit", "ETHUSDT-PERP", side, "1" if self._count == 1 else "2")

    def on_event(self, event: OwnEvent) -> tuple[()]:  # noqa: ARG002 - it does not listen
        """Return nothing."""
        return ()


class Nothing:
    """Looks on."""

    stateless = True

    def __init__(self, context: StrategyContext) -> None:
        """Take nothing from the context."""

    def on_slice(self, market: MarketSlice) -> tuple[()]:  # noqa: ARG002 - it does not trade
        """Return nothing."""
        return ()

    def on_event(self, event: OwnEvent) -> tuple[()]:  # noqa: ARG002 - it does not listen
        """Return nothing."""
        return ()
