"""`execd journal show` has words for every type of entry, also of one that another version wrote."""

import pytest

from messages.journal import ENTRY_TYPES
from ops.journal_words import words

_OF = {"instruction_id": "a1", "instrument": "bybit:ETHUSDT-PERP", "order_id": "b7"}
_TRADE = _OF | {"side": "SELL", "amount": "1.5"}
_KINDS = {"price": "-8.5", "basis": "2", "funding": "1234.567", "fees": "-1.2345", "slippage": "0", "liquidation": "0"}
_MARKED = {"currency": "USDT", "equity": "101226.8325", "unrealised": "-2.5"}


def test_every_type_has_words_for_fields_that_it_has() -> None:
    fields = {found.__name__: dict.fromkeys(found.__struct_fields__, "value") for found in ENTRY_TYPES}
    fields["NotYetThought"] = {"of": "value"}

    for kind, entry in fields.items():
        said = words(kind, entry)
        assert "value" in said, kind
        assert "?" not in said, kind


@pytest.mark.parametrize(
    ("kind", "entry", "said"),
    [
        ("OrderSubmitted", _TRADE | {"order_type": "MARKET"}, "a1: SELL 1.5 bybit:ETHUSDT-PERP"),
        (
            "OrderSubmitted",
            _TRADE | {"order_type": "LIMIT", "price": "2345.6", "time_in_force": "GTC", "post_only": True},
            "a1: LIMIT SELL 1.5 bybit:ETHUSDT-PERP at 2345.6, post-only",
        ),
        (
            "InstructionReceived",
            _TRADE | {"order_type": "LIMIT", "price": "2345.6", "time_in_force": "FOK", "reduce_only": True},
            "a1: LIMIT SELL 1.5 bybit:ETHUSDT-PERP at 2345.6, FOK, reduce-only",
        ),
        (
            "OrderSubmitted",
            _TRADE | {"order_type": "STOP_LIMIT", "price": "2300", "trigger_price": "2310", "trigger_by": "MARK"},
            "a1: STOP_LIMIT SELL 1.5 bybit:ETHUSDT-PERP at 2300, trigger 2310 (MARK)",
        ),
        (
            "OrderSubmitted",
            _TRADE | {"order_type": "TRAILING_STOP", "trail_bps": "50", "trigger_by": "LAST"},
            "a1: TRAILING_STOP SELL 1.5 bybit:ETHUSDT-PERP, trails by 50 bps",
        ),
        ("OrderTriggered", _OF | {"trigger_price": "2310"}, "a1: bybit:ETHUSDT-PERP, order b7, trigger 2310"),
        ("CancelSubmitted", _OF, "a1: bybit:ETHUSDT-PERP"),
        ("CancelRefused", _OF | {"code": "NOT_OPEN", "detail": "none"}, "a1 not cancelled, NOT_OPEN: none"),
        ("CancelRejected", _OF | {"reason": "NOT_OPEN"}, "a1: bybit:ETHUSDT-PERP not cancelled: NOT_OPEN"),
        ("AmendReceived", _OF | {"price": None, "amount": "2"}, "a1: to amount 2"),
        ("AmendReceived", _OF | {"price": "2340", "amount": "2"}, "a1: to price 2340, amount 2"),
        ("AmendSubmitted", _OF | {"price": "2340", "amount": "2"}, "a1: bybit:ETHUSDT-PERP to 2 at 2340"),
        ("OrderAmended", _OF | {"price": "2340", "amount": "2"}, "a1: bybit:ETHUSDT-PERP, order b7 is now 2 at 2340"),
        ("AmendRefused", _OF | {"code": "BELOW_LOT", "detail": "0"}, "a1 stays as it is, BELOW_LOT: 0"),
        ("AmendRejected", _OF | {"reason": "POST_ONLY"}, "a1: bybit:ETHUSDT-PERP stays as it is: POST_ONLY"),
        (
            "Liquidated",
            _TRADE | {"price": "2500", "mark": "2498", "fee": "2", "liquidation_fee": "47"},
            "SELL 1.5 bybit:ETHUSDT-PERP at 2500, mark 2498, fee 2, liquidation fee 47",
        ),
        (
            "InsurancePaid",
            _OF | {"account": "bybit", "asset": "USDT", "amount": "12.5"},
            "12.5 USDT to bybit, short of it after bybit:ETHUSDT-PERP",
        ),
        ("EquityMarked", _MARKED | {"attribution": None}, "101,226.83 USDT, unrealised -2.50"),
        (
            "EquityMarked",
            _MARKED | {"attribution": _KINDS},
            "101,226.83 USDT, unrealised -2.50: price -8.50, basis +2.00, funding +1,234.57, fees -1.23",
        ),
        (
            "PnlAttributed",
            {"parts": [{"source": "bybit ETH", "attribution": _KINDS}, {"source": "x", "attribution": {}}]},
            "bybit ETH +1,226.83, x +0.00",
        ),
        ("PnlAttributed", {"parts": []}, "nothing"),
        ("StrategySaved", {"state": "s" * 201}, "s" * 200 + "... (201 characters)"),
        (
            "RunEnded",
            {"outcome": "failed", "reason": "why", "market_events": 3, "currency": "USDT", "equity_start": "1"},
            "failed: why, 3 market events, equity 1 to ? USDT",
        ),
        (
            "RunEnded",
            {"outcome": "done", "market_events": 0, "currency": "USDT", "equity_start": "1", "equity_end": "2"},
            "done, equity 1 to 2 USDT",
        ),
        (
            "VenueSettled",
            {"venue": "okx", "epoch": 1, "open": 2, "unknown": 0, "skew_ms": -3},
            "okx: epoch 1, 2 orders open, 0 unknown, its clock -3 ms off",
        ),
    ],
)
def test_the_words_say_what_matters(kind: str, entry: dict[str, object], said: str) -> None:
    assert words(kind, entry) == said


@pytest.mark.parametrize(
    "entry",
    [
        {"equity": "NaN", "attribution": {"price": "1e999999999", "fees": 3}},
        {"equity": "1e999999999", "attribution": {"price": "sNaN", "fees": "Infinity"}},
        {"parts": [{"source": "x", "attribution": {"price": "Infinity", "fees": "-Infinity"}}]},
        {"equity": None, "attribution": "later"},
        {"equity": 3, "attribution": {"price": None}},
        {"parts": [{"source": 1, "attribution": ["other"]}, 7]},
        {"parts": {}},
    ],
)
def test_entries_of_another_shape_are_shown_all_the_same(entry: dict[str, object]) -> None:
    assert words("EquityMarked", entry)
    assert words("PnlAttributed", entry)
