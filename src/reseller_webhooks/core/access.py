"""Who may do what: scopes of API keys and roles of people."""

from enum import StrEnum


class Scope(StrEnum):
    """What an API key is good for."""

    PLATFORM = "platform"
    """Writes records, and sees every reseller."""
    RESELLER = "reseller"
    """Manages one reseller's webhooks."""
    RESELLER_READ = "reseller:read"
    """Reads what one reseller may see."""


class Role(StrEnum):
    """What a person may do on the pages."""

    ADMIN = "admin"
    """Manages their reseller's webhooks."""
    VIEWER = "viewer"
    """Sees them."""
    OPERATOR = "operator"
    """Sees and manages every reseller's."""


FREE_GUESSES = 5
"""Wrong passwords before a person has to wait."""
LONGEST_LOCK_S = 900


def lock_s(failures: int) -> int:
    """Seconds to wait after that many wrong passwords in a row; doubles from 15 s to 15 min."""
    if failures < FREE_GUESSES:
        return 0
    return min(15 << min(failures - FREE_GUESSES, 10), LONGEST_LOCK_S)
