"""``execd config reference`` prints what config/reference.py makes of the models, whole and as it is."""

from pathlib import Path

from config.reference import reference
from tests.ops.started import execd


def test_it_prints_the_reference(tmp_path: Path) -> None:
    ended = execd("config", "reference", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{reference().rstrip()}\n"
    assert "leverage" in ended.out
