"""A notification: the HTTP message as the receiver sees it. Owns its headers."""

from typing import NamedTuple

from reseller_webhooks import __version__
from reseller_webhooks.core.deliveries import cloudevents
from reseller_webhooks.core.deliveries.attempts import Outgoing
from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.secret_masking import MASK
from reseller_webhooks.core.webhooks.settings import Format
from reseller_webhooks.core.webhooks.signing import sign
from reseller_webhooks.core.webhooks.webhook import NoAuth, TokenAuth, Webhook

USER_AGENT = f"reseller-webhooks/{__version__}"
TOKEN = "x-appdirect-webhook-token"  # noqa: S105 - the name of a header
LEGACY_TOKEN = "AppDirect-Webhook-Token"  # noqa: S105 - the name of a header
MEDIA_TYPES = {
    Format.NOTIFICATION: "application/json",
    Format.CLOUDEVENTS: cloudevents.MEDIA_TYPE,
}


class DueDelivery(NamedTuple):
    """A due delivery with its notification."""

    delivery: Delivery
    event: str
    body: bytes

    def __repr__(self) -> str:
        """Without the body, which is the reseller's."""
        return f"Due({self.delivery}, {self.event!r})"


def outgoing(
    webhook: Webhook,
    due: DueDelivery,
    *,
    number: int,
    at: int,
    bearer: str | None = None,
    legacy_token: bool = False,
    source: str = cloudevents.EVENTS,
) -> Outgoing:
    """The request of one attempt.

    number: of the attempt, from 1. at: microseconds UTC. bearer: the OAuth2 access token.
    source: where the events of a CloudEvents webhook come from, a URL.
    """
    body = packed(webhook.format, due.event, due.body, source)
    at_s = at // 1_000_000
    secrets = [webhook.secret]
    if webhook.previous_secret and at < webhook.previous_secret_until:
        secrets.extend(webhook.previous_secret.split())
    headers = {
        "content-type": MEDIA_TYPES[webhook.format],
        "user-agent": USER_AGENT,
        "webhook-id": due.event,
        "webhook-timestamp": str(at_s),
        "webhook-signature": sign(secrets, due.event, at_s, body),
        "x-webhook-attempt": str(number),
    }
    if isinstance(webhook.auth, TokenAuth):
        headers[TOKEN] = webhook.auth.token
        if legacy_token:
            headers[LEGACY_TOKEN] = webhook.auth.token
    elif not isinstance(webhook.auth, NoAuth) and bearer is not None:
        headers["authorization"] = f"Bearer {bearer}"
    return Outgoing(webhook.url, headers, body, webhook.reseller_id)


def packed(form: Format, event: str, body: bytes, source: str) -> bytes:
    """The body to send and sign: the notification itself, or the CloudEvent that holds it."""
    return cloudevents.structured(event, body, source) if form is Format.CLOUDEVENTS else body


def shown_headers(
    event: str, auth_type: str, number: int, at: int, form: Format = Format.NOTIFICATION
) -> dict[str, str]:
    """An attempt's headers as people may see them: what proves who we are is masked."""
    headers = {
        "content-type": MEDIA_TYPES[form],
        "user-agent": USER_AGENT,
        "webhook-id": event,
        "webhook-timestamp": str(at // 1_000_000),
        "webhook-signature": f"v1,{MASK}",
        "x-webhook-attempt": str(number),
    }
    if auth_type == "TOKEN":
        headers[TOKEN] = MASK
    elif auth_type != "NONE":
        headers["authorization"] = f"Bearer {MASK}"
    return headers
