"""What a start changes at a venue before anything is placed: net positions, cross margin, the config's leverage.

It is changed when everything was found good and the journal is this daemon's alone and about these accounts: a key of
another account changes nothing there.
"""

import functools
from collections.abc import Sequence

import msgspec

from actors.errors import BadInputError
from actors.exchange.live.client import VenueClient
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.ports import Urgency
from actors.exchange.wire.contract import Market, SeenAccount, Verdict
from config.load import Loaded
from config.secrets import Credentials
from config.venue_settings import Venue
from messages.units import PERP
from ops.daemon import venues
from ops.daemon.preparation import Ready
from ops.daemon.venues import Seen


def set_up(ready: Ready) -> tuple[str, ...]:
    """Set position mode, margin mode and leverage where they are not as they must be.

    Returns:
        What could not be set and is no hindrance, one line each.

    Raises:
        BadInputError: What could not be set and must be, all of it.
        VenueDownError: A venue does not answer as it should; a later start may find it better.
    """
    loaded = ready.loaded
    told = venues.of_all(
        {
            seen.venue: functools.partial(_at_one, seen, loaded, ready.credentials[seen.venue])
            for seen in ready.seen
            if seen.venue in ready.credentials and _perps(seen)
        }
    )
    if problems := [line for against, _ in told for line in against]:
        raise BadInputError(*problems)
    return tuple(line for _, notes in told for line in notes)


async def _at_one(seen: Seen, loaded: Loaded, credentials: Credentials) -> tuple[list[str], list[str]]:
    """Return what stands against a start, and what an operator should know."""
    chosen = loaded.settings.venues[seen.venue]
    client = venues.make_client(seen.venue, chosen, loaded, credentials)
    markets, perps = tuple(seen.wire.values()), _perps(seen)
    try:
        await client.open()
        await venues.patiently(client.measure_skew)
        notes = await _set(chosen, client, perps, await venues.account_of(client, markets))
        now = msgspec.structs.replace(
            seen,
            account=await venues.account_of(client, markets),
            leverages=dict(await venues.every(client, client.dialect.leverage(perps))),
        )
    finally:
        await client.close()
    where = f"{loaded.path.name}: venues.{seen.venue}"
    return venues.not_as_set(now, chosen, where, changed=True), notes


def _perps(seen: Seen) -> tuple[Market, ...]:
    return tuple(each for each in seen.wire.values() if each.trade_type is PERP)


async def _set(chosen: Venue, client: VenueClient, perps: Sequence[Market], account: SeenAccount) -> list[str]:
    """Bring all to what a start needs; return what could not be."""
    dialect, notes = client.dialect, list[str]()
    for market in perps:
        steps = [
            ("net positions", () if account.one_way else dialect.set_one_way(market)),
            ("cross margin", dialect.set_cross(market)),
            ("leverage", dialect.set_leverage(market, chosen.perp.leverage)),
        ]
        for what, calls in steps:
            for call in calls:
                try:
                    await client.send_surely_once(
                        call, urgency=Urgency.ORDER, deadline_ms=client.now_ms() + 10 * chosen.validity_ms
                    )
                except RequestFailedError as error:
                    if dialect.judge(error.failure) is not Verdict.UNCHANGED:
                        notes.append(f"{market.instrument}: {what} could not be set: {error}")
    return notes
