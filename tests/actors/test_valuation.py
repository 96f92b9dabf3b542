"""What a coin is worth: its own venue's spot, else the first configured venue's spot, else its own perp."""

from decimal import Decimal

import pytest

from actors.valuation import mark_source, value, venue_of
from messages.book import Balance, BookTold
from messages.instruments import Instrument
from messages.units import AccountName, Amount, Asset, InstrumentId
from tests.actors.builders import instrument

OKX_PERP, OKX_SPOT = InstrumentId("okx:ETHUSDT-PERP"), InstrumentId("okx:ETH/USDT")
BYBIT_PERP, BYBIT_SPOT = InstrumentId("bybit:ETHUSDT-PERP"), InstrumentId("bybit:ETH/USDT")
BINANCE_PERP = InstrumentId("binance:ETHUSDT-PERP")


def markets(*names: str) -> tuple[Instrument, ...]:
    return tuple(instrument(name.partition(":")[2], venue=name.partition(":")[0]) for name in names)


@pytest.mark.parametrize(
    ("account", "there", "source"),
    [
        ("bybit", (OKX_SPOT, BYBIT_SPOT, BYBIT_PERP), BYBIT_SPOT),
        ("bybit", (BYBIT_PERP, OKX_SPOT), OKX_SPOT),
        ("bybit", (OKX_SPOT, InstrumentId("binance:ETH/USDT"), BYBIT_PERP), OKX_SPOT),
        ("bybit", (OKX_PERP, BYBIT_PERP), BYBIT_PERP),
        ("binance.perp", (OKX_SPOT, InstrumentId("binance:ETH/USDT")), InstrumentId("binance:ETH/USDT")),
        ("binance.perp", (OKX_PERP, BINANCE_PERP), BINANCE_PERP),
        ("bybit", (), None),
    ],
    ids=[
        "its own spot", "the first spot, before its own perp", "the first configured of two", "its own perp",
        "an account of a venue", "its own perp, by an account", "none",
    ],
)  # fmt: skip
def test_a_coin_is_valued_at_its_own_spot_else_the_first_configured_spot_else_its_own_perp(
    account: str, there: tuple[InstrumentId, ...], source: InstrumentId | None
) -> None:
    assert mark_source(AccountName(account), Asset("ETH"), markets(*there)) == source


def test_only_markets_of_the_asset_in_the_reports_currency_count() -> None:
    coin = instrument("BTC/USDT", base=Asset("BTC"))
    cross = instrument("ETH/BTC", quote=Asset("BTC"))

    assert mark_source(AccountName("bybit"), Asset("ETH"), (coin, cross)) is None


def test_an_account_belongs_to_the_venue_before_its_point() -> None:
    assert [venue_of(AccountName(name)) for name in ("bybit", "binance.perp")] == ["bybit", "binance"]


def test_an_asset_without_a_price_is_named() -> None:
    eth = Balance(account=AccountName("bybit"), asset=Asset("ETH"), amount=Amount(Decimal(3)))

    with pytest.raises(LookupError, match="ETH in bybit has no price"):
        value(BookTold(balances=(eth,), positions=()), {}, markets(BYBIT_SPOT))
