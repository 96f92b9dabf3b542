"""What builds the cells of the real venues."""

import functools
from collections.abc import Callable, Mapping

from actors.contract import Tasks
from actors.exchange.live.client import VenueClient
from actors.exchange.live.exchange import LiveExchange
from actors.exchange.live.orders import Brake
from actors.exchange.live.ports import Options
from actors.runtime.stepped import CellRef
from actors.runtime.task_context import TaskTurn
from config.load import Loaded
from config.secrets import Credentials
from messages.units import VenueName
from ops.daemon.running import Beside
from ops.daemon.venues import Seen, make_client

_MS = 1_000_000


def options_of(loaded: Loaded, venue: VenueName) -> Options:
    """Return how patient the actor of a venue is, as the config has it."""
    settings = loaded.settings
    chosen = settings.venues[venue]
    return Options(
        venue=venue,
        validity_ms=chosen.validity_ms,
        margin_ms=settings.unknown.margin_ns // _MS,
        horizon_ms=settings.unknown.horizon_ns // _MS,
        poll_ms=chosen.poll_ns // _MS,
        reconcile_ms=chosen.reconcile_ns // _MS,
        max_clock_skew_ms=chosen.max_clock_skew_ms,
        cancel_foreign=chosen.foreign_orders == "cancel",
    )


def live_exchange(
    seen: Seen,
    loaded: Loaded,
    credentials: Credentials,
    refs: Mapping[str, CellRef],
    *,
    make: Callable[..., VenueClient] = make_client,
) -> Beside:
    """Return the cell of a venue.

    Args:
        seen: What it said before the start.
        loaded: The config.
        credentials: The account's.
        refs: Of the cells that hear what it tells, there by the time of its first epoch.
        make: Makes the client of each epoch, as `make_client`.
    """
    venue = seen.venue
    chosen = loaded.settings.venues[venue]
    brake = Brake()

    def factory(tasks: Tasks) -> LiveExchange:
        client = make(venue, chosen, loaded, credentials)
        return LiveExchange(
            tasks,
            turn=TaskTurn(),
            dialect=client.dialect,
            connection=client,
            open_connection=functools.partial(client.open, seen.loaded),
            options=options_of(loaded, venue),
            markets=seen.wire,
            engine=refs["engine"].tell,
            monitor=refs["position_monitor"].tell,
            brake=brake,
        )

    return Beside(f"venue:{venue}", factory)
