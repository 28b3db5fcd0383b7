"""Links in alerts that stop them, without signing in. They open nothing else."""

from reseller_webhooks.core.errors import NotFound, SecretUnreadable
from reseller_webhooks.crypto import Box

_PURPOSE = "stop alerts of "


def stop_token(box: Box, membership: str) -> str:
    """The token of the link that stops a user's alerts. membership: its id."""
    return box.seal(_PURPOSE + membership)


def membership_of(box: Box, token: str) -> str:
    """The membership whose alerts a link stops. NotFound for a link that was altered."""
    try:
        clear = box.open(token)
    except SecretUnreadable:
        clear = ""
    if not clear.startswith(_PURPOSE):
        raise NotFound("link", token[:16])
    return clear.removeprefix(_PURPOSE)
