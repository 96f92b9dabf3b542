"""Finds the strategy that the config names, and builds it once to see that it can be built."""

import hashlib
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from actors.errors import BadInputError
from actors.strategies.contract import Strategy, StrategyContext, memory_of


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
        use: ``hold_basis`` or ``package.module:Class``.
        folder: Of the config file; looked in after everything that is installed, so that nothing of ours is hidden.
        label: The config file's name, for messages.
        context: What it will be built with.

    Raises:
        BadInputError: It can't be imported or built, or is no strategy.
    """
    if use == "hold_basis":
        from actors.strategies.hold_basis import HoldBasis  # noqa: PLC0415 - only where it is wanted

        _build_once(HoldBasis, f"{label}: strategy.params", context)
        return LoadedStrategy(HoldBasis, None)
    where = f"{label}: strategy.use"
    module_name, _, class_name = use.partition(":")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise BadInputError(f"{where}: can't import {module_name}: {_told(error)}") from error
    found: Any = getattr(module, class_name, None)
    if not inspect.isclass(found):
        raise BadInputError(f"{where}: {module_name} has no class {class_name}")
    _build_once(found, where, context)
    file = Path(module.__file__) if module.__file__ else None
    digest = (file.name, hashlib.sha256(file.read_bytes()).hexdigest()) if file is not None else None
    build: Any = found  # `isclass` made it a class of anything
    return LoadedStrategy(build, digest)


def _build_once(build: Callable[[StrategyContext], Any], where: str, context: StrategyContext) -> None:
    try:
        strategy = build(context)
    except Exception as error:
        raise BadInputError(f"{where}: {_told(error)}") from error
    for method in ("on_slice", "on_event"):
        if not callable(getattr(strategy, method, None)):
            raise BadInputError(f"{where}: {type(strategy).__name__} has no method {method}")
    if memory_of(strategy) is None:
        raise BadInputError(
            f"{where}: {type(strategy).__name__} must say how it gets its state back, by exactly one of "
            "stateless = True, snapshot() and restore(state), or apply(event)"
        )


def _told(error: Exception) -> str:
    """Return an error on one line, with the place in the user's file where it was raised."""
    if isinstance(error, ValueError) and type(error) is ValueError:
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
