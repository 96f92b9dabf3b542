"""The way in while a daemon runs: a socket beside the journal, for the same user alone.

One line of JSON in, one line out: ``{"command": "resolve", ...}``. A line that is no such object, or is too long,
is answered with what was wrong and changes nothing. The socket's address is short however long the journal's path is:
it is named by way of an open folder.
"""

import hashlib
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

LONGEST = 64 * 1024
"""Bytes of a line."""
ANSWER_S = 30.0
"""Whoever asked waits so long, in seconds."""
_LONGEST_NAME = 80
"""Bytes of a socket's name beside the journal; an address has room for 107 with the folder's."""

Command = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes what came beside the command's name, and returns what is answered."""


class ControlError(Exception):
    """A command that can't be carried out; its text is the answer."""


def socket_path(journal: Path) -> Path:
    """Return where the socket of the daemon lies that writes a journal."""
    name = f"{journal.name}.control"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f"{hashlib.sha256(os.fsencode(journal.name)).hexdigest()[:32]}.control"
    return journal.with_name(name)


class Control:
    """Listens on a thread of its own.

    Args:
        journal: Beside which the socket lies.
        commands: By name.
    """

    def __init__(self, journal: Path, commands: Mapping[str, Command]) -> None:
        self._path = socket_path(journal)
        self._path.unlink(missing_ok=True)  # of a process that is gone: the journal's lock says that there is no other
        with _short(self._path) as address:
            self._server = _Server(address, _Line, bind_and_activate=False)
            self._server.commands = commands
            self._server.server_bind()
            os.chmod(address, 0o600)  # noqa: PTH101 - by the short name; nobody can connect before it listens
            self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="control", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Take no more commands; return whether that took less than so many seconds."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    commands: Mapping[str, Command] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        """Who asked has gone away: nothing to be said."""


class _Line(socketserver.StreamRequestHandler):
    timeout = ANSWER_S

    def handle(self) -> None:
        line = self.rfile.readline(LONGEST + 1)
        if not line:
            return
        server = self.server
        answer = _answer(line, server.commands if isinstance(server, _Server) else {})
        with suppress(OSError):
            self.wfile.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")


def _answer(line: bytes, commands: Mapping[str, Command]) -> Mapping[str, Any]:
    if len(line) > LONGEST:
        return {"error": f"a line of more than {LONGEST} bytes"}
    try:
        wanted = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "not JSON"}
    name = wanted.get("command") if isinstance(wanted, dict) else None
    command = commands.get(name) if isinstance(name, str) else None
    if command is None:
        return {"error": f"no such command, expected one of {', '.join(sorted(commands))}"}
    try:
        return command({key: value for key, value in wanted.items() if key != "command"})
    except ControlError as error:
        return {"error": str(error)}


def ask(journal: Path, command: str, **rest: object) -> dict[str, Any] | None:
    """Send a command to the daemon that writes a journal, and return its answer; None where nobody listens.

    Raises:
        ControlError: It refused, or did not answer in time.
    """
    path = socket_path(journal)
    if not path.exists():
        return None
    with _short(path) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_S)
        try:
            line.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        except OSError as error:
            raise ControlError(f"{path}: {error.strerror or error}") from None
        try:
            line.sendall(json.dumps({"command": command, **rest}).encode() + b"\n")
            with line.makefile("rb") as answers:
                found = json.loads(answers.readline())  # nothing, where the daemon is on its way down, is no answer
        except (OSError, ValueError, RecursionError):
            raise ControlError("the daemon did not answer") from None
    if not isinstance(found, dict):
        raise ControlError("the daemon did not answer")
    if "error" in found:
        raise ControlError(str(found["error"]))
    return found


@contextmanager
def _short(path: Path) -> Any:  # noqa: ANN401 - a context manager of a text
    """Yield a name of the path that fits into a socket's address, whatever its length."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
