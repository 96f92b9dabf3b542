"""Risk measures each fact at the price that it was traded or valued at; what has no price of its own counts nothing."""

from decimal import Decimal
from typing import Any

import pytest

from actors.risk import Risk
from messages.book import BookChanged, ExposureChanged, InsurancePaid, Liquidated
from tests.actors.builders import PERP_ID, Mail, filled, opening, paid

D = Decimal


def liquidated() -> Liquidated:
    """Return a liquidation at 1900, with the mark at 1901."""
    fields: dict[str, Any] = {"venue": "bybit", "instrument": PERP_ID, "side": "SELL", "amount": D(1)}
    prices: dict[str, Any] = {"price": D(1900), "mark": D(1901), "fee": D(1), "liquidation_fee": D(2)}
    return Liquidated(**fields, **prices)


def insured() -> InsurancePaid:
    """Return a payment of the insurance fund."""
    fields: dict[str, Any] = {"venue": "bybit", "account": "bybit", "asset": "USDT", "amount": D(7)}
    return InsurancePaid(instrument=PERP_ID, **fields)


@pytest.mark.parametrize(
    ("fact", "price"),
    [
        (filled("1", "2000"), "2000"),
        (liquidated(), "1900"),
        (paid(mark="2100"), "2100"),
        (opening(), "0"),
        (insured(), "0"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_fact_is_measured_at_its_own_price(fact: Any, price: str) -> None:  # noqa: ANN401 - any fact
    pnl = Mail()
    nothing: Any = D(0)
    book = BookChanged(fact=fact, balances=(), position=None, realised=nothing, fee_in_quote=nothing)
    net: Any = D(-2)
    gross: Any = D(3)
    base: Any = "ETH"

    Risk(pnl=pnl).receive(ExposureChanged(book=book, base=base, net=net, gross=gross))

    (measured,) = pnl.told
    assert (measured.net_notional, measured.gross_notional) == (-2 * D(price), 3 * D(price))
