"""No text that leaves the live package holds a secret, a signature or an address, however it was written."""

import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.exchange.live.scrub import MAX_TEXT, Scrubber

SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=8, max_size=70)
AROUND = st.text(max_size=120)
WRITTEN: tuple[Callable[[str], str], ...] = (
    str,
    quote,
    quote_plus,
    lambda secret: quote(secret, safe=""),
    lambda secret: quote(quote(secret, safe=""), safe=""),
    lambda secret: json.dumps({"key": secret}),
    lambda secret: f"https://api.venue.test/order?apiKey={quote(secret)}&signature=00",
    lambda secret: f"{{'X-MBX-APIKEY': '{secret}'}}",
)


@given(secret=SECRETS, before=AROUND, after=AROUND, written=st.sampled_from(WRITTEN))
def test_a_planted_secret_is_never_found_again(
    secret: str, before: str, after: str, written: Callable[[str], str]
) -> None:
    scrubber = Scrubber(["another-secret", secret])

    cleaned = scrubber.clean(before + written(secret) + after)

    for form in (secret, quote(secret), quote_plus(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]):
        assert form not in cleaned
    assert len(cleaned) <= MAX_TEXT


@given(AROUND)
def test_a_text_becomes_one_line_without_control_characters(text: str) -> None:
    cleaned = Scrubber([]).clean(text)

    assert all(char.isprintable() or char.isspace() for char in cleaned if ord(char) < 0xA0)
    assert len(cleaned.splitlines()) <= 1


SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (
            f"binance GET https://api.binance.com/api/v3/order?symbol=ETHUSDT&timestamp=1&signature={SIGNATURE}",
            "binance GET ***",
        ),
        (f"lost /api/v3/order?symbol=ETHUSDT&signature={SIGNATURE} at once", "lost /api/v3/order?*** at once"),
        (f"sent {SIGNATURE}", "sent ***"),
        ("signature=abc&symbol=ETHUSDT", "signature=***&symbol=ETHUSDT"),
        ("{'OK-ACCESS-PASSPHRASE': 'open sesame', 'a': 1}", "{'OK-ACCESS-PASSPHRASE': ***, 'a': 1}"),
        ("wss://fstream.binance.com/private/ws?listenKey=abc closed", "*** closed"),
        ('{"listenKey":"abc"}', '{"listenKey":***}'),
        ("a\nb\x07", "a\\nb\\x07"),
    ],
)
def test_what_looks_like_a_secret_goes_too(text: str, cleaned: str) -> None:
    assert Scrubber([]).clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "Account has insufficient balance for requested action.",
        "order 1523801132516728832 of x7Fh2kQ9bLm4Np8Rs3Tv6Wy1Zc5Xd0Ge is done",
        "order b2b27f2c-0d5a-4e53-a6a3-0c1dc0d1c6b6 is done",
        "Filter failure: LOT_SIZE",
    ],
)
def test_what_helps_to_understand_a_refusal_stays(text: str) -> None:
    assert Scrubber(["another-secret"]).clean(text) == text


def test_a_scrubber_does_not_show_what_it_looks_for() -> None:
    assert "another-secret" not in repr(Scrubber(["another-secret"]))
