"""The largest fall of equity from the highest mark before it. Pure."""

from decimal import Decimal

_ZERO = Decimal(0)


class Drawdown:
    """Follows the marks of an equity.

    Attributes:
        largest: As a fraction of the peak it fell from, 0 or positive.
    """

    def __init__(self) -> None:
        self.largest = _ZERO
        self._peak: Decimal | None = None

    def mark(self, equity: Decimal) -> None:
        """Take in the next mark."""
        if self._peak is None or equity > self._peak:
            self._peak = equity
        elif self._peak > 0:
            self.largest = max(self.largest, (self._peak - equity) / self._peak)
