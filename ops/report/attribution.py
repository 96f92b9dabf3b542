# ruff: noqa: RUF001 - formulas are written with the signs that people know
"""What the change of equity came from: what the six kinds mean, the table of them, and the sum written out."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from html import escape

from messages.book import Attribution, InsurancePaid, Liquidated
from ops.report.charts import KINDS
from ops.report.formats import exact
from ops.report.gathered import Gathered
from ops.report.markup import cell, table_start

MEANINGS: Mapping[str, str] = {
    "price": (
        "amount held × change of the base asset's own price, from mark to mark; also what a limit order gained or lost "
        "against the mark"
    ),
    "basis": "amount of perps held × change of the difference between the perp's price and the base asset's own",
    "funding": "as paid, positive when received",
    "fees": "what fills were charged, fees in the coin itself counted at the fill's price; negative when paid",
    "slippage": (
        "amount × (price − reference price), negative when it cost; the reference is the last price at acceptance, the "
        "limit, or the trigger"
    ),
    "liquidation": "liquidation fees (negative), and what insurance paid (positive)",
}
"""Of each kind, as actors/attribution.py works it out."""

_ZERO = Decimal(0)
_READABLE = 10


def attribution(found: Gathered) -> Iterator[str]:
    """Yield the table whose sums must come to the change of equity, what its columns mean, and the sum written out."""
    if found.parts is not None and found.marks:
        heads = {"Source": False, **dict.fromkeys((kind.capitalize() for kind in (*KINDS, "sum")), True)}
        yield table_start(f"Profit and loss by instrument and venue, in {found.currency}", heads, style="sums")
        total = dict.fromkeys(KINDS, _ZERO)
        for venue in sorted({part.venue for part in found.parts.parts}):
            parts = [part for part in found.parts.parts if part.venue == venue]
            sums = {kind: sum((getattr(part.attribution, kind) for part in parts), _ZERO) for kind in KINDS}
            total = {kind: total[kind] + sums[kind] for kind in KINDS}
            yield f"<tbody>{_sums(venue, sums, 'venue')}"
            yield from (_sums(part.source, _by_kind(part.attribution), "part") for part in parts)
            yield "</tbody>"
        yield f"<tfoot>{_sums('Total', total, 'total')}</tfoot></table></div>"
        yield _proof(found, sum(total.values(), _ZERO))
    yield from _liquidation(found)
    yield '<dl class="kinds">'
    for kind in KINDS:
        yield f"<div><dt>{kind.capitalize()}</dt><dd>{escape(MEANINGS[kind])}</dd></div>"
    yield "</dl>"


def _liquidation(found: Gathered) -> Iterator[str]:
    """Yield what the kind `liquidation` is made of: fees of each instrument, and what insurance paid each account."""
    if not found.forced:
        return
    fees: dict[tuple[str, str], Decimal] = {}
    paid: dict[tuple[str, str], Decimal] = {}
    for _, entry in found.forced:
        if isinstance(entry, Liquidated):
            closed = (entry.instrument, found.currency)
            fees[closed] = fees.get(closed, _ZERO) - entry.liquidation_fee
        elif isinstance(entry, InsurancePaid):
            account = (entry.account, entry.asset)
            paid[account] = paid.get(account, _ZERO) + entry.amount
    yield table_start("What liquidation is made of", {"Part": False, "Of": False, "Amount": True, "Currency": False})
    yield "<tbody>"
    for label, amounts in (("Liquidation fees", fees), ("Paid by insurance", paid)):
        for (of, currency), amount in sorted(amounts.items()):
            yield f'<tr><th scope="row">{label}</th><td>{escape(of)}</td>{cell(amount)}<td>{escape(currency)}</td></tr>'
        if not amounts:
            yield f'<tr><th scope="row">{label}</th><td></td>{cell(_ZERO)}<td>{escape(found.currency)}</td></tr>'
    yield "</tbody></table></div>"


def _sums(label: str, sums: Mapping[str, Decimal], style: str) -> str:
    cells = "".join(cell(value) for value in (*sums.values(), sum(sums.values(), _ZERO)))
    return f'<tr class="{style}"><th scope="row">{escape(label)}</th>{cells}</tr>'


def _by_kind(attribution: Attribution) -> dict[str, Decimal]:
    return {kind: getattr(attribution, kind) for kind in KINDS}


def _proof(found: Gathered, total: Decimal) -> str:
    """Return the sum written out: first equity, what was attributed, last equity, and what is missing, if anything."""
    first, last = found.marks[0].equity, found.marks[-1].equity
    put_in = found.marks[-1].put_in or _ZERO
    missing = last - first - put_in - total
    outside = f"<span>+ put in from outside {_precise(put_in)}</span> " if put_in else ""
    kind, verdict = ("good", "exactly") if not missing else ("bad", f"but for {exact(missing)}, which nothing explains")
    return (
        f'<p class="proof {kind}"><span>Equity at the start {_precise(first)}</span> {outside}<span>+ sum of all parts '
        f"{_precise(total)}</span> <span>= equity at the end {_precise(last)}, {verdict}.</span></p>"
    )


def _precise(value: Decimal) -> str:
    """Return a figure with as many decimals as one can read; the rest is in its title."""
    return f'<b title="{exact(value)}">{exact(round(value, _READABLE))}</b>'
