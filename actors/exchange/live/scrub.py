"""Takes secrets out of texts that come from a venue, from ccxt or from the network. Pure.

Their errors quote the request: its address with the signed query, its headers, and sometimes the key itself. What
leaves this package as text went through `Scrubber.clean`.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REMOVED = "***"
MAX_TEXT = 500
"""Characters that are kept of a text."""
SHORTEST_SECRET = 4
"""What is shorter would be found in every text, and is no secret."""

_ADDRESS = re.compile(r"\b(?:https?|wss?)://[^\s\"'<>]*", re.IGNORECASE)
_QUERY = re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*")
_NAMED = re.compile(
    r"""(?P<name>\b(?:x-mbx-apikey|x-bapi-[a-z-]+|ok-access-[a-z-]+|signature|sign|api_?key|secret|password|passphrase
        |listen_?key|listen_?token|token|authorization)["']?\s*[:=]\s*)(?:"[^"]*"?|'[^']*'?|[^\s"'&,;}\])]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{40,}")
"""Signatures (64 hex digits, 44 of base64) and listen keys (64); ids of orders have at most 36 characters."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Scrubber:
    """Removes some known secrets, and everything that looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None

    def __repr__(self) -> str:
        return "Scrubber()"

    def clean(self, text: str) -> str:
        """Return a text without secrets, addresses and queries, control characters escaped, at most 500 characters."""
        text = self._without_known(escaped(text))
        text = _ADDRESS.sub(REMOVED, text)
        text = _QUERY.sub("?" + REMOVED, text)
        text = _NAMED.sub(rf"\g<name>{REMOVED}", text)
        text = _LONG.sub(REMOVED, text)
        # What was cut out may have left two halves of a secret side by side.
        return self._without_known(text)[:MAX_TEXT]

    def _without_known(self, text: str) -> str:
        if self._known is None:
            return text
        while True:
            cleaned = self._known.sub(REMOVED, text)
            if cleaned == text:
                return text
            text = cleaned


def escaped(text: str) -> str:
    """Return a text of one line: control characters as backslash escapes."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _forms(secret: str) -> set[str]:
    """Return a secret as it may stand in a text: as it is, in an address, in a form, in JSON, each of them escaped."""
    plain = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    coded = {encode(form) for form in plain for encode in (quote, _quote_all, quote_plus)}
    twice = {_quote_all(form) for form in coded}
    return {escaped(form) for form in plain | coded | twice}


def _quote_all(text: str) -> str:
    return quote(text, safe="")
