"""``execd check CONFIG``: reads all that a run would read, and says what it would run. Nothing is run or written."""

import codecs
import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from actors.data.files import Report
from actors.data.series import iso
from actors.errors import ExecdError
from actors.valuation import CURRENCY, mark_source
from config.load import trading_settings
from config.venue_rules import rules_file
from messages.instruments import FeeRates, Instrument, VenueModel, instruments_of
from messages.units import (
    BPS,
    CONTEXT,
    PERP,
    SECOND_NS,
    AccountName,
    Asset,
    InstrumentId,
    Nanoseconds,
    Price,
    VenueName,
    plain,
)
from ops import backtest
from ops.exits import one_line, print_json, say
from ops.hints import command, typed
from ops.out_folder import default_out
from ops.run_command import money, refuse
from ops.screen import stdout
from ops.wiring import recorded

_HOUR_NS = 3600 * SECOND_NS


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of an instrument.

    Attributes:
        source: Where the project's figures are from; empty where it knows none.
        maintenance_bps: Maintenance margin of a small position, in basis points of its notional; None for spot.
        unverified: Those that no opened source confirms and the config does not override.
        overridden: Those that the config sets.
    """

    instrument: str
    tick: str
    lot: str
    min_quantity: str
    min_notional: str
    maintenance_bps: str | None
    source: str
    unverified: list[str]
    overridden: list[str]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the data; first and last stamp as they stand in it, UTC."""

    name: str
    rows: int
    first: str | None
    last: str | None
    gaps: int
    missing: int
    longest_gap_hours: float


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds at the start. `value` is in USDT at the prices of the start."""

    account: str
    asset: str
    amount: str
    value: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would run, as ``--json`` prints it.

    Attributes:
        settings: All that decides the trading, defaults filled in: what the journal's manifest will hold.
        instructions: Of a script; None for other strategies.
        out: Folder of the output, if it began now.
        warnings: One line each.
    """

    config: str
    settings: dict[str, object]
    instruments: list[Rules]
    series: list[Series]
    opening: list[Opening]
    equity_start: str
    instructions: int | None
    data_dir: str
    out: str
    warnings: list[str]


def check_command(config: Path, *, json: bool) -> int:
    """Say what a config would run, or all that is wrong with it. Returns the exit code."""
    try:
        prepared = backtest.prepare(config)
        plan = planned(prepared)
    except ExecdError as error:
        return refuse(error, json=json)
    for warning in plan.warnings:
        say(f"note: {one_line(warning)}")
    if json:
        print_json(msgspec.to_builtins(plan))
    else:
        _tell(stdout(), plan, prepared)
    return 0


def planned(prepared: backtest.Prepared) -> Plan:
    """Return what would run."""
    loaded, settings = prepared.loaded, prepared.loaded.settings
    opening = list(_openings(prepared))
    return Plan(
        config=str(loaded.path),
        settings=trading_settings(settings, prepared.models),
        instruments=[_rules(prepared, each) for each in instruments_of(prepared.models).values()],
        series=[_series(report) for report in prepared.feed.files],
        opening=opening,
        equity_start=plain(sum((Decimal(each.value) for each in opening), Decimal(0))),
        instructions=_instructions(prepared),
        data_dir=str(loaded.data_dir),
        out=str(default_out(loaded.path, dt.datetime.now(dt.UTC))),
        warnings=list(prepared.warnings),
    )


def _rules(prepared: backtest.Prepared, instrument: Instrument) -> Rules:
    settings = prepared.loaded.settings
    known = rules_file()[instrument.venue].instruments.get(instrument.symbol)
    override = settings.venues[instrument.venue].instruments.get(instrument.symbol)
    overridden = [] if override is None else [*sorted(override.model_fields_set)]
    return Rules(
        instrument=instrument.instrument_id,
        tick=plain(instrument.tick),
        lot=plain(instrument.lot),
        min_quantity=plain(instrument.min_quantity),
        min_notional=plain(instrument.min_notional),
        maintenance_bps=plain(CONTEXT.multiply(instrument.tiers[0].maintenance, BPS)) if instrument.tiers else None,
        source="" if known is None else "; margin: ".join(filter(None, (known.source, known.margin_source))),
        unverified=[] if known is None else [key for key in known.unverified if key not in overridden],
        overridden=overridden,
    )


def _series(report: Report) -> Series:
    return Series(
        name=report.name,
        rows=report.rows,
        first=None if report.first is None else iso(report.first),
        last=None if report.last is None else iso(report.last),
        gaps=report.gaps.count,
        missing=report.gaps.missing,
        longest_gap_hours=report.gaps.longest_ns / _HOUR_NS,
    )


def _openings(prepared: backtest.Prepared) -> Iterator[Opening]:
    """Yield the opening balances at the closes that are known at the start."""
    instruments = tuple(instruments_of(prepared.models).values())
    # iterating begins anew each time; the first slice is that of the start
    first = next(iter(prepared.feed))
    before = prepared.feed.before_start()
    closes = {each.instrument: each.close for part in (before, first) if part is not None for each in part.candles}
    for account, balances in sorted(prepared.loaded.settings.accounts.items()):
        for asset, amount in sorted(balances.items()):
            worth = amount * (Decimal(1) if asset == CURRENCY else _close(account, asset, instruments, closes))
            yield Opening(account=account, asset=asset, amount=plain(amount), value=plain(worth))


def _close(
    account: AccountName, asset: Asset, instruments: tuple[Instrument, ...], closes: Mapping[InstrumentId, Price]
) -> Decimal:
    source = mark_source(account, asset, instruments)
    close = None if source is None else closes.get(source)
    return Decimal(0) if close is None else close


