"""execd with a venue that says everything it was told, as a program: ``python -m tests.ops.daemon.talkative run``.

What ccxt signs, and the listen keys that it is given, is written to the file of TALKATIVE_SECRETS, for who looks for it
elsewhere. Requests about orders fail in all ways in which an error can quote them, in turn: as ccxt quotes them, as a
page of HTML that shows them, as an answer that is none, and as a mistake of ours that names the keys. TALKATIVE_CRASH
adds a crash: of the ``process``, or of a venue's ``epoch``.
"""

import itertools
import os
import re
from pathlib import Path
from typing import Any

import ccxt
from ccxt.async_support.base.exchange import Exchange

from actors.exchange.live import client, exchanges, watching
from ops.cli import main
from ops.daemon import command

_SECRETS = Path(os.environ["TALKATIVE_SECRETS"])
_CRASH = os.environ.get("TALKATIVE_CRASH", "")
_TURN = itertools.count()
_LISTEN_KEY = re.compile(r"(?:listenKey=|/ws/)([A-Za-z0-9]{32,})")


def note(secret: str) -> None:
    """Write down what must stand nowhere else."""
    with _SECRETS.open("a") as file:
        file.write(secret + "\n")


def _sign(plain: Any) -> Any:  # noqa: ANN401 - ccxt's
    def signed(*words: Any, **more: Any) -> Any:  # noqa: ANN401
        signature = plain(*words, **more)
        note(signature if isinstance(signature, str) else signature.hex())
        return signature

    return staticmethod(signed)


def _dial(plain: Any) -> Any:  # noqa: ANN401
    def dialled(self: Any, url: str) -> Any:  # noqa: ANN401
        for match in _LISTEN_KEY.finditer(url):
            note(match[1])
        return plain(self, url)

    return dialled


def _fetch(plain: Any) -> Any:  # noqa: ANN401
    async def fetched(self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:  # noqa: ANN401
        quoted = f"{method} {url} {headers} {body}"
        if "rder" not in url or not self.apiKey:
            return await plain(self, url, method, headers, body)
        match next(_TURN) % 6:
            case 0:
                raise ccxt.ExchangeError(f"{self.id} {quoted}") from ValueError(quoted)
            case 1:
                page = f"<html><body>You sent {quoted}</body></html>"
                return self.handle_errors(502, "Bad Gateway", url, method, {}, page, None, headers, body)
            case 2:
                return f"<p>{url[-90:]} {self.secret} {headers}"
            case 3:
                raise RuntimeError(f"planted: {self.apiKey} {self.secret} {self.password} {quoted}")
            case _:
                return await plain(self, url, method, headers, body)

    return fetched


async def _epoch_crashes(self: Any) -> None:  # noqa: ANN401 - a Watch
    connection: client.VenueClient = self._connection
    keys = connection._attempts._credentials  # noqa: SLF001 - as a mistake would
    raise RuntimeError(f"planted: {connection!r} {connection._attempts!r} {keys!r}")  # noqa: SLF001


def _process_crashes(*_: object, **__: object) -> str:
    raise RuntimeError("planted, in a process that holds keys")


Exchange.hmac = _sign(Exchange.hmac)
exchanges.Obedient.client = _dial(exchanges.Obedient.client)  # type: ignore[method-assign]  # from outside
exchanges.Obedient.fetch = _fetch(Exchange.fetch)
if _CRASH == "epoch":
    watching.Watch._snapshot = _epoch_crashes  # type: ignore[method-assign]  # noqa: SLF001 - as above
if _CRASH == "process":
    command.wait = _process_crashes  # type: ignore[attr-defined]  # from outside

if __name__ == "__main__":
    main()
