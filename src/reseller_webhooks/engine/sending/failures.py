"""What went wrong on the network, in words for the log. One function per kind of failure."""

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.engine.sending.http1.errors import (
    ConnectFailed,
    ConnectionLost,
    ProtocolError,
    ResponseTimeout,
    TlsClosed,
)
from reseller_webhooks.engine.sending.http1.ssrf_guard import ForbiddenAddress

CERTIFICATE_FAULTS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "comes from an authority that is not trusted",
    20: "comes from an authority that is not trusted, or lacks its intermediate certificate",
    21: "comes from an authority that is not trusted, or lacks its intermediate certificate",
    23: "has been revoked",
    62: "is for another name",
    64: "is for another address",
}
"""OpenSSL's X509_V_ERR numbers, x509_vfy.h."""
UNTRUSTED = (18, 19, 20, 21)
OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
"""This machine has run out of something; the receiver is not to blame."""

NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
"""A name server has answered that."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer. detail: one line in plain words, no secret in it.

    no_sign: nothing at all was heard, so that it may be our own network.
    """

    reason: Reason
    detail: str
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Trip:
    """What the request was up to. target: the host. timeout_s: how long it had."""

    target: str
    timeout_s: float


def failure_of(error: Exception, trip: Trip) -> Failure | None:
    """What the exception means, or None when it is not one that the network makes."""
    for cause in _causes(error):
        if isinstance(cause, ForbiddenAddress):
            return Failure(Reason.FORBIDDEN_ADDRESS, str(cause))
    return _explain(error, trip)


@singledispatch
def _explain(error: Exception, trip: Trip) -> Failure | None:  # noqa: ARG001
    return None


@_explain.register
def _(error: Invalid, trip: Trip) -> Failure:  # noqa: ARG001
    return Failure(Reason.FORBIDDEN_URL, f"the URL {error.problems[0].detail}")


@_explain.register
def _(error: TimeoutError, trip: Trip) -> Failure:  # noqa: ARG001
    what = f"no connection to {trip.target} within {trip.timeout_s:g} s"
    return Failure(Reason.TIMEOUT, what, unreachable=True)


@_explain.register
def _(error: ResponseTimeout, trip: Trip) -> Failure:  # noqa: ARG001
    what = f"no answer from {trip.target} within {trip.timeout_s:g} s"
    return Failure(Reason.TIMEOUT, what, unreachable=True)  # a kept connection does not tell


@_explain.register
def _(error: socket.gaierror, trip: Trip) -> Failure:
    why = (error.strerror or str(error)).lower()
    what = f"no address found for {trip.target}: {why}"
    return Failure(Reason.DNS, what, unreachable=error.errno not in NO_SUCH_NAME)


@_explain.register
def _(error: ConnectFailed, trip: Trip) -> Failure:
    fault = error.__cause__
    why = _why(fault) if isinstance(fault, OSError) else "nobody knows why"
    if isinstance(fault, OSError) and fault.errno in OURS:
        what = f"our own machine cannot open a connection: {why}"
        return Failure(Reason.CONNECT, what, unreachable=True)
    refused = isinstance(fault, ConnectionRefusedError)
    return Failure(
        Reason.CONNECT, f"cannot connect to {trip.target}: {why}", unreachable=not refused
    )


@_explain.register
def _(error: ssl.SSLCertVerificationError, trip: Trip) -> Failure:
    code = error.verify_code
    text = CERTIFICATE_FAULTS.get(code) or f"is not valid: {error.verify_message}"
    remedy = "; RESELLER_WEBHOOKS_CA_FILE can add an authority" if code in UNTRUSTED else ""
    return Failure(Reason.TLS, f"the certificate of {trip.target} {text}{remedy}")


@_explain.register
def _tls_failed(error: ssl.SSLError, trip: Trip) -> Failure:
    name = (error.reason or str(error)).replace("_", " ").lower()
    if name == "wrong version number":
        return Failure(Reason.TLS, f"{trip.target} does not speak TLS on this port")
    return Failure(Reason.TLS, f"TLS with {trip.target} failed: {name}")


@_explain.register
def _(error: TlsClosed, trip: Trip) -> Failure:  # noqa: ARG001
    return Failure(Reason.CLOSED, f"{trip.target} closed the connection while TLS began")


@_explain.register
def _(error: ConnectionLost, trip: Trip) -> Failure:
    said = error.__cause__
    if isinstance(said, ssl.SSLError) and not isinstance(said, ssl.SSLEOFError):
        return _tls_failed(said, trip)
    return Failure(Reason.CLOSED, f"{trip.target} closed the connection before it answered")


@_explain.register
def _(error: ProtocolError, trip: Trip) -> Failure:
    return Failure(Reason.PROTOCOL, f"the answer of {trip.target} {error}")


def _why(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