def _instructions(prepared: backtest.Prepared) -> int | None:
    """Return how many instructions the script has; None without a script."""
    if prepared.loaded.script is None:
        return None
    with prepared.loaded.script.open("rb") as file:
        return sum(1 for line in file if line.removeprefix(codecs.BOM_UTF8).strip())


def _tell(screen: Console, plan: Plan, prepared: backtest.Prepared) -> None:
    settings = prepared.loaded.settings
    mode, strategy = recorded(settings), settings.strategy
    span = Nanoseconds(mode.end - mode.start)
    _say(screen, f"{plan.config}: good. It would run:\n")
    _say(
        screen, f"  mode      {mode.type}, {_day(mode.start)} to {_day(mode.end)} UTC ({_long(span)}), seed {mode.seed}"
    )
    _say(screen, f"  data      {settings.data.dir}, candles of {settings.data.resolution}")
    own = (
        ""
        if plan.instructions is None
        else f", {plan.instructions:,} instruction{'' if plan.instructions == 1 else 's'}"
    )
    _say(screen, f"  strategy  {strategy.use}{own}; on an error: {strategy.on_error}")
    whole = plan.settings["strategy"]
    params = whole.get("params", {}) if isinstance(whole, dict) else {}
    for key, value in params.items():
        _say(screen, f"    {key} = {value}")
    _say(screen, f"  output    a folder like {plan.out}")
    _say(screen, "\nVenues")
    for model in prepared.models:
        for line in _venue(model):
            _say(screen, f"  {line}")
    _say(
        screen,
        "\nInstruments (lot and least amount in base; tick and least notional in quote; margin: least maintenance)",
    )
    screen.print(_instrument_table(plan.instruments))
    for rules in plan.instruments:
        for line in _about(rules):
            _say(screen, f"  {rules.instrument}: {line}")
    _say(screen, "\nSeries (UTC; candles are stamped at their open)")
    screen.print(_series_table(plan.series))
    _say(screen, f"\nOpening balances, worth {money(plan.equity_start)} USDT")
    for each in plan.opening:
        at = "" if each.asset == CURRENCY else f"  = {money(each.value)} USDT"
        _say(screen, f"  {each.account:<15} {each.amount:>20} {each.asset}{at}")
    if not plan.opening:
        _say(screen, "  none: every order will be refused for want of money")
    _say(screen, f"\nTo run it: {command()} run {typed(prepared.loaded.path)}")


def _say(screen: Console, line: str) -> None:
    """Print a line as it is: names may hold what rich takes for markup."""
    screen.print(Text("\n".join(one_line(part) for part in line.split("\n"))), soft_wrap=True)


def _day(at: int) -> str:
    return iso(at).replace("T", " ").removesuffix("Z").removesuffix(":00")


def _long(span: int) -> str:
    hours = Decimal(span) / _HOUR_NS
    return f"{hours / 24:,.0f} days" if hours >= 48 else f"{hours:,.1f} hours"  # noqa: PLR2004 - two days


def _venue(model: VenueModel) -> Iterator[str]:
    """Yield what decides the fills at a venue."""
    slip = model.slippage
    impact = f" + {plain(slip.impact_bps)} x amount / volume" if slip.impact_bps else ""
    yield f"{model.venue}: slippage {plain(slip.base_bps)} bps{impact}; {_fills(model)}"
    kinds = {each.trade_type for each in model.instruments}
    for kind in sorted(kinds):
        fees = model.perp_fees if kind is PERP else model.spot_fees
        more = f", leverage {plain(model.leverage)}" if kind is PERP else ""
        yield f"  {kind.lower()}: {_fees(fees)}{more}{_unverified(model.venue, perp=kind is PERP)}"


def _fills(model: VenueModel) -> str:
    share = model.fill.max_share
    most = "no limit to a fill's size" if share is None else f"fills at most {plain(share)} of a candle's volume"
    arrival = f"orders take {model.latency_ns / 1e6:g} ms" if model.latency_ns else "orders arrive at once"
    return f"{most}; {arrival}"


def _fees(fees: FeeRates) -> str:
    maker, taker = (plain(CONTEXT.multiply(rate, BPS)) for rate in (fees.maker, fees.taker))
    return f"maker {maker} bps, taker {taker} bps"


def _unverified(venue: VenueName, *, perp: bool) -> str:
    rules = rules_file()[venue]
    keys = (rules.perp if perp else rules.spot).unverified
    return f" (execd's own {', '.join(keys)}: unverified)" if keys else ""


def _about(rules: Rules) -> Iterator[str]:
    """Yield where an instrument's figures are from, and which are not to be relied on."""
    if rules.overridden:
        yield f"your config sets {', '.join(rules.overridden)}"
    if rules.unverified:
        yield f"UNVERIFIED {', '.join(rules.unverified)}: no source confirms them; set them in the config"
    if rules.source:
        yield f"from {rules.source}"


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, right in columns:
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    return table


def _instrument_table(found: list[Rules]) -> Table:
    table = _table(("  instrument", False), *((name, True) for name in ("tick", "lot", "min", "notional", "margin")))
    for each in found:
        margin = "" if each.maintenance_bps is None else f"{each.maintenance_bps} bps"
        table.add_row(f"  {each.instrument}", each.tick, each.lot, each.min_quantity, each.min_notional, margin)
    return table


def _series_table(found: list[Series]) -> Table:
    table = _table(("  file", False), ("rows", True), ("first", False), ("last", False), ("gaps", False))
    for each in found:
        gaps = f"{each.gaps} ({each.missing:,} rows)" if each.gaps else "none"
        days = [(at or "")[:10] for at in (each.first, each.last)]
        table.add_row(Text(f"  {one_line(each.name)}"), f"{each.rows:,}", *days, gaps)
    return table
