"""What lies in an account at a certain moment, though orders may fill while one looks.

A venue shows balances and positions one after the other, and does not say as of when. So they are read until two
readings are the same: then nothing moved between them, and what is told of earlier is in them, of later is not.
"""

from collections.abc import Awaitable, Callable

from actors.exchange.wire.contract import SeenBalance, SeenPosition

Holdings = tuple[tuple[SeenBalance, ...], tuple[SeenPosition, ...]]
_MOST = 10
"""So many readings at most: the moment of the last one is known well enough then, and reconciliation sees the rest."""


async def at_rest(read: Callable[[], Awaitable[Holdings]], *, now_ns: Callable[[], int]) -> tuple[Holdings, int]:
    """Return what lies there, and when it lay there so (ns).

    Args:
        read: Reads it. What it raises is raised.
        now_ns: Our clock.
    """
    held, at = await read(), now_ns()
    for _ in range(_MOST):
        before, held = held, await read()
        if _amounts(held) == _amounts(before):
            break
        at = now_ns()
    return held, at


def _amounts(held: Holdings) -> tuple[set[object], set[object]]:
    """Return what must be the same; what is free moves with every price."""
    balances, positions = held
    return (
        {(each.account, each.asset, each.total) for each in balances if each.total},
        {(each.instrument, each.quantity) for each in positions if each.quantity},
    )
