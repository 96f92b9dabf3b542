"""In a real browser a report draws its charts without a complaint, fits every screen, and its tables do as one says."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.journal.manifest import manifest
from messages.units import InstructionId, Side
from ops.report import write_report
from tests.ops.report.browser import DRAWN, Browser, Tab
from tests.ops.report.made import BESIDE, HASHED, LEGS, START, Year, fill, write

PHONE, WIDE = 360, 1440
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'</SCRIPT>"
CHARTS = ["equity", "attribution", "positions", "funding", "margin"]
FILLS = '[data-table="fills"]'
BEYOND = """[...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, nav, pre, svg"))
    .map((each) => `${each.tagName}.${each.className}`)"""


@pytest.fixture(scope="module")
def wide(browser: Browser, year: Path) -> Iterator[Tab]:
    """Return the page on a wide screen; tests that press something in it put it back."""
    tab = Tab(browser, width=WIDE)
    tab.open(year)
    yield tab
    tab.close()


def column(tab: Tab, place: int, table: str = FILLS) -> list[str]:
    """Return what a column shows, on the page of the table that is shown."""
    cells = f"{table} tbody tr td:nth-child({place})"
    shown: list[str] = tab.run(f"[...document.querySelectorAll(`{cells}`)].map((cell) => cell.textContent)")
    return shown


def status(tab: Tab) -> str:
    """Return which rows of the fills are shown."""
    return str(tab.run(f"document.querySelector('{FILLS} [role=status]').textContent"))


def choose(tab: Tab, selector: str, value: str, event: str) -> None:
    """Give a field a value as a user does."""
    tab.run(
        f"(() => {{ const field = document.querySelector(`{FILLS} {selector}`); field.value = `{value}`; "
        f"field.dispatchEvent(new Event('{event}', {{bubbles: true}})); }})()"
    )


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_a_page_is_drawn_without_a_complaint_and_fits_the_screen_in_light_and_dark(
    browser: Browser, year: Path, width: int
) -> None:
    tab = Tab(browser, width=width, touch=width == PHONE)
    tab.open(year)
    seen = [looked_at(tab)]

    tab.run(f"void (window.again = {DRAWN})")
    tab.turn(dark=True)
    tab.run("window.again")
    seen.append(looked_at(tab))

    assert [each["ground"] for each in seen] == ["rgb(255, 255, 255)", "rgb(16, 20, 24)"]
    assert seen[0]["text"] != seen[1]["text"]
    for each in seen:
        assert each["charts"] == CHARTS
        assert all(count > 0 for count in each["lines"])
        assert each["width"] == width
        assert each["beyond"] == []
    assert tab.complaints() == []
    assert tab.requests() == []
    tab.close()


def looked_at(tab: Tab) -> dict[str, Any]:
    """Return how the page looks now."""
    charts = "[...document.querySelectorAll('[data-chart]')]"
    return {
        "charts": tab.run(f"{charts}.map((each) => each.dataset.chart)"),
        "lines": tab.run(f"{charts}.map((each) => each.querySelectorAll('path.js-line').length)"),
        "text": tab.run(f"{charts}[0].layout.font.color"),
        "width": tab.run("document.documentElement.scrollWidth"),
        "beyond": tab.run(BEYOND),
        "ground": tab.run("getComputedStyle(document.documentElement).backgroundColor"),
    }


def test_a_column_is_sorted_by_the_keyboard_up_down_and_back(wide: Tab) -> None:
    before = column(wide, 6)
    head = f"document.querySelector('{FILLS} thead th:nth-child(6)')"
    wide.run(f"{head}.querySelector('button').focus()")
    said, shown = [], []

    for _ in range(3):
        wide.press("Enter")
        said.append(wide.run(f"{head}.getAttribute('aria-sort')"))
        shown.append(column(wide, 6))

    amounts = [[Decimal(cell.replace(",", "")) for cell in cells] for cells in shown]
    assert said == ["ascending", "descending", "none"]
    assert amounts[0] == sorted(amounts[0])
    assert amounts[1] == sorted(amounts[1], reverse=True)
    assert amounts[0][-1] < amounts[1][-1]
    assert shown[2] == before


def test_rows_are_filtered_by_text_and_by_choice(wide: Tab) -> None:
    choose(wide, "input", "basis-00012", "input")
    by_text = column(wide, 11), status(wide)
    choose(wide, "input", "no such text", "input")
    nothing = column(wide, 11), status(wide)
    choose(wide, "input", "", "input")
    choose(wide, "label:nth-of-type(2) select", "1", "change")
    by_choice = {*column(wide, 2)}
    choose(wide, "label:nth-of-type(2) select", "", "change")

    assert by_text == (["basis-00012"], "Rows 1 to 1 of 1 found of 1,527")
    assert nothing == ([], "No row fits.")
    assert by_choice == {"binance:ETH/USDT"}
    assert status(wide) == "Rows 1 to 25 of 1,527"


def test_rows_are_shown_a_page_at_a_time(wide: Tab) -> None:
    button = f"document.querySelectorAll('{FILLS} .pager button')"

    first = column(wide, 11)
    wide.run(f"{button}[1].click()")
    second, said = column(wide, 11), status(wide)
    wide.run(f"{button}[0].click()")

    assert said == "Rows 26 to 50 of 1,527"
    assert not {*first} & {*second}
    assert column(wide, 11) == first
    assert wide.run(f"{button}[0].disabled") is True


def test_the_limit_of_the_margin_ratio_is_in_sight_on_both_scales(wide: Tab) -> None:
    chart = "document.querySelector('[data-chart=margin]')"
    button = f"{chart}.closest('figure').querySelector('button')"

    linear = wide.run(f"{chart}.layout.yaxis.range")
    wide.run(f"{button}.click()")
    log, pressed = wide.run(f"{chart}.layout.yaxis.range"), wide.run(f"{button}.getAttribute('aria-pressed')")
    wide.run(f"{button}.click()")

    assert linear[0] <= 1 <= linear[1]
    assert log[0] < 0 < log[1]
    assert pressed == "true"
    assert wide.run(f"{chart}.layout.shapes[0].y0") == 1


def test_liquidations_stand_in_the_margin_chart_and_funding_spans_the_run(wide: Tab) -> None:
    dashes = (
        "(name) => document.querySelector(`[data-chart=${name}]`).layout.shapes.filter((each) => each.x0 === each.x1)"
    )
    span = "(name) => document.querySelector(`[data-chart=${name}]`)"

    lines = [
        wide.run(f"({dashes})('{name}').map((each) => [each.x0, each.line.dash])") for name in ("equity", "margin")
    ]
    funding = wide.run(f"({span})('funding').layout.xaxis.range.map((at) => new Date(at).getTime())")
    equity = wide.run(f"({span})('equity').data[0].x.filter((_, place, all) => place in {{0: 0, [all.length - 1]: 0}})")

    assert lines[0] == lines[1]
    assert [dash for _, dash in lines[0]] == ["dash"]
    assert funding == equity


def test_every_field_and_table_has_a_name(wide: Tab) -> None:
    unnamed = """[...document.querySelectorAll("table, input, select, button, section")].filter((each) =>
        !(each.caption || each.closest("label") || each.textContent.trim() || each.getAttribute("aria-label")))"""

    assert wide.run(f"{unnamed}.map((each) => each.outerHTML.slice(0, 100))") == []
    assert wide.run("[...document.querySelectorAll('table')].every((each) => each.caption?.textContent)") is True
    assert wide.run("document.querySelectorAll('h1').length") == 1


def test_what_a_journal_says_is_shown_as_text_and_never_run(browser: Browser, tmp_path: Path) -> None:
    settings = {**HASHED, "settings": {"strategy": {"use": HOSTILE}}}
    entries = Year(hours=240, fills=40).entries()
    hostile = fill(LEGS[0], 1, Side.BUY, Decimal(1), Decimal(2000), instruction_id=InstructionId(HOSTILE))
    journal = write(tmp_path / "journal.sqlite", [(START, hostile), *entries], about=manifest(settings, BESIDE))
    page = write_report(journal, tmp_path / "report.html")
    tab = Tab(browser, width=WIDE)

    tab.open(page)

    assert tab.run("document.querySelector('h1').textContent") == HOSTILE
    assert HOSTILE in column(tab, 11)
    assert tab.run("document.querySelectorAll('img, main script').length") == 0
    assert tab.complaints() == []
    assert tab.requests() == []
    tab.close()
