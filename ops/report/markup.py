"""Pieces of HTML that more than one part of the page is made of."""

from collections.abc import Mapping
from decimal import Decimal
from html import escape

from ops.report.formats import exact, money

NUMBER = ' class="number"'


def table_start(caption: str, heads: Mapping[str, bool], *, style: str = "") -> str:
    """Return a table's beginning, in a frame that scrolls; `heads` says of each column whether it holds numbers."""
    cells = (f'<th scope="col"{NUMBER if number else ""}>{escape(label)}</th>' for label, number in heads.items())
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="{style}">'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{''.join(cells)}</tr></thead>"
    )


def cell(value: Decimal) -> str:
    """Return a cell with an amount, coloured by its sign; all its digits are in its title."""
    kind = "nought" if not value else "loss" if value < 0 else "gain"
    return f'<td class="number {kind}" title="{escape(exact(value))}">{escape(money(value))}</td>'
