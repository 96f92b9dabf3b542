"""The engine: turns instructions into orders, and follows every order to its end.

An instruction enters once. Its id and content are remembered for ever (actors/id_table.py): the same again is
answered with the earlier outcome, other content under the same id is refused. The engine makes the first checks
(HALTED, BUSY, DUPLICATE_ID), the gate all others; what passes becomes an intent that is journaled before the venue
hears.

Whatever a venue says about an order comes here first: held against the table of an order's life, fills known by trade
id are dropped, the rest goes to the event logger, which stamps it and tells everybody. State changes in `_follow`
alone, which `apply` calls too.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import get_args

import msgspec

from actors.contract import Actor, Address
from actors.errors import InvariantError
from actors.id_table import IdTable
from actors.order_ids import client_order_id, id_digest
from messages.base import Message, Question
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
from messages.journal import Entry, Record, RefuseAtOnce
from messages.lifecycle import ClockJumped, Congested, EndRun, Halt, Halted, RunEnded
from messages.order_life import CLOSED, SENT, UNKNOWN, OrderState, after
from messages.orders import (
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    OutcomeKnown,
    SubmitOrder,
)
from messages.units import MARKET, ClientOrderId, InstructionId, TradeId, plain

EngineMessage = TradeInstruction | TradePassed | TradeRefused | OrderEvent | Halt | Congested | ClockJumped | EndRun

_REMEMBERED_ORDERS = 64
"""How many closed orders are kept: for a fill after a cancel, and to know a repeated one by its trade id.

