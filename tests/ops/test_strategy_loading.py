"""A strategy of the user's is found beside the config or in a package; what is wrong is one line with its place.

Before the run that is exit 2. In the run it is exit 1, or with ``on_error = "skip"`` an `InputSkipped` in the journal.
A file of the user's that is named like one of ours hides nothing of ours.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.errors import BadInputError
from actors.strategies.contract import StrategyContext
from messages.units import Nanoseconds
from ops.strategy_loading import LoadedStrategy, load_strategy
from tests.ops.started import execd, using, write_case

GOOD = """\
class Good:
    stateless = True

    def __init__(self, context):
        pass

    def on_slice(self, market):
        return ()

    def on_event(self, event):
        return ()
"""


@pytest.fixture(autouse=True)
def _own_modules() -> Iterator[None]:
    """Forget the modules of a test, and where they lay."""
    path, modules = [*sys.path], {*sys.modules}
    yield
    sys.path[:] = path
    for name in {*sys.modules} - modules:
        del sys.modules[name]


def found(folder: Path, use: str, text: str | None = GOOD) -> LoadedStrategy:
    """Write the module, if there is a text, and load the strategy from it."""
    name = use.partition(":")[0]
    if text is not None:
        file = folder / f"{name.replace('.', '/')}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    context = StrategyContext(start=Nanoseconds(0), end=Nanoseconds(1), params={}, venues=())
    return load_strategy(use, folder=folder, label="b.toml", context=context)


def problems(folder: Path, use: str, text: str | None = GOOD) -> tuple[str, ...]:
    with pytest.raises(BadInputError) as raised:
        found(folder, use, text)
    return raised.value.problems


def test_a_module_beside_the_config_is_found_and_named_by_content(tmp_path: Path) -> None:
    file = found(tmp_path, "beside_it:Good").file

    assert file is not None
    assert file[0] == "beside_it.py"
    assert len(file[1]) == 64


def test_a_module_in_a_package_is_found_and_may_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "pack_a").mkdir()
    (tmp_path / "pack_a" / "__init__.py").touch()
    (tmp_path / "pack_a" / "figures.py").write_text("LEVEL = 1\n")

    file = found(tmp_path, "pack_a.trend:Good", "from pack_a.figures import LEVEL\n" + GOOD).file

    assert file is not None
    assert file[0] == "trend.py"


@pytest.mark.parametrize(
    ("use", "text", "said"),
    [
        ("not_there:Good", None, "can't import not_there: ModuleNotFoundError: No module named 'not_there'"),
        ("lacks:Better", GOOD, "lacks has no class Better (lacks.py)"),
        ("a_value:Good", "Good = 3\n", "a_value has, but not as a class, Good (a_value.py)"),
        ("broken:Good", "class Good\n", "can't import broken: SyntaxError: expected ':' (broken.py:1)"),
        ("tabs:Good", "if 1:\nx\n", ("can't import tabs: IndentationError: expected an indented block after 'if' "
                                      "statement on line 1 (tabs.py:2)")),
        ("needs:Good", "\nimport no_such_thing\n", ("can't import needs: ModuleNotFoundError: No module named "
                                                    "'no_such_thing' (needs.py:2)")),
        ("raises:Good", "x = 1\nx / 0\n", "can't import raises: ZeroDivisionError: division by zero (raises.py:2)"),
        ("leaves:Good", "import sys\nsys.exit(3)\n", "can't import leaves: SystemExit: 3 (leaves.py:2)"),
        ("in_init:Good", GOOD.replace("pass", "context.params['x']"), "KeyError: 'x' (in_init.py:5)"),
        ("no_market:Good", GOOD.replace("pass", "context.trade('okx', 'ETH/USDT', 'BUY', 1)"),
         "ValueError: no instrument okx:ETH/USDT, expected one of (no_market.py:5)"),
        ("quits:Good", GOOD.replace("pass", "exit()"), "SystemExit: None (quits.py:5)"),
        ("no_args:Good", GOOD.replace("self, context", "self"), ("TypeError: Good.__init__() takes 1 positional "
                                                                   "argument but 2 were given")),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) and value.endswith(("Good", "Better")) else "",
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_its_place(use: str, text: str | None, said: str, tmp_path: Path) -> None:
    assert problems(tmp_path, use, text) == (f"b.toml: strategy.use: {said}",)


def test_all_that_a_class_lacks_is_said_at_once(tmp_path: Path) -> None:
    text = "class Good:\n    def __init__(self, context): ...\n"

    lines = problems(tmp_path, "bare:Good", text)

    assert [line.removeprefix("b.toml: strategy.use: Good ") for line in lines] == [
        "has no method on_slice",
        "has no method on_event",
        (
            "must say how it gets its state back, by exactly one of stateless = True, snapshot() and restore(state), "
            "or apply(event)"
        ),
    ]


@pytest.mark.parametrize("more", ["", "    stateless = True\n    def apply(self, event): ...\n"])
def test_memory_is_declared_exactly_once(more: str, tmp_path: Path) -> None:
    text = GOOD.replace("    stateless = True\n", more)

    (line,) = problems(tmp_path, "memory:Good", text)

    assert "must say how it gets its state back" in line


@pytest.mark.parametrize("name", ["config", "messages", "rich", "statistics"])
def test_a_module_named_like_one_that_is_installed_is_not_taken_and_the_line_says_why(
    name: str, tmp_path: Path
) -> None:
    (line,) = problems(tmp_path, f"{name}:Good")

    assert line.startswith(f"b.toml: strategy.use: {name} has no class Good (found at ")
    assert line.endswith(f"the name {name} is taken, so give yours in {tmp_path} another)")


# --- in a run --------------------------------------------------------------------------------------------------------

RAISING = """\
class Raises:
    stateless = True

    def __init__(self, context):
        self.context = context

    def on_slice(self, market):
        if market.at == self.context.start:
            return [self.context.trade("bybit", "ETHUSDT-PERP", "SHORT", "1")]
        if market.at == self.context.end:
            {slice}
        return ()

    def on_event(self, event):
        {event}
        return ()
