"""Flash notices: what the next page says about a finished action.

It travels in a sealed cookie, so every process can tell it and nobody can make one up. A new
signing secret does not travel: the notice only allows its session to see it, once. A new API key
and the link of an invite do, because the store keeps no more of them than a hash.
"""

from dataclasses import asdict, dataclass

import orjson

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.errors import SecretUnreadable
from reseller_webhooks.crypto import Box
from reseller_webhooks.http.pages.cookies import NOTICE_LIVES_S


@dataclass(frozen=True, slots=True)
class Flash:
    """A flash notice. kind: its text in notices.html. webhook: the id of its webhook, if any.

    detail: what the text quotes. reveals: whether the webhook's signing secret is to be shown.
    """

    kind: str
    webhook: str = ""
    detail: str = ""
    reveals: bool = False


def seal(box: Box, notice: Flash, session: str, now: Micros) -> str:
    """The notice as a cookie. session: the fingerprint of the session that may read it."""
    until = now + NOTICE_LIVES_S * SECOND
    return box.seal(orjson.dumps([session, until, asdict(notice)]).decode())


def open_flash(box: Box, cookie: str, session: str, now: Micros) -> Flash | None:
    """The notice in a cookie; None when it is too old, of another session or not valid."""
    try:
        whose, until, fields = orjson.loads(box.open(cookie))
        return Flash(**fields) if whose == session and now < until else None
    except (SecretUnreadable, ValueError, TypeError):
        return None
