"""A report tells what its journal says, all of it escaped, needs nothing but itself, and says what is missing."""

import base64
import hashlib
import json
import re
import stat
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.journal.lock import JournalLock
from actors.journal.manifest import manifest
from messages.book import Attribution, EquityMarked, PnlAttributed
from messages.instructions import Code
from messages.lifecycle import RunEnded
from messages.units import Amount, InstructionId, Side
from ops.report import formats, tables, write_report
from ops.report.command import report_command
from tests.actors.journal.builders import tampered
from tests.ops.report.made import BESIDE, HASHED, HOUR, LEGS, START, Stamped, Year, fill, refusal, write

HOSTILE = "<script>alert(1)</script></SCRIPT><!--\"'&\u2028<img src=x onerror=alert(2)>"


@pytest.fixture
def month() -> list[Stamped]:
    """Return the entries of a made-up month."""
    return Year(hours=30 * 24, fills=60).entries()


def reported(folder: Path, entries: Sequence[Stamped], **about: Any) -> str:  # noqa: ANN401 - any part of the manifest
    """Return the report of these entries."""
    folder.mkdir(exist_ok=True)
    journal = write(folder / "journal.sqlite", entries, about=manifest({**HASHED, **about}, BESIDE))
    return write_report(journal, folder / "report.html").read_text(encoding="utf-8")


