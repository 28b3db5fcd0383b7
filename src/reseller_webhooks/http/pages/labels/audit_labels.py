"""The audit log in words: acts, actors and changes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reseller_webhooks.core.access.audit import Act, ActorKind, AuditLine
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.settings import SETTINGS
from reseller_webhooks.core.webhooks.webhook import AUTH_LABELS
from reseller_webhooks.http.pages import language
from reseller_webhooks.http.pages.labels.job_labels import KINDS
from reseller_webhooks.http.pages.labels.quota_labels import LABELS
from reseller_webhooks.http.pages.language import N_, _

SUBJECTS = {
    "webhook": N_("Webhooks"),
    "record": N_("Records"),
    "user": N_("Users"),
    "key": N_("API keys"),
    "reseller": N_("Resellers"),
}
"""The subjects that the log can be filtered by."""
_ACTS: Mapping[str, str] = {
    Act.WEBHOOK_ADDED: N_("Webhook added"),
    Act.WEBHOOK_CHANGED: N_("Webhook changed"),
    Act.WEBHOOK_PAUSED: N_("Webhook paused"),
    Act.WEBHOOK_RESUMED: N_("Webhook resumed"),
    Act.WEBHOOK_SECRET_ROTATED: N_("Signing secret rotated"),
    Act.WEBHOOK_TESTED: N_("Test notification sent"),
    Act.WEBHOOK_DELETED: N_("Webhook deleted"),
    Act.WEBHOOK_PENDING_RETRIED: N_("Pending deliveries retried"),
    Act.WEBHOOK_FAILED_RETRIED: N_("Failed deliveries retried"),
    Act.WEBHOOK_DELIVERY_RETRIED: N_("Delivery retried"),
    Act.WEBHOOK_BACKFILL_BEGUN: N_("Sending of the current state started"),
    Act.WEBHOOK_BACKFILL_CANCELLED: N_("Sending of the current state cancelled"),
    Act.WEBHOOK_JOB_CANCELLED: N_("Job cancelled"),
    Act.USER_ADDED: N_("User added"),
    Act.USER_INVITED: N_("User invited"),
    Act.USER_INVITE_WITHDRAWN: N_("Invite withdrawn"),
    Act.USER_JOINED: N_("Invite accepted"),
    Act.USER_ROLE_CHANGED: N_("Role changed"),
    Act.USER_REMOVED: N_("User removed"),
    Act.USER_LOCKED: N_("User locked"),
    Act.USER_UNLOCKED: N_("User unlocked"),
    Act.USER_LINK_MADE: N_("Sign-in link created"),
    Act.USER_PASSWORD_SET: N_("Password set"),
    Act.USER_SIGNED_IN: N_("Signed in"),
    Act.USER_SIGN_IN_REFUSED: N_("Sign-in refused: wrong password"),
    Act.USER_SESSIONS_ENDED: N_("Sessions ended"),
    Act.RECORD_ERASED: N_("Record erased"),
    Act.KEY_ADDED: N_("API key created"),
    Act.KEY_REVOKED: N_("API key revoked"),
    Act.RESELLER_ADDED: N_("Reseller added"),
    Act.RESELLER_FAILED_RETRIED: N_("Failed deliveries retried"),
    Act.RESELLER_JOB_CANCELLED: N_("Job cancelled"),
    Act.RESELLER_QUOTAS_CHANGED: N_("Quotas changed"),
}
FIELDS = {
    **{name: setting.audit_label or setting.label for name, setting in SETTINGS.items()},
    "auth_type": N_("Authentication"),
    "events": N_("Events"),
    "host": N_("Host"),
    "token_host": N_("Host of the Access Token URI"),
    "by": N_("Signed in with"),
    "role": N_("Role"),
    "scope": N_("Permissions"),
    "sessions": N_("Sessions"),
    "authentication": N_("Authentication"),
    "pause_reason": N_("Reason"),
    "rate": N_("Notifications per second"),
    "removed": N_("Deleted records included"),
    "job": N_("Job"),
    **{quota.value: label for quota, label in LABELS.items()},
    "guesses in a row": N_("Wrong passwords in a row"),
}
_ACTORS: Mapping[str, str] = {
    ActorKind.COMMAND: N_("Command line"),
    ActorKind.PROGRAM: N_("This service"),
    ActorKind.NOBODY: N_("Not signed in"),
}
OTHERS = N_("The operator of this service")
"""Shown to a reseller in place of a person who does not belong to it."""
_VALUES: Mapping[str, str] = {
    "GONE": N_("The receiver answered 410: it wants no more notifications"),
    **{one.value: one.label for one in Resource},
    **{one.value: one.label for one in Action},
    **AUTH_LABELS,
    **{value: text for each in SETTINGS.values() for value, text in each.audit_values.items()},
    "platform": N_("Platform"),
    "reseller": N_("One reseller"),
    "reseller:read": N_("One reseller, read only"),
    "admin": N_("Admin"),
    "viewer": N_("Viewer"),
    "operator": N_("Operator"),
    "link": N_("a sign-in link"),
    "password": N_("a password"),
    "invite": N_("an invite"),
    "single sign-on": N_("single sign-on"),
    "entered again": N_("entered again"),
    **{kind.value: text for kind, text in KINDS.items()},
}
INSTANTS = {"from", "to"}
_WITH_PREVIOUS = {Act.WEBHOOK_CHANGED, Act.USER_ROLE_CHANGED, Act.RESELLER_QUOTAS_CHANGED}
"""Acts whose details hold the previous and the new value of each field."""


def act(line: AuditLine) -> str:
    """The act in words."""
    return _(_ACTS.get(line.act, line.act))


def actor(line: AuditLine) -> str:
    """The actor in words."""
    known = _ACTORS.get(line.actor_kind) or (None if line.actor else OTHERS)
    return _(known) if known else line.actor


def is_key(line: AuditLine) -> bool:
    """True if a program acted, with an API key."""
    return line.actor_kind == ActorKind.KEY and bool(line.actor)


def details(line: AuditLine) -> Iterator[tuple[str, str, str]]:
    """Changed fields: label, previous value (empty where there is none) and new value."""
    for name, value in line.details.items():
        if name in INSTANTS:
            continue
        label = _(FIELDS.get(name) or name[:1].upper() + name[1:].replace("_", " "))
        changed = line.act in _WITH_PREVIOUS and isinstance(value, list)
        before, after = value if changed else (None, value)
        yield label, _told(before) if changed else "", _told(after)


def period(line: AuditLine) -> tuple[int | None, int | None]:
    """The period of a retry, from and until."""
    return line.details.get("from"), line.details.get("to")


def _told(value: Any) -> str:
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return language.number(value)
    if isinstance(value, str):
        return _(_VALUES[value]) if value in _VALUES else value
    if isinstance(value, Iterable):
        return ", ".join(_told(one) for one in sorted(value, key=_place))
    return str(value)


def _place(value: Any) -> int:
    """The position on the form, so that actions have the same sequence everywhere."""
    return list(Action).index(value) if value in list(Action) else 0
