"""A headless Chromium, driven by its DevTools protocol over two pipes: no driver, no port, no package.

Chromium reads commands from descriptor 3 and writes answers and events to descriptor 4, as JSON that ends with a zero
byte (``--remote-debugging-pipe``).
"""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
DRAWN = """new Promise((drawn) => new MutationObserver(() => drawn(true))
    .observe(document.documentElement, {attributes: true, attributeFilter: ["data-drawn"]}))"""
"""Script: a promise that is kept when the page says that its charts are drawn, or drawn again."""

_PATIENCE_S = 60.0
_ABOVE = 10
"""Our ends of the pipes lie at or above this descriptor, out of the way of 3 and 4."""


def installed() -> str | None:
    """Return the path of a Chromium, if this machine has one."""
    return next((path for path in map(shutil.which, NAMES) if path is not None), None)


class Browser:
    """A running Chromium. Leaving it ends the process, and the group of processes that it started."""

    def __init__(self, program: str, profile: Path) -> None:
        their_in, self._out = _pipe()
        self._in, their_out = _pipe()
        places = ((os.POSIX_SPAWN_DUP2, their_in, 3), (os.POSIX_SPAWN_DUP2, their_out, 4))
        quiet = tuple((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2))
        words = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._pid = os.posix_spawn(program, words, dict(os.environ), file_actions=(*quiet, *places), setpgroup=0)
        os.close(their_in)
        os.close(their_out)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send a command and return its result; events that come meanwhile are kept in `events`.

        Raises:
            AssertionError: Chromium refused, died, or said nothing for a minute.
        """
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            command["sessionId"] = session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, f"{method}: {told['error']}"
                result: dict[str, Any] = told["result"]
                return result
            self.events.append(told)

    def wait(self, event: str, session: str) -> None:
        """Wait until an event of a tab comes."""
        while True:
            told = self._next()
            self.events.append(told)
            if told.get("method") == event and told.get("sessionId") == session:
                return

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"Chromium said nothing for {_PATIENCE_S:g} s"
            came = os.read(self._in, 1 << 20)
            assert came, "Chromium ended"
            self._rest += came
        line, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        return told


class Tab:
    """One page of a browser, which remembers what its console and its network said."""

    def __init__(
        self, browser: Browser, *, width: int, height: int = 900, dark: bool = False, touch: bool = False
    ) -> None:
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session: str = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._target = target
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)
        if touch:
            self._call("Emulation.setTouchEmulationEnabled", enabled=True)
        self.turn(dark=dark)

    def turn(self, *, dark: bool) -> None:
        """Let it be dark or light."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, path: Path) -> None:
        """Open a file and wait until its charts are drawn."""
        self._call("Page.navigate", url=path.resolve().as_uri())
        self._browser.wait("Page.loadEventFired", self._session)
        self.run(f"document.documentElement.dataset.drawn || {DRAWN}")

    def run(self, script: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return what an expression comes to; a promise is waited for."""
        told = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        code = {"Enter": 13, "Tab": 9, " ": 32}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if kind == "keyDown" and text else {}
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Write a picture of the page as PNG."""
        told = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def complaints(self) -> list[str]:
        """Return every error and warning of the console, exceptions and broken policies included."""
        self.run("0")  # what was said before it has come by now
        return [text for event in self._mine() if (text := _complaint(event))]

    def requests(self) -> list[str]:
        """Return every address that the page asked for, its own left out."""
        return [
            url
            for event in self._mine()
            if event["method"] == "Network.requestWillBeSent"
            and not (url := event["params"]["request"]["url"]).startswith(("file:", "data:", "blob:"))
        ]

    def close(self) -> None:
        """Close it."""
        self._browser.call("Target.closeTarget", targetId=self._target)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        return self._browser.call(method, self._session, **parameters)

    def _mine(self) -> list[dict[str, Any]]:
        return [event for event in self._browser.events if event.get("sessionId") == self._session]


def _complaint(event: Mapping[str, Any]) -> str:
    told = event["params"]
    match event["method"]:
        case "Runtime.exceptionThrown":
            return str(told["exceptionDetails"])
        case "Runtime.consoleAPICalled" if told["type"] in {"error", "warning", "assert"}:
            return str(told["args"])
        case "Log.entryAdded" if told["entry"]["level"] in {"error", "warning"}:
            return str(told["entry"])
        case _:
            return ""


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    above = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for end in ends)
    for end in ends:
        os.close(end)
    return above[0], above[1]
