"""The look at each venue before a start, and for ``execd check --online``: all that would go wrong, at once.

What can be asked without changing anything is asked here: markets and their rules, whose account the key opens and what
it may, the clock, position mode, leverage, balances, positions, open orders. `ops.daemon.setting_up` changes what a
start needs changed.
"""

import asyncio
import functools
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import msgspec

from actors.data.live.feed import lacking
from actors.errors import BadInputError, ExecdError
from actors.exchange.live.client import VenueClient
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.limits import Bans
from actors.exchange.live.markets import listed, products_of
from actors.exchange.live.ports import Urgency
from actors.exchange.live.transport import AiohttpTransport, Endpoint, Transport
from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import (
    Dialect,
    Market,
    NotSupportedError,
    Query,
    SeenAccount,
    SeenBalance,
    SeenOrder,
    SeenPosition,
    UnreadableAnswerError,
    Verdict,
)
from actors.exchange.wire.okx import OKX
from actors.runtime.clock import Clock, SystemClock
from config.load import Loaded
from config.secrets import Credentials, Secret
from config.venue_rules import ToldRules
from config.venue_settings import Venue
from messages.instruments import Instrument
from messages.units import PERP, InstrumentId, VenueName, plain
from ops.daemon.at_rest import Holdings, at_rest
from ops.daemon.endpoints import endpoint_of

T = TypeVar("T")

DIALECTS: Mapping[VenueName, Dialect] = {each.venue: each for each in (BINANCE, BYBIT, OKX)}
_NS_PER_MS = 1_000_000
_MS = 1_000_000
_PATIENCE_S = 30.0
"""How long an answer is tried for."""
TROUBLE = (RequestFailedError, UnreadableAnswerError)
BANS = Bans()
"""Of this machine's address: what one client of the process is told is obeyed by all."""


class VenueDownError(ExecdError):
    """A venue can't be used now, through no fault of the config: it is tried again by the next start."""


