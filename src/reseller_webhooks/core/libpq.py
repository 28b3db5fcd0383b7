"""Parameters of libpq, PostgreSQL's client library (its manual, 32.1.2), and our defaults."""

from collections.abc import Mapping

READ_WRITE = "read-write"
SESSIONS = ("any", READ_WRITE, "primary")
"""Values of target_session_attrs that may lead to a server which accepts writes."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
DEFAULTS: Mapping[str, str] = {
    "connect_timeout": "3",  # seconds for each host
    "keepalives": "1",
    "keepalives_idle": "10",  # seconds
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds without an acknowledgement
    "fallback_application_name": "reseller-webhooks",
}
"""Parameters for libpq unless the URL sets them. The deadlines of each call notice a peer that
acknowledges but never answers."""
NUMBERS = frozenset(DEFAULTS) - {"fallback_application_name"}
TEXTS = """
    application_name channel_binding client_encoding dbname fallback_application_name gssdelegation
    gssencmode gsslib host hostaddr krbsrvname load_balance_hosts max_protocol_version
    min_protocol_version options passfile password port require_auth requirepeer service
    ssl_max_protocol_version ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl
    sslcrldir sslkey sslnegotiation sslpassword sslrootcert sslsni user
"""
KNOWN = frozenset(TEXTS.split()) | NUMBERS | {"target_session_attrs", "sslmode"}
