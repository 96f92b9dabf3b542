"""What a run's summary points out is what its result counts."""

import io
import json
from pathlib import Path

import msgspec
from rich.console import Console

from ops.result import Result
from ops.run_command import summary
from tests.ops.started import LINE, execd, write_case


def test_refused_cancels_and_passed_over_errors_are_counted_and_pointed_out(tmp_path: Path) -> None:
    at = "2024-01-02T02:00:00Z"
    lines = [{"at": at, "cancel": "nobody"}, {"at": at, "amend": "a1", "amount": "2"}]
    script = LINE + "".join(f"{json.dumps(line)}\n" for line in lines)

    write_case(tmp_path, script=script)
    told = execd("run", "backtest.toml", "--no-journal", "--json", cwd=tmp_path).object()
    assert (told["cancels_refused"], told["skipped"]) == (2, 0)

    out = io.StringIO()
    summary(Console(file=out, width=160), msgspec.convert(told | {"skipped": 3}, Result))
    assert "  not cancelled          2   cancels and amends that execd refused\n" in out.getvalue()
    assert "  skipped                3   errors passed over, see the journal\n" in out.getvalue()
