"""Why a notification was not accepted, as the log keeps it. Sources: core and engine."""

from reseller_webhooks.http.pages.language import N_

SAYINGS = (
    N_(
        "answered %(status)s, a redirect; redirects are not followed: give the final URL",
    ),
    N_("answered %(status)s; a receiver confirms with any status from 200 to 299"),
    N_("no connection to %(host)s within %(seconds)s s"),
    N_("no answer from %(host)s within %(seconds)s s"),
    N_("no address found for %(host)s: %(why)s"),
    N_("our own machine cannot open a connection: %(why)s"),
    N_("cannot connect to %(host)s: %(why)s"),
    N_("the certificate of %(host)s is not valid yet"),
    N_("the certificate of %(host)s has expired"),
    N_(
        "the certificate of %(host)s is self-signed; RESELLER_WEBHOOKS_CA_FILE can add an authority"
    ),
    N_(
        "the certificate of %(host)s comes from an authority that is not trusted, or lacks its "
        "intermediate certificate; RESELLER_WEBHOOKS_CA_FILE can add an authority"
    ),
    N_(
        "the certificate of %(host)s comes from an authority that is not trusted; "
        "RESELLER_WEBHOOKS_CA_FILE can add an authority"
    ),
    N_("the certificate of %(host)s has been revoked"),
    N_("the certificate of %(host)s is for another name"),
    N_("the certificate of %(host)s is for another address"),
    N_("the certificate of %(host)s is not valid: %(why)s"),
    N_("%(host)s does not speak TLS on this port"),
    N_("TLS with %(host)s failed: %(why)s"),
    N_("%(host)s closed the connection while TLS began"),
    N_("%(host)s closed the connection before it answered"),
    N_("the answer of %(host)s is not HTTP/1.1: %(why)s"),
    N_("the answer of %(host)s has headers of more than %(size)s KiB"),
    N_("the answer of %(host)s comes in more than %(count)s pieces"),
    N_("the answer of %(host)s came before the request"),
    N_("token request failed: %(why)s"),
    N_("token request answered %(status)s without an access token"),
    N_(
        "token request answered %(status)s with something that is no token response (RFC 6749, 5.1)"
    ),
    N_("token request answered %(status)s, which is no success"),
    N_(
        "token request answered %(status)s with a token of another type; "
        "only bearer tokens can be sent"
    ),
    N_(
        "token request answered %(status)s with an access token that cannot go into a header",
    ),
    N_("token request answered %(status)s %(code)s: %(why)s (%(said)s)"),
    N_("token request answered %(status)s %(code)s: %(why)s"),
    N_("token request answered %(status)s %(why)s"),
    N_(
        "%(host)s does not lead to a public address; a target must be reachable from the whole "
        "internet. If it is right, ask the operator of this service, whose log names the address"
    ),
    N_("the URL %(why)s"),
)
"""The first that fits is the one."""
WORDS = (
    N_("a newer notification of the same resource replaced it"),
    N_("its webhook was deleted"),
    N_("the receiver failed for longer than the retry schedule"),
    N_("it waited for longer than notifications are kept"),
    N_("our own program could not send this; the service's log says more"),
    N_("wrong client ID or client secret"),
    N_("the scope is not known or not allowed"),
    N_("this client may not use this grant type"),
    N_("the server does not offer this grant type"),
    N_("wrong username or password"),
    N_("the client credentials are not accepted"),
    N_("connection refused"),
    N_("network is unreachable"),
    N_("no route to host"),
    N_("name or service not known"),
    N_("no address associated with hostname"),
    N_("temporary failure in name resolution"),
    N_("no address"),
    N_("nobody knows why"),
)
"""Those that are the same every time; the last ones are the system's own."""
