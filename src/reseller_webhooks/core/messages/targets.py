"""Problems of a URL or address that was entered as a target."""

from reseller_webhooks.core.messages.message import define
from reseller_webhooks.core.translation import N_

URL_EMPTY = define("url-empty", N_("is empty"), N_("enter the full URL, for example %(example)s"))
URL_TOO_LONG = define(
    "url-too-long", N_("is %(length)s characters long; at most %(most)s are possible")
)
URL_CHARACTER_UNSEEN = define(
    "url-character-unseen",
    N_("character %(place)s is a space or cannot be seen; leave it out"),
)
URL_WITH_FRAGMENT = define(
    "url-with-fragment", N_("has a fragment (from the # on), which is never sent; leave it out")
)
URL_OTHER_SCHEME = define(
    "url-other-scheme", N_("begins with %(scheme)s://; notifications go over https:// only")
)
URL_WITHOUT_SCHEME = define(
    "url-without-scheme",
    N_("does not begin with https://"),
    N_("enter the full URL, for example %(example)s"),
)
URL_WITH_USER = define(
    "url-with-user",
    N_("holds a user name or password; leave it out and choose Token or OAuth2"),
)
URL_AUTHORITY_INVALID = define(
    "url-authority-invalid",
    N_("has no valid host and port in '%(text)s'; write host or host:port"),
)
PORT_TOO_HIGH = define(
    "port-too-high", N_("port %(port)s does not exist; ports go from 1 to 65535")
)
PORT_ZERO = define("port-zero", N_("port 0 cannot be connected to; ports go from 1 to 65535"))
HOST_MISSING = define(
    "host-missing", N_("names no host"), N_("enter the full URL, for example %(example)s")
)
IPV6_INVALID = define("ipv6-invalid", N_("[%(address)s] is not an IPv6 address"))
IPV6_WITH_ZONE = define(
    "ipv6-with-zone",
    N_("[%(address)s] names a network interface of ours; leave out the %% and the rest"),
)
HOST_NOT_INTERNATIONAL = define(
    "host-not-international", N_("host '%(host)s' is not a valid international name: %(why)s")
)
HOST_LIKE_NUMBER = define(
    "host-like-number",
    N_(
        "host '%(host)s' ends in a number but is no address; write a name, or an address as four "
        "decimal numbers such as 203.0.113.7"
    ),
)
HOST_ENDS_WITH_DOT = define(
    "host-ends-with-dot", N_("host '%(host)s' ends with a dot; write '%(right)s'")
)
HOST_TOO_LONG = define(
    "host-too-long", N_("host is %(length)s characters long; at most %(most)s are possible")
)
HOST_INVALID = define(
    "host-invalid",
    N_(
        "host '%(host)s' is not a valid name: '%(label)s' should be 1 to 63 letters, digits and "
        "inner hyphens"
    ),
)
HOST_WITHOUT_DOMAIN = define(
    "host-without-domain",
    N_("host '%(host)s' has no domain; write the full name, as in %(right)s"),
)
ADDRESS_NOT_PUBLIC = define(
    "address-not-public",
    N_("address %(address)s is %(kind)s"),
    "a target must be reachable from the whole internet. If it is right, the operator can set "
    "RESELLER_WEBHOOKS_ALLOW_TARGETS=%(network)s",
    N_(
        "a target must be reachable from the whole internet. If it is right, ask the operator to "
        "allow %(network)s"
    ),
)
ADDRESS_DENIED = define(
    "address-denied",
    N_("address %(address)s is in a network that is never a target"),
    N_("give another URL"),
)
HOST_NOT_PUBLIC = define(
    "host-not-public",
    N_("%(host)s does not lead to a public address"),
    N_(
        "a target must be reachable from the whole internet. If it is right, ask the operator of "
        "this service, whose log names the address"
    ),
)
ADDRESS_FORBIDDEN = define(
    "address-forbidden",
    N_("the host has an address that notifications may not go to"),
    N_(
        "a target must be reachable from the whole internet. If it is right, ask the operator of "
        "this service to allow its network"
    ),
)

KIND_NOT_AN_ADDRESS = define("kind-not-an-address", N_("not an address"))
KIND_DENIED = define("kind-denied", N_("in a network that is never a target"))
KIND_THIS_HOST = define("kind-this-host", N_("this host"))
KIND_PRIVATE = define("kind-private", N_("private"))
KIND_SHARED = define("kind-shared", N_("shared address space"))
KIND_LOOPBACK = define("kind-loopback", N_("loopback"))
KIND_CLOUD = define("kind-cloud", N_("the cloud host's own"))
KIND_LINK_LOCAL = define("kind-link-local", N_("link-local"))
KIND_SITE_LOCAL = define("kind-site-local", N_("site-local"))
KIND_PROTOCOLS = define("kind-protocols", N_("reserved for protocols"))
KIND_DOCUMENTATION = define("kind-documentation", N_("for documentation"))
KIND_RELAY = define("kind-relay", N_("a retired relay"))
KIND_BENCHMARKS = define("kind-benchmarks", N_("for benchmarks"))
KIND_MULTICAST = define("kind-multicast", N_("multicast"))
KIND_RESERVED = define("kind-reserved", N_("reserved"))
KIND_TUNNEL = define("kind-tunnel", N_("a tunnel address"))
KIND_NOT_GLOBAL = define("kind-not-global", N_("not global unicast"))
