"""Errors of changes and records, and of values that the API reads."""

from reseller_webhooks.core.messages.message import define
from reseller_webhooks.core.translation import N_

KEY_REUSED = define(
    "key-reused",
    N_(
        "Idempotency-Key '%(key)s' was used before with another body; send the same body to "
        "repeat a request, or a new key for a new one"
    ),
)
KEY_INVALID = define("key-invalid", N_("must be 1 to 255 visible ASCII characters"))
NOT_CHANGES = define("not-changes", N_('must be an object with one member: {"changes":[...]}'))
CHANGES_COUNT = define("changes-count", N_("must be a list of 1 to %(most)s changes"))
NOT_A_CHANGE = define("not-a-change", N_("%(given)s is no change; it must be an object"))
TYPE_UNKNOWN = define("type-unknown", N_("%(given)s is no type; it must be one of %(allowed)s"))
CONTENT_OF_REMOVED = define("content-of-removed", N_("must be left out when the record is removed"))
CONTENT_MISSING = define(
    "content-missing", N_('is missing; give the whole content, or "removed": true')
)
RESELLER_UNKNOWN = define("reseller-unknown", N_("there is no reseller with id '%(id)s'"))
RESELLER_NOT_GIVEN = define(
    "reseller-not-given",
    N_("the query parameter is missing, and there are several resellers; add ?reseller=ID"),
)
NO_RESELLER_YET = define(
    "no-reseller-yet", N_("there is no reseller yet; add one with POST /api/v1/resellers")
)
RECORD_OF_SEVERAL = define(
    "record-of-several",
    N_("more than one reseller has a %(kind)s with id '%(id)s'; add ?reseller=ID to say which"),
)
RECORD_EXISTS = define(
    "record-exists",
    N_("there is already a %(kind)s with id '%(id)s'; change it with PUT or PATCH"),
)
ASSIGNMENT_EXISTS = define(
    "assignment-exists",
    N_("the user '%(user)s' has an assignment already; change it with PUT or PATCH"),
)
STATUS_IS_FINAL = define(
    "status-is-final", N_("%(after)s cannot follow %(before)s; nothing can, it is final")
)
STATUS_CANNOT_FOLLOW = define(
    "status-cannot-follow", N_("%(after)s cannot follow %(before)s; only %(allowed)s can")
)
STATUS_ENDS = define("status-ends", N_("this status ends a %(kind)s, so there is nothing to add"))
OTHER_SUBSCRIPTION = define(
    "other-subscription", N_("%(given)s is another subscription than the path's; leave it out")
)
OTHER_USER = define("other-user", N_("is another user than the path's, which is %(right)s"))
OTHER_RECORD = define(
    "other-record", N_("%(given)s names another record; leave it out or make it %(right)s")
)
NOT_AN_ID = define("not-an-id", N_("%(given)s is no id; it must be %(right)s"))
NOT_IN_ADDRESSES = define(
    "not-in-addresses",
    N_(
        "%(given)s cannot be part of an address; use 1 to 64 of the characters A-Z a-z 0-9 _ . : "
        "- and not only dots"
    ),
)
TWO_SUBSCRIPTIONS = define(
    "two-subscriptions", N_("%(one)s and %(other)s are two subscriptions; name one")
)
SUBSCRIPTION_MISSING = define(
    "subscription-missing",
    N_("is missing, and no link with rel self names the subscription; give one of them"),
)
CONTENT_TOO_LONG = define(
    "content-too-long", N_("%(bytes)s bytes are too many; at most %(most)s are kept")
)
CONTENT_TOO_DEEP = define("content-too-deep", N_("is too deep; at most %(most)s levels are kept"))
PATCH_TOO_DEEP = define(
    "patch-too-deep", N_("the patch is too deep; at most %(most)s levels are kept")
)
NAME_NOT_KEPT = define("name-not-kept", N_("%(name)s cannot be kept as a field's name"))
VALUE_NOT_KEPT = define(
    "value-not-kept",
    N_(
        "%(given)s cannot be kept; use text, a finite number, true, false or null, and whole "
        "numbers of at most 64 bits"
    ),
)
FLOOR_TOO_HIGH = define(
    "floor-too-high",
    N_("%(floor)s leaves no room for versions; give less than 2^53 - 2^32"),
)