def told(page: str, name: str) -> dict[str, Any]:
    """Return the numbers that a page carries."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    values: dict[str, Any] = json.loads(found[1])
    return values


def visible(page: str) -> str:
    """Return what stands before the scripts, without tags."""
    return re.sub(r"<[^>]+>", "", page.partition('<script type="application/json"')[0].partition("</style>")[2])


def ended(entries: Sequence[Stamped], outcome: str, reason: str) -> list[Stamped]:
    """Return the entries with another end."""
    at, last = entries[-1]
    assert isinstance(last, RunEnded)
    return [*entries[:-1], (at, msgspec.structs.replace(last, outcome=outcome, reason=reason))]


def test_a_report_stands_beside_its_journal_and_its_path_is_printed(
    tmp_path: Path, month: list[Stamped], capsys: pytest.CaptureFixture[str]
) -> None:
    journal = write(tmp_path / "journal.sqlite", month)

    code = report_command(journal, out=None)

    assert code == 0
    assert capsys.readouterr().out == f"{tmp_path / 'report.html'}\n"
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o600
    assert {found.name for found in tmp_path.iterdir()} <= {"journal.sqlite", "journal.sqlite.lock", "report.html"}


def test_a_report_goes_to_another_folder_and_over_an_older_report(tmp_path: Path, month: list[Stamped]) -> None:
    journal, out = write(tmp_path / "journal.sqlite", month), tmp_path / "some" / "where"

    codes = [report_command(journal, out=out), report_command(journal, out=out)]

    assert codes == [0, 0]
    assert [found.name for found in out.iterdir()] == ["report.html"]


def test_what_is_no_journal_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("no journal")

    codes = [report_command(tmp_path / name, out=None) for name in ("text", "absent")]

    assert codes == [2, 2]
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_target_that_cannot_be_written_is_said_in_one_line(
    tmp_path: Path, month: list[Stamped], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")

    code = report_command(write(tmp_path / "journal.sqlite", month), out=tmp_path / "file")

    assert code == 2
    assert "file/report.html: can't be written: " in capsys.readouterr().err


def test_a_report_that_cannot_be_put_in_its_place_leaves_nothing_behind(tmp_path: Path, month: list[Stamped]) -> None:
    journal, out = write(tmp_path / "journal.sqlite", month), tmp_path / "out"
    (out / "report.html").mkdir(parents=True)

    code = report_command(journal, out=out)

    assert code == 2
    assert [found.name for found in out.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("outcome", "reason", "words"),
    [
        ("done", "", "Completed"),
        ("interrupted", "SIGINT", "Stopped before its end: SIGINT. This is the result so far."),
        ("failed", "the strategy raised at mine.py:3: no", "the strategy raised at mine.py:3: no. This is the result"),
    ],
)
def test_how_the_run_ended_is_said(tmp_path: Path, month: list[Stamped], outcome: str, reason: str, words: str) -> None:
    assert words in visible(reported(tmp_path, ended(month, outcome, reason)))


def test_a_journal_without_an_end_says_so(tmp_path: Path, month: list[Stamped]) -> None:
    assert "The journal has no RunEnded" in visible(reported(tmp_path, month[:-1]))


def test_a_journal_that_goes_on_after_an_end_has_no_end(tmp_path: Path, month: list[Stamped]) -> None:
    assert "No end on record" in visible(reported(tmp_path, [*month, month[5]]))


def test_a_journal_that_is_being_written_says_so(tmp_path: Path, month: list[Stamped]) -> None:
    journal = write(tmp_path / "journal.sqlite", month[:-1])
    lock = JournalLock(journal)

    page = write_report(journal, tmp_path / "report.html").read_text(encoding="utf-8")

    lock.release()
    assert "Still running" in visible(page)


def test_the_head_says_what_ran_and_what_came_of_it(tmp_path: Path, month: list[Stamped]) -> None:
    page = visible(reported(tmp_path, month))

    last = month[-1][1]
    assert isinstance(last, RunEnded)
    assert last.equity_end is not None
    assert f"Equity 100,000.00 → {last.equity_end:,.2f} USDT" in page
    for words in ("basis", "binance, bybit", "0.1.0, Python 3.11.7", "2024-01-01 00:00 to 2024-01-31 00:00 UTC"):
        assert words in page
    assert "Planned until 2025-01-01 00:00, data end 2024-01-31 00:00 UTC" in page


def test_a_run_that_was_stopped_says_how_far_it_came(tmp_path: Path, month: list[Stamped]) -> None:
    page = visible(reported(tmp_path, ended(month, "interrupted", "SIGINT")))

    assert "2024-01-01 00:00 to 2024-01-31 00:00 UTC" in page
    assert "Planned until 2025-01-01 00:00, it came to 2024-01-31 00:00 UTC." in page


def test_a_run_that_came_to_its_end_has_no_warning(year: Path) -> None:
    page = visible(year.read_text(encoding="utf-8"))

    assert "Planned until" not in page
    assert "The journal is not as it was written" not in page


def test_a_changed_journal_is_said_on_top_of_the_page_and_by_the_exit_code(
    tmp_path: Path, month: list[Stamped], capsys: pytest.CaptureFixture[str]
) -> None:
    journal = write(tmp_path / "journal.sqlite", month)
    tampered(journal, "UPDATE entries SET body = ? WHERE seq = 3", b'{"seq":3,"at":1,"type":"Opening","cause":null}')

    code = report_command(journal, out=None)

    page = visible((tmp_path / "report.html").read_text(encoding="utf-8"))
    said = "The journal is not as it was written: entry 3, or one before it, is not what was written"
    error = capsys.readouterr().err
    assert code == 1
    assert len(error.splitlines()) == 1
    assert said in error
    assert page.index(said) < page.index("Completed")


def test_skipped_inputs_stand_beside_how_it_ended(year: Path) -> None:
    assert "Completed 1 input skipped" in visible(year.read_text(encoding="utf-8"))


def test_the_page_has_the_configs_name_and_no_path(tmp_path: Path, month: list[Stamped]) -> None:
    journal, page = tmp_path / "my run" / "journal.sqlite", tmp_path / "report.html"
    journal.parent.mkdir()
    write(journal, month)
    unnamed = write_report(journal, page).read_text(encoding="utf-8")
    journal.unlink()
    write(journal, month, about=manifest(HASHED, {**BESIDE, "config": "/some/where/carry.toml"}))
    named = write_report(journal, page).read_text(encoding="utf-8")

    assert "<title>my run: basis, 2024-01-01 00:00 to" in unnamed
    assert "<title>carry.toml: basis, 2024-01-01 00:00 to" in named
    assert "<code>execd journal verify journal.sqlite</code>" in named
    assert "/some/where" not in named
    assert str(tmp_path) not in named


def test_the_six_kinds_are_defined(year: Path) -> None:
    page = year.read_text(encoding="utf-8")

    for kind in Attribution.__struct_fields__:
        assert f"<dt>{kind.capitalize()}</dt><dd>" in page


def test_liquidation_fees_and_what_insurance_paid_are_told_apart(year: Path) -> None:
    page = year.read_text(encoding="utf-8")

    assert re.search(
        r'Liquidation fees</th><td>binance:ETHUSDT-PERP</td><td class="number loss"[^>]*>[^<]+</td><td>USDT</td>', page
    )
    assert re.search(
        r'Paid by insurance</th><td>binance.perp</td><td class="number gain"[^>]*>37.50</td><td>USDT</td>', page
    )
    closed, insured = told(page, "tables")["liquidations"]["rows"]
    assert closed[-2:] == ["", "USDT"]
    assert insured[-2:] == ["37.5", "USDT"]
    assert insured[4] == ""
    assert "Liquidation rules (tiers of maintenance margin, liquidation fees) come from" in page


def test_data_files_are_told_with_their_span_and_their_gaps(tmp_path: Path, month: list[Stamped]) -> None:
    file = {"name": "a.parquet", "rows": 5, "first": START, "last": START + HOUR, "sha256": "ab"}

    plain = reported(tmp_path / "plain", month, data=[file])
    gaps = visible(reported(tmp_path / "gaps", month, data=[{**file, "gaps": 17}]))

    assert "<td>2024-01-01 00:00</td><td>2024-01-01 01:00</td>" in plain
    assert "Gaps" not in visible(plain)
    assert "Gapssha256" in gaps
    assert "2024-01-01 01:00\n17ab" in gaps


def test_the_attribution_adds_up_to_the_change_of_equity_in_every_digit(tmp_path: Path, month: list[Stamped]) -> None:
    page = visible(reported(tmp_path, month))

    end = month[-1][1]
    assert isinstance(end, RunEnded)
    assert end.equity_end is not None
    gained = formats.exact(round(end.equity_end - 100_000, 10))
    assert f"Equity at the start 100,000 + sum of all parts {gained}" in page
    assert f"= equity at the end {formats.exact(round(end.equity_end, 10))}, exactly." in page


def test_an_attribution_of_more_digits_than_money_has_adds_up_all_the_same(
    tmp_path: Path, month: list[Stamped]
) -> None:
    huge, small = Decimal(10) ** 30, Decimal("7.0000000000123")  # the two together need 43 digits
    start, (at, parts), end = month[3], month[-2], month[-1]
    assert isinstance(start[1], EquityMarked)
    assert isinstance(parts, PnlAttributed)
    nought = Amount(Decimal(0))
    far = Attribution(
        price=Amount(huge), basis=Amount(small), funding=Amount(-huge), fees=nought, slippage=nought, liquidation=nought
    )
    part = msgspec.structs.replace(parts.parts[0], attribution=far)
    last = msgspec.structs.replace(start[1], equity=Amount(100_000 + small), attribution=far)

    page = visible(reported(tmp_path, [month[0], start, (at, last), (at, PnlAttributed(parts=(part,))), end]))

    assert "= equity at the end 100,007, exactly." in page


def test_an_attribution_that_does_not_add_up_is_not_called_exact(tmp_path: Path, month: list[Stamped]) -> None:
    entries = [
        (at, PnlAttributed(parts=entry.parts[1:])) if isinstance(entry, PnlAttributed) else (at, entry)
        for at, entry in month
    ]

    page = visible(reported(tmp_path, entries))

    assert "exactly" not in page
    assert "which nothing explains" in page


def test_all_text_of_a_journal_is_escaped(tmp_path: Path, month: list[Stamped]) -> None:
    bad_fill = fill(LEGS[0], 1, Side.BUY, Decimal(1), Decimal(2000), instruction_id=InstructionId(HOSTILE))
    bad_refusal = refusal(1, Code.HALTED, HOSTILE)
    entries = ended([*month[:5], (START, bad_fill), (START, bad_refusal), *month[5:]], "failed", HOSTILE)
    settings = {"strategy": {"use": HOSTILE, "params": {HOSTILE: HOSTILE}}, "venue_order": [HOSTILE]}

    page = reported(tmp_path, entries, settings=settings, data=[{"name": HOSTILE, "rows": HOSTILE, "sha256": HOSTILE}])

    assert page.count("<script") == page.count("</script") == 4
    assert "<img" not in page
    assert "<!--" not in page
    assert "\u2028" not in page.partition('<script type="application/json"')[2]
    rows = told(page, "tables")["fills"]["rows"]
    assert [row[-1] for row in rows if "alert" in row[-1]] == [HOSTILE]
    assert told(page, "tables")["refusals"]["rows"][0][2] == HOSTILE


def test_a_page_may_run_its_own_scripts_and_fetch_nothing(year: Path) -> None:
    page = year.read_text(encoding="utf-8")

    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    assert found is not None
    policy = dict(part.strip().split(" ", 1) for part in found[1].split(";"))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert policy["script-src"] == " ".join(f"'sha256-{digest}'" for digest in hashes)
    assert policy["default-src"] == policy["connect-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not re.search(r"(src|href)=[\"'](?!#)", page.partition('<script type="application/json"')[0])


def test_the_package_whose_script_draws_is_never_imported(year: Path, tmp_path: Path) -> None:
    words = (
        "import pathlib, sys; from ops.report import write_report; "
        f"write_report(pathlib.Path({str(year.parent / 'journal.sqlite')!r}), pathlib.Path({str(tmp_path / 'r')!r})); "
        "print({'plotly', 'pandas', 'numpy', 'pydantic', 'pyarrow'} & {*sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "set()\n"


def test_more_rows_than_a_page_carries_are_said_with_the_way_to_all(
    tmp_path: Path, month: list[Stamped], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 10)

    page = reported(tmp_path, month)

    fills = told(page, "tables")["fills"]
    assert len(fills["rows"]) == 10
    assert f"The page holds the first 10 of {fills['total']} rows." in visible(page)
    assert "journal export journal.sqlite" in visible(page)


def test_a_damaged_journal_is_told_as_far_as_it_goes(tmp_path: Path, month: list[Stamped]) -> None:
    journal = write(tmp_path / "journal.sqlite", month)
    tampered(journal, "UPDATE entries SET body = ? WHERE seq = 200", b'{"seq":200,"at":1,"type":"Opening","cause":null')
    tampered(journal, "UPDATE entries SET body = ? WHERE seq = 300", b'{"seq":300,"type":"EquityMarked"}')

    page = visible(write_report(journal, tmp_path / "report.html").read_text(encoding="utf-8"))

    assert "entry 200, or one before it, is not what was written" in page
    assert "this page shows what stands before it" in page
    assert "No end on record" in page


def test_a_journal_in_which_equity_was_never_marked_has_a_report(tmp_path: Path, month: list[Stamped]) -> None:
    page = reported(tmp_path, [month[0], month[-1]], settings=None, data=None)

    assert "Equity was never marked" in visible(page)
    assert told(page, "charts") == {}


def test_days_without_a_mark_are_said(tmp_path: Path, month: list[Stamped]) -> None:
    entries = [(at, entry) for at, entry in month if at <= START + 24 * HOUR or at > START + 72 * HOUR]

    assert "2 UTC days have no mark of equity" in visible(reported(tmp_path, entries))


def test_trouble_and_oddities_are_in_the_notes(year: Path) -> None:
    page = visible(year.read_text(encoding="utf-8"))

    assert "An old close of bybit:BTCUSDT-PERP was used for valuation 5 times" in page
    assert "Orders expired once: END_OF_RUN." in page
    assert "without an input that crashed its turn once" in page
    assert told(year.read_text(encoding="utf-8"), "tables")["trouble"]["rows"][0][1] == "MarketSlice skipped"


def test_refusals_are_counted_by_code(tmp_path: Path, month: list[Stamped]) -> None:
    codes = (Code.HALTED, Code.NO_PRICE, Code.HALTED)
    more = [(START, refusal(number, code, f"detail {number}")) for number, code in enumerate(codes)]

    page = reported(tmp_path, [month[0], *more, month[-1]])

    assert re.search(r"<code>HALTED</code></th><td class=\"number\">2</td>\s*<td>detail 0</td>", page)
    assert re.search(r"<code>NO_PRICE</code></th><td class=\"number\">1</td>\s*<td>detail 1</td>", page)


def test_amounts_in_tables_keep_every_digit(tmp_path: Path, month: list[Stamped]) -> None:
    exact = Decimal("12345678901234567890.123456789012345678")
    bought = fill(LEGS[0], 1, Side.BUY, Decimal("0.1"), Decimal(2000), fee=Amount(exact))

    page = reported(tmp_path, [month[0], (START, bought), month[-1]])

    assert told(page, "tables")["fills"]["rows"][0][6] == str(exact)
