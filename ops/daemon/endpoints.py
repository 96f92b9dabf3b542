"""Where a venue's traffic goes, when it goes elsewhere than to the venue: the config's [venues.X.endpoint], read."""

import ssl
from collections.abc import Mapping

from actors.errors import BadInputError
from actors.exchange.live.transport import Endpoint
from config.load import Loaded
from config.settings import Settings
from config.venue_settings import Venue
from messages.units import VenueName


def endpoint_of(venue: VenueName, chosen: Venue, loaded: Loaded) -> Endpoint | None:
    """Return where a venue's traffic goes; None for the venue itself.

    Raises:
        BadInputError: Its file of certificates is not there, or holds none.
    """
    if chosen.endpoint is None:
        return None
    address, written = chosen.endpoint.address, chosen.endpoint.ca_file
    if written is None:
        return Endpoint(host=address.host, port=address.port, ca_file=None)
    ca_file, label = loaded.resolved(written), f"{loaded.path.name}: venues.{venue}.endpoint.ca_file"
    if not ca_file.is_file():
        raise BadInputError(f"{label}: no such file: {ca_file}")
    try:
        ssl.create_default_context(cafile=str(ca_file))
    except OSError:  # what ssl raises is one, too
        raise BadInputError(f"{label}: {ca_file}: no certificates in it, expected some in PEM") from None
    return Endpoint(host=address.host, port=address.port, ca_file=ca_file)


def sent_away(settings: Settings) -> Mapping[VenueName, str]:
    """Return where the traffic of venues goes that may go to another machine than the venue's (`allow_remote`)."""
    return {
        venue: chosen.endpoint.connect_to
        for venue, chosen in settings.venues.items()
        if chosen.endpoint is not None and chosen.endpoint.allow_remote
    }
