"""What a live venue shows that it has, and how the position monitor has it look for what it can't explain."""

import msgspec

from messages.base import Command, Event
from messages.units import AccountName, Amount, Asset, BaseAmount, InstrumentId, Nanoseconds, VenueName


class AtVenue(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says an account holds of an asset, without unrealised P&L."""

    account: AccountName
    asset: Asset
    amount: Amount


class HeldAtVenue(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says of a perp position: quantity in base, signed.

    Attributes:
        cost: Quantity times the entry price, in quote, signed like the quantity; None where the venue does not say.
    """

    instrument: InstrumentId
    quantity: BaseAmount
    cost: Amount | None = None


class VenueSnapshot(Event, frozen=True, kw_only=True):
    """Venue to position monitor: balances and positions as the venue shows them.

    Attributes:
        quiet: Nothing was under way while it was taken: no request, no order whose fills are not all told. Only such a
            snapshot says anything about differences.
        at: By our clock.
        balances: Of every asset of a configured market, also those that are zero.
        positions: Of every configured perp, also flat ones.
    """

    venue: VenueName
    at: Nanoseconds
    quiet: bool
    balances: tuple[AtVenue, ...]
    positions: tuple[HeldAtVenue, ...]


class LookInto(Command, frozen=True, kw_only=True):
    """Position monitor to venue: read trades, funding and transfers since then, and tell what was not told.

    Answered by `LookedInto` when all of that was told.
    """

    venue: VenueName
    since: Nanoseconds


class LookedInto(Event, frozen=True, kw_only=True):
    """All that the venue's records hold was told; what still differs then has no explanation."""

    venue: VenueName
