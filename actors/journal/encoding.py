"""How an entry becomes bytes and comes back, and how the bytes are chained. Pure.

One entry is one compact line of UTF-8 JSON: ``seq``, ``at``, ``type``, ``cause``, then its own fields in declared
order. Decimals are strings in plain notation, enums their values. The bytes are stored and hashed as they are made
here, and are never made again to be compared.

`encode` runs several times for each order, so everything that depends on the type alone is worked out once, at import:
a mirror of the struct in which the stamps stand first and decimals are text, which msgspec then writes in one go.
"""

import enum
import hashlib
import re
import types
import typing
from decimal import Decimal

import msgspec

from actors.journal.errors import EntryUnreadableError
from messages.book import EquityMarked
from messages.journal import ENTRY_TYPES, Entry, Record
from messages.market import FundingPaid
from messages.units import Nanoseconds, Seq, plain

TEXT_LIMIT = 500
"""Characters that are kept of a text that came from outside."""
FREE_TEXT = frozenset({"detail", "reason", "error"})
"""Fields whose text may come from a venue or from an exception, and is cut to `TEXT_LIMIT`."""

LATER: dict[type[msgspec.Struct], dict[str, typing.Any]] = {
    FundingPaid: {"payment_id": ""},
    EquityMarked: {"put_in": None},
}
"""Fields, and their defaults, that types got when there were journals already. They come last in their type, and are
left out where they say nothing, so that a run which needs none of them is written, and hashed, as it always was."""