MISSING = define("missing", N_("is missing"))
MISSING_MUST_BE = define("missing-must-be", N_("is missing; it must be %(right)s"))
WRONG_MUST_BE = define("wrong-must-be", N_("%(given)s is not allowed; it %(rule)s"))
KIND_UNKNOWN = define("kind-unknown", N_("%(given)s is not known; it %(rule)s"))
UNKNOWN_FIELD = define("unknown-field", N_("is not known here; leave it out"))
WITH_UNSEEN = define("with-unseen", N_("holds a character that cannot be seen; leave it out"))
NAME_LENGTH = define("name-length", N_("give a name of 1 to %(most)s characters"))
TOO_LONG_TEXT = define(
    "too-long-text", N_("is %(length)s characters long; at most %(most)s are possible")
)
KIND_MISSING = define("kind-missing", N_("is missing; it says which kind this is"))
MUST_BE = define("must-be", N_("must be %(right)s"))
TOO_SHORT_TEXT = define("too-short-text", N_("is too short; give at least %(least)s characters"))
TOO_LONG_FOR = define("too-long-for", N_("is too long; give at most %(most)s characters"))
TOO_FEW = define("too-few", N_("is too short; give at least %(least)s"))
TOO_MANY = define("too-many", N_("is too long; give at most %(most)s"))
NOT_RIGHT = define("not-right", N_("is not right: %(why)s"))
MUST_BE_TIME = define(
    "must-be-time",
    N_("must be a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970"),
)
WITHOUT_ZONE = define("without-zone", N_("has no time zone; add Z, or an offset such as +01:00"))
CURSOR_INVALID = define(
    "cursor-invalid", N_("is not a cursor of this list; give nextCursor as it came")
)
CURSOR_EXPIRED = define(
    "cursor-expired",
    N_(
        "events behind this cursor are no longer kept; get a new cursor with the parameter from "
        "and the present time, then the current records from GET /api/v1/sync"
    ),
)
EVENT_ID_INVALID = define("event-id-invalid", N_("is not the id of an event of this stream"))
PARAMETER_UNKNOWN = define(
    "parameter-unknown", N_("is no query parameter of this path; it has %(known)s")
)
PATH_WITHOUT_PARAMETERS = define(
    "path-without-parameters", N_("is no query parameter of this path; it has none")
)
BUCKET_UNKNOWN = define("bucket-unknown", N_("%(bucket)s is no bucket; give 0 to %(last)s"))
LIMIT_OUT_OF_RANGE = define("limit-out-of-range", N_("give a number from 1 to %(most)s"))
MESSAGE_NOT_JSON = define("message-not-json", N_("the message is not JSON: %(why)s"))
MESSAGE_ID_REUSED = define(
    "message-id-reused",
    N_("Nats-Msg-Id '%(id)s' was used before with another body; give a new one"),
)
PROGRAM_FAILED = define("program-failed", N_("the program failed with %(error)s; see its log"))

RIGHT_BOOLEAN = define("right-boolean", N_("true or false"))
RIGHT_OBJECT = define("right-object", N_("an object"))
RIGHT_LIST = define("right-list", N_("a list"))
RIGHT_TEXT = define("right-text", N_("text"))
RIGHT_TEXT_NOT_EMPTY = define("right-text-not-empty", N_("text of at least one character"))
RIGHT_TEXT_WHOLE = define("right-text-whole", N_("text without half of a surrogate pair"))
RIGHT_TEXT_MATCHING = define("right-text-matching", N_("text that matches %(pattern)s"))
RIGHT_NUMBER = define("right-number", N_("a number"))
RIGHT_FINITE = define("right-finite", N_("a finite number"))
RIGHT_JSON_NUMBER = define("right-json-number", N_("a number that JSON can carry"))
RIGHT_TEXT_OR_WHOLE = define("right-text-or-whole", N_("text or a whole number"))
RIGHT_WHOLE = define("right-whole", N_("a whole number"))
RIGHT_WHOLE_SHORTER = define("right-whole-shorter", N_("a whole number with fewer digits"))
RIGHT_ONE_OF = define("right-one-of", N_("one of %(allowed)s"))
RIGHT_MORE_THAN = define("right-more-than", N_("more than %(least)s"))
RIGHT_AT_LEAST = define("right-at-least", N_("%(least)s or more"))
RIGHT_AT_MOST = define("right-at-most", N_("%(most)s or less"))
RIGHT_DIFFERENT = define("right-different", N_("different: %(why)s"))
