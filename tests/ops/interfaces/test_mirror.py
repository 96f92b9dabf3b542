"""What the core has told is folded once, and each call finds out what became of its own instruction."""

import asyncio
import threading
from collections.abc import Callable
from decimal import Decimal

import pytest

from actors.intents import received
from messages.base import Event
from messages.instructions import Code, InstructionRefused, InstructionRepeated, TradeInstruction
from messages.instruments import Instrument
from messages.journal import Record
from messages.live import VenueSettled, VenueStarted
from messages.orders import OrderAccepted, OrderCancelled, OrderFilled, OrderUnknown
from messages.units import (
    BUY,
    SPOT,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Liquidity,
    Nanoseconds,
    OrderId,
    Price,
    Seq,
    TradeId,
    VenueName,
)
from ops.interfaces import mirror as kept
from ops.interfaces.listening import Noted
from ops.interfaces.mirror import Claim, Mirror
from ops.interfaces.watches import Watches
from tests.ops.interfaces.calls import run

BYBIT = VenueName("bybit")
ETH = InstrumentId("bybit:ETH/USDT")
ONE = Decimal(1)
MARKET = Instrument(
    instrument_id=ETH,
    venue=BYBIT,
    trade_type=SPOT,
    symbol="ETH/USDT",
    base=Asset("ETH"),
    quote=Asset("USDT"),
    account=AccountName("bybit"),
    tick=Price(ONE),
    lot=BaseAmount(ONE),
    min_quantity=BaseAmount(ONE),
    min_notional=Amount(ONE),
    contract_size=BaseAmount(ONE),
)


def instruction(name: str = "n", amount: int = 2) -> TradeInstruction:
    return TradeInstruction(
        instruction_id=InstructionId(name),
        venue=BYBIT,
        trade_type=SPOT,
        instrument=ETH,
        side=BUY,
        amount=BaseAmount(Decimal(amount)),
    )


def about(name: str = "n") -> dict[str, object]:
    return {
        "venue": BYBIT,
        "instrument": ETH,
        "client_order_id": ClientOrderId(f"x{name}"),
        "instruction_id": InstructionId(name),
    }


def filled(name: str = "n", amount: int = 2, trade: str = "t") -> OrderFilled:
    return OrderFilled(
        **about(name),  # type: ignore[arg-type]
        order_id=OrderId("v"),
        side=BUY,
        amount=BaseAmount(Decimal(amount)),
        price=Price(Decimal(3)),
        fee=Amount(Decimal(0)),
        fee_asset=Asset("USDT"),
        liquidity=Liquidity.TAKER,
        trade_id=TradeId(trade),
    )


def refused(code: Code, name: str = "n") -> InstructionRefused:
    return InstructionRefused(instruction_id=InstructionId(name), code=code, detail="")