_STAMPS = ("seq", "at", "type", "cause")
_DELETE = 0x7F
_NOT_IN_A_LINE = re.compile("[\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Plan(typing.NamedTuple):
    """What is known of a type before the first value: its name, its mirror, and which places need what."""

    name: str
    mirror: type[msgspec.Struct]
    decimals: tuple[int, ...]
    texts: tuple[int, ...]
    nested: tuple[int, ...]


def clean_text(text: str) -> str:
    """Return the first `TEXT_LIMIT` characters, which is what `encode` keeps of the `FREE_TEXT` fields.

    Control characters are left to JSON, which escapes them: what is read back is equal to what was written.
    """
    return text[:TEXT_LIMIT]


def next_hash(previous: bytes, body: bytes) -> bytes:
    """Return sha256(previous ‖ body): 32 raw bytes, as `previous` is."""
    return hashlib.sha256(previous + body).digest()


def encode(seq: int, at: int, cause: int | None, entry: Entry) -> bytes:
    """Return the body of an entry.

    Control characters (C0, DEL, C1) and the Unicode line separators are escaped; a lone surrogate becomes U+FFFD.

    Args:
        seq: Place in the journal, from 1.
        at: Nanoseconds UTC.
        cause: Seq of the entry that this one comes from.
        entry: One of `ENTRY_TYPES`.

    Raises:
        KeyError: not an entry type.
        ValueError: a decimal that is not finite.
    """
    name, mirror, decimals, texts, nested = _PLANS[type(entry)]
    values: list[typing.Any] = [seq, at, name, cause, *_astuple(entry)]
    for place in decimals:
        value = values[place]
        if value is not None:
            text = f"{value!s}"
            values[place] = text if "0" < text[-1] <= "9" and "E" not in text else _plain(value, text)
    for place in texts:
        values[place] = _cut(values[place])
    for place in nested:
        values[place] = _nested(values[place])
    try:
        body = _to_json(mirror(*values))
    except UnicodeEncodeError:
        body = _to_json(mirror(*_whole(values)))
    return body if body.isascii() and _DELETE not in body else _line(body)


def decode(body: bytes, digest: bytes = b"") -> Record:
    """Return the entry of a stored body, with its stamps. Fields of newer versions are ignored.

    Args:
        body: As stored.
        digest: The stored hash of the entry, 32 bytes, handed on as `Record.hash`.

    Raises:
        EntryUnreadableError: no JSON, no stamps, an unknown type, or fields that don't fit it.
    """
    try:
        stamps = _stamps_from_json(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EntryUnreadableError(f"not an entry: {error}", seq=None, type_name=None) from error
    if stamps.type not in _NAMES:
        raise EntryUnreadableError(
            f"entry {stamps.seq} is of type {stamps.type!r}, which this version of execd doesn't know",
            seq=stamps.seq,
            type_name=stamps.type,
        )
    try:
        entry = _entry_from_json(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EntryUnreadableError(
            f"entry {stamps.seq} is no valid {stamps.type}: {error}", seq=stamps.seq, type_name=stamps.type
        ) from error
    return Record(seq=stamps.seq, at=stamps.at, cause=stamps.cause, hash=digest, entry=entry)


class _Stamps(msgspec.Struct, frozen=True, gc=False):
    """What stands in front of every entry."""

    seq: Seq
    at: Nanoseconds
    type: str
    cause: Seq | None


def _plain(value: Decimal, text: str) -> str:
    """Return what `plain` does, sooner: half of the cost of an entry are its decimals."""
    if "E" in text or text[-1] != "0":
        return _finite(value)
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return "0" if text == "-0" else text


def _finite(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} can't be journaled: not a finite number")
    return plain(value)


def _cut(text: str | None) -> str | None:
    return None if text is None else clean_text(text)


def _nested(value: object) -> object:
    """Return a value of any allowed kind as what JSON has: decimals plain, structs as objects, tuples as arrays."""
    if isinstance(value, Decimal):
        return _finite(value)
    if isinstance(value, msgspec.Struct):
        fields: dict[str, object] = {name: _nested(getattr(value, name)) for name in value.__struct_fields__}
        tag = value.__struct_config__.tag
        return fields if tag is None else {str(value.__struct_config__.tag_field): tag, **fields}
    if isinstance(value, tuple):
        return [_nested(item) for item in value]
    return value


def _whole(value: typing.Any) -> typing.Any:  # noqa: ANN401 (anything that JSON has)
    """Return the value with lone surrogates, which UTF-8 has no bytes for, replaced."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value


def _line(body: bytes) -> bytes:
    """Return the body with what would break a line or speak to a terminal escaped. All of it stands inside strings."""
    return _NOT_IN_A_LINE.sub(_escaped, body.decode()).encode()


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def _leaves(annotation: object) -> set[object]:
    """Return the classes that an annotation allows, without None."""
    while isinstance(annotation, typing.NewType):
        annotation = annotation.__supertype__
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return set[object]().union(*(_leaves(part) for part in typing.get_args(annotation)))
    return set() if annotation is types.NoneType else {annotation}


def _is_json(leaf: object) -> bool:
    return leaf in {str, int, bool} or (isinstance(leaf, type) and issubclass(leaf, enum.Enum))


def plan(entry_type: type[msgspec.Struct]) -> _Plan:
    """Return how values of a type are encoded.

    Raises:
        TypeError: a field has the name of a stamp.
    """
    fields = msgspec.structs.fields(entry_type)
    decimals, texts, nested = [], [], []
    for place, field in enumerate(fields, start=len(_STAMPS)):
        if field.name in _STAMPS:
            raise TypeError(f"{entry_type.__name__}.{field.name}: the name is taken by a stamp of every entry")
        leaves = _leaves(field.type)
        if leaves == {Decimal}:
            decimals.append(place)
        elif field.name in FREE_TEXT and leaves == {str}:
            texts.append(place)
        elif not all(map(_is_json, leaves)):
            nested.append(place)
    later = LATER.get(entry_type, {})
    names = [(field.name, typing.Any, later[field.name]) if field.name in later else field.name for field in fields]
    mirror = msgspec.defstruct(
        f"{entry_type.__name__}Line", [*_STAMPS, *names], frozen=True, gc=False, omit_defaults=bool(later)
    )
    return _Plan(entry_type.__name__, mirror, tuple(decimals), tuple(texts), tuple(nested))


_astuple = msgspec.structs.astuple
_to_json = msgspec.json.Encoder().encode
_stamps_from_json = msgspec.json.Decoder(_Stamps).decode
_entry_from_json: typing.Callable[[bytes], Entry] = msgspec.json.Decoder(Entry).decode
_PLANS: dict[type, _Plan] = {entry_type: plan(entry_type) for entry_type in ENTRY_TYPES}
_NAMES = frozenset(found.name for found in _PLANS.values())
