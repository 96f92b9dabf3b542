"""The page itself. All text that comes from a journal goes through `escape` here, or through `data` into the script.

The page brings everything it needs and may fetch nothing: its Content-Security-Policy allows the two scripts that are
in it, by their hashes, and no connection of any kind.
"""

import base64
import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, localcontext
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from actors.errors import ExecdError
from ops.report import head
from ops.report.attribution import attribution
from ops.report.charts import charts
from ops.report.figures import LEAST_RETURNS, Figure, Performance, Trading, groups, headline, performance, trading
from ops.report.formats import count, minute
from ops.report.gathered import Gathered
from ops.report.markup import table_start
from ops.report.tables import Table, tables

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("theme.js", "charts.js", "tables.js", "page.js")
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
_SCRIPT_END = re.compile(r"</(?=script)", re.IGNORECASE)
_WIDE = Context(prec=200, rounding=ROUND_HALF_EVEN)
"""For sums that must be exact, whatever their digits."""
_LONG_FACT = 24
"""Characters above which a fact gets twice the room."""


def page(found: Gathered) -> str:
    """Return the page of a run as HTML.

    Raises:
        ExecdError: plotly.js is not where its package should have it.
    """
    with localcontext(_WIDE):
        drawn, listed = charts(found), tables(found)
        done, trades = performance(found), trading(found)
        sections = list(_sections(found, drawn, listed, groups(found, done, trades)))
        scripts = (_plotly(), _own_script())
        return "\n".join(
            [
                *_start(found, scripts),
                *_top(found, done, trades, sections),
                "<main>",
                *(part for _, _, body in sections for part in body),
                "</main>",
                *_bottom(found.name),
                f'<script type="application/json" id="charts">{data(drawn)}</script>',
                f'<script type="application/json" id="tables">{data(listed)}</script>',
                *(f"<script>{script}</script>" for script in scripts),
                "</body></html>\n",
            ]
        )


def data(value: object) -> str:
    """Return a value as JSON that can stand inside a script element, whatever text is in it."""
    return msgspec.json.encode(value).decode().translate(_UNSAFE)


Section = tuple[str, str, list[str]]
"""Anchor, title and lines of HTML."""
Figures = Sequence[tuple[str, Sequence[Figure]]]
"""Headings with what stands below them."""


def _start(found: Gathered, scripts: Iterable[str]) -> Iterator[str]:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">'
    when = head.span(found)
    title = ": ".join(filter(None, (head.config(found), head.name(found))))
    yield f"<title>{escape(title)}{escape(f', {when}' if when else '')} · execd report</title>"
    yield f"<style>{_asset('page.css')}</style>\n</head>\n<body>"


def _top(found: Gathered, done: Performance | None, trades: Trading, sections: Iterable[Section]) -> Iterator[str]:
    how = head.status(found)
    yield '<header class="top">'
    if found.doubts:
        yield f'<p class="ending bad" role="alert">{escape(head.changed(found))}</p>'
    skipped = head.skipped(found)
    badges = f' <span class="status warn">{escape(skipped)}</span>' if skipped else ""
    yield f'<p class="kicker">execd report <span class="status {how.kind}">{escape(how.word)}</span>{badges}</p>'
    yield f"<h1>{escape(head.name(found))}</h1>"
    yield f'<p class="result">{escape(head.result(found, done))}</p>'
    if how.detail:
        yield f'<p class="ending {how.kind}">{escape(how.detail)}</p>'
    if short := head.shortfall(found):
        yield f'<p class="ending warn">{escape(short)}</p>'
    yield '<dl class="tiles">'
    for label, text in headline(found, done, trades):
        yield f"<div><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>"
    yield '</dl>\n<dl class="facts">'
    for label, text in head.facts(found):
        width = ' class="broad"' if len(text) > _LONG_FACT else ""
        yield f"<div{width}><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>"
    yield f'<div class="wide"><dt>Journal hash</dt><dd><code>{escape(found.journal_hash)}</code></dd></div></dl>'
    links = "".join(f'<li><a href="#{anchor}">{anchor.capitalize()}</a></li>' for anchor, _, _ in sections)
    yield f'</header>\n<nav aria-label="Sections"><ul>{links}</ul></nav>'
    yield "<noscript><p>Charts and long tables need JavaScript; what is printed here does not.</p></noscript>"


