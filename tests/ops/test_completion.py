"""TAB completes commands and options, in a real shell, for ``execd`` and for ``sh ops/run`` from any folder."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.started import CODE, ROOT, environment, execd

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="no bash here")


def typed_in_bash(keys: str, cwd: Path) -> str:
    """Type into an interactive bash that has loaded the completion, and return what the typed command was called with.

    ``execd`` and ``sh`` are functions there that print their words. The keys go in once the shell waits for them.
    """
    script = cwd / "completion.bash"
    script.write_text(execd("completion", "bash", cwd=cwd).out)
    (cwd / "rc").write_text(
        f". {script}\nbind 'set enable-bracketed-paste off'\nPS1=READY\n"
        "execd() { printf '<%s>' execd \"$@\"; printf DONE; }\nsh() { printf '<%s>' sh \"$@\"; printf DONE; }\n"
    )
    ours, its = pty.openpty()
    assert BASH is not None
    shell = subprocess.Popen(  # noqa: S603 - our own script
        [BASH, "--noprofile", "--rcfile", str(cwd / "rc"), "-i"],
        cwd=cwd, env=environment(TERM="dumb", HISTFILE="/dev/null"), stdin=its, stdout=its, stderr=its,
        start_new_session=True,
    )  # fmt: skip
    os.close(its)
    try:
        _until(ours, "READY")
        os.write(ours, f"{keys}\n".encode())
        return _until(ours, "DONE").partition("DONE")[0].rpartition("\n")[2]
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def _until(descriptor: int, end: str) -> str:
    seen = ""
    while end not in seen:
        seen += os.read(descriptor, 4096).decode()
    return seen


@needs_bash
@pytest.mark.parametrize(
    ("keys", "called"),
    [
        ("execd jou\t", "<execd><journal>"),
        ("execd journal ver\t--exp\t", "<execd><journal><verify><--expect-hash>"),
        ("execd journal show x --type Equ\t", "<execd><journal><show><x><--type><EquityMarked>"),
        ("execd run my\t", "<execd><run><my config.toml>"),
        ("sh RUN jou\t", "<sh><RUN><journal>"),
        ("sh other jou\t", "<sh><other><jou>"),
        ("sh my\t", "<sh><my config.toml>"),
    ],
)
def test_tab_in_bash_completes(keys: str, called: str, tmp_path: Path) -> None:
    (tmp_path / "my config.toml").touch()
    launcher = os.path.relpath(ROOT / "ops" / "run", tmp_path)

    found = typed_in_bash(keys.replace("RUN", launcher), tmp_path)

    assert found.strip("\r") == called.replace("RUN", launcher)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_this_python_whatever_folder_it_is_asked_in(shell: str, tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()  # a package of that name is no obstacle

    ended = execd("completion", shell, cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert f"{sys.executable} -P -m ops.cli" in ended.out
    assert str(ROOT / "ops" / "run") in ended.out
    assert "@" not in ended.out.replace("${COMP_WORDS[@]}", "").replace("${words[@]", "")


@pytest.mark.parametrize(
    ("shell", "asked"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "execd jou"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "execd jou", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_what_zsh_and_fish_ask_is_answered(shell: str, asked: dict[str, str], tmp_path: Path) -> None:
    ended = execd(cwd=tmp_path, code=CODE, _EXECD_COMPLETE=f"complete_{shell}", **asked)

    assert (ended.code, ended.err) == (0, "")
    assert "journal" in ended.out
    assert "demo" not in ended.out


def test_the_help_says_what_to_put_where_for_the_way_in_that_was_taken(tmp_path: Path) -> None:
    ended = execd("completion", "--help", cwd=tmp_path, EXECD_LAUNCHER="../x y/ops/run")

    assert f"eval \"$(sh '{tmp_path}/../x y/ops/run' completion bash)\"" in ended.out.replace("\n  ", " ")
