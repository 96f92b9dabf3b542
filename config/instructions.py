"""The script file: one instruction a line, validated as a whole before a run and read again, line by line, during it.

JSON lines in UTF-8, with a byte order mark or without, at most 64 KiB each; blank lines are passed over (and counted:
``L7`` is the seventh line of the file). What is kept in memory is a few integers for each line, however long the lines
are.
"""

import codecs
import contextlib
import hashlib
import heapq
import os
import weakref
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from config.instruction_rules import Checked, Markets, any_instruction_of, check, instruction_of, spoken
from config.load import read_regular_file
from config.order_terms import Fault
from config.problems import ConfigError, Problem, ScriptChangedError, escaped
from config.script_ids import UsedIds
from config.script_lines import AT_ONCE, Window, instruction_from, read_any, read_plain
from messages.instructions import Instruction, TradeInstruction
from messages.units import InstrumentId, Nanoseconds

__all__ = [
    "AT_ONCE",
    "Checked",
    "Markets",
    "ScriptFile",
    "Timed",
    "any_instruction_of",
    "check",
    "instruction_of",
    "read_open_script",
    "read_script",
]

LONGEST_LINE = 64 * 1024
"""In bytes, without the line's end."""
PROBLEMS_SHOWN = 50
_RUN = 65_536
"""How many lines are sorted at a time, where a script is not in the order of time."""


