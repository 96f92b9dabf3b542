"""Writes the reference of the config file from the models: every key with its type, unit, default and meaning."""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from inspect import cleandoc
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Le, Lt
from pydantic import PlainValidator
from pydantic.fields import FieldInfo

from config.explain import key_of, tagged
from config.section import NumberWithin, Section
from config.settings import Settings
from config.strategy_params import PARAMS, Param, bounds
from messages.units import Nanoseconds, plain

COMMAND = "execd config reference > config/REFERENCE.md"
"""What writes the file anew."""
_HEAD = f"""# Reference of the config file

Written by `{COMMAND}` from the models in `config/`; don't edit it by hand.

A config is one TOML file. Relative paths are relative to it. Decimals are written as text (`"5.5"`) or as numbers, and
are taken exactly: at most 30 digits before and after the point. Instants are date-times with a UTC offset. Keys that
are not below are refused. `X` stands for a venue (`binance`, `bybit`, `okx`), `ACCOUNT` for an account (`binance`,
`"binance.perp"`, `bybit`, `okx`, `"X.funding"`), `SYMBOL` for a market (`ETH/USDT`, `ETHUSDT-PERP`).
"""
_COLUMNS = ("key", "type", "unit", "default", "meaning")


class _Table(NamedTuple):
    heading: str
    text: str
    rows: Sequence[tuple[str, ...]]


def reference() -> str:
    """Return the reference as Markdown; it ends with a line's end."""
    tables = list(_sections(Settings, ""))
    after = next(place for place, table in enumerate(tables, start=1) if table.heading == "[strategy]")
    tables[after:after] = _strategies()
    return "\n".join([_HEAD, *(_markdown(table) for table in tables if table.rows)])


def _sections(model: type[Section], path: str) -> Iterator[_Table]:
    """Yield a table for a section, then for those in it, depth first, in the order of the models."""
    own: list[tuple[str, ...]] = []
    inner: list[_Table] = []
    for name, field in model.model_fields.items():
        below = f"{path}.{name}" if path else name
        kind, section = _parts(field.annotation)
        choice = tagged(field)
        if choice is not None:
            inner += (table for each in choice.sections.values() for table in _sections(each, below))
        elif kind == "table" and section is not None:
            inner += _sections(section, below)
        elif kind == "tables" and section is not None:
            key = key_of(field)
            inner += _sections(section, f"{below}.{key.entry if key is not None else ''}")
        elif kind == "array" and section is not None:
            own.append(_row(name, field, "array of tables"))
            inner += _sections(section, f"[{below}]")
        elif kind == "balances":
            inner.append(_Table(f"[{below}.ACCOUNT]", field.description or "", [_row("ASSET", field, "decimal")]))
        else:
            own.append(_row(name, field, kind))
    if path:
        text = cleandoc(model.__doc__ or "")
        yield _Table(f"[{path}]", text, own)
    yield from inner


def _row(name: str, field: FieldInfo, kind: str) -> tuple[str, ...]:
    key = key_of(field)
    default = "required" if field.is_required() else (key.default if key is not None else "") or _default(field.default)
    unit = key.unit if key is not None else ""
    return name, f"{kind} {_bounds(field)}".strip(), unit, default, field.description or ""


def _bounds(field: FieldInfo) -> str:
    words = []
    for part in _metadata(field.annotation, field.metadata):
        match part:
            case PlainValidator(func=NumberWithin() as within):
                words.append(within.words)
            case Ge():
                words.append(f"of at least {part.ge}")
            case Le():
                words.append(f"at most {part.le}")
            case Lt():
                words.append(f"below {part.lt}")
            case _:
                pass
    return " and ".join(words)


def _metadata(annotation: Any, own: Iterable[object]) -> Iterator[object]:  # noqa: ANN401 - as below
    """Yield what is said of a type beside the type: of the field itself, and of the types within its own."""
    yield from own
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for part in get_args(annotation):
        yield from _metadata(part, ())


def _default(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case str() | int():
            return str(value)
        case _:  # a table or an array, which is empty
            return "none"


def _parts(annotation: Any) -> tuple[str, type[Section] | None]:  # noqa: ANN401 - annotations have no type of their own
    """Return what kind of value an annotation takes, and the section in it if there is one."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "table", annotation
    if origin is Annotated:
        return _parts(parts[0])
    if origin in (Union, types.UnionType):
        return _parts(next(part for part in parts if part is not types.NoneType))
    if origin is Literal:
        return "one of " + ", ".join(str(part) for part in parts), None
    if origin is tuple:
        return "array", _parts(parts[0])[1]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        kind, section = _parts(parts[1])
        return ("balances" if kind == "table of values" else "tables" if section else "table of values"), section
    return _SIMPLE[annotation], None


_SIMPLE: Mapping[object, str] = {
    bool: "true or false",
    int: "integer",
    str: "text",
    Decimal: "decimal",
    Nanoseconds: "instant",
    object: "value",
}


def _strategies() -> Iterator[_Table]:
    for strategy, params in PARAMS.items():
        rows = [
            (name, _kind(param), param.unit, _param_default(param), param.meaning) for name, param in params.items()
        ]
        yield _Table("[strategy.params]", f'Of `use = "{strategy}"`.', rows)


def _kind(param: Param) -> str:
    match param.kind:
        case "choice":
            return "one of " + ", ".join(param.choices)
        case "truth":
            return "true or false"
        case "decimal" | "integer":
            return param.kind + bounds(param)
        case kind:
            return f"text: {kind}"


def _param_default(param: Param) -> str:
    if param.same_as:
        return f"`{param.same_as}`"
    return "required" if param.default is None else _default(param.default)


def _markdown(table: _Table) -> str:
    lines = [f"## `{table.heading}`", "", table.text, ""]
    lines += [_line(_COLUMNS), _line("---" for _ in _COLUMNS)]
    lines += [_line((f"`{row[0]}`", *(cell.replace("|", "\\|") for cell in row[1:]))) for row in table.rows]
    return "\n".join([*lines, ""])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
