"""`sh ops/run` sets up once, whatever happens meanwhile, hands its words on as they are, and says what it lacks.

The script runs for real in a folder of its own; only uv is a double that makes a small environment without a network.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "cat", "cksum", "head", "grep", "mkdir", "rm", "rmdir", "ln", "readlink", "sleep", "dirname", "chmod")

FAKE_UV = """\
#!/bin/sh
echo "$*" >>"$LOG"
[ "$1" = venv ] || [ ! -e "$FAIL" ] || exit 9
[ "$1" = venv ] || exit 0
for last; do :; done
mkdir -p "$last/bin"
cat >"$last/bin/python" <<END
#!/bin/sh
case "\\$2" in
    *prefix*) echo "$last" ;;
    *pytest*) shift; pwd; echo "\\$@" ;;
    *) exec "$REAL_PYTHON" "\\$@" ;;
esac
END
cat >"$last/bin/execd" <<END
#!/bin/sh
# $last/bin/python
pwd
for word; do echo "<\\$word>"; done
echo "\\$EXECD_LAUNCHER" >"$LOG.by"
END
chmod +x "$last/bin/python" "$last/bin/execd"
"""


class Copy:
    """A copy of the script with a root, a PATH and a double of uv of its own."""

    def __init__(self, folder: Path, *, tools: tuple[str, ...] = (*TOOLS, "flock")) -> None:
        self.root = folder / "a root"
        self.bin = folder / "bin"
        self.log = folder / "uv.log"
        self.fail = folder / "fail"
        (self.root / "ops").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "ops" / "run", self.root / "ops" / "run")
        for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
            (self.root / name).write_text(f"{name}\n")
        for tool in tools:
            found = shutil.which(tool)
            if found:
                (self.bin / tool).symlink_to(found)
        self.put("uv", FAKE_UV)

    def put(self, name: str, text: str) -> None:
        """Put a command on the path, in place of the machine's own: never through the link to it."""
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def start(self, *words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start the script."""
        variables = {"LOG": self.log, "FAIL": self.fail, "REAL_PYTHON": sys.executable, "PATH": self.bin}
        return subprocess.Popen(  # noqa: S603 - our own script
            [str(self.bin / "sh"), str(self.root / "ops" / "run"), *words],
            cwd=cwd or self.root,
            env={key: str(value) for key, value in variables.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, cwd: Path | None = None) -> tuple[int, str, str]:
        """Run the script; returns exit code, stdout and stderr."""
        process = self.start(*words, cwd=cwd)
        out, err = process.communicate()
        return process.returncode, out, err

    def set_ups(self) -> int:
        """Return how often an environment was made, by the double's own record."""
        return self.log.read_text().count("venv ") if self.log.exists() else 0

    def installs(self) -> str:
        """Return what was installed."""
        return self.log.read_text()


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_words_reach_execd_as_they_are_from_the_folder_of_the_caller(copy: Copy, tmp_path: Path) -> None:
    code, out, _ = copy.run("run", "a b.toml", "*", "", cwd=tmp_path)

    assert code == 0
    assert out.splitlines() == [str(tmp_path), "<run>", "<a b.toml>", "<*>", "<>"]


def test_execd_is_told_by_which_path_it_was_started(copy: Copy) -> None:
    copy.run("demo")

    assert Path(f"{copy.log}.by").read_text() == f"{copy.root}/ops/run\n"


def test_the_second_call_installs_nothing(copy: Copy) -> None:
    copy.run("demo")
    before = copy.installs()

    code, _, err = copy.run("demo")

    assert (code, err) == (0, "")
    assert copy.installs() == before


def test_the_tests_run_in_the_root_with_the_words_that_follow(copy: Copy, tmp_path: Path) -> None:
    code, out, _ = copy.run("test", "-q", "-k", "a b", cwd=tmp_path)

    assert code == 0
    assert out.splitlines() == [str(copy.root), "pytest -q -k a b"]
    assert "requirements-dev.lock" in copy.installs()


def test_what_the_tests_need_is_enough_for_execd(copy: Copy) -> None:
    copy.run("test")
    before = copy.installs()

    copy.run("demo")

    assert copy.installs() == before


def test_a_changed_lock_file_is_installed_again(copy: Copy) -> None:
    copy.run("demo")
    before = copy.installs()
    (copy.root / "requirements.lock").write_text("changed\n")

    copy.run("demo")

    assert copy.installs().count("requirements.lock") == before.count("requirements.lock") + 1
    assert copy.set_ups() == 1


def test_a_set_up_that_broke_off_is_begun_again_from_nothing(copy: Copy) -> None:
    copy.fail.touch()
    code, out, _ = copy.run("demo")
    assert (code, out) == (9, "")
    (copy.root / ".venv" / "half").touch()
    copy.fail.unlink()

    code, _, _ = copy.run("demo")

    assert code == 0
    assert copy.set_ups() == 2
    assert not (copy.root / ".venv" / "half").exists()


@pytest.mark.parametrize("tools", [(*TOOLS, "flock"), TOOLS], ids=["with flock", "without flock"])
def test_three_at_once_set_up_once(tools: tuple[str, ...], tmp_path: Path) -> None:
    copy = Copy(tmp_path, tools=tools)

    processes = [copy.start("demo") for _ in range(3)]

    assert [process.communicate()[0].splitlines()[-1] for process in processes] == ["<demo>"] * 3
    assert copy.set_ups() == 1
    assert not list(copy.root.glob(".venv.lock.pid*"))


def test_the_lock_of_a_process_that_is_gone_is_taken_by_one_of_several(tmp_path: Path) -> None:
    copy = Copy(tmp_path, tools=TOOLS)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (copy.root / ".venv.lock.pid").symlink_to(str(gone.pid))

    processes = [copy.start("demo") for _ in range(4)]

    assert [process.communicate()[0].splitlines()[-1] for process in processes] == ["<demo>"] * 4
    assert copy.set_ups() == 1
    assert not list(copy.root.glob(".venv.lock.pid*"))


def test_where_no_lock_can_be_made_one_line_says_so(tmp_path: Path) -> None:
    copy = Copy(tmp_path, tools=TOOLS)
    copy.put("ln", "#!/bin/sh\nexit 1\n")

    code, out, err = copy.run("demo")

    assert (code, out) == (2, "")
    assert err == f"ops/run: can't make the link {copy.root}/.venv.lock.pid\n"


def test_a_folder_that_was_moved_is_set_up_anew(copy: Copy) -> None:
    copy.run("demo")
    copy.root = copy.root.rename(copy.root.with_name("moved"))

    assert copy.run("demo")[0] == 0
    assert copy.set_ups() == 2


def python(version: str, *, venv: bool = True) -> str:
    """Return a double of a Python of some version."""
    numbers = f"({version.replace('.', ', ')})"
    return f"""\
#!/bin/sh
case "$2" in
    *platform*) echo "Python {version} at $0" ;;
    *version_info*) exec "{sys.executable}" -c "import sys; sys.exit(not (3, 11) <= {numbers}[:2] <= (3, 13))" ;;
    *ensurepip*) exit {int(not venv)} ;;
esac
"""


@pytest.mark.parametrize(
    ("pythons", "line"),
    [
        ({}, "execd needs Python 3.11, 3.12 or 3.13, and found none"),
        ({"python3": python("3.10.9")}, "execd needs Python 3.11, 3.12 or 3.13, and found only Python 3.10.9 at "),
        ({"python3": python("3.14.0")}, "execd needs Python 3.11, 3.12 or 3.13, and found only Python 3.14.0 at "),
        ({"python3.12": python("3.12.1", venv=False), "python3": python("3.9.1")}, "Python 3.12.1 at "),
    ],
    ids=["none", "too old", "too new", "no venv"],
)
def test_without_a_python_that_will_do_one_line_says_why(pythons: dict[str, str], line: str, copy: Copy) -> None:
    os.remove(copy.bin / "uv")  # noqa: PTH107 - a command, not data
    for name, text in pythons.items():
        copy.put(name, text)

    code, out, err = copy.run("demo")

    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"ops/run: {line}")
    assert len(err.splitlines()) == 2  # what it is about to do, and why it can't
