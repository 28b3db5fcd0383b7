"""The audit log in words: what was done, by whom, and what changed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reseller_webhooks.core.audit import Act, ActorKind
from reseller_webhooks.core.names import Action, Resource
from reseller_webhooks.core.webhooks import AUTH_LABELS
from reseller_webhooks.store.audit import Line

SUBJECTS = {"webhook": "Webhooks", "user": "Users", "key": "API keys", "reseller": "Resellers"}
"""What the log can be narrowed to."""
_ACTS: Mapping[str, str] = {
    Act.WEBHOOK_ADDED: "Webhook added",
    Act.WEBHOOK_CHANGED: "Webhook changed",
    Act.WEBHOOK_PAUSED: "Webhook paused",
    Act.WEBHOOK_RESUMED: "Webhook resumed",
    Act.WEBHOOK_SECRET_ROTATED: "Signing secret rotated",
    Act.WEBHOOK_DELETED: "Webhook deleted",
    Act.WEBHOOK_FAILED_RETRIED: "What failed sent again",
    Act.WEBHOOK_DELIVERY_RETRIED: "One delivery sent again",
    Act.WEBHOOK_BACKFILL_BEGUN: "Present state sent",
    Act.WEBHOOK_BACKFILL_CANCELLED: "Present state cancelled",
    Act.USER_ADDED: "User added",
    Act.USER_INVITED: "User invited",
    Act.USER_INVITE_WITHDRAWN: "Invite withdrawn",
    Act.USER_JOINED: "Invite accepted",
    Act.USER_LOCKED: "User locked",
    Act.USER_UNLOCKED: "User unlocked",
    Act.USER_LINK_MADE: "Sign-in link made",
    Act.USER_PASSWORD_SET: "Password set",
    Act.USER_SIGNED_IN: "Signed in",
    Act.USER_SIGN_IN_REFUSED: "Wrong password",
    Act.USER_SESSIONS_ENDED: "Signed out elsewhere",
    Act.KEY_ADDED: "API key made",
    Act.KEY_REVOKED: "API key revoked",
    Act.RESELLER_ADDED: "Reseller added",
}
_FIELDS = {
    "url": "URL",
    "auth_type": "Authentication",
    "max_in_flight": "Requests at once",
    "rate_per_second": "Requests per second",
    "format": "Format",
    "mode": "After an outage",
    "by": "With",
}
_ACTORS: Mapping[str, str] = {
    ActorKind.COMMAND: "Command line",
    ActorKind.PROGRAM: "The program itself",
    ActorKind.NOBODY: "Somebody not signed in",
}
_VALUES: Mapping[str, str] = {
    **{one.value: one.label for one in Resource},
    **{one.value: one.label for one in Action},
    **AUTH_LABELS,
    "EVERY_CHANGE": "every change",
    "LATEST_STATE": "the latest state",
    "platform": "Platform",
    "reseller": "One reseller",
    "reseller:read": "One reseller, only to read",
    "admin": "Admin",
    "viewer": "Viewer",
    "operator": "Operator",
}
_INSTANTS = {"from", "to"}


def act(line: Line) -> str:
    """What was done."""
    return _ACTS.get(line.act, line.act)


def actor(line: Line) -> str:
    """Who did it."""
    return _ACTORS.get(line.actor_kind) or line.actor


def is_key(line: Line) -> bool:
    """Whether a program did it, with an API key."""
    return line.actor_kind == ActorKind.KEY


def details(line: Line) -> Iterator[tuple[str, str, str]]:
    """What changed: the field, how it was, and how it is; how it was is empty if it was not."""
    for name, value in line.details.items():
        if name in _INSTANTS:
            continue
        label = _FIELDS.get(name, name[:1].upper() + name[1:].replace("_", " "))
        changed = line.act == Act.WEBHOOK_CHANGED and isinstance(value, list)
        before, after = value if changed else (None, value)
        yield label, _told(before) if changed else "", _told(after)


def period(line: Line) -> tuple[int | None, int | None]:
    """From when to when, of what was sent again."""
    return line.details.get("from"), line.details.get("to")


def _told(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _VALUES.get(value, value)
    if isinstance(value, Iterable):
        return ", ".join(_told(one) for one in value)
    return str(value)