"""
SLICE = RAISING.format(slice="raise RuntimeError('no idea')", event="pass")
EVENT = RAISING.format(slice="pass", event="return 1 / 0")


def entries(folder: Path) -> list[dict[str, object]]:
    out = execd("journal", "export", "out/journal.sqlite", cwd=folder).out
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("text", "said", "fills"),
    [
        (SLICE, "raises.py:11: RuntimeError: no idea", 1),
        (EVENT, "raises.py:15: ZeroDivisionError: division by zero", 1),
    ],
    ids=["on_slice", "on_event"],
)
def test_what_it_raises_ends_the_run_and_names_file_and_line(text: str, said: str, fills: int, tmp_path: Path) -> None:
    write_case(tmp_path, config=using("raises:Raises"))
    (tmp_path / "raises.py").write_text(text)

    ended = execd("run", "backtest.toml", "--out", "out", "--json", cwd=tmp_path)

    told = ended.object()
    assert (ended.code, told["exit"], told["fills"]) == (1, 1, fills)
    assert told["error"] == f"the strategy raised at {said}"
    assert ended.err == f"failed: the strategy raised at {said}; this is the result so far\n"
    assert (entries(tmp_path)[-1]["type"], entries(tmp_path)[-1]["outcome"]) == ("RunEnded", "failed")
    assert execd("journal", "verify", "out/journal.sqlite", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("text", "where", "kinds"),
    [
        (SLICE, "raises.py:11", {"MarketSlice"}),
        (EVENT, "raises.py:15", {"OrderAccepted", "OrderFilled", "FundingPaid"}),
    ],
    ids=["on_slice", "on_event"],
)
def test_with_skip_it_goes_on_and_the_journal_says_what_was_skipped(
    text: str, where: str, kinds: set[str], tmp_path: Path
) -> None:
    write_case(tmp_path, config=using("raises:Raises", on_error="skip"))
    (tmp_path / "raises.py").write_text(text)

    ended = execd("run", "backtest.toml", "--out", "out", "--json", cwd=tmp_path)

    skipped = [entry for entry in entries(tmp_path) if entry["type"] == "InputSkipped"]
    assert (ended.code, ended.object()["fills"]) == (0, 1)
    assert {entry["where"] for entry in skipped} == {where}
    assert {entry["input"] for entry in skipped} == kinds


def test_one_that_ends_the_process_is_exit_1_and_one_line(tmp_path: Path) -> None:
    write_case(tmp_path, config=using("raises:Raises"))
    (tmp_path / "raises.py").write_text(RAISING.format(slice="raise SystemExit(0)", event="pass"))

    ended = execd("run", "backtest.toml", "--json", cwd=tmp_path)

    assert ended.code == 1
    assert "raises.py:11" in ended.object()["error"]
    assert "Traceback" not in ended.err


def test_files_beside_the_config_that_are_named_like_ours_break_nothing(tmp_path: Path) -> None:
    write_case(tmp_path, config=using("mine:Good"))
    (tmp_path / "mine.py").write_text(GOOD)
    for name in ("ops", "config", "messages", "actors", "rich", "json", "decimal"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('taken for one of ours')\n")
    code = f"import sys; sys.path[:] = [each for each in sys.path if each]; {STARTED}"

    ended = execd("run", "backtest.toml", "--json", cwd=tmp_path, code=code)  # as the console script: not from here

    assert ended.code == 0, ended.err


STARTED = "from ops.cli import main; main()"
