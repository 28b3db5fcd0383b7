"""The library for receivers: verify a notification, drop outdated ones, apply the rest.

from reseller_mirror import Verifier

notification = Verifier(secret="whsec_...").verify(headers, body)
"""

from reseller_mirror.notification import Notification, Rejected
from reseller_mirror.verify import Verifier

__all__ = ["Notification", "Rejected", "Verifier"]
# Mirror, Source and Receiver want SQLAlchemy or a server, so they are imported by their modules.
