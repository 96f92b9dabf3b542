"""The exchange's own record of what accounts hold: balances and perp positions. Pure.

Ours is the position monitor's; the two must come to the same.
"""

from decimal import Decimal

from actors.ledger import traded

_ZERO = Decimal(0)


class Purse:
    """An asset in an account.

    Attributes:
        balance: All of it, without unrealised P&L.
        held: What open spot orders set aside.
    """

    __slots__ = ("balance", "held")

    def __init__(self) -> None:
        self.balance = _ZERO
        self.held = _ZERO


class Standing:
    """A net perp position.

    Attributes:
        quantity: In base, signed.
        cost: In quote, signed like the quantity.
    """

    __slots__ = ("cost", "quantity")

    def __init__(self) -> None:
        self.quantity = _ZERO
        self.cost = _ZERO

    def trade(self, change: Decimal, notional: Decimal, price: Decimal) -> Decimal:
        """Buy (positive) or sell some; return the P&L that this realised.

        Args:
            change: In base, signed.
            notional: ``change * price``, which who asks has already.
            price: Of the fill.
        """
        quantity = self.quantity
        if not quantity or (quantity > 0) is (change > 0):
            self.quantity = quantity + change
            self.cost += notional
            return _ZERO
        self.quantity, self.cost, realised = traded(quantity, self.cost, change, price)
        return realised

    def reducible(self, *, by_sale: bool) -> Decimal:
        """Return how much a trade on that side may close; zero where it would open or enlarge."""
        quantity = self.quantity if by_sale else self.quantity.copy_negate()
        return quantity if quantity > 0 else _ZERO
