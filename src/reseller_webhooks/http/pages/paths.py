"""Paths of pages, for routes and templates."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode

SIGN_IN = "/sign-in"
OPENID = f"{SIGN_IN}/openid"
OPENID_BACK = f"{OPENID}/callback"
SIGN_OUT = "/sign-out"
INVITE = "/invite"
CHOOSE = "/choose-reseller"
ACCOUNT = "/account"
LANGUAGE = "/language"
SESSIONS = f"{ACCOUNT}/sessions"
ALERTS = f"{ACCOUNT}/alerts"
STOP_ALERTS = "/stop-alerts"
USERS = "/users"
INVITES = f"{USERS}/invites"
RESELLERS = "/resellers"
KEYS = "/operator/api-keys"
WORKERS = "/operator/health"
QUOTAS = "/operator/quotas"
AUDIT = "/operator/audit"
WEBHOOKS = "/manage/reseller/settings/integration/webhooks"
ADD = f"{WEBHOOKS}/add"
LOG = f"{WEBHOOKS}/log"
LOG_STREAM = f"{LOG}/stream"
LOG_RETRY = f"{LOG}/retry-failed"
RECORDS = f"{WEBHOOKS}/records"
WEBHOOK_CHOICES = f"{LOG}/webhooks"
RESELLER_CHOICES = f"{RESELLERS}/choices"
HISTORY = f"{WEBHOOKS}/audit"
JOBS = f"{WEBHOOKS}/jobs"
LIMITS = f"{WEBHOOKS}/limits"
OPERATOR_JOBS = "/operator/jobs"

OPERATOR = (RESELLERS, USERS, KEYS, QUOTAS, OPERATOR_JOBS, WORKERS, AUDIT)
"""The operator's pages."""
AFTER_SIGN_IN = (WEBHOOKS, ACCOUNT, *OPERATOR)
"""Pages to which a visitor may return after signing in."""
_RESOLVED = re.compile(r"//|/\.{1,2}(?:/|$)")
"""Empty and dot segments (RFC 3986, 5.2.4)."""


def webhook(uuid: str, step: str = "") -> str:
    """One webhook's page, or what can be done there: edit, delete, test, pause, ..."""
    return f"{WEBHOOKS}/{uuid}/{step}".rstrip("/")


def stop_alerts(token: str) -> str:
    """The link in an alert that stops them."""
    return f"{STOP_ALERTS}/{token}"


def delivery(shown_id: str, step: str = "") -> str:
    """The details of one delivery, or what can be done there: retry."""
    return f"{LOG}/{shown_id}/{step}".rstrip("/")


def jobs(**filters: str) -> str:
    """The background jobs, filtered; empty filters are left out."""
    return _filtered(JOBS, filters)


def job(uuid: str, step: str) -> str:
    """A step of a background job: cancel."""
    return f"{JOBS}/{uuid}/{step}"


def operator_jobs(**filters: str) -> str:
    """The background jobs of all resellers, filtered alike."""
    return _filtered(OPERATOR_JOBS, filters)


def operator_job(reseller: str, uuid: str, step: str) -> str:
    """An operator's step of a reseller's job: cancel."""
    return f"{OPERATOR_JOBS}/{reseller}/{uuid}/{step}"


def reseller(uuid: str) -> str:
    """The page by which an operator enters a reseller."""
    return f"{RESELLERS}/{uuid}/open"


def user(uuid: str, step: str) -> str:
    """A step of a user: link, lock, unlock, remove."""
    return f"{USERS}/{uuid}/{step}"


def choose(wanted: str = "") -> str:
    """The page on which a user of several resellers chooses one, and the page after it."""
    return f"{CHOOSE}?{urlencode({'next': wanted})}" if wanted else CHOOSE


def accept(uuid: str) -> str:
    """The address at which a user of an identity provider accepts an invite."""
    return f"{CHOOSE}/invites/{uuid}"


def invite(uuid: str) -> str:
    """The address that withdraws an invite."""
    return f"{INVITES}/{uuid}/withdraw"


def key(uuid: str) -> str:
    """The address that revokes an API key."""
    return f"{KEYS}/{uuid}/revoke"


def quotas(uuid: str) -> str:
    """A reseller's quotas."""
    return f"{QUOTAS}/{uuid}"


def session(uuid: str) -> str:
    """The address that ends one of the visitor's sessions."""
    return f"{SESSIONS}/{uuid}/end"


def resellers(**filters: object) -> str:
    """The operator's list of resellers, filtered; empty filters are left out."""
    return _filtered(RESELLERS, filters)


def users(**filters: object) -> str:
    """The list of users and invites, filtered alike."""
    return _filtered(USERS, filters)


def webhooks(**filters: object) -> str:
    """The list of webhooks, filtered alike."""
    return _filtered(WEBHOOKS, filters)


def quota_list(**filters: object) -> str:
    """The operator's list of every reseller's quotas, filtered alike."""
    return _filtered(QUOTAS, filters)


def keys(**filters: object) -> str:
    """The operator's list of API keys, filtered alike."""
    return _filtered(KEYS, filters)


def audit(**filters: object) -> str:
    """The audit log, filtered; empty filters are left out."""
    return _filtered(AUDIT, filters)


def history(**filters: object) -> str:
    """The audit log of one reseller, filtered alike."""
    return _filtered(HISTORY, filters)


def log(**filters: str) -> str:
    """The event log, filtered; empty filters are left out."""
    return _filtered(LOG, filters)


def log_stream(**filters: str) -> str:
    """The live stream of the event log, filtered alike."""
    return LOG_STREAM + log(**filters).removeprefix(LOG)


def records(**filters: str) -> str:
    """The records, filtered; empty filters are left out."""
    return _filtered(RECORDS, filters)


def record(resource: str, uuid: str) -> str:
    """One record. An id of a record may be any text."""
    return f"{RECORDS}/{resource}/{quote(uuid, safe='')}"


def sign_in(wanted: str = "") -> str:
    """The sign-in page, and where to go on to."""
    return f"{SIGN_IN}?{urlencode({'next': wanted})}" if wanted else SIGN_IN


def openid(wanted: str) -> str:
    """The address that begins a sign-in with the identity provider, and the page after it."""
    return f"{OPENID}?{urlencode({'next': wanted})}" if wanted else OPENID


def after_sign_in(wanted: str) -> str:
    """The page after signing in: only pages of this service, so that no link leads elsewhere."""
    path = _decoded(re.split("[?#]", wanted, maxsplit=1)[0])
    # What a browser or proxy would resolve or merge might lead to another page than its beginning.
    is_plain = not _RESOLVED.search(path) and wanted.isprintable() and "\\" not in path
    is_page = any(path == one or path.startswith(f"{one}/") for one in AFTER_SIGN_IN)
    return wanted if is_plain and is_page and "\\" not in wanted else WEBHOOKS


def _decoded(path: str) -> str:
    """Without percent-encoding, however often it was applied."""
    while (decoded := unquote(path)) != path:
        path = decoded
    return path


def _filtered(path: str, filters: Mapping[str, object]) -> str:
    query = urlencode({name: value for name, value in filters.items() if value})
    return f"{path}?{query}" if query else path
