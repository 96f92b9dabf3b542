"""What builds the cells of live market data, one a venue, beside those of the orders: prices never delay an order."""

import random
from collections.abc import Callable, Mapping

from actors.contract import Tasks
from actors.data.live.feed import VenueFeed
from actors.data.live.market import LiveMarket
from actors.data.live.ports import Memory, Options
from actors.runtime.stepped import CellRef
from config.load import Loaded
from ops.daemon.herald import say_line
from ops.daemon.running import Beside
from ops.daemon.venues import Seen, make_client

_MS = 1_000_000


def live_market(
    seen: Seen, loaded: Loaded, refs: Mapping[str, CellRef], *, say: Callable[[str], None] = say_line
) -> Beside:
    """Return the cell of a venue's market data.

    Args:
        seen: What the venue said before the start.
        loaded: The config.
        refs: Of the cells that hear of prices, there by the time of the first epoch.
        say: Writes a line for people.
    """
    venue = seen.venue
    chosen, length_ms = loaded.settings.venues[venue], loaded.settings.data.resolution_ns // _MS
    options = Options(length_ms=length_ms, quiet_ms=max(100, chosen.max_price_age_ms // 2))
    memory = Memory()

    def factory(tasks: Tasks) -> LiveMarket:
        client = make_client(venue, chosen, loaded, None)
        return LiveMarket(
            tasks,
            feed=VenueFeed(client, length_ms=length_ms, levels=options.levels, loaded=seen.loaded),
            markets=seen.wire,
            tell=refs["data_provider"].tell,
            jitter=random.random,
            options=options,
            memory=memory,
            said=lambda line: say(line if line.startswith(f"{venue}:") else f"{venue}: {line}"),
        )

    return Beside(f"prices:{venue}", factory)
