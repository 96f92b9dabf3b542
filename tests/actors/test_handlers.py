"""An actor that keeps a table of handlers has one for each message that it says it takes, and for no other."""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import actors
from actors.contract import Actor
from messages.base import Message
from tests.ops.house import CLASSES, House


def declared(kind: type[Actor[Any]]) -> set[type[Message]]:
    """Return the classes of the union that a class is an ``Actor[...]`` of."""
    (argument,) = [
        typing.get_args(base)[0] for base in vars(kind)["__orig_bases__"] if typing.get_origin(base) is Actor
    ]
    return set(_classes(argument))


def _classes(annotation: object) -> Iterator[type[Message]]:
    if isinstance(annotation, type):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _classes(part)


def actor_classes() -> Iterator[type[Actor[Any]]]:
    """Yield every actor class of the package, wherever it stands."""
    for module in pkgutil.walk_packages(actors.__path__, "actors."):
        for found in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(found) and issubclass(found, Actor) and found.__module__ == module.name:
                yield found


WITH_TABLES = [kind for kind in actor_classes() if "handlers =" in inspect.getsource(kind) and kind is not Actor]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Actor[Any]]]:
    """Return the actors of a wired core by the names of their classes."""
    house = House(Path(tmp_path_factory.mktemp("house")))
    yield {type(found).__name__: found for found in map(house.core.behaviour, CLASSES)}
    house.stop()


def test_every_actor_with_a_table_is_looked_at(built: dict[str, Actor[Any]]) -> None:
    assert len(WITH_TABLES) >= 7
    assert {kind.__name__ for kind in WITH_TABLES} == {name for name, found in built.items() if found.handlers}


@pytest.mark.parametrize("kind", WITH_TABLES, ids=lambda kind: kind.__name__)
def test_its_table_has_exactly_the_messages_of_its_protocol(
    kind: type[Actor[Any]], built: dict[str, Actor[Any]]
) -> None:
    assert set(built[kind.__name__].handlers) == declared(kind)


@pytest.mark.parametrize("kind", WITH_TABLES, ids=lambda kind: kind.__name__)
def test_what_it_does_not_take_is_an_error_and_not_passed_over(
    kind: type[Actor[Any]], built: dict[str, Actor[Any]]
) -> None:
    class Stranger(Message, frozen=True, kw_only=True):
        pass

    with pytest.raises(KeyError):
        built[kind.__name__].receive(Stranger())
