"""The three venues: in which ways they differ, and their markets, read from ``markets.toml``."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from typing import Any

from messages.units import TradeType
from ops.testbed.exchange.rules import Rules
from ops.testbed.exchange.values import FUNDING, PERP_WALLET, SPOT_WALLET, UNIFIED, ZERO, Market, Tier, Wallet

SPOT, PERP = TradeType.SPOT, TradeType.PERP
QUOTE = "USDT"


def _each(*, spot: bool, perp: bool) -> Mapping[TradeType, bool]:
    return {SPOT: spot, PERP: perp}


RULES: Mapping[str, Rules] = {
    "binance": Rules(
        venue="binance",
        wallets=(SPOT_WALLET, PERP_WALLET, FUNDING),
        deposit_wallet=SPOT_WALLET,
        post_only_refused=_each(spot=True, perp=True),
        reduce_only_cut=True,
        client_ids_forever=_each(spot=False, perp=False),
        client_ids_by_symbol=True,
        ids_by_symbol=True,
        trade_ids_by_symbol=True,
        uuid_ids=_each(spot=False, perp=False),
        trigger_makes_child=_each(spot=False, perp=True),
        child_keeps_client_id=True,
        waiting_holds=_each(spot=True, perp=False),
        amount_down_keeps_priority=_each(spot=True, perp=False),
        amend_price=_each(spot=False, perp=True),
        amend_down_fills=False,
        band_moves=_each(spot=False, perp=False),
        max_open=200,
        max_waiting=10,
    ),
    "bybit": Rules(
        venue="bybit",
        wallets=(UNIFIED, FUNDING),
        deposit_wallet=FUNDING,
        post_only_refused=_each(spot=False, perp=False),
        reduce_only_cut=True,
        client_ids_forever=_each(spot=True, perp=True),
        client_ids_by_symbol=False,
        ids_by_symbol=False,
        trade_ids_by_symbol=False,
        uuid_ids=_each(spot=False, perp=True),
        trigger_makes_child=_each(spot=False, perp=False),
        child_keeps_client_id=True,
        waiting_holds=_each(spot=False, perp=False),
        amount_down_keeps_priority=_each(spot=False, perp=False),
        amend_price=_each(spot=True, perp=True),
        amend_down_fills=False,
        band_moves=_each(spot=False, perp=True),
        max_open=500,
        max_waiting=10,
    ),
    "okx": Rules(
        venue="okx",
        wallets=(UNIFIED, FUNDING),
        deposit_wallet=FUNDING,
        post_only_refused=_each(spot=False, perp=False),
        reduce_only_cut=False,
        client_ids_forever=_each(spot=False, perp=False),
        client_ids_by_symbol=False,
        ids_by_symbol=False,
        trade_ids_by_symbol=True,
        uuid_ids=_each(spot=False, perp=False),
        trigger_makes_child=_each(spot=True, perp=True),
        child_keeps_client_id=False,
        waiting_holds=_each(spot=False, perp=False),
        amount_down_keeps_priority=_each(spot=False, perp=False),
        amend_price=_each(spot=True, perp=True),
        amend_down_fills=True,
        band_moves=_each(spot=False, perp=False),
        max_open=500,
        max_waiting=500,
    ),
}
"""Sources: the venues' order documents, as the notes at each market say; where a venue's queue is not documented, a
change goes to the back of it."""


def markets(venue: str) -> Mapping[tuple[TradeType, str], Market]:
    """Return a venue's markets by product and symbol."""
    found = tomllib.loads(files(__package__).joinpath("markets.toml").read_text(encoding="utf-8"))[venue]
    made = [
        _market(venue, product, found[product.lower()], each)
        for product in (SPOT, PERP)
        for each in found[product.lower()]["markets"]
    ]
    return {market.key: market for market in made}


def _market(venue: str, product: TradeType, common: Mapping[str, Any], own: Mapping[str, Any]) -> Market:
    tiers = [[Decimal(text) for text in tier] for tier in own.get("tiers", ())]
    return Market(
        venue=venue,
        product=product,
        symbol=own["symbol"],
        base=own["base"],
        quote=QUOTE,
        wallet=Wallet(common["wallet"]),
        maker=Decimal(common["maker"]),
        taker=Decimal(common["taker"]),
        funding_interval_ms=common.get("funding_interval_ms", 0),
        tiers=tuple(Tier(up_to=up, rate=rate, deduction=less, max_leverage=most) for up, rate, less, most in tiers),
        min_notional=Decimal(own["min_notional"]) or ZERO,
        contract_size=Decimal(own.get("contract_size", "1")),
        max_leverage=Decimal(own.get("max_leverage", "1")),
        tick=Decimal(own["tick"]),
        lot=Decimal(own["lot"]),
        min_amount=Decimal(own["min_amount"]),
        max_amount=Decimal(own["max_amount"]),
        max_market_amount=Decimal(own["max_market_amount"]),
        band_up=Decimal(own["band_up"]),
        band_down=Decimal(own["band_down"]),
    )
