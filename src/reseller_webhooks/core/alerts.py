"""Alerts: e-mails to the users of a reseller when a webhook fails, and when it recovers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.messages import Message

DELAYS_S = (0, 600, 3600, 14_400)
"""Seconds for which a webhook must have failed before a user is alerted: the choices of users."""
DELAY_S = 600
"""The choice of an admin who has made none. Viewers are not told unless they choose to be."""
DIGEST_S = 300
"""The least time between two alerts of a user; what happens meanwhile is in the next one."""
WEBHOOKS_MAX = 50
"""Webhooks that an e-mail lists; of the others it gives the number."""
RETRIES = RetryPolicy((60, 300, 900, 1800, *[3600] * 71))
"""Of an e-mail: for 3 days, as long as other mail servers try (RFC 5321, 4.5.4.1)."""
LANGUAGE = "en"


class AlertKind(StrEnum):
    """Kinds of alert e-mails. The values are stored."""

    FAILING = "webhooks-failing"
    RECOVERED = "webhooks-recovered"


@dataclass(frozen=True, slots=True)
class AlertPreference:
    """A user's choice of alerts. delay_s: None for no alerts."""

    delay_s: int | None
    language: str = LANGUAGE


@dataclass(frozen=True, slots=True)
class AlertedWebhook:
    """A webhook as an alert lists it. since: microseconds UTC, when it began to fail."""

    uuid: str
    url: str
    resource: str
    since: int
    reason: Message | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """An e-mail about webhooks of one reseller. membership: the id of the user's membership.

    count: of all webhooks that it is about; `webhooks` lists the first WEBHOOKS_MAX.
    """

    kind: AlertKind
    recipient: str
    membership: str
    reseller: str
    language: str
    webhooks: tuple[AlertedWebhook, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail of the outbox. failures: attempts that failed. created_at: microseconds UTC."""

    id: int
    uuid: str
    created_at: int
    failures: int
    alert: Alert


def listed(webhooks: Sequence[AlertedWebhook]) -> tuple[AlertedWebhook, ...]:
    """The webhooks that an e-mail lists, those that have failed for longest first."""
    return tuple(sorted(webhooks, key=lambda webhook: webhook.since)[:WEBHOOKS_MAX])
