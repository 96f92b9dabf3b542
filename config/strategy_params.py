"""The params of the built-in strategies: names, bounds, units, defaults and meanings, and what a refusal says.

A table rather than sections of settings: a strategy of one's own has params that config can't know, so that
``[strategy.params]`` as a whole stays a plain mapping.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from config.decimals import decimal_of
from config.problems import nearest, shown, unknown_key

_ASSET = re.compile(r"[A-Za-z0-9]{1,20}")


class Param(NamedTuple):
    """One key of a strategy.

    Attributes:
        kind: What it is: text that names a file, a venue, an asset or a choice; a decimal; an integer; a truth.
        meaning: In a sentence.
        unit: Empty where it has none.
        default: As it would be written; None: it must be given.
        same_as: The key whose value is taken where this one is absent.
        least, most: Bounds; `above` leaves `least` itself out, as `below` does for `most`.
        ongoing: Only a run that goes on until it is stopped has it, live or on paper.
    """

    kind: str
    meaning: str
    unit: str = ""
    default: str | int | bool | None = None
    same_as: str = ""
    choices: tuple[str, ...] = ()
    least: Decimal | None = None
    above: bool = False
    most: Decimal | None = None
    below: bool = False
    ongoing: bool = False

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is None and not self.same_as


_VENUE = "venue"
_ZERO, _WHOLE_BPS = Decimal(0), Decimal(10_000)
_YEAR_H = Decimal(8_784)
_MANY_BPS = Decimal(1_000_000)

PARAMS: Mapping[str, Mapping[str, Param]] = {
    "script": {
        "file": Param("file", "The instructions, one JSON object a line; relative to the config file."),
        "exit_when_done": Param(
            "truth",
            "Live and on paper: end the run when every instruction of the file is settled, instead of at a stop.",
            default=False,
            ongoing=True,
        ),
    },
    "hold_basis": {
        "venue": Param(_VENUE, "Where both legs trade."),
        "base": Param("asset", "What is held, such as ETH; quoted in USDT."),
        "amount": Param(
            "decimal",
            "Of each leg; rounded down to a whole number of both markets' lots.",
            "base",
            least=_ZERO,
            above=True,
        ),
    },
    "basis": {
        "venue": Param(_VENUE, "Where the perp trades, and the spot leg unless `spot_venue` says otherwise."),
        "spot_venue": Param(_VENUE, "Where the spot leg trades.", same_as="venue"),
        "base": Param("asset", "What is held; quoted in USDT.", default="ETH"),
        "notional": Param("decimal", "Size of each leg when it is entered.", "USDT", least=_ZERO, above=True),
        "window_h": Param(
            "integer",
            "Over how long the funding that was paid is averaged.",
            "hours",
            default=72,
            least=Decimal(1),
            most=_YEAR_H,
        ),
        "enter_bps_per_year": Param(
            "decimal",
            "Enters when annualised funding of the window is above it.",
            "basis points of the notional per year",
            default="800",
            least=-_MANY_BPS,
            most=_MANY_BPS,
        ),
        "leave_bps_per_year": Param(
            "decimal",
            "Leaves when annualised funding of the window is below it; not above `enter_bps_per_year`.",
            "basis points of the notional per year",
            default="200",
            least=-_MANY_BPS,
            most=_MANY_BPS,
        ),
        "drift_bps": Param(
            "decimal",
            "Rebalances when the legs differ by more than this share of the leg.",
            "basis points of the leg, in base",
            default="200",
            least=_ZERO,
            above=True,
            most=_WHOLE_BPS,
        ),
        "margin_buffer_bps": Param(
            "decimal",
            "Free margin to keep, as a share of the perp's notional.",
            "basis points of the notional",
            default="2000",
            least=_ZERO,
            most=_MANY_BPS,
        ),
        "execution": Param(
            "choice",
            "market: at once; limit: rests as a limit order for `limit_wait_h`, then the rest goes to the market.",
            default="market",
            choices=("market", "limit"),
        ),
        "limit_wait_h": Param(
            "integer", "How long a limit order rests.", "hours", default=1, least=Decimal(1), most=_YEAR_H
        ),
        "limit_offset_bps": Param(
            "decimal",
            "How far a limit order stands from the price, on the passive side.",
            "basis points of the price",
            default="2",
            least=_ZERO,
            most=_WHOLE_BPS,
            below=True,
        ),
    },
}  # fmt: skip
"""Every key of every built-in strategy."""
WITH_AN_END = frozenset({"hold_basis"})
"""Built-in strategies that trade at the first and the last instant of the data: of no use where there are none."""


def param_problems(
    use: str, params: Mapping[str, object], venues: Collection[str], *, ongoing: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield key and complaint for all that is wrong with the params of a built-in strategy.

    Args:
        use: The strategy; one of the user's own has no problems here.
        params: As they stand in the config.
        venues: The configured ones.
        ongoing: Whether the run goes on until it is stopped.
    """
    known = PARAMS.get(use)
    if known is None:
        return
    for key, param in known.items():
        wrong = _wrong(key, param, params, venues, ongoing=ongoing)
        if wrong:
            yield key, wrong
    for key in params:
        if key not in known:
            yield key, unknown_key(key, known)
    if use == "basis":
        whole = effective_params(use, params)
        enter, leave = (decimal_of(whole[key]) for key in ("enter_bps_per_year", "leave_bps_per_year"))
        if enter is not None and leave is not None and leave > enter:
            yield "leave_bps_per_year", f"above enter_bps_per_year: {shown(leave)}, expected at most {shown(enter)}"


