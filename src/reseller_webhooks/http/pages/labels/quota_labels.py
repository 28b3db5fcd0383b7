"""Labels of a reseller's quotas."""

from collections.abc import Mapping

from reseller_webhooks.core.access.quotas import Quota, rate_of
from reseller_webhooks.core.errors import QuotaExceeded
from reseller_webhooks.core.messages import Plural
from reseller_webhooks.http.pages import language
from reseller_webhooks.http.pages.language import N_, _, ngettext
from reseller_webhooks.settings import PREFIX

LABELS: Mapping[Quota, str] = {
    Quota.WEBHOOKS: N_("Webhooks"),
    Quota.REQUESTS_PER_SECOND: N_("API requests per second"),
    Quota.CHANGES_PER_SECOND: N_("Changes per second"),
    Quota.INVITES_PER_HOUR: N_("Invites per hour"),
    Quota.TESTS_PER_HOUR: N_("Test notifications per hour"),
    Quota.RETRIES_PER_HOUR: N_("Retries per hour"),
    Quota.WEBHOOK_CHANGES_PER_HOUR: N_("Changes of webhooks per hour"),
    Quota.USER_CHANGES_PER_HOUR: N_("Changes of users per hour"),
    Quota.BACKFILL_RECORDS: N_("Records of a backfill"),
    Quota.STORED_BYTES: N_("Stored bytes"),
}
_REACHED: Mapping[Quota, Plural] = {
    Quota.WEBHOOKS: Plural(
        "%(used)s of %(limit)s webhook is in use.",
        "%(used)s of %(limit)s webhooks are in use.",
    ),
    Quota.REQUESTS_PER_SECOND: Plural(
        "The limit of %(limit)s API request per second is reached.",
        "The limit of %(limit)s API requests per second is reached.",
    ),
    Quota.CHANGES_PER_SECOND: Plural(
        "The limit of %(limit)s change per second is reached.",
        "The limit of %(limit)s changes per second is reached.",
    ),
    Quota.INVITES_PER_HOUR: Plural(
        "%(used)s of %(limit)s invite per hour is used.",
        "%(used)s of %(limit)s invites per hour are used.",
    ),
    Quota.TESTS_PER_HOUR: Plural(
        "%(used)s of %(limit)s test notification per hour is used.",
        "%(used)s of %(limit)s test notifications per hour are used.",
    ),
    Quota.RETRIES_PER_HOUR: Plural(
        "%(used)s of %(limit)s retry per hour is used.",
        "%(used)s of %(limit)s retries per hour are used.",
    ),
    Quota.WEBHOOK_CHANGES_PER_HOUR: Plural(
        "%(used)s of %(limit)s webhook change per hour is used.",
        "%(used)s of %(limit)s webhook changes per hour are used.",
    ),
    Quota.USER_CHANGES_PER_HOUR: Plural(
        "%(used)s of %(limit)s user change per hour is used.",
        "%(used)s of %(limit)s user changes per hour are used.",
    ),
    Quota.BACKFILL_RECORDS: Plural(
        "At most %(limit)s record can be sent at a time, and this would send %(used)s.",
        "At most %(limit)s records can be sent at a time, and this would send %(used)s.",
    ),
    Quota.STORED_BYTES: Plural(
        "%(used)s of %(limit)s byte is stored.", "%(used)s of %(limit)s bytes are stored."
    ),
}
"""Sentences that name the limit and its use; the limit decides the plural."""
_REMEDIES: Mapping[Quota, str] = {
    Quota.WEBHOOKS: N_("Delete a webhook that you no longer need."),
    Quota.BACKFILL_RECORDS: N_("Your systems can read all records by the API instead."),
    Quota.STORED_BYTES: N_("Space becomes free as old notifications are deleted."),
}
"""Remedies for quotas that do not become free by waiting."""


def describe(error: QuotaExceeded, *, to_operator: bool = False) -> str:
    """A refusal in the visitor's language: the limit, its use, when to try again, whom to ask.

    to_operator: name the setting as well, and where to change the limit.
    """
    params = {"limit": language.number(error.limit), "used": language.number(error.used)}
    reached = ngettext(*_REACHED[error.quota], error.limit) % params
    said = [reached, _remedy(error)]
    if to_operator:
        raise_it = _(
            "You can raise the limit of this reseller on the Quotas page (setting %(name)s)."
        )
        said.append(raise_it % {"name": PREFIX + error.quota.setting})
    else:
        said.append(_("To get a higher limit, ask the operator of this service."))
    return " ".join(said)


def _remedy(error: QuotaExceeded) -> str:
    if rate_of(error.quota, error.limit) is None:
        return _(_REMEDIES[error.quota])
    minutes = -(-error.retry_after_s // 60)
    again = ngettext("Try again in %(count)s minute.", "Try again in %(count)s minutes.", minutes)
    return again % {"count": language.number(minutes)}
