"""Turns what pydantic found into lines for a user: the key as in the file, what was wrong, what is expected."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args, get_origin

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
_UNTAGGED = {"union_tag_not_found": "missing", "union_tag_invalid": "unknown"}


def explain(error: ValidationError, label: str) -> Iterator[Problem]:
    """Yield a problem for each thing that is wrong with a table of settings.

    Args:
        error: What validation raised.
        label: Name of the file, before every key.
    """
    for found in error.errors(include_url=False, include_context=False):
        location, kind = _place(found["loc"]), found["type"]
        if kind in _UNTAGGED:
            choice = _tagged_at(location)
            location = (*location, choice.tag)
            what = f"{_UNTAGGED[kind]}, expected {choice.expected}"
            if kind == "union_tag_invalid":
                what = f"unknown {location[-2]}: {shown(found['input'][choice.tag])}, expected {choice.expected}"
        else:
            what = _what(kind, found["msg"], found["loc"], found["input"])
        yield Problem(f"{label}: {key_path(*location)}" if location else label, what)


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


class _Tagged(NamedTuple):
    """A choice between sections by one of their keys.

    Attributes:
        tag: The key.
        expected: Its values in words.
        sections: By its value.
    """

    tag: str
    expected: str
    sections: Mapping[str, type[Section]]


def tagged(field: FieldInfo) -> _Tagged | None:
    """Return the choice that a field leaves between sections; None if it leaves none."""
    tag = field.discriminator
    if not isinstance(tag, str):
        return None
    sections = {
        value: section
        for section in get_args(field.annotation)
        for value in get_args(section.model_fields[tag].annotation)
    }
    *most, last = (f'"{value}"' for value in sections)
    return _Tagged(tag, f"{', '.join(most)} or {last}", sections)


def _tagged_at(location: tuple[str | int, ...]) -> _Tagged:
    field = _field_at(location)
    choice = tagged(field) if field is not None else None
    if choice is None:  # only a choice between sections has errors of these kinds
        raise LookupError(location)
    return choice


def key_of(field: FieldInfo) -> Key | None:
    """Return what a section says of a key beside its meaning."""
    return next((part for part in field.metadata if isinstance(part, Key)), None)


def _place(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the keys of a place as they stand in the file: without the names of sections that were chosen."""
    return tuple(part for number, part in enumerate(location) if not _is_choice(location, number))


def _is_choice(location: tuple[str | int, ...], number: int) -> bool:
    """Whether a part is no key, but says which of several sections the one before it is."""
    before = Settings.model_fields.get(str(location[0])) if number == 1 else None
    return before is not None and tagged(before) is not None


def _section_at(location: tuple[str | int, ...]) -> type[Section]:
    """Return the section that stands at a place; keys of mappings (venues.X) are passed over."""
    section: type[Section] = Settings
    choice: _Tagged | None = None
    for part in location:
        if choice is not None and str(part) in choice.sections:
            section, choice = choice.sections[str(part)], None
            continue
        field = section.model_fields.get(str(part))
        choice = tagged(field) if field is not None else None
        inner = _section_in(field.annotation) if field is not None else None
        section = inner or section
    return section


def _field_at(location: tuple[str | int, ...]) -> FieldInfo | None:
    """Return the field that a place names; None for an entry of a mapping."""
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
