"""Errors of webhooks and their deliveries, backfills and jobs, and of forms about them."""

from reseller_webhooks.core.messages.message import Plural, define
from reseller_webhooks.core.translation import N_

WEBHOOK_EXISTS = define(
    "webhook-exists",
    N_("there is already a webhook for this resource and URL; edit that one, or give another URL"),
)
WEBHOOK_FOR_TARGET_EXISTS = define(
    "webhook-for-target-exists",
    N_(
        "there is already a webhook for %(resource)s to %(url)s; edit that one, or give another URL"
    ),
)
WEBHOOK_CHANGED = define("webhook-changed", N_("somebody else has changed this webhook meanwhile"))
SECRETS_REQUIRED = define(
    "secrets-required",
    N_(
        "is missing; stored secrets are not sent to another scheme, host or port (%(origin)s); "
        "give the whole auth again, with its secrets, or keep the host of the URL"
    ),
)
SECRETS_UNREADABLE = define(
    "secrets-unreadable",
    N_(
        "secrets of this webhook cannot be read, so nothing is sent for it; enter its "
        "authentication again and rotate its signing secret, or ask the operator to put the key "
        "back that was taken out of the program's secret keys: then it goes on by itself"
    ),
)
SECRET_WITHOUT_KEY = define(
    "secret-without-key",
    N_("it opens with none of the keys in RESELLER_WEBHOOKS_SECRET_KEYS"),
)
SECRET_ALTERED = define("secret-altered", N_("it was altered, or copied from another row"))
AUTHENTICATION_UNKNOWN = define(
    "authentication-unknown", N_("this version does not know such an authentication")
)
PRIVATE_KEY_INVALID = define(
    "private-key-invalid",
    N_("is no private key in PEM that can sign"),
    N_("give an RSA key of 2048 bits or more, or an EC key (P-256, P-384, P-521)"),
)
PRIVATE_KEY_ENCRYPTED = define(
    "private-key-encrypted",
    N_("is encrypted with a passphrase"),
    N_("give it without one: openssl pkey -in key.pem"),
)

DELIVERY_PENDING = define(
    "delivery-pending", N_("this delivery is still pending and is tried again by itself")
)
DELIVERY_NOT_REPEATABLE = define(
    "delivery-not-repeatable",
    N_(
        "it cannot be repeated: it is being sent again already, its webhook was deleted, or its "
        "event is too old"
    ),
)
BACKFILL_WITHOUT_ACTION = define(
    "backfill-without-action",
    N_("the webhook has neither Added nor Changed ticked; tick one of them"),
)
BACKFILL_WITHOUT_DELETED = define(
    "backfill-without-deleted",
    N_("the webhook has Deleted not ticked; tick it, or give false"),
)
BACKFILL_RUNNING = define(
    "backfill-running",
    N_("a backfill of this webhook is running; wait until it is done, or cancel it"),
)
BACKFILL_NOT_RUNNING = define(
    "backfill-not-running",
    N_("no backfill of this webhook is running; there is nothing to cancel"),
)
BACKFILL_OF_OTHER_RESOURCE = define(
    "backfill-of-other-resource", N_("its webhook is about another resource now, %(resource)s")
)
BACKFILL_LOST_ACTIONS = define(
    "backfill-lost-actions", N_("its webhook has neither Added nor Changed ticked any more")
)
JOB_FINISHED = define("job-finished", N_("this job is finished; there is nothing to cancel"))
JOBS_UNFINISHED = define(
    "jobs-unfinished",
    Plural(
        "%(count)s job of this reseller is not finished; wait for it, or cancel it",
        "%(count)s jobs of this reseller are not finished; wait for one, or cancel one",
    ),
)
JOB_STEP_FAILED = define(
    "job-step-failed",
    N_("it failed several times in a row; ask the operator of this service"),
)

CHOOSE_RATE = define("choose-rate", N_("choose how fast from the list"))
CHOOSE_LANGUAGE = define("choose-language", N_("choose one of the languages"))
CHOOSE_SCOPE = define("choose-scope", N_("choose what the key may do"))
CHOOSE_RESELLER_OF_KEY = define(
    "choose-reseller-of-key", N_("choose the reseller that the key is for")
)
CHOOSE_ROLE = define("choose-role", N_("choose one of the roles"))
CHOOSE_RESELLER_OF_USER = define(
    "choose-reseller-of-user", N_("choose the reseller that the user belongs to")
)
