"""What the exchange has on record against what the journal says: orders, trades, positions and balances."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from actors.journal.reader import JournalReader
from actors.ledger import Ledger
from actors.order_ids import client_order_id, id_digest
from messages.instruments import Instrument
from messages.journal import Record
from messages.live import ForeignTrade
from messages.orders import OrderFilled, OrderSubmitted
from messages.units import (
    PERP,
    SPOT,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    InstrumentId,
    Price,
    VenueName,
)
from tests.ops.daemon.rehearsal import PAIRS, SYMBOLS

_STEP = Decimal("0.01")


def instruments() -> dict[InstrumentId, Instrument]:
    """Return the markets of a rehearsal, as far as a ledger needs them."""
    found = {}
    for venue, product in SYMBOLS:
        symbol = PAIRS[product]
        account = "binance.perp" if (venue, product) == ("binance", "PERP") else venue
        key = InstrumentId(f"{venue}:{symbol}")
        found[key] = Instrument(
            instrument_id=key,
            venue=VenueName(venue),
            trade_type=PERP if product == "PERP" else SPOT,
            symbol=symbol,
            base=Asset("ETH"),
            quote=Asset("USDT"),
            account=AccountName(account),
            tick=Price(_STEP),
            lot=BaseAmount(_STEP),
            min_quantity=BaseAmount(_STEP),
            min_notional=Amount(_STEP),
            contract_size=BaseAmount(Decimal(1)),
        )
    return found


class Compared:
    """Both records, read.

    Attributes:
        records: The journal's.
        placed: How often the exchange took an order with each client id, orders that trigger orders became left out.
        trades: Of the exchange: instrument, trade id, and side: two orders of ours may trade with each other.
        told: Of the journal, likewise: fills of our orders.
        foreign: Of the journal: trades that it takes for somebody else's.
    """

    def __init__(self, record: Path, journal: Path) -> None:
        with JournalReader(journal) as reader:
            self.records: list[Record] = list(reader.records())
            self.namespace = bytes.fromhex(str(reader.manifest.described()["namespace"]))
        self._record = sqlite3.connect(f"file:{record}?mode=ro", uri=True)
        self.placed = Counter(name for (name,) in self._ask("SELECT client_order_id FROM orders WHERE parent_id = ''"))
        names = {(venue, product, symbol): f"{venue}:{PAIRS[product]}" for (venue, product), symbol in SYMBOLS.items()}
        self.trades = Counter(
            (names[venue, product, symbol], trade, side)
            for venue, product, symbol, trade, side in self._ask(
                "SELECT venue, product, symbol, trade_id, side FROM trades AS t WHERE client_order_id != '' OR EXISTS ("
                "SELECT 1 FROM orders AS o WHERE parent_id != '' AND o.venue = t.venue AND o.product = t.product "
                "AND o.symbol = t.symbol AND o.order_id = t.order_id)"  # of an order that a stop became: a name less
            )
        )
        entries = [each.entry for each in self.records]
        self.told = Counter(
            (each.instrument, each.trade_id, each.side.value) for each in entries if isinstance(each, OrderFilled)
        )
        self.foreign = [each for each in entries if isinstance(each, ForeignTrade)]
        self.submitted = Counter(each.client_order_id for each in entries if isinstance(each, OrderSubmitted))

    def _ask(self, query: str) -> list[tuple[str, ...]]:
        return self._record.execute(query).fetchall()

    def differences(self) -> list[str]:
        """Return everything in which the two disagree."""
        found = [f"{name} was placed {count} times" for name, count in self.placed.items() if count > 1]
        found += [f"{name} was submitted {count} times" for name, count in self.submitted.items() if count > 1]
        found += [
            f"{name} is at the exchange and not in the journal" for name in self.placed.keys() - self.submitted.keys()
        ]
        found += [f"trade {name}: {count} times at the exchange" for name, count in self.trades.items() if count > 1]
        found += [f"trade {name} is lost" for name in self.trades.keys() - self.told.keys()]
        found += [f"trade {name} is made up" for name in self.told.keys() - self.trades.keys()]
        found += [f"trade {name} is told {count} times" for name, count in self.told.items() if count > 1]
        found += [f"our trade is taken for a stranger's: {each}" for each in self.foreign]
        return found + self._wrong_ids() + self._positions() + self._balances()

    def _wrong_ids(self) -> list[str]:
        """Return the intents whose client id does not derive from their instruction."""
        intents = [each.entry for each in self.records if isinstance(each.entry, OrderSubmitted)]
        return [
            f"{each.instruction_id} has the id {each.client_order_id}"
            for each in intents
            if each.client_order_id != client_order_id(id_digest(self.namespace, each.instruction_id))
        ]

    def _folded(self) -> Ledger:
        ledger = Ledger(instruments())
        for each in self.records:
            ledger.fold(each)
        return ledger

    def _positions(self) -> list[str]:
        """Return the perps of which more or less is booked than is at the exchange."""
        names = {(venue, symbol): product for (venue, product), symbol in SYMBOLS.items() if product == "PERP"}
        there = {
            f"{venue}:{PAIRS[names[venue, symbol]]}": Decimal(quantity)
            for venue, symbol, quantity in self._ask("SELECT venue, symbol, quantity FROM positions")
            if Decimal(quantity)
        }
        booked = {str(each.instrument): Decimal(each.quantity) for each in self._folded().positions()}
        return [
            f"{name}: {booked.get(name, 0)} booked, {there.get(name, 0)} at the exchange"
            for name in sorted(there.keys() | booked.keys())
            if there.get(name) != booked.get(name)
        ]

    def book(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the balances that the journal comes to, by account and asset; of cash less the cost of positions.

        Trades of several orders may be journaled in another order than they were made in. What was realised depends on
        that, and with it cash and cost, each by as much as the other; cash less cost does not.
        """
        ledger, markets = self._folded(), instruments()
        book = {(str(each.account), str(each.asset)): Decimal(each.amount) for each in ledger.balances()}
        for position in ledger.positions():
            market = markets[position.instrument]
            book[market.account, market.quote] -= position.cost
        return book

    def _costs(self) -> Mapping[str, Decimal]:
        """Return what the exchange's positions cost, by account."""
        costs: dict[str, Decimal] = {}
        for venue, quantity, price in self._ask("SELECT venue, quantity, entry_price FROM positions"):
            account = "binance.perp" if venue == "binance" else venue
            costs[account] = costs.get(account, Decimal(0)) + Decimal(quantity) * Decimal(price)
        return costs

    def _balances(self) -> list[str]:
        book, costs, found = self.book(), self._costs(), list[str]()
        traded = {account for account, _ in book}
        for venue, wallet, asset, total in self._ask("SELECT venue, wallet, asset, total FROM balances"):
            account = {"spot": venue, "unified": venue, "perp": f"{venue}.perp"}.get(wallet)
            if account is None or asset not in {"ETH", "USDT"} or account not in traded:
                continue
            there = Decimal(total) - (costs.get(account, Decimal(0)) if asset == "USDT" else 0)
            if abs(book.get((account, asset), Decimal(0)) - there) > Decimal("0.000001"):
                found.append(f"{account} {asset}: {book.get((account, asset))} booked, {there} at the exchange")
        return found
