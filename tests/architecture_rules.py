"""The rules of the house, each a function from the source tree to the lines that break it."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("actors", "config", "messages", "ops")
MAY_IMPORT = {
    "messages": {"messages"},
    "config": {"config", "messages"},
    "actors": {"actors", "messages"},
    "ops": {"actors", "config", "messages", "ops"},
    "tests": {"actors", "config", "messages", "ops", "tests"},
}
MODES = {"Backtest", "Paper", "Live", "BacktestMode", "PaperMode", "LiveMode"}
MODE_WORDS = {"backtest", "paper", "live"}
MODE_FLAGS = {"live", "is_live", "paper", "is_paper", "backtest", "is_backtest", "dry_run", "simulated"}
ACTORS = {"Actor", "LoopedActor"}
NOT_LIVE = {"time", "threading", "concurrent", "multiprocessing", "random", "secrets", "uuid"}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


@dataclass(frozen=True)
class Module:
    """One source file."""

    path: str
    text: str
    tree: ast.Module

    @property
    def parts(self) -> tuple[str, ...]:
        """Folders and the file's name without its ending."""
        return tuple(self.path.removesuffix(".py").split("/"))

    @property
    def name(self) -> str:
        """The name under which it is imported."""
        return ".".join(self.parts).removesuffix(".__init__")

    def at(self, node: ast.AST, complaint: str) -> str:
        """Return a complaint about a place in it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {complaint}"

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """Yield every name that is imported anywhere in the file, `from a import b` as a.b."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


@dataclass(frozen=True)
class Tree:
    """All source files of the four packages and the tests."""

    modules: tuple[Module, ...]

    @classmethod
    def of(cls, root: Path) -> "Tree":
        """Read the files below a root."""
        found = sorted(path for top in (*PACKAGES, "tests") for path in (root / top).rglob("*.py"))
        texts = [(path.relative_to(root).as_posix(), path.read_text()) for path in found]
        return cls(tuple(Module(path, text, ast.parse(text)) for path, text in texts))

    def under(self, *tops: str) -> list[Module]:
        """Return the modules of some packages."""
        return [module for module in self.modules if module.parts[0] in tops]


Rule = Callable[[Tree], list[str]]


def layers_hold(tree: Tree) -> list[str]:
    """Messages imports none of ours, actors and config not each other, and only tests import tests."""
    return [
        module.at(node, f"{module.parts[0]} may not import {name}")
        for module in tree.modules
        for node, name in module.imports()
        if name.split(".")[0] in MAY_IMPORT and name.split(".")[0] not in MAY_IMPORT[module.parts[0]]
    ]


def actors_meet_through_messages(tree: Tree) -> list[str]:
    """No module that defines an actor (or a strategy) reaches another such module, also not by way of a third."""
    modules = {module.name: module for module in tree.under("actors") if module.parts[1:2] != ("runtime",)}
    edges = {
        name: [
            (node, target) for node, wanted in module.imports() if (target := _owner(wanted, modules)) not in {"", name}
        ]
        for name, module in modules.items()
    }
    actors = {name for name, module in modules.items() if _defines_an_actor(module)}
    found: list[str] = []
    for name in sorted(actors):
        for node, first in edges[name]:
            reached = _reachable(first, edges) & (actors - {name})
            found += [
                modules[name].at(node, f"actor module {name} reaches actor module {other}") for other in sorted(reached)
            ]
    return found


def _owner(wanted: str, modules: dict[str, Module]) -> str:
    """Return the module that `wanted` is, or is a name in; empty if it is none of these."""
    return next((name for name in (wanted, wanted.rpartition(".")[0]) if name in modules), "")


def _reachable(start: str, edges: dict[str, list[tuple[ast.AST, str]]]) -> set[str]:
    seen, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [target for _, target in edges.get(name, [])]
    return seen


