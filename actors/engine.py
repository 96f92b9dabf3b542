"""The engine: turns instructions into orders, and follows every order to its end.

An instruction enters once. Its id and content are remembered for ever (actors/id_table.py): the same again is
answered with the earlier outcome, other content under the same id is refused. The engine makes the first checks
(HALTED, BUSY, DUPLICATE_ID), the gate all others; what passes becomes an intent that is journaled before the venue
hears. Cancels pass the gate by; an amendment is the gate's to decide, as what the order may still take changes.

Whatever a venue says about an order comes here first: held against the table of an order's life, fills known by trade
id are dropped, the rest goes to the event logger, which stamps it and tells everybody. State changes in `Orders.follow`
alone, which `apply` calls too. What a simulated venue says of funding and liquidation comes the same way, so that the
journal has it in the venue's order; what live venues say beside orders, by the desk (actors/venue_desk.py).

A fill without a reference price gets the one that its order was decided at: so its slippage is measured.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import get_args

from msgspec.structs import replace

from actors.contract import Actor, Address, Turn
from actors.errors import InvariantError
from actors.followed import FILLED, OUTCOMES, REFUSED
from actors.id_table import IdTable
from actors.intents import amendment_of, cancel_of, intent, received, run_ended
from actors.names import Names, content_digest
from actors.order_ids import client_order_id
from actors.orders_followed import ORDER_EVENTS, Orders
from actors.venue_desk import DeskMessage, VenueDesk
from actors.venue_states import VenueStates
from messages.base import Message, Question
from messages.book import InsurancePaid, Liquidated
from messages.instructions import (
    AmendInstruction,
    AmendNotPassed,
    AmendPassed,
    AmendReceived,
    AmendRefused,
    AskRefusals,
    CancelAllInstruction,
    CancelAllReceived,
    CancelInstruction,
    CancelRefused,
    Code,
    Instruction,
    InstructionReceived,
    InstructionRefused,
    InstructionRepeated,
    RefusalsTold,
    TradeInstruction,
    TradePassed,
    TradeRefused,
)
from messages.journal import Entry, Record, RefuseAtOnce
from messages.lifecycle import ClockJumped, Congested, EndRun, Halt, Halted, MeasureClock, Resume, Resumed
from messages.live import AskOpenQuestions, FollowOrders, ForgetOrder
from messages.market import ExtremesMoved, StaleMark
from messages.order_life import RESTING, SENT, UNKNOWN, after
from messages.orders import (
    AmendOrder,
    AmendSubmitted,
    CancelOrder,
    CancelSubmitted,
    OrderAccepted,
    OrderCommand,
    OrderEvent,
    OrderFilled,
    OrderSubmitted,
    OutcomeKnown,
    SubmitOrder,
)
from messages.units import LIMIT, MARKET, InstructionId, VenueName

VenueFact = ExtremesMoved | StaleMark | Liquidated | InsurancePaid
"""What a simulated venue reports beside orders and funding; passed on as it is."""
EngineMessage = (
    Instruction
    | TradePassed
    | TradeRefused
    | AmendPassed
    | AmendNotPassed
    | OrderEvent
    | VenueFact
    | DeskMessage
    | Halt
    | Resume
    | Congested
    | ClockJumped
    | EndRun
)

_ACCEPTED = after(SENT, OrderAccepted)
_FILLED_WHOLE = after(RESTING, OrderFilled, complete=True)
_ORDER_EVENTS = frozenset(ORDER_EVENTS)
_CROWDED = "too many reports are waiting; no new risk until they are worked"
_NOT_OPEN = "no order of this id is open"


class Engine(Actor[EngineMessage]):
    """Receives instructions and order events; answers through the event logger.

    Args:
        namespace: 16 bytes that set this account's order ids apart from all others.
        halted: Why everything is refused from the start, which no `Resume` ends; or None.
        gate: Hears when an unknown outcome is known.
        log: The event logger.
        strategy: Hears of repeated instructions.
        itself: Each cancel of many is a turn of its own, before anything else of that instant.
        venues: The live ones, which are told what to follow.
        must_settle: Venues that take no instructions until they have settled what is unfinished.
        remembered: How many closed orders are kept, a power of two; of older ones no fill can be told from a repetition
            (actors/orders_followed.py).
    """

    def __init__(  # noqa: PLR0913 - the wiring names each of them
        self,
        *,
        turn: Turn,
        namespace: bytes,
        halted: str | None,
        gate: Address[OutcomeKnown],
        log: Address[Entry | RefuseAtOnce | OrderCommand],
        strategy: Address[InstructionRepeated],
        itself: Address[CancelInstruction],
        venues: Mapping[VenueName, Address[FollowOrders | ForgetOrder | MeasureClock]] = MappingProxyType({}),
        must_settle: Collection[VenueName] = (),
        remembered: int = 64,
    ) -> None:
        self._turn = turn
        self._gate = gate
        self._log = log
        self._strategy = strategy
        self._itself = itself
        self._by_config = self._halted = halted
        self._congested = False
        self._known = IdTable()
        self._names = Names(namespace)
        self._followed = Orders(known=self._known, names=self._names, remembered=remembered)
        self._orders = self._followed.open
        self._states = VenueStates(must_settle)
        self._barred = self._states.barred
        self._desk = VenueDesk(
            turn=turn, orders=self._followed, states=self._states, log=log, venues=venues, report=self._reported
        )
        self._refusals: dict[Code, int] = {}
        self.handlers = {
            TradeInstruction: self._instructed,
            TradePassed: self._send,
            TradeRefused: self._refused,
            CancelInstruction: self._cancel,
            CancelAllInstruction: self._cancel_all,
            AmendInstruction: self._amend,
            AmendPassed: self._send_amendment,
            AmendNotPassed: self._refuse_amendment,
            **self._desk.handlers,
            **dict.fromkeys(ORDER_EVENTS, self._reported),
            OrderAccepted: self._accepted,
            OrderFilled: self._filled,
            **dict.fromkeys(get_args(VenueFact), log.tell),
            Halt: self._halt,
            Resume: self._resume,
            Congested: self._crowded,
            ClockJumped: self._jumped,
            EndRun: lambda end: log.tell(run_ended(end)),
        }

    def answer(self, question: Question) -> Message:
        if isinstance(question, AskOpenQuestions):
            return self._desk.open_questions(self._halted)
        if not isinstance(question, AskRefusals):
            return super().answer(question)
        return RefusalsTold(counts=tuple(sorted((code.value, count) for code, count in self._refusals.items())))

    def apply(self, record: Record) -> None:
        match record.entry:
            case InstructionReceived() as entry:
                self._known.enter(self._names.of(entry.instruction_id).key, content_digest(entry))
            case InstructionRefused() as entry:
                self._count(entry)
            case OrderSubmitted() as entry:
                self._followed.sent(entry, record.at)
            case AmendSubmitted() | CancelSubmitted() as entry:
                if order := self._orders.get(entry.client_order_id):
                    order.asked(entry if isinstance(entry, AmendSubmitted) else None)
            case entry if type(entry) in _ORDER_EVENTS:
                if order := self._followed.find(entry.client_order_id):  # type: ignore[union-attr]  # as its type says
                    self._followed.follow(order, entry)  # type: ignore[arg-type]
                self._desk.fold(entry, record.at)
            case Halted() as entry:
                self._halted = entry.reason
            case Resumed():
                self._halted = self._by_config
            case entry:
                self._desk.fold(entry, record.at)

    def _instructed(self, instruction: TradeInstruction) -> None:
        entry, known, named = received(instruction), self._known, self._names.of(instruction.instruction_id)
        content = content_digest(entry)
        slot = known.enter(named.key, content)
        if slot < 0:
            named.slot, named.slot_of = ~slot, known.growth
        elif known.is_content(slot, content):
            self._repeat(instruction.instruction_id, slot)
            return
        barred = None
        if instruction.venue in self._barred:
            barred = self._states.refusal(instruction.venue, reduce_only=instruction.reduce_only)
        if self._halted is not None:
            self._refuse(entry, Code.HALTED, self._halted)
        elif barred is not None:
            self._refuse(entry, *barred)
        elif self._congested and not instruction.reduce_only:
            self._refuse(entry, Code.BUSY, _CROWDED)
        elif slot >= 0:
            self._refuse(entry, Code.DUPLICATE_ID, "this id was used with other content")
        else:
            self._log.tell(entry)

    def _refuse(self, entry: InstructionReceived, code: Code, detail: str) -> None:
        refused = InstructionRefused(instruction_id=entry.instruction_id, code=code, detail=detail)
        self._count(refused)
        self._log.tell(RefuseAtOnce(received=entry, refused=refused))

    def _refused(self, answer: TradeRefused) -> None:
        refused = InstructionRefused(
            instruction_id=answer.instruction.instruction_id, code=answer.code, detail=answer.detail, price=answer.price
        )
        self._count(refused)
        self._log.tell(refused)

    def _count(self, refused: InstructionRefused) -> None:
        self._refusals[refused.code] = self._refusals.get(refused.code, 0) + 1
        slot = self._known.find(self._names.of(refused.instruction_id).key)
        # A duplicate's refusal leaves the first one's outcome alone; that of an open order is not in the table yet.
        if not self._known.outcome(slot) and self._followed.of(refused.instruction_id) is None:
            self._known.set_outcome(slot, REFUSED)

    def _send(self, passed: TradePassed) -> None:
        order = intent(passed, client_order_id(self._names.of(passed.instruction.instruction_id).digest))
        self._followed.sent(order, self._turn.at)
        self._log.tell(SubmitOrder(intent=order))

    def _cancel(self, wanted: CancelInstruction) -> None:
        order = self._followed.of(wanted.instruction_id)
        if order is None:
            refused = CancelRefused(instruction_id=wanted.instruction_id, code=Code.NOT_OPEN, detail=_NOT_OPEN)
            self._log.tell(refused)
        else:
            order.asked(None)
            self._log.tell(CancelOrder(intent=cancel_of(order.intent)))

    def _cancel_all(self, wanted: CancelAllInstruction) -> None:
        self._log.tell(CancelAllReceived(venue=wanted.venue))
        for order in self._orders.values():
            if order.intent.venue == wanted.venue:
                self._itself.tell(CancelInstruction(instruction_id=order.intent.instruction_id))

    def _amend(self, wanted: AmendInstruction) -> None:
        order = self._followed.of(wanted.instruction_id)
        code, detail = None, ""
        if self._halted is not None:
            code, detail = Code.HALTED, self._halted
        elif self._congested:
            code, detail = Code.BUSY, _CROWDED
        elif order is None:
            code, detail = Code.NOT_OPEN, _NOT_OPEN
        elif (barred := self._states.refusal(order.intent.venue, reduce_only=order.intent.reduce_only)) is not None:
            code, detail = barred
        elif order.intent.order_type is not LIMIT:
            code, detail = Code.NOT_OPEN, f"a {order.intent.order_type} order can't be amended, only a LIMIT one"
        if code is not None:
            self._log.tell(AmendRefused(instruction_id=wanted.instruction_id, code=code, detail=detail))
            return
        self._log.tell(AmendReceived(instruction_id=wanted.instruction_id, price=wanted.price, amount=wanted.amount))

    def _send_amendment(self, passed: AmendPassed) -> None:
        order = self._followed.of(passed.instruction_id)
        if order is None:
            raise InvariantError(f"the gate passed an amendment of {passed.instruction_id}, which is not open")
        change = amendment_of(order.intent, passed)
        order.asked(change)
        self._log.tell(AmendOrder(intent=change))

    def _refuse_amendment(self, answer: AmendNotPassed) -> None:
        self._log.tell(AmendRefused(instruction_id=answer.instruction_id, code=answer.code, detail=answer.detail))

    def _accepted(self, event: OrderAccepted) -> None:
        """Take the usual step from SENT to RESTING; whatever else it may be is for `_reported`."""
        order = self._orders.get(event.client_order_id)
        if order is None or order.state is not SENT:
            self._reported(event)
            return
        order.state, order.accepted, order.order_id = _ACCEPTED, True, event.order_id
        self._log.tell(event)
        if order.intent.order_type is not MARKET:
            self._gate.tell(OutcomeKnown(instruction_id=event.instruction_id))

    def _filled(self, event: OrderFilled) -> None:
        """Take the usual step of an accepted order that is filled whole at once; the rest is for `_reported`."""
        order = self._orders.get(event.client_order_id)
        if event.reference_price is None:
            event = self._referred(event)
        if (
            order is None
            or order.trades
            or order.state is not RESTING
            or not order.accepted
            or event.amount < order.amount
        ):
            self._reported(event)
            return
        order.trades, order.filled, order.state, order.outcome = (event.trade_id,), event.amount, _FILLED_WHOLE, FILLED
        self._followed.close(event.client_order_id, order)
        self._log.tell(event)

    def _referred(self, fill: OrderFilled) -> OrderFilled:
        """Return a fill of which the venue knows no reference price with ours."""
        order = self._followed.find(fill.client_order_id)
        if order is None:
            return fill
        self._states.take(fill, self._turn.at)
        return replace(fill, reference_price=order.reference_of(fill))

    def _reported(self, event: OrderEvent) -> None:
        order = self._orders.get(event.client_order_id) or self._followed.find(event.client_order_id)
        if order is None:
            self._desk.forgotten(event)
            return
        if isinstance(event, OrderFilled) and self._desk.is_doubtful(order, event):
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
        if self._followed.follow(order, event):
            self._log.tell(event)
        if (before is UNKNOWN and order.state is not UNKNOWN) or (
            isinstance(event, OrderAccepted) and order.intent.order_type is not MARKET  # (which is filled at once)
        ):
            self._gate.tell(OutcomeKnown(instruction_id=event.instruction_id))

    def _repeat(self, instruction: InstructionId, slot: int) -> None:
        order = self._followed.of(instruction)
        outcome = self._known.outcome(slot) if order is None else order.outcome
        self._strategy.tell(
            InstructionRepeated(
                instruction_id=instruction,
                outcome=OUTCOMES[outcome],
                client_order_id=client_order_id(self._names.of(instruction).digest),
            )
        )

    def _halt(self, halt: Halt) -> None:
        if self._halted is None:
            self._halted = halt.reason
            self._log.tell(Halted(reason=halt.reason))

    def _resume(self, _resume: Resume) -> None:
        if self._halted is not None and self._halted != self._by_config:
            reason, self._halted = self._halted, self._by_config
            self._log.tell(Resumed(reason=reason))

    def _crowded(self, congested: Congested) -> None:
        self._congested = congested.on

    def _jumped(self, jump: ClockJumped) -> None:
        self._log.tell(jump)
        self._desk.clock_jumped()
