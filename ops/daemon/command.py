"""``execd run`` of a config that is live or on paper, and ``execd check`` of one."""

import sys
import time
from contextlib import nullcontext, redirect_stdout, suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from actors.errors import BadInputError, ExecdError
from actors.strategies.timetable import Timetable
from actors.strategy_host import StrategyHost
from messages.live import AskOpenQuestions, OpenQuestionsTold
from ops.daemon.commands import questions_json
from ops.daemon.daemon import Ended, start, stop, wait
from ops.daemon.preparation import Ready, prepare
from ops.daemon.record import open_journal
from ops.daemon.running import Running
from ops.exits import Signalled, one_line, orderly, print_json, say
from ops.hints import command
from ops.wiring import adopts, fixed_namespace


class Caught(Protocol):
    """Returns why the daemon shall stop, or None."""

    def __call__(self) -> str | None:
        """Look."""


class Asked(NamedTuple):
    """What stands on the command line beside the config."""

    adopt: bool
    json: bool


def daemon_command(config: Path, asked: Asked) -> int:
    """Run until told to stop, or until everything is done. Returns the exit code."""
    began = time.monotonic()
    aside = redirect_stdout(sys.stderr) if asked.json else nullcontext()  # what a strategy prints is not for machines
    try:
        with aside:
            ready = prepare(config)  # a signal ends this at once: nothing is begun yet
            for note in ready.notes:
                say(f"note: {one_line(note)}")
            with orderly() as caught:
                running = _started(ready, adopt=asked.adopt)
                ended = _run(ready, running, caught=lambda: _why(caught()))
    except ExecdError as error:
        return refused(error, json=asked.json)
    _tell(ended, running, json=asked.json, seconds=time.monotonic() - began)
    return ended.exit_code


def refused(error: ExecdError, *, json: bool) -> int:
    """Say why nothing was started, and return the exit code."""
    lines = [one_line(line) for line in (error.problems if isinstance(error, BadInputError) else (str(error),))]
    for line in lines:
        say(line)
    if json:
        print_json({"error": "\n".join(lines), "exit": error.exit_code})
    return error.exit_code


def _started(ready: Ready, *, adopt: bool) -> Running:
    settings = ready.loaded.settings
    opened = open_journal(
        ready.loaded.journal_path,
        mode=settings.mode.type,
        hashed=ready.hashed,
        namespace=fixed_namespace(settings),
    )
    if opened.store.torn is not None:
        torn = opened.store.torn
        say(f"note: {torn.entries} entries from {torn.first_seq} on were torn at the last end, and are cut off")
    try:
        return start(ready, opened, adopt=adopt or adopts(settings))
    except BaseException:
        with suppress(ExecdError):
            opened.store.close()
        raise


def _run(ready: Ready, running: Running, *, caught: Caught) -> Ended:
    settings = ready.loaded.settings
    finish = settings.strategy.params.get("exit_when_done") is True
    try:
        reason = wait(running, stopped=caught, done=lambda: finish and _is_done(running))
    except ExecdError as error:
        running.root.fail("daemon", error)
        reason = ""
    return stop(running, reason, cancel=settings.execution.on_stop == "cancel")


def _is_done(running: Running) -> bool:
    """Return whether everything was given, and whatever is not at its end waits for a person."""
    host = running.core.behaviour("strategy")
    strategy = host.strategy if isinstance(host, StrategyHost) else None
    if not isinstance(strategy, Timetable) or not strategy.is_given:
        return False
    if strategy.done:
        return True
    questions: OpenQuestionsTold = running.ask("engine", AskOpenQuestions())
    return 0 < questions.open <= len(questions.operator_needed)


def _tell(ended: Ended, running: Running, *, json: bool, seconds: float) -> None:
    """Say how it ended, and what is left open."""
    questions = ended.questions
    failed = bool(ended.exit_code) and ended.reason != "done"
    if failed:
        say(f"failed: {one_line(ended.reason)}")
    else:
        say(f"stopped: {one_line(ended.reason)}")
    for line in open_lines(questions):
        say(line)
    if not json:
        return
    print_json(
        {
            "reason": ended.reason,
            "journal": str(running.store.path),
            "journal_hash": running.store.last_hash.hex(),
            "entries": ended.entries,
            **({} if questions is None else questions_json(questions)),
            "wall_seconds": round(seconds, 3),
            **({"error": ended.reason} if failed else {}),
            "exit": ended.exit_code,
        }
    )


def open_lines(questions: OpenQuestionsTold | None) -> list[str]:
    """Return what an operator must know of what is not settled, one line each."""
    if questions is None:
        return []
    lines = []
    if questions.open:
        lines.append(f"  {questions.open} orders have not come to their end; a start goes on with them")
    needed = set(questions.operator_needed)
    lines += [f"  unknown: {name}; a start looks on" for name in questions.unknown if name not in needed]
    lines += [
        f"  a person is needed: {name}; look at the venue, then: {command()} resolve {name} absent|filled"
        for name in questions.operator_needed
    ]
    if questions.halt is not None:
        lines.append(f"  nothing new is taken: {one_line(questions.halt)}; to end that: {command()} resume")
    lines += [f"  {venue} takes no orders: {one_line(reason)}" for venue, reason in questions.halted]
    return lines


def _why(caught: Signalled | None) -> str | None:
    return None if caught is None else str(caught)