class Told:
    """A mirror, and a core that numbers what it tells."""

    def __init__(self) -> None:
        self.changes = 0
        self.seq = 0
        self.mirror = Mirror(Watches(), {ETH: MARKET}, unsettled=[BYBIT], changed=self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def tell(self, *entries: Event) -> None:
        """Tell what one turn journaled."""
        noted = []
        for entry in entries:
            self.seq += 1
            noted.append(Noted(Seq(self.seq), Nanoseconds(self.seq), entry))  # type: ignore[arg-type]
        self.mirror.note(noted)

    def recall(self, seq: int, entry: Event) -> None:
        """Tell what stands in the journal."""
        self.mirror.recall(Record(seq=Seq(seq), at=Nanoseconds(seq), cause=None, hash=b"", entry=entry))  # type: ignore[arg-type]
        self.seq = max(self.seq, seq)

    def claim(self, *words: object) -> Claim:
        return self.mirror.claim(instruction(*words))  # type: ignore[arg-type]


def status(claim: Claim) -> str | None:
    return None if claim.trade is None else claim.trade.status


def is_answered(claim: Claim) -> bool:
    return claim.trade is not None and claim.trade.is_answered


def test_a_claim_follows_its_trade() -> None:
    told = Told()
    claim = told.claim()

    before = status(claim)
    told.tell(received(instruction()))
    on_its_way = status(claim)
    told.tell(OrderAccepted(**about(), order_id=OrderId("v")), filled(amount=1, trade="t1"))  # type: ignore[arg-type]
    some = status(claim)
    assert not is_answered(claim), "a market order goes on at once"
    told.tell(filled(amount=1, trade="t2"))

    assert [before, on_its_way, some, status(claim)] == [None, "OPEN", "PARTIALLY_FILLED", "FILLED"]
    assert is_answered(claim)
    assert told.changes == 2
    assert told.mirror.amount("bybit", "ETH") == 2


def test_the_journal_again_changes_nothing() -> None:
    told = Told()
    told.recall(1, received(instruction()))
    told.recall(2, filled())
    told.tell(received(instruction("m")), filled("m"))

    for seq, entry in enumerate((received(instruction()), filled(), received(instruction("m")), filled("m")), start=1):
        told.recall(seq, entry)

    assert told.mirror.amount("bybit", "ETH") == 4
    assert len(told.mirror.changes) == 1, "what was there before is no change"
    assert [status(told.claim(name)) for name in ("n", "m")] == ["FILLED", "FILLED"]


def test_a_refusal_without_an_entry_of_its_instruction_is_that_of_the_claim_that_waits() -> None:
    told = Told()
    claim = told.claim()

    told.tell(refused(Code.BUSY))

    assert claim.trade is not None
    assert (claim.trade.status, claim.trade.reason, claim.trade.by) == ("REJECTED", "BUSY", "execd")
    assert status(told.claim()) == "REJECTED", "the id is used up"


@pytest.mark.parametrize("code", [Code.DUPLICATE_ID, Code.HALTED])
def test_a_refusal_of_other_content_leaves_the_trade_under_the_same_id_alone(code: Code) -> None:
    told = Told()
    first = told.claim("n", 2)
    told.tell(received(instruction()), OrderUnknown(**about(), reason="TIMEOUT"))  # type: ignore[arg-type]
    same, other = told.claim("n", 2), told.claim("n", 5)
    told.mirror._undecided.discard(InstructionId("n"))  # noqa: SLF001 - as its intent does

    told.tell(refused(code))

    assert [status(first), status(same)] == ["UNKNOWN", "UNKNOWN"]
    assert other.trade is not None
    assert (other.trade.status, other.trade.reason) == ("REJECTED", code.value)


def test_what_is_repeated_is_the_known_trade_or_else_the_journals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CLOSED", 1)
    told = Told()
    for name in ("old", "new"):
        told.tell(received(instruction(name)), filled(name, trade=name))
    old = told.claim("old")
    assert old.is_open

    told.mirror.repeated(
        InstructionRepeated(
            instruction_id=InstructionId("old"), outcome="FILLED", client_order_id=ClientOrderId("xold")
        )
    )

    assert (old.trade, old.repeated) == (None, True)
    assert status(told.claim("new")) == "FILLED"


def test_open_trades_are_kept_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CLOSED", 2)
    told = Told()

    told.tell(*(received(instruction(f"open {n}")) for n in range(5)))
    for n in range(5):
        told.tell(received(instruction(f"n{n}")), filled(f"n{n}", trade=f"t{n}"))
    told.tell(OrderCancelled(**about("open 0"), order_id=OrderId("v"), reason="REQUESTED"))  # type: ignore[arg-type]

    assert [str(name) for name in told.mirror.open] == [f"open {n}" for n in range(1, 5)]
    assert [name for name in told.mirror.trades if name not in told.mirror.open] == ["open 0", "n4"]


def test_a_venue_is_ready_between_its_settling_and_its_next_beginning() -> None:
    told = Told()
    seen = [set(told.mirror.unsettled)]

    told.tell(VenueSettled(venue=BYBIT, epoch=1, open=0, unknown=0, skew_ms=0))
    seen.append(set(told.mirror.unsettled))
    told.tell(VenueStarted(venue=BYBIT, epoch=2))
    seen.append(set(told.mirror.unsettled))

    assert seen == [{BYBIT}, set(), {BYBIT}]


def test_who_waits_is_woken_by_another_thread_and_only_by_what_it_waits_for() -> None:
    watches, told = Watches(), list[int]()

    def change(number: int) -> None:
        with watches.change():
            told.append(number)

    async def work() -> list[bool]:
        two = asyncio.create_task(watches.until(lambda: len(told) == 2, timeout_s=None))
        never = asyncio.create_task(watches.until(lambda: len(told) > 5, timeout_s=0.2))
        await asyncio.sleep(0)
        for number in range(2):
            threading.Thread(target=change, args=(number,)).start()
        return [await two, await never, await watches.until(lambda: True, timeout_s=0)]

    assert run(work()) == [True, False, True]


def test_a_loop_that_has_ended_is_no_trouble_for_who_changes_something() -> None:
    watches = Watches()
    left: list[Callable[[], bool]] = []

    async def work() -> None:
        waiting = asyncio.create_task(watches.until(lambda: bool(left), timeout_s=None))
        await asyncio.sleep(0)
        kept_watches = list(watches._watches)  # noqa: SLF001 - as if its task had never come to its end
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        watches._watches = kept_watches  # noqa: SLF001

    run(work())
    with watches.change():
        left.append(lambda: True)
