"""Price, basis, funding, fees, slippage and liquidation add up to the change of equity, exactly, in total and by part.

Equity is what actors/valuation.py makes of the ledger; the attribution never looks at it.
"""

from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.attribution import Attributor
from actors.ledger import Ledger
from actors.valuation import value
from messages.book import Attribution, BasisMarked, BookTold, Fact, InsurancePaid, Liquidated, Mark
from messages.instruments import Instrument
from messages.market import Candle
from messages.units import CONTEXT, AccountName, Amount, Asset, BaseAmount, InstrumentId, Price, Seq, Side, VenueName
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, filled, instrument, opening, paid
from tests.independent.runs import run_config, write_run

D = Decimal
RECORDED = Path(__file__).parents[3] / "shared" / "data"
BINANCE_PERP = InstrumentId("binance:ETHUSDT-PERP")
MARKETS = (instrument("ETH/USDT"), instrument(), instrument(venue="binance"))


class Book:
    """A ledger with prices, and an attributor beside it."""

    def __init__(self, markets: tuple[Instrument, ...] = MARKETS) -> None:
        self.instruments = {each.instrument_id: each for each in markets}
        self.ledger = Ledger(self.instruments)
        self.attributor = Attributor(self.instruments)
        self.candles: dict[InstrumentId, Candle] = {}
        self.start = D(0)

    def price(self, **closes: str) -> None:
        names = {"spot": SPOT_ID, "perp": PERP_ID, "binance": BINANCE_PERP}
        for name, close in closes.items():
            self.candles[names[name]] = candle(close, of=names[name], at=HOUR)

    def begin(self, *openings: Fact) -> None:
        for fact in openings:
            self.book(fact)
        self.mark()
        self.start = self.equity()

    def book(self, fact: Fact) -> None:
        self.attributor.book(self.ledger.book(fact))

    def mark(self) -> None:
        self.attributor.mark(Mark(instrument=name, price=each.close) for name, each in self.candles.items())

    def equity(self) -> Decimal:
        told = BookTold(balances=tuple(self.ledger.balances()), positions=tuple(self.ledger.positions()))
        return value(told, self.candles, tuple(self.instruments.values()))[0]

    def change(self) -> Decimal:
        return self.equity() - self.start

    def total(self) -> Attribution:
        self.mark()
        return self.attributor.total(self.change())

    def kinds(self) -> dict[str, Decimal]:
        """Return what is not zero."""
        return {kind: amount for kind, amount in msgspec.structs.asdict(self.total()).items() if amount}

    def parts(self) -> dict[str, dict[str, Decimal]]:
        return {
            part.source: {kind: amount for kind, amount in msgspec.structs.asdict(part.attribution).items() if amount}
            for part in self.attributor.parts(self.total())
        }


def at(fill: Any, reference: str) -> Any:  # noqa: ANN401 - a fill
    return msgspec.structs.replace(fill, reference_price=Price(D(reference)))


def book() -> Book:
    made = Book()
    made.price(spot="2000", perp="2010", binance="2020")
    made.begin(opening("10000"), opening("5000", account="binance.perp"))
    return made


def test_nothing_traded_brings_nothing() -> None:
    subject = book()
    subject.price(spot="3000", perp="3100")

    assert subject.kinds() == {}
    assert subject.parts() == {}


def test_an_asset_that_was_there_brings_its_price() -> None:
    subject = Book()
    subject.price(spot="2000")
    subject.begin(opening("3", "ETH"))

    subject.price(spot="2100")

    assert subject.kinds() == {"price": 300}
    assert subject.parts() == {SPOT_ID: {"price": 300}}


def test_a_spot_purchase_brings_slippage_fees_in_base_at_its_price_and_then_the_price() -> None:
    subject = book()

    subject.book(at(filled("1", "2002", of=SPOT_ID, fee="0.001", fee_asset="ETH"), "2000"))
    assert subject.kinds() == {"price": D("0.002"), "slippage": -2, "fees": D("-2.002")}  # the fee is worth 2 by now
    subject.price(spot="2100")

    assert subject.kinds() == {"price": D("99.902"), "slippage": -2, "fees": D("-2.002")}


