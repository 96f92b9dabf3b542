"""An engine on a desk: mailboxes around it, a journal of what it put on record, and a gate played by hand."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from actors.contract import Turn
from actors.engine import Engine
from messages.instructions import (
    AskRefusals,
    Code,
    InstructionReceived,
    InstructionRefused,
    InstructionRepeated,
    RefusalsTold,
    TradeInstruction,
    TradePassed,
    TradeRefused,
)
from messages.journal import Entry, RefuseAtOnce
from messages.orders import (
    AmendOrder,
    CancelOrder,
    OrderFilled,
    OrderSubmitted,
    SubmitOrder,
)
from messages.units import Amount, Asset, BaseAmount, ClientOrderId, Price
from tests.actors.builders import Mail, instruction, record
from tests.actors.builders import filled as filled_at_a_venue

D = Decimal
NAMESPACE = bytes(range(16))


class Desk:
    """An engine with mailboxes, and a journal of what it told the event logger."""

    def __init__(self, *, halted: str | None = None, namespace: bytes = NAMESPACE, **others: Any) -> None:  # noqa: ANN401 - of an engine
        self.gate, self.log, self.strategy, self.itself = Mail(), Mail(), Mail(), Mail()
        self.halted, self.namespace = halted, namespace
        self.turn = Turn()
        self.others = others
        self.engine = self.new()
        self.journal: list[Entry] = []
        self.times: list[int] = []

    def new(self) -> Engine:
        return Engine(
            turn=self.turn,
            namespace=self.namespace,
            halted=self.halted,
            gate=self.gate,
            log=self.log,
            strategy=self.strategy,
            itself=self.itself,
            **self.others,
        )

    def give(self, message: Any) -> list[Entry]:  # noqa: ANN401 - any message for it
        """Tell it something. Return what was put on record by that."""
        self.engine.receive(message)
        entries: list[Entry] = []
        for told in self.log.take():
            match told:
                case RefuseAtOnce():
                    entries += told.received, told.refused
                case SubmitOrder() | CancelOrder() | AmendOrder():
                    entries.append(told.intent)
                case _:
                    entries.append(told)
        self.journal += entries
        self.times += [self.turn.at] * len(entries)
        return entries

    def send(self, wanted: TradeInstruction | None = None, amount: str = "1") -> ClientOrderId:
        """Let an instruction through; return its order's id."""
        wanted = wanted or instruction(amount)
        self.give(wanted)
        (intent,) = self.give(passed(wanted, amount))
        assert isinstance(intent, OrderSubmitted)
        return intent.client_order_id

    def code(self, wanted: TradeInstruction) -> Code | None:
        """Return the code of a refusal, None if it is only put on record, of which the gate hears."""
        entries = self.give(wanted)
        assert isinstance(entries[0], InstructionReceived)
        assert entries[0].instruction_id == wanted.instruction_id
        if len(entries) == 1:
            return None
        assert isinstance(entries[1], InstructionRefused)
        return entries[1].code

    def outcome(self, wanted: TradeInstruction | None = None) -> str:
        """Give an instruction again; return what is said about the first one."""
        assert self.give(wanted or instruction()) == []
        (answer,) = self.strategy.take()
        assert isinstance(answer, InstructionRepeated)
        return answer.outcome

    def refusals(self) -> dict[str, int]:
        told = self.engine.answer(AskRefusals())
        assert isinstance(told, RefusalsTold)
        return dict(told.counts)

    def fold(self) -> None:
        """Put a new engine in the old one's place, folded from the journal."""
        self.engine = self.new()
        for seq, (entry, at) in enumerate(zip(self.journal, self.times, strict=True), start=1):
            self.engine.apply(record(entry, seq=seq, at=at))
        assert self.log.told == self.gate.told == self.strategy.told == []


def filled(*amounts: str, **words: Any) -> OrderFilled:  # noqa: ANN401 - as in builders
    """Return a fill with the reference price of `passed`, which the engine puts in where there is none."""
    return replace(filled_at_a_venue(*amounts, **words), reference_price=Price(D(2000)))


def received_of(wanted: TradeInstruction) -> InstructionReceived:
    return InstructionReceived(
        venue_type="cex", **{field: getattr(wanted, field) for field in wanted.__struct_fields__}
    )


def passed(wanted: TradeInstruction, amount: str = "1") -> TradePassed:
    return TradePassed(
        instruction=received_of(wanted),
        amount=BaseAmount(D(amount)),
        reference_price=Price(D(2000)),
        held_asset=Asset("USDT"),
        held_amount=Amount(D(2)),
    )


def no(wanted: TradeInstruction, code: Code) -> TradeRefused:
    return TradeRefused(instruction=received_of(wanted), code=code, detail="why", price=Price(D(2000)))
