"""``execd completion SHELL``: the script that makes TAB complete commands and options.

The script asks this very Python for the words, by the protocol of typer: an environment variable instead of a command.
So it completes ``execd`` by whatever path it is called, and ``sh PATH/ops/run`` by whatever path that file is reached,
and never starts a set-up. Files are left to the shell.
"""

import shlex
import sys
from collections.abc import Mapping

from ops.own_packages import OWN_ROOT

_BASH = """\
# execd: TAB completes commands and options in bash, of execd and of sh ops/run.
_execd() {
    local IFS=$'\\n' words=("${COMP_WORDS[@]}") at=$COMP_CWORD
    if [[ ${words[0]} == sh ]]; then
        [[ $at -ge 2 && ${words[1]} -ef @LAUNCHER@ ]] || return 0
        words=("${words[@]:1}") at=$((at - 1))
    fi
    COMPREPLY=($(env COMP_WORDS="${words[*]}" COMP_CWORD=$at _EXECD_COMPLETE=complete_bash @PROGRAM@ 2>/dev/null))
}
complete -o bashdefault -o default -F _execd execd sh @LAUNCHER@ ops/run ./ops/run
"""
_ZSH = """\
# execd: TAB completes commands and options in zsh, of execd and of sh ops/run.
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_execd() {
    eval "$(_TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _EXECD_COMPLETE=complete_zsh @PROGRAM@ 2>/dev/null)"
}
_execd_sh() {
    if (( CURRENT > 2 )) && [[ ${(Q)words[2]} -ef @LAUNCHER@ ]]; then
        shift words
        (( CURRENT -= 1 ))
        _execd
    elif (( $+functions[_sh] )); then
        _sh
    else
        _default
    fi
}
compdef _execd execd @LAUNCHER@ ops/run ./ops/run
compdef _execd_sh sh
"""
_FISH = """\
# execd: TAB completes commands and options in fish, of execd and of sh ops/run.
function __execd_ask
    set -l words (commandline -cp)
    if string match -qr '^\\s*sh\\s' -- $words
        set words (string replace -r '^\\s*sh\\s+' '' -- $words)
    end
    env _EXECD_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=$argv[1] _TYPER_COMPLETE_ARGS="$words" \\
        @PROGRAM@ 2>/dev/null
end
function __execd_launched
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test (realpath -- $words[2] 2>/dev/null) = @LAUNCHER@
end
complete --command execd --no-files --condition '__execd_ask is-args' --arguments '(__execd_ask get-args)'
complete --command sh --no-files --condition '__execd_launched; and __execd_ask is-args' \\
    --arguments '(__execd_ask get-args)'
"""
_SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def completion_command(shell: str) -> int:
    """Print the script for a shell: bash, zsh or fish. Returns the exit code."""
    print(script(shell), end="")  # noqa: T201 - for the shell
    return 0


def script(shell: str) -> str:
    """Return the script for a shell: bash, zsh or fish."""
    program = f"{shlex.quote(sys.executable)} -P -m ops.cli"  # -P: a folder with an `ops` of its own is no obstacle
    launcher = shlex.quote(str(OWN_ROOT / "ops" / "run"))
    return _SCRIPTS[shell].replace("@PROGRAM@", program).replace("@LAUNCHER@", launcher)