Of one that closed earlier whole, every report is a repetition; of one that was cancelled so long ago a person has to
look at it."""

_64_BITS = (1 << 64) - 1
_ZERO = Decimal(0)
_OUTCOMES = ("NONE", "OPEN", "REFUSED", "REJECTED", "FILLED", "CANCELLED", "EXPIRED", "UNKNOWN")
_OPEN = _OUTCOMES.index("OPEN")
_FILLED = _OUTCOMES.index("FILLED")
_REJECTED = _OUTCOMES.index("REJECTED")
_OUTCOME_OF = {
    OrderAccepted: _OPEN,
    OrderRejected: _REJECTED,
    OrderFilled: _OPEN,
    OrderCancelled: _OUTCOMES.index("CANCELLED"),
    OrderExpired: _OUTCOMES.index("EXPIRED"),
    OrderUnknown: _OUTCOMES.index("UNKNOWN"),
}


class _Order(msgspec.Struct):
    """An order that is not forgotten yet.

    Attributes:
        key: Of its instruction in the table of ids.
        slot, slot_of: Where the table keeps it, as long as the table's `growth` is `slot_of`.
        outcome: As the table has it.
        trades: Ids of its fills.
        accepted: The venue said so, or a fill implied it.
    """

    amount: Decimal
    key: int
    filled: Decimal = _ZERO
    state: OrderState = SENT
    outcome: int = _OPEN
    slot: int = -1
    slot_of: int = -1
    trades: tuple[TradeId, ...] = ()
    accepted: bool = False


class Engine(Actor[EngineMessage]):
    """Receives instructions and order events; answers through the event logger.

    Args:
        namespace: 16 bytes that set this account's order ids apart from all others.
        halted: Why everything is refused from the start, or None.
        gate: Hears when an unknown outcome is known.
        log: The event logger.
        strategy: Hears of repeated instructions.
    """

    def __init__(
        self,
        *,
        namespace: bytes,
        halted: str | None,
        gate: Address[OutcomeKnown],
        log: Address[Entry | RefuseAtOnce | SubmitOrder],
        strategy: Address[InstructionRepeated],
    ) -> None:
        self._namespace = namespace
        self._gate = gate
        self._log = log
        self._strategy = strategy
        self._halted = halted
        self._congested = False
        self._known = IdTable()
        self._orders: dict[ClientOrderId, _Order] = {}
        self._closed: OrderedDict[ClientOrderId, _Order] = OrderedDict()
        self._refusals: dict[Code, int] = {}
        self._digested = InstructionId(""), b"", 0
        self._entered = InstructionId(""), -1, -1
        self.handlers = {
            TradeInstruction: self._instructed,
            TradePassed: self._send,
            TradeRefused: self._refused,
            **dict.fromkeys(get_args(OrderEvent), self._reported),
            Halt: self._halt,
            Congested: self._crowded,
            ClockJumped: self._jumped,
            EndRun: self._end,
        }

    def answer(self, question: Question) -> Message:
        if not isinstance(question, AskRefusals):
            return super().answer(question)
        return RefusalsTold(counts=tuple(sorted((code.value, count) for code, count in self._refusals.items())))

    def apply(self, record: Record) -> None:
        match record.entry:
            case InstructionReceived() as entry:
                self._known.enter(*self._keys(entry))
            case InstructionRefused() as entry:
                self._count(entry)
            case OrderSubmitted() as entry:
                self._open(entry)
            case OrderAccepted() | OrderFilled() | OrderRejected() | OrderCancelled() | OrderExpired() | OrderUnknown():
                if order := self._order(record.entry):
                    self._follow(order, record.entry)
            case Halted() as entry:
                self._halted = entry.reason
            case _:
                pass

    def _instructed(self, instruction: TradeInstruction) -> None:
        received = InstructionReceived(
            instruction_id=instruction.instruction_id,
            venue_type="cex",
            venue=instruction.venue,
            trade_type=instruction.trade_type,
            instrument=instruction.instrument,
            side=instruction.side,
            amount=instruction.amount,
            reduce_only=instruction.reduce_only,
        )
        key, content = self._keys(received)
        slot = self._known.enter(key, content)
        self._entered = instruction.instruction_id, slot if slot >= 0 else ~slot, self._known.growth
        if slot >= 0 and self._known.content(slot) == content:
            self._repeat(instruction.instruction_id, slot)
            return
        if self._halted is not None:
            self._refuse(received, Code.HALTED, self._halted)
        elif self._congested and not instruction.reduce_only:
            self._refuse(received, Code.BUSY, "too many reports are waiting; no new risk until they are worked")
        elif slot >= 0:
            self._refuse(received, Code.DUPLICATE_ID, "this id was used with other content")
        else:
            self._log.tell(received)

    def _refuse(self, received: InstructionReceived, code: Code, detail: str) -> None:
        refused = InstructionRefused(instruction_id=received.instruction_id, code=code, detail=detail)
        self._count(refused)
        self._log.tell(RefuseAtOnce(received=received, refused=refused))

    def _refused(self, answer: TradeRefused) -> None:
        refused = InstructionRefused(
            instruction_id=answer.instruction.instruction_id, code=answer.code, detail=answer.detail, price=answer.price
        )
        self._count(refused)
        self._log.tell(refused)

    def _count(self, refused: InstructionRefused) -> None:
        self._refusals[refused.code] = self._refusals.get(refused.code, 0) + 1
        slot = self._known.find(self._key(refused.instruction_id))
        if not self._known.outcome(slot):  # a duplicate's refusal leaves the first one's outcome alone
            self._known.set_outcome(slot, _OUTCOMES.index("REFUSED"))

    def _send(self, passed: TradePassed) -> None:
        instruction = passed.instruction
        order_id = client_order_id(self._digest_of(instruction.instruction_id))
        intent = OrderSubmitted(
            instruction_id=instruction.instruction_id,
            client_order_id=order_id,
            venue=instruction.venue,
            instrument=instruction.instrument,
            side=instruction.side,
            amount=passed.amount,
            order_type=MARKET,
            price=None,
            reduce_only=instruction.reduce_only,
            reference_price=passed.reference_price,
            held_asset=passed.held_asset,
            held_amount=passed.held_amount,
        )
        self._open(intent)
        self._log.tell(SubmitOrder(intent=intent))

    def _reported(self, event: OrderEvent) -> None:
        order = self._orders.get(event.client_order_id) or self._order(event)
        if order is None:
            return
        if not order.accepted and isinstance(event, OrderFilled):
            # A fill that overtakes its acceptance implies it: exactly one precedes every fill in the journal.
            self._reported(
                OrderAccepted(
                    venue=event.venue,
                    instrument=event.instrument,
                    order_id=event.order_id,
                    client_order_id=event.client_order_id,
                    instruction_id=event.instruction_id,
                )
            )
        before = order.state
        if self._follow(order, event):
            self._log.tell(event)
        if before is UNKNOWN and order.state is not UNKNOWN:
            self._gate.tell(OutcomeKnown(instruction_id=event.instruction_id))

    def _order(self, event: OrderEvent) -> _Order | None:
        """Return the order that a report is about; None where it repeats what is long settled."""
        order = self._orders.get(event.client_order_id) or self._closed.get(event.client_order_id)
        if order is None and not self._is_long_settled(event):
            raise InvariantError(f"{event.venue} reports on order {event.client_order_id}, which we never sent")
        return order

    def _is_long_settled(self, event: OrderEvent) -> bool:
        """Return whether the report is about an order of ours that came to an end after which nothing can follow."""
        slot = self._known.find(self._key(event.instruction_id))
        ours = client_order_id(self._digest_of(event.instruction_id)) == event.client_order_id
        return slot >= 0 and ours and self._known.outcome(slot) in {_FILLED, _REJECTED}

    def _open(self, intent: OrderSubmitted) -> None:
        order = _Order(intent.amount, self._key(intent.instruction_id))
        if self._entered[0] == intent.instruction_id:
            _, order.slot, order.slot_of = self._entered
        self._orders[intent.client_order_id] = order
        self._known.set_outcome(self._slot(order), _OPEN)

    def _follow(self, order: _Order, event: OrderEvent) -> bool:
        """Move an order on; return whether the event was news."""
        before = order.state
        if isinstance(event, OrderFilled):
            if event.trade_id in order.trades:
                return False
            order.trades += (event.trade_id,)
            order.filled += event.amount
            complete = order.filled >= order.amount
            order.state = after(before, OrderFilled, complete=complete)
            outcome = _FILLED if complete else _OPEN
            news = True
        else:
            order.state = after(before, type(event))
            outcome = _OUTCOME_OF[type(event)]
            news = order.state is not before
            if isinstance(event, OrderAccepted):
                news, order.accepted = not order.accepted, True
        if outcome != order.outcome and (order.state is not before or outcome == _FILLED):
            order.outcome = outcome
            self._known.set_outcome(self._slot(order), outcome)
        if order.state is CLOSED and before is not CLOSED:
            self._close(event.client_order_id, order)
        return news

    def _slot(self, order: _Order) -> int:
        """Return where the instruction's id is kept; it moves when the table grows."""
        if order.slot_of != self._known.growth:
            order.slot_of, order.slot = self._known.growth, self._known.find(order.key)
        return order.slot

    def _close(self, order_id: ClientOrderId, order: _Order) -> None:
        del self._orders[order_id]
        self._closed[order_id] = order
        if len(self._closed) > _REMEMBERED_ORDERS:
            self._closed.popitem(last=False)

    def _repeat(self, instruction: InstructionId, slot: int) -> None:
        self._strategy.tell(
            InstructionRepeated(
                instruction_id=instruction,
                outcome=_OUTCOMES[self._known.outcome(slot)],
                client_order_id=client_order_id(self._digest_of(instruction)),
            )
        )

    def _halt(self, halt: Halt) -> None:
        if self._halted is None:
            self._halted = halt.reason
            self._log.tell(Halted(reason=halt.reason))

    def _crowded(self, congested: Congested) -> None:
        self._congested = congested.on

    def _jumped(self, jump: ClockJumped) -> None:
        self._log.tell(jump)
        self._halt(Halt(reason="the wall clock jumped; skew is not measured yet"))

    def _end(self, end: EndRun) -> None:
        self._log.tell(
            RunEnded(
                outcome=end.outcome,
                reason=end.reason,
                market_events=end.market_events,
                currency=end.currency,
                equity_start=end.equity_start,
                equity_end=end.equity_end,
            )
        )

    def _digest_of(self, instruction: InstructionId) -> bytes:
        """Return the digest of an instruction's id; the same one is asked for several times in a row."""
        if self._digested[0] != instruction:
            digest = id_digest(self._namespace, instruction)
            self._digested = instruction, digest, int.from_bytes(digest[24:], "big")
        return self._digested[1]

    def _key(self, instruction: InstructionId) -> int:
        self._digest_of(instruction)
        return self._digested[2]

    def _keys(self, entry: InstructionReceived) -> tuple[int, int]:
        """Return 64 bits that stand for an instruction's id, and 64 for its content.

        The content's are Python's own hash of texts, another in every process: it is compared within one process alone.
        (Of numbers it would not do: those that differ by 2**61 - 1 have the same.)
        """
        content = hash((entry.instrument, entry.side, plain(entry.amount), entry.reduce_only))
        return self._key(entry.instruction_id), content & _64_BITS
