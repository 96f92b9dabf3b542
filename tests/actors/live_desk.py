"""An engine on a desk with one live venue, played by hand."""

from typing import Any

import pytest
from msgspec.structs import replace

from messages.instructions import (
    AmendRefused,
    Code,
    InstructionRefused,
)
from messages.live import (
    AskOpenQuestions,
    FollowOrders,
    OpenQuestionsTold,
    VenueSettled,
    VenueStarted,
)
from messages.units import (
    Nanoseconds,
    OrderId,
    OrderType,
    Price,
    VenueName,
)
from tests.actors.builders import Mail, accepted, instruction
from tests.actors.engine_desk import D, Desk, passed

BYBIT = VenueName("bybit")
AS_IT_RAN_OR_FOLDED = pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])


class Live(Desk):
    """A desk with one live venue."""

    def __init__(self, *, must_settle: bool = True) -> None:
        self.venue = Mail()
        super().__init__(venues={BYBIT: self.venue}, must_settle=(BYBIT,) if must_settle else ())

    def fold(self) -> None:
        self.gate.take()
        super().fold()

    def start(self, epoch: int = 1, *, at: int | None = None) -> FollowOrders:
        """Let an epoch of the venue begin; return what it is told."""
        if at is not None:
            self.turn.at = Nanoseconds(at)
        self.give(VenueStarted(venue=BYBIT, epoch=epoch))
        return self.followed()

    def followed(self) -> FollowOrders:
        (told,) = self.venue.take()
        assert isinstance(told, FollowOrders)
        return told

    def settle(self, epoch: int = 1) -> None:
        self.give(VenueSettled(venue=BYBIT, epoch=epoch, open=0, unknown=0, skew_ms=0))

    def begin(self) -> None:
        self.start()
        self.settle()

    def questions(self) -> OpenQuestionsTold:
        told = self.engine.answer(AskOpenQuestions())
        assert isinstance(told, OpenQuestionsTold)
        return told

    def refused(self, wanted: Any) -> tuple[Code, str] | None:  # noqa: ANN401 - an instruction
        last = self.give(wanted)[-1]
        return (last.code, last.detail) if isinstance(last, InstructionRefused | AmendRefused) else None


def limit(name: str = "a1", **terms: Any) -> Any:  # noqa: ANN401 - a limit order
    return instruction(name=name, order_type=OrderType.LIMIT, price=Price(D(1990)), **terms)


def resting(desk: Desk, name: str = "a1", *, at: int = 0) -> Any:  # noqa: ANN401 - a client order id
    desk.turn.at = Nanoseconds(at)
    wanted = limit(name)
    desk.give(wanted)
    (intent,) = desk.give(replace(passed(wanted), price=Price(D(1990))))
    desk.give(replace(accepted(name=name, client=intent.client_order_id), order_id=OrderId(f"o-{name}")))  # type: ignore[union-attr]
    return intent.client_order_id  # type: ignore[union-attr]
