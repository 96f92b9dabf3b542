"""The largest fall of equity from the highest mark before it. Pure.

What was put in or taken out since the highest mark moves that mark: a withdrawal is no loss.
"""

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
        self._put_in = _ZERO

    def mark(self, equity: Decimal, put_in: Decimal = _ZERO) -> None:
        """Take in the next mark, with what has been put in from outside since the first one."""
        if self._peak is not None and put_in != self._put_in:
            self._peak += put_in - self._put_in
        self._put_in = put_in
        if self._peak is None or equity > self._peak:
            self._peak = equity
        elif self._peak > 0:
            self.largest = max(self.largest, (self._peak - equity) / self._peak)
