"""What a rehearsal asks of the exchange itself, under the host ``exchange.testbed``: move a price, pay funding, pay in.

POST with a JSON object; every one names its `venue`. Answers are JSON; what makes no sense is answered 400.

| path | asks for | fields |
| --- | --- | --- |
| /price | a market's price is this now, and stays | product (SPOT, PERP), symbol, price |
| /release | the price goes on by itself, from where it is | product, symbol |
| /funding | funding is settled now | symbol, rate (absent: the present one) |
| /deposit | money comes from outside | uid (absent: the first account), asset, amount, network, wallet |
| /cut | all streams break | |
| /skew | the venue's clock is `ms` off from now on | ms |
| /faults | play these too (no venue) | lines: a list of objects as in a file of faults |
| /no-faults | play none any more (no venue) | |
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from aiohttp import web

from messages.units import TradeType, plain
from ops.testbed.exchange.faults import Faults, fault_of
from ops.testbed.exchange.prices import MarketKey, key_of
from ops.testbed.exchange.rejects import RejectError
from ops.testbed.exchange.values import Market, Wallet
from ops.testbed.exchange.venue import Venue

HOSTS = ("exchange.testbed", "localhost")


class Control:
    """Does what is asked."""

    def __init__(self, venues: Mapping[str, Venue], pinned: set[MarketKey], faults: Faults) -> None:
        self._venues = venues
        self._pinned = pinned
        self._played = faults
        self._paths: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
            "/price": self._price,
            "/release": self._release,
            "/funding": self._funding,
            "/deposit": self._deposit,
            "/cut": self._cut,
            "/skew": self._skew,
            "/faults": self._faults,
            "/no-faults": self._no_faults,
        }

    def answer(self, host: str, method: str, path: str, body: bytes) -> web.Response:
        """Answer one request to a host that is no venue's."""
        if host not in {*HOSTS, "127.0.0.1"}:
            return _said(421, f"{host} is none of the venues' hosts")
        asked = self._paths.get(path)
        if asked is None or method != "POST":
            return _said(404, f"POST one of {', '.join(self._paths)}")
        try:
            found = json.loads(body or b"{}")
            if not isinstance(found, dict):
                raise ValueError("expected an object")  # noqa: TRY004, TRY301 - bad input, as all here
            result = asked(found)
        except RejectError as refusal:
            return _said(400, str(refusal))
        except KeyError as error:
            return _said(400, f"{error.args[0]} is missing or unknown")
        except (ValueError, InvalidOperation) as error:
            return _said(400, str(error))
        return web.Response(body=msgspec.json.encode({"ok": True, "result": result}), content_type="application/json")

    def _venue(self, asked: Mapping[str, Any]) -> Venue:
        return self._venues[str(asked["venue"])]

    def _market(self, asked: Mapping[str, Any], product: TradeType | None = None) -> Market:
        wanted = product or TradeType(str(asked["product"]).upper())
        return self._venue(asked).engine.market(wanted, str(asked["symbol"]))

    def _price(self, asked: Mapping[str, Any]) -> object:
        market, price = self._market(asked), Decimal(str(asked["price"]))
        if not price.is_finite() or price <= 0:
            raise ValueError("price: expected a number above 0")
        self._pinned.add(key_of(market))
        self._venue(asked).engine.move(market, price)
        return plain(price)

    def _release(self, asked: Mapping[str, Any]) -> object:
        self._pinned.discard(key_of(self._market(asked)))
        return None

    def _funding(self, asked: Mapping[str, Any]) -> object:
        market = self._market(asked, TradeType.PERP)
        rate = Decimal(str(asked["rate"])) if "rate" in asked else None
        paid = self._venue(asked).engine.pay_funding(market, rate)
        return {"rate": plain(paid.rate), "mark": plain(paid.mark)}

    def _deposit(self, asked: Mapping[str, Any]) -> object:
        engine = self._venue(asked).engine
        uids = [key.uid for key in engine.keys()]  # noqa: SIM118 - its keys are API keys
        uid = next((each for each in uids if each == asked.get("uid", each)), None)
        if uid is None:
            raise ValueError("uid: no such account")
        wallet = Wallet(asked["wallet"]) if "wallet" in asked else None
        if wallet is not None and wallet not in engine.rules.wallets:
            raise ValueError(f"wallet: expected one of {', '.join(engine.rules.wallets)}")
        amount, network = Decimal(str(asked["amount"])), str(asked.get("network", ""))
        return engine.deposit(uid, str(asked["asset"]), amount, network=network, wallet=wallet).move_id

    def _cut(self, asked: Mapping[str, Any]) -> object:
        connections = tuple(self._venue(asked).connections)
        for connection in connections:
            connection.cut()
        return len(connections)

    def _skew(self, asked: Mapping[str, Any]) -> object:
        self._venue(asked).clock.skew_ms = int(asked["ms"])
        return None

    def _faults(self, asked: Mapping[str, Any]) -> object:
        faults = [fault_of(line) for line in asked["lines"]]
        self._played.add(faults)
        return len(faults)

    def _no_faults(self, asked: Mapping[str, Any]) -> object:
        del asked
        self._played.clear()
        return None


def _said(status: int, text: str) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode({"ok": False, "error": text}), content_type="application/json"
    )
