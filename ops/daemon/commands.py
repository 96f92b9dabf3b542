"""What an operator may tell a running daemon (`ops.daemon.control`)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from actors.errors import ExecdError
from config.decimals import decimal_of
from messages.instructions import CancelAllInstruction
from messages.lifecycle import Halt, Resume
from messages.live import (
    AskOpenQuestions,
    CancelAll,
    OpenQuestionsTold,
    OperatorRefused,
    OperatorResolved,
    Resolution,
    ResolveOrder,
    ResumeVenue,
)
from messages.units import BaseAmount, Price, VenueName
from ops.daemon.control import Command, ControlError
from ops.daemon.running import Running

_LONGEST_ID = 200


def questions_json(questions: OpenQuestionsTold) -> dict[str, object]:
    """Return what is not settled, for machines."""
    return {
        "open": questions.open,
        "unknown": list(questions.unknown),
        "operator_needed": list(questions.operator_needed),
        "halt": questions.halt,
        "halted": dict(questions.halted),
        "unsettled": list(questions.unsettled),
    }


class Commands:
    """The commands of a daemon.

    Args:
        running: It.
        sent_away: Where the traffic of venues goes that may go to another machine (`ops.daemon.endpoints`).
    """

    def __init__(self, running: Running, *, sent_away: Mapping[VenueName, str]) -> None:
        self._running = running
        self._sent_away = sent_away

    def by_name(self) -> Mapping[str, Command]:
        """Return them by name."""
        return {
            "status": self.status,
            "resolve": self.resolve,
            "resume": self.resume,
            "halt": self.halt,
            "cancel_all": self.cancel_all,
        }

    def status(self, _rest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Say what is not settled."""
        try:
            told = self._running.ask("engine", AskOpenQuestions())
        except ExecdError as error:
            raise ControlError(str(error)) from None
        if not isinstance(told, OpenQuestionsTold):
            raise ControlError("the engine did not answer")
        return {**questions_json(told), "sent_away": dict(self._sent_away)}

    def resolve(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Say what became of an order."""
        wanted = resolve_order(rest)
        try:
            said = self._running.tell_and_read("engine", wanted)
        except ExecdError as error:
            raise ControlError(str(error)) from None
        for entry in said:
            if isinstance(entry, OperatorRefused) and entry.order == wanted.order:
                raise ControlError(f"{entry.order}: {entry.detail}")
            if isinstance(entry, OperatorResolved) and wanted.order in {entry.client_order_id, entry.instruction_id}:
                return {"order": entry.client_order_id, "resolution": entry.resolution.value}
        raise ControlError(f"{wanted.order}: nothing came of it")

    def resume(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take instructions again: for a venue that was halted, or, where none is named, after a `halt`."""
        if rest.get("venue") is not None:
            self._running.tell("engine", ResumeVenue(venue=self._venue(rest)))
            return self.status({})
        self._running.tell("engine", Resume())
        told = self.status({})
        if told["halt"] is not None:
            raise ControlError(f"{told['halt']}: expected another config, which a start reads")
        self._tell_venues(Resume())
        return told

    def halt(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuse all new instructions; what is on its way to a venue is not placed either."""
        halt = Halt(reason=_text(rest, "reason"))
        self._tell_venues(halt)
        self._running.tell("engine", halt)
        return self.status({})

    def _tell_venues(self, message: Halt | Resume) -> None:
        for _, ref, is_beside in self._running.venues():
            if is_beside:
                ref.tell(message)

    def cancel_all(self, _rest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Cancel every open order at every venue, past the core where the venue is real."""
        venues = []
        for venue, ref, is_beside in self._running.venues():
            venues.append(venue)
            if is_beside:
                ref.tell(CancelAll(venue=venue))
            else:
                self._running.tell("engine", CancelAllInstruction(venue=venue))
        return {"venues": venues}

    def _venue(self, rest: Mapping[str, Any]) -> VenueName:
        venue = _text(rest, "venue")
        if venue not in {known for known, _, _ in self._running.venues()}:
            raise ControlError(f"venue: {venue}: no such venue runs here")
        return VenueName(venue)


def resolve_order(rest: Mapping[str, Any]) -> ResolveOrder:
    """Return what an operator says of an order.

    Raises:
        ControlError: It makes no sense.
    """
    word = _text(rest, "outcome").upper()
    if word not in Resolution.__members__:
        raise ControlError(f"outcome: {word.lower()}: expected absent or filled")
    amount, price = _number(rest, "amount"), _number(rest, "price")
    return ResolveOrder(
        order=_text(rest, "order"),
        resolution=Resolution(word),
        amount=None if amount is None else BaseAmount(amount),
        price=None if price is None else Price(price),
    )


def _text(rest: Mapping[str, Any], key: str) -> str:
    value = rest.get(key)
    if not isinstance(value, str) or not value or len(value) > _LONGEST_ID or not value.isprintable():
        raise ControlError(f"{key}: expected a text of at most {_LONGEST_ID} characters")
    return value


def _number(rest: Mapping[str, Any], key: str) -> Decimal | None:
    value = rest.get(key)
    if value is None:
        return None
    number = decimal_of(value)
    if number is None or number <= 0:
        raise ControlError(f"{key}: expected a decimal above 0")
    return number
