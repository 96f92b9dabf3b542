"""Every message type keeps the house's promises, also those that are not written yet.

Types are found by importing every module of the package: nobody has to remember to add a new one here.
"""

import enum
import importlib
import inspect
import json
import pkgutil
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

import messages
from messages.base import Message
from messages.journal import ENTRY_TYPES

LEAVES = {str, int, bool, bytes, type(None), Decimal}


def structs_of(package: types.ModuleType) -> list[type[msgspec.Struct]]:
    """Return every struct that a module of the package defines; one that has two names (`OrderCommand`) once."""
    names = [f"{package.__name__}.{item.name}" for item in pkgutil.iter_modules(package.__path__)]
    found = [(name, value) for name in names for value in vars(importlib.import_module(name)).values()]
    structs = [value for name, value in found if isinstance(value, type) and value.__module__ == name]
    return list(dict.fromkeys(struct for struct in structs if issubclass(struct, msgspec.Struct)))


STRUCTS = structs_of(messages)


def faults(struct: type[msgspec.Struct]) -> list[str]:
    """Return what is wrong with a message type, one line each."""
    config = struct.__struct_config__
    found = [] if config.frozen else ["not frozen"]
    signature = inspect.signature(struct)
    found += [f"{p.name} is not keyword-only" for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if not inspect.cleandoc(struct.__dict__.get("__doc__") or ""):
        found.append("no docstring")
    if issubclass(struct, Message) and config.tag != struct.__name__:
        found.append(f"tagged {config.tag!r}")
    for name, hint in typing.get_type_hints(struct).items():
        if name in struct.__struct_fields__:
            found += [f"{name}: {wrong}" for wrong in mutable_parts(hint)]
    return found


def mutable_parts(hint: Any) -> Iterator[str]:  # noqa: ANN401 - an annotation is any object
    """Yield the parts of an annotation that are not frozen all the way down."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, typing.NewType):
        yield from mutable_parts(hint.__supertype__)
    elif origin in {types.UnionType, typing.Union, tuple}:
        for part in parts:
            if part is not Ellipsis:
                yield from mutable_parts(part)
    elif not (origin is typing.Literal or hint in LEAVES or _is_frozen_type(hint)):
        yield f"{hint} is not an immutable value"


def _is_frozen_type(hint: object) -> bool:
    if not isinstance(hint, type):
        return False
    return issubclass(hint, enum.Enum) or (issubclass(hint, msgspec.Struct) and hint.__struct_config__.frozen)


def sample(hint: Any, name: str = "") -> Any:  # noqa: ANN401 - as above
    """Return some value of an annotated type."""
    if isinstance(hint, typing.NewType):
        return sample(hint.__supertype__, name)
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return sample(parts[0], name)
    if origin is typing.Literal:
        return parts[0]
    if origin is tuple:
        return tuple(sample(part, name) for part in parts if part is not Ellipsis)
    if issubclass(hint, msgspec.Struct):
        hints = typing.get_type_hints(hint)
        return hint(**{field: sample(hints[field], field) for field in hint.__struct_fields__})
    if issubclass(hint, enum.Enum):
        return next(iter(hint))
    return {str: name, int: 7, bool: True, bytes: b"7", Decimal: Decimal("-0.10"), type(None): None}[hint]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_a_message_is_an_immutable_documented_value(struct: type[msgspec.Struct]) -> None:
    assert faults(struct) == []


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_a_message_refuses_to_be_changed(struct: type[msgspec.Struct]) -> None:
    if not struct.__struct_fields__:
        return
    value = sample(struct)

    with pytest.raises(AttributeError):
        setattr(value, struct.__struct_fields__[0], None)


def test_no_two_messages_have_one_tag() -> None:
    tags = [struct.__struct_config__.tag for struct in STRUCTS if issubclass(struct, Message)]

    assert len(tags) == len(set(tags))


@pytest.mark.parametrize("entry", ENTRY_TYPES, ids=lambda entry: entry.__name__)
def test_an_entry_comes_back_from_json_as_it_was(entry: type[Message]) -> None:
    value = sample(entry)

    text = msgspec.json.encode(value)

    assert json.loads(text)["type"] == entry.__name__
    assert msgspec.json.decode(text, type=entry) == value


class _Sub(Message, frozen=True, kw_only=True):
    """Fine."""

    parts: tuple[int | None, ...]


class _Thawed(msgspec.Struct, kw_only=True):
    """Not frozen."""

    a: int


class _Bare(msgspec.Struct, frozen=True, kw_only=True):
    a: int


class _Positional(msgspec.Struct, frozen=True):
    """Positional."""

    a: int


def _with(hint: object) -> type[msgspec.Struct]:
    namespace = {"__doc__": "Holds one thing.", "__module__": __name__}
    return msgspec.defstruct("_With", [("a", hint)], frozen=True, kw_only=True, namespace=namespace)


@pytest.mark.parametrize(
    "struct",
    [_Thawed, _Bare, _Positional]
    + [
        _with(hint)
        for hint in (list[int], dict[str, int], set[int], frozenset[int], float, Any, object, tuple[_Thawed, ...])
    ]
    + [_with(int | list[str])],
    ids=str,
)
def test_a_type_that_breaks_a_promise_is_found(struct: type[msgspec.Struct]) -> None:
    assert len(faults(struct)) == 1
    assert faults(_Sub) == []
