"""The engine's components under the specification's names: what a program may look at. They change nothing.

`position_monitor`, `event_logger` and `data_provider` of one engine lead to one run; an interface that is given them
shares it.
"""

import decimal
from collections.abc import Mapping
from decimal import Decimal

from actors.data.series import iso
from actors.valuation import CURRENCY
from config.checks import account_names
from config.problems import nearest, shown
from config.symbols import PERP_FORM, SPOT_FORM, symbol_of
from messages.units import CONTEXT, PERP, SPOT, InstrumentId, plain
from ops.interfaces.answers import LoggedEvent, PositionAnswer, position_answer
from ops.interfaces.choices import WALLET
from ops.interfaces.session import Session

_ZERO = Decimal(0)


class Component:
    """A part of an engine.

    Attributes:
        session: What all parts of one engine share.
    """

    def __init__(self, session: Session) -> None:
        self.session = session


class PositionMonitor(Component):
    """Balances and positions, by our own record."""

    def get_balance(self, asset: str, venue: str | None = None) -> float:
        """Return what lies in an account, without unrealised P&L.

        Args:
            asset: Such as USDT.
            venue: Name of an account: binance (spot), binance.perp, bybit, okx, wallet; None for the sum over all.

        Raises:
            ValueError: No such account.
        """
        return float(self.exact_balance(asset, venue))

    def exact_balance(self, asset: str, venue: str | None = None) -> Decimal:
        """Return what `get_balance` returns, exactly."""
        _check_text(asset, "asset", "an asset such as USDT")
        if venue is not None:
            self._check_account(venue)
        found = [b.amount for b in self.session.book().balances if b.asset == asset and venue in {None, b.account}]
        with decimal.localcontext(CONTEXT):
            return sum(found, _ZERO)

    def get_position(self, symbol: str, venue: str | None = None) -> PositionAnswer:
        """Return the position of a pair, at one venue or the sum over all.

        Args:
            symbol: ETHUSDT-PERP; of ETH/USDT it is what the spot accounts hold of ETH.
            venue: binance, bybit or okx.

        Raises:
            ValueError: No such pair or venue.
        """
        _check_text(symbol, "symbol", f"{SPOT_FORM} or {PERP_FORM}")
        meaning = symbol_of(symbol)
        if meaning is None:
            raise ValueError(f"symbol: not a pair: {shown(symbol)}, expected {SPOT_FORM} or {PERP_FORM}")
        self.check_venue(venue)
        session, book = self.session, self.session.book()
        ours = [each for each in session.instruments.values() if each.symbol == symbol and venue in {None, each.venue}]
        if not ours:
            known = sorted({each.symbol for each in session.instruments.values() if venue in {None, each.venue}})
            raise ValueError(f"symbol: unknown: {shown(symbol)}, {nearest(symbol, known)}")
        held: list[tuple[Decimal, Decimal, Decimal]] = []
        for each in ours:
            mark = session.price(each.instrument_id) or _ZERO
            if meaning.trade_type is SPOT:
                amounts = [b.amount for b in book.balances if b.account == each.account and b.asset == each.base]
                held += [(amount, _ZERO, mark) for amount in amounts]
            else:
                held += [(p.quantity, p.cost, mark) for p in book.positions if p.instrument == each.instrument_id]
        with decimal.localcontext(CONTEXT):
            return position_answer(symbol, venue, held, has_cost=meaning.trade_type is PERP)

    def snapshot(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return everything, exactly: balances by account and asset, and perp positions (base) by venue and symbol."""
        book = self.session.book()
        balances: dict[str, dict[str, str]] = {}
        positions: dict[str, dict[str, str]] = {}
        for balance in book.balances:
            balances.setdefault(balance.account, {})[balance.asset] = plain(balance.amount)
        for position in book.positions:
            symbol = position.instrument.partition(":")[2]
            positions.setdefault(position.venue, {})[symbol] = plain(position.quantity)
        return {"balances": balances, "positions": positions}

    def check_venue(self, venue: str | None) -> None:
        """Look that a venue is one.

        Raises:
            ValueError: It is none.
        """
        if venue is not None:
            _check_known(venue, "venue: unknown", [str(name) for name in self.session.chosen.settings.venues])

    def _check_account(self, name: object) -> None:
        accounts = [each for venue in self.session.chosen.settings.venues for each in account_names(venue)]
        _check_known(name, "venue: no such account", [*accounts, str(WALLET)])


class EventLogger(Component):
    """What was journaled, whether or not a journal is kept in a file."""

    @property
    def events(self) -> list[LoggedEvent]:
        """All events, in the order of the journal; live and on paper the last 10000 since the engine started."""
        return self.session.events()

    def get_events(self, event_type: str | None = None) -> list[LoggedEvent]:
        """Return the events of a type such as CEX_TRADE_EXECUTED; None for all."""
        return [event for event in self.events if event_type in {None, event["event_type"]}]


class DataProvider(Component):
    """The clock, and the last prices."""

    @property
    def timestamp(self) -> str | None:
        """The clock as ISO 8601 in UTC; None before the first trade."""
        at = self.session.at
        return None if at is None else iso(at)

    def get_price(self, venue: str, pair: str) -> float | None:
        """Return the last price of a pair, recorded or given, however old; None where there was none.

        Raises:
            ValueError: No such pair.
        """
        known: Mapping[str, object] = {str(key): each for key, each in self.session.instruments.items()}
        name = f"{venue}:{pair}"
        if name not in known:
            raise ValueError(f"pair: unknown: {shown(name)}, {nearest(name, known)}")
        price = self.session.price(InstrumentId(name))
        return None if price is None else float(price)

    @property
    def currency(self) -> str:
        """What prices and equity are counted in."""
        return CURRENCY


def _check_text(value: object, key: str, expected: str) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key}: {shown(value)}, expected {expected}")


def _check_known(value: object, what: str, known: list[str]) -> None:
    if value not in known:
        hint = nearest(value, known) if isinstance(value, str) else f"expected one of: {', '.join(known)}"
        raise ValueError(f"{what}: {shown(value)}, {hint}")
