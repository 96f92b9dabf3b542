"""The reference says every key that a config may have, with its unit, and the file in the project is the latest."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

import config
from config.explain import key_of
from config.load import settings_from
from config.reference import COMMAND, reference
from config.section import Section
from config.settings import Settings
from config.strategy_params import PARAMS
from tests.config.samples import CONFIG


def inner(annotation: Any) -> Iterator[type[Section]]:  # noqa: ANN401 - annotations have no type of their own
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from inner(part)


def keys(model: type[Section] = Settings, path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield f"{path}{name}", field
        for section in inner(field.annotation):
            yield from keys(section, f"{path}{name}.")


def numeric(annotation: Any) -> bool:  # noqa: ANN401 - as above
    return annotation in (int, Decimal) or any(numeric(part) for part in get_args(annotation))


KEYS = dict(keys())


def test_the_file_is_what_the_models_say() -> None:
    file = next(Path(folder) for folder in config.__path__) / "REFERENCE.md"

    assert file.read_text(encoding="utf-8") == reference(), f"it is not the latest: {COMMAND}"


@pytest.mark.parametrize("path", KEYS)
def test_every_key_says_what_it_means_and_what_is_expected(path: str) -> None:
    field = KEYS[path]
    key = key_of(field)

    assert field.description
    assert field.description.endswith(".")
    assert key is not None
    assert key.expected
    if numeric(field.annotation) and not any(inner(field.annotation)) and path != "mode.seed":
        assert key.unit, "a number has a unit"


def test_every_key_of_every_section_stands_in_the_reference() -> None:
    text = reference()

    for path, field in KEYS.items():
        if path != "accounts" and ("tiers" in path or not any(inner(field.annotation))):
            assert f"| `{path.rpartition('.')[2]}` |" in text, path
    for params in PARAMS.values():
        assert all(f"| `{key}` |" in text for key in params)
    for heading in ("mode", "accounts.ACCOUNT", "venues.X.fill", 'venues.X.instruments."SYMBOL"', "report"):
        assert f"## `[{heading}]`" in text


@pytest.mark.parametrize(
    "row",
    [
        "| `latency_ms` | integer of at least 0 and at most 60000 | milliseconds | 0 | ",
        "| `max_share` | decimal above 0 and at most 1 | share of 1 | no limit | ",
        "| `touch` | true or false |  | false | ",
        "| `leverage` | decimal of at least 1 and at most 1000 | notional / initial margin | 1 | ",
        "| `start` | instant | UTC | required | ",
        "| `window_h` | integer of at least 1 and at most 8784 | hours | 72 | ",
        "| `spot_venue` | text: venue |  | `venue` | ",
    ],
)
def test_a_row_has_type_unit_default_and_meaning(row: str) -> None:
    assert row in reference()


def test_every_row_has_five_cells() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("|")]

    assert rows
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}


def test_every_plain_default_of_the_reference_is_taken_when_it_is_written_out() -> None:
    import tomllib  # noqa: PLC0415 - of this test alone

    written = CONFIG + (
        '[venues.bybit.fill]\ntouch = false\n[venues.bybit.perp]\nleverage = "1"\n'
        '[venues.bybit.spot]\nfee_in = "received"\n[risk]\nhalted = false\n'
        '[report]\nsample = "1h"\ncurrency = "USDT"\nenabled = true\n'
    )

    given, implied = (settings_from(tomllib.loads(text), "x") for text in (written, CONFIG))

    assert given == implied
