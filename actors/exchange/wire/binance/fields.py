"""How single values of Binance's answers are read: what is missing or of another kind is an unreadable answer.

Numbers come as decimal text; whole numbers and flags as JSON has them.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from actors.exchange.wire.contract import UnreadableAnswerError

_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_SHOWN = 40
"""Characters of an unexpected value that an error shows."""


class Fields:
    """One object of an answer.

    Attributes:
        what: Name of the answer in errors.
    """

    __slots__ = ("found", "what")

    def __init__(self, found: object, what: str) -> None:
        if not isinstance(found, Mapping):
            raise UnreadableAnswerError(f"{what}: {_kind(found)}, expected an object")
        self.found: Mapping[str, Any] = found
        self.what = what

    def has(self, key: str) -> bool:
        """Say whether a field is there and not null."""
        return self.found.get(key) is not None

    def _at(self, key: str) -> object:
        value = self.found.get(key)
        if value is None:
            raise UnreadableAnswerError(f"{self.what}: no {key}")
        return value

    def _wrong(self, key: str, value: object, expected: str) -> UnreadableAnswerError:
        return UnreadableAnswerError(f"{self.what}: {key} is {str(value)[:_SHOWN]!r}, expected {expected}")

    def text(self, key: str) -> str:
        """Return a text; an id that came as a whole number is one."""
        value = self._at(key)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self._wrong(key, value, "a text")
        return str(value)

    def whole(self, key: str) -> int:
        """Return a whole number, such as a time in milliseconds or an id."""
        value = self._at(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        raise self._wrong(key, value, "a whole number")

    def number(self, key: str) -> Decimal:
        """Return a decimal; a float of JSON by its shortest text."""
        value = self._at(key)
        written = value if isinstance(value, str) else "" if isinstance(value, bool) else repr(value)
        if isinstance(value, float) and "e" in written:
            written = format(Decimal(written), "f")
        if not _NUMBER.fullmatch(written):
            raise self._wrong(key, value, "a number")
        return Decimal(written)

    def flag(self, key: str) -> bool:
        """Return a true or false."""
        value = self._at(key)
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def inner(self, key: str) -> "Fields":
        """Return an object inside it."""
        return Fields(self._at(key), f"{self.what}.{key}")

    def rows(self, key: str) -> list["Fields"]:
        """Return the objects of a list inside it."""
        return rows(self._at(key), f"{self.what}.{key}")


def rows(found: object, what: str) -> list[Fields]:
    """Return the objects of an answer that is a list."""
    if not isinstance(found, list):
        raise UnreadableAnswerError(f"{what}: {_kind(found)}, expected a list")
    return [Fields(row, what) for row in found]


def _kind(found: object) -> str:
    """Name what was found instead; of an object with an error code, the code."""
    if isinstance(found, Mapping):
        return f"an object with code {found['code']}" if "code" in found else "an object"
    return "nothing" if found is None or found == "" else f"a {type(found).__name__}"
