"""Reasons why a notification was not accepted, or was closed without an attempt."""

from reseller_webhooks.core.messages.message import Message, define
from reseller_webhooks.core.translation import N_

ANSWERED_REDIRECT = define(
    "answered-redirect",
    N_("answered %(status)s, a redirect"),
    N_("redirects are not followed: give the final URL"),
)
ANSWERED_STATUS = define(
    "answered-status",
    N_("answered %(status)s"),
    N_("a receiver confirms with any status from 200 to 299"),
)
NO_CONNECTION_IN_TIME = define(
    "no-connection-in-time", N_("no connection to %(host)s within %(seconds)s s")
)
NO_ANSWER_IN_TIME = define("no-answer-in-time", N_("no answer from %(host)s within %(seconds)s s"))
NAME_NOT_FOUND = define("name-not-found", N_("no address found for %(host)s: %(why)s"))
CONNECTION_NOT_OPENED = define(
    "connection-not-opened", N_("our own machine cannot open a connection: %(why)s")
)
CANNOT_CONNECT = define("cannot-connect", N_("cannot connect to %(host)s: %(why)s"))
CONNECTION_REFUSED = define("connection-refused", N_("connection refused"))
NETWORK_UNREACHABLE = define("network-unreachable", N_("network is unreachable"))
NO_ROUTE = define("no-route", N_("no route to host"))
NAME_UNKNOWN = define("name-unknown", N_("name or service not known"))
NAME_WITHOUT_ADDRESS = define("name-without-address", N_("no address associated with hostname"))
NAME_SERVER_FAILED = define("name-server-failed", N_("temporary failure in name resolution"))
UNKNOWN_REASON = define("unknown-reason", N_("unknown reason"))

_CA_FILE = N_("RESELLER_WEBHOOKS_CA_FILE can add an authority")
CERTIFICATE_NOT_YET_VALID = define(
    "certificate-not-yet-valid", N_("the certificate of %(host)s is not valid yet")
)
CERTIFICATE_EXPIRED = define("certificate-expired", N_("the certificate of %(host)s has expired"))
CERTIFICATE_SELF_SIGNED = define(
    "certificate-self-signed", N_("the certificate of %(host)s is self-signed"), _CA_FILE
)
CERTIFICATE_UNTRUSTED = define(
    "certificate-untrusted",
    N_("the certificate of %(host)s comes from an authority that is not trusted"),
    _CA_FILE,
)
CERTIFICATE_CHAIN_INCOMPLETE = define(
    "certificate-chain-incomplete",
    N_(
        "the certificate of %(host)s comes from an authority that is not trusted, or lacks its "
        "intermediate certificate"
    ),
    _CA_FILE,
)
CERTIFICATE_REVOKED = define(
    "certificate-revoked", N_("the certificate of %(host)s has been revoked")
)
CERTIFICATE_FOR_OTHER_NAME = define(
    "certificate-for-other-name", N_("the certificate of %(host)s is for another name")
)
CERTIFICATE_FOR_OTHER_ADDRESS = define(
    "certificate-for-other-address", N_("the certificate of %(host)s is for another address")
)
CERTIFICATE_INVALID = define(
    "certificate-invalid", N_("the certificate of %(host)s is not valid: %(why)s")
)
NO_TLS = define("no-tls", N_("%(host)s does not speak TLS on this port"))
TLS_FAILED = define("tls-failed", N_("TLS with %(host)s failed: %(why)s"))
CLOSED_DURING_TLS = define(
    "closed-during-tls", N_("%(host)s closed the connection while TLS began")
)
CLOSED_BEFORE_ANSWER = define(
    "closed-before-answer", N_("%(host)s closed the connection before it answered")
)
ANSWER_NOT_HTTP = define("answer-not-http", N_("the answer of %(host)s is not HTTP/1.1: %(why)s"))
ANSWER_ODD = define(
    "answer-odd", N_("the answer is not valid HTTP, only its status line counts: %(why)s")
)
ANSWER_HEADERS_TOO_LARGE = define(
    "answer-headers-too-large",
    N_("the answer of %(host)s has headers of more than %(size)s KiB"),
)
ANSWER_IN_TOO_MANY_PIECES = define(
    "answer-in-too-many-pieces",
    N_("the answer of %(host)s comes in more than %(count)s pieces"),
)
ANSWER_BEFORE_REQUEST = define(
    "answer-before-request", N_("the answer of %(host)s came before the request")
)
SENDING_FAILED = define(
    "sending-failed",
    N_("our own program could not send this"),
    N_("the service's log says more"),
)
URL_NOT_ALLOWED = define("url-not-allowed", N_("the URL %(why)s"))

