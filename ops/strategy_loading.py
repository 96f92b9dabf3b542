"""Finds the strategy that the config names, and builds it once to see that it can be built."""

import hashlib
import importlib
import inspect
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from actors.errors import BadInputError
from actors.strategies.contract import Strategy, StrategyContext, memory_of
from ops.own_packages import OWN_ROOT, PACKAGES

_BUILT_IN = {
    "basis": ("actors.strategies.basis", "Basis"),
    "hold_basis": ("actors.strategies.hold_basis", "HoldBasis"),
}
"""Module and class of the strategies that come with execd; imported only where they are wanted."""


class LoadedStrategy(NamedTuple):
    """A strategy that can be built.

    Attributes:
        build: Makes it; each call a new one.
        file: Base name and sha256 of the module's file, for the manifest; None for those that come with execd.
    """

    build: Callable[[StrategyContext], Strategy]
    file: tuple[str, str] | None


def load_strategy(use: str, *, folder: Path, label: str, context: StrategyContext) -> LoadedStrategy:
    """Import ``module:Class`` and build it once.

    Args:
        use: ``basis``, ``hold_basis`` or ``package.module:Class``.
        folder: Of the config file; looked in after all that is installed, so that no file there hides a module of ours.
        label: The config file's name, for messages.
        context: What it will be built with.

    Raises:
        BadInputError: It can't be imported or built, or is no strategy.
    """
    if use in _BUILT_IN:
        module_name, class_name = _BUILT_IN[use]
        ours: Any = getattr(importlib.import_module(module_name), class_name)
        _build_once(ours, f"{label}: strategy.params", context, folder)
        return LoadedStrategy(ours, None)
    where = f"{label}: strategy.use"
    module_name, _, class_name = use.partition(":")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise BadInputError(f"{where}: can't import {module_name}: {_told(error, folder)}") from error
    found: Any = getattr(module, class_name, None)
    if not inspect.isclass(found):
        file = Path(module.__file__) if module.__file__ else None
        what = "has no class" if found is None else "has, but not as a class,"
        raise BadInputError(f"{where}: {module_name} {what} {class_name}{_where(module_name, file, folder)}")
    _build_once(found, where, context, folder)
    file = _source(found, module)
    digest = (file.name, hashlib.sha256(file.read_bytes()).hexdigest()) if file is not None else None
    build: Any = found  # `isclass` made it a class of anything
    return LoadedStrategy(build, digest)


def _build_once(build: Callable[[StrategyContext], Any], where: str, context: StrategyContext, folder: Path) -> None:
    try:
        strategy = build(context)
    except (Exception, SystemExit) as error:
        raise BadInputError(f"{where}: {_told(error, folder)}") from error
    name = type(strategy).__name__
    problems = [
        f"{where}: {name} has no method {method}"
        for method in ("on_slice", "on_event")
        if not callable(getattr(strategy, method, None))
    ]
    if memory_of(strategy) is None:
        problems.append(
            f"{where}: {name} must say how it gets its state back, by exactly one of "
            "stateless = True, snapshot() and restore(state), or apply(event)"
        )
    if problems:
        raise BadInputError(*problems)


def _where(module_name: str, file: Path | None, folder: Path) -> str:
    """Return where the module was found, if that is not where the user will have thought of."""
    if file is None:
        return " (it is a folder without __init__.py)"
    if folder in file.parents:
        return f" ({file.name})"
    top = module_name.partition(".")[0]
    taken = (folder / f"{top}.py").exists() or (folder / top).exists()
    hint = f"; the name {top} is taken, so give yours in {folder} another" if taken else ""
    return f" (found at {file}{hint})"


def _told(error: BaseException, folder: Path) -> str:
    """Return an error on one line, with the place in the user's file where it was raised."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename).name}:{error.lineno})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(Path(frame.filename), folder)]
    if not frames and type(error) is ValueError:
        return str(error)  # of our own making, and written to be read
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    line = " ".join(str(error).split())
    return f"{type(error).__name__}: {line}{place}" if line else f"{type(error).__name__}{place}"


def _is_users(file: Path, folder: Path) -> bool:
    """Whether a file of a traceback is the user's own: beside the config, and neither ours nor installed there."""
    installed = (Path(sys.prefix), *(OWN_ROOT / name for name in PACKAGES))
    return folder in file.parents and not any(each in file.parents for each in installed)


def _source(found: type, module: types.ModuleType) -> Path | None:
    """Return the file that the class is written in; a package may only pass it on."""
    try:
        source = inspect.getsourcefile(found)
    except TypeError:
        source = None
    written = source or module.__file__
    return Path(written) if written else None
