"""The English text of each condition. The pages translate these through their catalogue."""

from collections.abc import Mapping

from reseller_webhooks.core.health.conditions import Condition, ConditionCode
from reseller_webhooks.core.translation import N_

TEXTS: Mapping[ConditionCode, str] = {
    ConditionCode.STORE_UNAVAILABLE: N_(
        "the store does not answer or does not take changes; see the log"
    ),
    ConditionCode.STORE_DAMAGED: N_(
        "the store's file is damaged; stop the program and restore the file from the backup: "
        "docs/operate.md, Backup"
    ),
    ConditionCode.STORE_CHECK_OVERDUE: N_("the store has not answered within %(seconds)s seconds"),
    ConditionCode.TABLES_OUTDATED: N_(
        "the tables are of an earlier version; run reseller-webhooks migrate"
    ),
    ConditionCode.NO_WORKERS: N_(
        "no worker is running, so nothing is sent; start one: reseller-webhooks serve --role worker"
    ),
    ConditionCode.PARTITIONS_WITHOUT_OWNER: N_("%(count)s of %(total)s partitions have no owner"),
    ConditionCode.WORKER_PROCESSES_MISSING: N_("%(count)s of %(total)s workers ended; see the log"),
    ConditionCode.STORE_NOT_POLLED: N_(
        "no scan for due deliveries has run for %(seconds)s seconds; see the log"
    ),
    ConditionCode.LEASES_NOT_RENEWED: N_(
        "the store has not confirmed this worker's leases, so it starts no request; see the log"
    ),
    ConditionCode.RESULTS_HELD: N_("%(count)s results wait for the store; see the log"),
    ConditionCode.SECRETS_UNREADABLE: N_(
        "nothing is sent for %(count)s webhooks, whose secrets open with none of the secret keys; "
        "put the missing key back, or enter these secrets again: reseller-webhooks check names them"
    ),
    ConditionCode.TASK_FAILING: N_("%(task)s fails with %(error)s and is retried; see the log"),
    ConditionCode.TASK_ENDED: N_("%(task)s ended, so this process ends too; see the log"),
    ConditionCode.MAINTENANCE_OVERDUE: N_(
        "the maintenance job %(job)s has not succeeded for %(hours)s hours; see the log"
    ),
    ConditionCode.PARTITION_MISSING: N_(
        "the table %(table)s has no partition for tomorrow; see the maintenance job partitions"
    ),
    ConditionCode.RIGHT_MISSING: N_(
        "the database's role lacks %(right)s, so partitions are not kept; grant it: "
        "docs/operate.md, Separate roles for migration and service"
    ),
    ConditionCode.FAN_OUT_LATE: N_(
        "the oldest event has waited for %(minutes)s minutes for its deliveries to be made; "
        "see the workers' logs"
    ),
    ConditionCode.TASK_STUCK: N_("%(task)s has made no progress for %(seconds)s seconds"),
    ConditionCode.CA_FILE_UNUSABLE: N_(
        "the changed CA_FILE cannot be used, so the previous one stays in force: %(file)s"
    ),
    ConditionCode.CLOCK_OFF_STORE: N_(
        "this machine's clock and the database's differ by %(seconds)s seconds; "
        "set the one that is wrong, with NTP"
    ),
    ConditionCode.CLOCK_OFF_RECEIVERS: N_(
        "the clocks of %(hosts)s receivers differ from the database's by %(seconds)s seconds, so "
        "that they refuse notifications; set the database's clock, with NTP"
    ),
    ConditionCode.EMAIL_REFUSED: N_(
        "the mail server has taken no e-mail for %(minutes)s minutes: %(error)s; "
        "check SMTP_URL and MAIL_FROM"
    ),
    ConditionCode.CHECK_FAILED: N_("a health check fails with %(error)s; see the log"),
}


def text_of(condition: Condition) -> str:
    """The English text with its values."""
    return TEXTS[condition.code] % dict(condition.params)
