"""Messages: every error and reason as a code and its parameters. One module for each subject."""

from reseller_webhooks.core.messages import (
    access,
    attempts,
    changes,
    quotas,
    requests,
    targets,
    webhooks,
)
from reseller_webhooks.core.messages.attempts import plain
from reseller_webhooks.core.messages.message import (
    CODES,
    ENGLISH,
    Language,
    Message,
    MessageCode,
    Param,
    Plural,
    from_json,
    render,
)

SUBJECTS = (access, attempts, changes, quotas, requests, targets, webhooks)

__all__ = [
    "CODES",
    "ENGLISH",
    "SUBJECTS",
    "Language",
    "Message",
    "MessageCode",
    "Param",
    "Plural",
    "from_json",
    "plain",
    "render",
]
