"""Which session a config has: one whose clock comes by calls, or one that goes on by itself."""

from ops.interfaces.called_session import CalledSession
from ops.interfaces.choices import Chosen
from ops.interfaces.session import Session
from ops.wiring import goes_on


def session_of(chosen: Chosen) -> Session:
    """Return a session, not begun."""
    if not goes_on(chosen.settings):
        return CalledSession(chosen)
    # What talks to venues takes a second to import, and a backtest never pays for that.
    from ops.interfaces.ongoing_session import OngoingSession  # noqa: PLC0415

    return OngoingSession(chosen)