def _defines_an_actor(module: Module) -> bool:
    """Whether a class in it is an actor of any cell, or a strategy by its shape. The contracts define what that is."""
    if module.name in {"actors.contract", "actors.strategies.contract"}:
        return False
    classes = [node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    return any(
        any(_last_name(base) in ACTORS for base in node.bases)
        or any(isinstance(part, ast.FunctionDef) and part.name == "on_slice" for part in node.body)
        for node in classes
    )


def _last_name(node: ast.AST) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def pykka_stays_in_the_runtime(tree: Tree) -> list[str]:
    """Only actors/runtime/ knows what the actors run on."""
    return [
        module.at(node, "pykka is imported outside actors/runtime/")
        for module in tree.under(*PACKAGES)
        for node, name in module.imports()
        if name.split(".")[0] == "pykka" and module.parts[:2] != ("actors", "runtime")
    ]


def venue_libraries_stay_in_live(tree: Tree) -> list[str]:
    """Ccxt and web3 only in modules named live.py or in a package live/."""
    return [
        module.at(node, f"{name} is imported outside live.py and live/")
        for module in tree.under(*PACKAGES)
        for node, name in module.imports()
        if name.split(".")[0] in {"ccxt", "web3"} and "live" not in module.parts[1:]
    ]


def live_actors_wait_on_their_loop_alone(tree: Tree) -> list[str]:
    """What is live reads no clock, and has no thread, executor or randomness of its own: a simulation runs it too."""
    modules = [module for module in tree.under("actors") if "live" in module.parts[1:]]
    imported = [
        module.at(node, f"{name} in a live actor")
        for module in modules
        for node, name in module.imports()
        if name.split(".")[0] in NOT_LIVE or name in {"asyncio.to_thread", "asyncio.run_coroutine_threadsafe"}
    ]
    called = [
        module.at(node, f"{_last_name(node)} in a live actor")
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"run_in_executor", "to_thread", "run_coroutine_threadsafe"}
    ]
    return imported + called


def the_mode_is_matched_in_the_wiring_alone(tree: Tree) -> list[str]:
    """The mode is a type, told apart in one place; nothing else asks whether this is live."""
    return [
        module.at(node, "the mode is told apart outside ops/wiring.py")
        for module in tree.under(*PACKAGES)
        if module.path != "ops/wiring.py"
        for node in ast.walk(module.tree)
        if _tells_types_apart(node) or (module.parts[0] != "config" and _tells_words_apart(node))
    ]


def _tells_types_apart(node: ast.AST) -> bool:
    """Whether the branch depends on the type of the mode, or on a flag that stands for it."""
    if isinstance(node, ast.MatchClass):
        return _last_name(node.cls) in MODES
    if isinstance(node, ast.Call) and _last_name(node.func) in {"isinstance", "issubclass"}:
        return any(_last_name(part) in MODES for argument in node.args[1:] for part in ast.walk(argument))
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return any(_last_name(part) in MODE_FLAGS for part in ast.walk(node.test))
    return False


def _tells_words_apart(node: ast.AST) -> bool:
    """Whether the mode's name is compared. Only config does that, where it turns what was written into the type."""
    if isinstance(node, ast.MatchValue):
        return _is_mode_word(node.value)
    if isinstance(node, ast.Compare):
        return any(_is_mode_word(part) for side in (node.left, *node.comparators) for part in ast.walk(side))
    return False


def _is_mode_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in MODE_WORDS


def imports_are_absolute(tree: Tree) -> list[str]:
    """A module says in full what it imports."""
    return [
        module.at(node, "relative import")
        for module in tree.modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def files_are_short(tree: Tree) -> list[str]:
    """No file is longer than 400 lines."""
    return [
        f"{module.path}:{lines}: {lines} lines, at most {MAX_FILE_LINES}"
        for module in tree.modules
        if (lines := len(module.text.splitlines())) > MAX_FILE_LINES
    ]


def functions_are_short(tree: Tree) -> list[str]:
    """No function is longer than 60 lines, its docstring not counted."""
    return [
        module.at(node, f"{node.name} has {lines} lines, at most {MAX_FUNCTION_LINES}")
        for module in tree.modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := _lines_of(node)) > MAX_FUNCTION_LINES
    ]


def _lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From ``def`` to the end. ``end_lineno`` is always there in a tree that was parsed from text."""
    lines = (node.end_lineno or 0) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


RULES: tuple[Rule, ...] = (
    layers_hold,
    actors_meet_through_messages,
    pykka_stays_in_the_runtime,
    venue_libraries_stay_in_live,
    live_actors_wait_on_their_loop_alone,
    the_mode_is_matched_in_the_wiring_alone,
    imports_are_absolute,
    files_are_short,
    functions_are_short,
)
