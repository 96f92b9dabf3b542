"""Turns what pydantic found into lines for a user: the key as in the file, what was wrong, what is expected."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from config.problems import Problem, key_path, shown, unknown_key
from config.section import REFUSED, Key, Section
from config.settings import Settings

_KINDS = {
    "string_type": "not text",
    "int_type": "not an integer",
    "bool_type": "not true or false",
    "literal_error": "unknown value",
    "mapping_type": "not a table",
    "dict_type": "not a table",
    "model_type": "not a table",
    "model_attributes_type": "not a table",
    "greater_than_equal": "too small",
    "less_than": "too large",
    "less_than_equal": "too large",
    "tuple_type": "not an array",
}


def explain(error: ValidationError, label: str) -> Iterator[Problem]:
    """Yield a problem for each thing that is wrong with a table of settings.

    Args:
        error: What validation raised.
        label: Name of the file, before every key.
    """
    for found in error.errors(include_url=False, include_context=False):
        location = found["loc"]
        where = f"{label}: {key_path(*location)}" if location else label
        yield Problem(where, _what(found["type"], found["msg"], location, found["input"]))


def _what(kind: str, message: str, location: tuple[str | int, ...], value: object) -> str:
    if kind == REFUSED:
        return message
    if kind == "extra_forbidden":
        return unknown_key(str(location[-1]), _section_at(location[:-1]).model_fields)
    field = _field_at(location)
    key = key_of(field) if field is not None else None
    expected = f", expected {key.expected}" if key is not None else ""
    if kind == "missing":
        return f"missing{expected}"
    if kind in _KINDS:
        return f"{_KINDS[kind]}: {shown(value)}{expected or ', expected a table'}"
    return f"{message}{expected}"


def key_of(field: FieldInfo) -> Key | None:
    """Return what a section says of a key beside its meaning."""
    return next((part for part in field.metadata if isinstance(part, Key)), None)


def _section_at(location: tuple[str | int, ...]) -> type[Section]:
    """Return the section that stands at a key; keys of mappings (venues.X) are passed over."""
    section: type[Section] = Settings
    for part in location:
        field = section.model_fields.get(str(part))
        inner = _section_in(field.annotation) if field is not None else None
        section = inner or section
    return section


def _field_at(location: tuple[str | int, ...]) -> FieldInfo | None:
    """Return the field that a key names; None for an entry of a mapping."""
    if not location:
        return None
    owner = _section_at(location[:-1])
    field = owner.model_fields.get(str(location[-1]))
    above = _section_at(location[:-2]).model_fields.get(str(location[-2])) if len(location) > 1 else None
    is_entry = above is not None and get_origin(above.annotation) is not None and _is_mapping(above.annotation)
    return None if is_entry else field


def _is_mapping(annotation: Any) -> bool:  # noqa: ANN401 - type annotations have no type of their own
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _section_in(annotation: Any) -> type[Section] | None:  # noqa: ANN401 - as above
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((inner for part in get_args(annotation) if (inner := _section_in(part)) is not None), None)
