"""The rules of the house hold for the whole tree, and each of them is able to fail.

The rules themselves are in `architecture_rules.py`. Every one is run over the real tree, and over a planted tree that
breaks it once.
"""

import tomllib
from pathlib import Path

import pytest

from tests.architecture_rules import PACKAGES, RULES, Rule, Tree

ROOT = Path(__file__).resolve().parent.parent


def test_the_four_packages_lie_beside_each_other_and_the_wheel_holds_exactly_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert project["project"]["scripts"] == {"execd": "ops.cli:main"}
    missing = [f"{name}/{file}" for name in PACKAGES for file in ("__init__.py", "py.typed")]
    assert [path for path in missing if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    assert rule(Tree.of(ROOT)) == []


BROKEN = {
    "layers_hold": [
        {"messages/a.py": "from config import settings"},
        {"messages/a.py": "def f():\n    import actors.gate"},
        {"config/a.py": "import actors.contract"},
        {"actors/a.py": "from config.settings import Settings"},
        {"actors/a.py": "import ops"},
        {"config/a.py": "from tests import builders"},
    ],
    "actors_meet_through_messages": [
        {
            "actors/a.py": "from actors.b import B\nclass A(Actor[Message]): ...",
            "actors/b.py": "class B(Actor[Message]): ...",
        },
        {
            "actors/a.py": "from actors import pure\nclass A(Actor[Message]): ...",
            "actors/pure.py": "from actors import b",
            "actors/b.py": "class B(contract.Actor[Message]): ...",
        },
        {
            "actors/exchange/live/a.py": "from actors import gate\nclass A(LoopedActor[Message]): ...",
            "actors/gate.py": "class Gate(Actor[Message]): ...",
        },
        {
            "actors/strategies/a.py": "from actors import gate\nclass A:\n    def on_slice(self, market): ...",
            "actors/gate.py": "class Gate(Actor[Message]): ...",
        },
    ],
    "pykka_stays_in_the_runtime": [
        {"actors/gate.py": "import pykka", "actors/runtime/cell.py": "import pykka"},
        {"ops/wiring.py": "from pykka import ThreadingActor"},
    ],
    "venue_libraries_stay_in_live": [
        {"actors/exchange/orders.py": "import ccxt.async_support", "actors/exchange/live.py": "import ccxt"},
        {"ops/cli.py": "def f():\n    from web3 import AsyncWeb3", "actors/chain/live/node.py": "import web3"},
    ],
    "live_actors_wait_on_their_loop_alone": [
        {"actors/exchange/live/a.py": "import time"},
        {"actors/exchange/live/a.py": "from concurrent.futures import ThreadPoolExecutor"},
        {"actors/exchange/live/a.py": "from asyncio import to_thread"},
        {"actors/chain/live.py": "import asyncio\nasyncio.to_thread(print)"},
        {"actors/chain/live.py": "def f(loop):\n    loop.run_in_executor(None, print)"},
    ],
    "the_mode_is_matched_in_the_wiring_alone": [
        {"ops/run.py": "match mode:\n    case Live():\n        pass", "ops/wiring.py": "match m:\n  case Live(): ..."},
        {"config/load.py": "x = isinstance(mode, (Paper, Live))"},
        {"actors/gate.py": "if live:\n    pass"},
        {"actors/gate.py": "x = 1 if self.is_live else 2"},
        {"ops/report.py": "x = settings.mode.type == 'backtest'"},
        {"ops/report.py": "match settings.mode.type:\n    case 'backtest':\n        pass"},
    ],
    "imports_are_absolute": [{"actors/a.py": "from .b import c"}, {"ops/bench/a.py": "from .. import cli"}],
    "files_are_short": [{"ops/a.py": "x = 1\n" * 401, "ops/b.py": "x = 1\n" * 400}],
    "functions_are_short": [
        {"ops/a.py": "def f():\n" + "    x = 1\n" * 60, "ops/b.py": "def f():\n" + "    x = 1\n" * 59},
        {"ops/a.py": "class A:\n  async def f(self):\n    '''Said.'''\n" + "    x = 1\n" * 60},
    ],
}


def test_every_rule_has_a_tree_that_breaks_it() -> None:
    assert BROKEN.keys() == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize(
    ("rule", "files"),
    [(rule, files) for rule in RULES for files in BROKEN[rule.__name__]],
    ids=lambda value: value.__name__ if callable(value) else next(iter(value)),
)
def test_a_planted_violation_is_found_once_and_in_its_place(rule: Rule, files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n" if not text.endswith("\n") else text)

    found = rule(Tree.of(tmp_path))

    assert len(found) == 1, found
    assert found[0].startswith(f"{next(iter(files))}:")
