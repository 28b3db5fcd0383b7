"""Limits of an HTTP server, applied before the application sees a request.

For uvicorn and httptools, which have no limits of their own for this. It stands alone: the program
and the receiving kit both use it.
"""

from reseller_ingress.connections import Ingress, network_of
from reseller_ingress.fair_queue import FairQueue, QueueTimeout
from reseller_ingress.limits import Limits
from reseller_ingress.refusals import RefusalReason
from reseller_ingress.uvicorn_options import bounded

__all__ = [
    "FairQueue",
    "Ingress",
    "Limits",
    "QueueTimeout",
    "RefusalReason",
    "bounded",
    "network_of",
]
