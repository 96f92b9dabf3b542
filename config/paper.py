"""What can be said of a paper run's config before it starts, though it is not wrong."""

from config.checks import account_names
from config.modes import AT_VENUES
from config.settings import Settings


def unfunded(settings: Settings) -> tuple[str, ...]:
    """Return a line for each venue whose accounts begin with nothing on paper: every order there will be refused."""
    if settings.mode.type in AT_VENUES:
        return ()
    funded = {name for name, balances in settings.accounts.items() if any(balances.values())}
    return tuple(
        f"[accounts] has nothing for {venue}, so every order there will be refused: give it balances, such as "
        f'[accounts.{account_names(venue)[0]}] USDT = "10000"'
        for venue in settings.venues
        if funded.isdisjoint(account_names(venue))
    )
