"""``execd journal show | export | verify``: what the commands do, without the command line around them.

Each returns the exit code of the process, and says what is wrong with a file in one line.
"""

import json
import os
import re
import sys
import textwrap
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from rich.console import Console

from actors.journal.chain import StoredRow
from actors.journal.errors import JournalUnreadableError
from actors.journal.reader import JournalReader
from actors.journal.tables import folder_line
from actors.journal.verify import Verdict
from actors.journal.verify import verify as check
from config.problems import nearest
from messages.journal import ENTRY_TYPES
from ops.hints import command
from ops.journal_words import instant, words

OK = 0
BAD = 1
UNUSABLE = 2

_TYPES = tuple(each.__name__ for each in ENTRY_TYPES)
_CHUNK_BYTES = 1 << 16
_DIGEST = re.compile("[0-9a-fA-F]{64}")
_TIME = len("2024-01-02T00:00:00Z")
_CAUSED = 100
"""Columns of a terminal from which on there is room for the cause, and for types in a column."""
_LEAST = 20
"""Columns that words have at least, however narrow the terminal."""


class _Layout(NamedTuple):
    """How an entry is laid out.

    Attributes:
        stamps: What stands before its words, to be filled in.
        indent: Where its words go on below, in columns.
        width: Of a line; None: as long as it takes.
    """

    stamps: str
    indent: int
    width: int | None


_PIPED = _Layout("{time:<30} {seq:>9} {kind:<19} {cause:>9}  ", 0, None)
"""Where no terminal bounds a line: one for each entry, with the same columns in every journal."""


def show(
    path: Path,
    console: Console,
    *,
    limit: int | None = None,
    types: Collection[str] = (),
    err: TextIO | None = None,
) -> int:
    """Print entries for people, oldest first: time UTC, seq, type, cause, and the essentials in words.

    An entry is one line. On a terminal that is too narrow for it, the words go on below, and under 100 columns the
    cause is left out.

    Args:
        path: The journal.
        console: Where to.
        limit: At most so many, the last ones; None for all.
        types: Of these types only; empty for all.
        err: Where trouble is said; standard error by default.

    Returns:
        0, or 2 if the file can't be read, or there is no such type.
    """
    for kind in types:
        if kind not in _TYPES:
            return _unusable(f"--type: unknown: {kind}, {nearest(kind, _TYPES)}", err)
    try:
        with JournalReader(path) as reader:
            layout = _layout(console, reader.last()[0])
            found: Iterator[tuple[int, Mapping[str, object]]] = (
                (row[0], entry) for row in reader.rows() for entry in (_parsed(row),) if _wanted(entry, types)
            )
            if limit is not None:
                found = iter(deque(found, maxlen=limit))
            head = layout.stamps.format(time="time (UTC)", seq="seq", kind="type", cause="cause")
            _say(console, f"{head}what", style="bold")
            for seq, entry in found:
                for line in _lines(seq, entry, layout):
                    _say(console, line)
    except JournalUnreadableError as error:
        return _unusable(error, err)
    except SystemExit:
        return OK  # what rich makes of a closed pipe (`| head`)
    return OK


def export(path: Path, out: TextIO, *, err: TextIO | None = None) -> int:
    """Write the stored bodies as they are, one JSON object a line. A closed pipe (`| head`) ends it quietly.

    Args:
        path: The journal.
        out: Where to. If it has a binary ``buffer``, as standard output has, the bytes go there untouched.
        err: Where trouble is said; standard error by default.

    Returns:
        0, or 2 if the file can't be read.
    """
    try:
        with JournalReader(path) as reader:
            for chunk in _chunks(reader.rows()):
                _write(out, chunk)
        out.flush()
    except JournalUnreadableError as error:
        return _unusable(error, err)
    except BrokenPipeError:
        # The interpreter flushes standard output once more when it ends, which must not fail again.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
    return OK


