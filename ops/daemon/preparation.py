"""From a config file to everything that a start needs. What can't be used is refused, all problems at once.

Nothing is written, and nothing is placed or changed at a venue, before all were asked and everything was found good.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from actors.errors import BadInputError
from actors.exchange.wire.contract import Market
from actors.strategies.contract import Strategy, StrategyContext
from config.instructions import ScriptFile
from config.load import Loaded, load, trading_settings
from config.modes import ONGOING
from config.problems import ConfigError
from config.secrets import Credentials
from config.venue_rules import told_models
from messages.instruments import VenueModel
from messages.units import InstrumentId, Nanoseconds, VenueName
from ops.daemon.at_hand import look_here
from ops.daemon.timetable import timetable
from ops.daemon.venues import Seen, VenueDownError, look_at_all
from ops.strategy_loading import load_strategy
from ops.wiring import ongoing_context


class Ready(NamedTuple):
    """Everything that a start needs, read and found good.

    Attributes:
        credentials: By venue; empty on paper.
        seen: What the venues said, in the order of the config.
        markets: What is traded, as the wire has it.
        strategy_file: Name and sha256 of the file that the strategy is from.
        notes: One line each, for the operator.
    """

    loaded: Loaded
    credentials: Mapping[VenueName, Credentials]
    seen: tuple[Seen, ...]
    models: tuple[VenueModel, ...]
    markets: Mapping[InstrumentId, Market]
    build: Callable[[StrategyContext], Strategy]
    strategy_file: tuple[str, str] | None
    script: ScriptFile | None
    notes: tuple[str, ...]

    @property
    def hashed(self) -> dict[str, object]:
        """What decides the trading, for a manifest."""
        file = self.strategy_file
        return {
            "settings": trading_settings(self.loaded.settings, self.models),
            "strategy_file": None if file is None else {"name": file[0], "sha256": file[1]},
        }


class Decides(NamedTuple):
    """Who decides: what makes the strategy, name and sha256 of its file, and the script if it is one."""

    build: Callable[[StrategyContext], Strategy]
    file: tuple[str, str] | None = None
    script: ScriptFile | None = None


def prepare(config: Path) -> Ready:
    """Read a config file and ask the venues.

    Args:
        config: The file.

    Raises:
        BadInputError: Everything that is wrong.
        VenueDownError: A venue can't be used now; a later start may find it better.
    """
    try:
        loaded = load(config, modes=ONGOING)
    except ConfigError as error:
        raise BadInputError(*error.lines) from None
    here = look_here(loaded)
    if here.problems:
        here.close()
        raise BadInputError(*here.problems)
    try:
        return prepared(
            loaded,
            here.credentials,
            strategy=lambda models: decides(loaded, models, here.script),
        )
    except BaseException:
        here.close()
        raise


def prepared(
    loaded: Loaded,
    credentials: Mapping[VenueName, Credentials],
    *,
    strategy: Callable[[tuple[VenueModel, ...]], Decides],
) -> Ready:
    """Ask the venues of a config.

    Args:
        loaded: The config.
        credentials: By venue; empty on paper.
        strategy: Says, of the venues with their instruments, who decides.

    Raises:
        BadInputError: Everything that is wrong.
        VenueDownError: A venue can't be used now; a later start may find it better.
    """
    seen = look_at_all(loaded, credentials)
    problems = [line for each in seen for line in each.problems]
    if problems:
        raise BadInputError(*problems)
    if passing := [line for each in seen for line in each.passing]:
        raise VenueDownError("; ".join(passing))
    models = told_models(loaded.settings, {key: rules for each in seen for key, rules in each.rules.items()})
    build, file, script = strategy(models)
    return Ready(
        loaded=loaded,
        credentials=credentials,
        seen=seen,
        models=models,
        markets={key: market for each in seen for key, market in each.wire.items()},
        build=build,
        strategy_file=file,
        script=script,
        notes=tuple(line for each in seen for line in each.notes),
    )


def decides(loaded: Loaded, models: tuple[VenueModel, ...], script: ScriptFile | None) -> Decides:
    """Return who decides, by the config.

    Args:
        loaded: The config.
        models: The venues with their instruments.
        script: The file of the strategy ``script``, read.

    Raises:
        BadInputError: The strategy can't be imported or built.
    """
    settings = loaded.settings
    if script is not None:
        return Decides(timetable(script), (script.name, script.sha256), script)
    found = load_strategy(
        settings.strategy.use,
        folder=loaded.base,
        label=loaded.path.name,
        context=ongoing_context(settings, models, start=Nanoseconds(0)),
    )
    return Decides(found.build, found.file, None)
