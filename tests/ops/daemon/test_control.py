"""The way in while a daemon runs: one line in, one line out, for its user alone, and nothing that is sent harms it.

Whatever comes in is answered with one JSON object, or with nothing where nothing was asked.
"""

import json
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.daemon import control
from ops.daemon.control import LONGEST, Command, Control, ControlError, ask, socket_path

WAIT_S = 20.0


class Desk:
    """Commands that remember what they were told."""

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any]] = []
        self.both = threading.Barrier(2, timeout=WAIT_S)

    def by_name(self) -> Mapping[str, Command]:
        return {"note": self.note, "refuse": self.refuse, "meet": self.meet, "break": self.break_, "long": self.long}

    def note(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        self.heard.append(rest)
        return {"heard": len(self.heard)}

    def refuse(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ControlError(f"not {rest['what']}")

    def meet(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer when somebody else asks as well."""
        self.both.wait()
        return rest

    def break_(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ValueError(rest)

    def long(self, rest: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"names": ["x" * 32] * int(rest["count"])}


@contextmanager
def listening(journal: Path, desk: Desk) -> Iterator[None]:
    running = Control(journal, desk.by_name())
    try:
        yield
    finally:
        assert running.stop(WAIT_S)


def sent(journal: Path, line: bytes) -> bytes:
    """Send bytes and end the line of sending; return all that is answered."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as own:
        own.settimeout(WAIT_S)
        own.connect(str(socket_path(journal)))
        own.sendall(line)
        own.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: own.recv(65536), b""))


def test_a_command_is_carried_out_with_what_came_beside_its_name(tmp_path: Path) -> None:
    desk = Desk()
    with listening(tmp_path / "j", desk):
        answer = ask(tmp_path / "j", "note", venue="okx", amount=None)

    assert answer == {"heard": 1}
    assert desk.heard == [{"venue": "okx", "amount": None}]


def test_a_refusal_is_raised_in_its_own_words(tmp_path: Path) -> None:
    with listening(tmp_path / "j", Desk()), pytest.raises(ControlError, match=r"^not today$"):
        ask(tmp_path / "j", "refuse", what="today")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"status\n", "not JSON"),
        (b"\xff\xfe\x00\n", "not JSON"),
        (b"\n", "not JSON"),
        (b'{"command": "note"', "not JSON"),
        (b"[" * 30_000 + b"\n", "not JSON"),
        (b'{"amount": ' + b"1" * 5_000 + b"}\n", "not JSON"),
        (b"[]\n", "no such command, expected one of break, long, meet, note, refuse"),
        (b'"note"\n', "no such command, expected one of break, long, meet, note, refuse"),
        (b"{}\n", "no such command, expected one of break, long, meet, note, refuse"),
        (b'{"command": ["note"]}\n', "no such command, expected one of break, long, meet, note, refuse"),
        (b'{"command": "\\ud800"}\n', "no such command, expected one of break, long, meet, note, refuse"),
    ],
    ids=["word", "bytes", "empty", "cut", "deep", "number", "array", "text", "nothing", "list", "surrogate"],
)
def test_a_line_that_is_no_command_is_answered_with_what_was_wrong_and_changes_nothing(
    line: bytes, error: str, tmp_path: Path
) -> None:
    desk = Desk()
    with listening(tmp_path / "j", desk):
        answer = sent(tmp_path / "j", line)
        after = ask(tmp_path / "j", "note")

    assert json.loads(answer) == {"error": error}
    assert answer.endswith(b"\n")
    assert after == {"heard": 1}


def test_a_line_of_64_kib_is_taken_and_a_longer_one_refused(tmp_path: Path) -> None:
    desk = Desk()
    start, end = b'{"command": "note", "text": "', b'"}\n'
    fits = start + b"x" * (LONGEST - len(start) - len(end)) + end
    with listening(tmp_path / "j", desk):
        taken = sent(tmp_path / "j", fits)
        refused = sent(tmp_path / "j", b" " + fits)

    assert LONGEST == 64 * 1024
    assert json.loads(taken) == {"heard": 1}
    assert json.loads(refused) == {"error": "a line of more than 65536 bytes"}
    assert len(desk.heard) == 1


