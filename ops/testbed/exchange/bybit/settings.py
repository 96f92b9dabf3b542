"""Leverage, position mode and margin mode."""

from ops.testbed.exchange.bybit.asked import Asked, Result
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market

REGULAR = "REGULAR_MARGIN"
_MODES = {0: "one-way", 3: "hedge"}


def is_hedged(asked: Asked, market: Market) -> bool:
    """Return whether the account is in hedge mode in a market."""
    return asked.engine.setting(asked.uid, _mode_of(market)) == "hedge"


def _mode_of(market: Market) -> str:
    return f"position_mode:{market.symbol}"


def set_leverage(asked: Asked) -> Result:
    """POST /v5/position/set-leverage."""
    market = asked.market(asked.traded)
    buy, sell = asked.number("buyLeverage"), asked.number("sellLeverage")
    if buy is None or sell is None or buy != sell:
        raise RejectError(Reject.BAD_PARAMETER, "buyLeverage")
    asked.engine.set_leverage(asked.uid, market, buy)
    return {}


def switch_mode(asked: Asked) -> Result:
    """POST /v5/position/switch-mode: of one symbol, or of all that have neither position nor orders."""
    product = asked.traded
    mode = _MODES.get(asked.integer("mode") or 0)
    if mode is None:
        raise RejectError(Reject.BAD_PARAMETER, "mode")
    market = asked.market_or_none(product)
    if market is None:
        if not asked.text("coin"):
            raise RejectError(Reject.MISSING_PARAMETER, "symbol or coin")
        for each in asked.engine.markets.values():
            if each.product is product and each.quote == asked.text("coin") and not _is_busy(asked, each):
                asked.engine.set_setting(asked.uid, _mode_of(each), mode)
        return {}
    if is_hedged(asked, market) == (mode == "hedge"):
        raise RejectError(Reject.UNCHANGED, "position mode")
    if _is_busy(asked, market):
        raise RejectError(Reject.POSITION_OPEN, market.symbol)
    asked.engine.set_setting(asked.uid, _mode_of(market), mode)
    return {}


def _is_busy(asked: Asked, market: Market) -> bool:
    position = asked.engine.position(asked.uid, market)
    return bool(position.quantity or asked.engine.open_orders(asked.uid, market.product, market))


def set_margin_mode(asked: Asked) -> Result:
    """POST /v5/account/set-margin-mode: cross margin is the only one here."""
    if asked.needed("setMarginMode") != REGULAR:
        raise RejectError(Reject.UNSUPPORTED, "setMarginMode")
    return {"reasons": []}
