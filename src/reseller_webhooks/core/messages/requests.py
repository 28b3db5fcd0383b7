"""Errors of a request as a whole: its path, its body, and how many there are at once."""

from reseller_webhooks.core.messages.message import Plural, define
from reseller_webhooks.core.translation import N_

BODY_NOT_JSON = define("body-not-json", N_("the body is not JSON: %(why)s"))
BODY_TOO_LARGE = define(
    "body-too-large", N_("the body is longer than the %(most)s bytes that this path takes")
)
VALUES_TOO_MANY = define(
    "values-too-many", N_("the body holds more than the %(most)s values that this path takes")
)
BODY_TOO_SLOW = define(
    "body-too-slow", N_("the body did not come to its end within %(seconds)s seconds")
)
CONTENT_TYPE_MISSING = define("content-type-missing", N_("no content type; send %(right)s"))
CONTENT_TYPE_WRONG = define(
    "content-type-wrong", N_("content type '%(given)s' is not read here; send %(right)s")
)
CONTENT_ENCODED = define(
    "content-encoded",
    N_("content encoding '%(given)s' is not read here; send the JSON itself"),
)
FORM_TOO_LARGE = define("form-too-large", N_("a form has at most %(size)s bytes"))
FORM_INVALID = define("form-invalid", N_("this is not what a form sends"))
FORM_WITH_NUL = define("form-with-nul", N_("a field holds a NUL, which nobody can type"))
FORM_FORGED = define("form-forged", N_("this form is out of date, or was not sent from this site"))

PATH_UNKNOWN = define("path-unknown", N_("nothing is at %(path)s; /docs lists what there is"))
PATH_UNKNOWN_ON_PORT = define("path-unknown-on-port", N_("nothing is at this path of this port"))
PATH_WITH_NUL = define("path-with-nul", N_("no path and no query of ours holds a NUL"))
SCHEMA_UNKNOWN = define(
    "schema-unknown",
    N_("no schema is called '%(name)s'; /schemas.json lists those there are"),
)
METHOD_WRONG = define("method-wrong", N_("%(method)s is not for this path; it takes %(allowed)s"))
HOST_UNKNOWN = define(
    "host-unknown",
    N_(
        "this request is for '%(host)s', and this service is not known by that name; use the host "
        "of RESELLER_WEBHOOKS_PUBLIC_URL, or have the operator add the name to "
        "RESELLER_WEBHOOKS_ALLOWED_HOSTS"
    ),
)
NOT_FOUND = define("not-found", N_("no %(kind)s with id '%(key)s'"))

TOO_MANY_ANONYMOUS = define(
    "too-many-anonymous",
    N_(
        "at most %(most)s requests without a valid key or session are handled at once "
        "(%(setting)s); try again in a second"
    ),
)
TOO_MANY_OF_ADDRESS = define(
    "too-many-of-address",
    N_(
        "at most %(most)s requests without a valid key or session are handled at once for one "
        "address (%(setting)s); send fewer at once, or sign in"
    ),
)
TOO_MANY_OF_RESELLERS = define(
    "too-many-of-resellers",
    N_("at most %(most)s requests of resellers are handled at once; try again in a second"),
)
TOO_MANY_OF_RESELLER = define(
    "too-many-of-reseller",
    N_(
        "at most %(most)s requests of one reseller are handled at once (%(setting)s); send fewer "
        "at once"
    ),
)
TOO_MANY_LIVE_VIEWS = define(
    "too-many-live-views",
    Plural(
        "%(count)s live view is open already; let it end",
        "%(count)s live views are open already; let one of them end",
    ),
)
TOO_MANY_READERS = define(
    "too-many-readers",
    Plural(
        "%(count)s request for events is waiting already; let it end",
        "%(count)s requests for events are waiting already; let one of them end",
    ),
)
TOO_MANY_WATCHING = define(
    "too-many-watching",
    Plural(
        "%(count)s person watches the log already; reload the page instead",
        "%(count)s people watch the log already; reload the page instead",
    ),
)
TOO_MANY_TESTS = define(
    "too-many-tests",
    Plural(
        "%(count)s test notification is under way already; wait until it has ended",
        "%(count)s test notifications are under way already; wait until one of them has ended",
    ),
)
TOO_LONG = define("too-long", N_("this took too long; if it was a change, it may still come about"))
STORE_AWAY = define("store-away", N_("the store does not answer"))
STORE_READ_ONLY = define("store-read-only", N_("the store takes no changes just now"))
STORE_BUSY = define("store-busy", N_("the store is busy"))
STORE_COLLIDED = define("store-collided", N_("another transaction was writing the same"))
STORE_WITHOUT_TABLES = define("store-without-tables", N_("the store lacks tables of this version"))
STORE_DENIES = define("store-denies", N_("the store denies this service a right"))
STORE_DAMAGED = define("store-damaged", N_("the store is damaged"))
STORE_WENT_BACK = define(
    "store-went-back", N_("the store went back in time, which is not noted yet")
)
TOMBSTONES_GOING = define(
    "tombstones-going", N_("records are being made anew while their tombstones go")
)
CHANGES_WAITING = define("changes-waiting", N_("too many changes are waiting to be written"))
FAN_OUT_FULL = define(
    "fan-out-full",
    N_(
        "deliveries of %(most)s earlier changes of reseller '%(reseller)s' are still being made; "
        "send these changes again in %(wait)s s, or fewer of them at once, and those of other "
        "resellers without them"
    ),
)
FAN_OUT_FULL_OF_RESELLERS = define(
    "fan-out-full-of-resellers",
    N_(
        "deliveries of %(most)s earlier changes of each of %(count)s resellers are still being "
        "made; send the changes that errors lists again in %(wait)s s, and the others without them"
    ),
)
CHANGES_NOT_IN_TIME = define(
    "changes-not-in-time",
    Plural(
        "the store did not apply this change in time; send it again later",
        "the store did not apply these %(count)s changes in time; send fewer in a request, or the "
        "same again later",
    ),
)
THINGS_WRONG = define(
    "things-wrong",
    Plural(
        "%(count)s thing is wrong; errors lists it",
        "%(count)s things are wrong; errors lists them",
    ),
)
MANY_THINGS_WRONG = define(
    "many-things-wrong",
    N_("more than %(most)s things are wrong; errors lists the first of them"),
)
UNEXPECTED_FAULT = define("unexpected-fault", N_("something went wrong here; it is in the log"))
REQUEST_WITHOUT_HOST = define(
    "request-without-host",
    N_(
        "this request names no host; use the host of RESELLER_WEBHOOKS_PUBLIC_URL, or have the "
        "operator add the name to RESELLER_WEBHOOKS_ALLOWED_HOSTS"
    ),
)
SETUP_BROKEN = define("setup-broken", N_("something has to be mended here; it is in the log"))
