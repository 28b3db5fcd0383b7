"""The English text of each refusal by a quota. The pages translate these by their catalogue."""

from collections.abc import Mapping

from reseller_webhooks.core.quotas import Quota
from reseller_webhooks.core.translation import N_

TEXTS: Mapping[Quota, str] = {
    Quota.WEBHOOKS: N_(
        "a reseller may have %(limit)s webhooks (%(setting)s); "
        "delete some, or ask the operator of this service for more"
    ),
    Quota.REQUESTS_PER_SECOND: N_(
        "a reseller may send %(limit)s API requests per second (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for more"
    ),
    Quota.CHANGES_PER_SECOND: N_(
        "records of reseller %(reseller)s may change %(limit)s times per second (%(setting)s); "
        "send the request again in %(wait)s s, or raise the limit of this reseller"
    ),
    Quota.INVITES_PER_HOUR: N_(
        "a reseller may invite %(limit)s people per hour (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for more"
    ),
    Quota.TESTS_PER_HOUR: N_(
        "a reseller may send %(limit)s test notifications per hour (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for more"
    ),
    Quota.RETRIES_PER_HOUR: N_(
        "a reseller may ask for %(limit)s retries per hour (%(setting)s), each of any number of "
        "deliveries of a webhook; try again in %(wait)s s, "
        "or ask the operator of this service for more"
    ),
    Quota.WEBHOOK_CHANGES_PER_HOUR: N_(
        "a reseller may change webhooks %(limit)s times per hour (%(setting)s): add, edit, pause, "
        "resume and delete them, and the like; try again in %(wait)s s, "
        "or ask the operator of this service for more"
    ),
    Quota.USER_CHANGES_PER_HOUR: N_(
        "a reseller may change its users %(limit)s times per hour (%(setting)s); "
        "try again in %(wait)s s, or ask the operator of this service for more"
    ),
    Quota.BACKFILL_RECORDS: N_(
        "a backfill may send %(limit)s records (%(setting)s), and this one would send %(used)s; "
        "read them by GET /api/v1/sync, or ask the operator of this service for more"
    ),
    Quota.STORED_BYTES: N_(
        "reseller %(reseller)s may have %(limit)s bytes stored (%(setting)s), and has %(used)s; "
        "only removals are taken until notifications are old enough to be deleted, "
        "or the limit of this reseller is raised"
    ),
}
