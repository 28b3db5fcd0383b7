"""What went wrong on the network, in words for the log. One function per kind of failure."""

import errno
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from reseller_webhooks.core.attempts import Reason
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.engine.guard import Forbidden

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


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer. detail: one line in plain words, no secret in it."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Trip:
    """What the request was up to. target: the host. connected: whether it got that far."""

    target: str
    timeout_s: float
    connected: bool


def failure_of(error: Exception, trip: Trip) -> Failure | None:
    """What the exception means, or None when it is not one that the network makes."""
    for cause in _causes(error):
        if isinstance(cause, Forbidden):
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
    what = "no answer from" if trip.connected else "no connection to"
    return Failure(Reason.TIMEOUT, f"{what} {trip.target} within {trip.timeout_s:g} s")


@_explain.register
def _(error: aiohttp.ClientConnectorDNSError, trip: Trip) -> Failure:
    why = (error.os_error.strerror or str(error.os_error)).lower()
    return Failure(Reason.DNS, f"no address found for {trip.target}: {why}")


@_explain.register
def _(error: aiohttp.ClientConnectorCertificateError, trip: Trip) -> Failure:
    fault = error.certificate_error
    code = getattr(fault, "verify_code", 0)
    text = CERTIFICATE_FAULTS.get(code) or f"is not valid: {getattr(fault, 'verify_message', '')}"
    remedy = "; RESELLER_WEBHOOKS_CA_FILE can add an authority" if code in UNTRUSTED else ""
    return Failure(Reason.TLS, f"the certificate of {trip.target} {text}{remedy}")


@_explain.register
def _(error: aiohttp.ClientConnectorSSLError, trip: Trip) -> Failure:
    return _handshake_failed(error.os_error, trip)


@_explain.register
def _(error: aiohttp.ClientConnectorError, trip: Trip) -> Failure:
    fault = error.os_error
    if fault.errno in OURS:
        return Failure(Reason.CONNECT, f"our own machine cannot open a connection: {_why(fault)}")
    if isinstance(fault, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return Failure(Reason.CLOSED, f"{trip.target} closed the connection while TLS began")
    return Failure(Reason.CONNECT, f"cannot connect to {trip.target}: {_why(fault)}")


@_explain.register
def _(error: aiohttp.ClientConnectionError, trip: Trip) -> Failure:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return _handshake_failed(cause, trip)
    return Failure(Reason.CLOSED, f"{trip.target} closed the connection before it answered")


@_explain.register
def _(error: aiohttp.ClientResponseError, trip: Trip) -> Failure:
    if any(isinstance(cause, LineTooLong) for cause in _causes(error)):
        return Failure(Reason.PROTOCOL, f"the answer of {trip.target} has a header over 8 KiB")
    # The parser's own words; what follows its first line is the receiver's bytes.
    what = error.message.partition("\n")[0].rstrip(":").lower() or "nothing that can be read"
    return Failure(Reason.PROTOCOL, f"the answer of {trip.target} is not HTTP/1.1: {what}")


def _handshake_failed(error: OSError, trip: Trip) -> Failure:
    if isinstance(error, ssl.SSLEOFError):
        return Failure(Reason.CLOSED, f"{trip.target} closed the connection while TLS began")
    name = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
    if name == "wrong version number":
        return Failure(Reason.TLS, f"{trip.target} does not speak TLS on this port")
    return Failure(Reason.TLS, f"TLS with {trip.target} failed: {name}")


def _why(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
