"""What OKX's error codes mean. Pure.

Source: the venue's list of codes (docs-v5, error code, REST API, as of 2026-06-15) and what ccxt 4.5.90 was seen to
make of them. A code may have a sub-code behind an underscore (51008_1000), which changes nothing here.
"""

from types import MappingProxyType

from actors.exchange.wire.contract import Failure, Verdict

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500

TABLE: dict[Verdict, tuple[str, ...]] = {
    Verdict.THROTTLED: (
        "50011",  # rate limit of an endpoint
        "50040",  # too frequent operations
        "50061",  # order rate of the sub-account
    ),
    Verdict.CLOCK: (
        "50036",  # expTime is before the venue's own time: the request was not looked at
        "50102",  # the timestamp is more than 30 s off
        "60006",  # the same, of a WebSocket login
    ),
    Verdict.NOT_SENT: (
        "50037",  # order expired: past its expTime when its turn came, so it was discarded
    ),
    Verdict.UNKNOWN: (
        "1",  # operation failed, and no inner code says why
        "2",
        "50001",  # service temporarily unavailable
        "50004",  # endpoint timed out: "does not mean that the request was successful or failed"
        "50005",  # endpoint inactive or unavailable
        "50013",  # systems are busy; comes with HTTP 429, but from behind the gateway
        "50026",  # system error
        "50042",  # repeated request: the first one may have been done
        "51054",  # request timed out
        "51149",  # order timed out: "please check the request result"
        "51412",  # cancellation timed out
        "51820",  # request failed
        "63999",  # internal system error
    ),
    Verdict.ABSENT: (
        "51063",  # ordId does not exist
        "51603",  # order does not exist
    ),
    Verdict.ENDED: (
        "51400",  # cancel: filled, cancelled or does not exist: not open in any case
        "51401",
        "51402",
        "51405",  # no pending orders
        "51410",  # being cancelled already
        "51416",  # a trigger order that has triggered: its child is the order now
        "51503",  # amend: filled or cancelled already
        "51509",
        "51510",
    ),
    Verdict.DUPLICATE: (
        "50071",  # clOrdId already exists
        "51011",
        "51016",  # client order id already exists among the pending ones
        "51065",  # algoClOrdId already exists
        "51068",
    ),
    Verdict.FORBIDDEN: (
        "4088",  # identity to be verified again
        "50007",
        "50008",
        "50009",  # frozen: stop-out
        "50010",
        "50012",
        "50027",
        "50028",
        "50029",  # risk control
        "50030",
        "50032",
        "50033",
        "50035",  # key must be bound to an IP
        "50041",
        "50051",
        "50052",
        "50053",
        "50059",
        "50060",
        "50067",
        *(f"501{last:02}" for last in range(22) if last not in (2, 15)),
        "51009",
        "51010",  # account mode
        "51024",
        "51155",  # local compliance
        "59113",
        *(f"600{last:02}" for last in (1, 2, 3, 4, 5, 7, 9, 11, 24, 32)),
    ),
    Verdict.REJECTED: (
        "50000",
        "50002",
        "50006",
        "50014",
        "50015",
        "50016",
        *(f"500{last}" for last in range(17, 26)),  # frozen by ADL, liquidation or funding; parameters
        "50038",
        "50039",
        "50044",
        "50046",
        "50062",
        "50115",
        "50122",
    ),
}

CODES: MappingProxyType[str, Verdict] = MappingProxyType(
    {code: verdict for verdict, codes in TABLE.items() for code in codes}
)
"""Every code that is named here. Codes of trading that are not (51xxx, 54xxx, 58xxx, 59xxx) are refusals."""

_REFUSALS = ("51", "54", "58", "59")
_DIGITS = 5


def judge(failure: Failure) -> Verdict:
    """Say what a failure means; UNKNOWN for what is not known definitely."""
    if not failure.sent:
        return Verdict.NOT_SENT
    code = failure.code.partition("_")[0]
    if code in CODES and not (code in ("1", "2") and failure.status == _TOO_MANY_REQUESTS):
        return CODES[code]
    if failure.status == _TOO_MANY_REQUESTS:
        return Verdict.THROTTLED
    # The two codes of time-outs that are known come with HTTP 500: a new one would, too.
    answered = failure.status is not None and failure.status < _SERVER_ERROR
    if answered and len(code) == _DIGITS and code.startswith(_REFUSALS):
        return Verdict.REJECTED
    return Verdict.UNKNOWN
