"""Under which faults the engine works just now: set around a request by the server, unseen by the dialects."""

from contextvars import ContextVar
from decimal import Decimal

import msgspec


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What is odd about this one request.

    Attributes:
        stale_ms: Reads show what was so long ago.
        hide_ms: Look-ups see orders that are placed now only so much later.
        late_ms: Trades of orders that are placed now are seen and told so much later; the orders show them at once.
        share: Of what a new order could fill at once it fills that fraction; None: all.
    """

    stale_ms: int = 0
    hide_ms: int = 0
    late_ms: int = 0
    share: Decimal | None = None


CIRCUMSTANCES: ContextVar[Circumstances] = ContextVar("circumstances", default=Circumstances())  # noqa: B039 - frozen
