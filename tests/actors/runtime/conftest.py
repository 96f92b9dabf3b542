"""Leaves no actor and no switch interval behind."""

import sys
from collections.abc import Iterator

import pykka
import pytest

from actors.runtime.dead_letters import DeadLetters
from actors.runtime.supervisor import Root
from tests.actors.runtime.doubles import CoreInline, CoreInThread, OwnLoop, OwnThread, Runtime, seeded


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    for ref in pykka.ActorRegistry.get_all():
        pykka.ActorRegistry.unregister(ref)


@pytest.fixture
def dead_letters() -> DeadLetters:
    return DeadLetters()


@pytest.fixture
def root() -> Iterator[Root]:
    root = Root(jitter=seeded(7), stop_timeout_s=5.0)
    yield root
    root.stop()


@pytest.fixture(params=[CoreInline, CoreInThread, OwnThread, OwnLoop])
def runtime(request: pytest.FixtureRequest, root: Root, dead_letters: DeadLetters) -> Runtime:
    kind: type[Runtime] = request.param
    return kind(root, dead_letters)
