"""Limits of a venue, as its dialect tells them to whoever waits for them."""

from decimal import Decimal

import msgspec


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of the venue.

    Attributes:
        amount: Weight that fits into `window_ms`.
        reserved: Share of it that is kept for cancels and look-ups of unknown orders.
        header: Response header in which the venue says how much of it is used in the present window; None without one.
        source: Where the figure is from.
    """

    amount: int
    window_ms: int
    reserved: Decimal
    header: str | None
    source: str