def test_an_answer_may_be_longer_than_a_question(tmp_path: Path) -> None:
    with listening(tmp_path / "j", Desk()):
        answer = ask(tmp_path / "j", "long", count=10_000)

    assert answer is not None
    assert len(answer["names"]) == 10_000


def test_who_connects_and_says_nothing_is_answered_nothing(tmp_path: Path) -> None:
    with listening(tmp_path / "j", Desk()):
        assert sent(tmp_path / "j", b"") == b""


def test_only_the_first_line_counts(tmp_path: Path) -> None:
    desk = Desk()
    with listening(tmp_path / "j", desk):
        answer = sent(tmp_path / "j", b'{"command": "note"}\n{"command": "note"}\n')

    assert answer == b'{"heard": 1}\n'
    assert len(desk.heard) == 1


def test_two_who_ask_at_once_are_both_heard(tmp_path: Path) -> None:
    answers: list[object] = []
    with listening(tmp_path / "j", Desk()):
        others = [
            threading.Thread(target=lambda name=name: answers.append(ask(tmp_path / "j", "meet", name=name)))
            for name in ("a", "b")
        ]
        for each in others:
            each.start()
        for each in others:
            each.join(WAIT_S)

    assert sorted(answers, key=str) == [{"name": "a"}, {"name": "b"}]


def test_a_command_that_breaks_is_said_to_be_without_an_answer_and_the_next_one_is_taken(tmp_path: Path) -> None:
    with listening(tmp_path / "j", Desk()):
        with pytest.raises(ControlError, match=r"^the daemon did not answer$"):
            ask(tmp_path / "j", "break")
        assert ask(tmp_path / "j", "note") == {"heard": 1}


def test_the_socket_is_for_its_user_alone_and_goes_with_the_daemon(tmp_path: Path) -> None:
    with listening(tmp_path / "j", Desk()):
        mode = socket_path(tmp_path / "j").stat().st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_daemon_left_is_no_obstacle_to_the_next(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as left:
        left.bind(str(socket_path(journal)))

    asked_before = ask(journal, "note")
    with listening(journal, Desk()):
        asked_after = ask(journal, "note")

    assert asked_before is None
    assert asked_after == {"heard": 1}


def test_where_nobody_ever_listened_there_is_no_answer(tmp_path: Path) -> None:
    assert ask(tmp_path / "no such folder" / "j", "note") is None
    assert ask(tmp_path / "j", "note") is None


def test_a_journal_may_lie_as_deep_as_a_path_goes_and_have_as_long_a_name(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["a-folder-of-forty-characters-in-its-name"] * 8)
    folder.mkdir(parents=True)
    journal = folder / ("j" * 200 + ".sqlite")
    with listening(journal, Desk()):
        answer = ask(journal, "note")
        mode = stat.S_IMODE(socket_path(journal).stat().st_mode)

    assert answer == {"heard": 1}
    assert mode == 0o600
    assert list(folder.iterdir()) == []


def test_one_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "ANSWER_S", 0.05)
    journal = tmp_path / "j"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as mute:
        mute.bind(str(socket_path(journal)))
        mute.listen()

        with pytest.raises(ControlError, match=r"^the daemon did not answer$"):
            ask(journal, "note")


@pytest.mark.parametrize("answer", [b"", b"[1]\n", b"no\n", b'{"a": \n', b"[" * 30_000])
def test_an_answer_that_is_none_is_said_to_be_none(answer: bytes, tmp_path: Path) -> None:
    journal = tmp_path / "j"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as own:
        own.bind(str(socket_path(journal)))
        own.listen()

        def reply() -> None:
            line, _ = own.accept()
            with closing(line):
                line.recv(65536)
                line.sendall(answer)

        other = threading.Thread(target=reply)
        other.start()
        with pytest.raises(ControlError, match=r"^the daemon did not answer$"):
            ask(journal, "note")
        other.join(WAIT_S)
