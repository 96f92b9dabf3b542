"""In which ways venues differ, as far as the engine itself must know it. The three are in ``venues.py``."""

from collections.abc import Mapping

import msgspec

from messages.units import TradeType
from ops.testbed.exchange.values import Wallet


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """In which ways venues differ that the engine itself must know.

    Attributes:
        wallets: All that an account has; the first is where trading money lies.
        deposit_wallet: Where deposits go.
        post_only_refused: By product: a post-only order that would take is refused (WOULD_TAKE). Where it is not, it is
            accepted and then ended (CANCELLED, POST_ONLY).
        reduce_only_cut: A reduce-only order for more than the position is cut to it; else refused.
        client_ids_forever: By product: a client id is never free again; else as soon as its order has ended.
        client_ids_by_symbol: Client ids are told apart by symbol too.
        ids_by_symbol, trade_ids_by_symbol: Order (trade) ids begin anew for each symbol.
        uuid_ids: By product: order and trade ids look like UUIDs; else they are numbers.
        trigger_makes_child: By product: a trigger order stays TRIGGERED and a new order is made.
        child_keeps_client_id: The new order has the trigger order's client id; else it has none.
        waiting_holds: By product: a trigger order that waits has its funds held.
        amount_down_keeps_priority: By product: an amendment that only lowers the amount keeps its place.
        amend_price: By product: whether a price can be changed at all.
        amend_down_fills: An order whose amount is lowered to what is filled is FILLED; else it is CANCELLED.
        band_moves: By product: a price outside of the band is moved to its edge; else refused.
        max_open: Open orders of an account and market; `max_waiting`: trigger orders.
    """

    venue: str
    wallets: tuple[Wallet, ...]
    deposit_wallet: Wallet
    post_only_refused: Mapping[TradeType, bool]
    reduce_only_cut: bool
    client_ids_forever: Mapping[TradeType, bool]
    client_ids_by_symbol: bool
    ids_by_symbol: bool
    trade_ids_by_symbol: bool
    uuid_ids: Mapping[TradeType, bool]
    trigger_makes_child: Mapping[TradeType, bool]
    child_keeps_client_id: bool
    waiting_holds: Mapping[TradeType, bool]
    amount_down_keeps_priority: Mapping[TradeType, bool]
    amend_price: Mapping[TradeType, bool]
    amend_down_fills: bool
    band_moves: Mapping[TradeType, bool]
    max_open: int
    max_waiting: int
