"""The short way of the gate for plain market orders decides, holds and answers as the long way does, always."""

import random
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.ledger import Ledger
from messages.instructions import TradePassed
from messages.orders import OutcomeKnown
from messages.units import LIMIT, InstructionId, Price
from tests.actors.builders import PERP_ID, SPOT_ID, cancelled, candle, filled, market, opening, received, venue
from tests.actors.test_gate import Desk

D = Decimal
KINDS = ("order",) * 6 + ("limit", "spot", "price", "fill", "fill", "cancel", "take")


class Pair:
    """Two gates with a ledger: one as it is, one whose short way is closed."""

    def __init__(self, *, cash: Decimal, leverage: Decimal, base_bps: str) -> None:
        # (A fee that is a large part of what is needed, so that forgetting it shows.)
        model = msgspec.structs.replace(venue(base_bps=base_bps, taker="0.05"), leverage=leverage)
        self.desks = [Desk(usdt="0", model=model) for _ in range(2)]
        self.desks[1].gate._pass_plainly = lambda instruction: False  # type: ignore[method-assign]  # noqa: ARG005, SLF001
        self.ledger = Ledger({each.instrument_id: each for each in model.instruments})
        self.open: list[tuple[str, str, Decimal, Any]] = []
        self.short = 0
        self.tell(self.ledger.book(opening(str(cash))))

    def tell(self, message: Any) -> None:  # noqa: ANN401 - any message for a gate
        for desk in self.desks:
            desk.gate.receive(message)

    def ask(self, wanted: Any) -> None:  # noqa: ANN401 - an instruction
        answers = [desk.check(wanted) for desk in self.desks]
        assert answers[0] == answers[1]
        if isinstance(answers[0], TradePassed):
            self.open.append((wanted.instruction_id, wanted.side, answers[0].amount, wanted.instrument))

    def fill(self, price: Decimal) -> None:
        name, side, amount, instrument = self.open.pop(0)
        fee = amount * price * D("0.05")
        fact = filled(str(amount), str(price), side=side, of=instrument, name=name, fee=str(fee), trade=name)
        self.tell(self.ledger.book(fact))

    def step(self, number: int, kind: str, side: str, value: Decimal) -> None:
        name = f"i{number}"
        if kind == "price":
            closes = candle(str(value), of=PERP_ID), candle(str(value), of=SPOT_ID)
            self.tell(market(*closes))
        elif kind == "fill" and self.open:
            self.fill(value)
        elif kind == "cancel" and self.open:
            self.tell(cancelled(name=self.open.pop()[0]))
        elif kind == "order":
            self.ask(received(str(value), name=name, side=side))
        elif kind == "spot":
            self.ask(received(str(value), name=name, side=side, pair="ETH/USDT"))
        elif kind == "limit":
            self.ask(received(str(value), name=name, side=side, order_type=LIMIT, price=Price(D(2000))))
            self.tell(OutcomeKnown(instruction_id=InstructionId(name)))
        elif kind == "take":  # what else may take margin
            self.tell(self.ledger.book(opening(str(-value / 4))))

    def compare(self) -> None:
        short, long = (desk.gate._holds for desk in self.desks)  # noqa: SLF001 - all that they keep
        assert short.purses == long.purses
        assert list(short.open) == list(long.open)
        for name, one in short.markets.items():
            other = long.markets[name]
            assert (one.quantity, one.cost) == (other.quantity, other.cost)
            assert (one.buys, one.sells) == (other.buys, other.sells)


@pytest.mark.parametrize("leverage", [D(1), D(3), D(10)])
@pytest.mark.parametrize("base_bps", ["0", "7"])
def test_both_ways_answer_the_same(leverage: Decimal, base_bps: str) -> None:
    """Accounts are so small that most stories come to the end of their margin, at its very edge too."""
    chance = random.Random(f"{leverage} {base_bps}")  # noqa: S311 - a test
    for _ in range(60):
        pair = Pair(cash=D(chance.randrange(1, 9)) * 2000 / leverage, leverage=leverage, base_bps=base_bps)
        side = chance.choice(("BUY", "SELL"))
        for number in range(25):
            kind = chance.choice(KINDS)
            mostly = side if chance.random() < 0.8 else chance.choice(("BUY", "SELL"))
            amount, price = D(chance.randrange(1, 150)) / 100, D(chance.randrange(190_000, 210_000)) / 100
            pair.step(number, kind, mostly, amount if kind in {"order", "limit", "spot"} else price)
        pair.compare()


def test_the_short_way_is_taken_and_needs_no_sum_while_much_is_free() -> None:
    pair = Pair(cash=D(1_000_000), leverage=D(1), base_bps="0")
    summed = []
    holds = pair.desks[0].gate._holds  # noqa: SLF001 - to count
    exact = holds.margin_of
    holds.margin_of = lambda account: (summed.append(account), exact(account))[1]  # type: ignore[method-assign,func-returns-value]

    for number in range(10):
        pair.ask(received("1", name=f"i{number}"))
    pair.tell(market())
    pair.ask(received("1", name="later"))

    assert len(summed) == 2
