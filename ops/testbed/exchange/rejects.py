"""Every reason why a local venue says no. A dialect maps each to its venue's status, code and words."""

from messages.units import Word


class Reject(Word):
    """Why a request is refused. Those of the last group say nothing about whether it was done."""

    # Who asks
    KEY_UNKNOWN = "KEY_UNKNOWN"
    SIGNATURE = "SIGNATURE"
    PASSPHRASE = "PASSPHRASE"  # noqa: S105 - a word, not a password
    TIMESTAMP = "TIMESTAMP"
    """Outside of the receive window, or not a time."""
    PERMISSION = "PERMISSION"
    # What is asked
    UNKNOWN_ENDPOINT = "UNKNOWN_ENDPOINT"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    MISSING_PARAMETER = "MISSING_PARAMETER"
    BAD_PARAMETER = "BAD_PARAMETER"
    UNSUPPORTED = "UNSUPPORTED"
    REQUEST_EXPIRED = "REQUEST_EXPIRED"
    """It came after the time until which it was valid (OKX: expTime)."""
    # How often
    RATE_LIMITED = "RATE_LIMITED"
    ORDER_RATE_LIMITED = "ORDER_RATE_LIMITED"
    BANNED = "BANNED"
    # Orders
    TICK = "TICK"
    PRICE_OUT_OF_BOUNDS = "PRICE_OUT_OF_BOUNDS"
    """Not above zero."""
    PRICE_BAND = "PRICE_BAND"
    LOT = "LOT"
    AMOUNT_TOO_SMALL = "AMOUNT_TOO_SMALL"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    NOTIONAL_TOO_SMALL = "NOTIONAL_TOO_SMALL"
    NO_BALANCE = "NO_BALANCE"
    NO_MARGIN = "NO_MARGIN"
    DUPLICATE_CLIENT_ID = "DUPLICATE_CLIENT_ID"
    BAD_CLIENT_ID = "BAD_CLIENT_ID"
    WOULD_TAKE = "WOULD_TAKE"
    """Post-only, where the venue refuses at once (`Rules.post_only_refused`)."""
    WOULD_TRIGGER = "WOULD_TRIGGER"
    """The trigger price is already reached."""
    NOT_REDUCING = "NOT_REDUCING"
    """Reduce-only without a position to reduce, or in its direction."""
    MORE_THAN_POSITION = "MORE_THAN_POSITION"
    """Reduce-only for more than the position, where the venue does not cut (`Rules.reduce_only_cut`)."""
    TOO_MANY_ORDERS = "TOO_MANY_ORDERS"
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    ORDER_FILLED = "ORDER_FILLED"
    """A cancel or a change comes too late."""
    ORDER_ENDED = "ORDER_ENDED"
    """It was cancelled, or expired, or was rejected."""
    NOT_AMENDABLE = "NOT_AMENDABLE"
    UNCHANGED = "UNCHANGED"
    """An amendment, a leverage, a mode that is so already."""
    LEVERAGE_TOO_HIGH = "LEVERAGE_TOO_HIGH"
    POSITION_OPEN = "POSITION_OPEN"
    """A mode can't change while there are positions or orders."""
    POSITION_SIDE = "POSITION_SIDE"
    """The request speaks of a position mode that the account is not in."""
    # Money that moves
    ASSET_UNKNOWN = "ASSET_UNKNOWN"
    NETWORK_UNKNOWN = "NETWORK_UNKNOWN"
    ADDRESS_UNKNOWN = "ADDRESS_UNKNOWN"
    MOVE_TOO_SMALL = "MOVE_TOO_SMALL"
    MOVE_UNKNOWN = "MOVE_UNKNOWN"
    # The venue itself
    MAINTENANCE = "MAINTENANCE"
    """Turned away before it was looked at: certainly not done."""
    SERVER_ERROR = "SERVER_ERROR"
    """An error inside; says nothing about whether it was done."""
    SERVER_TIMEOUT = "SERVER_TIMEOUT"
    """Gave up waiting for itself; says nothing about whether it was done."""


class RejectError(Exception):
    """The venue says no.

    Attributes:
        reject: Why.
        detail: What to show where the venue's words have a place for it, such as a symbol or a parameter's name.
    """

    def __init__(self, reject: Reject, detail: str = "") -> None:
        super().__init__(f"{reject.name}: {detail}" if detail else reject.name)
        self.reject = reject
        self.detail = detail