def _sections(
    found: Gathered, drawn: Mapping[str, Any], listed: Mapping[str, Table], figures: Figures
) -> Iterator[Section]:
    for anchor, (title, text) in _CHARTS.items():
        if anchor in drawn:
            body = [_chart(anchor, title, text)]
            yield _section(anchor, title, [*body, *attribution(found)] if anchor == "attribution" else body)
    yield _section("statistics", "Statistics", _statistics(figures))
    yield _section("fills", "Fills", _long("fills", listed["fills"], found.name, "Nothing was traded."))
    if found.forced:
        yield _section("liquidations", "Liquidations", _long("liquidations", listed["liquidations"], found.name))
    refused = [*_codes(found), *_long("refusals", listed["refusals"], found.name, "execd refused nothing.")]
    yield _section("refusals", "Refusals", refused)
    if found.rejections:
        yield _section("rejections", "Rejections", _long("rejections", listed["rejections"], found.name))
    trouble = _long("trouble", listed["trouble"], found.name) if found.trouble else ()
    yield _section("notes", "Notes", [*_notes(found), *trouble])
    yield _section("settings", "Settings and data", _settings(found))


_CHARTS = {
    "equity": (
        "Equity and drawdown",
        "Equity is all balances at market prices plus unrealised profit; drawdown is how far it is under its high.",
    ),
    "attribution": (
        "Attribution",
        "Where the change of equity came from: gains stacked above zero, losses below; the line is their sum.",
    ),
    "positions": (
        "Positions and net delta",
        (
            "What each instrument holds after each trade, in units of its coin; for spot, bought less sold in this "
            "run. The dashed line is the net amount over all accounts, opening balances included: near zero, the book "
            "does not care where the price goes."
        ),
    ),
    "funding": (
        "Funding",
        "Positive when received: the sum so far, each payment, and the position that it was paid on, at the mark.",
    ),
    "margin": (
        "Margin",
        (
            "Maintenance margin ÷ (USDT balance + unrealised P&L) of an account. Above 1 it is liquidated, at the "
            "dashed lines; marks are taken after the liquidation of their slice, so the ratio at the liquidation "
            "itself, above 1, is none of them. In gaps the account has no position."
        ),
    ),
}
"""Title of each chart, and how to read it."""


def _section(anchor: str, title: str, body: Iterable[str]) -> Section:
    start = f'<section id="{anchor}" aria-labelledby="{anchor}-title">\n<h2 id="{anchor}-title">{escape(title)}</h2>'
    return anchor, title, [start, *body, "</section>"]


def _chart(anchor: str, title: str, text: str) -> str:
    plot = f'<div class="chart" data-chart="{anchor}" role="img" aria-label="Chart: {escape(title)}"></div>'
    return f'<figure><figcaption>{escape(text)}</figcaption><div class="controls"></div>{plot}</figure>'


def _statistics(groups: Figures) -> Iterator[str]:
    yield (
        "<p>r is the daily return of equity: from the end of one UTC day to the end of the next, unrealised profit "
        "included; n is how many of them there are. A year has 365 days, the risk-free rate is 0. A dash stands where "
        "there is no such figure: nothing to divide by, or too few days for a figure of a year "
        f"(fewer than {LEAST_RETURNS} daily returns). Days after the last new price do not count.</p>"
    )
    yield '<div class="groups">'
    for title, figures in groups:
        yield f'<table class="figures"><caption>{escape(title)}</caption>'
        yield '<thead class="unseen"><tr><th scope="col">Figure</th><th scope="col">Value</th></tr></thead><tbody>'
        for figure in figures:
            formula = f'<span class="formula">{escape(figure.formula)}</span>'
            yield f'<tr><th scope="row">{escape(figure.name)}{formula}</th><td>{escape(figure.value)}</td></tr>'
        yield "</tbody></table>"
    yield "</div>"


