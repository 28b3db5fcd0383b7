"""The English text of each refusal by a quota, for callers of the API.

Pages have texts of their own: web/quota_words. No text depends on whether a number is 1.
"""

from collections.abc import Mapping

from reseller_webhooks.core.access.quotas import Quota

TEXTS: Mapping[Quota, str] = {
    Quota.WEBHOOKS: (
        "the limit for webhooks of a reseller is %(limit)s (%(setting)s), and %(used)s are there; "
        "delete some, or ask the operator of this service for a higher limit"
    ),
    Quota.REQUESTS_PER_SECOND: (
        "the limit for API requests per second of a reseller is %(limit)s (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for a higher limit"
    ),
    Quota.CHANGES_PER_SECOND: (
        "the limit for changes per second to records of reseller %(reseller)s is %(limit)s "
        "(%(setting)s); send the request again in %(wait)s s, or raise the limit of this reseller"
    ),
    Quota.INVITES_PER_HOUR: (
        "the limit for invites per hour of a reseller is %(limit)s (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for a higher limit"
    ),
    Quota.TESTS_PER_HOUR: (
        "the limit for test notifications per hour of a reseller is %(limit)s (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for a higher limit"
    ),
    Quota.RETRIES_PER_HOUR: (
        "the limit for retries per hour of a reseller is %(limit)s (%(setting)s), each of any "
        "number of deliveries of a webhook; try again in %(wait)s s, "
        "or ask the operator of this service for a higher limit"
    ),
    Quota.WEBHOOK_CHANGES_PER_HOUR: (
        "the limit for webhook changes per hour of a reseller is %(limit)s (%(setting)s): to add, "
        "edit, pause, resume and delete them, and the like; try again in %(wait)s s, "
        "or ask the operator of this service for a higher limit"
    ),
    Quota.USER_CHANGES_PER_HOUR: (
        "the limit for user changes per hour of a reseller is %(limit)s (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for a higher limit"
    ),
    Quota.BACKFILL_RECORDS: (
        "the limit for records of a backfill is %(limit)s (%(setting)s), and this one would send "
        "%(used)s; read them by GET /api/v1/sync, "
        "or ask the operator of this service for a higher limit"
    ),
    Quota.STORED_BYTES: (
        "the limit for stored bytes of reseller %(reseller)s is %(limit)s (%(setting)s), and "
        "%(used)s are stored; only removals are taken until notifications are old enough to be "
        "deleted, or the limit of this reseller is raised"
    ),
}
