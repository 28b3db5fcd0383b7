"""Refusals by a quota of a reseller, for callers of the API.

Only refusals of platform keys name the setting: a reseller cannot change it. Pages show texts of
their own: http/pages/labels/quota_labels. No text has a plural form.
"""

from collections.abc import Mapping

from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.messages.message import MessageCode, define

_WAIT = "try again in %(wait)s s, or ask the operator of this service for a higher limit"

OF_QUOTA: Mapping[Quota, MessageCode] = {
    Quota.WEBHOOKS: define(
        "quota-webhooks",
        "the limit for webhooks of a reseller is %(limit)s, and %(used)s are there",
        "delete some, or ask the operator of this service for a higher limit",
    ),
    Quota.REQUESTS_PER_SECOND: define(
        "quota-requests-per-second",
        "the limit for API requests per second of a reseller is %(limit)s",
        _WAIT,
    ),
    Quota.CHANGES_PER_SECOND: define(
        "quota-changes-per-second",
        "the limit for changes per second to records of reseller %(reseller)s is %(limit)s "
        "(%(setting)s)",
        "send the request again in %(wait)s s, or raise the limit of this reseller",
    ),
    Quota.INVITES_PER_HOUR: define(
        "quota-invites-per-hour",
        "the limit for invites per hour of a reseller is %(limit)s",
        _WAIT,
    ),
    Quota.TESTS_PER_HOUR: define(
        "quota-tests-per-hour",
        "the limit for test notifications per hour of a reseller is %(limit)s",
        _WAIT,
    ),
    Quota.RETRIES_PER_HOUR: define(
        "quota-retries-per-hour",
        "the limit for retries per hour of a reseller is %(limit)s, each of any number of "
        "deliveries of a webhook",
        _WAIT,
    ),
    Quota.WEBHOOK_CHANGES_PER_HOUR: define(
        "quota-webhook-changes-per-hour",
        "the limit for webhook changes per hour of a reseller is %(limit)s: to add, edit, pause, "
        "resume and delete them, and the like",
        _WAIT,
    ),
    Quota.USER_CHANGES_PER_HOUR: define(
        "quota-user-changes-per-hour",
        "the limit for user changes per hour of a reseller is %(limit)s",
        _WAIT,
    ),
    Quota.BACKFILL_RECORDS: define(
        "quota-backfill-records",
        "the limit for records of a backfill is %(limit)s, and this one would send %(used)s",
        "read them by GET /api/v1/sync, or ask the operator of this service for a higher limit",
    ),
    Quota.STORED_BYTES: define(
        "quota-stored-bytes",
        "the limit for stored bytes of reseller %(reseller)s is %(limit)s (%(setting)s), and "
        "%(used)s are stored",
        "only removals are taken until notifications are old enough to be deleted, or the limit of "
        "this reseller is raised",
    ),
}
"""The code of the refusal by each quota."""