class ScriptFile:
    """A script that makes sense. Holds its file open until `close`, or until nobody holds it.

    Attributes:
        name: Base name of the file.
        sha256: Of its content, hex.
    """

    def __init__(
        self, opened: BinaryIO, *, name: str, sha256: str, index: "_Index", rules: tuple[Markets, Window]
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self._file = opened
        self._index = index
        self._markets, self._window = rules
        self._position = -1
        self._close = weakref.finalize(self, opened.close)

    def __len__(self) -> int:
        """Return the number of instructions."""
        return len(self._index.at)

    def instants(self) -> "array[int]":
        """Return the instants that have instructions, in nanoseconds, sorted, each once."""
        found = array("q")
        last = -1
        for at in self._index.at:
            if at != last:
                found.append(at)
                last = at
        return found

    def due(self, at: Nanoseconds) -> Iterator[Instruction]:
        """Yield the instructions of exactly this instant in the order of the file, reading them only now.

        Raises:
            ScriptChangedError: A line is not what it was when the file was validated.
        """
        index = self._index
        first = bisect_left(index.at, at)
        for place in range(first, bisect_right(index.at, at, lo=first)):
            yield self._read(index.offset[place], index.line[place], index.check[place])

    def in_order(self) -> "Iterator[Timed]":
        """Yield every instruction in the order of time, those of one instant as in the file, reading each only then.

        Raises:
            ScriptChangedError: As `due`.
        """
        index = self._index
        for place, at in enumerate(index.at):
            instruction = self._read(index.offset[place], index.line[place], index.check[place])
            yield Timed(Nanoseconds(at), instruction)

    def named_by_line(self) -> Iterator[TradeInstruction]:
        """Yield the trades that have no id of their own, in the order of time.

        Who takes up a script again must look whether they are still the same: a line put before them renames them.

        Raises:
            ScriptChangedError: As `due`.
        """
        index = self._index
        for place, number in enumerate(index.line):
            found = self._read(index.offset[place], number, index.check[place])
            if isinstance(found, TradeInstruction) and found.instruction_id == f"L{number}":
                yield found

    def close(self) -> None:
        """Close the file; nothing more can be read. May be called twice."""
        self._close()

    def _read(self, offset: int, number: int, expected: int) -> Instruction:
        if self._position != offset:
            self._file.seek(offset)
        text = self._file.readline(LONGEST_LINE + 2)
        self._position = offset + len(text)
        if zlib.crc32(text) == expected:
            plain = read_plain(text, self._markets, self._window)
            if plain is not None:
                return instruction_from(plain, f"L{number}")
            checked, _, _ = read_any(text, self._markets, self._window, default_id=f"L{number}")
            if checked is not None:
                return checked.instruction
        raise ScriptChangedError(
            f"{self.name}:{number}: changed since it was validated, expected the file to stay as it is"
        )


class Timed(NamedTuple):
    """An instruction and when it is due, in nanoseconds; `AT_ONCE` for one that says no instant."""

    at: Nanoseconds
    instruction: Instruction


class _Index:
    """Where the lines are: instant (ns), offset of the first byte, number from 1, and checksum of each."""

    def __init__(self) -> None:
        self.at = array("q")
        self.offset = array("q")
        self.line = array("I")
        self.check = array("I")
        self.in_order = True
        self._last = 0

    def add(self, at: int, offset: int, line: int, check: int) -> None:
        if at < self._last:
            self.in_order = False
        self._last = at
        self.at.append(at)
        self.offset.append(offset)
        self.line.append(line)
        self.check.append(check)

    def sort(self) -> None:
        """Sort by instant, lines of one instant staying in the order of the file."""
        if self.in_order:
            return
        size = len(self.at)
        runs = (range(start, min(start + _RUN, size)) for start in range(0, size, _RUN))
        ordered = [array("I", sorted(run, key=self.at.__getitem__)) for run in runs]
        merged = heapq.merge(*(((self.at[place], place) for place in run) for run in ordered))
        order = array("I", (place for _, place in merged))
        self.at = array("q", (self.at[place] for place in order))
        self.offset = array("q", (self.offset[place] for place in order))
        self.line = array("I", (self.line[place] for place in order))
        self.check = array("I", (self.check[place] for place in order))
        self.in_order = True


class _Validation:
    """The first pass over a script."""

    def __init__(self, opened: BinaryIO, label: str, markets: Markets, window: Window) -> None:
        self.index = _Index()
        self.digest = hashlib.sha256()
        self.problems: list[Problem] = []
        self.wrong = 0
        self._file = opened
        self._label = label
        self._markets = markets
        self._window = window
        # The shortest instruction is longer than this, so that the table of ids is seldom too small.
        self._ids = UsedIds(os.fstat(opened.fileno()).st_size // 128)

    def run(self) -> None:
        """Read the file from begin to end."""
        try:
            self._read_lines()
        except OSError as error:
            raise ConfigError([Problem(self._label, f"can't be read: {error.strerror}")]) from None

    def finish(self) -> None:
        """Sort what was found, or say what is wrong."""
        if self.problems:
            more = self.wrong - len(self.problems)
            rest = [Problem(self._label, f"and {more} more problems")] if more else []
            raise ConfigError([*self.problems, *rest])
        self.index.sort()

    def _read_lines(self) -> None:
        readline = self._file.readline
        offset = number = 0
        while text := readline(LONGEST_LINE + 2):
            number += 1
            self.digest.update(text)
            if number == 1 and text.startswith(codecs.BOM_UTF8):
                text = text.removeprefix(codecs.BOM_UTF8)  # some editors put it there
                offset = len(codecs.BOM_UTF8)
            if len(text) > LONGEST_LINE and (len(text.rstrip(b"\r\n")) > LONGEST_LINE or not text.endswith(b"\n")):
                self._refuse(number, Fault("", f"longer than {LONGEST_LINE} bytes, expected one short instruction"))
                end = offset + len(text) + self._skip(text)
            else:
                end = offset + len(text)
                if text and not text.isspace():
                    self._line(text, offset, number)
            offset = end

    def _skip(self, text: bytes) -> int:
        """Read up to the end of a line that is too long; return how many bytes that were."""
        skipped = 0
        while text and not text.endswith(b"\n"):
            text = self._file.readline(LONGEST_LINE)
            self.digest.update(text)
            skipped += len(text)
        return skipped

    def _line(self, text: bytes, offset: int, number: int) -> None:
        plain = read_plain(text, self._markets, self._window)
        if plain is not None:
            at = plain.at
            self._take_id(plain.given_id if plain.given_id is not None else f"L{number}", number)
        else:
            checked, faults, readable = read_any(text, self._markets, self._window, default_id=f"L{number}")
            for fault in faults:
                self._refuse(number, fault)
            if readable is not None:
                self._take_id(readable, number)
            elif checked is None:
                return
            at = AT_ONCE if checked is None else checked.at or AT_ONCE
        self.index.add(at, offset, number, zlib.crc32(text))

    def _take_id(self, own: str, number: int) -> None:
        hashed, place = hash(own), len(self.index.at)
        same = self._ids.take(hashed, place)
        if not same:
            return
        for other in same:
            earlier = self.index.line[other]
            if self._id_at(self.index.offset[other], earlier) == own:
                what = f'duplicate: "{escaped(own)}" is the id of line {earlier}, expected every id once'
                self._refuse(number, Fault("id", what))
                return
        self._ids.take_too(hashed, place)

    def _id_at(self, offset: int, number: int) -> str | None:
        """Return the id of an earlier line, read again past the file's own position."""
        text = os.pread(self._file.fileno(), LONGEST_LINE + 2, offset).partition(b"\n")[0]
        return read_any(text, self._markets, self._window, default_id=f"L{number}")[2]

    def _refuse(self, number: int, fault: Fault) -> None:
        self.wrong += 1
        if self.wrong <= PROBLEMS_SHOWN:
            self.problems.append(spoken(fault, f"{self._label}:{number}"))


def read_script(
    path: Path,
    *,
    start: Nanoseconds,
    end: Nanoseconds,
    venues: Collection[str],
    known: Collection[InstrumentId],
) -> ScriptFile:
    """Validate a script and return it.

    Args:
        path: The file; problems name it by its base name.
        start: First allowed instant, in nanoseconds.
        end: Last allowed instant.
        venues: The configured ones.
        known: Instruments that have rules and data.

    Raises:
        ConfigError: Everything that is wrong with it: the first fifty problems, and how many more there are.
    """
    return _read(path, Markets(venues=venues, known=known), (start, end))


def read_open_script(path: Path, *, venues: Collection[str], known: Collection[InstrumentId]) -> ScriptFile:
    """Validate a script for a run that goes on until it is stopped, and return it.

    A line may have any instant: one that is past is due at once, as is a line without one. `ScriptFile.in_order` yields
    them.

    Args:
        path: The file; problems name it by its base name.
        venues: The configured ones.
        known: Instruments that the config names and that have rules.

    Raises:
        ConfigError: As `read_script`.
    """
    return _read(path, Markets(venues=venues, known=known, having="in its instruments"), None)


def _read(path: Path, markets: Markets, window: Window) -> ScriptFile:
    label = path.name or str(path)
    try:
        opened = read_regular_file(path, label).open("rb")
    except OSError as error:
        raise ConfigError([Problem(label, f"can't be read: {error.strerror}")]) from None
    with contextlib.ExitStack() as until_valid:
        until_valid.enter_context(opened)
        validation = _Validation(opened, label, markets, window)
        validation.run()
        validation.finish()
        until_valid.pop_all()
    return ScriptFile(
        opened,
        name=label,
        sha256=validation.digest.hexdigest(),
        index=validation.index,
        rules=(markets, window),
    )
