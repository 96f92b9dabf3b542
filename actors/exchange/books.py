"""Booking of facts in the exchange's own accounts, and its look at their margin. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from actors.exchange.account import Purse
from actors.exchange.market import Market
from actors.exchange.pricing import Slippage
from actors.margin import Held, account_margin
from messages.book import InsurancePaid, Liquidated, Opening
from messages.instruments import VenueModel
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import BUY, SELL, AccountName, Amount, Asset, BaseAmount, InstrumentId, Side

_ZERO = Decimal(0)


class Books:
    """Accounts and markets of one venue.

    Attributes:
        markets: By instrument.
        exposed: Those with a position, which margin and funding look at.
    """

    def __init__(self, model: VenueModel, candle_ns: int) -> None:
        self._leverage = model.leverage
        self._slippage = Slippage(model.slippage)
        self._purses: dict[tuple[AccountName, Asset], Purse] = {}
        self._accounts = {each.account for each in model.instruments}
        self.markets: dict[InstrumentId, Market] = {
            each.instrument_id: Market(
                each,
                model,
                self._slippage,
                candle_ns,
                self.purse(each.account, each.base),
                self.purse(each.account, each.quote),
            )
            for each in model.instruments
        }
        self.exposed: dict[InstrumentId, Market] = {}
        self._perps = self._by_account()
        # No maintenance margin is above this part of the notional, whatever the tier: deductions are never negative.
        self._most = max((tier.maintenance for each in model.instruments for tier in each.tiers), default=_ZERO)

    def purse(self, account: AccountName, asset: Asset) -> Purse:
        """Return what an account holds of an asset; from now on it has one."""
        return self._purses.setdefault((account, asset), Purse())

    def balances(self) -> dict[tuple[AccountName, Asset], Decimal]:
        """Return all balances."""
        return {key: purse.balance for key, purse in self._purses.items()}

    def open(self, opening: Opening) -> None:
        """Book a balance that was there from the start, if the account is of this venue."""
        if opening.account in self._accounts:
            self.purse(opening.account, opening.asset).balance += opening.amount

    def trade(
        self,
        market: Market,
        side: Side,
        amount: Decimal,
        price: Decimal,
        notional: Decimal,
        fee: Decimal,
        *,
        fee_in_base: bool,
    ) -> None:
        """Book a trade of ours. `notional` is ``amount * price``; the fee is in quote, or in base."""
        quote = market.quote
        if market.is_perp:
            position = market.position
            if side is BUY:
                realised = position.trade(amount, notional, price)
            else:
                realised = position.trade(-amount, -notional, price)
            # In the order in which our own ledger adds, so that both come to the same at forty digits.
            quote.balance = quote.balance + realised - fee
            if position.quantity:
                self.exposed[market.instrument.instrument_id] = market
            else:
                self.exposed.pop(market.instrument.instrument_id, None)
            return
        base = market.base
        if side is BUY:
            base.balance += amount
            quote.balance -= notional
        else:
            base.balance -= amount
            quote.balance += notional
        (base if fee_in_base else quote).balance -= fee

    def fill(self, fill: OrderFilled) -> None:
        """Book a fill."""
        market = self.markets[fill.instrument]
        self.trade(
            market,
            fill.side,
            fill.amount,
            fill.price,
            fill.amount * fill.price,
            fill.fee,
            fee_in_base=fill.fee_asset == market.instrument.base,
        )

    def fund(self, paid: FundingPaid) -> None:
        """Book funding."""
        self.markets[paid.instrument].quote.balance += paid.amount

    def liquidated(self, forced: Liquidated) -> None:
        """Book a forced close."""
        notional = forced.amount * forced.price
        fee = forced.fee + forced.liquidation_fee
        self.trade(
            self.markets[forced.instrument],
            forced.side,
            forced.amount,
            forced.price,
            notional,
            fee,
            fee_in_base=False,
        )

    def insured(self, paid: InsurancePaid) -> None:
        """Book what the insurance fund paid."""
        self.purse(paid.account, paid.asset).balance += paid.amount

    def _by_account(self) -> list[list[Market]]:
        """Return the perps of each account that has any: accounts by name, perps by symbol."""
        perps: dict[tuple[AccountName, Asset], list[Market]] = {}
        for market in sorted(self.markets.values(), key=lambda each: each.instrument.symbol):
            if market.is_perp:
                perps.setdefault((market.instrument.account, market.instrument.quote), []).append(market)
        return [markets for _, markets in sorted(perps.items())]

    # --- margin ------------------------------------------------------------------------------------------------------

    def short(self) -> list[list[Market]]:
        """Return the positions, in the order of their symbols, of each account that falls short of its maintenance.

        Without tiers an account is short when its equity is below zero. A position that never had a price counts for
        nothing.
        """
        found: list[list[Market]] = []
        for perps in self._perps:
            balance = equity = perps[0].quote.balance
            gross = _ZERO
            for market in perps:
                if (quantity := market.position.quantity) and market.candle is not None:
                    notional = quantity * market.candle.close
                    equity += notional - market.position.cost
                    gross += notional if quantity > 0 else -notional
            if gross and equity < gross * self._most:
                held = [market for market in perps if market.position.quantity and market.candle is not None]
                exact, _, least = account_margin(balance, _held(held), self._leverage)
                if exact < least:
                    found.append(held)
        return found

    def forced(self, market: Market) -> Liquidated:
        """Return how the venue closes a position by force, at the last close moved by the slippage model."""
        candle, instrument, quantity = market.candle, market.instrument, market.position.quantity
        if candle is None:
            raise LookupError(f"{instrument.instrument_id} never had a price")
        side, amount = (SELL if quantity > 0 else BUY), abs(quantity)
        price = self._slippage.forced(candle, instrument, side, amount)
        notional = amount * price
        return Liquidated(
            venue=instrument.venue,
            instrument=instrument.instrument_id,
            side=side,
            amount=BaseAmount(amount),
            price=price,
            mark=candle.close,
            fee=market.takers[side].of(amount, notional),
            liquidation_fee=Amount(notional * instrument.liquidation_fee),
        )

    def shortfall(self, market: Market) -> InsurancePaid | None:
        """Return what the insurance fund pays when the account of a position that was closed last is below zero."""
        balance = market.quote.balance
        if balance >= 0:
            return None
        instrument = market.instrument
        return InsurancePaid(
            venue=instrument.venue,
            account=instrument.account,
            asset=instrument.quote,
            instrument=instrument.instrument_id,
            amount=Amount(-balance),
        )


def _held(markets: Iterable[Market]) -> list[Held]:
    return [
        Held(market.instrument, market.position.quantity, market.position.cost, market.candle.close)
        for market in markets
        if market.candle is not None
    ]