def test_of_a_hedged_pair_the_price_falls_out_and_the_basis_remains() -> None:
    subject = book()
    subject.book(at(filled("1", "2000", of=SPOT_ID), "2000"))
    subject.book(at(filled("1", "2010", side="SELL"), "2010"))

    subject.price(spot="2500", perp="2504")

    assert subject.kinds() == {"basis": 6}  # the short earned the ten that became four
    assert subject.parts() == {SPOT_ID: {"price": 500}, PERP_ID: {"price": -500, "basis": 6}}


def test_a_perp_elsewhere_is_held_against_the_first_spot_there_is() -> None:
    subject = book()
    subject.book(at(filled("1", "2020", side="SELL", of=BINANCE_PERP), "2020"))

    subject.price(spot="2100", binance="2105")

    assert subject.kinds() == {"price": -100, "basis": 15}


@pytest.mark.parametrize(("first", "then"), [("perp", "spot"), ("spot", "perp")])
def test_the_basis_counts_from_where_both_prices_are_known(first: str, then: str) -> None:
    closes = {"spot": "2000", "perp": "2010"}
    subject = Book()
    subject.price(**{first: closes[first]})
    subject.begin(opening("9000"))
    subject.book(at(filled("1", "2010"), "2010"))
    if first == "perp":
        assert "basis" not in subject.kinds()  # the whole of its price would be one
    subject.price(**{then: closes[then]})
    assert "basis" not in subject.kinds()

    subject.price(spot="2100", perp="2104")

    assert subject.kinds() == {"price": 100, "basis": -6}


def test_a_fold_of_very_many_facts_keeps_those_that_a_basis_of_their_turn_may_be_for() -> None:
    subject = book()
    change = subject.ledger.book(at(filled("1", "2010"), "2010"))
    for seq in range(1, 20_001):
        subject.attributor.fold(change, Seq(seq))

    marked = BasisMarked(venue=VenueName("bybit"), instrument=PERP_ID, price=Price(D(2004)), base_price=Price(D(2000)))
    subject.attributor.fold_basis(marked, Seq(10_001))
    subject.price(perp="2004")

    assert subject.total().basis == 10_000 * (4 - 10)


def test_where_there_is_no_spot_all_of_a_perp_is_price() -> None:
    subject = Book((instrument(),))
    subject.price(perp="2000")
    subject.begin(opening("1000"))
    subject.book(filled("1", "2000"))

    subject.price(perp="2100")

    assert subject.kinds() == {"price": 100}


def test_a_limit_that_fills_away_from_the_mark_is_price_not_basis() -> None:
    subject = book()

    subject.book(at(filled("1", "1990"), "1990"))

    assert subject.kinds() == {"price": 20}


def test_funding_liquidation_and_insurance_have_their_own_kinds() -> None:
    subject = book()
    subject.book(filled("1", "2010"))
    subject.book(paid("-7"))
    subject.price(perp="1010", spot="1000")
    subject.book(
        Liquidated(
            venue=VenueName("bybit"),
            instrument=PERP_ID,
            side=Side.SELL,
            amount=BaseAmount(D(1)),
            price=Price(D(1000)),
            mark=Price(D(1010)),
            fee=Amount(D(2)),
            liquidation_fee=Amount(D(5)),
        )
    )
    subject.book(
        InsurancePaid(
            venue=VenueName("bybit"),
            account=AccountName("bybit"),
            asset=Asset("USDT"),
            instrument=PERP_ID,
            amount=Amount(D(3)),
        )
    )

    assert subject.kinds() == {"price": -1000, "funding": -7, "slippage": -10, "fees": -2, "liquidation": -2}
    assert sum(subject.kinds().values()) == subject.change()


def test_a_fee_in_a_third_asset_is_a_fee_at_its_mark() -> None:
    bnb = instrument("BNB/USDT", base=Asset("BNB"))
    subject = Book((*MARKETS, bnb))
    subject.price(spot="2000", perp="2010")
    subject.candles[bnb.instrument_id] = candle("500", of=bnb.instrument_id)
    subject.begin(opening("10000"), opening("1", "BNB"))

    subject.book(filled("1", "2010", fee="0.01", fee_asset="BNB"))

    assert subject.kinds() == {"fees": -5}
    assert subject.change() == -5