def _wrong(key: str, param: Param, params: Mapping[str, object], venues: Collection[str], *, ongoing: bool) -> str:
    if key not in params:
        return f"missing, expected {expected(param)}" if param.required else ""
    if param.ongoing and not ongoing:
        return "not used in a backtest: a run on recorded data ends by itself, expected live or on paper only"
    return _CHECKS[param.kind](param, params[key], venues)


def effective_params(use: str, params: Mapping[str, object], *, ongoing: bool = False) -> dict[str, object]:
    """Return the params with defaults filled in and numbers as `Decimal`, whichever way they are written.

    Args:
        use: The strategy.
        params: As they stand in the config.
        ongoing: Whether the run goes on until it is stopped; else it has none of the params that only such a run has.
    """
    known = {key: param for key, param in PARAMS.get(use, {}).items() if ongoing or not param.ongoing}
    found = dict(params)
    for key, param in known.items():
        if key not in found and param.default is not None:
            found[key] = param.default
        if key not in found and param.same_as in found:
            found[key] = found[param.same_as]
        if param.kind == "decimal":
            number = decimal_of(found.get(key))
            found[key] = found.get(key) if number is None else number
    return found


def expected(param: Param) -> str:
    """Return what a refusal of a param says was expected."""
    match param.kind:
        case "file":
            return 'a file relative to the config file, such as "instructions.jsonl"'
        case "venue":
            return "a configured venue"
        case "asset":
            return 'an asset such as "ETH"'
        case "choice":
            return " or ".join(f'"{choice}"' for choice in param.choices)
        case "truth":
            return "true or false"
        case kind:
            article = "an" if kind == "integer" else "a"
            example = f' such as "{param.default or 10}"' if kind == "decimal" else ""
            return f"{article} {kind}{bounds(param)}{example}"


def bounds(param: Param) -> str:
    """Return the bounds of a number in words, with a blank before them; empty if it has none."""
    words = []
    if param.least is not None:
        words.append(f"above {param.least}" if param.above else f"of at least {param.least}")
    if param.most is not None:
        words.append(f"below {param.most}" if param.below else f"at most {param.most}")
    return " " + " and ".join(words) if words else ""


def _file(param: Param, value: object, _venues: Collection[str]) -> str:
    good = isinstance(value, str) and value and value.isprintable()
    return "" if good else f"not a path: {shown(value)}, expected {expected(param)}"


def _venue(param: Param, value: object, venues: Collection[str]) -> str:
    if not isinstance(value, str):
        return f"not text: {shown(value)}, expected {expected(param)}"
    return "" if value in venues else f"not configured: {shown(value)}, {nearest(value, venues)}"


def _asset(param: Param, value: object, _venues: Collection[str]) -> str:
    good = isinstance(value, str) and _ASSET.fullmatch(value)
    return "" if good else f"not an asset: {shown(value)}, expected {expected(param)}"


def _choice(param: Param, value: object, _venues: Collection[str]) -> str:
    good = isinstance(value, str) and value in param.choices
    return "" if good else f"unknown value: {shown(value)}, expected {expected(param)}"


def _truth(param: Param, value: object, _venues: Collection[str]) -> str:
    return "" if isinstance(value, bool) else f"not true or false: {shown(value)}, expected {expected(param)}"


def _decimal(param: Param, value: object, _venues: Collection[str]) -> str:
    number = decimal_of(value)
    if number is None:
        return f"not a number: {shown(value)}, expected {expected(param)}"
    return _outside(param, number, value)


def _integer(param: Param, value: object, _venues: Collection[str]) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"not an integer: {shown(value)}, expected {expected(param)}"
    return _outside(param, Decimal(value) if abs(value) < _MANY_BPS else _MANY_BPS.copy_sign(value), value)


def _outside(param: Param, number: Decimal, value: object) -> str:
    if param.least is not None and (number < param.least or (param.above and number == param.least)):
        return f"too small: {shown(value)}, expected {expected(param)}"
    if param.most is not None and (number > param.most or (param.below and number == param.most)):
        return f"too large: {shown(value)}, expected {expected(param)}"
    return ""


_CHECKS: Mapping[str, Callable[[Param, object, Collection[str]], str]] = {
    "file": _file,
    "venue": _venue,
    "asset": _asset,
    "choice": _choice,
    "truth": _truth,
    "decimal": _decimal,
    "integer": _integer,
}
