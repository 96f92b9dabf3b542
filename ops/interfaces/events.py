"""How journaled entries are told as events: a name, and fields as plain values.

A fill is CEX_TRADE_EXECUTED, with the keys of `Executed`. Every other entry has its type's name in capitals
(OrderSubmitted: ORDER_SUBMITTED) and its own fields, decimals as exact texts.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from actors.data.series import iso
from messages.base import Event
from messages.orders import OrderFilled
from messages.units import InstructionId, plain
from ops.interfaces.answers import LoggedEvent, executed
from ops.interfaces.followed_trade import FollowedTrade
from ops.interfaces.listening import Noted

TRADE_EXECUTED = "CEX_TRADE_EXECUTED"
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def name_of(entry: Event) -> str:
    """Return the type of event that an entry is."""
    return TRADE_EXECUTED if isinstance(entry, OrderFilled) else _WORD.sub("_", type(entry).__name__).upper()


def trade_of(entry: Event, trades: Mapping[InstructionId, FollowedTrade]) -> FollowedTrade | None:
    """Return the trade that an entry is about."""
    name = getattr(entry, "instruction_id", None)
    return None if name is None else trades.get(name)


def data_of(entry: Event, trade: FollowedTrade | None, mode: str) -> dict[str, object]:
    """Return what an event tells; `trade` is the one that it is about."""
    if isinstance(entry, OrderFilled) and trade is not None:
        return {**executed(entry, trade, mode)}
    return _fields(entry)


def logged(noted: Noted, trade: FollowedTrade | None, mode: str) -> LoggedEvent:
    """Return a journaled entry as an event; `trade` is the one that it is about."""
    return {
        "event_type": name_of(noted.entry),
        "timestamp": iso(noted.at),
        "timestamp_ns": noted.at,
        "seq": noted.seq,
        "data": data_of(noted.entry, trade, mode),
    }


def _fields(value: msgspec.Struct) -> dict[str, object]:
    return {name: _simple(getattr(value, name)) for name in value.__struct_fields__}


def _simple(value: object) -> object:
    match value:
        case msgspec.Struct():
            return _fields(value)
        case tuple():
            return [_simple(each) for each in value]
        case Decimal():
            return plain(value)
        case str():
            return str(value)
        case _:
            return value