def _long(name: str, table: Table, file: str, empty: str = "") -> Iterator[str]:
    if not table.total:
        yield f'<p class="empty">{escape(empty)}</p>'
        return
    if table.total > len(table.rows):
        yield (
            f'<p class="ending warn">The page holds the first {count(len(table.rows))} of {count(table.total)} rows. '
            f"All of them: <code>execd journal export {escape(file)}</code></p>"
        )
    yield f'<div class="long" data-table="{name}"></div>'


def _codes(found: Gathered) -> Iterator[str]:
    if not found.refusals:
        return
    times: dict[str, int] = {}
    examples: dict[str, str] = {}
    for _, entry in found.refusals:
        times[entry.code] = times.get(entry.code, 0) + 1
        examples.setdefault(entry.code, entry.detail)
    yield table_start("Refusals by code", {"Code": False, "Times": True, "For example": False}) + "<tbody>"
    for code in sorted(times, key=lambda each: (-times[each], each)):
        yield f'<tr><th scope="row"><code>{escape(code)}</code></th><td class="number">{count(times[code])}</td>'
        yield f"<td>{escape(examples[code])}</td></tr>"
    yield "</tbody></table></div>"


def _notes(found: Gathered) -> Iterator[str]:
    told = list(head.notes(found))
    if not told:
        yield '<p class="empty">Nothing out of the ordinary.</p>'
        return
    yield "<ul>"
    yield from (f"<li>{escape(note)}</li>" for note in told)
    yield "</ul>"


def _settings(found: Gathered) -> Iterator[str]:
    files = found.hashed.get("data")
    if isinstance(files, list):
        yield from _files([file if isinstance(file, dict) else {} for file in files])
    text = json.dumps(found.hashed.get("settings"), indent=2, ensure_ascii=False)
    yield "<details><summary>All settings that decide the trading, defaults filled in</summary>"
    yield f'<pre tabindex="0">{escape(text)}</pre></details>'


def _files(files: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the table of data files; with gaps if the manifest knows of them."""
    gaps = any("gaps" in file for file in files)
    heads = {"File": False, "Rows": True, "First (UTC)": False, "Last (UTC)": False}
    yield table_start("Data files", {**heads, **({"Gaps": True} if gaps else {}), "sha256": False}) + "<tbody>"
    for file in files:
        name, rows, digest = (escape(str(file.get(key))) for key in ("name", "rows", "sha256"))
        first, last = (
            escape(minute(at) if isinstance(at := file.get(key), int) else str(at)) for key in ("first", "last")
        )
        missing = f'<td class="number">{escape(str(file.get("gaps", "")))}</td>' if gaps else ""
        yield f'<tr><th scope="row">{name}</th><td class="number">{rows}</td><td>{first}</td><td>{last}</td>'
        yield f"{missing}<td><code>{digest}</code></td></tr>"
    yield "</tbody></table></div>"


def _bottom(name: str) -> Iterator[str]:
    yield (
        "<footer><p>Made by execd from the journal alone. Charts show rounded values, and of long series the extremes; "
        "tables have every digit. Whether the journal is what was written: "
        f"<code>execd journal verify {escape(name)}</code>. Charts: plotly.js (MIT).</p></footer>"
    )


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _own_script() -> str:
    return _SCRIPT_END.sub(r"<\\/", '"use strict";\n(() => {\n' + "\n".join(map(_asset, _SCRIPTS)) + "\n})();")


@cache
def _plotly() -> str:
    """Return plotly.js as the package ships it. The package itself is not imported: that takes longer."""
    spec = importlib.util.find_spec("plotly")
    places = () if spec is None else spec.submodule_search_locations or ()
    for place in places:
        file = Path(place, "package_data", "plotly.min.js")
        if file.is_file():
            return _SCRIPT_END.sub(r"<\\/", file.read_text(encoding="utf-8"))
    raise ExecdError("plotly.min.js: not found, expected it in the package plotly: install execd anew")
