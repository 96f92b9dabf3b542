"""A venue that says before a start what a test wants it to say."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from actors.exchange.live.errors import RequestFailedError
from actors.exchange.wire.contract import Call, Failure, Page, Query, SeenAccount, Verdict
from tests.actors.builders import PERP_ID
from tests.ops.daemon.house import balance, position


def a_market(unified: str) -> dict[str, Any]:
    """Return a market as ccxt has it."""
    is_perp = ":" in unified
    return {
        "id": "ETHUSDT",
        "spot": not is_perp,
        "swap": is_perp,
        "linear": is_perp,
        "active": True,
        "contractSize": 1.0 if is_perp else None,
        "precision": {"price": 0.01, "amount": 0.01},
        "limits": {"amount": {"min": 0.01}, "cost": {"min": 5.0}},
    }


class Says:
    """What a venue says, and what it was asked to change.

    Attributes:
        breaks: Raised by every question.
        refuses: Raised by a change, by its name.
    """

    def __init__(self) -> None:
        self.skew_ms = 0
        self.markets = {each: a_market(each) for each in ("ETH/USDT", "ETH/USDT:USDT")}
        self.account = SeenAccount(uid="7", may_trade=True, may_withdraw=False, one_way=True)
        self.said: dict[str, tuple[Any, ...]] = {
            "balances": (balance("5"),),
            "positions": (position("0"),),
            "open_orders": (),
            "leverage": ((PERP_ID, Decimal(1)),),
        }
        self.breaks: Exception | None = None
        self.refuses: dict[str, Exception] = {}
        self.changed: list[str] = []
        self.closed = 0


class Speech:
    """A dialect whose questions are names."""

    def __init__(self, says: Says) -> None:
        self._says = says

    def account(self, _markets: object) -> Sequence[Query[Any]]:
        return [_asks("account")]

    def balances(self, _markets: object) -> Sequence[Query[Any]]:
        return [_asks("balances")]

    def positions(self, _markets: object) -> Sequence[Query[Any]]:
        return [_asks("positions")]

    def open_orders(self, _markets: object) -> Sequence[Query[Any]]:
        return [_asks("open_orders")]

    def leverage(self, _markets: object) -> Sequence[Query[Any]]:
        return [_asks("leverage")]

    def set_one_way(self, _market: object) -> Sequence[Call]:
        return [_call("one_way")]

    def set_cross(self, _market: object) -> Sequence[Call]:
        return [_call("cross")]

    def set_leverage(self, _market: object, leverage: Decimal) -> Sequence[Call]:
        return [_call(f"leverage {leverage}")]

    def judge(self, failure: Failure) -> Verdict:
        return Verdict(failure.code)


class Client:
    """A client of it."""

    def __init__(self, says: Says) -> None:
        self._says, self.dialect = says, Speech(says)

    @property
    def skew_ms(self) -> int:
        return self._says.skew_ms

    def now_ms(self) -> int:
        return 0

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        self._says.closed += 1

    async def measure_skew(self) -> int:
        if self._says.breaks is not None:
            raise self._says.breaks
        return self._says.skew_ms

    async def load_markets(self, *, deadline_s: float) -> Any:  # noqa: ANN401 - as ccxt has it
        del deadline_s
        return self._says.markets

    async def read(self, query: Query[Any], **_how: object) -> tuple[Any, ...]:
        name = query.call.api
        return (self._says.account,) if name == "account" else self._says.said[name]

    async def send_surely_once(self, call: Call, **_how: object) -> object:
        name = call.api.partition(" ")[0]
        if name in self._says.refuses:
            raise self._says.refuses[name]
        self._says.changed.append(call.api)
        if name == "one_way":
            self._says.account = SeenAccount(uid="7", may_trade=True, may_withdraw=False, one_way=True)
        if name == "leverage":
            self._says.said["leverage"] = ((PERP_ID, Decimal(call.api.partition(" ")[2])),)
        return {}


def _call(name: str) -> Call:
    return Call(api=name, params={}, group="any")


def _asks(name: str) -> Query[Any]:
    return Query(call=_call(name), read=lambda _answer: Page(items=()))


def refused(verdict: Verdict) -> RequestFailedError:
    return RequestFailedError(Failure(status=400, code=verdict.value, text="planted"))
