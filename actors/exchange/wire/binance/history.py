"""Reads of what happened in a span of time, page by page.

A span is cut into pieces as long as the venue allows. A page that is full may not be all of its piece, and which end is
missing is not promised: the piece is asked again in two halves. Items may thus come twice; they have ids.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from actors.exchange.wire.contract import Call, Page, Query, UnreadableAnswerError

T = TypeVar("T")
Span = tuple[int, int]
"""First and last millisecond."""

SLACK_MS = 5_000
"""How far beyond now the last piece goes: clocks differ a little."""


class Ledger(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Something the venue keeps by time.

    Attributes:
        what: Its name in errors.
        ask: Makes the request for a span.
        read: Returns how many rows an answer had, and what of them counts.
        full: Rows of a full page.
        beyond: Goes on where one millisecond has more than a page; None: that is an unreadable answer.
    """

    what: str
    ask: Callable[[Span], Call]
    read: Callable[[Any], tuple[int, tuple[T, ...]]]
    full: int
    beyond: "Callable[[tuple[T, ...], Query[T] | None], Query[T]] | None" = None


def cut(since_ms: int, now_ms: int, length_ms: int) -> tuple[Span, ...]:
    """Return the pieces from a time until now, at least one."""
    until = max(since_ms, now_ms + SLACK_MS)
    starts = range(since_ms, until + 1, length_ms)
    return tuple((start, min(start + length_ms - 1, until)) for start in starts)


def spanned(ledger: Ledger[T], spans: tuple[Span, ...]) -> Query[T]:
    """Return the read of all pieces in turn."""
    (start, end), rest = spans[0], spans[1:]

    def read(answer: Any) -> Page[T]:  # noqa: ANN401 - decoded JSON
        count, items = ledger.read(answer)
        following = spanned(ledger, rest) if rest else None
        if count < ledger.full:
            return Page(items=items, next=following)
        if end > start:
            middle = (start + end) // 2
            return Page(items=items, next=spanned(ledger, ((start, middle), (middle + 1, end), *rest)))
        if ledger.beyond is None:
            raise UnreadableAnswerError(f"{ledger.what}: more than {ledger.full} in one millisecond")
        return Page(items=items, next=ledger.beyond(items, following))

    return Query(call=ledger.ask((start, end)), read=read)
