"""Pages of a list, newest first, behind a cursor that names the last row of the page before.

The cursor is percent-encoded in the answer and comes back as it is in the query, as with the venue.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import quote, unquote

from ops.testbed.exchange.bybit.asked import Asked
from ops.testbed.exchange.rejects import Reject, RejectError

T = TypeVar("T")
_LONGEST = 18
Place = tuple[int, str]
"""Where a row stands: its time and its id."""


def page(
    asked: Asked, rows: Sequence[T], place: Callable[[T], Place], *, default: int, most: int
) -> tuple[list[T], str]:
    """Return the rows of the page that is asked for, and the cursor to the next; empty where this was the last.

    Args:
        asked: The request: its limit and cursor.
        rows: All rows, in any order.
        place: By which they are sorted, newest first, and found again.
        default: How many rows a page has.
        most: How many it may have.
    """
    limit = asked.limit(default, most)
    ordered = sorted(rows, key=place, reverse=True)
    cursor = asked.text("cursor")
    if cursor:
        after = _place(cursor)
        ordered = [row for row in ordered if place(row) < after]
    found = ordered[:limit]
    if len(ordered) <= limit:
        return found, ""
    at_ms, name = place(found[-1])
    return found, quote(f"page_args={at_ms}:{name}&", safe="")


def _place(cursor: str) -> Place:
    text = unquote(cursor)  # some clients encode it once more
    at_ms, colon, name = text.removeprefix("page_args=").removesuffix("&").partition(":")
    if not colon or not at_ms.isdecimal() or len(at_ms) > _LONGEST:
        raise RejectError(Reject.BAD_PARAMETER, "cursor")
    return int(at_ms), name
