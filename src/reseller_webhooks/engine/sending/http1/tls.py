"""TLS settings for receivers: verified certificates, TLS 1.2 or later."""

import ssl
from pathlib import Path

from reseller_webhooks.core.errors import Refused


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later, always verified, by the system's authorities and those in the file.

    Refused when the file is not there or holds no certificate.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        _trust(context, ca_file)
    return context


def _trust(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise Refused(
            f"RESELLER_WEBHOOKS_CA_FILE names {str(ca_file)!r}, which cannot be used: "
            f"{error.strerror or error}; it should be a PEM file of certificates"
        ) from None
