"""Describes network errors as messages for the log: one function per kind of error."""

import errno
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch

from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages import Message, MessageCode, plain
from reseller_webhooks.core.messages.attempts import (
    CANNOT_CONNECT,
    CERTIFICATE_CHAIN_INCOMPLETE,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_FOR_OTHER_ADDRESS,
    CERTIFICATE_FOR_OTHER_NAME,
    CERTIFICATE_INVALID,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_REVOKED,
    CERTIFICATE_SELF_SIGNED,
    CERTIFICATE_UNTRUSTED,
    CLOSED_BEFORE_ANSWER,
    CLOSED_DURING_TLS,
    CONNECTION_NOT_OPENED,
    CONNECTION_REFUSED,
    NAME_NOT_FOUND,
    NAME_SERVER_FAILED,
    NAME_UNKNOWN,
    NAME_WITHOUT_ADDRESS,
    NETWORK_UNREACHABLE,
    NO_ANSWER_IN_TIME,
    NO_CONNECTION_IN_TIME,
    NO_ROUTE,
    NO_TLS,
    TLS_FAILED,
    UNKNOWN_REASON,
    URL_NOT_ALLOWED,
)
from reseller_webhooks.engine.sending.http1.errors import (
    ConnectFailed,
    ConnectionLost,
    ProtocolError,
    ResponseTimeout,
    TlsClosed,
)
from reseller_webhooks.engine.sending.http1.ssrf_guard import ForbiddenAddress

NO_DATA = getattr(socket, "EAI_NODATA", socket.EAI_NONAME)
"""The name exists without an address; not every system distinguishes this."""
CERTIFICATE_FAULTS: Mapping[int, MessageCode] = {
    9: CERTIFICATE_NOT_YET_VALID,
    10: CERTIFICATE_EXPIRED,
    18: CERTIFICATE_SELF_SIGNED,
    19: CERTIFICATE_UNTRUSTED,
    20: CERTIFICATE_CHAIN_INCOMPLETE,
    21: CERTIFICATE_CHAIN_INCOMPLETE,
    23: CERTIFICATE_REVOKED,
    62: CERTIFICATE_FOR_OTHER_NAME,
    64: CERTIFICATE_FOR_OTHER_ADDRESS,
}
"""OpenSSL's X509_V_ERR numbers, x509_vfy.h."""
ERRNOS: Mapping[int, MessageCode] = {
    errno.ECONNREFUSED: CONNECTION_REFUSED,
    errno.ENETUNREACH: NETWORK_UNREACHABLE,
    errno.EHOSTUNREACH: NO_ROUTE,
}
"""The system's errors that have a code; others are quoted."""
LOOK_UP_ERRORS: Mapping[int, MessageCode] = {
    socket.EAI_NONAME: NAME_UNKNOWN,
    NO_DATA: NAME_WITHOUT_ADDRESS,
    socket.EAI_AGAIN: NAME_SERVER_FAILED,
}
"""The resolver's errors that have a code."""
OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
"""This machine has run out of something; the receiver is not to blame."""

NO_SUCH_NAME = {socket.EAI_NONAME, NO_DATA}
"""Errors that a name server has answered with."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure to get a response. message: says more, and holds no secret.

    unreachable: no byte came back, so the cause may be our own network.
    """

    reason: Reason
    message: Message
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The failed request, as messages describe it. host: the receiver's. timeout_s: its limit."""

    host: str
    timeout_s: float


def failure_of(error: Exception, request: RequestContext) -> Failure | None:
    """The failure that an exception means; None for an exception that the network does not
    cause."""
    for cause in _causes(error):
        if isinstance(cause, ForbiddenAddress):
            return Failure(Reason.FORBIDDEN_ADDRESS, cause.message)
    return _explain(error, request)


@singledispatch
def _explain(error: Exception, request: RequestContext) -> Failure | None:  # noqa: ARG001
    return None


@_explain.register
def _(error: Invalid, request: RequestContext) -> Failure:  # noqa: ARG001
    return Failure(Reason.FORBIDDEN_URL, URL_NOT_ALLOWED(why=error.message))


@_explain.register
def _(error: TimeoutError, request: RequestContext) -> Failure:  # noqa: ARG001
    message = NO_CONNECTION_IN_TIME(host=request.host, seconds=request.timeout_s)
    return Failure(Reason.TIMEOUT, message, unreachable=True)


@_explain.register
def _(error: ResponseTimeout, request: RequestContext) -> Failure:  # noqa: ARG001
    message = NO_ANSWER_IN_TIME(host=request.host, seconds=request.timeout_s)
    return Failure(Reason.TIMEOUT, message, unreachable=True)  # a kept connection does not tell


@_explain.register
def _(error: socket.gaierror, request: RequestContext) -> Failure:
    known = LOOK_UP_ERRORS.get(error.errno or 0)
    why = known() if known else plain((error.strerror or str(error)).lower())
    message = NAME_NOT_FOUND(host=request.host, why=why)
    return Failure(Reason.DNS, message, unreachable=error.errno not in NO_SUCH_NAME)


@_explain.register
def _(error: ConnectFailed, request: RequestContext) -> Failure:
    fault = error.__cause__
    why = _why(fault) if isinstance(fault, OSError) else UNKNOWN_REASON()
    if isinstance(fault, OSError) and fault.errno in OURS:
        return Failure(Reason.CONNECT, CONNECTION_NOT_OPENED(why=why), unreachable=True)
    refused = isinstance(fault, ConnectionRefusedError)
    message = CANNOT_CONNECT(host=request.host, why=why)
    return Failure(Reason.CONNECT, message, unreachable=not refused)


@_explain.register
def _(error: ssl.SSLCertVerificationError, request: RequestContext) -> Failure:
    known = CERTIFICATE_FAULTS.get(error.verify_code)
    if known:
        return Failure(Reason.TLS, known(host=request.host))
    message = CERTIFICATE_INVALID(host=request.host, why=error.verify_message)
    return Failure(Reason.TLS, message)


@_explain.register
def _tls_failed(error: ssl.SSLError, request: RequestContext) -> Failure:
    if error.reason == "WRONG_VERSION_NUMBER":
        return Failure(Reason.TLS, NO_TLS(host=request.host))
    why = (error.reason or str(error)).replace("_", " ").lower()
    return Failure(Reason.TLS, TLS_FAILED(host=request.host, why=why))


@_explain.register
def _(error: TlsClosed, request: RequestContext) -> Failure:  # noqa: ARG001
    return Failure(Reason.CLOSED, CLOSED_DURING_TLS(host=request.host))


@_explain.register
def _(error: ConnectionLost, request: RequestContext) -> Failure:
    said = error.__cause__
    if isinstance(said, ssl.SSLError) and not isinstance(said, ssl.SSLEOFError):
        return _tls_failed(said, request)
    return Failure(Reason.CLOSED, CLOSED_BEFORE_ANSWER(host=request.host))


@_explain.register
def _(error: ProtocolError, request: RequestContext) -> Failure:
    return Failure(Reason.PROTOCOL, error.code(host=request.host, **error.params))


def _why(error: OSError) -> Message:
    if known := ERRNOS.get(error.errno or 0):
        return known()
    return plain((os.strerror(error.errno) if error.errno else str(error)).lower())


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
