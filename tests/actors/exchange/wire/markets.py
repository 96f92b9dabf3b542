"""Sample markets of the venues."""

from decimal import Decimal

from actors.exchange.wire.contract import Market
from messages.units import SPOT, AccountName, Asset, BaseAmount, InstrumentId, Price, TradeType, VenueName


def sample(
    venue: str,
    trade_type: TradeType,
    base: str = "ETH",
    *,
    symbol: str = "",
    tick: str = "0.01",
    lot: str = "0.01",
    contract_size: str = "1",
) -> Market:
    """Return the market of a coin against USDT; its symbol is, unless given, as Binance and Bybit have it."""
    name, unified = (f"{base}/USDT",) * 2 if trade_type is SPOT else (f"{base}USDT-PERP", f"{base}/USDT:USDT")
    account = "binance.perp" if venue == "binance" and trade_type is not SPOT else venue
    return Market(
        instrument=InstrumentId(f"{venue}:{name}"),
        venue=VenueName(venue),
        trade_type=trade_type,
        account=AccountName(account),
        symbol=symbol or f"{base}USDT",
        unified=unified,
        base=Asset(base),
        quote=Asset("USDT"),
        tick=Price(Decimal(tick)),
        lot=BaseAmount(Decimal(lot)),
        contract_size=BaseAmount(Decimal(contract_size)),
    )