TOKEN_REQUEST_FAILED = define("token-request-failed", N_("token request failed: %(why)s"))
TOKEN_MISSING = define(
    "token-missing", N_("token request answered %(status)s without an access token")
)
TOKEN_RESPONSE_INVALID = define(
    "token-response-invalid",
    N_(
        "token request answered %(status)s with something that is no token response (RFC 6749, 5.1)"
    ),
)
TOKEN_REQUEST_UNSUCCESSFUL = define(
    "token-request-unsuccessful", N_("token request answered %(status)s, which is no success")
)
TOKEN_REDIRECTED = define(
    "token-redirected",
    N_("token request answered %(status)s, a redirect"),
    N_("redirects are not followed: give the final URL of the token server"),
)
TOKEN_RESPONSE_TOO_LARGE = define(
    "token-response-too-large",
    N_("token request answered %(status)s with more than %(size)s KiB"),
)
TOKEN_REFUSED_BECAUSE = define(
    "token-refused-because", N_("token request answered %(status)s: %(why)s")
)
TOKEN_OF_OTHER_TYPE = define(
    "token-of-other-type",
    N_("token request answered %(status)s with a token of another type"),
    N_("only bearer tokens can be sent"),
)
TOKEN_NOT_A_HEADER = define(
    "token-not-a-header",
    N_("token request answered %(status)s with an access token that cannot go into a header"),
)
TOKEN_REFUSED = define("token-refused", N_("token request answered %(status)s %(error)s"))
TOKEN_REFUSED_AS = define(
    "token-refused-as", N_("token request answered %(status)s %(error)s: %(why)s")
)
TOKEN_REFUSED_SAYING = define(
    "token-refused-saying", N_("token request answered %(status)s %(error)s (%(said)s)")
)
TOKEN_REFUSED_AS_SAYING = define(
    "token-refused-as-saying",
    N_("token request answered %(status)s %(error)s: %(why)s (%(said)s)"),
)
OAUTH_WRONG_CLIENT = define("oauth-wrong-client", N_("wrong client ID or client secret"))
OAUTH_WRONG_SCOPE = define("oauth-wrong-scope", N_("the scope is not known or not allowed"))
OAUTH_GRANT_NOT_ALLOWED = define(
    "oauth-grant-not-allowed", N_("this client may not use this grant type")
)
OAUTH_GRANT_NOT_OFFERED = define(
    "oauth-grant-not-offered", N_("the server does not offer this grant type")
)
OAUTH_REFUSED_SILENTLY = define(
    "oauth-refused-silently",
    N_("the server does not say why; check the client, the user and the scope"),
)
OAUTH_SIGN_IN_REFUSED = define("oauth-sign-in-refused", N_("the sign-in was refused"))
OAUTH_WRONG_URL = define("oauth-wrong-url", N_("there is nothing; check the access token URI"))
OAUTH_SERVER_DOWN = define("oauth-server-down", N_("the token server is down"))
OAUTH_WRONG_USER = define("oauth-wrong-user", N_("wrong username or password"))
OAUTH_CLIENT_REFUSED = define("oauth-client-refused", N_("the client credentials are not accepted"))
TOKEN_RENEWED = define(
    "token-renewed",
    N_("answered 401 to the first access token; it was sent once more with a new one"),
)

REPLACED = define("replaced", N_("a newer notification of the same resource replaced it"))
CONTENT_ERASED = define("content-erased", N_("the content of its record was erased"))
WEBHOOK_DELETED = define("webhook-deleted", N_("its webhook was deleted"))
RECEIVER_DEAD = define(
    "receiver-dead", N_("the receiver failed for longer than the retry schedule")
)
EXPIRED = define("expired", N_("it waited for longer than notifications are kept"))

PLAIN_TEXT = define("plain-text", "%(text)s")
"""A text without a code, which is shown as it is: of a version that stored no codes, or of a
program whose errors have no codes that we know."""


def plain(text: str) -> Message:
    """A message that is this text in every language."""
    return PLAIN_TEXT(text=text)