class Keys(NamedTuple):
    """Credentials as a client takes them: plain texts, shown by nothing."""

    api_key: str
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return "Keys(...)"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue said before a start.

    Attributes:
        loaded: ccxt's markets, to be shared with every later client.
        instruments, wire: The configured markets, as the gate knows them and as the wire has them.
        account: None without a key.
        held_at: When balances and positions were as they are here, by our clock (ns); 0: not known exactly.
        leverages: As set at the venue now.
        problems: Why it can't be traded there, one line each.
        passing: The same, of what may pass by itself: the next start may find it better.
        notes: What an operator should know, one line each.
    """

    venue: VenueName
    loaded: Any
    instruments: Mapping[InstrumentId, Instrument]
    wire: Mapping[InstrumentId, Market]
    skew_ms: int
    account: SeenAccount | None = None
    balances: tuple[SeenBalance, ...] = ()
    positions: tuple[SeenPosition, ...] = ()
    held_at: int = 0
    open_orders: tuple[SeenOrder, ...] = ()
    leverages: Mapping[InstrumentId, Decimal] = {}
    problems: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rules(self) -> dict[InstrumentId, ToldRules]:
        """The venue's own rules, as the config's models take them."""
        return {
            key: ToldRules(each.tick, each.lot, each.min_quantity, each.min_notional, each.contract_size)
            for key, each in self.instruments.items()
        }

    @property
    def is_funded(self) -> bool:
        """Whether something lies in the account already."""
        return any(each.total for each in self.balances) or any(each.quantity for each in self.positions)


def make_client(
    venue: VenueName,
    chosen: Venue,
    loaded: Loaded,
    credentials: Credentials | None,
    *,
    clock: Clock | None = None,
    seed: int | None = None,
    dialect: Dialect | None = None,
    transport: Callable[[Endpoint | None], Transport] = AiohttpTransport,
) -> VenueClient:
    """Return a client of a venue as the config has it.

    Args:
        venue: Its name.
        chosen: Its part of the config.
        loaded: The config.
        credentials: None for public data alone.
        clock: The time; None: the machine's.
        seed: Of what spreads waits; None: drawn.
        dialect: In the place of the venue's own.
        transport: Makes what carries its HTTP.

    Raises:
        BadInputError: It has no sandbox, or no such certificates.
    """
    endpoint = endpoint_of(venue, chosen, loaded)
    try:
        return VenueClient(
            dialect or DIALECTS[venue],
            products_of(chosen.symbols),
            credentials=None if credentials is None else _keys(credentials),
            transport=transport(endpoint),
            clock=clock or SystemClock(),
            jitter=random.Random(seed).random,  # noqa: S311 - spreads waits
            sandbox=chosen.sandbox,
            validity_ms=chosen.validity_ms,
            bans=BANS if clock is None else None,
        )
    except NotSupportedError as error:
        raise BadInputError(f"{loaded.path.name}: venues.{venue}.sandbox: {error}") from None


def _keys(credentials: Credentials) -> Keys:
    """Return them as texts, which stand in no variable: a traceback may show those."""
    return Keys(*(each.reveal() if each is not None else "" for each in _parts(credentials)))


def _parts(credentials: Credentials) -> tuple[Secret, Secret, Secret | None]:
    return credentials.api_key, credentials.secret, credentials.passphrase


def look_at_all(loaded: Loaded, credentials: Mapping[VenueName, Credentials]) -> tuple[Seen, ...]:
    """Look at every configured venue at once.

    Args:
        loaded: The config.
        credentials: By venue; none of them: public data alone.

    Raises:
        BadInputError: What the config names does not exist there, all problems at once.
        VenueDownError: One does not answer as it should; a later start may find it better.
    """
    return of_all(
        {
            venue: functools.partial(_look, venue, chosen, loaded, credentials.get(venue))
            for venue, chosen in loaded.settings.venues.items()
        }
    )


def of_all(asked: Mapping[VenueName, Callable[[], Coroutine[Any, Any, T]]]) -> tuple[T, ...]:
    """Ask several venues at once.

    Raises:
        BadInputError: What the config names does not exist at one, all problems at once.
        VenueDownError: One does not answer as it should; a later start may find it better.
    """

    async def all_of_them() -> list[T | BaseException]:
        return await asyncio.gather(*(ask() for ask in asked.values()), return_exceptions=True)

    found = asyncio.run(all_of_them())
    problems: list[str] = []
    down: list[str] = []
    seen: list[T] = []
    for venue, each in zip(asked, found, strict=True):
        if isinstance(each, BadInputError):
            problems += each.problems
        elif isinstance(each, TROUBLE):
            down.append(f"venues.{venue}: it does not answer as it should: {each}")
        elif isinstance(each, BaseException):
            raise each
        else:
            seen.append(each)
    if problems:
        raise BadInputError(*problems, *down)
    if down:
        raise VenueDownError("; ".join(down))
    return tuple(seen)


async def _look(venue: VenueName, chosen: Venue, loaded: Loaded, credentials: Credentials | None) -> Seen:
    client = make_client(venue, chosen, loaded, credentials)
    try:
        await client.open()
        await patiently(client.measure_skew)
        markets = await client.load_markets(deadline_s=_PATIENCE_S)
        found = listed(venue, chosen.symbols, markets)
        seen = Seen(
            venue=venue,
            loaded=markets,
            instruments={each.instrument.instrument_id: each.instrument for each in found.values()},
            wire={each.market.instrument: each.market for each in found.values()},
            skew_ms=client.skew_ms,
        )
        if credentials is not None:
            seen = await _with_account(seen, client)
        return _judged(seen, chosen, loaded)
    except RequestFailedError as error:
        if client.dialect.judge(error.failure) is not Verdict.FORBIDDEN:
            raise
        label = f"{loaded.path.name}: venues.{venue}.credentials"
        raise BadInputError(f"{label}: the venue does not take the key: {error}") from None
    finally:
        await client.close()


async def patiently(work: Any) -> None:  # noqa: ANN401 - any coroutine function
    """Try for a while: a venue may be slow at the moment of a start."""
    loop = asyncio.get_running_loop()
    until, wait_s = loop.time() + _PATIENCE_S, 0.2
    while True:
        try:
            await work()
        except TROUBLE:
            if loop.time() > until:
                raise
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, 3.0)
        else:
            return


async def _with_account(seen: Seen, client: VenueClient) -> Seen:
    """Ask for the account, its settings and what lies there."""
    dialect, markets = client.dialect, tuple(seen.wire.values())
    perps = tuple(each for each in markets if each.trade_type is PERP)

    account = await account_of(client, markets)

    async def holdings() -> Holdings:
        held = await every(client, dialect.balances(markets))
        return held, await every(client, dialect.positions(perps)) if perps else ()

    (balances, positions), held_at = await at_rest(holdings, now_ns=lambda: _MS * (client.now_ms() - client.skew_ms))
    return msgspec.structs.replace(
        seen,
        account=account,
        balances=balances,
        positions=positions,
        held_at=held_at,
        open_orders=await every(client, dialect.open_orders(markets)),
        leverages=dict(await every(client, dialect.leverage(perps))) if perps else {},
    )


async def every(client: VenueClient, queries: Sequence[Query[T]]) -> tuple[T, ...]:
    """Ask several questions, one after the other; return all that they yield."""
    items: list[T] = []
    for query in queries:
        items += await client.read(query, urgency=Urgency.READ, deadline_s=_PATIENCE_S)
    return tuple(items)


async def account_of(client: VenueClient, markets: Sequence[Market]) -> SeenAccount:
    """Ask whose account it is, what the key may, and how it is set."""
    return _merged(await every(client, client.dialect.account(markets)))


def _merged(answers: Sequence[SeenAccount]) -> SeenAccount:
    """Return one account of several answers about it."""
    if not answers:
        raise UnreadableAnswerError("the venue does not say whose account it is")
    merged = answers[0]
    for each in answers[1:]:
        merged = SeenAccount(
            uid=merged.uid or each.uid,
            may_trade=merged.may_trade if merged.may_trade is not None else each.may_trade,
            may_withdraw=merged.may_withdraw if merged.may_withdraw is not None else each.may_withdraw,
            one_way=merged.one_way if merged.one_way is not None else each.one_way,
            problem="; ".join(text for text in (merged.problem, each.problem) if text),
        )
    return merged


def _judged(seen: Seen, chosen: Venue, loaded: Loaded) -> Seen:
    """Say what stands against trading there, and what an operator should know."""
    where = f"{loaded.path.name}: venues.{seen.venue}"
    problems, passing, notes = list(seen.problems), list[str](), list(seen.notes)
    lack = lacking(seen.venue, loaded.settings.data.resolution_ns // _NS_PER_MS)
    if lack is not None:
        problems.append(f"{where}: {lack}")
    if abs(seen.skew_ms) > chosen.max_clock_skew_ms:
        passing.append(
            f"{where}: its clock is {seen.skew_ms} ms from this machine's, expected at most "
            f"{chosen.max_clock_skew_ms} (max_clock_skew_ms)"
        )
    if seen.account is not None:
        wrong, known = _judged_account(seen.account, chosen, where)
        problems += wrong
        notes += [*known, *not_as_set(seen, chosen, where, changed=False)]
    notes += _worth_knowing(seen, chosen, where)
    return msgspec.structs.replace(seen, problems=tuple(problems), passing=tuple(passing), notes=tuple(notes))


def _worth_knowing(seen: Seen, chosen: Venue, where: str) -> list[str]:
    lines = []
    if seen.open_orders:
        lines.append(f"{where}: {len(seen.open_orders)} open orders lie there")
    if chosen.endpoint is not None and chosen.endpoint.allow_remote:
        lines.append(f"{where}: all traffic goes to {chosen.endpoint.connect_to} (allow_remote)")
    return lines


def not_as_set(seen: Seen, chosen: Venue, where: str, *, changed: bool) -> list[str]:
    """Return what of the perps' settings is not as a start sets it.

    Args:
        seen: What the venue said.
        chosen: Its section of the config.
        where: Where that stands.
        changed: A start has set it: what is not as it must be now can't be set.
    """
    lines, wanted = [], plain(chosen.perp.leverage)
    has_perps = any(each.trade_type is PERP for each in seen.wire.values())
    if seen.account is not None and seen.account.one_way is False and has_perps:
        what = "could not be changed to net (one-way) mode" if changed else "a start sets net (one-way) mode"
        lines.append(f"{where}: positions are kept in hedge mode; {what}")
    for instrument, leverage in sorted(seen.leverages.items()):
        if leverage != chosen.perp.leverage:
            what = f"{wanted} could not be set" if changed else f"a start sets {wanted}"
            lines.append(f"{where}: leverage of {instrument} is {plain(leverage)}; {what}")
    return lines


def _judged_account(account: SeenAccount, chosen: Venue, where: str) -> tuple[list[str], list[str]]:
    """Return what stands against an account, and what an operator should know of it."""
    problems, notes = list[str](), list[str]()
    if account.problem:
        problems.append(f"{where}: {account.problem}")
    if account.may_trade is False:
        problems.append(f"{where}: the key may not trade, expected one that may")
    if account.may_withdraw and chosen.endpoint is not None and chosen.endpoint.allow_remote:
        problems.append(
            f"{where}: the key may withdraw, and the endpoint sends it to {chosen.endpoint.connect_to}, expected a "
            "key that may not"
        )
    elif account.may_withdraw:
        notes.append(f"{where}: the key may withdraw; one that may not is safer")
    return problems, notes