PRICES = st.decimals(min_value="1", max_value="99999", places=8)
AMOUNTS = st.decimals(min_value="0.00001", max_value="999", places=5)


@given(st.data())
def test_the_six_add_up_to_the_change_of_equity_whatever_happens(data: st.DataObject) -> None:
    with localcontext(CONTEXT):
        subject = book()
        for number in range(data.draw(st.integers(min_value=1, max_value=5))):
            subject.price(spot=str(data.draw(PRICES)), perp=str(data.draw(PRICES)), binance=str(data.draw(PRICES)))
            of = data.draw(st.sampled_from([SPOT_ID, PERP_ID, BINANCE_PERP]))
            side = data.draw(st.sampled_from(["BUY", "SELL"]))
            in_base = of == SPOT_ID and side == "BUY"
            fill = filled(
                str(data.draw(AMOUNTS)),
                str(data.draw(PRICES) / 3),  # forty digits
                side=side,
                of=of,
                fee=str(data.draw(AMOUNTS)),
                fee_asset="ETH" if in_base else "USDT",
                trade=f"t{number}",
            )
            subject.book(at(fill, str(data.draw(PRICES))))
            if of != SPOT_ID:
                subject.book(paid(str(data.draw(AMOUNTS)), of=of))
        change, total, parts = subject.change(), msgspec.structs.asdict(subject.total()), subject.parts()

    with localcontext(prec=300):
        assert sum(total.values()) == change
        for kind, amount in total.items():
            assert sum((part.get(kind, D(0)) for part in parts.values()), D(0)) == amount


def test_the_parts_are_those_of_their_instruments_and_not_only_what_is_left() -> None:
    """The total's price is what remains of the change of equity, so that alone would prove little."""
    subject = book()
    for fill in (
        at(filled("2", "2003", of=SPOT_ID, fee="0.002", fee_asset="ETH"), "2000"),
        at(filled("3", "2005", side="SELL", fee="6"), "2010"),
        at(filled("1", "2022", of=BINANCE_PERP, fee="2", trade="t2"), "2020"),
    ):
        subject.book(fill)
    subject.price(spot="1500", perp="1490", binance="1530")
    subject.mark()  # (which counts what was booked)

    alone = dict(subject.attributor._parts())  # noqa: SLF001 - before rounding is put on the largest

    found = {name: sum(msgspec.structs.asdict(part.attribution).values()) for name, part in alone.items()}
    assert found == {
        SPOT_ID: D("1.998") * 1500 - 2 * 2003,
        PERP_ID: 3 * (2005 - 1490) - 6,
        BINANCE_PERP: 1530 - 2022 - 2,
    }
    assert sum(found.values()) == subject.change()


A_MONTH = """
[mode]
type = "backtest"
start = 2024-03-01T00:00:00Z
end = 2024-04-02T00:00:00Z
seed = 1

[data]
dir = "DATA"
resolution = "1h"

[accounts.bybit]
USDT = "100000"

[venues.bybit]
kind = "cex"

[strategy]
use = "hold_basis"

[strategy.params]
venue = "bybit"
base = "ETH"
amount = "10"

[report]
sample = "SAMPLE"
"""


def test_a_month_has_the_same_price_and_basis_however_often_equity_is_marked(tmp_path: Path) -> None:
    if not RECORDED.is_dir():
        pytest.skip("no recorded market data beside the repository")
    found = []
    for sample in ("1h", "8h", "off"):
        config = write_run(tmp_path / sample, A_MONTH.replace("SAMPLE", sample), "", RECORDED)
        found.append(run_config(config).result["attribution"])

    assert abs(D(found[0]["basis"])) > 1
    for other in found[1:]:
        for kind, amount in found[0].items():
            assert abs(D(other[kind]) - D(amount)) < D("1e-9")
