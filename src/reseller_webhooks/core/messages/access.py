"""Errors of sign-in, users, invites and permissions."""

from reseller_webhooks.core.messages.message import Plural, define
from reseller_webhooks.core.translation import N_

SIGN_IN_FIRST = define("sign-in-first", N_("sign in first"))
WRONG_PASSWORD = define("wrong-password", N_("the e-mail address or the password is wrong"))
NOT_CURRENT_PASSWORD = define("not-current-password", N_("this is not the current password"))
LOCKED = define("locked", N_("your access has been ended; ask the operator of this service"))
LINK_USED = define("link-used", N_("this sign-in link was used before or is older than a day"))
INVITE_USED = define("invite-used", N_("this invite was used, withdrawn or is older than a week"))
NOT_INVITED = define(
    "not-invited", N_("nobody has invited %(email)s; ask an admin or the operator for an invite")
)
BOUND_TO_OTHER_ACCOUNT = define(
    "bound-to-other-account",
    N_("this address belongs to another account of the identity provider; ask the operator"),
)
TOO_MANY_WRONG_PASSWORDS = define(
    "too-many-wrong-passwords", N_("too many wrong passwords; wait %(time)s and try again")
)
TOO_MANY_NEW_PASSWORDS = define(
    "too-many-new-passwords", N_("too many new passwords; wait %(time)s and try again")
)
PASSWORDS_OF_CALLER = define(
    "passwords-of-caller",
    N_(
        "from your address %(limit)s passwords are being checked, and no more are checked at the "
        "same time. Try again in a second"
    ),
)
PASSWORDS_IN_ALL = define(
    "passwords-in-all",
    N_("%(limit)s people are signing in, and no more can at the same time. Try again in a second"),
)
MINUTES = define("minutes", Plural("%(count)s minute", "%(count)s minutes"))
SECONDS = define("seconds", Plural("%(count)s second", "%(count)s seconds"))
MINUTES_AND_SECONDS = define("minutes-and-seconds", N_("%(minutes)s and %(seconds)s"))

EMAIL_INVALID = define(
    "email-invalid", N_("'%(given)s' is no address; give one like ana@acme.example")
)
PASSWORD_LENGTH = define(
    "password-length", N_("give a password of %(least)s to %(most)s characters")
)
USER_EXISTS = define("user-exists", N_("there is already a user with the address %(email)s"))
INVITE_PENDING = define(
    "invite-pending",
    N_(
        "%(email)s has an invite but has not accepted it, so is no user yet; a new invite on the "
        "Users page replaces it"
    ),
)
USER_LOCKED = define(
    "user-locked", N_("%(email)s is locked, so no link would work; unlock the user first")
)
LINK_FOR_ONESELF = define(
    "link-for-oneself", N_("you cannot make a link for yourself; ask somebody else to do it")
)
LOCK_ONESELF = define("lock-oneself", N_("you cannot lock yourself; ask somebody else to do it"))
REMOVE_ONESELF = define(
    "remove-oneself", N_("you cannot remove yourself; ask somebody else to do it")
)
LAST_ADMIN = define(
    "last-admin", N_("you are the last admin here; make somebody else an admin first")
)
NO_LONGER_ADMIN = define("no-longer-admin", N_("you are no longer an admin here"))
ROLE_AND_RESELLER = define(
    "role-and-reseller", N_("operators belong to no reseller, and everybody else to one")
)
ONLY_OPERATORS_TURN = define(
    "only-operators-turn", N_("only an operator can turn to another reseller")
)
ONLY_OPERATORS = define("only-operators", N_("only operators of this service may see this page"))
ONLY_ADMINS_SEE_USERS = define(
    "only-admins-see-users", N_("only admins may see who else signs in; ask one of them")
)
ONLY_ADMINS_CHANGE_WEBHOOKS = define(
    "only-admins-change-webhooks",
    N_("you may look at webhooks, but not change them; ask an admin to do it"),
)
ONLY_ADMINS_SEE_AUDIT = define(
    "only-admins-see-audit", N_("only admins may see the audit log; ask one of them")
)
NO_RESELLER_CHOSEN = define("no-reseller-chosen", N_("choose a reseller first"))

KEY_UNKNOWN = define("key-unknown", N_("this API key is not known, or was revoked"))
KEY_REQUIRED = define("key-required", N_("this path needs an API key"))
KEY_MISSING = define("key-missing", N_("show an API key: Authorization: Bearer rwk_..."))
KEY_NOT_PLATFORM = define(
    "key-not-platform",
    N_(
        "records are written and resellers are added with a platform key; this key belongs to one "
        "reseller"
    ),
)
KEY_MAY_NOT_SET_QUOTAS = define(
    "key-may-not-set-quotas",
    N_("quotas are set with a platform key; read your own with GET /api/v1/quotas"),
)
KEY_READ_ONLY = define(
    "key-read-only", N_("this key may only read; ask for one without --read-only")
)
METRICS_TOKEN_MISSING = define(
    "metrics-token-missing", N_("show the token of METRICS_TOKEN: Authorization: Bearer ...")
)

OIDC_OTHER_ISSUER = define(
    "oidc-other-issuer", N_("the answer is from another identity provider than was asked")
)
OIDC_EMAIL_NOT_VERIFIED = define(
    "oidc-email-not-verified",
    N_("the identity provider does not vouch for an e-mail address of yours"),
)
OIDC_SUBJECT_TOO_LONG = define(
    "oidc-subject-too-long", N_("the identity token is not valid: its subject is too long")
)
OIDC_TOKEN_INVALID = define("oidc-token-invalid", N_("the identity token is not valid: %(why)s"))
OIDC_OTHER_CLIENT = define(
    "oidc-other-client", N_("the identity token was made for another program")
)
OIDC_OTHER_USER = define("oidc-other-user", N_("the identity provider told of somebody else"))
OIDC_REFUSED = define("oidc-refused", N_("the identity provider refused the sign-in: %(why)s"))
OIDC_NO_CODE = define("oidc-no-code", N_("it sent no code"))
OIDC_EXPIRED = define(
    "oidc-expired", N_("this sign-in took too long, or began in another window; try again")
)
OIDC_UNREACHABLE = define("oidc-unreachable", N_("the identity provider does not answer"))
OIDC_ANSWERED = define("oidc-answered", N_("the identity provider answered %(status)s"))
OIDC_ANSWER_TOO_LONG = define(
    "oidc-answer-too-long", N_("the identity provider answers more than %(most)s bytes")
)
OIDC_WRONG_ISSUER = define("oidc-wrong-issuer", N_("%(url)s is of the issuer '%(issuer)s'"))
OIDC_NO_ENDPOINT = define(
    "oidc-no-endpoint",
    N_("the identity provider has no %(name)s that begins with https://"),
)
ALERT_DELAY_UNKNOWN = define("alert-delay-unknown", N_("choose one of the times offered"))