def verify(path: Path, out: TextIO, expect_hash: str | None = None, *, err: TextIO | None = None) -> int:
    """Check a journal and print what was checked.

    Args:
        path: The journal.
        out: Where the result is said, good or bad.
        expect_hash: What the last hash must be, 64 hex digits.
        err: Where it is said that nothing could be checked; standard error by default.

    Returns:
        0 if all is as written; 1 if not; 2 if there is no such file (a folder is none), or no such hash.
    """
    if expect_hash is not None and not _DIGEST.fullmatch(expect_hash):
        return _unusable(f"--expect-hash: {_visible(expect_hash)}: expected 64 hex digits", err)
    if path.is_dir():  # nothing is wrong with a journal
        return _unusable(folder_line(path), err)
    try:
        verdict = check(path, expect_hash=expect_hash)
    except JournalUnreadableError as error:
        return _unusable(error, err)
    out.writelines(f"{line}\n" for line in _told(path, verdict))
    return OK if verdict.ok else BAD


def _told(path: Path, verdict: Verdict) -> Iterator[str]:
    name = _visible(str(path))
    if not verdict.ok:
        where = "" if verdict.bad_seq is None else f"first bad seq {verdict.bad_seq}: "
        reason = str(verdict.reason)
        yield f"{name}: BAD: {where}{_visible(reason.removeprefix(f'{path}: '))}"
        if verdict.journal_hash is not None and verdict.bad_seq != 0:
            yield f"good before it: manifest, {verdict.entries} entries, hash {verdict.journal_hash}"
        return
    yield f"{name}: ok: manifest, {verdict.entries} entries, hash {verdict.journal_hash}"
    if verdict.writer is not None:
        yield f"process {verdict.writer} is writing it: there may be more by now"
    elif not verdict.ended:
        yield "the last entry is no RunEnded, but it is the one that was expected"


def _unusable(problem: object, err: TextIO | None) -> int:
    (sys.stderr if err is None else err).write(f"{_visible(str(problem))}\n")
    return UNUSABLE


def _say(console: Console, line: str, *, style: str | None = None) -> None:
    console.print(line, style=style, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _chunks(rows: Iterator[StoredRow]) -> Iterator[bytes]:
    """Gather lines: a call for each of millions of them would be most of the time."""
    chunk = bytearray()
    for seq, body, _ in rows:
        if not isinstance(body, bytes):
            yield bytes(chunk)
            raise JournalUnreadableError(f"entry {seq} is not stored as bytes ({command()} journal verify says more)")
        chunk += body
        chunk += b"\n"
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)


def _write(out: TextIO, chunk: bytes) -> None:
    buffer: BinaryIO | None = getattr(out, "buffer", None)
    if buffer is None:
        out.write(chunk.decode(errors="replace"))
    else:
        out.flush()
        buffer.write(chunk)


def _parsed(row: StoredRow) -> Mapping[str, object]:
    """Return the entry as a dictionary, whatever version wrote it; empty if it is no JSON object."""
    try:
        entry = json.loads(row[1]) if isinstance(row[1], bytes) else None
    except ValueError:
        entry = None
    return entry if isinstance(entry, dict) else {}


def _wanted(entry: Mapping[str, object], types: Collection[str]) -> bool:
    return not types or entry.get("type") in types


def _layout(console: Console, last: int) -> _Layout:
    """Return the layout for a console; `last` is the highest sequence number."""
    if not console.is_terminal:
        return _PIPED
    digits = max(len(str(last)), len("cause"))
    before = _TIME + 1 + digits + 1
    stamps = f"{{time:<{_TIME}}} {{seq:>{digits}}} "
    if console.width < _CAUSED:
        return _Layout(f"{stamps}{{kind}}  ", before + 2, max(console.width, before + _LEAST))
    indent = before + 19 + 1 + digits + 2
    return _Layout(f"{stamps}{{kind:<19}} {{cause:>{digits}}}  ", indent, console.width)


def _lines(seq: int, entry: Mapping[str, object], layout: _Layout) -> list[str]:
    """Return an entry as it is shown: one line, and more where its width is bounded."""
    cause, kind = entry.get("cause"), str(entry.get("type"))
    stamps = _visible(
        layout.stamps.format(
            time=instant(entry.get("at")) if entry else "",
            seq=seq,
            kind=kind if entry else "unreadable",
            cause="" if cause is None else str(cause),
        )
    )
    said = _visible(words(kind, entry)) if entry else f"{command()} journal verify says more"
    line = f"{stamps}{said}".rstrip()
    if layout.width is None or len(line) <= layout.width:
        return [line]
    return textwrap.wrap(
        said,
        layout.width,
        initial_indent=stamps,
        subsequent_indent=" " * layout.indent,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def _visible(text: str) -> str:
    """Return the text with everything that a terminal might obey written out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)
