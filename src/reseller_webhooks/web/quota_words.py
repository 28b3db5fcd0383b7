"""Quotas of resellers in words."""

from collections.abc import Mapping

from reseller_webhooks.core.errors import QuotaExceeded
from reseller_webhooks.core.quota_texts import TEXTS
from reseller_webhooks.core.quotas import Quota
from reseller_webhooks.web import language
from reseller_webhooks.web.language import N_, _

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


def describe(error: QuotaExceeded) -> str:
    """A refusal, as a sentence in the visitor's language."""
    params = {
        name: language.number(value) if isinstance(value, int) else value
        for name, value in error.params.items()
    }
    return language.as_sentence(_(TEXTS[error.quota]) % params)
