"""How config says what is wrong: every problem at once, one line each, and never a secret in it."""

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from config.decimals import Unreadable

SHOWN_CHARACTERS = 40
"""How much of a refused value is repeated in a message."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_CLOSE = 0.6


class Problem(NamedTuple):
    """One thing that is wrong with what the operator wrote.

    Attributes:
        where: File, and the line or key in it.
        what: What was wrong, and what was expected.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """Return the line that a user reads."""
        return f"{self.where}: {self.what}"


class ConfigError(Exception):
    """Config or script can't be used. Nothing was run.

    Attributes:
        problems: Everything that is wrong.
        lines: The same as text, one line for each problem.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.lines = tuple(str(problem) for problem in self.problems)
        super().__init__("\n".join(self.lines))


class ScriptChangedError(Exception):
    """The script file is not the one that was validated: it was changed while the run read from it."""


def escaped(text: str, *, cut: int = SHOWN_CHARACTERS) -> str:
    """Return text on one line: control and other unprintable characters escaped, cut to a number of characters."""
    short = text if len(text) <= cut else text[:cut] + "..."
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short)


def shown(value: object) -> str:
    """Return a refused value as a message repeats it, short and on one line."""
    match value:
        case Unreadable():
            return escaped(value.text)
        case str():
            return f'"{escaped(value)}"'
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int():
            # Hexadecimal TOML integers may be longer than Python agrees to print.
            return str(value) if abs(value) < 10**SHOWN_CHARACTERS else f"an integer of {value.bit_length()} bits"
        case Decimal() | float():
            return escaped(str(value))
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case Mapping():
            return "a table"
        case list() | tuple():
            return "an array"
        case _:
            return f"a {type(value).__name__}"


def key_path(*parts: str | int) -> str:
    """Return a dotted TOML key, its parts quoted where TOML wants it."""
    names = (str(part) for part in parts)
    return ".".join(name if _BARE_KEY.fullmatch(name) else f'"{escaped(name)}"' for name in names)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return what to say about a key that nobody knows. Its value stays unsaid: it may be a secret."""
    return f"unknown key, {nearest(key, known)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the end of a refusal: the known word that was probably meant, else all that are known."""
    choices = list(known)
    close = difflib.get_close_matches(word[:100], choices, n=1, cutoff=_CLOSE)
    return f'did you mean "{close[0]}"?' if close else f"expected one of: {', '.join(choices) or 'none is known'}"
