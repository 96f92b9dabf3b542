"""The dialect of OKX. Pure."""

from actors.exchange.wire.okx.dialect import Okx
from actors.exchange.wire.okx.orders import BODY, EXP_TIME, lasts_ms, wired
from actors.exchange.wire.okx.values import failure_in

OKX = Okx()

__all__ = ["BODY", "EXP_TIME", "OKX", "Okx", "failure_in", "lasts_ms", "wired"]
