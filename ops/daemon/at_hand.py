"""What can be found wrong with a config where nobody is asked: all of it at once, before anything is."""

from collections.abc import Mapping
from typing import NamedTuple

from actors.errors import BadInputError
from config.instructions import ScriptFile, read_open_script
from config.load import Loaded
from config.problems import ConfigError
from config.secrets import Credentials, read_credentials
from config.venue_rules import chosen_instruments
from messages.units import VenueName
from ops.daemon.venues import make_client
from ops.wiring import places_orders


class AtHand(NamedTuple):
    """What lies here.

    Attributes:
        credentials: By venue; empty on paper, and where some can't be read.
        script: Open; None where the strategy is none, or its file can't be used.
        problems: One line each.
    """

    credentials: Mapping[VenueName, Credentials]
    script: ScriptFile | None
    problems: tuple[str, ...]

    def close(self) -> None:
        """Close the script."""
        if self.script is not None:
            self.script.close()


def look_here(loaded: Loaded) -> AtHand:
    """Read keys, certificates and script, and see that each venue can be spoken to as the config has it."""
    problems: list[str] = []
    credentials: Mapping[VenueName, Credentials] = {}
    script = None
    if places_orders(loaded.settings):
        try:
            credentials = read_credentials(loaded)
        except ConfigError as error:
            problems += error.lines
    for venue, chosen in loaded.settings.venues.items():
        try:
            make_client(venue, chosen, loaded, None)
        except BadInputError as error:
            problems += error.problems
    if loaded.script is not None:
        known = set(chosen_instruments(loaded.settings))
        try:
            script = read_open_script(loaded.script, venues=tuple(loaded.settings.venues), known=known)
        except ConfigError as error:
            problems += error.lines
    return AtHand(credentials, script, tuple(problems))
